//! Condition: the problem list of the patients, and what evaluations found.

mod encounter_diagnosis;
mod parameters;
mod problem_list;

use crate::fhir::concept::{coding, concept};
use crate::fhir::r4::{self, CodeableConcept, DateTime, Extension, ExtensionValue};
use crate::search::declaration::Declaration;

use super::{Record, Resource};

/// The resource type Condition.
pub struct Condition;

/// What the resource type is.
pub static DECLARATION: Declaration = Declaration {
    name: "Condition",
    sources: &[
        problem_list::SOURCE,
        encounter_diagnosis::MAIN_SOURCE,
        encounter_diagnosis::SECONDARY_SOURCE,
        encounter_diagnosis::HYPOTHESIS_SOURCE,
    ],
    parameters: parameters::PARAMETERS,
    compartments: &[("Patient", "patient"), ("Practitioner", "asserter")],
    documentation: "The problem list of the patients (gnuhealth.patient.disease), without allergies; and what evaluations \
                    found: their main condition (gnuhealth.patient.evaluation), other conditions \
                    (gnuhealth.secondary_condition) and hypotheses (gnuhealth.diagnostic_hypothesis).",
};

impl Resource for Condition {
    const DECLARATION: &'static Declaration = &DECLARATION;
    type Fhir = r4::Condition;

    fn render(json: &str, record: &Record<'_>) -> serde_json::Result<r4::Condition> {
        match record.source.prefix {
            problem_list::PREFIX => problem_list::render(json, record),
            encounter_diagnosis::MAIN => encounter_diagnosis::render_main(json, record),
            _ => encounter_diagnosis::render_part(json, record),
        }
    }
}

const CLINICAL: &str = "http://terminology.hl7.org/CodeSystem/condition-clinical";
const VERIFICATION: &str = "http://terminology.hl7.org/CodeSystem/condition-ver-status";
const CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/condition-category";

fn coded(system: &str, code: &str, display: &str) -> CodeableConcept {
    concept(Some(coding(system, code, Some(display.to_owned()))), None)
}

fn confirmed() -> CodeableConcept {
    coded(VERIFICATION, "confirmed", "Confirmed")
}

/// HL7's extension for when a condition was first asserted.
fn asserted(date: DateTime) -> Extension {
    let url = "http://hl7.org/fhir/StructureDefinition/condition-assertedDate";
    Extension {
        value: Some(ExtensionValue::DateTime(date)),
        ..Extension::new(url)
    }
}

/// The resource of a row under this id, as JSON.
#[cfg(test)]
fn rendered(id: &str, row: &serde_json::Value) -> serde_json::Value {
    let located = DECLARATION.locate(id).unwrap();
    let record = Record {
        id: id.to_owned(),
        version: None,
        system_base: "https://h/ns",
        source: &DECLARATION.sources[located.source],
        measure: None,
    };
    serde_json::to_value(Condition::render(&row.to_string(), &record).unwrap()).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_condition_of_which_nothing_may_be_read_is_still_a_valid_one() {
        let absent = json!([{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]);
        for id in ["5", "eval-5", "secondary-5", "hypothesis-5"] {
            let found = rendered(id, &json!({}));
            assert_eq!(found["subject"], json!({"extension": absent}), "{id}");
        }
    }
}
