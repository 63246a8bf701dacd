//! Which site sent a form, as far as the browser says: a second defence beside the token.

use http::header::{HOST, ORIGIN};
use http::request::Parts;
use http::{HeaderName, Uri};

/// How the origin of the request relates to ours (Fetch Metadata Request Headers, section 2.4).
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether the browser says that another origin sent the form. Programs, which send neither header, pass.
///
/// Ours are the origin that the operator set (`base_url`) and the host that the request was sent to; of that the scheme
/// is not compared, since TLS may end in front of us.
pub(super) fn is_foreign(request: &Parts, base_url: &str) -> bool {
    let header = |name: &HeaderName| request.headers.get(name);
    let site = header(&SEC_FETCH_SITE).map(http::HeaderValue::as_bytes);
    if site.is_some_and(|site| site != b"same-origin" && site != b"none") {
        return true;
    }
    let mut origins = request.headers.get_all(ORIGIN).iter();
    let Some(origin) = origins.next() else {
        return false;
    };
    let origin = origin.to_str().ok().and_then(|text| text.parse().ok());
    let ours = origin.is_some_and(|origin| is_ours(&origin, request, base_url));
    !ours || origins.next().is_some()
}

fn is_ours(origin: &Uri, request: &Parts, base_url: &str) -> bool {
    let Some(authority) = origin.authority() else {
        return false;
    };
    let base: Option<Uri> = base_url.parse().ok();
    if base
        .is_some_and(|base| base.scheme() == origin.scheme() && base.authority() == Some(authority))
    {
        return true;
    }
    let host = request
        .headers
        .get(HOST)
        .and_then(|host| host.to_str().ok());
    let sent_to = request.uri.authority().map(http::uri::Authority::as_str);
    sent_to.or(host).is_some_and(|host| authority == host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn foreign(base: &str, headers: &[(&str, &str)]) -> bool {
        let mut request = Request::post("http://fhir.example:3000/auth/login");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        is_foreign(&request.body(()).unwrap().into_parts().0, base)
    }

    #[test]
    fn our_own_pages_and_programs_pass() {
        let base = "https://health.example.org/fhir";
        for headers in [
            &[][..],
            &[("origin", "http://fhir.example:3000")],
            &[("origin", "https://fhir.example:3000")],
            &[("origin", "http://FHIR.example:3000")],
            &[("origin", "https://health.example.org")],
            &[
                ("origin", "http://fhir.example:3000"),
                ("sec-fetch-site", "same-origin"),
            ],
            &[("sec-fetch-site", "none")],
        ] {
            assert!(!foreign(base, headers), "{headers:?}");
        }
    }

    #[test]
    fn other_sites_do_not() {
        let base = "https://health.example.org/fhir";
        for headers in [
            &[("origin", "https://evil.example")][..],
            &[("origin", "null")],
            &[("origin", "")],
            &[("origin", "http://fhir.example")],
            &[("origin", "http://fhir.example:3001")],
            &[("origin", "http://health.example.org")],
            &[("origin", "http://fhir.example:3000.evil.example")],
            &[
                ("origin", "http://fhir.example:3000"),
                ("origin", "https://evil.example"),
            ],
            &[
                ("origin", "http://fhir.example:3000"),
                ("sec-fetch-site", "cross-site"),
            ],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
        ] {
            assert!(foreign(base, headers), "{headers:?}");
        }
    }
}
