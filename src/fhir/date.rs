//! Dates of search: what a value such as `2024-03` means as an interval (R4, search, section "date").

use chrono::{Datelike, Days, Months, NaiveDate, NaiveDateTime, TimeDelta};

/// The moments that a date stands for, from the first included to the last excluded.
///
/// A value with a zone is in UTC; one without is as written, and so compares with dates as the hospital wrote them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// The first moment of it.
    pub start: NaiveDateTime,
    /// The first moment after it.
    pub end: NaiveDateTime,
    /// Whether it was written with a zone, and so is in UTC.
    pub zoned: bool,
}

/// A text that is no FHIR date or dateTime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a date: write YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm[:ss[.sss]][Z|±hh:mm]")]
pub struct Invalid;

impl Interval {
    /// Understands a date with the precision that it has: a year, a month, a day, a minute, a second or less.
    ///
    /// # Errors
    /// [`Invalid`]
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        match text.split_once('T') {
            Some((day, time)) => date_time(day, time),
            None => date(text),
        }
        .ok_or(Invalid)
    }
}

fn date(text: &str) -> Option<Interval> {
    let mut parts = text.split('-');
    let year = i32::try_from(number(parts.next()?, 4)?).ok()?;
    let month = parts.next().map(|part| number(part, 2));
    let day = parts.next().map(|part| number(part, 2));
    if parts.next().is_some() || year == 0 {
        return None;
    }
    let (start, end) = match (month, day) {
        (None, _) => {
            let start = NaiveDate::from_ymd_opt(year, 1, 1)?;
            (start, start.checked_add_months(Months::new(12))?)
        }
        (Some(month), None) => {
            let start = NaiveDate::from_ymd_opt(year, month?, 1)?;
            (start, start.checked_add_months(Months::new(1))?)
        }
        (Some(month), Some(day)) => {
            let start = NaiveDate::from_ymd_opt(year, month?, day?)?;
            (start, start.checked_add_days(Days::new(1))?)
        }
    };
    Some(Interval {
        start: midnight(start),
        end: midnight(end),
        zoned: false,
    })
}

fn date_time(day: &str, rest: &str) -> Option<Interval> {
    let zone = rest.find(['Z', '+', '-', ' ']).unwrap_or(rest.len());
    let (time, zone) = rest.split_at_checked(zone)?;
    let day = date(day).filter(|_| day.len() == "2024-02-29".len())?.start;
    let (whole, fraction) = time
        .split_once('.')
        .map_or((time, None), |(whole, fraction)| (whole, Some(fraction)));
    let mut parts = whole.split(':');
    let (hour, minute) = (number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    let second = parts.next().map(|part| number(part, 2));
    if parts.next().is_some() || (fraction.is_some() && second.is_none()) {
        return None;
    }
    let (nanoseconds, precision) = match (second, fraction) {
        (None, _) => (0, TimeDelta::minutes(1)),
        (Some(_), None) => (0, TimeDelta::seconds(1)),
        (Some(_), Some(fraction)) => nanoseconds(fraction)?,
    };
    let second = second.unwrap_or(Some(0))?;
    let time = chrono::NaiveTime::from_hms_nano_opt(hour, minute, second, nanoseconds)?;
    let start = day
        .date()
        .and_time(time)
        .checked_sub_signed(offset(zone)?)?;
    // An offset can lead before the first year that PostgreSQL writes without `BC`.
    if start.year() < 1 {
        return None;
    }
    Some(Interval {
        start,
        end: start.checked_add_signed(precision)?,
        zoned: !zone.is_empty(),
    })
}

/// The fraction of a second, and how exact it is.
fn nanoseconds(fraction: &str) -> Option<(u32, TimeDelta)> {
    let digits = u32::try_from(fraction.len())
        .ok()
        .filter(|length| (1..=9).contains(length))?;
    let unit = 10_u32.pow(9 - digits);
    Some((
        number(fraction, fraction.len())? * unit,
        TimeDelta::nanoseconds(i64::from(unit)),
    ))
}

/// The offset from UTC. A space stands for `+`, which a URL that was not encoded turns into one.
fn offset(zone: &str) -> Option<TimeDelta> {
    if zone.is_empty() || zone == "Z" {
        return Some(TimeDelta::zero());
    }
    let (sign, rest) = zone.split_at_checked(1)?;
    let (hours, minutes) = rest.split_once(':')?;
    let minutes = i64::from(number(hours, 2)?) * 60
        + i64::from(number(minutes, 2).filter(|minutes| *minutes < 60)?);
    (minutes <= 14 * 60).then(|| TimeDelta::minutes(if sign == "-" { -minutes } else { minutes }))
}

fn number(text: &str, length: usize) -> Option<u32> {
    let digits = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

fn midnight(day: NaiveDate) -> NaiveDateTime {
    day.and_time(chrono::NaiveTime::MIN)
}

/// A moment as PostgreSQL reads a `timestamp`.
#[must_use]
pub fn to_sql(moment: NaiveDateTime) -> String {
    format!(
        "{:04}-{:02}-{:02} {}",
        moment.year(),
        moment.month(),
        moment.day(),
        moment.format("%H:%M:%S%.f")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(text: &str) -> Option<(String, String)> {
        Interval::parse(text)
            .ok()
            .map(|found| (to_sql(found.start), to_sql(found.end)))
    }

    #[test]
    fn precision_decides_how_long_a_value_lasts() {
        for (text, start, end) in [
            ("2024", "2024-01-01 00:00:00", "2025-01-01 00:00:00"),
            ("2024-02", "2024-02-01 00:00:00", "2024-03-01 00:00:00"),
            ("2024-02-29", "2024-02-29 00:00:00", "2024-03-01 00:00:00"),
            (
                "2024-02-29T23:59",
                "2024-02-29 23:59:00",
                "2024-03-01 00:00:00",
            ),
            (
                "2024-02-29T10:00:00Z",
                "2024-02-29 10:00:00",
                "2024-02-29 10:00:01",
            ),
            (
                "2024-02-29T10:00:00.25+02:00",
                "2024-02-29 08:00:00.250",
                "2024-02-29 08:00:00.260",
            ),
            ("9999-12-31", "9999-12-31 00:00:00", "10000-01-01 00:00:00"),
        ] {
            assert_eq!(
                interval(text),
                Some((start.to_owned(), end.to_owned())),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "20",
            "2020-13",
            "2020-13-45",
            "2023-02-29",
            "0000",
            "2020-1-1",
            "2020-01-01T",
            "2020-01-01T10",
            "2020-01T10:00",
            "2020-01-01T25:00",
            "2020-01-01T10:00.5",
            "2020-01-01T10:00:00+15:00",
            "2020-01-01T10:00:00X",
            "２０２０",
            "0001-01-01T00:00:00+14:00",
            "2020-01-01-01",
            "+2020",
            "2020-01-01T10:00:00.1234567890",
        ] {
            assert_eq!(interval(text), None, "{text}");
        }
    }
}
