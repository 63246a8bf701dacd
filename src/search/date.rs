//! Date parameters: a prefix and a date; both the value and the field stand for intervals
//! (R4, search, sections "prefixes" and "date").

use chrono::{NaiveDateTime, TimeDelta};

use crate::db::{Parameter as Bound, Sql};
use crate::fhir::date::{Interval, Invalid, to_sql};

/// The comparison that a value asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Prefix {
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
    StartsAfter,
    EndsBefore,
    Approximately,
}

const PREFIXES: &[(&str, Prefix)] = &[
    ("eq", Prefix::Equal),
    ("ne", Prefix::NotEqual),
    ("gt", Prefix::Greater),
    ("lt", Prefix::Less),
    ("ge", Prefix::GreaterOrEqual),
    ("le", Prefix::LessOrEqual),
    ("sa", Prefix::StartsAfter),
    ("eb", Prefix::EndsBefore),
    ("ap", Prefix::Approximately),
];

/// A date value with its prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    prefix: Prefix,
    interval: Interval,
}

impl Wanted {
    /// Understands a value; without prefix it means `eq`.
    pub(super) fn parse(value: &str) -> Result<Self, Invalid> {
        let found = PREFIXES
            .iter()
            .find_map(|(sign, prefix)| Some((*prefix, value.strip_prefix(sign)?)));
        let (prefix, date) = found.unwrap_or((Prefix::Equal, value));
        Ok(Self {
            prefix,
            interval: Interval::parse(date)?,
        })
    }

    /// The condition on a field that lasts from `start` to `end`, both SQL timestamps. `now` is what `ap` measures from.
    pub(super) fn condition(
        &self,
        sql: &mut Sql,
        (start, end): (&str, &str),
        now: NaiveDateTime,
    ) -> String {
        let interval = match self.prefix {
            Prefix::Approximately => widened(self.interval, now),
            _ => self.interval,
        };
        // Each bound is a parameter only where it is used: PostgreSQL cannot type one that is not.
        let from = |sql: &mut Sql| bound(sql, interval.start);
        let to = |sql: &mut Sql| bound(sql, interval.end);
        let inside = |sql: &mut Sql| {
            let (from, to) = (from(sql), to(sql));
            format!("({start} >= {from} AND {end} <= {to})")
        };
        match self.prefix {
            Prefix::Equal => inside(sql),
            Prefix::NotEqual => format!("NOT {}", inside(sql)),
            Prefix::Greater => format!("{end} > {}", to(sql)),
            Prefix::Less => format!("{start} < {}", from(sql)),
            Prefix::GreaterOrEqual => format!("({end} > {} OR {})", to(sql), inside(sql)),
            Prefix::LessOrEqual => format!("({start} < {} OR {})", from(sql), inside(sql)),
            Prefix::StartsAfter => format!("{start} >= {}", to(sql)),
            Prefix::EndsBefore => format!("{end} <= {}", from(sql)),
            Prefix::Approximately => format!("({start} < {} AND {end} > {})", to(sql), from(sql)),
        }
    }
}

fn bound(sql: &mut Sql, moment: NaiveDateTime) -> String {
    format!("{}::timestamp", sql.bind(Bound::Text(to_sql(moment))))
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
    Interval { start, end }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> NaiveDateTime {
        Interval::parse("2026-01-01")
            .map(|day| day.start)
            .unwrap_or_default()
    }

    fn sql(value: &str) -> (String, Vec<Bound>) {
        let mut sql = Sql::default();
        let condition =
            Wanted::parse(value).map(|wanted| wanted.condition(&mut sql, ("s", "e"), now()));
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
