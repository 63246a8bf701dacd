//! Every error as an `OperationOutcome`, in one place.
//!
//! | error | HTTP status | issue code |
//! |---|---|---|
//! | not signed in | 401 | login |
//! | in none of the required groups, model or field denied | 403 | forbidden |
//! | form of another site, or too old | 403 | forbidden |
//! | no such resource, or no such version | 404 | not-found |
//! | no such route or interaction, module not activated | 404 | not-supported |
//! | method not allowed | 405 | not-supported |
//! | no acceptable format | 406 | not-supported |
//! | cursor of a page too old | 410 | expired |
//! | search not valid | 400 | invalid, value, not-supported, too-costly |
//! | bad header or form | 400 | invalid |
//! | Bundle not valid, or not one that is served | 400 | structure, value, required, not-supported, too-costly |
//! | body not understood, or an operation's parameters not valid | 400 | structure, value, required |
//! | answer too large to be put together | 400 | too-costly |
//! | refused by the component of another resource type | as there | as there |
//! | body of another type | 415 | not-supported |
//! | body too large | 413 | too-long |
//! | URL too long | 414 | too-long |
//! | too many or too early attempts to sign in | 429 | throttled |
//! | too many sign in at once, `login` or another component not reached | 503 | transient |
//! | database unreachable, app misconfigured | 503 | transient, exception |
//! | anything else | 500 | exception |

use http::StatusCode;

use crate::fhir::outcome;
use crate::fhir::r4::{IssueType, OperationOutcome};
use crate::tryton::view::Hidden;
use crate::{config, db, search};

/// Why a request is not answered with what it asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No or wrong credentials.
    #[error("sign in with your GNU Health user and password")]
    Unauthenticated,
    /// The user is in none of the groups that the operator requires.
    #[error(
        "your GNU Health user is in none of the groups that may use this server; ask your administrator"
    )]
    NotInGroup,
    /// Too many failed attempts to sign in, or one too soon after another.
    #[error("too many failed attempts to sign in; try again in {seconds} s")]
    Throttled {
        /// After how many seconds the next attempt is looked at.
        seconds: u64,
    },
    /// The password cannot be looked at soon: too many others are.
    #[error("too many passwords are being verified at the moment")]
    Busy,
    /// The component `login` does not answer as it should.
    #[error("the component login cannot be asked to verify a password: {0}")]
    Verification(&'static str),
    /// Another component of the app does not answer as it should.
    #[error("the component {component} cannot be asked: {reason}")]
    Neighbour {
        /// Its name.
        component: String,
        /// What went wrong.
        reason: &'static str,
    },
    /// Another component of the app refused.
    #[error("{}", .0.diagnostics)]
    Refused(Box<Refusal>),
    /// An answer is larger than what is put together in one.
    #[error(
        "the answer is larger than {most} bytes; ask for less, or for fewer results with _count"
    )]
    AnswerTooLarge {
        /// The most bytes.
        most: usize,
    },
    /// A Bundle, or one of its entries, that is not processed.
    #[error("{message}")]
    Bundle {
        /// What kind of problem it is.
        code: IssueType,
        /// What is wrong, without repeating what is in it.
        message: String,
    },
    /// A body that cannot be read, or parameters of an operation that cannot be followed.
    #[error("{message}")]
    Body {
        /// What kind of problem it is.
        code: IssueType,
        /// What is wrong, without repeating what is in it.
        message: String,
    },
    /// The body is larger than what is read.
    #[error("the body of the request is too large; at most {most} bytes are read")]
    TooLarge {
        /// The most bytes that are read.
        most: usize,
    },
    /// The URL is longer than what is read.
    #[error("the URL is too long; path and query may have {most} bytes")]
    UrlTooLong {
        /// The most bytes that are read.
        most: usize,
    },
    /// The user lacks a right.
    #[error("{0}")]
    Hidden(#[from] Hidden),
    /// There is no such resource, or the user may not know of it.
    #[error("{resource}/{id} does not exist")]
    NotFound {
        /// The resource type.
        resource: &'static str,
        /// The logical id, which is well-formed.
        id: String,
    },
    /// There is no such version of the resource.
    #[error(
        "{resource}/{id} has no such version: GNU Health keeps no earlier ones; {}",
        current.as_ref().map_or("the current one has no number".to_owned(), |current| format!("the current one is {resource}/{id}/_history/{current}"))
    )]
    NoVersion {
        /// The resource type.
        resource: &'static str,
        /// The logical id.
        id: String,
        /// The version that there is, if the user may know it.
        current: Option<String>,
    },
    /// The text cannot be a logical id.
    #[error("not a logical id: 1 to 64 letters, digits, '-' and '.'")]
    MalformedId,
    /// Nothing is served under this path.
    #[error("{0}")]
    NoRoute(String),
    /// The path is served, but not for this method.
    #[error("method not allowed here; allowed: {allowed}")]
    Method {
        /// The `Allow` header.
        allowed: &'static str,
    },
    /// None of the formats that the client accepts can be written.
    #[error(
        "the response can be written as application/fhir+json, application/fhir+xml (fhirVersion 4.0) or text/html only"
    )]
    NotAcceptable,
    /// A body of a type that is not read here.
    #[error("the body of the request must be of the type {0}")]
    MediaType(&'static str),
    /// A form that cannot be understood.
    #[error("the form is not valid: {0}")]
    Form(&'static str),
    /// A form that does not have the token of this browser: too old, or another site sent it.
    #[error("the form has expired or does not come from this site; open it again")]
    ForeignForm,
    /// A header that cannot be understood.
    #[error("the header {0} is not valid")]
    Header(&'static str),
    /// The search cannot be answered.
    #[error("{0}")]
    Search(#[from] search::Error),
    /// The app is not set up rightly.
    #[error("{0}")]
    Configuration(#[from] config::Error),
    /// The database does not answer as it should.
    #[error("{0}")]
    Database(#[from] db::Error),
    /// A row was not as its description says, or a resource could not be written.
    #[error("{0}")]
    Internal(&'static str),
}

/// Why another component of the app refused, and how it said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: StatusCode,
    /// The code of the issue.
    pub code: IssueType,
    /// What the client is told.
    pub diagnostics: String,
    /// What it is about.
    pub expression: Vec<String>,
}

/// What strangers are told where the cause is the operator's business; the cause is in the log.
const UNAVAILABLE: &str = "the service is not available at the moment; try again later";

impl Error {
    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Hidden(Hidden::Missing(_))
            | Self::NotFound { .. }
            | Self::NoVersion { .. }
            | Self::NoRoute(_) => StatusCode::NOT_FOUND,
            Self::Hidden(_) | Self::NotInGroup | Self::ForeignForm => StatusCode::FORBIDDEN,
            Self::Throttled { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UrlTooLong { .. } => StatusCode::URI_TOO_LONG,
            Self::Method { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::MediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::MalformedId
            | Self::Header(_)
            | Self::Form(_)
            | Self::Bundle { .. }
            | Self::Body { .. }
            | Self::AnswerTooLarge { .. } => StatusCode::BAD_REQUEST,
            Self::Refused(refusal) => refusal.status,
            Self::Search(search::Error::Hidden { hidden, .. }) => {
                Self::Hidden(hidden.clone()).status()
            }
            Self::Search(search::Error::Expired) => StatusCode::GONE,
            Self::Search(_) => StatusCode::BAD_REQUEST,
            Self::Busy
            | Self::Verification(_)
            | Self::Neighbour { .. }
            | Self::Configuration(_)
            | Self::Database(db::Error::Connect(_) | db::Error::Lost) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Database(_) | Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What the client is told. `request` is the id under which the log has the cause of an internal error.
    #[must_use]
    pub fn outcome(&self, request: &str) -> OperationOutcome {
        let diagnostics = match self.status() {
            StatusCode::SERVICE_UNAVAILABLE => UNAVAILABLE.to_owned(),
            StatusCode::INTERNAL_SERVER_ERROR => {
                format!(
                    "internal error; the log of the server has the cause under the request id {request}"
                )
            }
            _ => self.to_string(),
        };
        let mut outcome = outcome::error(self.code(), diagnostics);
        if let Some(issue) = outcome.issue.first_mut() {
            issue.expression = self.expression();
        }
        outcome
    }

    fn expression(&self) -> Vec<String> {
        match self {
            Self::Search(error) => {
                let parameter = error.parameter();
                parameter
                    .map(|name| format!("http.{name}"))
                    .into_iter()
                    .collect()
            }
            Self::Refused(refusal) => refusal.expression.clone(),
            _ => Vec::new(),
        }
    }

    fn code(&self) -> IssueType {
        match self {
            Self::Unauthenticated => IssueType::Login,
            Self::Hidden(Hidden::Missing(_)) | Self::NoRoute(_) => IssueType::NotSupported,
            Self::Hidden(_) | Self::NotInGroup | Self::ForeignForm => IssueType::Forbidden,
            Self::Throttled { .. } => IssueType::Throttled,
            Self::TooLarge { .. } | Self::UrlTooLong { .. } => IssueType::TooLong,
            Self::NotFound { .. } | Self::NoVersion { .. } => IssueType::NotFound,
            Self::Method { .. } | Self::NotAcceptable | Self::MediaType(_) => {
                IssueType::NotSupported
            }
            Self::MalformedId => IssueType::Value,
            Self::Header(_) | Self::Form(_) => IssueType::Invalid,
            Self::Search(error) => search_code(error),
            Self::Bundle { code, .. } | Self::Body { code, .. } => *code,
            Self::Refused(refusal) => refusal.code,
            Self::AnswerTooLarge { .. } => IssueType::TooCostly,
            Self::Busy
            | Self::Verification(_)
            | Self::Neighbour { .. }
            | Self::Database(db::Error::Connect(_) | db::Error::Lost) => IssueType::Transient,
            Self::Configuration(_) | Self::Database(_) | Self::Internal(_) => IssueType::Exception,
        }
    }
}

fn search_code(error: &search::Error) -> IssueType {
    match error {
        search::Error::Unknown { .. }
        | search::Error::Modifier { .. }
        | search::Error::Unsortable(_)
        | search::Error::FullText(_) => IssueType::NotSupported,
        search::Error::Expired => IssueType::Expired,
        search::Error::Value { .. } | search::Error::Cursor => IssueType::Value,
        search::Error::TooMany { .. } => IssueType::TooCostly,
        search::Error::Encoding(_) | search::Error::Repeated(_) => IssueType::Invalid,
        search::Error::Hidden { hidden, .. } => Error::Hidden(hidden.clone()).code(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_errors_tell_the_request_id_and_nothing_else() {
        let error = Error::Database(db::Error::Statement {
            code: "42P01".into(),
            message: "relation \"x\"".into(),
        });
        let outcome = error.outcome("r1");
        let diagnostics = outcome
            .issue
            .first()
            .and_then(|issue| issue.diagnostics.clone())
            .unwrap_or_default();
        assert!(
            diagnostics.contains("r1") && !diagnostics.contains("relation"),
            "{diagnostics}"
        );
        assert_eq!(error.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }

    #[test]
    fn strangers_do_not_learn_what_the_configuration_lacks() {
        let outcome = Error::Configuration(config::Error::SecretMissing).outcome("r1");
        let diagnostics = outcome
            .issue
            .first()
            .and_then(|issue| issue.diagnostics.clone());
        assert_eq!(diagnostics.as_deref(), Some(UNAVAILABLE));
    }

    #[test]
    fn a_denied_search_parameter_is_forbidden_not_bad() {
        let hidden = Hidden::Denied("party.party.dob".into());
        let error = Error::Search(search::Error::Hidden {
            name: "birthdate".into(),
            hidden,
        });
        assert_eq!(error.status(), StatusCode::FORBIDDEN);
        let outcome = error.outcome("r1");
        let expression = outcome.issue.first().map(|issue| issue.expression.clone());
        assert_eq!(expression, Some(vec!["http.birthdate".to_owned()]));
    }
}
