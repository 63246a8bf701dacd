//! Reads by id.

use http::header::ACCEPT;

use super::Shape;
use crate::client::Draft;
use crate::draw::one;

pub(super) fn shapes() -> Vec<Shape> {
    let patient = |values: &crate::draw::Values, random: &mut _| {
        Some(Draft::get(format!(
            "/Patient/{}",
            one(&values.patients, random)?
        )))
    };
    vec![
        Shape::new("read", "a patient by id", patient),
        Shape::new("read-xml", "the same as XML", move |values, random| {
            Some(patient(values, random)?.with(ACCEPT, "application/fhir+xml"))
        }),
    ]
}
