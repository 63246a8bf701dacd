//! The read interaction (R4, RESTful API, section "read").

use http::StatusCode;
use http::header::{ETAG, LAST_MODIFIED};

use crate::resource::Resource;
use crate::search::statement;

use super::error::Error;
use super::record::{render, scope};
use super::response;
use super::service::{Answer, Call};

/// Reads one resource. One that a right hides does not exist for this user.
pub(super) async fn read<R: Resource>(call: &Call<'_>, id: &str) -> Answer {
    let not_found = || Error::NotFound {
        resource: R::DECLARATION.name,
        id: id.to_owned(),
    };
    let located = R::DECLARATION.locate(id).ok_or_else(not_found)?;
    let source = R::DECLARATION.sources.get(located.source);
    let source = source.ok_or_else(not_found)?;
    let scope = scope(call, &call.view, "", None);
    let sql = statement::read(&scope, R::DECLARATION, source, located)?;
    let rows = call.database.rows(&sql).await?;
    let row = rows.first().ok_or_else(not_found)?;
    let rendered = render::<R>(call, located, row.text(0)?)?;
    let mut answer = response::resource(StatusCode::OK, &rendered.resource, call.format);
    if let Some(version) = rendered.version {
        response::add(&mut answer, ETAG, &version.etag());
        response::add(
            &mut answer,
            LAST_MODIFIED,
            &httpdate::fmt_http_date(version.last_modified()),
        );
    }
    Ok((answer, 1))
}
