//! Quantity parameters: `[prefix]number`, `[prefix]number|system|code`, `[prefix]number||code` (R4, search, section
//! "quantity"). A number stands for what rounds to it: `5.4` from 5.35 up to 5.45.

use crate::db::{Parameter as Bound, Sql};

use super::prefix::Prefix;
use super::query::{split, unescape};

/// UCUM.
pub(super) const UCUM: &str = "http://unitsofmeasure.org";

/// How many digits a number may have, and how large its exponent may be: what PostgreSQL computes fast.
const MOST_DIGITS: usize = 40;
const MOST_EXPONENT: i32 = 40;

/// A quantity value with its prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    prefix: Prefix,
    /// As written, which `numeric` understands.
    number: String,
    /// Half of what the last digit counts.
    half: String,
    pub(super) unit: Unit,
}

/// The unit that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unit {
    Any,
    /// A code, or the unit as it is printed.
    Either(String),
    /// A code of a system; empty: any code of it.
    Code(String, String),
}

impl Wanted {
    /// Understands a value; without prefix it means `eq`. `None`: no number, or a unit that cannot be understood.
    pub(super) fn parse(value: &str) -> Option<Self> {
        let parts: Vec<String> = split(value, '|')
            .iter()
            .map(|part| unescape(part))
            .collect();
        let (number, unit) = match parts.as_slice() {
            [number] => (number, Unit::Any),
            [number, system, code] if system.is_empty() && code.is_empty() => (number, Unit::Any),
            [number, system, code] if system.is_empty() => (number, Unit::Either(code.clone())),
            [number, system, code] => (number, Unit::Code(system.clone(), code.clone())),
            _ => return None,
        };
        let (prefix, number) = Prefix::split(number);
        Some(Self {
            prefix,
            number: number.to_owned(),
            half: half(number)?,
            unit,
        })
    }

    /// The condition on a number.
    pub(super) fn condition(&self, sql: &mut Sql, field: &str) -> String {
        let number = |sql: &mut Sql| numeric(sql, &self.number);
        // R4: comparisons other than equality take the number as exact.
        let compared =
            |sql: &mut Sql, operator: &str| format!("{field} {operator} {}", number(sql));
        match self.prefix {
            Prefix::Equal => self.rounds_to(sql, field),
            Prefix::NotEqual => format!("NOT {}", self.rounds_to(sql, field)),
            Prefix::Greater | Prefix::StartsAfter => compared(sql, ">"),
            Prefix::Less | Prefix::EndsBefore => compared(sql, "<"),
            Prefix::GreaterOrEqual => compared(sql, ">="),
            Prefix::LessOrEqual => compared(sql, "<="),
            Prefix::Approximately => {
                let number = number(sql);
                format!("abs({field} - {number}) <= abs({number}) / 10")
            }
        }
    }

    fn rounds_to(&self, sql: &mut Sql, field: &str) -> String {
        let (number, half) = (numeric(sql, &self.number), numeric(sql, &self.half));
        format!("({field} >= {number} - {half} AND {field} < {number} + {half})")
    }
}

fn numeric(sql: &mut Sql, number: &str) -> String {
    format!("{}::numeric", sql.bind(Bound::Text(number.to_owned())))
}

/// Half of what the last digit of a number counts. The specification gives `1e2` from 95 up to 105, so a whole number with
/// an exponent counts a digit more than it is written with.
fn half(number: &str) -> Option<String> {
    let unsigned = number.strip_prefix(['-', '+']).unwrap_or(number);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.parse::<i32>().ok()?)),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let written = digits(whole) && digits(fraction) && !whole.is_empty();
    let dotted = mantissa.contains('.') && fraction.is_empty();
    if !written || dotted || mantissa.len() > MOST_DIGITS {
        return None;
    }
    let last = exponent.unwrap_or(0) - i32::try_from(fraction.len()).ok()?;
    let beyond = i32::from(exponent.is_some() && fraction.is_empty());
    (last.abs() <= MOST_EXPONENT * 2).then(|| format!("5e{}", last - 1 - beyond))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_digit_tells_how_exact_a_number_is() {
        for (number, expected) in [
            ("100", "5e-1"),
            ("100.00", "5e-3"),
            ("5.4", "5e-2"),
            ("-5.40", "5e-3"),
            ("1e2", "5e0"),
            ("1.34e1", "5e-2"),
            ("0", "5e-1"),
        ] {
            assert_eq!(half(number).as_deref(), Some(expected), "{number}");
        }
        for number in [
            "", ".", "5.", ".5", "1e", "1e999", "NaN", "0x1", "1,5", "5 4", "--5",
        ] {
            assert_eq!(half(number), None, "{number}");
        }
    }

    #[test]
    fn units_are_codes_or_what_is_printed() {
        let unit = |value: &str| Wanted::parse(value).map(|wanted| wanted.unit);
        assert_eq!(unit("5.4"), Some(Unit::Any));
        assert_eq!(unit("gt5.4||mg"), Some(Unit::Either("mg".into())));
        let ucum = Unit::Code(UCUM.into(), "mg".into());
        assert_eq!(unit("5.4|http://unitsofmeasure.org|mg"), Some(ucum));
        assert_eq!(unit("5.4|mg"), None);
        assert_eq!(unit("mg"), None);
    }

    #[test]
    fn equality_is_a_range_and_comparisons_are_exact() {
        let condition = |value: &str| {
            let mut sql = Sql::default();
            Wanted::parse(value).map(|wanted| wanted.condition(&mut sql, "v"))
        };
        let equal = "(v >= $1::text::numeric - $2::text::numeric AND v < $1::text::numeric + $2::text::numeric)";
        assert_eq!(condition("5.4").as_deref(), Some(equal));
        assert_eq!(condition("ne5.4"), Some(format!("NOT {equal}")));
        assert_eq!(
            condition("ge5.4").as_deref(),
            Some("v >= $1::text::numeric")
        );
        let near = "abs(v - $1::text::numeric) <= abs($1::text::numeric) / 10";
        assert_eq!(condition("ap5.4").as_deref(), Some(near));
    }
}
