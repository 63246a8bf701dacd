//! Long steps: each says what it does, and then how long it took.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

/// Does `work`, announced as `what`.
///
/// # Errors
/// What `work` fails with.
pub fn step<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    eprintln!("==> {what}");
    let started = Instant::now();
    let result = work().with_context(|| format!("{what} failed"));
    if result.is_ok() {
        eprintln!("    {what}: {:.1} s", started.elapsed().as_secs_f64());
    }
    result
}

/// Runs a program, its output on the terminal.
///
/// # Errors
/// If it cannot be started, or ends with another status than 0.
pub fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command
        .status()
        .with_context(|| format!("{program} cannot be started"))?;
    if !status.success() {
        bail!("{program} ended with {status}");
    }
    Ok(())
}

/// Cargo, as it was called, in the root of the workspace.
#[must_use]
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(crate::root()).args(arguments);
    command
}
