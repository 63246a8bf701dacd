//! A browser before it is signed in: a random value in a cookie of its own, to which the token of the login form is bound.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cookie::time::Duration;
use http::{HeaderMap, HeaderValue};

use super::csrf;
use crate::rest::cookie::{closed, values, written};

/// The length of the random value, in bytes.
const LENGTH: usize = 32;

/// A browser that holds the cookie.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Visitor {
    value: String,
    secure: bool,
}

impl Visitor {
    /// The one who sends this request, if its cookie holds a value that we may have given.
    pub(super) fn of(headers: &HeaderMap, secure: bool) -> Option<Self> {
        let value = values(headers, name(secure)).into_iter().next()?;
        let decoded = URL_SAFE_NO_PAD.decode(&value).ok()?;
        (decoded.len() == LENGTH).then_some(Self { value, secure })
    }

    /// A new one; `None` if the system gives no randomness.
    pub(super) fn new(secure: bool) -> Option<Self> {
        let mut bytes = [0; LENGTH];
        getrandom::fill(&mut bytes).ok()?;
        let value = URL_SAFE_NO_PAD.encode(bytes);
        Some(Self { value, secure })
    }

    /// What the token of the form is bound to.
    pub(super) fn bearer(&self) -> &str {
        &self.value
    }

    /// The `Set-Cookie` that gives the value to the browser, for as long as the form can be sent.
    pub(super) fn cookie(&self) -> HeaderValue {
        let mut cookie = closed(name(self.secure), self.value.clone(), self.secure);
        cookie.set_max_age(Duration::seconds(csrf::LIFETIME));
        written(&cookie)
    }
}

/// Over HTTPS the prefix keeps other hosts of the domain from setting it (RFC 6265bis, section 4.1.3.2).
fn name(secure: bool) -> &'static str {
    if secure {
        "__Host-gnuhealth-form"
    } else {
        "gnuhealth-form"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::COOKIE;

    fn sent(cookie: &str) -> HeaderMap {
        HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(cookie).unwrap())])
    }

    #[test]
    fn a_visitor_is_known_by_the_cookie() {
        for secure in [false, true] {
            let visitor = Visitor::new(secure).unwrap();
            let cookie = visitor.cookie();
            let cookie = cookie.to_str().unwrap();
            let pair = cookie.split(';').next().unwrap();
            let again = Visitor::of(&sent(&format!("a=b; {pair}; c=d")), secure).unwrap();
            assert_eq!(again.bearer(), visitor.bearer());
            assert!(
                Visitor::of(&sent(pair), !secure).is_none(),
                "a cookie that came without TLS counts for nothing where there is TLS"
            );
        }
    }

    #[test]
    fn a_cookie_that_we_cannot_have_given_is_nobody() {
        for value in ["", "x", "AAAA", &"A".repeat(42), &"A".repeat(44)] {
            assert!(Visitor::of(&sent(&format!("gnuhealth-form={value}")), false).is_none());
        }
        assert!(Visitor::of(&HeaderMap::new(), false).is_none());
    }

    #[test]
    fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
        let cookie = Visitor::new(true).unwrap().cookie();
        let cookie = cookie.to_str().unwrap();
        for part in [
            "__Host-",
            "Path=/",
            "HttpOnly",
            "SameSite=Lax",
            "Secure",
            "Max-Age=3600",
        ] {
            assert!(cookie.contains(part), "{part}");
        }
        assert!(!cookie.contains("Domain"));
    }
}
