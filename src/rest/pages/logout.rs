//! `/auth/logout`: signing out, which ends the session in the database.

use askama::Template;
use http::{Response, StatusCode};

use super::account::Account;
use super::csrf;
use super::form::Form;
use super::visit::Visit;
use super::{login, origin, page};
use crate::rest::cookie;
use crate::rest::error::Error;
use crate::tryton::profile::Profile;

const EXPIRED: &str = "This form has expired or did not come from this site. Please try again.";

#[derive(Template)]
#[template(path = "logout.html")]
struct Page<'a> {
    prefix: &'a str,
    token: &'a str,
    problem: Option<&'a str>,
    profile: &'a Profile,
}

/// The page that asks, since a link must not sign anybody out.
pub(super) async fn show(
    visit: &Visit<'_>,
    account: Option<&Account>,
) -> Result<Response<String>, Error> {
    match account {
        Some(account) => ask(visit, account, StatusCode::OK, None).await,
        None => page::see_other(&format!("{}/auth/login", visit.prefix())),
    }
}

/// Signs out.
pub(super) async fn submit(
    visit: &Visit<'_>,
    account: Option<&Account>,
    form: &Form,
) -> Result<Response<String>, Error> {
    let Some(account) = account else {
        return if visit.wants_html() {
            leave(visit)
        } else {
            Err(Error::Unauthenticated)
        };
    };
    if !account.is_program && !is_ours(visit, account, form) {
        if !visit.wants_html() {
            return Err(Error::ForeignForm);
        }
        return ask(visit, account, StatusCode::FORBIDDEN, Some(EXPIRED)).await;
    }
    account.sign_out(visit).await?;
    if account.is_program {
        Ok(page::no_content())
    } else {
        leave(visit)
    }
}

/// The token of the form that ends this session; `None` if it is no browser's.
pub(super) fn token(visit: &Visit<'_>, account: &Account) -> Option<String> {
    let bearer = account.bearer()?;
    Some(csrf::Form::Logout.token(&visit.settings.secret, &bearer, visit.now))
}

fn is_ours(visit: &Visit<'_>, account: &Account, form: &Form) -> bool {
    let (secret, token) = (&visit.settings.secret, form.value("token"));
    let verify = |bearer: String| csrf::Form::Logout.verify(secret, &bearer, token, visit.now);
    account.bearer().is_some_and(verify) && !origin::is_foreign(visit.request, &visit.base_url())
}

async fn ask(
    visit: &Visit<'_>,
    account: &Account,
    status: StatusCode,
    problem: Option<&str>,
) -> Result<Response<String>, Error> {
    let page = Page {
        prefix: &visit.prefix(),
        token: &token(visit, account).unwrap_or_default(),
        problem,
        profile: &account.profile(visit).await?,
    };
    page::html(status, &page)
}

/// To the login page, without the session's cookie.
fn leave(visit: &Visit<'_>) -> Result<Response<String>, Error> {
    let prefix = visit.prefix();
    let mut answer = page::see_other(&format!("{prefix}/auth/login?{}", login::SIGNED_OUT))?;
    let expired = cookie::expired_session_cookie(&visit.settings, visit.request);
    page::set_cookie(&mut answer, expired);
    Ok(answer)
}
