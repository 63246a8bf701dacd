//! The other way to the data: SQL, asked as the owner of the database.

use std::collections::BTreeSet;

use postgres::types::ToSql;
use postgres::{Client, NoTls};
use serde_json::Value;
use xtask::database::GnuHealth;

/// A connection as the owner.
pub struct Sql {
    client: Client,
    version: GnuHealth,
}

impl Sql {
    pub fn connect(url: &str, version: GnuHealth) -> Self {
        let client = Client::connect(url, NoTls).expect("the owner connects");
        Self { client, version }
    }

    /// The column by which patients and their like refer to the party: its name changed with GNU Health 5.0.
    pub fn party(&self) -> &'static str {
        match self.version {
            GnuHealth::V5_0 => "party",
            GnuHealth::V4_4 => "name",
        }
    }

    /// Runs statements, in which `{party}` stands for the column of that meaning.
    pub fn run(&mut self, statements: &str) {
        let statements = self.named(statements);
        self.client
            .batch_execute(&statements)
            .unwrap_or_else(|error| panic!("{error:?} in {statements}"));
    }

    /// Runs a statement that a constraint may refuse; says whether it did its work.
    pub fn attempt(&mut self, statement: &str) -> bool {
        let statement = self.named(statement);
        self.client.batch_execute(&statement).is_ok()
    }

    /// Runs a statement with parameters; gives how many rows it changed.
    pub fn change(&mut self, statement: &str, parameters: &[&(dyn ToSql + Sync)]) -> u64 {
        let statement = self.named(statement);
        self.client
            .execute(&statement, parameters)
            .unwrap_or_else(|error| panic!("{error:?} in {statement}"))
    }

    /// The rows of a query, each as JSON.
    pub fn rows(&mut self, query: &str, parameters: &[&(dyn ToSql + Sync)]) -> Vec<Value> {
        let query = format!("SELECT to_jsonb(r)::text FROM ({}) r", self.named(query));
        let rows = self
            .client
            .query(&query, parameters)
            .unwrap_or_else(|error| panic!("{error:?} in {query}"));
        rows.iter()
            .map(|row| serde_json::from_str(row.get(0)).unwrap())
            .collect()
    }

    /// The one value of a query.
    pub fn value(&mut self, query: &str, parameters: &[&(dyn ToSql + Sync)]) -> Value {
        let rows = self.rows(query, parameters);
        assert_eq!(rows.len(), 1, "{query}");
        let columns = rows[0].as_object().unwrap();
        assert_eq!(columns.len(), 1, "{query}");
        columns.values().next().unwrap().clone()
    }

    /// The ids of the patients `p` whose person `q` fulfils a condition.
    pub fn patients(
        &mut self,
        condition: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> BTreeSet<i64> {
        let query = format!(
            "SELECT p.id FROM gnuhealth_patient p JOIN party_party q ON q.id = p.{{party}} WHERE {condition}"
        );
        self.rows(&query, parameters)
            .iter()
            .map(|row| row["id"].as_i64().unwrap())
            .collect()
    }

    fn named(&self, query: &str) -> String {
        query.replace("{party}", self.party())
    }
}
