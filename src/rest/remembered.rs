//! Who was verified not long ago.
//!
//! An instance remembers for [`FRESH`], without asking the database: within this time at the latest a changed password,
//! a deleted session or a deactivated user takes effect. The key-value store remembers a verified password for
//! five minutes, as long as its stored hash is the same, so that instances need not hash again. What is kept are keyed
//! hashes, never a password, a key or a token.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use chrono::Utc;
use spin_sdk::key_value::Store;

use super::identity::Identity;

/// How long an instance takes for granted what it found out.
pub const FRESH: Duration = Duration::from_secs(5);

/// How long the key-value store remembers a verified password, in milliseconds.
const REMEMBERED: i64 = 300_000;

/// How many credentials an instance remembers; more start over.
const MOST: usize = 1000;

thread_local! {
    static KNOWN: RefCell<HashMap<Vec<u8>, (Instant, Identity)>> = RefCell::default();
}

/// Who has the credentials with this keyed hash, if that is known.
pub(super) fn fresh(key: &[u8]) -> Option<Identity> {
    KNOWN.with_borrow(|known| {
        known
            .get(key)
            .filter(|(at, _)| at.elapsed() < FRESH)
            .map(|(_, identity)| identity.clone())
    })
}

/// Remembers who has them. `asked` is when finding out began: what changed since then may not have been seen.
pub(super) fn keep(key: Vec<u8>, asked: Instant, identity: &Identity) {
    KNOWN.with_borrow_mut(|known| {
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(key, (asked, identity.clone()));
    });
}

/// Forgets a login: while it is locked a right guess must not be told from a wrong one by what is remembered.
pub(super) fn forget(login: &str) {
    KNOWN.with_borrow_mut(|known| known.retain(|_, (_, identity)| identity.login != login));
}

/// What the key-value store knows of a user's password: one entry per user, so that it cannot grow without bound. Where
/// there is no store, nothing is remembered beyond the instance.
pub(super) struct Memory {
    store: Option<Store>,
    user: i64,
    /// A keyed hash of login, password and stored hash.
    proof: Vec<u8>,
}

impl Memory {
    pub(super) async fn open(user: i64, proof: Vec<u8>) -> Self {
        let store = Store::open_default().await.ok();
        Self { store, user, proof }
    }

    fn entry(&self) -> String {
        format!("password/verified/{}", self.user)
    }

    /// Whether this password was verified, and not too long ago.
    pub(super) async fn holds(&self) -> bool {
        let Some(store) = &self.store else {
            return false;
        };
        let entry = store.get(self.entry()).await.ok().flatten();
        let entry = entry.unwrap_or_default();
        let Some((end, proof)) = entry.split_first_chunk() else {
            return false;
        };
        let same = bool::from(subtle::ConstantTimeEq::ct_eq(proof, self.proof.as_slice()));
        same && Utc::now().timestamp_millis() < i64::from_be_bytes(*end)
    }

    /// Remembers that it was. That it may fail costs time only: the password is then verified again.
    pub(super) async fn write(&self) {
        if let Some(store) = &self.store {
            let end = Utc::now().timestamp_millis() + REMEMBERED;
            let entry = [&end.to_be_bytes(), self.proof.as_slice()].concat();
            let _ = store.set(self.entry(), entry).await;
        }
    }
}
