//! Tryton as the database has it.
//!
//! - [`model`]: how a resource type describes the models that it reads.
//! - [`catalog`]: which tables and columns this installation has.
//! - [`access`]: which of them a user may read; [`inherit`]: models that share the rights of others.
//! - [`rule`]: record rules, which leave a user some records of a model.
//! - [`source`]: where all this is read from.
//! - [`view`]: both together, the only way from a description to a column.
//! - [`projection`]: a description compiled into one JSON expression.
//! - [`user`], [`password`]: who signs in.

pub mod access;
pub mod catalog;
pub mod inherit;
pub mod model;
pub mod password;
pub mod projection;
pub mod rule;
pub mod source;
pub mod user;
pub mod view;
