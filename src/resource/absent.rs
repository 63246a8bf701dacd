//! What R4 demands and a record does not have, or the user may not read.

use crate::fhir::r4::{DataAbsentReason, Extension, ExtensionValue, Reference};

/// The reference, or one that says that it is not known.
pub(super) fn known(reference: Option<Reference>) -> Reference {
    reference.unwrap_or_else(|| {
        let url = "http://hl7.org/fhir/StructureDefinition/data-absent-reason";
        let reason = DataAbsentReason::Unknown.as_str().to_owned();
        Reference {
            extension: vec![Extension {
                value: Some(ExtensionValue::Code(reason)),
                ..Extension::new(url)
            }],
            ..Reference::default()
        }
    })
}
