//! Where in a resource something is: as R4 wants it in an issue of an `OperationOutcome`, `expression` and `location`.

use std::borrow::Cow;
use std::fmt::Write;

/// The longest name that is repeated in a path.
const LONGEST_NAME: usize = 64;

/// The way from a resource to one of its elements.
#[derive(Debug, Clone, Default)]
pub struct Path<'a>(Vec<Step<'a>>);

#[derive(Debug, Clone)]
struct Step<'a> {
    /// The name as it was sent: `valueQuantity`.
    name: Cow<'a, str>,
    /// How much of it is the name of the element: `value`.
    length: usize,
    /// Which of several it is, from 0.
    index: Option<usize>,
}

/// A path, written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// In FHIRPath, as far as names and indexes go: `Patient.name[0].given[1]`.
    pub expression: String,
    /// In XPath: `/f:Patient/f:name[1]/f:given[2]`.
    pub location: String,
}

impl<'a> Path<'a> {
    /// Of a resource of this type.
    #[must_use]
    pub fn of(resource_type: impl Into<Cow<'a, str>>) -> Self {
        let mut path = Self::default();
        path.push(resource_type);
        path
    }

    /// Whether it leads nowhere yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Goes to an element.
    pub fn push(&mut self, name: impl Into<Cow<'a, str>>) {
        let name = name.into();
        let length = name.len();
        self.0.push(Step {
            name,
            length,
            index: None,
        });
    }

    /// Goes to an element of this name whose name as it was sent may have a type at its end.
    pub fn push_element(&mut self, name: impl Into<Cow<'a, str>>, element: &str) {
        self.push(name);
        if let Some(step) = self.0.last_mut() {
            step.length = element.len();
        }
    }

    /// Says which of several it is.
    pub fn set_index(&mut self, index: Option<usize>) {
        if let Some(step) = self.0.last_mut() {
            step.index = index;
        }
    }

    /// Whether it leads to an element of this name.
    #[must_use]
    pub fn ends_with(&self, name: &str) -> bool {
        self.0.last().is_some_and(|step| step.name == name)
    }

    /// Goes back.
    pub fn pop(&mut self) {
        self.0.pop();
    }

    /// Writes it.
    #[must_use]
    pub fn place(&self) -> Place {
        let mut place = Place::default();
        for step in &self.0 {
            let (name, element) = (
                step.name.as_ref(),
                step.name.get(..step.length).unwrap_or(&step.name),
            );
            // What no element can be called ends the path: it is what has it that is wrong.
            if !is_name(name) {
                break;
            }
            let dot = if place.expression.is_empty() { "" } else { "." };
            place.expression.push_str(dot);
            place.expression.push_str(element);
            let _ = write!(place.location, "/f:{name}");
            if let Some(index) = step.index {
                let _ = write!(place.expression, "[{index}]");
                let _ = write!(place.location, "[{}]", index + 1);
            }
        }
        place
    }
}

impl Place {
    /// The place seen from inside of what stands at `outer`, a resource of this type; `None` if it is not in there.
    #[must_use]
    pub fn within(&self, outer: &Self, resource_type: &str) -> Option<Self> {
        let rest = |whole: &str, outer: &str, next: char| {
            let rest = whole.strip_prefix(outer)?;
            (rest.is_empty() || rest.starts_with(next)).then(|| rest.to_owned())
        };
        let expression = rest(&self.expression, &outer.expression, '.')?;
        let location = rest(&self.location, &outer.location, '/')?;
        Some(Self {
            expression: format!("{resource_type}{expression}"),
            location: format!("/f:{resource_type}{location}"),
        })
    }
}

/// Whether an element could have this name, in FHIRPath and in XML.
fn is_name(text: &str) -> bool {
    let is_letter = |letter: u8| letter.is_ascii_alphabetic() || letter == b'_';
    text.len() <= LONGEST_NAME
        && text.bytes().next().is_some_and(is_letter)
        && text
            .bytes()
            .all(|byte| is_letter(byte) || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(path: &Path<'_>) -> (String, String) {
        let place = path.place();
        (place.expression, place.location)
    }

    #[test]
    fn a_path_is_written_in_both_languages() {
        let mut path = Path::of("Observation");
        path.push("component");
        path.set_index(Some(1));
        path.push_element("valueQuantity", "value");
        path.push("unit");
        let both = written(&path);
        assert_eq!(both.0, "Observation.component[1].value.unit");
        assert_eq!(
            both.1,
            "/f:Observation/f:component[2]/f:valueQuantity/f:unit"
        );
        path.pop();
        path.push("no name");
        path.push("x");
        assert_eq!(written(&path).0, "Observation.component[1].value");
        path.pop();
        path.pop();
        path.push("x".repeat(65));
        assert_eq!(written(&path).0, "Observation.component[1].value");
    }

    #[test]
    fn a_place_inside_of_another_is_told_from_there() {
        let mut path = Path::of("Parameters");
        path.push("resource");
        let outer = path.place();
        path.push("gender");
        let inner = path.place().within(&outer, "Patient").unwrap();
        assert_eq!(inner.expression, "Patient.gender");
        assert_eq!(inner.location, "/f:Patient/f:gender");
        assert_eq!(
            outer.within(&outer, "Patient").unwrap().expression,
            "Patient"
        );
        assert_eq!(
            Path::of("Parameters").place().within(&outer, "Patient"),
            None
        );
        path.pop();
        path.pop();
        path.push("resources");
        assert_eq!(path.place().within(&outer, "Patient"), None);
    }
}
