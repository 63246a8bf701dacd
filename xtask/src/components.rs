//! The WebAssembly components of `spin.toml`, built.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::root;
use crate::step::{cargo, run};

/// The target that Spin runs.
const TARGET: &str = "wasm32-wasip2";

/// Built apart from the others: its feature `http-middleware` of spin-sdk would be unified into theirs, and they would
/// then import an interface that nobody gives them.
const MIDDLEWARE: &[&str] = &["auth"];

#[derive(Deserialize)]
struct Manifest {
    component: BTreeMap<String, Component>,
}

#[derive(Deserialize)]
struct Component {
    source: PathBuf,
}

/// The component names of `spin.toml`, with the files that they are loaded from.
///
/// # Errors
/// If the manifest cannot be read.
pub fn sources() -> Result<BTreeMap<String, PathBuf>> {
    let text =
        std::fs::read_to_string(root().join("spin.toml")).context("spin.toml cannot be read")?;
    let manifest: Manifest = toml::from_str(&text).context("spin.toml is not valid")?;
    Ok(manifest
        .component
        .into_iter()
        .map(|(name, component)| (name, root().join(component.source)))
        .collect())
}

/// Builds all components.
///
/// # Errors
/// If the target cannot be installed, or a component does not compile.
pub fn build() -> Result<()> {
    install_target()?;
    let names: Vec<String> = sources()?.into_keys().collect();
    let (middleware, others): (Vec<_>, Vec<_>) = names
        .iter()
        .map(String::as_str)
        .partition(|name| MIDDLEWARE.contains(name));
    build_together(&others)?;
    build_together(&middleware)
}

/// Builds what Spin and PostgreSQL cost alone: the component of `bench/bare`, which is no part of the app.
///
/// # Errors
/// As [`build`].
pub fn build_bare() -> Result<()> {
    install_target()?;
    build_together(&["bare"])
}

fn build_together(packages: &[&str]) -> Result<()> {
    let mut command = cargo(&["build", "--profile", "wasm", "--target", TARGET]);
    for package in packages {
        command.args(["--package", package]);
    }
    run(&mut command)
}

/// Installs Rust's standard library for the components' target, where rustup is and has not yet.
fn install_target() -> Result<()> {
    let libraries = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", TARGET])
        .output();
    let installed = libraries.is_ok_and(|output| {
        let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
        output.status.success() && folder.is_dir()
    });
    if installed {
        return Ok(());
    }
    run(Command::new("rustup").args(["target", "add", TARGET])).with_context(|| {
        format!("the Rust target {TARGET} is missing: install it with rustup target add {TARGET}")
    })
}
