//! What can go wrong, told apart as far as Spin's interface lets us.

use spin_sdk::pg;

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
    /// The server is starting or stopping.
    Unavailable,
    /// The server, or the role, has as many connections as it may have.
    Full,
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
    ("too many clients", Refusal::Full),
    ("too many connections", Refusal::Full),
    ("connection slots are reserved", Refusal::Full),
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
                Refusal::Full,
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
}
