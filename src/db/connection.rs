//! An open connection.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::pin::pin;
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};
use spin_sdk::pg;

use crate::turn::Turnstile;

use super::{Error, Refusal, Row, Sql};

/// How long opening a connection may take. The host's pool has no limit of its own: a server that accepts and says
/// nothing, or a pool that is empty, would hold the request for ever.
const OPENING_LIMIT: Duration = Duration::from_secs(10);

/// How long to wait for another to give up a connection where the server has no more, and how often to look: a peak passes.
const FULL_LIMIT: Duration = Duration::from_secs(3);
const FULL_MOMENT: Duration = Duration::from_millis(50);

/// An open connection; goes back to the host's pool when dropped.
pub struct Connection {
    pub(super) inner: pg::Connection,
    /// The names of the plans that it has, the one used last at the end; `None`: it was not asked yet.
    pub(super) plans: RefCell<Option<VecDeque<String>>>,
    /// Passed by the one request that has a statement planned.
    pub(super) planning: Turnstile,
}

impl Connection {
    /// Opens a connection to `address`, a libpq string.
    ///
    /// # Errors
    /// [`Error::Connect`] with the cause.
    pub async fn open(address: &str) -> Result<Self, Error> {
        let end = Instant::now() + FULL_LIMIT;
        loop {
            match Self::open_now(address).await {
                Err(Error::Connect(Refusal::Full)) if Instant::now() < end => {
                    spin_sdk::time::sleep(FULL_MOMENT).await;
                }
                result => return result,
            }
        }
    }

    async fn open_now(address: &str) -> Result<Self, Error> {
        let opened = pin!(pg::Connection::open(address));
        let late = pin!(spin_sdk::time::sleep(OPENING_LIMIT));
        match select(opened, late).await {
            Either::Left((opened, _)) => Ok(Self {
                inner: opened?,
                plans: RefCell::default(),
                planning: Turnstile::default(),
            }),
            Either::Right(_) => Err(Error::Connect(Refusal::TimedOut)),
        }
    }

    /// Runs a statement and gives all its rows.
    ///
    /// # Errors
    /// [`Error::Lost`] and [`Error::Statement`].
    pub async fn rows(&self, sql: &Sql) -> Result<Vec<Row>, Error> {
        let parameters: Vec<pg::ParameterValue> =
            sql.parameters.iter().cloned().map(Into::into).collect();
        let mut result = self.inner.query(sql.text.as_str(), parameters).await?;
        let mut rows = Vec::new();
        while let Some(row) = result.rows().next().await {
            rows.push(Row(row));
        }
        result.result().await?;
        Ok(rows)
    }
}
