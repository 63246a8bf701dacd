//! What a search over several types asks for: which types, and what is asked of each.

use crate::rest::error::Error;
use crate::search;
use crate::search::declaration::Declaration;
use crate::search::plan::{DEFAULT_COUNT, MOST_COUNT, Total};
use crate::search::query::Pair;

/// Parameters that are answered here, at most once each, and not asked of the types.
const OWN: &[&str] = &["_type", "_count", "_total", "_cursor", "_format", "_pretty"];

/// What every resource type may understand (R4, search, "parameters for all resources" and "search result parameters").
const COMMON: &[&str] = &[
    "_contained",
    "_content",
    "_elements",
    "_filter",
    "_has",
    "_id",
    "_include",
    "_lastUpdated",
    "_list",
    "_profile",
    "_query",
    "_revinclude",
    "_security",
    "_source",
    "_summary",
    "_tag",
    "_text",
];

/// A search over several types, understood as far as it does not depend on the types.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// The types, in the order in which they are searched.
    pub(super) types: Vec<&'static str>,
    /// Results on a page.
    pub(super) count: u32,
    /// Whether the total is wanted.
    pub(super) total: bool,
    /// What is asked of each type.
    pub(super) asked: Vec<(String, String)>,
    /// The parameters as they were understood, for links; without the cursor.
    pub(super) understood: Vec<(String, String)>,
    /// The cursor, as it was sent.
    pub(super) cursor: Option<String>,
}

impl Plan {
    /// Understands the parameters of a search over the types `served`.
    ///
    /// # Errors
    /// See [`search::Error`].
    pub(super) fn new(served: &[&'static Declaration], pairs: Vec<Pair>) -> Result<Self, Error> {
        check_own(&pairs)?;
        let value = |name: &str| {
            let mut values = pairs.iter().filter(|pair| pair.name == name);
            values.next().map(|pair| pair.value.clone())
        };
        let types = types(served, value("_type").as_deref())?;
        let is_summary = |pair: &Pair| pair.name == "_summary" && pair.value == "count";
        let counts_only = pairs.iter().any(is_summary);
        let count = value("_count").map_or(Ok(DEFAULT_COUNT), |value| count(&value))?;
        let total = value("_total").map_or(Ok(false), |value| total(&value))?;
        let cursor = value("_cursor");
        let mut plan = Self {
            understood: vec![("_type".to_owned(), types.join(","))],
            count: if counts_only { 0 } else { count },
            total: total || counts_only || count == 0,
            asked: Vec::new(),
            types,
            cursor,
        };
        for pair in pairs {
            plan.take(served, pair, counts_only)?;
        }
        Ok(plan)
    }

    fn take(
        &mut self,
        served: &[&'static Declaration],
        pair: Pair,
        counts_only: bool,
    ) -> Result<(), Error> {
        let name = pair.name.clone();
        match name.as_str() {
            "_type" | "_cursor" => {}
            "_count" => {
                let count = count(&pair.value)?.to_string();
                self.understood.push((name, count));
            }
            "_sort" if pair.value.is_empty() => {}
            "_sort" if self.types.len() > 1 => return Err(unsorted()),
            "_summary" if counts_only => self.understood.push((pair.key(), pair.value)),
            own if OWN.contains(&own) => self.understood.push((pair.key(), pair.value)),
            other => {
                let is_known = self.is_known(served, other);
                let pair = (pair.key(), pair.value);
                if is_known {
                    self.understood.push(pair.clone());
                }
                self.asked.push(pair);
            }
        }
        Ok(())
    }

    /// Whether one of the types may know the parameter. Those that do not say so in an outcome of their own.
    fn is_known(&self, served: &[&'static Declaration], name: &str) -> bool {
        let first = name.split('.').next().unwrap_or_default();
        let declares = |declaration: &&&Declaration| {
            self.types.contains(&declaration.name)
                && declaration
                    .parameters
                    .iter()
                    .any(|parameter| parameter.name == first)
        };
        first == "_sort" || COMMON.contains(&first) || served.iter().any(|served| declares(&served))
    }
}

/// Refuses what stands twice, or has a modifier that it cannot have.
fn check_own(pairs: &[Pair]) -> Result<(), Error> {
    for name in OWN.iter().chain(&["_summary"]) {
        let mut given = pairs.iter().filter(|pair| pair.name == *name);
        let first = given.next();
        if given.next().is_some() {
            return Err(search::Error::Repeated((*name).to_owned()).into());
        }
        if let Some(modifier) = first.and_then(|pair| pair.modifier.as_deref()) {
            return Err(search::Error::Modifier {
                name: (*name).to_owned(),
                modifier: search::shortened(modifier),
                supported: "none".to_owned(),
            }
            .into());
        }
    }
    Ok(())
}

fn types(served: &[&'static Declaration], value: Option<&str>) -> Result<Vec<&'static str>, Error> {
    let all: Vec<&'static str> = served.iter().map(|served| served.name).collect();
    let Some(value) = value else {
        return Ok(all);
    };
    let mut types = Vec::new();
    for name in value.split(',') {
        let known = all.iter().find(|served| **served == name);
        let known = known.ok_or_else(|| {
            invalid(
                "_type",
                format!(
                    "it must be a list of types that are served: {}",
                    all.join(", ")
                ),
            )
        })?;
        if !types.contains(known) {
            types.push(*known);
        }
    }
    Ok(types)
}

/// As for a search on one type.
fn count(value: &str) -> Result<u32, Error> {
    Ok(search::plan::count(value)?.min(MOST_COUNT))
}

fn total(value: &str) -> Result<bool, Error> {
    Ok(search::plan::total(value)? == Total::Counted)
}

fn unsorted() -> Error {
    invalid(
        "_sort",
        "results of several types have no common order; search one type, or leave it out"
            .to_owned(),
    )
}

fn invalid(name: &str, reason: String) -> Error {
    let name = name.to_owned();
    search::Error::Value { name, reason }.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::patient;
    use crate::rest::query_string;
    use crate::search::query;

    static VISIT: Declaration = Declaration {
        name: "Visit",
        sources: &[],
        parameters: &[],
        compartments: &[],
        documentation: "",
    };

    const SERVED: &[&Declaration] = &[&patient::DECLARATION, &VISIT];

    fn plan(text: &str) -> Result<Plan, Error> {
        Plan::new(SERVED, query::parse(text)?)
    }

    fn links(text: &str) -> String {
        plan(text).map_or_else(
            |error| error.to_string(),
            |plan| query_string::write(&plan.understood),
        )
    }

    #[test]
    fn types_are_searched_in_the_order_that_was_asked_for() {
        let types = |text| plan(text).map(|plan| plan.types);
        assert_eq!(types("_id=7"), Ok(vec!["Patient", "Visit"]));
        assert_eq!(
            types("_type=Visit,Patient,Visit"),
            Ok(vec!["Visit", "Patient"])
        );
        assert_eq!(types("_type=Visit"), Ok(vec!["Visit"]));
        for text in ["_type=", "_type=Visit,", "_type=visit", "_type=Nonsense"] {
            let Err(Error::Search(search::Error::Value { name, reason })) = types(text) else {
                panic!("{text}")
            };
            assert_eq!(name, "_type");
            assert!(reason.ends_with("Patient, Visit"), "{reason}");
        }
    }

    #[test]
    fn links_show_the_parameters_that_a_type_may_understand() {
        for (text, expected) in [
            ("_id=7", "_type=Patient,Visit&_id=7"),
            (
                "_type=Patient&family:exact=x&shoe-size=44&_count=5000",
                "_type=Patient&family:exact=x&_count=1000",
            ),
            ("_type=Visit&family=x", "_type=Visit"),
            (
                "managing-organization.name=x&_has:Visit:subject:code=y&_cursor=z",
                "_type=Patient,Visit&_has:Visit:subject:code=y",
            ),
            (
                "_total=accurate&_format=json",
                "_type=Patient,Visit&_total=accurate&_format=json",
            ),
        ] {
            assert_eq!(links(text), expected, "{text}");
        }
    }

    #[test]
    fn each_type_is_asked_all_but_what_is_answered_here() {
        let Ok(plan) = plan("_type=Visit&family=x&_summary=text&_count=3&_total=none&_sort=")
        else {
            panic!("no plan")
        };
        assert_eq!(query_string::write(&plan.asked), "family=x&_summary=text");
        assert_eq!((plan.count, plan.total), (3, false));
    }

    #[test]
    fn counting_asks_for_nothing_but_the_total() {
        for text in ["_count=0", "_summary=count", "_summary=count&_count=5"] {
            let Ok(plan) = plan(text) else {
                panic!("{text}")
            };
            assert_eq!((plan.count, plan.total), (0, true), "{text}");
            assert!(plan.asked.is_empty());
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for text in [
            "_type=Patient&_type=Visit",
            "_type:not=Patient",
            "_count=1&_count=2",
            "_count=x",
            "_count:exact=1",
            "_total=perhaps",
            "_sort=_id",
            "_summary=count&_summary=text",
            "_cursor=a&_cursor=b",
        ] {
            assert!(matches!(plan(text), Err(Error::Search(_))), "{text}");
        }
        let sorted = plan("_type=Patient&_sort=family");
        let asked = sorted.map(|plan| query_string::write(&plan.asked));
        assert_eq!(asked.as_deref(), Ok("_sort=family"));
    }
}
