//! How long an instance keeps its connection: while it has requests in hand, and a moment longer.
//!
//! A host has a few instances of a component beside one another, and lets each live for about a second after its last request. If
//! they kept their connections for so long, 16 clients would need a dozen, and a pool of three would stand still while idle instances
//! have them. If they gave them back at once, one client alone would pay for opening one with each request (docs/performance.md).

use std::cell::Cell;
use std::time::Duration;

use super::database;

/// How long a connection stays with an instance that has nothing to do: longer than the next request of the same client takes to
/// come, and so short that others can wait for it.
const MOMENT: Duration = Duration::from_millis(5);

thread_local! {
    static RUNNING: Cell<u32> = const { Cell::new(0) };
    static BEGUN: Cell<u64> = const { Cell::new(0) };
    static IS_WATCHED: Cell<bool> = const { Cell::new(false) };
}

/// A request that is being served. A moment after the last of those that an instance has in hand, its connection goes back to the pool.
#[derive(Debug)]
pub struct InUse(());

impl InUse {
    /// A request begins.
    #[must_use]
    pub fn begin() -> Self {
        RUNNING.set(RUNNING.get() + 1);
        BEGUN.set(BEGUN.get().wrapping_add(1));
        Self(())
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        RUNNING.set(RUNNING.get().saturating_sub(1));
        if RUNNING.get() == 0 && !IS_WATCHED.replace(true) {
            spin_sdk::wasip3::spawn(give_back_when_idle());
        }
    }
}

/// Ends as soon as there are requests in hand: the last of them watches again.
async fn give_back_when_idle() {
    let mut begun = BEGUN.get();
    loop {
        spin_sdk::time::sleep(MOMENT).await;
        if RUNNING.get() > 0 {
            break;
        }
        if BEGUN.get() == begun {
            database::give_back();
            break;
        }
        begun = BEGUN.get();
    }
    IS_WATCHED.set(false);
}
