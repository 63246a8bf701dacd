//! Dates and times of PYSON: `Date`, `DateTime`, `TimeDelta` (trytond/pyson.py), with the arithmetic of dateutil's
//! `relativedelta`, and how they compare.

use chrono::{Datelike, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};

use crate::tryton::pyson::{Invalid, Members, Value};

/// What Python's `datetime` reaches.
const YEARS: std::ops::RangeInclusive<i32> = 1..=9999;
/// What Python's `timedelta` reaches, in days.
const DAYS: i64 = 999_999_999;
/// The microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// `Date.eval`: the start, or today, with some parts replaced and some added.
pub(super) fn date(members: &Members<'_>, now: NaiveDateTime) -> Result<Value, Invalid> {
    let start = match members.find("start") {
        Some(Value::DateTime(start)) => start.date(),
        Some(Value::Date(start)) => *start,
        _ => now.date(),
    };
    let date = moved(start, members, "Date")?;
    shifted(
        date.and_time(NaiveTime::MIN),
        days(members, "Date")?,
        "Date",
    )
    .map(|moment| Value::Date(moment.date()))
}

/// `DateTime.eval`: the start, or now, with some parts replaced and some added.
pub(super) fn date_time(members: &Members<'_>, now: NaiveDateTime) -> Result<Value, Invalid> {
    const WHAT: &str = "DateTime";
    let start = match members.find("start") {
        Some(Value::DateTime(start)) => *start,
        Some(Value::Date(start)) => start.and_time(NaiveTime::MIN),
        _ => now,
    };
    let date = moved(start.date(), members, WHAT)?;
    let part = |name, old: u32| -> Result<u32, Invalid> {
        match absolute(members, name, WHAT)? {
            Some(new) => u32::try_from(new).map_err(|_| Invalid::Operand(WHAT)),
            None => Ok(old),
        }
    };
    let time = NaiveTime::from_hms_micro_opt(
        part("h", start.hour())?,
        part("m", start.minute())?,
        part("s", start.second())?,
        part("ms", start.nanosecond() / 1_000)?,
    );
    let time = time.ok_or(Invalid::Operand(WHAT))?;
    let delta = [
        (days(members, WHAT)?, DAY),
        (whole(members, "dh", WHAT)?, DAY / 24),
        (whole(members, "dm", WHAT)?, 60_000_000),
        (whole(members, "ds", WHAT)?, 1_000_000),
        (whole(members, "dms", WHAT)?, 1),
    ];
    let moment = delta
        .into_iter()
        .try_fold(date.and_time(time), |moment, (count, unit)| {
            let delta = count.checked_mul(unit).ok_or(Invalid::Operand(WHAT))?;
            moment
                .checked_add_signed(TimeDelta::microseconds(delta))
                .ok_or(Invalid::Operand(WHAT))
        })?;
    in_range(moment, WHAT).map(Value::DateTime)
}

/// `TimeDelta.eval`.
pub(super) fn time_delta(members: &Members<'_>) -> Result<Value, Invalid> {
    const WHAT: &str = "TimeDelta";
    let (days, seconds) = (whole(members, "d", WHAT)?, whole(members, "s", WHAT)?);
    let microseconds = whole(members, "m", WHAT)?;
    // beyond what i64 holds in microseconds: 292,271 years, and no stored duration
    let total = days
        .checked_mul(DAY)
        .zip(seconds.checked_mul(1_000_000))
        .and_then(|(days, seconds)| days.checked_add(seconds)?.checked_add(microseconds));
    total
        .filter(|total| (total / DAY).unsigned_abs() < DAYS.unsigned_abs())
        .map(Value::Duration)
        .ok_or(Invalid::Operand(WHAT))
}

/// What `Greater` and `Less` compare (`Greater._convert`): numbers, and moments as seconds.
pub(super) fn number(value: &Value) -> Result<f64, Invalid> {
    // exact below this; above it Python compares integers better than floats can
    const EXACT: u64 = 1 << 53;
    let float = |number: i64| {
        #[allow(clippy::cast_precision_loss, reason = "only what is exact is given")]
        let float = number as f64;
        if number.unsigned_abs() <= EXACT {
            Ok(float)
        } else {
            Err(Invalid::Operand("Greater"))
        }
    };
    match value {
        Value::Boolean(truth) => Ok(f64::from(u8::from(*truth))),
        Value::Integer(number) => float(*number),
        Value::Float(number) => Ok(*number),
        Value::Date(date) => seconds(date.and_time(NaiveTime::MIN)),
        Value::DateTime(moment) => seconds(*moment),
        Value::Duration(microseconds) => Ok(float(*microseconds)? / 1e6),
        _ => Err(Invalid::Operand("Greater")),
    }
}

/// `datetime.timestamp()`, in UTC. Python cannot say it for the first and last day that it knows.
fn seconds(moment: NaiveDateTime) -> Result<f64, Invalid> {
    if !(2..=9998).contains(&moment.year()) {
        return Err(Invalid::Operand("Greater"));
    }
    let moment = moment.and_utc();
    #[allow(
        clippy::cast_precision_loss,
        reason = "seconds of the years that Python knows"
    )]
    let whole = moment.timestamp() as f64;
    Ok(whole + f64::from(moment.timestamp_subsec_micros()) / 1e6)
}

/// The year, month and day of `relativedelta`: replaced first, then years and months added, then the day cut to fit.
fn moved(
    start: NaiveDate,
    members: &Members<'_>,
    what: &'static str,
) -> Result<NaiveDate, Invalid> {
    let wrong = || Invalid::Operand(what);
    // zero counts as absent: `self.year or dt.year`
    let part = |name, old: i64| {
        Ok(absolute(members, name, what)?
            .filter(|new| *new != 0)
            .unwrap_or(old))
    };
    let year = part("y", start.year().into())?;
    let month = part("M", start.month().into())?;
    let day = part("d", start.day().into())?;
    if !(1..=12).contains(&month) || day < 1 {
        return Err(wrong());
    }
    let (years, months) = (whole(members, "dy", what)?, whole(members, "dM", what)?);
    let months = year
        .checked_add(years)
        .and_then(|years| years.checked_mul(12))
        .and_then(|sum| sum.checked_add(month - 1)?.checked_add(months))
        .ok_or_else(wrong)?;
    let year = i32::try_from(months.div_euclid(12)).map_err(|_| wrong())?;
    let month = u32::try_from(months.rem_euclid(12) + 1).map_err(|_| wrong())?;
    let first = NaiveDate::from_ymd_opt(year, month, 1)
        .filter(|first| YEARS.contains(&first.year()))
        .ok_or_else(wrong)?;
    let last = first
        .checked_add_months(Months::new(1))
        .and_then(|next| next.pred_opt())
        .ok_or_else(wrong)?;
    let day = u32::try_from(day.min(last.day().into())).map_err(|_| wrong())?;
    first.with_day(day).ok_or_else(wrong)
}

fn shifted(moment: NaiveDateTime, days: i64, what: &'static str) -> Result<NaiveDateTime, Invalid> {
    let moment = moment.checked_add_signed(TimeDelta::days(days));
    in_range(moment.ok_or(Invalid::Operand(what))?, what)
}

fn in_range(moment: NaiveDateTime, what: &'static str) -> Result<NaiveDateTime, Invalid> {
    if YEARS.contains(&moment.year()) {
        Ok(moment)
    } else {
        Err(Invalid::Operand(what))
    }
}

fn days(members: &Members<'_>, what: &'static str) -> Result<i64, Invalid> {
    whole(members, "dd", what).and_then(|days| {
        if days.unsigned_abs() <= DAYS.unsigned_abs() {
            Ok(days)
        } else {
            Err(Invalid::Operand(what))
        }
    })
}

fn absolute(
    members: &Members<'_>,
    name: &'static str,
    what: &'static str,
) -> Result<Option<i64>, Invalid> {
    match members.get(name)? {
        Value::Null => Ok(None),
        Value::Integer(number) => Ok(Some(*number)),
        _ => Err(Invalid::Operand(what)),
    }
}

fn whole(members: &Members<'_>, name: &'static str, what: &'static str) -> Result<i64, Invalid> {
    match members.get(name)? {
        Value::Integer(number) => Ok(*number),
        _ => Err(Invalid::Operand(what)),
    }
}
