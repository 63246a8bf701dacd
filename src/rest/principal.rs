//! Who asks: handed from the `auth` middleware to the component behind it in one signed header.
//!
//! The signature binds the request's method and target and is short-lived, so a header that leaks is worth nothing for
//! another request. A component that finds no valid one answers 401: it fails closed, however it is wired.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

use crate::config::Secret;
use crate::signature::Signer;

/// The header. One that a client sends is removed by the middleware, and would not be signed.
pub const HEADER: HeaderName = HeaderName::from_static("x-gnuhealth-principal");

/// For how many seconds a signed header is accepted: the middleware and the component share a clock and a process.
const LIFETIME: i64 = 30;

/// An authenticated user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Principal {
    /// `res_user.id`.
    pub user: i64,
}

impl Principal {
    /// The header value for this request. `now` is in seconds since 1970.
    #[must_use]
    pub fn sign(
        &self,
        secret: &Secret,
        method: &Method,
        uri: &Uri,
        now: i64,
    ) -> Option<HeaderValue> {
        let mut claim = Vec::with_capacity(48);
        claim.extend(self.user.to_be_bytes());
        claim.extend((now + LIFETIME).to_be_bytes());
        let signature = signer(secret).sign(&parts(&claim, method, uri));
        claim.extend(signature);
        HeaderValue::from_str(&URL_SAFE_NO_PAD.encode(claim)).ok()
    }

    /// The principal of a request, if its header is there once, validly signed for it and not too old.
    #[must_use]
    pub fn verify(
        secret: &Secret,
        headers: &HeaderMap,
        method: &Method,
        uri: &Uri,
        now: i64,
    ) -> Option<Self> {
        let mut values = headers.get_all(HEADER).iter();
        let (value, None) = (values.next()?, values.next()) else {
            return None;
        };
        let sealed = URL_SAFE_NO_PAD.decode(value).ok()?;
        let (claim, signature) = sealed.split_at_checked(16)?;
        if !signer(secret).verify(&parts(claim, method, uri), signature) {
            return None;
        }
        let (user, rest) = claim.split_first_chunk()?;
        let (expiry, _) = rest.split_first_chunk()?;
        (now < i64::from_be_bytes(*expiry)).then_some(Self {
            user: i64::from_be_bytes(*user),
        })
    }
}

fn signer(secret: &Secret) -> Signer {
    Signer::new(secret, "principal")
}

fn parts<'a>(claim: &'a [u8], method: &'a Method, uri: &'a Uri) -> [&'a [u8]; 3] {
    [
        claim,
        method.as_str().as_bytes(),
        uri.path_and_query()
            .map_or("/", http::uri::PathAndQuery::as_str)
            .as_bytes(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Request(Method, Uri);

    fn request(method: Method, uri: &'static str) -> Request {
        Request(method, Uri::from_static(uri))
    }

    fn verified(
        value: Option<HeaderValue>,
        Request(method, uri): &Request,
        now: i64,
    ) -> Option<i64> {
        let mut headers = HeaderMap::new();
        headers.extend(value.map(|value| (HEADER, value)));
        let secret = Secret::new("0123456789abcdef0123456789abcdef").ok()?;
        Principal::verify(&secret, &headers, method, uri, now).map(|principal| principal.user)
    }

    fn signed(secret: &str, Request(method, uri): &Request, now: i64) -> Option<HeaderValue> {
        Principal { user: 7 }.sign(&Secret::new(secret).ok()?, method, uri, now)
    }

    #[test]
    fn a_header_is_good_for_its_own_request_and_a_short_time() {
        let secret = "0123456789abcdef0123456789abcdef";
        let original = request(Method::GET, "http://h/Patient/1?_pretty=true");
        let header = signed(secret, &original, 1000);
        assert_eq!(verified(header.clone(), &original, 1029), Some(7));
        assert_eq!(verified(header.clone(), &original, 1030), None, "expired");
        assert_eq!(
            verified(
                header.clone(),
                &request(Method::GET, "http://h/Patient/2?_pretty=true"),
                1000
            ),
            None
        );
        assert_eq!(
            verified(
                header.clone(),
                &request(Method::GET, "http://h/Patient/1"),
                1000
            ),
            None
        );
        assert_eq!(
            verified(
                header,
                &request(Method::POST, "http://h/Patient/1?_pretty=true"),
                1000
            ),
            None
        );
    }

    #[test]
    fn a_forged_missing_or_doubled_header_is_nobody() {
        let original = request(Method::GET, "http://h/Patient/1");
        assert_eq!(
            verified(
                signed("another-secret-0123456789abcdef0", &original, 1000),
                &original,
                1000
            ),
            None
        );
        assert_eq!(verified(None, &original, 1000), None);
        for forged in ["", "AAAA", "7", "***"] {
            assert_eq!(
                verified(HeaderValue::from_str(forged).ok(), &original, 1000),
                None,
                "{forged}"
            );
        }
        let mut headers = HeaderMap::new();
        let header = signed("0123456789abcdef0123456789abcdef", &original, 1000);
        headers.extend(header.clone().map(|value| (HEADER, value)));
        if let Some(value) = header {
            headers.append(HEADER, value);
        }
        let secret = Secret::new("0123456789abcdef0123456789abcdef").ok();
        let found = secret.and_then(|secret| {
            Principal::verify(&secret, &headers, &original.0, &original.1, 1000)
        });
        assert_eq!(found, None);
    }
}
