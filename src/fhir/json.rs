//! JSON taken apart without loss: members in their order, every value as the text that it is.
//!
//! What rewrites a resource goes over this and not over a tree of values, in which `1.10` would become `1.1`.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The members of an object, in their order.
#[derive(Debug, Clone, Default)]
pub struct Members<'a>(pub Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Members<'a> {
    /// Takes an object apart.
    ///
    /// # Errors
    /// If this is no JSON object.
    pub fn of(json: &'a str) -> serde_json::Result<Self> {
        serde_json::from_str(json)
    }

    /// The first member of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        let mut members = self.0.iter();
        members
            .find(|(key, _)| key == name)
            .map(|(_, value)| *value)
    }

    /// The text of a member that is a string.
    #[must_use]
    pub fn string(&self, name: &str) -> Option<Cow<'a, str>> {
        self.get(name).and_then(string)
    }
}

/// The items of an array.
///
/// # Errors
/// If this is no JSON array.
pub fn items(value: &RawValue) -> serde_json::Result<Vec<&RawValue>> {
    serde_json::from_str(value.get())
}

/// The text of a JSON string; `None` if it is none.
#[must_use]
pub fn string(value: &RawValue) -> Option<Cow<'_, str>> {
    serde_json::from_str(value.get())
        .ok()
        .map(|Text(text)| text)
}

/// What a value is, by its first character: JSON that was parsed before needs no second look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `{`
    Object,
    /// `[`
    Array,
    /// `"`
    String,
    /// `null`
    Null,
    /// A number or a boolean, whose text is its value.
    Plain,
}

impl Kind {
    /// The kind of a value.
    #[must_use]
    pub fn of(value: &RawValue) -> Self {
        match value.get().as_bytes().first() {
            Some(b'{') => Self::Object,
            Some(b'[') => Self::Array,
            Some(b'"') => Self::String,
            Some(b'n') => Self::Null,
            _ => Self::Plain,
        }
    }
}

/// How far each level of [`laid_out`] is indented.
const INDENT: &str = "  ";

/// What becomes of the parts of a text that is laid out.
pub trait Ink {
    /// Brackets, commas, colons and white space.
    fn mark(&mut self, text: &str);
    /// The name of a member, as JSON has it.
    fn name(&mut self, json: &str);
    /// A value that is neither object nor array, as JSON has it; `name` is that of the member that it belongs to.
    fn value(&mut self, name: &str, json: &RawValue);
}

/// Plain text.
impl Ink for String {
    fn mark(&mut self, text: &str) {
        self.push_str(text);
    }

    fn name(&mut self, json: &str) {
        self.push_str(json);
    }

    fn value(&mut self, _: &str, json: &RawValue) {
        self.push_str(json.get());
    }
}

/// Lays JSON out with a line for each member and item.
///
/// # Errors
/// If this is no JSON.
pub fn laid_out(json: &str, ink: &mut impl Ink) -> serde_json::Result<()> {
    lay_out(serde_json::from_str(json)?, "", 0, ink)
}

fn lay_out(
    json: &RawValue,
    name: &str,
    depth: usize,
    ink: &mut impl Ink,
) -> serde_json::Result<()> {
    let line = |ink: &mut _, depth: usize| Ink::mark(ink, &format!("\n{}", INDENT.repeat(depth)));
    match Kind::of(json) {
        Kind::Object => {
            let members = Members::of(json.get())?;
            ink.mark("{");
            for (index, (name, value)) in members.0.iter().enumerate() {
                ink.mark(if index == 0 { "" } else { "," });
                line(ink, depth + 1);
                ink.name(&serde_json::to_string(name)?);
                ink.mark(": ");
                lay_out(value, name, depth + 1, ink)?;
            }
            if !members.0.is_empty() {
                line(ink, depth);
            }
            ink.mark("}");
        }
        Kind::Array => {
            let items = items(json)?;
            ink.mark("[");
            for (index, value) in items.iter().enumerate() {
                ink.mark(if index == 0 { "" } else { "," });
                line(ink, depth + 1);
                lay_out(value, name, depth + 1, ink)?;
            }
            if !items.is_empty() {
                line(ink, depth);
            }
            ink.mark("]");
        }
        _ => ink.value(name, json),
    }
    Ok(())
}

/// A string, borrowed where it has no escapes.
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Collect).map(Self)
    }
}

struct Collect;

impl<'de> Visitor<'de> for Collect {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::with_capacity(map.size_hint().unwrap_or_default());
        while let Some((Text(name), value)) = map.next_entry()? {
            members.push((name, value));
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_order_and_their_digits() {
        let members = Members::of(r#" {"b": 1.10, "a\"": [null, "x"], "a\"": {}} "#).unwrap();
        let texts = members
            .0
            .iter()
            .map(|(name, value)| (name.as_ref(), value.get()));
        let expected = [("b", "1.10"), ("a\"", "[null, \"x\"]"), ("a\"", "{}")];
        assert_eq!(texts.collect::<Vec<_>>(), expected);
        assert_eq!(Kind::of(members.get("b").unwrap()), Kind::Plain);
        assert!(members.get("c").is_none());
    }

    #[test]
    fn laid_out_it_is_the_same_on_several_lines() {
        let json = r#"{"a":[1.10,{"b":"x\n\"y"},[],{}],"c":null}"#;
        let mut text = String::new();
        laid_out(json, &mut text).unwrap();
        let expected = "{\n  \"a\": [\n    1.10,\n    {\n      \"b\": \"x\\n\\\"y\"\n    },\n    [],\n    {}\n  ],\n  \"c\": null\n}";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_is_no_object_is_an_error() {
        for json in ["", "[]", "1", "{", "{\"a\":}"] {
            assert!(Members::of(json).is_err(), "{json}");
        }
    }
}
