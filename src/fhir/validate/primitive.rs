//! What may stand in a primitive value (R4, datatypes, "primitive types").

use chrono::NaiveDate;

use super::narrative;
use super::schema::Primitive;
use super::tree::{Node, Number};
use crate::fhir::r4::IssueType;
use crate::fhir::text::{is_code, is_id};

/// How many characters a string may have: 1 MB.
const LONGEST_STRING: usize = 1024 * 1024;

/// What is wrong with a value.
pub(super) type Wrong = (IssueType, String);

/// Checks the value of a primitive.
pub(super) fn check(primitive: Primitive, value: &Node) -> Result<(), Wrong> {
    let name = primitive.name();
    let json = match primitive {
        Primitive::Boolean => "true or false",
        Primitive::Decimal
        | Primitive::Integer
        | Primitive::PositiveInt
        | Primitive::UnsignedInt => "a number",
        _ => "a string",
    };
    let is_right = match value {
        Node::Lexical(text) => lexical(primitive, text),
        Node::Bool(_) if json == "true or false" => true,
        Node::Number(number) if json == "a number" => {
            primitive == Primitive::Decimal || is_within(primitive, *number)
        }
        Node::String(text) if json == "a string" => lexical(primitive, text),
        _ => {
            let message = format!("a value of the type {name} is {json} in JSON");
            return Err((IssueType::Structure, message));
        }
    };
    if !is_right {
        let message = format!("not a valid {name}: {}", rule(primitive));
        return Err((IssueType::Value, message));
    }
    match (primitive, value.text()) {
        (Primitive::Xhtml, Some(text)) => {
            narrative::check(text).map_err(|message| (IssueType::Invariant, message.to_owned()))
        }
        _ => Ok(()),
    }
}

/// What a value must be, in words.
fn rule(primitive: Primitive) -> &'static str {
    match primitive {
        Primitive::Base64Binary => "base64, in groups of four characters",
        Primitive::Boolean => "true or false",
        Primitive::Canonical | Primitive::Uri | Primitive::Url => "no white space, and not empty",
        Primitive::Code => "not empty, no white space around it, and only single spaces inside",
        Primitive::Date => "YYYY, YYYY-MM or YYYY-MM-DD",
        Primitive::DateTime => "YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss with a time zone",
        Primitive::Decimal => "digits, a point, an exponent",
        Primitive::Id => "1 to 64 letters, digits, '-' and '.'",
        Primitive::Instant => "YYYY-MM-DDThh:mm:ss with a time zone",
        Primitive::Integer => "a whole number from -2147483648 to 2147483647",
        Primitive::Oid => "urn:oid: and numbers with points between them",
        Primitive::PositiveInt => "a whole number from 1 to 2147483647",
        Primitive::Markdown | Primitive::String | Primitive::Xhtml => {
            "not empty, at most 1 MB, and of the control characters only tab, line feed and carriage return"
        }
        Primitive::Time => "hh:mm:ss",
        Primitive::UnsignedInt => "a whole number from 0 to 2147483647",
        Primitive::Uuid => "urn:uuid: and a UUID in small letters",
    }
}

fn is_within(primitive: Primitive, number: Number) -> bool {
    let least = match primitive {
        Primitive::PositiveInt => 1,
        Primitive::UnsignedInt => 0,
        _ => i32::MIN,
    };
    match number {
        Number::Integer(value) => i32::try_from(value).is_ok_and(|value| value >= least),
        Number::Decimal => false,
    }
}

/// Whether a text is a value of the type.
fn lexical(primitive: Primitive, text: &str) -> bool {
    match primitive {
        Primitive::Base64Binary => is_base64(text),
        Primitive::Boolean => matches!(text, "true" | "false"),
        Primitive::Canonical | Primitive::Uri | Primitive::Url => {
            !text.is_empty() && !text.contains(char::is_whitespace)
        }
        Primitive::Code => is_code(text),
        Primitive::Date => date(text) == Some(""),
        Primitive::DateTime => date(text)
            .is_some_and(|rest| rest.is_empty() || (is_day(text, rest) && is_time_in_zone(rest))),
        Primitive::Decimal => is_decimal(text),
        Primitive::Id => is_id(text),
        Primitive::Instant => {
            date(text).is_some_and(|rest| is_day(text, rest) && is_time_in_zone(rest))
        }
        Primitive::Integer | Primitive::PositiveInt | Primitive::UnsignedInt => {
            integer(text).is_some_and(|number| is_within(primitive, number))
        }
        Primitive::Oid => text.strip_prefix("urn:oid:").is_some_and(is_oid),
        Primitive::Markdown | Primitive::String | Primitive::Xhtml => is_string(text),
        Primitive::Time => time(text) == Some(""),
        Primitive::Uuid => text.strip_prefix("urn:uuid:").is_some_and(is_uuid),
    }
}

fn is_string(text: &str) -> bool {
    let allowed = |byte: u8| byte >= b' ' || matches!(byte, b'\t' | b'\n' | b'\r');
    !text.is_empty() && text.bytes().all(allowed) && text.chars().count() <= LONGEST_STRING
}

fn is_base64(text: &str) -> bool {
    let mut length = 0;
    let mut padding = 0;
    for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        length += 1;
        match byte {
            b'=' => padding += 1,
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' if padding == 0 => {}
            _ => return false,
        }
    }
    length > 0 && length % 4 == 0 && padding <= 2
}

fn is_oid(text: &str) -> bool {
    let mut numbers = text.split('.');
    let first = numbers.next();
    let is_number = |number: &str| number == "0" || (is_digits(number) && !number.starts_with('0'));
    matches!(first, Some("0" | "1" | "2"))
        && numbers.clone().next().is_some()
        && numbers.all(is_number)
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    let is_hex = |group: &str| {
        let allowed = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        group.bytes().all(allowed)
    };
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    lengths == [8, 4, 4, 4, 12] && groups.iter().all(|group| is_hex(group))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A whole number; one that is out of every range is none.
fn integer(text: &str) -> Option<Number> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_plain = text == "0" || (is_digits(digits) && !digits.starts_with('0'));
    let value = is_plain.then(|| text.parse().ok())??;
    Some(Number::Integer(value))
}

fn is_decimal(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    (whole == "0" || (is_digits(whole) && !whole.starts_with('0')))
        && fraction.is_none_or(is_digits)
        && exponent
            .is_none_or(|exponent| is_digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}

/// What follows on a date; `None` if the text does not begin with one.
fn date(text: &str) -> Option<&str> {
    let length = text.find('T').unwrap_or(text.len());
    let (date, rest) = text.split_at_checked(length)?;
    let mut parts = date.split('-');
    let year = number(parts.next()?, 4)?;
    let month = parts.next().map(|month| number(month, 2));
    let day = parts.next().map(|day| number(day, 2));
    let (month, day) = (month.unwrap_or(Some(1))?, day.unwrap_or(Some(1))?);
    let exists = parts.next().is_none()
        && year > 0
        && NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day).is_some();
    exists.then_some(rest)
}

/// Whether the date before this rest is a whole one.
fn is_day(text: &str, rest: &str) -> bool {
    text.len() - rest.len() == "YYYY-MM-DD".len()
}

fn is_time_in_zone(text: &str) -> bool {
    let zone = text.strip_prefix('T').and_then(time);
    zone.is_some_and(|zone| zone == "Z" || is_offset(zone))
}

fn is_offset(zone: &str) -> bool {
    let offset = zone.strip_prefix(['+', '-']).and_then(|offset| {
        let (hours, minutes) = offset.split_once(':')?;
        Some((number(hours, 2)?, number(minutes, 2)?))
    });
    offset
        .is_some_and(|(hours, minutes)| (hours < 14 && minutes < 60) || (hours, minutes) == (14, 0))
}

/// What follows on a time; `None` if the text does not begin with one.
fn time(text: &str) -> Option<&str> {
    let (time, rest) = text.split_at_checked("hh:mm:ss".len())?;
    let mut parts = time.split(':');
    let mut part = || number(parts.next()?, 2);
    let (hours, minutes, seconds) = (part()?, part()?, part()?);
    // a second may be a leap second
    if hours > 23 || minutes > 59 || seconds > 60 {
        return None;
    }
    let Some(fraction) = rest.strip_prefix('.') else {
        return Some(rest);
    };
    let end = fraction.find(|letter: char| !letter.is_ascii_digit());
    let (digits, rest) = fraction.split_at_checked(end.unwrap_or(fraction.len()))?;
    (!digits.is_empty()).then_some(rest)
}

fn number(digits: &str, length: usize) -> Option<u32> {
    let is_number = digits.len() == length && is_digits(digits);
    is_number.then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_as_r4_defines_them() {
        use Primitive as P;
        let right = [
            (P::Base64Binary, "YWJj YWI\n="),
            (P::Boolean, "true"),
            (P::Canonical, "http://h/x|1"),
            (P::Code, "a b"),
            (P::Date, "2024-02-29"),
            (P::Date, "0001"),
            (P::Date, "1973-06"),
            (P::DateTime, "1973"),
            (P::DateTime, "2015-02-07T13:28:17-05:00"),
            (P::DateTime, "2015-02-07T23:59:60.123456789+14:00"),
            (P::Decimal, "-1.50e+7"),
            (P::Decimal, "0"),
            (P::Id, "a.b-9"),
            (P::Instant, "2015-02-07T13:28:17.239Z"),
            (P::Integer, "-2147483648"),
            (P::Integer, "+7"),
            (P::Markdown, "a\n\tb"),
            (P::Oid, "urn:oid:1.2.0.3"),
            (P::PositiveInt, "2147483647"),
            (P::String, " é😀"),
            (P::Time, "23:59:60.5"),
            (P::UnsignedInt, "0"),
            (P::Uri, "urn:x"),
            (P::Url, "mailto:a@b"),
            (P::Uuid, "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"),
        ];
        for (primitive, text) in right {
            assert!(lexical(primitive, text), "{primitive:?} {text:?}");
        }
        let wrong = [
            (
                P::Base64Binary,
                ["", "YWJ", "YQ=a", "Y!==", "===="].as_slice(),
            ),
            (P::Boolean, &["True", "1", ""]),
            (P::Canonical, &["", "a b"]),
            (P::Code, &["", " a", "a ", "a  b", "a\tb"]),
            (
                P::Date,
                &[
                    "",
                    "24",
                    "2023-02-29",
                    "2024-13",
                    "2024-1-1",
                    "0000",
                    "2024-02-29T10:00:00Z",
                    "+024",
                    "2024-02-29-1",
                ],
            ),
            (
                P::DateTime,
                &[
                    "2015-02-07T13:28:17",
                    "2015-02-07T13:28Z",
                    "2015-02T13:28:17Z",
                    "2015-02-07T24:00:00Z",
                    "2015-02-07T",
                    "2015-02-07T13:28:17.Z",
                    "2015-02-07T13:28:17+14:30",
                    "2015-02-07T13:28:17+5:00",
                    "2015-02-07 13:28:17Z",
                    "2015-02-07T13:60:17Z",
                    "2015-02-07T13:28:61Z",
                    "2015-02-07T13:28:17z",
                ],
            ),
            (
                P::Decimal,
                &["", ".5", "5.", "01", "+1", "1e", "NaN", "1,5", "--1"],
            ),
            (P::Id, &["", "a_b"]),
            (
                P::Instant,
                &["2015-02-07", "2015-02", "2015-02-07T13:28:17"],
            ),
            (
                P::Integer,
                &[
                    "",
                    "1.0",
                    "2147483648",
                    "-0",
                    "007",
                    "1e1",
                    "99999999999999999999",
                ],
            ),
            (
                P::Oid,
                &[
                    "1.2.3",
                    "urn:oid:3.1",
                    "urn:oid:1",
                    "urn:oid:1.02",
                    "urn:oid:1..2",
                ],
            ),
            (P::PositiveInt, &["0", "-1"]),
            (P::String, &["", "a\0", "a\u{1b}"]),
            (P::Time, &["10:00", "24:00:00", "10:00:00Z", "é0:00:00"]),
            (P::UnsignedInt, &["-1", "4294967295"]),
            (P::Uri, &["", "a b"]),
            (
                P::Uuid,
                &[
                    "c757873d-ec9a-4326-a141-556f43239520",
                    "urn:uuid:C757873D-ec9a-4326-a141-556f43239520",
                    "urn:uuid:1",
                ],
            ),
        ];
        for (primitive, texts) in wrong {
            for text in texts {
                assert!(!lexical(primitive, text), "{primitive:?} {text:?}");
            }
        }
        assert!(!lexical(P::String, &"a".repeat(LONGEST_STRING + 1)));
    }

    #[test]
    fn json_has_its_own_types() {
        let code = |primitive, node| check(primitive, &node).err().map(|(code, _)| code);
        let structure = Some(IssueType::Structure);
        assert_eq!(code(Primitive::Boolean, Node::Bool(true)), None);
        assert_eq!(
            code(Primitive::Boolean, Node::String("true".into())),
            structure
        );
        assert_eq!(
            code(Primitive::Decimal, Node::Number(Number::Decimal)),
            None
        );
        assert_eq!(
            code(Primitive::Decimal, Node::Number(Number::Integer(1))),
            None
        );
        assert_eq!(
            code(Primitive::Decimal, Node::String("1".into())),
            structure
        );
        assert_eq!(
            code(Primitive::Integer, Node::Number(Number::Decimal)),
            Some(IssueType::Value)
        );
        assert_eq!(
            code(Primitive::PositiveInt, Node::Number(Number::Integer(0))),
            Some(IssueType::Value)
        );
        assert_eq!(
            code(Primitive::String, Node::Number(Number::Integer(0))),
            structure
        );
        assert_eq!(code(Primitive::String, Node::Array(vec![])), structure);
        assert_eq!(code(Primitive::Integer, Node::Lexical("7".into())), None);
    }
}
