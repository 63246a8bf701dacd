//! What surrounds a request: its id, its clock, the settings, and the answer to an error.

use std::time::Instant;

use chrono::{NaiveDateTime, SecondsFormat, Utc};
use http::header::{ALLOW, HOST, ORIGIN, RETRY_AFTER, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use crate::config::Settings;
use crate::db;
use crate::search::query::{self, Pair};

use super::behalf::Behalf;
use super::error::Error;
use super::negotiation::{self, Format};
use super::pages::viewer::Place;
use super::representation::{self, Reply};
use super::{cors, health, log, response};

/// What our component behind a proxy is told about how the client reached it.
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// After how many seconds a client should try again when the service is not available.
const TRY_AGAIN: &str = "2";

/// How one can sign in (RFC 7617 and RFC 6750). Each on a line of its own: not every client reads lists.
const CHALLENGES: &[&str] = &[
    "Basic realm=\"GNU Health\", charset=\"UTF-8\"",
    "Bearer realm=\"GNU Health\"",
];

/// The circumstances of one request.
#[derive(Debug)]
pub struct Context {
    /// The id of the request.
    pub request: String,
    started: Instant,
    accepts_gzip: bool,
    /// The header `Origin`, and nothing else.
    origin: HeaderMap,
    /// The base URL that the request was sent to; empty if it is not known.
    base: String,
    /// The path and query of the request; empty if they are not known.
    target: String,
    _in_use: db::InUse,
}

/// What the log line of a request says beside status and time.
#[derive(Debug, Default, Clone, Copy)]
pub struct Account<'a> {
    /// The resource type.
    pub resource: &'a str,
    /// R4's name of the interaction.
    pub interaction: &'a str,
    /// `res_user.id`.
    pub user: Option<i64>,
    /// How many resources were returned.
    pub count: Option<usize>,
}

impl Context {
    /// Starts the clock. The id is taken over from the `auth` middleware, or random.
    #[must_use]
    pub fn new(headers: &HeaderMap) -> Self {
        let origin = headers.get(ORIGIN).map(|origin| (ORIGIN, origin.clone()));
        let given = headers
            .get(response::REQUEST_ID)
            .and_then(|id| id.to_str().ok())
            .filter(|id| is_request_id(id));
        Self {
            request: given.map_or_else(random_id, str::to_owned),
            started: Instant::now(),
            accepts_gzip: negotiation::accepts_gzip(headers),
            origin: origin.into_iter().collect(),
            base: String::new(),
            target: String::new(),
            _in_use: db::InUse::begin(),
        }
    }

    /// As [`Context::new`]; pages then have links.
    #[must_use]
    pub fn of(request: &Parts) -> Self {
        let target = request.uri.path_and_query().map(ToString::to_string);
        Self {
            base: requested_base(request),
            target: target.unwrap_or_default(),
            ..Self::new(&request.headers)
        }
    }

    /// The time of the request, in UTC.
    #[must_use]
    pub fn now(&self) -> NaiveDateTime {
        Utc::now().naive_utc()
    }

    /// The `OperationOutcome` of an error.
    #[must_use]
    pub fn refuse(&self, error: &Error, format: Format) -> Response<String> {
        let mut refused = response::resource(error.status(), &error.outcome(&self.request), format);
        match error {
            Error::Unauthenticated => {
                for challenge in CHALLENGES {
                    let challenge = HeaderValue::from_static(challenge);
                    refused.headers_mut().append(WWW_AUTHENTICATE, challenge);
                }
            }
            Error::Throttled { seconds } => {
                response::add(&mut refused, RETRY_AFTER, &seconds.to_string());
            }
            Error::Method { allowed } => response::add(&mut refused, ALLOW, allowed),
            _ if refused.status() == StatusCode::SERVICE_UNAVAILABLE => {
                response::add(&mut refused, RETRY_AFTER, TRY_AGAIN);
            }
            _ => {}
        }
        refused
    }

    /// The response to a request: what was found, or the error in this format; for other origins too, if the operator lets
    /// them. Puts the request into the log.
    pub async fn conclude(
        &self,
        result: Result<Response<String>, Error>,
        format: Format,
        account: Account<'_>,
    ) -> Reply {
        let show = |error: &Error| self.refuse(error, format);
        let mut answer = self.answer(result, show, account).await;
        if let Ok(settings) = Settings::load().await {
            cors::add(&mut answer, &self.origin, &settings.cors_origins);
        }
        representation::send(answer, self.accepts_gzip)
    }

    /// As [`Context::conclude`], with another way to show an error, and for our own origin only.
    pub async fn conclude_with(
        &self,
        result: Result<Response<String>, Error>,
        show: impl FnOnce(&Error) -> Response<String>,
        account: Account<'_>,
    ) -> Reply {
        let answer = self.answer(result, show, account).await;
        representation::send(answer, self.accepts_gzip)
    }

    async fn answer(
        &self,
        result: Result<Response<String>, Error>,
        show: impl FnOnce(&Error) -> Response<String>,
        account: Account<'_>,
    ) -> Response<String> {
        let (answer, error) = match result {
            Ok(answer) => (answer, None),
            Err(error) => (show(&error), Some(error)),
        };
        let (mut answer, error) = match self.write(answer).await {
            Ok(answer) => (answer, error),
            Err(unwritable) => (
                self.refuse(&unwritable, Format::default()),
                Some(unwritable),
            ),
        };
        response::add(&mut answer, response::REQUEST_ID, &self.request);
        self.log(answer.status(), account, error.as_ref()).await;
        answer
    }

    /// The response in the format that it is to have.
    async fn write(&self, answer: Response<String>) -> Result<Response<String>, Error> {
        let settings = Settings::load().await.ok();
        let prefix = settings.as_ref().map(|settings| settings.base_path());
        let base = settings
            .as_ref()
            .and_then(|settings| settings.base_url.as_ref());
        let place = Place {
            base: base.unwrap_or(&self.base),
            prefix: &prefix.unwrap_or_default(),
            target: &self.target,
        };
        representation::write(answer, &place)
    }

    async fn log(&self, status: StatusCode, account: Account<'_>, error: Option<&Error>) {
        let cause = match error.filter(|_| status.is_server_error()) {
            Some(error) => Some(cause(error).await),
            None => None,
        };
        log::write(&log::Line {
            time: Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true),
            request: &self.request,
            user: account.user,
            interaction: account.interaction,
            resource: account.resource,
            status: status.as_u16(),
            count: account.count,
            ms: self.started.elapsed().as_millis(),
            cause,
        });
    }
}

/// The cause of an error that the client is not told, in words an operator can act on.
async fn cause(error: &Error) -> String {
    match (error, Settings::load().await) {
        (Error::Database(db::Error::Connect(refusal)), Ok(settings)) => {
            health::explain(&settings.database, *refusal)
        }
        _ => error.to_string(),
    }
}

fn is_request_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn random_id() -> String {
    let mut bytes = [0; 8];
    // Without randomness the ids are all zero, and the log is still right.
    let _ = getrandom::fill(&mut bytes);
    format!("{:016x}", u64::from_be_bytes(bytes))
}

/// Refuses methods that would change something.
///
/// # Errors
/// [`Error::Method`]
pub fn only_get(request: &Parts) -> Result<(), Error> {
    only(request, "GET, HEAD")
}

/// Refuses other methods than those of this `Allow` header.
///
/// # Errors
/// [`Error::Method`]
pub fn only(request: &Parts, allowed: &'static str) -> Result<(), Error> {
    let is_allowed = allowed
        .split(", ")
        .any(|method| method == request.method.as_str());
    is_allowed.then_some(()).ok_or(Error::Method { allowed })
}

/// The most bytes of path and query that are read. What is longer is sent with POST.
const LONGEST_URL: usize = 8 << 10;

/// The parameters of the query.
///
/// # Errors
/// [`Error::UrlTooLong`]; [`Error::Search`] if they cannot be decoded or are too many.
pub fn pairs(request: &Parts) -> Result<Vec<Pair>, Error> {
    limit_url(request)?;
    let query = request.uri.query().unwrap_or_default();
    Ok(query::parse(query)?)
}

/// Refuses a URL that is too long.
///
/// # Errors
/// [`Error::UrlTooLong`]
pub fn limit_url(request: &Parts) -> Result<(), Error> {
    let target = request.uri.path_and_query();
    if target.is_some_and(|target| target.as_str().len() > LONGEST_URL) {
        return Err(Error::UrlTooLong { most: LONGEST_URL });
    }
    Ok(())
}

/// The base URL of links: what the operator set, else what the client's request was sent to.
#[must_use]
pub fn base_url(settings: &Settings, request: &Parts) -> String {
    match &settings.base_url {
        Some(base) => base.clone(),
        None => match Behalf::of(&settings.secret, request) {
            Some(behalf) => behalf.base_url,
            None => requested_base(request),
        },
    }
}

/// What the request was sent to, as far as it says.
fn requested_base(request: &Parts) -> String {
    let header = |name: HeaderName| {
        request
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let scheme = header(FORWARDED_PROTO).filter(|scheme| matches!(*scheme, "http" | "https"));
    let scheme = scheme.or(request.uri.scheme_str()).unwrap_or("http");
    let authority = request
        .uri
        .authority()
        .map(http::uri::Authority::as_str)
        .or_else(|| header(HOST));
    format!("{scheme}://{}", authority.unwrap_or("localhost"))
}
