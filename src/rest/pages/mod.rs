//! Pages for people: signing in and out, and a home that says who one is and what one may read.
//!
//! Plain HTML and forms; no script, nothing from elsewhere. What protects them:
//! - [`csrf`], `visitor`, `origin`: no other site can send their forms;
//! - [`next`]: signing in leads to this origin only;
//! - `page`: the headers of every page;
//! - `form`: the only bodies that are read, and how much of them.
//!
//! | path | GET, HEAD | POST |
//! |---|---|---|
//! | `/auth` | to `/auth/home` | |
//! | `/auth/login` | the form; who is signed in already | signs in |
//! | `/auth/logout` | asks | signs out |
//! | `/auth/home` | who one is and what one may read | |

mod account;
mod assets;
pub mod csrf;
mod failure;
mod form;
mod home;
mod login;
mod logout;
pub mod next;
mod origin;
mod page;
pub(super) mod viewer;
mod visit;
mod visitor;

use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{Method, Response};
use spin_sdk::http::Request;
use spin_sdk::wasip3::http_compat::{IncomingBody, IncomingMessage};

use super::context::{self, Context};
use super::error::Error;
use super::negotiation::{Format, prefers_html};
use super::representation::Reply;
use crate::config::Settings;

use account::Account;
use form::Form;
use visit::Visit;

/// A path that is served here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Page {
    Root,
    Home,
    Login,
    Logout,
}

impl Page {
    fn at(path: &str) -> Result<Self, Error> {
        match path {
            "/auth" | "/auth/" => Ok(Self::Root),
            "/auth/home" => Ok(Self::Home),
            "/auth/login" => Ok(Self::Login),
            "/auth/logout" => Ok(Self::Logout),
            _ => Err(Error::NoRoute("nothing is served under this path".into())),
        }
    }

    /// What the log calls it.
    fn interaction(self) -> &'static str {
        match self {
            Self::Root | Self::Home => "home",
            Self::Login => "login",
            Self::Logout => "logout",
        }
    }

    /// The form that was sent to it, if the method sends one.
    async fn form<T: IncomingMessage>(
        self,
        request: &Parts,
        body: IncomingBody<T>,
    ) -> Result<Option<Form>, Error> {
        match (&request.method, self) {
            (&Method::GET | &Method::HEAD, _) => Ok(None),
            (_, Self::Root | Self::Home) => context::only_get(request).map(|()| None),
            // A program, which signs in with a header, has no form to send.
            (&Method::POST, Self::Logout) if request.headers.contains_key(AUTHORIZATION) => {
                Ok(Some(Form::default()))
            }
            (&Method::POST, _) => Form::read(request, body).await.map(Some),
            _ => Err(Error::Method {
                allowed: "GET, HEAD, POST",
            }),
        }
    }
}

/// Serves the pages: everything under `/auth` that is meant for people.
pub async fn serve(request: Request) -> Reply {
    let (request, body) = request.into_parts();
    let context = Context::of(&request);
    let mut log = context::Account {
        interaction: "page",
        ..context::Account::default()
    };
    let result = answer(&request, body, &mut log).await;
    let prefix = Settings::load().await.map(|settings| settings.base_path());
    let prefix = prefix.unwrap_or_default();
    let show = |error: &Error| {
        if prefers_html(&request.headers) {
            failure::show(&prefix, &context, error)
        } else {
            context.refuse(error, Format::default())
        }
    };
    context.conclude_with(result, show, log).await
}

async fn answer<T: IncomingMessage>(
    request: &Parts,
    body: IncomingBody<T>,
    log: &mut context::Account<'_>,
) -> Result<Response<String>, Error> {
    let path = request.uri.path();
    if let Some(asset) = assets::find(path) {
        return context::only_get(request).map(|()| asset);
    }
    let page = Page::at(path)?;
    log.interaction = page.interaction();
    let form = page.form(request, body).await?;
    let visit = Visit::new(request).await?;
    match (page, form) {
        (Page::Root, _) => page::see_other(&visit.location(None)),
        (Page::Login, Some(form)) => login::submit(&visit, &form, &mut log.user).await,
        (page, form) => {
            let account = account_at(page, &visit).await?;
            log.user = account.as_ref().map(|account| account.user);
            let account = account.as_ref();
            match (page, form) {
                (Page::Login, _) => login::show(&visit, account).await,
                (Page::Logout, Some(form)) => logout::submit(&visit, account, &form).await,
                (Page::Logout, None) => logout::show(&visit, account).await,
                _ => home::show(&visit, account).await,
            }
        }
    }
}

/// Who is signed in, as far as a page needs to know.
async fn account_at(page: Page, visit: &Visit<'_>) -> Result<Option<Account>, Error> {
    match account::identify(visit).await {
        // They may sign in as somebody else.
        Err(Error::NotInGroup) if page == Page::Login => Ok(None),
        account => account,
    }
}
