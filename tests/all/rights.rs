//! What a user may read: Tryton's model access, field access and record rules.

use serde_json::{Value, json};

use crate::world::{EFFECT, World, ids};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        denied_fields_are_absent_and_all_else_is_there,
        who_is_denied_nothing_sees_what_the_doctor_sees,
    ]
}

pub fn tests_that_change_rights() -> Vec<Test> {
    tests![
        a_model_closed_to_all_but_a_group_is_open_to_it_and_its_children,
        a_field_denied_is_gone_from_resource_and_search_within_seconds,
        a_related_model_denied_is_gone_from_resource_and_search,
    ]
}

fn denied_fields_are_absent_and_all_else_is_there(world: &World) {
    let restricted = world.as_user("restricted");
    let bundle = restricted.get("/Patient?_count=1000").ok();
    let entries = bundle["entry"].as_array().unwrap();
    assert_eq!(entries.len(), world.patients().len());
    let mut denied = 0;
    for entry in entries {
        let (seen, id) = (
            &entry["resource"],
            entry["resource"]["id"].as_str().unwrap(),
        );
        let mut expected = world.patients()[&id.parse().unwrap()].clone();
        for element in ["photo", "maritalStatus"] {
            denied += usize::from(expected.as_object_mut().unwrap().remove(element).is_some());
        }
        assert_eq!(seen, &expected, "{id}");
        assert_eq!(restricted.get(&format!("/Patient/{id}")).ok(), expected);
    }
    assert!(denied > 10, "the doctor sees the denied fields: {denied}");
    assert!(world.patients()[&1]["photo"].is_array());
}

fn who_is_denied_nothing_sees_what_the_doctor_sees(world: &World) {
    for login in [
        "admin",
        "frontdesk",
        "nurse",
        "lab",
        "nogroup",
        "nolab",
        "child",
    ] {
        let seen = world.as_user(login).get("/Patient/1").ok();
        assert_eq!(seen, world.patients()[&1], "{login}");
    }
}

/// A change of rights that has taken effect; undone when dropped, also when the test has failed.
pub struct Change<'w> {
    world: &'w World,
    undo: &'static str,
}

impl<'w> Change<'w> {
    pub fn make(world: &'w World, statement: &str, undo: &'static str) -> Self {
        let change = Self { world, undo };
        world.sql().run(statement);
        std::thread::sleep(EFFECT);
        change
    }
}

impl Drop for Change<'_> {
    fn drop(&mut self) {
        self.world.sql().run(self.undo);
        std::thread::sleep(EFFECT);
    }
}

/// Reads patient 1, several times: each instance of the component remembers rights of its own.
fn patient_of(world: &World, login: &str) -> (u16, Value) {
    let client = world.as_user(login);
    let answers: Vec<_> = (0..5).map(|_| client.get("/Patient/1")).collect();
    for answer in &answers[1..] {
        assert_eq!(answer.status, answers[0].status, "{login}");
    }
    (answers[0].status, answers[0].json())
}

fn a_model_closed_to_all_but_a_group_is_open_to_it_and_its_children(world: &World) {
    assert_eq!(patient_of(world, "nogroup").0, 200);
    let change = Change::make(
        world,
        "UPDATE ir_model_access a SET perm_read = false FROM ir_model m \
         WHERE a.model = m.id AND m.model = 'gnuhealth.patient' AND a.\"group\" IS NULL",
        "UPDATE ir_model_access a SET perm_read = true FROM ir_model m \
         WHERE a.model = m.id AND m.model = 'gnuhealth.patient' AND a.\"group\" IS NULL",
    );
    for login in ["nogroup", "nolab"] {
        for path in [
            "/Patient/1",
            "/Patient",
            "/Patient?_count=0",
            "/Patient?_id=1",
            "/Patient/999999",
            "/?_type=Patient",
            "/?_type=Patient&_count=0",
        ] {
            let reason = world.as_user(login).get(path).refused(403, "forbidden");
            assert!(reason.contains("gnuhealth.patient"), "{path}: {reason}");
        }
        let entry = json!({"request": {"method": "GET", "url": "Patient/1"}});
        let batch = json!({"resourceType": "Bundle", "type": "batch", "entry": [entry]});
        let json = [("content-type", "application/fhir+json")];
        let answered = world.as_user(login).post("/", &batch.to_string(), &json);
        let response = &answered.ok()["entry"][0]["response"];
        assert_eq!(response["status"], "403 Forbidden", "{response}");
    }
    for login in ["doctor", "frontdesk", "child", "restricted"] {
        assert_eq!(patient_of(world, login).0, 200, "{login}");
    }
    drop(change);
    assert_eq!(patient_of(world, "nogroup").0, 200);
}

fn a_field_denied_is_gone_from_resource_and_search_within_seconds(world: &World) {
    assert_eq!(patient_of(world, "restricted").1["birthDate"], "1985-10-04");
    let change = Change::make(
        world,
        "INSERT INTO ir_model_field_access SELECT (jsonb_populate_record(a, jsonb_build_object('id', 900000, 'field', \
         (SELECT f.id FROM ir_model_field f JOIN ir_model m ON m.id = f.model \
          WHERE m.model = 'party.party' AND f.name = 'dob')))).* \
         FROM ir_model_field_access a JOIN ir_model_field f ON f.id = a.field WHERE f.name = 'photo' LIMIT 1",
        "DELETE FROM ir_model_field_access WHERE id = 900000",
    );
    assert_eq!(patient_of(world, "restricted").1["birthDate"], Value::Null);
    for query in [
        "birthdate=1985-10-04",
        "birthdate=ne1985",
        "birthdate:missing=true",
        "birthdate=1985&name=Betz",
    ] {
        let answer = world
            .as_user("restricted")
            .get(&format!("/Patient?{query}"));
        let reason = answer.refused(403, "forbidden");
        assert!(reason.contains("birthdate"), "{query}: {reason}");
    }
    let others = world
        .as_user("restricted")
        .get("/Patient?family=Betz&given=Ana");
    assert!(ids(&others.ok()).contains(&1));
    assert_eq!(patient_of(world, "doctor").1["birthDate"], "1985-10-04");
    drop(change);
    assert_eq!(patient_of(world, "restricted").1["birthDate"], "1985-10-04");
}

fn a_related_model_denied_is_gone_from_resource_and_search(world: &World) {
    let maiden_name = |login| {
        patient_of(world, login).1["name"]
            .to_string()
            .contains("maiden")
    };
    assert!(maiden_name("nogroup"));
    let change = Change::make(
        world,
        "INSERT INTO ir_model_access SELECT (jsonb_populate_record(a, jsonb_build_object('id', 900000, 'perm_read', false, \
         'model', (SELECT id FROM ir_model WHERE model = 'gnuhealth.person_name')))).* \
         FROM ir_model_access a JOIN ir_model m ON m.id = a.model \
         WHERE m.model = 'gnuhealth.patient' AND a.\"group\" IS NULL",
        "DELETE FROM ir_model_access WHERE id = 900000",
    );
    assert!(!maiden_name("nogroup"));
    for query in ["name=x", "family=x", "given=x", "name:missing=true"] {
        let answer = world.as_user("nogroup").get(&format!("/Patient?{query}"));
        answer.refused(403, "forbidden");
    }
    drop(change);
    assert!(maiden_name("nogroup"));
}
