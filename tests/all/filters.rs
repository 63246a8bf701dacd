//! `_filter`: the operators of each type, what binds closer, texts in quotation marks, chains, and errors that say where.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::chains::{found, refers, those};
use crate::world::{World, encoded};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        strings_are_compared_whole_or_in_part,
        tokens_are_compared,
        references_are_compared,
        ordered_values_are_compared_as_by_prefixes,
        presence_is_that_of_missing,
        and_binds_closer_than_or,
        texts_have_escapes,
        references_are_followed_and_filtered_on_the_way,
        several_filters_and_parameters_hold_together,
        an_error_says_what_was_expected_and_where,
        an_unknown_parameter_is_refused_or_told,
        limits_are_told,
    ]
}

fn filtered(world: &World, r#type: &str, filter: &str) -> BTreeSet<String> {
    found(
        &world.doctor(),
        &format!("/{type}?_filter={}", encoded(filter)),
    )
}

fn searched(world: &World, search: &str) -> BTreeSet<String> {
    found(&world.doctor(), &format!("/{search}"))
}

/// What is asked of a resource as it is served.
type Holds<'a> = &'a dyn Fn(&Value) -> bool;

/// Whether a family name of a patient, in small letters, is such a one.
fn family(holds: impl Fn(&str) -> bool) -> impl Fn(&Value) -> bool {
    move |patient| {
        let names = patient["name"].as_array().into_iter().flatten();
        let families = names.filter_map(|name| name["family"].as_str());
        families.map(str::to_lowercase).any(|family| holds(&family))
    }
}

fn strings_are_compared_whole_or_in_part(world: &World) {
    let patients = |holds: Holds<'_>| those(world, "Patient", holds);
    let everybody = patients(&|_| true);
    let betz = patients(&family(|name| name == "betz"));
    assert!(!betz.is_empty());
    assert_eq!(filtered(world, "Patient", "family eq Betz"), betz);
    assert_eq!(filtered(world, "Patient", "family eq \"betz\""), betz);
    assert_eq!(
        filtered(world, "Patient", "family ne Betz"),
        &everybody - &betz
    );
    assert_eq!(
        filtered(world, "Patient", "family eq Bet"),
        patients(&family(|name| name == "bet"))
    );
    let cases: [(&str, Holds<'_>); 3] = [
        ("family co etz", &family(|name| name.contains("etz"))),
        ("family sw bet", &family(|name| name.starts_with("bet"))),
        ("family ew tz", &family(|name| name.ends_with("tz"))),
    ];
    for (filter, holds) in cases {
        let expected = patients(holds);
        assert!(expected.len() >= betz.len() && expected.len() < everybody.len());
        assert_eq!(filtered(world, "Patient", filter), expected, "{filter}");
    }
}

fn tokens_are_compared(world: &World) {
    let women = those(world, "Patient", |patient| patient["gender"] == "female");
    let others = those(world, "Patient", |patient| patient["gender"] != "female");
    assert_eq!(filtered(world, "Patient", "gender eq female"), women);
    assert_eq!(filtered(world, "Patient", "gender ne female"), others);
    let system = "http://hl7.org/fhir/administrative-gender|female";
    assert_eq!(
        filtered(world, "Patient", &format!("gender eq {system}")),
        women
    );
    let code = |condition: &Value| {
        condition["code"]["coding"][0]["code"]
            .as_str()
            .map(str::to_owned)
    };
    let below = those(world, "Condition", |condition| {
        code(condition).is_some_and(|code| code.starts_with("E11"))
    });
    assert!(!below.is_empty());
    assert_eq!(filtered(world, "Condition", "code ss E11"), below);
    assert_eq!(searched(world, "Condition?code:below=E11"), below);
    let above = those(world, "Condition", |condition| {
        code(condition).is_some_and(|code| code.len() >= 3 && "E11.9".starts_with(&code))
    });
    assert_eq!(filtered(world, "Condition", "code sb E11.9"), above);
}

fn references_are_compared(world: &World) {
    let first = ["1".to_owned()].into();
    let own = those(world, "Patient", |patient| {
        refers(&patient["generalPractitioner"], &first)
    });
    let others = those(world, "Patient", |patient| {
        !refers(&patient["generalPractitioner"], &first)
    });
    assert!(!own.is_empty() && !others.is_empty());
    for filter in ["eq 1", "eq Practitioner/1", "re Practitioner/1"] {
        let filter = format!("general-practitioner {filter}");
        assert_eq!(filtered(world, "Patient", &filter), own, "{filter}");
    }
    assert_eq!(
        filtered(world, "Patient", "general-practitioner ne Practitioner/1"),
        others
    );
    assert_eq!(
        filtered(world, "Patient", "general-practitioner eq Patient/1"),
        BTreeSet::new()
    );
}

fn ordered_values_are_compared_as_by_prefixes(world: &World) {
    let mut different = BTreeSet::new();
    for operator in ["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"] {
        for (r#type, parameter, value) in [
            ("Patient", "birthdate", "1985-10-04"),
            ("Patient", "birthdate", "1985"),
            ("Observation", "date", "2026-06"),
            ("Observation", "value-quantity", "5.4"),
            (
                "Observation",
                "value-quantity",
                "37|http://unitsofmeasure.org|Cel",
            ),
            ("Condition", "onset-age", "40"),
        ] {
            let by_filter = filtered(world, r#type, &format!("{parameter} {operator} {value}"));
            let value = encoded(value);
            let by_prefix = searched(world, &format!("{type}?{parameter}={operator}{value}"));
            assert_eq!(by_filter, by_prefix, "{parameter} {operator} {value}");
            different.insert(by_filter);
        }
    }
    assert!(different.len() > 20, "{}", different.len());
    // What overlaps neither starts after nor ends before.
    let overlaps = filtered(world, "Patient", "birthdate po 1985");
    let apart = "not (birthdate sa 1985 or birthdate eb 1985) and birthdate pr true";
    assert!(overlaps.contains("1"));
    assert_eq!(overlaps, filtered(world, "Patient", apart));
}

fn presence_is_that_of_missing(world: &World) {
    for (r#type, parameter) in [
        ("Patient", "birthdate"),
        ("Patient", "family"),
        ("Patient", "general-practitioner"),
        ("Condition", "severity"),
        ("Observation", "value-quantity"),
    ] {
        for present in [true, false] {
            let by_filter = filtered(world, r#type, &format!("{parameter} pr {present}"));
            let by_missing = searched(world, &format!("{type}?{parameter}:missing={}", !present));
            assert!(!by_filter.is_empty(), "{parameter} {present}");
            assert_eq!(by_filter, by_missing, "{parameter} {present}");
        }
    }
}

fn and_binds_closer_than_or(world: &World) {
    let women = filtered(world, "Patient", "gender eq female");
    let betz = filtered(world, "Patient", "family eq Betz");
    let old = filtered(world, "Patient", "birthdate lt 1970");
    let everybody: BTreeSet<String> = those(world, "Patient", |_| true);
    let (and, or) = (&women & &old, &betz | &women);
    for (filter, expected) in [
        (
            "family eq Betz or gender eq female and birthdate lt 1970",
            &betz | &and,
        ),
        (
            "gender eq female and birthdate lt 1970 or family eq Betz",
            &betz | &and,
        ),
        (
            "(family eq Betz or gender eq female) and birthdate lt 1970",
            &or & &old,
        ),
        (
            "birthdate lt 1970 and (family eq Betz or gender eq female)",
            &or & &old,
        ),
        (
            "not (gender eq female) and birthdate lt 1970",
            &old - &women,
        ),
        (
            "not (gender eq female and birthdate lt 1970)",
            &everybody - &and,
        ),
        (
            "not (gender eq female or birthdate lt 1970)",
            &everybody - &(&women | &old),
        ),
        ("not(not((gender eq female)))", women.clone()),
        (
            "((((gender eq female))))and((birthdate lt 1970))",
            and.clone(),
        ),
        ("\tgender   eq\nfemale ", women.clone()),
    ] {
        assert!(!expected.is_empty(), "{filter}");
        assert_eq!(filtered(world, "Patient", filter), expected, "{filter}");
    }
    assert_ne!(&betz | &and, &or & &old, "the parentheses matter");
}

fn texts_have_escapes(world: &World) {
    let betz = filtered(world, "Patient", "family eq Betz");
    for same in [
        "family eq \"B\\etz\"",
        "family eq \" Betz \"",
        "family eq \"\\Betz\"",
    ] {
        assert_eq!(filtered(world, "Patient", same), betz, "{same}");
    }
    // What would be a part of the grammar is none in quotation marks, nor are the separators of other parameters.
    for nobody in [
        "family eq \"Betz\\\" or gender eq female\"",
        "family eq \"Betz) or (gender eq female\"",
        "family eq \"Betz,Difunta\"",
        "family eq \"Betz\\\\\"",
        "family co \"%\\\\_\"",
        "family eq \"and\"",
    ] {
        assert_eq!(
            filtered(world, "Patient", nobody),
            BTreeSet::new(),
            "{nobody}"
        );
    }
    let apostrophe = those(world, "Patient", family(|name| name.contains('\'')));
    assert!(!apostrophe.is_empty());
    assert_eq!(filtered(world, "Patient", "family co \"'\""), apostrophe);
    let either = "family eq \"Betz\" or family co \"'\"";
    assert_eq!(filtered(world, "Patient", either), &apostrophe | &betz);
}

fn references_are_followed_and_filtered_on_the_way(world: &World) {
    let women = filtered(world, "Patient", "gender eq female");
    let of_women = those(world, "Condition", |one| refers(&one["subject"], &women));
    assert!(!of_women.is_empty());
    for filter in [
        "patient.gender eq female",
        "subject:Patient.gender eq female",
        "patient[gender eq female]._id pr true",
    ] {
        assert_eq!(filtered(world, "Condition", filter), of_women, "{filter}");
    }
    // The same patient must fulfil both: a woman, and a patient of the first practitioner.
    let first = ["1".to_owned()].into();
    let own = those(world, "Patient", |patient| {
        refers(&patient["generalPractitioner"], &first)
    });
    let both = those(world, "Condition", |one| {
        refers(&one["subject"], &(&women & &own))
    });
    assert!(!both.is_empty() && both.len() < of_women.len());
    for filter in [
        "patient[gender eq female].general-practitioner eq Practitioner/1",
        "patient[gender eq female].general-practitioner._id eq 1",
        "patient[gender eq female and general-practitioner eq 1]._id pr true",
        "patient[gender eq female].general-practitioner[_id eq 1].name pr true",
    ] {
        assert_eq!(filtered(world, "Condition", filter), both, "{filter}");
    }
}

fn several_filters_and_parameters_hold_together(world: &World) {
    let women = filtered(world, "Patient", "gender eq female");
    let old = filtered(world, "Patient", "birthdate lt 1970");
    let (first, second) = (encoded("gender eq female"), encoded("birthdate lt 1970"));
    for query in [
        format!("_filter={first}&_filter={second}"),
        format!("_filter={first}&birthdate=lt1970"),
        format!("gender=female&_filter={second}"),
    ] {
        assert_eq!(
            searched(world, &format!("Patient?{query}")),
            &women & &old,
            "{query}"
        );
    }
    // Its pages and the link to itself have it too.
    let bundle = world
        .doctor()
        .get(&format!("/Patient?_count=2&_filter={first}"))
        .ok();
    for relation in ["self", "next"] {
        let url = crate::world::link(&bundle, relation).unwrap();
        assert!(url.contains("_filter=gender%20eq%20female"), "{url}");
        let ids = crate::world::ids(&world.doctor().get(&url).ok());
        assert!(
            ids.iter().all(|id| women.contains(&id.to_string())),
            "{relation}"
        );
    }
}

fn an_error_says_what_was_expected_and_where(world: &World) {
    for handling in ["handling=strict", "handling=lenient"] {
        for (filter, told) in [
            ("", "a search parameter was expected as the 1. part"),
            (
                "gender",
                "an operator such as eq was expected as the 2. part",
            ),
            ("gender eq", "a value was expected as the 3. part"),
            ("gender eq (male)", "a value was expected as the 3. part"),
            (
                "gender eq male female",
                "'and', 'or' or the end was expected as the 4. part",
            ),
            (
                "gender eq male and",
                "a search parameter was expected as the 5. part",
            ),
            ("(gender eq male", "')' was expected as the 5. part"),
            (
                "gender eq male)",
                "'and', 'or' or the end was expected as the 4. part",
            ),
            ("()", "a search parameter was expected as the 2. part"),
            (
                "not gender eq male",
                "'(' after 'not' was expected as the 2. part",
            ),
            (
                "\"gender\" eq male",
                "a search parameter was expected as the 1. part",
            ),
            ("gender eq \"male", "quotation mark is not closed"),
            (
                "gender xx male",
                "the operators for 'gender' are eq, ne, ss, sb, pr",
            ),
            ("gender gt male", "the operators for 'gender' are"),
            (
                "birthdate co 1980",
                "the operators for 'birthdate' are eq, ne, gt",
            ),
            (
                "family gt A",
                "the operators for 'family' are eq, ne, co, sw, ew, pr",
            ),
            (
                "general-practitioner sw 1",
                "the operators for 'general-practitioner' are",
            ),
            ("gender pr maybe", "'pr' takes true or false"),
            ("birthdate eq soon", "birthdate"),
            ("birthdate ge le1980", "birthdate"),
            ("family eq \"\"", "family"),
            ("gender.name eq x", "only a reference can be followed"),
            (
                "general-practitioner[gender eq male",
                "']' was expected as the 6. part",
            ),
            (
                "general-practitioner[gender eq male] name eq x",
                "'.' after ']' was expected as the 7. part",
            ),
        ] {
            let path = format!("/Patient?_filter={}", encoded(filter));
            let answer = world.doctor().get_with(&path, &[("prefer", handling)]);
            let reason = answer.refused(400, "value");
            assert!(reason.contains(told), "{filter}: {reason}");
        }
    }
    let modified = world
        .doctor()
        .get("/Patient?_filter:exact=gender%20eq%20male");
    assert_eq!(modified.status, 400, "{}", modified.text());
}

fn an_unknown_parameter_is_refused_or_told(world: &World) {
    let doctor = world.doctor();
    for filter in [
        "shoe eq 44",
        "gender eq male and shoe eq 44",
        "not (general-practitioner.shoe eq 44)",
    ] {
        let path = format!("/Patient?_count=1000&_filter={}", encoded(filter));
        let strict = doctor.get_with(&path, &[("prefer", "handling=strict")]);
        let reason = strict.refused(400, "not-supported");
        assert!(
            reason.contains("shoe") && reason.contains("birthdate") || filter.contains('.'),
            "{reason}"
        );
        let bundle = doctor.get(&path).ok();
        let entries = bundle["entry"].as_array().unwrap();
        let mut told = entries
            .iter()
            .filter(|entry| entry["search"]["mode"] == "outcome");
        let told = told.next().expect("it is told that the filter was ignored");
        assert!(told.to_string().contains("_filter"), "{told}");
        assert!(
            !crate::world::link(&bundle, "self")
                .unwrap()
                .contains("_filter")
        );
    }
}

fn limits_are_told(world: &World) {
    let doctor = world.doctor();
    let joined = |count: usize| vec!["gender eq male"; count].join(" and ");
    let nested = |depth: usize| format!("{}gender eq male{}", "(".repeat(depth), ")".repeat(depth));
    let men = filtered(world, "Patient", "gender eq male");
    assert_eq!(filtered(world, "Patient", &joined(64)), men);
    assert_eq!(filtered(world, "Patient", &nested(12)), men);
    for (filter, limit) in [
        (joined(65), "64 comparisons"),
        (nested(13), "12 parentheses"),
        (nested(1000), "12 parentheses"),
        (
            format!("{}gender eq male", "not (".repeat(300)),
            "12 parentheses",
        ),
    ] {
        let path = format!("/Patient?_filter={}", encoded(&filter));
        let reason = doctor.get(&path).refused(400, "too-costly");
        assert!(reason.contains(limit), "{reason}");
    }
}
