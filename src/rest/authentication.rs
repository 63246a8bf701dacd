//! Authentication: the middleware in front of every protected component.
//!
//! HTTP Basic with the credentials of GNU Health. Hashing a password takes tenths of a second and 64 MiB, so a verified
//! one is remembered: for [`FRESH`] without asking the database, then, as long as the stored hash is the same, for
//! [`REMEMBERED`] in the key-value store. What is kept are keyed hashes, never a password. A changed password and a
//! deactivated user so end within [`FRESH`].

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use chrono::Utc;
use headers::HeaderMapExt;
use headers::authorization::{Authorization, Basic};
use http::{HeaderValue, Response};
use spin_sdk::http::Request;
use spin_sdk::key_value::Store;

use crate::config::Settings;
use crate::db::Database;
use crate::signature::Signer;
use crate::tryton::{password, user};
use crate::turn::Turnstile;

use super::context::{Account, Context};
use super::error::Error;
use super::negotiation::Format;
use super::principal::{self, Principal};
use super::response::REQUEST_ID;

/// How long a verified password is taken for granted inside an instance.
const FRESH: Duration = Duration::from_secs(5);

/// How long the key-value store remembers a verified password, in milliseconds.
const REMEMBERED: i64 = 300_000;

/// How long a verification may take before other instances no longer wait for it, in milliseconds.
const VERIFICATION: i64 = 5_000;

/// How long an instance that waits for another's verification sleeps before it looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(30);

/// How many users an instance remembers; more start over.
const MOST_REMEMBERED: usize = 1000;

/// What is not passed on: the credentials, for which the component behind has no use, and what belongs to the client's
/// connection, which WASI refuses in a request that a guest makes (wasi:http, `header-error.forbidden`).
const KEPT_BACK: &[&str] = &[
    "authorization",
    "connection",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "transfer-encoding",
    "upgrade",
];

/// A user whose password was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// `res_user.id`.
    pub user: i64,
    /// Whether the user is in Tryton's group "Administration".
    pub administrator: bool,
}

/// Lets a request pass with the signed principal, or answers it with what is wrong.
///
/// # Errors
/// The response to give instead of passing the request on.
pub async fn admit(request: Request) -> Result<Request, Box<Response<String>>> {
    let context = Context::new(request.headers());
    match pass(&context, request).await {
        Ok(request) => Ok(request),
        Err(error) => {
            let account = Account {
                interaction: "authentication",
                ..Account::default()
            };
            let answer = context
                .conclude(Err(error), Format::default(), account)
                .await;
            Err(Box::new(answer))
        }
    }
}

async fn pass(context: &Context, mut request: Request) -> Result<Request, Error> {
    let settings = Settings::load().await?;
    let basic = request
        .headers()
        .typed_get::<Authorization<Basic>>()
        .ok_or(Error::Unauthenticated)?;
    let identity = verify(&settings, basic.username(), basic.password()).await?;
    let principal = Principal {
        user: identity.user,
    };
    let now = Utc::now().timestamp();
    let signed = principal.sign(&settings.secret, request.method(), request.uri(), now);
    let signed = signed.ok_or(Error::Internal("the principal cannot be written"))?;
    let headers = request.headers_mut();
    for header in KEPT_BACK {
        headers.remove(*header);
    }
    // What a client sends under these names is replaced.
    headers.insert(principal::HEADER, signed);
    if let Ok(id) = HeaderValue::from_str(&context.request) {
        headers.insert(REQUEST_ID, id);
    }
    Ok(request)
}

thread_local! {
    static VERIFIED: RefCell<HashMap<Vec<u8>, (Instant, Identity)>> = RefCell::default();
    static VERIFYING: Turnstile = Turnstile::default();
}

/// Verifies a login and password.
///
/// # Errors
/// [`Error::Unauthenticated`], whatever of both is wrong, and [`Error::Database`].
pub async fn verify(
    settings: &Rc<Settings>,
    login: &str,
    password: &str,
) -> Result<Identity, Error> {
    let signer = Signer::new(&settings.secret, "password");
    let key = signer.sign(&[login.as_bytes(), password.as_bytes()]);
    if let Some(identity) = fresh(&key) {
        return Ok(identity);
    }
    // One at a time: an application sends many requests with the same credentials at once.
    let _turn = VERIFYING.with(Clone::clone).pass().await;
    if let Some(identity) = fresh(&key) {
        return Ok(identity);
    }
    // PostgreSQL's text cannot hold it, and a hash may take it for the end of the password.
    if login.contains('\0') || password.contains('\0') {
        return Err(Error::Unauthenticated);
    }
    let database = Database::new(&settings.database);
    let user = user::by_login(&database, login).await?;
    let Some((user, hash)) = user.and_then(|user| Some((user.clone(), user.password_hash?))) else {
        // As long as a wrong password takes, so that nobody learns which logins exist.
        spin_sdk::time::sleep(LOOK_AGAIN).await;
        password::decoy(password);
        return Err(Error::Unauthenticated);
    };
    let identity = Identity {
        user: user.id,
        administrator: user.administrator,
    };
    let proof = signer.sign(&[&key, hash.as_bytes()]);
    let memory = Memory::open(user.id, proof).await;
    if memory.holds().await || memory.comes_to_hold().await {
        keep(key, identity);
        return Ok(identity);
    }
    let matches = password::matches(password, &hash);
    if matches {
        keep(key, identity);
        memory.write().await;
    }
    memory.withdraw().await;
    if matches {
        Ok(identity)
    } else {
        Err(Error::Unauthenticated)
    }
}

fn fresh(key: &[u8]) -> Option<Identity> {
    VERIFIED.with_borrow(|verified| {
        verified
            .get(key)
            .filter(|(at, _)| at.elapsed() < FRESH)
            .map(|(_, identity)| *identity)
    })
}

fn keep(key: Vec<u8>, identity: Identity) {
    VERIFIED.with_borrow_mut(|verified| {
        if verified.len() >= MOST_REMEMBERED {
            verified.clear();
        }
        verified.insert(key, (Instant::now(), identity));
    });
}

/// What the key-value store knows of a user's password: a fixed number of entries per user, so that it cannot grow
/// without bound. Where there is no store, nothing is remembered beyond the instance.
struct Memory {
    store: Option<Store>,
    user: i64,
    /// A keyed hash of login, password and stored hash.
    proof: Vec<u8>,
}

impl Memory {
    async fn open(user: i64, proof: Vec<u8>) -> Self {
        let store = Store::open_default().await.ok();
        Self { store, user, proof }
    }

    /// The entry of a password that was verified.
    fn verified(&self) -> String {
        format!("password/verified/{}", self.user)
    }

    /// The entry of a password that an instance is verifying.
    fn verifying(&self) -> String {
        format!("password/verifying/{}", self.user)
    }

    /// Whether this password was verified, and not too long ago.
    async fn holds(&self) -> bool {
        self.noted(&self.verified()).await.is_some()
    }

    /// Waits while another instance is verifying this password; false if this one has to do it. Instances start in
    /// numbers when requests do: without an election all of them would hash, and stall the rest. Who writes the entry
    /// last is elected; that two are, rarely, costs time only.
    async fn comes_to_hold(&self) -> bool {
        let mut candidate = [0; 8];
        let _ = getrandom::fill(&mut candidate);
        if self.noted(&self.verifying()).await.is_none() {
            self.note(&self.verifying(), VERIFICATION, &candidate).await;
        }
        loop {
            spin_sdk::time::sleep(LOOK_AGAIN).await;
            match self.noted(&self.verifying()).await {
                Some(elected) if elected != candidate => {}
                _ => return self.holds().await,
            }
            if self.holds().await {
                return true;
            }
        }
    }

    /// Tells them that it no longer is.
    async fn withdraw(&self) {
        if let Some(store) = &self.store {
            let _ = store.delete(self.verifying()).await;
        }
    }

    /// Remembers that the password was verified.
    async fn write(&self) {
        self.note(&self.verified(), REMEMBERED, &[]).await;
    }

    /// What an entry holds beside this proof, if it has it and is not over.
    async fn noted(&self, key: &str) -> Option<Vec<u8>> {
        let entry = self.store.as_ref()?.get(key).await.ok()??;
        let (end, rest) = entry.split_first_chunk()?;
        let (proof, beside) = rest.split_at_checked(self.proof.len())?;
        let same = bool::from(subtle::ConstantTimeEq::ct_eq(proof, self.proof.as_slice()));
        (same && Utc::now().timestamp_millis() < i64::from_be_bytes(*end)).then(|| beside.to_vec())
    }

    /// Notes this proof for some time. That it may fail costs time only: the password is then verified again.
    async fn note(&self, key: &str, milliseconds: i64, beside: &[u8]) {
        if let Some(store) = &self.store {
            let end = Utc::now().timestamp_millis() + milliseconds;
            let _ = store
                .set(
                    key,
                    [&end.to_be_bytes(), self.proof.as_slice(), beside].concat(),
                )
                .await;
        }
    }
}
