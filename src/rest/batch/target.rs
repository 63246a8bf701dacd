//! What the URL of an entry leads to (R4, RESTful API, section "batch": relative to the base, or absolute under it).

use http::uri::PathAndQuery;

use crate::fhir::r4::IssueType;
use crate::resource;
use crate::rest::error::Error;
use crate::rest::neighbour;
use crate::rest::query_string;
use crate::rest::search_form::SEARCH;
use crate::rest::system;
use crate::rest::validation;
use crate::search::query;

/// The component that answers for all that belongs to no resource type.
const SYSTEM: &str = "metadata";

/// How an entry is written is decided for the whole Bundle.
const FOR_THE_WHOLE: &[&str] = &["_format", "_pretty"];

/// Where an entry leads to inside the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// The component.
    pub(super) component: String,
    /// Path and query, from `/`.
    pub(super) path_and_query: String,
    /// Whether it is a search by POST.
    pub(super) is_posted_search: bool,
    /// Whether it is the operation that there is.
    pub(super) is_operation: bool,
}

impl Target {
    /// Understands a URL.
    ///
    /// # Errors
    /// [`Error::Bundle`] if it is none of this server, or not valid; [`Error::NoRoute`]; [`Error::Search`] if its query is
    /// not encoded rightly.
    pub(super) fn of(url: &str, base: &str) -> Result<Self, Error> {
        let relative = relative(url, base)?;
        let parsed: PathAndQuery = format!("/{relative}")
            .parse()
            .ok()
            .filter(|_| !relative.contains('#'))
            .ok_or_else(|| invalid("the URL of the entry is not valid"))?;
        let path = parsed.path();
        let mut segments = path.split('/').skip(1);
        if segments
            .clone()
            .any(|segment| matches!(segment, "." | ".."))
        {
            return Err(invalid("the URL of the entry is not valid"));
        }
        let first = segments.next().unwrap_or_default();
        let component = match first {
            "" | "metadata" | SEARCH => SYSTEM.to_owned(),
            name if resource::ALL.iter().any(|served| served.name == name) => {
                neighbour::component(name)
            }
            _ => return Err(Error::NoRoute(system::no_route(path.trim_matches('/')))),
        };
        let last = path.rsplit('/').next();
        Ok(Self {
            component,
            path_and_query: with_query(path, parsed.query())?,
            is_posted_search: last == Some(SEARCH),
            is_operation: last.is_some_and(validation::is_operation),
        })
    }
}

fn invalid(message: &str) -> Error {
    Error::Bundle {
        code: IssueType::Value,
        message: message.to_owned(),
    }
}

/// The URL without the base.
fn relative<'a>(url: &'a str, base: &str) -> Result<&'a str, Error> {
    let is_absolute = url.starts_with("//")
        || url
            .split(['/', '?', '#'])
            .next()
            .is_some_and(|first| first.contains(':'));
    if !is_absolute {
        return Ok(url.strip_prefix('/').unwrap_or(url));
    }
    match url.strip_prefix(base) {
        Some("") => Ok(""),
        Some(rest) if rest.starts_with('?') => Ok(rest),
        Some(rest) if rest.starts_with('/') => Ok(rest.trim_start_matches('/')),
        _ => Err(invalid(
            "the URL of the entry leads to another server; use one that is relative to the base of this one",
        )),
    }
}

fn with_query(path: &str, query: Option<&str>) -> Result<String, Error> {
    let pairs = query::parse(query.unwrap_or_default())?;
    let pairs: Vec<_> = pairs
        .into_iter()
        .filter(|pair| !FOR_THE_WHOLE.contains(&pair.name.as_str()))
        .map(|pair| (pair.key(), pair.value))
        .collect();
    Ok(if pairs.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{}", query_string::write(&pairs))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "https://fhir.example.org/r4";

    fn leads_to(url: &str) -> Result<(String, String), Error> {
        Target::of(url, BASE).map(|target| (target.component, target.path_and_query))
    }

    #[test]
    fn relative_and_absolute_urls_lead_into_the_app() {
        for (url, component, target) in [
            ("Patient/1", "patient", "/Patient/1"),
            ("/Patient/1", "patient", "/Patient/1"),
            (
                "https://fhir.example.org/r4/Patient/1",
                "patient",
                "/Patient/1",
            ),
            (
                "Patient?name:exact=a%20b&_format=xml&_pretty=true&birthdate=ge1990",
                "patient",
                "/Patient?name:exact=a%20b&birthdate=ge1990",
            ),
            (
                "Patient/1/Observation?_format=xml",
                "patient",
                "/Patient/1/Observation",
            ),
            ("metadata", "metadata", "/metadata"),
            ("?_type=Patient", "metadata", "/?_type=Patient"),
            (
                "https://fhir.example.org/r4?_type=Patient",
                "metadata",
                "/?_type=Patient",
            ),
            ("https://fhir.example.org/r4", "metadata", "/"),
            (
                "_search?_type=Patient",
                "metadata",
                "/_search?_type=Patient",
            ),
            (
                "Patient?url=http://x/y",
                "patient",
                "/Patient?url=http://x/y",
            ),
        ] {
            let expected = (component.to_owned(), target.to_owned());
            assert_eq!(leads_to(url), Ok(expected), "{url}");
        }
    }

    #[test]
    fn other_servers_and_paths_are_refused() {
        for url in [
            "https://other.example.org/Patient/1",
            "https://fhir.example.org/r4evil/Patient/1",
            "https://fhir.example.org/Patient/1",
            "//fhir.example.org/r4/Patient/1",
            "http://login.spin.internal/auth/verify",
            "urn:uuid:7",
            "Patient/1#x",
            "Patient/../auth/verify",
            "Patient/./1",
            "Patient/1 2",
        ] {
            assert!(
                matches!(
                    leads_to(url),
                    Err(Error::Bundle {
                        code: IssueType::Value,
                        ..
                    })
                ),
                "{url}: {:?}",
                leads_to(url)
            );
        }
        for url in ["auth/verify", "Nonsense/1", "patient/1", "health/ready"] {
            assert!(matches!(leads_to(url), Err(Error::NoRoute(_))), "{url}");
        }
        assert!(matches!(leads_to("Patient?name=%"), Err(Error::Search(_))));
    }
}
