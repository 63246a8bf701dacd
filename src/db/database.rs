//! The database of the app.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

use crate::config;
use crate::turn::Turnstile;

use super::{Connection, Error, Planned, Row, Sql, in_use};

/// The database of the app, over the one connection that an instance keeps while it has requests in hand and a moment longer,
/// and that they share.
#[derive(Debug, Clone)]
pub struct Database {
    settings: config::Database,
}

thread_local! {
    static KEPT: RefCell<Option<Rc<Connection>>> = const { RefCell::new(None) };
    static OPENING: Turnstile = Turnstile::default();
}

impl Database {
    /// The database at the configured address. Opens nothing yet.
    #[must_use]
    pub fn new(settings: &config::Database) -> Self {
        Self {
            settings: settings.clone(),
        }
    }

    /// Runs a statement on the kept connection, planned once if it can be. If that turns out broken, opens another and tries once more:
    /// for statements that only read.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn rows(&self, sql: &Sql) -> Result<Vec<Row>, Error> {
        self.on_kept(async |kept| kept.run(sql).await).await
    }

    /// As [`Database::rows`], about the records with these ids.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn planned_rows(&self, planned: &Planned, ids: &[i64]) -> Result<Vec<Row>, Error> {
        self.on_kept(async |kept| kept.run_planned(planned, ids).await)
            .await
    }

    /// Runs a statement on a connection that is given back at once: for what is needed rarely. It comes from a pool of
    /// its own (pools are per address), so that it never waits for connections which instances keep.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn rows_once(&self, sql: &Sql) -> Result<Vec<Row>, Error> {
        let address = self.settings.apart("once").address();
        twice(async || Connection::open(&address).await?.rows(sql).await).await
    }

    async fn on_kept<T>(
        &self,
        run: impl AsyncFn(&Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        twice(async || {
            let connection = self.kept().await?;
            let result = run(&connection).await;
            if matches!(result, Err(Error::Lost)) {
                forget(&connection);
            }
            result
        })
        .await
    }

    async fn kept(&self) -> Result<Rc<Connection>, Error> {
        if let Some(connection) = KEPT.with_borrow(Clone::clone) {
            return Ok(connection);
        }
        let _turn = OPENING.with(Clone::clone).pass().await;
        if let Some(connection) = KEPT.with_borrow(Clone::clone) {
            return Ok(connection);
        }
        let begun = Instant::now();
        let opened = Rc::new(Connection::open(&self.settings.address()).await?);
        in_use::opened_in(begun.elapsed());
        KEPT.set(Some(Rc::clone(&opened)));
        Ok(opened)
    }
}

/// A connection from the pool may turn out broken when it is first used, and a kept one after that.
async fn twice<T>(attempt: impl AsyncFn() -> Result<T, Error>) -> Result<T, Error> {
    match attempt().await {
        Err(Error::Lost) => attempt().await,
        result => result,
    }
}

/// Gives the kept connection back to the pool.
pub(super) fn give_back() {
    KEPT.set(None);
}

fn forget(broken: &Rc<Connection>) {
    KEPT.with_borrow_mut(|slot| {
        if slot.as_ref().is_some_and(|kept| Rc::ptr_eq(kept, broken)) {
            *slot = None;
        }
    });
}
