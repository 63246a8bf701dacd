//! The virtual environment with GNU Health's own packages.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::home::Home;
use super::{GnuHealth, read, scripts, template};
use crate::step::step;

/// The oldest Python that the pinned packages run on.
const OLDEST: (u32, u32) = (3, 10);

/// The Python of the environment for `version`, with all packages installed.
pub(super) fn environment(home: &Home, version: GnuHealth) -> Result<PathBuf> {
    let requirements = scripts().join(format!("requirements-{version}.txt"));
    let what = format!("the packages of GNU Health {version}");
    with_packages(home, &version.to_string(), &requirements, &what)
}

/// The Python of the environment `name`, with exactly the packages of a list, which are `what` the step calls them.
pub(super) fn with_packages(
    home: &Home,
    name: &str,
    requirements: &Path,
    what: &str,
) -> Result<PathBuf> {
    let folder = home.path(&format!("venv-{name}"));
    let python = folder.join("bin/python");
    let marker = folder.join("complete");
    let key = format!("{:016x}", template::hash([read(requirements)?]));
    if std::fs::read_to_string(&marker).is_ok_and(|made| made == key) && works(&python) {
        return Ok(python);
    }
    step(&format!("Installing {what} from PyPI"), || {
        let system = find()?;
        // whatever is there is of an older list, or was interrupted
        let _ = std::fs::remove_dir_all(&folder);
        run(
            Command::new(&system).args(["-m", "venv"]).arg(&folder),
            "A virtual environment cannot be made. On Debian and Ubuntu: apt-get install python3-venv",
        )?;
        install(&python, requirements)?;
        std::fs::write(&marker, key)
            .with_context(|| format!("{} cannot be written", marker.display()))
    })?;
    Ok(python)
}

/// Installs exactly the packages of a list.
pub(super) fn install(python: &Path, requirements: &Path) -> Result<()> {
    run(
        Command::new(python)
            .args(["-m", "pip", "install", "--quiet", "--no-deps"])
            .args(["--disable-pip-version-check", "--no-input", "--requirement"])
            .arg(requirements),
        "The packages cannot be installed. They come from PyPI: is there a network, and if a proxy is needed, is \
         HTTPS_PROXY set?",
    )
}

/// A command that runs one of the scripts in `database/`.
pub(super) fn script(python: &Path, name: &str) -> Command {
    let mut command = Command::new(python);
    command
        .arg(scripts().join(name))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONWARNINGS", "ignore")
        .env("PYTHONHASHSEED", "0")
        // a configuration of a trytond on this machine is not ours
        .env_remove("TRYTOND_CONFIG")
        .env_remove("PYTHONPATH")
        .stdin(Stdio::null())
        .stdout(Stdio::from(std::io::stderr()));
    command
}

fn works(python: &Path) -> bool {
    version(python).is_some()
}

fn find() -> Result<PathBuf> {
    let mut found = Vec::new();
    for name in [
        "python3",
        "python3.13",
        "python3.12",
        "python3.11",
        "python3.10",
    ] {
        match version(Path::new(name)) {
            Some(version) if version >= OLDEST => return Ok(name.into()),
            Some((major, minor)) => found.push(format!("{name} is {major}.{minor}")),
            None => {}
        }
    }
    let (major, minor) = OLDEST;
    bail!(
        "GNU Health needs Python {major}.{minor} or newer on the PATH; {}. On Debian and Ubuntu: apt-get install \
         python3 python3-venv",
        if found.is_empty() {
            "there is no python3".to_owned()
        } else {
            found.join(", ")
        }
    )
}

fn version(python: &Path) -> Option<(u32, u32)> {
    let output = Command::new(python)
        .args(["-c", "import sys; print(*sys.version_info[:2])"])
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (major, minor) = text.trim().split_once(' ')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Runs a command silently; if it fails, its output and `advice` are the error.
fn run(command: &mut Command, advice: &str) -> Result<()> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| advice.to_owned())?;
    if !output.status.success() {
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        // the last lines say what went wrong
        let lines: Vec<&str> = text.trim().lines().collect();
        let last = lines.len().saturating_sub(15);
        bail!(
            "{}\n{advice}",
            lines.get(last..).unwrap_or_default().join("\n")
        );
    }
    Ok(())
}
