//! What comes along with the results of a search: asked of the components that serve it, so that the rights of each type
//! are enforced where they belong. One call for each type and round.

use std::collections::{BTreeMap, HashSet};

use futures_util::future::join_all;
use http::StatusCode;
use serde_json::Value;

use crate::fhir::r4::{AnyResource, BundleEntry, IssueType, SearchEntryMode};
use crate::search::include::Include;
use crate::search::plan::MOST_COUNT;

use super::error::Error;
use super::neighbour::{Neighbours, Searchset};
use super::search::{mode, warnings};

/// How many resources may come along with a page.
const MOST_INCLUDED: usize = 1000;

/// How often what came along is looked through for more (`:iterate`).
const MOST_ROUNDS: usize = 4;

/// A resource by type and logical id.
type Name = (String, String);

/// A search that is asked of another component: the type, and the parameters.
type Question = (String, Vec<(String, String)>);

/// Collects what comes along with a page.
pub(super) struct Inclusion<'a> {
    neighbours: Neighbours<'a>,
    includes: &'a [Include],
    /// Parameters for all searches, such as `_summary`.
    common: Vec<(String, String)>,
    seen: HashSet<Name>,
    entries: Vec<BundleEntry>,
    remarks: Vec<(IssueType, String)>,
}

impl<'a> Inclusion<'a> {
    pub(super) fn new(
        neighbours: Neighbours<'a>,
        includes: &'a [Include],
        common: Vec<(String, String)>,
    ) -> Self {
        Self {
            neighbours,
            includes,
            common,
            seen: HashSet::new(),
            entries: Vec::new(),
            remarks: Vec::new(),
        }
    }

    /// What belongs to these results, and what the client should know of it.
    pub(super) async fn of<'r>(
        mut self,
        results: impl Iterator<Item = &'r AnyResource>,
    ) -> Result<Vec<BundleEntry>, Error> {
        let mut found = results.map(read).collect::<Result<Vec<_>, _>>()?;
        self.seen.extend(found.iter().filter_map(name));
        for round in 0..MOST_ROUNDS {
            let questions = self.questions(&found, round > 0);
            if questions.is_empty() {
                break;
            }
            found = self.ask(&questions).await?;
        }
        if !self.questions(&found, true).is_empty() {
            let message = format!(
                "':iterate' was followed {MOST_ROUNDS} times; there is more that would come along"
            );
            self.remarks.push((IssueType::TooCostly, message));
        }
        self.entries.extend(warnings(self.remarks)?);
        Ok(self.entries)
    }

    /// What must be asked for these resources.
    fn questions(&self, found: &[Value], iterated: bool) -> Vec<Question> {
        let includes = self.includes.iter();
        let includes = includes.filter(|include| include.iterate || !iterated);
        let (mut forward, mut questions) = (BTreeMap::<String, Vec<String>>::new(), Vec::new());
        let mut asked = HashSet::new();
        for include in includes {
            if include.reverse {
                questions.extend(self.reverse(include, found));
                continue;
            }
            for reference in found
                .iter()
                .flat_map(|resource| include.references(resource))
            {
                if !self.seen.contains(&reference) && asked.insert(reference.clone()) {
                    forward.entry(reference.0).or_default().push(reference.1);
                }
            }
        }
        questions.extend(forward.into_iter().flat_map(|(resource_type, ids)| {
            let pages = ids.chunks(MOST_COUNT as usize).map(|ids| ids.join(","));
            let pages: Vec<_> = pages
                .map(|ids| self.question(&resource_type, "_id", ids))
                .collect();
            pages
        }));
        questions
    }

    /// The search for what refers to these resources.
    fn reverse(&self, include: &Include, found: &[Value]) -> Option<Question> {
        let names = found.iter().filter_map(name);
        let of_type = names.filter(|(name, _)| include.leads_to(name));
        let references: Vec<String> = of_type.map(|(name, id)| format!("{name}/{id}")).collect();
        let parameter = include.parameter.name;
        (!references.is_empty())
            .then(|| self.question(include.from.name, parameter, references.join(",")))
    }

    fn question(&self, resource_type: &str, parameter: &str, value: String) -> Question {
        let mut pairs = self.common.clone();
        pairs.push((parameter.to_owned(), value));
        pairs.push(("_count".to_owned(), MOST_COUNT.to_string()));
        (resource_type.to_owned(), pairs)
    }

    /// Asks, keeps what is new, and gives that.
    async fn ask(&mut self, questions: &[Question]) -> Result<Vec<Value>, Error> {
        let neighbours = self.neighbours;
        let searches = questions
            .iter()
            .map(|(resource_type, pairs)| neighbours.search(resource_type, pairs));
        let answers = join_all(searches).await;
        let mut found = Vec::new();
        for ((resource_type, _), answer) in questions.iter().zip(answers) {
            match answer {
                Ok(answer) => found.extend(self.keep(resource_type, answer)?),
                // A type that the user may not read, or that is not installed, does not come along.
                Err(error)
                    if [StatusCode::FORBIDDEN, StatusCode::NOT_FOUND].contains(&error.status()) =>
                {
                    let message = format!("{resource_type} is not included: {error}");
                    let code = if error.status() == StatusCode::FORBIDDEN {
                        IssueType::Forbidden
                    } else {
                        IssueType::NotSupported
                    };
                    self.remarks.push((code, message));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    fn keep(&mut self, resource_type: &str, answer: Searchset) -> Result<Vec<Value>, Error> {
        let mut found = Vec::new();
        let mut more = answer.next.is_some();
        for entry in answer.entries {
            if entry.mode != SearchEntryMode::Match {
                continue;
            }
            let value = read(&entry.resource)?;
            let Some(name) = name(&value) else { continue };
            if self.entries.len() >= MOST_INCLUDED {
                more = true;
                break;
            }
            if !self.seen.insert(name) {
                continue;
            }
            self.entries.push(BundleEntry {
                full_url: entry.full_url,
                resource: Some(entry.resource),
                search: Some(mode(SearchEntryMode::Include)),
                ..BundleEntry::default()
            });
            found.push(value);
        }
        if more {
            let message = format!(
                "more resources of the type {resource_type} would come along than the {MOST_INCLUDED} that can; \
                 ask for fewer results, or search {resource_type}"
            );
            self.remarks.push((IssueType::TooCostly, message));
        }
        Ok(found)
    }
}

fn read(resource: &AnyResource) -> Result<Value, Error> {
    let unlike = |_| Error::Internal("a resource is no JSON");
    serde_json::from_str(resource.as_json()).map_err(unlike)
}

fn name(resource: &Value) -> Option<Name> {
    let text = |key: &str| resource.get(key).and_then(Value::as_str).map(str::to_owned);
    Some((text("resourceType")?, text("id")?))
}
