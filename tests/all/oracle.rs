//! trytond itself, asked what is right: scripts in `tests/oracle`, run by the Python that has GNU Health.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::world::World;

/// What a script prints as JSON. Its arguments follow the address of the database.
pub fn ask(world: &World, script: &str, arguments: &[&str]) -> Value {
    let output = Command::new(world.python())
        .arg(xtask::root().join("tests/oracle").join(script))
        .arg(world.owner_url())
        .args(arguments)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONWARNINGS", "ignore")
        .env_remove("TRYTOND_CONFIG")
        .env_remove("PYTHONPATH")
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{script} cannot be run: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script} {arguments:?}: {errors}");
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{script} {arguments:?}: {error}; {errors}"))
}
