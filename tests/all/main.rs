//! Black-box tests over HTTP: the app as `spin.toml` wires it, against a real GNU Health database.
//!
//! The database and the app are started once. The tests of [`CONCURRENT`] then share them; those of [`ALONE`] follow
//! one after the other, since they change data or rights, stop the database, or start an app of their own. In the end
//! everything that any test was answered is validated, and the log is searched for what must not be in it.
//!
//! What a right answer is, the tests ask the database in SQL of their own, or they know it from the demo patients
//! (database/demo/patients.py). See README.md for how to run them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "a test that meets something unexpected fails by panicking, and nobody else uses this crate"
)]

mod access;
mod allergies;
mod applications;
mod attempts;
mod authentication;
mod bad_input;
mod batch;
mod bindings;
mod birthdate;
mod browser;
mod chains;
mod clients;
mod compartments;
mod conditional;
mod conditions;
mod content;
mod cors;
mod crawl;
mod definitions;
mod diagnostic_reports;
mod domains;
mod dosages;
mod examples;
mod export;
mod facade_defects;
mod family_histories;
mod filters;
mod formats;
mod fuzz;
mod groups;
mod handling;
mod health;
mod history;
mod http;
mod immunizations;
mod includes;
mod indexes;
mod load;
mod manifest;
mod medication_requests;
mod medication_statements;
mod medications;
mod metadata;
mod negotiation;
mod neighbours;
mod npm;
mod observations;
mod oddities;
mod oracle;
mod organizations;
mod other_clients;
mod outage;
mod pages;
mod paging;
mod passwords;
mod post_search;
mod practitioner_roles;
mod practitioners;
mod principal;
mod privacy;
mod procedures;
mod process;
mod read;
mod references;
mod rights;
mod role;
mod rules;
mod search;
mod search_oracle;
mod served;
mod sessions;
mod sorting;
mod sql;
mod strings;
mod subset;
mod system_search;
mod tokens;
mod translations;
mod users;
mod validate;
mod validation;
mod validators;
mod values;
mod visitor;
mod world;
mod xml;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};

use world::World;

/// A test: its name, and what it does.
type Test = (&'static str, fn(&World));

/// The tests of a file, each under the name of its function.
macro_rules! tests {
    ($($name:ident),+ $(,)?) => { vec![$((stringify!($name), $name as fn(&$crate::world::World))),+] };
}
pub(crate) use tests;

/// A file, and its tests.
type Subject = (&'static str, fn() -> Vec<Test>);

/// What only reads, or writes what nobody else looks at.
const CONCURRENT: &[Subject] = &[
    ("access", access::tests),
    ("allergies", allergies::tests),
    ("applications", applications::tests),
    ("attempts", attempts::tests),
    ("authentication", authentication::tests),
    ("bad_input", bad_input::tests),
    ("batch", batch::tests),
    ("bindings", bindings::tests),
    ("birthdate", birthdate::tests),
    ("chains", chains::tests),
    ("clients", clients::tests),
    ("compartments", compartments::tests),
    ("conditional", conditional::tests),
    ("conditions", conditions::tests),
    ("diagnostic_reports", diagnostic_reports::tests),
    ("content", content::tests),
    ("formats", formats::tests),
    ("history", history::tests),
    ("definitions", definitions::tests),
    ("examples", examples::tests),
    ("export", export::tests),
    ("facade_defects", facade_defects::tests),
    ("family_histories", family_histories::tests),
    ("filters", filters::tests),
    ("fuzz", fuzz::tests),
    ("handling", handling::tests),
    ("immunizations", immunizations::tests),
    ("includes", includes::tests),
    ("search_oracle", search_oracle::tests),
    ("manifest", manifest::tests),
    ("medication_requests", medication_requests::tests),
    ("medication_statements", medication_statements::tests),
    ("medications", medications::tests),
    ("metadata", metadata::tests),
    ("negotiation", negotiation::tests),
    ("neighbours", neighbours::tests),
    ("observations", observations::tests),
    ("organizations", organizations::tests),
    ("other_clients", other_clients::tests),
    ("pages", pages::tests),
    ("paging", paging::tests),
    ("passwords", passwords::tests),
    ("post_search", post_search::tests),
    ("practitioner_roles", practitioner_roles::tests),
    ("practitioners", practitioners::tests),
    ("principal", principal::tests),
    ("procedures", procedures::tests),
    ("read", read::tests),
    ("references", references::tests),
    ("rights", rights::tests),
    ("role", role::tests),
    ("search", search::tests),
    ("sessions", sessions::tests),
    ("sorting", sorting::tests),
    ("strings", strings::tests),
    ("system_search", system_search::tests),
    ("subset", subset::tests),
    ("tokens", tokens::tests),
    ("validate", validate::tests),
    ("validation", validation::tests),
    ("validators", validators::tests),
    ("values", values::tests),
    ("xml", xml::tests),
];

/// What others must not run beside, in this order.
const ALONE: &[Subject] = &[
    ("domains", domains::tests),
    ("browser", browser::tests),
    ("changes", changes),
    ("content", content::tests_that_change_data),
    ("translations", translations::tests_that_change_data),
    ("facade_defects", facade_defects::tests_that_change_data),
    ("groups", groups::tests),
    ("indexes", indexes::tests_that_make_indexes),
    ("identity", identity),
    ("cors", cors::tests_of_other_apps),
    ("attack", attempts::tests_that_attack),
    // after the attack: it makes users whose passwords cost little, and what is usual is what an unknown login costs
    ("rules", rules::tests),
    ("chains", chains::tests_under_rules),
    ("health", health::tests),
    ("load", load::tests),
    ("outage", outage::tests),
    ("outage", pages::tests_that_stop_the_database),
    // last: these look at what all the others left
    ("validation", validation::tests_of_all),
    ("privacy", privacy::tests),
];

fn changes() -> Vec<Test> {
    [
        allergies::tests_that_change_data(),
        conditions::tests_that_change_data(),
        family_histories::tests_that_change_data(),
        organizations::tests_that_change_data(),
        immunizations::tests_that_change_data(),
        procedures::tests_that_change_data(),
        medication_requests::tests_that_change_data(),
        medication_statements::tests_that_change_data(),
        medications::tests_that_change_data(),
        diagnostic_reports::tests_that_change_data(),
        metadata::tests_that_change_data(),
        read::tests_that_change_data(),
        paging::tests_that_change_data(),
        sorting::tests_that_change_data(),
        rights::tests_that_change_rights(),
        family_histories::tests_that_change_rights(),
        chains::tests_that_change_rights(),
    ]
    .concat()
}

/// Those of the subjects of signing in that start an app.
fn identity() -> Vec<Test> {
    [
        applications::tests_of_a_restricted_app(),
        clients::tests_of_other_apps(),
        neighbours::tests_of_other_apps(),
        cors::tests_of_other_apps(),
        principal::tests_of_an_app_without_guard(),
    ]
    .concat()
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let world = if arguments.list {
        None
    } else {
        Some(Arc::new(World::start()))
    };
    let concurrent = libtest_mimic::run(&arguments, trials(CONCURRENT, world.as_ref()));
    let one_by_one = Arguments {
        test_threads: Some(1),
        ..arguments
    };
    let alone = libtest_mimic::run(&one_by_one, trials(ALONE, world.as_ref()));
    // Stops the app and the database, before the status is given.
    drop(world);
    if concurrent.has_failed() || alone.has_failed() {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn trials(subjects: &[Subject], world: Option<&Arc<World>>) -> Vec<Trial> {
    let tests = subjects.iter().flat_map(|(subject, tests)| {
        tests()
            .into_iter()
            .map(move |(name, test)| (format!("{subject}::{name}"), test))
    });
    tests
        .map(|(name, test)| {
            let world = world.cloned();
            Trial::test(name, move || run(test, world.as_deref()))
        })
        .collect()
}

fn run(test: fn(&World), world: Option<&World>) -> Result<(), Failed> {
    test(world.ok_or("the tests are only listed")?);
    Ok(())
}
