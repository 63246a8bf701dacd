//! Searches through other resources.

use super::{Shape, literal, search};
use crate::draw::one;

pub(super) fn shapes() -> Vec<Shape> {
    vec![
        Shape::new(
            "include",
            "conditions of a code, with their patients",
            |values, random| {
                let code = values.resource("Condition", random)?.code.as_deref()?;
                let include = ("_include", "Condition:subject");
                Some(search(
                    "Condition",
                    &[("code", &literal(code)), include, ("_count", "20")],
                ))
            },
        ),
        Shape::new(
            "chain",
            "observations of the patient with an identifier",
            |values, random| {
                let identifier = literal(one(&values.identifiers, random)?);
                let chain = ("patient.identifier", identifier.as_str());
                Some(search("Observation", &[chain, ("_count", "20")]))
            },
        ),
        Shape::new(
            "has",
            "patients who have a condition of a code",
            |values, random| {
                let code = values.resource("Condition", random)?.code.as_deref()?;
                let has = ("_has:Condition:patient:code", literal(code));
                Some(search("Patient", &[(has.0, &has.1), ("_count", "20")]))
            },
        ),
    ]
}
