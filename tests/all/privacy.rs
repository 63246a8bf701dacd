//! The log: a line for each request, and nothing of a patient or a password in it.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use crate::http::basic;
use crate::users::{ExtraUser, PASSWORD, forget_attempts};
use crate::world::{World, becomes, encoded, folder};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        every_request_has_a_line_under_its_id,
        no_name_identifier_password_or_search_value_is_in_any_log,
    ]
}

/// The log line of a request.
fn line(world: &World, request: &str) -> Value {
    let mut found = None;
    becomes(Duration::from_secs(5), || {
        let parsed = |line: &str| serde_json::from_str::<Value>(&line[line.find('{')?..]).ok();
        let log = world.log();
        found = log
            .lines()
            .filter_map(parsed)
            .find(|line| line["request"] == request);
        found.is_some()
    });
    found.unwrap_or_else(|| panic!("no line of the request {request}"))
}

fn every_request_has_a_line_under_its_id(world: &World) {
    let doctor = world
        .sql()
        .value("SELECT id FROM res_user WHERE login = 'doctor'", &[]);
    let cases = [
        ("/Patient/1", "read", 200, Some(1)),
        ("/Patient?family=Betz", "search-type", 200, Some(4)),
        ("/Patient/999999", "read", 404, None),
        ("/Patient?birthdate=x", "search-type", 400, None),
    ];
    for (path, interaction, status, count) in cases {
        let answer = world.doctor().get(path);
        let line = line(world, answer.header("x-request-id").unwrap());
        assert_eq!(line["user"], doctor, "{line}");
        assert_eq!(line["type"], "Patient", "{line}");
        assert_eq!(line["interaction"], interaction, "{line}");
        assert_eq!(line["status"], status, "{line}");
        assert_eq!(line["count"].as_u64(), count, "{line}");
        assert!(
            line["ms"].is_u64() && line["time"].as_str().unwrap().ends_with('Z'),
            "{line}"
        );
    }
    let refused = world.anonymous().get("/Patient/1");
    let line = line(world, refused.header("x-request-id").unwrap());
    assert_eq!(line["status"], 401, "{line}");
    assert!(line.get("user").is_none(), "{line}");
}

fn no_name_identifier_password_or_search_value_is_in_any_log(world: &World) {
    // Values that no other test sends, so that it is known which request they would come from.
    let searched = ["Quetzalcoatl", "Xochiquetzal", "1903-07-19", "ZZ-987654"];
    let [family, given, birth_date, identifier] = searched;
    world
        .search(&[
            ("family", family),
            ("given:exact", given),
            ("birthdate", birth_date),
            ("identifier", identifier),
        ])
        .ok();
    world.search(&[("shoe-size", searched[0])]).ok();
    world
        .search(&[("birthdate", searched[1])])
        .refused(400, "value");
    world
        .doctor()
        .get(&format!("/Patient/{}", searched[3]))
        .refused(404, "not-found");
    let doctor = world.doctor();
    let form = format!("family={family}&birthdate={birth_date}");
    doctor.post("/Patient/_search", &form, &[]).ok();
    doctor.post("/_search", &form, &[]).ok();
    doctor.get(&format!(
        "/?_type=Patient&identifier={identifier}&birthdate={given}"
    ));
    let entry =
        serde_json::json!({"request": {"method": "GET", "url": format!("Patient?given={given}")}});
    let batch = serde_json::json!({"resourceType": "Bundle", "type": "batch", "entry": [entry]});
    let json = [("content-type", "application/fhir+json")];
    doctor.post("/", &batch.to_string(), &json).ok();
    world
        .anonymous()
        .with_credentials(searched[0], searched[1])
        .get("/Patient/1")
        .refused(401, "login");

    let mut secrets: BTreeSet<String> = searched.map(str::to_owned).into();
    secrets.extend(world.users().iter().map(|user| user.password.clone()));
    secrets.insert(world.secret().to_owned());
    secrets.extend(secrets_of_signing_in(world));
    secrets.extend(texts_of_patients(world));
    // Words that a log has for other reasons, or too short to mean anything.
    secrets.retain(|text| text.chars().count() > 4 && text != "Patient");
    assert!(secrets.len() > 200, "{}", secrets.len());

    let mut lines = 0;
    for entry in std::fs::read_dir(folder()).unwrap().flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "log") {
            let log = std::fs::read_to_string(&path).unwrap();
            lines += log.lines().count();
            let found: Vec<_> = secrets.iter().filter(|text| log.contains(*text)).collect();
            assert!(found.is_empty(), "{} contains {found:?}", path.display());
        }
    }
    assert!(lines > 10, "the logs are empty");
}

/// Keys and tokens that were used just now in every way, and all that are stored.
fn secrets_of_signing_in(world: &World) -> Vec<String> {
    let user = ExtraUser::usual(world, "private");
    let key = "5eC2e7".to_lowercase().repeat(11)[..64].to_owned();
    let token = user.session(&key, "0 s");
    let application = "a99c1e".repeat(22)[..128].to_owned();
    for credentials in [&token, &application] {
        let client = world.anonymous();
        for scheme in ["Bearer", "Session"] {
            client
                .with_authorization(&format!("{scheme} {credentials}"))
                .get("/Patient/1");
        }
        let cookie = format!("gnuhealth-session={credentials}");
        client.get_with("/Patient/1", &[("cookie", &cookie)]);
        // The component that answers has others asked with them.
        client.get_with("/?_type=Patient&_count=1", &[("cookie", &cookie)]);
        client
            .with_authorization(&format!("Bearer {credentials}"))
            .get("/?_type=Patient&_count=1");
        let form = format!("token={}", encoded(credentials));
        client.post("/auth/revoke", &form, &[]);
        client.post(
            "/auth/token",
            &format!("grant_type=password&username=x-private&password={form}"),
            &[],
        );
    }
    forget_attempts(world, "x-private");
    user.client(PASSWORD).get("/Patient/1");
    user.client(PASSWORD).get("/?_type=Patient&_count=1");
    user.client("wrong-Ocelotl").get("/Patient/1");
    let stored = world.sql().rows(
        "SELECT key FROM ir_session UNION SELECT key FROM res_user_application \
         UNION SELECT password_reset FROM res_user WHERE password_reset IS NOT NULL",
        &[],
    );
    let stored = stored
        .iter()
        .filter_map(|row| row["key"].as_str().map(str::to_owned));
    let header = basic(&user.login, PASSWORD);
    let encoded = header.trim_start_matches("Basic ");
    let sent = [
        &token,
        &key,
        &application,
        PASSWORD,
        encoded,
        "wrong-Ocelotl",
    ];
    stored.chain(sent.map(str::to_owned)).collect()
}

fn texts_of_patients(world: &World) -> Vec<String> {
    let rows = world.sql().rows(
        "WITH q AS (SELECT q.* FROM party_party q JOIN gnuhealth_patient p ON p.{party} = q.id)
         SELECT unnest(array[q.name, q.lastname, q.ref, q.federation_account]) AS text FROM q
         UNION SELECT unnest(array[n.given, n.family]) FROM gnuhealth_person_name n JOIN q ON q.id = n.party
         UNION SELECT a.code FROM gnuhealth_person_alternative_identification a JOIN q ON q.id = a.{party}
         UNION SELECT c.value FROM party_contact_mechanism c JOIN q ON q.id = c.party
         UNION SELECT a.street FROM party_address a JOIN q ON q.id = a.party
         UNION SELECT password_hash FROM res_user",
        &[],
    );
    let texts = rows.iter().filter_map(|row| row["text"].as_str());
    texts.map(|text| text.trim().to_owned()).collect()
}
