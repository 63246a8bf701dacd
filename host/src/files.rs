//! A component's `files`: copies of files of the app, which the guest sees read-only under `/`.
//!
//! As `spin up` does by default, the files are copied when the app starts.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use glob::Pattern;

use crate::manifest::{Component, FilesMount, Placement};

/// Copies the files of `component`, which are relative to the folder `app`, into the folder `root`.
pub(crate) fn copy(component: &Component, app: &Path, root: &Path) -> Result<()> {
    let exclude = component
        .exclude_files
        .iter()
        .map(|pattern| Pattern::new(pattern).with_context(|| format!("exclude_files: {pattern:?}")))
        .collect::<Result<Vec<_>>>()?;
    for mount in &component.files {
        match mount {
            FilesMount::Pattern(pattern) => {
                let path = app.join(pattern);
                if path.is_dir() {
                    copy_matching(&path.join("**/*"), app, app, root, &exclude)?;
                } else {
                    copy_matching(&path, app, app, root, &exclude)?;
                }
            }
            FilesMount::Placement(Placement {
                source,
                destination,
            }) => {
                let from = app.join(source);
                let to = root.join(destination.trim_start_matches('/'));
                if from.is_dir() {
                    copy_matching(&from.join("**/*"), app, &from, &to, &exclude)?;
                } else {
                    copy_one(&from, app, &to)?;
                }
            }
        }
    }
    Ok(())
}

/// Copies what matches `pattern`, with its path below `prefix`, into `to`.
fn copy_matching(
    pattern: &Path,
    app: &Path,
    prefix: &Path,
    to: &Path,
    exclude: &[Pattern],
) -> Result<()> {
    let text = pattern.to_str().context("a file pattern must be UTF-8")?;
    let paths = glob::glob(text).with_context(|| format!("invalid file pattern {text:?}"))?;
    let mut found = false;
    for path in paths {
        let path: PathBuf = path?;
        found = true;
        let in_app = path.strip_prefix(app).unwrap_or(&path);
        if path.is_file() && !exclude.iter().any(|pattern| pattern.matches_path(in_app)) {
            copy_one(&path, app, &to.join(path.strip_prefix(prefix)?))?;
        }
    }
    ensure!(
        found || text.contains(['*', '?', '[']),
        "{text:?} does not exist"
    );
    Ok(())
}

fn copy_one(from: &Path, app: &Path, to: &Path) -> Result<()> {
    ensure!(
        from.starts_with(app) && !from.components().any(|part| part.as_os_str() == ".."),
        "{} is outside of the folder of the app",
        from.display()
    );
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
    }
    fs::copy(from, to)
        .map(|_| ())
        .with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))
}
