//! `_sort`: several keys in both directions, what has no value last, and pages forwards and backwards in one order,
//! whatever happens meanwhile.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::http::Client;
use crate::world::{NEW, Newcomers, World, ids, link};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        the_order_is_that_of_the_keys,
        what_has_no_value_comes_last_in_both_directions,
        pages_forwards_and_backwards_give_each_once_in_one_order,
        observations_of_several_tables_are_in_one_order,
        a_cursor_of_another_order_user_or_type_is_refused,
        a_cursor_does_not_show_values,
        what_cannot_be_sorted_is_refused_with_what_can,
    ]
}

pub fn tests_that_change_data() -> Vec<Test> {
    tests![rows_that_come_change_or_go_meanwhile_disturb_no_others]
}

/// The value of a key of a patient, as text that is in order.
fn value(patient: &Value, key: &str) -> Option<String> {
    match key {
        "birthdate" => {
            // An estimated date is a year, which starts in January.
            let shown = patient["birthDate"].as_str()?;
            Some(format!("{shown:-<4}{}", &"0000-01-01"[shown.len()..]))
        }
        "gender" => patient["gender"].as_str().map(str::to_owned),
        "_id" => Some(format!("{:>9}", patient["id"].as_str()?)),
        "general-practitioner" => {
            let reference = patient["generalPractitioner"][0]["reference"].as_str()?;
            Some(format!("{:>9}", reference.split_once('/')?.1))
        }
        other => panic!("{other}"),
    }
}

/// All patients in an order, as it is computed here.
fn ordered(world: &World, sort: &str) -> Vec<i64> {
    let mut patients: Vec<(&i64, &Value)> = world.patients().iter().collect();
    patients.sort_by(|(a_id, a), (b_id, b)| {
        let by_keys = sort.split(',').map(|key| {
            let (name, descending) = match key.strip_prefix('-') {
                Some(name) => (name, true),
                None => (key, false),
            };
            match (value(a, name), value(b, name)) {
                (Some(a), Some(b)) if descending => b.cmp(&a),
                (Some(a), Some(b)) => a.cmp(&b),
                (a, b) => b.is_some().cmp(&a.is_some()),
            }
        });
        let by_keys = by_keys.fold(Ordering::Equal, Ordering::then);
        by_keys.then(a_id.cmp(b_id))
    });
    patients.into_iter().map(|(id, _)| *id).collect()
}

const ORDERS: &[&str] = &[
    "birthdate",
    "-birthdate",
    "gender",
    "-gender",
    "_id",
    "-_id",
    "gender,birthdate",
    "gender,-birthdate",
    "-gender,birthdate,-_id",
    "general-practitioner,-birthdate",
    "-general-practitioner,gender,-_id",
];

fn the_order_is_that_of_the_keys(world: &World) {
    for sort in ORDERS {
        let bundle = world
            .doctor()
            .get(&format!("/Patient?_count=1000&_sort={sort}"))
            .ok();
        assert_eq!(ids(&bundle), ordered(world, sort), "{sort}");
    }
    // By number, not by text: 1, 2, 10.
    let bundle = world.doctor().get("/Patient?_count=12&_sort=_id").ok();
    assert!(ids(&bundle).is_sorted() && ids(&bundle).contains(&10));
}

fn what_has_no_value_comes_last_in_both_directions(world: &World) {
    for name in [
        "birthdate",
        "general-practitioner",
        "family",
        "death-date",
        "email",
    ] {
        let missing = world.found(&[(&format!("{name}:missing"), "true")]);
        assert!(!missing.is_empty(), "{name}");
        for sort in [name.to_owned(), format!("-{name}")] {
            let path = format!("/Patient?_count=1000&_sort={sort}");
            let found = ids(&world.doctor().get(&path).ok());
            let last: BTreeSet<i64> = found[found.len() - missing.len()..]
                .iter()
                .copied()
                .collect();
            assert_eq!(last, missing, "{sort}");
        }
    }
}

/// All pages in a direction from a page on.
fn pages<T>(
    client: &Client,
    path: &str,
    relation: &str,
    of: fn(&Value) -> Vec<T>,
    mut between: impl FnMut(),
) -> (Vec<Vec<T>>, Value) {
    let (mut pages, mut last) = (Vec::new(), Value::Null);
    let mut next = Some(path.to_owned());
    while let Some(url) = next {
        last = client.get(&url).ok();
        pages.push(of(&last));
        assert!(pages.len() <= 1000, "the pages do not end");
        next = link(&last, relation);
        between();
    }
    (pages, last)
}

fn pages_forwards_and_backwards_give_each_once_in_one_order(world: &World) {
    let doctor = world.doctor();
    for sort in ORDERS.iter().chain(&[
        "family,-given",
        "-name",
        "address-city,_lastUpdated",
        "-_lastUpdated",
    ]) {
        let whole = ids(&doctor
            .get(&format!("/Patient?_count=1000&_sort={sort}"))
            .ok());
        assert_eq!(whole.len(), world.patients().len());
        for count in [1, 7, 30] {
            let path = format!("/Patient?_count={count}&_sort={sort}");
            let (forwards, last) = pages(&doctor, &path, "next", ids, || ());
            assert_eq!(forwards.concat(), whole, "{path}");
            let Some(back) = link(&last, "previous") else {
                panic!("the last page of {path} has none before it")
            };
            let (mut backwards, first) = pages(&doctor, &back, "previous", ids, || ());
            backwards.reverse();
            let end = ids(&last).len();
            assert_eq!(backwards.concat(), whole[..whole.len() - end], "{path}");
            // From the first page that was come back to: forwards again, and to the first.
            let again = link(&first, "next").unwrap();
            let again = ids(&doctor.get(&again).ok());
            assert_eq!(again[0], whole[ids(&first).len()], "{path}");
            let start = ids(&doctor.get(&link(&last, "first").unwrap()).ok());
            assert_eq!(start, forwards[0], "{path}");
        }
    }
}

fn logical_ids(bundle: &Value) -> Vec<String> {
    let entries = bundle["entry"].as_array().into_iter().flatten();
    let matches = entries.filter(|entry| entry["search"]["mode"] == "match");
    matches
        .map(|entry| entry["resource"]["id"].as_str().unwrap().to_owned())
        .collect()
}

fn observations_of_several_tables_are_in_one_order(world: &World) {
    let doctor = world.doctor();
    let all = world.all("Observation");
    for sort in [
        "date",
        "-date",
        "status,-date",
        "-value-quantity",
        "code,date",
    ] {
        let path = format!("/Observation?_count=250&_sort={sort}");
        let (found, last) = pages(&doctor, &path, "next", logical_ids, || ());
        assert!(found.len() > 3);
        let found = found.concat();
        assert_eq!(found.len(), all.len(), "{sort}");
        assert_eq!(
            found.iter().collect::<BTreeSet<_>>(),
            all.keys().collect(),
            "{sort}"
        );
        let back = link(&last, "previous").unwrap();
        let (mut backwards, _) = pages(&doctor, &back, "previous", logical_ids, || ());
        backwards.reverse();
        let end = logical_ids(&last).len();
        assert_eq!(backwards.concat(), found[..found.len() - end], "{sort}");
    }
    let newest = doctor.get("/Observation?_count=1000&_sort=-date").ok();
    let dates: Vec<String> = newest["entry"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|entry| {
            entry["resource"]["effectiveDateTime"]
                .as_str()
                .map(str::to_owned)
        })
        .collect();
    assert!(dates.len() > 100);
    assert!(dates.is_sorted_by(|a, b| a >= b), "the newest first");
}

fn cursor(bundle: &Value) -> String {
    let next = link(bundle, "next").unwrap();
    let cursor = next.split_once("_cursor=").unwrap().1;
    cursor.split('&').next().unwrap().to_owned()
}

fn a_cursor_of_another_order_user_or_type_is_refused(world: &World) {
    let doctor = world.doctor();
    let path = "/Patient?_count=5&_sort=family";
    let cursor = cursor(&doctor.get(path).ok());
    assert_eq!(doctor.get(&format!("{path}&_cursor={cursor}")).status, 200);
    for other in [
        "/Patient?_count=5",
        "/Patient?_count=5&_sort=-family",
        "/Patient?_count=5&_sort=family,_id",
        "/Patient?_count=5&_sort=given",
        "/Patient?_count=5&_sort=family&gender=male",
        "/Practitioner?_count=5&_sort=family",
        "/Condition?_count=5",
    ] {
        let joint = format!("{other}&_cursor={cursor}");
        let reason = doctor.get(&joint).refused(400, "value");
        assert!(reason.contains("_cursor"), "{reason}");
    }
    let joint = format!("{path}&_cursor={cursor}");
    world.as_user("nurse").get(&joint).refused(400, "value");
}

fn a_cursor_does_not_show_values(world: &World) {
    let mut looked_at = 0;
    for (sort, value) in [
        (
            "family",
            &(|patient: &Value| patient["name"][0]["family"].clone()) as &dyn Fn(&Value) -> Value,
        ),
        ("birthdate", &|patient: &Value| patient["birthDate"].clone()),
        ("-identifier", &|patient: &Value| {
            patient["identifier"][0]["value"].clone()
        }),
    ] {
        let mut next = Some(format!("/Patient?_count=3&_sort={sort}"));
        while let Some(url) = next {
            let bundle = world.doctor().get(&url).ok();
            for relation in ["next", "previous"] {
                let Some(url) = link(&bundle, relation) else {
                    continue;
                };
                let cursor = url.split_once("_cursor=").unwrap().1;
                let cursor = cursor.split('&').next().unwrap();
                let bytes = URL_SAFE_NO_PAD.decode(cursor).unwrap();
                let contains = |text: &str| {
                    bytes
                        .windows(text.len())
                        .any(|part| part.eq_ignore_ascii_case(text.as_bytes()))
                };
                for entry in bundle["entry"].as_array().unwrap() {
                    if let Some(value) = value(&entry["resource"])
                        .as_str()
                        .filter(|text| text.len() > 3)
                    {
                        assert!(!contains(value), "{sort}: {value}");
                        looked_at += 1;
                    }
                }
            }
            next = link(&bundle, "next");
        }
    }
    assert!(looked_at > 100, "{looked_at}");
}

fn what_cannot_be_sorted_is_refused_with_what_can(world: &World) {
    for handling in ["handling=strict", "handling=lenient"] {
        for (path, there_is) in [
            ("/Patient?_sort=shoe-size", "birthdate"),
            ("/Patient?_sort=", "birthdate"),
            ("/Patient?_sort=birthdate,", "birthdate"),
            ("/Patient?_sort=--birthdate", "birthdate"),
            ("/Patient?_sort=birthdate:desc", "birthdate"),
            ("/Patient?_sort=general-practitioner.name", "birthdate"),
            ("/Observation?_sort=code-value-quantity", "value-quantity"),
        ] {
            let answer = world.doctor().get_with(path, &[("prefer", handling)]);
            let reason = answer.refused(400, "not-supported");
            assert!(reason.contains(there_is), "{path}: {reason}");
        }
    }
}

fn rows_that_come_change_or_go_meanwhile_disturb_no_others(world: &World) {
    let there = world.sql().patients("true", &[]).len();
    for sort in [
        "family,-birthdate",
        "-family",
        "-birthdate,family",
        "-_lastUpdated",
    ] {
        let newcomers = Newcomers(world);
        for id in NEW..NEW + 40 {
            newcomers.come(id);
        }
        let path = format!("/Patient?_count=6&_sort={sort}");
        let whole = ids(&world
            .doctor()
            .get(&format!("/Patient?_count=1000&_sort={sort}"))
            .ok());
        let mut step = 0;
        let mut disturb = || {
            if step < 15 {
                // One comes, one goes, and one is called otherwise; all rows are written anew, and so moved within the table.
                newcomers.come(NEW + 100 + step);
                let (gone, other) = (NEW + step, NEW + 20 + step);
                world.sql().run(&format!(
                    "DELETE FROM gnuhealth_patient WHERE id = {gone}; \
                     UPDATE party_party SET lastname = 'Åå{step}', dob = '1990-01-01' WHERE id = {other}; \
                     UPDATE gnuhealth_patient SET active = active; UPDATE party_party SET name = name WHERE id < {NEW}"
                ));
                step += 1;
            }
        };
        let (forwards, last) = pages(&world.doctor(), &path, "next", ids, &mut disturb);
        let back = link(&last, "previous").unwrap();
        let (mut backwards, _) = pages(&world.doctor(), &back, "previous", ids, &mut disturb);
        backwards.reverse();
        backwards.push(ids(&last));
        assert_eq!(step, 15, "enough happened");
        // Who stayed as they were: all patients of before, and newcomers whom nobody touched.
        let stayed = |id: &i64| *id < NEW || (NEW + 35..NEW + 40).contains(id);
        let expected: Vec<i64> = whole.iter().copied().filter(stayed).collect();
        assert_eq!(expected.len(), there + 5);
        for (way, pages) in [("forwards", forwards), ("backwards", backwards)] {
            let found: Vec<i64> = pages.concat().into_iter().filter(stayed).collect();
            assert_eq!(found, expected, "{way}, {sort}");
        }
    }
}
