//! `cargo xtask test`: everything that must hold.

use std::process::Command;

use anyhow::{Result, anyhow};
use clap::Args;
use xtask::database::{Database, GnuHealth, Options, clients_python};
use xtask::step::{cargo, run as execute, step};
use xtask::{app, browser, components};

/// What to test.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Black-box tests only, and of them those whose name contains this
    #[arg(long)]
    only: Option<String>,
    /// Many more of what is drawn by chance: searches, record rules, random requests, cases of fuzzing unit tests. Takes hours
    #[arg(long)]
    full: bool,
}

/// How much is drawn by chance in a full run, unless the environment says otherwise (see tests/README.md).
const FULL: [(&str, &str); 4] = [
    ("PROPTEST_CASES", "20000"),
    ("GNUHEALTH_FHIR_TEST_DOMAINS", "20000,20260101"),
    ("GNUHEALTH_FHIR_TEST_FUZZ", "4000"),
    ("GNUHEALTH_FHIR_TEST_QUESTIONS", "40000"),
];

/// The versions of GNU Health that the black-box tests run on.
const VERSIONS: [GnuHealth; 2] = [GnuHealth::V5_0, GnuHealth::V4_4];

/// Runs all steps; the first that fails ends it.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    std::thread::scope(|scope| {
        // Databases and the browser take long the first time, and mostly wait: the compiler works beside them.
        let databases = scope.spawn(|| {
            VERSIONS.into_iter().try_for_each(prepare)?;
            clients_python()?;
            browser::chromium().map(drop)
        });
        let checked = check(arguments);
        let databases = databases
            .join()
            .unwrap_or_else(|_| Err(anyhow!("making a database panicked")));
        checked.and(databases)
    })?;
    for version in VERSIONS {
        step(&format!("Black-box tests on GNU Health {version}"), || {
            black_box(version, arguments)
        })?;
    }
    Ok(())
}

/// Makes a database unless it is there; the tests then start a copy of their own.
fn prepare(gnuhealth: GnuHealth) -> Result<()> {
    Database::start(&Options {
        gnuhealth,
        ..Options::default()
    })
    .map(drop)
}

fn check(arguments: &Arguments) -> Result<()> {
    if arguments.only.is_none() {
        step("Formatting", || {
            execute(&mut cargo(&["fmt", "--all", "--check"]))
        })?;
        step("Lints", || {
            execute(&mut cargo(&[
                "clippy",
                "--workspace",
                "--all-targets",
                "--",
                "--deny",
                "warnings",
            ]))
        })?;
        step("Unit tests", || {
            let tests = [
                "test",
                "--workspace",
                "--exclude",
                "host",
                "--lib",
                "--bins",
            ];
            execute(drawn(&mut cargo(&tests), arguments))
        })?;
        // Optimised, since the engine that it embeds is needed so for the black-box tests, and takes minutes to compile.
        step("Unit tests of the local host", || {
            execute(&mut cargo(&["test", "--release", "--package", "host"]))
        })?;
    }
    step("Building the components", components::build)?;
    step("Building the local host", app::build_host)
}

fn black_box(version: GnuHealth, arguments: &Arguments) -> Result<()> {
    let mut command = cargo(&["test", "--package", "gnuhealth-fhir", "--test", "all", "--"]);
    command
        .args(arguments.only.as_deref())
        .env("GNUHEALTH_FHIR_TEST_VERSION", version.to_string());
    execute(drawn(&mut command, arguments))
}

/// A command that is told how much to draw by chance.
fn drawn<'c>(command: &'c mut Command, arguments: &Arguments) -> &'c mut Command {
    let wanted = FULL
        .iter()
        .filter(|(name, _)| arguments.full && std::env::var_os(name).is_none());
    for (name, value) in wanted {
        command.env(name, value);
    }
    command
}
