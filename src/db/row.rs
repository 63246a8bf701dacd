//! What comes back.

use spin_sdk::pg;

use super::Error;

/// One row of a result.
#[derive(Debug)]
pub struct Row(pub(super) Vec<pg::DbValue>);

impl Row {
    /// The text in a column; `None` for NULL.
    ///
    /// # Errors
    /// [`Error::Type`] if the column holds something else.
    pub fn text(&self, column: usize) -> Result<Option<&str>, Error> {
        match self.0.get(column) {
            Some(pg::DbValue::Str(text)) => Ok(Some(text)),
            Some(pg::DbValue::DbNull) => Ok(None),
            _ => Err(Error::Type),
        }
    }

    /// The integer in a column, whatever its width; `None` for NULL.
    ///
    /// # Errors
    /// [`Error::Type`] if the column holds something else.
    pub fn integer(&self, column: usize) -> Result<Option<i64>, Error> {
        match self.0.get(column) {
            Some(pg::DbValue::Int16(number)) => Ok(Some(i64::from(*number))),
            Some(pg::DbValue::Int32(number)) => Ok(Some(i64::from(*number))),
            Some(pg::DbValue::Int64(number)) => Ok(Some(*number)),
            Some(pg::DbValue::DbNull) => Ok(None),
            _ => Err(Error::Type),
        }
    }

    /// The truth value in a column; `None` for NULL.
    ///
    /// # Errors
    /// [`Error::Type`] if the column holds something else.
    pub fn boolean(&self, column: usize) -> Result<Option<bool>, Error> {
        match self.0.get(column) {
            Some(pg::DbValue::Boolean(value)) => Ok(Some(*value)),
            Some(pg::DbValue::DbNull) => Ok(None),
            _ => Err(Error::Type),
        }
    }

    /// The texts in an array column, without its NULLs.
    ///
    /// # Errors
    /// [`Error::Type`] if the column holds something else.
    pub fn texts(&self, column: usize) -> Result<Vec<String>, Error> {
        let texts = self.optional_texts(column)?;
        Ok(texts.iter().flatten().cloned().collect())
    }

    /// The texts in an array column.
    ///
    /// # Errors
    /// [`Error::Type`] if the column holds something else.
    pub fn optional_texts(&self, column: usize) -> Result<&[Option<String>], Error> {
        match self.0.get(column) {
            Some(pg::DbValue::ArrayStr(texts)) => Ok(texts),
            Some(pg::DbValue::DbNull) => Ok(&[]),
            _ => Err(Error::Type),
        }
    }

    /// The integers in a `bigint[]` column.
    ///
    /// # Errors
    /// [`Error::Type`] if the column holds something else, NULLs among it.
    pub fn integers(&self, column: usize) -> Result<Vec<i64>, Error> {
        match self.0.get(column) {
            Some(pg::DbValue::ArrayInt64(numbers)) => {
                let numbers: Option<Vec<i64>> = numbers.iter().copied().collect();
                numbers.ok_or(Error::Type)
            }
            Some(pg::DbValue::DbNull) => Ok(Vec::new()),
            _ => Err(Error::Type),
        }
    }
}
