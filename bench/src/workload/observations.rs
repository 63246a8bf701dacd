//! Searches of observations: tokens and dates.

use super::{Shape, literal, search};

const KIND: &str = "Observation";

pub(super) fn shapes() -> Vec<Shape> {
    vec![
        Shape::new("observation-code", "of a code", |values, random| {
            let code = literal(values.resource(KIND, random)?.code.as_deref()?);
            Some(search(KIND, &[("code", &code), ("_count", "20")]))
        }),
        Shape::new("observation-date", "of a day", |values, random| {
            let day = values.resource(KIND, random)?.date.as_deref()?;
            Some(search(KIND, &[("date", day), ("_count", "20")]))
        }),
        Shape::new(
            "observation-code-date",
            "of a code, since a day",
            |values, random| {
                let sample = values.resource(KIND, random)?;
                let code = literal(sample.code.as_deref()?);
                let since = format!("ge{}", sample.date.as_deref()?);
                Some(search(
                    KIND,
                    &[("code", &code), ("date", &since), ("_count", "20")],
                ))
            },
        ),
        Shape::new("observation-patient", "of a patient", |values, random| {
            let patient = values.resource(KIND, random)?.patient.as_deref()?;
            Some(search(KIND, &[("patient", patient), ("_count", "20")]))
        }),
        Shape::new(
            "observation-patient-code",
            "of a patient and a code",
            |values, random| {
                let sample = values.resource(KIND, random)?;
                let (patient, code) = (sample.patient.as_deref()?, sample.code.as_deref()?);
                let code = literal(code);
                Some(search(
                    KIND,
                    &[("patient", patient), ("code", &code), ("_count", "20")],
                ))
            },
        ),
    ]
}
