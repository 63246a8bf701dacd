//! Where Tryton's rules are read from: the database of the app, or another connection to the same (the tests have one).

use crate::db::{Database, Error, Sql};

/// Answers statements that give one row with one text.
#[expect(
    async_fn_in_trait,
    reason = "components have one thread: no future is ever sent to another"
)]
pub trait Source {
    /// The text.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::Type`] if there is no row, or NULL in it.
    async fn text(&self, sql: &Sql) -> Result<String, Error>;
}

impl Source for Database {
    async fn text(&self, sql: &Sql) -> Result<String, Error> {
        let rows = self.rows(sql).await?;
        let text = rows.first().map(|row| row.text(0)).transpose()?.flatten();
        text.map(str::to_owned).ok_or(Error::Type)
    }
}
