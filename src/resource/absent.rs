//! What R4 requires and GNU Health does not have, or the user may not know: the element says that it is not known.

use crate::fhir::r4::{CodeableConcept, DataAbsentReason, Extension, ExtensionValue, Reference};

/// A reference to nobody knows what.
pub(super) fn unknown_reference() -> Reference {
    Reference {
        extension: vec![unknown()],
        ..Reference::default()
    }
}

/// A concept that is not known.
pub(super) fn unknown_concept() -> CodeableConcept {
    CodeableConcept {
        extension: vec![unknown()],
        ..CodeableConcept::default()
    }
}

/// HL7's extension for why a value is absent.
fn unknown() -> Extension {
    let url = "http://hl7.org/fhir/StructureDefinition/data-absent-reason";
    let reason = DataAbsentReason::Unknown.as_str().to_owned();
    Extension {
        value: Some(ExtensionValue::Code(reason)),
        ..Extension::new(url)
    }
}
