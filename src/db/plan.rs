//! Statements whose parameters are all integers, planned once per connection. To plan the statement of a resource takes
//! PostgreSQL ten times as long as to run it, and Spin's interface does not keep its prepared statements; `PREPARE` and
//! `EXECUTE` do. `EXECUTE` takes its arguments in its text, which is why only integers go this way. A plan that stays
//! behind on a pooled connection is found again under its name: the hash of its text.

use sha2::{Digest, Sha256};

use super::{Connection, Error, Row, Sql};

impl Connection {
    /// Runs a statement, planned once if it can be.
    ///
    /// # Errors
    /// As [`Connection::rows`].
    pub(super) async fn run(&self, sql: &Sql) -> Result<Vec<Row>, Error> {
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
        let arguments = list(arguments.iter().map(i64::to_string));
        let execute = Sql::new(format!("EXECUTE {name}{arguments}"), Vec::new());
        match self.rows(&execute).await {
            // A pooler between has changed the session under us, or an update of Tryton the tables.
            Err(Error::Statement { code, .. }) if PLAN_GONE.contains(&code.as_str()) => {
                self.rows(sql).await
            }
            result => result,
        }
    }

    async fn plan(&self, name: &str, sql: &Sql) -> Result<(), Error> {
        let types = list(sql.parameters.iter().map(|_| "bigint".to_owned()));
        let prepare = Sql::new(format!("PREPARE {name}{types} AS {}", sql.text), Vec::new());
        match self.rows(&prepare).await {
            Err(Error::Statement { code, .. }) if code == PLAN_EXISTS => {}
            result => drop(result?),
        }
        self.planned.borrow_mut().insert(name.to_owned());
        Ok(())
    }
}

/// SQLSTATE `duplicate_prepared_statement`.
const PLAN_EXISTS: &str = "42P05";

/// SQLSTATE `invalid_sql_statement_name`, and `feature_not_supported` for a plan whose result type has changed.
const PLAN_GONE: &[&str] = &["26000", "0A000"];

/// In parentheses, which must be missing where there is nothing to list.
fn list(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    if items.is_empty() {
        return String::new();
    }
    format!("({})", items.join(", "))
}

fn plan_name(text: &str) -> String {
    let hash = Sha256::digest(text);
    let digits: String = hash
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("gnuhealth_fhir_{digits}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_plan_depends_on_its_text_alone() {
        assert_eq!(plan_name("SELECT 1"), plan_name("SELECT 1"));
        assert_ne!(plan_name("SELECT 1"), plan_name("SELECT 2"));
        assert_eq!(plan_name("SELECT 1").len(), "gnuhealth_fhir_".len() + 32);
    }
}
