//! `results.json`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::Report;

/// Writes it.
pub(crate) fn write(report: &Report, folder: &Path) -> Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let path = folder.join("results.json");
    fs::write(&path, serde_json::to_vec_pretty(report)?)
        .with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(path)
}
