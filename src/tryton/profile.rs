//! Who a user is, as the user may know: for the pages.

use crate::db::{Database, Error, Parameter, Sql};
use crate::tryton::group::members;

/// What the pages say of a user (`res.user`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The name of the person.
    pub name: String,
    /// The name to sign in with.
    pub login: String,
    /// The names of the active groups that count for the user's rights, inherited ones included.
    pub groups: Vec<String>,
}

/// Follows [`members`].
const STATEMENT: &str = "
SELECT u.name::text, u.login::text, (
    SELECT array_agg(g.name::text ORDER BY g.name) FROM res_group g WHERE g.active AND g.id IN (SELECT id FROM member))
FROM res_user u WHERE u.id = $1::bigint
";

/// Reads the profile of a user.
///
/// # Errors
/// See [`Error`].
pub async fn by_id(database: &Database, user: i64) -> Result<Option<Profile>, Error> {
    let text = format!("WITH {}{STATEMENT}", members("$1::bigint"));
    let sql = Sql::new(text, vec![Parameter::Integer(user)]);
    let rows = database.rows(&sql).await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let login = row.text(1)?.unwrap_or_default().to_owned();
    let name = row.text(0)?.filter(|name| !name.trim().is_empty());
    Ok(Some(Profile {
        name: name.unwrap_or(&login).to_owned(),
        groups: row.texts(2)?,
        login,
    }))
}
