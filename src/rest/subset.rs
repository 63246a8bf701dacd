//! `_summary` and `_elements`: which part of each resource is wanted (R4, search, sections "summary" and "elements").
//!
//! They count for the resources that were asked for, never for an `OperationOutcome` that comes with them. R4 says too that
//! `_elements` does not apply to included resources: see [`Subset::applies_to_included`].

use crate::fhir::r4::{self, AnyResource, Element};
use crate::fhir::subset::{Part, named, subset};
use crate::search;
use crate::search::query::Pair;

use super::error::Error;

/// The values of `_summary`.
const SUMMARIES: &str = "true, text, data, count or false";

/// What the client wants of a resource, if not all.
#[derive(Debug, Clone)]
pub struct Subset {
    wanted: Wanted,
    elements: &'static [Element],
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Wanted {
    Part(Part),
    Count,
}

impl Subset {
    /// What is wanted of resources of the type `R`; `None`: all of them.
    ///
    /// # Errors
    /// [`Error::Search`] if one of the parameters is there twice, both are there, `_summary` has another value than R4
    /// knows, or `_elements` names one that the type does not have.
    pub fn from_pairs<R: r4::Resource>(pairs: &[Pair]) -> Result<Option<Self>, Error> {
        let wanted = wanted(pairs, R::TYPE, R::ELEMENTS).map_err(Error::Search)?;
        Ok(wanted.map(|wanted| Self {
            wanted,
            elements: R::ELEMENTS,
        }))
    }

    /// `_summary=count`: no resources, only how many there are.
    #[must_use]
    pub fn is_count(&self) -> bool {
        self.wanted == Wanted::Count
    }

    /// Whether resources that come by `_include` and its kin are cut too: by `_summary`, not by `_elements`.
    #[must_use]
    pub fn applies_to_included(&self) -> bool {
        !matches!(self.wanted, Wanted::Part(Part::Elements(_)))
    }

    /// The part of a resource, as JSON, marked `SUBSETTED`.
    ///
    /// # Errors
    /// [`Error::Internal`] if this is not the JSON of a resource.
    pub fn apply(&self, json: &str) -> Result<String, Error> {
        let unreadable = |_| Error::Internal("a resource cannot be cut");
        match &self.wanted {
            Wanted::Part(part) => subset(json, self.elements, part).map_err(unreadable),
            Wanted::Count => Ok(json.to_owned()),
        }
    }
}

/// A resource, or the part of it that is wanted.
///
/// # Errors
/// [`Error::Internal`] if it cannot be written.
pub fn part_of<R: r4::Resource>(
    subset: Option<&Subset>,
    resource: &R,
) -> Result<AnyResource, Error> {
    let unwritable = |_| Error::Internal("a resource could not be written");
    let whole = AnyResource::new(resource).map_err(unwritable)?;
    match subset {
        Some(subset) => AnyResource::from_json(subset.apply(whole.as_json())?).map_err(unwritable),
        None => Ok(whole),
    }
}

fn wanted(
    pairs: &[Pair],
    resource: &str,
    elements: &[Element],
) -> Result<Option<Wanted>, search::Error> {
    match (once(pairs, "_summary")?, once(pairs, "_elements")?) {
        (None, None) => Ok(None),
        (Some(summary), None) => summary_of(summary),
        (None, Some(names)) => elements_of(names, resource, elements).map(Some),
        (Some(_), Some(_)) => Err(invalid(
            "_elements",
            "_summary or _elements, not both".to_owned(),
        )),
    }
}

fn once<'p>(pairs: &'p [Pair], name: &str) -> Result<Option<&'p str>, search::Error> {
    let mut values = pairs.iter().filter(|pair| pair.name == name);
    let Some(pair) = values.next() else {
        return Ok(None);
    };
    if let Some(modifier) = &pair.modifier {
        return Err(search::Error::Modifier {
            name: name.to_owned(),
            modifier: modifier.clone(),
            supported: "none".to_owned(),
        });
    }
    match values.next() {
        Some(_) => Err(search::Error::Repeated(name.to_owned())),
        None => Ok(Some(&pair.value)),
    }
}

fn summary_of(value: &str) -> Result<Option<Wanted>, search::Error> {
    Ok(Some(match value {
        "true" => Wanted::Part(Part::Summary),
        "text" => Wanted::Part(Part::Text),
        "data" => Wanted::Part(Part::Data),
        "count" => Wanted::Count,
        "false" => return Ok(None),
        _ => return Err(invalid("_summary", SUMMARIES.to_owned())),
    }))
}

/// Elements that resources may have, and ours never do (codegen, `OMITTED`).
const NEVER_WRITTEN: &[&str] = &["implicitRules", "modifierExtension"];

fn elements_of(names: &str, resource: &str, elements: &[Element]) -> Result<Wanted, search::Error> {
    let names: Vec<String> = names
        .split(',')
        .map(|name| name.trim().to_owned())
        .collect();
    let known =
        |name: &&String| named(elements, name).is_some() || NEVER_WRITTEN.contains(&name.as_str());
    if let Some(unknown) = names.iter().find(|name| !known(name)) {
        let unknown = search::shortened(unknown);
        let all: Vec<&str> = elements.iter().map(|element| element.name).collect();
        let reason = format!(
            "{resource} has no element '{unknown}'; it has {}",
            all.join(", ")
        );
        return Err(invalid("_elements", reason));
    }
    Ok(Wanted::Part(Part::Elements(names)))
}

fn invalid(name: &str, reason: String) -> search::Error {
    search::Error::Value {
        name: name.to_owned(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fhir::r4::Patient;
    use crate::search::query::parse;

    fn subset(query: &str) -> Result<Option<Subset>, Error> {
        Subset::from_pairs::<Patient>(&parse(query).unwrap())
    }

    #[test]
    fn what_r4_knows_is_understood() {
        for query in ["", "_summary=false", "name=x"] {
            assert!(subset(query).unwrap().is_none(), "{query}");
        }
        assert!(subset("_summary=count").unwrap().unwrap().is_count());
        for query in ["_summary=true", "_summary=text", "_summary=data"] {
            let subset = subset(query).unwrap().unwrap();
            assert!(
                !subset.is_count() && subset.applies_to_included(),
                "{query}"
            );
        }
        for query in [
            "_elements=name",
            "_elements=id,%20deceased[x],modifierExtension",
        ] {
            assert!(
                !subset(query).unwrap().unwrap().applies_to_included(),
                "{query}"
            );
        }
    }

    #[test]
    fn the_rest_is_refused() {
        for query in [
            "_summary=",
            "_summary=TRUE",
            "_summary=true&_summary=true",
            "_summary=true&_elements=name",
            "_summary=false&_elements=name",
            "_elements=name&_elements=id",
            "_elements=",
            "_elements=name,,id",
            "_elements=name,nonsense",
            "_elements=name.family",
            "_elements:x=name",
        ] {
            assert!(matches!(subset(query), Err(Error::Search(_))), "{query}");
        }
        let error = subset("_elements=name,nonsense").unwrap_err().to_string();
        assert!(
            error.contains("'nonsense'") && error.contains("birthDate"),
            "{error}"
        );
    }

    #[test]
    fn a_resource_is_cut_or_whole() {
        let patient = Patient {
            id: Some("7".into()),
            active: Some(true),
            ..Patient::default()
        };
        let cut = |query: &str| {
            let subset = subset(query).unwrap();
            part_of(subset.as_ref(), &patient)
                .unwrap()
                .as_json()
                .to_owned()
        };
        assert_eq!(
            cut(""),
            r#"{"resourceType":"Patient","id":"7","active":true}"#
        );
        assert!(!cut("_elements=name").contains("active"));
        assert!(cut("_summary=data").contains("SUBSETTED"));
    }
}
