//! What is in a FamilyMemberHistory: for every relative, against what SQL says of their diseases.
//!
//! On GNU Health 4.4 family diseases belong to the module health_genetics, which the demo does not activate.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use xtask::database::GnuHealth;

use crate::content::list;
use crate::crawl::{declared, found, statement};
use crate::rights::Change;
use crate::world::{World, resources};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        every_relative_with_a_disease_is_one_family_member_history,
        the_diseases_are_those_of_the_rows,
        the_patient_is_named,
        what_is_no_relative_is_not_found,
        where_the_module_is_missing_the_type_is_not_served,
        pages_of_relatives_go_on_and_back,
        searches_find_the_relatives_that_are_shown,
    ]
}

pub fn tests_that_change_data() -> Vec<Test> {
    tests![
        a_second_disease_joins_the_first_and_outlives_it,
        the_sides_of_a_family_are_told_apart,
    ]
}

pub fn tests_that_change_rights() -> Vec<Test> {
    tests![who_may_not_read_who_the_relative_is_reads_none]
}

/// The tests of what is served: where it is.
fn is_served(world: &World) -> bool {
    world.version() == GnuHealth::V5_0
}

/// The rows of each relative, by logical id. The demo has but these relatives.
fn relatives(world: &World) -> BTreeMap<String, Vec<Value>> {
    let rows = world.sql().rows(
        "SELECT f.id, f.patient, f.relative, f.xory, d.code, d.name, \
         (SELECT concat_ws(', ', btrim(q.lastname), btrim(q.name)) FROM gnuhealth_patient p \
          JOIN party_party q ON q.id = p.{party} WHERE p.id = f.patient) AS person \
         FROM gnuhealth_patient_family_diseases f JOIN gnuhealth_pathology d ON d.id = f.disease ORDER BY f.id",
        &[],
    );
    let mut relatives = BTreeMap::<String, Vec<Value>>::new();
    for row in rows {
        let code = match (row["relative"].as_str().unwrap(), row["xory"].as_str()) {
            ("mother", Some("m")) => "MTH",
            ("father", None) => "FTH",
            ("sister", Some("s")) => "SIS",
            ("uncle", Some("f")) => "PUNCLE",
            other => panic!("{other:?}"),
        };
        let id = format!("{}-{code}", row["patient"]);
        relatives.entry(id).or_default().push(row);
    }
    relatives
}

fn every_relative_with_a_disease_is_one_family_member_history(world: &World) {
    if !is_served(world) {
        return;
    }
    let (all, relatives) = (world.all("FamilyMemberHistory"), relatives(world));
    assert!(relatives.len() >= 15, "{}", relatives.len());
    assert_eq!(
        all.keys().collect::<Vec<_>>(),
        relatives.keys().collect::<Vec<_>>()
    );
    for (id, history) in all.iter() {
        let read = world.doctor().get(&format!("/FamilyMemberHistory/{id}"));
        assert_eq!(&read.ok(), history);
        let coding = &history["relationship"]["coding"][0];
        assert_eq!(
            coding["system"],
            "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
        );
        assert!(id.ends_with(&format!("-{}", coding["code"].as_str().unwrap())));
        assert_eq!(history["status"], "partial");
    }
}

fn the_diseases_are_those_of_the_rows(world: &World) {
    if !is_served(world) {
        return;
    }
    let all = world.all("FamilyMemberHistory");
    for (id, rows) in relatives(world) {
        let shown: Vec<Value> = list(&all[&id]["condition"])
            .iter()
            .map(|condition| condition["code"].clone())
            .collect();
        let expected: Vec<Value> = rows
            .iter()
            .map(|row| {
                json!({"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": row["code"], "display": row["name"]}],
                    "text": row["name"]})
            })
            .collect();
        assert_eq!(shown, expected, "{id}");
    }
}

fn the_patient_is_named(world: &World) {
    if !is_served(world) {
        return;
    }
    let all = world.all("FamilyMemberHistory");
    for (id, rows) in relatives(world) {
        let patient = json!({"reference": format!("Patient/{}", rows[0]["patient"]), "type": "Patient",
            "display": rows[0]["person"]});
        assert_eq!(all[&id]["patient"], patient);
    }
}

fn what_is_no_relative_is_not_found(world: &World) {
    if !is_served(world) {
        return;
    }
    let ids = relatives(world);
    let id = ids.keys().next().unwrap();
    let (patient, _) = id.split_once('-').unwrap();
    for id in [
        format!("{patient}-AUNT"),
        format!("{patient}-MOTHER"),
        format!("{patient}-"),
        patient.to_owned(),
        "999999-MTH".to_owned(),
        format!("0{id}"),
    ] {
        let answer = world.doctor().get(&format!("/FamilyMemberHistory/{id}"));
        answer.refused(404, "not-found");
    }
}

fn where_the_module_is_missing_the_type_is_not_served(world: &World) {
    let declared = declared(&statement(world));
    let is_declared = declared
        .iter()
        .any(|declared| declared["type"] == "FamilyMemberHistory");
    assert_eq!(is_declared, is_served(world));
    if is_served(world) {
        return;
    }
    for path in ["/FamilyMemberHistory", "/FamilyMemberHistory/1-MTH"] {
        let reason = world.doctor().get(path).refused(404, "not-supported");
        assert!(
            reason.contains("gnuhealth.patient.family.diseases"),
            "{reason}"
        );
    }
}

fn pages_of_relatives_go_on_and_back(world: &World) {
    if !is_served(world) {
        return;
    }
    let whole = found(&world.doctor(), "/FamilyMemberHistory?_count=1000");
    assert_eq!(
        whole.iter().collect::<BTreeSet<_>>().len(),
        relatives(world).len()
    );
    for query in ["_count=1", "_count=2&_sort=-patient", "_count=3&_sort=code"] {
        let paged = found(&world.doctor(), &format!("/FamilyMemberHistory?{query}"));
        let same: BTreeSet<_> = paged.iter().collect();
        assert_eq!(same, whole.iter().collect(), "{query}");
        assert_eq!(paged.len(), whole.len(), "{query}");
    }
    let second = world.doctor().get("/FamilyMemberHistory?_count=2").ok();
    let next = crate::world::link(&second, "next").unwrap();
    let next = world.doctor().get(&next).ok();
    let back = crate::world::link(&next, "previous").unwrap();
    let back = world.doctor().get(&back).ok();
    assert_eq!(back["entry"], second["entry"]);
}

fn searches_find_the_relatives_that_are_shown(world: &World) {
    if !is_served(world) {
        return;
    }
    let relatives = relatives(world);
    let of = |end: &str| -> BTreeSet<String> {
        let ids = relatives.keys().filter(|id| id.ends_with(end));
        ids.cloned().collect()
    };
    let first = relatives.keys().next().unwrap();
    for (query, expected) in [
        ("relationship=MTH".to_owned(), of("-MTH")),
        ("relationship:text=uncle".to_owned(), of("-PUNCLE")),
        (format!("_id={first}"), of(first)),
        ("code=I21.9".to_owned(), of("-FTH")),
    ] {
        let path = format!("/FamilyMemberHistory?{query}&_count=1000");
        let found = resources(&world.doctor(), &path);
        assert_eq!(
            found.into_keys().collect::<BTreeSet<_>>(),
            expected,
            "{query}"
        );
        assert!(!expected.is_empty(), "{query}");
    }
}

/// Rows of family diseases of patient 2, gone when dropped.
struct Rows<'w>(&'w World);

const ROW: i64 = 900_100;

impl Rows<'_> {
    fn add(&self, number: i64, relative: &str, side: &str, code: &str) {
        self.0.sql().run(&format!(
            "INSERT INTO gnuhealth_patient_family_diseases (id, patient, relative, xory, disease, create_date) \
             VALUES ({}, 2, {relative}, {side}, (SELECT id FROM gnuhealth_pathology WHERE code = '{code}'), \
             now() AT TIME ZONE 'UTC')",
            ROW + number
        ));
    }

    fn codes(&self, id: &str) -> Vec<String> {
        let history = self
            .0
            .doctor()
            .get(&format!("/FamilyMemberHistory/{id}"))
            .ok();
        let conditions = list(&history["condition"]).iter();
        let codes = conditions.map(|condition| condition["code"]["coding"][0]["code"].clone());
        codes
            .map(|code| code.as_str().unwrap().to_owned())
            .collect()
    }

    fn found(&self, query: &str) -> BTreeSet<String> {
        let path = format!("/FamilyMemberHistory?patient=2&{query}");
        resources(&self.0.doctor(), &path).into_keys().collect()
    }
}

impl Drop for Rows<'_> {
    fn drop(&mut self) {
        self.0.sql().run(&format!(
            "DELETE FROM gnuhealth_patient_family_diseases WHERE id BETWEEN {ROW} AND {ROW} + 100"
        ));
    }
}

fn a_second_disease_joins_the_first_and_outlives_it(world: &World) {
    if !is_served(world) {
        return;
    }
    let rows = Rows(world);
    rows.add(1, "'aunt'", "'m'", "E11.9");
    let before = world.doctor().get("/FamilyMemberHistory/2-MAUNT").ok();
    let since = before["meta"]["lastUpdated"].as_str().unwrap().to_owned();
    rows.add(2, "'aunt'", "'m'", "I10");
    assert_eq!(rows.codes("2-MAUNT"), ["E11.9", "I10"]);
    let one = BTreeSet::from(["2-MAUNT".to_owned()]);
    for query in ["code=I10", "code=E11.9", "code=E11.9&code=I10"] {
        assert_eq!(rows.found(query), one, "{query}");
    }
    // what came with the second row counts as a change of the whole
    assert_eq!(rows.found(&format!("_lastUpdated=gt{since}")), one);
    world.sql().run(&format!(
        "DELETE FROM gnuhealth_patient_family_diseases WHERE id = {}",
        ROW + 1
    ));
    assert_eq!(rows.codes("2-MAUNT"), ["I10"]);
    assert_eq!(rows.found("code=I10"), one);
    assert!(rows.found("code=E11.9").is_empty());
}

fn the_sides_of_a_family_are_told_apart(world: &World) {
    if !is_served(world) {
        return;
    }
    let rows = Rows(world);
    let cases = [
        ("'aunt'", "'m'", "MAUNT"),
        ("'aunt'", "'f'", "PAUNT"),
        ("'aunt'", "NULL", "AUNT"),
        ("'grandmother'", "'f'", "PGRMTH"),
        ("'grandfather'", "'m'", "MGRFTH"),
        ("'cousin'", "'s'", "COUSN"),
        ("'nephew'", "'m'", "NEPHEW"),
        ("'daughter'", "NULL", "DAUC"),
        ("'stranger'", "NULL", "FAMMEMB"),
    ];
    for (number, (relative, side, _)) in (1..).zip(cases) {
        rows.add(number, relative, side, "E11.9");
    }
    let expected = cases.iter().map(|(_, _, code)| format!("2-{code}"));
    assert_eq!(rows.found("_count=100"), expected.collect());
    for (_, _, code) in cases {
        assert_eq!(rows.codes(&format!("2-{code}")), ["E11.9"]);
        let only = BTreeSet::from([format!("2-{code}")]);
        assert_eq!(rows.found(&format!("relationship={code}")), only);
    }
}

fn who_may_not_read_who_the_relative_is_reads_none(world: &World) {
    if !is_served(world) {
        return;
    }
    let ids = relatives(world);
    let id = ids.keys().next().unwrap();
    let paths = [
        format!("/FamilyMemberHistory/{id}"),
        "/FamilyMemberHistory".to_owned(),
    ];
    let restricted = world.as_user("restricted");
    for path in &paths {
        restricted.get(path).ok();
    }
    let _change = Change::make(
        world,
        "INSERT INTO ir_model_field_access SELECT (jsonb_populate_record(a, jsonb_build_object('id', 900000, 'field', \
         (SELECT f.id FROM ir_model_field f JOIN ir_model m ON m.id = f.model \
          WHERE m.model = 'gnuhealth.patient.family.diseases' AND f.name = 'relative')))).* \
         FROM ir_model_field_access a JOIN ir_model_field f ON f.id = a.field WHERE f.name = 'photo' LIMIT 1",
        "DELETE FROM ir_model_field_access WHERE id = 900000",
    );
    for path in &paths {
        restricted.get(path).refused(403, "forbidden");
    }
    world.doctor().get(&paths[0]).ok();
}
