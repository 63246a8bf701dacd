//! A read and a search of each type that is served.

use super::{Shape, search};
use crate::client::Draft;
use crate::draw::{OF_PATIENTS, OF_THE_HOSPITAL, one};

pub(super) fn shapes() -> Vec<Shape> {
    let mut shapes = vec![
        Shape::new("read-Patient", "a patient by id", |values, random| {
            Some(Draft::get(format!(
                "/Patient/{}",
                one(&values.patients, random)?
            )))
        }),
        Shape::new("search-Patient", "patients of a name", |values, random| {
            let family = super::literal(one(&values.families, random)?);
            Some(search("Patient", &[("family", &family), ("_count", "20")]))
        }),
    ];
    for kind in OF_PATIENTS {
        shapes.push(read(kind));
        let name = format!("search-{kind}");
        shapes.push(Shape::new(
            name,
            "those of a patient",
            move |values, random| {
                let patient = one(&values.patients, random)?;
                Some(search(kind, &[("patient", patient), ("_count", "20")]))
            },
        ));
    }
    for kind in OF_THE_HOSPITAL {
        shapes.push(read(kind));
        let name = format!("search-{kind}");
        shapes.push(Shape::new(
            name,
            "some by their ids",
            move |values, random| {
                let mut ids: Vec<&str> = Vec::new();
                for _ in 0..5 {
                    ids.push(&values.resource(kind, random)?.id);
                }
                Some(search(kind, &[("_id", &ids.join(",")), ("_count", "20")]))
            },
        ));
    }
    shapes
}

fn read(kind: &'static str) -> Shape {
    Shape::new(format!("read-{kind}"), "by id", move |values, random| {
        Some(Draft::get(format!(
            "/{kind}/{}",
            values.resource(kind, random)?.id
        )))
    })
}
