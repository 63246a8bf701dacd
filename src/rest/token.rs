//! Tokens for programs: `POST /auth/token` makes one from a user's password (RFC 6749, section 4.3), `POST /auth/revoke`
//! ends it (RFC 7009). A token is that of a session of Tryton.

use std::rc::Rc;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode};
use serde_json::json;

use crate::config::Settings;
use crate::db::Database;
use crate::search::query;
use crate::tryton::session::{self, Session};

use super::client::Client;
use super::error::Error;
use super::{response, sign_in};

/// The media type of forms.
const FORM: &str = "application/x-www-form-urlencoded";

/// Makes a token.
///
/// # Errors
/// What is not said in the form of RFC 6749.
pub async fn grant(
    settings: &Rc<Settings>,
    request: &Parts,
    body: &[u8],
) -> Result<Response<String>, Error> {
    only_post(request)?;
    let Some(form) = Form::read(request, body) else {
        return Ok(refusal(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "send a form of grant_type, username and password",
        ));
    };
    match form.value("grant_type") {
        Some("password") => {}
        Some(_) => {
            return Ok(refusal(
                StatusCode::BAD_REQUEST,
                "unsupported_grant_type",
                "the one that is supported is password",
            ));
        }
        None => {
            return Ok(refusal(
                StatusCode::BAD_REQUEST,
                "invalid_request",
                "grant_type is missing, or there twice",
            ));
        }
    }
    let (Some(login), Some(password)) = (form.value("username"), form.value("password")) else {
        return Ok(refusal(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "username or password is missing, or there twice",
        ));
    };
    let client = Client::of(settings, request);
    let identity = match sign_in::sign_in(settings, login, password, &client).await {
        Ok(identity) => identity,
        Err(error) => return refused(error),
    };
    let database = Database::new(&settings.database);
    let session = session::create(&database, identity.user).await?;
    Ok(granted(settings, &session))
}

/// Ends a token. That there is none is no error (RFC 7009, section 2.2).
///
/// # Errors
/// [`Error::Method`] and [`Error::Database`].
pub async fn revoke(
    settings: &Rc<Settings>,
    request: &Parts,
    body: &[u8],
) -> Result<Response<String>, Error> {
    only_post(request)?;
    let form = Form::read(request, body);
    let Some(token) = form.as_ref().and_then(|form| form.value("token")) else {
        return Ok(refusal(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "send a form of token",
        ));
    };
    if let Some(session) = Session::parse(token) {
        session::remove(&Database::new(&settings.database), &session).await?;
    }
    Ok(unstored(StatusCode::OK, &json!({})))
}

fn granted(settings: &Settings, session: &Session) -> Response<String> {
    let body = json!({
        "access_token": session.token(),
        "token_type": "Bearer",
        "expires_in": settings.session.max_age.as_secs(),
    });
    unstored(StatusCode::OK, &body)
}

/// An error of signing in in the form of RFC 6749, section 5.2.
fn refused(error: Error) -> Result<Response<String>, Error> {
    let text = error.to_string();
    match error {
        Error::Unauthenticated => Ok(refusal(
            StatusCode::BAD_REQUEST,
            "invalid_grant",
            "wrong username or password",
        )),
        Error::NotInGroup => Ok(refusal(StatusCode::FORBIDDEN, "access_denied", &text)),
        Error::Throttled { seconds } => {
            let mut answer = refusal(
                StatusCode::TOO_MANY_REQUESTS,
                "temporarily_unavailable",
                &text,
            );
            response::add(&mut answer, RETRY_AFTER, &seconds.to_string());
            Ok(answer)
        }
        error => Err(error),
    }
}

fn refusal(status: StatusCode, error: &str, description: &str) -> Response<String> {
    unstored(
        status,
        &json!({"error": error, "error_description": description}),
    )
}

/// A response that nobody keeps (RFC 6749, section 5.1).
fn unstored(status: StatusCode, body: &serde_json::Value) -> Response<String> {
    let mut answer = response::json(status, body.to_string(), "application/json");
    let headers = answer.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

fn only_post(request: &Parts) -> Result<(), Error> {
    if request.method == Method::POST {
        return Ok(());
    }
    Err(Error::Method { allowed: "POST" })
}

/// A form that was sent.
pub(super) struct Form(Vec<query::Pair>);

impl Form {
    /// Reads a form; `None`: there is none that can be understood.
    pub(super) fn read(request: &Parts, body: &[u8]) -> Option<Self> {
        let sent = request.headers.get(CONTENT_TYPE)?.to_str().ok()?;
        let essence = sent.split(';').next()?.trim();
        if !essence.eq_ignore_ascii_case(FORM) {
            return None;
        }
        query::parse(std::str::from_utf8(body).ok()?).ok().map(Self)
    }

    /// The value of a field that is there once (RFC 6749, section 3.2).
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let mut named = self.0.iter().filter(|pair| pair.name == name);
        match (named.next(), named.next()) {
            (Some(pair), None) => Some(&pair.value),
            _ => None,
        }
    }
}
