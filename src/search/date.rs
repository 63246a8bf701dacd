//! Date parameters: a prefix and a date; both the value and the field stand for intervals
//! (R4, search, sections "prefixes" and "date").

use chrono::{NaiveDateTime, TimeDelta};

use crate::db::{Parameter as Bound, Sql};
use crate::fhir::date::{Interval, Invalid, to_sql};

use super::logic::not;
use super::prefix::Prefix;

/// A date value with its prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    prefix: Prefix,
    interval: Interval,
}

/// A field that lasts from one moment to another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lasting<'a> {
    /// The SQL of the first moment, a date or a timestamp.
    pub(super) start: &'a str,
    pub(super) end: End<'a>,
    /// The SQL of a moment inside, of a field that lasts [`LONGEST`] at most: where start and end are no columns, an index on
    /// this one serves.
    pub(super) inside: Option<&'a str>,
    /// Whether it is in UTC, else as the calendar of the hospital has it.
    pub(super) utc: bool,
}

/// The first moment after a field.
#[derive(Debug, Clone, Copy)]
pub(super) enum End<'a> {
    /// Its SQL.
    At(&'a str),
    /// An interval after the start. Compared so that an index on the start serves.
    After(&'a str),
}

/// How long a field with a moment inside lasts at most.
const LONGEST: &str = "366 days";

impl Lasting<'_> {
    fn starts(&self, operator: &str, bound: &str) -> String {
        let starts = format!("{} {operator} {bound}", self.start);
        // What is inside comes at the start or after it, by less than the field lasts.
        self.narrowed(starts, |inside| match operator {
            "<" => format!("{inside} < {bound} + interval '{LONGEST}'"),
            _ => format!("{inside} >= {bound}"),
        })
    }

    fn ends(&self, operator: &str, bound: &str) -> String {
        let ends = match self.end {
            End::At(end) => format!("{end} {operator} {bound}"),
            End::After(interval) => {
                format!("{} {operator} {bound} - interval '{interval}'", self.start)
            }
        };
        // What is inside comes before the end, by no more than the field lasts.
        self.narrowed(ends, |inside| match operator {
            ">" => format!("{inside} >= {bound} - interval '{LONGEST}'"),
            _ => format!("{inside} < {bound}"),
        })
    }

    /// The condition with one that follows from it.
    fn narrowed(&self, condition: String, follows: impl FnOnce(&str) -> String) -> String {
        match self.inside {
            Some(inside) => format!("({condition} AND {})", follows(inside)),
            None => condition,
        }
    }
}

/// What dates are measured by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock<'a> {
    /// What `ap` measures from, in UTC.
    pub(super) now: NaiveDateTime,
    /// The zone of values that have none; `None`: UTC.
    pub(super) zone: Option<&'a str>,
}

impl Wanted {
    /// Understands a value; without prefix it means `eq`.
    pub(super) fn parse(value: &str) -> Result<Self, Invalid> {
        let (prefix, date) = Prefix::split(value);
        Ok(Self {
            prefix,
            interval: Interval::parse(date)?,
        })
    }

    /// The condition on a field.
    pub(super) fn condition(&self, sql: &mut Sql, field: Lasting<'_>, clock: Clock<'_>) -> String {
        let utc = field.utc;
        let interval = self.widened(clock);
        // Each bound is a parameter only where it is used: PostgreSQL cannot type one that is not.
        let from = |sql: &mut Sql| bound(sql, interval, interval.start, clock.zone, utc);
        let to = |sql: &mut Sql| bound(sql, interval, interval.end, clock.zone, utc);
        let inside = |sql: &mut Sql| {
            let (from, to) = (from(sql), to(sql));
            format!(
                "({} AND {})",
                field.starts(">=", &from),
                field.ends("<=", &to)
            )
        };
        match self.prefix {
            Prefix::Equal => inside(sql),
            Prefix::NotEqual => format!("NOT {}", inside(sql)),
            Prefix::Greater => field.ends(">", &to(sql)),
            Prefix::Less => field.starts("<", &from(sql)),
            Prefix::GreaterOrEqual => {
                let beyond = field.ends(">", &to(sql));
                format!("({beyond} OR {})", inside(sql))
            }
            Prefix::LessOrEqual => {
                let before = field.starts("<", &from(sql));
                format!("({before} OR {})", inside(sql))
            }
            Prefix::StartsAfter => field.starts(">=", &to(sql)),
            Prefix::EndsBefore => field.ends("<=", &from(sql)),
            Prefix::Approximately => {
                let starts = field.starts("<", &to(sql));
                format!("({starts} AND {})", field.ends(">", &from(sql)))
            }
        }
    }

    /// The condition on the latest of several moments in UTC, of which is only known whether any is at or after another:
    /// `any_since` gives that condition.
    pub(super) fn latest(
        &self,
        sql: &mut Sql,
        clock: Clock<'_>,
        mut any_since: impl FnMut(&mut Sql, &str) -> String,
    ) -> String {
        let interval = self.widened(clock);
        let mut since = |sql: &mut Sql, moment| {
            let bound = bound(sql, interval, moment, clock.zone, true);
            any_since(sql, &bound)
        };
        let (start, end) = (interval.start, interval.end);
        match self.prefix {
            Prefix::Greater | Prefix::StartsAfter => since(sql, end),
            Prefix::GreaterOrEqual => since(sql, start),
            Prefix::Less | Prefix::EndsBefore => not(&since(sql, start)),
            Prefix::LessOrEqual => not(&since(sql, end)),
            Prefix::Equal | Prefix::Approximately | Prefix::NotEqual => {
                let (from, to) = (since(sql, start), since(sql, end));
                let inside = format!("({from} AND {})", not(&to));
                if self.prefix == Prefix::NotEqual {
                    return not(&inside);
                }
                inside
            }
        }
    }

    fn widened(&self, clock: Clock<'_>) -> Interval {
        match self.prefix {
            Prefix::Approximately => widened(self.interval, clock.now),
            _ => self.interval,
        }
    }
}

/// A moment as an SQL timestamp, in UTC where the field is, else in the calendar of `zone`.
fn bound(
    sql: &mut Sql,
    interval: Interval,
    moment: NaiveDateTime,
    zone: Option<&str>,
    utc: bool,
) -> String {
    let bound = format!("{}::timestamp", sql.bind(Bound::Text(to_sql(moment))));
    let Some(zone) = zone.filter(|_| interval.zoned != utc) else {
        return bound;
    };
    let zone = sql.bind(Bound::Text(zone.to_owned()));
    if utc {
        format!("(({bound} AT TIME ZONE {zone}) AT TIME ZONE 'UTC')")
    } else {
        format!("(({bound} AT TIME ZONE 'UTC') AT TIME ZONE {zone})")
    }
}

/// A tenth of the distance to now on both sides, as R4 recommends for `ap`.
fn widened(interval: Interval, now: NaiveDateTime) -> Interval {
    let margin =
        |moment: NaiveDateTime| TimeDelta::seconds((now - moment).num_seconds().abs() / 10);
    // Kept within the years that a FHIR date can have, which PostgreSQL can hold.
    let floor = Interval::parse("0001").map_or(interval.start, |first| first.start);
    let start = interval
        .start
        .checked_sub_signed(margin(interval.start))
        .unwrap_or(interval.start)
        .max(floor);
    let end = interval
        .end
        .checked_add_signed(margin(interval.end))
        .unwrap_or(interval.end);
    Interval {
        start,
        end,
        zoned: interval.zoned,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELD: Lasting<'_> = Lasting {
        start: "s",
        end: End::At("e"),
        inside: None,
        utc: true,
    };

    fn clock() -> Clock<'static> {
        Clock {
            now: now(),
            zone: None,
        }
    }

    #[test]
    fn a_value_without_zone_is_in_that_of_the_hospital_where_the_field_is_in_utc() {
        let zone = Some("America/Lima");
        let clock = Clock { zone, ..clock() };
        let condition = |value: &str, field| {
            let mut sql = Sql::default();
            let wanted = Wanted::parse(value);
            wanted.map(|wanted| wanted.condition(&mut sql, field, clock))
        };
        let there = "s >= (($1::text::timestamp AT TIME ZONE $2::text) AT TIME ZONE 'UTC')";
        assert_eq!(condition("sa2024-03", FIELD), Ok(there.to_owned()));
        let as_written = Ok("s >= $1::text::timestamp".to_owned());
        assert_eq!(condition("sa2024-03-01T10:00Z", FIELD), as_written);
        let calendar = Lasting {
            utc: false,
            ..FIELD
        };
        assert_eq!(condition("sa2024-03", calendar), as_written);
        // The day of a hospital starts at another moment than that of UTC.
        let here = "s >= (($1::text::timestamp AT TIME ZONE 'UTC') AT TIME ZONE $2::text)";
        assert_eq!(
            condition("sa2024-03-01T10:00Z", calendar),
            Ok(here.to_owned())
        );
    }

    fn now() -> NaiveDateTime {
        Interval::parse("2026-01-01")
            .map(|day| day.start)
            .unwrap_or_default()
    }

    fn sql(value: &str) -> (String, Vec<Bound>) {
        let mut sql = Sql::default();
        let condition =
            Wanted::parse(value).map(|wanted| wanted.condition(&mut sql, FIELD, clock()));
        (condition.unwrap_or_default(), sql.parameters)
    }

    #[test]
    fn each_prefix_compares_the_intervals_as_r4_says() {
        for (value, expected) in [
            ("2024-03", "(s >= 1st AND e <= next)"),
            ("eq2024-03", "(s >= 1st AND e <= next)"),
            ("ne2024-03", "NOT (s >= 1st AND e <= next)"),
            ("gt2024-03", "e > next"),
            ("lt2024-03", "s < 1st"),
            ("ge2024-03", "(e > next OR (s >= 1st AND e <= next))"),
            ("le2024-03", "(s < 1st OR (s >= 1st AND e <= next))"),
            ("sa2024-03", "s >= next"),
            ("eb2024-03", "e <= 1st"),
        ] {
            let (mut condition, values) = sql(value);
            for (index, value) in values.iter().enumerate() {
                let parameter = format!("${}::text::timestamp", index + 1);
                assert!(
                    condition.contains(&parameter),
                    "an unused parameter: {condition}"
                );
                let name = match value {
                    Bound::Text(text) if text == "2024-03-01 00:00:00" => "1st",
                    Bound::Text(text) if text == "2024-04-01 00:00:00" => "next",
                    other => panic!("{other:?}"),
                };
                condition = condition.replace(&parameter, name);
            }
            assert_eq!(condition, expected, "{value}");
        }
    }

    #[test]
    fn a_moment_inside_narrows_each_bound_so_that_an_index_serves() {
        let field = Lasting {
            inside: Some("c"),
            ..FIELD
        };
        for (value, expected) in [
            ("sa2024-03", "(s >= $1 AND c >= $1)"),
            ("lt2024-03", "(s < $1 AND c < $1 + interval '366 days')"),
            ("gt2024-03", "(e > $1 AND c >= $1 - interval '366 days')"),
            ("eb2024-03", "(e <= $1 AND c < $1)"),
        ] {
            let mut sql = Sql::default();
            let wanted = Wanted::parse(value);
            let condition = wanted.map(|wanted| wanted.condition(&mut sql, field, clock()));
            let condition = condition.map(|text| text.replace("::text::timestamp", ""));
            assert_eq!(condition.as_deref(), Ok(expected), "{value}");
        }
    }

    #[test]
    fn approximately_is_a_tenth_of_the_distance_to_now() {
        let (condition, values) = sql("ap2016-01-01");
        assert_eq!(
            condition,
            "(s < $1::text::timestamp AND e > $2::text::timestamp)"
        );
        assert_eq!(
            values.last(),
            Some(&Bound::Text("2014-12-31 16:48:00".into()))
        );
    }

    #[test]
    fn an_unknown_prefix_or_a_bad_date_is_refused() {
        for value in ["xx2024", "2020-13-45", "ge", "", "gt 2024", ">2024"] {
            assert!(Wanted::parse(value).is_err(), "{value}");
        }
    }
}
