//! One search parameter and its values as an SQL condition on the main model.
//!
//! Related records are reached by `EXISTS`, so a condition never multiplies rows. Every model and field on the way goes
//! through the [`View`]: what the user may not read cannot be searched either.

use chrono::NaiveDateTime;

use crate::db::{Sql, identifier};
use crate::tryton::model::{Field, Node, Relation};
use crate::tryton::view::{Hidden, View};

use super::Error;
use super::date::Wanted;
use super::parameter::{Kind, Meaning, Parameter, Target};
use super::query::{split, unescape};
use super::string::{self, Comparison};
use super::token::{Token, column};

/// How many comma-separated values a parameter may have.
pub const MOST_VALUES: usize = 200;

/// What a condition is compiled for.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// What the user sees.
    pub view: &'a View,
    /// The main model; its alias in the statement is [`ROOT`].
    pub root: &'static Node,
    /// The base of the systems of local identifiers.
    pub system_base: &'a str,
    /// The time of the request, in UTC.
    pub now: NaiveDateTime,
}

/// The alias of the main model.
pub const ROOT: &str = "t";

/// A parameter as it was understood: the values are checked.
#[derive(Debug, Clone)]
pub struct Criterion {
    parameter: &'static Parameter,
    test: Test,
}

#[derive(Debug, Clone)]
enum Test {
    Missing(bool),
    AnyOf { values: Vec<Value>, negated: bool },
}

#[derive(Debug, Clone)]
enum Value {
    Token(Token),
    Text(String, Comparison),
    Date(Wanted),
}

impl Criterion {
    /// Checks a modifier and values.
    ///
    /// # Errors
    /// [`Error::Modifier`], [`Error::Value`] and [`Error::TooMany`].
    pub fn parse(
        parameter: &'static Parameter,
        modifier: Option<&str>,
        value: &str,
    ) -> Result<Self, Error> {
        if modifier == Some("missing") {
            return Ok(Self {
                parameter,
                test: Test::Missing(missing(parameter, value)?),
            });
        }
        let supported = match parameter.kind {
            Kind::Token => ":not, :missing",
            Kind::String => ":exact, :contains, :missing",
            Kind::Date => ":missing",
        };
        let comparison = match (parameter.kind, modifier) {
            (_, None) => Comparison::Starts,
            (Kind::Token, Some("not")) | (Kind::String, Some("exact")) => Comparison::Exact,
            (Kind::String, Some("contains")) => Comparison::Contains,
            (_, Some(modifier)) => {
                let (name, modifier) = (parameter.name.to_owned(), modifier.to_owned());
                return Err(Error::Modifier {
                    name,
                    modifier,
                    supported,
                });
            }
        };
        let parts = split(value, ',');
        if parts.len() > MOST_VALUES {
            return Err(Error::TooMany {
                limit: MOST_VALUES,
                what: "values in one parameter",
            });
        }
        let values = parts
            .iter()
            .map(|part| parse_value(parameter, part, comparison))
            .collect::<Result<_, _>>()?;
        let negated = parameter.kind == Kind::Token && modifier == Some("not");
        Ok(Self {
            parameter,
            test: Test::AnyOf { values, negated },
        })
    }

    /// Compiles the condition.
    ///
    /// # Errors
    /// [`Error::Hidden`] if the user may not read what it searches.
    pub fn condition(&self, sql: &mut Sql, scope: &Scope<'_>) -> Result<String, Error> {
        let hidden = |hidden| Error::Hidden {
            name: self.parameter.name.to_owned(),
            hidden,
        };
        let mut alternatives = Vec::new();
        for target in self.parameter.targets {
            match at_target(sql, scope, target, |sql, leaf| self.at_leaf(sql, leaf)) {
                Ok(condition) => alternatives.push(condition),
                // A table or column that this installation does not have holds no value.
                Err(Hidden::Missing(_)) => {}
                Err(denied) => return Err(hidden(denied)),
            }
        }
        let any = if alternatives.is_empty() {
            "false".to_owned()
        } else {
            alternatives.join(" OR ")
        };
        let negated = matches!(
            self.test,
            Test::Missing(true) | Test::AnyOf { negated: true, .. }
        );
        Ok(if negated {
            format!("NOT ({any})")
        } else {
            format!("({any})")
        })
    }

    /// The condition on the record that holds the searched column.
    fn at_leaf(&self, sql: &mut Sql, leaf: &Leaf<'_>) -> Result<String, Hidden> {
        let Test::AnyOf { values, .. } = &self.test else {
            return Ok(present(leaf));
        };
        let alternatives = values.iter().map(|value| match value {
            Value::Token(token) => {
                let compared = (leaf.column.as_str(), leaf.target.meaning);
                token.condition(sql, leaf.scope.system_base, compared, |field| {
                    leaf.sibling(field)
                })
            }
            Value::Text(text, comparison) => {
                Ok(string::condition(sql, &leaf.column, text, *comparison))
            }
            Value::Date(wanted) => {
                let (start, end) = leaf.interval()?;
                Ok(wanted.condition(sql, (&start, &end), leaf.scope.now))
            }
        });
        let alternatives = alternatives.collect::<Result<Vec<_>, _>>()?;
        Ok(format!(
            "{} IS NOT NULL AND ({})",
            leaf.column,
            alternatives.join(" OR ")
        ))
    }
}

fn missing(parameter: &Parameter, value: &str) -> Result<bool, Error> {
    value.parse().map_err(|_| Error::Value {
        name: parameter.name.to_owned(),
        reason: ":missing takes true or false".to_owned(),
    })
}

fn parse_value(parameter: &Parameter, part: &str, comparison: Comparison) -> Result<Value, Error> {
    let invalid = |reason: &str| Error::Value {
        name: parameter.name.to_owned(),
        reason: reason.to_owned(),
    };
    match parameter.kind {
        Kind::Token => Token::parse(part).map(Value::Token).ok_or_else(|| {
            invalid("write code, system|code, |code or system|; a '|' in a code is written \\|")
        }),
        Kind::String if part.trim().is_empty() => Err(invalid("it is empty")),
        Kind::String => Ok(Value::Text(unescape(part).trim().to_owned(), comparison)),
        Kind::Date => Wanted::parse(part)
            .map(Value::Date)
            .map_err(|error| invalid(&error.to_string())),
    }
}

/// The searched column, in the statement.
struct Leaf<'a> {
    scope: &'a Scope<'a>,
    node: &'static Node,
    target: &'static Target,
    alias: String,
    column: String,
}

impl Leaf<'_> {
    /// The SQL of another field of the same record.
    fn sibling(&self, key: &str) -> Result<String, Hidden> {
        field_column(self.scope.view, self.node, key, &self.alias)
    }

    /// From when to when a date field lasts: a day, or a year where only the year is known.
    fn interval(&self) -> Result<(String, String), Hidden> {
        let (day, next) = (self.column.clone(), format!("({} + 1)", self.column));
        let Meaning::DateOrYear(flag) = self.target.meaning else {
            return Ok((format!("{day}::timestamp"), format!("{next}::timestamp")));
        };
        let estimated = match self.sibling(flag) {
            Ok(column) => column,
            Err(Hidden::Missing(_)) => "false".to_owned(),
            Err(denied) => return Err(denied),
        };
        let year = format!("date_trunc('year', {day}::timestamp)");
        let start = format!("CASE WHEN {estimated} THEN {year} ELSE {day}::timestamp END");
        let end = format!(
            "CASE WHEN {estimated} THEN {year} + interval '1 year' ELSE {next}::timestamp END"
        );
        Ok((start, end))
    }
}

/// Whether a column holds a value that is shown.
fn present(leaf: &Leaf<'_>) -> String {
    match leaf.target.meaning {
        Meaning::LogicalId | Meaning::DateOrYear(_) => format!("{} IS NOT NULL", leaf.column),
        Meaning::Codes(_, codes) => {
            let values = codes
                .iter()
                .flat_map(|(_, values)| values.iter())
                .map(|value| format!("'{value}'"));
            format!(
                "{} IN ({})",
                leaf.column,
                values.collect::<Vec<_>>().join(", ")
            )
        }
        Meaning::Itself | Meaning::Identifier(_) | Meaning::IdentifierBy(..) => {
            format!("coalesce({}, '') <> ''", leaf.column)
        }
    }
}

/// Leads to a target's record, and gives the condition there, wrapped in the way to it.
fn at_target(
    sql: &mut Sql,
    scope: &Scope<'_>,
    target: &'static Target,
    condition: impl FnOnce(&mut Sql, &Leaf<'_>) -> Result<String, Hidden>,
) -> Result<String, Hidden> {
    let way = Way::along(sql, scope, target.path)?;
    let column = field_column(scope.view, way.node, target.field, &way.alias)?;
    let leaf = Leaf {
        scope,
        node: way.node,
        target,
        alias: way.alias.clone(),
        column,
    };
    let matched = way.wrap(&condition(sql, &leaf)?);
    if target.unless.is_empty() {
        return Ok(matched);
    }
    match Way::along(sql, scope, target.unless) {
        Ok(way) => Ok(format!("({matched} AND NOT {})", way.wrap("true"))),
        Err(Hidden::Missing(_)) => Ok(matched),
        Err(denied) => Err(denied),
    }
}

/// A path of relations as nested `EXISTS`, over records that the user may see.
struct Way {
    opening: String,
    depth: usize,
    node: &'static Node,
    alias: String,
}

impl Way {
    fn along(sql: &mut Sql, scope: &Scope<'_>, path: &[&str]) -> Result<Self, Hidden> {
        let mut way = Self {
            opening: String::new(),
            depth: 0,
            node: scope.root,
            alias: ROOT.to_owned(),
        };
        // The main model too: a user who may not read it must not search it.
        scope.view.table(scope.root)?;
        for key in path {
            way.step(sql, scope.view, key)?;
        }
        Ok(way)
    }

    fn step(&mut self, sql: &mut Sql, view: &View, key: &str) -> Result<(), Hidden> {
        let unknown = || Hidden::Missing(format!("{}.{key}", self.node.model));
        let (to_one, to_many) = (find(self.node.one, key), find(self.node.many, key));
        let relation = to_one.or(to_many).ok_or_else(unknown)?;
        let alias = format!("{}_{key}", self.alias);
        let table = identifier(&view.table(relation.node)?);
        let join = match to_one {
            Some(relation) => {
                format!(
                    "{alias}.\"id\" = {}",
                    column(&self.alias, view.one(self.node, relation)?)
                )
            }
            None => format!(
                "{} = {}.\"id\"",
                column(&alias, view.many(relation)?),
                self.alias
            ),
        };
        self.opening += &format!("EXISTS (SELECT FROM {table} {alias} WHERE {join} AND ");
        if let Some(visible) = view.visible(sql, relation.node, &alias) {
            self.opening += &format!("{visible} AND ");
        }
        self.depth += 1;
        self.node = relation.node;
        self.alias = alias;
        Ok(())
    }

    fn wrap(&self, condition: &str) -> String {
        format!("{}({condition}){}", self.opening, ")".repeat(self.depth))
    }
}

fn find(relations: &'static [Relation], key: &str) -> Option<&'static Relation> {
    relations.iter().find(|relation| relation.key == key)
}

fn field_column(
    view: &View,
    node: &'static Node,
    key: &str,
    alias: &str,
) -> Result<String, Hidden> {
    let unknown = || Hidden::Missing(format!("{}.{key}", node.model));
    let field: &Field = node
        .fields
        .iter()
        .find(|field| field.key == key)
        .ok_or_else(unknown)?;
    Ok(column(alias, view.column(node, field)?))
}
