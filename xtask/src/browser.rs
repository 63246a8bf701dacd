//! A Chromium for the browser tests: the distribution's, installed where there is none and we may.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::step::{run, step};

/// A variable that names the browser to use.
const OVERRIDE: &str = "GNUHEALTH_FHIR_CHROMIUM";

/// What distributions call it.
const NAMES: &[&str] = &["chromium", "chromium-browser", "google-chrome"];

/// What to do where we cannot install it.
const ADVICE: &str = "the browser tests need Chromium: install the package `chromium` (Debian: apt-get install chromium), \
    or set GNUHEALTH_FHIR_CHROMIUM to the path of a Chromium or Chrome";

/// The path of a Chromium. On Debian and Ubuntu it is installed if it is missing and this is run by root.
///
/// # Errors
/// If there is none and it cannot be installed; the message says what to do.
pub fn chromium() -> Result<PathBuf> {
    if let Some(path) = env::var_os(OVERRIDE).map(PathBuf::from) {
        if !path.is_file() {
            bail!("{OVERRIDE}: there is no file {}", path.display());
        }
        return Ok(path);
    }
    if let Some(path) = find() {
        return Ok(path);
    }
    if on_path("apt-get").is_none() || !is_root() {
        bail!(ADVICE);
    }
    step("Installing Chromium for the browser tests", install).context(ADVICE)?;
    find().context(ADVICE)
}

fn find() -> Option<PathBuf> {
    NAMES.iter().find_map(|name| on_path(name))
}

fn on_path(name: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    let mut files = env::split_paths(&folders).map(|folder| folder.join(name));
    files.find(|file| Path::is_file(file))
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn install() -> Result<()> {
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command
            .env("DEBIAN_FRONTEND", "noninteractive")
            .arg("--quiet");
        run(command.args(arguments))
    };
    apt(&["update"])?;
    // It needs a font, which it does not depend on.
    let packages = ["chromium", "fonts-dejavu-core"];
    apt(&[
        &["install", "--yes", "--no-install-recommends"][..],
        &packages,
    ]
    .concat())
}
