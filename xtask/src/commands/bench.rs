//! `cargo xtask bench`: how far from the limit of PostgreSQL and Spin the app is.

use anyhow::Result;
use clap::Args;
use xtask::step::{cargo, run as execute, step};
use xtask::{app, components};

/// What to measure.
#[derive(Debug, Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Arguments {
    /// The options of the benchmark; --help lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    options: Vec<String>,
}

/// Builds what is measured and what measures, and runs it.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    step("Building the components", components::build)?;
    step("Building the bare component", components::build_bare)?;
    if std::env::var_os("SPIN_BIN").is_none() {
        step("Building the local host", app::build_host)?;
    }
    let bench = ["run", "--release", "--package", "bench", "--"];
    execute(cargo(&bench).args(&arguments.options))
}
