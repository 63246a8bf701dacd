//! Tryton as the database has it.
//!
//! - [`model`]: how a resource type describes the models that it reads.
//! - [`catalog`]: which tables and columns this installation has.
//! - [`access`]: which of them a user may read; [`inherit`]: models that share the rights of others.
//! - [`rule`]: record rules, which leave a user some records of a model.
//! - [`source`]: where all this is read from.
//! - [`view`]: both together, the only way from a description to a column.
//! - [`language`]: in which language texts are shown that Tryton translates.
//! - [`projection`]: a description compiled into one JSON expression.
//! - [`pyson`], [`domain`], [`compile`]: record rules, from what is stored to a condition in SQL, with
//!   [`schema`] and [`relations`]: what is known of all models.
//! - `group`: the groups that count for a user.
//! - [`user`], [`password`], [`attempt`]: who signs in, with what, and how often they may try.
//! - [`session`], [`application`]: what they have instead of a password afterwards.
//! - [`profile`]: what the pages say of a user; [`zone`]: in which time zone their hospital is.

pub mod access;
pub mod application;
pub mod attempt;
pub mod catalog;
pub mod compile;
pub mod domain;
mod group;
pub mod inherit;
pub mod language;
pub mod model;
pub mod password;
pub mod profile;
pub mod projection;
pub mod pyson;
mod pyson_date;
pub mod relations;
pub mod rule;
pub mod schema;
pub mod session;
pub mod source;
pub mod user;
pub mod view;
pub mod zone;
