//! How long an instance keeps its connection: while it has requests in hand, and a moment longer if they come one after another.
//!
//! A host has a few instances of a component beside one another, and lets each live for about a second after its last request. If
//! they kept their connections for so long, 16 clients would need a dozen, and a pool of three would stand still while idle instances
//! have them. One client alone would pay for opening one with each request if it were given back at once (docs/performance.md). Where
//! each of many instances has one request at a time, the moments would add up for those who wait; they notice by how long opening takes.

use std::cell::Cell;
use std::time::Duration;

use super::database;

/// How long a connection stays with an instance that has nothing to do: longer than the next request of the same client takes to
/// come.
const MOMENT: Duration = Duration::from_millis(10);

/// What opening a connection takes at most if there is one left in the pool.
const UNCONTENDED: Duration = Duration::from_millis(2);

thread_local! {
    static RUNNING: Cell<u32> = const { Cell::new(0) };
    static BEGUN: Cell<u64> = const { Cell::new(0) };
    /// Whether others are likely to wait for the connection: since it was opened there were several requests in hand at once, or
    /// to open it took long.
    static IS_BUSY: Cell<bool> = const { Cell::new(false) };
    static IS_WATCHED: Cell<bool> = const { Cell::new(false) };
}

/// A request that is being served. After the last of those that an instance has in hand, its connection goes back to the pool.
#[derive(Debug)]
pub struct InUse(());

impl InUse {
    /// A request begins.
    #[must_use]
    pub fn begin() -> Self {
        RUNNING.set(RUNNING.get() + 1);
        BEGUN.set(BEGUN.get().wrapping_add(1));
        IS_BUSY.set(IS_BUSY.get() || RUNNING.get() > 1);
        Self(())
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        RUNNING.set(RUNNING.get().saturating_sub(1));
        if RUNNING.get() > 0 {
            return;
        }
        if IS_BUSY.get() {
            give_back();
        } else if !IS_WATCHED.replace(true) {
            spin_sdk::wasip3::spawn(give_back_when_idle());
        }
    }
}

/// A connection was opened, and that took so long.
pub(super) fn opened_in(time: Duration) {
    IS_BUSY.set(IS_BUSY.get() || time > UNCONTENDED);
}

fn give_back() {
    IS_BUSY.set(false);
    database::give_back();
}

/// Ends as soon as there is a request in hand: the last one sees to the connection again.
async fn give_back_when_idle() {
    let mut begun = BEGUN.get();
    loop {
        spin_sdk::time::sleep(MOMENT).await;
        if RUNNING.get() > 0 {
            break;
        }
        if BEGUN.get() == begun {
            give_back();
            break;
        }
        begun = BEGUN.get();
    }
    IS_WATCHED.set(false);
}
