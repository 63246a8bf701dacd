//! Authentication: the middleware in front of every protected component.
//!
//! HTTP Basic with the credentials of GNU Health. Hashing a password takes tenths of a second and 64 MiB, so a verified
//! one is remembered: for [`FRESH`] without asking the database, then, as long as the stored hash is the same, for
//! [`REMEMBERED`] in the key-value store. What is kept are keyed hashes, never a password. A changed password and a
//! deactivated user so end within [`FRESH`].

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use chrono::Utc;
use headers::HeaderMapExt;
use headers::authorization::{Authorization, Basic};
use http::header::{AUTHORIZATION, CONNECTION, HOST};
use http::{HeaderValue, Response};
use spin_sdk::http::Request;
use spin_sdk::key_value::Store;

use crate::config::Settings;
use crate::signature::Signer;
use crate::tryton::{password, user};

use super::context::{self, Account, Context};
use super::error::Error;
use super::negotiation::Format;
use super::principal::{self, Principal};
use super::response::REQUEST_ID;

/// How long a verified password is taken for granted inside an instance.
const FRESH: Duration = Duration::from_secs(5);

/// How long the key-value store remembers a verified password, in seconds.
const REMEMBERED: i64 = 300;

/// How many users an instance remembers; more start over.
const MOST_REMEMBERED: usize = 1000;

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
            let mut answer = context.refuse(&error, Format::default());
            let account = Account {
                interaction: "authentication",
                ..Account::default()
            };
            context.finish(&mut answer, account, Some(&error)).await;
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
    // The component behind has no use for credentials. `Host` and `Connection` belong to the client's connection.
    for header in [
        AUTHORIZATION,
        HOST,
        CONNECTION,
        principal::HEADER,
        REQUEST_ID,
    ] {
        headers.remove(header);
    }
    headers.insert(principal::HEADER, signed);
    if let Ok(id) = HeaderValue::from_str(&context.request) {
        headers.insert(REQUEST_ID, id);
    }
    Ok(request)
}

thread_local! {
    static VERIFIED: RefCell<HashMap<Vec<u8>, (Instant, Identity)>> = RefCell::default();
}

/// Verifies a login and password.
///
/// # Errors
/// [`Error::Unauthenticated`], whatever of both is wrong, and [`Error::Database`].
pub async fn verify(
    settings: &std::rc::Rc<Settings>,
    login: &str,
    password: &str,
) -> Result<Identity, Error> {
    let signer = Signer::new(&settings.secret, "password");
    let key = signer.sign(&[login.as_bytes(), password.as_bytes()]);
    if let Some(identity) = fresh(&key) {
        return Ok(identity);
    }
    let database = context::database(settings);
    let Some(user) = user::by_login(&database, login).await? else {
        password::decoy(password);
        return Err(Error::Unauthenticated);
    };
    let identity = Identity {
        user: user.id,
        administrator: user.administrator,
    };
    let hash = user.password_hash.unwrap_or_default();
    let memory = Memory {
        user: user.id,
        proof: signer.sign(&[&key, hash.as_bytes()]),
    };
    if memory.holds().await {
        keep(key, identity);
        return Ok(identity);
    }
    // While this request waited, another of this instance may have verified the same password.
    if let Some(identity) = fresh(&key) {
        return Ok(identity);
    }
    if !password::matches(password, &hash) {
        return Err(Error::Unauthenticated);
    }
    keep(key, identity);
    memory.write().await;
    Ok(identity)
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

/// What the key-value store knows of a user's password: one entry per user, so that it cannot grow without bound.
/// Where there is no store, nothing is remembered beyond the instance.
struct Memory {
    user: i64,
    /// A keyed hash of login, password and stored hash.
    proof: Vec<u8>,
}

impl Memory {
    fn key(&self) -> String {
        format!("password/{}", self.user)
    }

    async fn holds(&self) -> bool {
        let Ok(store) = Store::open_default().await else {
            return false;
        };
        let Ok(Some(entry)) = store.get(self.key()).await else {
            return false;
        };
        let Some((expiry, proof)) = entry.split_first_chunk() else {
            return false;
        };
        let same = subtle::ConstantTimeEq::ct_eq(proof, self.proof.as_slice());
        Utc::now().timestamp() < i64::from_be_bytes(*expiry) && bool::from(same)
    }

    async fn write(&self) {
        let Ok(store) = Store::open_default().await else {
            return;
        };
        let mut entry = (Utc::now().timestamp() + REMEMBERED).to_be_bytes().to_vec();
        entry.extend(&self.proof);
        // Not remembering costs time only.
        let _ = store.set(self.key(), entry).await;
    }
}
