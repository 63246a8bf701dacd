//! One structured line on stderr per request. Never a name, an identifier or a search value of a patient.

use std::cell::RefCell;
use std::collections::HashSet;
use std::io::Write;

use serde::Serialize;

use crate::tryton::rule::Refused;

/// What a request's line says. Absent parts are left out.
#[derive(Debug, Default, Serialize)]
pub struct Line<'a> {
    /// When it was answered: RFC 3339, UTC.
    pub time: String,
    /// The id of the request, which the client has in `X-Request-Id`.
    pub request: &'a str,
    /// `res_user.id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<i64>,
    /// R4's name of the interaction.
    pub interaction: &'a str,
    /// The resource type.
    #[serde(rename = "type", skip_serializing_if = "str::is_empty")]
    pub resource: &'a str,
    /// The HTTP status.
    pub status: u16,
    /// How many resources were returned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<usize>,
    /// How long it took, in milliseconds.
    pub ms: u128,
    /// Why it failed, where the client is not told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

/// Writes a line, in one piece: other instances write too. Where nothing can be written there is nobody to tell.
pub fn write(line: &impl Serialize) {
    if let Ok(line) = serde_json::to_string(line) {
        let _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
    }
}

/// Writes down record rules that grant nothing because they cannot be compiled: once in the life of an instance, since
/// rights are read again every few seconds.
pub fn write_refused(rules: &[Refused]) {
    thread_local! {
        static WRITTEN: RefCell<HashSet<Refused>> = RefCell::default();
    }
    for rule in rules {
        if WRITTEN.with_borrow_mut(|written| written.insert(rule.clone())) {
            write(rule);
        }
    }
}
