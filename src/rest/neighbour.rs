//! How a component asks another one of the app: in process, by service chaining, on behalf of the client.
//!
//! The client's own credentials go along, and nothing else that gives rights: the `auth` middleware in front of the other
//! component authenticates them again, and the rights of that resource type are enforced where it is served. The call
//! counts as the client's own, and links in the answer are those that the client can follow ([`Behalf`]).

use futures_util::{StreamExt, stream};
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Response, StatusCode};
use serde::Deserialize;

use crate::config::Settings;
use crate::fhir::r4::IssueType;

use super::behalf::{self, Behalf};
use super::body::{self, FORM};
use super::client::Client;
use super::context::{Context, base_url};
use super::error::{Error, Refusal};
use super::response::REQUEST_ID;
use super::{query_string, searchset};

pub use super::searchset::{Entry, Searchset};

/// The longest answer of another component that is read, in bytes.
pub const LONGEST_ANSWER: usize = 16 << 20;

/// How many components are asked at once for one request.
pub const AT_ONCE: usize = 8;

/// What goes along of the client's own request: who asks, and how they want the answer.
const PASSED_ON: &[&str] = &["accept-language", "authorization", "cookie", "prefer"];

/// JSON, in which the app's components speak to one another.
const JSON: HeaderValue = HeaderValue::from_static("application/fhir+json");

/// The other components of the app, asked on behalf of the client that sent a request.
#[derive(Clone, Copy)]
pub struct Neighbours<'a> {
    settings: &'a Settings,
    request: &'a Parts,
    context: &'a Context,
}

/// What another component is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The method.
    pub method: Method,
    /// Path and query, from `/`.
    pub target: String,
    /// More headers, beside those that go along in any case.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: String,
}

impl Question {
    /// A search by POST on a resource type, with these parameters.
    #[must_use]
    pub fn search(resource_type: &str, parameters: String) -> Self {
        Self {
            method: Method::POST,
            target: format!("/{resource_type}/_search"),
            headers: vec![(CONTENT_TYPE, HeaderValue::from_static(FORM))],
            body: parameters,
        }
    }
}

/// The component that serves a resource type: its name in small letters, with a hyphen between words.
#[must_use]
pub fn component(resource_type: &str) -> String {
    let mut name = String::new();
    for letter in resource_type.chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

impl<'a> Neighbours<'a> {
    /// For a request.
    #[must_use]
    pub fn new(settings: &'a Settings, request: &'a Parts, context: &'a Context) -> Self {
        Self {
            settings,
            request,
            context,
        }
    }

    /// Asks a component, and gives its answer whatever its status is. Where the question does not say otherwise, the
    /// answer is JSON.
    ///
    /// # Errors
    /// [`Error::Neighbour`] if it cannot be reached, [`Error::AnswerTooLarge`].
    pub async fn ask(
        &self,
        component: &str,
        question: Question,
    ) -> Result<Response<Vec<u8>>, Error> {
        let failed = |reason| Error::Neighbour {
            component: component.to_owned(),
            reason,
        };
        let request = self
            .request(component, question)
            .ok_or_else(|| failed("the request cannot be written"))?;
        let answer = spin_sdk::http::send(request)
            .await
            .map_err(|_| failed("it cannot be reached; is it in allowed_outbound_hosts?"))?;
        let (mut parts, body) = answer.into_parts();
        let body = body::read(body, LONGEST_ANSWER)
            .await
            .map_err(|error| match error {
                Error::TooLarge { most } => Error::AnswerTooLarge { most },
                _ => failed("its answer ended early"),
            })?;
        let mut answer = Response::new(body);
        *answer.status_mut() = parts.status;
        *answer.headers_mut() = std::mem::take(&mut parts.headers);
        Ok(answer)
    }

    fn request(&self, component: &str, question: Question) -> Option<http::Request<String>> {
        let behalf = Behalf {
            base_url: base_url(self.settings, self.request),
            client: Client::of(self.settings, self.request),
        };
        let signed = behalf.sign(&self.settings.secret, &question.method, &question.target)?;
        let mut request = http::Request::builder()
            .method(question.method)
            .uri(format!(
                "http://{component}.spin.internal{}",
                question.target
            ))
            .body(question.body)
            .ok()?;
        let headers = request.headers_mut();
        for name in PASSED_ON {
            for value in self.request.headers.get_all(*name) {
                headers.append(*name, value.clone());
            }
        }
        headers.insert(ACCEPT, JSON);
        headers.insert(behalf::HEADER, signed);
        headers.insert(
            REQUEST_ID,
            HeaderValue::from_str(&self.context.request).ok()?,
        );
        for (name, value) in question.headers {
            headers.insert(name, value);
        }
        Some(request)
    }

    /// Searches a resource type with names (and modifiers) and values, and gives a page of results.
    ///
    /// # Errors
    /// As [`Neighbours::ask`]; [`Error::Refused`] with what that component refused the search with, and
    /// [`Error::Unauthenticated`] and [`Error::Throttled`] as it answered them.
    pub async fn search(
        &self,
        resource_type: &str,
        pairs: &[(String, String)],
    ) -> Result<Searchset, Error> {
        let component = component(resource_type);
        let question = Question::search(resource_type, query_string::write(pairs));
        let answer = self.ask(&component, question).await?;
        if answer.status() != StatusCode::OK {
            return Err(refusal(&component, &answer));
        }
        searchset::parse(answer.body()).ok_or(Error::Neighbour {
            component,
            reason: "its answer is no searchset",
        })
    }

    /// Several searches, [`AT_ONCE`] at a time; the results are in the order of the searches.
    pub async fn searches(
        &self,
        searches: &[(&str, Vec<(String, String)>)],
    ) -> Vec<Result<Searchset, Error>> {
        let searches = searches
            .iter()
            .map(|(resource_type, pairs)| self.search(resource_type, pairs));
        stream::iter(searches).buffered(AT_ONCE).collect().await
    }
}

/// The outcome in the answer of a component that refused.
#[derive(Deserialize)]
struct Outcome {
    issue: Vec<Issue>,
}

#[derive(Deserialize)]
struct Issue {
    code: String,
    diagnostics: Option<String>,
    #[serde(default)]
    expression: Vec<String>,
}

/// The error that a component answered with, as it is passed on.
pub(super) fn refusal(component: &str, answer: &Response<Vec<u8>>) -> Error {
    let status = answer.status();
    let failed = |reason| Error::Neighbour {
        component: component.to_owned(),
        reason,
    };
    match status {
        StatusCode::UNAUTHORIZED => return Error::Unauthenticated,
        StatusCode::TOO_MANY_REQUESTS => {
            let seconds = seconds(answer.headers());
            return Error::Throttled { seconds };
        }
        StatusCode::INTERNAL_SERVER_ERROR => {
            return Error::Internal("another component failed; its own line in the log says why");
        }
        status if status.is_server_error() => {
            return failed("it is not available; its own line in the log says why");
        }
        status if status.is_client_error() => {}
        _ => return failed("its answer is not understood"),
    }
    let outcome: Option<Outcome> = serde_json::from_slice(answer.body()).ok();
    let issue = outcome.and_then(|outcome| outcome.issue.into_iter().next());
    let Some(issue) = issue else {
        return failed("its answer is not understood");
    };
    Error::Refused(Box::new(Refusal {
        status,
        code: IssueType::parse(&issue.code).unwrap_or(IssueType::Processing),
        diagnostics: issue.diagnostics.unwrap_or_default(),
        expression: issue.expression,
    }))
}

fn seconds(headers: &HeaderMap) -> u64 {
    let text = headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok());
    text.and_then(|text| text.parse().ok()).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Response<Vec<u8>> {
        let answer = Response::builder()
            .status(status)
            .header(RETRY_AFTER, "7")
            .body(body.as_bytes().to_vec());
        answer.unwrap_or_default()
    }

    #[test]
    fn what_another_component_refuses_is_refused_for_the_same_reason() {
        let forbidden = r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"forbidden",
            "diagnostics":"no right","expression":["http.code"]}]}"#;
        for status in [400, 403, 404] {
            let error = refusal("observation", &answer(status, forbidden));
            assert_eq!(error.status().as_u16(), status);
            let issue = error.outcome("r1").issue.into_iter().next();
            let issue = issue.map(|issue| (issue.code, issue.diagnostics, issue.expression));
            assert_eq!(
                issue,
                Some((
                    IssueType::Forbidden,
                    Some("no right".to_owned()),
                    vec!["http.code".to_owned()]
                ))
            );
        }
        assert_eq!(refusal("x", &answer(401, "")), Error::Unauthenticated);
        assert_eq!(
            refusal("x", &answer(429, "")),
            Error::Throttled { seconds: 7 }
        );
    }

    #[test]
    fn what_is_not_understood_is_a_failure_that_tells_nothing() {
        for (status, body) in [
            (500, "SELECT"),
            (502, ""),
            (503, "{}"),
            (200, ""),
            (302, ""),
            (404, "<html>"),
        ] {
            let error = refusal("observation", &answer(status, body));
            assert!(error.status().is_server_error(), "{status} {body}");
            let outcome = serde_json::to_string(&error.outcome("r1")).unwrap_or_default();
            assert!(!outcome.contains("observation"), "{outcome}");
        }
    }

    #[test]
    fn a_component_is_named_as_its_resource_type() {
        assert_eq!(component("Patient"), "patient");
        assert_eq!(component("MedicationRequest"), "medication-request");
    }
}
