//! PYSON, the language in which record rules are stored: JSON with statements in it, decoded as trytond's
//! `PYSONDecoder` does (trytond/pyson.py).
//!
//! The decoder evaluates from the innermost object outwards, so both branches of an `If` are evaluated, and an error in
//! either is an error of the whole. Everything that trytond raises on is [`Invalid`]. So is a little that it accepts:
//! integers beyond 64 bits, `NaN` and `Infinity`, deltas that are not whole, iterating over a string, what is very long.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use serde_json::value::RawValue;

use crate::tryton::pyson_date;

/// How deep lists and objects may be nested.
const DEEPEST: usize = 48;

/// How long a text may be, in bytes.
const LONGEST: usize = 1 << 18;

/// A decoded value: what Python would hold.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `None`.
    Null,
    /// A `bool`.
    Boolean(bool),
    /// An `int`.
    Integer(i64),
    /// A `float`; always finite. trytond's encoder writes a `Decimal` as one too.
    Float(f64),
    /// A `str`.
    Text(String),
    /// A `list`.
    List(Vec<Value>),
    /// A `tuple`: only the context has them. One is never equal to a list.
    Tuple(Vec<Value>),
    /// A `dict`.
    Map(BTreeMap<String, Value>),
    /// A `date`.
    Date(NaiveDate),
    /// A `datetime`, in UTC.
    DateTime(NaiveDateTime),
    /// A `timedelta`, in microseconds.
    Duration(i64),
}

/// Text that trytond could not decode, or that is beyond what is decoded here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// Not JSON, or with a number out of range.
    #[error("not JSON")]
    Json,
    /// Too long, or nested too deep.
    #[error("too long or nested too deep")]
    Size,
    /// A statement that lacks a part.
    #[error("a PYSON statement lacks {0}")]
    Lacks(&'static str),
    /// A statement with a part of the wrong type or out of range.
    #[error("the PYSON statement {0} has an operand that it cannot work on")]
    Operand(&'static str),
    /// A name of which this server does not know the value.
    #[error("a PYSON statement asks for a name whose value is not known")]
    Name,
}

/// What the statements are evaluated against (`Rule._get_context`, trytond/ir/rule.py).
#[derive(Debug, Clone, PartialEq)]
pub struct Context {
    values: BTreeMap<String, Value>,
    unknown: BTreeSet<&'static str>,
    durations_compare: bool,
    now: NaiveDateTime,
}

impl Context {
    /// A context without names; `now` is what `Date` and `DateTime` start from.
    #[must_use]
    pub fn new(now: DateTime<Utc>) -> Self {
        Self {
            values: BTreeMap::new(),
            unknown: BTreeSet::new(),
            durations_compare: true,
            now: now.naive_utc(),
        }
    }

    /// The context in which trytond 7.0 evaluates a rule: `groups`, and `companies` if the module is there.
    #[must_use]
    pub fn of_rule_in_7_0(now: DateTime<Utc>, groups: &[i64], companies: Option<&[i64]>) -> Self {
        let ids = |ids: &[i64]| Value::Tuple(ids.iter().copied().map(Value::Integer).collect());
        let context = Self::new(now).with("groups", ids(groups));
        match companies {
            Some(companies) => context.with("companies", ids(companies)),
            None => context,
        }
    }

    /// The same in trytond 6.0, which adds the records `user` and `employee` and the list `employees`. Of them only
    /// the user's id is known here: what else a rule asks of them is [`Invalid::Name`]. It cannot compare durations.
    #[must_use]
    pub fn of_rule_in_6_0(
        now: DateTime<Utc>,
        user: i64,
        groups: &[i64],
        companies: Option<&[i64]>,
    ) -> Self {
        let ids = |ids: &[i64]| Value::List(ids.iter().copied().map(Value::Integer).collect());
        let mut context = Self::new(now)
            .with("groups", ids(groups))
            .with("user.id", Value::Integer(user));
        if let Some(companies) = companies {
            context = context.with("companies", ids(companies));
        }
        context.unknown.extend(["user", "employee", "employees"]);
        context.durations_compare = false;
        context
    }

    /// The context with one name more, which may have dots.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.values.insert(name.to_owned(), value);
        self
    }
}

/// Decodes a text, such as the `domain` of a rule.
///
/// # Errors
/// [`Invalid`].
pub fn decode(text: &str, context: &Context) -> Result<Value, Invalid> {
    if text.len() > LONGEST {
        return Err(Invalid::Size);
    }
    let raw: &RawValue = serde_json::from_str(text).map_err(|_| Invalid::Json)?;
    value(raw.get(), context, 0)
}

fn value(json: &str, context: &Context, depth: usize) -> Result<Value, Invalid> {
    if depth > DEEPEST {
        return Err(Invalid::Size);
    }
    match json.as_bytes().first() {
        Some(b'{') => object(json, context, depth),
        Some(b'[') => {
            let items: Vec<&RawValue> = read(json)?;
            let items = items
                .into_iter()
                .map(|item| value(item.get(), context, depth + 1));
            Ok(Value::List(items.collect::<Result<_, _>>()?))
        }
        Some(b'"') => Ok(Value::Text(read(json)?)),
        Some(b't' | b'f') => Ok(Value::Boolean(read(json)?)),
        Some(b'n') => Ok(Value::Null),
        _ => number(json),
    }
}

fn read<'j, T: serde::Deserialize<'j>>(json: &'j str) -> Result<T, Invalid> {
    serde_json::from_str(json).map_err(|_| Invalid::Json)
}

/// As `json` reads numbers: a `float` if there is a point or an exponent.
fn number(json: &str) -> Result<Value, Invalid> {
    if json.contains(['.', 'e', 'E']) {
        let number: f64 = json.parse().map_err(|_| Invalid::Json)?;
        return if number.is_finite() {
            Ok(Value::Float(number))
        } else {
            Err(Invalid::Json)
        };
    }
    json.parse().map(Value::Integer).map_err(|_| Invalid::Json)
}

fn object(json: &str, context: &Context, depth: usize) -> Result<Value, Invalid> {
    let members: BTreeMap<Cow<'_, str>, &RawValue> = read(json)?;
    let members = members
        .into_iter()
        .map(|(name, member)| Ok((name.into_owned(), value(member.get(), context, depth + 1)?)));
    let members: BTreeMap<String, Value> = members.collect::<Result<_, _>>()?;
    let class = match members.get("__class__") {
        Some(Value::Text(class)) => class.clone(),
        Some(Value::List(_) | Value::Map(_)) => return Err(Invalid::Operand("__class__")),
        _ => return Ok(Value::Map(members)),
    };
    statement(&class, &Members(&members), context).unwrap_or(Ok(Value::Map(members)))
}

/// The members of a statement.
pub(super) struct Members<'m>(&'m BTreeMap<String, Value>);

impl Members<'_> {
    /// The member of this name.
    pub(super) fn get(&self, name: &'static str) -> Result<&Value, Invalid> {
        self.0.get(name).ok_or(Invalid::Lacks(name))
    }

    /// The member of this name, which may be absent.
    pub(super) fn find(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }
}

/// The value of a statement; `None` for an object that is none (`CONTEXT`, trytond/pyson.py).
fn statement(
    class: &str,
    members: &Members<'_>,
    context: &Context,
) -> Option<Result<Value, Invalid>> {
    Some(match class {
        "Eval" => eval(members, context),
        "Not" => members.get("v").map(|v| Value::Boolean(!truthy(v))),
        "Bool" => members.get("v").map(|v| Value::Boolean(truthy(v))),
        "And" => all(members).map(|all| Value::Boolean(all.iter().all(truthy))),
        "Or" => all(members).map(|all| Value::Boolean(all.iter().any(truthy))),
        "Equal" => pair(members).map(|(s1, s2)| Value::Boolean(equal(s1, s2))),
        "Greater" => ordered(members, context, |a, b| a > b, |a, b| a >= b),
        "Less" => ordered(members, context, |a, b| a < b, |a, b| a <= b),
        "If" => members
            .get("c")
            .and_then(|c| members.get(if truthy(c) { "t" } else { "e" }))
            .cloned(),
        "Get" => get(members),
        "In" => is_in(members).map(Value::Boolean),
        "Date" => pyson_date::date(members, context.now),
        "DateTime" => pyson_date::date_time(members, context.now),
        "TimeDelta" => pyson_date::time_delta(members),
        "Len" => len(members),
        // `Id` is resolved when a rule is written, and `true` is no class that can be evaluated
        "Id" | "true" => Err(Invalid::Operand("__class__")),
        _ => return None,
    })
}

fn eval(members: &Members<'_>, context: &Context) -> Result<Value, Invalid> {
    let Value::Text(name) = members.get("v")? else {
        return Err(Invalid::Operand("Eval"));
    };
    let default = members.get("d")?;
    if let Some(value) = context.values.get(name) {
        return Ok(value.clone());
    }
    let Some((base, rest)) = name.split_once('.') else {
        return if context.unknown.contains(name.as_str()) {
            Err(Invalid::Name)
        } else {
            Ok(default.clone())
        };
    };
    if context.unknown.contains(base) {
        return Err(Invalid::Name);
    }
    let inside = context.values.get(base).unwrap_or(&Value::Null);
    eval_inside(inside, rest, default)
}

/// The rest of a dotted name, looked up in what the part before it gave.
fn eval_inside(value: &Value, name: &str, default: &Value) -> Result<Value, Invalid> {
    if !truthy(value) {
        return Ok(default.clone());
    }
    let Value::Map(map) = value else {
        return Err(Invalid::Operand("Eval"));
    };
    if let Some(value) = map.get(name) {
        return Ok(value.clone());
    }
    match name.split_once('.') {
        Some((base, rest)) => eval_inside(map.get(base).unwrap_or(&Value::Null), rest, default),
        None => Ok(default.clone()),
    }
}

fn all<'m>(members: &'m Members<'_>) -> Result<&'m [Value], Invalid> {
    match members.get("s")? {
        Value::List(all) | Value::Tuple(all) if !all.is_empty() => Ok(all),
        _ => Err(Invalid::Operand("And")),
    }
}

fn pair<'m>(members: &'m Members<'_>) -> Result<(&'m Value, &'m Value), Invalid> {
    Ok((members.get("s1")?, members.get("s2")?))
}

fn get(members: &Members<'_>) -> Result<Value, Invalid> {
    let Value::Map(map) = members.get("v")? else {
        return Err(Invalid::Operand("Get"));
    };
    let (key, default) = (members.get("k")?, members.get("d")?);
    match key {
        Value::Text(key) => Ok(map.get(key).unwrap_or(default).clone()),
        Value::List(_) | Value::Map(_) | Value::Tuple(_) => Err(Invalid::Operand("Get")),
        _ => Ok(default.clone()),
    }
}

fn is_in(members: &Members<'_>) -> Result<bool, Invalid> {
    let container = members.get("v")?;
    if !truthy(container) {
        return Ok(false);
    }
    let key = members.get("k")?;
    match (container, key) {
        (Value::List(items) | Value::Tuple(items), _) => {
            Ok(items.iter().any(|item| equal(item, key)))
        }
        (Value::Map(map), Value::Text(key)) => Ok(map.contains_key(key)),
        (Value::Map(_), Value::List(_) | Value::Map(_) | Value::Tuple(_)) => {
            Err(Invalid::Operand("In"))
        }
        (Value::Map(_), _) => Ok(false),
        (Value::Text(text), Value::Text(key)) => Ok(text.contains(key.as_str())),
        _ => Err(Invalid::Operand("In")),
    }
}

fn len(members: &Members<'_>) -> Result<Value, Invalid> {
    let length = match members.get("v")? {
        Value::Text(text) => text.chars().count(),
        Value::List(items) | Value::Tuple(items) => items.len(),
        Value::Map(map) => map.len(),
        _ => return Err(Invalid::Operand("Len")),
    };
    i64::try_from(length)
        .map(Value::Integer)
        .map_err(|_| Invalid::Operand("Len"))
}

/// `Greater.eval` and `Less.eval`: nothing is greater or less than `None`.
fn ordered(
    members: &Members<'_>,
    context: &Context,
    strictly: fn(f64, f64) -> bool,
    or_equal: fn(f64, f64) -> bool,
) -> Result<Value, Invalid> {
    let (s1, s2) = pair(members)?;
    if matches!((s1, s2), (Value::Null, _) | (_, Value::Null)) {
        return Ok(Value::Boolean(false));
    }
    if !context.durations_compare
        && matches!((s1, s2), (Value::Duration(_), _) | (_, Value::Duration(_)))
    {
        return Err(Invalid::Operand("Greater"));
    }
    let (s1, s2) = (pyson_date::number(s1)?, pyson_date::number(s2)?);
    let compare = if truthy(members.get("e")?) {
        or_equal
    } else {
        strictly
    };
    Ok(Value::Boolean(compare(s1, s2)))
}

/// What Python's `bool` says of a value.
#[must_use]
pub fn truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Boolean(truth) => *truth,
        Value::Integer(number) => *number != 0,
        Value::Float(number) => *number != 0.0,
        Value::Text(text) => !text.is_empty(),
        Value::List(items) | Value::Tuple(items) => !items.is_empty(),
        Value::Map(map) => !map.is_empty(),
        Value::Date(_) | Value::DateTime(_) => true,
        Value::Duration(microseconds) => *microseconds != 0,
    }
}

/// What Python's `==` says: numbers are equal across their types, and `True` is 1.
fn equal(one: &Value, other: &Value) -> bool {
    let whole = |value: &Value| match value {
        Value::Boolean(truth) => Some(i64::from(*truth)),
        Value::Integer(number) => Some(*number),
        _ => None,
    };
    match (one, other) {
        (Value::List(a), Value::List(b)) | (Value::Tuple(a), Value::Tuple(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Value::Map(a), Value::Map(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(name, a)| b.get(name).is_some_and(|b| equal(a, b)))
        }
        (Value::Float(float), number) | (number, Value::Float(float)) => match number {
            Value::Float(other) => float == other,
            number => whole(number).is_some_and(|number| same_number(number, *float)),
        },
        (a, b) => match (whole(a), whole(b)) {
            (Some(a), Some(b)) => a == b,
            _ => a == b,
        },
    }
}

/// Whether an integer and a float are the same number, exactly.
fn same_number(integer: i64, float: f64) -> bool {
    // every integer below this is a float without loss
    const EXACT: u64 = 1 << 53;
    if integer.unsigned_abs() > EXACT {
        return format!("{float:.0}") == integer.to_string();
    }
    #[allow(clippy::cast_precision_loss, reason = "it is below what is exact")]
    let same = integer as f64 == float;
    same
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> Context {
        Context::of_rule_in_7_0(DateTime::UNIX_EPOCH, &[3, 5], Some(&[1]))
    }

    #[test]
    fn a_name_of_the_context_is_given_and_any_other_is_its_default() {
        let ids = |ids: &[i64]| ids.iter().copied().map(Value::Integer).collect();
        for (name, expected) in [
            ("groups", Value::Tuple(ids(&[3, 5]))),
            ("companies", Value::Tuple(ids(&[1]))),
            ("user.id", Value::Integer(-1)),
            ("user", Value::Integer(-1)),
        ] {
            let text = format!(r#"{{"__class__": "Eval", "v": "{name}", "d": -1}}"#);
            assert_eq!(decode(&text, &context()), Ok(expected), "{name}");
        }
    }

    #[test]
    fn of_the_user_whom_6_0_knows_only_the_id_is_known() {
        let context = Context::of_rule_in_6_0(DateTime::UNIX_EPOCH, 9, &[3], None);
        let eval = |name: &str| {
            let text = format!(r#"{{"__class__": "Eval", "v": "{name}", "d": -1}}"#);
            decode(&text, &context)
        };
        assert_eq!(eval("user.id"), Ok(Value::Integer(9)));
        assert_eq!(eval("groups"), Ok(Value::List(vec![Value::Integer(3)])));
        assert_eq!(eval("companies"), Ok(Value::Integer(-1)));
        for name in [
            "user",
            "user.company",
            "employee",
            "employee.id",
            "employees",
        ] {
            assert_eq!(eval(name), Err(Invalid::Name), "{name}");
        }
    }

    #[test]
    fn dates_start_from_the_given_now() {
        let now = DateTime::from_timestamp(1_709_164_800 + 3_661, 5_000).unwrap();
        let text = r#"{"__class__": "Date", "y": null, "M": null, "d": null, "dy": 1, "dM": 0, "dd": 1, "start": null}"#;
        let date = NaiveDate::from_ymd_opt(2025, 3, 1).unwrap();
        assert_eq!(decode(text, &Context::new(now)), Ok(Value::Date(date)));
        let text = r#"{"__class__": "DateTime", "y": null, "M": null, "d": null, "h": null, "m": 0, "s": null, "ms": null,
            "dy": 0, "dM": -24, "dd": 0, "dh": 24, "dm": 0, "ds": 0, "dms": 0}"#;
        let moment = NaiveDate::from_ymd_opt(2022, 3, 1).unwrap();
        let moment = moment.and_hms_micro_opt(1, 0, 1, 5).unwrap();
        assert_eq!(
            decode(text, &Context::new(now)),
            Ok(Value::DateTime(moment))
        );
    }

    #[test]
    fn the_branch_that_is_not_taken_is_evaluated_too() {
        let text = r#"{"__class__": "If", "c": true, "t": 1, "e": {"__class__": "Len", "v": 1}}"#;
        assert_eq!(decode(text, &context()), Err(Invalid::Operand("Len")));
    }

    #[test]
    fn what_is_nested_too_deep_is_an_error() {
        let deepest = "[".repeat(DEEPEST) + &"]".repeat(DEEPEST);
        assert!(decode(&deepest, &context()).is_ok());
        for deep in [DEEPEST + 2, 1_000, 9_000, 100_000] {
            let lists = "[".repeat(deep) + &"]".repeat(deep);
            assert!(decode(&lists, &context()).is_err());
            let statement = r#"{"__class__": "Not", "v": "#;
            let statements = statement.repeat(deep) + "1" + &"}".repeat(deep);
            assert!(decode(&statements, &context()).is_err());
            assert!(decode(&"[".repeat(deep), &context()).is_err());
        }
    }

    #[test]
    fn numbers_out_of_range_are_errors() {
        for text in [
            "1e999",
            "-1e999",
            "9223372036854775808",
            "NaN",
            "Infinity",
            "1_000",
            "01",
            "+1",
            ".5",
            "0x1",
        ] {
            assert_eq!(decode(text, &context()), Err(Invalid::Json), "{text}");
        }
        let least = decode("-9223372036854775808", &context());
        assert_eq!(least, Ok(Value::Integer(i64::MIN)));
        let text = r#"{"__class__": "Greater", "s1": -9223372036854775808, "s2": 1, "e": false}"#;
        assert_eq!(decode(text, &context()), Err(Invalid::Operand("Greater")));
    }
}
