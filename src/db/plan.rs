//! Statements that are planned once per connection. To plan the statement that renders a resource takes PostgreSQL several
//! times as long as to run it, and Spin's interface does not keep its prepared statements; `PREPARE` and `EXECUTE` do.
//!
//! `EXECUTE` takes its arguments in its text, so only what numbers can be written for goes this way: records by their ids.
//! What somebody searched for is always bound, and planned for its values.
//!
//! A plan stays on its connection when that goes back to the host's pool, and is found again under its name, the hash of its
//! text. A connection holds at most [`MOST`]: the plan of a resource takes PostgreSQL about a megabyte.

use std::collections::VecDeque;

use sha2::{Digest, Sha256};

use super::{Connection, Error, Parameter, Row, Sql};

/// How many plans a connection holds; another one takes the place of the oldest.
const MOST: usize = 32;

/// What the names of our plans begin with.
const PREFIX: &str = "gnuhealth_fhir_";

/// A statement about records whose ids are its first parameter, `bigint[]`; the values of the others are fixed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    sql: Sql,
    /// The name of the plan, and the fixed arguments; `None` where one of them is a text, and the statement is not planned.
    plan: Option<(String, String)>,
}

impl Planned {
    /// Of a statement whose first parameter is there already, whatever its value.
    #[must_use]
    pub fn new(sql: Sql) -> Self {
        let fixed = sql.parameters.iter().skip(1);
        let fixed: Option<Vec<String>> = fixed.map(argument).collect();
        let plan = fixed.map(|fixed| {
            let fixed = fixed.into_iter().map(|argument| format!(", {argument}"));
            (name(&sql.text), fixed.collect())
        });
        Self { sql, plan }
    }

    /// The statement itself, about these records.
    fn of(&self, ids: &[i64]) -> Sql {
        let mut sql = self.sql.clone();
        if let Some(first) = sql.parameters.first_mut() {
            *first = Parameter::Integers(ids.to_vec());
        }
        sql
    }
}

impl Connection {
    /// Runs a statement about some records, planned once if it can be.
    ///
    /// # Errors
    /// As [`Connection::rows`].
    pub(super) async fn planned_rows(
        &self,
        planned: &Planned,
        ids: &[i64],
    ) -> Result<Vec<Row>, Error> {
        let Some((name, fixed)) = &planned.plan else {
            return self.rows(&planned.of(ids)).await;
        };
        if !self.planned.borrow().contains(name) {
            self.plan(name, &planned.sql).await?;
        }
        let execute = format!("EXECUTE {name}({}{fixed})", array(ids));
        match self.rows(&Sql::new(execute, Vec::new())).await {
            // A pooler between has changed the session under us, another request of this instance has made place, or an
            // update of Tryton has changed the tables.
            Err(Error::Statement { code, .. }) if GONE.contains(&code.as_str()) => {
                self.rows(&planned.of(ids)).await
            }
            result => result,
        }
    }

    async fn plan(&self, name: &str, sql: &Sql) -> Result<(), Error> {
        self.make_place().await?;
        let types: Vec<&str> = sql.parameters.iter().map(Parameter::r#type).collect();
        let prepare = format!("PREPARE {name}({}) AS {}", types.join(", "), sql.text);
        match self.rows(&Sql::new(prepare, Vec::new())).await {
            // Another request of this instance was faster.
            Err(Error::Statement { code, .. }) if code == EXISTS => {}
            result => drop(result?),
        }
        let mut planned = self.planned.borrow_mut();
        if !planned.iter().any(|known| known == name) {
            planned.push_back(name.to_owned());
        }
        Ok(())
    }

    async fn make_place(&self) -> Result<(), Error> {
        let oldest = {
            let mut planned = self.planned.borrow_mut();
            let is_full = planned.len() >= MOST;
            is_full.then(|| planned.pop_front()).flatten()
        };
        let Some(oldest) = oldest else { return Ok(()) };
        match self
            .rows(&Sql::new(format!("DEALLOCATE {oldest}"), Vec::new()))
            .await
        {
            Err(Error::Statement { code, .. }) if GONE.contains(&code.as_str()) => Ok(()),
            result => result.map(drop),
        }
    }

    /// Learns which plans the connection brings from those who had it before, the oldest first.
    ///
    /// # Errors
    /// As [`Connection::rows`].
    pub(super) async fn learn_plans(&self) -> Result<(), Error> {
        let known = format!(
            "SELECT array_agg(name::text ORDER BY prepare_time) FROM pg_catalog.pg_prepared_statements \
             WHERE starts_with(name, '{PREFIX}')"
        );
        let rows = self.rows(&Sql::new(known, Vec::new())).await?;
        let names = rows.first().map(|row| row.texts(0)).transpose()?;
        *self.planned.borrow_mut() = VecDeque::from(names.unwrap_or_default());
        Ok(())
    }
}

/// SQLSTATE `duplicate_prepared_statement`.
const EXISTS: &str = "42P05";

/// SQLSTATE `invalid_sql_statement_name`, and `feature_not_supported` for a plan whose result type has changed.
const GONE: &[&str] = &["26000", "0A000"];

/// An argument of `EXECUTE`, made of digits alone; `None`: it is a text.
fn argument(parameter: &Parameter) -> Option<String> {
    match parameter {
        Parameter::Integer(number) => Some(number.to_string()),
        Parameter::Integers(numbers) => Some(array(numbers)),
        Parameter::Text(_) | Parameter::Texts(_) => None,
    }
}

fn array(numbers: &[i64]) -> String {
    let numbers: Vec<String> = numbers.iter().map(i64::to_string).collect();
    format!("'{{{}}}'", numbers.join(","))
}

fn name(text: &str) -> String {
    let hash = Sha256::digest(text);
    let digits = hash.iter().take(16).map(|byte| format!("{byte:02x}"));
    format!("{PREFIX}{}", digits.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(text: &str, fixed: &[Parameter]) -> Planned {
        let ids = [Parameter::Integers(Vec::new())];
        Planned::new(Sql::new(text, [&ids, fixed].concat()))
    }

    #[test]
    fn only_numbers_may_go_into_the_text_of_an_execution() {
        let text = Parameter::Text("1); DROP TABLE x".into());
        assert_eq!(planned("", &[Parameter::Integer(1), text]).plan, None);
        let numbers = [Parameter::Integer(-7), Parameter::Integers(vec![1, 2])];
        let plan = planned("", &numbers).plan;
        assert_eq!(
            plan.map(|(_, fixed)| fixed).as_deref(),
            Some(", -7, '{1,2}'")
        );
    }

    #[test]
    fn the_name_of_a_plan_depends_on_its_text_alone() {
        let name = |text, number| {
            planned(text, &[Parameter::Integer(number)])
                .plan
                .map(|(name, _)| name)
        };
        assert_eq!(name("SELECT 1", 1), name("SELECT 1", 2));
        assert_ne!(name("SELECT 1", 1), name("SELECT 2", 1));
        assert_eq!(
            name("SELECT 1", 1).map(|name| name.len()),
            Some(PREFIX.len() + 32)
        );
    }

    #[test]
    fn the_same_statement_is_run_where_it_cannot_be_planned() {
        let sql = planned("SELECT $1, $2", &[Parameter::Integer(7)]).of(&[3, 4]);
        let bound = vec![Parameter::Integers(vec![3, 4]), Parameter::Integer(7)];
        assert_eq!(sql, Sql::new("SELECT $1, $2", bound));
    }
}
