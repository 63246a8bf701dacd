//! Everything a person runs: `cargo xtask up | test | bench | export | build | db | clean`.

mod commands;

use clap::{Parser, Subcommand};

use commands::{bench, build, clean, db, export, test, up};

/// Builds, runs and tests GNU Health FHIR.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the server on a demo hospital, until Ctrl-C
    Up(up::Arguments),
    /// Runs all tests: formatting, lints, unit tests, and black-box tests against the running app
    Test(test::Arguments),
    /// Writes everything that is served into files, so that another server can be loaded with it
    Export(export::Arguments),
    /// Measures how far from the limit of PostgreSQL and Spin the app is; all options are the benchmark's own
    Bench(bench::Arguments),
    /// Builds the WebAssembly components and prints what each weighs
    Build,
    /// Makes the demo database, or tells how long ago it was made
    Db(db::Hospital),
    /// Removes everything that was built or made, the demo database included
    Clean,
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Up(arguments) => up::run(&arguments),
        Command::Test(arguments) => test::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Build => build::run(),
        Command::Db(arguments) => db::run(&arguments),
        Command::Clean => clean::run(),
    }
}
