//! What a result must fulfil: a parameter with its values, one of another resource that it refers to (a chain) or that
//! refers to it (`_has`), and these joined (`_filter`).

use crate::db::Sql;
use crate::tryton::view::Hidden;

use super::declaration::{Declaration, Source};
use super::found::{Found, any_found};
use super::logic::{FALSE, all, any, not};
use super::parameter::{EVERY, Kind, MEASURED, Meaning, Parameter, Target, Value};
use super::query::split;
use super::scope::{Place, Scope, id};
use super::string::Comparison;
use super::token::Relation;
use super::wanted::{About, Wanted};
use super::way::Way;
use super::{Error, shortened};

/// How many comma-separated values a parameter may have; a page of includes asks for as many ids.
pub const MOST_VALUES: usize = 1000;

/// How many references a chain may follow.
pub const MOST_LINKS: usize = 3;

/// What a result must fulfil.
#[derive(Debug, Clone)]
pub enum Criterion {
    /// A value of its own.
    Own(Test),
    /// A resource that it refers to, of any of these types, fulfils what belongs to the type.
    Chain(&'static Parameter, Vec<(&'static Declaration, Criterion)>),
    /// A resource of this type refers to it by the parameter, and fulfils this.
    Has(&'static Declaration, &'static Parameter, Box<Criterion>),
    /// All of these.
    All(Vec<Criterion>),
    /// Any of these.
    Any(Vec<Criterion>),
    /// Not this one.
    Not(Box<Criterion>),
}

/// A parameter with its values.
#[derive(Debug, Clone)]
pub struct Test {
    pub(super) parameter: &'static Parameter,
    pub(super) values: Values,
}

#[derive(Debug, Clone)]
pub(super) enum Values {
    /// There is none.
    Missing(bool),
    /// It has one of these.
    AnyOf(Vec<Wanted>),
    /// It has none of these.
    NoneOf(Vec<Wanted>),
    /// Its text is one of these.
    Texts(Vec<Wanted>),
}

/// What a criterion is parsed for: a type, among all of them.
#[derive(Debug, Clone, Copy)]
pub struct Grammar {
    /// The type that is searched.
    pub declaration: &'static Declaration,
    /// All types.
    pub types: &'static [&'static Declaration],
}

impl Grammar {
    /// The type of this name.
    pub(super) fn named(&self, name: &str) -> Option<&'static Declaration> {
        self.types
            .iter()
            .find(|declaration| declaration.name == name)
            .copied()
    }

    fn of(&self, declaration: &'static Declaration) -> Self {
        Self {
            declaration,
            ..*self
        }
    }

    /// The parameter of this name.
    pub(super) fn parameter(&self, name: &str) -> Result<&'static Parameter, Error> {
        let unknown = || Error::unknown(name, self.declaration);
        self.declaration.parameter(name).ok_or_else(unknown)
    }

    /// The types that a reference parameter leads to.
    pub(super) fn targets(&self, parameter: &Parameter) -> Vec<&'static Declaration> {
        let leads = |declaration: &&&'static Declaration| refers_to(parameter, declaration.name);
        self.types.iter().filter(leads).copied().collect()
    }
}

/// Whether a parameter may refer to resources of a type.
pub(super) fn refers_to(parameter: &Parameter, name: &str) -> bool {
    parameter.to.contains(&name)
}

impl Criterion {
    /// Understands a parameter: its name with modifiers and links, and its value.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::Modifier`], [`Error::Value`] and [`Error::TooMany`].
    pub fn parse(grammar: Grammar, key: &str, value: &str) -> Result<Self, Error> {
        Self::linked(grammar, key, MOST_LINKS, &|grammar, key| {
            Test::parse(grammar, key, value).map(Self::Own)
        })
    }

    /// Follows the links of a key, and understands what is at their end.
    pub(super) fn linked(
        grammar: Grammar,
        key: &str,
        links: usize,
        end: &dyn Fn(Grammar, &str) -> Result<Self, Error>,
    ) -> Result<Self, Error> {
        let further = || {
            links.checked_sub(1).ok_or(Error::TooMany {
                limit: MOST_LINKS,
                what: "references in a chain",
            })
        };
        if let Some(key) = key.strip_prefix("_has:") {
            return Self::has(grammar, key, further()?, end);
        }
        match key.split_once('.') {
            Some(link) => Self::chain(grammar, link, further()?, end),
            None => end(grammar, key),
        }
    }

    fn has(
        grammar: Grammar,
        key: &str,
        links: usize,
        end: &dyn Fn(Grammar, &str) -> Result<Self, Error>,
    ) -> Result<Self, Error> {
        let invalid = |reason: String| Error::Value {
            name: "_has".to_owned(),
            reason,
        };
        let mut parts = key.splitn(3, ':');
        let (Some(name), Some(reference), Some(rest)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(invalid(
                "write _has:Type:reference:parameter=value".to_owned(),
            ));
        };
        let declaration = grammar
            .named(name)
            .ok_or_else(|| invalid("its type is not served here".to_owned()))?;
        let within = grammar.of(declaration);
        let parameter = within.parameter(reference)?;
        if !refers_to(parameter, grammar.declaration.name) {
            let (from, to) = (declaration.name, grammar.declaration.name);
            let name = parameter.name;
            return Err(invalid(format!(
                "'{name}' of {from} does not refer to {to}"
            )));
        }
        let criterion = Self::linked(within, rest, links, end)?;
        Ok(Self::Has(declaration, parameter, Box::new(criterion)))
    }

    fn chain(
        grammar: Grammar,
        (head, rest): (&str, &str),
        links: usize,
        end: &dyn Fn(Grammar, &str) -> Result<Self, Error>,
    ) -> Result<Self, Error> {
        let (name, of) = match head.split_once(':') {
            Some((name, of)) => (name, Some(of)),
            None => (head, None),
        };
        let parameter = grammar.parameter(name)?;
        if parameter.kind != Kind::Reference {
            return Err(Error::Value {
                name: parameter.name.to_owned(),
                reason: "only a reference can be followed by '.'".to_owned(),
            });
        }
        let mut types = grammar.targets(parameter);
        types.retain(|declaration| of.is_none_or(|of| of == declaration.name));
        if types.is_empty() {
            let served: Vec<&str> = grammar
                .targets(parameter)
                .iter()
                .map(|of| of.name)
                .collect();
            return Err(Error::Modifier {
                name: parameter.name.to_owned(),
                modifier: shortened(of.unwrap_or_default()),
                supported: served.join(", "),
            });
        }
        let mut alternatives = Vec::new();
        let mut failure = None;
        for declaration in types {
            // Without a type, a reference of several has what any of them has.
            match Self::linked(grammar.of(declaration), rest, links, end) {
                Ok(criterion) => alternatives.push((declaration, criterion)),
                Err(error) => failure = Some(error),
            }
        }
        match failure {
            Some(error) if alternatives.is_empty() => Err(error),
            _ => Ok(Self::Chain(parameter, alternatives)),
        }
    }

    /// The types whose tables it asks, beside the one that is searched.
    pub(super) fn types(&self, found: &mut Vec<&'static Declaration>) {
        match self {
            Self::Own(_) => {}
            Self::Chain(_, alternatives) => {
                for (declaration, criterion) in alternatives {
                    found.push(declaration);
                    criterion.types(found);
                }
            }
            Self::Has(declaration, _, criterion) => {
                found.push(declaration);
                criterion.types(found);
            }
            Self::All(criteria) | Self::Any(criteria) => {
                criteria.iter().for_each(|criterion| criterion.types(found));
            }
            Self::Not(criterion) => criterion.types(found),
        }
    }

    /// The codes that a measure of the source must have one of, if there are such.
    pub(super) fn codes(&self, source: &Source) -> Option<Vec<&str>> {
        match self {
            Self::Own(test) => test.codes(source),
            Self::All(criteria) => criteria.iter().find_map(|one| one.codes(source)),
            _ => None,
        }
    }

    /// Whether it compares dates, for which the time zone of the hospital counts.
    pub(super) fn is_dated(&self) -> bool {
        match self {
            Self::Own(test) => match test.parameter.kind {
                Kind::Date => true,
                Kind::Composite(kinds) => kinds.contains(&Kind::Date),
                _ => false,
            },
            Self::Chain(_, alternatives) => alternatives.iter().any(|(_, one)| one.is_dated()),
            Self::Has(_, _, criterion) | Self::Not(criterion) => criterion.is_dated(),
            Self::All(criteria) | Self::Any(criteria) => criteria.iter().any(Self::is_dated),
        }
    }

    /// Compiles the condition on a record.
    pub(super) fn condition(
        &self,
        sql: &mut Sql,
        grammar: Grammar,
        scope: &Scope<'_>,
        place: &Place,
    ) -> Result<String, Error> {
        let mut each = |criteria: &[Self]| -> Result<Vec<String>, Error> {
            let conditions = criteria
                .iter()
                .map(|criterion| criterion.condition(sql, grammar, scope, place));
            conditions.collect()
        };
        match self {
            Self::All(criteria) => Ok(all(each(criteria)?)),
            Self::Any(criteria) => Ok(any(each(criteria)?)),
            Self::Not(criterion) => Ok(not(&criterion.condition(sql, grammar, scope, place)?)),
            Self::Own(test) => test.condition(
                sql,
                About {
                    scope,
                    place,
                    types: grammar.types,
                },
            ),
            Self::Chain(parameter, alternatives) => {
                let mut found = Vec::new();
                for (declaration, criterion) in alternatives {
                    let grammar = grammar.of(declaration);
                    found.extend(chained(sql, (grammar, scope, place), parameter, criterion)?);
                }
                Ok(any_found(found))
            }
            Self::Has(declaration, parameter, criterion) => {
                let grammar = grammar.of(declaration);
                let found = reversed(sql, (grammar, scope, place), parameter, criterion)?;
                Ok(any_found(found))
            }
        }
    }
}

/// For each source that a reference leads to: that a record of it fulfils the criterion.
fn chained(
    sql: &mut Sql,
    (grammar, scope, place): (Grammar, &Scope<'_>, &Place),
    parameter: &Parameter,
    criterion: &Criterion,
) -> Result<Vec<Found>, Error> {
    let mut found = Vec::new();
    for target in of_source(parameter, place.source) {
        let Meaning::Reference(name, prefix) = target.meaning else {
            continue;
        };
        let source = grammar
            .declaration
            .sources
            .iter()
            .find(|source| source.prefix == prefix);
        let (true, Some(source)) = (name == grammar.declaration.name, source) else {
            continue;
        };
        let other = Place::new(sql, grammar.declaration, source).of_codes(criterion.codes(source));
        let Some((table, visible)) = visible(sql, scope, &other, parameter)? else {
            continue;
        };
        let Some((way, reference)) = referring(sql, scope, place, (parameter, target))? else {
            continue;
        };
        let criterion = criterion.condition(sql, grammar, scope, &other)?;
        let record = id(&other.alias);
        let condition = all([visible, criterion]);
        if condition == FALSE {
            continue;
        }
        found.push(if target.path.is_empty() {
            let keys = format!("SELECT {record} FROM {table} WHERE {condition}");
            Found::among(reference, keys)
        } else {
            let join = format!("{record} = {reference}");
            way.found(exists(&table, &all([join, condition])))
        });
    }
    Ok(found)
}

/// For each source of a type that refers to the record: that a record of it fulfils the criterion.
fn reversed(
    sql: &mut Sql,
    (grammar, scope, place): (Grammar, &Scope<'_>, &Place),
    parameter: &Parameter,
    criterion: &Criterion,
) -> Result<Vec<Found>, Error> {
    let mut found = Vec::new();
    let here = (place.declaration.name, place.source.prefix);
    // As in a search on the type itself: sources that the user may not read are left out, unless there is no other.
    let sources: Vec<&Source> = grammar.declaration.sources.iter().collect();
    let readable = |source: &&&Source| source.readable(scope.view).is_ok();
    let readable: Vec<&Source> = sources.iter().filter(readable).copied().collect();
    let asked = if readable.is_empty() {
        sources
    } else {
        readable
    };
    for source in asked {
        for target in of_source(parameter, source) {
            let leads = matches!(target.meaning, Meaning::Reference(name, prefix) if (name, prefix) == here);
            if !leads {
                continue;
            }
            let other =
                Place::new(sql, grammar.declaration, source).of_codes(criterion.codes(source));
            let Some((table, visible)) = visible(sql, scope, &other, parameter)? else {
                continue;
            };
            let Some((way, reference)) = referring(sql, scope, &other, (parameter, target))? else {
                continue;
            };
            let criterion = criterion.condition(sql, grammar, scope, &other)?;
            let condition = all([visible, criterion]);
            if condition != FALSE {
                let keys = way.query(&reference, &table, &condition);
                found.push(Found::among(id(&place.alias), keys));
            }
        }
    }
    Ok(found)
}

/// The table of another record, and which of its records the user may see; `None` where it does not exist.
fn visible(
    sql: &mut Sql,
    scope: &Scope<'_>,
    other: &Place,
    parameter: &Parameter,
) -> Result<Option<(String, String)>, Error> {
    let Some(table) = if_there(other.table(scope.view), parameter)? else {
        return Ok(None);
    };
    let visible = other.condition(sql, scope.view);
    let visible = visible.map_err(|hidden| Error::hidden(parameter, hidden))?;
    Ok(Some((table, visible)))
}

/// The way from a record to where it holds a reference, and the SQL of that; `None` where the database has no such column.
fn referring(
    sql: &mut Sql,
    scope: &Scope<'_>,
    place: &Place,
    (parameter, target): (&Parameter, &Target),
) -> Result<Option<(Way, String)>, Error> {
    let way = Way::along(sql, scope.view, place, target.path);
    let Some(way) = if_there(way, parameter)? else {
        return Ok(None);
    };
    let reference = if_there(way.value(sql, scope.view, target.value), parameter)?;
    Ok(reference.map(|reference| (way, reference)))
}

/// What this installation may lack; what the user may not read forbids the parameter.
fn if_there<T>(found: Result<T, Hidden>, parameter: &Parameter) -> Result<Option<T>, Error> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(Hidden::Missing(_)) => Ok(None),
        Err(denied) => Err(Error::hidden(parameter, denied)),
    }
}

fn exists(table: &str, condition: &str) -> String {
    format!("EXISTS (SELECT FROM {table} WHERE {condition})")
}

/// The targets of a parameter in a source.
pub(super) fn of_source<'p>(
    parameter: &'p Parameter,
    source: &Source,
) -> impl Iterator<Item = &'p Target> {
    of_prefix(parameter.targets, source)
}

impl Test {
    fn codes(&self, source: &Source) -> Option<Vec<&str>> {
        let Values::AnyOf(values) = &self.values else {
            return None;
        };
        let mut targets = of_source(self.parameter, source).peekable();
        targets.peek()?;
        let of_measure = |target: &Target| {
            let whole = (target.value, target.meaning);
            let compared = target.composed.first().copied().unwrap_or(whole);
            target.path.is_empty() && matches!(compared, (Value::Code, Meaning::Token(_)))
        };
        if !targets.all(of_measure) {
            return None;
        }
        values.iter().map(Wanted::code).collect()
    }

    fn parse(grammar: Grammar, key: &str, value: &str) -> Result<Self, Error> {
        let (name, modifier) = match key.split_once(':') {
            Some((name, modifier)) => (name, Some(modifier)),
            None => (key, None),
        };
        let parameter = grammar.parameter(name)?;
        if modifier == Some("missing") {
            let missing = value.parse().map_err(|_| Error::Value {
                name: parameter.name.to_owned(),
                reason: ":missing takes true or false".to_owned(),
            })?;
            return Ok(Self {
                parameter,
                values: Values::Missing(missing),
            });
        }
        let parser = parser(grammar, parameter, modifier)?;
        let parts = split(value, ',');
        if parts.len() > MOST_VALUES {
            return Err(Error::TooMany {
                limit: MOST_VALUES,
                what: "values in one parameter",
            });
        }
        let values = parts.iter().map(|part| {
            let parsed = parser(part).and_then(|value| checked(parameter, value));
            parsed.map_err(|reason| Error::Value {
                name: parameter.name.to_owned(),
                reason,
            })
        });
        let values = values.collect::<Result<Vec<_>, _>>()?;
        let values = match modifier {
            Some("not") => Values::NoneOf(values),
            Some("text") => Values::Texts(values),
            _ => Values::AnyOf(values),
        };
        Ok(Self { parameter, values })
    }

    fn condition(&self, sql: &mut Sql, about: About<'_>) -> Result<String, Error> {
        let source = about.place.source;
        let targets: Vec<&Target> = match &self.values {
            Values::Texts(_) => of_prefix(self.parameter.texts, source).collect(),
            _ => of_source(self.parameter, source).collect(),
        };
        let wanted = match &self.values {
            Values::Missing(_) => None,
            Values::AnyOf(values) | Values::NoneOf(values) | Values::Texts(values) => {
                Some(values.as_slice())
            }
        };
        let mut alternatives = Vec::new();
        for targets in of_the_same_way(targets) {
            // A table that this installation does not have holds no value.
            let found = about.targets(sql, &targets, wanted);
            alternatives.extend(if_there(found, self.parameter)?);
        }
        let any = any_found(alternatives);
        Ok(match self.values {
            Values::Missing(true) | Values::NoneOf(_) => not(&any),
            _ => any,
        })
    }
}

/// The targets together that stand at the end of the same way, and count under the same condition.
fn of_the_same_way(targets: Vec<&Target>) -> Vec<Vec<&Target>> {
    let mut groups: Vec<Vec<&Target>> = Vec::new();
    for target in targets {
        let same = |first: &&Target| first.path == target.path && first.unless == target.unless;
        match groups
            .iter_mut()
            .find(|group| group.first().is_some_and(same))
        {
            Some(group) => group.push(target),
            None => groups.push(vec![target]),
        }
    }
    groups
}

fn of_prefix<'p>(targets: &'p [Target], source: &Source) -> impl Iterator<Item = &'p Target> {
    let prefix = source.prefix;
    let measured = !source.measures.is_empty();
    targets.iter().filter(move |target| {
        target.source == prefix || target.source == EVERY || measured && target.source == MEASURED
    })
}

type Parser<'m> = Box<dyn Fn(&str) -> Result<Wanted, String> + 'm>;

/// How the values of a parameter with this modifier are understood.
fn parser<'m>(
    grammar: Grammar,
    parameter: &'static Parameter,
    modifier: Option<&'m str>,
) -> Result<Parser<'m>, Error> {
    let kind = parameter.kind;
    let has = |meant: fn(&Meaning) -> bool| {
        parameter
            .targets
            .iter()
            .any(|target| meant(&target.meaning))
    };
    let text =
        |comparison| -> Parser<'m> { Box::new(move |value| Wanted::text(value, comparison)) };
    let token = |relation| -> Parser<'m> { Box::new(move |value| Wanted::token(value, relation)) };
    Ok(match (kind, modifier) {
        (Kind::Token, Some("not")) | (_, None) => Box::new(move |value| Wanted::parse(kind, value)),
        (Kind::String, Some("exact")) => text(Comparison::Exact),
        (Kind::String, Some("contains")) => text(Comparison::Contains),
        (Kind::Token, Some("text")) if !parameter.texts.is_empty() => text(Comparison::Starts),
        (Kind::Token, Some("above")) if has(is_hierarchical) => token(Relation::Above),
        (Kind::Token, Some("below")) if has(is_hierarchical) => token(Relation::Below),
        (Kind::Token, Some("of-type")) if has(is_typed) => Box::new(Wanted::typed),
        (Kind::Reference, Some("identifier")) if has(is_logical) => Box::new(Wanted::identifier),
        (Kind::Reference, Some(of))
            if grammar.targets(parameter).iter().any(|to| to.name == of) =>
        {
            Box::new(move |value| Wanted::reference(value, Some(of)))
        }
        (_, Some(modifier)) => {
            return Err(Error::Modifier {
                name: parameter.name.to_owned(),
                modifier: shortened(modifier),
                supported: modifiers(grammar, parameter).join(", "),
            });
        }
    })
}

/// The modifiers that a parameter has, as they are written.
#[must_use]
pub fn modifiers(grammar: Grammar, parameter: &'static Parameter) -> Vec<String> {
    let has = |meant: fn(&Meaning) -> bool| {
        parameter
            .targets
            .iter()
            .any(|target| meant(&target.meaning))
    };
    let mut all: Vec<&str> = match parameter.kind {
        Kind::Token => vec!["not"],
        Kind::String => vec!["exact", "contains"],
        Kind::Reference => grammar
            .targets(parameter)
            .iter()
            .map(|to| to.name)
            .collect(),
        Kind::Composite(_) | Kind::Date | Kind::Quantity => Vec::new(),
    };
    all.push("missing");
    let further = [
        (!parameter.texts.is_empty(), "text"),
        (has(is_hierarchical), "above"),
        (has(is_hierarchical), "below"),
        (has(is_typed), "of-type"),
        (has(is_logical), "identifier"),
    ];
    all.extend(
        further
            .iter()
            .filter(|(has, _)| *has)
            .map(|(_, name)| *name),
    );
    all.iter().map(|name| format!(":{name}")).collect()
}

fn is_hierarchical(meaning: &Meaning) -> bool {
    matches!(meaning, Meaning::Hierarchical(_))
}

fn is_typed(meaning: &Meaning) -> bool {
    matches!(meaning, Meaning::Identifier(_, types) if !types.is_empty())
}

fn is_logical(meaning: &Meaning) -> bool {
    matches!(meaning, Meaning::Logical(_))
}

/// Refuses what is well written and cannot be: a truth value that is neither.
fn checked(parameter: &Parameter, value: Wanted) -> Result<Wanted, String> {
    let mut targets = parameter.targets.iter();
    let is_flag = targets.all(|target| matches!(target.meaning, Meaning::Flag));
    if let (true, Wanted::Token(token, _)) = (is_flag, &value)
        && !matches!(token.code.as_deref(), None | Some("true" | "false"))
    {
        return Err("it is true or false".to_owned());
    }
    Ok(value)
}
