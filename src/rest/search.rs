//! The search interaction on one type (R4, RESTful API, section "search"): a page of results as a searchset Bundle.

use futures_util::future::join;
use http::{HeaderMap, HeaderName, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::db::Row;
use crate::fhir::outcome;
use crate::fhir::r4::{
    AnyResource, Bundle, BundleEntry, BundleEntrySearch, BundleLink, BundleType, IssueType,
    SearchEntryMode,
};
use crate::resource::Resource;
use crate::search::cursor::Binding;
use crate::search::plan::{Handling, Plan};
use crate::search::statement;

use super::context::base_url;
use super::error::Error;
use super::record::{self, scope};
use super::response;
use super::service::{Answer, Call};

const PREFER: HeaderName = HeaderName::from_static("prefer");

/// What stays as it is in the query of a link (RFC 3986, section 3.4), so that it remains readable.
pub(super) const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':')
    .remove(b',')
    .remove(b'/');

/// Searches one resource type.
pub(super) async fn search<R: Resource>(call: &Call<'_>) -> Answer {
    let plan = Plan::new(
        R::DECLARATION.parameters,
        &call.pairs,
        handling(&call.request.headers)?,
    )?;
    let after = plan
        .cursor
        .as_deref()
        .map(|cursor| binding::<R>(call, &plan).open(cursor))
        .transpose()?;
    let (rows, total) = rows::<R>(call, &plan, after).await?;
    let (bundle, count) = bundle::<R>(call, &plan, after, &rows, total)?;
    Ok((
        response::resource(StatusCode::OK, &bundle, call.format),
        count,
    ))
}

/// The page and the total, side by side.
async fn rows<R: Resource>(
    call: &Call<'_>,
    plan: &Plan,
    after: Option<i64>,
) -> Result<(Vec<Row>, Option<u32>), Error> {
    let scope = scope::<R>(call);
    let page = statement::page(&scope, plan, after)?;
    let page = async {
        if plan.count == 0 {
            Ok(Vec::new())
        } else {
            call.database.rows(&page).await
        }
    };
    if !plan.total {
        return Ok((page.await?, None));
    }
    let total = statement::total(&scope, plan)?;
    let (rows, total) = join(page, call.database.rows(&total)).await;
    let total = total?
        .first()
        .map(|row| row.integer(0))
        .transpose()?
        .flatten();
    Ok((rows?, total.and_then(|total| u32::try_from(total).ok())))
}

fn bundle<R: Resource>(
    call: &Call<'_>,
    plan: &Plan,
    after: Option<i64>,
    rows: &[Row],
    total: Option<u32>,
) -> Result<(Bundle, usize), Error> {
    let base = base_url(&call.settings, call.request);
    let size = plan.count as usize;
    let mut entries = Vec::with_capacity(rows.len().min(size) + 1);
    for row in rows.iter().take(size) {
        entries.push(entry::<R>(call, &base, row)?);
    }
    let count = entries.len();
    entries.extend(ignored(plan)?);
    let last = rows
        .get(..size)
        .and_then(<[Row]>::last)
        .filter(|_| rows.len() > size);
    let next = last.map(|row| row.integer(0)).transpose()?.flatten();
    let url = |cursor| link::<R>(&base, plan, cursor);
    let mut links = vec![BundleLink::new("self", url(after.and(plan.cursor.clone())))];
    if after.is_some() {
        links.push(BundleLink::new("first", url(None)));
    }
    links.extend(
        next.map(|id| BundleLink::new("next", url(Some(binding::<R>(call, plan).seal(id))))),
    );
    let bundle = Bundle {
        total,
        link: links,
        entry: entries,
        ..Bundle::new(BundleType::Searchset)
    };
    Ok((bundle, count))
}

fn entry<R: Resource>(call: &Call<'_>, base: &str, row: &Row) -> Result<BundleEntry, Error> {
    let id = row
        .integer(0)?
        .ok_or(Error::Internal("a record has no id"))?;
    let record = record::render::<R>(call, id, row.text(1)?)?;
    Ok(BundleEntry {
        full_url: Some(format!("{base}/{}/{id}", R::DECLARATION.name)),
        resource: Some(any(&record.resource)?),
        search: Some(mode(SearchEntryMode::Match)),
        ..BundleEntry::default()
    })
}

/// The parameters that were not understood, so that nobody takes unfiltered data for filtered.
fn ignored(plan: &Plan) -> Result<Option<BundleEntry>, Error> {
    if plan.ignored.is_empty() {
        return Ok(None);
    }
    let names = plan.ignored.join(", ");
    let message = format!("these search parameters are not known here and were ignored: {names}");
    let resource = Some(any(&outcome::warning(IssueType::NotSupported, message))?);
    let search = Some(mode(SearchEntryMode::Outcome));
    Ok(Some(BundleEntry {
        resource,
        search,
        ..BundleEntry::default()
    }))
}

fn mode(mode: SearchEntryMode) -> BundleEntrySearch {
    BundleEntrySearch {
        mode: Some(mode),
        ..BundleEntrySearch::default()
    }
}

fn any(resource: &impl crate::fhir::r4::Resource) -> Result<AnyResource, Error> {
    AnyResource::new(resource).map_err(|_| Error::Internal("a resource could not be written"))
}

fn binding<'a, R: Resource>(call: &'a Call<'_>, plan: &'a Plan) -> Binding<'a> {
    Binding {
        secret: &call.settings.secret,
        user: call.principal.user,
        resource: R::DECLARATION.name,
        plan,
    }
}

/// A link to the same search, with the parameters as they were understood.
fn link<R: Resource>(base: &str, plan: &Plan, cursor: Option<String>) -> String {
    let cursor = cursor.map(|cursor| ("_cursor".to_owned(), cursor));
    let encoded = |text: &str| utf8_percent_encode(text, QUERY).to_string();
    let pairs = plan
        .understood
        .iter()
        .chain(&cursor)
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
    let query = pairs.collect::<Vec<_>>().join("&");
    let url = format!("{base}/{}", R::DECLARATION.name);
    if query.is_empty() {
        url
    } else {
        format!("{url}?{query}")
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
