//! Values between WIT and PostgreSQL, with exactly the reach and the losses of Spin:
//!
//! | PostgreSQL | WIT |
//! |---|---|
//! | bool, int2/4/8, float4/8, bytea, text, varchar, char | as they are |
//! | date, time, timestamp, interval | tuples of their parts |
//! | timestamptz | announced as `datetime`, but an error to read |
//! | uuid, numeric | text; numeric within 28 digits |
//! | jsonb | text, through binary floating point |
//! | int4range, int8range, numrange | pairs of bounds |
//! | int4[], int8[], numeric[], text[], varchar[], char[] | lists of options |
//! | anything else | `unsupported`, the raw bytes |
//!
//! Parameters must have exactly the type that the statement expects.

use std::error::Error as StdError;

use anyhow::{Context, Result};
use bytes::{Buf, BufMut, BytesMut};
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Utc};
use postgres_range::{BoundSided, BoundType, Normalizable, Range, RangeBound};
use rust_decimal::Decimal;
use tokio_postgres::{
    Row,
    types::{FromSql, IsNull, ToSql, Type, to_sql_checked},
};
use uuid::Uuid;

use super::client::Parameter;
use crate::bindings::spin::postgres::postgres::{
    DbDataType, DbValue, Interval, ParameterValue, RangeBoundKind,
};

type BoxError = Box<dyn StdError + Sync + Send>;
type Bound<T> = Option<(T, RangeBoundKind)>;

/// The announced type of a column.
pub(super) fn data_type(pg: &Type) -> DbDataType {
    match *pg {
        Type::BOOL => DbDataType::Boolean,
        Type::BYTEA => DbDataType::Binary,
        Type::FLOAT4 => DbDataType::Floating32,
        Type::FLOAT8 => DbDataType::Floating64,
        Type::INT2 => DbDataType::Int16,
        Type::INT4 => DbDataType::Int32,
        Type::INT8 => DbDataType::Int64,
        Type::TEXT | Type::VARCHAR | Type::BPCHAR => DbDataType::Str,
        Type::TIMESTAMP | Type::TIMESTAMPTZ => DbDataType::Datetime,
        Type::DATE => DbDataType::Date,
        Type::TIME => DbDataType::Time,
        Type::UUID => DbDataType::Uuid,
        Type::JSONB => DbDataType::Jsonb,
        Type::NUMERIC => DbDataType::Decimal,
        Type::INT4_RANGE => DbDataType::RangeInt32,
        Type::INT8_RANGE => DbDataType::RangeInt64,
        Type::NUM_RANGE => DbDataType::RangeDecimal,
        Type::INT4_ARRAY => DbDataType::ArrayInt32,
        Type::INT8_ARRAY => DbDataType::ArrayInt64,
        Type::NUMERIC_ARRAY => DbDataType::ArrayDecimal,
        Type::TEXT_ARRAY | Type::VARCHAR_ARRAY | Type::BPCHAR_ARRAY => DbDataType::ArrayStr,
        Type::INTERVAL => DbDataType::Interval,
        _ => DbDataType::Other(pg.name().to_owned()),
    }
}

/// The value of one column of a row.
pub(super) fn value(row: &Row, index: usize) -> Result<DbValue> {
    let pg = row.columns().get(index).context("no such column")?.type_();
    match *pg {
        Type::BOOL => read(row, index, DbValue::Boolean),
        Type::BYTEA => read(row, index, DbValue::Binary),
        Type::FLOAT4 => read(row, index, DbValue::Floating32),
        Type::FLOAT8 => read(row, index, DbValue::Floating64),
        Type::INT2 => read(row, index, DbValue::Int16),
        Type::INT4 => read(row, index, DbValue::Int32),
        Type::INT8 => read(row, index, DbValue::Int64),
        Type::TEXT | Type::VARCHAR | Type::BPCHAR => read(row, index, DbValue::Str),
        // The driver refuses to read a timestamptz as one without time zone; Spin asks it to.
        Type::TIMESTAMP | Type::TIMESTAMPTZ => read(row, index, |at: NaiveDateTime| {
            let ((year, month, day), (hour, minute, second, nano)) =
                (date(at.date()), time(at.time()));
            DbValue::Datetime((year, month, day, hour, minute, second, nano))
        }),
        Type::DATE => read(row, index, |day| DbValue::Date(date(day))),
        Type::TIME => read(row, index, |at| DbValue::Time(time(at))),
        Type::UUID => read(row, index, |id: Uuid| DbValue::Uuid(id.to_string())),
        Type::JSONB => read(row, index, |json: serde_json::Value| {
            DbValue::Jsonb(json.to_string().into_bytes())
        }),
        Type::NUMERIC => read(row, index, |number: Decimal| {
            DbValue::Decimal(number.to_string())
        }),
        Type::INT4_RANGE => read(row, index, |range| {
            DbValue::RangeInt32(bounds(&range, |&n| n))
        }),
        Type::INT8_RANGE => read(row, index, |range| {
            DbValue::RangeInt64(bounds(&range, |&n| n))
        }),
        Type::NUM_RANGE => read(row, index, |range: Range<RangeDecimal>| {
            DbValue::RangeDecimal(bounds(&range, |number| number.0.to_string()))
        }),
        Type::INT4_ARRAY => read(row, index, DbValue::ArrayInt32),
        Type::INT8_ARRAY => read(row, index, DbValue::ArrayInt64),
        Type::NUMERIC_ARRAY => read(row, index, |numbers: Vec<Option<Decimal>>| {
            let text = |number: Option<Decimal>| number.map(|n| n.to_string());
            DbValue::ArrayDecimal(numbers.into_iter().map(text).collect())
        }),
        Type::TEXT_ARRAY | Type::VARCHAR_ARRAY | Type::BPCHAR_ARRAY => {
            read(row, index, DbValue::ArrayStr)
        }
        Type::INTERVAL => read(row, index, |PgInterval(interval)| {
            DbValue::Interval(interval)
        }),
        _ => read(row, index, |Raw(bytes)| DbValue::Unsupported(bytes)),
    }
}

fn read<'a, T: FromSql<'a>>(
    row: &'a Row,
    index: usize,
    convert: impl FnOnce(T) -> DbValue,
) -> Result<DbValue> {
    let value: Option<T> = row.try_get(index)?;
    Ok(value.map_or(DbValue::DbNull, convert))
}

/// The parameters of a statement as the driver takes them.
pub(super) fn parameters(values: &[ParameterValue]) -> Result<Vec<Parameter>> {
    values.iter().map(parameter).collect()
}

fn parameter(value: &ParameterValue) -> Result<Parameter> {
    Ok(match value {
        ParameterValue::Boolean(v) => Box::new(*v),
        ParameterValue::Int8(v) => Box::new(*v),
        ParameterValue::Int16(v) => Box::new(*v),
        ParameterValue::Int32(v) => Box::new(*v),
        ParameterValue::Int64(v) => Box::new(*v),
        ParameterValue::Floating32(v) => Box::new(*v),
        ParameterValue::Floating64(v) => Box::new(*v),
        ParameterValue::Str(v) => Box::new(v.clone()),
        ParameterValue::Binary(v) => Box::new(v.clone()),
        ParameterValue::Date((year, month, day)) => Box::new(to_date(*year, *month, *day)?),
        ParameterValue::Time((hour, minute, second, nano)) => {
            Box::new(to_time(*hour, *minute, *second, *nano)?)
        }
        ParameterValue::Datetime((year, month, day, hour, minute, second, nano)) => {
            let date = to_date(*year, *month, *day)?;
            Box::new(date.and_time(to_time(*hour, *minute, *second, *nano)?))
        }
        ParameterValue::Timestamp(seconds) => Box::new(
            DateTime::<Utc>::from_timestamp(*seconds, 0)
                .with_context(|| format!("invalid epoch timestamp {seconds}"))?,
        ),
        ParameterValue::Uuid(v) => {
            Box::new(Uuid::parse_str(v).with_context(|| format!("invalid UUID {v}"))?)
        }
        ParameterValue::Jsonb(v) => Box::new(
            serde_json::from_slice::<serde_json::Value>(v)
                .with_context(|| format!("invalid JSON {}", String::from_utf8_lossy(v)))?,
        ),
        ParameterValue::Decimal(v) => Box::new(to_decimal(v)?),
        ParameterValue::RangeInt32((low, high)) => Box::new(to_range(*low, *high)),
        ParameterValue::RangeInt64((low, high)) => Box::new(to_range(*low, *high)),
        ParameterValue::RangeDecimal((low, high)) => {
            let bound = |bound: &Bound<String>| match bound {
                Some((text, kind)) => {
                    to_decimal(text).map(|number| Some((RangeDecimal(number), *kind)))
                }
                None => Ok(None),
            };
            Box::new(to_range(bound(low)?, bound(high)?))
        }
        ParameterValue::ArrayInt32(v) => Box::new(v.clone()),
        ParameterValue::ArrayInt64(v) => Box::new(v.clone()),
        ParameterValue::ArrayDecimal(v) => Box::new(
            v.iter()
                .map(|item| item.as_deref().map(to_decimal).transpose())
                .collect::<Result<Vec<_>>>()?,
        ),
        ParameterValue::ArrayStr(v) => Box::new(v.clone()),
        ParameterValue::Interval(v) => Box::new(PgInterval(*v)),
        ParameterValue::DbNull => Box::new(AnyNull),
    })
}

// Months, days, hours, minutes and seconds fit their small types by chrono's guarantees.
#[expect(clippy::cast_possible_truncation, reason = "each is below 60")]
fn date(day: NaiveDate) -> (i32, u8, u8) {
    (day.year(), day.month() as u8, day.day() as u8)
}

#[expect(clippy::cast_possible_truncation, reason = "each is below 60")]
fn time(at: NaiveTime) -> (u8, u8, u8, u32) {
    (
        at.hour() as u8,
        at.minute() as u8,
        at.second() as u8,
        at.nanosecond(),
    )
}

fn to_date(year: i32, month: u8, day: u8) -> Result<NaiveDate> {
    NaiveDate::from_ymd_opt(year, month.into(), day.into())
        .with_context(|| format!("invalid date y={year}, m={month}, d={day}"))
}

fn to_time(hour: u8, minute: u8, second: u8, nano: u32) -> Result<NaiveTime> {
    NaiveTime::from_hms_nano_opt(hour.into(), minute.into(), second.into(), nano)
        .with_context(|| format!("invalid time {hour}:{minute}:{second}:{nano}"))
}

fn to_decimal(text: &str) -> Result<Decimal> {
    Decimal::from_str_exact(text).with_context(|| format!("invalid decimal {text}"))
}

fn bounds<T, W>(range: &Range<T>, convert: impl Fn(&T) -> W) -> (Bound<W>, Bound<W>)
where
    T: Normalizable + PartialOrd,
{
    fn kind<S: BoundSided, T>(bound: &RangeBound<S, T>) -> RangeBoundKind {
        match bound.type_ {
            BoundType::Inclusive => RangeBoundKind::Inclusive,
            BoundType::Exclusive => RangeBoundKind::Exclusive,
        }
    }
    (
        range
            .lower()
            .map(|bound| (convert(&bound.value), kind(bound))),
        range
            .upper()
            .map(|bound| (convert(&bound.value), kind(bound))),
    )
}

fn to_range<T: Normalizable + PartialOrd>(low: Bound<T>, high: Bound<T>) -> Range<T> {
    fn bound<S: BoundSided, T: PartialOrd>((value, kind): (T, RangeBoundKind)) -> RangeBound<S, T> {
        RangeBound::new(
            value,
            match kind {
                RangeBoundKind::Inclusive => BoundType::Inclusive,
                RangeBoundKind::Exclusive => BoundType::Exclusive,
            },
        )
    }
    Range::new(low.map(bound), high.map(bound))
}

/// A decimal that may bound a range: nothing to normalise, the type is not discrete.
#[derive(Debug, PartialEq, PartialOrd)]
struct RangeDecimal(Decimal);

impl Normalizable for RangeDecimal {
    fn normalize<S: BoundSided>(bound: RangeBound<S, Self>) -> RangeBound<S, Self> {
        bound
    }
}

impl ToSql for RangeDecimal {
    fn to_sql(&self, pg: &Type, out: &mut BytesMut) -> Result<IsNull, BoxError> {
        self.0.to_sql(pg, out)
    }

    fn accepts(pg: &Type) -> bool {
        <Decimal as ToSql>::accepts(pg)
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for RangeDecimal {
    fn from_sql(pg: &Type, raw: &'a [u8]) -> Result<Self, BoxError> {
        Decimal::from_sql(pg, raw).map(Self)
    }

    fn accepts(pg: &Type) -> bool {
        <Decimal as FromSql>::accepts(pg)
    }
}

/// An interval in PostgreSQL's binary form: microseconds, days, months.
#[derive(Debug)]
struct PgInterval(Interval);

impl ToSql for PgInterval {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, BoxError> {
        out.put_i64(self.0.micros);
        out.put_i32(self.0.days);
        out.put_i32(self.0.months);
        Ok(IsNull::No)
    }

    fn accepts(pg: &Type) -> bool {
        *pg == Type::INTERVAL
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for PgInterval {
    fn from_sql(_: &Type, mut raw: &'a [u8]) -> Result<Self, BoxError> {
        Ok(Self(Interval {
            micros: raw.try_get_i64()?,
            days: raw.try_get_i32()?,
            months: raw.try_get_i32()?,
        }))
    }

    fn accepts(pg: &Type) -> bool {
        *pg == Type::INTERVAL
    }
}

/// The bytes of a value of any type.
struct Raw(Vec<u8>);

impl<'a> FromSql<'a> for Raw {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, BoxError> {
        Ok(Self(raw.to_owned()))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// NULL for a parameter of any type; the driver's `None` would have one of its own.
#[derive(Debug)]
struct AnyNull;

impl ToSql for AnyNull {
    fn to_sql(&self, _: &Type, _: &mut BytesMut) -> Result<IsNull, BoxError> {
        Ok(IsNull::Yes)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_survive_the_binary_form() {
        let mut bytes = BytesMut::new();
        let interval = Interval {
            micros: 5,
            days: -2,
            months: 14,
        };
        PgInterval(interval)
            .to_sql(&Type::INTERVAL, &mut bytes)
            .unwrap();
        let PgInterval(read) = PgInterval::from_sql(&Type::INTERVAL, &bytes).unwrap();
        assert_eq!((read.micros, read.days, read.months), (5, -2, 14));
        assert!(PgInterval::from_sql(&Type::INTERVAL, &[0; 15]).is_err());
    }

    #[test]
    fn invalid_parameters_are_refused() {
        for value in [
            ParameterValue::Date((2020, 13, 1)),
            ParameterValue::Time((24, 0, 0, 0)),
            ParameterValue::Uuid("x".into()),
            ParameterValue::Jsonb(b"{".to_vec()),
            ParameterValue::Decimal("1e400".into()),
            ParameterValue::Timestamp(i64::MAX),
        ] {
            assert!(parameter(&value).is_err(), "accepted {value:?}");
        }
    }

    #[test]
    fn types_spin_does_not_know_are_named() {
        assert!(matches!(data_type(&Type::OID), DbDataType::Other(name) if name == "oid"));
        assert!(matches!(
            data_type(&Type::TIMESTAMPTZ),
            DbDataType::Datetime
        ));
    }
}
