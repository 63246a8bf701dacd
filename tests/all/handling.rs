//! What a search says of that which it does not do: unknown parameters, modifiers, repetitions, limits, full text; and
//! when it tells a total.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::world::{World, ids, link};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        full_text_is_refused_with_the_reason,
        a_count_beyond_the_most_is_told,
        what_may_stand_once_is_refused_twice,
        limits_are_named_when_hit,
        modifiers_are_those_of_the_type_and_others_are_refused_whatever_the_handling,
        the_total_is_told_where_it_is_free_or_asked_for,
    ]
}

const HANDLINGS: [&str; 2] = ["handling=strict", "handling=lenient"];

fn full_text_is_refused_with_the_reason(world: &World) {
    for r#type in [
        "Patient",
        "Observation",
        "Condition",
        "Organization",
        "Practitioner",
        "PractitionerRole",
    ] {
        for name in ["_text", "_content"] {
            for handling in HANDLINGS {
                let path = format!("/{type}?{name}=fever");
                let answer = world.doctor().get_with(&path, &[("prefer", handling)]);
                let reason = answer.refused(400, "not-supported");
                assert!(
                    reason.contains(name) && reason.contains("full text"),
                    "{reason}"
                );
            }
        }
    }
}

/// The outcomes among the entries of a page.
fn told(bundle: &Value) -> Vec<&Value> {
    let entries = bundle["entry"].as_array().into_iter().flatten();
    let told = entries.filter(|entry| entry["search"]["mode"] == "outcome");
    told.map(|entry| &entry["resource"]["issue"][0]).collect()
}

fn a_count_beyond_the_most_is_told(world: &World) {
    for count in ["1001", "5000", "99999999999999999999"] {
        let bundle = world
            .doctor()
            .get(&format!("/Observation?_count={count}"))
            .ok();
        let [issue] = told(&bundle)[..] else {
            panic!("{:?}", told(&bundle))
        };
        assert_eq!(issue["severity"], "warning");
        assert_eq!(issue["code"], "too-costly");
        assert!(
            issue["diagnostics"].as_str().unwrap().contains("1000"),
            "{issue}"
        );
        assert_eq!(
            bundle["entry"].as_array().unwrap().len(),
            1001,
            "with the outcome"
        );
        assert!(link(&bundle, "self").unwrap().contains("_count=1000"));
    }
    let most = world.doctor().get("/Observation?_count=1000").ok();
    assert!(told(&most).is_empty());
}

fn what_may_stand_once_is_refused_twice(world: &World) {
    for (name, value) in [
        ("_count", "5"),
        ("_total", "none"),
        ("_sort", "_id"),
        ("_cursor", "x"),
        ("_format", "json"),
        ("_pretty", "true"),
        ("_summary", "true"),
        ("_elements", "name"),
    ] {
        for handling in HANDLINGS {
            let path = format!("/Patient?{name}={value}&{name}={value}");
            let answer = world.doctor().get_with(&path, &[("prefer", handling)]);
            let reason = answer.refused(400, "invalid");
            assert!(reason.contains(name), "{name}: {reason}");
        }
    }
    let both =
        "/Patient?gender=male&gender=male&_filter=gender%20eq%20male&_filter=gender%20eq%20male";
    assert_eq!(world.doctor().get(both).status, 200, "others are joined");
}

fn limits_are_named_when_hit(world: &World) {
    let doctor = world.doctor();
    let parameters = |count: usize| vec!["gender=male"; count].join("&");
    let values = |count: usize| format!("_id={}", vec!["1"; count].join(","));
    let keys = |count: usize| format!("_sort={}", vec!["_id"; count].join(","));
    for (query, limit) in [
        (parameters(65), "64 parameters"),
        (values(1001), "1000 values"),
        (keys(6), "5 keys"),
    ] {
        for handling in HANDLINGS {
            let path = format!("/Patient?{query}");
            let answer = doctor.get_with(&path, &[("prefer", handling)]);
            let reason = answer.refused(400, "too-costly");
            assert!(reason.contains(limit), "{reason}");
        }
    }
    for allowed in [parameters(64), values(1000), keys(5)] {
        assert_eq!(doctor.get(&format!("/Patient?{allowed}")).status, 200);
    }
    let long = doctor.get(&format!("/Patient?name={}", "x".repeat(9000)));
    let reason = long.refused(414, "too-long");
    assert!(reason.contains("8192"), "{reason}");
    let form = doctor.post(
        "/Patient/_search",
        &format!("name={}", "x".repeat(9000)),
        &[],
    );
    assert_eq!(form.status, 200, "a form may be longer than a URL");
    let long = doctor.post(
        "/Patient/_search",
        &format!("name={}", "x".repeat(65_536)),
        &[],
    );
    let reason = long.refused(413, "too-long");
    assert!(reason.contains("65536"), "{reason}");
}

/// The modifiers of R4 (search, section "modifiers") that a type of parameter may have.
fn of_r4(kind: &str, modifier: &str) -> bool {
    match modifier {
        "missing" => true,
        "exact" | "contains" => kind == "string",
        "text" | "not" | "in" | "not-in" | "of-type" => kind == "token",
        "above" | "below" => matches!(kind, "token" | "reference" | "uri"),
        "identifier" => kind == "reference",
        name => kind == "reference" && name.starts_with(|first: char| first.is_ascii_uppercase()),
    }
}

const MODIFIERS: &[&str] = &[
    "missing",
    "exact",
    "contains",
    "text",
    "not",
    "in",
    "not-in",
    "of-type",
    "above",
    "below",
    "identifier",
    "Patient",
    "Practitioner",
    "Group",
    "Missing",
    "shoe",
    "",
    "exact:contains",
    "iterate",
];

fn modifiers_are_those_of_the_type_and_others_are_refused_whatever_the_handling(world: &World) {
    let statement = world.anonymous().get("/metadata").ok();
    let doctor = world.doctor().forgetful();
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    for resource in statement["rest"][0]["resource"].as_array().unwrap() {
        let r#type = resource["type"].as_str().unwrap();
        for parameter in resource["searchParam"].as_array().unwrap() {
            let (name, kind) = (
                parameter["name"].as_str().unwrap(),
                parameter["type"].as_str().unwrap(),
            );
            for modifier in MODIFIERS {
                let path = format!("/{type}?{name}:{modifier}=true&_count=0");
                let answers =
                    HANDLINGS.map(|handling| doctor.get_with(&path, &[("prefer", handling)]));
                let [strict, lenient] = &answers;
                assert_eq!(strict.status, lenient.status, "{path}");
                // One that there is may not like the value.
                let refused =
                    strict.status == 400 && strict.json()["issue"][0]["code"] == "not-supported";
                assert!(
                    refused || strict.status == 200 || strict.status == 400,
                    "{path}"
                );
                if !of_r4(kind, modifier) {
                    assert!(refused, "{path}: {}", strict.text());
                }
                if refused {
                    let reason = lenient.refused(400, "not-supported");
                    assert!(reason.contains(&format!("'{name}'")), "{path}: {reason}");
                    assert!(reason.contains("supported: "), "{path}: {reason}");
                    let supported = reason.rsplit_once("supported: ").unwrap().1;
                    let mut supported =
                        supported.split(", ").map(|one| one.trim_start_matches(':'));
                    assert!(!supported.any(|one| one == *modifier), "{path}: {reason}");
                }
                *counted
                    .entry(if refused { "refused" } else { "there" })
                    .or_default() += 1;
            }
        }
    }
    assert!(
        counted["refused"] > 500 && counted["there"] > 80,
        "{counted:?}"
    );
}

fn the_total_is_told_where_it_is_free_or_asked_for(world: &World) {
    let doctor = world.doctor();
    let men = world.found(&[("gender", "male")]).len();
    assert!(men > 7);
    let total = |query: &str| {
        let bundle = doctor.get(&format!("/Patient?gender=male&{query}")).ok();
        (
            bundle["total"].as_u64(),
            ids(&bundle).len(),
            link(&bundle, "next"),
        )
    };
    let all = Some(men as u64);
    // The first page holds all: it is counted already.
    assert_eq!(total("_count=1000"), (all, men, None));
    let (first, _, next) = total("_count=5");
    assert_eq!(first, None, "counting would cost a statement");
    let second = doctor.get(&next.unwrap()).ok();
    assert_eq!(second["total"], Value::Null);
    for wanted in ["accurate", "estimate"] {
        assert_eq!(
            total(&format!("_count=5&_total={wanted}")).0,
            all,
            "{wanted}"
        );
        assert_eq!(
            total(&format!("_count=1000&_total={wanted}")).0,
            all,
            "{wanted}"
        );
    }
    for count in ["5", "1000"] {
        assert_eq!(
            total(&format!("_count={count}&_total=none")).0,
            None,
            "{count}"
        );
    }
    for only in [
        "_count=0",
        "_summary=count",
        "_count=0&_total=none",
        "_total=none&_summary=count",
    ] {
        let (total, shown, next) = total(only);
        assert_eq!((total, shown, next), (all, 0, None), "{only}");
    }
    for bad in ["", "Accurate", "yes", "none,accurate"] {
        doctor
            .get(&format!("/Patient?_total={bad}"))
            .refused(400, "value");
    }
}
