//! Search over several resource types (R4, RESTful API, section "search": `GET [base]?_type=…`).
//!
//! The types are asked one after the other until a page is full; each answers for itself, under its own rights. Where the
//! next page starts is the type in turn and that type's own cursor. The total, if it is wanted, is the sum of the types'.

mod cursor;
mod plan;

use std::collections::HashSet;

use futures_util::future::join;

use crate::config::Secret;
use crate::fhir::outcome;
use crate::fhir::r4::{
    AnyResource, Bundle, BundleEntry, BundleEntrySearch, BundleLink, BundleType, IssueType,
    SearchEntryMode,
};
use crate::resource;
use crate::search::query::Pair;

use super::error::Error;
use super::neighbour::{Entry, Neighbours, Searchset};
use super::query_string;
use cursor::{Binding, Position};
use plan::Plan;

/// Who searches, and where links lead to.
pub(super) struct Asker<'a> {
    pub(super) neighbours: Neighbours<'a>,
    pub(super) secret: &'a Secret,
    /// `res_user.id`.
    pub(super) user: i64,
    /// The base URL.
    pub(super) base: &'a str,
}

/// What was found for a page.
#[derive(Default)]
struct Page {
    matches: Vec<Entry>,
    /// What belongs to them.
    included: Vec<Entry>,
    /// What was not understood by a type.
    outcomes: Vec<AnyResource>,
    /// Types that could not be searched, and why.
    left_out: Vec<(&'static str, Error)>,
    next: Option<Position>,
}

/// Searches, and gives a page with the number of results on it.
///
/// # Errors
/// As [`Plan::new`]; what a type refuses the search with, unless the user may not read it or it is not installed.
pub(super) async fn search(asker: &Asker<'_>, pairs: Vec<Pair>) -> Result<(Bundle, usize), Error> {
    let plan = Plan::new(resource::ALL, pairs)?;
    let start = asker.start(&plan)?;
    let page = async {
        if plan.count == 0 {
            Ok(Page::default())
        } else {
            asker.page(&plan, start).await
        }
    };
    let (page, total) = join(page, asker.total(&plan)).await;
    let (mut page, (total, left_out)) = (page?, total?);
    if plan.count == 0 {
        page.left_out = left_out;
    }
    asker.bundle(&plan, page, total)
}

impl Asker<'_> {
    fn binding<'a>(&'a self, plan: &'a Plan) -> Binding<'a> {
        Binding {
            secret: self.secret,
            user: self.user,
            pairs: &plan.understood,
        }
    }

    /// Where the page starts; `None`: at the first type.
    fn start(&self, plan: &Plan) -> Result<Option<Position>, Error> {
        let cursor = plan.cursor.as_deref();
        let position = cursor.map(|cursor| self.binding(plan).open(cursor));
        Ok(position.transpose()?)
    }

    async fn page(&self, plan: &Plan, start: Option<Position>) -> Result<Page, Error> {
        let (first, mut cursor) = start.map_or((None, None), |position| {
            (Some(position.resource_type), position.cursor)
        });
        let types = plan.types.iter().copied().skip_while(|name| {
            let first = first.as_deref();
            first.is_some_and(|first| first != *name)
        });
        let mut page = Page::default();
        let mut left = plan.count as usize;
        for name in types {
            if left == 0 {
                page.next = Some(Position {
                    resource_type: name.to_owned(),
                    cursor: None,
                });
                break;
            }
            let mut asked = plan.asked.clone();
            asked.push(("_count".to_owned(), left.to_string()));
            asked.extend(cursor.take().map(|cursor| ("_cursor".to_owned(), cursor)));
            let found = self.neighbours.search(name, &asked).await;
            let Some(found) = unless_left_out(plan, name, found, &mut page.left_out)? else {
                continue;
            };
            let next = found.cursor();
            left = left.saturating_sub(page.take(found));
            if next.is_some() {
                page.next = Some(Position {
                    resource_type: name.to_owned(),
                    cursor: next,
                });
                break;
            }
        }
        Ok(page)
    }

    /// The sum of the totals, if it is wanted, and the types that are not in it.
    async fn total(&self, plan: &Plan) -> Result<(Option<u32>, Vec<(&'static str, Error)>), Error> {
        if !plan.total {
            return Ok((None, Vec::new()));
        }
        let asked: Vec<_> = plan
            .types
            .iter()
            .map(|name| {
                let mut asked = plan.asked.clone();
                asked.push(("_count".to_owned(), "0".to_owned()));
                (*name, asked)
            })
            .collect();
        let found = self.neighbours.searches(&asked).await;
        let (mut sum, mut left_out) = (Some(0_u32), Vec::new());
        for (name, found) in plan.types.iter().zip(found) {
            if let Some(found) = unless_left_out(plan, name, found, &mut left_out)? {
                sum = sum
                    .zip(found.total)
                    .map(|(sum, total)| sum.saturating_add(total));
            }
        }
        Ok((sum, left_out))
    }

    fn bundle(
        &self,
        plan: &Plan,
        page: Page,
        total: Option<u32>,
    ) -> Result<(Bundle, usize), Error> {
        let url = |cursor: Option<String>| {
            let cursor = cursor.map(|cursor| ("_cursor".to_owned(), cursor));
            let query = query_string::write(plan.understood.iter().chain(&cursor));
            format!("{}/?{query}", self.base)
        };
        let mut link = vec![BundleLink::new("self", url(plan.cursor.clone()))];
        if plan.cursor.is_some() {
            link.push(BundleLink::new("first", url(None)));
        }
        let next = page.next.as_ref();
        let next = next.map(|position| self.binding(plan).seal(position));
        link.extend(next.map(|cursor| BundleLink::new("next", url(Some(cursor)))));
        let count = page.matches.len();
        let bundle = Bundle {
            total,
            link,
            entry: page.entries()?,
            ..Bundle::new(BundleType::Searchset)
        };
        Ok((bundle, count))
    }
}

/// What a type answered; `None` if it is left out, since the user may not read it or it is not installed. If it is the only
/// one, that is an error.
fn unless_left_out(
    plan: &Plan,
    name: &'static str,
    found: Result<Searchset, Error>,
    left_out: &mut Vec<(&'static str, Error)>,
) -> Result<Option<Searchset>, Error> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if plan.types.len() > 1 && matches!(error.status().as_u16(), 403 | 404) => {
            left_out.push((name, error));
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

impl Page {
    /// Takes over what a type found, and gives the number of results.
    fn take(&mut self, found: Searchset) -> usize {
        let before = self.matches.len();
        for entry in found.entries {
            match entry.mode {
                SearchEntryMode::Match => self.matches.push(entry),
                SearchEntryMode::Include => self.included.push(entry),
                SearchEntryMode::Outcome if self.outcomes.contains(&entry.resource) => {}
                SearchEntryMode::Outcome => self.outcomes.push(entry.resource),
            }
        }
        self.matches.len() - before
    }

    /// The entries of the Bundle, in which no resource is twice (R4, Bundle, bdl-7).
    fn entries(self) -> Result<Vec<BundleEntry>, Error> {
        let mut seen: HashSet<Option<String>> = HashSet::new();
        let mut entries: Vec<BundleEntry> = self
            .matches
            .into_iter()
            .chain(self.included)
            .filter(|entry| seen.insert(entry.full_url.clone()))
            .map(|entry| written(entry.full_url, entry.resource, entry.mode))
            .collect();
        let mut outcomes = self.outcomes;
        for (name, error) in self.left_out {
            let code = if error.status().as_u16() == 403 {
                IssueType::Forbidden
            } else {
                IssueType::NotSupported
            };
            let outcome = outcome::warning(code, format!("{name} is left out: {error}"));
            let outcome = AnyResource::new(&outcome);
            outcomes.push(outcome.map_err(|_| Error::Internal("an outcome could not be written"))?);
        }
        let outcomes = outcomes.into_iter();
        entries.extend(outcomes.map(|outcome| written(None, outcome, SearchEntryMode::Outcome)));
        Ok(entries)
    }
}

fn written(full_url: Option<String>, resource: AnyResource, mode: SearchEntryMode) -> BundleEntry {
    BundleEntry {
        full_url,
        resource: Some(resource),
        search: Some(BundleEntrySearch {
            mode: Some(mode),
            ..BundleEntrySearch::default()
        }),
        ..BundleEntry::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rest::error::Refusal;
    use http::StatusCode;

    fn entry(url: &str, mode: SearchEntryMode) -> Entry {
        let json = format!(r#"{{"resourceType":"Patient","id":"{url}"}}"#);
        let Ok(resource) = AnyResource::from_json(json) else {
            panic!("{url}")
        };
        Entry {
            resource,
            resource_type: "Patient".into(),
            id: Some(url.into()),
            full_url: Some(url.into()),
            mode,
        }
    }

    fn searchset(entries: Vec<Entry>) -> Searchset {
        Searchset {
            entries,
            next: None,
            total: None,
        }
    }

    fn refused(status: StatusCode) -> Error {
        Error::Refused(Box::new(Refusal {
            status,
            code: IssueType::Forbidden,
            diagnostics: "no right".into(),
            expression: Vec::new(),
        }))
    }

    #[test]
    fn a_resource_that_is_found_and_belongs_to_another_is_there_once() {
        let (is_match, is_included) = (SearchEntryMode::Match, SearchEntryMode::Include);
        let mut page = Page::default();
        let first = vec![entry("1", is_match), entry("9", is_included)];
        assert_eq!(page.take(searchset(first)), 1);
        let second = vec![
            entry("9", is_match),
            entry("1", is_included),
            entry("3", is_included),
            entry("3", is_included),
        ];
        assert_eq!(page.take(searchset(second)), 1);
        let entries = page.entries().unwrap_or_default();
        let urls: Vec<_> = entries
            .iter()
            .map(|entry| {
                let mode = entry.search.as_ref().and_then(|search| search.mode);
                (entry.full_url.as_deref().unwrap_or_default(), mode)
            })
            .collect();
        assert_eq!(
            urls,
            [
                ("1", Some(is_match)),
                ("9", Some(is_match)),
                ("3", Some(is_included))
            ]
        );
    }

    #[test]
    fn a_type_that_may_not_be_read_is_left_out_and_named_unless_it_is_the_only_one() {
        let plan = |types: &[&'static str]| Plan {
            types: types.to_vec(),
            count: 1,
            total: false,
            asked: Vec::new(),
            understood: Vec::new(),
            cursor: None,
        };
        let (one, two) = (plan(&["Patient"]), plan(&["Patient", "Visit"]));
        for status in [StatusCode::FORBIDDEN, StatusCode::NOT_FOUND] {
            let mut page = Page::default();
            let found = Err(refused(status));
            assert_eq!(
                unless_left_out(&two, "Visit", found.clone(), &mut page.left_out),
                Ok(None)
            );
            assert_eq!(
                unless_left_out(&one, "Patient", found.clone(), &mut Vec::new()),
                found.map(Some)
            );
            let entries = page.entries().unwrap_or_default();
            let written = serde_json::to_string(&entries).unwrap_or_default();
            assert!(written.contains("Visit is left out: no right"), "{written}");
            assert!(written.contains(r#""mode":"outcome""#), "{written}");
        }
        let bad = Err(refused(StatusCode::BAD_REQUEST));
        assert_eq!(
            unless_left_out(&two, "Visit", bad.clone(), &mut Vec::new()),
            bad.map(Some)
        );
    }
}
