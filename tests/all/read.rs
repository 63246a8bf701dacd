//! The read interaction: `GET /Patient/{id}`, its headers, and everything that is no such request.

use std::time::SystemTime;

use chrono::{DateTime, Utc};
use serde_json::Value;
use ureq::http::Method;

use crate::world::{NEW, Newcomers, World, encoded};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        every_patient_can_be_read_by_its_id,
        the_version_is_in_the_headers_and_in_meta,
        head_has_the_headers_of_get_and_no_body,
        answers_are_not_for_shared_caches,
        an_id_that_no_patient_has_is_not_found,
        what_cannot_be_an_id_is_refused_and_never_an_error_of_the_server,
        writing_is_refused_with_what_is_allowed,
        what_is_not_served_is_told_as_an_outcome,
        every_interaction_that_writes_is_refused_on_every_kind_of_url,
        options_tells_what_is_allowed,
        the_history_of_the_type_is_not_served,
    ]
}

pub fn tests_that_change_data() -> Vec<Test> {
    tests![
        a_change_of_the_person_shows_and_makes_another_version,
        a_change_of_what_belongs_to_the_person_makes_another_version,
        a_patient_who_is_deleted_is_not_found,
    ]
}

fn every_patient_can_be_read_by_its_id(world: &World) {
    let patients = world.patients();
    assert!(patients.len() >= 60, "{}", patients.len());
    for (id, patient) in patients {
        assert_eq!(patient["resourceType"], "Patient");
        assert_eq!(patient["id"], id.to_string());
    }
}

fn the_version_is_in_the_headers_and_in_meta(world: &World) {
    let doctor = world.doctor();
    for id in world.patients().keys() {
        let answer = doctor.get(&format!("/Patient/{id}"));
        let meta = &answer.ok()["meta"];
        let version = meta["versionId"].as_str().unwrap();
        assert_eq!(
            answer.header("etag"),
            Some(format!("W/\"{version}\"").as_str())
        );
        let updated: DateTime<Utc> = meta["lastUpdated"].as_str().unwrap().parse().unwrap();
        let modified = httpdate::parse_http_date(answer.header("last-modified").unwrap()).unwrap();
        let seconds = modified
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap()
            .as_secs();
        assert_eq!(i64::try_from(seconds).unwrap(), updated.timestamp());
    }
}

fn head_has_the_headers_of_get_and_no_body(world: &World) {
    for path in [
        "/Patient/1",
        "/Patient?name=Betz",
        "/Patient/999999",
        "/metadata",
        "/health/live",
        "/nothing",
        "/Patient/1/_history",
        "/Patient/1/_history/1",
        "/Patient/1?_format=xml",
        "/Patient/1?_format=html",
        "/Patient/1?_summary=true",
        "/metadata?_format=xml&_pretty=true",
    ] {
        let get = world.doctor().get(path);
        let head = world.doctor().send(&Method::HEAD, path, &[]);
        assert_eq!(head.status, get.status, "{path}");
        for name in [
            "content-type",
            "content-length",
            "etag",
            "last-modified",
            "cache-control",
            "vary",
        ] {
            assert_eq!(head.header(name), get.header(name), "{path} {name}");
        }
    }
}

fn answers_are_not_for_shared_caches(world: &World) {
    for path in ["/Patient/1", "/Patient", "/Patient/999999"] {
        let answer = world.doctor().get(path);
        let control = answer.header("cache-control").unwrap_or_default();
        assert!(
            control.contains("private") || control.contains("no-store"),
            "{path}: {control}"
        );
        let vary = answer.header("vary").unwrap_or_default().to_lowercase();
        assert!(vary.contains("authorization"), "{path}: {vary}");
    }
}

fn an_id_that_no_patient_has_is_not_found(world: &World) {
    for id in [
        "999999",
        "2147483647",
        "abc",
        "lab-1",
        "1.0",
        "1-1",
        &"9".repeat(64),
    ] {
        world
            .doctor()
            .get(&format!("/Patient/{id}"))
            .refused(404, "not-found");
    }
}

fn what_cannot_be_an_id_is_refused_and_never_an_error_of_the_server(world: &World) {
    let long = "1".repeat(400);
    let junk = [
        &long,
        "1;drop",
        "1;drop table party_party",
        "01",
        "0",
        "-1",
        "+1",
        "1 ",
        " 1",
        "1'",
        "1 OR 1=1",
        "*",
        "1,2",
        "99999999999999999999999999",
        "9223372036854775808",
        "2147483648",
        "4294967297",
        "é",
        "😀",
        "\u{0}",
        "\n",
        "1\u{0}",
        "1\r\nx: y",
        "1/../2",
        "..",
        "%",
        "%31",
        "~",
        "NaN",
        "0x1",
        "1e0",
        "_search",
        "null",
        "{{ secret_key }}",
    ];
    for id in junk {
        let answer = world.doctor().get(&format!("/Patient/{}", encoded(id)));
        assert!(
            matches!(answer.status, 400 | 404),
            "{id:?}: {}",
            answer.status
        );
        assert_eq!(answer.json()["resourceType"], "OperationOutcome", "{id:?}");
    }
    world
        .doctor()
        .get(&format!("/Patient/{long}"))
        .refused(400, "value");
    world.doctor().get("/Patient/1;drop").refused(400, "value");
}

fn writing_is_refused_with_what_is_allowed(world: &World) {
    let before = world
        .sql()
        .value("SELECT count(*) FROM gnuhealth_patient", &[]);
    let methods = [Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    for path in [
        "/Patient",
        "/Patient/1",
        "/Patient/999999",
        "/metadata",
        "/health/ready",
    ] {
        for method in &methods {
            let answer = world.doctor().send(method, path, &[]);
            answer.refused(405, "not-supported");
            let allowed: Vec<_> = answer
                .header("allow")
                .unwrap_or_default()
                .split(", ")
                .collect();
            assert_eq!(allowed, ["GET", "HEAD"], "{method} {path}");
        }
    }
    let after = world
        .sql()
        .value("SELECT count(*) FROM gnuhealth_patient", &[]);
    assert_eq!(before, after);
}

/// Every interaction of R4 that writes, on every kind of URL: none is served, and each is told what is (R4, RESTful API).
fn every_interaction_that_writes_is_refused_on_every_kind_of_url(world: &World) {
    let doctor = world.doctor();
    let read = "GET, HEAD";
    let writes = [Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let no_post = &writes[1..];
    for (path, methods, allowed) in [
        // create, conditional create; conditional update, patch and delete
        ("/Patient", &writes[..], read),
        ("/Patient/", &writes, read),
        ("/Patient?identifier=X1", &writes, read),
        ("/Observation?code=x&_count=1", &writes, read),
        // update, patch, delete
        ("/Patient/1", &writes, read),
        ("/Condition/1", &writes, read),
        ("/Practitioner/no-such-one", &writes, read),
        ("/Patient/1?_format=json", &writes, read),
        // a version, a history, a compartment
        ("/Patient/1/_history", &writes, read),
        ("/Patient/1/_history/1", &writes, read),
        ("/Patient/1/Observation", &writes, read),
        ("/Patient/_search", no_post, "POST"),
        ("/Patient/1/Observation/_search", no_post, "POST"),
        ("/Patient/$validate", no_post, "POST"),
        ("/Patient/1/$validate", no_post, "POST"),
        ("/Bundle/$validate", no_post, "POST"),
        // the whole system
        ("/", no_post, "GET, HEAD, POST"),
        ("/?identifier=X1", no_post, "GET, HEAD, POST"),
        ("/_search", no_post, "POST"),
        ("/metadata", &writes, read),
        ("/health/live", &writes, read),
    ] {
        for method in methods {
            let answer = doctor.send(method, path, &[("if-none-exist", "identifier=X1")]);
            answer.refused(405, "not-supported");
            assert_eq!(answer.header("allow"), Some(allowed), "{method} {path}");
        }
    }
    for path in [
        "/Patient/_search",
        "/Patient/1/Observation/_search",
        "/_search",
        "/Patient/$validate",
        "/Bundle/1/$validate",
    ] {
        let answer = doctor.get(path);
        answer.refused(405, "not-supported");
        assert_eq!(answer.header("allow"), Some("POST"), "{path}");
    }
    // one that is for proxies
    let answer = doctor.send(&Method::TRACE, "/Patient/1", &[]);
    assert_eq!((answer.status, answer.header("allow")), (405, Some(read)));
    // What is nowhere is not there for writing either; who is not signed in learns neither.
    for method in &writes {
        for path in [
            "/Encounter",
            "/Encounter/1",
            "/Patient/_history",
            "/Patient/$everything",
            "/Patient/1/$everything",
            "/Patient/1/2/3/4",
        ] {
            doctor.send(method, path, &[]).refused(404, "not-supported");
        }
        doctor
            .send(method, "/Patient/1;drop", &[])
            .refused(400, "value");
        for path in [
            "/Patient",
            "/Patient/1",
            "/Patient/1/_history",
            "/Patient/nothing/at/all",
        ] {
            world
                .anonymous()
                .send(method, path, &[])
                .refused(401, "login");
        }
    }
}

fn options_tells_what_is_allowed(world: &World) {
    for (path, allowed) in [
        ("/Patient", "GET, HEAD"),
        ("/Patient/1", "GET, HEAD"),
        ("/Patient/1/_history", "GET, HEAD"),
        ("/Patient/1/_history/1", "GET, HEAD"),
        ("/Patient/1/Observation", "GET, HEAD"),
        ("/Patient/_search", "POST"),
        ("/Patient/1/Observation/_search", "POST"),
        ("/Patient/$validate", "POST"),
        ("/Patient/1/$validate", "POST"),
        ("/Bundle/$validate", "POST"),
        ("/_search", "POST"),
        ("/", "GET, HEAD, POST"),
        ("/metadata", "GET, HEAD"),
        ("/health/live", "GET, HEAD"),
    ] {
        let answer = world.doctor().send(&Method::OPTIONS, path, &[]);
        assert_eq!(answer.status, 204, "{path}");
        let allowed = format!("{allowed}, OPTIONS");
        assert_eq!(answer.header("allow"), Some(allowed.as_str()), "{path}");
    }
    let stranger = world.anonymous().send(&Method::OPTIONS, "/Patient/1", &[]);
    stranger.refused(401, "login");
    let nowhere = world.doctor().send(&Method::OPTIONS, "/nothing", &[]);
    nowhere.refused(404, "not-supported");
}

fn what_is_not_served_is_told_as_an_outcome(world: &World) {
    let paths = [
        "/Encounter",
        "/Encounter/1",
        "/Nonsense/1",
        "/Patients",
        "/patient/1",
        "/Patientx/1",
        "/_history",
        "/$export",
        "/.well-known/nothing",
        "/health",
        "/health/x",
        "/metadata/x",
        "/index.html",
        "/Patient/1/_history/1/2",
        "/Patient/$everything",
        "/Patient/1/$everything",
        "/Patient/1/Encounter",
    ];
    for path in paths {
        world.doctor().get(path).refused(404, "not-supported");
    }
}

/// The interaction `history` on a type: a name that cannot be an id either, but is no mistake of the client's spelling.
fn the_history_of_the_type_is_not_served(world: &World) {
    let answer = world.doctor().get("/Patient/_history");
    answer.refused(404, "not-supported");
}

fn version_of(world: &World, id: i64) -> (String, Value) {
    let answer = world.doctor().get(&format!("/Patient/{id}"));
    (answer.header("etag").unwrap().to_owned(), answer.ok())
}

/// When the person of a patient was written; it is so again when this is dropped.
pub struct Written<'w> {
    world: &'w World,
    patient: i64,
    at: Value,
}

impl<'w> Written<'w> {
    pub fn of(world: &'w World, patient: i64) -> Self {
        let at = world.sql().value(
            &format!("SELECT q.write_date::text FROM gnuhealth_patient p JOIN party_party q ON q.id = p.{{party}} WHERE p.id = {patient}"),
            &[],
        );
        Self { world, patient, at }
    }
}

impl Drop for Written<'_> {
    fn drop(&mut self) {
        let at = self
            .at
            .as_str()
            .map_or("NULL".to_owned(), |at| format!("'{at}'"));
        self.world.sql().run(&format!(
            "UPDATE party_party SET write_date = {at} WHERE id = (SELECT {{party}} FROM gnuhealth_patient WHERE id = {})",
            self.patient
        ));
    }
}

fn a_change_of_the_person_shows_and_makes_another_version(world: &World) {
    let (before, patient) = version_of(world, 2);
    assert_eq!(patient["maritalStatus"]["coding"][0]["code"], "M");
    let written = Written::of(world, 2);
    let write = |status: &str| {
        world.sql().run(&format!(
            "UPDATE party_party SET marital_status = '{status}', write_date = clock_timestamp() AT TIME ZONE 'UTC' \
             WHERE id = (SELECT {{party}} FROM gnuhealth_patient WHERE id = 2)"
        ));
    };
    write("d");
    let (after, patient) = version_of(world, 2);
    write("m");
    drop(written);
    assert_eq!(patient["maritalStatus"]["coding"][0]["code"], "D");
    assert_ne!(before, after);
    assert_eq!(
        after,
        format!("W/\"{}\"", patient["meta"]["versionId"].as_str().unwrap())
    );
}

/// R4, `meta.versionId`: it changes each time the content of the resource changes. Tryton writes the date of the changed
/// record only.
fn a_change_of_what_belongs_to_the_person_makes_another_version(world: &World) {
    let (before, _) = version_of(world, 3);
    world.sql().run(
        "INSERT INTO party_contact_mechanism (id, party, type, value, active, create_date) \
         SELECT 900000, {party}, 'phone', '+34 928 555 555', true, clock_timestamp() AT TIME ZONE 'UTC' \
         FROM gnuhealth_patient WHERE id = 3",
    );
    let (after, patient) = version_of(world, 3);
    world
        .sql()
        .run("DELETE FROM party_contact_mechanism WHERE id = 900000");
    assert!(
        patient["telecom"].to_string().contains("+34 928 555 555"),
        "{patient}"
    );
    assert_ne!(before, after, "another telephone number, the same version");
}

fn a_patient_who_is_deleted_is_not_found(world: &World) {
    let newcomers = Newcomers(world);
    newcomers.come(NEW);
    let path = format!("/Patient/{NEW}");
    assert_eq!(world.doctor().get(&path).ok()["id"], NEW.to_string());
    drop(newcomers);
    world.doctor().get(&path).refused(404, "not-found");
}
