//! How a required element says that there is no value (R4, extension data-absent-reason).

use crate::fhir::r4::{DataAbsentReason, Extension, ExtensionValue, Reference};

/// HL7's extension, in place of a value that GNU Health does not have, or that the user may not read.
pub(super) fn unknown() -> Extension {
    let url = "http://hl7.org/fhir/StructureDefinition/data-absent-reason";
    let reason = DataAbsentReason::Unknown.as_str().to_owned();
    Extension {
        value: Some(ExtensionValue::Code(reason)),
        ..Extension::new(url)
    }
}

/// The reference, or one that says that it is not known.
pub(super) fn known(reference: Option<Reference>) -> Reference {
    reference.unwrap_or_else(|| Reference {
        extension: vec![unknown()],
        ..Reference::default()
    })
}
