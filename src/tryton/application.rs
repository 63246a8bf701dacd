//! Application keys (`res.user.application`, trytond/res/user.py): what a program signs in with that a user has let in.

use crate::db::{Database, Error, Parameter, Sql};

use super::user::{self, User};

/// SQLSTATE `undefined_table`.
const NO_TABLE: &str = "42P01";

/// The shortest key that is looked for: trytond makes them of 128 characters, and a short one can be guessed.
const SHORTEST_KEY: usize = 32;

/// The user of a validated key (`UserApplication.check`); `None`: of nobody. Where `applications` names any, keys of
/// others do not count. `groups` are the names of those of which the user must be in one.
///
/// # Errors
/// See [`Error`].
pub async fn check(
    database: &Database,
    key: &str,
    applications: &[String],
    groups: &[String],
) -> Result<Option<User>, Error> {
    if key.len() < SHORTEST_KEY || key.contains('\0') {
        return Ok(None);
    }
    let parameters = vec![
        Parameter::Text(key.to_owned()),
        Parameter::Texts(applications.to_vec()),
        Parameter::Texts(groups.to_vec()),
    ];
    let rows = match database.rows_once(&Sql::new(statement(), parameters)).await {
        Err(Error::Statement { code, .. }) if code == NO_TABLE => return Ok(None),
        rows => rows?,
    };
    rows.first().map_or(Ok(None), |row| user::user(row, 0))
}

/// Compared as hashes: how long it takes then says nothing about how much of a key is right.
fn statement() -> String {
    let columns = user::columns("$3::text[]");
    let who = user::MAY_SIGN_IN;
    format!(
        r#"SELECT {columns} FROM res_user_application a JOIN res_user u ON u.id = a."user"
WHERE sha256(convert_to(a.key, 'UTF8')) = sha256(convert_to($1::text, 'UTF8')) AND a.state = 'validated'
AND (cardinality($2::text[]) = 0 OR a.application = ANY($2::text[])) AND {who} LIMIT 1"#
    )
}
