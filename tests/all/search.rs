//! What all searches share: parameters together, `:missing`, counts and totals, links, and what is not understood.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::http::{basic, raw, raw_get};
use crate::world::{World, ids, link, search_path};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        a_search_without_parameters_finds_everybody,
        all_parameters_must_hold,
        missing_divides_everybody_into_two,
        the_resources_are_those_of_a_read,
        results_have_their_url_and_mode,
        count_is_the_size_of_a_page,
        count_zero_gives_the_total_only,
        the_total_is_that_of_the_database,
        a_large_count_is_capped,
        the_self_link_is_the_search_as_it_was_understood,
        links_are_absolute_and_follow_the_host_of_the_request,
        an_unknown_parameter_is_ignored_but_told,
        under_strict_handling_an_unknown_parameter_is_refused,
        an_unknown_modifier_is_refused_whatever_the_handling,
        a_modifier_of_a_result_parameter_is_refused,
        a_bad_preference_is_refused,
        head_of_a_search_has_no_body,
    ]
}

fn a_search_without_parameters_finds_everybody(world: &World) {
    let everybody = world.sql().patients("true", &[]);
    assert_eq!(world.found(&[]), everybody);
    assert_eq!(
        world.doctor().get("/Patient/?_count=1000").ok()["entry"]
            .as_array()
            .unwrap()
            .len(),
        everybody.len()
    );
}

fn all_parameters_must_hold(world: &World) {
    let query = [
        ("family", "Betz"),
        ("gender", "female"),
        ("birthdate", "lt2000"),
    ];
    assert_eq!(world.found(&query), [1].into());
    let query = [
        ("family", "Betz,Difunta"),
        ("gender", "female"),
        ("birthdate", "1940-01-15,2015-03-03"),
    ];
    assert_eq!(world.found(&query), [3, 21].into());
    // The same parameter twice is "and"; by a name of its own for each.
    assert_eq!(
        world.found(&[("family", "Betz"), ("family", "Rodríguez")]),
        [1, 3].into()
    );
    assert_eq!(
        world.found(&[("given", "Ana"), ("given", "Anita")]),
        [1].into()
    );
    assert_eq!(
        world.found(&[("gender", "male"), ("gender", "female")]),
        BTreeSet::new()
    );
}

fn missing_divides_everybody_into_two(world: &World) {
    const NAMED: &str = "EXISTS (SELECT FROM gnuhealth_person_name n WHERE n.party = q.id)";
    let family = format!(
        "EXISTS (SELECT FROM gnuhealth_person_name n WHERE n.party = q.id AND n.family <> '') \
         OR NOT {NAMED} AND coalesce(q.lastname, '') <> ''"
    );
    let given = format!(
        "EXISTS (SELECT FROM gnuhealth_person_name n WHERE n.party = q.id AND n.given <> '') \
         OR NOT {NAMED} AND coalesce(q.name, '') <> ''"
    );
    let identifier = "coalesce(q.ref, '') <> '' OR coalesce(q.federation_account, '') <> '' \
         OR EXISTS (SELECT FROM gnuhealth_person_alternative_identification a WHERE a.{party} = q.id) \
         OR EXISTS (SELECT FROM party_identifier i WHERE i.party = q.id)";
    let cases = [
        ("_id", "true".to_owned()),
        ("birthdate", "q.dob IS NOT NULL".to_owned()),
        ("gender", "q.gender IS NOT NULL".to_owned()),
        ("identifier", identifier.to_owned()),
        ("family", family.clone()),
        ("given", given.clone()),
        ("name", format!("{family} OR {given}")),
    ];
    let everybody = world.sql().patients("true", &[]);
    for (parameter, condition) in cases {
        let parameter = format!("{parameter}:missing");
        let present = world.sql().patients(&condition, &[]);
        assert_eq!(
            world.found(&[(&parameter, "false")]),
            present,
            "{parameter}"
        );
        let absent: BTreeSet<i64> = everybody.difference(&present).copied().collect();
        assert_eq!(world.found(&[(&parameter, "true")]), absent, "{parameter}");
        for bad in ["", "yes", "TRUE", "1", "true,false"] {
            world.search(&[(&parameter, bad)]).refused(400, "value");
        }
    }
    assert_eq!(world.found(&[("name:missing", "true")]), [20].into());
    assert_eq!(world.found(&[("identifier:missing", "true")]), [50].into());
}

fn the_resources_are_those_of_a_read(world: &World) {
    let bundle = world.search(&[]).ok();
    let entries = bundle["entry"].as_array().unwrap();
    assert_eq!(entries.len(), world.patients().len());
    for entry in entries {
        let id: i64 = entry["resource"]["id"].as_str().unwrap().parse().unwrap();
        assert_eq!(entry["resource"], world.patients()[&id]);
    }
}

fn results_have_their_url_and_mode(world: &World) {
    let bundle = world.search(&[("_count", "5")]).ok();
    for entry in bundle["entry"].as_array().unwrap() {
        let url = entry["fullUrl"].as_str().unwrap();
        assert_eq!(
            url,
            format!(
                "{}/Patient/{}",
                world.app().url(),
                entry["resource"]["id"].as_str().unwrap()
            )
        );
        assert_eq!(entry["search"]["mode"], "match");
        assert_eq!(world.doctor().get(url).ok(), entry["resource"]);
    }
}

fn count_is_the_size_of_a_page(world: &World) {
    for count in [1, 2, 7, 59, 60, 61] {
        let bundle = world.search(&[("_count", &count.to_string())]).ok();
        let everybody = world.patients().len();
        assert_eq!(ids(&bundle).len(), count.min(everybody));
        assert_eq!(
            link(&bundle, "next").is_some(),
            count < everybody,
            "{count}"
        );
    }
    let usual = world.doctor().get("/Patient").ok();
    assert!(
        (1..world.patients().len()).contains(&ids(&usual).len()),
        "a page is no dump"
    );
}

fn count_zero_gives_the_total_only(world: &World) {
    for query in [
        &[("_count", "0")][..],
        &[("_count", "0"), ("gender", "male")],
    ] {
        let bundle = world.search(query).ok();
        assert!(bundle.get("entry").is_none(), "{bundle}");
        assert!(link(&bundle, "next").is_none(), "{bundle}");
        let found = world.found(&query[1..]).len();
        assert_eq!(bundle["total"], found);
    }
}

fn the_total_is_that_of_the_database(world: &World) {
    for (name, value, condition) in [
        ("gender", "female", "q.gender = 'f'"),
        (
            "birthdate",
            "ge1990",
            "q.dob >= '1990-01-01' AND NOT q.est_dob",
        ),
        ("birthdate:missing", "true", "q.dob IS NULL"),
        ("family", "nobody-has-this", "false"),
    ] {
        let expected = world.sql().patients(condition, &[]).len();
        for count in ["1", "3", "1000"] {
            let bundle = world
                .search(&[(name, value), ("_total", "accurate"), ("_count", count)])
                .ok();
            assert_eq!(bundle["total"], expected, "{name}={value}");
        }
    }
    let none = world.search(&[("_total", "none")]).ok();
    assert_eq!(none["total"], Value::Null);
    world.search(&[("_total", "perhaps")]).refused(400, "value");
}

fn a_large_count_is_capped(world: &World) {
    for count in ["1001", "100000", "99999999999999999999999"] {
        let bundle = world.search(&[("_count", count)]).ok();
        assert_eq!(ids(&bundle).len(), world.patients().len().min(1000));
        let link = link(&bundle, "self").unwrap();
        assert!(link.ends_with("_count=1000"), "{link}");
    }
}

fn the_self_link_is_the_search_as_it_was_understood(world: &World) {
    for query in [
        &[("_count", "3")][..],
        &[("family", "O'Brien & Söhne"), ("_count", "3")],
        &[("name:exact", "100%_real"), ("_count", "3")],
        &[
            ("identifier", "https://x|a\\,b+c"),
            ("gender", "male,female"),
            ("_count", "3"),
        ],
        &[
            ("birthdate", "ge1980"),
            ("birthdate", "lt1990"),
            ("_total", "accurate"),
            ("_count", "3"),
        ],
        &[("given", "محمد"), ("_count", "3")],
    ] {
        let bundle = world.search(query).ok();
        let url = link(&bundle, "self").unwrap();
        let (base, text) = url.split_once('?').unwrap();
        assert_eq!(base, format!("{}/Patient", world.app().url()));
        let decoded = decoded(text);
        let decoded: Vec<_> = decoded
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(decoded, query, "{url}");
        let again = world.doctor().get(&url).ok();
        for element in ["entry", "total"] {
            assert_eq!(
                again[element], bundle[element],
                "the link leads to the same"
            );
        }
    }
}

/// The names and values of a query string, by another decoder than the server's.
fn decoded(query: &str) -> Vec<(String, String)> {
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        let bytes: Vec<u8> = percent_encoding::percent_decode_str(&text).collect();
        String::from_utf8(bytes).unwrap()
    };
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap());
    pairs
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

fn links_are_absolute_and_follow_the_host_of_the_request(world: &World) {
    let authorization = format!(
        "Authorization: {}",
        basic("doctor", world.password("doctor"))
    );
    for (more, base) in [
        ("", "http://fhir.example.org:8443/Patient"),
        (
            "X-Forwarded-Proto: https\r\n",
            "https://fhir.example.org:8443/Patient",
        ),
    ] {
        let request = format!(
            "GET /Patient?_count=1 HTTP/1.1\r\nHost: fhir.example.org:8443\r\n{authorization}\r\n{more}Connection: close\r\n\r\n"
        );
        let (status, text) = raw(world.app().port(), request.as_bytes()).unwrap();
        assert_eq!(status, 200, "{text}");
        let body = text.split_once("\r\n\r\n").unwrap().1;
        let bundle: Value = serde_json::from_str(body).unwrap();
        for relation in ["self", "next"] {
            let url = link(&bundle, relation).unwrap();
            assert!(url.starts_with(&format!("{base}?")), "{url}");
        }
        let full = bundle["entry"][0]["fullUrl"].as_str().unwrap();
        assert!(full.starts_with(&format!("{base}/")), "{full}");
    }
    // What a request without the header Host gets is up to HTTP; that the app survives it is not.
    let _ = raw(
        world.app().port(),
        b"GET /Patient HTTP/1.1\r\nConnection: close\r\n\r\n",
    );
    let answered = raw(world.app().port(), &raw_get(b"/health/live", &[]));
    assert_eq!(answered.map(|(status, _)| status), Some(200));
}

fn an_unknown_parameter_is_ignored_but_told(world: &World) {
    for prefer in [
        "",
        "handling=lenient",
        "return=minimal",
        "respond-async, handling=lenient",
    ] {
        let path = search_path(&[
            ("shoe-size", "44"),
            ("family", "Betz"),
            ("Name", "x"),
            ("_sorted", "name"),
            ("_count", "2"),
        ]);
        let bundle = world.doctor().get_with(&path, &[("prefer", prefer)]).ok();
        assert_eq!(ids(&bundle), [1, 2], "as if it were not there");
        let entries = bundle["entry"].as_array().unwrap();
        let outcomes: Vec<_> = entries
            .iter()
            .filter(|entry| entry["search"]["mode"] == "outcome")
            .collect();
        assert_eq!(outcomes.len(), 1, "{bundle}");
        let outcome = &outcomes[0]["resource"];
        assert_eq!(outcome["resourceType"], "OperationOutcome");
        assert_eq!(outcome["issue"][0]["severity"], "warning");
        for relation in ["self", "next"] {
            let url = link(&bundle, relation).unwrap();
            for name in ["shoe-size", "Name", "_sort"] {
                assert!(outcome.to_string().contains(name), "{outcome}");
                assert!(!url.contains(&format!("{name}=")), "{url}");
            }
            assert!(url.contains("family=Betz"), "{url}");
        }
    }
    let plain = world.search(&[("family", "Betz")]).ok();
    assert!(
        !plain.to_string().contains("OperationOutcome"),
        "nothing was ignored, nothing is told"
    );
}

fn under_strict_handling_an_unknown_parameter_is_refused(world: &World) {
    for prefer in [
        "handling=strict",
        "handling = strict",
        "return=minimal, handling=strict",
        "respond-async; handling=\"strict\"",
    ] {
        for name in [
            "shoe-size",
            "Name",
            "_list",
            "_contained",
            "_has:Observation:patient:shoe-size",
            "general-practitioner.shoe-size",
        ] {
            let path = search_path(&[(name, "1"), ("family", "Betz")]);
            let reason = world
                .doctor()
                .get_with(&path, &[("prefer", prefer)])
                .refused(400, "not-supported");
            let unknown = name.rsplit([':', '.']).next().unwrap();
            assert!(reason.contains(unknown), "{reason}");
        }
    }
    let path = search_path(&[
        ("family", "Betz"),
        ("_count", "5"),
        ("_total", "accurate"),
        ("_format", "json"),
    ]);
    let bundle = world
        .doctor()
        .get_with(&path, &[("prefer", "handling=strict")])
        .ok();
    assert_eq!(ids(&bundle), [1, 2, 3, 4]);
}

fn an_unknown_modifier_is_refused_whatever_the_handling(world: &World) {
    for name in [
        "name:in",
        "name:",
        "name:Exact",
        "name:not",
        "name:exact:contains",
        "gender:exact",
        "gender:contains",
        "gender:text",
        "birthdate:exact",
        "birthdate:not",
        "_id:exact",
        "identifier:in",
        "family:of-type",
    ] {
        for prefer in ["handling=strict", "handling=lenient"] {
            let answer = world
                .doctor()
                .get_with(&format!("/Patient?{name}=1990"), &[("prefer", prefer)]);
            assert_eq!(answer.status, 400, "{name} {prefer}: {}", answer.text());
            answer.refused(400, "not-supported");
        }
    }
}

fn a_modifier_of_a_result_parameter_is_refused(world: &World) {
    for name in [
        "_count:exact",
        "_total:missing",
        "_cursor:not",
        "_format:text",
    ] {
        let answer = world.doctor().get(&format!("/Patient?{name}=1"));
        answer.refused(400, "not-supported");
    }
}

fn a_bad_preference_is_refused(world: &World) {
    for prefer in ["handling=harsh", "handling=", "handling=\"\""] {
        world
            .doctor()
            .get_with("/Patient", &[("prefer", prefer)])
            .refused(400, "invalid");
    }
}

fn head_of_a_search_has_no_body(world: &World) {
    let head = world
        .doctor()
        .send(&ureq::http::Method::HEAD, "/Patient?family=Betz", &[]);
    assert_eq!(head.status, 200);
    assert!(head.body.is_empty());
}
