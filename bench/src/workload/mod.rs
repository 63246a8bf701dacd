//! What is asked: shapes of requests, each with a name that stays, and how one of its requests is made from what was drawn.
//!
//! One file per family. The search families are those of public benchmarks of FHIR servers: names, addresses, dates of birth
//! with all prefixes, tokens and dates of clinical records, twenty to a page.

mod authentication;
mod clinical;
mod observations;
mod pages;
mod patients;
mod reads;
mod relations;
mod types;

use std::collections::HashSet;

use anyhow::Result;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rand::SeedableRng;
use rand::rngs::SmallRng;

use crate::asker::Asker;
use crate::client::Draft;
use crate::draw::Values;

pub(crate) use authentication::{first_logins, strangers};
pub(crate) use pages::{Links, go_deep};

type Make = Box<dyn Fn(&Values, &mut SmallRng) -> Option<Draft>>;

/// A shape of request.
pub(crate) struct Shape {
    pub(crate) name: String,
    /// What it shows, in words.
    pub(crate) shows: &'static str,
    /// How many results its answers should have.
    rows: Option<usize>,
    make: Make,
}

impl Shape {
    fn new(
        name: impl Into<String>,
        shows: &'static str,
        make: impl Fn(&Values, &mut SmallRng) -> Option<Draft> + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            shows,
            rows: None,
            make: Box::new(make),
        }
    }

    fn with_rows(mut self, rows: usize) -> Self {
        self.rows = Some(rows);
        self
    }

    /// At most so many different requests.
    pub(crate) fn drafts(&self, values: &Values, count: usize, seed: u64) -> Vec<Draft> {
        let mut random = SmallRng::seed_from_u64(seed);
        let mut seen = HashSet::new();
        let made = (0..count * 20).filter_map(|_| (self.make)(values, &mut random));
        made.filter(|draft| seen.insert(format!("{}{:?}", draft.target, draft.headers)))
            .take(count)
            .collect()
    }

    /// The same, each asked once: those that have as many results as they should, if there are any.
    pub(crate) fn drawn(
        &self,
        values: &Values,
        asker: &mut Asker,
        count: usize,
        seed: u64,
    ) -> Result<Drawn> {
        let mut all = Vec::new();
        for draft in self.drafts(values, count, seed) {
            let body = asker.body(&draft)?;
            all.push((results(&body), body.len(), draft));
        }
        let wanted = |rows: &usize| self.rows.is_none_or(|wanted| wanted == *rows);
        if all.iter().any(|(rows, ..)| wanted(rows)) {
            all.retain(|(rows, ..)| wanted(rows));
        }
        let mean = |sum: usize| sum as f64 / all.len().max(1) as f64;
        Ok(Drawn {
            rows: mean(all.iter().map(|(rows, ..)| rows).sum()),
            bytes: mean(all.iter().map(|(_, bytes, _)| bytes).sum()),
            drafts: all.into_iter().map(|(.., draft)| draft).collect(),
        })
    }
}

/// Requests of a shape, and what their answers are like.
#[derive(Debug)]
pub(crate) struct Drawn {
    pub(crate) drafts: Vec<Draft>,
    /// Results in an answer, on average.
    pub(crate) rows: f64,
    /// Bytes of an answer, on average.
    pub(crate) bytes: f64,
}

/// The shapes that are set beside the limit.
pub(crate) fn limit() -> Vec<Shape> {
    let mut shapes = reads::shapes();
    shapes.extend(pages::shapes());
    shapes.extend(relations::shapes());
    shapes
}

/// The ways to be known.
pub(crate) fn authentication() -> Vec<Shape> {
    authentication::shapes()
}

/// The search families.
pub(crate) fn families() -> Vec<Shape> {
    let mut shapes = patients::shapes();
    shapes.extend(observations::shapes());
    shapes.extend(clinical::shapes());
    shapes
}

/// A read and a search of each type.
pub(crate) fn types() -> Vec<Shape> {
    types::shapes()
}

/// What has to be encoded in a query: all but unreserved characters (RFC 3986, section 2.3) and what is easier to read.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b',')
    .remove(b':')
    .remove(b'/');

/// A search.
pub(crate) fn search(kind: &str, parameters: &[(&str, &str)]) -> Draft {
    let parameters = parameters
        .iter()
        .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, QUERY)));
    let query = parameters.collect::<Vec<_>>().join("&");
    Draft::get(format!("/{kind}?{query}"))
}

/// A search value as it is: what separates values in a search (R4, 3.1.1.4.0.1) is escaped.
fn literal(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for character in value.chars() {
        if matches!(character, ',' | '|' | '$' | '\\') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// How many results an answer has: one if it is no bundle.
pub(crate) fn results(body: &[u8]) -> usize {
    let text = String::from_utf8_lossy(body);
    let times = |what: &str| text.matches(what).count();
    match text.contains("searchset") {
        false => 1,
        true => times("\"mode\":\"match\"") + times("<mode value=\"match\"/>"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_goes_into_the_query_as_it_is() {
        let draft = search(
            "Patient",
            &[("name", &literal("a,b|c d&e")), ("_count", "20")],
        );
        assert_eq!(
            draft.target,
            "/Patient?name=a%5C,b%5C%7Cc%20d%26e&_count=20"
        );
    }

    #[test]
    fn results_are_counted_in_json_and_xml() {
        let json = br#"{"type":"searchset","entry":[{"search":{"mode":"match"}},{"search":{"mode":"include"}}]}"#;
        assert_eq!(results(json), 1);
        let xml = br#"<type value="searchset"/><mode value="match"/><mode value="match"/>"#;
        assert_eq!(results(xml), 2);
        assert_eq!(results(br#"{"resourceType":"Patient"}"#), 1);
    }

    #[test]
    fn no_draft_comes_twice() {
        let values = Values {
            patients: ["1", "2", "3"].map(str::to_owned).to_vec(),
            ..Values::default()
        };
        let read = &reads::shapes()[0];
        let drafts = read.drafts(&values, 10, 1);
        assert_eq!(drafts.len(), 3);
        assert_eq!(drafts, read.drafts(&values, 10, 1));
    }

    #[test]
    fn every_shape_has_a_name_of_its_own() {
        let mut names: Vec<String> = [limit(), authentication(), families(), types()]
            .into_iter()
            .flatten()
            .map(|shape| shape.name)
            .collect();
        let all = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
