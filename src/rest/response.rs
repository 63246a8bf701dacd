//! Responses: resources as JSON, with the headers that all of them have.

use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, VARY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde::Serialize;

use super::negotiation::{FHIR_JSON, Format};

/// The header with the id of the request, under which the log has it.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Writes a resource. Every response has its length: without it Spin answers in chunks, and a client that keeps its
/// connection waits for the last one.
#[must_use]
pub fn resource(status: StatusCode, resource: &impl Serialize, format: Format) -> Response<String> {
    let written = if format.pretty {
        serde_json::to_string_pretty(resource)
    } else {
        serde_json::to_string(resource)
    };
    // Our resources have string keys and finite numbers, so that writing them cannot fail.
    json(status, written.unwrap_or_default(), FHIR_JSON)
}

/// A response with a body that is JSON already.
#[must_use]
pub fn json(status: StatusCode, body: String, content_type: &'static str) -> Response<String> {
    let length = HeaderValue::from(body.len());
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CONTENT_LENGTH, length);
    // Health data: a cache asks again each time, and no shared one keeps it.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(
        VARY,
        HeaderValue::from_static("Accept, Authorization, Cookie"),
    );
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Adds a header whose value is made of ASCII.
pub fn add(response: &mut Response<String>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
