//! What `cargo xtask` and the black-box tests share.
//!
//! - [`database`]: the demo hospital, a real GNU Health in a real PostgreSQL
//! - [`components`]: the WebAssembly components, built
//! - [`app`]: the app, running on the local host or on Spin
//! - [`browser`]: a Chromium for the browser tests
//! - [`mod@export`]: everything that a FHIR server serves, in files
//! - [`process`]: what a process takes
//! - [`step`]: long steps, with what they do and how long they took

pub mod app;
pub mod browser;
pub mod components;
pub mod database;
pub mod export;
pub mod process;
pub mod step;

use std::path::{Path, PathBuf};

/// The root of the workspace.
#[must_use]
pub fn root() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    folder.parent().unwrap_or(folder).to_owned()
}
