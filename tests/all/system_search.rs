//! Search over several resource types at once.

use std::collections::BTreeSet;

use serde_json::Value;
use ureq::http::Method;

use crate::users::assert_refused;
use crate::world::{World, ids, link};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        a_search_at_the_base_finds_what_the_types_find,
        without_parameters_of_a_search_the_base_describes_the_server,
        it_can_be_sent_by_post,
        it_needs_credentials,
        the_pages_hold_everything_once,
        a_cursor_is_good_for_its_user_and_search_only,
        links_lead_to_the_same_from_outside,
        the_total_is_the_sum_of_the_types,
        each_user_finds_what_they_may_see,
        unknown_types_and_repeated_parameters_are_refused,
        a_parameter_that_no_type_has_is_told_or_refused,
        several_types_have_no_order,
        head_has_no_body_and_other_methods_are_refused,
    ]
}

/// As the doctor, on one page.
fn search(world: &World, query: &str) -> Value {
    world.doctor().get(&format!("/?_count=1000&{query}")).ok()
}

fn patients(bundle: &Value) -> BTreeSet<i64> {
    let mut patients = bundle.clone();
    if let Some(entries) = patients["entry"].as_array_mut() {
        entries.retain(|entry| entry["resource"]["resourceType"] == "Patient");
    }
    ids(&patients).into_iter().collect()
}

fn a_search_at_the_base_finds_what_the_types_find(world: &World) {
    let found = search(world, "_type=Patient");
    let entries = found["entry"].as_array().unwrap();
    assert_eq!(entries.len(), world.patients().len());
    for entry in entries {
        let id = entry["resource"]["id"].as_str().unwrap();
        assert_eq!(entry["resource"], world.patients()[&id.parse().unwrap()]);
        assert_eq!(entry["search"]["mode"], "match");
        let url = format!("{}/Patient/{id}", world.app().url());
        assert_eq!(entry["fullUrl"], url);
    }
    assert_eq!(
        patients(&search(world, "_type=Patient&family=Betz")),
        [1, 2, 3, 4].into()
    );
    assert_eq!(
        patients(&search(world, "_type=Patient,Patient&_id=7")),
        [7].into()
    );
    assert_eq!(patients(&search(world, "_id=7")), [7].into(), "all types");
}

fn without_parameters_of_a_search_the_base_describes_the_server(world: &World) {
    for path in ["/", "/?_format=json", "/?_pretty=true"] {
        let answer = world.anonymous().get(path).ok();
        assert_eq!(answer["resourceType"], "CapabilityStatement", "{path}");
        let interactions = answer["rest"][0]["interaction"].as_array().unwrap();
        let codes: Vec<_> = interactions
            .iter()
            .map(|interaction| interaction["code"].as_str().unwrap())
            .collect();
        assert_eq!(codes, ["batch", "search-system"]);
    }
}

fn it_can_be_sent_by_post(world: &World) {
    let doctor = world.doctor();
    let got = doctor.get("/?_type=Patient&family=Betz&_count=2").ok();
    for (path, form) in [
        ("/_search", "_type=Patient&family=Betz&_count=2"),
        ("/_search?_type=Patient&family=Betz", "_count=2"),
        ("/_search/?_type=Patient&family=Betz&_count=2", ""),
    ] {
        assert_eq!(doctor.post(path, form, &[]).ok(), got, "{path}");
    }
    let all = doctor.post("/_search", "", &[]).ok();
    assert!(
        link(&all, "self")
            .unwrap()
            .contains("/?_type=AllergyIntolerance,Condition,DiagnosticReport,")
    );
    doctor
        .post("/_search?_count=1", "_count=1", &[])
        .refused(400, "invalid");
    doctor
        .post("/_search", "{}", &[("content-type", "application/json")])
        .refused(415, "not-supported");
    doctor
        .post("/_search", &"a".repeat((64 << 10) + 1), &[])
        .refused(413, "too-long");
}

fn it_needs_credentials(world: &World) {
    let anonymous = world.anonymous();
    for path in ["/?_type=Patient", "/?_id=1", "/?anything"] {
        assert_refused(&anonymous.get(path));
    }
    assert_refused(&anonymous.post("/_search", "_type=Patient", &[]));
    let wrong = anonymous.with_credentials("nobody-at-all", "wrong");
    assert_refused(&wrong.get("/?_type=Patient"));
}

fn the_pages_hold_everything_once(world: &World) {
    let doctor = world.doctor();
    for types in ["_type=Patient&", ""] {
        let mut bundle = doctor
            .get(&format!("/?{types}_count=7&gender=male,female"))
            .ok();
        let (mut found, mut pages) = (Vec::new(), 1);
        loop {
            let resources: Vec<_> = bundle["entry"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|entry| entry["search"]["mode"] == "match")
                .map(|entry| entry["fullUrl"].as_str().unwrap().to_owned())
                .collect();
            found.extend(resources);
            let Some(next) = link(&bundle, "next") else {
                break;
            };
            // A client may change the size of its pages on the way.
            let next = if pages == 2 {
                next.replace("_count=7", "_count=9")
            } else {
                next
            };
            bundle = doctor.get(&next).ok();
            assert!(link(&bundle, "first").is_some());
            pages += 1;
        }
        let once: BTreeSet<_> = found.iter().collect();
        assert_eq!(once.len(), found.len(), "twice");
        let expected = world.found(&[("gender", "male,female")]);
        let patients = found.iter().filter(|url| url.contains("/Patient/")).count();
        assert_eq!(patients, expected.len(), "{pages} pages");
        assert!(pages > 5, "{pages}");
    }
}

fn a_cursor_is_good_for_its_user_and_search_only(world: &World) {
    let bundle = world.doctor().get("/?_type=Patient&_count=2").ok();
    let next = link(&bundle, "next").unwrap();
    assert_eq!(ids(&world.doctor().get(&next).ok()), [3, 4]);
    world.as_user("nurse").get(&next).refused(400, "value");
    for other in [
        next.replace("_type=Patient", "_type=Patient&gender=male"),
        next.replace("_cursor=", "_cursor=A"),
        next[..next.len() - 2].to_owned(),
        next.replace("/?", "/Patient?"),
    ] {
        let answer = world
            .doctor()
            .get_with(&other, &[("prefer", "handling=lenient")]);
        answer.refused(400, "value");
    }
    // nor is the cursor of a type one of several
    let patient = link(&world.doctor().get("/Patient?_count=2").ok(), "next").unwrap();
    let cursor = patient.split("_cursor=").nth(1).unwrap();
    let path = format!("/?_type=Patient&_count=2&_cursor={cursor}");
    world.doctor().get(&path).refused(400, "value");
}

fn links_lead_to_the_same_from_outside(world: &World) {
    let doctor = world.doctor();
    for query in [
        "_type=Patient&family=O%27Brien%20%26%20S%C3%B6hne",
        "_type=Patient&_count=3&name:exact=100%25_real",
        "_type=Patient&_count=3&_total=accurate",
    ] {
        let bundle = doctor.get(&format!("/?{query}")).ok();
        let own = link(&bundle, "self").unwrap();
        assert!(
            own.starts_with(&format!("{}/?", world.app().url())),
            "{own}"
        );
        assert_eq!(doctor.get(&own).ok(), bundle, "{own}");
    }
}

fn the_total_is_the_sum_of_the_types(world: &World) {
    let expected = world.sql().patients("q.gender = 'f'", &[]).len();
    for query in ["_total=accurate", "_count=0", "_summary=count"] {
        let bundle = world
            .doctor()
            .get(&format!("/?_type=Patient&gender=female&{query}"))
            .ok();
        assert_eq!(bundle["total"], expected, "{query}");
        let is_count = query != "_total=accurate";
        assert_eq!(bundle.get("entry").is_none(), is_count, "{bundle}");
        assert_eq!(link(&bundle, "next").is_none(), is_count, "{query}");
    }
    assert!(search(world, "_type=Patient").get("total").is_none());
}

fn each_user_finds_what_they_may_see(world: &World) {
    let own = world.as_user("ownpatients");
    let alone = own.get("/Patient?_count=1000").ok();
    let together = own.get("/?_type=Patient&_count=1000&_total=accurate").ok();
    assert_eq!(ids(&together), ids(&alone));
    assert_eq!(together["total"], ids(&alone).len());
    assert!(ids(&alone).len() < world.patients().len());
}

fn unknown_types_and_repeated_parameters_are_refused(world: &World) {
    let doctor = world.doctor();
    for types in ["Nonsense", "Patient,Nonsense", "patient", "", "Patient,"] {
        let reason = doctor
            .get(&format!("/?_type={types}"))
            .refused(400, "value");
        assert!(reason.contains("Patient"), "{reason}");
    }
    for query in [
        "_type=Patient&_type=Patient",
        "_type=Patient&_count=1&_count=2",
        "_type=Patient&_total=none&_total=none",
    ] {
        doctor.get(&format!("/?{query}")).refused(400, "invalid");
    }
    doctor
        .get("/?_type:not=Patient")
        .refused(400, "not-supported");
    doctor
        .get("/?_type=Patient&_count=-1")
        .refused(400, "value");
    doctor
        .get("/?_type=Patient&birthdate=x")
        .refused(400, "value");
}

fn a_parameter_that_no_type_has_is_told_or_refused(world: &World) {
    let path = "/?_type=Patient&shoe-size=44&family=Betz";
    let bundle = world.doctor().get(path).ok();
    assert_eq!(ids(&bundle), [1, 2, 3, 4]);
    let outcomes: Vec<_> = bundle["entry"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["search"]["mode"] == "outcome")
        .collect();
    assert_eq!(outcomes.len(), 1, "{bundle}");
    assert!(outcomes[0].to_string().contains("shoe-size"));
    let own = link(&bundle, "self").unwrap();
    assert!(
        own.contains("family=Betz") && !own.contains("shoe-size"),
        "{own}"
    );
    let reason = world
        .doctor()
        .get_with(path, &[("prefer", "handling=strict")])
        .refused(400, "not-supported");
    assert!(reason.contains("shoe-size"), "{reason}");
}

fn several_types_have_no_order(world: &World) {
    let metadata = world.anonymous().get("/metadata").ok();
    let types = metadata["rest"][0]["resource"].as_array().unwrap().len();
    let sorted = world.doctor().get("/?_sort=_id&_count=1");
    if types > 1 {
        let reason = sorted.refused(400, "value");
        assert!(reason.contains("_sort"), "{reason}");
    } else {
        // one type may sort, or say that it does not
        sorted.ok();
    }
}

fn head_has_no_body_and_other_methods_are_refused(world: &World) {
    let doctor = world.doctor();
    let head = doctor.send(&Method::HEAD, "/?_type=Patient", &[]);
    assert_eq!((head.status, head.body.len()), (200, 0));
    for (method, path, allowed) in [
        (Method::GET, "/_search?_type=Patient", "POST"),
        (Method::PUT, "/?_type=Patient", "GET, HEAD, POST"),
        (Method::DELETE, "/", "GET, HEAD, POST"),
    ] {
        let answer = doctor.send(&method, path, &[]);
        assert_eq!(answer.header("allow"), Some(allowed), "{path}");
        answer.refused(405, "not-supported");
    }
}
