//! Token parameters: `code`, `system|code`, `|code` and `system|` (R4, search, section "token").

use crate::db::{Parameter as Bound, Sql, identifier};

use super::parameter::Meaning;
use super::query::{split, unescape};

/// A token value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// `None`: any system. Empty: no system.
    system: Option<String>,
    /// `None`: any code of the system.
    code: Option<String>,
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

    /// The condition that a column of this meaning has this token. `column` is its SQL, `sibling` finds that of another
    /// field of the same record.
    pub(super) fn condition<E>(
        &self,
        sql: &mut Sql,
        system_base: &str,
        (column, meaning): (&str, Meaning),
        sibling: impl Fn(&str) -> Result<String, E>,
    ) -> Result<String, E> {
        Ok(match meaning {
            Meaning::LogicalId => self.logical_id(sql, column),
            Meaning::Identifier(name) => self.in_system(&format!("{system_base}/{name}"), || {
                self.is_code(sql, column)
            }),
            Meaning::IdentifierBy(name, field) => {
                let kind = sibling(field)?;
                self.in_system_by(sql, &format!("{system_base}/{name}/"), column, &kind)
            }
            Meaning::Codes(system, codes) => {
                self.in_system(system, || self.among(sql, column, codes))
            }
            Meaning::Itself | Meaning::DateOrYear(_) => {
                self.in_system("", || self.is_code(sql, column))
            }
        })
    }

    fn in_system(&self, system: &str, condition: impl FnOnce() -> String) -> String {
        match &self.system {
            Some(wanted) if wanted != system => "false".to_owned(),
            _ => condition(),
        }
    }

    fn is_code(&self, sql: &mut Sql, column: &str) -> String {
        match &self.code {
            Some(code) => format!("{column} = {}", sql.bind(Bound::Text(code.clone()))),
            None => format!("coalesce({column}, '') <> ''"),
        }
    }

    /// The system of each record ends with the value of another column.
    fn in_system_by(&self, sql: &mut Sql, prefix: &str, column: &str, kind: &str) -> String {
        let of_kind = match &self.system {
            None => None,
            Some(system) => match system.strip_prefix(prefix) {
                Some(ending) => Some(format!(
                    "{kind} = {}",
                    sql.bind(Bound::Text(ending.to_owned()))
                )),
                None => return "false".to_owned(),
            },
        };
        let is_code = self.is_code(sql, column);
        of_kind.map_or(is_code.clone(), |of_kind| {
            format!("{of_kind} AND {is_code}")
        })
    }

    /// A selection: the FHIR code stands for some of its values.
    fn among(&self, sql: &mut Sql, column: &str, codes: &[(&str, &[&str])]) -> String {
        let wanted = |code: &str| self.code.as_deref().is_none_or(|wanted| wanted == code);
        let values = codes
            .iter()
            .filter(|(code, _)| wanted(code))
            .flat_map(|(_, values)| values.iter());
        let values: Vec<String> = values.map(ToString::to_string).collect();
        format!("{column} = ANY({})", sql.bind(Bound::Texts(values)))
    }

    /// Logical ids have no system. One that is no canonical number is no record's.
    fn logical_id(&self, sql: &mut Sql, column: &str) -> String {
        let number = self.code.as_deref().and_then(record_id);
        match (number, self.system.as_deref()) {
            (Some(number), None | Some("")) => {
                format!("{column} = {}", sql.bind(Bound::Integer(number)))
            }
            _ => "false".to_owned(),
        }
    }
}

/// The record that a logical id names: a positive number as Tryton's `integer` ids are, written as we write it.
#[must_use]
pub fn record_id(text: &str) -> Option<i64> {
    text.parse::<i32>()
        .ok()
        .filter(|id| *id > 0 && id.to_string() == text)
        .map(i64::from)
}

/// The SQL of a column.
pub(super) fn column(alias: &str, name: &str) -> String {
    format!("{alias}.{}", identifier(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sql(value: &str, meaning: Meaning) -> (String, Vec<Bound>) {
        let mut sql = Sql::default();
        let token = Token::parse(value);
        let condition = token.and_then(|token| {
            token
                .condition(&mut sql, "https://h/ns", ("c", meaning), |field| {
                    Ok::<_, ()>(format!("t.{field}"))
                })
                .ok()
        });
        (condition.unwrap_or_default(), sql.parameters)
    }

    fn text(value: &str) -> Vec<Bound> {
        vec![Bound::Text(value.into())]
    }

    #[test]
    fn a_system_narrows_and_a_foreign_one_matches_nothing() {
        let puid = Meaning::Identifier("puid");
        assert_eq!(
            sql("GNU777ORG", puid),
            ("c = $1::text".into(), text("GNU777ORG"))
        );
        assert_eq!(
            sql("https://h/ns/puid|GNU777ORG", puid),
            ("c = $1::text".into(), text("GNU777ORG"))
        );
        assert_eq!(
            sql("https://h/ns/puid|", puid),
            ("coalesce(c, '') <> ''".into(), vec![])
        );
        assert_eq!(
            sql("https://other|GNU777ORG", puid),
            ("false".into(), vec![])
        );
        assert_eq!(sql("|GNU777ORG", puid), ("false".into(), vec![]));
    }

    #[test]
    fn a_system_can_end_with_the_kind_of_the_record() {
        let by = Meaning::IdentifierBy("alternative-id", "kind");
        let (condition, values) = sql("https://h/ns/alternative-id/passport|X1", by);
        assert_eq!(condition, "t.kind = $1::text AND c = $2::text");
        assert_eq!(
            values,
            [Bound::Text("passport".into()), Bound::Text("X1".into())]
        );
        assert_eq!(sql("https://h/ns/puid|X1", by).0, "false");
    }

    #[test]
    fn codes_stand_for_selection_values() {
        let gender = Meaning::Codes(
            "http://gender",
            &[("other", &["nb", "other"]), ("female", &["f"])],
        );
        let values =
            |list: &[&str]| vec![Bound::Texts(list.iter().map(ToString::to_string).collect())];
        assert_eq!(
            sql("other", gender),
            ("c = ANY($1::text[])".into(), values(&["nb", "other"]))
        );
        assert_eq!(
            sql("http://gender|", gender).1,
            values(&["nb", "other", "f"])
        );
        assert_eq!(sql("nb", gender).1, values(&[]));
    }

    #[test]
    fn a_logical_id_is_a_canonical_record_id() {
        assert_eq!(
            sql("12", Meaning::LogicalId),
            ("c = $1::bigint".into(), vec![Bound::Integer(12)])
        );
        for value in ["012", "+12", "0", "-1", "99999999999", "lab-1", "system|12"] {
            assert_eq!(sql(value, Meaning::LogicalId).0, "false", "{value}");
        }
    }

    #[test]
    fn a_token_needs_a_system_or_a_code() {
        assert_eq!(Token::parse(""), None);
        assert_eq!(Token::parse("|"), None);
        assert_eq!(Token::parse("a|b|c"), None);
        assert!(Token::parse("a\\|b").is_some());
    }
}
