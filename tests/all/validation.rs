//! Every resource that is emitted is valid against HL7's definitions of R4: see tests/validator/validate.mjs.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::process::{self, piped};
use crate::served::everything;
use crate::world::World;
use crate::{Test, family_histories, npm, tests};

/// The resources that the tests were answered.
static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

pub fn tests() -> Vec<Test> {
    tests![wrong_resources_are_found_by_the_validator]
}

pub fn tests_of_all() -> Vec<Test> {
    tests![
        the_database_has_enough_of_every_type,
        every_resource_that_the_tests_saw_is_valid_r4,
    ]
}

/// Keeps a resource for the validation in the end.
pub fn remember(resource: &Value) {
    SEEN.lock().unwrap().insert(resource.to_string());
}

fn wrong_resources_are_found_by_the_validator(_: &World) {
    let name = |name: Value| json!({"resourceType": "Patient", "name": [name]});
    let patient = |element: &str, value: Value| json!({"resourceType": "Patient", element: value});
    let issue = |severity: &str, code: &str| json!({"resourceType": "OperationOutcome", "issue": [{"severity": severity, "code": code}]});
    let bundle = |patient: Value| json!({"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": patient}]});
    let married = |code: &str, display: &str| {
        let system = "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus";
        patient(
            "maritalStatus",
            json!({"coding": [{"system": system, "code": code, "display": display}]}),
        )
    };
    let heart_rate = |category: &str| {
        json!({"resourceType": "Observation", "status": "final", "subject": {"reference": "Patient/1"},
            "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": category}]}],
            "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]}, "effectiveDateTime": "2026-01-01",
            "valueQuantity": {"value": 70, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"}})
    };
    let right = [
        heart_rate("vital-signs"),
        patient("gender", json!("female")),
        bundle(patient("birthDate", json!("1980"))),
        issue("error", "not-found"),
        married("M", "Married"),
    ];
    assert_eq!(problems(&right), Vec::<String>::new());
    let wrong = [
        // not as the profile of a vital sign wants it
        heart_rate("exam"),
        // codes outside the required binding
        patient("gender", json!("f")),
        name(json!({"use": "alias", "text": "x"})),
        patient("telecom", json!([{"system": "skype", "value": "x"}])),
        patient(
            "telecom",
            json!([{"system": "phone", "value": "x", "use": "emergency"}]),
        ),
        patient("address", json!([{"use": "holiday", "city": "x"}])),
        patient("identifier", json!([{"use": "primary", "value": "x"}])),
        json!({"resourceType": "Bundle", "type": "searchresult"}),
        issue("error", "gone"),
        issue("severe", "login"),
        // codes that their system does not have, or calls otherwise
        married("X", "Separated"),
        married("M", "Maried"),
        // required elements
        patient("link", json!([{"type": "seealso"}])),
        patient("communication", json!([{"preferred": true}])),
        json!({"resourceType": "Bundle"}),
        json!({"resourceType": "OperationOutcome", "issue": []}),
        json!({"resourceType": "CapabilityStatement", "status": "active"}),
        // types and cardinalities
        patient("active", json!("true")),
        name(json!({"family": ["a", "b"]})),
        patient("birthDate", json!("2020-13-45")),
        patient("meta", json!({"lastUpdated": "2020-01-01"})),
        patient("id", json!("1;drop")),
        patient(
            "photo",
            json!([{"contentType": "image/png", "data": "no base64!"}]),
        ),
        patient("shoeSize", json!(44)),
        // empty values
        name(json!({"family": ""})),
        name(json!({})),
        patient("name", json!([])),
        name(json!({"family": null})),
        // invariants
        patient("contact", json!([{"gender": "male"}])),
        json!({"resourceType": "Bundle", "type": "searchset", "entry": [{"fullUrl": "http://h/Patient/1"}]}),
        // a resource within another
        bundle(patient("gender", json!("f"))),
        json!({"resourceType": "Patients"}),
    ];
    let found = problems(&wrong);
    let passed = wrong.iter().enumerate().filter(|(index, _)| {
        let prefix = format!("line {}: ", index + 1);
        !found.iter().any(|problem| problem.starts_with(&prefix))
    });
    let passed: Vec<_> = passed.map(|(_, resource)| resource.to_string()).collect();
    assert_eq!(passed, Vec::<String>::new(), "these were taken for valid");
}

fn the_database_has_enough_of_every_type(world: &World) {
    let mut known = BTreeSet::new();
    for (r#type, least) in [
        ("Patient", 60),
        ("Organization", 9),
        ("Practitioner", 8),
        ("PractitionerRole", 8),
        ("AllergyIntolerance", 10),
        ("Condition", 150),
        ("DiagnosticReport", 90),
        ("Observation", 1500),
        ("Immunization", 40),
        ("Procedure", 25),
        ("Medication", 400),
        ("MedicationRequest", 20),
        ("MedicationStatement", 80),
        ("FamilyMemberHistory", 15),
    ] {
        if r#type == "FamilyMemberHistory" && !family_histories::is_served(world) {
            continue;
        }
        let resources: Vec<Value> = world.all(r#type).values().cloned().collect();
        assert!(resources.len() >= least, "{type}: {}", resources.len());
        known.insert(r#type);
    }
    for served in everything(world) {
        let kind = served.kind.as_str();
        assert!(known.contains(kind), "how many {kind} are there at least?");
    }
}

fn every_resource_that_the_tests_saw_is_valid_r4(_: &World) {
    let seen: Vec<Value> = SEEN
        .lock()
        .unwrap()
        .iter()
        .map(|text| serde_json::from_str(text).unwrap())
        .collect();
    assert!(!seen.is_empty(), "no test was answered a resource");
    assert_valid(&seen);
}

/// Asserts that the validator finds nothing.
pub fn assert_valid(resources: &[Value]) {
    let problems = problems(resources);
    let first = problems.iter().take(20).cloned().collect::<Vec<_>>();
    assert!(
        problems.is_empty(),
        "{} problems, first:\n{}",
        problems.len(),
        first.join("\n")
    );
}

/// What the validator says of some resources.
pub fn problems(resources: &[Value]) -> Vec<String> {
    let mut command = Command::new("node");
    command.arg(validator().join("validate.mjs"));
    let printed = piped(&mut command, resources.iter().map(Value::to_string));
    process::problems(&printed, resources.len())
}

/// The folder of the validator, its packages installed.
pub fn validator() -> PathBuf {
    npm::installed("tests/validator")
}
