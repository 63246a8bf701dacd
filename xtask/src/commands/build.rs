//! `cargo xtask build`: the components, and what each weighs.

use anyhow::Result;
use xtask::components;
use xtask::step::step;

/// What a component should weigh at most, in bytes: hosts load it, and the edge downloads it.
const AIM: u64 = 1_000_000;

/// Builds the components and prints their sizes.
pub(crate) fn run() -> Result<()> {
    step("Building the components", components::build)?;
    for (name, path) in components::sources()? {
        let size = std::fs::metadata(&path)?.len();
        let note = if size > AIM {
            "  over the aim of 1 MB"
        } else {
            ""
        };
        println!("{name:<24}{:>8.0} kB{note}", size as f64 / 1000.0);
    }
    Ok(())
}
