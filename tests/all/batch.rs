//! Many requests in one Bundle, each answered for itself.

use serde_json::{Value, json};
use ureq::http::Method;

use crate::http::{Answer, Client};
use crate::users::assert_refused;
use crate::world::{World, ids, link};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        each_entry_is_answered_for_itself_and_in_order,
        an_entry_is_what_the_same_request_alone_is,
        a_batch_is_read_from_xml_too,
        entries_have_the_rights_of_the_user,
        a_batch_needs_credentials,
        a_hundred_entries_at_once_all_succeed,
        what_would_write_is_refused_in_its_entry,
        other_servers_and_paths_are_refused_in_their_entry,
        an_incomplete_entry_is_refused_in_its_entry,
        a_search_over_several_types_can_be_an_entry,
        what_is_no_batch_is_refused_as_a_whole,
        a_body_that_is_too_long_or_of_another_type_is_refused,
        how_the_answer_is_written_is_decided_for_the_whole,
        a_refusal_repeats_nothing_of_the_body,
    ]
}

const JSON: (&str, &str) = ("content-type", "application/fhir+json");

fn send(client: &Client, bundle: &Value) -> Answer {
    client.post("/", &bundle.to_string(), &[JSON])
}

fn batch(entries: &[Value]) -> Value {
    json!({"resourceType": "Bundle", "type": "batch", "entry": entries})
}

fn entry(method: &str, url: &str) -> Value {
    json!({"request": {"method": method, "url": url}})
}

/// The entries of the answer to a batch.
#[track_caller]
fn answered(client: &Client, entries: &[Value]) -> Vec<Value> {
    let bundle = send(client, &batch(entries)).ok();
    assert_eq!(bundle["resourceType"], "Bundle");
    assert_eq!(bundle["type"], "batch-response");
    let answered = bundle["entry"].as_array().cloned().unwrap_or_default();
    assert_eq!(answered.len(), entries.len(), "{bundle}");
    answered
}

/// Asserts that an entry was refused; gives the diagnostics.
#[track_caller]
fn refused(entry: &Value, status: &str, code: &str) -> String {
    let response = &entry["response"];
    assert_eq!(response["status"], status, "{entry}");
    assert!(entry.get("resource").is_none(), "{entry}");
    let outcome = &response["outcome"];
    assert_eq!(outcome["resourceType"], "OperationOutcome", "{entry}");
    assert_eq!(outcome["issue"][0]["severity"], "error", "{entry}");
    assert_eq!(outcome["issue"][0]["code"], code, "{entry}");
    outcome["issue"][0]["diagnostics"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn each_entry_is_answered_for_itself_and_in_order(world: &World) {
    let answered = answered(
        &world.doctor(),
        &[
            entry("GET", "Patient/2"),
            entry("GET", "Patient/999999"),
            entry("GET", "Patient?family=Betz&_count=2"),
            entry("POST", "Patient/_search?family=Betz"),
            entry("HEAD", "Patient/1"),
            entry("GET", "Patient?birthdate=x"),
            entry("GET", "/metadata"),
            entry("GET", &format!("{}/Patient/1", world.app().url())),
        ],
    );
    assert_eq!(answered[0]["response"]["status"], "200 OK");
    assert_eq!(answered[0]["resource"], world.patients()[&2]);
    refused(&answered[1], "404 Not Found", "not-found");
    assert_eq!(ids(&answered[2]["resource"]), [1, 2]);
    assert_eq!(ids(&answered[3]["resource"]), [1, 2, 3, 4]);
    assert_eq!(answered[4]["response"]["status"], "200 OK");
    assert!(answered[4].get("resource").is_none());
    assert!(answered[4]["response"].get("outcome").is_none());
    let reason = refused(&answered[5], "400 Bad Request", "value");
    assert!(reason.contains("birthdate"), "{reason}");
    assert_eq!(
        answered[6]["resource"]["resourceType"],
        "CapabilityStatement"
    );
    assert_eq!(answered[7]["resource"], world.patients()[&1]);
}

fn an_entry_is_what_the_same_request_alone_is(world: &World) {
    let doctor = world.doctor();
    let urls = [
        "/Patient/1",
        "/Patient?family=Betz&_count=2&_total=accurate",
        "/Patient?shoe-size=44",
    ];
    let entries: Vec<Value> = urls.iter().map(|url| entry("GET", &url[1..])).collect();
    for (url, answered) in urls.iter().zip(answered(&doctor, &entries)) {
        let alone = doctor.get(url);
        assert_eq!(answered["resource"], alone.json(), "{url}");
        let response = &answered["response"];
        assert_eq!(response["etag"].as_str(), alone.header("etag"), "{url}");
        let modified = alone.header("last-modified").map(|date| {
            let date = chrono::DateTime::parse_from_rfc2822(date).unwrap();
            date.format("%Y-%m-%dT%H:%M:%SZ").to_string()
        });
        assert_eq!(response["lastModified"].as_str(), modified.as_deref());
    }
    // and its links lead on from outside
    let searched = &answered(&doctor, &entries)[1]["resource"];
    let next = link(searched, "next").unwrap();
    assert!(next.starts_with(&format!("{}/Patient?", world.app().url())));
    assert_eq!(ids(&doctor.get(&next).ok()), [3, 4]);
}

fn a_batch_is_read_from_xml_too(world: &World) {
    let xml = r#"<?xml version="1.0"?><Bundle xmlns="http://hl7.org/fhir"><type value="batch"/>
        <entry><request><method value="GET"/><url value="Patient/1"/></request></entry>
        <entry><request><method value="GET"/><url value="Patient?family=Betz&amp;_count=2"/></request></entry></Bundle>"#;
    for media_type in ["application/fhir+xml", "application/xml; charset=utf-8"] {
        let bundle = world
            .doctor()
            .post("/", xml, &[("content-type", media_type)])
            .ok();
        assert_eq!(bundle["entry"][0]["resource"], world.patients()[&1]);
        assert_eq!(ids(&bundle["entry"][1]["resource"]), [1, 2]);
    }
}

fn entries_have_the_rights_of_the_user(world: &World) {
    let hidden = world
        .sql()
        .patients("p.primary_care_doctor IS DISTINCT FROM 1", &[]);
    let hidden = format!("Patient/{}", hidden.first().unwrap());
    let entries = [entry("GET", &hidden), entry("GET", "Patient?_count=1000")];
    let own = world.as_user("ownpatients");
    let answered = answered(&own, &entries);
    refused(&answered[0], "404 Not Found", "not-found");
    let alone = own.get("/Patient?_count=1000").ok();
    assert_eq!(ids(&answered[1]["resource"]), ids(&alone));
    assert!(ids(&alone).len() < world.patients().len());

    let restricted = world.as_user("restricted");
    let seen = &self::answered(&restricted, &[entry("GET", "Patient/1")])[0]["resource"];
    assert_eq!(*seen, restricted.get("/Patient/1").ok());
    assert!(seen.get("photo").is_none());
}

fn a_batch_needs_credentials(world: &World) {
    let bundle = batch(&[entry("GET", "metadata")]);
    let anonymous = world.anonymous();
    assert_refused(&send(anonymous, &bundle));
    let wrong = anonymous.with_credentials("nobody-at-all", "wrong");
    assert_refused(&send(&wrong, &bundle));
    assert_refused(&send(
        &anonymous.with_authorization("Bearer nonsense"),
        &bundle,
    ));
    // not even to learn what is wrong with it
    assert_refused(&anonymous.post("/", "{", &[JSON]));
}

fn a_hundred_entries_at_once_all_succeed(world: &World) {
    let patients: Vec<i64> = world.patients().keys().copied().collect();
    let wanted: Vec<i64> = patients.iter().copied().cycle().take(100).collect();
    let entries: Vec<Value> = wanted
        .iter()
        .map(|id| entry("GET", &format!("Patient/{id}")))
        .collect();
    let doctor = world.doctor();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for (id, answered) in wanted.iter().zip(answered(&doctor, &entries)) {
                    assert_eq!(answered["response"]["status"], "200 OK");
                    assert_eq!(answered["resource"], world.patients()[id], "{id}");
                }
            });
        }
    });
    let mut more = entries;
    more.push(entry("GET", "Patient/1"));
    let reason = send(&doctor, &batch(&more)).refused(400, "too-costly");
    assert!(reason.contains("100"), "{reason}");
}

fn what_would_write_is_refused_in_its_entry(world: &World) {
    let create = json!({"request": {"method": "POST", "url": "Patient"}, "fullUrl": "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a",
        "resource": {"resourceType": "Patient", "active": true}});
    let answered = answered(
        &world.doctor(),
        &[
            create,
            entry("PUT", "Patient/1"),
            entry("DELETE", "Patient/1"),
            entry("PATCH", "Patient/1"),
            entry("POST", ""),
            entry("GET", "Patient/1"),
        ],
    );
    for entry in &answered[..5] {
        let reason = refused(entry, "405 Method Not Allowed", "not-supported");
        assert!(reason.ends_with("GET, HEAD"), "{reason}");
    }
    assert_eq!(answered[5]["response"]["status"], "200 OK");
}

fn other_servers_and_paths_are_refused_in_their_entry(world: &World) {
    let answered = answered(
        &world.doctor(),
        &[
            entry("GET", "https://other.example.org/Patient/1"),
            entry("GET", "http://login.spin.internal/auth/verify"),
            entry("GET", "//other.example.org/Patient/1"),
            entry("GET", "Patient/../auth/home"),
            entry("GET", "auth/home"),
            entry("GET", "health/ready"),
            entry("GET", "Nonsense/1"),
            entry("GET", "Patient/1/$everything"),
        ],
    );
    for entry in &answered[..4] {
        refused(entry, "400 Bad Request", "value");
    }
    for entry in &answered[4..] {
        refused(entry, "404 Not Found", "not-supported");
    }
}

fn an_incomplete_entry_is_refused_in_its_entry(world: &World) {
    let answered = answered(
        &world.doctor(),
        &[
            json!({}),
            json!({"resource": {"resourceType": "Patient"}}),
            json!({"request": {"url": "Patient/1"}}),
            json!({"request": {"method": "GET"}}),
            entry("GET", "Patient/1"),
            entry("get", "Patient/1"),
            json!({"request": {"method": "GET", "url": "Patient/1", "ifModifiedSince": "yesterday"}}),
        ],
    );
    for entry in &answered[..4] {
        refused(entry, "400 Bad Request", "required");
    }
    assert_eq!(answered[4]["response"]["status"], "200 OK");
    for entry in &answered[5..] {
        refused(entry, "400 Bad Request", "value");
    }
}

fn a_search_over_several_types_can_be_an_entry(world: &World) {
    let answered = answered(
        &world.doctor(),
        &[
            entry("GET", "?_type=Patient&_id=1"),
            entry("POST", "_search?_type=Patient&_id=1"),
            entry("GET", "Patient/1/Nonsense"),
        ],
    );
    for entry in &answered[..2] {
        assert_eq!(ids(&entry["resource"]), [1], "{entry}");
    }
    refused(&answered[2], "404 Not Found", "not-supported");
}

fn what_is_no_batch_is_refused_as_a_whole(world: &World) {
    let doctor = world.doctor();
    let with_type = |kind: &str| json!({"resourceType": "Bundle", "type": kind, "entry": []});
    for (bundle, code) in [
        (json!({}), "structure"),
        (json!([]), "structure"),
        (json!({"resourceType": "Patient"}), "structure"),
        (
            json!({"resourceType": "Bundle", "type": "batch", "entry": {}}),
            "structure",
        ),
        (json!({"resourceType": "Bundle"}), "required"),
        (with_type("collection"), "value"),
        (with_type("transaction"), "not-supported"),
    ] {
        send(&doctor, &bundle).refused(400, code);
    }
    let reason = doctor
        .post("/", "{\"resourceType\":\n \"Bundle\",}", &[JSON])
        .refused(400, "structure");
    assert!(reason.contains("line 2, column 11"), "{reason}");
    let bomb = "<!DOCTYPE a [<!ENTITY b \"c\">]><Bundle xmlns=\"http://hl7.org/fhir\"/>";
    doctor
        .post("/", bomb, &[("content-type", "application/fhir+xml")])
        .refused(400, "structure");
    let empty = send(&doctor, &json!({"resourceType": "Bundle", "type": "batch"})).ok();
    assert_eq!(empty["type"], "batch-response");
    assert!(empty.get("entry").is_none());
}

fn a_body_that_is_too_long_or_of_another_type_is_refused(world: &World) {
    let doctor = world.doctor();
    let mut long = batch(&[]);
    long["id"] = "x".repeat(1 << 20).into();
    let reason = send(&doctor, &long).refused(413, "too-long");
    assert!(reason.contains("1048576"), "{reason}");
    let text = batch(&[]).to_string();
    for media_type in [
        "application/x-www-form-urlencoded",
        "text/plain",
        "application/json-patch+json",
    ] {
        doctor
            .post("/", &text, &[("content-type", media_type)])
            .refused(415, "not-supported");
    }
}

fn how_the_answer_is_written_is_decided_for_the_whole(world: &World) {
    let bundle = batch(&[entry("GET", "Patient/1?_format=xml&_pretty=true")]);
    let doctor = world.doctor();
    let plain = send(&doctor, &bundle);
    assert_eq!(plain.ok()["entry"][0]["resource"], world.patients()[&1]);
    assert!(!plain.text().contains('\n'));
    let pretty = doctor.post("/?_pretty=true", &bundle.to_string(), &[JSON]);
    assert_eq!(pretty.ok(), plain.ok());
    assert!(pretty.text().contains('\n'));
    let refused = doctor.post("/?_format=application/msword", &bundle.to_string(), &[JSON]);
    assert_eq!(refused.status, 406);
    let put = doctor.send(&Method::PUT, "/", &[]);
    put.refused(405, "not-supported");
    assert_eq!(put.header("allow"), Some("GET, HEAD, POST"));
}

fn a_refusal_repeats_nothing_of_the_body(world: &World) {
    let doctor = world.doctor();
    for (media_type, body) in [
        ("application/json", "{\"Zaphod\" 1}"),
        (
            "application/json",
            r#"{"resourceType":"Zaphod","type":"Zaphod"}"#,
        ),
        (
            "application/json",
            r#"{"resourceType":"Bundle","type":"Zaphod"}"#,
        ),
        (
            "application/json",
            r#"{"resourceType":"Bundle","type":"batch","entry":"Zaphod"}"#,
        ),
        (
            "application/xml",
            "<Zaphod xmlns=\"http://hl7.org/fhir\"></Beeblebrox>",
        ),
    ] {
        let answer = doctor.post("/", body, &[("content-type", media_type)]);
        assert_eq!(answer.status, 400);
        assert!(!answer.text().contains("Zaphod"), "{}", answer.text());
    }
    let answered = answered(
        &doctor,
        &[
            entry("Zaphod", "Patient/1"),
            entry("GET", "https://Zaphod/Patient"),
            entry("GET", "Patient?birthdate=Zaphod"),
        ],
    );
    assert!(!format!("{answered:?}").contains("Zaphod"), "{answered:?}");
}
