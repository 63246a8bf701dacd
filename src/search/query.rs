//! The query string, decoded; and the value syntax that all parameter types share.

use percent_encoding::percent_decode_str;

use super::Error;

/// How many parameters a search may have.
pub const MOST_PARAMETERS: usize = 64;

/// One `name:modifier=value` of a query string, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The name before the modifier.
    pub name: String,
    /// The modifier, if there is one.
    pub modifier: Option<String>,
    /// The value, with its escapes.
    pub value: String,
}

impl Pair {
    /// Of a name with its modifier.
    #[must_use]
    pub fn new(key: &str, value: String) -> Self {
        let (name, modifier) = match key.split_once(':') {
            Some((name, modifier)) => (name.to_owned(), Some(modifier.to_owned())),
            None => (key.to_owned(), None),
        };
        Self {
            name,
            modifier,
            value,
        }
    }

    /// The name with its modifier.
    #[must_use]
    pub fn key(&self) -> String {
        match &self.modifier {
            Some(modifier) => format!("{}:{modifier}", self.name),
            None => self.name.clone(),
        }
    }
}

/// Decodes a query string (`application/x-www-form-urlencoded`). Unlike a browser's decoder it is strict: a value that
/// cannot be understood must not become another one in silence.
///
/// # Errors
/// [`Error::Encoding`] and [`Error::TooMany`].
pub fn parse(query: &str) -> Result<Vec<Pair>, Error> {
    let parts: Vec<&str> = query.split('&').filter(|part| !part.is_empty()).collect();
    if parts.len() > MOST_PARAMETERS {
        return Err(Error::TooMany {
            limit: MOST_PARAMETERS,
            what: "parameters",
        });
    }
    parts.into_iter().map(pair).collect()
}

fn pair(part: &str) -> Result<Pair, Error> {
    let (key, value) = part.split_once('=').unwrap_or((part, ""));
    let (key, value) = (decode(key)?, decode(value)?);
    Ok(Pair::new(&key, value))
}

fn decode(text: &str) -> Result<String, Error> {
    let hexadecimal = |part: &str| {
        part.as_bytes()
            .get(..2)
            .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    if !text.split('%').skip(1).all(hexadecimal) {
        return Err(Error::Encoding(
            "a '%' is not followed by two hexadecimal digits",
        ));
    }
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced)
        .decode_utf8()
        .map_err(|_| Error::Encoding("it is not UTF-8"))?;
    // PostgreSQL's text cannot hold it.
    if decoded.contains('\0') {
        return Err(Error::Encoding("it contains the character U+0000"));
    }
    Ok(decoded.into_owned())
}

/// Splits a value at each `separator` that is not escaped with a backslash. The parts keep their escapes.
#[must_use]
pub fn split(value: &str, separator: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut escaped = false;
    for character in value.chars() {
        if character == separator && !escaped {
            parts.push(String::new());
            continue;
        }
        escaped = character == '\\' && !escaped;
        if let Some(part) = parts.last_mut() {
            part.push(character);
        }
    }
    parts
}

/// Takes the escapes out: `\,`, `\|`, `\$` and `\\` (R4, search, section "escaping search parameters").
#[must_use]
pub fn unescape(value: &str) -> String {
    let mut plain = String::with_capacity(value.len());
    let mut characters = value.chars().peekable();
    while let Some(character) = characters.next() {
        match characters.peek() {
            Some(&next) if character == '\\' && matches!(next, ',' | '|' | '$' | '\\') => {
                plain.push(next);
                characters.next();
            }
            _ => plain.push(character),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn simple(name: &str, value: &str) -> Pair {
        Pair {
            name: name.into(),
            modifier: None,
            value: value.into(),
        }
    }

    #[test]
    fn names_modifiers_and_values_are_decoded() {
        let modifier = Some("exact".to_owned());
        let expected = vec![
            Pair {
                name: "name".into(),
                modifier,
                value: "O'Brien & Söhne".into(),
            },
            simple("_count", "5"),
            simple("flag", ""),
        ];
        assert_eq!(
            parse("name%3Aexact=O%27Brien+%26+S%C3%B6hne&_count=5&&flag"),
            Ok(expected)
        );
    }

    #[test]
    fn broken_encoding_is_an_error_not_another_value() {
        for query in [
            "name=%",
            "name=%4",
            "name=%zz",
            "na%me=x",
            "name=%C3",
            "name=%ff",
            "name=a%00b",
        ] {
            assert!(matches!(parse(query), Err(Error::Encoding(_))), "{query}");
        }
    }

    #[test]
    fn too_many_parameters_are_refused() {
        assert!(parse(&"a=1&".repeat(MOST_PARAMETERS)).is_ok());
        assert!(matches!(
            parse(&"a=1&".repeat(MOST_PARAMETERS + 1)),
            Err(Error::TooMany { .. })
        ));
    }

    #[test]
    fn an_escaped_separator_does_not_separate() {
        assert_eq!(split("a\\,b,c\\\\,d", ','), ["a\\,b", "c\\\\", "d"]);
        assert_eq!(unescape("a\\,b\\|\\$\\\\\\n"), "a,b|$\\\\n");
    }
}
