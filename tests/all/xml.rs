//! FHIR XML: whatever is answered as JSON is the same as XML, as another's converter reads it. See tests/xml.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Map, Value, json};

use crate::http::Client;
use crate::world::World;
use crate::{Test, npm, tests};

pub fn tests() -> Vec<Test> {
    tests![
        the_converter_tells_one_resource_from_another,
        every_patient_is_the_same_in_xml,
        bundles_outcomes_and_the_capability_statement_are_the_same_in_xml,
        ugly_values_are_the_same_in_xml,
        pretty_xml_is_the_same_on_several_lines,
    ]
}

const XML: (&str, &str) = ("accept", "application/fhir+xml");

/// Both forms of what is under a path. By header: links repeat the parameters.
fn both(client: &Client, path: &str) -> (Value, String) {
    let json = client.get(path);
    let xml = client.get_with(path, &[XML]);
    assert_eq!(xml.status, json.status, "{path}");
    let expected = "application/fhir+xml; charset=utf-8";
    assert_eq!(xml.header("content-type"), Some(expected), "{path}");
    (json.json(), xml.text().to_owned())
}

/// Fails unless each XML document holds what its JSON does.
fn assert_same(pairs: &[(Value, String)]) {
    let documents: Vec<&str> = pairs.iter().map(|(_, xml)| xml.as_str()).collect();
    let read = read(&documents);
    assert_eq!(read.len(), pairs.len());
    for ((json, xml), read) in pairs.iter().zip(read) {
        assert!(comparable(&read) == comparable(json), "{json}\n{xml}");
    }
}

/// What the converter makes of XML documents.
fn read(documents: &[&str]) -> Vec<Value> {
    converted(
        &documents
            .iter()
            .map(|document| json!(document))
            .collect::<Vec<_>>(),
        &[],
    )
}

/// The XML documents that the converter makes of resources.
pub fn written(resources: &[&Value]) -> Vec<String> {
    let resources: Vec<Value> = resources.iter().copied().cloned().collect();
    let documents = converted(&resources, &["--to-xml"]).into_iter();
    documents
        .map(|document| document.as_str().unwrap().to_owned())
        .collect()
}

fn converted(given: &[Value], arguments: &[&str]) -> Vec<Value> {
    let mut converter = Command::new("node")
        .arg(npm::installed("tests/xml").join("convert.mjs"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the converter needs node on the PATH");
    let mut input = converter.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        // Beside reading, or both sides would wait for each other when their pipes are full.
        scope.spawn(move || {
            for value in given {
                writeln!(input, "{value}").unwrap();
            }
        });
        converter.wait_with_output().unwrap()
    });
    assert!(output.status.success(), "{}", output.status);
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// JSON in the form in which the converter's can be compared: it gives decimals as text, and arrays of primitives without
/// the nulls at their end.
fn comparable(value: &Value) -> Value {
    match value {
        Value::Number(number) => Value::String(number.to_string()),
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(comparable).collect();
            while items.last().is_some_and(Value::is_null) {
                items.pop();
            }
            Value::Array(items)
        }
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(name, value)| (name.clone(), comparable(value)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

fn the_converter_tells_one_resource_from_another(_: &World) {
    let document = |family: &str| {
        format!(
            "<Patient xmlns=\"http://hl7.org/fhir\"><name><family value=\"{family}\"/></name></Patient>"
        )
    };
    let found = read(&[&document("A"), &document("B")]);
    let expected = json!({"resourceType": "Patient", "name": [{"family": "A"}]});
    assert_eq!(comparable(&found[0]), comparable(&expected));
    assert_ne!(comparable(&found[1]), comparable(&expected));
}

fn every_patient_is_the_same_in_xml(world: &World) {
    let doctor = world.doctor();
    let ids = world.patients().keys();
    let pairs: Vec<_> = ids
        .map(|id| both(&doctor, &format!("/Patient/{id}")))
        .collect();
    assert!(pairs.len() >= 60, "{}", pairs.len());
    assert_same(&pairs);
}

fn bundles_outcomes_and_the_capability_statement_are_the_same_in_xml(world: &World) {
    let doctor = world.doctor();
    let paths = [
        "/Patient?_count=1000",
        "/Patient?_count=0",
        "/Patient?name=Betz&unknown=1",
        "/Patient/1/_history",
        "/Patient/17?_summary=true",
        "/Patient/17?_elements=name",
        "/Patient/999999",
        "/Patient?_count=x%3Cy%26%22",
        "/nothing/%3C%3E",
        "/metadata",
    ];
    let mut pairs: Vec<_> = paths.iter().map(|path| both(&doctor, path)).collect();
    let version = world.patients()[&1]["meta"]["versionId"].as_str().unwrap();
    pairs.push(both(&doctor, &format!("/Patient/1/_history/{version}")));
    pairs.push(both(world.anonymous(), "/Patient/1"));
    assert_same(&pairs);
}

/// Patient 17 of the demo has quotes, tags and escapes in its names: they must be there, and be read as they are.
fn ugly_values_are_the_same_in_xml(world: &World) {
    let (json, xml) = both(&world.doctor(), "/Patient/17");
    assert!(json.to_string().contains("<i>x</i>"), "{json}");
    assert!(
        !xml.contains("<i>") && xml.contains("&lt;i&gt;x&lt;/i&gt;"),
        "{xml}"
    );
    assert_same(&[(json, xml)]);
}

fn pretty_xml_is_the_same_on_several_lines(world: &World) {
    let doctor = world.doctor();
    for path in [
        "/Patient/1?_pretty=true",
        "/Patient?_count=2&_pretty=true",
        "/metadata?_pretty=true",
    ] {
        let (json, xml) = both(&doctor, path);
        assert!(xml.lines().count() > 5, "{path}");
        assert_same(&[(json, xml)]);
    }
}
