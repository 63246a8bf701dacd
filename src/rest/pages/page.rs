//! The response that a page is, with the headers that protect it.

use askama::Template;
use http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION,
    REFERRER_POLICY, SET_COOKIE, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderName, HeaderValue, Response, StatusCode};

use crate::rest::error::Error;

/// On every page. No script may run, nothing comes from elsewhere, no other site may frame it or receive its forms.
/// The referrer is kept for our own origin: without one a browser names the origin of a form `null`.
const HEADERS: &[(HeaderName, &str)] = &[
    (CACHE_CONTROL, "no-store"),
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    (REFERRER_POLICY, "same-origin"),
    (VARY, "Accept, Accept-Language, Authorization, Cookie"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
];

/// A page.
///
/// # Errors
/// [`Error::Internal`] if the template fails, which ours cannot.
pub(super) fn html(status: StatusCode, page: &impl Template) -> Result<Response<String>, Error> {
    let html = page.render();
    let html = html.map_err(|_| Error::Internal("a page cannot be written"))?;
    Ok(with_headers(status, html, "text/html; charset=utf-8"))
}

/// Sends the browser elsewhere, with GET.
pub(super) fn see_other(location: &str) -> Result<Response<String>, Error> {
    let location = HeaderValue::from_str(location);
    let location = location.map_err(|_| Error::Internal("a redirect cannot be written"))?;
    let mut response = with_headers(StatusCode::SEE_OTHER, String::new(), "text/plain");
    response.headers_mut().insert(LOCATION, location);
    Ok(response)
}

/// A response with a body, and the headers of all pages.
pub(super) fn with_headers(
    status: StatusCode,
    body: String,
    media_type: &'static str,
) -> Response<String> {
    let length = HeaderValue::from(body.len());
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CONTENT_LENGTH, length);
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Done, and nothing to say. Such a response has no length (RFC 9110, section 8.6).
pub(super) fn no_content() -> Response<String> {
    let mut response = with_headers(StatusCode::NO_CONTENT, String::new(), "text/plain");
    response.headers_mut().remove(CONTENT_TYPE);
    response.headers_mut().remove(CONTENT_LENGTH);
    response
}

/// Gives the browser a cookie, beside those that it is given already.
pub(super) fn set_cookie(response: &mut Response<String>, cookie: HeaderValue) {
    response.headers_mut().append(SET_COOKIE, cookie);
}
