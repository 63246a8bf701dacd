//! A record of the database as a resource: what read and search share.

use crate::resource::{Record, Resource, Version};
use crate::search::declaration::Located;
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

/// Renders a record from its JSON.
pub(super) fn render<R: Resource>(
    call: &Call<'_>,
    located: Located,
    json: Option<&str>,
) -> Result<Rendered<R::Fhir>, Error> {
    let json = json.ok_or(Error::Internal("a record has no JSON"))?;
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
