//! A part of a resource (R4, search, sections "summary" and "elements"), cut out of its JSON: order and digits stay.

use std::fmt::Write;

use serde_json::value::RawValue;

use super::json::{self, Kind, Members};
use super::r4::Element;

/// Marks a resource that is not all there is.
const SUBSETTED: &str =
    r#"{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}"#;

/// Which part of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// `_summary=true`: what is marked as summary. What is mandatory stays too, or the resource would not be valid.
    Summary,
    /// `_summary=text`: the narrative, and what is mandatory.
    Text,
    /// `_summary=data`: all but the narrative.
    Data,
    /// `_elements`: those named, and what is mandatory.
    Elements(Vec<String>),
}

/// The JSON of a part of a resource, which has these elements.
///
/// # Errors
/// If this is no JSON object.
pub fn subset(resource: &str, elements: &[Element], part: &Part) -> serde_json::Result<String> {
    let members = Members::of(resource)?;
    let mut object = Object::new(resource.len());
    for (name, value) in &members.0 {
        let element = find(elements, name);
        let kept = match (name.as_ref(), part) {
            ("resourceType" | "id", _) => true,
            ("meta", _) => {
                object.member(name, &tagged(value)?);
                continue;
            }
            (_, Part::Summary) => {
                object.summary(name, value, element)?;
                continue;
            }
            (name, Part::Text) => name == "text" || is_mandatory(element),
            (name, Part::Data) => name != "text",
            (_, Part::Elements(names)) => {
                is_mandatory(element) || names.iter().any(|name| is_named(element, name))
            }
        };
        if kept {
            object.member(name, value.get());
        }
        let last_before_meta = if members.get("id").is_some() {
            "id"
        } else {
            "resourceType"
        };
        if name == last_before_meta && members.get("meta").is_none() {
            object.member("meta", &format!("{{\"tag\":[{SUBSETTED}]}}"));
        }
    }
    Ok(object.end())
}

/// The element that a member of the JSON is, or is the sibling of.
fn find<'e>(elements: &'e [Element], member: &str) -> Option<&'e Element> {
    let name = member.strip_prefix('_').unwrap_or(member);
    elements.iter().find(|element| {
        let rest = name.strip_prefix(element.name);
        rest.is_some_and(|rest| {
            rest.is_empty()
                || (element.choice && rest.starts_with(|letter: char| letter.is_ascii_uppercase()))
        })
    })
}

/// The element of this name: `deceased`, `deceased[x]` and `deceasedBoolean` name the same.
#[must_use]
pub fn named<'e>(elements: &'e [Element], name: &str) -> Option<&'e Element> {
    elements
        .iter()
        .find(|element| is_named(Some(element), name))
}

fn is_named(element: Option<&Element>, name: &str) -> bool {
    element.is_some_and(|element| match name.strip_prefix(element.name) {
        Some("") => true,
        Some(kind) => {
            element.choice
                && (kind == "[x]" || kind.starts_with(|letter: char| letter.is_ascii_uppercase()))
        }
        None => false,
    })
}

fn is_mandatory(element: Option<&Element>) -> bool {
    element.is_some_and(|element| element.mandatory)
}

/// `meta` with one more tag, which is its last element.
fn tagged(meta: &RawValue) -> serde_json::Result<String> {
    let members = Members::of(meta.get())?;
    let mut object = Object::new(meta.get().len() + SUBSETTED.len());
    let mut tags = Vec::new();
    for (name, value) in &members.0 {
        if name == "tag" {
            tags = json::items(value)?;
        } else {
            object.member(name, value.get());
        }
    }
    let tags = tags.into_iter().map(RawValue::get).chain([SUBSETTED]);
    object.member("tag", &format!("[{}]", tags.collect::<Vec<_>>().join(",")));
    Ok(object.end())
}

/// A JSON object being written.
struct Object(String);

impl Object {
    fn new(size: usize) -> Self {
        let mut text = String::with_capacity(size);
        text.push('{');
        Self(text)
    }

    fn is_empty(&self) -> bool {
        self.0.len() == 1
    }

    /// Names of members need no escapes: they are those of elements.
    fn member(&mut self, name: &str, json: &str) {
        let comma = if self.is_empty() { "" } else { "," };
        // Writing to a String cannot fail.
        let _ = write!(self.0, "{comma}\"{name}\":{json}");
    }

    /// The part of a member that belongs to a summary.
    fn summary(
        &mut self,
        name: &str,
        value: &RawValue,
        element: Option<&Element>,
    ) -> serde_json::Result<()> {
        let Some(element) = element.filter(|element| element.summary || element.mandatory) else {
            return Ok(());
        };
        if element.inner.is_empty() {
            self.member(name, value.get());
            return Ok(());
        }
        let within = |value: &RawValue| -> serde_json::Result<Option<String>> {
            let mut inner = Self::new(value.get().len());
            for (name, value) in &Members::of(value.get())?.0 {
                inner.summary(name, value, find(element.inner, name))?;
            }
            Ok((!inner.is_empty()).then(|| inner.end()))
        };
        let written = if Kind::of(value) == Kind::Array {
            let mut items = Vec::new();
            for item in json::items(value)? {
                items.extend(within(item)?);
            }
            (!items.is_empty()).then(|| format!("[{}]", items.join(",")))
        } else {
            within(value)?
        };
        if let Some(written) = written {
            self.member(name, &written);
        }
        Ok(())
    }

    fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fhir::r4::{CapabilityStatement, OperationOutcome, Patient, Resource};

    const PATIENT: &str = r#"{"resourceType":"Patient","id":"7","meta":{"versionId":"1"},"text":{"status":"empty"},
        "extension":[{"url":"u"}],"name":[{"family":"B"}],"_birthDate":{"extension":[]},"deceasedBoolean":false,
        "maritalStatus":{"text":"m"},"multipleBirthInteger":2,
        "link":[{"extension":[{"url":"u"}],"other":{"reference":"Patient/8"},"type":"refer"}]}"#;
    const META: &str = r#""meta":{"versionId":"1","tag":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}]}"#;

    fn cut<R: Resource>(json: &str, part: &Part) -> String {
        let cut = subset(json, R::ELEMENTS, part).unwrap();
        serde_json::from_str::<serde_json::Value>(&cut).unwrap();
        cut
    }

    fn named(names: &[&str]) -> Part {
        Part::Elements(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn a_summary_has_what_the_definition_marks() {
        assert_eq!(
            cut::<Patient>(PATIENT, &Part::Summary),
            format!(
                r#"{{"resourceType":"Patient","id":"7",{META},"name":[{{"family":"B"}}],"_birthDate":{{"extension":[]}},"deceasedBoolean":false,"link":[{{"other":{{"reference":"Patient/8"}},"type":"refer"}}]}}"#
            )
        );
    }

    #[test]
    fn text_and_data_divide_the_resource() {
        assert_eq!(
            cut::<Patient>(PATIENT, &Part::Text),
            format!(r#"{{"resourceType":"Patient","id":"7",{META},"text":{{"status":"empty"}}}}"#)
        );
        let data = cut::<Patient>(PATIENT, &Part::Data);
        assert!(!data.contains("\"text\":{\"status\"") && data.contains("multipleBirthInteger"));
    }

    #[test]
    fn named_elements_come_with_the_mandatory_ones() {
        for names in [
            &["birthDate", "multipleBirth"][..],
            &["birthDate", "multipleBirth[x]"],
            &["multipleBirthInteger", "birthDate"],
        ] {
            assert_eq!(
                cut::<Patient>(PATIENT, &named(names)),
                format!(
                    r#"{{"resourceType":"Patient","id":"7",{META},"_birthDate":{{"extension":[]}},"multipleBirthInteger":2}}"#
                )
            );
        }
        let outcome = r#"{"resourceType":"OperationOutcome","id":"1","language":"en","issue":[{"severity":"error"}]}"#;
        let cut = cut::<OperationOutcome>(outcome, &named(&["id"]));
        assert!(cut.contains("issue") && !cut.contains("language"), "{cut}");
    }

    #[test]
    fn digits_and_tags_stay_and_a_missing_meta_is_made() {
        let json =
            r#"{"resourceType":"Patient","id":"7","meta":{"tag":[{"code":"a"}]},"active":1.10}"#;
        let cut_out = cut::<Patient>(json, &Part::Summary);
        assert!(
            cut_out.contains(r#""tag":[{"code":"a"},{"system""#) && cut_out.ends_with("1.10}"),
            "{cut_out}"
        );
        let cut_out = cut::<Patient>(r#"{"resourceType":"Patient","id":"7"}"#, &Part::Data);
        assert!(
            cut_out.contains(r#""id":"7","meta":{"tag":[{"#),
            "{cut_out}"
        );
    }

    #[test]
    fn an_element_of_which_nothing_is_left_is_left_out() {
        let json = r#"{"resourceType":"CapabilityStatement","id":"1","rest":[{"extension":[{"url":"u"}]}],"kind":"instance"}"#;
        let cut = cut::<CapabilityStatement>(json, &Part::Summary);
        assert!(!cut.contains("rest") && cut.contains("kind"), "{cut}");
    }

    #[test]
    fn names_are_those_of_elements() {
        for name in ["name", "deceased", "deceased[x]", "deceasedDateTime"] {
            assert!(super::named(Patient::ELEMENTS, name).is_some(), "{name}");
        }
        for name in [
            "",
            "nam",
            "names",
            "name[x]",
            "nameFamily",
            "deceasedx",
            "_name",
            "Patient.name",
        ] {
            assert!(super::named(Patient::ELEMENTS, name).is_none(), "{name}");
        }
    }
}
