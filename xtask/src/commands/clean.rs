//! `cargo xtask clean`: removes everything that was built or made.

use std::path::Path;

use anyhow::{Context, Result};
use xtask::database;
use xtask::root;
use xtask::step::step;

/// Removes the demo database, Spin's state and what cargo built.
pub(crate) fn run() -> Result<()> {
    step(
        "Removing the demo hospital",
        || remove(&database::folder()?),
    )?;
    for folder in [
        ".demo",
        ".spin",
        "tests/validator/node_modules",
        "tests/examples/node_modules",
        "tests/search-oracle/node_modules",
        "target",
    ] {
        step(&format!("Removing {folder}"), || {
            remove(&root().join(folder))
        })?;
    }
    Ok(())
}

fn remove(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} cannot be removed", folder.display()))
        }
        _ => Ok(()),
    }
}
