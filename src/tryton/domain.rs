//! Domains: what a decoded record rule says, read as trytond reads it (`reduce_domain`, trytond/tools/misc.py;
//! `is_leaf`, trytond/model/modelstorage.py; `ModelSQL.search_domain`, trytond/model/modelsql.py).
//!
//! A list is a clause if it has more than two items and the second is an operator; any other list is a group, joined by
//! `AND` unless its first item says `OR`. A group directly inside one with the same operator is part of it. What trytond
//! raises on is [`Malformed`]. So is what it takes for "everything" by accident: `false` or `null` in place of a clause,
//! and a rule that is only `["OR"]`.

use crate::tryton::pyson::Value;

/// How many clauses a domain may have.
const MOST_CLAUSES: usize = 250;
/// How many names a dotted path may have.
const LONGEST_PATH: usize = 10;
/// How many values `in` may be given.
const MOST_VALUES: usize = 10_000;

/// A condition on the records of a model.
#[derive(Debug, Clone, PartialEq)]
pub enum Domain {
    /// A condition on one field.
    Clause(Clause),
    /// Conditions joined.
    Group(Group),
}

/// Conditions joined; without any, everything fulfils it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Group {
    /// Whether one of them is enough (`OR`), or all are needed.
    pub any: bool,
    /// The conditions. No group among them is joined in the same way, unless it stands for an empty list.
    pub parts: Vec<Domain>,
}

/// A condition on one field, or on one at the end of a path of relations.
#[derive(Debug, Clone, PartialEq)]
pub struct Clause {
    /// The names, from the model outwards; at least one.
    pub path: Vec<String>,
    /// How it is compared.
    pub operator: Operator,
    /// What it is compared with.
    pub operand: Operand,
    /// What follows: the model that a reference field must refer to, the name of the parent field for `child_of`.
    pub rest: Vec<String>,
}

/// What a field is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// A value.
    Value(Value),
    /// The domain of `where`.
    Domain(Group),
}

/// The operators of clauses (trytond/const.py).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `in`
    In,
    /// `not in`
    NotIn,
    /// `like`
    Like,
    /// `not like`
    NotLike,
    /// `ilike`
    ILike,
    /// `not ilike`
    NotILike,
    /// `child_of`
    ChildOf,
    /// `not child_of`
    NotChildOf,
    /// `parent_of`
    ParentOf,
    /// `not parent_of`
    NotParentOf,
    /// `where`
    Where,
    /// `not where`
    NotWhere,
}

impl Operator {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "=" => Self::Equal,
            "!=" => Self::NotEqual,
            "<" => Self::Less,
            "<=" => Self::LessEqual,
            ">" => Self::Greater,
            ">=" => Self::GreaterEqual,
            "in" => Self::In,
            "not in" => Self::NotIn,
            "like" => Self::Like,
            "not like" => Self::NotLike,
            "ilike" => Self::ILike,
            "not ilike" => Self::NotILike,
            "child_of" => Self::ChildOf,
            "not child_of" => Self::NotChildOf,
            "parent_of" => Self::ParentOf,
            "not parent_of" => Self::NotParentOf,
            "where" => Self::Where,
            "not where" => Self::NotWhere,
            _ => return None,
        })
    }

    /// As it is written.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::In => "in",
            Self::NotIn => "not in",
            Self::Like => "like",
            Self::NotLike => "not like",
            Self::ILike => "ilike",
            Self::NotILike => "not ilike",
            Self::ChildOf => "child_of",
            Self::NotChildOf => "not child_of",
            Self::ParentOf => "parent_of",
            Self::NotParentOf => "not parent_of",
            Self::Where => "where",
            Self::NotWhere => "not where",
        }
    }

    /// Whether it starts with a "not" (`operator.startswith`, trytond/model/fields/many2one.py).
    #[must_use]
    pub fn is_not(self) -> bool {
        matches!(
            self,
            Self::NotIn
                | Self::NotLike
                | Self::NotILike
                | Self::NotChildOf
                | Self::NotParentOf
                | Self::NotWhere
        )
    }
}

/// A value that is no domain, or one that is larger than is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Not a list, or with something in it that is neither clause nor group.
    #[error("not a domain")]
    Shape,
    /// A clause whose field is no path of names, or with something behind the value that is no name.
    #[error("a clause of the domain is malformed")]
    Clause,
    /// The operator `where` with a value that is no domain.
    #[error("a \"where\" of the domain lacks a domain")]
    Where,
    /// A rule of nothing but `OR`.
    #[error("an empty \"OR\"")]
    Empty,
    /// Too many clauses, too long a path, or too many values.
    #[error("the domain is too large")]
    Size,
}

/// Reads the decoded domain of a rule. trytond puts it as one of several into an `OR` (`Rule.get`, trytond/ir/rule.py),
/// so it may be a clause itself.
///
/// # Errors
/// [`Malformed`].
pub fn parse(value: &Value) -> Result<Domain, Malformed> {
    let Value::List(items) = value else {
        return Err(Malformed::Shape);
    };
    let mut clauses = 0;
    match part(items, &mut clauses)? {
        Domain::Group(Group { any: true, parts }) if parts.is_empty() => Err(Malformed::Empty),
        domain => Ok(domain),
    }
}

fn part(items: &[Value], clauses: &mut usize) -> Result<Domain, Malformed> {
    match items {
        [name, Value::Text(operator), value, rest @ ..] => match Operator::parse(operator) {
            Some(operator) => clause(name, operator, value, rest, clauses).map(Domain::Clause),
            None => group(items, clauses).map(Domain::Group),
        },
        _ => group(items, clauses).map(Domain::Group),
    }
}

fn group(items: &[Value], clauses: &mut usize) -> Result<Group, Malformed> {
    let (any, items) = match items {
        [Value::Text(operator), items @ ..] => match operator.as_str() {
            "AND" => (false, items),
            "OR" => (true, items),
            _ => return Err(Malformed::Shape),
        },
        items => (false, items),
    };
    let mut parts = Vec::new();
    for item in items {
        let Value::List(items) = item else {
            return Err(Malformed::Shape);
        };
        match part(items, clauses)? {
            // an empty list stays: everything fulfils it, also within `OR`
            Domain::Group(inner) if inner.any == any && !items.is_empty() => {
                parts.extend(inner.parts);
            }
            inner => parts.push(inner),
        }
    }
    Ok(Group { any, parts })
}

fn clause(
    name: &Value,
    operator: Operator,
    value: &Value,
    rest: &[Value],
    clauses: &mut usize,
) -> Result<Clause, Malformed> {
    *clauses += 1;
    if *clauses > MOST_CLAUSES {
        return Err(Malformed::Size);
    }
    let Value::Text(name) = name else {
        return Err(Malformed::Clause);
    };
    let path: Vec<String> = name.split('.').map(str::to_owned).collect();
    if path.len() > LONGEST_PATH {
        return Err(Malformed::Size);
    }
    let rest = rest.iter().map(|name| match name {
        Value::Text(name) => Ok(name.clone()),
        _ => Err(Malformed::Clause),
    });
    Ok(Clause {
        path,
        operator,
        operand: operand(operator, value, clauses)?,
        rest: rest.collect::<Result<_, _>>()?,
    })
}

fn operand(operator: Operator, value: &Value, clauses: &mut usize) -> Result<Operand, Malformed> {
    if matches!(operator, Operator::Where | Operator::NotWhere) {
        let Value::List(items) = value else {
            return Err(Malformed::Where);
        };
        return Ok(Operand::Domain(searched(items, clauses)?));
    }
    match value {
        Value::List(values) | Value::Tuple(values) if values.len() > MOST_VALUES => {
            Err(Malformed::Size)
        }
        value => Ok(Operand::Value(value.clone())),
    }
}

/// The domain of a `where`, which trytond gives to `search` as it is. There a bare clause is torn apart, and an empty
/// list within an `OR` is left out as soon as another part has a path (`split_subquery_domain`, trytond 7.0): neither is
/// accepted.
fn searched(items: &[Value], clauses: &mut usize) -> Result<Group, Malformed> {
    let group = match part(items, clauses)? {
        Domain::Group(group) => group,
        Domain::Clause(_) => return Err(Malformed::Where),
    };
    let empty = |part: &Domain| matches!(part, Domain::Group(group) if group.parts.is_empty());
    if group.any && group.parts.iter().any(empty) {
        return Err(Malformed::Where);
    }
    Ok(group)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::tryton::pyson::{Context, decode};

    fn parsed(json: &str) -> Result<Domain, Malformed> {
        parse(&decode(json, &Context::new(DateTime::UNIX_EPOCH)).unwrap())
    }

    /// A domain as text: what is left of its shape.
    fn shape(domain: &Domain) -> String {
        match domain {
            Domain::Clause(clause) => clause.path.join("."),
            Domain::Group(group) => {
                let parts: Vec<_> = group.parts.iter().map(shape).collect();
                let parts = parts.join(" ");
                format!("({}{parts})", if group.any { "| " } else { "" })
            }
        }
    }

    #[test]
    fn groups_are_joined_as_trytond_joins_them() {
        for (json, expected) in [
            ("[]", "()"),
            ("[[]]", "(())"),
            (r#"["a", "=", 1]"#, "a"),
            (r#"[["a", "=", 1], ["b.c", "=", 1]]"#, "(a b.c)"),
            (r#"["OR", ["a", "=", 1], [["b", "=", 1]]]"#, "(| a (b))"),
            (r#"["AND", ["a", "=", 1], [["b", "=", 1]]]"#, "(a b)"),
            (r#"["OR", ["a", "=", 1], ["OR", ["b", "=", 1]]]"#, "(| a b)"),
            (r#"["OR", ["a", "=", 1], ["OR"]]"#, "(| a)"),
            (r#"["OR", ["a", "=", 1], ["AND"]]"#, "(| a ())"),
            (r#"["OR", ["a", "=", 1], []]"#, "(| a ())"),
            (r#"[["a", "=", 1], []]"#, "(a ())"),
            (r#"[["AND", "=", 1]]"#, "(AND)"),
        ] {
            assert_eq!(shape(&parsed(json).unwrap()), expected, "{json}");
        }
    }

    #[test]
    fn what_is_no_domain_is_refused() {
        for (json, expected) in [
            ("null", Malformed::Shape),
            ("{}", Malformed::Shape),
            ("true", Malformed::Shape),
            (r#""AND""#, Malformed::Shape),
            ("[null]", Malformed::Shape),
            ("[false]", Malformed::Shape),
            ("[1, 2]", Malformed::Shape),
            (r#"["NOT", ["a", "=", 1]]"#, Malformed::Shape),
            (r#"[["a", "=", 1], "OR", ["b", "=", 1]]"#, Malformed::Shape),
            (r#"[["a", "=="]]"#, Malformed::Shape),
            (r#"[["a", "=", ["b"]], ["c", "~", 1]]"#, Malformed::Shape),
            (r#"["OR"]"#, Malformed::Empty),
            (r#"["OR", ["OR"]]"#, Malformed::Empty),
            (r#"[[1, "=", 1]]"#, Malformed::Clause),
            (r#"[["a", "=", 1, 2]]"#, Malformed::Clause),
            (r#"[["a", "where", null]]"#, Malformed::Where),
            (r#"[["a", "where", ["b", "=", 1]]]"#, Malformed::Where),
            (
                r#"[["a", "where", ["OR", [], ["b.c", "=", 1]]]]"#,
                Malformed::Where,
            ),
        ] {
            assert_eq!(parsed(json), Err(expected), "{json}");
        }
    }

    #[test]
    fn a_domain_beyond_all_measure_is_refused() {
        let clauses = r#"["a","=",1],"#.repeat(MOST_CLAUSES);
        assert!(parsed(&format!("[{}]", clauses.trim_end_matches(','))).is_ok());
        let path = ["a"; LONGEST_PATH + 1].join(".");
        let values = "1,".repeat(MOST_VALUES + 1);
        for json in [
            format!(r#"[{clauses}["a","=",1]]"#),
            format!(r#"[["{path}","=",1]]"#),
            format!(r#"[["a","in",[{}]]]"#, values.trim_end_matches(',')),
        ] {
            assert_eq!(parsed(&json), Err(Malformed::Size));
        }
    }
}
