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
        let cast = match parameter {
            Parameter::Text(_) => "text",
            Parameter::Integer(_) => "bigint",
            Parameter::Texts(_) => "text[]",
            Parameter::Integers(_) => "bigint[]",
        };
        self.parameters.push(parameter);
        format!("${}::{cast}", self.parameters.len())
    }
}

impl Sql {
    /// The text and the parameters that stand in it, numbered anew. Conditions that cannot hold are left out of a
    /// statement after their values were bound, and PostgreSQL cannot tell the type of a parameter that stands nowhere.
    pub(super) fn used(&self) -> (String, Vec<Parameter>) {
        if self.parameters.is_empty() {
            // `PREPARE` has parameters and takes none.
            return (self.text.clone(), Vec::new());
        }
        let mut numbers: Vec<usize> = Vec::new();
        let mut parts = self.text.split('$');
        let mut text = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            text.push('$');
            let end = part.find(|character: char| !character.is_ascii_digit());
            let (number, rest) = part.split_at(end.unwrap_or(part.len()));
            let Ok(number) = number.parse::<usize>() else {
                text.push_str(part);
                continue;
            };
            let place = numbers.iter().position(|known| *known == number);
            let place = place.unwrap_or_else(|| {
                numbers.push(number);
                numbers.len() - 1
            });
            text.push_str(&(place + 1).to_string());
            text.push_str(rest);
        }
        let values = numbers.into_iter().filter_map(|number| {
            let index = number.checked_sub(1)?;
            self.parameters.get(index).cloned()
        });
        (text, values.collect())
    }

    /// The parameters, if all of them are integers.
    pub(super) fn integers(&self) -> Option<Vec<i64>> {
        let integer = |parameter: &Parameter| match parameter {
            Parameter::Integer(number) => Some(*number),
            _ => None,
        };
        self.parameters.iter().map(integer).collect()
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
    fn only_integers_may_go_into_the_text_of_an_execution() {
        let text = Parameter::Text("1); DROP TABLE x".into());
        assert_eq!(
            Sql::new("", vec![Parameter::Integer(1), text]).integers(),
            None
        );
        let integers = vec![Parameter::Integer(7), Parameter::Integer(-1)];
        assert_eq!(Sql::new("", integers).integers(), Some(vec![7, -1]));
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
    fn a_parameter_that_stands_nowhere_is_not_sent() {
        let mut sql = Sql::default();
        let left_out = sql.bind(Parameter::Integer(7));
        let (number, text) = (
            sql.bind(Parameter::Integer(8)),
            sql.bind(Parameter::Text("x".into())),
        );
        sql.text = format!("a = {text} AND b = {number} AND c = {text} AND d ~ '^a$'");
        let expected = "a = $1::text AND b = $2::bigint AND c = $1::text AND d ~ '^a$'".to_owned();
        let values = vec![Parameter::Text("x".into()), Parameter::Integer(8)];
        assert_eq!(sql.used(), (expected, values));
        assert_eq!(left_out, "$1::bigint");
    }

    #[test]
    fn identifiers_are_quoted() {
        assert_eq!(identifier("res_user-res_group"), "\"res_user-res_group\"");
        assert_eq!(identifier("a\"b"), "\"a\"\"b\"");
    }
}
