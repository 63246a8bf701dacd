//! Cookies (RFC 6265bis): not readable by scripts, not sent by other sites but for links; and the one that holds a session.

use cookie::{Cookie, SameSite};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, header};

use crate::config::Settings;
use crate::tryton::session::Session;

use super::context::base_url;
use super::error::Error;

/// The name where the app is served over HTTPS: browsers take it from this host only, over HTTPS only.
const SECURE_NAME: &str = "__Host-gnuhealth-session";

/// The name where it is not.
const NAME: &str = "gnuhealth-session";

/// Whether the client sees the app under HTTPS.
fn is_secure(settings: &Settings, request: &Parts) -> bool {
    base_url(settings, request).starts_with("https://")
}

fn name(settings: &Settings, request: &Parts) -> &'static str {
    if is_secure(settings, request) {
        SECURE_NAME
    } else {
        NAME
    }
}

/// The `Set-Cookie` that gives the client a session, until its browser is closed.
#[must_use]
pub fn session_cookie(settings: &Settings, request: &Parts, session: &Session) -> HeaderValue {
    written(&session_with(settings, request, session.token()))
}

/// The `Set-Cookie` that takes it away.
#[must_use]
pub fn expired_session_cookie(settings: &Settings, request: &Parts) -> HeaderValue {
    let mut cookie = session_with(settings, request, String::new());
    cookie.set_max_age(cookie::time::Duration::ZERO);
    written(&cookie)
}

fn session_with(settings: &Settings, request: &Parts, value: String) -> Cookie<'static> {
    closed(name(settings, request), value, is_secure(settings, request))
}

/// A cookie that is as closed as the scheme allows.
pub(super) fn closed(name: &'static str, value: String, secure: bool) -> Cookie<'static> {
    Cookie::build((name, value))
        .path("/")
        .http_only(true)
        .secure(secure)
        .same_site(SameSite::Lax)
        .build()
}

/// The `Set-Cookie` of a cookie whose name is a constant and whose value is base64: it always can be written.
pub(super) fn written(cookie: &Cookie<'static>) -> HeaderValue {
    HeaderValue::from_str(&cookie.to_string()).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// The values of the cookies with a name that a request carries.
pub(super) fn values(headers: &HeaderMap, name: &str) -> Vec<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(Cookie::split_parse)
        .flatten()
        .filter(|cookie| cookie.name() == name)
        .map(|cookie| cookie.value().to_owned())
        .collect()
}

/// The session that a request's cookie holds. The cookie of the other name is not looked at: who sits between browser
/// and proxy could have set it.
///
/// # Errors
/// [`Error::Unauthenticated`] if the cookie holds none, or is there twice.
pub fn session(settings: &Settings, request: &Parts) -> Result<Option<Session>, Error> {
    match values(&request.headers, name(settings, request)).as_slice() {
        [] => Ok(None),
        [token] => Session::parse(token)
            .map(Some)
            .ok_or(Error::Unauthenticated),
        _ => Err(Error::Unauthenticated),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(base: &str) -> Option<Settings> {
        Settings::for_tests(base)
    }

    fn request(cookies: &[&'static str]) -> Parts {
        let (mut parts, ()) = http::Request::new(()).into_parts();
        for cookie in cookies {
            parts
                .headers
                .append(header::COOKIE, HeaderValue::from_static(cookie));
        }
        parts
    }

    /// base64 of `doctor:7:` and 64 zeros.
    const TOKEN: &str = "ZG9jdG9yOjc6MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMA==";

    #[test]
    fn the_cookie_is_as_closed_as_the_scheme_allows() {
        let (Some(https), Some(http)) = (
            settings("https://fhir.example"),
            settings("http://localhost"),
        ) else {
            panic!("settings")
        };
        let Some(session) = Session::parse(TOKEN) else {
            panic!("token")
        };
        let request = request(&[]);
        assert_eq!(
            session_cookie(&https, &request, &session),
            format!("__Host-gnuhealth-session={TOKEN}; HttpOnly; SameSite=Lax; Secure; Path=/")
        );
        assert_eq!(
            session_cookie(&http, &request, &session),
            format!("gnuhealth-session={TOKEN}; HttpOnly; SameSite=Lax; Path=/")
        );
        assert_eq!(
            expired_session_cookie(&http, &request),
            "gnuhealth-session=; HttpOnly; SameSite=Lax; Path=/; Max-Age=0"
        );
    }

    #[test]
    fn only_the_one_cookie_of_the_right_name_is_a_session() {
        let (Some(https), Some(http)) = (
            settings("https://fhir.example"),
            settings("http://localhost"),
        ) else {
            panic!("settings")
        };
        let leaked = |pair: &str| -> &'static str { format!("{pair}{TOKEN}").leak() };
        let plain = leaked("a=b; gnuhealth-session=");
        let user = |settings, cookies: &[&'static str]| {
            session(settings, &request(cookies)).map(|session| session.map(|session| session.user))
        };
        assert_eq!(user(&http, &[plain]), Ok(Some(7)));
        assert_eq!(user(&https, &[plain]), Ok(None));
        assert_eq!(
            user(&https, &[leaked("__Host-gnuhealth-session=")]),
            Ok(Some(7))
        );
        assert_eq!(user(&http, &[]), Ok(None));
        assert_eq!(user(&http, &[plain, plain]), Err(Error::Unauthenticated));
        assert_eq!(
            user(&http, &["gnuhealth-session=x"]),
            Err(Error::Unauthenticated)
        );
    }
}
