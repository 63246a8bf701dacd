//! The page of an error that no form can show.

use askama::Template;
use http::header::{ALLOW, RETRY_AFTER};
use http::{Response, StatusCode};

use super::page;
use crate::rest::context::Context;
use crate::rest::error::Error;
use crate::rest::negotiation::Format;

#[derive(Template)]
#[template(path = "error.html")]
struct Page<'a> {
    prefix: &'a str,
    title: &'a str,
    detail: &'a str,
    request: &'a str,
}

/// The page: what the `OperationOutcome` of the error says, for people.
pub(super) fn show(prefix: &str, context: &Context, error: &Error) -> Response<String> {
    let refused = context.refuse(error, Format::default());
    let outcome = error.outcome(&context.request);
    let issue = outcome.issue.first();
    let detail = issue.and_then(|issue| issue.diagnostics.as_deref());
    let page = Page {
        prefix,
        title: title(error.status()),
        detail: detail.unwrap_or_default(),
        request: &context.request,
    };
    let Ok(mut shown) = page::html(error.status(), &page) else {
        return refused;
    };
    // Not how to authenticate: the browser would ask for a password by itself.
    for name in [ALLOW, RETRY_AFTER] {
        if let Some(value) = refused.headers().get(&name) {
            shown.headers_mut().insert(name, value.clone());
        }
    }
    shown
}

fn title(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "Page not found",
        StatusCode::UNAUTHORIZED => "Not signed in",
        StatusCode::FORBIDDEN => "Not allowed",
        StatusCode::SERVICE_UNAVAILABLE => "Not available at the moment",
        status if status.is_server_error() => "Something went wrong",
        _ => "This cannot be done",
    }
}
