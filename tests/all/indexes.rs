//! `database/indexes.sql`: it runs, again and again, on both versions of GNU Health, and the searches use what it makes.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::world::{World, becomes};
use crate::{Test, tests};

pub fn tests_that_make_indexes() -> Vec<Test> {
    tests![the_proposed_indexes_can_be_made_twice_are_used_and_can_be_removed,]
}

/// How long PostgreSQL may take to count what an index was used for.
const COUNTED: Duration = Duration::from_secs(10);

/// Runs what a script writes, as psql does with `\gexec`.
fn run(world: &World, script: &str) -> usize {
    let query = xtask::database::writing_query(script).unwrap();
    let mut sql = world.sql();
    let rows = sql.rows(&query, &[]);
    for row in &rows {
        sql.run(row["statement"].as_str().unwrap());
    }
    rows.len()
}

/// The proposed indexes that there are, without those that a condition on their statistics leaves out.
fn indexes(world: &World, condition: &str) -> BTreeSet<String> {
    let rows = world.sql().rows(
        &format!(
            "SELECT indexrelname::text AS name FROM pg_stat_user_indexes s JOIN pg_index i USING (indexrelid) \
             WHERE starts_with(indexrelname, 'gnuhealth_fhir_') AND {condition}"
        ),
        &[],
    );
    let names = rows.iter().map(|row| row["name"].as_str().unwrap());
    names
        .map(|name| name.trim_start_matches("gnuhealth_fhir_").to_owned())
        .collect()
}

/// New connections of the app have this setting; those that there are end.
fn set(world: &World, setting: &str) {
    world
        .sql()
        .run(&format!("ALTER ROLE gnuhealth_fhir {setting}"));
    world.end_connections();
}

/// Leaves the database as it was, after a failure too.
struct Undone<'w>(&'w World);

impl Drop for Undone<'_> {
    fn drop(&mut self) {
        run(self.0, "indexes-drop.sql");
        set(self.0, "RESET enable_seqscan");
        self.0.sql().run("DROP EXTENSION IF EXISTS pg_trgm");
    }
}

/// A search, and the indexes that serve it where no table may be read whole. In a hospital of sixty patients PostgreSQL
/// prefers to look each up by its key to some; their expressions are those of the others.
const SERVED: &[(&str, &[&str])] = &[
    ("/Patient?name=betz", &[]),
    ("/Patient?birthdate=1985-10-04", &["party_birth"]),
    ("/Patient?identifier=nobody", &["party_ref_trimmed"]),
    (
        "/Organization?_count=50",
        &["party_insurer", "party_pharmacy"],
    ),
    ("/Condition?code:text=diab", &[]),
    ("/Observation?code:text=haemo", &["analyte_words"]),
    ("/Observation?code=nothing", &["result_code"]),
    (
        "/Observation?date=2019-03-04",
        &["report_moment", "evaluation_moment"],
    ),
    // More than the laboratory has: what it leaves of a page is asked of evaluations.
    (
        "/Observation?patient=1&_count=1000",
        &["report_patient", "evaluation_patient"],
    ),
    ("/MedicationRequest?patient=1", &["prescription_patient"]),
];

fn the_proposed_indexes_can_be_made_twice_are_used_and_can_be_removed(world: &World) {
    let doctor = world.doctor();
    let ids = |path: &str| {
        let bundle = doctor.get(path).ok();
        let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
        let ids = entries.iter().map(|entry| entry["resource"]["id"].clone());
        ids.collect::<Vec<_>>()
    };
    let before: Vec<_> = SERVED.iter().map(|(path, _)| ids(path)).collect();

    let undone = Undone(world);
    let written = run(world, "indexes.sql");
    let made = indexes(world, "i.indisvalid");
    assert!(made.len() > 20, "{made:?}");
    assert_eq!(run(world, "indexes.sql"), written);
    assert_eq!(indexes(world, "i.indisvalid"), made);

    set(world, "SET enable_seqscan = off");
    for ((path, _), before) in SERVED.iter().zip(before) {
        assert_eq!(ids(path), before, "{path}");
    }
    // A connection that ends tells what it used.
    set(world, "SET enable_seqscan = off");
    let serving = SERVED.iter().flat_map(|(_, serving)| serving.iter());
    let wanted: BTreeSet<String> = serving.map(ToString::to_string).collect();
    let unused = || {
        let used = indexes(world, "idx_scan > 0");
        let of_made = wanted.intersection(&made).cloned().collect::<BTreeSet<_>>();
        of_made.difference(&used).cloned().collect::<Vec<_>>()
    };
    assert!(
        becomes(COUNTED, || unused().is_empty()),
        "not used: {:?}",
        unused()
    );
    drop(undone);
    assert_eq!(indexes(world, "true"), BTreeSet::new());
}
