//! How many passwords are hashed at once, over all instances of the app.
//!
//! A hash takes a core and 64 MiB for tenths of a second, and instances start in numbers when requests do. So who hashes
//! holds one of [`SLOTS`] entries of the key-value store, with an owner and an end. The store has no compare-and-swap:
//! who wrote an entry last is its owner, which each looks up after a moment. That two hold the same, rarely, costs time
//! only. Two never hash the same credentials: they try the slots in the same order, and who finds theirs being hashed
//! waits for the outcome.

use std::time::Duration;

use chrono::Utc;
use spin_sdk::key_value::Store;

/// How many hashes run at once.
const SLOTS: u8 = 2;

/// For how long a slot is held at most, in milliseconds: longer than the slowest hash that is computed takes.
const LEASE: i64 = 15_000;

/// After which time who wrote an entry looks whether another did too.
const ELECTION: Duration = Duration::from_millis(30);

/// The right to hash. To be given back; is lost after some time in any case.
pub(super) struct Slot(Option<Held>);

/// An entry, and who wrote it.
struct Held {
    store: Store,
    entry: String,
    owner: [u8; 8],
}

/// What an entry says.
struct Lease {
    owner: Vec<u8>,
    proof: Vec<u8>,
}

impl Slot {
    /// Takes a slot, if one is free; `proof` is a keyed hash of what is to be hashed.
    pub(super) async fn take(proof: &[u8]) -> Option<Self> {
        let Ok(store) = Store::open_default().await else {
            // Without a store, the turnstile of the instance is all there is.
            return Some(Self(None));
        };
        let entry = free(&store, proof).await?;
        let mut owner = [0; 8];
        let _ = getrandom::fill(&mut owner);
        write(&store, &entry, &owner, proof).await;
        spin_sdk::time::sleep(ELECTION).await;
        let elected = read(&store, &entry).await;
        let is_mine = elected.is_none_or(|lease| lease.owner == owner);
        is_mine.then_some(Self(Some(Held {
            store,
            entry,
            owner,
        })))
    }

    /// Gives the slot back.
    pub(super) async fn release(self) {
        let Some(held) = self.0 else { return };
        let lease = read(&held.store, &held.entry).await;
        // If it was held for too long, it is another's by now.
        if lease.is_some_and(|lease| lease.owner == held.owner) {
            let _ = held.store.delete(held.entry).await;
        }
    }
}

/// The entry of a slot that nobody holds; none if these credentials are being hashed.
async fn free(store: &Store, proof: &[u8]) -> Option<String> {
    let first = proof.first().copied().unwrap_or_default();
    let mut found = None;
    for place in 0..SLOTS {
        let entry = format!("password/slot/{}", first.wrapping_add(place) % SLOTS);
        match read(store, &entry).await {
            Some(lease) if lease.proof == proof => return None,
            Some(_) => {}
            None => found = found.or(Some(entry)),
        }
    }
    found
}

/// An entry that is not over.
async fn read(store: &Store, entry: &str) -> Option<Lease> {
    let value = store.get(entry).await.ok()??;
    let (end, rest) = value.split_first_chunk()?;
    let (owner, proof) = rest.split_at_checked(8)?;
    (Utc::now().timestamp_millis() < i64::from_be_bytes(*end)).then(|| Lease {
        owner: owner.to_vec(),
        proof: proof.to_vec(),
    })
}

async fn write(store: &Store, entry: &str, owner: &[u8], proof: &[u8]) {
    let end = Utc::now().timestamp_millis() + LEASE;
    let value = [&end.to_be_bytes(), owner, proof].concat();
    let _ = store.set(entry, value).await;
}
