//! Taking turns inside an instance: what many concurrent requests need is done by one of them, and the others wait.
//!
//! Without this, the first requests of an instance would each open a connection or hash the same password. Requests of
//! an instance are separate tasks that cannot wake one another (the runtime of spin-sdk has no such wake-up), so waiting
//! is sleeping for a moment at a time.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// How long to sleep before looking again.
const MOMENT: Duration = Duration::from_millis(1);

/// How long a request waits for what another one of its instance asks the database, before it asks the same itself.
const PATIENCE: Duration = Duration::from_secs(1);

/// Passed by one request at a time.
#[derive(Debug, Clone, Default)]
pub struct Turnstile(Rc<Cell<bool>>);

/// The right to go on; ends when dropped, also when the request is cancelled.
#[derive(Debug)]
#[must_use]
pub struct Turn(Rc<Cell<bool>>);

impl Turnstile {
    /// As [`Turnstile::pass`], for what takes long: looks again after each `moment`, and gives up at `end`.
    pub async fn pass_until(&self, end: Instant, moment: Duration) -> Option<Turn> {
        while self.0.replace(true) {
            if Instant::now() >= end {
                return None;
            }
            spin_sdk::time::sleep(moment).await;
        }
        Some(Turn(Rc::clone(&self.0)))
    }

    /// As [`Turnstile::pass`], for what another request may as well do at the same time: `None` after a second.
    pub async fn pass_soon(&self) -> Option<Turn> {
        self.pass_until(Instant::now() + PATIENCE, MOMENT).await
    }

    /// Waits until no other request is past the turnstile. What was to be done may have been done meanwhile: look again.
    pub async fn pass(&self) -> Turn {
        while self.0.replace(true) {
            spin_sdk::time::sleep(MOMENT).await;
        }
        Turn(Rc::clone(&self.0))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.set(false);
    }
}
