//! The user who signs in.

use crate::db::{Database, Error, Parameter, Row, Sql};
use crate::tryton::group::members;

/// An active user (`res.user`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// `res_user.id`, never 0 (root).
    pub id: i64,
    /// The login name.
    pub login: String,
    /// Whether the user is in the group that ships as "Administration" (`res.group_admin`).
    pub administrator: bool,
    /// Whether the user is in one of the groups that the operator requires, if any.
    pub permitted: bool,
}

/// The columns of a [`User`] from the table `u`. `groups` is the placeholder of the required groups' names (`text[]`).
pub(super) fn columns(groups: &str) -> String {
    let members = members("u.id");
    format!(
        r#"u.id, u.login::text, EXISTS (
    SELECT FROM "res_user-res_group" ug JOIN ir_model_data d ON d.db_id = ug."group"
    WHERE ug."user" = u.id AND d.module = 'res' AND d.fs_id = 'group_admin'),
(cardinality({groups}) = 0 OR EXISTS (
    WITH {members}
    SELECT FROM member m JOIN res_group g ON g.id = m.id WHERE g.active AND g.name = ANY({groups})))"#
    )
}

/// Who can sign in: active ones, and never root.
pub(super) const MAY_SIGN_IN: &str = "u.active AND u.id <> 0";

/// Reads [`columns`], which begin at the column `first`; `None`: there was no user.
pub(super) fn user(row: &Row, first: usize) -> Result<Option<User>, Error> {
    let Some(id) = row.integer(first)? else {
        return Ok(None);
    };
    Ok(Some(User {
        id,
        login: row.text(first + 1)?.unwrap_or_default().to_owned(),
        administrator: row.boolean(first + 2)?.unwrap_or(false),
        permitted: row.boolean(first + 3)?.unwrap_or(false),
    }))
}

/// The hash of the cost that most passwords of this installation have; `None`: there are no passwords.
///
/// # Errors
/// See [`Error`].
pub async fn usual_hash(database: &Database) -> Result<Option<String>, Error> {
    let sql = Sql::new(USUAL_HASH, Vec::<Parameter>::new());
    let rows = database.rows_once(&sql).await?;
    let hash = rows.first().map(|row| row.text(0)).transpose()?.flatten();
    Ok(hash.map(str::to_owned))
}

/// Hashes are alike that begin alike, up to the salt.
const USUAL_HASH: &str = r"
SELECT min(password_hash)::text FROM res_user WHERE active AND password_hash <> ''
GROUP BY substring(password_hash FROM '^\$argon2[a-z]*\$v=[0-9]+\$[^$]*|^\$[^$]*\$[^$]*')
ORDER BY count(*) DESC, 1 LIMIT 1
";
