//! The demo hospital: a real GNU Health database in a PostgreSQL cluster of its own.
//!
//! Layers, each kept in `.demo/` and made again only when what it is made from changes:
//! - [`python`]: a virtual environment with the pinned packages of GNU Health
//! - [`template`]: a stopped cluster with the activated modules (slow), and from it one with the demo data
//! - a *run*: [`Database::start`] copies the finished cluster and starts the copy on a free port. So any number of
//!   processes can use it at once, none sees what another writes, and every start begins with the same data.
//!
//! The work inside the database is done by the Python scripts in `database/`, through Tryton itself.

mod home;
mod postgres;
mod python;
mod template;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use home::{Home, Run};
use postgres::{Binaries, Server};

/// The name of the database in its cluster.
const NAME: &str = "health";
/// The role that owns everything, and its password: loopback only, made-up patients only.
const OWNER: (&str, &str) = ("gnuhealth", "owner-of-the-demo");
/// The role of the app, see `database/role.sql`.
const APP: (&str, &str) = ("gnuhealth_fhir", "fhir-of-the-demo");
/// How many connections PostgreSQL allows at once: several apps of the tests share one database.
const CONNECTIONS: u32 = 200;

/// A version of GNU Health that the app serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GnuHealth {
    /// 5.0, on trytond 7.0
    V5_0,
    /// 4.4, on trytond 6.0
    V4_4,
}

impl fmt::Display for GnuHealth {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::V5_0 => "5.0",
            Self::V4_4 => "4.4",
        })
    }
}

/// Asked for a version of GNU Health that there is no demo of.
#[derive(Clone, Debug)]
pub struct UnknownVersion(String);

impl fmt::Display for UnknownVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "there is no demo of GNU Health {}, only of 5.0 and 4.4",
            self.0
        )
    }
}

impl std::error::Error for UnknownVersion {}

impl FromStr for GnuHealth {
    type Err = UnknownVersion;

    fn from_str(text: &str) -> Result<Self, UnknownVersion> {
        match text {
            "5.0" => Ok(Self::V5_0),
            "4.4" => Ok(Self::V4_4),
            _ => Err(UnknownVersion(text.to_owned())),
        }
    }
}

/// Which demo hospital.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The version of GNU Health.
    pub gnuhealth: GnuHealth,
    /// How many patients, up to 100,000. The first 60 are the same in every size.
    pub patients: u32,
    /// How many connections PostgreSQL allows at once; its own default is 100.
    pub connections: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            gnuhealth: GnuHealth::V5_0,
            patients: 60,
            connections: CONNECTIONS,
        }
    }
}

/// A user of the demo hospital; all of them are in `database/users.json`.
#[derive(Clone, Debug, Deserialize)]
pub struct DemoUser {
    /// The login name.
    pub login: String,
    /// The password.
    pub password: String,
    /// What the user is and may do.
    pub description: String,
}

/// A running PostgreSQL with a demo hospital of its own; both are gone when this is dropped.
#[derive(Debug)]
pub struct Database {
    // dropped first: the server must be down before its files go
    server: Server,
    _run: Run,
    python: PathBuf,
    users: Vec<DemoUser>,
}

/// The folder where the demo is kept.
///
/// # Errors
/// If it cannot be made.
pub fn folder() -> Result<PathBuf> {
    Ok(Home::open()?.path(""))
}

/// The query that writes the statements of a script of `database/`, such as `indexes.sql`, of which psql's `\gexec` runs
/// each on its own. It has one column, `statement`.
///
/// # Errors
/// If the script cannot be read, or is not one query with a `\gexec`.
pub fn writing_query(script: &str) -> Result<String> {
    let text = String::from_utf8(read(&scripts().join(script))?)?;
    let (query, rest) = text
        .split_once("\n\\gexec")
        .with_context(|| format!("{script} has no \\gexec"))?;
    ensure!(rest.trim().is_empty(), "{script} is more than one query");
    Ok(format!("SELECT * FROM ({query}) written(statement)"))
}

/// A Python with the FHIR clients of `tests/clients/requirements.txt`, in an environment that has nothing of GNU Health.
///
/// # Errors
/// If there is no usable Python, or if packages cannot be installed; the message says what to do.
pub fn clients_python() -> Result<PathBuf> {
    let home = Home::open()?;
    let _lock = home.lock("clients")?;
    let requirements = crate::root().join("tests/clients/requirements.txt");
    python::with_packages(&home, "clients", &requirements, "FHIR clients")
}

impl Database {
    /// Makes what is missing, and starts the server on a free port of the loopback interface.
    ///
    /// The first time takes minutes (see `database/README.md`), later ones about a second.
    ///
    /// # Errors
    /// If there is no usable Python, if packages cannot be installed, or if PostgreSQL or one of the scripts fails;
    /// the message says what to do.
    pub fn start(options: &Options) -> Result<Self> {
        let users = users()?;
        let home = Home::open()?;
        let version = options.gnuhealth.to_string();
        let lock = home.lock(&version)?;
        home.clean_up(&version);
        let python = python::environment(&home, options.gnuhealth)?;
        let binaries = Binaries::find(&python)?;
        let template = template::ready(&home, &binaries, &python, options)?;
        let run = home.run(&version, &template)?;
        drop(lock);
        let server = Server::start(&binaries, run.data(), home.user(), options.connections)?;
        Ok(Self {
            server,
            _run: run,
            python,
            users,
        })
    }

    /// Where the app connects to: as a role that may read what the app serves, and write what signing in writes.
    #[must_use]
    pub fn url(&self) -> String {
        url(APP, self.port())
    }

    /// Where tests and trytond connect to: as the owner of everything.
    #[must_use]
    pub fn owner_url(&self) -> String {
        url(OWNER, self.port())
    }

    /// The port on 127.0.0.1. It stays the same when the server is stopped and started again.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// The name of the database.
    #[must_use]
    pub fn name(&self) -> &str {
        NAME
    }

    /// The file that PostgreSQL logs to.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.server.log()
    }

    /// A program of the PostgreSQL that runs, `pgbench` say. Not every package has all of them.
    #[must_use]
    pub fn program(&self, name: &str) -> Option<PathBuf> {
        self.server.program(name)
    }

    /// A Python that has trytond and GNU Health, for questions to the real thing.
    #[must_use]
    pub fn python(&self) -> PathBuf {
        self.python.clone()
    }

    /// The users who can sign in, and the one who cannot.
    #[must_use]
    pub fn users(&self) -> Vec<DemoUser> {
        self.users.clone()
    }

    /// Stops PostgreSQL at once, as when it crashes: open connections are cut. The data stays.
    ///
    /// # Errors
    /// If the server does not stop.
    pub fn stop_server(&mut self) -> Result<()> {
        self.server.stop()
    }

    /// Restarts PostgreSQL, on the same port, for so many connections at once.
    ///
    /// # Errors
    /// If the server does not stop, or not start again.
    pub fn restart_for(&mut self, connections: u32) -> Result<()> {
        self.server.stop_as("fast")?;
        self.server.allow(connections);
        self.server.restart()
    }

    /// Starts PostgreSQL again, on the same port.
    ///
    /// # Errors
    /// If the server does not start.
    pub fn start_server(&mut self) -> Result<()> {
        self.server.restart()
    }
}

fn url((role, password): (&str, &str), port: u16) -> String {
    format!("postgres://{role}:{password}@127.0.0.1:{port}/{NAME}")
}

/// The folder with the scripts.
fn scripts() -> PathBuf {
    crate::root().join("database")
}

fn users() -> Result<Vec<DemoUser>> {
    let path = scripts().join("users.json");
    serde_json::from_slice(&read(&path)?)
        .with_context(|| format!("{} is not a list of users", path.display()))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
}

#[cfg(test)]
mod tests {
    use super::{GnuHealth, users};

    #[test]
    fn a_version_is_read_as_it_is_written() {
        for version in [GnuHealth::V5_0, GnuHealth::V4_4] {
            assert_eq!(version.to_string().parse().ok(), Some(version));
        }
        assert!("5".parse::<GnuHealth>().is_err());
    }

    #[test]
    fn the_list_of_users_names_each_login_once() {
        let mut logins: Vec<String> = users()
            .unwrap_or_default()
            .into_iter()
            .map(|user| user.login)
            .collect();
        assert!(logins.iter().any(|login| login == "doctor"));
        let all = logins.len();
        logins.sort();
        logins.dedup();
        assert_eq!(logins.len(), all);
    }
}
