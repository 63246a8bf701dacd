//! The npm packages that some tests need.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;

/// The folder, relative to the root of the workspace, with the packages of its lock file installed.
pub fn installed(folder: &str) -> PathBuf {
    static INSTALLING: Mutex<()> = Mutex::new(());
    // A panic of another test has left nothing half done: npm starts over.
    let _turn = INSTALLING
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let folder = xtask::root().join(folder);
    let wanted = std::fs::read(folder.join("package-lock.json")).unwrap();
    let mark = folder.join("node_modules/.installed-from");
    if std::fs::read(&mark).is_ok_and(|from| from == wanted) {
        return folder;
    }
    let status = Command::new("npm")
        .arg("ci")
        .current_dir(&folder)
        .stdout(Stdio::null())
        .status()
        .unwrap_or_else(|error| panic!("{} needs npm on the PATH: {error}", folder.display()));
    assert!(status.success(), "npm ci: {status}");
    std::fs::write(mark, wanted).unwrap();
    folder
}
