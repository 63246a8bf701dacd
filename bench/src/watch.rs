//! The most that was taken meanwhile: memory of the app, connections of PostgreSQL.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use xtask::process;

/// How often one looks. Seldom: looking takes time from what is measured.
const EVERY: Duration = Duration::from_millis(250);

/// The most that was seen.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Watched {
    /// Bytes.
    pub(crate) memory: u64,
    /// Of the app's role.
    pub(crate) connections: u32,
}

/// Looks until it is stopped.
#[derive(Debug)]
pub(crate) struct Watch {
    over: Arc<AtomicBool>,
    thread: JoinHandle<Watched>,
}

impl Watch {
    /// Watches a process, and the server that the connection leads to.
    pub(crate) fn start(process: u32, mut owner: postgres::Client) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            let mut most = Watched::default();
            loop {
                most.memory = most
                    .memory
                    .max(process::memory(process).unwrap_or_default());
                most.connections = most.connections.max(connections(&mut owner));
                if stop.load(Ordering::Relaxed) {
                    return most;
                }
                std::thread::sleep(EVERY);
            }
        });
        Self { over, thread }
    }

    pub(crate) fn stop(self) -> Watched {
        self.over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or_default()
    }
}

fn connections(owner: &mut postgres::Client) -> u32 {
    let counted = owner.query_one(
        "SELECT count(*) FROM pg_stat_activity WHERE usename = 'gnuhealth_fhir'",
        &[],
    );
    counted.map_or(0, |row| {
        u32::try_from(row.get::<_, i64>(0)).unwrap_or_default()
    })
}
