//! On whose behalf a component calls another one of the app: handed on in one signed header.
//!
//! A request to `http://<component>.spin.internal` shows neither under which URL the client reached the app nor from
//! where. Both are in this header, which only the app can sign; the signature binds the request's method and target and is
//! short-lived. One that a client sends is as none.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Utc;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method};

use crate::config::Secret;
use crate::signature::Signer;

use super::client::Client;

/// The header.
pub(super) const HEADER: HeaderName = HeaderName::from_static("x-gnuhealth-behalf");

/// For how many seconds a signed header is accepted: who calls and who is called share a clock.
const LIFETIME: i64 = 30;

/// What a called component cannot see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Behalf {
    /// The base URL that the client knows.
    pub(super) base_url: String,
    /// From where the client asks.
    pub(super) client: Client,
}

impl Behalf {
    /// The header value for a call.
    pub(super) fn sign(
        &self,
        secret: &Secret,
        method: &Method,
        target: &str,
    ) -> Option<HeaderValue> {
        let claim = format!(
            "{} {} {}",
            Utc::now().timestamp() + LIFETIME,
            self.client.address(),
            self.base_url
        );
        let mut sealed = signer(secret).sign(&parts(&claim, method, target));
        sealed.extend(claim.as_bytes());
        HeaderValue::from_str(&URL_SAFE_NO_PAD.encode(sealed)).ok()
    }

    /// What the header of a request says, if it is there once, validly signed for it and not too old.
    pub(super) fn of(secret: &Secret, request: &Parts) -> Option<Self> {
        let mut values = request.headers.get_all(HEADER).iter();
        let (value, None) = (values.next()?, values.next()) else {
            return None;
        };
        let sealed = URL_SAFE_NO_PAD.decode(value).ok()?;
        let (signature, claim) = sealed.split_at_checked(32)?;
        let claim = std::str::from_utf8(claim).ok()?;
        let target = request.uri.path_and_query()?.as_str();
        if !signer(secret).verify(&parts(claim, &request.method, target), signature) {
            return None;
        }
        let mut fields = claim.splitn(3, ' ');
        let (end, address, base_url) = (fields.next()?, fields.next()?, fields.next()?);
        (Utc::now().timestamp() < end.parse().ok()?).then(|| Self {
            base_url: base_url.to_owned(),
            client: Client(address.parse().ok()),
        })
    }
}

fn signer(secret: &Secret) -> Signer {
    Signer::new(secret, "behalf")
}

fn parts<'a>(claim: &'a str, method: &'a Method, target: &'a str) -> [&'a [u8]; 3] {
    [
        claim.as_bytes(),
        method.as_str().as_bytes(),
        target.as_bytes(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        match Secret::new(text) {
            Ok(secret) => secret,
            Err(error) => panic!("{error}"),
        }
    }

    fn request(method: Method, target: &str, headers: &[&HeaderValue]) -> Parts {
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("http://patient.spin.internal{target}"));
        for header in headers {
            request = request.header(HEADER, *header);
        }
        match request.body(()) {
            Ok(request) => request.into_parts().0,
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn what_the_app_signed_holds_for_that_call_and_nothing_else_does() {
        let own = secret("0123456789abcdef0123456789abcdef");
        for address in ["192.0.2.7", "2001:db8::1", ""] {
            let behalf = Behalf {
                base_url: "https://fhir.example.org/a b".into(),
                client: Client(address.parse().ok()),
            };
            let Some(signed) = behalf.sign(&own, &Method::POST, "/Patient/_search?x=1") else {
                panic!("not signed")
            };
            let same = request(Method::POST, "/Patient/_search?x=1", &[&signed]);
            assert_eq!(Behalf::of(&own, &same), Some(behalf));
            for other in [
                request(Method::GET, "/Patient/_search?x=1", &[&signed]),
                request(Method::POST, "/Patient/_search?x=2", &[&signed]),
                request(Method::POST, "/Patient/_search?x=1", &[&signed, &signed]),
                request(Method::POST, "/Patient/_search?x=1", &[]),
            ] {
                assert_eq!(Behalf::of(&own, &other), None);
            }
            let stranger = secret("another-secret-0123456789abcdef0");
            assert_eq!(Behalf::of(&stranger, &same), None);
        }
    }

    #[test]
    fn a_forged_header_is_as_none() {
        let own = secret("0123456789abcdef0123456789abcdef");
        let claim = URL_SAFE_NO_PAD.encode(
            [
                &[0_u8; 32][..],
                b"99999999999 192.0.2.7 https://evil.example",
            ]
            .concat(),
        );
        for forged in ["", "AAAA", "***", "https://evil.example", &claim] {
            let Ok(header) = HeaderValue::from_str(forged) else {
                panic!("{forged}")
            };
            let request = request(Method::GET, "/Patient/1", &[&header]);
            assert_eq!(Behalf::of(&own, &request), None, "{forged}");
        }
    }
}
