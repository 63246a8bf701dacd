//! What is in a MedicationStatement: for everything that patients take and inpatients are given, against what SQL says of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::content::{list, object, text};
use crate::dosages::{COLUMNS, JOINS, dosage, leads, moment, reason, reason_of};
use crate::rights::Change;
use crate::world::{SYSTEMS, World, encoded, finds, resources};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        every_medication_of_a_patient_and_of_a_stay_is_a_statement,
        a_statement_has_its_status_and_reason,
        a_statement_says_which_drug_of_whom_by_whom_and_why,
        a_statement_says_since_when_and_until_when,
        a_statement_has_the_dosage,
        a_statement_has_its_notes_and_its_prescription,
        a_statement_of_a_stay_says_so,
        of_hidden_patients_there_are_no_statements,
        who_may_not_read_medications_is_refused,
        searches_find_what_is_shown,
    ]
}

pub fn tests_that_change_data() -> Vec<Test> {
    tests![
        what_ended_a_treatment_counts,
        a_treatment_that_ends_before_it_starts_has_no_end,
        times_of_the_day_of_an_inpatient_are_shown,
        a_denied_field_is_in_no_statement,
    ]
}

/// The demo fills few columns of what inpatients are given: the rest is compared in the same way.
fn rows(world: &World) -> &'static BTreeMap<String, Value> {
    static ROWS_READ: OnceLock<BTreeMap<String, Value>> = OnceLock::new();
    ROWS_READ.get_or_init(|| {
        let patient = "SELECT concat_ws(', ', btrim(q.lastname), btrim(q.name)) FROM gnuhealth_patient a \
            JOIN party_party q ON q.id = a.{party} WHERE to_jsonb(a.id)";
        let outside = format!(
            "SELECT {COLUMNS}, o.prescription_id, coalesce(to_jsonb(m) -> 'patient', to_jsonb(m) -> 'name') AS patient,
                ({patient} = coalesce(to_jsonb(m) -> 'patient', to_jsonb(m) -> 'name')) AS name,
                (SELECT jsonb_agg('MedicationRequest/' || l.id ORDER BY l.id) FROM gnuhealth_prescription_line l
                    WHERE coalesce(to_jsonb(l) -> 'presc_order', to_jsonb(l) -> 'name') = to_jsonb(o.id)
                    AND l.medicament = m.medicament) AS lines
            FROM gnuhealth_patient_medication m {JOINS} LEFT JOIN gnuhealth_prescription_order o ON o.id = m.prescription
            ORDER BY m.id");
        let inside = format!(
            "SELECT {COLUMNS}, s.name AS stay, s.patient, ({patient} = to_jsonb(s.patient)) AS name
            FROM gnuhealth_inpatient_medication m {JOINS} JOIN gnuhealth_inpatient_registration s
                ON to_jsonb(s.id) = coalesce(to_jsonb(m) -> 'registration', to_jsonb(m) -> 'name') ORDER BY m.id");
        let of = |query: &str, prefix: &str| {
            let rows = world.sql().rows(query, &[]).into_iter();
            rows.map(|row| (format!("{prefix}{}", row["id"]), row)).collect::<Vec<_>>()
        };
        let all = of(&outside, "").into_iter().chain(of(&inside, "inpatient-"));
        all.collect()
    })
}

fn is_of_stay(row: &Value) -> bool {
    row.get("stay").is_some()
}

#[track_caller]
fn compare(
    world: &World,
    some: usize,
    of_resource: impl Fn(&Value) -> Value,
    of_row: impl Fn(&Value) -> Value,
) {
    let (all, mut different, mut compared) = (world.all("MedicationStatement"), Vec::new(), 0);
    for (id, row) in rows(world) {
        let (found, expected) = (of_resource(&all[id]), of_row(row));
        if found != expected {
            different.push(format!(
                "MedicationStatement/{id}: {found}, but the database has {expected}"
            ));
        }
        compared += usize::from(!expected.is_null() && expected != json!([]));
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert!(compared >= some, "only {compared} statements have a value");
}

fn every_medication_of_a_patient_and_of_a_stay_is_a_statement(world: &World) {
    let all = world.all("MedicationStatement");
    assert_eq!(
        all.keys().collect::<BTreeSet<_>>(),
        rows(world).keys().collect()
    );
    let of_stays = rows(world).values().filter(|row| is_of_stay(row)).count();
    assert!(
        of_stays > 2 && all.len() - of_stays > 80,
        "{of_stays} of {}",
        all.len()
    );
    for (id, statement) in all.iter().step_by(11) {
        assert_eq!(
            &world
                .doctor()
                .get(&format!("/MedicationStatement/{id}"))
                .ok(),
            statement
        );
    }
}

fn a_statement_has_its_status_and_reason(world: &World) {
    let found = |statement: &Value| json!([statement["status"], statement["statusReason"]]);
    let of_row = |row: &Value| {
        let m = &row["m"];
        let reason = text(&m["discontinued_reason"]);
        if m["discontinued"] == true {
            let reason = reason.is_string().then(|| json!([{"text": reason}]));
            return json!(["stopped", reason]);
        }
        let status = match (&m["course_completed"], &m["is_active"]) {
            (Value::Bool(true), _) => "completed",
            (_, Value::Bool(true)) => "active",
            _ => "unknown",
        };
        json!([status, null])
    };
    compare(world, 80, found, of_row);
    let all = world.all("MedicationStatement");
    let statuses: BTreeSet<&str> = all
        .values()
        .filter_map(|each| each["status"].as_str())
        .collect();
    assert!(statuses.len() >= 3, "{statuses:?}");
}

fn a_statement_says_which_drug_of_whom_by_whom_and_why(world: &World) {
    let found = |statement: &Value| {
        json!([
            leads(&statement["medicationReference"]),
            leads(&statement["subject"]),
            statement["informationSource"]["reference"],
            reason(&statement["reasonCode"][0]),
            list(&statement["reasonCode"]).len()
        ])
    };
    let of_row = |row: &Value| {
        let m = &row["m"];
        let doctor = m["healthprof"]
            .as_i64()
            .map(|id| format!("Practitioner/{id}"));
        json!([
            [
                format!("Medication/{}", m["medicament"]),
                text(&row["drug"])
            ],
            [format!("Patient/{}", row["patient"]), text(&row["name"])],
            doctor,
            reason_of(row),
            usize::from(!row["pathology"].is_null())
        ])
    };
    compare(world, 80, found, of_row);
    assert!(rows(world).values().any(|row| row["pathology"].is_null()));
}

fn a_statement_says_since_when_and_until_when(world: &World) {
    let found = |statement: &Value| {
        json!([
            statement["effectivePeriod"]["start"],
            statement["effectivePeriod"]["end"],
            statement["dateAsserted"]
        ])
    };
    let of_row = |row: &Value| {
        let m = &row["m"];
        json!([
            moment(&m["start_treatment"]),
            moment(&m["end_treatment"]),
            row["recorded"]
        ])
    };
    compare(world, 80, found, of_row);
    let ended = rows(world)
        .values()
        .filter(|row| row["m"]["end_treatment"].is_string());
    assert!(ended.count() > 20);
}

fn a_statement_has_the_dosage(world: &World) {
    let found = |statement: &Value| {
        assert!(list(&statement["dosage"]).len() < 2);
        statement["dosage"][0].clone()
    };
    compare(world, 80, found, |row| dosage(row, Value::Null));
    let shown = world.all("MedicationStatement");
    let has = |pointer: &str| {
        let some = shown
            .values()
            .filter(|each| each.pointer(pointer).is_some());
        assert!(some.count() > 0, "{pointer}");
    };
    for pointer in [
        "/dosage/0/timing/repeat/timeOfDay/2",
        "/dosage/0/timing/repeat/period",
        "/dosage/0/timing/repeat/boundsDuration/code",
        "/dosage/0/asNeededBoolean",
        "/dosage/0/doseAndRate/0/rateQuantity/code",
    ] {
        has(pointer);
    }
    let zero = shown.values().filter(|each| {
        let dose = &each["dosage"][0]["doseAndRate"][0]["doseQuantity"]["value"];
        dose.as_f64() == Some(0.0)
    });
    assert!(zero.count() > 0);
}

fn a_statement_has_its_notes_and_its_prescription(world: &World) {
    let found = |statement: &Value| {
        let notes: Vec<_> = list(&statement["note"])
            .iter()
            .map(|note| &note["text"])
            .collect();
        let requests: Vec<_> = list(&statement["basedOn"])
            .iter()
            .map(|request| &request["reference"])
            .collect();
        object(json!({"notes": notes, "requests": requests}))
    };
    let of_row = |row: &Value| {
        let notes = [
            text(&row["m"]["adverse_reaction"]),
            text(&row["m"]["notes"]),
        ];
        let notes: Vec<_> = notes.into_iter().filter(|note| !note.is_null()).collect();
        object(json!({"notes": notes, "requests": row["lines"]}))
    };
    compare(world, 10, found, of_row);
    let prescribed = rows(world)
        .values()
        .filter(|row| row["m"]["prescription"].is_i64());
    assert!(prescribed.count() > 0);
    // what it is based on is there
    let requests = world.all("MedicationRequest");
    for statement in world.all("MedicationStatement").values() {
        for request in list(&statement["basedOn"]) {
            let id = request["reference"]
                .as_str()
                .unwrap()
                .strip_prefix("MedicationRequest/")
                .unwrap();
            assert_eq!(
                requests[id]["medicationReference"],
                statement["medicationReference"]
            );
            assert_eq!(requests[id]["subject"], statement["subject"]);
        }
    }
}

fn a_statement_of_a_stay_says_so(world: &World) {
    let found = |statement: &Value| {
        json!([
            statement["category"]["coding"][0]["code"],
            statement["context"]["type"],
            statement["context"]["identifier"]
        ])
    };
    let of_row = |row: &Value| {
        if !is_of_stay(row) {
            return json!([null, null, null]);
        }
        let system = format!("{SYSTEMS}/inpatient-registration");
        json!(["inpatient", "Encounter", {"system": system, "value": row["stay"]}])
    };
    compare(world, 80, found, of_row);
}

fn of_hidden_patients_there_are_no_statements(world: &World) {
    let own = world.sql().rows(
        "SELECT id FROM gnuhealth_patient WHERE primary_care_doctor = 1",
        &[],
    );
    let own: BTreeSet<Option<i64>> = own.iter().map(|row| row["id"].as_i64()).collect();
    let expected: BTreeSet<&String> = rows(world)
        .iter()
        .filter(|(_, row)| own.contains(&row["patient"].as_i64()))
        .map(|(id, _)| id)
        .collect();
    let user = world.as_user("ownpatients");
    let found = resources(&user, "/MedicationStatement?_count=1000");
    assert_eq!(found.keys().collect::<BTreeSet<_>>(), expected);
    assert!(expected.len() > 10 && expected.len() < rows(world).len());
    let is_hidden = |inside: bool| {
        let mut all = rows(world).iter();
        all.find(|(id, row)| is_of_stay(row) == inside && !expected.contains(id))
    };
    for (id, _) in [is_hidden(false), is_hidden(true)].into_iter().flatten() {
        user.get(&format!("/MedicationStatement/{id}"))
            .refused(404, "not-found");
    }
}

/// GNU Health restricts the medications of stays to nobody; the stays themselves it does.
fn who_may_not_read_medications_is_refused(world: &World) {
    let nobody = world.as_user("nogroup");
    let ids = [false, true].map(|inside| {
        let mut all = rows(world).iter();
        all.find(|(_, row)| is_of_stay(row) == inside).unwrap().0
    });
    for id in ids {
        let path = format!("/MedicationStatement/{id}");
        nobody.get(&path).refused(403, "forbidden");
    }
    for path in ["/MedicationStatement", "/MedicationStatement?status=active"] {
        nobody.get(path).refused(403, "forbidden");
    }
}

fn searches_find_what_is_shown(world: &World) {
    let all = world.all("MedicationStatement");
    type Shown = Box<dyn Fn(&Value) -> bool>;
    let is = |pointer: &'static str, value: &str| -> Shown {
        let value = value.to_owned();
        Box::new(move |shown| {
            shown.pointer(pointer).and_then(Value::as_str) == Some(value.as_str())
        })
    };
    let stay = rows(world).values().find(|row| is_of_stay(row)).unwrap();
    let code = stay["stay"].as_str().unwrap();
    let drug = format!("Medication/{}", stay["m"]["medicament"]);
    let started = |shown: &Value| {
        shown["effectivePeriod"]["start"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let cases: Vec<(String, Shown)> = vec![
        ("status=active".into(), is("/status", "active")),
        ("status=stopped".into(), is("/status", "stopped")),
        ("status=completed".into(), is("/status", "completed")),
        (
            "category=inpatient".into(),
            is("/category/coding/0/code", "inpatient"),
        ),
        (
            format!("medication={drug}"),
            is("/medicationReference/reference", &drug),
        ),
        ("patient=2".into(), is("/subject/reference", "Patient/2")),
        (
            format!("subject=Patient/{}", stay["patient"]),
            is(
                "/subject/reference",
                &format!("Patient/{}", stay["patient"]),
            ),
        ),
        (
            "source=Practitioner/1".into(),
            is("/informationSource/reference", "Practitioner/1"),
        ),
        (
            format!("context:identifier={}", encoded(code)),
            is("/context/identifier/value", code),
        ),
        (
            format!(
                "context:identifier={}",
                encoded(&format!("{SYSTEMS}/inpatient-registration|{code}"))
            ),
            is("/context/identifier/value", code),
        ),
        (
            "effective=sa2026-07-01T00:00:00Z".into(),
            Box::new(move |shown| started(shown).as_str() > "2026-07-01T00:00:00Z"),
        ),
        (
            "effective=eb2026-10-01T00:00:00Z".into(),
            Box::new(|shown| {
                let end = shown["effectivePeriod"]["end"].as_str();
                end.is_some_and(|end| end < "2026-10-01T00:00:00Z")
            }),
        ),
        (
            "medication.status=active&medication.form=TAB".into(),
            Box::new({
                let drugs = world.all("Medication");
                move |shown| {
                    let id = shown["medicationReference"]["reference"].as_str().unwrap();
                    let drug = &drugs[id.strip_prefix("Medication/").unwrap()];
                    drug["status"] == "active" && drug["form"]["coding"][0]["code"] == "TAB"
                }
            }),
        ),
    ];
    for (query, shown) in cases {
        let expected: BTreeSet<&String> = all
            .iter()
            .filter(|(_, found)| shown(found))
            .map(|(id, _)| id)
            .collect();
        let path = format!("/MedicationStatement?{query}&_count=1000");
        let found = resources(&world.doctor(), &path);
        assert_eq!(found.keys().collect::<BTreeSet<_>>(), expected, "{query}");
        assert!(
            !expected.is_empty() && expected.len() < all.len(),
            "{query}: {}",
            expected.len()
        );
    }
}

const MADE: i64 = 900_401;

/// A medication of patient 2; gone when this is dropped.
struct Made<'w>(&'w World);

impl<'w> Made<'w> {
    fn of(world: &'w World, columns: &str, values: &str) -> Self {
        let patient = if world.sql().party() == "party" {
            "patient"
        } else {
            "name"
        };
        let made = Self(world);
        world.sql().run(&format!(
            "INSERT INTO gnuhealth_patient_medication (id, {patient}, medicament, {columns}) VALUES ({MADE}, 2, 1, {values})"
        ));
        made
    }

    fn read(&self) -> Value {
        self.0
            .doctor()
            .get(&format!("/MedicationStatement/{MADE}"))
            .ok()
    }

    fn is_found(&self, query: &str) -> bool {
        finds(&self.0.doctor(), "MedicationStatement", query, &MADE)
    }
}

impl Drop for Made<'_> {
    fn drop(&mut self) {
        self.0.sql().run(&format!(
            "DELETE FROM gnuhealth_patient_medication WHERE id = {MADE}"
        ));
    }
}

fn what_ended_a_treatment_counts(world: &World) {
    for (flags, status) in [
        ("true, true, true", "stopped"),
        ("true, false, true", "completed"),
        ("true, NULL, NULL", "active"),
        ("false, false, false", "unknown"),
        ("NULL, NULL, NULL", "unknown"),
    ] {
        let made = Made::of(
            world,
            "is_active, discontinued, course_completed, discontinued_reason",
            &format!("{flags}, E' Rash \\n'"),
        );
        let shown = made.read();
        assert_eq!(shown["status"], status, "{flags}");
        let reason = &shown["statusReason"][0]["text"];
        assert_eq!(reason.as_str(), (status == "stopped").then_some("Rash"));
        for other in ["stopped", "completed", "active", "unknown"] {
            assert_eq!(
                made.is_found(&format!("status={other}")),
                other == status,
                "{flags}"
            );
        }
    }
}

fn a_treatment_that_ends_before_it_starts_has_no_end(world: &World) {
    let made = Made::of(
        world,
        "start_treatment, end_treatment, dose, qty, frequency, frequency_unit, duration, duration_period, admin_times",
        "'2001-05-02 10:00', '2001-05-01 10:00', -1.5, -3, -8, 'hours', -2, 'days', '7, 19:30'",
    );
    let shown = made.read();
    assert_eq!(
        shown["effectivePeriod"],
        json!({"start": "2001-05-02T10:00:00Z"})
    );
    assert!(made.is_found("effective=gt2020") && !made.is_found("effective=eb2020"));
    let dosage = &shown["dosage"][0];
    assert_eq!(dosage["text"], "-1.5 x -3, (7, 19:30)");
    assert_eq!(
        dosage["doseAndRate"],
        json!([{"doseQuantity": {"value": -1.5}}])
    );
    assert_eq!(
        dosage["timing"],
        json!({"repeat": {"timeOfDay": ["07:00:00", "19:30:00"]}})
    );
    drop(made);
    let made = Made::of(world, "end_treatment", "'2001-05-01 10:00'");
    assert_eq!(
        made.read()["effectivePeriod"],
        json!({"end": "2001-05-01T10:00:00Z"})
    );
    assert!(made.is_found("effective=lt1990") && made.is_found("effective=eb2001-06"));
    drop(made);
    let made = Made::of(world, "notes", "NULL");
    let shown = made.read();
    assert!(shown.get("effectivePeriod").is_none() && shown.get("dosage").is_none());
    assert!(made.is_found("effective:missing=true") && made.is_found("source:missing=true"));
}

fn times_of_the_day_of_an_inpatient_are_shown(world: &World) {
    let row = world.sql().rows(
        "SELECT min(id) AS id FROM gnuhealth_inpatient_medication",
        &[],
    );
    let id = row[0]["id"].as_i64().unwrap();
    let column = if world.sql().party() == "party" {
        "medication"
    } else {
        "name"
    };
    let times = |values: &str| {
        world.sql().run(&format!(
            "UPDATE gnuhealth_inpatient_medication SET frequency = 0 WHERE id = {id}; \
             DELETE FROM gnuhealth_inpatient_medication_admin_time WHERE id >= {MADE}; \
             INSERT INTO gnuhealth_inpatient_medication_admin_time (id, {column}, admin_time, dose, remarks) VALUES {values}"
        ));
        let shown = world
            .doctor()
            .get(&format!("/MedicationStatement/inpatient-{id}"))
            .ok();
        let repeat = shown["dosage"][0]["timing"]["repeat"]["timeOfDay"].clone();
        (
            repeat,
            shown["dosage"][0]["text"].as_str().unwrap().to_owned(),
        )
    };
    let (hours, words) = times(&format!(
        "({MADE}, {id}, '20:15', NULL, NULL), ({MADE} + 1, {id}, '08:00', NULL, 'with water')"
    ));
    assert_eq!(hours, json!(["08:00:00", "20:15:00"]));
    assert!(words.ends_with("(08:00 with water, 20:15)"), "{words}");
    let (hours, words) = times(&format!("({MADE}, {id}, '20:15', 0.5, NULL)"));
    assert!(hours.is_null() && words.ends_with("(20:15 0.5)"), "{words}");
    world.sql().run(&format!(
        "DELETE FROM gnuhealth_inpatient_medication_admin_time WHERE id >= {MADE}; \
         UPDATE gnuhealth_inpatient_medication SET frequency = 8 WHERE id = {id}"
    ));
}

/// Who may not read what ended a treatment is told no status, and may not search it.
fn a_denied_field_is_in_no_statement(world: &World) {
    let user = world.as_user("restricted");
    let shown = || {
        let found = resources(&user, "/MedicationStatement?_count=1000").into_iter();
        found
            .filter(|(id, _)| !id.starts_with("inpatient-"))
            .map(|(_, statement)| {
                json!([statement["status"], statement["statusReason"][0]["text"]])
            })
            .collect::<Vec<_>>()
    };
    let before = shown();
    assert!(before.contains(&json!(["stopped", "Nausea"])) && before.len() > 80);
    let change = Change::make(
        world,
        "INSERT INTO ir_model_field_access SELECT (jsonb_populate_record(a, jsonb_build_object('id', 900000, 'field', \
         (SELECT f.id FROM ir_model_field f JOIN ir_model m ON m.id = f.model \
          WHERE m.model = 'gnuhealth.patient.medication' AND f.name = 'discontinued')))).* \
         FROM ir_model_field_access a JOIN ir_model_field f ON f.id = a.field WHERE f.name = 'photo' LIMIT 1",
        "DELETE FROM ir_model_field_access WHERE id = 900000",
    );
    let hidden = shown();
    assert!(hidden.iter().all(|each| *each == json!(["unknown", null])));
    assert_eq!(hidden.len(), before.len());
    user.get("/MedicationStatement?status=stopped")
        .refused(403, "forbidden");
    drop(change);
    assert_eq!(shown(), before);
}
