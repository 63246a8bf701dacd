//! The one connection that an instance keeps and its concurrent requests share.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::rc::Rc;
use std::time::Duration;

use spin_sdk::pg::{self, DbValue, ParameterValue};
use spin_sdk::variables;

use crate::shape::{Parameter, Shape, Statement};

/// SQLSTATE `duplicate_prepared_statement`: another instance prepared it on this connection, which came from the pool.
const PLAN_EXISTS: &str = "42P05";

/// An open connection.
pub(crate) struct Connection {
    inner: pg::Connection,
    prepared: RefCell<HashSet<String>>,
}

thread_local! {
    static KEPT: RefCell<Option<Rc<Connection>>> = const { RefCell::new(None) };
    static OPENING: Cell<bool> = const { Cell::new(false) };
}

/// How long to sleep before looking again: requests of an instance cannot wake one another.
const MOMENT: Duration = Duration::from_millis(1);

/// The connection of this instance, opened by the first who needs it.
pub(crate) async fn kept() -> Result<Rc<Connection>, String> {
    loop {
        if let Some(kept) = KEPT.with_borrow(Clone::clone) {
            return Ok(kept);
        }
        if !OPENING.replace(true) {
            let opened = open().await.map(Rc::new);
            OPENING.set(false);
            if let Ok(opened) = &opened {
                KEPT.set(Some(Rc::clone(opened)));
            }
            return opened;
        }
        spin_sdk::time::sleep(MOMENT).await;
    }
}

async fn open() -> Result<Connection, String> {
    let address = variables::get("database_url").await;
    let address = address.map_err(|error| error.to_string())?;
    let inner = pg::Connection::open(address).await;
    Ok(Connection {
        inner: inner.map_err(|error| error.to_string())?,
        prepared: RefCell::default(),
    })
}

impl Connection {
    /// Runs a statement and adds all texts of its rows.
    pub(crate) async fn run(
        &self,
        shape: &Shape,
        statement: &Statement,
        into: &mut String,
    ) -> Result<(), String> {
        if let Some(prepare) = statement.prepare {
            self.prepare(shape.text(prepare)?).await?;
        }
        let parameters = statement.parameters.iter().cloned().map(Into::into);
        let text = shape.text(statement.text)?;
        let rows = self.rows(text, parameters.collect()).await;
        for row in rows.map_err(|error| error.to_string())? {
            for value in row {
                add(&value, into);
            }
        }
        Ok(())
    }

    async fn prepare(&self, text: &str) -> Result<(), String> {
        if self.prepared.borrow().contains(text) {
            return Ok(());
        }
        match self.rows(text, Vec::new()).await {
            Err(error) if !exists(&error) => return Err(error.to_string()),
            _ => {}
        }
        self.prepared.borrow_mut().insert(text.to_owned());
        Ok(())
    }

    async fn rows(
        &self,
        text: &str,
        parameters: Vec<ParameterValue>,
    ) -> Result<Vec<Vec<DbValue>>, pg::Error> {
        let mut result = self.inner.query(text, parameters).await?;
        let mut rows = Vec::new();
        while let Some(row) = result.rows().next().await {
            rows.push(row);
        }
        result.result().await?;
        Ok(rows)
    }
}

fn exists(error: &pg::Error) -> bool {
    let pg::Error::PgError(pg::PgError::QueryFailed(pg::QueryError::DbError(error))) = error else {
        return false;
    };
    error.code == PLAN_EXISTS
}

fn add(value: &DbValue, into: &mut String) {
    match value {
        DbValue::Str(text) => into.push_str(text),
        DbValue::Int32(number) => into.push_str(&number.to_string()),
        DbValue::Int64(number) => into.push_str(&number.to_string()),
        DbValue::ArrayStr(texts) => texts.iter().flatten().for_each(|text| into.push_str(text)),
        _ => return,
    }
    into.push('\n');
}

impl From<Parameter> for ParameterValue {
    fn from(parameter: Parameter) -> Self {
        match parameter {
            Parameter::Null => Self::DbNull,
            Parameter::Text(text) => Self::Str(text),
            Parameter::Integer(number) => Self::Int64(number),
            Parameter::Texts(texts) => Self::ArrayStr(texts),
            Parameter::Integers(numbers) => Self::ArrayInt64(numbers),
        }
    }
}
