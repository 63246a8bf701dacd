//! Sessions (`ir.session`, trytond/ir/session.py): the rows are shared with Tryton's own server, so that a session made
//! there is good here, and the other way round.
//!
//! A session is valid until it is deleted (at logout, by an administrator, when the user's password or activity changes)
//! or older than `max_age`. `timeout` does not end it, in trytond 6.0 as in 7.0: it only makes some calls of Tryton's own
//! clients ask for the password again, which none here does. Like these calls, a request here keeps a session fresh.

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};

use crate::config::Session as Rules;
use crate::db::{Database, Error, Parameter, Sql};

use super::user::{self, User};

/// The length of a key: 32 random bytes in hexadecimal, as `secrets.token_hex` makes them.
const KEY_LENGTH: usize = 64;

/// A session: whose it is, and its key, which is a secret. Its `Debug` form does not show the key.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    /// `res_user.id`.
    pub user: i64,
    /// The login name; for people only, nothing is decided by it.
    pub login: String,
    key: String,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Session(of {})", self.user)
    }
}

/// base64 as clients write it, with padding or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl Session {
    /// Reads a token: base64 of `login:user:key`, as Tryton's clients send it after `Authorization: Session`
    /// (`parse_session`, trytond/protocols/wrappers.py). A login may contain colons.
    #[must_use]
    pub fn parse(token: &str) -> Option<Self> {
        let text = String::from_utf8(BASE64.decode(token).ok()?).ok()?;
        let mut parts = text.rsplitn(3, ':');
        let (key, user, login) = (parts.next()?, parts.next()?, parts.next()?);
        let is_key = key.len() == KEY_LENGTH && key.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_id = user.bytes().all(|byte| byte.is_ascii_digit());
        (is_key && is_id && !login.contains('\0')).then_some(Self {
            user: user.parse().ok()?,
            login: login.to_owned(),
            key: key.to_owned(),
        })
    }

    /// The token of this session.
    #[must_use]
    pub fn token(&self) -> String {
        STANDARD.encode(format!("{}:{}:{}", self.login, self.user, self.key))
    }
}

/// Makes a session of a user, with a new random key.
///
/// # Errors
/// See [`Error`]; [`Error::Type`] if there is no such user.
pub async fn create(database: &Database, user: i64) -> Result<Session, Error> {
    let mut bytes = [0; KEY_LENGTH / 2];
    // A key that can be guessed is worse than none.
    getrandom::fill(&mut bytes).map_err(|_| Error::Type)?;
    let key: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let sql = Sql::new(
        CREATE,
        vec![Parameter::Integer(user), Parameter::Text(key.clone())],
    );
    let rows = database.rows_once(&sql).await?;
    let login = rows.first().map(|row| row.text(0)).transpose()?.flatten();
    let login = login.ok_or(Error::Type)?.to_owned();
    Ok(Session { user, login, key })
}

/// Of an active user only, and once only, should the statement be repeated on a new connection.
const CREATE: &str = "
WITH made AS (
    INSERT INTO ir_session (create_uid, create_date, key)
    SELECT u.id, now() AT TIME ZONE 'UTC', $2::text FROM res_user u
    WHERE u.id = $1::bigint AND u.active AND u.id <> 0 AND NOT EXISTS (SELECT FROM ir_session s WHERE s.key = $2::text))
SELECT u.login::text FROM res_user u WHERE u.id = $1::bigint AND u.active AND u.id <> 0
";

/// Deletes a session. That there is none is no error.
///
/// # Errors
/// See [`Error`].
pub async fn remove(database: &Database, session: &Session) -> Result<(), Error> {
    let text = format!("DELETE FROM ir_session s WHERE {THIS}");
    database
        .rows_once(&Sql::new(text, parameters(session)))
        .await?;
    Ok(())
}

/// Of which user this is a valid session (`Session.check`); `None`: of nobody. `groups` are the names of those of which
/// the user must be in one.
///
/// # Errors
/// See [`Error`].
pub async fn check(
    database: &Database,
    session: &Session,
    rules: &Rules,
    groups: &[String],
) -> Result<Option<User>, Error> {
    let mut parameters = parameters(session);
    parameters.push(Parameter::Texts(groups.to_vec()));
    let rows = database
        .rows_once(&Sql::new(checking(rules), parameters))
        .await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let valid = row.boolean(0)?.unwrap_or(false);
    if row.boolean(1)?.unwrap_or(false) || row.boolean(2)?.unwrap_or(false) {
        keep(database, session, rules).await?;
    }
    if valid { user::user(row, 3) } else { Ok(None) }
}

/// Compared as hashes: how long it takes then says nothing about how much of a key is right.
const THIS: &str = "s.create_uid = $1::bigint \
    AND sha256(convert_to(s.key, 'UTF8')) = sha256(convert_to($2::text, 'UTF8'))";

fn parameters(session: &Session) -> Vec<Parameter> {
    vec![
        Parameter::Integer(session.user),
        Parameter::Text(session.key.clone()),
    ]
}

const NOW: &str = "(now() AT TIME ZONE 'UTC')";

/// Whether a session is not too old; also one from the future, if from too far a one.
fn young(max_age: u64) -> String {
    format!(
        "s.create_date > {NOW} - interval '{max_age} s' AND s.create_date < {NOW} + interval '{max_age} s'"
    )
}

/// Whether a session is to be marked as in use: every tenth of the timeout, while that is not over (`Session.reset`).
fn resting(timeout: u64) -> String {
    let milliseconds = timeout * 100;
    format!(
        "greatest(s.create_date, s.write_date) >= {NOW} - interval '{timeout} s' \
         AND coalesce(s.write_date, s.create_date) < {NOW} - interval '{milliseconds} ms'"
    )
}

/// Whether it is valid, whether it is to be marked, whether the user has sessions to delete, and the user.
fn checking(rules: &Rules) -> String {
    let (young, resting) = (
        young(rules.max_age.as_secs()),
        resting(rules.timeout.as_secs()),
    );
    let columns = user::columns("$3::text[]");
    let who = user::MAY_SIGN_IN;
    format!(
        "SELECT {young}, {young} AND {resting}, \
         EXISTS (SELECT FROM ir_session s WHERE s.create_uid = $1::bigint AND NOT ({young})), {columns} \
         FROM ir_session s JOIN res_user u ON u.id = s.create_uid WHERE {THIS} AND {who}"
    )
}

/// Deletes the user's sessions that are too old, as `Session.check` does, and marks this one as in use.
async fn keep(database: &Database, session: &Session, rules: &Rules) -> Result<(), Error> {
    let (young, resting) = (
        young(rules.max_age.as_secs()),
        resting(rules.timeout.as_secs()),
    );
    let text = format!(
        "WITH old AS (DELETE FROM ir_session s WHERE s.create_uid = $1::bigint AND NOT ({young})) \
         UPDATE ir_session s SET write_date = {NOW}, write_uid = 0 WHERE {THIS} AND {young} AND {resting}"
    );
    database
        .rows_once(&Sql::new(text, parameters(session)))
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(text: &str) -> String {
        STANDARD.encode(text)
    }

    #[test]
    fn a_token_is_read_as_it_is_written() {
        let key = "0123456789abcdef".repeat(4);
        for login in ["doctor", "with:colon", "médecin", ""] {
            let written = token(&format!("{login}:7:{key}"));
            let session = Session::parse(&written);
            assert_eq!(
                session.as_ref().map(|session| session.user),
                Some(7),
                "{login}"
            );
            assert_eq!(
                session.map(|session| session.token()),
                Some(written.clone())
            );
            assert!(Session::parse(written.trim_end_matches('=')).is_some());
        }
    }

    #[test]
    fn what_is_no_token_is_nobodys() {
        let key = "0123456789abcdef".repeat(4);
        for text in [
            String::new(),
            format!("7:{key}"),
            format!("doctor:x:{key}"),
            format!("doctor:-1:{key}"),
            format!("doctor:+1:{key}"),
            format!("doctor::{key}"),
            format!("doctor:99999999999999999999:{key}"),
            "doctor:7:".to_owned(),
            "doctor:7:short".to_owned(),
            format!("doctor:7:{key}0"),
            format!("doctor:7:{}", "'".repeat(64)),
            format!("doc\0tor:7:{key}"),
        ] {
            assert_eq!(Session::parse(&token(&text)), None, "{text}");
        }
        assert_eq!(Session::parse("***"), None);
    }

    #[test]
    fn the_key_is_not_shown() {
        let key = "0123456789abcdef".repeat(4);
        let session = Session::parse(&token(&format!("doctor:7:{key}")));
        assert!(!format!("{session:?}").contains(&key));
    }
}
