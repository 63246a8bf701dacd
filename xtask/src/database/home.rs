//! The folder where everything is kept, who owns what in it, and the copies that running servers use.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, bail};

use super::postgres;

/// The account that PostgreSQL runs as when we are root: it refuses to run as root itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct ServerUser {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

impl ServerUser {
    /// None if we are not root: then the server runs as ourselves.
    fn needed() -> Result<Option<Self>> {
        if current_uid()? != 0 {
            return Ok(None);
        }
        let accounts = fs::read_to_string("/etc/passwd")
            .context("/etc/passwd cannot be read, and PostgreSQL does not run as root")?;
        ["postgres", "nobody"]
            .iter()
            .find_map(|name| find_account(&accounts, name))
            .map(Some)
            .context("PostgreSQL does not run as root, and there is no account postgres or nobody: run this as another user")
    }

    /// Whether this account can reach files below `folder`.
    fn reaches(self, folder: &Path) -> bool {
        folder.ancestors().all(|folder| {
            folder.as_os_str().is_empty()
                || fs::metadata(folder).is_ok_and(|data| {
                    let bit = if data.uid() == self.uid {
                        0o100
                    } else if data.gid() == self.gid {
                        0o010
                    } else {
                        0o001
                    };
                    data.permissions().mode() & bit != 0
                })
        })
    }
}

fn find_account(accounts: &str, name: &str) -> Option<ServerUser> {
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next() != Some(name) {
            return None;
        }
        Some(ServerUser {
            uid: fields.nth(1)?.parse().ok()?,
            gid: fields.next()?.parse().ok()?,
        })
    })
}

fn current_uid() -> Result<u32> {
    let output = Command::new("id")
        .arg("-u")
        .output()
        .context("`id -u` cannot be run")?;
    String::from_utf8_lossy(&output.stdout)
        .trim()
        .parse()
        .context("`id -u` does not print a number")
}

/// The folder `.demo`, or what `GNUHEALTH_FHIR_DEMO` names.
#[derive(Debug)]
pub(super) struct Home {
    folder: PathBuf,
    user: Option<ServerUser>,
}

impl Home {
    pub(super) fn open() -> Result<Self> {
        let user = ServerUser::needed()?;
        let wished = std::env::var_os("GNUHEALTH_FHIR_DEMO")
            .map_or_else(|| crate::root().join(".demo"), PathBuf::from);
        fs::create_dir_all(&wished)
            .with_context(|| format!("{} cannot be made", wished.display()))?;
        let mut folder = wished
            .canonicalize()
            .with_context(|| format!("{} cannot be opened", wished.display()))?;
        if let Some(user) = user
            && !user.reaches(&folder)
        {
            // e.g. a checkout below /root, where only root may look: the server's account cannot open its own files
            folder = PathBuf::from(format!(
                "/var/tmp/gnuhealth-fhir-demo-{:016x}",
                super::template::hash([folder.as_os_str().as_encoded_bytes()])
            ));
            fs::create_dir_all(&folder)
                .with_context(|| format!("{} cannot be made", folder.display()))?;
            eprintln!(
                "    the account of PostgreSQL cannot reach {}: keeping the demo in {}",
                wished.display(),
                folder.display()
            );
        }
        Ok(Self { folder, user })
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(super) fn user(&self) -> Option<ServerUser> {
        self.user
    }

    /// Waits until no other process makes or copies the demo of this version.
    pub(super) fn lock(&self, version: &str) -> Result<File> {
        let path = self.path(&format!("lock-{version}"));
        let file =
            File::create(&path).with_context(|| format!("{} cannot be written", path.display()))?;
        if file.try_lock().is_err() {
            eprintln!("    waiting for another process that makes the demo of {version}");
            file.lock()
                .with_context(|| format!("{} cannot be locked", path.display()))?;
        }
        Ok(file)
    }

    /// A new empty folder that the server's account owns.
    pub(super) fn server_folder(&self, path: &Path) -> Result<()> {
        fs::create_dir_all(path).with_context(|| format!("{} cannot be made", path.display()))?;
        if let Some(user) = self.user {
            std::os::unix::fs::chown(path, Some(user.uid), Some(user.gid))
                .with_context(|| format!("{} cannot be given to the server", path.display()))?;
        }
        Ok(())
    }

    /// Makes a run: a copy of the data directory `template`, which is deleted when the run is dropped.
    ///
    /// Only under the lock of `version`, as [`Home::clean_up`]: which would take a run for abandoned that is not locked yet.
    pub(super) fn run(&self, version: &str, template: &Path) -> Result<Run> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let folder = self.path(&format!(
            "run-{version}-{}-{}",
            std::process::id(),
            NUMBER.fetch_add(1, Ordering::Relaxed)
        ));
        self.server_folder(&folder)?;
        let path = folder.join("owner");
        let owner =
            File::create(&path).with_context(|| format!("{} cannot be written", path.display()))?;
        owner
            .lock()
            .with_context(|| format!("{} cannot be locked", path.display()))?;
        let run = Run {
            folder,
            _owner: owner,
        };
        copy(template, &run.data())?;
        Ok(run)
    }

    /// Ends what a killed process left behind: its server, and its copy of the data.
    pub(super) fn clean_up(&self, version: &str) {
        let Ok(entries) = fs::read_dir(&self.folder) else {
            return;
        };
        let runs = format!("run-{version}-");
        for entry in entries.flatten() {
            if !entry.file_name().to_string_lossy().starts_with(&runs) {
                continue;
            }
            // The lock of a living process cannot be taken; process ids would be used again by others.
            let abandoned =
                File::open(entry.path().join("owner")).is_ok_and(|owner| owner.try_lock().is_ok());
            if abandoned {
                postgres::end_stale(&entry.path().join("data"));
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

/// The files of one running server.
#[derive(Debug)]
pub(super) struct Run {
    folder: PathBuf,
    // locked as long as this process lives
    _owner: File,
}

impl Run {
    pub(super) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Copies a data directory with its owners and modes.
pub(super) fn copy(from: &Path, to: &Path) -> Result<()> {
    let output = Command::new("cp")
        .arg("-a")
        .args([from, to])
        .output()
        .context("cp cannot be run")?;
    if !output.status.success() {
        bail!(
            "{} cannot be copied: {}",
            from.display(),
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::find_account;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let accounts = "root:x:0:0:root:/root:/bin/sh\nnobodyelse:x:7:8::/:/bin/sh\nnobody:x:65534:65533:n:/:/bin/no\n";
        let found = find_account(accounts, "nobody").map(|user| (user.uid, user.gid));
        assert_eq!(found, Some((65534, 65533)));
        assert!(find_account(accounts, "postgres").is_none());
    }
}
