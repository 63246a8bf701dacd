//! Which parameters of a search were understood, and what the result shall look like.

use super::Error;
use super::criterion::{Criterion, Grammar};
use super::declaration::Declaration;
use super::filter;
use super::include::{self, Include};
use super::query::Pair;
use super::shortened;
use super::sort::{self, Key};

/// Results on a page if the client does not say.
pub const DEFAULT_COUNT: u32 = 20;

/// The most results on a page.
pub const MOST_COUNT: u32 = 1000;

/// Parameters that every interaction understands, and that do not belong to the search.
const FOR_THE_RESPONSE: &[&str] = &["_format", "_pretty", "_summary", "_elements"];

/// Parameters that say how the result shall look: at most once each, and without modifier.
const ONCE: &[&str] = &[
    "_count",
    "_total",
    "_cursor",
    "_sort",
    "_format",
    "_pretty",
    "_summary",
    "_elements",
];

/// How to treat parameters that are not understood (R4, search, section "handling errors").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Handling {
    /// `Prefer: handling=strict`: an error.
    Strict,
    /// Ignored, left out of the `self` link, and named in an outcome entry of the result.
    #[default]
    Lenient,
}

/// A search, understood.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What is searched.
    pub grammar: Grammar,
    /// The conditions, all of which a result fulfils.
    pub criteria: Vec<Criterion>,
    /// The order of the results, before that of the records.
    pub sort: Vec<Key>,
    /// Results on a page, 0 to [`MOST_COUNT`]; 0: only the total.
    pub count: u32,
    /// Whether the number of all results is wanted.
    pub total: Total,
    /// What comes along.
    pub includes: Vec<Include>,
    /// The `_cursor` as it was sent.
    pub cursor: Option<String>,
    /// The parameters as they were understood, for the `self` link and its kin; without `_cursor`.
    pub understood: Vec<(String, String)>,
    /// What the client is told beside the results: parameters that were not understood, limits that were applied.
    pub remarks: Vec<Remark>,
}

/// Whether the number of all results is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Total {
    /// Where it costs nothing: all results are on the first page.
    IfFree,
    /// Not at all.
    Omitted,
    /// In any case. An estimate is no cheaper to have, since record rules count too.
    Counted,
}

/// What a client should know of how its search was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// A parameter that this type does not have was ignored.
    Ignored(String),
    /// More results on a page were asked for than there can be.
    Clipped,
}

impl Plan {
    /// Understands the parameters of a search.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn new(grammar: Grammar, pairs: &[Pair], handling: Handling) -> Result<Self, Error> {
        let mut plan = Self {
            grammar,
            criteria: Vec::new(),
            sort: Vec::new(),
            count: DEFAULT_COUNT,
            total: Total::IfFree,
            includes: Vec::new(),
            cursor: None,
            understood: Vec::new(),
            remarks: Vec::new(),
        };
        refuse_repeated(pairs)?;
        for pair in pairs {
            match plan.take(pair) {
                Err(Error::Unknown { .. }) if handling == Handling::Lenient => {
                    plan.remarks.push(Remark::Ignored(shortened(&pair.key())));
                }
                taken => taken?,
            }
        }
        plan.refuse_text_with_includes()?;
        Ok(plan)
    }

    /// R4, search, section "summary".
    fn refuse_text_with_includes(&self) -> Result<(), Error> {
        let is_text = |(name, value): &(String, String)| name == "_summary" && value == "text";
        if self.includes.is_empty() || !self.understood.iter().any(is_text) {
            return Ok(());
        }
        Err(Error::Value {
            name: "_summary".to_owned(),
            reason: "'text' cannot be used with _include or _revinclude".to_owned(),
        })
    }

    /// The types whose tables it asks.
    #[must_use]
    pub fn types(&self) -> Vec<&'static Declaration> {
        let mut found = vec![self.grammar.declaration];
        for criterion in &self.criteria {
            criterion.types(&mut found);
        }
        found.sort_by_key(|declaration| declaration.name);
        found.dedup_by_key(|declaration| declaration.name);
        found
    }

    /// Whether it compares dates, for which the time zone of the hospital counts.
    #[must_use]
    pub fn is_dated(&self) -> bool {
        self.criteria.iter().any(Criterion::is_dated)
    }

    fn take(&mut self, pair: &Pair) -> Result<(), Error> {
        let modifier = pair.modifier.as_deref();
        let has_none = pair.name == "_filter" || ONCE.contains(&pair.name.as_str());
        if let (Some(modifier), true) = (modifier, has_none) {
            return Err(Error::Modifier {
                name: pair.name.clone(),
                modifier: shortened(modifier),
                supported: "none".to_owned(),
            });
        }
        let mut understood = pair.value.clone();
        match pair.name.as_str() {
            "_cursor" => {
                self.cursor = Some(pair.value.clone());
                return Ok(());
            }
            "_count" => {
                understood = self.take_count(&pair.value)?.to_string();
            }
            "_total" if self.count > 0 => self.total = total(&pair.value)?,
            "_total" => drop(total(&pair.value)?),
            "_sort" => self.sort = sort::parse(self.grammar, &pair.value)?,
            "_include" | "_revinclude" => {
                let reverse = pair.name == "_revinclude";
                let parsed = include::parse(self.grammar, reverse, modifier, &pair.value)?;
                self.includes.extend(parsed);
            }
            "_filter" => self
                .criteria
                .push(filter::parse(self.grammar, &pair.value)?),
            "_text" => return Err(Error::FullText("_text")),
            "_content" => return Err(Error::FullText("_content")),
            "_summary" => {
                if pair.value == "count" {
                    self.count_only();
                }
            }
            name if FOR_THE_RESPONSE.contains(&name) => {}
            _ => {
                let criterion = Criterion::parse(self.grammar, &pair.key(), &pair.value)?;
                self.criteria.push(criterion);
            }
        }
        self.understood.push((pair.key(), understood));
        Ok(())
    }

    /// More than the most is the most: R4 lets a server return fewer results than asked for.
    fn take_count(&mut self, value: &str) -> Result<u32, Error> {
        let wanted = count(value)?;
        if wanted > MOST_COUNT {
            self.remarks.push(Remark::Clipped);
        }
        let count = wanted.min(MOST_COUNT);
        if count == 0 {
            self.count_only();
        } else if self.count > 0 {
            // `_summary=count` may have been said before.
            self.count = count;
        }
        Ok(count)
    }

    fn count_only(&mut self) {
        self.count = 0;
        self.total = Total::Counted;
    }
}

fn refuse_repeated(pairs: &[Pair]) -> Result<(), Error> {
    for name in ONCE {
        if pairs.iter().filter(|pair| pair.name == *name).count() > 1 {
            return Err(Error::Repeated((*name).to_owned()));
        }
    }
    Ok(())
}

/// The value of `_count`, not yet limited.
///
/// # Errors
/// [`Error::Value`]
pub fn count(value: &str) -> Result<u32, Error> {
    if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Error::Value {
            name: "_count".to_owned(),
            reason: format!("it must be a whole number from 0 to {MOST_COUNT}"),
        });
    }
    Ok(value.parse().unwrap_or(u32::MAX))
}

/// The value of `_total`.
///
/// # Errors
/// [`Error::Value`]
pub fn total(value: &str) -> Result<Total, Error> {
    match value {
        "none" => Ok(Total::Omitted),
        "accurate" | "estimate" => Ok(Total::Counted),
        _ => {
            let reason = "it must be none, estimate or accurate".to_owned();
            Err(Error::Value {
                name: "_total".to_owned(),
                reason,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::parameter::{Kind, Parameter};
    use super::super::query::parse;
    use super::*;

    static PATIENT: Declaration = Declaration {
        name: "Patient",
        sources: &[],
        parameters: &[Parameter::new("birthdate", Kind::Date, "", "", &[])],
        compartments: &[],
        documentation: "",
    };

    static TYPES: &[&Declaration] = &[&PATIENT];

    fn plan(query: &str, handling: Handling) -> Result<Plan, Error> {
        let grammar = Grammar {
            declaration: &PATIENT,
            types: TYPES,
        };
        Plan::new(grammar, &parse(query)?, handling)
    }

    #[test]
    fn an_unknown_parameter_is_refused_or_named_never_dropped_in_silence() {
        let strict = plan("shoe-size=44", Handling::Strict).err();
        assert_eq!(
            strict.as_ref().and_then(Error::parameter),
            Some("shoe-size")
        );
        let lenient = plan("shoe-size=44&birthdate=2020", Handling::Lenient).ok();
        let lenient = lenient.map(|plan| (plan.remarks, plan.understood));
        assert_eq!(
            lenient,
            Some((
                vec![Remark::Ignored("shoe-size".into())],
                vec![("birthdate".into(), "2020".into())]
            ))
        );
    }

    #[test]
    fn an_unknown_modifier_or_bad_value_is_refused_even_when_lenient() {
        for query in [
            "birthdate:exact=2020",
            "birthdate:=2020",
            "birthdate=2020-13-45",
            "birthdate=",
            "birthdate:missing=maybe",
            "_count=-1",
            "_count=x",
            "_count=",
            "_count=+5",
            "_total=perhaps",
            "_count=5&_count=6",
            "_count:exact=5",
            "_total:missing=true",
            "_text=x",
            "_content=x",
            "_sort=shoe-size",
            "_include=Patient:shoe-size",
            "_include:all=*",
            "_filter=birthdate",
            "_filter:exact=birthdate%20eq%202020",
            "_has:Observation:subject:code=x",
        ] {
            assert!(plan(query, Handling::Lenient).is_err(), "{query}");
        }
    }

    #[test]
    fn a_large_count_becomes_the_largest() {
        let count = |query| plan(query, Handling::Lenient).map(|plan| plan.count);
        assert_eq!(count(""), Ok(DEFAULT_COUNT));
        assert_eq!(count("_count=7"), Ok(7));
        assert_eq!(count("_count=5000"), Ok(MOST_COUNT));
        assert_eq!(count("_count=99999999999999999999"), Ok(MOST_COUNT));
    }

    #[test]
    fn count_zero_asks_for_the_total() {
        assert_eq!(
            plan("_count=0&_total=none", Handling::Lenient).map(|plan| plan.total),
            Ok(Total::Counted)
        );
    }
}
