//! Pages: of twenty and a hundred, the first and one far behind, with a total, as XML.

use anyhow::{Context, Result};
use http::header::ACCEPT;
use rand::rngs::SmallRng;
use serde::Deserialize;

use super::{Shape, search};
use crate::asker::Asker;
use crate::client::Draft;
use crate::draw::{Values, one};

/// How far behind.
pub(crate) const DEEP: usize = 1000;

/// How many pages there are kept.
const KEPT: usize = 20;

pub(super) fn shapes() -> Vec<Shape> {
    vec![
        Shape::new("search-20", "a page of 20 patients", |values, random| {
            young(values, random, &[("_count", "20")])
        })
        .with_rows(20),
        Shape::new(
            "search-1",
            "the one patient with an identifier",
            |values, random| {
                let identifier = super::literal(one(&values.identifiers, random)?);
                Some(search("Patient", &[("identifier", &identifier)]))
            },
        )
        .with_rows(1),
        Shape::new("rows-100", "a page of 100 patients", |values, random| {
            young(values, random, &[("_count", "100")])
        })
        .with_rows(100),
        Shape::new(
            "search-20-xml",
            "a page of 20 patients as XML",
            |values, random| {
                let draft = young(values, random, &[("_count", "20")])?;
                Some(draft.with(ACCEPT, "application/fhir+xml"))
            },
        )
        .with_rows(20),
        Shape::new(
            "total",
            "a page of 20 patients, and how many there are",
            |values, random| young(values, random, &[("_count", "20"), ("_total", "accurate")]),
        )
        .with_rows(20),
        Shape::new("page-1", "the first page", |values, random| {
            young(values, random, &[("_count", "20")])
        })
        .with_rows(20),
        Shape::new(
            "page-1000",
            "a page about the 1,000th, or the last ones",
            |values, random| Some(Draft::get(one(&values.deep, random)?)),
        )
        .with_rows(20),
    ]
}

/// Patients younger than one of the oldest: most of them.
fn young(values: &Values, random: &mut SmallRng, more: &[(&str, &str)]) -> Option<Draft> {
    let birth = format!("ge{}", values.early_birth(random)?);
    let first = [("birthdate", birth.as_str())];
    Some(search("Patient", &[&first, more].concat()))
}

/// Follows the links to the pages about the 1,000th, or to the last ones.
pub(crate) fn go_deep(values: &mut Values, asker: &mut Asker, base: &str) -> Result<()> {
    let oldest = values.birth_dates.first().context("nobody was born")?;
    let birth = format!("ge{oldest}");
    let mut page = search("Patient", &[("birthdate", &birth), ("_count", "20")]);
    let mut deep = Vec::new();
    for number in 1..DEEP + KEPT / 2 {
        let bundle: Links = serde_json::from_slice(&asker.body(&page)?)?;
        let Some(next) = bundle.next() else {
            break;
        };
        let next = next.strip_prefix(base).unwrap_or(next);
        deep.push(next.to_owned());
        page = Draft::get(next);
        // A full page; of the last one it is not known.
        if number < DEEP - KEPT / 2 && deep.len() > 2 {
            deep.remove(0);
        }
    }
    values.deep = deep;
    Ok(())
}

/// Of a bundle, only where it leads.
#[derive(Debug, Deserialize)]
pub(crate) struct Links {
    #[serde(default)]
    link: Vec<Link>,
}

#[derive(Debug, Deserialize)]
struct Link {
    relation: String,
    url: String,
}

impl Links {
    /// The link to the next page.
    pub(crate) fn next(&self) -> Option<&str> {
        let mut next = self.link.iter().filter(|link| link.relation == "next");
        next.next().map(|link| link.url.as_str())
    }
}
