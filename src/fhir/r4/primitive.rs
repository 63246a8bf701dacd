//! The primitive datatypes.
//!
//! Source: <https://hl7.org/fhir/R4/datatypes.html#primitive>

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::{DataAbsentReason, Extension, ExtensionValue};

/// Bytes in base64.
pub type Base64Binary = String;
/// A URI of a definition, with an optional `|version`.
pub type Canonical = String;
/// A code of a value set that is too large, or not FHIR's, for an enum.
pub type Code = String;
/// A logical id: 1 to 64 of `A-Z a-z 0-9 - .`
pub type Id = String;
/// Text in GitHub-flavoured Markdown.
pub type Markdown = String;
/// An OID as a URI: `urn:oid:`…
pub type Oid = String;
/// A URI.
pub type Uri = String;
/// A URI that can be resolved.
pub type Url = String;
/// A UUID as a URI: `urn:uuid:`…
pub type Uuid = String;
/// An XHTML `div`, as the text of a narrative.
pub type Xhtml = String;

/// A text that is no value of the primitive type it was meant for. Does not repeat the text: it may be a patient's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidPrimitive {
    expected: &'static str,
}

impl fmt::Display for InvalidPrimitive {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "not a FHIR {}", self.expected)
    }
}

impl std::error::Error for InvalidPrimitive {}

/// A primitive that may have extensions of its own, and then may lack a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Primitive<T> {
    /// The value.
    pub value: Option<T>,
    /// The extensions; in JSON they stand in a sibling with an underscore before its name.
    pub extension: Vec<Extension>,
}

impl<T> Primitive<T> {
    /// No value, and why.
    #[must_use]
    pub fn absent(reason: DataAbsentReason) -> Self {
        let url = "http://hl7.org/fhir/StructureDefinition/data-absent-reason";
        Self {
            value: None,
            extension: vec![Extension {
                value: Some(ExtensionValue::Code(reason.as_str().to_owned())),
                ..Extension::new(url)
            }],
        }
    }
}

impl<T> Default for Primitive<T> {
    fn default() -> Self {
        Self {
            value: None,
            extension: Vec::new(),
        }
    }
}

impl<T> From<T> for Primitive<T> {
    fn from(value: T) -> Self {
        Some(value).into()
    }
}

impl<T> From<Option<T>> for Primitive<T> {
    fn from(value: Option<T>) -> Self {
        Self {
            value,
            extension: Vec::new(),
        }
    }
}

impl From<&str> for Primitive<String> {
    fn from(value: &str) -> Self {
        value.to_owned().into()
    }
}

/// A number with the digits that it was written with: `1.50` is not `1.5`.
#[derive(Debug, Clone)]
pub struct Decimal(Box<RawValue>);

impl Decimal {
    /// Takes over the digits. FHIR's decimals are JSON's numbers.
    ///
    /// # Errors
    /// If the text is no such number, as PostgreSQL's `NaN` and `Infinity` are not.
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidPrimitive> {
        let text = text.into();
        let first = text.bytes().next();
        let last = text.bytes().next_back();
        let invalid = InvalidPrimitive {
            expected: "decimal",
        };
        // of all JSON values only numbers start and end so
        if !first.is_some_and(|byte| byte == b'-' || byte.is_ascii_digit())
            || !last.is_some_and(|byte| byte.is_ascii_digit())
        {
            return Err(invalid);
        }
        RawValue::from_string(text).map(Self).map_err(|_| invalid)
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.get()
    }
}

/// Equal if the digits are: precision counts.
impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// A primitive that is a text of a fixed form.
macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $check:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            /// Checks the text and takes it over.
            ///
            /// # Errors
            /// If the text is not of this form.
            pub fn parse(text: impl Into<String>) -> Result<Self, InvalidPrimitive> {
                let text = text.into();
                match $check(&text) {
                    Some("") => Ok(Self(text)),
                    _ => Err(InvalidPrimitive { expected: $expected }),
                }
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
    };
}

checked_text! {
    /// A day, a month or a year: `2024-02-29`, `2024-02`, `2024`.
    Date, "date", date
}
checked_text! {
    /// A date, or a date with a time and a time zone: `2024-02-29T08:05:00+01:00`.
    DateTime, "dateTime", date_time
}
checked_text! {
    /// A date with a time and a time zone, always in full: `2024-02-29T08:05:00.123Z`.
    Instant, "instant", instant
}
checked_text! {
    /// A time of day, without a zone: `08:05:00`.
    Time, "time", time
}

impl From<Date> for DateTime {
    fn from(date: Date) -> Self {
        Self(date.0)
    }
}

impl From<Instant> for DateTime {
    fn from(instant: Instant) -> Self {
        Self(instant.0)
    }
}

// Each of the following reads something at the start of a text and returns the rest of the text.

fn date(text: &str) -> Option<&str> {
    let (year, rest) = digits(text, 4, 1, 9999)?;
    let Some(rest) = rest.strip_prefix('-') else {
        return Some(rest);
    };
    let (month, rest) = digits(rest, 2, 1, 12)?;
    let Some(rest) = rest.strip_prefix('-') else {
        return Some(rest);
    };
    let (_, rest) = digits(rest, 2, 1, days(year, month))?;
    Some(rest)
}

fn date_time(text: &str) -> Option<&str> {
    if text.contains('T') {
        instant(text)
    } else {
        date(text)
    }
}

fn instant(text: &str) -> Option<&str> {
    let (day, rest) = text.split_at_checked("2024-02-29".len())?;
    if !date(day)?.is_empty() {
        return None;
    }
    zone(time(rest.strip_prefix('T')?)?)
}

fn time(text: &str) -> Option<&str> {
    let (_, rest) = digits(text, 2, 0, 23)?;
    let (_, rest) = digits(rest.strip_prefix(':')?, 2, 0, 59)?;
    // 60: a leap second
    let (_, rest) = digits(rest.strip_prefix(':')?, 2, 0, 60)?;
    let Some(fraction) = rest.strip_prefix('.') else {
        return Some(rest);
    };
    let rest = fraction.trim_start_matches(|digit: char| digit.is_ascii_digit());
    (rest.len() < fraction.len()).then_some(rest)
}

/// `Z`, or an offset of up to 14 hours.
fn zone(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_prefix('Z') {
        return Some(rest);
    }
    let (hours, rest) = digits(text.strip_prefix(['+', '-'])?, 2, 0, 14)?;
    let most = if hours == 14 { 0 } else { 59 };
    let (_, rest) = digits(rest.strip_prefix(':')?, 2, 0, most)?;
    Some(rest)
}

fn digits(text: &str, count: usize, least: u16, most: u16) -> Option<(u16, &str)> {
    let (head, rest) = text.split_at_checked(count)?;
    if !head.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = head.parse().ok()?;
    (least..=most).contains(&number).then_some((number, rest))
}

fn days(year: u16, month: u16) -> u16 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// An enum of codes.
macro_rules! code_enum {
    (
        $(#[$doc:meta])*
        pub enum $name:ident {
            $($(#[$variant_doc:meta])* $variant:ident = $code:literal,)+
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// The code.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                }
            }

            /// What a code means, if it is one.
            #[must_use]
            pub fn parse(code: &str) -> Option<Self> {
                match code {
                    $($code => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}
pub(super) use code_enum;
