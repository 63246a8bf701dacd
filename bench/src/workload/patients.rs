//! Searches of patients: names, addresses, dates of birth.

use rand::rngs::SmallRng;

use super::{Shape, literal, search};
use crate::client::Draft;
use crate::draw::{Values, one};

/// Of the prefixes of R4 the eight that public benchmarks draw from.
const PREFIXES: [(&str, &str); 8] = [
    ("eq", "born on a day"),
    ("ne", "not born on a day"),
    ("gt", "born after a day"),
    ("lt", "born before a day"),
    ("ge", "born on a day or after it"),
    ("le", "born on a day or before it"),
    ("sa", "born after a day (sa)"),
    ("eb", "born before a day (eb)"),
];

pub(super) fn shapes() -> Vec<Shape> {
    let mut shapes = vec![
        Shape::new("patient-name", "a part of the name", |values, random| {
            text("name", &values.families, random)
        }),
        Shape::new("patient-family", "the family name", |values, random| {
            text("family", &values.families, random)
        }),
        Shape::new(
            "patient-address",
            "a part of the address",
            |values, random| text("address", &values.cities, random),
        ),
        Shape::new("patient-city", "the city", |values, random| {
            text("address-city", &values.cities, random)
        }),
    ];
    shapes.extend(PREFIXES.map(|(prefix, shows)| {
        let name = format!("patient-birthdate-{prefix}");
        Shape::new(name, shows, move |values, random| {
            born(prefix, values, random)
        })
    }));
    shapes
}

fn text(parameter: &str, values: &[String], random: &mut SmallRng) -> Option<Draft> {
    let value = literal(one(values, random)?);
    Some(search("Patient", &[(parameter, &value), ("_count", "20")]))
}

fn born(prefix: &str, values: &Values, random: &mut SmallRng) -> Option<Draft> {
    let day = format!("{prefix}{}", one(&values.birth_dates, random)?);
    Some(search("Patient", &[("birthdate", &day), ("_count", "20")]))
}
