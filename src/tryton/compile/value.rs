//! Values as the column of a field is compared with them: text for PostgreSQL to read, and the type it is read as. The
//! conversions are those of `sql_format` in trytond/model/fields, as far as they are sure.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, Timelike};

use crate::tryton::pyson::{Value, truthy};
use crate::tryton::schema::{Field, Version};

/// How the column of a field is compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text that trytond 7.0 strips of the white space around it.
    Char,
    /// A selection: text as it is.
    Selection,
    /// A model and an id in one text.
    Reference,
    /// A whole number.
    Integer,
    /// The id of a record.
    Key,
    /// A number in binary.
    Float,
    /// A number in decimal.
    Numeric,
    /// Truth.
    Boolean,
    /// A day.
    Date,
    /// A moment, to the second.
    DateTime,
    /// A moment, to the microsecond.
    Timestamp,
    /// A time of the day.
    Time,
    /// A duration.
    Duration,
}

impl Kind {
    /// How a field is compared, if its column is of the type that Tryton gives it.
    pub(super) fn of(field: &Field) -> Option<Self> {
        Some(match (field.ttype.as_str(), field.kind.as_deref()?) {
            ("char" | "text", "character varying" | "text") => Self::Char,
            ("selection", "character varying" | "text") => Self::Selection,
            ("reference", "character varying" | "text") => Self::Reference,
            ("integer" | "biginteger", "smallint" | "integer" | "bigint") => Self::Integer,
            ("many2one", "integer" | "bigint") => Self::Key,
            ("float", "double precision") => Self::Float,
            ("numeric", "numeric") => Self::Numeric,
            ("boolean", "boolean") => Self::Boolean,
            ("date", "date") => Self::Date,
            ("datetime", "timestamp without time zone") => Self::DateTime,
            ("timestamp", "timestamp without time zone") => Self::Timestamp,
            ("time", "time without time zone") => Self::Time,
            ("timedelta", "interval") => Self::Duration,
            _ => return None,
        })
    }

    /// The type that the text is read as.
    pub(super) fn sql_type(self) -> &'static str {
        match self {
            Self::Char | Self::Selection | Self::Reference => "text",
            Self::Integer | Self::Key => "bigint",
            Self::Float => "double precision",
            Self::Numeric => "numeric",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::DateTime | Self::Timestamp => "timestamp",
            Self::Time => "time",
            Self::Duration => "interval",
        }
    }

    pub(super) fn is_text(self) -> bool {
        matches!(self, Self::Char | Self::Selection | Self::Reference)
    }

    /// The text of a value that is not `None`; `None` if trytond raises on it, or if it is not sure what it does.
    pub(super) fn text(self, value: &Value, version: Version) -> Option<String> {
        match self {
            Self::Char => match value {
                Value::Text(text) if version == Version::V7_0 && is_stripped(text) => sound(text),
                Value::Text(text) if version == Version::V6_0 => sound(text),
                _ => None,
            },
            Self::Selection => match value {
                Value::Text(text) => sound(text),
                _ => None,
            },
            Self::Reference => reference(value),
            Self::Key => match value {
                Value::Integer(id) => Some(id.to_string()),
                _ => None,
            },
            Self::Integer => match value {
                Value::Integer(number) => Some(number.to_string()),
                Value::Float(number) => truncated(*number),
                _ => None,
            },
            Self::Float => match value {
                Value::Integer(number) => nearest(*number),
                Value::Float(number) => Some(number.to_string()),
                _ => None,
            },
            Self::Numeric => match value {
                Value::Integer(number) => Some(number.to_string()),
                Value::Float(number) => Some(every_digit(*number)),
                _ => None,
            },
            Self::Boolean => Some(truthy(value).to_string()),
            Self::Date => date(value),
            Self::DateTime => moment(value)
                .and_then(|moment| moment.with_nanosecond(0))
                .map(|moment| moment.format("%Y-%m-%d %H:%M:%S").to_string()),
            Self::Timestamp => {
                moment(value).map(|moment| moment.format("%Y-%m-%d %H:%M:%S%.6f").to_string())
            }
            Self::Time => match value {
                Value::Text(text) if text.len() == 8 => NaiveTime::parse_from_str(text, "%H:%M:%S")
                    .ok()
                    .filter(|time| time.nanosecond() < 1_000_000_000)
                    .map(|time| time.format("%H:%M:%S").to_string()),
                _ => None,
            },
            Self::Duration => duration(value),
        }
    }
}

/// PostgreSQL has no NUL in text.
fn sound(text: &str) -> Option<String> {
    (!text.contains('\0')).then(|| text.to_owned())
}

/// Whether Python's `strip` leaves it as it is. trytond 7.0 strips unless the field says otherwise, which is not known.
fn is_stripped(text: &str) -> bool {
    let is_space = |c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c);
    text.trim_matches(is_space) == text
}

/// `model,id`, or a list of both.
fn reference(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => sound(text),
        Value::List(pair) | Value::Tuple(pair) => match pair.as_slice() {
            [Value::Text(model), Value::Integer(id)] => sound(&format!("{model},{id}")),
            _ => None,
        },
        _ => None,
    }
}

/// Python's `int` of a float.
fn truncated(number: f64) -> Option<String> {
    let number = number.trunc();
    // beyond this not every integer is a float
    (number.abs() < 9.0e15).then(|| format!("{:.0}", number + 0.0))
}

/// Python's `float` of an integer.
fn nearest(number: i64) -> Option<String> {
    // beyond this not every integer is a float
    (number.unsigned_abs() < 1 << 53).then(|| number.to_string())
}

/// Python's `Decimal` of a float: all digits of the binary number, and there are at most this many.
fn every_digit(number: f64) -> String {
    let digits = format!("{number:.1074}");
    digits
        .trim_end_matches('0')
        .trim_end_matches('.')
        .to_owned()
}

fn date(value: &Value) -> Option<String> {
    let date = match value {
        Value::Date(date) => *date,
        Value::DateTime(moment) if moment.time() == NaiveTime::MIN => moment.date(),
        Value::Text(text) if text.len() == 10 => {
            NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?
        }
        _ => return None,
    };
    Some(date.format("%Y-%m-%d").to_string())
}

fn moment(value: &Value) -> Option<NaiveDateTime> {
    match value {
        Value::DateTime(moment) => Some(*moment),
        Value::Text(text) if text.len() == 19 => {
            NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S")
                .ok()
                .filter(|moment| moment.nanosecond() < 1_000_000_000)
        }
        _ => None,
    }
}

/// As psycopg2 writes a `timedelta`; an integer is seconds.
fn duration(value: &Value) -> Option<String> {
    match value {
        Value::Duration(microseconds) => Some(format!("{microseconds} microseconds")),
        Value::Integer(seconds) if seconds.unsigned_abs() < 1 << 53 => {
            Some(format!("{seconds} seconds"))
        }
        _ => None,
    }
}
