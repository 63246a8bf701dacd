//! Token parameters: `code`, `system|code`, `|code` and `system|` (R4, search, section "token").

use crate::db::{Parameter as Bound, Sql};
use crate::tryton::view::Hidden;

use super::logic::{FALSE, TRUE, all, any};
use super::parameter::{OfType, System, Value};
use super::query::{split, unescape};
use super::scope::Scope;
use super::string::trimmed;
use super::way::Way;

/// The system of `true` and `false` (R4, search, section "token").
const SPECIAL_VALUES: &str = "http://terminology.hl7.org/CodeSystem/special-values";

/// How long a code must be for others to be below it: an ICD category has three characters.
const CATEGORY: usize = 3;

/// A token value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// `None`: any system. Empty: no system.
    pub(super) system: Option<String>,
    /// `None`: any code of the system.
    pub(super) code: Option<String>,
}

/// How the code of a token is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    /// It is the code.
    Is,
    /// The code, or one that it is below of.
    Above,
    /// The code, or one below it.
    Below,
}

/// Where a token is looked for.
#[derive(Clone, Copy)]
pub(super) struct Within<'a> {
    pub(super) scope: &'a Scope<'a>,
    pub(super) way: &'a Way,
    /// The SQL of the code.
    pub(super) column: &'a str,
}

impl Token {
    /// Understands a value; `None` if it has neither system nor code, or more than one bar.
    pub(super) fn parse(value: &str) -> Option<Self> {
        let parts: Vec<String> = split(value, '|')
            .iter()
            .map(|part| unescape(part))
            .collect();
        let (system, code) = match parts.as_slice() {
            [code] => (None, code.clone()),
            [system, code] => (Some(system.clone()), code.clone()),
            _ => return None,
        };
        let code = Some(code).filter(|code| !code.is_empty());
        let empty = code.is_none() && system.as_deref().unwrap_or_default().is_empty();
        (!empty).then_some(Self { system, code })
    }

    /// The condition that a code of a system is this token.
    pub(super) fn is(
        &self,
        sql: &mut Sql,
        within: Within<'_>,
        system: System,
        relation: Relation,
    ) -> Result<String, Hidden> {
        let in_system = self.in_system(sql, within, system)?;
        if in_system == FALSE {
            return Ok(in_system);
        }
        let column = within.column;
        let Some(code) = &self.code else {
            return Ok(all([in_system, present(column)]));
        };
        let bound = sql.bind(Bound::Text(code.clone()));
        let is = format!("{column} = {bound}");
        let is = match relation {
            Relation::Is => is,
            Relation::Below if code.chars().count() < CATEGORY => is,
            Relation::Below => format!("starts_with({column}, {bound})"),
            Relation::Above => {
                format!(
                    "({is} OR length({column}) >= {CATEGORY} AND starts_with({bound}, {column}))"
                )
            }
        };
        Ok(all([in_system, is]))
    }

    /// As [`Token::is`] for identifiers, which older versions stored with outer spaces that are not shown. The second
    /// condition is apart, so that an index on the column serves the first.
    pub(super) fn identifies(
        &self,
        sql: &mut Sql,
        within: Within<'_>,
        system: System,
    ) -> Result<String, Hidden> {
        let is = self.is(sql, within, system, Relation::Is)?;
        let (Some(code), true) = (&self.code, is != FALSE) else {
            return Ok(is);
        };
        let column = within.column;
        let bare = trimmed(column);
        let spaced = format!(
            "{column} <> {bare} AND {bare} = {}",
            sql.bind(Bound::Text(code.clone()))
        );
        let spaced = all([self.in_system(sql, within, system)?, format!("({spaced})")]);
        Ok(any([is, spaced]))
    }

    /// The condition that the system of a code is the one asked for.
    fn in_system(
        &self,
        sql: &mut Sql,
        within: Within<'_>,
        system: System,
    ) -> Result<String, Hidden> {
        let Some(wanted) = self.system.as_deref() else {
            return Ok(TRUE.to_owned());
        };
        let known = |is: bool| Ok(if is { TRUE } else { FALSE }.to_owned());
        let local = |name: &str| format!("{}/{name}", within.scope.system_base);
        match system {
            System::None => known(wanted.is_empty()),
            System::Fixed(system) => known(wanted == system),
            System::Local(name) => known(wanted == local(name)),
            System::LocalBy(name, field) => {
                self.ends_with(sql, within, &local(name), Value::Field(field))
            }
            System::LocalOf(name, template) => {
                self.ends_with(sql, within, &local(name), Value::Sql(template))
            }
            System::Sql(template) => {
                let system = within
                    .way
                    .value(sql, within.scope.view, Value::Sql(template))?;
                if wanted.is_empty() {
                    return Ok(format!("{system} IS NULL"));
                }
                Ok(format!(
                    "{system} = {}",
                    sql.bind(Bound::Text(wanted.to_owned()))
                ))
            }
        }
    }

    /// The condition that the system asked for is this one with a value at its end.
    fn ends_with(
        &self,
        sql: &mut Sql,
        within: Within<'_>,
        system: &str,
        end: Value,
    ) -> Result<String, Hidden> {
        let wanted = self.system.as_deref().unwrap_or_default();
        let known = |is: bool| Ok(if is { TRUE } else { FALSE }.to_owned());
        let end = match within.way.value(sql, within.scope.view, end) {
            Err(Hidden::Missing(_)) => return known(wanted.is_empty()),
            end => end?,
        };
        if wanted.is_empty() {
            return Ok(format!("coalesce({end}, '') = ''"));
        }
        let ending = wanted.strip_prefix(system);
        let Some(ending) = ending.and_then(|ending| ending.strip_prefix('/')) else {
            return known(false);
        };
        Ok(format!(
            "{end} = {}",
            sql.bind(Bound::Text(ending.to_owned()))
        ))
    }

    /// A selection: the FHIR code stands for some of its values.
    pub(super) fn among(
        &self,
        sql: &mut Sql,
        column: &str,
        system: &str,
        codes: &[(&str, &[&str])],
    ) -> String {
        if self
            .system
            .as_deref()
            .is_some_and(|wanted| wanted != system)
        {
            return FALSE.to_owned();
        }
        let wanted = |code: &str| self.code.as_deref().is_none_or(|wanted| wanted == code);
        let values = codes
            .iter()
            .filter(|(code, _)| wanted(code))
            .flat_map(|(_, values)| values.iter());
        let values: Vec<String> = values.map(ToString::to_string).collect();
        if values.is_empty() {
            return FALSE.to_owned();
        }
        format!("{column} = ANY({})", sql.bind(Bound::Texts(values)))
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, column: &str) -> String {
        let system = self
            .system
            .as_deref()
            .is_none_or(|system| system == SPECIAL_VALUES);
        match self.code.as_deref() {
            Some("true") if system => format!("{column} IS TRUE"),
            Some("false") if system => format!("{column} IS FALSE"),
            None if system => format!("{column} IS NOT NULL"),
            _ => FALSE.to_owned(),
        }
    }
}

/// The condition that a column holds something that is shown.
pub(super) fn present(column: &str) -> String {
    format!("coalesce({}, '') <> ''", trimmed(column))
}

/// An identifier of a type: `system|code|value`, the system and code those of the type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Typed {
    system: String,
    code: String,
    value: Token,
}

impl Typed {
    /// Understands a value; `None` if a part is missing.
    pub(super) fn parse(value: &str) -> Option<Self> {
        let parts: Vec<String> = split(value, '|')
            .iter()
            .map(|part| unescape(part))
            .collect();
        let [system, code, value] = parts.as_slice() else {
            return None;
        };
        let value = Token {
            system: None,
            code: Some(value.clone()),
        };
        (!system.is_empty() && !code.is_empty()).then(|| Self {
            system: system.clone(),
            code: code.clone(),
            value,
        })
    }

    /// The condition that an identifier has the type and the value.
    pub(super) fn condition(
        &self,
        sql: &mut Sql,
        within: Within<'_>,
        system: System,
        types: &[OfType],
    ) -> Result<String, Hidden> {
        let named = |r#type: &&OfType| r#type.system == self.system && r#type.code == self.code;
        let mut of_type = Vec::new();
        for r#type in types.iter().filter(named) {
            of_type.push(match r#type.when {
                None => TRUE.to_owned(),
                Some((field, values)) => {
                    let kind = within
                        .way
                        .value(sql, within.scope.view, Value::Field(field))?;
                    let values = values.iter().map(ToString::to_string).collect();
                    format!("{kind} = ANY({})", sql.bind(Bound::Texts(values)))
                }
            });
        }
        let of_type = any(of_type);
        if of_type == FALSE {
            return Ok(of_type);
        }
        Ok(all([of_type, self.value.identifies(sql, within, system)?]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn among(value: &str) -> (String, Vec<Bound>) {
        let codes: &[(&str, &[&str])] = &[("other", &["nb", "other"]), ("female", &["f"])];
        let mut sql = Sql::default();
        let token = Token::parse(value);
        let condition = token.map(|token| token.among(&mut sql, "c", "http://gender", codes));
        (condition.unwrap_or_default(), sql.parameters)
    }

    #[test]
    fn codes_stand_for_selection_values() {
        let values =
            |list: &[&str]| vec![Bound::Texts(list.iter().map(ToString::to_string).collect())];
        let found = "c = ANY($1::text[])".to_owned();
        assert_eq!(among("other"), (found.clone(), values(&["nb", "other"])));
        assert_eq!(among("http://gender|").1, values(&["nb", "other", "f"]));
        for nothing in ["nb", "|other", "http://else|other"] {
            assert_eq!(among(nothing), (FALSE.to_owned(), vec![]), "{nothing}");
        }
    }

    #[test]
    fn a_flag_is_true_or_false() {
        let flag = |value: &str| Token::parse(value).map(|token| token.flag("c"));
        assert_eq!(flag("true").as_deref(), Some("c IS TRUE"));
        assert_eq!(flag("false").as_deref(), Some("c IS FALSE"));
        assert_eq!(flag("http://else|true").as_deref(), Some(FALSE));
    }

    #[test]
    fn a_token_needs_a_system_or_a_code() {
        assert_eq!(Token::parse(""), None);
        assert_eq!(Token::parse("|"), None);
        assert_eq!(Token::parse("a|b|c"), None);
        assert!(Token::parse("a\\|b").is_some());
    }

    #[test]
    fn an_identifier_of_a_type_needs_all_three() {
        assert!(Typed::parse("http://types|MR|1").is_some());
        for value in ["MR|1", "|MR|1", "http://types||1", "http://types|MR"] {
            assert_eq!(Typed::parse(value), None, "{value}");
        }
    }
}
