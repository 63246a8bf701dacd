//! Search in the compartment of a resource.

use std::collections::BTreeMap;

use gnuhealth_fhir::resource;
use ureq::http::Method;

use crate::users::assert_refused;
use crate::world::{World, encoded};
use crate::{Test, crawl, tests};

pub fn tests() -> Vec<Test> {
    tests![
        a_compartment_is_the_search_by_its_parameter,
        types_that_are_in_no_compartment_are_told,
        the_search_over_all_types_is_told_not_to_be_served,
        other_methods_are_refused_with_the_right_one,
        credentials_are_needed,
        the_capability_statement_lists_the_compartments,
    ]
}

/// Each type with the compartments that it is in, and the parameters that lead there.
fn declared() -> BTreeMap<(&'static str, &'static str), Vec<&'static str>> {
    let mut declared = BTreeMap::<_, Vec<&str>>::new();
    for searched in resource::ALL {
        for (name, parameter) in searched.compartments {
            if resource::ALL.iter().any(|served| served.name == *name) {
                let parameters = declared.entry((searched.name, *name)).or_default();
                parameters.push(parameter);
            }
        }
    }
    declared
}

fn a_compartment_is_the_search_by_its_parameter(world: &World) {
    let doctor = world.doctor();
    let mut several = 0;
    let served = crawl::declared(&crawl::statement(world));
    let is_served = |name: &str| served.iter().any(|served| served["type"] == name);
    for ((searched, compartment), parameters) in declared() {
        if !is_served(searched) {
            // What is missing is missing in compartments, too.
            let path = format!("/{compartment}/1/{searched}");
            doctor.get(&path).refused(404, "not-supported");
            continue;
        }
        let owners = doctor.get(&format!("/{compartment}?_count=20")).ok();
        for entry in owners["entry"].as_array().unwrap() {
            let id = entry["resource"]["id"].as_str().unwrap();
            let path = format!("/{compartment}/{id}/{searched}");
            let reference = format!("{compartment}/{id}");
            let search = match parameters.as_slice() {
                [only] => format!("{only}={reference}"),
                several => {
                    let each = several.iter();
                    let each = each.map(|parameter| format!("{parameter} eq {reference}"));
                    let any = each.collect::<Vec<_>>().join(" or ");
                    format!("_filter={}", encoded(&any))
                }
            };
            several += usize::from(parameters.len() > 1);
            let alone = doctor.get(&format!("/{searched}?_count=5&{search}"));
            assert_eq!(doctor.get(&format!("{path}?_count=5")).ok(), alone.ok());
            let posted = doctor.post(&format!("{path}/_search"), "_count=5", &[]);
            assert_eq!(posted.ok(), alone.ok());
        }
    }
    assert!(several > 0, "some are led to by more than one parameter");
    // Whatever is declared, what is not is refused; so this test also fails if nothing is routed.
    let reason = doctor
        .get("/Patient/1/Nonsense")
        .refused(404, "not-supported");
    assert!(reason.contains("compartment Patient"), "{reason}");
}

fn types_that_are_in_no_compartment_are_told(world: &World) {
    let doctor = world.doctor();
    for path in [
        "/Patient/1/Nonsense",
        "/Patient/1/observation",
        "/Patient/1/Organization",
        "/Patient/1/Nonsense?code=x",
    ] {
        let reason = doctor.get(path).refused(404, "not-supported");
        assert!(reason.contains("compartment Patient"), "{path}: {reason}");
    }
    doctor
        .post("/Patient/1/Nonsense/_search", "", &[])
        .refused(404, "not-supported");
    doctor
        .get("/Patient/1;drop/Observation")
        .refused(400, "value");
}

fn the_search_over_all_types_is_told_not_to_be_served(world: &World) {
    let reason = world
        .doctor()
        .get("/Patient/1/*")
        .refused(404, "not-supported");
    assert!(reason.contains("all types"), "{reason}");
}

fn other_methods_are_refused_with_the_right_one(world: &World) {
    let doctor = world.doctor();
    for (method, path, allowed) in [
        (Method::POST, "/Patient/1/Observation", "GET, HEAD"),
        (Method::DELETE, "/Patient/1/Observation", "GET, HEAD"),
        (Method::GET, "/Patient/1/Observation/_search", "POST"),
    ] {
        let answer = doctor.send(&method, path, &[]);
        assert_eq!(answer.header("allow"), Some(allowed), "{path}");
        answer.refused(405, "not-supported");
    }
}

fn credentials_are_needed(world: &World) {
    assert_refused(&world.anonymous().get("/Patient/1/Observation"));
    assert_refused(
        &world
            .anonymous()
            .post("/Patient/1/Observation/_search", "", &[]),
    );
}

fn the_capability_statement_lists_the_compartments(world: &World) {
    let statement = world.anonymous().get("/metadata").ok();
    let listed: Vec<&str> = statement["rest"][0]["compartment"]
        .as_array()
        .map(|listed| listed.iter().map(|url| url.as_str().unwrap()).collect())
        .unwrap_or_default();
    let mut expected: Vec<String> = declared()
        .keys()
        .map(|(_, name)| {
            let id = name.to_ascii_lowercase();
            format!("http://hl7.org/fhir/CompartmentDefinition/{id}")
        })
        .collect();
    expected.sort();
    expected.dedup();
    assert_eq!(listed, expected);
}
