//! Writes the FHIR R4 types in `src/fhir/r4/`, and the tables for validation in `src/fhir/validate/`, from HL7's official
//! definitions.
//!
//! ```text
//! cargo run -p codegen              write the files
//! cargo run -p codegen -- --check   fail if the committed files differ from what would be written
//! ```
//!
//! Needs npm, which fetches the definitions once, into `target/codegen/`. What is generated is listed in
//! `config.rs`: to add a resource type, add its name there and run.

mod config;
mod definitions;
mod emit;
mod model;
mod names;
mod tables;
mod value_sets;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use definitions::Definitions;

fn main() -> Result<()> {
    let check = match std::env::args().nth(1).as_deref() {
        None => false,
        Some("--check") => true,
        Some(other) => bail!("unknown argument {other}; the only one is --check"),
    };
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("the workspace is the parent of codegen/")?;
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| workspace.join("target"), PathBuf::from);
    let definitions = Definitions::load(&target)?;
    let tables = BTreeMap::from([("tables.rs".to_owned(), tables::file(&definitions)?)]);
    let folders = [
        ("src/fhir/r4", emit::files(&model::build(&definitions)?)),
        ("src/fhir/validate", tables),
    ];
    for (folder, mut files) in folders {
        for text in files.values_mut() {
            *text = rustfmt(text)?;
        }
        let path = workspace.join(folder);
        let committed = generated_files(&path)?;
        if check {
            compare(folder, &committed, &files)?;
        } else {
            write(&path, &committed, &files)?;
        }
    }
    Ok(())
}

/// Writes the files, and removes those that are no longer made.
fn write(
    folder: &Path,
    committed: &BTreeMap<String, String>,
    files: &BTreeMap<String, String>,
) -> Result<()> {
    for name in committed.keys().filter(|name| !files.contains_key(*name)) {
        std::fs::remove_file(folder.join(name))?;
    }
    for (name, text) in files {
        std::fs::write(folder.join(name), text)?;
    }
    println!("{} files written", files.len());
    Ok(())
}

/// Fails with the names of the files that are not as they would be written.
fn compare(
    folder: &str,
    committed: &BTreeMap<String, String>,
    files: &BTreeMap<String, String>,
) -> Result<()> {
    let stale: Vec<&str> = committed
        .keys()
        .chain(files.keys())
        .filter(|name| committed.get(*name) != files.get(*name))
        .map(String::as_str)
        .collect();
    ensure!(
        stale.is_empty(),
        "not up to date in {folder}: {}; run `cargo run -p codegen`",
        stale.join(", ")
    );
    println!("{} files up to date", files.len());
    Ok(())
}

/// The generated files that are there, known by their header.
fn generated_files(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let text = std::fs::read_to_string(entry.path())?;
        if text.starts_with(emit::HEADER) {
            files.insert(entry.file_name().to_string_lossy().into_owned(), text);
        }
    }
    Ok(files)
}

fn rustfmt(text: &str) -> Result<String> {
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run rustfmt")?;
    let mut input = child.stdin.take().context("rustfmt has no input")?;
    let writer = std::thread::spawn({
        let text = text.to_owned();
        move || input.write_all(text.as_bytes())
    });
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "rustfmt failed");
    writer.join().ok().context("rustfmt took no input")??;
    Ok(String::from_utf8(output.stdout)?)
}
