//! `/auth/login`: signing in with a form.

use askama::Template;
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Response, StatusCode};

use super::account::{self, Account};
use super::csrf;
use super::form::Form;
use super::next::Next;
use super::visit::Visit;
use super::visitor::Visitor;
use super::{origin, page};
use crate::rest::error::Error;
use crate::rest::response;
use crate::tryton::profile::Profile;

/// The parameter of the query string that says why one is here: after signing out.
pub(super) const SIGNED_OUT: &str = "signed-out";

/// A scheme that browsers do not know, so that they show the form and no dialogue of their own (RFC 9110, section
/// 15.5.2, asks for one). It is what Tryton's clients send.
const CHALLENGE: &str = "Session realm=\"GNU Health\"";

const EXPIRED: &str = "This form has expired or did not come from this site. Please sign in again.";
const WRONG: &str = "The user name or the password is not right.";
const NOT_IN_GROUP: &str =
    "Your account is in none of the groups that may use this server. Ask your administrator.";

/// What the page shows beside the form.
#[derive(Default)]
struct Shown<'a> {
    login: &'a str,
    next: Option<Next>,
    problem: Option<&'a str>,
    signed_out: bool,
}

#[derive(Template)]
#[template(path = "login.html")]
struct Page<'a> {
    prefix: &'a str,
    token: &'a str,
    login: &'a str,
    next: &'a str,
    problem: Option<&'a str>,
    signed_out: bool,
}

#[derive(Template)]
#[template(path = "signed_in.html")]
struct AlreadySignedIn<'a> {
    prefix: &'a str,
    next: &'a str,
    profile: &'a Profile,
}

/// The page: the form, or who is signed in already.
pub(super) async fn show(
    visit: &Visit<'_>,
    account: Option<&Account>,
) -> Result<Response<String>, Error> {
    let next = Next::parse(&visit.parameter("next"));
    if let Some(account) = account {
        let page = AlreadySignedIn {
            prefix: &visit.prefix(),
            next: &visit.location(next.as_ref()),
            profile: &account.profile(visit).await?,
        };
        return page::html(StatusCode::OK, &page);
    }
    let shown = Shown {
        next,
        signed_out: visit.has_parameter(SIGNED_OUT),
        ..Shown::default()
    };
    form(visit, StatusCode::OK, &shown)
}

/// Signs in: a new session, whatever cookie was sent. Who it was goes into `user`, for the log.
pub(super) async fn submit(
    visit: &Visit<'_>,
    form: &Form,
    user: &mut Option<i64>,
) -> Result<Response<String>, Error> {
    let next = Next::parse(form.value("next"));
    if !is_ours(visit, form) {
        return refuse(visit, form, next, Error::ForeignForm);
    }
    match account::sign_in(visit, form.value("login"), form.value("password")).await {
        Ok((id, cookie)) => {
            *user = Some(id);
            let mut answer = page::see_other(&visit.location(next.as_ref()))?;
            page::set_cookie(&mut answer, cookie);
            Ok(answer)
        }
        Err(error) => refuse(visit, form, next, error),
    }
}

/// Whether one of our pages sent the form, in the browser that we gave it to.
fn is_ours(visit: &Visit<'_>, form: &Form) -> bool {
    let visitor = Visitor::of(&visit.request.headers, visit.is_secure());
    let token = form.value("token");
    let verify = |visitor: &Visitor| {
        csrf::Form::Login.verify(&visit.settings.secret, visitor.bearer(), token, visit.now)
    };
    visitor.as_ref().is_some_and(verify) && !origin::is_foreign(visit.request, &visit.base_url())
}

/// The form again with what is wrong; other errors, and those of programs, are none of its business.
fn refuse(
    visit: &Visit<'_>,
    sent: &Form,
    next: Option<Next>,
    error: Error,
) -> Result<Response<String>, Error> {
    if !visit.wants_html() {
        return Err(error);
    }
    let problem = match &error {
        Error::ForeignForm => EXPIRED.to_owned(),
        Error::Unauthenticated => WRONG.to_owned(),
        Error::NotInGroup => NOT_IN_GROUP.to_owned(),
        Error::Throttled { seconds } => throttled(*seconds),
        _ => return Err(error),
    };
    let shown = Shown {
        login: sent.value("login"),
        next,
        problem: Some(&problem),
        signed_out: false,
    };
    let mut answer = form(visit, error.status(), &shown)?;
    match error {
        Error::Unauthenticated => response::add(&mut answer, WWW_AUTHENTICATE, CHALLENGE),
        Error::Throttled { seconds } => {
            response::add(&mut answer, RETRY_AFTER, &seconds.to_string());
        }
        _ => {}
    }
    Ok(answer)
}

fn throttled(seconds: u64) -> String {
    let unit = if seconds == 1 { "second" } else { "seconds" };
    format!("Too many attempts. Try again in {seconds} {unit}.")
}

/// The form, and the cookie to which it is bound.
fn form(
    visit: &Visit<'_>,
    status: StatusCode,
    shown: &Shown<'_>,
) -> Result<Response<String>, Error> {
    let secure = visit.is_secure();
    let visitor = Visitor::of(&visit.request.headers, secure).or_else(|| Visitor::new(secure));
    let visitor = visitor.ok_or(Error::Internal("the system gives no randomness"))?;
    let token = csrf::Form::Login.token(&visit.settings.secret, visitor.bearer(), visit.now);
    let page = Page {
        prefix: &visit.prefix(),
        token: &token,
        login: shown.login,
        next: shown.next.as_ref().map_or("", Next::as_str),
        problem: shown.problem,
        signed_out: shown.signed_out,
    };
    let mut answer = page::html(status, &page)?;
    page::set_cookie(&mut answer, visitor.cookie());
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(login: &str, next: &str, problem: Option<&str>) -> String {
        let page = Page {
            prefix: "/fhir",
            token: "t",
            login,
            next,
            problem,
            signed_out: false,
        };
        page.render().unwrap()
    }

    #[test]
    fn what_was_typed_is_shown_as_text() {
        let html = rendered(
            "\"><script>alert('x')</script>&amp;",
            "/Patient?a=\"'<b>",
            None,
        );
        assert!(
            !html.contains("<script") && !html.contains("<b>\""),
            "{html}"
        );
        assert!(
            !html.contains("&amp;&#34;") && html.contains("&#38;amp;"),
            "{html}"
        );
    }

    #[test]
    fn a_problem_is_announced_and_described_and_has_the_focus_where_to_type() {
        let html = rendered("doctor", "/", Some("Wrong."));
        assert!(html.contains("role=\"alert\">Wrong.<"), "{html}");
        assert_eq!(html.matches("aria-describedby=\"problem\"").count(), 2);
        assert_eq!(html.matches("aria-invalid=\"true\"").count(), 2);
        assert_eq!(html.matches(" autofocus").count(), 1);
        let quiet = rendered("", "/", None);
        assert!(!quiet.contains("aria-describedby") && !quiet.contains("role=\"alert\""));
    }

    #[test]
    fn seconds_are_counted_as_people_do() {
        assert!(throttled(1).ends_with("in 1 second."));
        assert!(throttled(7).ends_with("in 7 seconds."));
    }
}
