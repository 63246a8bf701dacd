//! Which parameters of a search were understood, and what its result shall look like.

use super::Error;
use super::condition::Criterion;
use super::parameter::Parameter;
use super::query::Pair;

/// Results on a page if the client does not say.
pub const DEFAULT_COUNT: u32 = 20;

/// The most results on a page.
pub const MOST_COUNT: u32 = 1000;

/// Parameters that every interaction understands, and that do not belong to the search.
const FOR_THE_RESPONSE: &[&str] = &["_format", "_pretty"];

/// Parameters that say how the result shall look: at most once each, and without modifier.
const ONCE: &[&str] = &["_count", "_total", "_cursor", "_format", "_pretty"];

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
    /// The conditions, all of which a result fulfils.
    pub criteria: Vec<Criterion>,
    /// Results on a page, 0 to [`MOST_COUNT`]; 0: only the total.
    pub count: u32,
    /// Whether the total number of results is wanted.
    pub total: bool,
    /// The `_cursor` as it was sent.
    pub cursor: Option<String>,
    /// The parameters as they were understood, for the `self` link and its kin; without `_cursor`.
    pub understood: Vec<(String, String)>,
    /// The parameters that were not.
    pub ignored: Vec<String>,
}

impl Plan {
    /// Understands the parameters of a search on a resource type that has `parameters`.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn new(
        parameters: &'static [Parameter],
        pairs: &[Pair],
        handling: Handling,
    ) -> Result<Self, Error> {
        let mut plan = Self {
            criteria: Vec::new(),
            count: DEFAULT_COUNT,
            total: false,
            cursor: None,
            understood: Vec::new(),
            ignored: Vec::new(),
        };
        refuse_repeated(pairs)?;
        for pair in pairs {
            plan.take(parameters, pair, handling)?;
        }
        Ok(plan)
    }

    fn take(
        &mut self,
        parameters: &'static [Parameter],
        pair: &Pair,
        handling: Handling,
    ) -> Result<(), Error> {
        let modifier = pair.modifier.as_deref();
        if let Some(modifier) = modifier
            && ONCE.contains(&pair.name.as_str())
        {
            return Err(Error::Modifier {
                name: pair.name.clone(),
                modifier: shortened(modifier),
                supported: "none",
            });
        }
        match (pair.name.as_str(), modifier) {
            ("_count", None) => {
                self.count = count(&pair.value)?;
                self.total |= self.count == 0;
                self.understood
                    .push(("_count".to_owned(), self.count.to_string()));
            }
            ("_total", None) => {
                self.total |= total(&pair.value)?;
                self.understood
                    .push(("_total".to_owned(), pair.value.clone()));
            }
            ("_cursor", None) => self.cursor = Some(pair.value.clone()),
            (name, None) if FOR_THE_RESPONSE.contains(&name) => {
                self.understood.push((name.to_owned(), pair.value.clone()));
            }
            (name, _) => match parameters.iter().find(|parameter| parameter.name == name) {
                Some(parameter) => {
                    self.criteria
                        .push(Criterion::parse(parameter, modifier, &pair.value)?);
                    let key =
                        modifier.map_or(name.to_owned(), |modifier| format!("{name}:{modifier}"));
                    self.understood.push((key, pair.value.clone()));
                }
                None if handling == Handling::Strict => return Err(unknown(parameters, pair)),
                None => self.ignored.push(shortened(&pair.name)),
            },
        }
        Ok(())
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

fn unknown(parameters: &'static [Parameter], pair: &Pair) -> Error {
    let supported: Vec<&str> = parameters.iter().map(|parameter| parameter.name).collect();
    Error::Unknown {
        name: shortened(&pair.name),
        supported: supported.join(", "),
    }
}

/// A name that the client chose, short enough to repeat.
fn shortened(name: &str) -> String {
    name.chars().take(64).collect()
}

/// More than the most is the most: R4 lets a server return fewer results than asked for.
fn count(value: &str) -> Result<u32, Error> {
    let invalid = || Error::Value {
        name: "_count".to_owned(),
        reason: format!("it must be a whole number from 0 to {MOST_COUNT}"),
    };
    if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(invalid());
    }
    Ok(value.parse::<u32>().unwrap_or(MOST_COUNT).min(MOST_COUNT))
}

fn total(value: &str) -> Result<bool, Error> {
    match value {
        "none" => Ok(false),
        "accurate" | "estimate" => Ok(true),
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
    use super::super::parameter::{Kind, Meaning, Target};
    use super::super::query::parse;
    use super::*;

    static PARAMETERS: &[Parameter] = &[Parameter {
        name: "birthdate",
        kind: Kind::Date,
        definition: "",
        documentation: "",
        targets: &[Target {
            path: &[],
            field: "dob",
            meaning: Meaning::Itself,
            unless: &[],
        }],
    }];

    fn plan(query: &str, handling: Handling) -> Result<Plan, Error> {
        Plan::new(PARAMETERS, &parse(query)?, handling)
    }

    #[test]
    fn an_unknown_parameter_is_refused_or_named_never_dropped_in_silence() {
        let strict = plan("shoe-size=44", Handling::Strict).err();
        assert_eq!(
            strict.as_ref().and_then(Error::parameter),
            Some("shoe-size")
        );
        let lenient = plan("shoe-size=44&birthdate=2020", Handling::Lenient).ok();
        let lenient = lenient.map(|plan| (plan.ignored, plan.understood));
        assert_eq!(
            lenient,
            Some((
                vec!["shoe-size".into()],
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
            plan("_count=0", Handling::Lenient).map(|plan| plan.total),
            Ok(true)
        );
    }
}
