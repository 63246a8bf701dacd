//! Formats: which one is written, by `_format` and `Accept`.

use crate::http::Answer;
use crate::world::World;
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        a_format_is_written_under_all_its_names,
        the_best_liked_format_is_written,
        what_is_not_written_is_not_acceptable,
        the_parameter_counts_before_the_header,
        pretty_is_the_same_resource_on_several_lines,
        pretty_is_true_or_false_and_stands_once,
        errors_are_told_in_the_format_that_was_asked_for,
    ]
}

const PATHS: &[&str] = &["/Patient/1", "/Patient?_count=1", "/metadata"];

/// A path with one more parameter.
fn with(path: &str, parameter: &str) -> String {
    let separator = if path.contains('?') { '&' } else { '?' };
    format!("{path}{separator}{parameter}")
}

const FHIR_JSON: &str = "application/fhir+json; charset=utf-8";
const FHIR_XML: &str = "application/fhir+xml; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";

#[track_caller]
fn assert_type(answer: &Answer, status: u16, content_type: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some(content_type));
}

fn a_format_is_written_under_all_its_names(world: &World) {
    let json = [
        "json",
        "application/json",
        "application/fhir+json",
        "text/json",
    ];
    let xml = ["xml", "application/xml", "application/fhir+xml", "text/xml"];
    let html = ["html", "text/html"];
    let formats = [(FHIR_JSON, &json[..]), (FHIR_XML, &xml), (HTML, &html)];
    for path in PATHS {
        for (content_type, names) in formats {
            for name in names {
                for spelled in [
                    (*name).to_owned(),
                    crate::world::encoded(name),
                    name.to_uppercase(),
                ] {
                    let path = with(path, &format!("_format={spelled}"));
                    let answer = world.doctor().get(&path);
                    assert_type(&answer, 200, content_type);
                }
                if name.contains('/') {
                    let answer = world.doctor().get_with(path, &[("accept", name)]);
                    assert_type(&answer, 200, content_type);
                }
            }
        }
    }
}

fn the_best_liked_format_is_written(world: &World) {
    for (accept, content_type) in [
        ("*/*", FHIR_JSON),
        ("application/*", FHIR_JSON),
        ("application/fhir+json; fhirVersion=4.0", FHIR_JSON),
        ("application/fhir+json;charset=utf-8", FHIR_JSON),
        (
            "application/fhir+xml;q=0.9, application/fhir+json",
            FHIR_JSON,
        ),
        (
            "application/fhir+xml, application/fhir+json;q=0.5",
            FHIR_XML,
        ),
        (
            "application/fhir+json;fhirVersion=3.0, application/fhir+xml;q=0.1",
            FHIR_XML,
        ),
        (
            "application/fhir+json;q=0, application/json;q=0, application/*",
            FHIR_XML,
        ),
        ("text/turtle, application/xml;q=0.2", FHIR_XML),
        (
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            HTML,
        ),
    ] {
        for path in PATHS {
            let answer = world.doctor().get_with(path, &[("accept", accept)]);
            assert_type(&answer, 200, content_type);
        }
    }
    let several = [
        ("accept", "text/turtle"),
        ("accept", "application/fhir+xml"),
    ];
    assert_type(
        &world.doctor().get_with("/Patient/1", &several),
        200,
        FHIR_XML,
    );
}

fn what_is_not_written_is_not_acceptable(world: &World) {
    for path in PATHS {
        for header in [
            "text/turtle",
            "application/json;q=0",
            "application/fhir+json; fhirVersion=5.0",
            "image/png, text/plain",
        ] {
            let answer = world.doctor().get_with(path, &[("accept", header)]);
            answer.refused(406, "not-supported");
        }
        for parameter in ["ttl", "nonsense", "", "application/fhir%2Bturtle", "*/*"] {
            let path = with(path, &format!("_format={parameter}"));
            world.doctor().get(&path).refused(406, "not-supported");
        }
    }
}

fn the_parameter_counts_before_the_header(world: &World) {
    for path in PATHS {
        for (wanted, accepted, content_type) in [
            ("json", "application/fhir+xml", FHIR_JSON),
            ("xml", "application/fhir+json", FHIR_XML),
            ("html", "text/turtle", HTML),
        ] {
            let path = with(path, &format!("_format={wanted}"));
            let answer = world.doctor().get_with(&path, &[("accept", accepted)]);
            assert_type(&answer, 200, content_type);
        }
    }
}

fn pretty_is_true_or_false_and_stands_once(world: &World) {
    for path in PATHS {
        for parameter in ["_pretty=1", "_pretty=", "_pretty=yes"] {
            let reason = world
                .doctor()
                .get(&with(path, parameter))
                .refused(400, "value");
            assert!(reason.contains("_pretty"), "{reason}");
        }
        for parameter in ["_pretty=true&_pretty=true", "_format=json&_format=json"] {
            world
                .doctor()
                .get(&with(path, parameter))
                .refused(400, "invalid");
        }
        assert_eq!(world.doctor().get(&with(path, "_pretty=false")).status, 200);
    }
}

fn errors_are_told_in_the_format_that_was_asked_for(world: &World) {
    let doctor = world.doctor();
    for (client, path, status) in [
        (&doctor, "/Patient/999999", 404),
        (&doctor, "/Patient?_count=x", 400),
        (&doctor, "/Patient/1?a=%zz", 400),
        (&doctor, "/Patient/1;drop", 400),
        (&doctor, "/nothing", 404),
        (world.anonymous(), "/Patient/1", 401),
    ] {
        for (accept, content_type) in [
            ("application/fhir+json", FHIR_JSON),
            ("application/fhir+xml", FHIR_XML),
        ] {
            let answer = client.get_with(path, &[("accept", accept)]);
            assert_type(&answer, status, content_type);
            assert!(
                answer.text().contains("OperationOutcome"),
                "{}",
                answer.text()
            );
        }
    }
    assert_type(&doctor.get("/Patient/999999?_format=html"), 404, HTML);
    assert_type(&doctor.get("/nothing?_format=xml"), 404, FHIR_XML);
}

fn pretty_is_the_same_resource_on_several_lines(world: &World) {
    for path in ["/Patient/1", "/Patient/999999", "/metadata"] {
        let plain = world.doctor().get(path);
        let pretty = world.doctor().get(&with(path, "_pretty=true"));
        assert_eq!(plain.json(), pretty.json(), "{path}");
        assert_eq!(plain.text().lines().count(), 1, "{path}");
        assert!(pretty.text().lines().count() > 5, "{path}");
    }
}
