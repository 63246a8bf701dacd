//! Who sends a request.

use std::rc::Rc;
use std::time::Instant;

use http::request::Parts;

use crate::config::Settings;
use crate::db::Database;
use crate::signature::Signer;
use crate::tryton::session::{self, Session};
use crate::tryton::{application, user};

use super::client::Client;
use super::credentials::Credentials;
use super::error::Error;
use super::sign_in::Trial;
use super::{cookie, remembered, verification};

/// A user who was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// `res_user.id`.
    pub user: i64,
    /// The login name.
    pub login: String,
    /// Whether the user is in Tryton's group "Administration".
    pub administrator: bool,
}

impl Identity {
    /// The identity of a user whose credentials are right.
    ///
    /// # Errors
    /// [`Error::NotInGroup`] if the operator requires a group that the user is not in.
    pub(super) fn admit(user: user::User) -> Result<Self, Error> {
        if !user.permitted {
            return Err(Error::NotInGroup);
        }
        Ok(Self {
            user: user.id,
            login: user.login,
            administrator: user.administrator,
        })
    }
}

/// Who sends a request, by whatever credentials it carries; `None`: it carries none.
///
/// # Errors
/// [`Error::Unauthenticated`] if they are wrong, and as [`sign_in`](super::sign_in::sign_in).
pub async fn identify(settings: &Rc<Settings>, request: &Parts) -> Result<Option<Identity>, Error> {
    let identity = match Credentials::of(settings, request)? {
        None => return Ok(None),
        Some(Credentials::Password { login, password }) => {
            let client = Client::of(settings, request);
            by_password(settings, &login, &password, &client).await
        }
        Some(Credentials::Session(session)) => by_session(settings, &session).await,
        Some(Credentials::Key(key)) => by_key(settings, &key).await,
    };
    identity.map(Some)
}

/// Who is signed in by the cookie of a request, and in which session; `None`: nobody. For pages, to which a cookie that
/// is not good any more is as none.
///
/// # Errors
/// [`Error::NotInGroup`] and [`Error::Database`].
pub async fn signed_in(
    settings: &Rc<Settings>,
    request: &Parts,
) -> Result<Option<(Identity, Session)>, Error> {
    let Ok(Some(session)) = cookie::session(settings, request) else {
        return Ok(None);
    };
    match by_session(settings, &session).await {
        Ok(identity) => Ok(Some((identity, session))),
        Err(Error::Unauthenticated) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whose session it is.
///
/// # Errors
/// [`Error::Unauthenticated`] if it is nobody's, [`Error::NotInGroup`] and [`Error::Database`].
pub async fn by_session(settings: &Rc<Settings>, session: &Session) -> Result<Identity, Error> {
    let asked = Instant::now();
    let key = Signer::new(&settings.secret, "session").sign(&[session.token().as_bytes()]);
    if let Some(identity) = remembered::fresh(&key) {
        return Ok(identity);
    }
    let database = Database::new(&settings.database);
    let groups = &settings.require_group;
    let user = session::check(&database, session, &settings.session, groups).await?;
    let identity = Identity::admit(user.ok_or(Error::Unauthenticated)?)?;
    remembered::keep(key, asked, &identity);
    Ok(identity)
}

async fn by_key(settings: &Rc<Settings>, application: &str) -> Result<Identity, Error> {
    let asked = Instant::now();
    let key = Signer::new(&settings.secret, "application").sign(&[application.as_bytes()]);
    if let Some(identity) = remembered::fresh(&key) {
        return Ok(identity);
    }
    let database = Database::new(&settings.database);
    let (names, groups) = (&settings.applications, &settings.require_group);
    let user = application::check(&database, application, names, groups).await?;
    let identity = Identity::admit(user.ok_or(Error::Unauthenticated)?)?;
    remembered::keep(key, asked, &identity);
    Ok(identity)
}

/// A password that was verified not long ago is good without hashing it again, unless the login is locked: what is
/// remembered would tell a right guess from a wrong one. Else the component `login` verifies it.
async fn by_password(
    settings: &Rc<Settings>,
    login: &str,
    password: &str,
    client: &Client,
) -> Result<Identity, Error> {
    let asked = Instant::now();
    let trial = Trial::new(settings, login, password, client)?;
    if let Some(identity) = remembered::fresh(&trial.key) {
        return Ok(identity);
    }
    let identity = async {
        match trial.remembered().await? {
            Some(identity) => Ok(identity),
            None => verification::ask(settings, login, password, client).await,
        }
    };
    let identity = identity.await.inspect_err(|error| {
        if matches!(error, Error::Throttled { .. }) {
            remembered::forget(login);
        }
    })?;
    remembered::keep(trial.key, asked, &identity);
    Ok(identity)
}
