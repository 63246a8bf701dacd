//! The read interaction (R4, RESTful API, section "read").

use http::header::{ETAG, LAST_MODIFIED};
use http::{Response, StatusCode};

use crate::resource::Resource;
use crate::search::rendering::{self, Which};

use super::error::Error;
use super::record::{Rendered, fetch, render};
use super::service::{Answer, Call};
use super::subset::{Subset, part_of};
use super::{conditional, language, response};

/// Reads one resource. One that a right hides does not exist for this user.
pub(super) async fn read<R: Resource>(call: &Call<'_>, id: &str) -> Answer {
    let subset = subset::<R>(call)?;
    let current = current::<R>(call, id).await?;
    Ok((answer::<R>(call, &current, subset.as_ref())?, 1))
}

/// What is wanted of one resource.
pub(super) fn subset<R: Resource>(call: &Call<'_>) -> Result<Option<Subset>, Error> {
    let subset = Subset::from_pairs::<R::Fhir>(&call.pairs)?;
    if subset.as_ref().is_some_and(Subset::is_count) {
        return Err(Error::Search(crate::search::Error::Value {
            name: "_summary".to_owned(),
            reason: "count is for searches".to_owned(),
        }));
    }
    Ok(subset)
}

/// The resource as it is now.
pub(super) async fn current<R: Resource>(
    call: &Call<'_>,
    id: &str,
) -> Result<Rendered<R::Fhir>, Error> {
    let not_found = || Error::NotFound {
        resource: R::DECLARATION.name,
        id: id.to_owned(),
    };
    let located = R::DECLARATION.locate(id).ok_or_else(not_found)?;
    let which = Which::Asked {
        measure: located.measure,
    };
    let records = fetch::<R>(call, which, std::iter::once(located)).await?;
    let place = (located.source, rendering::place(R::DECLARATION, located));
    let json = records.get(&place).ok_or_else(not_found)?;
    render::<R>(call, located, json)
}

/// The resource, or that the client has it already.
pub(super) fn answer<R: Resource>(
    call: &Call<'_>,
    current: &Rendered<R::Fhir>,
    subset: Option<&Subset>,
) -> Result<Response<String>, Error> {
    let language = language::of_answer::<R>(call);
    let validators = match (current.version, language) {
        (None, _) => None,
        (Some(version), None) => Some((version.etag(), Some(version.last_modified()))),
        (Some(version), Some(language)) => {
            let whole = part_of(None, &current.resource)?;
            Some((language::etag(version, language, &whole), None))
        }
    };
    let headers = &call.request.headers;
    let is_known = validators
        .as_ref()
        .is_some_and(|(etag, modified)| conditional::is_known(headers, etag, *modified));
    let mut answer = if is_known {
        response::empty(StatusCode::NOT_MODIFIED)
    } else {
        let resource = part_of(subset, &current.resource)?;
        response::resource(StatusCode::OK, &resource, call.format)
    };
    if let Some((version, (etag, _))) = current.version.zip(validators) {
        let modified = httpdate::fmt_http_date(version.last_modified());
        response::add(&mut answer, ETAG, &etag);
        response::add(&mut answer, LAST_MODIFIED, &modified);
    }
    Ok(answer)
}
