//! How long an instance keeps its connection: while it has requests in hand.
//!
//! A host has a few instances of a component beside one another, and lets each live for about a second after its last request. If
//! they kept their connections for so long, 16 clients would need a dozen, and a pool of three would stand still while idle instances
//! have them. Under load there is mostly a request in hand; one client alone pays for opening it each time (docs/performance.md).

use std::cell::Cell;

use super::database;

thread_local! {
    static RUNNING: Cell<u32> = const { Cell::new(0) };
}

/// A request that is being served. With the last of those that an instance has in hand, its connection goes back to the pool.
#[derive(Debug)]
pub struct InUse(());

impl InUse {
    /// A request begins.
    #[must_use]
    pub fn begin() -> Self {
        RUNNING.set(RUNNING.get() + 1);
        Self(())
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        RUNNING.set(RUNNING.get().saturating_sub(1));
        if RUNNING.get() == 0 {
            database::give_back();
        }
    }
}
