//! The user who signs in.

use crate::db::{Database, Error, Parameter, Row, Sql};

/// An active user (`res.user`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// `res_user.id`, never 0 (root).
    pub id: i64,
    /// The stored hash of the password; `None`: no password can match.
    pub password_hash: Option<String>,
    /// Whether the user is in the group that ships as "Administration" (`res.group_admin`).
    pub administrator: bool,
}

/// As `res.user._get_login` finds a user (trytond/res/user.py): the exact login, active ones only.
const STATEMENT: &str = r#"
SELECT u.id, u.password_hash::text, EXISTS (
    SELECT FROM "res_user-res_group" ug JOIN ir_model_data d ON d.db_id = ug."group"
    WHERE ug."user" = u.id AND d.module = 'res' AND d.fs_id = 'group_admin')
FROM res_user u WHERE u.login = $1::text AND u.active AND u.id <> 0
"#;

/// Finds the active user with this login; upper and lower case differ.
///
/// # Errors
/// See [`Error`].
pub async fn by_login(database: &Database, login: &str) -> Result<Option<User>, Error> {
    let sql = Sql::new(STATEMENT, vec![Parameter::Text(login.to_owned())]);
    database
        .rows_once(&sql)
        .await?
        .first()
        .map(user)
        .transpose()
}

fn user(row: &Row) -> Result<User, Error> {
    Ok(User {
        id: row.integer(0)?.ok_or(Error::Type)?,
        password_hash: row.text(1)?.map(str::to_owned),
        administrator: row.boolean(2)?.unwrap_or(false),
    })
}
