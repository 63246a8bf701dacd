//! HTTP interactions.
//!
//! - [`authentication`]: the middleware in front of every protected component. It asks [`identity`], which goes by the
//!   [`credentials`] that a request carries, and what is [`remembered`] of them.
//! - [`login`]: the component that signs users in, under the rules of [`sign_in`]; [`token`] gives them tokens, [`cookie`]
//!   the cookie of a browser. [`verification`] is how the others have a password verified there.
//! - [`principal`]: the signed header in which it hands on who asks.
//! - [`service`]: one resource type, from request to response; [`read`](mod@read), [`history`], [`search`] and
//!   [`compartment`] are its interactions. [`search_form`] has the parameters of a search by POST, [`include`] what comes
//!   along with its results; [`subset`] is the part of a resource that was asked for, [`conditional`] whether it is news.
//! - [`negotiation`]: in which format; [`representation`] makes it, in the end. [`language`]: in which language. [`cors`]: for
//!   whom else.
//! - [`system`]: what belongs to no resource type: [`conformance`] and [`health`], which are open to all; [`capability`] has the
//!   statements; [`batch`] and
//!   [`system_search`].
//! - [`validation`]: the operation `$validate`, in a component of its own.
//! - [`neighbour`]: how a component asks another one, on [`behalf`] of the client; [`searchset`] is what that finds.
//! - [`pages`]: signing in and out, and home, for people.
//! - [`error`]: every error as an `OperationOutcome`, in one place.
//! - [`client`]: where a request comes from.
//! - [`record`], [`response`], [`query_string`], [`context`], [`log`]: what they share.

pub mod authentication;
mod batch;
mod behalf;
pub mod body;
pub mod capability;
pub mod client;
mod compartment;
mod conditional;
mod conformance;
pub mod context;
pub mod cookie;
pub mod cors;
pub mod credentials;
#[cfg(test)]
mod documentation;
pub mod error;
pub mod health;
mod history;
pub mod identity;
mod include;
mod language;
pub mod log;
pub mod login;
pub mod negotiation;
pub mod neighbour;
pub mod pages;
pub mod principal;
pub mod query_string;
mod read;
mod record;
pub mod remembered;
pub mod representation;
pub mod response;
mod search;
mod search_form;
mod searchset;
pub mod service;
pub mod sign_in;
mod slot;
pub mod subset;
pub mod system;
mod system_search;
pub mod token;
pub mod validation;
pub mod verification;
