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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn rendered(prefix: &str, row: &Value) -> Value {
        let source = DECLARATION
            .sources
            .iter()
            .find(|source| source.prefix == prefix)
            .unwrap();
        let record = Record {
            id: format!("{prefix}-5"),
            version: None,
            system_base: "https://h/ns",
            source,
            measure: None,
        };
        serde_json::to_value(Procedure::render(&row.to_string(), &record).unwrap()).unwrap()
    }

    #[test]
    fn a_procedure_of_which_nothing_may_be_read_is_still_a_valid_one() {
        let absent = json!([{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]);
        for source in DECLARATION.sources {
            let mut found = rendered(source.prefix, &json!({}));
            found.as_object_mut().unwrap().remove("category");
            let id = format!("{}-5", source.prefix);
            assert_eq!(
                found,
                json!({"resourceType": "Procedure", "id": id, "status": "unknown", "subject": {"extension": absent}})
            );
        }
    }

    #[test]
    fn only_surgeries_their_operations_and_what_says_so_are_surgical() {
        let category = |prefix: &str, row: Value| {
            rendered(prefix, &row)["category"]["coding"][0]["code"].clone()
        };
        assert_eq!(category("surgery", json!({})), SURGICAL);
        assert_eq!(category("operation", json!({})), SURGICAL);
        assert_eq!(category("procedure", json!({"ctx": "surgery"})), SURGICAL);
        assert_eq!(
            category("procedure", json!({"ctx": "rounding"})),
            Value::Null
        );
        assert_eq!(category("directions", json!({})), Value::Null);
    }

    #[test]
    fn a_period_ends_after_it_begins() {
        let period = |state: &str, start: &str, end: &str| {
            let row = json!({"state": state, "surgery_date": start, "surgery_end_date": end});
            rendered("surgery", &row)["performedPeriod"].clone()
        };
        let (early, late) = ("2026-11-01T08:00:00", "2026-11-01T09:30:00");
        let start = json!({"start": "2026-11-01T08:00:00Z"});
        let both = json!({"start": "2026-11-01T08:00:00Z", "end": "2026-11-01T09:30:00Z"});
        assert_eq!(period("done", early, late), both);
        assert_eq!(period("in_progress", early, late), start);
        assert_eq!(
            period("done", late, early),
            json!({"start": "2026-11-01T09:30:00Z"})
        );
    }

    #[test]
    fn the_newer_table_has_its_own_time_and_the_others_that_of_what_they_belong_to() {
        let row = json!({"pdate": "2026-11-01T08:00:00", "evaluation": {"state": "done", "code": "E1", "start": "2026-11-01T07:00:00"}});
        let found = rendered("procedure", &row);
        assert_eq!(found["performedDateTime"], "2026-11-01T08:00:00Z");
        assert!(found.get("performedPeriod").is_none());
        assert_eq!(found["status"], "completed");
        let identifier = json!({"system": "https://h/ns/evaluation", "value": "E1"});
        assert_eq!(
            found["encounter"],
            json!({"type": "Encounter", "identifier": identifier})
        );
        let row = json!({"ambulatory": {"state": "done", "start": "2026-11-01T07:00:00"}});
        let found = rendered("ambulatory", &row);
        assert_eq!(
            found["performedPeriod"],
            json!({"start": "2026-11-01T07:00:00Z"})
        );
    }

    #[test]
    fn directions_may_be_yet_to_take() {
        let row = json!({"evaluation": {"state": "signed", "code": "E1", "start": "2026-11-01T07:00:00"}});
        let found = rendered("directions", &row);
        assert_eq!(found["status"], "unknown");
        assert!(found.get("performedPeriod").is_none());
        assert_eq!(found["encounter"]["identifier"]["value"], "E1");
    }

    #[test]
    fn a_round_is_of_the_patient_who_stays() {
        let row = json!({"rounding": {"state": "draft", "health_professional_id": 3,
            "registration": {"patient_id": 7, "code": "IN1"}}});
        let found = rendered("rounding", &row);
        assert_eq!(found["subject"]["reference"], "Patient/7");
        assert_eq!(found["encounter"]["identifier"]["value"], "IN1");
        assert_eq!(
            found["performer"][0]["actor"]["reference"],
            "Practitioner/3"
        );
        assert_eq!(found["status"], "unknown");
    }
}
