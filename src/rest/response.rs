//! Responses as the interactions give them: a resource is JSON until the request is concluded; see [`super::representation`].

use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde::Serialize;

use super::negotiation::{Format, Kind};

/// The header with the id of the request, under which the log has it.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A resource, and the format that it is to be written in.
#[must_use]
pub fn resource(status: StatusCode, resource: &impl Serialize, format: Format) -> Response<String> {
    // Our resources have string keys and finite numbers, so that writing them cannot fail.
    let written = serde_json::to_string(resource).unwrap_or_default();
    let mut response = json(status, written, Kind::Json.content_type());
    response.extensions_mut().insert(format);
    response
}

/// A response with a body that is JSON already, and stays so. Every response has its length: without it Spin answers in
/// chunks, and a client that keeps its connection waits for the last one.
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
        HeaderValue::from_static("Accept, Accept-Language, Authorization, Cookie"),
    );
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// A response without content, which has no length either (RFC 9110, section 8.6).
#[must_use]
pub fn empty(status: StatusCode) -> Response<String> {
    let mut response = json(status, String::new(), "text/plain");
    response.headers_mut().remove(CONTENT_TYPE);
    response.headers_mut().remove(CONTENT_LENGTH);
    response
}

/// What may be done under a path: the answer to OPTIONS.
#[must_use]
pub fn options(allowed: &str) -> Response<String> {
    let mut response = empty(StatusCode::NO_CONTENT);
    add(&mut response, ALLOW, allowed);
    response
}

/// Adds a header whose value is made of ASCII.
pub fn add<T>(response: &mut Response<T>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// Adds a request header to those by which the answer differs (RFC 9110, section 12.5.5).
pub fn vary<T>(response: &mut Response<T>, name: &str) {
    let before = response
        .headers()
        .get(VARY)
        .and_then(|value| value.to_str().ok());
    let names = match before {
        Some(before) => format!("{before}, {name}"),
        None => name.to_owned(),
    };
    add(response, VARY, &names);
}
