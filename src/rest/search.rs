//! The search interaction on one type (R4, RESTful API, section "search"): a page of results as a searchset Bundle.

use std::marker::PhantomData;

use futures_util::future::join;
use http::{HeaderMap, HeaderName, StatusCode};

use crate::db::Row;
use crate::fhir::outcome;
use crate::fhir::r4::{
    AnyResource, Bundle, BundleEntry, BundleEntrySearch, BundleLink, BundleType, IssueType,
    SearchEntryMode,
};
use crate::resource::{self, Resource};
use crate::search;
use crate::search::criterion::Grammar;
use crate::search::cursor::{Binding, Direction, Position, SEALED, Sealing};
use crate::search::declaration::Located;
use crate::search::plan::{Handling, MOST_COUNT, Plan, Remark, Total};
use crate::search::query::Pair;
use crate::search::rendering::{self, Which};
use crate::search::statement;
use crate::tryton::zone;

use super::behalf::Behalf;
use super::context::base_url;
use super::error::Error;
use super::include::Inclusion;
use super::neighbour::Neighbours;
use super::query_string;
use super::record::{self, Records, scope};
use super::response;
use super::search_form;
use super::service::{self, Answer, Call};
use super::subset::Subset;

const PREFER: HeaderName = HeaderName::from_static("prefer");

/// Searches one resource type.
pub(super) async fn search<R: Resource>(call: &Call<'_>) -> Answer {
    let grammar = Grammar {
        declaration: R::DECLARATION,
        types: resource::ALL,
    };
    let (pairs, sealed) = opened::<R>(call)?;
    let plan = Plan::new(grammar, &pairs, handling(&call.request.headers)?)?;
    let language = call.view.language().map(|language| language.tag());
    let page = Page::<R> {
        call,
        language: language.as_deref(),
        sealed,
        base: base_url(&call.settings, call.request),
        plan: &plan,
        from: plan
            .cursor
            .as_deref()
            .map(|cursor| binding(call, &plan, language.as_deref()).open(cursor))
            .transpose()?,
        subset: Subset::from_pairs::<R::Fhir>(&pairs)?,
        resource: PhantomData,
    };
    let (found, total) = page.found().await?;
    let (bundle, count) = page.bundle(found, total).await?;
    Ok((
        response::resource(StatusCode::OK, &bundle, call.format),
        count,
    ))
}

/// A page of a search.
struct Page<'a, R> {
    call: &'a Call<'a>,
    /// The tag of the language that texts are in, if it is another than that of the columns.
    language: Option<&'a str>,
    base: String,
    /// Whether links hold the parameters sealed.
    sealed: Sealed,
    plan: &'a Plan,
    /// Where it starts, or ends.
    from: Option<Position>,
    /// What is wanted of each result, if not all.
    subset: Option<Subset>,
    resource: PhantomData<R>,
}

/// Whether the links of a page hold the parameters sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sealed {
    /// No: the search came in a URL.
    No,
    /// The search came by POST: all but `self`, which shows how it was understood.
    Posted,
    /// The search came sealed.
    Already,
}

/// The parameters of a search, those that came sealed opened.
fn opened<R: Resource>(call: &Call<'_>) -> Result<(Vec<Pair>, Sealed), Error> {
    let (sealed, mut pairs): (Vec<Pair>, Vec<Pair>) = call
        .pairs
        .iter()
        .cloned()
        .partition(|pair| pair.name == SEALED);
    // A component that asks another one follows its links itself, with the parameters that it has.
    let posted = search_form::is_posted(call.request)
        && Behalf::of(&call.settings.secret, call.request).is_none();
    match sealed.as_slice() {
        [] if posted => Ok((pairs, Sealed::Posted)),
        [] => Ok((pairs, Sealed::No)),
        [one] => {
            let opened = sealing::<R>(call).open(&one.value)?;
            let own = opened
                .into_iter()
                .map(|(key, value)| Pair::new(&key, value));
            // Another `_count` on the way replaces the one of the search.
            let replaced = pairs.iter().any(|pair| pair.name == COUNT);
            pairs.extend(own.filter(|pair| !(replaced && pair.name == COUNT)));
            Ok((pairs, Sealed::Already))
        }
        _ => Err(search::Error::Repeated(SEALED.to_owned()).into()),
    }
}

fn sealing<'a, R: Resource>(call: &'a Call<'_>) -> Sealing<'a> {
    Sealing {
        secret: &call.settings.secret,
        user: call.principal.user,
        resource: R::DECLARATION.name,
        now: call.context.now().and_utc().timestamp(),
    }
}

/// The parameter that a client may change from page to page.
const COUNT: &str = "_count";

/// The results of a page in their order.
struct Found {
    positions: Vec<Position>,
    /// Whether there are more beyond it.
    further: bool,
    records: Records,
}

impl<R: Resource> Page<'_, R> {
    /// The results, and the total; side by side.
    async fn found(&self) -> Result<(Found, Option<i64>), Error> {
        let Self { call, plan, .. } = self;
        let language = call.view.language().cloned();
        let view = service::view(&call.database, call.principal, &plan.types(), language).await?;
        let zone = if plan.is_dated() {
            zone::of_user(&call.database, call.principal.user).await?
        } else {
            None
        };
        let scope = scope(call, &view, &self.base, zone.as_deref());
        let page = statement::page(&scope, plan, self.from.as_ref())?;
        let page = async {
            let rows = match plan.count {
                0 => Vec::new(),
                _ => call.database.rows(&page).await?,
            };
            self.fetched(rows.first()).await
        };
        if plan.total != Total::Counted {
            return Ok((page.await?, None));
        }
        let total = statement::total(&scope, plan)?;
        let (found, total) = join(page, call.database.rows(&total)).await;
        let total = total?
            .first()
            .map(|row| row.integer(0))
            .transpose()?
            .flatten();
        Ok((found?, total))
    }

    /// The page, with its records.
    async fn fetched(&self, row: Option<&Row>) -> Result<Found, Error> {
        let positions = row.map(|row| self.positions(row)).transpose()?;
        let mut positions = positions.unwrap_or_default();
        let size = self.plan.count as usize;
        let further = positions.len() > size;
        positions.truncate(size);
        if self.direction() == Some(Direction::Before) {
            positions.reverse();
        }
        let located = positions.iter().map(Position::located);
        let records = record::fetch::<R>(self.call, Which::OfPage, located).await?;
        Ok(Found {
            positions,
            further,
            records,
        })
    }

    fn positions(&self, row: &Row) -> Result<Vec<Position>, Error> {
        let numbers = (row.integers(0)?, row.integers(1)?, row.integers(2)?);
        let keys = (3..3 + self.plan.sort.len()).map(|column| row.optional_texts(column));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        let places = numbers.0.into_iter().zip(numbers.1).zip(numbers.2);
        let position = |(index, ((source, record), measure)): (usize, ((i64, i64), i64))| {
            let key = |values: &&[Option<String>]| values.get(index).cloned().flatten();
            Ok(Position {
                direction: Direction::After,
                keys: keys.iter().map(key).collect(),
                source: usize::try_from(source)
                    .map_err(|_| Error::Internal("a result has no source"))?,
                record,
                measure,
            })
        };
        places.enumerate().map(position).collect()
    }

    async fn bundle(&self, found: Found, total: Option<i64>) -> Result<(Bundle, usize), Error> {
        let entries = found.positions.iter().filter_map(|position| {
            let place = rendering::place(R::DECLARATION, position.located());
            // One that was deleted since it was found is not there any more.
            let json = found.records.get(&(position.source, place))?;
            Some(self.matched(position.located(), json))
        });
        let mut entry = entries.collect::<Result<Vec<_>, _>>()?;
        let count = entry.len();
        // All results on one page are counted already.
        let all = self.from.is_none() && !found.further && self.plan.total == Total::IfFree;
        let all = all.then_some(count as i64);
        let total = total.or(all).and_then(|total| u32::try_from(total).ok());
        let link = self.links(&found)?;
        let included = self.included(&entry).await?;
        for matched in &mut entry {
            self.cut(matched)?;
        }
        entry.extend(included);
        entry.extend(self.remarks()?);
        let bundle = Bundle {
            total,
            link,
            entry,
            ..Bundle::new(BundleType::Searchset)
        };
        Ok((bundle, count))
    }

    /// Leaves of a result what is wanted of it.
    fn cut(&self, entry: &mut BundleEntry) -> Result<(), Error> {
        if let (Some(subset), Some(resource)) = (&self.subset, &entry.resource) {
            let json = subset.apply(resource.as_json())?;
            let unwritable = |_| Error::Internal("a resource could not be written");
            entry.resource = Some(AnyResource::from_json(json).map_err(unwritable)?);
        }
        Ok(())
    }

    /// What comes along with the results.
    async fn included(&self, matches: &[BundleEntry]) -> Result<Vec<BundleEntry>, Error> {
        if self.plan.includes.is_empty() {
            return Ok(Vec::new());
        }
        let call = self.call;
        let neighbours = Neighbours::new(&call.settings, call.request, call.context);
        let summary = self
            .plan
            .understood
            .iter()
            .filter(|(name, _)| name == "_summary");
        let inclusion = Inclusion::new(neighbours, &self.plan.includes, summary.cloned().collect());
        inclusion
            .of(matches.iter().filter_map(|entry| entry.resource.as_ref()))
            .await
    }

    fn direction(&self) -> Option<Direction> {
        self.from.as_ref().map(|from| from.direction)
    }

    fn matched(&self, located: Located, json: &str) -> Result<BundleEntry, Error> {
        let record = record::render::<R>(self.call, located, json)?;
        Ok(BundleEntry {
            full_url: Some(format!(
                "{}/{}/{}",
                self.base,
                R::DECLARATION.name,
                record.id
            )),
            resource: Some(any(&record.resource)?),
            search: Some(mode(SearchEntryMode::Match)),
            ..BundleEntry::default()
        })
    }

    /// `self`, `first`, and the pages before and after where there are any.
    fn links(&self, found: &Found) -> Result<Vec<BundleLink>, Error> {
        let backward = self.direction() == Some(Direction::Before);
        let open = self.sealed != Sealed::Already;
        let own = self.link(self.plan.cursor.as_deref(), open)?;
        let mut links = vec![BundleLink::new("self", own)];
        let open = self.sealed == Sealed::No;
        if self.from.is_some() {
            links.push(BundleLink::new("first", self.link(None, open)?));
        }
        let mut add = |relation: &str, end: Option<&Position>, direction| -> Result<(), Error> {
            let Some(end) = end else { return Ok(()) };
            let position = Position {
                direction,
                ..end.clone()
            };
            let cursor = binding(self.call, self.plan, self.language).seal(&position);
            let cursor = cursor.ok_or(Error::Internal("a cursor could not be made"))?;
            links.push(BundleLink::new(relation, self.link(Some(&cursor), open)?));
            Ok(())
        };
        // Where a page was come to from, there are results, unless they were deleted meanwhile.
        let (before, after) = if backward {
            (found.further, true)
        } else {
            (self.from.is_some(), found.further)
        };
        if before {
            add("previous", found.positions.first(), Direction::Before)?;
        }
        if after {
            add("next", found.positions.last(), Direction::After)?;
        }
        Ok(links)
    }

    /// A link to the same search, with the parameters as they were understood: `open`, or all but those for the format
    /// sealed.
    fn link(&self, cursor: Option<&str>, open: bool) -> Result<String, Error> {
        let understood = self.plan.understood.iter().cloned();
        let mut pairs: Vec<_> = if open {
            understood.collect()
        } else {
            let is_format = |(name, _): &(String, String)| name == "_format" || name == "_pretty";
            let (mut shown, hidden): (Vec<_>, Vec<_>) = understood.partition(is_format);
            if !hidden.is_empty() {
                let sealed = sealing::<R>(self.call).seal(&hidden);
                let sealed = sealed.ok_or(Error::Internal("a search could not be sealed"))?;
                shown.push((SEALED.to_owned(), sealed));
            }
            shown
        };
        pairs.extend(cursor.map(|cursor| ("_cursor".to_owned(), cursor.to_owned())));
        let url = format!("{}/{}", self.base, R::DECLARATION.name);
        if pairs.is_empty() {
            return Ok(url);
        }
        Ok(format!("{url}?{}", query_string::write(&pairs)))
    }

    /// What the client should know: nobody shall take unfiltered data for filtered, or a part for the whole.
    fn remarks(&self) -> Result<Option<BundleEntry>, Error> {
        let told = self.plan.remarks.iter().map(|remark| match remark {
            Remark::Ignored(name) => (
                IssueType::NotSupported,
                format!("the search parameter '{name}' is not known here and was ignored"),
            ),
            Remark::Clipped => (
                IssueType::TooCostly,
                format!("a page has at most {MOST_COUNT} results; follow the link 'next'"),
            ),
        });
        warnings(told.collect())
    }
}

/// An entry that tells the client something beside the results, if there is anything to tell.
pub(super) fn warnings(told: Vec<(IssueType, String)>) -> Result<Option<BundleEntry>, Error> {
    if told.is_empty() {
        return Ok(None);
    }
    Ok(Some(BundleEntry {
        resource: Some(any(&outcome::warnings(told))?),
        search: Some(mode(SearchEntryMode::Outcome)),
        ..BundleEntry::default()
    }))
}

pub(super) fn mode(mode: SearchEntryMode) -> BundleEntrySearch {
    BundleEntrySearch {
        mode: Some(mode),
        ..BundleEntrySearch::default()
    }
}

fn any(resource: &impl crate::fhir::r4::Resource) -> Result<AnyResource, Error> {
    AnyResource::new(resource).map_err(|_| Error::Internal("a resource could not be written"))
}

fn binding<'a>(call: &'a Call<'_>, plan: &'a Plan, language: Option<&'a str>) -> Binding<'a> {
    Binding {
        secret: &call.settings.secret,
        user: call.principal.user,
        plan,
        language,
        now: call.context.now().and_utc().timestamp(),
    }
}

/// `Prefer: handling=strict|lenient` (RFC 7240; R4, search, section "handling errors").
fn handling(headers: &HeaderMap) -> Result<Handling, Error> {
    for value in headers.get_all(PREFER) {
        let value = value.to_str().map_err(|_| Error::Header("Prefer"))?;
        for preference in value.split([',', ';']) {
            match preference
                .trim()
                .split_once('=')
                .map(|(name, value)| (name.trim(), value.trim().trim_matches('"')))
            {
                Some(("handling", "strict")) => return Ok(Handling::Strict),
                Some(("handling", "lenient")) => return Ok(Handling::Lenient),
                Some(("handling", _)) => {
                    return Err(Error::Header("Prefer: handling is strict or lenient"));
                }
                _ => {}
            }
        }
    }
    Ok(Handling::default())
}
