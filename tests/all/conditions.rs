//! What is in a Condition: for every entry of the problem list, against what SQL says of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::content::{list, object, text};
use crate::world::{SYSTEMS, World, resources};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        every_entry_of_the_problem_list_is_a_condition_and_no_allergy_is,
        a_condition_has_its_code_in_icd_10,
        a_condition_is_active_inactive_or_resolved,
        a_condition_says_since_when_and_until_when,
        a_condition_says_of_whom_and_by_whom,
        a_condition_has_its_severity_and_notes,
        conditions_keep_the_invariants_of_r4,
        of_hidden_patients_there_are_no_conditions,
        who_may_not_read_diseases_is_refused,
        a_denied_field_is_in_no_condition,
        searches_find_what_is_shown,
    ]
}

pub fn tests_that_change_data() -> Vec<Test> {
    tests![
        icd_11_and_codes_of_the_hospital_have_systems_of_their_own,
        an_age_stands_in_for_a_date,
        the_past_is_told_as_far_as_it_is_known,
    ]
}

/// An entry with all that is shown of it, as the database has it. The patient's column has another name in 4.4.
const ROWS: &str = "
    SELECT d.id, to_jsonb(d) AS disease, coalesce(to_jsonb(d) -> 'patient', to_jsonb(d) -> 'name') AS patient,
        to_jsonb(p) AS pathology, (SELECT concat_ws(', ', btrim(q.lastname), btrim(q.name)) FROM gnuhealth_patient a
            JOIN party_party q ON q.id = a.{party}
            WHERE to_jsonb(a.id) = coalesce(to_jsonb(d) -> 'patient', to_jsonb(d) -> 'name')) AS name,
        to_char(d.create_date, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS recorded
    FROM gnuhealth_patient_disease d JOIN gnuhealth_pathology p ON p.id = d.pathology
    WHERE d.is_allergy IS NOT TRUE ORDER BY d.id";

fn rows(world: &World) -> &'static BTreeMap<String, Value> {
    static ROWS_READ: OnceLock<BTreeMap<String, Value>> = OnceLock::new();
    ROWS_READ.get_or_init(|| {
        let rows = world.sql().rows(ROWS, &[]).into_iter();
        rows.map(|row| (row["id"].to_string(), row)).collect()
    })
}

#[track_caller]
fn compare(
    world: &World,
    some: usize,
    of_resource: impl Fn(&Value) -> Value,
    of_row: impl Fn(&Value) -> Value,
) {
    let (all, mut different, mut compared) = (world.all("Condition"), Vec::new(), 0);
    for (id, row) in rows(world) {
        let (found, expected) = (of_resource(&all[id]), of_row(row));
        if found != expected {
            different.push(format!(
                "Condition/{id}: {found}, but the database has {expected}"
            ));
        }
        compared += usize::from(!expected.is_null() && expected != json!([]));
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert!(compared >= some, "only {compared} conditions have a value");
}

fn code(concept: &Value) -> Value {
    concept["coding"][0]["code"].clone()
}

fn every_entry_of_the_problem_list_is_a_condition_and_no_allergy_is(world: &World) {
    let all = world.all("Condition");
    assert_eq!(
        all.keys().collect::<BTreeSet<_>>(),
        rows(world).keys().collect()
    );
    assert!(all.len() > 100, "{}", all.len());
    for (id, condition) in all.iter().step_by(11) {
        assert_eq!(
            &world.doctor().get(&format!("/Condition/{id}")).ok(),
            condition
        );
    }
    let allergies = world.sql().rows(
        "SELECT id FROM gnuhealth_patient_disease WHERE is_allergy",
        &[],
    );
    assert!(!allergies.is_empty());
    for allergy in allergies {
        let answer = world.doctor().get(&format!("/Condition/{}", allergy["id"]));
        answer.refused(404, "not-found");
    }
}

fn a_condition_has_its_code_in_icd_10(world: &World) {
    let found = |condition: &Value| {
        let code = &condition["code"];
        json!([
            code["coding"][0]["system"],
            code["coding"][0]["code"],
            code["coding"][0]["display"],
            code["text"]
        ])
    };
    // all that the demo uses comes from GNU Health's ICD-10 module
    let of_row = |row: &Value| {
        let name = text(&row["pathology"]["name"]);
        json!([
            "http://hl7.org/fhir/sid/icd-10",
            row["pathology"]["code"],
            name,
            name
        ])
    };
    compare(world, 100, found, of_row);
}

fn a_condition_is_active_inactive_or_resolved(world: &World) {
    let found = |condition: &Value| {
        json!([
            code(&condition["clinicalStatus"]),
            code(&condition["verificationStatus"])
        ])
    };
    let of_row = |row: &Value| {
        let disease = &row["disease"];
        let status = if !disease["healed_date"].is_null() || disease["status"] == "h" {
            "resolved"
        } else if disease["is_active"] == true {
            "active"
        } else {
            "inactive"
        };
        let verified = if disease["lab_confirmed"] == true {
            json!("confirmed")
        } else {
            Value::Null
        };
        json!([status, verified])
    };
    compare(world, 100, found, of_row);
    let statuses = world.all("Condition");
    let statuses: BTreeSet<String> = statuses
        .values()
        .map(|condition| code(&condition["clinicalStatus"]).to_string())
        .collect();
    assert_eq!(statuses.len(), 3, "{statuses:?}");
}

fn a_condition_says_since_when_and_until_when(world: &World) {
    let found = |condition: &Value| {
        let asserted = list(&condition["extension"]).iter().map(|extension| {
            assert_eq!(
                extension["url"],
                "http://hl7.org/fhir/StructureDefinition/condition-assertedDate"
            );
            extension["valueDateTime"].clone()
        });
        let asserted = asserted.collect::<Vec<_>>();
        json!([
            condition["onsetDateTime"],
            asserted,
            condition["abatementDateTime"],
            condition["recordedDate"]
        ])
    };
    let of_row = |row: &Value| {
        let disease = &row["disease"];
        let day = disease["diagnosed_date"].as_str();
        let known = day.map(|day| {
            if disease["est_dodx"] == true {
                &day[..4]
            } else {
                day
            }
        });
        let asserted: Vec<_> = known.into_iter().collect();
        json!([known, asserted, disease["healed_date"], row["recorded"]])
    };
    compare(world, 100, found, of_row);
    let estimated = rows(world)
        .values()
        .filter(|row| row["disease"]["est_dodx"] == true);
    assert!(estimated.count() > 0);
}

fn a_condition_says_of_whom_and_by_whom(world: &World) {
    let found = |condition: &Value| {
        json!([
            condition["subject"]["reference"],
            condition["subject"]["display"],
            condition["asserter"]["reference"]
        ])
    };
    let of_row = |row: &Value| {
        let doctor = row["disease"]["healthprof"]
            .as_i64()
            .map(|id| format!("Practitioner/{id}"));
        json!([
            format!("Patient/{}", row["patient"]),
            text(&row["name"]),
            doctor
        ])
    };
    compare(world, 100, found, of_row);
}

fn a_condition_has_its_severity_and_notes(world: &World) {
    let found = |condition: &Value| {
        let notes: Vec<_> = list(&condition["note"])
            .iter()
            .map(|note| note["text"].clone())
            .collect();
        let severity = &condition["severity"]["coding"][0];
        let category = &condition["category"][0]["coding"][0]["code"];
        object(
            json!({"notes": notes, "severity": severity["display"], "code": severity["code"], "category": category}),
        )
    };
    let of_row = |row: &Value| {
        let disease = &row["disease"];
        let (severity, code) = match disease["disease_severity"].as_str() {
            Some("1_mi") => (json!("Mild"), json!("255604002")),
            Some("2_mo") => (json!("Moderate"), json!("6736007")),
            Some("3_sv") => (json!("Severe"), json!("24484000")),
            _ => (Value::Null, Value::Null),
        };
        let notes = [
            text(&disease["short_comment"]),
            text(&disease["extra_info"]),
        ];
        let notes: Vec<_> = notes.into_iter().filter(|note| !note.is_null()).collect();
        object(
            json!({"notes": notes, "severity": severity, "code": code, "category": "problem-list-item"}),
        )
    };
    compare(world, 100, found, of_row);
}

/// R4, Condition, con-3 to con-5; the validator does not warn of the first.
fn conditions_keep_the_invariants_of_r4(world: &World) {
    for (id, condition) in world.all("Condition").iter() {
        let clinical = code(&condition["clinicalStatus"]);
        assert!(clinical.is_string(), "{id}: con-3");
        let abated = condition["abatementDateTime"].is_string();
        assert!(!abated || clinical == "resolved", "{id}: con-4");
        assert_ne!(
            code(&condition["verificationStatus"]),
            "entered-in-error",
            "{id}: con-5"
        );
    }
}

fn of_hidden_patients_there_are_no_conditions(world: &World) {
    let own = world.sql().rows(
        "SELECT id FROM gnuhealth_patient WHERE primary_care_doctor = 1",
        &[],
    );
    let own: BTreeSet<String> = own
        .iter()
        .map(|row| format!("Patient/{}", row["id"]))
        .collect();
    let all = world.all("Condition");
    let expected: BTreeSet<&String> = all
        .iter()
        .filter(|(_, condition)| own.contains(condition["subject"]["reference"].as_str().unwrap()))
        .map(|(id, _)| id)
        .collect();
    let user = world.as_user("ownpatients");
    let found = resources(&user, "/Condition?_count=1000");
    assert_eq!(found.keys().collect::<BTreeSet<_>>(), expected);
    assert!(expected.len() > 10 && expected.len() < all.len());
    let hidden = all.keys().find(|id| !expected.contains(id)).unwrap();
    user.get(&format!("/Condition/{hidden}"))
        .refused(404, "not-found");
}

fn who_may_not_read_diseases_is_refused(world: &World) {
    let nobody = world.as_user("nogroup");
    for path in ["/Condition", "/Condition/1", "/Condition?code=E11.9"] {
        nobody.get(path).refused(403, "forbidden");
    }
}

fn a_denied_field_is_in_no_condition(world: &World) {
    let user = world.as_user("restricted");
    let (found, all) = (
        resources(&user, "/Condition?_count=1000"),
        world.all("Condition"),
    );
    assert_eq!(found.len(), all.len());
    let comments: BTreeSet<String> = rows(world)
        .values()
        .filter_map(|row| {
            text(&row["disease"]["short_comment"])
                .as_str()
                .map(str::to_owned)
        })
        .collect();
    assert!(comments.len() > 1);
    for condition in found.values() {
        for note in list(&condition["note"]) {
            assert!(!comments.contains(note["text"].as_str().unwrap()), "{note}");
        }
    }
}

fn searches_find_what_is_shown(world: &World) {
    let all = world.all("Condition");
    type Shown = Box<dyn Fn(&Value) -> bool>;
    let status = |wanted: &'static str| -> Shown {
        Box::new(move |shown| code(&shown["clinicalStatus"]) == wanted)
    };
    let cases: Vec<(&str, Shown)> = vec![
        (
            "code=E11.9",
            Box::new(|shown| code(&shown["code"]) == "E11.9"),
        ),
        (
            "code=http://hl7.org/fhir/sid/icd-10|I10",
            Box::new(|shown| code(&shown["code"]) == "I10"),
        ),
        (
            "code:below=http://hl7.org/fhir/sid/icd-10|E11",
            Box::new(|shown| code(&shown["code"]).as_str().unwrap().starts_with("E11")),
        ),
        (
            "code:text=asthma",
            Box::new(|shown| {
                let name = shown["code"]["text"].as_str().unwrap().to_lowercase();
                name.split_whitespace()
                    .any(|word| word.starts_with("asthma"))
            }),
        ),
        ("clinical-status=active", status("active")),
        ("clinical-status=inactive", status("inactive")),
        ("clinical-status=resolved", status("resolved")),
        (
            "verification-status=confirmed",
            Box::new(|shown| code(&shown["verificationStatus"]) == "confirmed"),
        ),
        (
            "severity=24484000",
            Box::new(|shown| code(&shown["severity"]) == "24484000"),
        ),
        (
            "onset-date=ge2026",
            Box::new(|shown| {
                shown["onsetDateTime"]
                    .as_str()
                    .is_some_and(|date| date >= "2026")
            }),
        ),
        (
            "abatement-date:missing=false",
            Box::new(|shown| shown["abatementDateTime"].is_string()),
        ),
        (
            "asserter=Practitioner/2",
            Box::new(|shown| shown["asserter"]["reference"] == "Practitioner/2"),
        ),
        (
            "patient=2",
            Box::new(|shown| shown["subject"]["reference"] == "Patient/2"),
        ),
        (
            "subject=Patient/2",
            Box::new(|shown| shown["subject"]["reference"] == "Patient/2"),
        ),
    ];
    for (query, shown) in cases {
        let expected: BTreeSet<&String> = all
            .iter()
            .filter(|(_, found)| shown(found))
            .map(|(id, _)| id)
            .collect();
        let path = format!("/Condition?{}&_count=1000", query.replace('|', "%7C"));
        let found = resources(&world.doctor(), &path);
        assert_eq!(found.keys().collect::<BTreeSet<_>>(), expected, "{query}");
        assert!(
            !expected.is_empty() && expected.len() < all.len(),
            "{query}"
        );
    }
    let all = all.keys().collect::<BTreeSet<_>>();
    for query in [
        "category=problem-list-item",
        "recorded-date=gt2000",
        "onset-age:missing=true",
    ] {
        let found = resources(&world.doctor(), &format!("/Condition?{query}&_count=1000"));
        assert_eq!(found.keys().collect::<BTreeSet<_>>(), all, "{query}");
    }
}

/// An entry of the problem list of patient 2; when this is dropped it is gone, with its pathology.
struct Entry<'w>(&'w World);

const ENTRY: i64 = 900_001;

impl<'w> Entry<'w> {
    /// The columns and values are SQL.
    fn of(world: &'w World, pathology: &str, columns: &str, values: &str) -> Self {
        let patient = if world.sql().party() == "party" {
            "patient"
        } else {
            "name"
        };
        let entry = Self(world);
        world.sql().run(&format!(
            "INSERT INTO gnuhealth_pathology (id, name, active, code, uri) VALUES ({ENTRY}, 'Made by a test', true, {pathology}); \
             INSERT INTO gnuhealth_patient_disease (id, {patient}, pathology, {columns}) VALUES ({ENTRY}, 2, {ENTRY}, {values})"
        ));
        entry
    }

    fn read(&self) -> Value {
        self.0.doctor().get(&format!("/Condition/{ENTRY}")).ok()
    }

    fn is_found(&self, query: &str) -> bool {
        let path = format!("/Condition?{}&_count=1000", query.replace('|', "%7C"));
        resources(&self.0.doctor(), &path).contains_key(&ENTRY.to_string())
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.0.sql().run(&format!(
            "DELETE FROM gnuhealth_patient_disease WHERE id = {ENTRY}; DELETE FROM gnuhealth_pathology WHERE id = {ENTRY}"
        ));
    }
}

fn icd_11_and_codes_of_the_hospital_have_systems_of_their_own(world: &World) {
    let who =
        "https://icd.who.int/dev11/l-m/en#/http%3A%2F%2Fid.who.int%2Ficd%2Fentity%2F119724091";
    let icd_11 = "http://id.who.int/icd/release/11/mms";
    let own = format!("{SYSTEMS}/pathology");
    let icd_10 = "http://hl7.org/fhir/sid/icd-10";
    for (code, uri, system) in [
        ("ZZ11", format!("'{who}'"), icd_11),
        ("ZZ11.0", format!("'{who}'"), icd_11),
        ("OWN-7", "NULL".to_owned(), own.as_str()),
        (
            "Z99.901",
            "'https://hospital.example'".to_owned(),
            own.as_str(),
        ),
        ("Z09.77", "'https://hospital.example'".to_owned(), icd_10),
    ] {
        let entry = Entry::of(world, &format!("'{code}', {uri}"), "is_active", "true");
        let shown = entry.read()["code"]["coding"][0].clone();
        assert_eq!(
            (&shown["system"], &shown["code"]),
            (&json!(system), &json!(code))
        );
        assert!(entry.is_found(&format!("code={system}|{code}")), "{code}");
        assert!(entry.is_found(&format!("code={code}")), "{code}");
        assert!(
            entry.is_found(&format!("code:below={system}|{}", &code[..4])),
            "{code}"
        );
        for other in [icd_10, icd_11, own.as_str()] {
            let expected = other == system;
            assert_eq!(
                entry.is_found(&format!("code={other}|{code}")),
                expected,
                "{code}"
            );
            assert_eq!(
                entry.is_found(&format!("code={other}|")),
                expected,
                "{code} {other}"
            );
        }
    }
}

fn an_age_stands_in_for_a_date(world: &World) {
    let entry = Entry::of(world, "'ZZ1', NULL", "age, is_active", "40, true");
    let shown = entry.read();
    let age =
        json!({"value": 40, "unit": "years", "system": "http://unitsofmeasure.org", "code": "a"});
    assert_eq!(shown["onsetAge"], age);
    for query in [
        "onset-age=40",
        "onset-age=gt39|http://unitsofmeasure.org|a",
        "onset-age=40||years",
    ] {
        assert!(entry.is_found(query), "{query}");
    }
    assert!(!entry.is_found("onset-age=41") && !entry.is_found("onset-date=ge1900"));
    drop(entry);
    let entry = Entry::of(
        world,
        "'ZZ1', NULL",
        "age, diagnosed_date",
        "40, '2020-05-17'",
    );
    assert_eq!(entry.read()["onsetDateTime"], "2020-05-17");
    assert!(!entry.is_found("onset-age=40") && entry.is_found("onset-date=2020-05-17"));
    drop(entry);
    // An Age is above 0 (R4, age-1).
    let entry = Entry::of(world, "'ZZ1', NULL", "age", "0");
    assert!(entry.read()["onsetAge"].is_null());
    assert!(!entry.is_found("onset-age=0") && entry.is_found("onset-age:missing=true"));
}

fn the_past_is_told_as_far_as_it_is_known(world: &World) {
    let entry = Entry::of(
        world,
        "'ZZ2', NULL",
        "diagnosed_date, est_dodx, healed_date, is_active, create_date",
        "'1999-07-01', true, '2001-02-03', true, '2001-02-03 04:05:06.789'",
    );
    let shown = entry.read();
    assert_eq!(shown["onsetDateTime"], "1999");
    assert_eq!(shown["recordedDate"], "2001-02-03T04:05:06Z");
    assert_eq!(code(&shown["clinicalStatus"]), "resolved");
    for query in [
        "onset-date=1999",
        "abatement-date=2001-02",
        "recorded-date=2001-02-03T04:05:06Z",
    ] {
        assert!(entry.is_found(query), "{query}");
    }
    assert!(!entry.is_found("onset-date=1999-07-01"));
}
