//! Procedure: surgeries, what was done in them, and what was done in evaluations, nursing rounds and ambulatory care.
//!
//! A surgery is a procedure: that of its main intervention. GNU Health keeps the same intervention once more in the list of
//! the patient's procedures (`gnuhealth.patient.procedure`, by `Surgery.create` of health_surgery), and people enter it
//! among the operations. Such an entry that says nothing else is no resource of its own: it would be the surgery again.

mod code;
mod context;
mod parameters;
mod part;
mod surgery;

use crate::fhir::concept::{coding, concept};
use crate::fhir::r4::{self, CodeableConcept, DateTime, Period, ProcedurePerformed};
use crate::search::declaration::Declaration;

use super::person::moment;
use super::{Record, Resource};

/// The resource type Procedure.
pub struct Procedure;

/// What the resource type is.
pub static DECLARATION: Declaration = Declaration {
    name: "Procedure",
    sources: &[
        surgery::SOURCE,
        part::OPERATION_SOURCE,
        part::PROCEDURE_SOURCE,
        part::DIRECTIONS_SOURCE,
        part::ROUNDING_SOURCE,
        part::AMBULATORY_SOURCE,
    ],
    parameters: parameters::PARAMETERS,
    compartments: &[("Patient", "patient"), ("Practitioner", "performer")],
    documentation: "Surgeries (gnuhealth.surgery) and what was done in them, and the procedures of evaluations, nursing rounds \
                    and ambulatory care (gnuhealth.patient.procedure, gnuhealth.operation, gnuhealth.directions, \
                    gnuhealth.rounding_procedure, gnuhealth.ambulatory_care_procedure).",
};

impl Resource for Procedure {
    const DECLARATION: &'static Declaration = &DECLARATION;
    type Fhir = r4::Procedure;

    fn render(json: &str, record: &Record<'_>) -> serde_json::Result<r4::Procedure> {
        match record.source.prefix {
            surgery::PREFIX => surgery::render(json, record),
            _ => part::render(json, record),
        }
    }
}

const SNOMED_CT: &str = "http://snomed.info/sct";

/// The code of surgical procedures in R4's value set procedure-category.
const SURGICAL: &str = "387713003";

fn surgical() -> CodeableConcept {
    let coding = coding(SNOMED_CT, SURGICAL, Some("Surgical procedure".to_owned()));
    concept(Some(coding), None)
}

/// From when to when it was done. An end before the beginning is none: R4 allows no such period (per-1).
fn performed(start: Option<&String>, end: Option<&String>) -> Option<ProcedurePerformed> {
    let end = end.filter(|end| start.is_none_or(|start| start <= *end));
    let (start, end): (Option<DateTime>, Option<DateTime>) = (moment(start), moment(end));
    (start.is_some() || end.is_some()).then(|| {
        ProcedurePerformed::Period(Period {
            start,
            end,
            ..Period::default()
        })
    })
}
