//! What is in an AllergyIntolerance: for every allergy of a patient, against what SQL says of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::content::{list, text};
use crate::rights::Change;
use crate::world::{World, encoded, finds, resources};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        every_allergy_is_one_and_nothing_else_is,
        an_allergy_has_type_category_and_severity,
        an_allergy_has_code_and_statuses,
        an_allergy_says_of_whom_by_whom_and_when,
        nothing_else_is_in_an_allergy,
        allergies_keep_the_invariants_of_r4,
        of_hidden_patients_there_are_no_allergies,
        who_may_not_read_diseases_reads_no_allergies,
        searches_find_what_is_shown,
    ]
}

pub fn tests_that_change_data() -> Vec<Test> {
    tests![
        a_chosen_type_makes_an_allergy_without_the_mark,
        an_allergy_without_a_type_is_still_one,
        an_allergy_is_confirmed_resolved_and_noted,
        a_denied_field_is_in_no_allergy,
        who_entered_an_allergy_is_its_recorder,
        the_compartment_of_a_practitioner_has_what_they_assert_or_record,
        who_may_not_know_whether_it_is_active_is_told_so,
    ]
}

/// An allergy with all that is shown of it, as the database has it. The patient's column has another name in 4.4.
const ROWS: &str = "
    SELECT d.id, to_jsonb(d) AS disease, coalesce(to_jsonb(d) -> 'patient', to_jsonb(d) -> 'name') AS patient,
        to_jsonb(p) AS pathology, to_char(d.create_date, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS recorded,
        (SELECT h.id FROM party_party q JOIN gnuhealth_healthprofessional h ON h.{party} = q.id
            WHERE q.internal_user = d.create_uid) AS recorder
    FROM gnuhealth_patient_disease d JOIN gnuhealth_pathology p ON p.id = d.pathology
    WHERE d.is_allergy OR d.allergy_type IN ('da', 'fa', 'ma', 'mc') ORDER BY d.id";

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
    let (all, mut different) = (world.all("AllergyIntolerance"), Vec::new());
    for (id, row) in rows(world) {
        let (found, expected) = (of_resource(&all[id]), of_row(row));
        if found != expected {
            different.push(format!(
                "AllergyIntolerance/{id}: {found}, but the database has {expected}"
            ));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert!(rows(world).len() >= some);
}

fn code(concept: &Value) -> Value {
    concept["coding"][0]["code"].clone()
}

fn every_allergy_is_one_and_nothing_else_is(world: &World) {
    let all = world.all("AllergyIntolerance");
    assert_eq!(
        all.keys().collect::<BTreeSet<_>>(),
        rows(world).keys().collect()
    );
    assert!(all.len() >= 10, "{}", all.len());
    for (id, allergy) in all.iter() {
        let read = world.doctor().get(&format!("/AllergyIntolerance/{id}"));
        assert_eq!(&read.ok(), allergy);
        world
            .doctor()
            .get(&format!("/Condition/{id}"))
            .refused(404, "not-found");
    }
    let conditions = world.all("Condition");
    for id in conditions.keys().filter(|id| !id.contains('-')).step_by(9) {
        let path = format!("/AllergyIntolerance/{id}");
        world.doctor().get(&path).refused(404, "not-found");
    }
}

fn an_allergy_has_type_category_and_severity(world: &World) {
    let found = |allergy: &Value| {
        let reactions = list(&allergy["reaction"]).iter().map(|reaction| {
            let unknown = json!([{"extension": [{
                "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]}]);
            assert_eq!(reaction["manifestation"], unknown);
            reaction["severity"].clone()
        });
        let reactions: Vec<_> = reactions.collect();
        json!([allergy["type"], allergy["category"], reactions])
    };
    let of_row = |row: &Value| {
        let disease = &row["disease"];
        let (r#type, category) = match disease["allergy_type"].as_str() {
            Some("da") => (json!("allergy"), json!(["medication"])),
            Some("fa") => (json!("allergy"), json!(["food"])),
            Some("ma") | None => (json!("allergy"), Value::Null),
            Some("mc") => (Value::Null, Value::Null),
            Some(other) => panic!("{other}"),
        };
        let severity: Vec<&str> = match disease["disease_severity"].as_str() {
            Some("1_mi") => vec!["mild"],
            Some("2_mo") => vec!["moderate"],
            Some("3_sv") => vec!["severe"],
            _ => vec![],
        };
        json!([r#type, category, severity])
    };
    compare(world, 10, found, of_row);
    let all = world.all("AllergyIntolerance");
    let kinds: BTreeSet<String> = all
        .values()
        .map(|allergy| found(allergy).to_string())
        .collect();
    assert_eq!(kinds.len(), 4, "{kinds:?}");
}

fn an_allergy_has_code_and_statuses(world: &World) {
    let found = |allergy: &Value| {
        let coding = &allergy["code"]["coding"][0];
        json!([
            coding["system"],
            coding["code"],
            allergy["code"]["text"],
            allergy["clinicalStatus"]["coding"][0]["system"],
            code(&allergy["clinicalStatus"]),
            code(&allergy["verificationStatus"])
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
        let verified = (disease["lab_confirmed"] == true).then_some("confirmed");
        json!([
            "http://hl7.org/fhir/sid/icd-10",
            row["pathology"]["code"],
            text(&row["pathology"]["name"]),
            "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical",
            status,
            verified
        ])
    };
    compare(world, 10, found, of_row);
}

fn an_allergy_says_of_whom_by_whom_and_when(world: &World) {
    let found = |allergy: &Value| {
        let notes = list(&allergy["note"]).iter();
        json!([
            allergy["patient"]["reference"],
            allergy["asserter"]["reference"],
            allergy["recorder"]["reference"],
            allergy["recordedDate"],
            allergy["onsetDateTime"],
            notes.map(|note| note["text"].clone()).collect::<Vec<_>>()
        ])
    };
    let of_row = |row: &Value| {
        let disease = &row["disease"];
        let professional = |id: &Value| id.as_i64().map(|id| format!("Practitioner/{id}"));
        let day = disease["diagnosed_date"].as_str();
        let known = if disease["est_dodx"] == true { 4 } else { 10 };
        let notes = [
            text(&disease["short_comment"]),
            text(&disease["extra_info"]),
        ];
        let notes: Vec<_> = notes.into_iter().filter(|note| !note.is_null()).collect();
        json!([
            format!("Patient/{}", row["patient"]),
            professional(&disease["healthprof"]),
            professional(&row["recorder"]),
            row["recorded"],
            day.map(|day| &day[..known]),
            notes
        ])
    };
    compare(world, 10, found, of_row);
}

/// An element that no test here looks at would be one that nobody has checked.
fn nothing_else_is_in_an_allergy(world: &World) {
    let known = [
        "resourceType",
        "id",
        "meta",
        "clinicalStatus",
        "verificationStatus",
        "type",
        "category",
        "code",
        "patient",
        "onsetDateTime",
        "onsetAge",
        "recordedDate",
        "recorder",
        "asserter",
        "note",
        "reaction",
    ];
    for (id, allergy) in world.all("AllergyIntolerance").iter() {
        for element in allergy.as_object().unwrap().keys() {
            assert!(known.contains(&element.as_str()), "{id}: {element}");
        }
    }
}

/// R4, AllergyIntolerance, ait-1 and ait-2: GNU Health has no entry that is one in error.
fn allergies_keep_the_invariants_of_r4(world: &World) {
    for (id, allergy) in world.all("AllergyIntolerance").iter() {
        assert!(allergy["clinicalStatus"].is_object(), "{id}: ait-1");
        let verified = code(&allergy["verificationStatus"]);
        assert!(verified != "entered-in-error", "{id}: ait-2");
    }
}

fn of_hidden_patients_there_are_no_allergies(world: &World) {
    let own = world.sql().rows(
        "SELECT id FROM gnuhealth_patient WHERE primary_care_doctor = 1",
        &[],
    );
    let own: BTreeSet<String> = own
        .iter()
        .map(|row| format!("Patient/{}", row["id"]))
        .collect();
    let all = world.all("AllergyIntolerance");
    let expected: BTreeSet<&String> = all
        .iter()
        .filter(|(_, allergy)| own.contains(allergy["patient"]["reference"].as_str().unwrap()))
        .map(|(id, _)| id)
        .collect();
    let user = world.as_user("ownpatients");
    let found = resources(&user, "/AllergyIntolerance?_count=1000");
    assert_eq!(found.keys().collect::<BTreeSet<_>>(), expected);
    assert!(expected.len() < all.len());
    let hidden = all.keys().find(|id| !expected.contains(id)).unwrap();
    user.get(&format!("/AllergyIntolerance/{hidden}"))
        .refused(404, "not-found");
}

fn who_may_not_read_diseases_reads_no_allergies(world: &World) {
    let nobody = world.as_user("nogroup");
    let id = rows(world).keys().next().unwrap();
    for path in ["", "?code=T78.1", &format!("/{id}")] {
        let path = format!("/AllergyIntolerance{path}");
        nobody.get(&path).refused(403, "forbidden");
    }
}

fn searches_find_what_is_shown(world: &World) {
    let all = world.all("AllergyIntolerance");
    let patient = rows(world).values().next().unwrap()["patient"].to_string();
    let to_patient = format!("Patient/{patient}");
    type Shown = Box<dyn Fn(&Value) -> bool>;
    let cases: Vec<(String, Shown)> = vec![
        (
            "code=http://hl7.org/fhir/sid/icd-10|Z88.0".into(),
            Box::new(|shown| code(&shown["code"]) == "Z88.0"),
        ),
        (
            "code:below=T78".into(),
            Box::new(|shown| code(&shown["code"]).as_str().unwrap().starts_with("T78")),
        ),
        (
            "type=allergy".into(),
            Box::new(|shown| shown["type"] == "allergy"),
        ),
        (
            "type:missing=true".into(),
            Box::new(|shown| shown["type"].is_null()),
        ),
        (
            "category=medication".into(),
            Box::new(|shown| shown["category"] == json!(["medication"])),
        ),
        (
            "category=http://hl7.org/fhir/allergy-intolerance-category|food".into(),
            Box::new(|shown| shown["category"] == json!(["food"])),
        ),
        (
            "category:missing=true".into(),
            Box::new(|shown| shown["category"].is_null()),
        ),
        (
            "severity=severe".into(),
            Box::new(|shown| shown["reaction"][0]["severity"] == "severe"),
        ),
        (
            "severity:not=severe".into(),
            Box::new(|shown| shown["reaction"][0]["severity"] != "severe"),
        ),
        (
            format!("patient={patient}"),
            Box::new(move |shown| shown["patient"]["reference"] == to_patient.as_str()),
        ),
    ];
    for (query, shown) in cases {
        let expected: BTreeSet<&String> = all
            .iter()
            .filter(|(_, found)| shown(found))
            .map(|(id, _)| id)
            .collect();
        let path = format!("/AllergyIntolerance?{}", query.replace('|', "%7C"));
        let found = resources(&world.doctor(), &path);
        assert_eq!(found.keys().collect::<BTreeSet<_>>(), expected, "{query}");
        assert!(
            !expected.is_empty() && expected.len() < all.len(),
            "{query}"
        );
    }
    for query in [
        "clinical-status=active",
        "date=gt2000",
        "asserter:missing=false",
    ] {
        let found = resources(&world.doctor(), &format!("/AllergyIntolerance?{query}"));
        assert!(!found.is_empty(), "{query}");
    }
    for other in ["criticality=high", "manifestation=x", "onset=2020"] {
        let path = format!("/AllergyIntolerance?{other}");
        let strict = [("prefer", "handling=strict")];
        let answer = world.doctor().get_with(&path, &strict);
        answer.refused(400, "not-supported");
    }
}

/// An entry of patient 2; gone when dropped.
struct Entry<'w>(&'w World);

const ENTRY: i64 = 900_002;

impl<'w> Entry<'w> {
    /// The columns and values are SQL.
    fn of(world: &'w World, columns: &str, values: &str) -> Self {
        let party = world.sql().party();
        let patient = if party == "party" { "patient" } else { party };
        let entry = Self(world);
        world.sql().run(&format!(
            "INSERT INTO gnuhealth_patient_disease (id, {patient}, pathology, {columns}) \
             SELECT {ENTRY}, 2, min(id), {values} FROM gnuhealth_pathology"
        ));
        entry
    }

    fn read(&self) -> Value {
        let path = format!("/AllergyIntolerance/{ENTRY}");
        self.0.doctor().get(&path).ok()
    }

    fn is_found(&self, query: &str) -> bool {
        finds(&self.0.doctor(), "AllergyIntolerance", query, &ENTRY)
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        let mut sql = self.0.sql();
        sql.run(&format!(
            "DELETE FROM gnuhealth_patient_disease WHERE id = {ENTRY}"
        ));
    }
}

/// The form asks for the mark and for the type, and demands neither.
fn a_chosen_type_makes_an_allergy_without_the_mark(world: &World) {
    for mark in ["false", "NULL"] {
        for (kind, category) in [
            ("da", json!(["medication"])),
            ("fa", json!(["food"])),
            ("ma", Value::Null),
            ("mc", Value::Null),
        ] {
            let entry = Entry::of(
                world,
                "is_allergy, allergy_type",
                &format!("{mark}, '{kind}'"),
            );
            assert_eq!(entry.read()["category"], category, "{kind}");
            world
                .doctor()
                .get(&format!("/Condition/{ENTRY}"))
                .refused(404, "not-found");
            assert_eq!(entry.is_found("type=allergy"), kind != "mc");
        }
        let entry = Entry::of(world, "is_allergy, allergy_type", &format!("{mark}, ''"));
        let condition = entry.0.doctor().get(&format!("/Condition/{ENTRY}"));
        assert_eq!(condition.status, 200);
        entry
            .0
            .doctor()
            .get(&format!("/AllergyIntolerance/{ENTRY}"))
            .refused(404, "not-found");
    }
}

fn an_allergy_without_a_type_is_still_one(world: &World) {
    for kind in ["NULL", "''"] {
        let entry = Entry::of(world, "is_allergy, allergy_type", &format!("true, {kind}"));
        let shown = entry.read();
        assert_eq!(
            (&shown["type"], &shown["category"]),
            (&json!("allergy"), &Value::Null)
        );
        assert_eq!(code(&shown["clinicalStatus"]), "inactive");
        assert!(shown["reaction"].is_null());
        assert!(entry.is_found("type=allergy") && entry.is_found("category:missing=true"));
        assert!(entry.is_found("severity:missing=true"));
    }
    let entry = Entry::of(world, "is_allergy, allergy_type", "true, 'odd'");
    assert!(entry.read()["type"].is_null());
    assert!(entry.is_found("type:missing=true") && !entry.is_found("type=allergy"));
}

fn an_allergy_is_confirmed_resolved_and_noted(world: &World) {
    let entry = Entry::of(
        world,
        "is_allergy, is_active, lab_confirmed, healed_date, age, short_comment, extra_info, create_date, disease_severity",
        "true, true, true, '2020-02-29'::date, 7, E' \"Nuts\" \\\\ it''s <b>bad</b> ', E'\\x01 ', \
         '2021-03-04 05:06:07.9'::timestamp, '2_mo'",
    );
    let shown = entry.read();
    assert_eq!(code(&shown["verificationStatus"]), "confirmed");
    assert_eq!(code(&shown["clinicalStatus"]), "resolved");
    assert_eq!(
        shown["note"],
        json!([{"text": "\"Nuts\" \\ it's <b>bad</b>"}])
    );
    assert_eq!(shown["recordedDate"], "2021-03-04T05:06:07Z");
    let age =
        json!({"value": 7, "unit": "years", "system": "http://unitsofmeasure.org", "code": "a"});
    assert_eq!(shown["onsetAge"], age);
    assert_eq!(shown["reaction"][0]["severity"], "moderate");
    for query in [
        "verification-status=confirmed",
        "clinical-status=resolved",
        "date=2021-03-04T05:06:07Z",
        "severity=moderate",
    ] {
        assert!(entry.is_found(query), "{query}");
    }
    for query in ["clinical-status=active", "verification-status:missing=true"] {
        assert!(!entry.is_found(query), "{query}");
    }
    drop(entry);
    for age in ["0", "-3"] {
        let entry = Entry::of(world, "is_allergy, age", &format!("true, {age}"));
        assert!(entry.read()["onsetAge"].is_null(), "{age}");
    }
}

fn a_denied_field_is_in_no_allergy(world: &World) {
    let entry = Entry::of(
        world,
        "is_allergy, short_comment, extra_info",
        "true, 'Secret', 'Open'",
    );
    let mut expected = entry.read();
    assert_eq!(
        expected["note"],
        json!([{"text": "Secret"}, {"text": "Open"}])
    );
    expected["note"] = json!([{"text": "Open"}]);
    let path = format!("/AllergyIntolerance/{ENTRY}");
    assert_eq!(world.as_user("restricted").get(&path).ok(), expected);
}

/// The user of the doctor, and the health professional that they are.
fn doctor(world: &World) -> (String, String) {
    let rows = world.sql().rows(
        "SELECT u.id, h.id AS professional FROM res_user u JOIN party_party q ON q.internal_user = u.id \
         JOIN gnuhealth_healthprofessional h ON h.{party} = q.id WHERE u.login = 'doctor'",
        &[],
    );
    (
        rows[0]["id"].to_string(),
        rows[0]["professional"].to_string(),
    )
}

fn who_entered_an_allergy_is_its_recorder(world: &World) {
    let (user, professional) = doctor(world);
    let entry = Entry::of(world, "is_allergy, create_uid", &format!("true, {user}"));
    let shown = entry.read();
    assert_eq!(
        shown["recorder"]["reference"],
        format!("Practitioner/{professional}")
    );
    assert!(entry.is_found(&format!("recorder={professional}")));
    assert!(entry.is_found("recorder.identifier:missing=false"));
    assert!(!entry.is_found("recorder=999999"));
    let path = format!("/AllergyIntolerance?_id={ENTRY}&_include=AllergyIntolerance:recorder");
    let bundle = world.doctor().get(&path).ok();
    let included = &bundle["entry"][1]["resource"];
    assert_eq!(
        (&included["resourceType"], &included["id"]),
        (&json!("Practitioner"), &json!(professional))
    );
    let path = format!("/Practitioner?_has:AllergyIntolerance:recorder:_id={ENTRY}");
    let found = resources(&world.doctor(), &path);
    assert_eq!(found.keys().collect::<Vec<_>>(), [&professional]);
}

fn the_compartment_of_a_practitioner_has_what_they_assert_or_record(world: &World) {
    let (user, professional) = doctor(world);
    let path = format!("/Practitioner/{professional}/AllergyIntolerance?_count=1000");
    let is_in = || resources(&world.doctor(), &path).contains_key(&ENTRY.to_string());
    for (columns, values, expected) in [
        ("create_uid", user.clone(), true),
        ("healthprof", professional.clone(), true),
        ("healthprof", "NULL::int".to_owned(), false),
    ] {
        let entry = Entry::of(
            world,
            &format!("is_allergy, {columns}"),
            &format!("true, {values}"),
        );
        assert_eq!(is_in(), expected, "{columns} {values}");
        drop(entry);
    }
    let asserted = world.all("AllergyIntolerance");
    let to = format!("Practitioner/{professional}");
    let asserted = asserted.values().filter(|allergy| {
        allergy["asserter"]["reference"] == to.as_str()
            || allergy["recorder"]["reference"] == to.as_str()
    });
    assert_eq!(resources(&world.doctor(), &path).len(), asserted.count());
    let filter = encoded("category eq food");
    let within = resources(&world.doctor(), &format!("{path}&_filter={filter}"));
    assert!(!within.is_empty());
    assert!(
        within
            .values()
            .all(|allergy| allergy["category"] == json!(["food"]))
    );
}

fn who_may_not_know_whether_it_is_active_is_told_so(world: &World) {
    let change = Change::make(
        world,
        "INSERT INTO ir_model_field_access SELECT (jsonb_populate_record(a, jsonb_build_object('id', 900002, 'field', \
         (SELECT f.id FROM ir_model_field f JOIN ir_model m ON m.id = f.model \
          WHERE m.model = 'gnuhealth.patient.disease' AND f.name = 'is_active')))).* \
         FROM ir_model_field_access a JOIN ir_model_field f ON f.id = a.field WHERE f.name = 'photo' LIMIT 1",
        "DELETE FROM ir_model_field_access WHERE id = 900002",
    );
    let user = world.as_user("restricted");
    let masked = json!({"extension": [{
        "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}]});
    let found = resources(&user, "/AllergyIntolerance?_count=1000");
    assert_eq!(found.len(), rows(world).len());
    let mut told = 0;
    for (id, allergy) in found {
        let disease = &rows(world)[&id]["disease"];
        if disease["healed_date"].is_null() && disease["status"] != "h" {
            assert_eq!(allergy["clinicalStatus"], masked, "{id}");
            told += 1;
        }
    }
    assert!(told > 0);
    user.get("/AllergyIntolerance?clinical-status=active")
        .refused(403, "forbidden");
    drop(change);
}
