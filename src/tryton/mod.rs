//! Tryton as the database has it.
//!
//! - [`model`]: how a resource type describes the models that it reads.
//! - [`catalog`]: which tables and columns this installation has.
//! - [`access`]: which of them a user may read.
//! - [`view`]: both together, the only way from a description to a column.
//! - [`projection`]: a description compiled into one JSON expression.
//! - [`user`], [`password`], [`attempt`]: who signs in, with what, and how often they may try.
//! - [`session`], [`application`]: what they have instead of a password afterwards.
//! - [`profile`]: what the pages say of a user.

pub mod access;
pub mod application;
pub mod attempt;
pub mod catalog;
pub mod model;
pub mod password;
pub mod profile;
pub mod projection;
pub mod session;
pub mod user;
pub mod view;
