//! What is in a Condition: for every entry of the problem list and everything that evaluations found, against what SQL
//! says of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::content::{list, object, text};
use crate::rights::Change;
use crate::world::{SYSTEMS, World, encoded, finds, resources};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        every_entry_of_the_problem_list_is_a_condition_and_no_allergy_is,
        everything_that_an_evaluation_found_is_a_condition,
        what_an_evaluation_found_is_told_with_the_evaluation,
        a_condition_has_its_code_in_icd_10,
        a_condition_is_active_inactive_or_resolved,
        a_condition_says_since_when_and_until_when,
        a_condition_says_of_whom_and_by_whom,
        a_condition_has_its_severity_and_notes,
        a_condition_tells_how_it_goes,
        nothing_else_is_in_a_condition,
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
        who_entered_a_condition_is_its_recorder,
        the_laboratory_report_that_confirmed_it_is_evidence,
        what_followed_up_on_a_condition_is_related_to_it,
        what_belongs_to_no_evaluation_any_more_is_no_condition,
        who_may_not_read_evaluations_sees_none_of_what_they_found,
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
        to_char(d.create_date, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS recorded,
        (SELECT h.id FROM party_party q JOIN gnuhealth_healthprofessional h ON h.{party} = q.id
            WHERE q.internal_user = d.create_uid) AS recorder
    FROM gnuhealth_patient_disease d JOIN gnuhealth_pathology p ON p.id = d.pathology
    WHERE d.is_allergy IS NOT TRUE ORDER BY d.id";

/// What evaluations found, as the database has it: the logical id, the evaluation, the pathology and the comments.
const FOUND: &str = "
    SELECT f.id, f.comments, to_jsonb(e) AS evaluation, to_jsonb(p) AS pathology,
        (SELECT concat_ws(', ', btrim(q.lastname), btrim(q.name)) FROM gnuhealth_patient a
            JOIN party_party q ON q.id = a.{party} WHERE a.id = e.patient) AS name,
        to_char(f.create_date, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS recorded,
        (SELECT h.id FROM party_party q JOIN gnuhealth_healthprofessional h ON h.{party} = q.id
            WHERE q.internal_user = f.create_uid) AS recorder
    FROM (SELECT 'eval-' || id AS id, id AS evaluation, diagnosis AS pathology, info_diagnosis AS comments, create_date, create_uid
            FROM gnuhealth_patient_evaluation WHERE diagnosis IS NOT NULL
        UNION ALL SELECT 'secondary-' || id, evaluation, pathology, comments, create_date, create_uid FROM gnuhealth_secondary_condition
        UNION ALL SELECT 'hypothesis-' || id, evaluation, pathology, comments, create_date, create_uid
            FROM gnuhealth_diagnostic_hypothesis) f
    JOIN gnuhealth_patient_evaluation e ON e.id = f.evaluation JOIN gnuhealth_pathology p ON p.id = f.pathology";

fn rows(world: &World) -> &'static BTreeMap<String, Value> {
    static ROWS_READ: OnceLock<BTreeMap<String, Value>> = OnceLock::new();
    ROWS_READ.get_or_init(|| {
        let rows = world.sql().rows(ROWS, &[]).into_iter();
        rows.map(|row| (row["id"].to_string(), row)).collect()
    })
}

fn found(world: &World) -> &'static BTreeMap<String, Value> {
    static FOUND_READ: OnceLock<BTreeMap<String, Value>> = OnceLock::new();
    FOUND_READ.get_or_init(|| {
        let rows = world.sql().rows(FOUND, &[]).into_iter();
        rows.map(|row| (row["id"].as_str().unwrap().to_owned(), row))
            .collect()
    })
}

/// Compares the problem list.
#[track_caller]
fn compare(
    world: &World,
    some: usize,
    of_resource: impl Fn(&Value) -> Value,
    of_row: impl Fn(&Value) -> Value,
) {
    compare_rows(world, rows(world), some, of_resource, of_row);
}

#[track_caller]
fn compare_rows(
    world: &World,
    rows: &BTreeMap<String, Value>,
    some: usize,
    of_resource: impl Fn(&Value) -> Value,
    of_row: impl Fn(&Value) -> Value,
) {
    let (all, mut different, mut compared) = (world.all("Condition"), Vec::new(), 0);
    for (id, row) in rows {
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

/// The extensions that HL7 defines under this name.
fn extensions<'v>(condition: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    let url = format!("http://hl7.org/fhir/StructureDefinition/{name}");
    let all = list(&condition["extension"]).iter();
    all.filter(move |extension| extension["url"] == url.as_str())
}

fn every_entry_of_the_problem_list_is_a_condition_and_no_allergy_is(world: &World) {
    let all = world.all("Condition");
    let listed: BTreeSet<&String> = all.keys().filter(|id| !id.contains('-')).collect();
    assert_eq!(listed, rows(world).keys().collect());
    assert!(listed.len() > 100, "{}", listed.len());
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

fn everything_that_an_evaluation_found_is_a_condition(world: &World) {
    let all = world.all("Condition");
    let shown: BTreeSet<&String> = all.keys().filter(|id| id.contains('-')).collect();
    assert_eq!(shown, found(world).keys().collect());
    for (prefix, some) in [("eval-", 30), ("secondary-", 5), ("hypothesis-", 5)] {
        let shown = shown.iter().filter(|id| id.starts_with(prefix));
        assert!(shown.count() >= some, "{prefix}");
    }
    for id in shown.iter().step_by(7) {
        let read = world.doctor().get(&format!("/Condition/{id}")).ok();
        assert_eq!(Some(&read), all.get(*id));
    }
    let without = "SELECT id FROM gnuhealth_patient_evaluation WHERE diagnosis IS NULL";
    let without = world.sql().rows(without, &[]);
    assert!(!without.is_empty());
    for evaluation in without {
        let path = format!("/Condition/eval-{}", evaluation["id"]);
        world.doctor().get(&path).refused(404, "not-found");
    }
}

fn what_an_evaluation_found_is_told_with_the_evaluation(world: &World) {
    let of_resource = |condition: &Value| {
        assert!(condition["clinicalStatus"].is_null() && condition["onsetDateTime"].is_null());
        let encounter = &condition["encounter"];
        assert!(encounter["reference"].is_null() && encounter["type"] == "Encounter");
        assert_eq!(
            encounter["identifier"]["system"],
            format!("{SYSTEMS}/evaluation")
        );
        let asserted = extensions(condition, "condition-assertedDate");
        let asserted = asserted.map(|extension| extension["valueDateTime"].clone());
        let notes = list(&condition["note"]).iter();
        json!([
            condition["id"],
            code(&condition["category"][0]),
            code(&condition["verificationStatus"]),
            code(&condition["code"]),
            condition["code"]["text"],
            condition["subject"]["reference"],
            condition["subject"]["display"],
            encounter["identifier"]["value"],
            encounter["display"],
            condition["asserter"]["reference"],
            condition["recorder"]["reference"],
            condition["recordedDate"],
            asserted.collect::<Vec<_>>(),
            notes.map(|note| note["text"].clone()).collect::<Vec<_>>(),
        ])
    };
    let of_row = |row: &Value| {
        let (evaluation, id) = (&row["evaluation"], row["id"].as_str().unwrap());
        let verified = id.starts_with("hypothesis-").then_some("differential");
        let start = evaluation["evaluation_start"].as_str().unwrap();
        let signed = evaluation["signed_by"].as_i64();
        let asserter = signed.or(evaluation["healthprof"].as_i64());
        let professional = |id: Option<i64>| id.map(|id| format!("Practitioner/{id}"));
        let first = evaluation["visit_type"] != "followup";
        let asserted: Vec<String> = first.then(|| format!("{start}Z")).into_iter().collect();
        let notes: Vec<Value> = [text(&row["comments"])]
            .into_iter()
            .filter(|note| !note.is_null())
            .collect();
        json!([
            id,
            "encounter-diagnosis",
            verified,
            row["pathology"]["code"],
            text(&row["pathology"]["name"]),
            format!("Patient/{}", evaluation["patient"]),
            text(&row["name"]),
            evaluation["code"],
            format!("Evaluation of {} UTC", start.replace('T', " ")),
            professional(asserter),
            professional(row["recorder"].as_i64()),
            row["recorded"],
            asserted,
            notes,
        ])
    };
    compare_rows(world, found(world), 40, of_resource, of_row);
    let (mut followups, mut commented) = (0, 0);
    for row in found(world).values() {
        followups += usize::from(row["evaluation"]["visit_type"] == "followup");
        commented += usize::from(row["comments"].is_string());
    }
    assert!(followups > 0 && commented > 0);
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
    let listed = statuses.iter().filter(|(id, _)| !id.contains('-'));
    let statuses: BTreeSet<String> = listed
        .map(|(_, condition)| code(&condition["clinicalStatus"]).to_string())
        .collect();
    assert_eq!(statuses.len(), 3, "{statuses:?}");
}

fn a_condition_says_since_when_and_until_when(world: &World) {
    let found = |condition: &Value| {
        let asserted = extensions(condition, "condition-assertedDate");
        let asserted = asserted.map(|extension| extension["valueDateTime"].clone());
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
            condition["asserter"]["reference"],
            condition["recorder"]["reference"]
        ])
    };
    let of_row = |row: &Value| {
        let recorder = row["recorder"].as_i64();
        let recorder = recorder.map(|id| format!("Practitioner/{id}"));
        let doctor = row["disease"]["healthprof"]
            .as_i64()
            .map(|id| format!("Practitioner/{id}"));
        json!([
            format!("Patient/{}", row["patient"]),
            text(&row["name"]),
            doctor,
            recorder
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

fn a_condition_tells_how_it_goes(world: &World) {
    let found = |condition: &Value| {
        let courses = extensions(condition, "condition-diseaseCourse");
        let courses = courses.map(|extension| {
            let course = &extension["valueCodeableConcept"];
            let coding = &course["coding"][0];
            assert_eq!(coding["system"], format!("{SYSTEMS}/condition-course"));
            json!([coding["code"], coding["display"], course["text"]])
        });
        courses.collect()
    };
    let of_row = |row: &Value| {
        let status = row["disease"]["status"].as_str();
        let name = match status {
            None | Some("h") => return json!([]),
            Some("a") => "acute",
            Some("c") => "chronic",
            Some("u") => "unchanged",
            Some("i") => "improving",
            Some("w") => "worsening",
            Some(other) => panic!("{other}"),
        };
        json!([[status, name, name]])
    };
    compare(world, 60, found, of_row);
}

/// An element that no test here looks at would be one that nobody has checked.
fn nothing_else_is_in_a_condition(world: &World) {
    let known = [
        "resourceType",
        "id",
        "meta",
        "extension",
        "clinicalStatus",
        "verificationStatus",
        "category",
        "severity",
        "code",
        "subject",
        "encounter",
        "onsetDateTime",
        "onsetAge",
        "abatementDateTime",
        "recordedDate",
        "recorder",
        "asserter",
        "evidence",
        "note",
    ];
    for (id, condition) in world.all("Condition").iter() {
        for element in condition.as_object().unwrap().keys() {
            assert!(
                known.contains(&element.as_str()),
                "Condition/{id}: {element}"
            );
        }
    }
}

/// R4, Condition, con-3 to con-5; the validator does not warn of the first.
fn conditions_keep_the_invariants_of_r4(world: &World) {
    for (id, condition) in world.all("Condition").iter() {
        let clinical = code(&condition["clinicalStatus"]);
        let is_listed = code(&condition["category"][0]) == "problem-list-item";
        assert_eq!(clinical.is_string(), is_listed, "{id}: con-3");
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
    for path in [
        "/Condition",
        "/Condition/1",
        "/Condition/eval-1",
        "/Condition/secondary-1",
        "/Condition/hypothesis-1",
        "/Condition?code=E11.9",
    ] {
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
            "category=encounter-diagnosis",
            Box::new(|shown| code(&shown["category"][0]) == "encounter-diagnosis"),
        ),
        (
            "category=http://terminology.hl7.org/CodeSystem/condition-category|problem-list-item",
            Box::new(|shown| code(&shown["category"][0]) == "problem-list-item"),
        ),
        (
            "category:not=problem-list-item",
            Box::new(|shown| code(&shown["category"][0]) != "problem-list-item"),
        ),
        (
            "verification-status=differential",
            Box::new(|shown| code(&shown["verificationStatus"]) == "differential"),
        ),
        (
            "encounter:missing=true",
            Box::new(|shown| shown["encounter"].is_null()),
        ),
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
    let with = found(world).values().next().unwrap();
    let evaluation = with["evaluation"]["code"].as_str().unwrap();
    for (value, of_evaluation) in [
        (format!("{SYSTEMS}/evaluation|{evaluation}"), true),
        (evaluation.to_owned(), true),
        (format!("{SYSTEMS}/else|{evaluation}"), false),
    ] {
        let shown = all.iter().filter(|(_, shown)| {
            of_evaluation && shown["encounter"]["identifier"]["value"] == evaluation
        });
        let expected: BTreeSet<&String> = shown.map(|(id, _)| id).collect();
        let path = format!("/Condition?encounter:identifier={}", encoded(&value));
        let found = resources(&world.doctor(), &path);
        assert_eq!(found.keys().collect::<BTreeSet<_>>(), expected, "{value}");
        assert!(expected.is_empty() != of_evaluation);
    }
    let all = all.keys().collect::<BTreeSet<_>>();
    for query in [
        "category=problem-list-item,encounter-diagnosis",
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
        finds(&self.0.doctor(), "Condition", query, &ENTRY)
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

/// The user of this login, and the health professional that they are.
fn staff(world: &World, login: &str) -> (i64, i64) {
    let row = world.sql().rows(
        "SELECT u.id, h.id AS professional FROM res_user u JOIN party_party q ON q.internal_user = u.id \
         JOIN gnuhealth_healthprofessional h ON h.{party} = q.id WHERE u.login = $1",
        &[&login],
    );
    let number = |key: &str| row[0][key].as_i64().unwrap();
    (number("id"), number("professional"))
}

fn who_entered_a_condition_is_its_recorder(world: &World) {
    let (user, professional) = staff(world, "doctor");
    let entry = Entry::of(world, "'ZZ3', NULL", "create_uid", &user.to_string());
    let recorder = &entry.read()["recorder"];
    assert_eq!(
        recorder["reference"],
        format!("Practitioner/{professional}")
    );
    assert!(recorder["display"].is_string());
    drop(entry);
    // An administrator is no health professional.
    let entry = Entry::of(
        world,
        "'ZZ3', NULL",
        "create_uid",
        "(SELECT id FROM res_user WHERE login = 'admin')",
    );
    assert!(entry.read()["recorder"].is_null());
}

fn the_laboratory_report_that_confirmed_it_is_evidence(world: &World) {
    let report = world
        .sql()
        .value("SELECT min(id) AS id FROM gnuhealth_lab", &[]);
    let values = format!("true, {report}");
    let entry = Entry::of(world, "'ZZ4', NULL", "lab_confirmed, lab_test", &values);
    let detail =
        json!({"reference": format!("DiagnosticReport/lab-{report}"), "type": "DiagnosticReport"});
    assert_eq!(entry.read()["evidence"], json!([{"detail": [detail]}]));
    assert!(entry.is_found("evidence-detail:missing=false"));
    drop(entry);
    let values = format!("false, {report}");
    let entry = Entry::of(world, "'ZZ4', NULL", "lab_confirmed, lab_test", &values);
    assert!(entry.read()["evidence"].is_null());
    assert!(entry.is_found("evidence-detail:missing=true"));
}

/// A row of another table; gone when dropped.
struct Row<'w>(&'w World, &'static str);

impl Drop for Row<'_> {
    fn drop(&mut self) {
        let (table, world) = (self.1, self.0);
        let sql = format!("DELETE FROM {table} WHERE id = {ENTRY}");
        world.sql().run(&sql);
    }
}

fn what_followed_up_on_a_condition_is_related_to_it(world: &World) {
    let entry = Entry::of(world, "'ZZ5', NULL", "is_active", "true");
    let evaluation = Row(world, "gnuhealth_patient_evaluation");
    world.sql().run(&format!(
        "INSERT INTO gnuhealth_patient_evaluation (id, patient, evaluation_start, discharge_reason, visit_type, diagnosis, \
         related_condition, info_diagnosis) \
         VALUES ({ENTRY}, 2, '2020-02-29 23:59:59', 'home', 'followup', {ENTRY}, {ENTRY}, E' It\\'s \"better\" ')"
    ));
    let read = || {
        let path = format!("/Condition/eval-{ENTRY}");
        world.doctor().get(&path).ok()
    };
    let shown = read();
    let related = json!([{"url": "http://hl7.org/fhir/StructureDefinition/condition-related",
        "valueReference": {"reference": format!("Condition/{ENTRY}"), "type": "Condition"}}]);
    assert_eq!(shown["extension"], related);
    assert_eq!(shown["note"], json!([{"text": "It's \"better\""}]));
    // It has no code, but a time.
    let encounter =
        json!({"type": "Encounter", "display": "Evaluation of 2020-02-29 23:59:59 UTC"});
    assert_eq!(shown["encounter"], encounter);
    let path = format!("/Condition?_id=eval-{ENTRY}&encounter:missing=");
    let found = |missing: bool| resources(&world.doctor(), &format!("{path}{missing}")).len();
    assert_eq!((found(false), found(true)), (1, 0));
    world.sql().run(&format!(
        "UPDATE gnuhealth_patient_disease SET is_allergy = true WHERE id = {ENTRY}"
    ));
    assert!(read()["extension"].is_null());
    drop(evaluation);
    drop(entry);
}

fn what_belongs_to_no_evaluation_any_more_is_no_condition(world: &World) {
    let pathology = Entry::of(world, "'ZZ6', NULL", "is_active", "true");
    let row = Row(world, "gnuhealth_secondary_condition");
    world.sql().run(&format!(
        "INSERT INTO gnuhealth_secondary_condition (id, pathology, evaluation) \
         SELECT {ENTRY}, {ENTRY}, min(id) FROM gnuhealth_patient_evaluation"
    ));
    let path = format!("/Condition/secondary-{ENTRY}");
    assert_eq!(code(&world.doctor().get(&path).ok()["code"]), "ZZ6");
    world.sql().run(&format!(
        "UPDATE gnuhealth_secondary_condition SET evaluation = NULL WHERE id = {ENTRY}"
    ));
    world.doctor().get(&path).refused(404, "not-found");
    let found = resources(&world.doctor(), "/Condition?code=ZZ6");
    assert_eq!(found.keys().collect::<Vec<_>>(), [&ENTRY.to_string()]);
    drop(row);
    drop(pathology);
}

/// trytond lets anybody read the parts of evaluations, but not the evaluations.
fn who_may_not_read_evaluations_sees_none_of_what_they_found(world: &World) {
    let all = world.all("Condition");
    let change = Change::make(
        world,
        "UPDATE ir_model_access a SET perm_read = false FROM ir_model m, res_group g \
         WHERE a.model = m.id AND m.model = 'gnuhealth.patient.evaluation' AND a.\"group\" = g.id \
         AND g.name = 'Demo: doctor without labs'",
        "UPDATE ir_model_access a SET perm_read = true FROM ir_model m, res_group g \
         WHERE a.model = m.id AND m.model = 'gnuhealth.patient.evaluation' AND a.\"group\" = g.id \
         AND g.name = 'Demo: doctor without labs'",
    );
    let user = world.as_user("nolab");
    let shown = resources(&user, "/Condition?_count=1000");
    let listed: BTreeSet<&String> = all.keys().filter(|id| !id.contains('-')).collect();
    assert_eq!(shown.keys().collect::<BTreeSet<_>>(), listed);
    let hidden = "/Patient?_has:Condition:subject:category=encounter-diagnosis";
    assert!(resources(&user, hidden).is_empty());
    for prefix in ["eval", "secondary", "hypothesis"] {
        let id = all.keys().find(|id| id.starts_with(prefix)).unwrap();
        user.get(&format!("/Condition/{id}"))
            .refused(403, "forbidden");
    }
    drop(change);
    let shown = resources(&world.as_user("nolab"), "/Condition?_count=1000");
    assert_eq!(shown.len(), all.len());
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
