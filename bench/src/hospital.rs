//! The demo hospital, and the app that serves it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use postgres::{Client, NoTls};
use xtask::app::{App, Options};
use xtask::database::{self, Database};

use crate::asker::{self, Asker};
use crate::client::Origin;

/// The user who asks: sees all patients, over the rights of a real group.
pub(crate) const USER: &str = "doctor";

/// As many connections as PostgreSQL allows if nobody says otherwise.
pub(crate) const USUAL: u32 = 100;

/// More connections than anything here needs.
pub(crate) const PLENTY: u32 = 600;

/// What is run, and has a log.
const RUN: [&str; 3] = ["app", "bare", "cold"];

/// Removes the logs of an earlier run: they are added to.
pub(crate) fn forget_logs(output: &Path) {
    for name in RUN {
        let _ = fs::remove_file(log(output, name));
    }
}

fn log(output: &Path, name: &str) -> PathBuf {
    output.join(format!("{name}.log"))
}

/// A hospital of some size.
#[derive(Debug)]
pub(crate) struct Hospital {
    pub(crate) database: Database,
    output: PathBuf,
}

impl Hospital {
    pub(crate) fn start(patients: u32, connections: u32, output: &Path) -> Result<Self> {
        let database = Database::start(&database::Options {
            patients,
            connections,
            ..database::Options::default()
        })?;
        fs::create_dir_all(output)?;
        let hospital = Self {
            database,
            output: output.to_owned(),
        };
        hospital.settle()?;
        Ok(hospital)
    }

    /// A connection of the owner.
    pub(crate) fn owner(&self) -> Result<Client> {
        Client::connect(&self.database.owner_url(), NoTls).context("the owner cannot connect")
    }

    /// Makes the proposed indexes.
    pub(crate) fn make_indexes(&self) -> Result<()> {
        let mut owner = self.owner()?;
        let query = database::writing_query("indexes.sql")?;
        for row in owner.query(&query, &[])? {
            // One by one: none of them may stand in a transaction.
            let statement: &str = row.get(0);
            owner
                .batch_execute(statement)
                .with_context(|| statement.to_owned())?;
        }
        self.settle()
    }

    /// Has what was written last swept up now, and not while something is measured.
    fn settle(&self) -> Result<()> {
        let mut owner = self.owner()?;
        owner.batch_execute("VACUUM ANALYZE")?;
        Ok(owner.batch_execute("CHECKPOINT")?)
    }

    pub(crate) fn password(&self, login: &str) -> Result<String> {
        let users = self.database.users().into_iter();
        let mut named = users.filter(|user| user.login == login);
        let user = named
            .next()
            .with_context(|| format!("there is no {login}"))?;
        Ok(user.password)
    }

    /// How the app is run; what it says goes into a file.
    pub(crate) fn options(&self, name: &str) -> Result<Options> {
        let mut options = Options::for_database(&self.database.url(), self.database.port())?;
        options.state = options.state.join(name);
        options.log = Some(log(&self.output, name));
        Ok(options)
    }

    /// The app, running.
    pub(crate) fn serve(&self) -> Result<Served> {
        let app = App::start(&self.options("app")?)?;
        let token = asker::sign_in(&app.url(), USER, &self.password(USER)?)?;
        let origin = Origin::new(&app.url(), Some(&format!("Bearer {token}")))?;
        Ok(Served {
            asker: Asker::new(&origin)?,
            origin,
            app,
        })
    }
}

/// The app, with somebody signed in.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) asker: Asker,
    pub(crate) origin: Origin,
    pub(crate) app: App,
}
