//! HL7 FHIR R4 over a live GNU Health database: the library that every component of the Spin app shares.
//!
//! # Layout
//! The modules are floors: each may use only what stands below it.
//!
//! - [`rest`]: HTTP interactions. Routing within one resource type, headers, content negotiation, paging links,
//!   the signed principal, errors as `OperationOutcome`.
//! - [`resource`]: one file per FHIR resource type. Its tables, its search parameters, row to resource.
//! - [`search`]: FHIR search as a small compiler, from query string to SQL. Knows no resource by name.
//! - [`tryton`]: Tryton as the database has it. Models, what is installed, users, passwords, rights.
//! - [`fhir`]: FHIR as the standard has it. R4 types, dates, outcomes. Knows nothing of GNU Health or SQL.
//! - [`signature`]: signatures under the secret of the installation.
//! - [`config`]: what the operator sets.
//! - [`db`]: the outbound PostgreSQL connection; the one place that knows `spin_sdk::pg`.
//! - [`turn`]: taking turns among the concurrent requests of an instance.

pub mod config;
pub mod db;
pub mod fhir;
#[cfg(test)]
mod fuzz;
pub mod resource;
pub mod rest;
pub mod search;
pub mod signature;
pub mod tryton;
pub mod turn;
