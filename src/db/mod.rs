//! The outbound PostgreSQL connection: typed parameters and rows, and what can go wrong.
//!
//! The one place that knows `spin_sdk::pg`. Spin's limits shape it (measured on a real host): every statement is a
//! single one and leaves no transaction or setting behind, since connections go back to a pool that does not roll back;
//! values whose types Spin loses or lacks are selected as text.
//!
//! - [`Sql`], [`Parameter`]: a statement; values never become part of its text
//! - [`Database`]: the one connection that an instance keeps, reopened when it breaks
//! - [`Planned`]: a statement that is planned once per connection
//! - [`Connection`]: an open connection, and the statements that it has planned
//! - [`InUse`]: how long an instance keeps it
//! - [`Row`]: what comes back
//! - [`Error`], [`Refusal`]: what can go wrong

mod connection;
mod database;
mod error;
mod in_use;
mod plan;
mod row;
mod sql;

pub use connection::Connection;
pub use database::Database;
pub use error::{Error, Refusal};
pub use in_use::InUse;
pub use plan::Planned;
pub use row::Row;
pub use sql::{Parameter, Sql, identifier};
