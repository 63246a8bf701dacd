//! Statements that are planned once per connection. To plan the statement that renders a resource takes PostgreSQL several
//! times as long as to run it, and Spin's interface does not keep its prepared statements; `PREPARE` and `EXECUTE` do.
//!
//! `EXECUTE` takes its arguments in its text, which PostgreSQL logs when it fails. So only statements whose parameters are all
//! numbers go this way: records by their ids. What somebody searched for is bound, and planned for its values.
//!
//! A plan stays on its connection when that goes back to the host's pool, and is found again under its name, the hash of its
//! text. A connection holds at most [`MOST`]: the plan of a resource takes PostgreSQL about a megabyte.

use std::cell::RefCell;
use std::collections::{HashSet, VecDeque};

use sha2::{Digest, Sha256};

use super::{Connection, Error, Parameter, Row, Sql};

/// How many plans a connection holds; another one takes the place of that which was not used for longest.
const MOST: usize = 32;

/// What the names of our plans begin with.
const PREFIX: &str = "gnuhealth_fhir_";

/// A statement about records whose ids are its first parameter, `bigint[]`, and which is run again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    sql: Sql,
    name: String,
}

impl Planned {
    /// Of a statement whose first parameter is there already, whatever its value.
    #[must_use]
    pub fn new(sql: Sql) -> Self {
        let name = name(&sql.text);
        Self { sql, name }
    }

    /// Its parameters, for these records.
    fn parameters(&self, ids: &[i64]) -> Vec<Parameter> {
        let others = self.sql.parameters.iter().skip(1).cloned();
        let ids = Parameter::Integers(ids.to_vec());
        std::iter::once(ids).chain(others).collect()
    }
}

impl Connection {
    /// Runs a statement, planned once if it can be.
    ///
    /// # Errors
    /// As [`Connection::rows`].
    pub(super) async fn run(&self, sql: &Sql) -> Result<Vec<Row>, Error> {
        match arguments(&sql.parameters) {
            None => self.rows(sql).await,
            Some(_) => {
                self.execute(&name(&sql.text), &sql.text, &sql.parameters)
                    .await
            }
        }
    }

    /// As [`Connection::run`], about these records.
    ///
    /// # Errors
    /// As [`Connection::rows`].
    pub(super) async fn run_planned(
        &self,
        planned: &Planned,
        ids: &[i64],
    ) -> Result<Vec<Row>, Error> {
        let parameters = planned.parameters(ids);
        self.execute(&planned.name, &planned.sql.text, &parameters)
            .await
    }

    async fn execute(
        &self,
        name: &str,
        text: &str,
        parameters: &[Parameter],
    ) -> Result<Vec<Row>, Error> {
        let bound = || Sql::new(text, parameters.to_vec());
        let Some(arguments) = arguments(parameters) else {
            return self.rows(&bound()).await;
        };
        let execute = Sql::new(format!("EXECUTE {name}{arguments}"), Vec::new());
        if self.has_plan(name) || is_usual(name) {
            match self.rows(&execute).await {
                Err(error) if is_gone(&error) => self.forget_plan(name),
                result => return result,
            }
        }
        self.have_plan(name, text, parameters).await?;
        match self.rows(&execute).await {
            // A pooler between has changed the session under us, another request of this instance has made place, or an
            // update of Tryton has changed the tables.
            Err(error) if is_gone(&error) => self.rows(&bound()).await,
            result => result,
        }
    }

    /// Has a statement planned, if the connection does not bring its plan from those who had it before.
    async fn have_plan(
        &self,
        name: &str,
        text: &str,
        parameters: &[Parameter],
    ) -> Result<(), Error> {
        let _turn = self.planning.pass().await;
        if self.plans.borrow().is_none() {
            self.learn_plans().await?;
        }
        if !self.has_plan(name) {
            self.plan(name, text, parameters).await?;
        }
        become_usual(name);
        Ok(())
    }

    /// Whether it is known to have this plan, which is then the one that was used last.
    fn has_plan(&self, name: &str) -> bool {
        let mut plans = self.plans.borrow_mut();
        let Some(plans) = plans.as_mut() else {
            return false;
        };
        let Some(place) = plans.iter().position(|known| known == name) else {
            return false;
        };
        let used = plans.remove(place);
        plans.extend(used);
        true
    }

    fn forget_plan(&self, name: &str) {
        if let Some(plans) = self.plans.borrow_mut().as_mut() {
            plans.retain(|known| known != name);
        }
    }

    async fn plan(&self, name: &str, text: &str, parameters: &[Parameter]) -> Result<(), Error> {
        self.make_place().await?;
        let types = list(parameters.iter().map(|one| one.r#type().to_owned()));
        let prepare = format!("PREPARE {name}{types} AS {text}");
        match self.rows(&Sql::new(prepare, Vec::new())).await {
            // It was there: a pooler between may give several of us one session.
            Err(Error::Statement { code, .. }) if code == EXISTS => {}
            result => drop(result?),
        }
        if let Some(plans) = self.plans.borrow_mut().as_mut() {
            plans.push_back(name.to_owned());
        }
        Ok(())
    }

    async fn make_place(&self) -> Result<(), Error> {
        let given_up = match self.plans.borrow_mut().as_mut() {
            Some(plans) if plans.len() >= MOST => plans.pop_front(),
            _ => None,
        };
        let Some(name) = given_up else { return Ok(()) };
        let given_up = Sql::new(format!("DEALLOCATE {name}"), Vec::new());
        match self.rows(&given_up).await {
            Err(error) if is_gone(&error) => Ok(()),
            result => result.map(drop),
        }
    }

    /// Asks which plans the connection brings, the oldest first.
    async fn learn_plans(&self) -> Result<(), Error> {
        let known = format!(
            "SELECT array_agg(name::text ORDER BY prepare_time) FROM pg_catalog.pg_prepared_statements \
             WHERE starts_with(name, '{PREFIX}')"
        );
        let rows = self.rows(&Sql::new(known, Vec::new())).await?;
        let names = rows.first().map(|row| row.texts(0)).transpose()?;
        *self.plans.borrow_mut() = Some(VecDeque::from(names.unwrap_or_default()));
        Ok(())
    }
}

thread_local! {
    /// The plans that a connection of this instance has had. Another one of the pool mostly has them too, so it is not asked before
    /// they are used.
    static USUAL: RefCell<HashSet<String>> = RefCell::default();
}

fn is_usual(name: &str) -> bool {
    USUAL.with_borrow(|usual| usual.contains(name))
}

fn become_usual(name: &str) {
    USUAL.with_borrow_mut(|usual| {
        if usual.len() >= MOST {
            usual.clear();
        }
        usual.insert(name.to_owned());
    });
}

/// SQLSTATE `duplicate_prepared_statement`.
const EXISTS: &str = "42P05";

/// SQLSTATE `invalid_sql_statement_name`, and `feature_not_supported` for a plan whose result type has changed.
const GONE: &[&str] = &["26000", "0A000"];

fn is_gone(error: &Error) -> bool {
    matches!(error, Error::Statement { code, .. } if GONE.contains(&code.as_str()))
}

/// What follows the name in `EXECUTE`, made of digits alone; `None`: one of them is a text.
fn arguments(parameters: &[Parameter]) -> Option<String> {
    let arguments = parameters.iter().map(|parameter| match parameter {
        Parameter::Integer(number) => Some(number.to_string()),
        Parameter::Integers(numbers) => {
            let numbers: Vec<String> = numbers.iter().map(i64::to_string).collect();
            Some(format!("'{{{}}}'", numbers.join(",")))
        }
        Parameter::Text(_) | Parameter::Texts(_) => None,
    });
    let arguments: Option<Vec<String>> = arguments.collect();
    Some(list(arguments?.into_iter()))
}

/// In parentheses, which must be missing where there is nothing to list.
fn list(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    if items.is_empty() {
        return String::new();
    }
    format!("({})", items.join(", "))
}

fn name(text: &str) -> String {
    let hash = Sha256::digest(text);
    let digits = hash.iter().take(16).map(|byte| format!("{byte:02x}"));
    format!("{PREFIX}{}", digits.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_may_go_into_the_text_of_an_execution() {
        let text = Parameter::Text("1); DROP TABLE x".into());
        assert_eq!(arguments(&[Parameter::Integer(1), text]), None);
        assert_eq!(arguments(&[Parameter::Texts(Vec::new())]), None);
        let numbers = [
            Parameter::Integers(vec![1, -2]),
            Parameter::Integer(-7),
            Parameter::Integers(Vec::new()),
        ];
        assert_eq!(arguments(&numbers).as_deref(), Some("('{1,-2}', -7, '{}')"));
        assert_eq!(arguments(&[]).as_deref(), Some(""));
    }

    #[test]
    fn the_name_of_a_plan_depends_on_its_text_alone() {
        assert_eq!(name("SELECT 1"), name("SELECT 1"));
        assert_ne!(name("SELECT 1"), name("SELECT 2"));
        assert_eq!(name("SELECT 1").len(), PREFIX.len() + 32);
    }

    #[test]
    fn the_ids_of_records_take_the_place_of_the_first_parameter() {
        let fixed = [Parameter::Integers(Vec::new()), Parameter::Integer(7)];
        let planned = Planned::new(Sql::new("SELECT $1, $2", fixed.to_vec()));
        let expected = vec![Parameter::Integers(vec![3, 4]), Parameter::Integer(7)];
        assert_eq!(planned.parameters(&[3, 4]), expected);
    }
}
