//! What PostgreSQL says that a statement costs.

use anyhow::{Context, Result};
use postgres::{Client, SimpleQueryMessage};
use serde::{Deserialize, Serialize};

use super::Statement;
use super::literal::in_place;

/// What a statement costs PostgreSQL.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Explained {
    /// How long it takes to plan, in milliseconds. The app pays that once a connection for what it prepares.
    pub(crate) planning_ms: f64,
    /// How long it takes to run, in milliseconds; it is slowed down a little by being watched.
    pub(crate) execution_ms: f64,
    /// The rows of tables that were looked at, those that a condition then left out among them.
    pub(crate) rows_touched: u64,
    /// The blocks of 8 kB that were looked at, in the shared buffers or read into them; again each time.
    pub(crate) buffers: u64,
}

/// Runs a statement with `EXPLAIN ANALYZE`, as the owner of its tables and with the app's settings. It cannot write anything.
pub(crate) fn explain(owner: &mut Client, statement: &Statement) -> Result<Explained> {
    let sql = in_place(statement)?;
    let mut transaction = owner.build_transaction().read_only(true).start()?;
    // As database/role.sql sets it for the app's role.
    transaction.batch_execute("SET LOCAL jit = off")?;
    let explain = format!("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}");
    let messages = transaction.simple_query(&explain);
    let messages = messages.with_context(|| format!("PostgreSQL does not explain {sql}"))?;
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    let json: String = rows.collect();
    explained(&json)
}

fn explained(json: &str) -> Result<Explained> {
    let explanations: Vec<Explanation> =
        serde_json::from_str(json).context("an explanation that is not understood")?;
    let explanation = explanations.first().context("nothing was explained")?;
    Ok(Explained {
        planning_ms: explanation.planning_time,
        execution_ms: explanation.execution_time,
        rows_touched: explanation.plan.rows_touched().round() as u64,
        buffers: explanation.plan.shared_hit_blocks + explanation.plan.shared_read_blocks,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Explanation {
    plan: Node,
    #[serde(rename = "Planning Time")]
    planning_time: f64,
    #[serde(rename = "Execution Time")]
    execution_time: f64,
}

/// A node of a plan. Its rows are the mean of its loops, its blocks the sum, those of the nodes below among them.
#[derive(Deserialize)]
struct Node {
    /// Of a scan of a table only. Other scans (of a CTE, a subquery, a bitmap) give on what these have read.
    #[serde(rename = "Relation Name")]
    relation_name: Option<String>,
    #[serde(rename = "Actual Rows")]
    actual_rows: f64,
    #[serde(rename = "Actual Loops")]
    actual_loops: f64,
    #[serde(rename = "Rows Removed by Filter", default)]
    removed_by_filter: f64,
    #[serde(rename = "Rows Removed by Index Recheck", default)]
    removed_by_recheck: f64,
    #[serde(rename = "Shared Hit Blocks")]
    shared_hit_blocks: u64,
    #[serde(rename = "Shared Read Blocks")]
    shared_read_blocks: u64,
    #[serde(rename = "Plans", default)]
    plans: Vec<Node>,
}

impl Node {
    fn rows_touched(&self) -> f64 {
        let below: f64 = self.plans.iter().map(Self::rows_touched).sum();
        if self.relation_name.is_none() {
            return below;
        }
        let each = self.actual_rows + self.removed_by_filter + self.removed_by_recheck;
        below + each * self.actual_loops
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of PostgreSQL 15, without what is not read.
    const NESTED: &str = r#"[{"Plan": {"Node Type": "Nested Loop", "Actual Rows": 3, "Actual Loops": 1,
        "Rows Removed by Join Filter": 9, "Shared Hit Blocks": 40, "Shared Read Blocks": 2, "Plans": [
        {"Node Type": "Seq Scan", "Relation Name": "party_party", "Actual Rows": 5, "Actual Loops": 1,
            "Rows Removed by Filter": 95, "Shared Hit Blocks": 10, "Shared Read Blocks": 2},
        {"Node Type": "Bitmap Heap Scan", "Relation Name": "gnuhealth_patient", "Actual Rows": 1, "Actual Loops": 5,
            "Rows Removed by Index Recheck": 2, "Shared Hit Blocks": 30, "Shared Read Blocks": 0, "Plans": [
            {"Node Type": "Bitmap Index Scan", "Index Name": "x", "Actual Rows": 3, "Actual Loops": 5,
                "Shared Hit Blocks": 20, "Shared Read Blocks": 0}]}]},
        "Planning": {"Shared Hit Blocks": 99, "Shared Read Blocks": 0},
        "Planning Time": 1.5, "Triggers": [], "Execution Time": 0.25}]"#;

    #[test]
    fn rows_are_those_of_the_tables_in_all_loops() {
        assert_eq!(
            explained(NESTED).unwrap(),
            Explained {
                planning_ms: 1.5,
                execution_ms: 0.25,
                rows_touched: 100 + 15,
                buffers: 42,
            }
        );
    }

    #[test]
    fn what_is_no_explanation_is_an_error() {
        assert!(explained("[]").is_err());
        assert!(explained("[{\"Planning Time\": 1}]").is_err());
    }
}
