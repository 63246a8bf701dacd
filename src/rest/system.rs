//! What belongs to no resource type: conformance and the health checks, which are open to all; batches and searches over
//! several types, for which one signs in; and the answer to paths that are not served.

use http::request::Parts;
use http::{Method, Response, StatusCode};
use serde::Serialize;
use spin_sdk::http::Request;
use spin_sdk::wasip3::http_compat::{IncomingBody, IncomingMessage};

use crate::config::Settings;
use crate::resource;
use crate::search::query;

use super::context::{Account, Context, base_url, limit_url, only, only_get, pairs};
use super::error::Error;
use super::health::Finding;
use super::negotiation::{self, Format};
use super::neighbour::Neighbours;
use super::representation::Reply;
use super::search_form::{self, SEARCH};
use super::system_search::{self, Asker};
use super::{batch, body, conformance, cors, health, identity, log, response, validation};

/// Serves the component `metadata`.
pub async fn serve(request: Request) -> Reply {
    let (request, body) = request.into_parts();
    let context = Context::of(&request);
    let for_errors = negotiation::for_errors(pairs(&request).as_deref().ok(), &request.headers);
    let path = request.uri.path().trim_matches('/');
    let validation = validation::Asked::of(request.uri.path()).is_some();
    if request.method != Method::OPTIONS
        && (validation || matches!(path, "" | SEARCH) && !is_open(&request))
    {
        return for_users(&context, &request, body, for_errors).await;
    }
    let (interaction, result) = match path {
        _ if cors::is_preflight(&request) => ("options", Ok(cors::preflight())),
        "" if request.method == Method::OPTIONS => {
            ("options", Ok(response::options("GET, HEAD, POST, OPTIONS")))
        }
        _ if validation || path == SEARCH => ("options", Ok(response::options("POST, OPTIONS"))),
        "metadata" | "health/live" | "health/ready" if request.method == Method::OPTIONS => {
            ("options", Ok(response::options("GET, HEAD, OPTIONS")))
        }
        "" | "metadata" => ("capabilities", conformance::answer(&request).await),
        "health/live" => ("health", only_get(&request).map(|()| report(&[], None))),
        "health/ready" => ("health", ready(&request).await),
        path => ("unknown", Err(Error::NoRoute(no_route(path)))),
    };
    let account = Account {
        interaction,
        ..Account::default()
    };
    context.conclude(result, for_errors, account).await
}

/// Whether a request at the base is open to all: OPTIONS, and the CapabilityStatement, which is a GET without any
/// parameter of a search.
fn is_open(request: &Parts) -> bool {
    if request.method == Method::OPTIONS {
        return true;
    }
    let pairs = query::parse(request.uri.query().unwrap_or_default());
    let is_for_the_response = |name: &str| matches!(name, "_format" | "_pretty");
    matches!(request.method, Method::GET | Method::HEAD)
        && request.uri.path().trim_matches('/').is_empty()
        && pairs.is_ok_and(|pairs| pairs.iter().all(|pair| is_for_the_response(&pair.name)))
}

/// What one signs in for: batches, searches over several types, and the validation of resources of types that no component
/// serves, as a Bundle.
async fn for_users<T: IncomingMessage>(
    context: &Context,
    request: &Parts,
    body: IncomingBody<T>,
    mut format: Format,
) -> Reply {
    let is_posted = search_form::is_posted(request);
    let is_validation = validation::Asked::of(request.uri.path()).is_some();
    let is_batch = request.method == Method::POST && !is_posted;
    let mut account = Account {
        interaction: match () {
            () if is_validation => "operation",
            () if is_batch => "batch",
            () => "search-system",
        },
        ..Account::default()
    };
    let result = async {
        limit_url(request)?;
        let is_search = request.uri.path().trim_matches('/') == SEARCH;
        only(
            request,
            match () {
                () if is_validation => validation::ALLOWED,
                () if is_search => "POST",
                () => "GET, HEAD, POST",
            },
        )?;
        let pairs = query::parse(request.uri.query().unwrap_or_default())?;
        format = negotiation::format(&pairs, &request.headers)?;
        let settings = Settings::load().await?;
        let identity = identity::identify(&settings, request).await?;
        let user = identity.ok_or(Error::Unauthenticated)?.user;
        account.user = Some(user);
        let base = base_url(&settings, request);
        let neighbours = Neighbours::new(&settings, request, context);
        if is_validation {
            return validation::forward(&neighbours, request, body, &pairs).await;
        }
        let (bundle, count) = if is_batch {
            let body = body::read(body, batch::LONGEST).await?;
            let id = &context.request;
            let bundle = batch::answer(neighbours, request, &base, id, &body).await?;
            let count = bundle.entry.len();
            (bundle, count)
        } else {
            let parameters = search_form::parameters(request, body).await?;
            let pairs = query::parse(&parameters)?;
            format = negotiation::format(&pairs, &request.headers)?;
            let asker = Asker {
                neighbours,
                secret: &settings.secret,
                user,
                base: &base,
            };
            system_search::search(&asker, pairs).await?
        };
        account.count = Some(count);
        Ok(response::resource(StatusCode::OK, &bundle, format))
    };
    let result = result.await;
    context.conclude(result, format, account).await
}

pub(super) fn no_route(path: &str) -> String {
    let first = path.split('/').next().unwrap_or_default();
    let is_type = first.starts_with(|letter: char| letter.is_ascii_uppercase());
    let served: Vec<&str> = resource::ALL
        .iter()
        .map(|declaration| declaration.name)
        .collect();
    let what = if is_type {
        "this resource type is not served"
    } else {
        "nothing is served under this path"
    };
    format!(
        "{what}; resource types: {}; see /metadata",
        served.join(", ")
    )
}

/// Ready or not; the detail goes to the log, and to an administrator who sends credentials.
async fn ready(request: &Parts) -> Result<Response<String>, Error> {
    only_get(request)?;
    let findings = health::examine().await;
    if findings.iter().any(|finding| !finding.ok) {
        log::write(&serde_json::json!({"health": &findings}));
    }
    let detail = is_administrator(request)
        .await
        .then_some(findings.as_slice());
    Ok(report(&findings, detail))
}

async fn is_administrator(request: &Parts) -> bool {
    let Ok(settings) = Settings::load().await else {
        return false;
    };
    let identity = identity::identify(&settings, request).await;
    identity.is_ok_and(|identity| identity.is_some_and(|identity| identity.administrator))
}

#[derive(Serialize)]
struct Report<'a> {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    checks: Option<&'a [Finding]>,
}

fn report(findings: &[Finding], checks: Option<&[Finding]>) -> Response<String> {
    let ok = findings.iter().all(|finding| finding.ok);
    let (code, status) = if ok {
        (StatusCode::OK, "ok")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
    };
    let body = serde_json::to_string(&Report { status, checks }).unwrap_or_default();
    response::json(code, body, "application/json")
}
