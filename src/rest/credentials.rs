//! What a request carries to say who sends it.
//!
//! An `Authorization` header decides alone: who sends a wrong one is not let in by a cookie.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::request::Parts;

use crate::config::Settings;
use crate::tryton::session::Session;

use super::cookie;
use super::error::Error;

/// What a request carries. Holds secrets: has no `Debug` form.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// HTTP Basic (RFC 7617).
    Password {
        /// The login name.
        login: String,
        /// The password.
        password: String,
    },
    /// A session of Tryton: from the cookie, or a header `Session` or `Bearer`.
    Session(Session),
    /// The key of an application, from a header `Bearer`.
    Key(String),
}

impl Credentials {
    /// The credentials of a request; `None`: it has none.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if they cannot be understood, or there are two `Authorization` headers.
    pub fn of(settings: &Settings, request: &Parts) -> Result<Option<Self>, Error> {
        let mut headers = request.headers.get_all(AUTHORIZATION).iter();
        match (headers.next(), headers.next()) {
            (None, _) => Ok(cookie::session(settings, request)?.map(Self::Session)),
            (Some(header), None) => {
                let credentials = header.to_str().ok().and_then(authorization);
                credentials.map(Some).ok_or(Error::Unauthenticated)
            }
            _ => Err(Error::Unauthenticated),
        }
    }
}

/// Understands an `Authorization` header; schemes are written in any case (RFC 9110, section 11.1).
fn authorization(header: &str) -> Option<Credentials> {
    let (scheme, value) = header.split_once(' ')?;
    let value = value.trim_matches(' ');
    match scheme.to_ascii_lowercase().as_str() {
        "basic" => basic(value),
        "session" => Session::parse(value).map(Credentials::Session),
        "bearer" if !value.is_empty() => Some(
            Session::parse(value)
                .map_or_else(|| Credentials::Key(value.to_owned()), Credentials::Session),
        ),
        _ => None,
    }
}

fn basic(value: &str) -> Option<Credentials> {
    let text = String::from_utf8(STANDARD.decode(value).ok()?).ok()?;
    let (login, password) = text.split_once(':')?;
    Some(Credentials::Password {
        login: login.to_owned(),
        password: password.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: &str) -> &'static str {
        match authorization(header) {
            None => "nothing",
            Some(Credentials::Password { .. }) => "password",
            Some(Credentials::Session(_)) => "session",
            Some(Credentials::Key(_)) => "key",
        }
    }

    #[test]
    fn each_scheme_is_understood_for_what_it_is() {
        let basic = STANDARD.encode("doctor:pass:word");
        assert!(
            authorization(&format!("bAsIc {basic}"))
                == Some(Credentials::Password {
                    login: "doctor".into(),
                    password: "pass:word".into()
                })
        );
        let token = STANDARD.encode(format!("doctor:7:{}", "0".repeat(64)));
        assert_eq!(read(&format!("Session {token}")), "session");
        assert_eq!(read(&format!("bearer {token}")), "session");
        assert_eq!(read(&format!("Bearer {}", "ab".repeat(64))), "key");
        for nothing in [
            "",
            "Basic",
            "Basic ",
            "Basic x",
            "Bearer",
            "Bearer ",
            "Session x",
            "Digest x",
        ] {
            assert_eq!(read(nothing), "nothing", "{nothing}");
        }
    }
}
