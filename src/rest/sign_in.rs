//! Signing in with a password, under the rules of Tryton (`res.user.get_login`, trytond/res/user.py).
//!
//! Runs in the component `login` only, so that hashing stalls no other. What it costs is bounded: failed attempts are
//! counted before a password is looked at, and again when its turn has come; hashes run one at a time in an instance, and
//! only a few at once over all. An unknown login takes the same way as a wrong password.

use std::cell::RefCell;
use std::hint::black_box;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::config::Settings;
use crate::db::Database;
use crate::signature::Signer;
use crate::tryton::attempt::{Attempt, Candidate, Refusal, Standing};
use crate::tryton::{password, user};
use crate::turn::Turnstile;

use super::client::Client;
use super::error::Error;
use super::identity::Identity;
use super::remembered::Memory;
use super::slot::Slot;

/// How long a password may wait for its turn to be hashed.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long who waits for a turn sleeps before looking again.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Longer passwords match nothing, as in passlib (`PASSWORD_MAX_SIZE`, in characters).
const LONGEST_PASSWORD: usize = 4096;

/// Longer logins are nobody's; what is counted of one is shorter.
const LONGEST_LOGIN: usize = 4096;

thread_local! {
    static HASHING: Turnstile = Turnstile::default();
}

/// Verifies a login and password.
///
/// # Errors
/// - [`Error::Unauthenticated`], whatever of both is wrong
/// - [`Error::Throttled`] after too many failed attempts, or too soon after one
/// - [`Error::NotInGroup`] if the password is right, and the user not in a required group
/// - [`Error::Busy`] if too many others wait for their password to be looked at
/// - [`Error::Database`]
pub async fn sign_in(
    settings: &Rc<Settings>,
    login: &str,
    password: &str,
    client: &Client,
) -> Result<Identity, Error> {
    let trial = Trial::new(settings, login, password, client)?;
    let candidate = trial.standing().await?.candidate;
    let memory = trial.memory(candidate.as_ref()).await;
    let end = Instant::now() + PATIENCE;
    let turnstile = HASHING.with(Clone::clone);
    let _turn = turnstile
        .pass_until(end, LOOK_AGAIN)
        .await
        .ok_or(Error::Busy)?;
    loop {
        // Another may have verified the same password meanwhile.
        if memory.holds().await
            && let Some(identity) = trial.remembered().await?
        {
            return Ok(identity);
        }
        if let Some(slot) = Slot::take(&trial.key).await {
            let result = trial.decide().await;
            slot.release().await;
            return result;
        }
        if Instant::now() >= end {
            return Err(Error::Busy);
        }
        spin_sdk::time::sleep(LOOK_AGAIN).await;
    }
}

/// A login and password that are tried.
pub(super) struct Trial<'a> {
    settings: &'a Settings,
    database: Database,
    attempt: Attempt,
    password: &'a str,
    signer: Signer,
    /// A keyed hash of both.
    pub(super) key: Vec<u8>,
}

impl<'a> Trial<'a> {
    /// # Errors
    /// [`Error::Unauthenticated`] if no user can have them.
    pub(super) fn new(
        settings: &'a Settings,
        login: &str,
        password: &'a str,
        client: &Client,
    ) -> Result<Self, Error> {
        // PostgreSQL's text cannot hold a NUL, and at the end of a password it means nothing to HMAC.
        if login.contains('\0')
            || password.contains('\0')
            || login.chars().count() > LONGEST_LOGIN
            || password.chars().count() > LONGEST_PASSWORD
        {
            return Err(Error::Unauthenticated);
        }
        let signer = Signer::new(&settings.secret, "password");
        Ok(Self {
            settings,
            database: Database::new(&settings.database),
            attempt: Attempt {
                login: login.to_owned(),
                address: client.address(),
                network: client.network(&settings.session),
            },
            password,
            key: signer.sign(&[login.as_bytes(), password.as_bytes()]),
            signer,
        })
    }

    /// What the database knows of the login, if the attempt is not refused whatever the password is.
    pub(super) async fn standing(&self) -> Result<Standing, Error> {
        let rules = &self.settings.session;
        let groups = &self.settings.require_group;
        let standing = self.attempt.standing(&self.database, rules, groups).await?;
        match standing.refusal {
            None => Ok(standing),
            Some(Refusal::Login(seconds)) => {
                self.attempt.add(&self.database, rules).await?;
                Err(Error::Throttled { seconds })
            }
            Some(Refusal::Network(seconds) | Refusal::Early(seconds)) => {
                Err(Error::Throttled { seconds })
            }
        }
    }

    /// Who has this password, if that was verified not long ago and the attempt is not refused.
    pub(super) async fn remembered(&self) -> Result<Option<Identity>, Error> {
        let candidate = self.standing().await?.candidate;
        let held = self.memory(candidate.as_ref()).await.holds().await;
        let known = candidate.filter(|candidate| held && candidate.password_hash.is_some());
        known
            .map(|candidate| Identity::admit(candidate.user))
            .transpose()
    }

    /// What is remembered of this password, if it is that of the candidate.
    async fn memory(&self, candidate: Option<&Candidate>) -> Memory {
        let hash = candidate.and_then(|candidate| candidate.password_hash.as_deref());
        let id = candidate.map_or(0, |candidate| candidate.user.id);
        let proof = self
            .signer
            .sign(&[&self.key, hash.unwrap_or_default().as_bytes()]);
        Memory::open(id, proof).await
    }

    /// Looks at the password.
    async fn decide(&self) -> Result<Identity, Error> {
        let decoy = decoy(&self.database).await?;
        let candidate = self.standing().await?.candidate;
        let memory = self.memory(candidate.as_ref()).await;
        let remembered = memory.holds().await;
        let Some(candidate) = candidate else {
            black_box(password::matches(self.password, &decoy));
            return self.fail().await;
        };
        let right = match (&candidate.password_hash, &candidate.password_reset) {
            (Some(_), _) if remembered => return Identity::admit(candidate.user),
            (Some(hash), _) => password::matches(self.password, hash),
            (None, reset) => {
                black_box(password::matches(self.password, &decoy));
                reset
                    .as_ref()
                    .is_some_and(|reset| password::equal(self.password, reset))
            }
        };
        if !right {
            return self.fail().await;
        }
        if candidate.password_hash.is_some() {
            memory.write().await;
        }
        self.attempt.remove(&self.database).await?;
        Identity::admit(candidate.user)
    }

    async fn fail(&self) -> Result<Identity, Error> {
        self.attempt
            .add(&self.database, &self.settings.session)
            .await?;
        Err(Error::Unauthenticated)
    }
}

/// A hash that costs what most of this installation cost: for logins that have none.
async fn decoy(database: &Database) -> Result<Rc<str>, Error> {
    thread_local! {
        static DECOY: RefCell<Option<Rc<str>>> = const { RefCell::new(None) };
    }
    if let Some(decoy) = DECOY.with_borrow(Clone::clone) {
        return Ok(decoy);
    }
    let usual = user::usual_hash(database).await?;
    let decoy: Rc<str> = usual.as_deref().unwrap_or(password::DECOY).into();
    DECOY.set(Some(Rc::clone(&decoy)));
    Ok(decoy)
}
