//! The order of results (R4, search, section "sorting"): by the values of parameters, then by record. Results without a
//! value come last, whichever the direction; of several values the first in that direction counts.

use crate::db::Sql;
use crate::tryton::view::Hidden;

use super::Error;
use super::changed;
use super::criterion::{Grammar, of_source};
use super::logic::TRUE;
use super::parameter::{Kind, Meaning, Parameter, Target};
use super::scope::{Place, Scope};
use super::string::folded;
use super::wanted::period;
use super::way::Way;

/// How many keys an order may have.
const MOST_KEYS: usize = 5;

/// A key of the order.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Whose values decide.
    pub(super) parameter: &'static Parameter,
    /// From the greatest to the least.
    pub(super) descending: bool,
}

/// Understands the value of `_sort`.
///
/// # Errors
/// [`Error::Unknown`], [`Error::Value`] and [`Error::TooMany`].
pub(super) fn parse(grammar: Grammar, value: &str) -> Result<Vec<Key>, Error> {
    let names: Vec<&str> = value.split(',').map(str::trim).collect();
    if names.len() > MOST_KEYS {
        return Err(Error::TooMany {
            limit: MOST_KEYS,
            what: "keys in _sort",
        });
    }
    let keys = names.into_iter().map(|name| {
        let (name, descending) = match name.strip_prefix('-') {
            Some(name) => (name, true),
            None => (name, false),
        };
        let parameter = grammar.declaration.parameter(name);
        let parameter = parameter.filter(|parameter| is_sortable(parameter));
        let sortable = || {
            let all = grammar.declaration.all_parameters();
            let names: Vec<&str> = all
                .filter(|one| is_sortable(one))
                .map(|one| one.name)
                .collect();
            Error::Unsortable(names.join(", "))
        };
        Ok(Key {
            parameter: parameter.ok_or_else(sortable)?,
            descending,
        })
    });
    keys.collect()
}

/// Whether results can be sorted by a parameter: not where it has several values together, nor where it leads only to what
/// is not served.
#[must_use]
pub fn is_sortable(parameter: &Parameter) -> bool {
    match parameter.kind {
        Kind::Composite(_) => false,
        Kind::Reference => parameter
            .targets
            .iter()
            .any(|target| matches!(target.meaning, Meaning::Reference(..))),
        _ => true,
    }
}

impl Key {
    /// The type of its values in SQL.
    pub(super) fn r#type(self) -> &'static str {
        match (self.parameter.kind, self.parameter.targets) {
            (Kind::Token, [target]) if matches!(target.meaning, Meaning::LogicalId) => "bigint",
            (Kind::Date, _) => "timestamp",
            (Kind::Quantity, _) => "numeric",
            (Kind::Reference, _) => "bigint",
            _ => "text",
        }
    }

    /// The SQL of the value that decides; NULL where there is none.
    pub(super) fn value(
        self,
        sql: &mut Sql,
        scope: &Scope<'_>,
        place: &Place,
    ) -> Result<String, Error> {
        let (aggregate, first) = if self.descending {
            ("max", "greatest")
        } else {
            ("min", "least")
        };
        let mut values = Vec::new();
        // A reference sorts by the record that it leads to: one that is only logical leads to none.
        let compared = |target: &&Target| {
            self.parameter.kind != Kind::Reference
                || matches!(target.meaning, Meaning::Reference(..))
        };
        for target in of_source(self.parameter, place.source).filter(compared) {
            match target_value(sql, scope, place, target, aggregate) {
                Ok(Some(value)) => values.push(value),
                Ok(None) | Err(Hidden::Missing(_)) => {}
                Err(denied) => return Err(Error::hidden(self.parameter, denied)),
            }
        }
        let value = match values.as_slice() {
            [] => "NULL".to_owned(),
            [one] => one.clone(),
            _ => format!("{first}({})", values.join(", ")),
        };
        Ok(format!("({value})::{}", self.r#type()))
    }
}

/// The value of a target; `None` if it has none that could be compared.
fn target_value(
    sql: &mut Sql,
    scope: &Scope<'_>,
    place: &Place,
    target: &Target,
    aggregate: &str,
) -> Result<Option<String>, Hidden> {
    let view = scope.view;
    let way = Way::along(sql, view, place, target.path)?;
    let column = way.value(sql, view, target.value)?;
    let value = match target.meaning {
        Meaning::LogicalId | Meaning::Reference(..) | Meaning::Quantity(_) => column,
        // By code point: the same everywhere, and sensible once case and accents are gone.
        Meaning::Text => format!("{} COLLATE \"C\"", folded(&format!("btrim({column})"))),
        Meaning::Token(_) | Meaning::Hierarchical(_) | Meaning::Identifier(..) => {
            format!("nullif(btrim({column}), '') COLLATE \"C\"")
        }
        Meaning::Codes(_, codes) => {
            let cases = codes.iter().flat_map(|(code, values)| {
                values
                    .iter()
                    .map(move |value| format!("WHEN '{value}' THEN '{code}'"))
            });
            let cases = cases.collect::<Vec<_>>().join(" ");
            format!("(CASE {column} {cases} END) COLLATE \"C\"")
        }
        Meaning::Flag => format!("({column})::text"),
        Meaning::Changed => {
            let (node, alias) = way.end();
            let latest = changed::latest(sql, view, node, alias);
            return Ok(latest.map(|latest| way.aggregate("max", &latest)));
        }
        Meaning::Logical(_) => return Ok(None),
        Meaning::Day | Meaning::DateOrYear(_) | Meaning::Moment | Meaning::Until(_) => {
            match period(sql, scope, &way, (&column, target.meaning))? {
                Some(period) => period.start,
                None => return Ok(None),
            }
        }
    };
    let value = way.aggregate(aggregate, &value);
    if target.unless.is_empty() {
        return Ok(Some(value));
    }
    let other = Way::along(sql, view, place, target.unless)?.exists(TRUE.to_owned());
    Ok(Some(format!("CASE WHEN NOT {other} THEN {value} END")))
}
