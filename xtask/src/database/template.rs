//! The clusters that are kept, stopped, to be copied: first one with the activated modules, then one with the data.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::home::{Home, copy};
use super::postgres::{self, Binaries, Server};
use super::{APP, CONNECTIONS, NAME, OWNER, Options, python, read, scripts, url};
use crate::step::{run, step};

/// The data directory of the finished cluster.
pub(super) fn ready(
    home: &Home,
    binaries: &Binaries,
    python: &Path,
    options: &Options,
) -> Result<PathBuf> {
    let Options {
        gnuhealth,
        patients,
        ..
    } = options;
    let requirements = format!("requirements-{gnuhealth}.txt");
    let modules_key = key(
        binaries.version(),
        &files(&[&requirements, "install.py", "demo/connect.py"])?,
    );
    let mut sources = vec![
        requirements,
        "install.py".to_owned(),
        "fill.py".to_owned(),
        "role.py".to_owned(),
        "role.sql".to_owned(),
        "users.json".to_owned(),
    ];
    sources.extend(demo_scripts()?);
    let data_key = key(
        &format!("{} {patients}", binaries.version()),
        &files(&sources)?,
    );

    let data = home.path(&format!("data-{gnuhealth}-{patients}-{data_key}"));
    if data.exists() {
        return Ok(data);
    }
    let modules = home.path(&format!("modules-{gnuhealth}-{modules_key}"));
    if !modules.exists() {
        step(
            &format!("Activating the modules of GNU Health {gnuhealth}"),
            || {
                make(home, &modules, |work| {
                    activate(home, binaries, python, work)
                })
            },
        )?;
        forget_others(home, &format!("modules-{gnuhealth}-"), &modules);
        forget_others(home, &format!("unfinished-modules-{gnuhealth}-"), &modules);
    }
    step(
        &format!("Filling the demo hospital, {patients} patients"),
        || {
            make(home, &data, |work| {
                copy(&modules, work)?;
                fill(home, binaries, python, options, work)
            })
        },
    )?;
    forget_others(home, &format!("data-{gnuhealth}-{patients}-"), &data);
    forget_others(home, &format!("unfinished-data-{gnuhealth}-"), &data);
    Ok(data)
}

/// Makes a folder under another name and renames it when it is complete: what has its name is never half made.
fn make(home: &Home, target: &Path, work: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let name = target
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let unfinished = home.path(&format!("unfinished-{name}"));
    postgres::end_stale(&unfinished);
    let _ = fs::remove_dir_all(&unfinished);
    work(&unfinished)?;
    fs::rename(&unfinished, target).with_context(|| format!("{} cannot be made", target.display()))
}

fn activate(home: &Home, binaries: &Binaries, python: &Path, data: &Path) -> Result<()> {
    postgres::initialise(home, binaries, data)?;
    let server = Server::start(binaries, data.to_owned(), home.user(), CONNECTIONS)?;
    let url = url(OWNER, server.port());
    run(python::script(python, "install.py").arg(&url))?;
    server.finish()
}

fn fill(
    home: &Home,
    binaries: &Binaries,
    python: &Path,
    options: &Options,
    data: &Path,
) -> Result<()> {
    let server = Server::start(binaries, data.to_owned(), home.user(), CONNECTIONS)?;
    let url = url(OWNER, server.port());
    run(python::script(python, "fill.py")
        .arg(&url)
        .args(["--gnuhealth", &options.gnuhealth.to_string()])
        .args(["--patients", &options.patients.to_string()]))?;
    run(python::script(python, "role.py").arg(&url).arg(APP.1))?;
    server.finish()
}

/// Removes what was made from an older state of the scripts.
fn forget_others(home: &Home, prefix: &str, kept: &Path) {
    let Ok(entries) = fs::read_dir(home.path("")) else {
        return;
    };
    for entry in entries.flatten() {
        if entry.path() != kept && entry.file_name().to_string_lossy().starts_with(prefix) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// All Python files of `database/demo/`, sorted.
fn demo_scripts() -> Result<Vec<String>> {
    let folder = scripts().join("demo");
    let mut names: Vec<String> = fs::read_dir(&folder)
        .with_context(|| format!("{} cannot be read", folder.display()))?
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| Path::new(name).extension().is_some_and(|kind| kind == "py"))
        .map(|name| format!("demo/{name}"))
        .collect();
    names.sort();
    Ok(names)
}

fn files(names: &[impl AsRef<str>]) -> Result<Vec<Vec<u8>>> {
    names
        .iter()
        .map(|name| read(&scripts().join(name.as_ref())))
        .collect()
}

fn key(what: &str, contents: &[Vec<u8>]) -> String {
    let parts = [what, NAME, OWNER.0, OWNER.1, APP.0, APP.1];
    let parts = parts.iter().map(|part| part.as_bytes());
    format!(
        "{:016x}",
        hash(parts.chain(contents.iter().map(Vec::as_slice)))
    )
}

/// FNV-1a, each part ended: it tells states of our own files apart, and stays the same with every Rust.
pub(super) fn hash<T: AsRef<[u8]>>(parts: impl IntoIterator<Item = T>) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for part in parts {
        for byte in part.as_ref().iter().copied().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    hash
}
