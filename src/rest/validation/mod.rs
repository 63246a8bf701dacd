//! The operation `$validate` (R4, OperationDefinition `Resource-validate`): whether a resource is valid R4.
//!
//! `POST [type]/$validate` and `POST [type]/[id]/$validate`, with the resource or with Parameters as the body; `_validate`
//! means the same. One component has the tables of the elements and does the checking; the others hand requests on to it
//! ([`forward`]), so that they stay small.

#[cfg(test)]
mod fuzz;
mod input;
mod judgement;

use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode};
use percent_encoding::percent_decode_str;
use spin_sdk::http::Request;
use spin_sdk::wasip3::http_compat::{IncomingBody, IncomingMessage};

use crate::config::Settings;
use crate::fhir::r4::{AnyResource, IssueType};
use crate::fhir::text::is_id;
use crate::fhir::validate::{Malformed, NAMES};
use crate::search::query::{self, Pair};

use super::context::{Account, Context, limit_url, only};
use super::error::Error;
use super::neighbour::{self, Neighbours, Question};
use super::representation::Reply;
use super::{body, negotiation, query_string, response, service};

/// The component that validates.
const COMPONENT: &str = "validate";

/// The longest body that is read, in bytes.
const LONGEST: usize = 2 << 20;

/// The method, as an `Allow` header has it.
pub(super) const ALLOWED: &str = "POST";

/// How the answer is written is decided where the client asks.
const FOR_THE_RESPONSE: &[&str] = &["_format", "_pretty"];

/// Whether a segment of a path names the operation; `_validate` is how the predecessor of this server called it.
pub(super) fn is_operation(segment: &str) -> bool {
    let decoded = percent_decode_str(segment).decode_utf8();
    decoded.is_ok_and(|segment| matches!(segment.as_ref(), "$validate" | "_validate"))
}

/// What is to be validated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asked<'a> {
    /// The type that the URL names.
    resource_type: &'static str,
    /// The id that it names.
    id: Option<&'a str>,
}

impl<'a> Asked<'a> {
    /// What a path asks for; `None` if it does not name the operation, or no type that can be validated.
    ///
    /// # Errors
    /// [`Error::MalformedId`]
    pub(super) fn of(path: &'a str) -> Option<Result<Self, Error>> {
        let mut segments = path.split('/').filter(|segment| !segment.is_empty());
        let name = segments.next()?;
        let resource_type = NAMES.iter().find(|known| **known == name)?;
        let (id, operation) = match (segments.next()?, segments.next()) {
            (operation, None) => (None, operation),
            (id, Some(operation)) => (Some(id), operation),
        };
        if segments.next().is_some() || !is_operation(operation) {
            return None;
        }
        if id.is_some_and(|id| !is_id(id)) {
            return Some(Err(Error::MalformedId));
        }
        Some(Ok(Self { resource_type, id }))
    }
}

/// Has the component that validates answer a request. Who asks was identified.
///
/// # Errors
/// As that component refuses it; [`Error::MediaType`], [`Error::TooLarge`], [`Error::Body`] already here.
pub(super) async fn forward<T: IncomingMessage>(
    neighbours: &Neighbours<'_>,
    request: &Parts,
    body: IncomingBody<T>,
    pairs: &[Pair],
) -> Result<Response<String>, Error> {
    input::Syntax::of(request)?;
    let format = negotiation::format(pairs, &request.headers)?;
    let body = text(body::read(body, LONGEST).await?)?;
    let sent = request.headers.get(CONTENT_TYPE);
    let question = Question {
        method: Method::POST,
        target: target(request.uri.path(), pairs),
        headers: sent
            .map(|value: &HeaderValue| (CONTENT_TYPE, value.clone()))
            .into_iter()
            .collect(),
        body,
    };
    let answer = neighbours.ask(COMPONENT, question).await?;
    if answer.status() != StatusCode::OK {
        return Err(neighbour::refusal(COMPONENT, &answer));
    }
    let outcome = String::from_utf8(answer.into_body()).ok();
    let outcome = outcome.and_then(|text| AnyResource::from_json(text).ok());
    let outcome = outcome.ok_or_else(|| Error::Neighbour {
        component: COMPONENT.to_owned(),
        reason: "its answer is not JSON",
    })?;
    Ok(response::resource(StatusCode::OK, &outcome, format))
}

fn target(path: &str, pairs: &[Pair]) -> String {
    let pairs: Vec<_> = pairs
        .iter()
        .filter(|pair| !FOR_THE_RESPONSE.contains(&pair.name.as_str()))
        .map(|pair| (pair.key(), pair.value.clone()))
        .collect();
    if pairs.is_empty() {
        return path.to_owned();
    }
    format!("{path}?{}", query_string::write(&pairs))
}

/// A body as text.
fn text(body: Vec<u8>) -> Result<String, Error> {
    String::from_utf8(body).map_err(|error| {
        let bytes = error.as_bytes();
        let before = bytes.get(..error.utf8_error().valid_up_to());
        let before = String::from_utf8_lossy(before.unwrap_or_default());
        not_understood(Malformed::after("not UTF-8", &before))
    })
}

fn not_understood(malformed: Malformed) -> Error {
    Error::Body {
        code: IssueType::Structure,
        message: format!("the body is not understood: {malformed}"),
    }
}

/// Serves the component that validates.
pub async fn serve(request: Request) -> Reply {
    let (request, body) = request.into_parts();
    let context = Context::of(&request);
    let pairs = limit_url(&request)
        .and_then(|()| Ok(query::parse(request.uri.query().unwrap_or_default())?));
    let for_errors = negotiation::for_errors(pairs.as_deref().ok(), &request.headers);
    let mut account = Account {
        interaction: "operation",
        ..Account::default()
    };
    let result = async {
        let settings = Settings::load().await?;
        let principal = service::principal(&settings, &request, context.now())?;
        account.user = Some(principal.user);
        // Under the route of the component itself no type is named.
        let asked = Asked::of(request.uri.path()).unwrap_or_else(|| {
            let message = "name the type of the resource: [type]/$validate";
            Err(Error::NoRoute(message.to_owned()))
        })?;
        account.resource = asked.resource_type;
        only(&request, ALLOWED)?;
        let pairs = pairs?;
        let format = negotiation::format(&pairs, &request.headers)?;
        let syntax = input::Syntax::of(&request)?;
        let body = text(body::read(body, LONGEST).await?)?;
        let input = input::read(&body, syntax, asked, &pairs)?;
        let outcome = judgement::of(input, asked)?;
        Ok(response::resource(StatusCode::OK, &outcome, format))
    };
    let result = result.await;
    context.conclude(result, for_errors, account).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_or_a_resource_is_validated() {
        let asked =
            |path| Asked::of(path).map(|asked| asked.map(|asked| (asked.resource_type, asked.id)));
        for path in [
            "/Patient/$validate",
            "/Patient/_validate",
            "/Patient/%24validate/",
            "/Patient//$validate",
        ] {
            assert_eq!(asked(path), Some(Ok(("Patient", None))), "{path}");
        }
        for path in ["/Bundle/a.b/$validate", "/Bundle/a.b/_validate"] {
            assert_eq!(asked(path), Some(Ok(("Bundle", Some("a.b")))), "{path}");
        }
        assert_eq!(
            asked("/Patient/a;b/$validate"),
            Some(Err(Error::MalformedId))
        );
        for path in [
            "/",
            "/$validate",
            "/Encounter/$validate",
            "/patient/$validate",
            "/Patient/$validate/1",
            "/Patient/1/2/$validate",
            "/Patient/$validat",
            "/Patient/%ff",
        ] {
            assert_eq!(asked(path), None, "{path}");
        }
    }

    #[test]
    fn how_the_answer_is_written_is_not_handed_on() {
        let pairs = query::parse("_format=xml&mode=create&_pretty=true&profile=http://h/p%7C1")
            .unwrap_or_default();
        assert_eq!(
            target("/Patient/$validate", &pairs),
            "/Patient/$validate?mode=create&profile=http://h/p%7C1"
        );
        assert_eq!(target("/Patient/$validate", &[]), "/Patient/$validate");
    }

    #[test]
    fn what_is_not_utf_8_is_placed() {
        let Err(Error::Body { code, message }) = text(b"{\n \"a\": \"\xff\"".to_vec()) else {
            panic!("it is not UTF-8")
        };
        assert_eq!(code, IssueType::Structure);
        assert!(message.ends_with("line 2, column 8"), "{message}");
    }
}
