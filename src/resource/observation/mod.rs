//! Observation: laboratory results, and what was measured in evaluations, nursing rounds, ambulatory care and intensive care.

mod laboratory;
mod measures;
mod parameters;
mod sources;
mod vital_signs;

use crate::fhir::concept::{coding, concept};
use crate::fhir::r4::{self, CodeableConcept, DataAbsentReason, Reference};
use crate::search::declaration::Declaration;

use super::{Record, Resource};

/// What the logical ids of laboratory results begin with.
pub(super) const LABORATORY: &str = laboratory::PREFIX;

/// The resource type Observation.
pub struct Observation;

/// What the resource type is.
pub static DECLARATION: Declaration = Declaration {
    name: "Observation",
    sources: &{
        let [evaluations, roundings, sessions, glasgow, apache] = sources::SOURCES;
        [
            laboratory::SOURCE,
            evaluations,
            roundings,
            sessions,
            glasgow,
            apache,
        ]
    },
    parameters: parameters::PARAMETERS,
    compartments: &[("Patient", "subject"), ("Practitioner", "performer")],
    documentation: "Laboratory results (gnuhealth.lab.test.critearea), and vital signs and other measurements of evaluations \
                    (gnuhealth.patient.evaluation), nursing rounds (gnuhealth.patient.rounding), ambulatory care \
                    (gnuhealth.patient.ambulatory_care) and intensive care (gnuhealth.icu.glasgow, gnuhealth.icu.apache2).",
};

impl Resource for Observation {
    const DECLARATION: &'static Declaration = &DECLARATION;
    type Fhir = r4::Observation;

    fn render(json: &str, record: &Record<'_>) -> serde_json::Result<r4::Observation> {
        match record.measure {
            Some(measure) => vital_signs::render(json, record, measure),
            None => laboratory::render(json, record),
        }
    }
}

/// The system of the codes of [`category`].
const CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/observation-category";

const LOINC: &str = "http://loinc.org";

fn category(code: &str) -> CodeableConcept {
    let display = match code {
        "laboratory" => "Laboratory",
        "vital-signs" => "Vital Signs",
        _ => "Exam",
    };
    concept(Some(coding(CATEGORY, code, Some(display.to_owned()))), None)
}

/// The system of the codes of [`absent`].
const ABSENT: &str = "http://terminology.hl7.org/CodeSystem/data-absent-reason";

fn absent(reason: DataAbsentReason) -> CodeableConcept {
    let display = match reason {
        DataAbsentReason::NotPerformed => "Not Performed",
        DataAbsentReason::TempUnknown => "Temporarily Unknown",
        DataAbsentReason::Masked => "Masked",
        _ => "Unknown",
    };
    concept(
        Some(coding(ABSENT, reason.as_str(), Some(display.to_owned()))),
        None,
    )
}

/// References without those that say what one before them did: who did a test and who validated it is often the same.
pub(super) fn distinct(references: impl IntoIterator<Item = Option<Reference>>) -> Vec<Reference> {
    let mut found: Vec<Reference> = Vec::new();
    for reference in references.into_iter().flatten() {
        if !found.contains(&reference) {
            found.push(reference);
        }
    }
    found
}
