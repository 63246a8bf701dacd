//! Who sends a request.

use std::rc::Rc;
use std::time::Instant;

use http::request::Parts;

use crate::config::Settings;
use crate::db::Database;
use crate::signature::Signer;
use crate::tryton::session::{self, Session};
use crate::tryton::{application, user};
use crate::turn::{Turn, Turnstile};

use super::client::Client;
use super::credentials::Credentials;
use super::error::Error;
use super::sign_in::Trial;
use super::{cookie, remembered, verification};

thread_local! {
    static ASKING: Turnstile = Turnstile::default();
}

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
    let (identity, _turn) = known(&key).await;
    if let Some(identity) = identity {
        return Ok(identity);
    }
    let database = Database::new(&settings.database);
    let groups = &settings.require_group;
    let user = session::check(&database, session, &settings.session, groups).await?;
    let identity = Identity::admit(user.ok_or(Error::Unauthenticated)?)?;
    remembered::keep(key, asked, &identity);
    Ok(identity)
}

/// Who has the credentials with this keyed hash, if the instance knows. Else it is this request's turn to find out: the first
/// requests of an instance come together, mostly of the same user, and would each take a connection to ask the same. One that has
/// waited too long asks all the same.
async fn known(key: &[u8]) -> (Option<Identity>, Option<Turn>) {
    if let Some(identity) = remembered::fresh(key) {
        return (Some(identity), None);
    }
    let turn = ASKING.with(Clone::clone).pass_soon().await;
    (remembered::fresh(key), turn)
}

async fn by_key(settings: &Rc<Settings>, application: &str) -> Result<Identity, Error> {
    let asked = Instant::now();
    let key = Signer::new(&settings.secret, "application").sign(&[application.as_bytes()]);
    let (identity, _turn) = known(&key).await;
    if let Some(identity) = identity {
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
    let (identity, turn) = known(&trial.key).await;
    if let Some(identity) = identity {
        return Ok(identity);
    }
    let identity = async {
        match trial.remembered().await? {
            Some(identity) => Ok(identity),
            None => {
                // A password takes long to hash, and is another's in most cases.
                drop(turn);
                verification::ask(settings, login, password, client).await
            }
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
