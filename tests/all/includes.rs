//! `_include` and `_revinclude`: what comes along with results, once, within rights and limits, page by page.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::crawl::{everything, statement};
use crate::http::Client;
use crate::world::{World, link};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        what_results_refer_to_comes_along_once,
        what_refers_to_results_comes_along,
        a_match_does_not_come_along_too,
        what_comes_along_is_followed_only_if_iterated,
        a_star_follows_every_reference,
        a_third_part_names_the_type_that_is_meant,
        each_page_brings_its_own,
        more_than_can_come_along_is_told,
        unknown_includes_are_refused_with_those_that_there_are,
        parts_of_resources_are_wanted_of_matches_and_includes,
        the_total_alone_brings_nothing_along,
        a_type_that_may_not_be_read_does_not_come_along_and_is_named,
        nothing_comes_along_that_a_rule_hides,
    ]
}

/// A page: what it holds, as `Type/id`, by `search.mode`.
struct Page {
    matches: Vec<String>,
    included: BTreeSet<String>,
    told: Vec<Value>,
    bundle: Value,
}

/// Asks for a page, and looks at what holds for each: nothing is there twice, and every URL leads to what is shown.
fn page(client: &Client, path: &str) -> Page {
    let bundle = client.get(path).ok();
    let (mut matches, mut included, mut told) = (Vec::new(), BTreeSet::new(), Vec::new());
    let mut seen = BTreeSet::new();
    for entry in bundle["entry"].as_array().into_iter().flatten() {
        let resource = &entry["resource"];
        if entry["search"]["mode"] == "outcome" {
            assert_eq!(resource["resourceType"], "OperationOutcome", "{entry}");
            told.push(resource.clone());
            continue;
        }
        let name = name(resource);
        let url = entry["fullUrl"].as_str().unwrap();
        assert!(url.ends_with(&format!("/{name}")), "{url} is not {name}");
        assert!(seen.insert(name.clone()), "{name} is there twice in {path}");
        match entry["search"]["mode"].as_str() {
            Some("match") => matches.push(name),
            Some("include") => drop(included.insert(name)),
            other => panic!("{other:?} in {path}"),
        }
    }
    Page {
        matches,
        included,
        told,
        bundle,
    }
}

fn name(resource: &Value) -> String {
    let text = |key: &str| resource[key].as_str().unwrap().to_owned();
    format!("{}/{}", text("resourceType"), text("id"))
}

/// What resources of a type, as the doctor sees them, refer to by an element.
fn referred(world: &World, r#type: &'static str, element: &str, of: &[String]) -> BTreeSet<String> {
    let all = world.all(r#type);
    let resources = of.iter().map(|name| {
        let id = name.split_once('/').unwrap().1;
        &all[id]
    });
    resources
        .flat_map(|resource| references(&resource[element]))
        .collect()
}

fn references(element: &Value) -> Vec<String> {
    match element {
        Value::Array(items) => items.iter().flat_map(references).collect(),
        other => other["reference"]
            .as_str()
            .map(str::to_owned)
            .into_iter()
            .collect(),
    }
}

/// The resources of a type that refer to one of these.
fn referring(
    world: &World,
    r#type: &'static str,
    element: &str,
    to: &BTreeSet<String>,
) -> BTreeSet<String> {
    let all = world.all(r#type);
    let refers = |resource: &&Value| {
        references(&resource[element])
            .iter()
            .any(|one| to.contains(one))
    };
    all.values().filter(refers).map(name).collect()
}

fn set(names: &[String]) -> BTreeSet<String> {
    names.iter().cloned().collect()
}

fn what_results_refer_to_comes_along_once(world: &World) {
    let doctor = world.doctor();
    let path = "/Patient?_count=1000&_total=accurate&_include=Patient:general-practitioner";
    let found = page(&doctor, path);
    assert_eq!(found.matches.len(), world.patients().len());
    assert_eq!(found.bundle["total"], found.matches.len(), "matches only");
    let doctors = world.sql().rows(
        "SELECT DISTINCT primary_care_doctor AS id FROM gnuhealth_patient WHERE primary_care_doctor IS NOT NULL",
        &[],
    );
    let expected: BTreeSet<String> = doctors
        .iter()
        .map(|row| format!("Practitioner/{}", row["id"]))
        .collect();
    assert!(expected.len() > 1, "{expected:?}");
    assert_eq!(found.included, expected);
    assert!(found.told.is_empty(), "{:?}", found.told);
    for entry in found.bundle["entry"].as_array().unwrap() {
        if entry["search"]["mode"] == "include" {
            let url = entry["fullUrl"].as_str().unwrap();
            assert!(url.starts_with(&world.app().url()), "{url}");
            assert_eq!(doctor.get(url).ok(), entry["resource"], "as it is read");
        }
    }
    // Without `_total` the number of what is on the only page is told: that of the matches, too.
    let free = page(
        &doctor,
        "/Patient?_count=1000&_include=Patient:general-practitioner",
    );
    assert_eq!(free.bundle["total"], world.patients().len());
}

fn what_refers_to_results_comes_along(world: &World) {
    let path = "/Practitioner?_count=1000&_total=accurate&_revinclude=Patient:general-practitioner";
    let found = page(&world.doctor(), path);
    let expected = referring(
        world,
        "Patient",
        "generalPractitioner",
        &set(&found.matches),
    );
    assert!(expected.len() > 10);
    assert_eq!(found.included, expected);
    assert_eq!(found.bundle["total"], found.matches.len());
    // Two at once: what both bring is there once.
    let path = "/Patient?_id=1&_revinclude=Condition:subject&_revinclude=Condition:patient&_revinclude=Observation:subject";
    let found = page(&world.doctor(), path);
    let patient = set(&found.matches);
    let conditions = referring(world, "Condition", "subject", &patient);
    let observations = referring(world, "Observation", "subject", &patient);
    assert!(!conditions.is_empty() && !observations.is_empty());
    assert_eq!(found.included, &conditions | &observations);
}

fn a_match_does_not_come_along_too(world: &World) {
    // There and back again: the patient of a condition of the patient.
    let path =
        "/Patient?_count=1000&_revinclude=Condition:subject&_include:iterate=Condition:subject";
    let found = page(&world.doctor(), path);
    assert_eq!(found.matches.len(), world.patients().len());
    let expected = referring(world, "Condition", "subject", &set(&found.matches));
    assert!(expected.len() > 10);
    assert_eq!(found.included, expected);
    // Other patients of the same doctor come along, the first one is the match.
    let path = "/Patient?_id=1&_include=Patient:general-practitioner&_revinclude:iterate=Patient:general-practitioner";
    let found = page(&world.doctor(), path);
    let practitioner = referred(world, "Patient", "generalPractitioner", &found.matches);
    let mut expected = referring(world, "Patient", "generalPractitioner", &practitioner);
    assert!(expected.remove("Patient/1") && expected.len() > 3);
    assert_eq!(found.included, &expected | &practitioner);
}

fn what_comes_along_is_followed_only_if_iterated(world: &World) {
    let doctor = world.doctor();
    let path = "/Condition?_count=1000&_include=Condition:subject";
    let once = page(&doctor, path);
    let patients = referred(world, "Condition", "subject", &once.matches);
    assert_eq!(once.included, patients);
    for modifier in ["iterate", "recurse"] {
        let path = format!("{path}&_include:{modifier}=Patient:general-practitioner");
        let iterated = page(&doctor, &path);
        let patients: Vec<String> = patients.iter().cloned().collect();
        let practitioners = referred(world, "Patient", "generalPractitioner", &patients);
        assert!(practitioners.len() > 1);
        assert_eq!(
            iterated.included,
            &set(&patients) | &practitioners,
            "{modifier}"
        );
    }
    for modifier in ["", "all", "Iterate", "missing"] {
        let path = format!("/Condition?_include:{modifier}=Condition:subject");
        let reason = doctor.get(&path).refused(400, "not-supported");
        assert!(reason.contains(":iterate"), "{reason}");
    }
}

fn a_star_follows_every_reference(world: &World) {
    let doctor = world.doctor();
    for star in ["*", "Condition:*"] {
        let found = page(&doctor, &format!("/Condition?_count=1000&_include={star}"));
        let subjects = referred(world, "Condition", "subject", &found.matches);
        let asserters = referred(world, "Condition", "asserter", &found.matches);
        assert!(!subjects.is_empty() && !asserters.is_empty());
        assert_eq!(found.included, &subjects | &asserters, "{star}");
    }
    let found = page(&doctor, "/Patient?_id=2&_revinclude=*");
    let patient = set(&found.matches);
    let conditions = referring(world, "Condition", "subject", &patient);
    let refers = |resource: &&Value| resource.to_string().contains(r#""reference":"Patient/2""#);
    let all = everything(&doctor, &statement(world));
    let referring: BTreeSet<String> = all.iter().filter(refers).map(name).collect();
    assert!(referring.is_superset(&conditions) && referring.len() > conditions.len());
    assert_eq!(found.included, referring);
    let found = page(&doctor, "/Patient?_id=2&_revinclude=Condition:*");
    assert_eq!(found.included, conditions);
    // What has no reference has nothing to bring along, by whatever name.
    let found = page(&doctor, "/Practitioner?_include=*");
    assert!(!found.matches.is_empty() && found.included.is_empty());
}

fn a_third_part_names_the_type_that_is_meant(world: &World) {
    let doctor = world.doctor();
    let two = page(&doctor, "/Condition?_count=1000&_include=Condition:subject");
    let three = page(
        &doctor,
        "/Condition?_count=1000&_include=Condition:subject:Patient",
    );
    assert!(!two.included.is_empty());
    assert_eq!(two.included, three.included);
    let two = page(&doctor, "/Patient?_id=1&_revinclude=Condition:subject");
    let three = page(
        &doctor,
        "/Patient?_id=1&_revinclude=Condition:subject:Patient",
    );
    assert!(!two.included.is_empty());
    assert_eq!(two.included, three.included);
    for other in ["Practitioner", "Condition", "Shoe", "patient", ""] {
        let path = format!("/Condition?_include=Condition:subject:{other}");
        doctor.get(&path).refused(400, "value");
    }
}

fn each_page_brings_its_own(world: &World) {
    let doctor = world.doctor();
    let mut next =
        Some("/Condition?_count=7&_total=accurate&_include=Condition:subject".to_owned());
    let (mut pages, mut matches) = (0, Vec::new());
    let total = world.all("Condition").len();
    while let Some(path) = next {
        let found = page(&doctor, &path);
        let expected = referred(world, "Condition", "subject", &found.matches);
        assert_eq!(found.included, expected, "{path}");
        assert!(
            found.matches.len() <= 7,
            "includes do not count for the page"
        );
        assert_eq!(found.bundle["total"], total);
        for relation in ["self", "next", "previous", "first"] {
            if let Some(url) = link(&found.bundle, relation) {
                assert!(url.starts_with(&world.app().url()), "{url}");
                assert!(url.contains("_include=Condition:subject"), "{url}");
            }
        }
        matches.extend(found.matches);
        pages += 1;
        next = link(&found.bundle, "next");
    }
    assert!(pages > 3, "{pages}");
    assert_eq!(matches.len(), total);
    assert_eq!(set(&matches).len(), total);
}

fn more_than_can_come_along_is_told(world: &World) {
    let doctor = world.doctor();
    let all = world.all("Observation").len();
    assert!(all > 1000, "the demo has enough observations: {all}");
    let found = page(
        &doctor,
        "/Patient?_count=1000&_revinclude=Observation:subject",
    );
    assert_eq!(found.matches.len(), world.patients().len());
    assert_eq!(found.included.len(), 1000);
    let [outcome] = found.told.as_slice() else {
        panic!("{:?}", found.told)
    };
    let issue = &outcome["issue"][0];
    assert_eq!(
        (&issue["severity"], &issue["code"]),
        (&"warning".into(), &"too-costly".into())
    );
    let told = issue["diagnostics"].as_str().unwrap();
    assert!(
        told.contains("1000") && told.contains("Observation"),
        "{told}"
    );
    let few = page(&doctor, "/Patient?_id=1&_revinclude=Observation:subject");
    assert!(few.told.is_empty(), "{:?}", few.told);
}

fn unknown_includes_are_refused_with_those_that_there_are(world: &World) {
    for handling in ["handling=strict", "handling=lenient"] {
        for (query, there_is) in [
            (
                "Patient?_include=Patient:shoe",
                "Patient:general-practitioner",
            ),
            ("Patient?_include=Patient", "Patient:general-practitioner"),
            ("Patient?_include=", "Patient:general-practitioner"),
            (
                "Patient?_include=Patient:organization",
                "Patient:general-practitioner",
            ),
            (
                "Patient?_include=Patient:name",
                "Patient:general-practitioner",
            ),
            (
                "Patient?_include=Condition:subject",
                "Patient:general-practitioner",
            ),
            (
                "Patient?_include=Patient:general-practitioner:Practitioner:x",
                "Patient:general-practitioner",
            ),
            (
                "Patient?_revinclude=Patient:general-practitioner",
                "Condition:subject",
            ),
            ("Patient?_revinclude=Shoe:subject", "Observation:subject"),
            (
                "Patient?_include:iterate=Shoe:subject",
                "Patient:general-practitioner",
            ),
        ] {
            let answer = world
                .doctor()
                .get_with(&format!("/{query}"), &[("prefer", handling)]);
            let reason = answer.refused(400, "value");
            assert!(reason.contains(there_is), "{query}: {reason}");
        }
    }
}

fn parts_of_resources_are_wanted_of_matches_and_includes(world: &World) {
    let doctor = world.doctor();
    let include = "_include=Patient:general-practitioner";
    let parts = |bundle: &Value, mode: &str| -> Vec<Value> {
        let entries = bundle["entry"].as_array().unwrap().iter();
        let of_mode = entries.filter(|entry| entry["search"]["mode"] == mode);
        of_mode.map(|entry| entry["resource"].clone()).collect()
    };
    let is_subset = |resource: &Value| resource["meta"]["tag"].to_string().contains("SUBSETTED");
    for summary in ["true", "data"] {
        let found = page(
            &doctor,
            &format!("/Patient?_id=1&{include}&_summary={summary}"),
        );
        for mode in ["match", "include"] {
            let resources = parts(&found.bundle, mode);
            assert_eq!(resources.len(), 1, "{mode}");
            assert!(is_subset(&resources[0]), "{mode} {summary}");
        }
    }
    // A search needs the elements of the results; those of what comes along have other names.
    let found = page(
        &doctor,
        &format!("/Patient?_id=1&{include}&_elements=birthDate"),
    );
    let matched = &parts(&found.bundle, "match")[0];
    assert!(is_subset(matched) && matched["birthDate"].is_string() && matched["name"].is_null());
    let included = &parts(&found.bundle, "include")[0];
    assert_eq!(included, &doctor.get(&format!("/{}", name(included))).ok());
    let whole = page(&doctor, &format!("/Patient?_id=1&{include}"));
    assert!(!is_subset(&parts(&whole.bundle, "include")[0]));
    for include in [include, "_revinclude=Condition:subject"] {
        let path = format!("/Patient?{include}&_summary=text");
        let reason = doctor.get(&path).refused(400, "value");
        assert!(reason.contains("_include"), "{reason}");
    }
}

fn the_total_alone_brings_nothing_along(world: &World) {
    for only in ["_count=0", "_summary=count"] {
        let path = format!("/Patient?{only}&_include=*&_revinclude=*");
        let found = page(&world.doctor(), &path);
        assert_eq!(found.bundle["total"], world.patients().len());
        assert!(found.bundle.get("entry").is_none(), "{}", found.bundle);
    }
}

fn a_type_that_may_not_be_read_does_not_come_along_and_is_named(world: &World) {
    let nogroup = world.as_user("nogroup");
    let reason = nogroup.get("/Condition").refused(403, "forbidden");
    assert!(reason.contains("gnuhealth.patient.disease"), "{reason}");
    let found = page(
        &nogroup,
        "/Patient?_id=1&_revinclude=Condition:subject&_include=Patient:general-practitioner",
    );
    assert_eq!(found.matches, ["Patient/1"]);
    let practitioners = referred(world, "Patient", "generalPractitioner", &found.matches);
    assert!(!practitioners.is_empty());
    assert_eq!(
        found.included, practitioners,
        "what may be read comes along"
    );
    let [outcome] = found.told.as_slice() else {
        panic!("{:?}", found.told)
    };
    let issue = &outcome["issue"][0];
    assert_eq!(issue["severity"], "warning");
    assert_eq!(issue["code"], "forbidden");
    let told = issue["diagnostics"].as_str().unwrap();
    assert!(told.contains("Condition is not included"), "{told}");
    assert!(told.contains("gnuhealth.patient.disease"), "{told}");
}

fn nothing_comes_along_that_a_rule_hides(world: &World) {
    let own = world.as_user("ownpatients");
    let patients: BTreeSet<String> = world
        .sql()
        .patients("p.primary_care_doctor = 1", &[])
        .iter()
        .map(|id| format!("Patient/{id}"))
        .collect();
    let found = page(
        &own,
        "/Practitioner?_count=1000&_revinclude=Patient:general-practitioner",
    );
    assert!(found.matches.len() > 1);
    assert_eq!(found.included, patients);
    let found = page(&own, "/Condition?_count=1000&_include=Condition:subject");
    let of_own = referring(world, "Condition", "subject", &patients);
    assert!(!of_own.is_empty() && of_own.len() < world.all("Condition").len());
    assert_eq!(set(&found.matches), of_own);
    assert!(found.included.is_subset(&patients) && !found.included.is_empty());
    // Back from the doctors of their patients: the other patients of those stay hidden.
    let path = "/Patient?_count=1&_include=Patient:general-practitioner&_revinclude:iterate=Patient:general-practitioner";
    let found = page(&own, path);
    let practitioner = ["Practitioner/1".to_owned()].into();
    let seen = &found.included | &set(&found.matches);
    assert_eq!(seen, &patients | &practitioner);
}
