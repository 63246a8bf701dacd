//! FHIR clients that others have written read everything: tests/clients.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::Instant;

use serde::Deserialize;
use serde_json::json;

use crate::crawl::name;
use crate::process::{piped, python};
use crate::served::{credentials, everything, reader};
use crate::users::PASSWORD;
use crate::world::{World, encoded};
use crate::{Test, npm, tests};

pub fn tests() -> Vec<Test> {
    tests![
        fhirclient_reads_all_and_follows_references,
        fhirpy_reads_all_and_follows_references,
        fhir_pyrate_reads_all_into_tables,
        fhir_kit_client_reads_all_and_follows_references,
    ]
}

/// What a client read; see tests/clients/python_clients.py.
#[derive(Debug, Deserialize)]
struct Read {
    read: BTreeMap<String, Vec<String>>,
    followed: Vec<String>,
    columns: BTreeMap<String, usize>,
}

fn fhirclient_reads_all_and_follows_references(world: &World) {
    let basic = credentials(world);
    check(world, "fhirclient", python_client("fhirclient"), &basic);
}

fn fhirpy_reads_all_and_follows_references(world: &World) {
    check(world, "fhirpy", python_client("fhirpy"), &bearer(world));
}

fn fhir_pyrate_reads_all_into_tables(world: &World) {
    let basic = credentials(world);
    let read = check(world, "fhir-pyrate", python_client("fhir-pyrate"), &basic);
    for served in everything(world) {
        let columns = read.columns[&served.kind];
        assert!(columns > 5, "{}: {columns} columns", served.kind);
    }
}

fn fhir_kit_client_reads_all_and_follows_references(world: &World) {
    let mut command = Command::new("node");
    command.arg(npm::installed("tests/clients").join("node_client.mjs"));
    check(world, "fhir-kit-client", command, &bearer(world));
}

fn python_client(client: &str) -> Command {
    let mut command = python();
    command
        .arg(xtask::root().join("tests/clients/python_clients.py"))
        .arg(client);
    command
}

/// A token, as OAuth gives it for a password.
fn bearer(world: &World) -> String {
    let (login, password) = (reader(world), encoded(PASSWORD));
    let form = format!("grant_type=password&username={login}&password={password}");
    let answer = world.anonymous().post("/auth/token", &form, &[]);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    format!("Bearer {token}")
}

/// Lets a client read all types, and compares with what is served.
fn check(world: &World, client: &str, mut command: Command, authorization: &str) -> Read {
    let served = everything(world);
    let types: Vec<&str> = served.iter().map(|served| served.kind.as_str()).collect();
    let question =
        json!({"base": world.app().url(), "authorization": authorization, "types": types});
    let started = Instant::now();
    let printed = piped(&mut command, std::iter::once(question.to_string()));
    let read: Read =
        serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{client}: {error}"));
    let known: BTreeSet<String> = served
        .iter()
        .flat_map(|served| served.resources.iter().map(name))
        .collect();
    for served in served {
        let found = &read.read[&served.kind];
        let expected: BTreeSet<String> = served.resources.iter().map(name).collect();
        assert_eq!(found.len(), expected.len(), "{client}, {}", served.kind);
        let found: BTreeSet<String> = found.iter().cloned().collect();
        assert!(found == expected, "{client}, {}", served.kind);
    }
    let total: usize = read.read.values().map(Vec::len).sum();
    println!(
        "{client}: {total} resources of {} types, {} references followed, {:.1} s",
        types.len(),
        read.followed.len(),
        started.elapsed().as_secs_f64()
    );
    assert!(read.followed.len() >= 5, "{client}: {:?}", read.followed);
    for target in &read.followed {
        assert!(known.contains(target), "{client}: {target}");
    }
    read
}
