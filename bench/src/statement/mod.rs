//! The statements that the app sends, taken from PostgreSQL's own log, and what they cost without the app.
//!
//! - [`Recorder`]: has the app's statements logged, and gives those of a request
//! - [`log`]: what PostgreSQL writes into its log
//! - [`resource`]: tells the statements of requests from those of an instance that begins
//! - [`explain()`]: what PostgreSQL says that a statement costs
//! - [`pgbench`]: how many of them PostgreSQL answers in a second
//! - [`literal`]: a statement with its values in place of `$1`…

mod explain;
mod literal;
mod log;
pub(crate) mod pgbench;
mod recorder;
mod resource;

use serde::Serialize;

pub(crate) use explain::{Explained, explain};
pub(crate) use recorder::Recorder;

/// A statement that the app sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Statement {
    /// `PREPARE name(types) AS …`, if `text` is an `EXECUTE` of it: the app plans some statements once a connection.
    pub(crate) prepare: Option<String>,
    /// What was sent.
    pub(crate) text: String,
    /// The values of `$1`…, as text; `None` is NULL.
    pub(crate) parameters: Vec<Option<String>>,
}
