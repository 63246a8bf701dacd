//! Formats: JSON is written; who wants another is told so.

use crate::world::World;
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        json_is_answered_under_all_its_names,
        who_accepts_no_json_is_refused,
        the_parameter_counts_before_the_header,
        pretty_is_the_same_resource_on_several_lines,
    ]
}

const PATHS: &[&str] = &["/Patient/1", "/Patient?_count=1", "/metadata"];

/// A path with one more parameter.
fn with(path: &str, parameter: &str) -> String {
    let separator = if path.contains('?') { '&' } else { '?' };
    format!("{path}{separator}{parameter}")
}

fn json_is_answered_under_all_its_names(world: &World) {
    let headers = [
        "application/fhir+json",
        "application/json",
        "*/*",
        "application/*",
        "application/fhir+json; fhirVersion=4.0",
        "application/fhir+json;charset=utf-8",
        "APPLICATION/FHIR+JSON",
        "application/fhir+xml, application/fhir+json;q=0.5",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    ];
    let parameters = [
        "json",
        "application/json",
        "application/fhir%2Bjson",
        "application/fhir+json",
    ];
    for path in PATHS {
        for header in headers {
            let answer = world.doctor().get_with(path, &[("accept", header)]);
            assert_eq!(answer.status, 200, "{path} {header}");
        }
        for parameter in parameters {
            let answer = world
                .doctor()
                .get(&with(path, &format!("_format={parameter}")));
            assert_eq!(answer.status, 200, "{path} {parameter}");
        }
    }
}

fn who_accepts_no_json_is_refused(world: &World) {
    for path in PATHS {
        for header in [
            "application/fhir+xml",
            "text/html",
            "application/xml, text/turtle",
            "application/json;q=0",
        ] {
            let answer = world.doctor().get_with(path, &[("accept", header)]);
            answer.refused(406, "not-supported");
        }
        for parameter in [
            "xml",
            "text/xml",
            "application/fhir%2Bxml",
            "ttl",
            "html",
            "nonsense",
        ] {
            let answer = world
                .doctor()
                .get(&with(path, &format!("_format={parameter}")));
            answer.refused(406, "not-supported");
        }
    }
}

fn the_parameter_counts_before_the_header(world: &World) {
    for path in PATHS {
        let wanted = with(path, "_format=json");
        let answer = world
            .doctor()
            .get_with(&wanted, &[("accept", "application/fhir+xml")]);
        assert_eq!(answer.status, 200, "{path}");
        let unwanted = with(path, "_format=xml");
        let answer = world
            .doctor()
            .get_with(&unwanted, &[("accept", "application/fhir+json")]);
        answer.refused(406, "not-supported");
    }
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
