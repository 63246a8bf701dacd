//! Has the app's statements logged, and gives those of a request.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use postgres::{Client, Config, NoTls};
use xtask::database::Database;

use super::log::{Log, PREFIX, Sent};
use super::{Statement, resource};

/// How long PostgreSQL may take to act on a new setting, and to end connections.
const PATIENCE: Duration = Duration::from_secs(30);

/// Has the statements of the app's role logged while it is on. It changes nothing for other roles.
pub(crate) struct Recorder {
    owner: Client,
    owner_url: String,
    role: String,
    path: PathBuf,
    recording: Option<Recording>,
}

/// What was seen since the recorder is on.
struct Recording {
    log: Log,
    /// The text of each `PREPARE` by the name that it gives: to PostgreSQL an `EXECUTE` shows its name only.
    prepared: BTreeMap<String, String>,
}

impl Recorder {
    /// A recorder, off, for the app that runs on this database.
    pub(crate) fn new(database: &Database) -> Result<Self> {
        let app: Config = database.url().parse()?;
        let owner_url = database.owner_url();
        Ok(Self {
            owner: Client::connect(&owner_url, NoTls).context("no connection as the owner")?,
            owner_url,
            role: app.get_user().context("the app has no role")?.to_owned(),
            path: database.log(),
            recording: None,
        })
    }

    /// From now on statements are logged. The connections of the app end, since a setting of a role is for new ones; and so
    /// everything that the app has planned is planned again, and seen.
    pub(crate) fn on(&mut self) -> Result<()> {
        self.change(
            &format!("ALTER SYSTEM SET log_line_prefix = '{PREFIX}'"),
            "SET log_statement = 'all'",
        )?;
        self.wait_for_prefix(PREFIX)?;
        self.recording = Some(Recording {
            log: Log::from_now(&self.path)?,
            prepared: BTreeMap::new(),
        });
        self.end_connections()
    }

    /// From now on nothing is logged any more. The connections of the app end once again.
    pub(crate) fn off(&mut self) -> Result<()> {
        if self.recording.take().is_none() {
            return Ok(());
        }
        self.change("ALTER SYSTEM RESET log_line_prefix", "RESET log_statement")?;
        self.end_connections()
    }

    /// What the app sends to read what is served while `request` runs, in order. To hear what a warmed app sends, ask the
    /// same once before. What belongs to an instance that begins is left out, see [`resource`].
    pub(crate) fn record<T>(
        &mut self,
        request: impl FnOnce() -> Result<T>,
    ) -> Result<Vec<Statement>> {
        let recording = self.recording.as_mut();
        let recording = recording.context("the recorder is not on")?;
        recording.take(&self.role)?;
        request()?;
        let sent = recording.take(&self.role)?;
        let statements = sent.into_iter().map(|sent| recording.statement(sent));
        let statements: Vec<Statement> = statements.collect::<Result<_>>()?;
        Ok(statements
            .into_iter()
            .filter(resource::is_read_by)
            .collect())
    }

    /// Changes a setting of the server and one of the role.
    fn change(&mut self, server: &str, role: &str) -> Result<()> {
        // Apart: ALTER SYSTEM cannot run in a transaction, which several statements sent together are.
        self.owner.batch_execute(server)?;
        self.owner
            .batch_execute(&format!("ALTER ROLE \"{}\" {role}", self.role))?;
        self.owner.batch_execute("SELECT pg_reload_conf()")?;
        Ok(())
    }

    /// Waits until connections begin with this prefix: the server reads its settings when it comes to it.
    fn wait_for_prefix(&self, prefix: &str) -> Result<()> {
        wait("the new prefix of log lines", || {
            let mut new = Client::connect(&self.owner_url, NoTls)?;
            let shown: String = new.query_one("SHOW log_line_prefix", &[])?.get(0);
            Ok(shown == prefix)
        })
    }

    /// Ends the connections of the app, and waits until those are gone.
    fn end_connections(&mut self) -> Result<()> {
        let Self { owner, role, .. } = self;
        // Not as a condition: PostgreSQL is free to try that one first, and on everybody.
        let sql = "SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1";
        let ended = owner.query(sql, &[role])?;
        let ended: Vec<i32> = ended.iter().map(|row| row.get(0)).collect();
        wait("the end of the app's connections", || {
            let sql = "SELECT FROM pg_stat_activity WHERE pid = ANY($1) AND usename = $2";
            Ok(owner.query(sql, &[&ended, role])?.is_empty())
        })
    }
}

impl Recording {
    /// What was sent since the last time; names of plans are remembered.
    fn take(&mut self, role: &str) -> Result<Vec<Sent>> {
        let sent = self.log.sent_by(role)?;
        for sent in &sent {
            if let Some(name) = name_after("PREPARE ", &sent.text) {
                self.prepared.insert(name.to_owned(), sent.text.clone());
            }
        }
        Ok(sent)
    }

    fn statement(&self, sent: Sent) -> Result<Statement> {
        let prepare = match name_after("EXECUTE ", &sent.text) {
            Some(name) => Some(
                self.prepared
                    .get(name)
                    .with_context(|| format!("{name} was planned before the recording"))?,
            ),
            None => None,
        };
        Ok(Statement {
            prepare: prepare.cloned(),
            text: sent.text,
            parameters: sent.parameters,
        })
    }
}

/// The name of a plan that a statement makes or executes.
fn name_after<'t>(word: &str, text: &'t str) -> Option<&'t str> {
    let rest = text.strip_prefix(word)?;
    let end = rest.find(['(', ' ', ';']).unwrap_or(rest.len());
    rest.get(..end)
}

fn wait(what: &str, mut is_so: impl FnMut() -> Result<bool>) -> Result<()> {
    let started = Instant::now();
    while !is_so()? {
        ensure!(
            started.elapsed() < PATIENCE,
            "{what}: not within {} s",
            PATIENCE.as_secs()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if let Err(error) = self.off() {
            eprintln!("statements are still logged: {error:#}");
        }
    }
}
