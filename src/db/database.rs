//! The database of the app.

use std::cell::RefCell;
use std::rc::Rc;

use crate::config;
use crate::turn::Turnstile;

use super::{Connection, Error, Planned, Row, Sql};

/// The database of the app, over the one connection that an instance keeps while it has requests in hand, and that they share.
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
        let connection = self.kept().await?;
        match connection.run(sql).await {
            Err(Error::Lost) => self.instead_of(connection).await?.run(sql).await,
            result => result,
        }
    }

    /// As [`Database::rows`], about the records with these ids.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn planned_rows(&self, planned: &Planned, ids: &[i64]) -> Result<Vec<Row>, Error> {
        let connection = self.kept().await?;
        match connection.run_planned(planned, ids).await {
            Err(Error::Lost) => {
                let another = self.instead_of(connection).await?;
                another.run_planned(planned, ids).await
            }
            result => result,
        }
    }

    /// Runs a statement on a connection that is given back at once: for what is needed rarely. It comes from a pool of
    /// its own (pools are per address), so that it never waits for connections which instances keep.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn rows_once(&self, sql: &Sql) -> Result<Vec<Row>, Error> {
        let address = self.settings.apart("once").address();
        match Connection::open(&address).await?.rows(sql).await {
            Err(Error::Lost) => Connection::open(&address).await?.rows(sql).await,
            result => result,
        }
    }

    async fn instead_of(&self, broken: Rc<Connection>) -> Result<Rc<Connection>, Error> {
        forget(&broken);
        drop(broken);
        self.kept().await
    }

    /// A connection from the pool may turn out broken when it is first used.
    async fn open(&self) -> Result<Connection, Error> {
        let address = self.settings.address();
        let opened = Connection::open(&address).await?;
        match opened.learn_plans().await {
            Ok(()) => Ok(opened),
            Err(Error::Lost) => {
                drop(opened);
                let another = Connection::open(&address).await?;
                another.learn_plans().await?;
                Ok(another)
            }
            Err(error) => Err(error),
        }
    }

    async fn kept(&self) -> Result<Rc<Connection>, Error> {
        if let Some(connection) = KEPT.with_borrow(Clone::clone) {
            return Ok(connection);
        }
        let _turn = OPENING.with(Clone::clone).pass().await;
        if let Some(connection) = KEPT.with_borrow(Clone::clone) {
            return Ok(connection);
        }
        let opened = Rc::new(self.open().await?);
        KEPT.set(Some(Rc::clone(&opened)));
        Ok(opened)
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
