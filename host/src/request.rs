//! What Spin adds to a request before a component gets it.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use http::{
    HeaderName, HeaderValue, StatusCode, Uri,
    header::HOST,
    uri::{Authority, Scheme},
};
use http_body_util::{BodyExt, Empty};
use wasmtime_wasi_http::handler::{Request, Response};

use crate::route::RouteMatch;

/// A response without body.
pub(crate) fn status(status: StatusCode) -> Response {
    let mut response = Response::new(Empty::new().map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = status;
    response
}

/// Gives the request an absolute URL, from the `Host` header if need be.
pub(crate) fn set_authority(request: &mut Request) -> Result<()> {
    let header: Option<Authority> = match request.headers().get(HOST) {
        Some(host) => Some(
            host.to_str()?
                .parse()
                .context("'Host' header contains an invalid authority")?,
        ),
        None => None,
    };
    let mut parts = request.uri().clone().into_parts();
    parts.authority = match (header, parts.authority) {
        (Some(header), Some(uri)) if header != uri => {
            bail!("authority in 'Host' header does not match authority in URI")
        }
        (None, None) => bail!("no 'Host' header present in request"),
        (header, uri) => header.or(uri),
    };
    parts.scheme = Some(Scheme::HTTP);
    *request.uri_mut() = Uri::from_parts(parts)?;
    Ok(())
}

/// Appends Spin's headers after those that the client sent; only the last of each can be trusted.
/// A header that is not UTF-8 is an error.
pub(crate) fn prepare(request: &mut Request, route: &RouteMatch, client: SocketAddr) -> Result<()> {
    for (name, value) in request.headers() {
        std::str::from_utf8(value.as_bytes())
            .with_context(|| format!("header {name} is not UTF-8"))?;
    }
    let host = match request.headers().get(HOST) {
        Some(host) => host.to_str()?,
        None => "localhost",
    };
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str());
    let mut added = vec![
        ("spin-path-info".to_owned(), route.trailing.clone()),
        ("spin-full-url".to_owned(), format!("http://{host}{path}")),
        ("spin-matched-route".to_owned(), route.based()),
        ("spin-base-path".to_owned(), "/".to_owned()),
        ("spin-raw-component-route".to_owned(), route.raw.clone()),
        ("spin-component-route".to_owned(), route.prefix().to_owned()),
        ("spin-client-addr".to_owned(), client.to_string()),
    ];
    for (name, value) in &route.named {
        let name = name.to_ascii_lowercase().replace('_', "-");
        added.push((format!("spin-path-match-{name}"), value.clone()));
    }
    for (name, value) in added {
        // What is no valid header is left out, as on Spin.
        if let (Ok(name), Ok(value)) = (
            name.parse::<HeaderName>(),
            HeaderValue::from_bytes(value.as_bytes()),
        ) {
            request.headers_mut().append(name, value);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(uri: &str, headers: &[(&str, &[u8])]) -> Request {
        let mut request = Request::new(status(StatusCode::OK).into_body());
        *request.uri_mut() = uri.parse().unwrap();
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            request
                .headers_mut()
                .append(name, HeaderValue::from_bytes(value).unwrap());
        }
        request
    }

    #[test]
    fn spins_headers_come_after_the_clients() {
        let mut request = request(
            "/a/b?c",
            &[("host", b"h:1"), ("spin-client-addr", b"forged")],
        );
        let route = RouteMatch {
            raw: "/a/...".into(),
            trailing: "/b".into(),
            named: Vec::new(),
        };
        set_authority(&mut request).unwrap();
        prepare(&mut request, &route, "1.2.3.4:5".parse().unwrap()).unwrap();
        assert_eq!(request.uri(), "http://h:1/a/b?c");
        let addresses: Vec<_> = request
            .headers()
            .get_all("spin-client-addr")
            .iter()
            .collect();
        assert_eq!(addresses, ["forged", "1.2.3.4:5"]);
        for (name, value) in [
            ("spin-full-url", "http://h:1/a/b?c"),
            ("spin-path-info", "/b"),
            ("spin-component-route", "/a"),
            ("spin-raw-component-route", "/a/..."),
        ] {
            assert_eq!(request.headers()[name], value, "{name}");
        }
    }

    #[test]
    fn broken_requests_are_errors() {
        assert!(set_authority(&mut request("/", &[])).is_err());
        assert!(set_authority(&mut request("http://a/", &[("host", b"b")])).is_err());
        assert!(set_authority(&mut request("/", &[("host", b"a b")])).is_err());
        let mut latin1 = request("/", &[("host", b"h"), ("x", b"\xe9")]);
        assert!(
            prepare(
                &mut latin1,
                &RouteMatch::chained("/"),
                "1.2.3.4:5".parse().unwrap()
            )
            .is_err()
        );
    }
}
