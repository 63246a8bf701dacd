//! Searches of conditions, reports and medication requests: tokens and dates. Where public benchmarks ask for encounters,
//! these stand: GNU Health's visits are not served as a type of their own.

use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;

use super::{Shape, literal, search};
use crate::client::Draft;
use crate::draw::Values;

pub(super) fn shapes() -> Vec<Shape> {
    vec![
        Shape::new("condition-code", "of a code", |values, random| {
            token("Condition", values, random)
        }),
        Shape::new("condition-date", "since a day", |values, random| {
            since("Condition", "onset-date", values, random)
        }),
        Shape::new(
            "condition-status",
            "of a patient, active or not",
            |values, random| {
                let patient = values.resource("Condition", random)?.patient.as_deref()?;
                let status = ["active", "inactive", "resolved"].choose(random)?;
                let status = ("clinical-status", *status);
                Some(search(
                    "Condition",
                    &[("patient", patient), status, ("_count", "20")],
                ))
            },
        ),
        Shape::new("report-code", "of a code", |values, random| {
            token("DiagnosticReport", values, random)
        }),
        Shape::new("report-date", "since a day", |values, random| {
            since("DiagnosticReport", "date", values, random)
        }),
        Shape::new(
            "medication-request-patient",
            "of a patient",
            |values, random| {
                let patient = values
                    .resource("MedicationRequest", random)?
                    .patient
                    .as_deref()?;
                Some(search(
                    "MedicationRequest",
                    &[("patient", patient), ("_count", "20")],
                ))
            },
        ),
        Shape::new(
            "medication-request-date",
            "since a day",
            |values, random| since("MedicationRequest", "authoredon", values, random),
        ),
    ]
}

fn token(kind: &str, values: &Values, random: &mut SmallRng) -> Option<Draft> {
    let code = literal(values.resource(kind, random)?.code.as_deref()?);
    Some(search(kind, &[("code", &code), ("_count", "20")]))
}

fn since(kind: &str, parameter: &str, values: &Values, random: &mut SmallRng) -> Option<Draft> {
    let day = format!("ge{}", values.resource(kind, random)?.date.as_deref()?);
    Some(search(kind, &[(parameter, &day), ("_count", "20")]))
}
