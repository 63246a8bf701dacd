//! The database of the app.

use std::cell::RefCell;
use std::rc::Rc;

use crate::config;
use crate::turn::Turnstile;

use super::{Connection, Error, Row, Sql};

/// The database of the app, over the one connection that an instance keeps and its concurrent requests share.
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

    /// Runs a statement on the kept connection. If that turns out broken, opens another and tries once more:
    /// for statements that only read.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn rows(&self, sql: &Sql) -> Result<Vec<Row>, Error> {
        let connection = self.kept().await?;
        match connection.run(sql).await {
            Err(Error::Lost) => {
                forget(&connection);
                drop(connection);
                self.kept().await?.run(sql).await
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

    async fn kept(&self) -> Result<Rc<Connection>, Error> {
        if let Some(connection) = KEPT.with_borrow(Clone::clone) {
            return Ok(connection);
        }
        let _turn = OPENING.with(Clone::clone).pass().await;
        if let Some(connection) = KEPT.with_borrow(Clone::clone) {
            return Ok(connection);
        }
        let opened = Rc::new(Connection::open(&self.settings.address()).await?);
        KEPT.set(Some(Rc::clone(&opened)));
        Ok(opened)
    }
}

fn forget(broken: &Rc<Connection>) {
    KEPT.with_borrow_mut(|slot| {
        if slot.as_ref().is_some_and(|kept| Rc::ptr_eq(kept, broken)) {
            *slot = None;
        }
    });
}
