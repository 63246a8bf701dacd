//! What surrounds a request for a page.

use std::rc::Rc;

use chrono::Utc;
use http::Uri;
use http::header::ACCEPT;
use http::request::Parts;

use super::next::Next;
use crate::config::Settings;
use crate::db::Database;
use crate::rest::context::base_url;
use crate::rest::error::Error;
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
        prefix(&self.settings)
    }

    /// What the browser is told for a path of the app, or for its home.
    pub(super) fn location(&self, next: Option<&Next>) -> String {
        format!("{}{}", self.prefix(), next.map_or(HOME, Next::as_str))
    }

    /// Whether the browser is reached over HTTPS.
    pub(super) fn is_secure(&self) -> bool {
        self.base_url().starts_with("https://")
    }

    /// Whether errors are to be pages.
    pub(super) fn wants_html(&self) -> bool {
        wants_html(self.request)
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

/// See [`Visit::prefix`].
pub(super) fn prefix(settings: &Settings) -> String {
    let base = settings.base_url.as_deref().and_then(|base| base.parse::<Uri>().ok());
    base.map(|base| base.path().trim_end_matches('/').to_owned()).unwrap_or_default()
}

/// Whether the client, a browser, accepts HTML and prefers nothing of ours to it.
pub(super) fn wants_html(request: &Parts) -> bool {
    let values = request.headers.get_all(ACCEPT).iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|range| range.trim().to_ascii_lowercase().starts_with("text/html"))
}
