//! Every resource that is emitted is valid against HL7's definitions of R4: see tests/validator/validate.mjs.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::world::World;
use crate::{Test, npm, tests};

/// The resources that the tests were answered.
static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

pub fn tests() -> Vec<Test> {
    tests![wrong_resources_are_found_by_the_validator]
}

pub fn tests_of_all() -> Vec<Test> {
    tests![
        every_resource_of_the_database_is_valid_r4,
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
    let right = [
        patient("gender", json!("female")),
        bundle(patient("birthDate", json!("1980"))),
        issue("error", "not-found"),
        married("M", "Married"),
    ];
    assert_eq!(problems(&right), Vec::<String>::new());
    let wrong = [
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

fn every_resource_of_the_database_is_valid_r4(world: &World) {
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
    ] {
        let resources: Vec<Value> = world.all(r#type).values().cloned().collect();
        assert!(resources.len() >= least, "{type}: {}", resources.len());
        assert_valid(&resources);
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
    let mut validator = Command::new("node")
        .arg(validator().join("validate.mjs"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the validator needs node on the PATH");
    let mut input = validator.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        // Beside reading, or both sides would wait for each other when their pipes are full.
        scope.spawn(move || {
            for resource in resources {
                writeln!(input, "{resource}").unwrap();
            }
        });
        validator.wait_with_output().unwrap()
    });
    assert!(output.status.success(), "{}", output.status);
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let checked: usize = lines
        .pop()
        .and_then(|last| last.strip_prefix("checked ")?.parse().ok())
        .expect("the validator says how many it checked");
    assert!(checked >= resources.len(), "{checked}");
    lines
}

/// The folder of the validator, its packages installed.
pub fn validator() -> PathBuf {
    npm::installed("tests/validator")
}
