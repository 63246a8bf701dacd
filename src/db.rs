//! The outbound PostgreSQL connection: typed parameters and rows, and what can go wrong.
//!
//! The one place that knows `spin_sdk::pg`. Spin's limits shape it (measured on a real host): every statement is a
//! single one and leaves no transaction or session state behind, since connections go back to a pool that does
//! not roll back; values whose types Spin loses or lacks are selected as text.

use std::cell::RefCell;
use std::collections::HashSet;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::{Either, select};
use sha2::{Digest, Sha256};
use spin_sdk::pg;

use crate::config;
use crate::turn::Turnstile;

/// How long opening a connection may take. The host's pool has no limit of its own: a server that accepts and says
/// nothing, or a pool that is empty, would hold the request for ever.
const OPENING_LIMIT: Duration = Duration::from_secs(10);

/// A parameter of a statement. PostgreSQL checks its type strictly: see [`Sql::bind`] for the casts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parameter {
    /// `text`.
    Text(String),
    /// `bigint`.
    Integer(i64),
    /// `text[]`.
    Texts(Vec<String>),
}

impl From<Parameter> for pg::ParameterValue {
    fn from(parameter: Parameter) -> Self {
        match parameter {
            Parameter::Text(text) => Self::Str(text),
            Parameter::Integer(number) => Self::Int64(number),
            Parameter::Texts(texts) => Self::ArrayStr(texts.into_iter().map(Some).collect()),
        }
    }
}

/// A statement in the making: its text and its parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sql {
    /// The text, with `$1`… for the parameters.
    pub text: String,
    /// The values of `$1`….
    pub parameters: Vec<Parameter>,
}

impl Sql {
    /// A statement without parameters, or with those already numbered in its text.
    #[must_use]
    pub fn new(text: impl Into<String>, parameters: Vec<Parameter>) -> Self {
        Self {
            text: text.into(),
            parameters,
        }
    }

    /// Adds a parameter and gives the expression that stands for it. No value ever becomes part of the text.
    pub fn bind(&mut self, parameter: Parameter) -> String {
        let cast = match parameter {
            Parameter::Text(_) => "text",
            Parameter::Integer(_) => "bigint",
            Parameter::Texts(_) => "text[]",
        };
        self.parameters.push(parameter);
        format!("${}::{cast}", self.parameters.len())
    }
}

impl Sql {
    /// The parameters, if all of them are integers.
    fn integers(&self) -> Option<Vec<i64>> {
        let integer = |parameter: &Parameter| match parameter {
            Parameter::Integer(number) => Some(*number),
            _ => None,
        };
        self.parameters.iter().map(integer).collect()
    }
}

/// An SQL identifier, quoted.
#[must_use]
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// One row of a result.
#[derive(Debug)]
pub struct Row(Vec<pg::DbValue>);

impl Row {
    /// The text in a column; `None` for NULL.
    ///
    /// # Errors
    /// [`Error::Type`] if the column holds something else.
    pub fn text(&self, column: usize) -> Result<Option<&str>, Error> {
        match self.0.get(column) {
            Some(pg::DbValue::Str(text)) => Ok(Some(text)),
            Some(pg::DbValue::DbNull) => Ok(None),
            _ => Err(Error::Type),
        }
    }

    /// The integer in a column, whatever its width; `None` for NULL.
    ///
    /// # Errors
    /// [`Error::Type`] if the column holds something else.
    pub fn integer(&self, column: usize) -> Result<Option<i64>, Error> {
        match self.0.get(column) {
            Some(pg::DbValue::Int16(number)) => Ok(Some(i64::from(*number))),
            Some(pg::DbValue::Int32(number)) => Ok(Some(i64::from(*number))),
            Some(pg::DbValue::Int64(number)) => Ok(Some(*number)),
            Some(pg::DbValue::DbNull) => Ok(None),
            _ => Err(Error::Type),
        }
    }

    /// The truth value in a column; `None` for NULL.
    ///
    /// # Errors
    /// [`Error::Type`] if the column holds something else.
    pub fn boolean(&self, column: usize) -> Result<Option<bool>, Error> {
        match self.0.get(column) {
            Some(pg::DbValue::Boolean(value)) => Ok(Some(*value)),
            Some(pg::DbValue::DbNull) => Ok(None),
            _ => Err(Error::Type),
        }
    }

    /// The texts in an array column, without its NULLs.
    ///
    /// # Errors
    /// [`Error::Type`] if the column holds something else.
    pub fn texts(&self, column: usize) -> Result<Vec<String>, Error> {
        match self.0.get(column) {
            Some(pg::DbValue::ArrayStr(texts)) => Ok(texts.iter().flatten().cloned().collect()),
            Some(pg::DbValue::DbNull) => Ok(Vec::new()),
            _ => Err(Error::Type),
        }
    }
}

/// Why no connection could be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing listens there.
    Refused,
    /// The host name has no address.
    UnknownHost,
    /// No answer in time.
    TimedOut,
    /// TLS could not be agreed on.
    Tls,
    /// Wrong user or password, or `pg_hba.conf` says no.
    Credentials,
    /// The server is there, the database is not.
    NoSuchDatabase,
    /// The role may not connect to that database.
    NotAllowed,
    /// The server is starting, stopping or out of connections.
    Unavailable,
    /// `allowed_outbound_hosts` does not name the host.
    NotPermitted,
    /// Anything else.
    Other,
}

/// What went wrong with the database. Holds no value of a row or a parameter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No connection.
    #[error("no connection to the database: {0:?}")]
    Connect(Refusal),
    /// The connection broke.
    #[error("the connection to the database was lost")]
    Lost,
    /// The statement failed: SQLSTATE, and the message where it can hold names only.
    #[error("the database refused a statement: SQLSTATE {code} {message}")]
    Statement {
        /// SQLSTATE (PostgreSQL documentation, appendix A).
        code: String,
        /// PostgreSQL's message for classes that name tables and columns, else empty.
        message: String,
    },
    /// A column held another type than the statement promised.
    #[error("a column of the result had an unexpected type")]
    Type,
}

/// What the text of a failed connection says about its cause, most specific first. Spin hands the error of its
/// PostgreSQL client on as text, without the SQLSTATE: the server's own messages are all there is to go by, and they are
/// known here in English, which is what PostgreSQL logs in unless `lc_messages` says otherwise.
const REFUSALS: &[(&str, Refusal)] = &[
    ("password authentication failed", Refusal::Credentials),
    ("no pg_hba.conf entry", Refusal::Credentials),
    ("password missing", Refusal::Credentials),
    ("permission denied for database", Refusal::NotAllowed),
    ("is not permitted to log in", Refusal::Credentials),
    ("fatal: database ", Refusal::NoSuchDatabase),
    ("fatal: role ", Refusal::Credentials),
    ("too many clients", Refusal::Unavailable),
    ("too many connections", Refusal::Unavailable),
    ("connection slots are reserved", Refusal::Unavailable),
    ("the database system is", Refusal::Unavailable),
    ("is not permitted", Refusal::NotPermitted),
    ("connection refused", Refusal::Refused),
    ("failed to lookup address", Refusal::UnknownHost),
    ("name or service not known", Refusal::UnknownHost),
    ("timed out", Refusal::TimedOut),
    ("timeout", Refusal::TimedOut),
    ("tls", Refusal::Tls),
    ("ssl", Refusal::Tls),
    ("certificate", Refusal::Tls),
];

/// SQLSTATEs whose messages name tables, columns, functions or roles, never a value.
const NAMING_CODES: &[&str] = &["42P01", "42703", "42501", "42883", "42601", "57014"];

fn refusal(text: &str) -> Refusal {
    let text = text.to_lowercase();
    REFUSALS
        .iter()
        .find(|(sign, _)| text.contains(sign))
        .map_or(Refusal::Other, |(_, refusal)| *refusal)
}

impl From<pg::Error> for Error {
    fn from(error: pg::Error) -> Self {
        match error {
            pg::Error::Decode(_) => Self::Type,
            pg::Error::PgError(error) => error.into(),
        }
    }
}

impl From<pg::PgError> for Error {
    fn from(error: pg::PgError) -> Self {
        match error {
            pg::PgError::ConnectionFailed(text) => Self::Connect(refusal(&text)),
            pg::PgError::QueryFailed(pg::QueryError::DbError(error)) => {
                // Class 57P: the server is going down and has ended the session.
                if error.code.starts_with("57P") {
                    return Self::Lost;
                }
                let named = NAMING_CODES.contains(&error.code.as_str());
                Self::Statement {
                    message: if named { error.message } else { String::new() },
                    code: error.code,
                }
            }
            // The client itself failed, not the server: for a single statement that is a broken connection.
            pg::PgError::QueryFailed(pg::QueryError::Text(_)) => Self::Lost,
            pg::PgError::BadParameter(_) | pg::PgError::ValueConversionFailed(_) => Self::Type,
            pg::PgError::Other(_) => Self::Lost,
        }
    }
}

/// An open connection; goes back to the host's pool when dropped.
pub struct Connection {
    inner: pg::Connection,
    /// The names of the plans that this connection is known to have.
    planned: RefCell<HashSet<String>>,
}

impl Connection {
    /// Opens a connection to `address`, a libpq string.
    ///
    /// # Errors
    /// [`Error::Connect`] with the cause.
    pub async fn open(address: &str) -> Result<Self, Error> {
        let opened = pin!(pg::Connection::open(address));
        let late = pin!(spin_sdk::time::sleep(OPENING_LIMIT));
        match select(opened, late).await {
            Either::Left((opened, _)) => Ok(Self {
                inner: opened?,
                planned: RefCell::default(),
            }),
            Either::Right(_) => Err(Error::Connect(Refusal::TimedOut)),
        }
    }

    /// Runs a statement and gives all its rows.
    ///
    /// # Errors
    /// [`Error::Lost`] and [`Error::Statement`].
    pub async fn rows(&self, sql: &Sql) -> Result<Vec<Row>, Error> {
        let parameters: Vec<pg::ParameterValue> =
            sql.parameters.iter().cloned().map(Into::into).collect();
        let mut result = self.inner.query(sql.text.as_str(), parameters).await?;
        let mut rows = Vec::new();
        while let Some(row) = result.rows().next().await {
            rows.push(Row(row));
        }
        result.result().await?;
        Ok(rows)
    }
}

/// Statements whose parameters are all integers, planned once per connection. To plan the statement of a resource takes
/// PostgreSQL ten times as long as to run it, and Spin's interface does not keep its prepared statements; `PREPARE` and
/// `EXECUTE` do. `EXECUTE` takes its arguments in its text, which is why only integers go this way. A plan that stays
/// behind on a pooled connection is found again under its name: the hash of its text.
impl Connection {
    async fn run(&self, sql: &Sql) -> Result<Vec<Row>, Error> {
        match sql.integers() {
            Some(arguments) => self.planned_rows(sql, &arguments).await,
            None => self.rows(sql).await,
        }
    }

    async fn planned_rows(&self, sql: &Sql, arguments: &[i64]) -> Result<Vec<Row>, Error> {
        let name = plan_name(&sql.text);
        if !self.planned.borrow().contains(&name) {
            self.plan(&name, sql).await?;
        }
        let arguments: Vec<String> = arguments.iter().map(i64::to_string).collect();
        let list = if arguments.is_empty() {
            String::new()
        } else {
            format!("({})", arguments.join(", "))
        };
        match self
            .rows(&Sql::new(format!("EXECUTE {name}{list}"), Vec::new()))
            .await
        {
            // A pooler between has changed the session under us.
            Err(Error::Statement { code, .. }) if code == NO_SUCH_PLAN => self.rows(sql).await,
            result => result,
        }
    }

    async fn plan(&self, name: &str, sql: &Sql) -> Result<(), Error> {
        let types = vec!["bigint"; sql.parameters.len()];
        let list = if types.is_empty() {
            String::new()
        } else {
            format!("({})", types.join(", "))
        };
        match self
            .rows(&Sql::new(
                format!("PREPARE {name}{list} AS {}", sql.text),
                Vec::new(),
            ))
            .await
        {
            Err(Error::Statement { code, .. }) if code == PLAN_EXISTS => {}
            result => drop(result?),
        }
        self.planned.borrow_mut().insert(name.to_owned());
        Ok(())
    }
}

/// SQLSTATE `duplicate_prepared_statement`.
const PLAN_EXISTS: &str = "42P05";

/// SQLSTATE `invalid_sql_statement_name`.
const NO_SUCH_PLAN: &str = "26000";

fn plan_name(text: &str) -> String {
    let hash = Sha256::digest(text);
    let digits: String = hash
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("gnuhealth_fhir_{digits}")
}

/// The database of the app, over the one connection that an instance keeps and its concurrent requests share.
#[derive(Debug, Clone)]
pub struct Database {
    settings: config::Database,
}

thread_local! {
    static KEPT: RefCell<Option<Rc<Connection>>> = const { RefCell::new(None) };
    static OPENING: Turnstile = Turnstile::default();
}

impl Database {
    /// The database at the configured address. Opens nothing yet.
    #[must_use]
    pub fn new(settings: &config::Database) -> Self {
        Self {
            settings: settings.clone(),
        }
    }

    /// Runs a statement on the kept connection. If that turns out broken, opens another and tries once more:
    /// for statements that only read.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn rows(&self, sql: &Sql) -> Result<Vec<Row>, Error> {
        let connection = self.kept().await?;
        match connection.run(sql).await {
            Err(Error::Lost) => {
                forget(&connection);
                drop(connection);
                self.kept().await?.run(sql).await
            }
            result => result,
        }
    }

    /// Runs a statement on a connection that is given back at once: for what is needed rarely. It comes from a pool of
    /// its own (pools are per address), so that it never waits for connections which instances keep.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn rows_once(&self, sql: &Sql) -> Result<Vec<Row>, Error> {
        let address = self.settings.apart("once").address();
        match Connection::open(&address).await?.rows(sql).await {
            Err(Error::Lost) => Connection::open(&address).await?.rows(sql).await,
            result => result,
        }
    }

    async fn kept(&self) -> Result<Rc<Connection>, Error> {
        if let Some(connection) = KEPT.with_borrow(Clone::clone) {
            return Ok(connection);
        }
        let _turn = OPENING.with(Clone::clone).pass().await;
        if let Some(connection) = KEPT.with_borrow(Clone::clone) {
            return Ok(connection);
        }
        let opened = Rc::new(Connection::open(&self.settings.address()).await?);
        KEPT.set(Some(Rc::clone(&opened)));
        Ok(opened)
    }
}

fn forget(broken: &Rc<Connection>) {
    KEPT.with_borrow_mut(|slot| {
        if slot.as_ref().is_some_and(|kept| Rc::ptr_eq(kept, broken)) {
            *slot = None;
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_of_a_failed_connection_is_recognised() {
        for (text, expected) in [
            (
                "error connecting to server: Connection refused (os error 111)",
                Refusal::Refused,
            ),
            (
                "Caused by:\n db error: FATAL: database \"x\" does not exist",
                Refusal::NoSuchDatabase,
            ),
            (
                "db error: FATAL: password authentication failed for user \"x\"",
                Refusal::Credentials,
            ),
            (
                "db error: FATAL: role \"x\" does not exist",
                Refusal::Credentials,
            ),
            (
                "db error: FATAL: permission denied for database \"x\"",
                Refusal::NotAllowed,
            ),
            (
                "db error: FATAL: sorry, too many clients already",
                Refusal::Unavailable,
            ),
            (
                "db error: FATAL: the database system is shutting down",
                Refusal::Unavailable,
            ),
            (
                "failed to lookup address information: Name or service not known",
                Refusal::UnknownHost,
            ),
            (
                "error performing TLS handshake: server does not support TLS",
                Refusal::Tls,
            ),
            (
                "address postgres://h:1 is not permitted",
                Refusal::NotPermitted,
            ),
            ("something new", Refusal::Other),
        ] {
            assert_eq!(refusal(text), expected, "{text}");
        }
    }

    #[test]
    fn a_bound_value_is_never_part_of_the_text() {
        let mut sql = Sql::default();
        let first = sql.bind(Parameter::Text("'; DROP TABLE".into()));
        let second = sql.bind(Parameter::Integer(7));
        assert_eq!(
            (first.as_str(), second.as_str()),
            ("$1::text", "$2::bigint")
        );
    }

    #[test]
    fn only_integers_may_go_into_the_text_of_an_execution() {
        let text = Parameter::Text("1); DROP TABLE x".into());
        assert_eq!(
            Sql::new("", vec![Parameter::Integer(1), text]).integers(),
            None
        );
        let integers = vec![Parameter::Integer(7), Parameter::Integer(-1)];
        assert_eq!(Sql::new("", integers).integers(), Some(vec![7, -1]));
    }

    #[test]
    fn the_name_of_a_plan_depends_on_its_text_alone() {
        assert_eq!(plan_name("SELECT 1"), plan_name("SELECT 1"));
        assert_ne!(plan_name("SELECT 1"), plan_name("SELECT 2"));
        assert_eq!(plan_name("SELECT 1").len(), "gnuhealth_fhir_".len() + 32);
    }

    #[test]
    fn identifiers_are_quoted() {
        assert_eq!(identifier("res_user-res_group"), "\"res_user-res_group\"");
        assert_eq!(identifier("a\"b"), "\"a\"\"b\"");
    }
}
