//! A resource as it was sent: what its JSON says, nothing left out, so that all that is wrong with it can be told.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;

use super::Malformed;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(String),
    /// An attribute of XML: of which type it is, its element says.
    Lexical(String),
    /// `[…]`
    Array(Vec<Node>),
    /// `{…}`
    Object(Object),
}

/// A number, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    /// A whole one, written as such.
    Integer(i64),
    /// Any other.
    Decimal,
}

/// The members of an object, in their order; one that is there twice is here twice.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Object(pub Vec<(String, Node)>);

impl Object {
    /// The first member of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Node> {
        let mut members = self.0.iter();
        members.find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The text of a member.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Node::text)
    }
}

impl Node {
    /// The text of a string.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::String(text) | Self::Lexical(text) => Some(text),
            _ => None,
        }
    }

    /// The object that it is.
    #[must_use]
    pub fn object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The items of an array.
    #[must_use]
    pub fn items(&self) -> &[Node] {
        match self {
            Self::Array(items) => items,
            _ => &[],
        }
    }
}

/// Reads a resource, or what is meant to be one.
///
/// # Errors
/// [`Malformed`] if the text is no JSON, nested more than 128 levels deep, or no object.
pub fn from_json(text: &str) -> Result<Object, Malformed> {
    let node: Node = serde_json::from_str(text).map_err(|error| {
        // serde's own messages could quote a value
        let what = match error.classify() {
            Category::Eof => "the JSON ends early",
            _ if error.to_string().starts_with("recursion limit") => {
                "the JSON is nested too deeply"
            }
            _ => "not JSON",
        };
        Malformed {
            what,
            line: error.line(),
            column: error.column(),
        }
    })?;
    match node {
        Node::Object(object) => Ok(object),
        _ => Err(Malformed::after("a resource is a JSON object", "")),
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Build)
    }
}

struct Build;

impl<'de> Visitor<'de> for Build {
    type Value = Node;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Number(Number::Integer(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        let number = i64::try_from(value).map_or(Number::Decimal, Number::Integer);
        Ok(Node::Number(number))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Number(Number::Decimal))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Node, E> {
        Ok(Node::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element()? {
            items.push(item);
        }
        Ok(Node::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Node::Object(Object(members)))
    }
}
