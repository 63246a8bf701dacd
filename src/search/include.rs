//! `_include` and `_revinclude` (R4, search, section "including other resources in the result"): which resources come
//! along with the results.

use serde_json::Value;

use super::criterion::{Grammar, refers_to};
use super::declaration::Declaration;
use super::parameter::{Kind, Parameter};
use super::{Error, shortened};

/// A reference that is followed for what comes along.
#[derive(Debug, Clone, Copy)]
pub struct Include {
    /// Whether what refers to the results comes along, instead of what they refer to.
    pub reverse: bool,
    /// Whether it is followed from what has come along, too.
    pub iterate: bool,
    /// The type that has the reference.
    pub from: &'static Declaration,
    /// The reference.
    pub parameter: &'static Parameter,
    /// Only to this type.
    pub to: Option<&'static Declaration>,
}

/// Understands a value of `_include` or, if `reverse`, of `_revinclude`.
///
/// # Errors
/// [`Error::Value`] and [`Error::Modifier`].
pub(super) fn parse(
    grammar: Grammar,
    reverse: bool,
    modifier: Option<&str>,
    value: &str,
) -> Result<Vec<Include>, Error> {
    let name = if reverse { "_revinclude" } else { "_include" };
    let iterate = match modifier {
        None => false,
        Some("iterate" | "recurse") => true,
        Some(modifier) => {
            return Err(Error::Modifier {
                name: name.to_owned(),
                modifier: shortened(modifier),
                supported: ":iterate".to_owned(),
            });
        }
    };
    let searched = grammar.declaration;
    let possible = all(grammar).filter(|include| match (reverse, iterate) {
        (_, true) => true,
        (false, false) => include.from.name == searched.name,
        (true, false) => refers_to(include.parameter, searched.name),
    });
    let parts: Vec<&str> = value.split(':').collect();
    let (from, parameter, to) = match parts.as_slice() {
        ["*"] => (None, None, None),
        [from, "*"] => (Some(*from), None, None),
        [from, parameter] => (Some(*from), Some(*parameter), None),
        [from, parameter, to] => (Some(*from), Some(*parameter), Some(*to)),
        _ => (Some(""), None, None),
    };
    let to = match to.map(|to| grammar.named(to).ok_or(())) {
        Some(Err(())) => return Err(invalid(grammar, name, reverse)),
        to => to.and_then(Result::ok),
    };
    let chosen: Vec<Include> = possible
        .filter(|include| from.is_none_or(|from| from == include.from.name))
        .filter(|include| parameter.is_none_or(|name| name == include.parameter.name))
        .filter(|include| to.is_none_or(|to| refers_to(include.parameter, to.name)))
        .map(|include| Include {
            reverse,
            iterate,
            to: to.or(Some(searched).filter(|_| reverse && !iterate)),
            ..include
        })
        .collect();
    if chosen.is_empty() && value != "*" {
        return Err(invalid(grammar, name, reverse));
    }
    Ok(chosen)
}

fn invalid(grammar: Grammar, name: &str, reverse: bool) -> Error {
    let supported = supported(grammar, reverse).join(", ");
    Error::Value {
        name: name.to_owned(),
        reason: format!("write Type:reference or Type:reference:Type; there are: {supported}"),
    }
}

/// The references of all types that lead to a type that is served.
fn all(grammar: Grammar) -> impl Iterator<Item = Include> {
    let types = grammar.types.iter();
    types.flat_map(move |from| {
        let references = from.parameters.iter();
        let references = references.filter(move |parameter| {
            parameter.kind == Kind::Reference && !grammar.targets(parameter).is_empty()
        });
        references.map(|parameter| Include {
            reverse: false,
            iterate: false,
            from,
            parameter,
            to: None,
        })
    })
}

/// What can be included in results of a type, as the CapabilityStatement lists it.
#[must_use]
pub fn supported(grammar: Grammar, reverse: bool) -> Vec<String> {
    let searched = grammar.declaration.name;
    let fits = |include: &Include| {
        if reverse {
            refers_to(include.parameter, searched)
        } else {
            include.from.name == searched
        }
    };
    all(grammar)
        .filter(fits)
        .map(|include| format!("{}:{}", include.from.name, include.parameter.name))
        .collect()
}

impl Include {
    /// What a resource refers to by this reference, as type and logical id. `resource` is its JSON.
    #[must_use]
    pub fn references(&self, resource: &Value) -> Vec<(String, String)> {
        if resource.get("resourceType").and_then(Value::as_str) != Some(self.from.name) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for element in self.parameter.elements {
            collect(resource, &mut element.split('.'), &mut found);
        }
        found.retain(|(name, _)| self.leads_to(name));
        found
    }

    /// Whether it leads to resources of a type.
    #[must_use]
    pub fn leads_to(&self, name: &str) -> bool {
        refers_to(self.parameter, name) && self.to.is_none_or(|to| to.name == name)
    }
}

fn collect(value: &Value, path: &mut std::str::Split<'_, char>, found: &mut Vec<(String, String)>) {
    if let Value::Array(items) = value {
        for item in items {
            collect(item, &mut path.clone(), found);
        }
        return;
    }
    if let Some(key) = path.next() {
        if let Some(value) = value.get(key) {
            collect(value, path, found);
        }
        return;
    }
    let reference = value.get("reference").and_then(Value::as_str);
    found.extend(reference.and_then(|reference| {
        let (name, id) = reference.split_once('/')?;
        Some((name.to_owned(), id.to_owned()))
    }));
}
