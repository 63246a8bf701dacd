//! A statement in the making.

use spin_sdk::pg;

/// A parameter of a statement. PostgreSQL checks its type strictly: see [`Sql::bind`] for the casts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parameter {
    /// `text`.
    Text(String),
    /// `bigint`.
    Integer(i64),
    /// `text[]`.
    Texts(Vec<String>),
    /// `bigint[]`.
    Integers(Vec<i64>),
}

impl Parameter {
    /// Its type in PostgreSQL.
    #[must_use]
    pub(super) fn r#type(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Integer(_) => "bigint",
            Self::Texts(_) => "text[]",
            Self::Integers(_) => "bigint[]",
        }
    }
}

impl From<Parameter> for pg::ParameterValue {
    fn from(parameter: Parameter) -> Self {
        match parameter {
            Parameter::Text(text) => Self::Str(text),
            Parameter::Integer(number) => Self::Int64(number),
            Parameter::Texts(texts) => Self::ArrayStr(texts.into_iter().map(Some).collect()),
            Parameter::Integers(numbers) => {
                Self::ArrayInt64(numbers.into_iter().map(Some).collect())
            }
        }
    }
}

/// A statement in the making: its text and its parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sql {
    /// The text, with `$1`… for the parameters.
    pub text: String,
    /// The values of `$1`….
    pub parameters: Vec<Parameter>,
    /// How many aliases were given out.
    aliases: usize,
}

impl Sql {
    /// A statement without parameters, or with those already numbered in its text.
    #[must_use]
    pub fn new(text: impl Into<String>, parameters: Vec<Parameter>) -> Self {
        Self {
            text: text.into(),
            parameters,
            aliases: 0,
        }
    }

    /// An alias for a table that no other has in this statement. Short: PostgreSQL cuts names after 63 bytes.
    pub fn alias(&mut self) -> String {
        self.aliases += 1;
        format!("a{}", self.aliases)
    }

    /// Adds a parameter and gives the expression that stands for it. No value ever becomes part of the text.
    pub fn bind(&mut self, parameter: Parameter) -> String {
        let cast = parameter.r#type();
        self.parameters.push(parameter);
        format!("${}::{cast}", self.parameters.len())
    }
}

impl Sql {
    /// The statement without the parameters that its text does not use, the others numbered anew. A condition that was
    /// folded away leaves its own behind, and PostgreSQL refuses a statement that does not use what is bound.
    #[must_use]
    pub fn tidied(self) -> Self {
        let mut texts = self.text.split('$');
        let mut text = texts.next().unwrap_or_default().to_owned();
        let mut used: Vec<usize> = Vec::new();
        for rest in texts {
            let digits = rest
                .find(|character: char| !character.is_ascii_digit())
                .unwrap_or(rest.len());
            let (number, rest) = rest.split_at(digits);
            text.push('$');
            if let Ok(number) = number.parse() {
                let known = used.iter().position(|known| *known == number);
                let place = known.unwrap_or_else(|| {
                    used.push(number);
                    used.len() - 1
                });
                text += &(place + 1).to_string();
            }
            text += rest;
        }
        let parameter = |number: &usize| self.parameters.get(number.checked_sub(1)?).cloned();
        Self {
            text,
            parameters: used.iter().filter_map(parameter).collect(),
            aliases: self.aliases,
        }
    }
}

/// An SQL identifier, quoted.
#[must_use]
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_bound_in_vain_is_dropped() {
        let numbers = [1, 2, 3].map(Parameter::Integer).to_vec();
        let tidied = Sql::new(
            "a = $3::bigint OR b = $1::bigint AND c ~ 'x$' AND $3",
            numbers,
        );
        assert_eq!(
            tidied.tidied(),
            Sql::new(
                "a = $1::bigint OR b = $2::bigint AND c ~ 'x$' AND $1",
                vec![Parameter::Integer(3), Parameter::Integer(1)]
            )
        );
        assert_eq!(
            Sql::new("SELECT 0", vec![Parameter::Integer(1)]).tidied(),
            Sql::new("SELECT 0", vec![])
        );
    }

    #[test]
    fn a_bound_value_is_never_part_of_the_text() {
        let mut sql = Sql::default();
        let first = sql.bind(Parameter::Text("'; DROP TABLE".into()));
        let second = sql.bind(Parameter::Integer(7));
        assert_eq!(
            (first.as_str(), second.as_str()),
            ("$1::text", "$2::bigint")
        );
    }

    #[test]
    fn identifiers_are_quoted() {
        assert_eq!(identifier("res_user-res_group"), "\"res_user-res_group\"");
        assert_eq!(identifier("a\"b"), "\"a\"\"b\"");
    }
}
