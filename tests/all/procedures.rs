//! What is in a Procedure: for every surgery, and for what was done in surgeries, evaluations, rounds and sessions, against
//! what SQL says of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde_json::{Value, json};
use xtask::database::GnuHealth;

use crate::content::{list, text};
use crate::world::{SYSTEMS, World, finds, resources};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        every_surgery_and_what_was_done_beside_it_are_procedures,
        what_is_the_surgery_itself_is_no_procedure_of_its_own,
        a_surgery_has_its_number_code_and_reason,
        a_surgery_is_as_far_as_its_state,
        a_surgery_says_when_it_was_and_who_did_it,
        a_surgery_has_its_room_and_notes,
        an_operation_is_part_of_its_surgery,
        what_was_done_in_an_evaluation_names_it,
        of_hidden_patients_there_are_no_procedures,
        who_may_read_no_surgeries_sees_none,
        searches_find_the_procedures_that_are_shown,
    ]
}

pub fn tests_that_change_data() -> Vec<Test> {
    tests![
        a_surgery_tells_all_that_happened_in_it,
        a_surgery_without_intervention_is_described,
        a_surgery_that_goes_on_has_no_end,
        the_shape_of_a_code_tells_its_system,
        an_intervention_that_is_listed_again_is_shown_once,
        what_was_done_in_a_round_is_of_the_patient_who_stays,
        what_was_done_in_a_session_was_done_by_who_held_it,
        a_procedure_of_the_patient_belongs_to_what_its_reference_names,
        what_was_removed_from_where_it_belonged_is_no_procedure,
    ]
}

const ICD_10_PCS: &str = "http://www.cms.gov/Medicare/Coding/ICD10";
const SURGICAL: &str = "387713003";

/// A surgery with what is shown of it.
const SURGERIES: &str = "
    SELECT s.id, to_jsonb(s) AS surgery, to_jsonb(c) AS procedure, to_jsonb(h) AS pathology, o.name AS room,
        (SELECT concat_ws(', ', btrim(q.lastname), btrim(q.name)) FROM gnuhealth_patient a
            JOIN party_party q ON q.id = a.{party} WHERE a.id = s.patient) AS name,
        to_char(s.surgery_date, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS start,
        to_char(s.surgery_end_date, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS end,
        (SELECT jsonb_agg(t.team_member ORDER BY t.id) FROM gnuhealth_surgery_team t
            WHERE to_jsonb(s.id) = coalesce(to_jsonb(t) -> 'surgery', to_jsonb(t) -> 'name')) AS team
    FROM gnuhealth_surgery s
    LEFT JOIN gnuhealth_procedure c ON c.id = coalesce(s.surgical_intervention, s.main_procedure)
    LEFT JOIN gnuhealth_pathology h ON h.id = s.pathology LEFT JOIN gnuhealth_hospital_or o ON o.id = s.operating_room
    ORDER BY s.id";

/// An operation with its surgery.
const OPERATIONS: &str = "
    SELECT o.id, to_jsonb(o) AS operation, to_jsonb(s) AS surgery, to_jsonb(c) AS procedure,
        to_char(s.surgery_date, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS start
    FROM gnuhealth_operation o JOIN gnuhealth_procedure c ON c.id = o.procedure
    JOIN gnuhealth_surgery s ON to_jsonb(s.id) = coalesce(to_jsonb(o) -> 'surgery', to_jsonb(o) -> 'name') ORDER BY o.id";

/// A direction with its evaluation.
const DIRECTIONS: &str = "
    SELECT d.id, to_jsonb(d) AS entry, to_jsonb(e) AS evaluation, to_jsonb(c) AS procedure, e.patient
    FROM gnuhealth_directions d JOIN gnuhealth_procedure c ON c.id = d.procedure
    JOIN gnuhealth_patient_evaluation e ON to_jsonb(e.id) = coalesce(to_jsonb(d) -> 'evaluation', to_jsonb(d) -> 'name')
    ORDER BY d.id";

/// A procedure of a patient (5.0), with the evaluation or surgery that it belongs to.
const OF_PATIENTS: &str = "
    SELECT p.id, to_jsonb(p) AS entry, to_jsonb(e) AS evaluation, to_jsonb(s) AS surgery, to_jsonb(c) AS procedure, p.patient,
        to_char(p.pdate, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS done
    FROM gnuhealth_patient_procedure p JOIN gnuhealth_procedure c ON c.id = p.procedure
    LEFT JOIN gnuhealth_patient_evaluation e ON p.reference = 'gnuhealth.patient.evaluation,' || e.id
    LEFT JOIN gnuhealth_surgery s ON p.reference = 'gnuhealth.surgery,' || s.id ORDER BY p.id";

fn is_5_0(world: &World) -> bool {
    world.version() == GnuHealth::V5_0
}

/// The rows of a query, by the id of the resource; the query is the one of the prefix.
fn rows(world: &World, prefix: &str) -> BTreeMap<String, Value> {
    static READ: OnceLock<BTreeMap<&'static str, BTreeMap<String, Value>>> = OnceLock::new();
    let all = READ.get_or_init(|| {
        let mut queries = vec![
            ("surgery", SURGERIES),
            ("operation", OPERATIONS),
            ("directions", DIRECTIONS),
        ];
        if is_5_0(world) {
            queries.push(("procedure", OF_PATIENTS));
        }
        let read = queries.into_iter().map(|(prefix, query)| {
            let rows = world.sql().rows(query, &[]).into_iter();
            let rows = rows.map(|row| (format!("{prefix}-{}", row["id"]), row));
            (prefix, rows.collect())
        });
        read.collect()
    });
    all.get(prefix).cloned().unwrap_or_default()
}

/// Whether an operation or procedure says no more than that its surgery was done.
fn is_the_surgery(row: &Value, entry: &str, words: &str) -> bool {
    let surgery = &row["surgery"];
    let main = [
        &surgery["surgical_intervention"],
        &surgery["main_procedure"],
    ];
    let main = main.into_iter().find(|main| !main.is_null());
    main == Some(&row[entry]["procedure"]) && text(&row[entry][words]).is_null()
}

#[track_caller]
fn compare(
    world: &World,
    prefix: &str,
    some: usize,
    of_resource: impl Fn(&Value) -> Value,
    of_row: impl Fn(&Value) -> Value,
) {
    let (all, mut different, mut compared) = (world.all("Procedure"), Vec::new(), 0);
    for (id, row) in rows(world, prefix) {
        let Some(shown) = all.get(&id) else { continue };
        let (found, expected) = (of_resource(shown), of_row(&row));
        if found != expected {
            different.push(format!(
                "Procedure/{id}: {found}, but the database has {expected}"
            ));
        }
        compared += 1;
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert!(compared >= some, "only {compared} of {prefix}");
}

fn code(concept: &Value) -> Value {
    let coding = &concept["coding"][0];
    json!([
        coding["system"],
        coding["code"],
        coding["display"],
        concept["text"]
    ])
}

/// The demo's codes are all of ICD-10-PCS.
fn code_of(row: &Value) -> Value {
    let description = text(&row["procedure"]["description"]);
    json!([
        ICD_10_PCS,
        row["procedure"]["name"],
        description,
        description
    ])
}

fn status_of(state: &Value) -> &'static str {
    match state.as_str() {
        Some("draft" | "confirmed") => "preparation",
        Some("in_progress") => "in-progress",
        Some("cancelled") => "not-done",
        Some("done" | "signed") => "completed",
        _ => "unknown",
    }
}

fn notes(found: &Value) -> Vec<Value> {
    let notes = list(&found["note"]).iter();
    notes.map(|note| note["text"].clone()).collect()
}

fn every_surgery_and_what_was_done_beside_it_are_procedures(world: &World) {
    let all = world.all("Procedure");
    let mut expected: BTreeSet<String> = rows(world, "surgery").into_keys().collect();
    assert!(expected.len() > 8);
    expected.extend(rows(world, "directions").into_keys());
    for (prefix, entry, words) in [
        ("operation", "operation", "notes"),
        ("procedure", "entry", "comments"),
    ] {
        let own = rows(world, prefix).into_iter();
        let own = own.filter(|(_, row)| !is_the_surgery(row, entry, words));
        expected.extend(own.map(|(id, _)| id));
    }
    assert_eq!(all.keys().cloned().collect::<BTreeSet<_>>(), expected);
    let kinds: BTreeSet<&str> = expected
        .iter()
        .map(|id| id.split('-').next().unwrap())
        .collect();
    let newer = if is_5_0(world) {
        "procedure"
    } else {
        "directions"
    };
    assert_eq!(kinds, BTreeSet::from(["surgery", "operation", newer]));
    for (id, procedure) in all.iter().step_by(5) {
        assert_eq!(
            &world.doctor().get(&format!("/Procedure/{id}")).ok(),
            procedure
        );
    }
}

fn what_is_the_surgery_itself_is_no_procedure_of_its_own(world: &World) {
    if !is_5_0(world) {
        // only 5.0 lists interventions again; see an_intervention_that_is_listed_again_is_shown_once
        return;
    }
    let copies: Vec<String> = rows(world, "procedure")
        .into_iter()
        .filter(|(_, row)| is_the_surgery(row, "entry", "comments"))
        .map(|(id, _)| id)
        .collect();
    assert!(copies.len() > 8, "{}", copies.len());
    for id in copies {
        world
            .doctor()
            .get(&format!("/Procedure/{id}"))
            .refused(404, "not-found");
    }
}

fn a_surgery_has_its_number_code_and_reason(world: &World) {
    let found = |found: &Value| {
        let reason = &found["reasonCode"][0]["coding"][0];
        json!([
            found["identifier"][0]["system"],
            found["identifier"][0]["value"],
            code(&found["code"]),
            reason["system"],
            reason["code"],
            found["category"]["coding"][0]["code"]
        ])
    };
    let of_row = |row: &Value| {
        json!([
            format!("{SYSTEMS}/surgery"),
            text(&row["surgery"]["code"]),
            code_of(row),
            "http://hl7.org/fhir/sid/icd-10",
            row["pathology"]["code"],
            SURGICAL
        ])
    };
    compare(world, "surgery", 9, found, of_row);
}

fn a_surgery_is_as_far_as_its_state(world: &World) {
    let states: BTreeSet<&str> = rows(world, "surgery")
        .values()
        .map(|row| status_of(&row["surgery"]["state"]))
        .collect();
    assert_eq!(states.len(), 4, "{states:?}");
    compare(
        world,
        "surgery",
        9,
        |found| found["status"].clone(),
        |row| json!(status_of(&row["surgery"]["state"])),
    );
}

fn a_surgery_says_when_it_was_and_who_did_it(world: &World) {
    let found = |found: &Value| {
        let performers = list(&found["performer"]).iter().map(|performer| {
            let function = &performer["function"]["coding"][0]["code"];
            json!([performer["actor"]["reference"], function])
        });
        json!([
            found["performedPeriod"]["start"],
            found["performedPeriod"]["end"],
            found["subject"]["reference"],
            found["subject"]["display"],
            performers.collect::<Vec<_>>(),
            found["asserter"]["reference"]
        ])
    };
    let of_row = |row: &Value| {
        let surgery = &row["surgery"];
        let practitioner = |id: &Value| id.as_i64().map(|id| format!("Practitioner/{id}"));
        let mut performers = Vec::new();
        performers.extend(practitioner(&surgery["surgeon"]).map(|one| json!([one, "PRISURG"])));
        performers.extend(practitioner(&surgery["anesthetist"]).map(|one| json!([one, "ANEST"])));
        let team = list(&row["team"]).iter().filter_map(practitioner);
        performers.extend(team.map(|one| json!([one, null])));
        let institution = surgery["institution"].as_i64();
        performers
            .extend(institution.map(|id| json!([format!("Organization/institution-{id}"), null])));
        let goes_on = surgery["state"] == "in_progress";
        json!([
            row["start"],
            if goes_on { &Value::Null } else { &row["end"] },
            format!("Patient/{}", surgery["patient"]),
            text(&row["name"]),
            performers,
            practitioner(&surgery["signed_by"])
        ])
    };
    compare(world, "surgery", 9, found, of_row);
    let teams = rows(world, "surgery");
    assert!(teams.values().all(|row| list(&row["team"]).len() == 1));
    assert!(
        teams
            .values()
            .any(|row| !row["surgery"]["signed_by"].is_null())
    );
}

fn a_surgery_has_its_room_and_notes(world: &World) {
    let found = |found: &Value| {
        let method = &found["extension"][0]["valueCodeableConcept"]["coding"][0]["code"];
        assert!(found["location"]["reference"].is_null());
        json!([found["location"]["display"], notes(found), method])
    };
    let of_row = |row: &Value| {
        let surgery = &row["surgery"];
        let notes = [
            &surgery["description"],
            &surgery["extra_info"],
            &surgery["anesthesia_report"],
        ];
        let notes = notes.map(text).into_iter().filter(|note| !note.is_null());
        json!([
            text(&row["room"]),
            notes.collect::<Vec<_>>(),
            surgery["approach"]
        ])
    };
    compare(world, "surgery", 9, found, of_row);
    let noted = world.all("Procedure");
    assert!(
        noted["surgery-1"]["note"][0]["text"]
            .as_str()
            .unwrap()
            .contains('"')
    );
}

fn an_operation_is_part_of_its_surgery(world: &World) {
    let found = |found: &Value| {
        json!([
            found["status"],
            code(&found["code"]),
            found["partOf"][0]["reference"],
            found["subject"]["reference"],
            found["performedPeriod"]["start"],
            found["category"]["coding"][0]["code"],
            notes(found)
        ])
    };
    let of_row = |row: &Value| {
        json!([
            status_of(&row["surgery"]["state"]),
            code_of(row),
            format!("Procedure/surgery-{}", row["surgery"]["id"]),
            format!("Patient/{}", row["surgery"]["patient"]),
            row["start"],
            SURGICAL,
            [text(&row["operation"]["notes"])]
        ])
    };
    compare(world, "operation", 9, found, of_row);
    for (id, procedure) in world.all("Procedure").iter() {
        if let Some(whole) = procedure["partOf"][0]["reference"].as_str() {
            let whole = whole.strip_prefix("Procedure/").unwrap();
            assert!(world.all("Procedure").contains_key(whole), "{id}");
        }
    }
}

fn what_was_done_in_an_evaluation_names_it(world: &World) {
    let prefix = if is_5_0(world) {
        "procedure"
    } else {
        "directions"
    };
    let found = |found: &Value| {
        let encounter = &found["encounter"];
        let identifier = &encounter["identifier"];
        assert!(found["performedPeriod"].is_null());
        assert!(encounter["reference"].is_null());
        json!([
            found["status"],
            code(&found["code"]),
            found["subject"]["reference"],
            found["performedDateTime"],
            identifier["system"],
            identifier["value"],
            notes(found)
        ])
    };
    let of_row = |row: &Value| {
        let evaluation = &row["evaluation"];
        let number = text(&evaluation["code"]);
        let status = match evaluation["state"].as_str() {
            // 4.4 calls what is listed there actions to take
            _ if !is_5_0(world) => "unknown",
            Some("done" | "signed") => "completed",
            _ if !row["surgery"].is_null() => status_of(&row["surgery"]["state"]),
            _ => "unknown",
        };
        let comments = text(&row["entry"]["comments"]);
        let comments: Vec<_> = Some(comments)
            .filter(|text| !text.is_null())
            .into_iter()
            .collect();
        json!([
            status,
            code_of(row),
            format!("Patient/{}", row["patient"]),
            row["done"],
            (!number.is_null()).then(|| format!("{SYSTEMS}/evaluation")),
            number,
            comments
        ])
    };
    compare(world, prefix, 5, found, of_row);
    let all = world.all("Procedure");
    let named = all.values().filter(|found| !found["encounter"].is_null());
    assert!(named.count() > 4);
}

fn of_hidden_patients_there_are_no_procedures(world: &World) {
    let own = world.sql().rows(
        "SELECT id FROM gnuhealth_patient WHERE primary_care_doctor = 1",
        &[],
    );
    let own: BTreeSet<String> = own
        .iter()
        .map(|row| format!("Patient/{}", row["id"]))
        .collect();
    let all = world.all("Procedure");
    let expected: BTreeSet<&String> = all
        .iter()
        .filter(|(_, found)| own.contains(found["subject"]["reference"].as_str().unwrap()))
        .map(|(id, _)| id)
        .collect();
    let user = world.as_user("ownpatients");
    let found = resources(&user, "/Procedure?_count=1000");
    assert_eq!(found.keys().collect::<BTreeSet<_>>(), expected);
    assert!(!expected.is_empty() && expected.len() < all.len());
    for hidden in all.keys().filter(|id| !expected.contains(id)).step_by(4) {
        user.get(&format!("/Procedure/{hidden}"))
            .refused(404, "not-found");
    }
}

/// GNU Health lets everybody read the procedures of patients, but not surgeries and what codes mean.
fn who_may_read_no_surgeries_sees_none(world: &World) {
    let nobody = world.as_user("nogroup");
    let found = resources(&nobody, "/Procedure?_count=1000");
    if !is_5_0(world) {
        // 4.4 closes all tables but that of ambulatory care
        assert!(found.keys().all(|id| id.starts_with("ambulatory-")));
        return;
    }
    let expected: BTreeSet<String> = rows(world, "procedure").into_keys().collect();
    assert_eq!(found.keys().cloned().collect::<BTreeSet<_>>(), expected);
    for procedure in found.values() {
        let hidden = [
            &procedure["code"],
            &procedure["partOf"],
            &procedure["encounter"],
        ];
        assert!(hidden.into_iter().all(Value::is_null), "{procedure}");
        assert_eq!(procedure["status"], "unknown");
    }
    for path in ["/Procedure/surgery-1", "/Procedure?code=0DTJ4ZZ"] {
        nobody.get(path).refused(403, "forbidden");
    }
    let all = |query: &str| resources(&nobody, &format!("/Procedure?{query}&_count=1000")).len();
    assert_eq!(all("status=unknown"), found.len());
    for nothing in [
        "status=completed",
        "part-of:missing=false",
        "encounter:missing=false",
    ] {
        assert_eq!(all(nothing), 0, "{nothing}");
    }
}

fn searches_find_the_procedures_that_are_shown(world: &World) {
    let all = world.all("Procedure");
    type Shown = Box<dyn Fn(&Value) -> bool>;
    let status =
        |wanted: &'static str| -> Shown { Box::new(move |shown| shown["status"] == wanted) };
    let surgeon = all["surgery-1"]["performer"][0]["actor"]["reference"]
        .as_str()
        .unwrap();
    let number = all["surgery-1"]["identifier"][0]["value"].as_str().unwrap();
    let evaluation = all
        .values()
        .find_map(|shown| shown["encounter"]["identifier"]["value"].as_str());
    let (by_surgeon, by_number) = (
        format!("performer={surgeon}"),
        format!("identifier={SYSTEMS}/surgery|{number}"),
    );
    let by_encounter = format!(
        "encounter:identifier={SYSTEMS}/evaluation|{}",
        evaluation.unwrap()
    );
    let (surgeon, number, evaluation) = (
        surgeon.to_owned(),
        number.to_owned(),
        evaluation.unwrap().to_owned(),
    );
    let cases: Vec<(&str, Shown)> = vec![
        (
            "code=0DTJ4ZZ",
            Box::new(|shown| shown["code"]["coding"][0]["code"] == "0DTJ4ZZ"),
        ),
        (
            "code=http://www.cms.gov/Medicare/Coding/ICD10|4A02X4Z",
            Box::new(|shown| shown["code"]["coding"][0]["code"] == "4A02X4Z"),
        ),
        (
            "code:text=resection",
            Box::new(|shown| {
                shown["code"]["text"]
                    .as_str()
                    .unwrap()
                    .starts_with("Resection")
            }),
        ),
        (
            "category=387713003",
            Box::new(|shown| !shown["category"].is_null()),
        ),
        ("status=preparation", status("preparation")),
        ("status=in-progress", status("in-progress")),
        ("status=not-done", status("not-done")),
        ("status=completed", status("completed")),
        ("status=unknown", status("unknown")),
        (
            "patient=1",
            Box::new(|shown| shown["subject"]["reference"] == "Patient/1"),
        ),
        (
            "subject=Patient/1",
            Box::new(|shown| shown["subject"]["reference"] == "Patient/1"),
        ),
        (
            "part-of=Procedure/surgery-1",
            Box::new(|shown| shown["partOf"][0]["reference"] == "Procedure/surgery-1"),
        ),
        (
            "part-of:missing=false",
            Box::new(|shown| !shown["partOf"].is_null()),
        ),
        (
            "reason-code=K35.9",
            Box::new(|shown| shown["reasonCode"][0]["coding"][0]["code"] == "K35.9"),
        ),
        (
            "date:missing=true",
            Box::new(|shown| {
                shown["performedPeriod"].is_null() && shown["performedDateTime"].is_null()
            }),
        ),
        (
            &by_surgeon,
            Box::new(move |shown| {
                let mut performers = list(&shown["performer"]).iter();
                performers.any(|performer| performer["actor"]["reference"] == surgeon.as_str())
            }),
        ),
        (
            &by_number,
            Box::new(move |shown| shown["identifier"][0]["value"] == number.as_str()),
        ),
        (
            &by_encounter,
            Box::new(move |shown| shown["encounter"]["identifier"]["value"] == evaluation.as_str()),
        ),
    ];
    for (query, shown) in cases {
        let expected: BTreeSet<&String> = all
            .iter()
            .filter(|(_, found)| shown(found))
            .map(|(id, _)| id)
            .collect();
        let found = resources(
            &world.doctor(),
            &format!(
                "/Procedure?{}&_count=1000",
                query.replace('|', "%7C").replace(' ', "%20")
            ),
        );
        assert_eq!(found.keys().collect::<BTreeSet<_>>(), expected, "{query}");
        assert!(
            !expected.is_empty() && expected.len() < all.len(),
            "{query}"
        );
    }
}

/// Rows that a test puts in; gone when dropped, the last first.
struct Made<'w> {
    world: &'w World,
    /// Who reads: doctors may not read rounds and sessions, nurses no surgeries.
    reader: &'static str,
    rows: Vec<(&'static str, i64)>,
}

const NEW: i64 = 900_201;

impl<'w> Made<'w> {
    fn new(world: &'w World) -> Self {
        Self {
            world,
            reader: "doctor",
            rows: Vec::new(),
        }
    }

    fn read_by(world: &'w World, reader: &'static str) -> Self {
        let mut made = Self::new(world);
        made.reader = reader;
        made
    }

    fn client(&self) -> crate::http::Client {
        self.world.as_user(self.reader)
    }

    /// A row with this id. `column` may be a name for 5.0, a `/`, and the name before it; the values are SQL.
    fn row(&mut self, table: &'static str, id: i64, columns: &[(&str, &str)]) {
        let column = |name: &str| match name.split_once('/') {
            Some((new, old)) => if is_5_0(self.world) { new } else { old }.to_owned(),
            None => name.to_owned(),
        };
        let names: String = columns
            .iter()
            .map(|(name, _)| format!(", {}", column(name)))
            .collect();
        let values: String = columns
            .iter()
            .map(|(_, value)| format!(", {value}"))
            .collect();
        self.world.sql().run(&format!(
            "INSERT INTO {table} (id{names}) VALUES ({id}{values})"
        ));
        self.rows.push((table, id));
    }

    fn read(&self, id: &str) -> Value {
        self.client().get(&format!("/Procedure/{id}")).ok()
    }

    fn is_gone(&self, id: &str) {
        self.client()
            .get(&format!("/Procedure/{id}"))
            .refused(404, "not-found");
    }

    fn is_found(&self, query: &str, id: &str) -> bool {
        finds(&self.client(), "Procedure", query, &id)
    }

    fn change(&self, statement: &str) {
        self.world.sql().run(statement);
    }

    /// The code of a procedure.
    fn procedure(&mut self, id: i64, code: &str) {
        self.row(
            "gnuhealth_procedure",
            id,
            &[
                ("name", &format!("'{code}'")),
                ("description", "'Made by a test'"),
            ],
        );
    }

    /// A surgery of patient 2 with the procedure of the same id.
    fn surgery(&mut self, more: &[(&str, &str)]) {
        let id = NEW.to_string();
        let known = [
            ("patient", "2"),
            ("surgical_intervention", id.as_str()),
            ("state", "'done'"),
        ];
        let own = known
            .into_iter()
            .filter(|(name, _)| more.iter().all(|(other, _)| other != name));
        let columns: Vec<_> = own.chain(more.iter().copied()).collect();
        self.row("gnuhealth_surgery", NEW, &columns);
    }
}

impl Drop for Made<'_> {
    fn drop(&mut self) {
        let mut sql = self.world.sql();
        for (table, id) in self.rows.iter().rev() {
            sql.run(&format!("DELETE FROM {table} WHERE id = {id}"));
        }
    }
}

fn surgery_id() -> String {
    format!("surgery-{NEW}")
}

fn a_surgery_tells_all_that_happened_in_it(world: &World) {
    let mut made = Made::new(world);
    let id = NEW.to_string();
    made.procedure(NEW, "0DTJ0ZZ");
    made.surgery(&[
        ("code", "' S-9 '"),
        ("laterality", "'bilateral'"),
        ("approach", "'robotic'"),
        ("clavien_dindo", "'grade3a'"),
        ("complications_notes", "'Bled, \"a lot\"'"),
        ("postoperative_guidelines", "'Walk'"),
        ("discharge_instructions", "'Sutures out on day 7'"),
        ("anesthesia_report", "'Uneventful'"),
        ("description", "'Urgent'"),
        ("surgeon", "2"),
        ("anesthetist", "2"),
    ]);
    let pathology = world.sql().value(
        "SELECT min(id) AS id FROM gnuhealth_pathology WHERE code = 'K35.9'",
        &[],
    );
    let of_surgery = ("surgery/name", id.as_str());
    made.row(
        "gnuhealth_surgery_complication",
        NEW,
        &[
            of_surgery,
            ("complication", &pathology.to_string()),
            ("short_comment", "'Stitched'"),
            ("severity", "'2_mo'"),
        ],
    );
    let role = world.sql().rows(
        "SELECT h.id, coalesce(to_jsonb(h) -> 'healthprof', to_jsonb(h) -> 'name') AS who, s.name
         FROM gnuhealth_hp_specialty h JOIN gnuhealth_specialty s ON s.id = h.specialty ORDER BY h.id LIMIT 1",
        &[],
    );
    let (who, specialty) = (role[0]["who"].to_string(), role[0]["id"].to_string());
    made.row(
        "gnuhealth_surgery_team",
        NEW,
        &[of_surgery, ("team_member", &who), ("role", &specialty)],
    );
    // the same again says nothing
    made.row(
        "gnuhealth_surgery_team",
        NEW + 1,
        &[of_surgery, ("team_member", &who), ("role", &specialty)],
    );
    let products = world.sql().rows(
        "SELECT p.id, t.name FROM product_product p JOIN product_template t ON t.id = p.template ORDER BY p.id LIMIT 3",
        &[],
    );
    for (index, (product, used)) in products.iter().zip(["2.5", "0", "-1"]).enumerate() {
        let supply = product["id"].to_string();
        made.row(
            "gnuhealth_surgery_supply",
            NEW + index as i64,
            &[
                of_surgery,
                ("supply", &supply),
                ("qty", "3"),
                ("qty_used", used),
            ],
        );
    }
    made.row(
        "gnuhealth_surgery_drain",
        NEW,
        &[of_surgery, ("drain", "'jackson_pratt'")],
    );
    let shown = made.read(&surgery_id());
    let texts = |concepts: &Value| -> Vec<Value> {
        list(concepts)
            .iter()
            .map(|concept| concept["text"].clone())
            .collect()
    };
    assert_eq!(shown["identifier"][0]["value"], "S-9");
    assert_eq!(shown["bodySite"][0]["coding"][0]["code"], "51440002");
    let method = &shown["extension"][0];
    assert_eq!(
        method["url"],
        "http://hl7.org/fhir/StructureDefinition/procedure-method"
    );
    assert_eq!(method["valueCodeableConcept"]["text"], "Robotic");
    let complications = &shown["complication"];
    assert_eq!(complications[0]["coding"][0]["code"], "K35.9");
    assert_eq!(
        complications[1]["coding"][0]["system"],
        format!("{SYSTEMS}/clavien-dindo")
    );
    assert_eq!(complications[1]["coding"][0]["code"], "grade3a");
    assert_eq!(complications[2], json!({"text": "Bled, \"a lot\""}));
    assert_eq!(texts(&shown["followUp"]), ["Walk", "Sutures out on day 7"]);
    assert_eq!(notes(&shown), ["Urgent", "Uneventful", "Stitched"]);
    assert_eq!(
        texts(&shown["usedCode"]),
        [products[0]["name"].clone(), json!("Jackson-Pratt drain")]
    );
    let performers: Vec<Value> = list(&shown["performer"])
        .iter()
        .map(|performer| {
            let function = &performer["function"];
            json!([
                performer["actor"]["reference"],
                function["coding"][0]["code"],
                function["text"]
            ])
        })
        .collect();
    let expected = [
        json!(["Practitioner/2", "PRISURG", null]),
        json!(["Practitioner/2", "ANEST", null]),
        json!([format!("Practitioner/{who}"), null, text(&role[0]["name"])]),
    ];
    assert_eq!(performers, expected);
    assert!(made.is_found(&format!("performer=Practitioner/{who}"), &surgery_id()));
}

fn a_surgery_without_intervention_is_described(world: &World) {
    let mut made = Made::new(world);
    made.procedure(NEW, "0DTJ0ZZ");
    made.surgery(&[
        ("surgical_intervention", "NULL"),
        ("description", "'Wart removal'"),
        ("state", "NULL"),
    ]);
    let shown = made.read(&surgery_id());
    assert_eq!(shown["code"], json!({"text": "Wart removal"}));
    assert!(shown["note"].is_null() && shown["performedPeriod"].is_null());
    assert_eq!(shown["status"], "unknown");
    assert!(
        made.is_found("code:text=wart", &surgery_id())
            && made.is_found("status=unknown", &surgery_id())
    );
    assert!(made.is_found("code:missing=true", &surgery_id()));
    // before 4.2 the intervention was elsewhere
    made.change(&format!(
        "UPDATE gnuhealth_surgery SET main_procedure = {NEW} WHERE id = {NEW}"
    ));
    let shown = made.read(&surgery_id());
    assert_eq!(shown["code"]["coding"][0]["code"], "0DTJ0ZZ");
    assert_eq!(notes(&shown), ["Wart removal"]);
    assert!(
        made.is_found("code=0DTJ0ZZ", &surgery_id())
            && !made.is_found("code:text=wart", &surgery_id())
    );
}

fn a_surgery_that_goes_on_has_no_end(world: &World) {
    let mut made = Made::new(world);
    made.procedure(NEW, "0DTJ0ZZ");
    made.surgery(&[
        ("state", "'in_progress'"),
        ("surgery_date", "'2024-02-29 10:00:00'"),
        ("surgery_end_date", "'2024-02-29 10:00:00'"),
    ]);
    let start = json!({"start": "2024-02-29T10:00:00Z"});
    assert_eq!(made.read(&surgery_id())["performedPeriod"], start);
    assert!(
        made.is_found("date=gt2025", &surgery_id()),
        "it has not ended"
    );
    made.change(&format!(
        "UPDATE gnuhealth_surgery SET state = 'done' WHERE id = {NEW}"
    ));
    let both = json!({"start": "2024-02-29T10:00:00Z", "end": "2024-02-29T10:00:00Z"});
    assert_eq!(made.read(&surgery_id())["performedPeriod"], both);
    assert!(
        !made.is_found("date=gt2025", &surgery_id())
            && made.is_found("date=2024-02-29", &surgery_id())
    );
    let end = |time: &str| {
        made.change(&format!(
            "UPDATE gnuhealth_surgery SET surgery_end_date = {time} WHERE id = {NEW}"
        ));
    };
    end("'2024-02-29 09:59:59'");
    assert_eq!(made.read(&surgery_id())["performedPeriod"], start);
    end("'2024-03-01 00:30:00'");
    made.change(&format!(
        "UPDATE gnuhealth_surgery SET surgery_date = NULL WHERE id = {NEW}"
    ));
    assert_eq!(
        made.read(&surgery_id())["performedPeriod"],
        json!({"end": "2024-03-01T00:30:00Z"})
    );
}

fn the_shape_of_a_code_tells_its_system(world: &World) {
    let own = format!("{SYSTEMS}/procedure");
    let icd_9 = "http://hl7.org/fhir/sid/icd-9-cm";
    let mut made = Made::new(world);
    made.procedure(NEW, "none yet");
    made.surgery(&[]);
    for (code, system) in [
        ("0DTJ4Z3", ICD_10_PCS),
        ("XW03331", ICD_10_PCS),
        ("47.09", icd_9),
        ("01.6", icd_9),
        ("5-470", own.as_str()),
        ("BEDRESS", own.as_str()),
        ("0DTI4ZZ", own.as_str()),
        ("OWN 7", own.as_str()),
    ] {
        made.change(&format!(
            "UPDATE gnuhealth_procedure SET name = '{code}' WHERE id = {NEW}"
        ));
        let shown = made.read(&surgery_id())["code"]["coding"][0].clone();
        assert_eq!(
            (&shown["system"], &shown["code"]),
            (&json!(system), &json!(code))
        );
        assert!(
            made.is_found(&format!("code={code}"), &surgery_id()),
            "{code}"
        );
        for other in [ICD_10_PCS, icd_9, own.as_str()] {
            let expected = other == system;
            for query in [format!("code={other}|{code}"), format!("code={other}|")] {
                assert_eq!(made.is_found(&query, &surgery_id()), expected, "{query}");
            }
        }
        assert!(
            !made.is_found(&format!("code=|{code}"), &surgery_id()),
            "{code}"
        );
    }
}

fn an_intervention_that_is_listed_again_is_shown_once(world: &World) {
    let mut made = Made::new(world);
    made.procedure(NEW, "0DTJ0ZZ");
    made.procedure(NEW + 1, "0FT44ZZ");
    made.surgery(&[]);
    let (main, other, surgery) = (NEW.to_string(), (NEW + 1).to_string(), NEW.to_string());
    let operation = format!("operation-{NEW}");
    made.row(
        "gnuhealth_operation",
        NEW,
        &[
            ("surgery/name", &surgery),
            ("procedure", &main),
            ("notes", "' \\n'"),
        ],
    );
    made.change(&format!(
        "UPDATE gnuhealth_operation SET notes = E' \\n\\t' WHERE id = {NEW}"
    ));
    made.is_gone(&operation);
    assert!(!made.is_found("patient=2", &operation) && made.is_found("patient=2", &surgery_id()));
    for change in [
        "notes = 'Main'",
        &format!("notes = NULL, procedure = {other}"),
    ] {
        made.change(&format!(
            "UPDATE gnuhealth_operation SET {change} WHERE id = {NEW}"
        ));
        let shown = made.read(&operation);
        assert_eq!(
            shown["partOf"][0]["reference"],
            format!("Procedure/{}", surgery_id())
        );
        assert!(
            made.is_found(&format!("part-of={}", surgery_id()), &operation),
            "{change}"
        );
    }
    // the older field counts where the newer is empty
    made.change(&format!(
        "UPDATE gnuhealth_surgery SET surgical_intervention = NULL, main_procedure = {other} WHERE id = {NEW}"
    ));
    made.is_gone(&operation);
    made.change(&format!(
        "UPDATE gnuhealth_surgery SET main_procedure = NULL WHERE id = {NEW}"
    ));
    assert_eq!(
        made.read(&operation)["code"]["coding"][0]["code"],
        "0FT44ZZ"
    );
}

fn what_was_done_in_a_round_is_of_the_patient_who_stays(world: &World) {
    let mut made = Made::read_by(world, "nurse");
    made.procedure(NEW, "3E0234Z");
    let round = world.sql().rows(
        "SELECT r.id, r.state, r.health_professional AS who, s.name AS stay, s.patient,
             to_char(r.evaluation_start, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS start,
             to_char(r.evaluation_end, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS end
         FROM gnuhealth_patient_rounding r JOIN gnuhealth_inpatient_registration s
             ON to_jsonb(s.id) = coalesce(to_jsonb(r) -> 'registration', to_jsonb(r) -> 'name')
         WHERE r.evaluation_end IS NOT NULL AND r.state = 'done' ORDER BY r.id LIMIT 1",
        &[],
    );
    let round = &round[0];
    let of = round["id"].to_string();
    let id = format!("rounding-{NEW}");
    made.row(
        "gnuhealth_rounding_procedure",
        NEW,
        &[
            ("rounding/name", &of),
            ("procedure", &NEW.to_string()),
            ("notes", "'Left arm'"),
        ],
    );
    let shown = made.read(&id);
    let patient = format!("Patient/{}", round["patient"]);
    assert_eq!(shown["subject"]["reference"], patient);
    assert_eq!(shown["status"], "completed");
    assert_eq!(
        shown["performedPeriod"],
        json!({"start": round["start"], "end": round["end"]})
    );
    let who = format!("Practitioner/{}", round["who"]);
    assert_eq!(shown["performer"][0]["actor"]["reference"], who);
    let stay = round["stay"].as_str().unwrap();
    let identifier = json!({"system": format!("{SYSTEMS}/inpatient-registration"), "value": stay});
    assert_eq!(
        shown["encounter"],
        json!({"type": "Encounter", "identifier": identifier})
    );
    assert_eq!(notes(&shown), ["Left arm"]);
    assert!(shown["category"].is_null() && shown["partOf"].is_null());
    for query in [
        format!("patient={}", round["patient"]),
        format!("performer={who}"),
        format!("encounter:identifier={SYSTEMS}/inpatient-registration|{stay}"),
        format!(
            "date=ge{}&date=le{}",
            round["start"].as_str().unwrap(),
            round["end"].as_str().unwrap()
        ),
        "code=3E0234Z&status=completed".to_owned(),
    ] {
        assert!(made.is_found(&query, &id), "{query}");
    }
    assert!(!made.is_found("category=387713003", &id) && !made.is_found("patient=2", &id));
}

fn what_was_done_in_a_session_was_done_by_who_held_it(world: &World) {
    let mut made = Made::read_by(world, "nurse");
    made.procedure(NEW, "3E0234Z");
    made.row(
        "gnuhealth_patient_ambulatory_care",
        NEW,
        &[
            ("patient", "2"),
            ("name", "'AMB-9'"),
            ("session_start", "'2024-05-01 08:00:00'"),
            ("session_end", "'2024-05-01 08:20:00'"),
            ("health_professional", "3"),
            ("state", "'draft'"),
        ],
    );
    let (of, id) = (NEW.to_string(), format!("ambulatory-{NEW}"));
    made.row(
        "gnuhealth_ambulatory_care_procedure",
        NEW,
        &[
            ("ambcare/name", &of),
            ("procedure", &of),
            ("comments", "'  '"),
        ],
    );
    let shown = made.read(&id);
    assert_eq!(shown["status"], "unknown");
    assert_eq!(shown["subject"]["reference"], "Patient/2");
    assert_eq!(
        shown["performer"][0]["actor"]["reference"],
        "Practitioner/3"
    );
    let period = json!({"start": "2024-05-01T08:00:00Z", "end": "2024-05-01T08:20:00Z"});
    assert_eq!(shown["performedPeriod"], period);
    assert_eq!(shown["encounter"]["identifier"]["value"], "AMB-9");
    assert!(shown["note"].is_null());
    for query in [
        format!("encounter:identifier={SYSTEMS}/ambulatory-care|AMB-9"),
        "performer=Practitioner/3&date=2024-05-01".to_owned(),
        "status=unknown&patient=2".to_owned(),
    ] {
        assert!(made.is_found(&query, &id), "{query}");
    }
    made.change(&format!(
        "UPDATE gnuhealth_patient_ambulatory_care SET state = 'done' WHERE id = {NEW}"
    ));
    assert_eq!(made.read(&id)["status"], "completed");
    assert!(made.is_found("status=completed", &id) && !made.is_found("status=unknown", &id));
}

fn a_procedure_of_the_patient_belongs_to_what_its_reference_names(world: &World) {
    if !is_5_0(world) {
        let tables = "SELECT to_regclass('gnuhealth_patient_procedure') IS NULL AS missing";
        assert_eq!(world.sql().value(tables, &[]), true);
        return;
    }
    let mut made = Made::new(world);
    made.procedure(NEW, "0DTJ0ZZ");
    made.procedure(NEW + 1, "0FT44ZZ");
    made.surgery(&[("state", "'cancelled'")]);
    let id = format!("procedure-{NEW}");
    made.row(
        "gnuhealth_patient_procedure",
        NEW,
        &[
            ("patient", "2"),
            ("procedure", &NEW.to_string()),
            ("ctx", "'surgery'"),
        ],
    );
    let refers = |reference: &str| {
        let reference = reference.replace('\'', "''");
        made.change(&format!(
            "UPDATE gnuhealth_patient_procedure SET reference = '{reference}' WHERE id = {NEW}"
        ));
    };
    let surgery = format!("gnuhealth.surgery,{NEW}");
    refers(&surgery);
    made.is_gone(&id);
    made.change(&format!(
        "UPDATE gnuhealth_patient_procedure SET procedure = {} WHERE id = {NEW}",
        NEW + 1
    ));
    let shown = made.read(&id);
    assert_eq!(
        shown["partOf"][0]["reference"],
        format!("Procedure/{}", surgery_id())
    );
    assert_eq!(shown["status"], "not-done");
    assert!(
        made.is_found(&format!("part-of={}", surgery_id()), &id)
            && made.is_found("status=not-done", &id)
    );
    // of another model, and of records that there are not; trytond's index refuses what has no number
    for reference in [
        format!("gnuhealth.patient.evaluation,{NEW}"),
        format!("gnuhealth.surgery.x,{NEW}"),
        format!("xgnuhealth.surgery,{NEW}"),
        "gnuhealth.surgery,-1".to_owned(),
        "gnuhealth.surgery,2147483647".to_owned(),
    ] {
        refers(&reference);
        let shown = made.read(&id);
        assert!(
            shown["partOf"].is_null() && shown["encounter"].is_null(),
            "{reference}"
        );
        assert_eq!(shown["status"], "unknown", "{reference}");
        assert!(!made.is_found("part-of:missing=false", &id), "{reference}");
    }
    let round = world.sql().rows(
        "SELECT r.id, s.name, r.health_professional AS who FROM gnuhealth_patient_rounding r
         JOIN gnuhealth_inpatient_registration s ON s.id = r.registration WHERE r.state = 'done' ORDER BY r.id LIMIT 1",
        &[],
    );
    made.change(&format!(
        "UPDATE gnuhealth_patient_procedure SET reference = 'gnuhealth.patient.rounding,{}' WHERE id = {NEW}",
        round[0]["id"]
    ));
    let shown = made.read(&id);
    assert!(shown["encounter"].is_null() && shown["performer"].is_null());
    assert_eq!(
        shown["status"], "unknown",
        "a doctor may not read nursing rounds"
    );
    assert!(made.is_found("status=unknown", &id));
    made.reader = "nurse";
    let shown = made.read(&id);
    assert_eq!(shown["encounter"]["identifier"]["value"], round[0]["name"]);
    assert_eq!(shown["status"], "completed");
    let who = format!("Practitioner/{}", round[0]["who"]);
    assert_eq!(shown["performer"][0]["actor"]["reference"], who);
    assert!(made.is_found(&format!("performer={who}&status=completed"), &id));
}

fn what_was_removed_from_where_it_belonged_is_no_procedure(world: &World) {
    let mut made = Made::new(world);
    made.procedure(NEW, "0DTJ0ZZ");
    let procedure = NEW.to_string();
    for (table, prefix) in [
        ("gnuhealth_operation", "operation"),
        ("gnuhealth_directions", "directions"),
        ("gnuhealth_rounding_procedure", "rounding"),
        ("gnuhealth_ambulatory_care_procedure", "ambulatory"),
    ] {
        made.row(table, NEW, &[("procedure", &procedure)]);
        made.reader = if prefix == "rounding" {
            "nurse"
        } else {
            "doctor"
        };
        made.is_gone(&format!("{prefix}-{NEW}"));
    }
    assert!(!made.is_found("code=0DTJ0ZZ", &format!("operation-{NEW}")));
}
