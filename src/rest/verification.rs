//! How the other components have a password verified by `login`: in process, by service chaining.
//!
//! Both ways are signed. A stranger who sends the request is answered as for a path that is not served: it is no way to
//! try passwords. And should the name of the component be resolved by DNS, where a host knows no chaining, then nobody
//! there can answer that a password is right.

use std::rc::Rc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Utc;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use serde::{Deserialize, Serialize};
use spin_sdk::http::body::IncomingBodyExt;

use crate::config::{Secret, Settings};
use crate::signature::Signer;

use super::client::Client;
use super::error::Error;
use super::identity::Identity;
use super::{response, sign_in};

/// Where `login` listens inside the app.
const URL: &str = "http://login.spin.internal/auth/verify";

/// The header with the signature of a body.
const SIGNATURE: HeaderName = HeaderName::from_static("x-gnuhealth-signature");

/// For how many seconds a request is accepted.
const LIFETIME: i64 = 30;

/// What is to be verified.
#[derive(Serialize, Deserialize)]
struct Question {
    login: String,
    password: String,
    /// The client's address, empty if not known.
    client: String,
    /// Until when the question may be asked, in seconds since 1970.
    end: i64,
}

/// What came out.
#[derive(Debug, Serialize, Deserialize, PartialEq, Eq)]
enum Verdict {
    Right {
        user: i64,
        login: String,
        administrator: bool,
    },
    Wrong,
    NotInGroup,
    Throttled(u64),
    Busy,
}

/// Asks `login` to verify a password.
///
/// # Errors
/// As [`sign_in`](sign_in::sign_in), and [`Error::Verification`] if it does not answer as it should.
pub async fn ask(
    settings: &Rc<Settings>,
    login: &str,
    password: &str,
    client: &Client,
) -> Result<Identity, Error> {
    let question = Question {
        login: login.to_owned(),
        password: password.to_owned(),
        client: client.address(),
        end: Utc::now().timestamp() + LIFETIME,
    };
    let body = serde_json::to_string(&question)
        .map_err(|_| Error::Verification("the question cannot be written"))?;
    let signature = sign(&settings.secret, "verification", &[body.as_bytes()]);
    let request = http::Request::post(URL)
        .header(SIGNATURE, signature.clone())
        .header(CONTENT_TYPE, "application/json")
        .body(body)
        .map_err(|_| Error::Verification("the question cannot be written"))?;
    let answer = spin_sdk::http::send(request).await.map_err(|_| {
        Error::Verification("it cannot be reached; is it in allowed_outbound_hosts?")
    })?;
    let (parts, body) = answer.into_parts();
    if parts.status.is_server_error() {
        return Err(Error::Verification(
            "it failed; its own line in the log says why",
        ));
    }
    let body = body
        .bytes()
        .await
        .map_err(|_| Error::Verification("its answer ended early"))?;
    let asked = signature.as_bytes();
    if !is_signed(&settings.secret, "verdict", &[asked, &body], &parts.headers) {
        return Err(Error::Verification("its answer is not signed"));
    }
    serde_json::from_slice(&body)
        .map_err(|_| Error::Verification("its answer is not understood"))
        .and_then(Verdict::into_result)
}

/// Answers such a question.
///
/// # Errors
/// [`Error::NoRoute`] if it does not come from this app.
pub async fn answer(
    settings: &Rc<Settings>,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response<String>, Error> {
    let stranger = || Error::NoRoute("nothing is served under this path".to_owned());
    if !is_signed(&settings.secret, "verification", &[body], headers) {
        return Err(stranger());
    }
    let question: Question = serde_json::from_slice(body).map_err(|_| stranger())?;
    if question.end < Utc::now().timestamp() {
        return Err(stranger());
    }
    let client = Client(question.client.parse().ok());
    let result = sign_in::sign_in(settings, &question.login, &question.password, &client).await;
    let verdict = serde_json::to_string(&Verdict::from_result(result)?)
        .map_err(|_| Error::Internal("the verdict cannot be written"))?;
    let asked = headers.get(SIGNATURE).map(HeaderValue::as_bytes);
    let parts = [asked.unwrap_or_default(), verdict.as_bytes()];
    let signature = sign(&settings.secret, "verdict", &parts);
    let mut answer = response::json(StatusCode::OK, verdict, "application/json");
    answer.headers_mut().insert(SIGNATURE, signature);
    Ok(answer)
}

impl Verdict {
    /// # Errors
    /// What the caller is not told.
    fn from_result(result: Result<Identity, Error>) -> Result<Self, Error> {
        match result {
            Ok(identity) => Ok(Self::Right {
                user: identity.user,
                login: identity.login,
                administrator: identity.administrator,
            }),
            Err(Error::Unauthenticated) => Ok(Self::Wrong),
            Err(Error::NotInGroup) => Ok(Self::NotInGroup),
            Err(Error::Throttled { seconds }) => Ok(Self::Throttled(seconds)),
            Err(Error::Busy) => Ok(Self::Busy),
            Err(error) => Err(error),
        }
    }

    fn into_result(self) -> Result<Identity, Error> {
        match self {
            Self::Right {
                user,
                login,
                administrator,
            } => Ok(Identity {
                user,
                login,
                administrator,
            }),
            Self::Wrong => Err(Error::Unauthenticated),
            Self::NotInGroup => Err(Error::NotInGroup),
            Self::Throttled(seconds) => Err(Error::Throttled { seconds }),
            Self::Busy => Err(Error::Busy),
        }
    }
}

fn sign(secret: &Secret, purpose: &'static str, parts: &[&[u8]]) -> HeaderValue {
    let signature = URL_SAFE_NO_PAD.encode(Signer::new(secret, purpose).sign(parts));
    // base64 is a header value.
    HeaderValue::from_str(&signature).unwrap_or_else(|_| HeaderValue::from_static(""))
}

fn is_signed(secret: &Secret, purpose: &'static str, parts: &[&[u8]], headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(SIGNATURE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return false;
    };
    let signature = URL_SAFE_NO_PAD.decode(value);
    signature.is_ok_and(|signature| Signer::new(secret, purpose).verify(parts, &signature))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_says_what_came_out() {
        let identity = || Identity {
            user: 7,
            login: "doctor".into(),
            administrator: true,
        };
        for result in [
            Ok(identity()),
            Err(Error::Unauthenticated),
            Err(Error::NotInGroup),
            Err(Error::Throttled { seconds: 12 }),
            Err(Error::Busy),
        ] {
            let verdict = Verdict::from_result(result.clone());
            let written =
                verdict.map(|verdict| serde_json::to_string(&verdict).unwrap_or_default());
            let read: Option<Verdict> = written
                .ok()
                .and_then(|text| serde_json::from_str(&text).ok());
            assert_eq!(read.map(Verdict::into_result), Some(result));
        }
    }

    #[test]
    fn a_signature_is_that_of_one_purpose_and_one_body() {
        let Ok(secret) = Secret::new("0123456789abcdef0123456789abcdef") else {
            panic!("secret")
        };
        let headers = |signature| [(SIGNATURE, signature)].into_iter().collect::<HeaderMap>();
        let right = headers(sign(&secret, "verification", &[b"body"]));
        assert!(is_signed(&secret, "verification", &[b"body"], &right));
        assert!(!is_signed(&secret, "verification", &[b"other"], &right));
        assert!(!is_signed(&secret, "verdict", &[b"body"], &right));
        assert!(!is_signed(
            &secret,
            "verification",
            &[b"body"],
            &HeaderMap::new()
        ));
        let mut twice = right.clone();
        twice.append(SIGNATURE, sign(&secret, "verification", &[b"body"]));
        assert!(!is_signed(&secret, "verification", &[b"body"], &twice));
    }
}
