//! The operation `$validate`: what we serve is valid, what is wrong is told with its place, and HL7's own examples and another
//! validator agree.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use ureq::http::Method;

use crate::http::{Answer, Client};
use crate::validation::problems;
use crate::world::World;
use crate::{Test, npm, tests, xml};

pub fn tests() -> Vec<Test> {
    tests![
        everything_that_is_served_is_valid_in_both_formats,
        a_valid_resource_has_one_issue_that_says_so,
        every_problem_is_told_with_its_place_in_both_formats,
        it_is_served_under_every_path_and_name,
        the_type_and_the_id_of_the_url_count,
        parameters_say_how_to_validate,
        what_cannot_be_read_is_refused_and_placed,
        one_has_to_sign_in_and_needs_no_rights,
        the_outcome_is_written_as_asked,
        the_examples_of_hl7_are_valid_in_both_formats,
        what_another_validator_finds_is_found,
    ]
}

const JSON: (&str, &str) = ("content-type", "application/fhir+json");
const XML: (&str, &str) = ("content-type", "application/fhir+xml");

/// What the errors of an outcome are about, each with its code.
fn errors(answer: &Answer) -> Vec<(String, String)> {
    let outcome = answer.ok();
    assert_eq!(outcome["resourceType"], "OperationOutcome");
    let issues = outcome["issue"].as_array().unwrap().iter();
    let errors = issues.filter(|issue| issue["severity"] == "error");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    errors
        .map(|issue| (text(&issue["expression"][0]), text(&issue["code"])))
        .collect()
}

#[track_caller]
fn assert_valid(answer: &Answer, what: &str) {
    let outcome = answer.ok();
    assert_eq!(errors(answer), [], "{what}: {outcome}");
    assert_eq!(
        outcome["issue"][0]["code"], "informational",
        "{what}: {outcome}"
    );
}

fn types(world: &World) -> Vec<String> {
    let statement = world.anonymous().get("/metadata").ok();
    let types = statement["rest"][0]["resource"].as_array().unwrap().iter();
    types
        .map(|described| described["type"].as_str().unwrap().to_owned())
        .collect()
}

/// All pages of all resources of a type, as they were written; and each once by itself.
fn everything_that_is_served_is_valid_in_both_formats(world: &World) {
    let doctor = world.doctor().forgetful();
    for name in types(world) {
        let mut checked = 0;
        let mut next = Some(format!("/{name}?_count=200"));
        while let Some(path) = next.take() {
            let page = doctor.get(&path);
            let bundle = page.ok();
            assert_valid(
                &doctor.post("/Bundle/$validate", page.text(), &[JSON]),
                &path,
            );
            let written = doctor.get_with(&path, &[("accept", "application/fhir+xml")]);
            assert_valid(
                &doctor.post("/Bundle/$validate", written.text(), &[XML]),
                &path,
            );
            checked += bundle["entry"].as_array().map_or(0, Vec::len);
            next = crate::world::link(&bundle, "next");
        }
        assert!(checked > 5, "{name}: {checked}");
        let first = doctor.get(&format!("/{name}?_count=1")).ok()["entry"][0]["resource"].clone();
        let path = format!("/{name}/{}", first["id"].as_str().unwrap());
        for (accept, sent) in [
            ("application/fhir+json", JSON),
            ("application/fhir+xml", XML),
        ] {
            let read = doctor.get_with(&path, &[("accept", accept)]);
            assert_valid(
                &doctor.post(&format!("{path}/$validate"), read.text(), &[sent]),
                &path,
            );
        }
    }
    for path in ["/metadata", "/metadata?mode=terminology", "/nothing"] {
        let answer = doctor.get(path);
        let name = answer.json()["resourceType"].as_str().unwrap().to_owned();
        assert_valid(
            &doctor.post(&format!("/{name}/$validate"), answer.text(), &[JSON]),
            path,
        );
    }
}

fn a_valid_resource_has_one_issue_that_says_so(world: &World) {
    let body = r#"{"resourceType":"Patient","name":[{"family":"Betz"}],"gender":"female"}"#;
    let outcome = world
        .doctor()
        .post("/Patient/$validate", body, &[JSON])
        .ok();
    let issues = outcome["issue"].as_array().unwrap();
    assert_eq!(issues.len(), 1, "{outcome}");
    assert_eq!(issues[0]["severity"], "information");
    assert_eq!(issues[0]["code"], "informational");
}

/// What is wrong, in JSON and in XML, where, and with which code.
const WRONG: &[(&str, &str, &str, &str, &str)] = &[
    (
        "Patient",
        r#""shoeSize":44"#,
        r#"<shoeSize value="44"/>"#,
        "Patient.shoeSize",
        "structure",
    ),
    (
        "Patient",
        r#""gender":"f""#,
        r#"<gender value="f"/>"#,
        "Patient.gender",
        "code-invalid",
    ),
    (
        "Patient",
        r#""birthDate":"2020-02-30""#,
        r#"<birthDate value="2020-02-30"/>"#,
        "Patient.birthDate",
        "value",
    ),
    (
        "Patient",
        r#""name":[{"family":"x"},{"given":["a",""]}]"#,
        r#"<name><family value="x"/></name><name><given value="a"/><given value=""/></name>"#,
        "Patient.name[1].given[1]",
        "value",
    ),
    (
        "Patient",
        r#""name":[{}]"#,
        "<name/>",
        "Patient.name[0]",
        "invariant",
    ),
    (
        "Patient",
        r#""deceasedBoolean":true,"deceasedDateTime":"2020""#,
        r#"<deceasedBoolean value="true"/><deceasedDateTime value="2020"/>"#,
        "Patient.deceased",
        "structure",
    ),
    (
        "Patient",
        r#""link":[{"type":"seealso"}]"#,
        r#"<link><type value="seealso"/></link>"#,
        "Patient.link[0].other",
        "required",
    ),
    (
        "Patient",
        r#""managingOrganization":{"reference":"Patient/1"}"#,
        r#"<managingOrganization><reference value="Patient/1"/></managingOrganization>"#,
        "Patient.managingOrganization.reference",
        "value",
    ),
    (
        "Patient",
        r##""managingOrganization":{"reference":"#o"}"##,
        r##"<managingOrganization><reference value="#o"/></managingOrganization>"##,
        "Patient.managingOrganization.reference",
        "not-found",
    ),
    (
        "Patient",
        r#""contained":[{"resourceType":"Organization","id":"o","active":"no"}]"#,
        r#"<contained><Organization><id value="o"/><active value="no"/></Organization></contained>"#,
        "Patient.contained[0].active",
        "",
    ),
    (
        "Patient",
        r#""extension":[{"url":"u"}]"#,
        r#"<extension url="u"/>"#,
        "Patient.extension[0]",
        "invariant",
    ),
    (
        "Observation",
        r#""status":"final""#,
        r#"<status value="final"/>"#,
        "Observation.code",
        "required",
    ),
    (
        "Observation",
        r#""status":"final","code":{"text":"x"},"valueQuantity":{"value":"5"}"#,
        r#"<status value="final"/><code><text value="x"/></code><valueQuantity><value value="05"/></valueQuantity>"#,
        "Observation.value.value",
        "",
    ),
    (
        "Condition",
        r#""clinicalStatus":{"coding":[{"code":"active"}]},"subject":{"display":"x"}"#,
        r#"<clinicalStatus><coding><code value="active"/></coding></clinicalStatus><subject><display value="x"/></subject>"#,
        "Condition.clinicalStatus",
        "code-invalid",
    ),
    (
        "Bundle",
        r#""type":"collection","entry":[{"resource":{"resourceType":"Patient","active":1}}]"#,
        r#"<type value="collection"/><entry><resource><Patient><active value="1"/></Patient></resource></entry>"#,
        "Bundle.entry[0].resource.active",
        "",
    ),
    (
        "Parameters",
        r#""parameter":[{"valueString":"x"}]"#,
        r#"<parameter><valueString value="x"/></parameter>"#,
        "Parameters.parameter[0].name",
        "required",
    ),
    (
        "OperationOutcome",
        r#""issue":[]"#,
        "",
        "OperationOutcome.issue",
        "",
    ),
];

fn every_problem_is_told_with_its_place_in_both_formats(world: &World) {
    let doctor = world.doctor();
    for (name, json, xml, expression, code) in WRONG {
        let path = format!("/{name}/$validate");
        let json = format!(r#"{{"resourceType":"{name}",{json}}}"#);
        let xml = format!("<{name} xmlns=\"http://hl7.org/fhir\">{xml}</{name}>");
        for (body, sent) in [(&json, JSON), (&xml, XML)] {
            let found = errors(&doctor.post(&path, body, &[sent]));
            let [(place, told)] = found.as_slice() else {
                panic!("{body}: {found:?}")
            };
            assert_eq!(place, expression, "{body}");
            assert!(code.is_empty() || told == code, "{body}: {told}");
        }
    }
    // all at once, in the order of the resource
    let many = r#"{"resourceType":"Patient","gender":"f","name":[{"use":"x","given":[1]}],"x":1,"communication":[{}]}"#;
    let answer = doctor.post("/Patient/$validate", many, &[JSON]);
    let places: Vec<_> = errors(&answer)
        .into_iter()
        .map(|(place, _)| place)
        .collect();
    let expected = [
        "Patient.x",
        "Patient.name[0].use",
        "Patient.name[0].given[0]",
        "Patient.gender",
        "Patient.communication[0]",
        "Patient.communication[0].language",
    ];
    assert_eq!(places, expected);
    let location = &answer.json()["issue"][2]["location"][0];
    assert_eq!(location, "/f:Patient/f:name[1]/f:given[1]");
    // values stay out of the outcome
    let secret =
        r#"{"resourceType":"Patient","gender":"Secret","birthDate":"Secret","active":"Secret"}"#;
    let told = doctor.post("/Patient/$validate", secret, &[JSON]);
    assert!(!told.text().contains("Secret"), "{}", told.text());
}

fn it_is_served_under_every_path_and_name(world: &World) {
    let doctor = world.doctor();
    let mut names = types(world);
    // What no component serves is validated all the same.
    names.extend(
        [
            "Bundle",
            "CapabilityStatement",
            "OperationOutcome",
            "Parameters",
            "TerminologyCapabilities",
        ]
        .map(str::to_owned),
    );
    for name in names {
        let body = format!(r#"{{"resourceType":"{name}","id":"a1","nonsense":1}}"#);
        for path in [
            "$validate",
            "_validate",
            "%24validate",
            "a1/$validate",
            "a1/_validate",
        ] {
            let path = format!("/{name}/{path}");
            let found = errors(&doctor.post(&path, &body, &[JSON]));
            let expected = (format!("{name}.nonsense"), "structure".to_owned());
            assert!(found.contains(&expected), "{path}: {found:?}");
            for method in [Method::GET, Method::PUT, Method::PATCH, Method::DELETE] {
                let refused = doctor.send(&method, &path, &[]);
                refused.refused(405, "not-supported");
                assert_eq!(refused.header("allow"), Some("POST"), "{method} {path}");
            }
            let options = doctor.send(&Method::OPTIONS, &path, &[]);
            assert_eq!(options.header("allow"), Some("POST, OPTIONS"), "{path}");
        }
        let malformed = doctor.post(&format!("/{name}/a;b/$validate"), &body, &[JSON]);
        malformed.refused(400, "value");
    }
    let patient = r#"{"resourceType":"Patient"}"#;
    for path in [
        "/$validate",
        "/$validate/Patient",
        "/Encounter/$validate",
        "/Nonsense/$validate",
        "/Patient/1/2/$validate",
    ] {
        doctor
            .post(path, patient, &[JSON])
            .refused(404, "not-supported");
    }
}

fn the_type_and_the_id_of_the_url_count(world: &World) {
    let doctor = world.doctor();
    let found = |path: &str, body: &str| errors(&doctor.post(path, body, &[JSON]));
    let error = |place: &str, code: &str| vec![(place.to_owned(), code.to_owned())];
    let patient = r#"{"resourceType":"Patient","id":"7"}"#;
    assert_eq!(found("/Patient/7/$validate", patient), []);
    // It need not exist, and nobody learns whether it does.
    assert_eq!(
        found(
            "/Patient/7777777/$validate",
            &patient.replace('7', "7777777")
        ),
        []
    );
    assert_eq!(
        found("/Patient/8/$validate", patient),
        error("Patient.id", "invalid")
    );
    assert_eq!(
        found("/Patient/8/$validate", r#"{"resourceType":"Patient"}"#),
        error("Patient.id", "required")
    );
    assert_eq!(
        found("/Observation/$validate", patient),
        error("Patient", "invalid")
    );
    assert_eq!(
        found("/Patient/$validate", r#"{"id":"7"}"#),
        error("Patient", "required")
    );
    assert_eq!(
        found("/Patient/$validate", r#"{"resourceType":"Nonsense"}"#),
        [error("Nonsense", "invalid"), error("Nonsense", "structure")].concat()
    );
}

fn parameters_say_how_to_validate(world: &World) {
    let doctor = world.doctor();
    let found = |path: &str, body: &str| errors(&doctor.post(path, body, &[JSON]));
    let patient = r#"{"resourceType":"Patient","id":"7","gender":"f"}"#;
    let with = |more: &str| {
        format!(
            r#"{{"resourceType":"Parameters","parameter":[{more}{{"name":"resource","resource":{patient}}}]}}"#
        )
    };
    let gender = ("Patient.gender".to_owned(), "code-invalid".to_owned());
    let unsupported = ("Patient".to_owned(), "not-supported".to_owned());
    let only_gender = vec![gender.clone()];
    assert_eq!(found("/Patient/$validate", &with("")), only_gender);
    let xml = "<Parameters xmlns=\"http://hl7.org/fhir\"><parameter><name value=\"resource\"/><resource><Patient><gender value=\"f\"/></Patient></resource></parameter></Parameters>";
    assert_eq!(
        errors(&doctor.post("/Patient/$validate", xml, &[XML])),
        only_gender
    );
    for mode in ["create", "update", "delete"] {
        let expected = BTreeSet::from([gender.clone(), unsupported.clone()]);
        let parameter = format!(r#"{{"name":"mode","valueCode":"{mode}"}},"#);
        let bodies = [
            (
                format!("/Patient/7/$validate?mode={mode}"),
                patient.to_owned(),
            ),
            ("/Patient/7/$validate".to_owned(), with(&parameter)),
        ];
        for (path, body) in bodies {
            assert_eq!(
                BTreeSet::from_iter(found(&path, &body)),
                expected,
                "{path} {body}"
            );
        }
    }
    assert_eq!(
        found("/Patient/7/$validate?mode=delete", ""),
        vec![unsupported.clone()]
    );
    let own =
        "/Patient/$validate?mode=profile&profile=http://hl7.org/fhir/StructureDefinition/Patient";
    assert_eq!(found(own, patient), only_gender);
    let other = "/Patient/$validate?profile=http://example.org/profile";
    assert_eq!(
        BTreeSet::from_iter(found(other, patient)),
        BTreeSet::from([gender, unsupported])
    );
    for (path, body, code) in [
        ("/Patient/$validate?mode=x", patient.to_owned(), "value"),
        (
            "/Patient/$validate?mode=profile",
            patient.to_owned(),
            "required",
        ),
        ("/Patient/$validate", String::new(), "required"),
        (
            "/Patient/$validate",
            r#"{"resourceType":"Parameters"}"#.to_owned(),
            "required",
        ),
        (
            "/Patient/$validate",
            with(r#"{"name":"mode"},"#),
            "required",
        ),
    ] {
        doctor.post(path, &body, &[JSON]).refused(400, code);
    }
    let ignored = doctor
        .post(
            "/Patient/$validate?nonsense=1",
            r#"{"resourceType":"Patient"}"#,
            &[JSON],
        )
        .ok();
    assert_eq!(ignored["issue"][0]["severity"], "warning", "{ignored}");
}

fn what_cannot_be_read_is_refused_and_placed(world: &World) {
    let doctor = world.doctor();
    for (body, sent, place) in [
        ("{\n \"Secret\" 1}", JSON, "line 2, column 11"),
        ("[]", JSON, "line 1, column 1"),
        ("{\"resourceType\":\"Patient\"", JSON, "line 1"),
        (
            "<Patient xmlns=\"http://hl7.org/fhir\">\n<Secret></Other>",
            XML,
            "line 2, column 9",
        ),
        ("<Patient/>", XML, "line 1"),
        (
            "<!DOCTYPE x [<!ENTITY a \"b\">]><Patient xmlns=\"http://hl7.org/fhir\"/>",
            XML,
            "line 1",
        ),
    ] {
        let told = doctor
            .post("/Patient/$validate", body, &[sent])
            .refused(400, "structure");
        assert!(
            told.contains(place) && !told.contains("Secret"),
            "{body}: {told}"
        );
    }
    for deep in [
        format!("{{\"a\":{}", "[".repeat(100_000)),
        format!("{{\"extension\":{}", "[{\"extension\":".repeat(50_000)),
    ] {
        let told = doctor
            .post("/Patient/$validate", &deep, &[JSON])
            .refused(400, "structure");
        assert!(told.contains("deep"), "{told}");
    }
    let deep = format!(
        "<Patient xmlns=\"http://hl7.org/fhir\">{}",
        "<extension url=\"u\">".repeat(50_000)
    );
    let told = doctor
        .post("/Patient/$validate", &deep, &[XML])
        .refused(400, "structure");
    assert!(told.contains("deep"), "{told}");
    // as deep as it may be, it is looked at to the bottom
    let levels = 61;
    let (open, close) = (r#"{"url":"u","extension":["#, "]}");
    let json = format!(
        r#"{{"resourceType":"Patient","extension":[{}{{"url":"u","valueCode":" "}}{}]}}"#,
        open.repeat(levels),
        close.repeat(levels)
    );
    let xml = format!(
        "<Patient xmlns=\"http://hl7.org/fhir\">{}<valueCode value=\" \"/>{}</Patient>",
        "<extension url=\"u\">".repeat(levels + 1),
        "</extension>".repeat(levels + 1)
    );
    for (body, sent) in [(json, JSON), (xml, XML)] {
        let found = errors(&doctor.post("/Patient/$validate", &body, &[sent]));
        let place = format!("Patient{}.value", ".extension[0]".repeat(levels + 1));
        assert_eq!(found, [(place, "value".to_owned())], "{body}");
    }
    let patient = r#"{"resourceType":"Patient"}"#;
    for other in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/fhir+json; fhirVersion=3.0",
    ] {
        doctor
            .post("/Patient/$validate", patient, &[("content-type", other)])
            .refused(415, "not-supported");
    }
    let long = format!(
        r#"{{"resourceType":"Patient","id":"{}"}}"#,
        "1".repeat(2 << 20)
    );
    for path in ["/Patient/$validate", "/Bundle/$validate"] {
        doctor.post(path, &long, &[JSON]).refused(413, "too-long");
    }
    // as many problems as fit into a body
    let many = format!(
        r#"{{"resourceType":"Patient","name":[{}]}}"#,
        vec!["1"; 500_000].join(",")
    );
    let outcome = doctor
        .forgetful()
        .post("/Patient/$validate", &many, &[JSON])
        .ok();
    let issues = outcome["issue"].as_array().unwrap();
    assert_eq!(issues.len(), 1001);
    assert_eq!(issues[1000]["code"], "too-costly");
}

fn one_has_to_sign_in_and_needs_no_rights(world: &World) {
    let patient = r#"{"resourceType":"Patient"}"#;
    for path in [
        "/Patient/$validate",
        "/Patient/1/$validate",
        "/Bundle/$validate",
        "/$validate",
    ] {
        world
            .anonymous()
            .post(path, patient, &[JSON])
            .refused(401, "login");
    }
    let nogroup = world.as_user("nogroup");
    nogroup.get("/Condition").refused(403, "forbidden");
    let condition = r#"{"resourceType":"Condition","subject":{"display":"x"}}"#;
    let answer = nogroup.post("/Condition/$validate", condition, &[JSON]);
    assert_valid(&answer, "who may read no conditions");
    assert_valid(
        &nogroup.post("/Patient/$validate", patient, &[JSON]),
        "who may read patients",
    );
}

fn the_outcome_is_written_as_asked(world: &World) {
    let doctor = world.doctor();
    let body = r#"{"resourceType":"Patient","gender":"f"}"#;
    for path in ["/Patient/$validate", "/Bundle/$validate"] {
        let xml = doctor.post(&format!("{path}?_format=xml"), body, &[JSON]);
        assert_eq!(xml.status, 200);
        assert!(
            xml.text()
                .contains("<expression value=\"Patient.gender\"/>"),
            "{}",
            xml.text()
        );
        let accepted = doctor.post(path, body, &[JSON, ("accept", "application/fhir+xml")]);
        assert!(
            accepted.text().contains("<OperationOutcome"),
            "{}",
            accepted.text()
        );
        let pretty = doctor.post(&format!("{path}?_pretty=true"), body, &[JSON]);
        assert!(pretty.text().lines().count() > 5, "{}", pretty.text());
        doctor
            .post(&format!("{path}?_format=turtle"), body, &[JSON])
            .refused(406, "not-supported");
    }
}

/// Examples of HL7 that R4 does not allow, and why.
const EXPLAINED: &[(&str, &str, &str)] = &[
    (
        "MedicationRequest-medrx0301.json",
        "MedicationRequest.dispenseRequest.performer.reference",
        "R4 lets it lead to an Organization only; the example has a Practitioner",
    ),
    (
        "Observation-clinical-gender.json",
        "Observation.performer[0].reference",
        "R4 does not let it lead to an Encounter",
    ),
];

/// HL7's examples of the types that can be validated: name of the file, and resource.
fn examples() -> BTreeMap<String, Value> {
    const TYPES: &[&str] = &[
        "AllergyIntolerance",
        "Bundle",
        "CapabilityStatement",
        "Condition",
        "DiagnosticReport",
        "FamilyMemberHistory",
        "Immunization",
        "Medication",
        "MedicationRequest",
        "MedicationStatement",
        "Observation",
        "OperationOutcome",
        "Organization",
        "Parameters",
        "Patient",
        "Practitioner",
        "PractitionerRole",
        "Procedure",
        "TerminologyCapabilities",
    ];
    let folder = npm::installed("tests/examples").join("node_modules/hl7.fhir.r4.examples");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap());
    let named = files.filter_map(|file| {
        let name = file.file_name().into_string().unwrap();
        let is_of_these = name
            .split_once('-')
            .is_some_and(|(name, _)| TYPES.contains(&name));
        // What is longer than what is read is no example for people either.
        let is_short = file.metadata().unwrap().len() < 1_500_000;
        (is_of_these && is_short && name.ends_with(".json")).then(|| {
            let text = std::fs::read_to_string(file.path()).unwrap();
            (name, serde_json::from_str(&text).unwrap())
        })
    });
    named.collect()
}

fn validated(client: &Client, resource: &Value) -> Vec<(String, String)> {
    let path = format!("/{}/$validate", resource["resourceType"].as_str().unwrap());
    errors(&client.post(&path, &resource.to_string(), &[JSON]))
}

fn the_examples_of_hl7_are_valid_in_both_formats(world: &World) {
    let doctor = world.doctor().forgetful();
    let examples = examples();
    assert!(examples.len() > 250, "{}", examples.len());
    let resources: Vec<&Value> = examples.values().collect();
    let written = xml::written(&resources);
    assert_eq!(written.len(), examples.len());
    let mut unexplained = Vec::new();
    for ((file, resource), xml) in examples.iter().zip(written) {
        let path = format!("/{}/$validate", resource["resourceType"].as_str().unwrap());
        let found = [
            errors(&doctor.post(&path, &resource.to_string(), &[JSON])),
            errors(&doctor.post(&path, &xml, &[XML])),
        ];
        let is_explained = |place: &str| {
            EXPLAINED
                .iter()
                .any(|(known, explained, _)| known == file && *explained == place)
        };
        for (place, code) in found.concat() {
            if !is_explained(&place) {
                unexplained.push(format!("{file}: {place} {code}"));
            }
        }
        for (_, place, _) in EXPLAINED.iter().filter(|(known, ..)| known == file) {
            let places: Vec<_> = found[0].iter().map(|(place, _)| place).collect();
            assert_eq!(places, [place], "{file}");
        }
    }
    assert!(unexplained.is_empty(), "{}", unexplained.join("\n"));
}

/// Numbers that are the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

/// The places in a resource.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), value))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(place, value)| (place.to_string(), value))
            .collect(),
        _ => Vec::new(),
    };
    for (name, value) in inner {
        let pointer = format!("{at}/{name}");
        // Which type it is both must know; what the narrative may have is no question of structure.
        if name == "resourceType" || name == "div" || name == "contained" {
            continue;
        }
        pointers(value, &pointer, found);
        found.push(pointer);
    }
}

/// The resource with something else at one place.
fn mutated(resource: &Value, dice: &mut Dice) -> Value {
    let mut places = Vec::new();
    pointers(resource, "", &mut places);
    let pointer = &places[dice.roll(places.len())];
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let mut mutant = resource.clone();
    let parent = mutant.pointer_mut(parent).unwrap();
    match dice.roll(3) {
        0 if parent.is_object() => {
            parent.as_object_mut().unwrap().remove(name);
        }
        1 if parent.is_object() => {
            let members = parent.as_object_mut().unwrap();
            let value = members.remove(name).unwrap();
            members.insert(format!("{name}X"), value);
        }
        _ => {
            let place = mutant.pointer_mut(pointer).unwrap();
            let value = place.take();
            *place = match dice.roll(10) {
                0 => Value::Null,
                1 => json!(""),
                2 => json!({}),
                3 => json!([]),
                4 => json!(7),
                5 => json!(-1.5),
                6 => json!("no such value"),
                7 => json!(true),
                8 => json!([value]),
                _ => match value {
                    Value::Array(mut items) if !items.is_empty() => items.remove(0),
                    other => json!({"value": other}),
                },
            };
        }
    }
    mutant
}

/// Whether a problem of the other validator is one that is looked for here: no invariant, no code or display of a system, and
/// nothing that a profile demands.
fn is_of_structure(problem: &str) -> bool {
    let other = [
        ": Constraint ",
        " has no code ",
        " calls ",
        ", says the profile ",
    ];
    !other.iter().any(|kind| problem.contains(kind))
}

/// Whether it is that a code under a required binding has no system, which the other validator takes for any.
fn is_of_no_system(resource: &Value, (path, code): &(String, String)) -> bool {
    let names = path.split('.').skip(1);
    let pointer: String = names.map(|name| format!("/{name}")).collect();
    let coding = resource.pointer(&format!("{pointer}/coding/0"));
    code == "code-invalid" && coding.is_some_and(|coding| coding.get("system").is_none())
}

fn what_another_validator_finds_is_found(world: &World) {
    let doctor = world.doctor().forgetful();
    let sources: Vec<Value> = examples()
        .into_values()
        .filter(|example| example.to_string().len() < 6000 && example["resourceType"] != "Bundle")
        .collect();
    let sources: Vec<&Value> = sources
        .iter()
        .filter(|source| validated(&doctor, source).is_empty())
        .collect();
    let mut dice = Dice(5);
    let mutants: Vec<Value> = (0..1500)
        .map(|_| mutated(sources[dice.roll(sources.len())], &mut dice))
        .collect();
    let mut theirs: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for problem in problems(&mutants) {
        let found = problem
            .strip_prefix("line ")
            .and_then(|rest| rest.split_once(": "));
        let (line, text) = found.unwrap();
        let line = line.parse::<usize>().unwrap() - 1;
        theirs.entry(line).or_default().push(text.to_owned());
    }
    let (mut wrong, mut differences) = (0, Vec::new());
    for (index, mutant) in mutants.iter().enumerate() {
        let path = format!("/{}/$validate", mutant["resourceType"].as_str().unwrap());
        let answer = doctor.post(&path, &mutant.to_string(), &[JSON]);
        let ours = errors(&answer);
        let theirs = theirs.get(&index).cloned().unwrap_or_default();
        wrong += usize::from(!ours.is_empty());
        let missed = ours.is_empty() && theirs.iter().any(|problem| is_of_structure(problem));
        // HL7's JSON schema says of no datatype that it is an object, and takes a number for one.
        let is_gap = answer.text().contains("the element must be an object")
            || ours.iter().all(|problem| is_of_no_system(mutant, problem));
        let invented = !ours.is_empty() && theirs.is_empty() && !is_gap;
        if missed || invented {
            differences.push(format!("ours {ours:?}, theirs {theirs:?}: {mutant}"));
        }
    }
    assert!(wrong > 700, "{wrong}");
    assert!(
        differences.is_empty(),
        "{} differences\n{}",
        differences.len(),
        differences.join("\n")
    );
}
