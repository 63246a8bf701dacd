//! Records that are a code of the hospital's own, with a name: specialties, occupations.

use serde::Deserialize;

use crate::fhir::concept::{coding, concept};
use crate::fhir::r4::CodeableConcept;
use crate::fhir::text::is_code;

use super::person::filled;

/// A row with the columns `code` and `name`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Coded {
    code: Option<String>,
    name: Option<String>,
}

impl Coded {
    /// The code in this system, with the name; `None` if neither may be read.
    pub(super) fn concept(&self, system: &str) -> Option<CodeableConcept> {
        let name = filled(self.name.as_ref());
        let code = self.code.as_ref().filter(|code| is_code(code));
        let coding = code.map(|code| coding(system, code.as_str(), name.clone()));
        (coding.is_some() || name.is_some()).then(|| concept(coding, name))
    }
}
