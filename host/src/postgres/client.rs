//! Pools of connections, and what is done with one of them.

use std::{
    collections::HashMap,
    fmt::Display,
    mem::size_of,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context;
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod};
use futures::{Stream, StreamExt, TryStreamExt};
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::{
    NoTls, Row as PgRow,
    config::SslMode,
    error::DbError as PgError,
    types::{BorrowToSql, ToSql},
};

use super::{tls, types};
use crate::bindings::spin::postgres::postgres::{
    Column, DbError, DbValue, Error, ParameterValue, QueryError, Row, RowSet,
};

/// Spin's size of a pool, unless the runtime configuration says otherwise.
const POOL_SIZE: usize = 64;
/// Spin's limit on what the host holds for a guest: a whole result, or one streamed row.
const MAX_BYTES: usize = 128 << 20;
/// How many streamed rows wait for the guest.
const STREAM_DEPTH: usize = 4;

/// An address with the certificate authority that the guest gave for it.
type Endpoint = (String, Option<String>);

/// The pools of one component, by address and certificate authority.
pub(crate) struct Pools {
    pools: Mutex<HashMap<Endpoint, Pool>>,
    /// The most connections of each.
    size: usize,
}

impl Pools {
    /// None yet; each will have at most so many connections, or as many as Spin gives it.
    pub(crate) fn new(max_connections: Option<usize>) -> Self {
        Self {
            pools: Mutex::default(),
            size: max_connections.unwrap_or(POOL_SIZE),
        }
    }

    /// A connection to `address`, from its pool; waits if all are in use.
    pub(super) async fn get(&self, address: &str, root_ca: Option<&str>) -> Result<Client, Error> {
        let connected = async {
            let pool = self
                .pool(address, root_ca)
                .context("establishing PostgreSQL connection pool")?;
            anyhow::Ok(pool.get().await?)
        };
        match connected.await {
            Ok(object) => Ok(Client(Arc::new(object))),
            Err(error) => Err(Error::ConnectionFailed(format!("{error:?}"))),
        }
    }

    fn pool(&self, address: &str, root_ca: Option<&str>) -> anyhow::Result<Pool> {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let endpoint = (address.to_owned(), root_ca.map(str::to_owned));
        if let Some(pool) = pools.get(&endpoint) {
            return Ok(pool.clone());
        }
        let config: tokio_postgres::Config = address
            .parse()
            .context("parsing Postgres connection string")?;
        // `Clean` resets the session but keeps an open transaction, as on Spin.
        let manager = ManagerConfig {
            recycling_method: RecyclingMethod::Clean,
        };
        let manager = if config.get_ssl_mode() == SslMode::Disable {
            Manager::from_config(config, NoTls, manager)
        } else {
            Manager::from_config(config, tls::connector(root_ca)?, manager)
        };
        let pool = Pool::builder(manager).max_size(self.size).build()?;
        pools.insert(endpoint, pool.clone());
        Ok(pool)
    }
}

/// A row, or why it cannot be read; with the columns if it is the first.
type Converted = (Option<Vec<Column>>, Result<Row, Error>);

/// One connection; clones share it.
#[derive(Clone)]
pub(super) struct Client(Arc<Object>);

/// The result of a streamed query: rows as they come, then how it ended.
pub(super) struct Streamed {
    pub(super) columns: Vec<Column>,
    pub(super) rows: mpsc::Receiver<Row>,
    pub(super) outcome: oneshot::Receiver<Result<(), Error>>,
}

impl Client {
    /// Runs a statement; gives the number of rows it changed.
    pub(super) async fn execute(
        &self,
        statement: &str,
        parameters: &[ParameterValue],
    ) -> Result<u64, Error> {
        let parameters = types::parameters(parameters)
            .map_err(|error| Error::ValueConversionFailed(format!("{error:?}")))?;
        self.0
            .execute_raw(statement, parameters.iter().map(BorrowToSql::borrow_to_sql))
            .await
            .map_err(|error| query_failed(&error))
    }

    /// Runs a query; gives all rows.
    pub(super) async fn query(
        &self,
        statement: &str,
        parameters: &[ParameterValue],
    ) -> Result<RowSet, Error> {
        let mut stream = self.rows(statement, parameters).await?;
        let mut bytes = size_of::<RowSet>();
        let mut result = RowSet {
            columns: Vec::new(),
            rows: Vec::new(),
        };
        while let Some((columns, row)) = stream.try_next().await.map_err(|e| flattened(&e))? {
            if let Some(columns) = columns {
                result.columns = columns;
            }
            let row = row.map_err(|e| flattened(&e))?;
            bytes += size(&row);
            if bytes > MAX_BYTES {
                return Err(too_large());
            }
            result.rows.push(row);
        }
        Ok(result)
    }

    /// Runs a query; the rows arrive while the guest reads.
    pub(super) async fn query_streamed(
        &self,
        statement: &str,
        parameters: &[ParameterValue],
    ) -> Result<Streamed, Error> {
        let mut stream = self.rows(statement, parameters).await?;
        let (columns_sender, columns) = oneshot::channel();
        let (row_sender, rows) = mpsc::channel(STREAM_DEPTH);
        let (outcome_sender, outcome) = oneshot::channel();
        tokio::spawn(async move {
            let mut columns_sender = Some(columns_sender);
            let forward = async {
                while let Some((columns, row)) = stream.try_next().await? {
                    if let Some((sender, columns)) = columns_sender.take().zip(columns) {
                        _ = sender.send(columns);
                    }
                    let row = row?;
                    if size(&row) > MAX_BYTES {
                        return Err(too_large());
                    }
                    if row_sender.send(row).await.is_err() {
                        break;
                    }
                }
                Ok(())
            };
            let result = tokio::select! {
                biased;
                () = row_sender.closed() => Ok(()),
                result = forward => result,
            };
            _ = outcome_sender.send(result);
        });
        Ok(Streamed {
            // Known from the first row; empty if there is none, as on Spin.
            columns: columns.await.unwrap_or_default(),
            rows,
            outcome,
        })
    }

    /// The converted rows; the first comes with the columns.
    async fn rows(
        &self,
        statement: &str,
        parameters: &[ParameterValue],
    ) -> Result<impl Stream<Item = Result<Converted, Error>> + Send + Unpin + use<>, Error> {
        let parameters = types::parameters(parameters)
            .map_err(|error| Error::BadParameter(format!("{error:?}")))?;
        // No prepared statement is kept: every call is parsed anew, as on Spin.
        let rows = self
            .0
            .query_raw(statement, parameters)
            .await
            .map_err(|error| query_failed(&error))?;
        let converted = rows.enumerate().map(|(index, row)| {
            let row = row.map_err(|error| query_failed(&error))?;
            let columns = (index == 0).then(|| columns(&row));
            let row = (0..row.len())
                .map(|index| types::value(&row, index))
                .collect::<anyhow::Result<Row>>()
                .map_err(|error| Error::QueryFailed(QueryError::Text(format!("{error:?}"))));
            Ok((columns, row))
        });
        Ok(Box::pin(converted))
    }
}

fn columns(row: &PgRow) -> Vec<Column> {
    row.columns()
        .iter()
        .map(|column| Column {
            name: column.name().to_owned(),
            data_type: types::data_type(column.type_()),
        })
        .collect()
}

fn too_large() -> Error {
    Error::QueryFailed(QueryError::Text(format!(
        "query result exceeds limit of {MAX_BYTES} bytes"
    )))
}

/// Spin turns an error amid the rows of an unstreamed query into text, also one of the database.
fn flattened(error: &Error) -> Error {
    Error::QueryFailed(QueryError::Text(format!("{error:?}")))
}

fn query_failed(error: &tokio_postgres::Error) -> Error {
    let as_text = format!("{error:?}");
    Error::QueryFailed(match error.as_db_error() {
        None => QueryError::Text(as_text),
        Some(error) => QueryError::DbError(DbError {
            as_text,
            severity: error.severity().to_owned(),
            code: error.code().code().to_owned(),
            message: error.message().to_owned(),
            detail: error.detail().map(str::to_owned),
            extras: extras(error),
        }),
    })
}

/// What PostgreSQL says beyond the fields of `db-error`, under the driver's names.
fn extras(error: &PgError) -> Vec<(String, String)> {
    fn named(name: &str, value: Option<impl Display>) -> Option<(String, String)> {
        value.map(|value| (name.to_owned(), value.to_string()))
    }
    [
        named("column", error.column()),
        named("constraint", error.constraint()),
        named("routine", error.routine()),
        named("hint", error.hint()),
        named("table", error.table()),
        named("datatype", error.datatype()),
        named("schema", error.schema()),
        named("file", error.file()),
        named("line", error.line()),
        named("where_", error.where_()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What a row takes in memory, about.
fn size(row: &Row) -> usize {
    let heap = |value: &DbValue| match value {
        DbValue::Str(text) | DbValue::Uuid(text) | DbValue::Decimal(text) => text.len(),
        DbValue::Binary(bytes) | DbValue::Jsonb(bytes) | DbValue::Unsupported(bytes) => bytes.len(),
        DbValue::ArrayInt32(items) => items.len() * size_of::<Option<i32>>(),
        DbValue::ArrayInt64(items) => items.len() * size_of::<Option<i64>>(),
        DbValue::ArrayDecimal(items) | DbValue::ArrayStr(items) => items
            .iter()
            .map(|item| size_of::<Option<String>>() + item.as_ref().map_or(0, String::len))
            .sum(),
        _ => 0,
    };
    row.iter()
        .map(|value| size_of::<DbValue>() + heap(value))
        .sum()
}

/// The driver's parameters: owned, so that the stream of rows can outlive the call.
pub(super) type Parameter = Box<dyn ToSql + Sync + Send>;
