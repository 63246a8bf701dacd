//! Codes are from the value sets that R4 binds their elements to: tests/validator/bindings.mjs.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::process::piped;
use crate::served::resources;
use crate::validation::validator;
use crate::world::{World, folder};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        every_code_is_of_the_value_set_of_its_element,
        codes_of_another_value_set_are_found,
    ]
}

/// What tests/validator/bindings.mjs says.
#[derive(Debug, Deserialize)]
struct Report {
    checked: usize,
    problems: Vec<String>,
    bindings: BTreeMap<String, Binding>,
    unused: Vec<Value>,
}

/// How the values of an element were judged.
#[derive(Debug, Deserialize)]
struct Binding {
    members: usize,
    text: usize,
    outside: usize,
    unknown: usize,
    #[serde(default)]
    why: Vec<String>,
}

fn judged(lines: Vec<String>) -> Report {
    let number = lines.len();
    let mut command = Command::new("node");
    command
        .arg(validator().join("bindings.mjs"))
        .arg(validator().join("outside.json"));
    let report: Report =
        serde_json::from_str(&piped(&mut command, lines.into_iter())).expect("a report");
    assert_eq!(report.checked, number);
    report
}

fn every_code_is_of_the_value_set_of_its_element(world: &World) {
    let report = judged(resources(world).map(Value::to_string).collect());
    let mut table =
        String::from("members, only text, outside, not judged: element and value set\n");
    for (element, binding) in &report.bindings {
        let Binding {
            members,
            text,
            outside,
            unknown,
            why,
        } = binding;
        writeln!(
            table,
            "{members:6} {text:6} {outside:6} {unknown:6}  {element}"
        )
        .unwrap();
        for reason in why {
            writeln!(table, "{:30}not judged: {reason}", "").unwrap();
        }
    }
    let path = folder().join("bindings.txt");
    std::fs::write(&path, &table).unwrap();
    let count = |of: fn(&Binding) -> usize| report.bindings.values().map(of).sum::<usize>();
    println!(
        "bindings: {} elements, {} codes are members, {} concepts have only text, {} are outside of an extensible set with a \
         reason, {} cannot be judged; see {}",
        report.bindings.len(),
        count(|binding| binding.members),
        count(|binding| binding.text),
        count(|binding| binding.outside),
        count(|binding| binding.unknown),
        path.display(),
    );
    let first: Vec<_> = report.problems.iter().take(20).cloned().collect();
    assert!(
        report.problems.is_empty(),
        "{} problems, first:\n{}",
        report.problems.len(),
        first.join("\n")
    );
    assert_eq!(report.unused, Vec::<Value>::new(), "reasons for nothing");
    assert!(count(|binding| binding.members) > 1000, "{table}");
}

fn codes_of_another_value_set_are_found(_: &World) {
    let coded = |system: &str, code: &str| json!({"coding": [{"system": system, "code": code}]});
    let condition = |element: &str, value: Value| json!({"resourceType": "Condition", "subject": {"reference": "Patient/1"}, element: value});
    let patient = |element: &str, value: Value| json!({"resourceType": "Patient", element: value});
    let age = |code: &str| json!({"value": 1, "system": "http://unitsofmeasure.org", "code": code});
    let clinical = "http://terminology.hl7.org/CodeSystem/condition-clinical";
    let birth_place = "http://hl7.org/fhir/StructureDefinition/patient-birthPlace";
    let right = [
        condition("clinicalStatus", coded(clinical, "active")),
        condition("onsetAge", age("a")),
        patient("gender", json!("female")),
        patient(
            "communication",
            json!([{"language": coded("urn:ietf:bcp:47", "zh-CN")}]),
        ),
        patient(
            "extension",
            json!([{"url": birth_place, "valueAddress": {"city": "Telde"}}]),
        ),
    ];
    let found = judged(right.iter().map(Value::to_string).collect());
    assert_eq!(found.problems, Vec::<String>::new());
    let wrong = [
        // required: of a concept, by its system, by nothing but text, of a primitive, of a quantity, the largest set
        condition("clinicalStatus", coded(clinical, "chronic")),
        condition("clinicalStatus", coded("http://example.org", "active")),
        condition("clinicalStatus", json!({"text": "active"})),
        condition("onsetAge", age("kg")),
        patient("gender", json!("f")),
        patient(
            "communication",
            json!([{"language": coded("urn:ietf:bcp:47", "spanish_x")}]),
        ),
        // extensible, without a reason
        patient(
            "maritalStatus",
            coded(
                "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus",
                "Q",
            ),
        ),
        condition("onsetAge", age("s")),
        // no unit of UCUM
        json!({"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "valueQuantity": age("mmHg")}),
        // extensions: not defined, of another type, in another place, with another code
        patient(
            "extension",
            json!([{"url": "http://example.org/shoe", "valueString": "44"}]),
        ),
        patient(
            "extension",
            json!([{"url": birth_place, "valueString": "Telde"}]),
        ),
        condition(
            "extension",
            json!([{"url": birth_place, "valueAddress": {"city": "Telde"}}]),
        ),
        patient(
            "_gender",
            json!({"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "lost"}]}),
        ),
    ];
    for resource in wrong {
        let found = judged(vec![resource.to_string()]);
        assert!(!found.problems.is_empty(), "{resource}");
    }
}
