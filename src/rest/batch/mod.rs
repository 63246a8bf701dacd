//! The batch interaction (R4, RESTful API, section "batch"): many requests in one Bundle, each answered for itself.
//!
//! Each entry is asked of the component that serves it, with the credentials of the client, some of them at once. What one
//! of them is answered says nothing of the others.

mod bundle;
#[cfg(test)]
mod fuzz;
mod target;
mod xml;

use std::cell::Cell;

use chrono::{DateTime, SecondsFormat, Utc};
use futures_util::{StreamExt, stream};
use http::header::{ETAG, HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode};

use crate::fhir::r4::{
    AnyResource, Bundle, BundleEntry, BundleEntryResponse, BundleType, Instant, IssueType,
};

use super::error::Error;
use super::neighbour::{AT_ONCE, Neighbours, Question};
use bundle::Asked;
use target::Target;

/// The longest Bundle that is read, in bytes.
pub(super) const LONGEST: usize = 1 << 20;

/// The most bytes of answers that are put into one Bundle.
const MOST_ANSWERED: usize = 32 << 20;

/// What entries are asked with, and how much they may still answer.
struct Batch<'a> {
    neighbours: Neighbours<'a>,
    base: &'a str,
    request_id: &'a str,
    left: Cell<usize>,
}

/// Answers a batch. Who asks was identified.
///
/// # Errors
/// As [`bundle::read`]. What is wrong with an entry is in the Bundle.
pub(super) async fn answer(
    neighbours: Neighbours<'_>,
    request: &Parts,
    base: &str,
    request_id: &str,
    body: &[u8],
) -> Result<Bundle, Error> {
    let batch = Batch {
        neighbours,
        base,
        request_id,
        left: Cell::new(MOST_ANSWERED),
    };
    let asked = bundle::read(request, body)?;
    let entries = asked.iter().map(|asked| batch.entry(asked.as_ref()));
    let entries = stream::iter(entries).buffered(AT_ONCE).collect().await;
    Ok(Bundle {
        entry: entries,
        ..Bundle::new(BundleType::BatchResponse)
    })
}

impl Batch<'_> {
    async fn entry(&self, asked: Option<&Asked>) -> BundleEntry {
        let answered = match question(asked, self.base) {
            Ok((target, question)) => self.ask(&target, question).await,
            Err(error) => Err(error),
        };
        answered.unwrap_or_else(|error| self.refused(&error))
    }

    async fn ask(&self, target: &Target, question: Question) -> Result<BundleEntry, Error> {
        let is_head = question.method == Method::HEAD;
        let answer = self.neighbours.ask(&target.component, question).await?;
        let left = self.left.get().checked_sub(answer.body().len());
        let left = left.ok_or(Error::AnswerTooLarge {
            most: MOST_ANSWERED,
        })?;
        self.left.set(left);
        answered(answer, is_head).ok_or_else(|| Error::Neighbour {
            component: target.component.clone(),
            reason: "its answer is not JSON",
        })
    }

    fn refused(&self, error: &Error) -> BundleEntry {
        let outcome = AnyResource::new(&error.outcome(self.request_id)).ok();
        response(BundleEntryResponse {
            outcome,
            ..BundleEntryResponse::new(written(error.status()))
        })
    }
}

fn response(response: BundleEntryResponse) -> BundleEntry {
    BundleEntry {
        response: Some(response),
        ..BundleEntry::default()
    }
}

/// What a component is asked for an entry.
fn question(asked: Option<&Asked>, base: &str) -> Result<(Target, Question), Error> {
    let required = |message: &str| Error::Bundle {
        code: IssueType::Required,
        message: message.to_owned(),
    };
    let asked = asked.ok_or_else(|| required("the entry has no request"))?;
    let method = asked.method.as_deref();
    let method = method.ok_or_else(|| required("the request of the entry has no method"))?;
    let url = asked.url.as_deref();
    let url = url.ok_or_else(|| required("the request of the entry has no url"))?;
    let method = known(method)?;
    let target = Target::of(url, base)?;
    if target.is_operation {
        return Err(Error::Bundle {
            code: IssueType::NotSupported,
            message: "operations are not processed in a batch: ask for each by itself".into(),
        });
    }
    let allowed = match (&method, target.is_posted_search) {
        (&Method::GET | &Method::HEAD, false) | (&Method::POST, true) => None,
        (_, true) => Some("POST"),
        (_, false) => Some("GET, HEAD"),
    };
    if let Some(allowed) = allowed {
        return Err(Error::Method { allowed });
    }
    let question = Question {
        method,
        target: target.path_and_query.clone(),
        headers: conditions(asked)?,
        body: String::new(),
    };
    Ok((target, question))
}

/// The methods of the value set `http-verb`.
fn known(method: &str) -> Result<Method, Error> {
    match method {
        "GET" => Ok(Method::GET),
        "HEAD" => Ok(Method::HEAD),
        "POST" => Ok(Method::POST),
        "PUT" => Ok(Method::PUT),
        "DELETE" => Ok(Method::DELETE),
        "PATCH" => Ok(Method::PATCH),
        _ => Err(Error::Bundle {
            code: IssueType::Value,
            message: "the method of the entry must be GET, HEAD, POST, PUT, DELETE or PATCH".into(),
        }),
    }
}

/// `ifNoneMatch` and `ifModifiedSince` as headers.
fn conditions(asked: &Asked) -> Result<Vec<(HeaderName, HeaderValue)>, Error> {
    let invalid = |element: &str| Error::Bundle {
        code: IssueType::Value,
        message: format!("{element} of the request of the entry is not valid"),
    };
    let mut headers = Vec::new();
    if let Some(etag) = &asked.if_none_match {
        let value = HeaderValue::from_str(etag).map_err(|_| invalid("ifNoneMatch"))?;
        headers.push((IF_NONE_MATCH, value));
    }
    if let Some(since) = &asked.if_modified_since {
        let since = DateTime::parse_from_rfc3339(since).map_err(|_| invalid("ifModifiedSince"))?;
        let since = httpdate::fmt_http_date(since.to_utc().into());
        let value = HeaderValue::from_str(&since).map_err(|_| invalid("ifModifiedSince"))?;
        headers.push((IF_MODIFIED_SINCE, value));
    }
    Ok(headers)
}

/// An answer as an entry; `None` if it is not JSON.
fn answered(answer: Response<Vec<u8>>, is_head: bool) -> Option<BundleEntry> {
    let (parts, body) = answer.into_parts();
    let resource = if is_head || body.is_empty() {
        None
    } else {
        Some(AnyResource::from_json(String::from_utf8(body).ok()?).ok()?)
    };
    let is_error = parts.status.is_client_error() || parts.status.is_server_error();
    let (outcome, resource) = if is_error {
        (resource, None)
    } else {
        (None, resource)
    };
    let entry = response(BundleEntryResponse {
        etag: text(&parts.headers, ETAG),
        last_modified: text(&parts.headers, LAST_MODIFIED).and_then(|date| instant(&date)),
        outcome,
        ..BundleEntryResponse::new(written(parts.status))
    });
    Some(BundleEntry { resource, ..entry })
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn instant(date: &str) -> Option<Instant> {
    let date: DateTime<Utc> = httpdate::parse_http_date(date).ok()?.into();
    Instant::parse(date.to_rfc3339_opts(SecondsFormat::Secs, true)).ok()
}

/// A status with its description (R4, `Bundle.entry.response.status`).
fn written(status: StatusCode) -> String {
    status.canonical_reason().map_or_else(
        || status.as_str().to_owned(),
        |reason| format!("{} {reason}", status.as_str()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(method: &str, url: &str) -> Asked {
        Asked {
            method: Some(method.into()),
            url: Some(url.into()),
            ..Asked::default()
        }
    }

    #[test]
    fn only_what_reads_is_asked() {
        let outcome = |method, url| {
            question(Some(&asked(method, url)), "http://h").map(|(_, question)| question.method)
        };
        assert_eq!(outcome("GET", "Patient/1"), Ok(Method::GET));
        assert_eq!(outcome("HEAD", "Patient"), Ok(Method::HEAD));
        assert_eq!(outcome("POST", "Patient/_search?a=b"), Ok(Method::POST));
        for (method, url, allowed) in [
            ("POST", "Patient", "GET, HEAD"),
            ("PUT", "Patient/1", "GET, HEAD"),
            ("DELETE", "Patient/1", "GET, HEAD"),
            ("PATCH", "Patient/1", "GET, HEAD"),
            ("POST", "", "GET, HEAD"),
            ("GET", "Patient/_search", "POST"),
        ] {
            assert_eq!(
                outcome(method, url),
                Err(Error::Method { allowed }),
                "{url}"
            );
        }
        let operation = outcome("POST", "Patient/1/$validate");
        assert!(matches!(
            operation,
            Err(Error::Bundle {
                code: IssueType::NotSupported,
                ..
            })
        ));
        for method in ["get", "", "CONNECT", "GET / HTTP/1.1\r\n"] {
            assert!(matches!(
                outcome(method, "Patient/1"),
                Err(Error::Bundle { .. })
            ));
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let url_only = Asked {
            method: None,
            ..asked("", "Patient/1")
        };
        let method_only = Asked {
            url: None,
            ..asked("GET", "")
        };
        for (asked, name) in [
            (None, "request"),
            (Some(&url_only), "method"),
            (Some(&method_only), "url"),
        ] {
            let Err(Error::Bundle { code, message }) = question(asked, "http://h") else {
                panic!("{name}")
            };
            assert_eq!(code, IssueType::Required);
            assert!(message.ends_with(name), "{message}");
        }
    }

    #[test]
    fn conditions_become_headers() {
        let mut conditional = asked("GET", "Patient/1");
        conditional.if_none_match = Some("W/\"7\"".into());
        conditional.if_modified_since = Some("2024-02-29T10:00:00.5+02:00".into());
        let headers = conditions(&conditional).unwrap_or_default();
        let headers: Vec<_> = headers
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
            .collect();
        assert_eq!(
            headers,
            [
                ("if-none-match", "W/\"7\""),
                ("if-modified-since", "Thu, 29 Feb 2024 08:00:00 GMT")
            ]
        );
        conditional.if_modified_since = Some("yesterday".into());
        assert!(conditions(&conditional).is_err());
    }

    #[test]
    fn an_answer_keeps_its_status_version_and_date() {
        let answer = Response::builder()
            .status(200)
            .header(ETAG, "W/\"7\"")
            .header(LAST_MODIFIED, "Thu, 29 Feb 2024 08:00:00 GMT")
            .body(b"{\"resourceType\":\"Patient\"}".to_vec());
        let entry = answered(answer.unwrap_or_default(), false).unwrap_or_default();
        let written = serde_json::to_string(&entry).unwrap_or_default();
        assert_eq!(
            written,
            r#"{"resource":{"resourceType":"Patient"},"response":{"status":"200 OK","etag":"W/\"7\"","lastModified":"2024-02-29T08:00:00Z"}}"#
        );
    }
}
