//! A record of the database as a resource: what read and search share.

use crate::resource::{Record, Resource, Version};
use crate::search::condition::Scope;

use super::error::Error;
use super::service::Call;

/// A resource, and the version that it has.
pub(super) struct Rendered<T> {
    pub(super) version: Option<Version>,
    pub(super) resource: T,
}

/// What conditions and statements are compiled for.
pub(super) fn scope<'a, R: Resource>(call: &'a Call<'_>) -> Scope<'a> {
    Scope {
        view: &call.view,
        root: R::DECLARATION.root,
        system_base: &call.settings.system_base,
        now: call.context.now(),
    }
}

/// Renders the record `id` from its JSON.
pub(super) fn render<R: Resource>(
    call: &Call<'_>,
    id: i64,
    json: Option<&str>,
) -> Result<Rendered<R::Fhir>, Error> {
    let json = json.ok_or(Error::Internal("a record has no JSON"))?;
    // serde's messages could quote a value.
    let unlike = |_| Error::Internal("a record is not as its description says");
    let row = serde_json::from_str(json).map_err(unlike)?;
    let version = Version::latest(json).map_err(unlike)?;
    let record = Record {
        id: id.to_string(),
        version,
        system_base: &call.settings.system_base,
    };
    Ok(Rendered {
        version,
        resource: R::render(row, &record),
    })
}
