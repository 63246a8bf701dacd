//! Authentication: the middleware in front of every protected component.

use chrono::Utc;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, LOCATION, VARY};
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use spin_sdk::http::Request;

use crate::config::Settings;

use super::context::{Account, Context, pairs};
use super::error::Error;
use super::negotiation::{self, Kind};
use super::principal::{self, Principal};
use super::representation::Reply;
use super::response::{self, REQUEST_ID};
use super::{cors, identity};

/// What is not passed on: what belongs to the client's connection, which WASI refuses in a request that a guest makes
/// (wasi:http, `header-error.forbidden`). The credentials are: the component behind calls others with them, on behalf of the
/// user, and they are authenticated there again.
const KEPT_BACK: &[&str] = &[
    "connection",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "transfer-encoding",
    "upgrade",
];

/// Lets a request pass with the signed principal, or answers it with what is wrong.
///
/// # Errors
/// The response to give instead of passing the request on.
pub async fn admit(request: Request) -> Result<Request, Box<Reply>> {
    let (parts, body) = request.into_parts();
    let context = Context::of(&parts);
    let pairs = pairs(&parts);
    let format = negotiation::for_errors(pairs.as_deref().ok(), &parts.headers);
    let passed = match pairs {
        // A browser asks without credentials what it may send.
        _ if cors::is_preflight(&parts) => Err(Box::new(Ok(cors::preflight()))),
        Err(error @ Error::UrlTooLong { .. }) => Err(Box::new(Err(error))),
        // Any other error in the query is told to those who are signed in.
        _ => pass(&context, parts, format.kind).await,
    };
    match passed {
        Ok(parts) => Ok(Request::from_parts(parts, body)),
        Err(answer) => {
            let account = Account {
                interaction: "authentication",
                ..Account::default()
            };
            Err(Box::new(context.conclude(*answer, format, account).await))
        }
    }
}

/// What a request is answered with that is not passed on.
type Answer = Box<Result<Response<String>, Error>>;

async fn pass(context: &Context, mut request: Parts, kind: Kind) -> Result<Parts, Answer> {
    match principal(&request).await {
        Ok(signed) => {
            let headers = &mut request.headers;
            // A browser sends the cookie on behalf of other sites too. What such a site had put into the URL, and so into
            // the answer, would tell by the length of a compressed one what else is in it (BREACH).
            if !headers.contains_key(AUTHORIZATION) {
                headers.remove(ACCEPT_ENCODING);
            }
            for header in KEPT_BACK {
                headers.remove(*header);
            }
            // What a client sends under these names is replaced.
            headers.insert(principal::HEADER, signed);
            if let Ok(id) = HeaderValue::from_str(&context.request) {
                headers.insert(REQUEST_ID, id);
            }
            Ok(request)
        }
        Err(Error::Unauthenticated) if kind == Kind::Html => {
            let page = to_login_page(&request).await;
            Err(Box::new(page.ok_or(Error::Unauthenticated)))
        }
        Err(error) => Err(Box::new(Err(error))),
    }
}

/// Who asks, signed for this request.
async fn principal(request: &Parts) -> Result<HeaderValue, Error> {
    let settings = Settings::load().await?;
    let identity = identity::identify(&settings, request).await?;
    let identity = identity.ok_or(Error::Unauthenticated)?;
    let principal = Principal {
        user: identity.user,
    };
    let now = Utc::now().timestamp();
    let signed = principal.sign(&settings.secret, &request.method, &request.uri, now);
    signed.ok_or(Error::Internal("the principal cannot be written"))
}

/// Sends a person who is not signed in to the page for it, and from there back to where they wanted to go.
async fn to_login_page(request: &Parts) -> Option<Response<String>> {
    let is_page = matches!(request.method, Method::GET | Method::HEAD)
        && !request.headers.contains_key(AUTHORIZATION);
    if !is_page {
        return None;
    }
    let base = Settings::load().await.ok()?.base_path();
    let target = request
        .uri
        .path_and_query()
        .map_or("/", |target| target.as_str());
    let next = format!("{base}{target}");
    let next = utf8_percent_encode(&next, NON_ALPHANUMERIC);
    let location = HeaderValue::from_str(&format!("{base}/auth/login?next={next}")).ok()?;
    let mut answer = response::json(StatusCode::SEE_OTHER, String::new(), "text/plain");
    let headers = answer.headers_mut();
    headers.remove(CONTENT_TYPE);
    headers.insert(LOCATION, location);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        VARY,
        HeaderValue::from_static("Accept, Authorization, Cookie"),
    );
    Some(answer)
}
