//! Who is signed in, and the session behind it: what the pages need of authentication.

use http::HeaderValue;
use http::header::AUTHORIZATION;

use super::visit::Visit;
use crate::rest::client::Client;
use crate::rest::credentials::Credentials;
use crate::rest::error::Error;
use crate::rest::principal::Principal;
use crate::rest::{cookie, identity, sign_in};
use crate::tryton::profile::{self, Profile};
use crate::tryton::session::{self, Session};

/// A user who is signed in.
#[derive(Debug, Clone)]
pub(super) struct Account {
    /// `res_user.id`.
    pub(super) user: i64,
    /// The session that the request carries, if it carries one.
    session: Option<Session>,
    /// Whether a header says who it is, which no other site can make a browser send: a program, which has no form.
    pub(super) is_program: bool,
}

impl Account {
    /// What the pages say of the user.
    pub(super) async fn profile(&self, visit: &Visit<'_>) -> Result<Profile, Error> {
        let profile = profile::by_id(&visit.database(), self.user).await?;
        profile.ok_or(Error::Unauthenticated)
    }

    /// As whom resources are read.
    pub(super) fn principal(&self) -> Principal {
        Principal { user: self.user }
    }

    /// The session in the cookie of a browser, as a text that only the browser and we know.
    pub(super) fn bearer(&self) -> Option<String> {
        let session = self.session.as_ref().filter(|_| !self.is_program);
        session.map(Session::token)
    }

    /// Ends the session in the database.
    pub(super) async fn sign_out(&self, visit: &Visit<'_>) -> Result<(), Error> {
        if let Some(session) = &self.session {
            session::remove(&visit.database(), session).await?;
        }
        Ok(())
    }
}

/// Who sends the request; `None`: nobody who is signed in.
pub(super) async fn identify(visit: &Visit<'_>) -> Result<Option<Account>, Error> {
    let (settings, request) = (&visit.settings, visit.request);
    if !request.headers.contains_key(AUTHORIZATION) {
        let signed_in = identity::signed_in(settings, request).await?;
        return Ok(signed_in.map(|(identity, session)| Account {
            user: identity.user,
            session: Some(session),
            is_program: false,
        }));
    }
    match program(visit).await {
        Err(Error::Unauthenticated) => Ok(None),
        account => account.map(Some),
    }
}

/// The program that signs in with a header.
async fn program(visit: &Visit<'_>) -> Result<Account, Error> {
    let (settings, request) = (&visit.settings, visit.request);
    let credentials = Credentials::of(settings, request)?.ok_or(Error::Unauthenticated)?;
    let identity = match &credentials {
        // Here, since this is the component that the others ask to verify passwords.
        Credentials::Password { login, password } => {
            let client = Client::of(settings, request);
            sign_in::sign_in(settings, login, password, &client).await?
        }
        _ => identity::identify(settings, request)
            .await?
            .ok_or(Error::Unauthenticated)?,
    };
    Ok(Account {
        user: identity.user,
        session: match credentials {
            Credentials::Session(session) => Some(session),
            _ => None,
        },
        is_program: true,
    })
}

/// Signs in: gives the user, and the cookie of a new session. The one that the browser had is over, whosever it was.
///
/// # Errors
/// As [`sign_in::sign_in`].
pub(super) async fn sign_in(
    visit: &Visit<'_>,
    login: &str,
    password: &str,
) -> Result<(i64, HeaderValue), Error> {
    let (settings, request) = (&visit.settings, visit.request);
    let client = Client::of(settings, request);
    let identity = sign_in::sign_in(settings, login, password, &client).await?;
    let database = visit.database();
    let session = session::create(&database, identity.user).await?;
    if let Ok(Some(before)) = cookie::session(settings, request) {
        session::remove(&database, &before).await?;
    }
    let cookie = cookie::session_cookie(settings, request, &session);
    Ok((identity.user, cookie))
}
