//! Web applications of other origins (Fetch standard, "HTTP CORS protocol").
//!
//! The operator says which origins may read what is answered. `Access-Control-Allow-Credentials` is never sent: such an
//! application signs in with a header of its own, and a browser keeps the cookie of a person, and every answer to it, from
//! other origins.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
};
use http::request::Parts;
use http::{HeaderMap, Method, Response};

use crate::config::Origins;

use super::response;

/// The methods that anything here has.
const METHODS: &str = "GET, HEAD, POST, OPTIONS";

/// The request headers that mean something here and are not on every browser's own list.
const REQUEST_HEADERS: &str =
    "Accept, Authorization, Content-Type, If-Modified-Since, If-None-Match, Prefer, X-Request-Id";

/// The headers of an answer that an application may read beside the usual ones.
const EXPOSED: &str =
    "Content-Location, ETag, Last-Modified, Location, Retry-After, WWW-Authenticate, X-Request-Id";

/// For how many seconds a browser need not ask again.
const MAX_AGE: &str = "600";

/// Whether a browser asks what a script may send. Such a request carries no credentials.
#[must_use]
pub fn is_preflight(request: &Parts) -> bool {
    request.method == Method::OPTIONS
        && request.headers.contains_key(ORIGIN)
        && request.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// The answer to such a request. Who may send what is the same everywhere; whether the origin is allowed, [`add`] says.
#[must_use]
pub fn preflight() -> Response<String> {
    let mut answer = response::options(METHODS);
    for (name, value) in [
        (ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS),
        (ACCESS_CONTROL_MAX_AGE, MAX_AGE),
    ] {
        response::add(&mut answer, name, value);
    }
    answer
}

/// Lets the origin of the request read the answer, if it is allowed; takes from a preflight's answer what others need not
/// know.
pub fn add(answer: &mut Response<String>, request: &HeaderMap, origins: &Origins) {
    let origin = request.get(ORIGIN).and_then(|origin| origin.to_str().ok());
    let allowed = origin.filter(|origin| origins.allow(origin));
    if matches!(origins, Origins::These(origins) if !origins.is_empty()) {
        response::vary(answer, "Origin");
    }
    match (allowed, origins) {
        (Some(_), Origins::Any) => response::add(answer, ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (Some(origin), Origins::These(_)) => {
            response::add(answer, ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        }
        (None, _) => {
            for name in [
                ACCESS_CONTROL_ALLOW_METHODS,
                ACCESS_CONTROL_ALLOW_HEADERS,
                ACCESS_CONTROL_MAX_AGE,
            ] {
                answer.headers_mut().remove(name);
            }
            return;
        }
    }
    response::add(answer, ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::{ACCESS_CONTROL_ALLOW_CREDENTIALS, VARY};

    use super::*;

    fn answered(origin: &'static str, origins: &str) -> Response<String> {
        let mut request = HeaderMap::new();
        request.insert(ORIGIN, HeaderValue::from_static(origin));
        let mut answer = preflight();
        add(&mut answer, &request, &Origins::parse(origins).unwrap());
        assert!(
            !answer
                .headers()
                .contains_key(ACCESS_CONTROL_ALLOW_CREDENTIALS)
        );
        answer
    }

    fn header<'a>(answer: &'a Response<String>, name: &http::HeaderName) -> Option<&'a str> {
        answer
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap())
    }

    #[test]
    fn an_allowed_origin_may_read_and_ask() {
        let answer = answered("https://a.example", "https://b.example,https://a.example");
        assert_eq!(
            header(&answer, &ACCESS_CONTROL_ALLOW_ORIGIN),
            Some("https://a.example")
        );
        assert_eq!(
            header(&answer, &ACCESS_CONTROL_ALLOW_METHODS),
            Some(METHODS)
        );
        assert!(header(&answer, &VARY).unwrap().ends_with(", Origin"));
        let answer = answered("https://a.example", "*");
        assert_eq!(header(&answer, &ACCESS_CONTROL_ALLOW_ORIGIN), Some("*"));
    }

    #[test]
    fn others_are_told_nothing() {
        for (origin, origins) in [
            ("https://evil.example", "https://a.example"),
            ("https://a.example", ""),
            ("null", "https://a.example"),
        ] {
            let answer = answered(origin, origins);
            let told = answer
                .headers()
                .keys()
                .filter(|name| name.as_str().starts_with("access-control"));
            assert_eq!(told.count(), 0, "{origin} {origins}");
        }
    }
}
