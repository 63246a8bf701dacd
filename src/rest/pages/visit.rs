//! What surrounds a request for a page.

use std::rc::Rc;

use chrono::Utc;
use http::request::Parts;

use super::next::Next;
use crate::config::Settings;
use crate::db::Database;
use crate::rest::context::base_url;
use crate::rest::error::Error;
use crate::rest::negotiation::prefers_html;
use crate::search::query;

/// Where one lands when nothing else was asked for.
const HOME: &str = "/auth/home";

/// A request for a page, and the settings.
pub(super) struct Visit<'a> {
    pub(super) request: &'a Parts,
    pub(super) settings: Rc<Settings>,
    /// In seconds since 1970.
    pub(super) now: i64,
}

impl<'a> Visit<'a> {
    pub(super) async fn new(request: &'a Parts) -> Result<Self, Error> {
        Ok(Self {
            request,
            settings: Settings::load().await?,
            now: Utc::now().timestamp(),
        })
    }

    pub(super) fn database(&self) -> Database {
        Database::new(&self.settings.database)
    }

    /// The public base of the app, as the operator set it or the request has it.
    pub(super) fn base_url(&self) -> String {
        base_url(&self.settings, self.request)
    }

    /// The path of the public base, which stands before every path that the browser is told.
    pub(super) fn prefix(&self) -> String {
        self.settings.base_path()
    }

    /// Where the browser is sent: to where it wanted to go, or home.
    pub(super) fn location(&self, next: Option<&Next>) -> String {
        next.map_or_else(
            || format!("{}{HOME}", self.prefix()),
            |next| next.as_str().to_owned(),
        )
    }

    /// Whether the browser is reached over HTTPS.
    pub(super) fn is_secure(&self) -> bool {
        self.base_url().starts_with("https://")
    }

    /// Whether errors are to be pages.
    pub(super) fn wants_html(&self) -> bool {
        prefers_html(&self.request.headers)
    }

    /// A parameter of the query string; empty if it is not there, or the string is broken.
    pub(super) fn parameter(&self, name: &str) -> String {
        self.find(name).unwrap_or_default()
    }

    /// Whether the query string has this parameter.
    pub(super) fn has_parameter(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    fn find(&self, name: &str) -> Option<String> {
        let pairs = query::parse(self.request.uri.query().unwrap_or_default()).ok()?;
        let pair = pairs.into_iter().find(|pair| pair.name == name);
        pair.map(|pair| pair.value)
    }
}
