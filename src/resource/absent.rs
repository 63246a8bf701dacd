//! What a resource says where R4 demands an element that there is nothing for.

use crate::fhir::r4::{CodeableConcept, DataAbsentReason, Extension, ExtensionValue, Reference};

/// The extension that says why there is no value
/// (<http://hl7.org/fhir/R4/extension-data-absent-reason.html>).
fn because(reason: DataAbsentReason) -> Extension {
    let url = "http://hl7.org/fhir/StructureDefinition/data-absent-reason";
    Extension {
        value: Some(ExtensionValue::Code(reason.as_str().to_owned())),
        ..Extension::new(url)
    }
}

/// A reference that R4 demands, or why there is none.
pub(super) fn reference(found: Option<Reference>, reason: DataAbsentReason) -> Reference {
    found.unwrap_or_else(|| Reference {
        extension: vec![because(reason)],
        ..Reference::default()
    })
}

/// A concept that R4 demands, or why there is none.
pub(super) fn concept(found: Option<CodeableConcept>, reason: DataAbsentReason) -> CodeableConcept {
    found.unwrap_or_else(|| CodeableConcept {
        extension: vec![because(reason)],
        ..CodeableConcept::default()
    })
}

/// The extension for a value that GNU Health does not have, or that the user may not read.
pub(super) fn unknown() -> Extension {
    because(DataAbsentReason::Unknown)
}
