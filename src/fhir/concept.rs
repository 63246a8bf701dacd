//! Codes with their systems.

use crate::fhir::r4::{CodeableConcept, Coding};

/// A code of a system, as it is shown.
#[must_use]
pub fn coding(system: &str, code: impl Into<String>, display: Option<String>) -> Coding {
    Coding {
        system: Some(system.to_owned()),
        code: Some(code.into()),
        display,
        ..Coding::default()
    }
}

/// A concept of at most one coding, with the text that the source had for it.
#[must_use]
pub fn concept(coding: Option<Coding>, text: Option<String>) -> CodeableConcept {
    CodeableConcept {
        coding: coding.into_iter().collect(),
        text,
        ..CodeableConcept::default()
    }
}
