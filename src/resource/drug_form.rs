//! In what form a medicament is taken: `gnuhealth.drug.form`, tablets, syrups and the like.

use serde::Deserialize;

use crate::fhir::concept::{coding, concept};
use crate::fhir::r4::{CodeableConcept, Coding, Decimal, Quantity};
use crate::fhir::text::is_code;
use crate::search::parameter::{Meaning, System, Target, Value};
use crate::tryton::model::{Node, Relation, leaf, plain, translated};

use super::Record;
use super::person::filled;

/// HL7's system of such forms (<http://terminology.hl7.org/CodeSystem/v3-orderableDrugForm>).
const ORDERABLE: &str = "http://terminology.hl7.org/CodeSystem/v3-orderableDrugForm";

/// The end of the system of the other codes.
const LOCAL: &str = "drug-form";

/// The codes that GNU Health (health/data/medicament_form.xml) and HL7 have for the same form. `BAR` is not here: GNU
/// Health's is chewable, which is another code of HL7's.
const SHARED: &[(&str, &[&str])] = &[
    ("AER", &["AER"]),
    ("CAP", &["CAP"]),
    ("CRM", &["CRM"]),
    ("GEL", &["GEL"]),
    ("GUM", &["GUM"]),
    ("PAD", &["PAD"]),
    ("PATCH", &["PATCH"]),
    ("SOL", &["SOL"]),
    ("TAB", &["TAB"]),
];

/// The codes that are only GNU Health's or the hospital's.
const UNSHARED: &str = "CASE WHEN {code} IN ('AER', 'CAP', 'CRM', 'GEL', 'GUM', 'PAD', 'PATCH', 'SOL', 'TAB') \
                        THEN NULL ELSE {code} END";

/// HL7's name of a code that is shared.
fn display(code: &str) -> Option<&'static str> {
    Some(match code {
        "AER" => "Aerosol",
        "CAP" => "Capsule",
        "CRM" => "Cream",
        "GEL" => "Gel",
        "GUM" => "ChewingGum",
        "PAD" => "Pad",
        "PATCH" => "Patch",
        "SOL" => "Solution",
        "TAB" => "Tablet",
        _ => return None,
    })
}

const DRUG_FORM: Node = leaf(
    "gnuhealth.drug.form",
    &[plain(&["code"]), translated(&["name"])],
);

/// The form of a record that has one.
pub(super) const TO_DRUG_FORM: Relation = Relation {
    key: "form",
    columns: &["form"],
    node: &DRUG_FORM,
};

const FORM: &[&str] = &["form"];

/// The code of the form, as [`DrugForm::concept`] shows it.
pub(super) static CODES: [Target; 2] = [
    Target::new(
        FORM,
        Value::Field("code"),
        Meaning::Codes(ORDERABLE, SHARED),
    ),
    Target::new(
        FORM,
        Value::Sql(UNSHARED),
        Meaning::Token(System::Local(LOCAL)),
    ),
];

/// The name of the form, for `:text`.
pub(super) static NAMES: [Target; 1] = [Target::new(FORM, Value::Field("name"), Meaning::Text)];

/// A form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct DrugForm {
    code: Option<String>,
    name: Option<String>,
}

impl DrugForm {
    pub(super) fn name(&self) -> Option<String> {
        filled(self.name.as_ref())
    }

    /// The code in its system, and the name.
    pub(super) fn concept(&self, record: &Record<'_>) -> Option<CodeableConcept> {
        let (coding, name) = (self.coding(record), self.name());
        (coding.is_some() || name.is_some()).then(|| concept(coding, name))
    }

    /// So many of it.
    pub(super) fn quantity(&self, number: Decimal, record: &Record<'_>) -> Quantity {
        let coding = self.coding(record).unwrap_or_default();
        Quantity {
            value: Some(number),
            unit: self.name(),
            system: coding.system,
            code: coding.code,
            ..Quantity::default()
        }
    }

    fn coding(&self, record: &Record<'_>) -> Option<Coding> {
        let code = self.code.as_ref().filter(|code| is_code(code))?.as_str();
        Some(match display(code) {
            Some(display) => coding(ORDERABLE, code, Some(display.to_owned())),
            None => coding(&record.system(LOCAL), code, self.name()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_as_a_code_of_hl7_is_searched_as_one() {
        for (code, values) in SHARED {
            assert_eq!(*values, [*code]);
            assert!(display(code).is_some(), "{code}");
            assert!(UNSHARED.contains(&format!("'{code}'")), "{code}");
        }
        assert_eq!(UNSHARED.matches('\'').count(), 2 * SHARED.len());
        assert_eq!(display("BAR"), None);
    }
}
