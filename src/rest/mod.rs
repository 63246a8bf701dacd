//! HTTP interactions.
//!
//! - [`authentication`]: the middleware in front of every protected component.
//! - [`principal`]: the signed header in which it hands on who asks.
//! - [`service`]: one resource type, from request to response; [`read`](mod@read) and [`search`] are its interactions.
//! - [`capability`], [`health`], [`system`]: what is open to all.
//! - [`pages`]: signing in and out, and home, for people.
//! - [`error`]: every error as an `OperationOutcome`, in one place.
//! - [`record`], [`negotiation`], [`response`], [`context`], [`log`]: what they share.

pub mod authentication;
pub mod capability;
pub mod context;
pub mod error;
pub mod health;
pub mod log;
pub mod negotiation;
pub mod pages;
pub mod principal;
mod read;
mod record;
pub mod response;
mod search;
pub mod service;
pub mod system;
