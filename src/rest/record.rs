//! A record of the database as a resource: what read and search share.

use std::collections::HashMap;

use futures_util::future::try_join_all;

use crate::resource::{Record, Resource, Version};
use crate::search::declaration::Located;
use crate::search::rendering::{self, Which};
use crate::search::scope::Scope;
use crate::tryton::view::View;

use super::error::Error;
use super::service::Call;

/// A resource, and the version that it has.
pub(super) struct Rendered<T> {
    pub(super) id: String,
    pub(super) version: Option<Version>,
    pub(super) resource: T,
}

/// What conditions and statements are compiled for.
pub(super) fn scope<'a>(
    call: &'a Call<'_>,
    view: &'a View,
    base_url: &'a str,
    zone: Option<&'a str>,
) -> Scope<'a> {
    Scope {
        view,
        system_base: &call.settings.system_base,
        base_url,
        now: call.context.now(),
        zone,
    }
}

/// The JSON of records, by the place of their source, and their own in it (see [`rendering::place`]).
pub(super) type Records = HashMap<(usize, (i64, i64)), String>;

/// Fetches records of a type: one statement for each source, side by side.
pub(super) async fn fetch<R: Resource>(
    call: &Call<'_>,
    which: Which,
    located: impl Iterator<Item = Located>,
) -> Result<Records, Error> {
    let mut wanted: HashMap<usize, Vec<i64>> = HashMap::new();
    for one in located {
        wanted.entry(one.source).or_default().push(one.record);
    }
    let fetched = wanted.into_iter().map(async |(source, mut ids)| {
        ids.sort_unstable();
        ids.dedup();
        let planned = rendering::made(&call.view, R::DECLARATION, source, which)?;
        let rows = call.database.planned_rows(&planned, &ids).await?;
        let Some(row) = rows.first() else {
            return Ok::<_, Error>(Vec::new());
        };
        let places = row.integers(0)?.into_iter().zip(row.integers(1)?);
        let records = places.zip(row.texts(2)?);
        Ok(records
            .map(|(place, json)| ((source, place), json))
            .collect())
    });
    let fetched = try_join_all(fetched).await?;
    Ok(fetched.into_iter().flatten().collect())
}

/// Renders a record from its JSON.
pub(super) fn render<R: Resource>(
    call: &Call<'_>,
    located: Located,
    json: &str,
) -> Result<Rendered<R::Fhir>, Error> {
    let source = R::DECLARATION.sources.get(located.source);
    let source = source.ok_or(Error::Internal("a record has no source"))?;
    let measure = source.measures.get(located.measure);
    let id = source.logical_id(located.record, measure);
    // serde's messages could quote a value.
    let unlike = |_| Error::Internal("a record is not as its description says");
    let version = Version::latest(json).map_err(unlike)?;
    let record = Record {
        id: id.clone(),
        version,
        source,
        measure,
        system_base: &call.settings.system_base,
    };
    let resource = R::render(json, &record).map_err(unlike)?;
    Ok(Rendered {
        id,
        version,
        resource,
    })
}
