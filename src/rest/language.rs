//! In which language an answer shows the texts that Tryton translates: what `Accept-Language` likes best of the languages
//! that the hospital has (RFC 9110, section 12.5.4). Without the header, nothing is looked up.
//!
//! It decides what is shown and what is searched, so cursors are bound to it. `meta.versionId` and `Last-Modified` are the
//! same in every language, and tell nothing of a translation that was changed. So the `ETag` of an answer in a language
//! has a hash of what it shows beside the version, and its date counts for nothing.

use std::rc::Rc;

use http::header::CONTENT_LANGUAGE;
use http::{HeaderMap, Response};

use crate::db::Database;
use crate::fhir::r4::AnyResource;
use crate::resource::{Resource, Version};
use crate::tryton::language::{Language, Languages};
use crate::tryton::model::Node;

use super::conditional;
use super::error::Error;
use super::negotiation;
use super::response;
use super::service::Call;

/// The language that a request is answered in; `None`: texts are shown as they are.
pub(super) async fn of_request(
    database: &Database,
    headers: &HeaderMap,
) -> Result<Option<Rc<Language>>, Error> {
    let wanted = negotiation::languages(headers);
    if wanted.ranges.is_empty() {
        return Ok(None);
    }
    let languages = Languages::load(database).await?;
    Ok(languages.best(&wanted).map(Rc::new))
}

/// The language of an answer, if the resource type has texts that are translated.
pub(super) fn of_answer<'a, R: Resource>(call: &'a Call<'_>) -> Option<&'a Language> {
    let language = call.view.language().map(AsRef::as_ref);
    language.filter(|_| R::DECLARATION.roots().any(Node::is_translated))
}

/// Says in which language an answer is.
pub(super) fn tell<R: Resource>(call: &Call<'_>, answer: &mut Response<String>) {
    if let Some(language) = of_answer::<R>(call) {
        response::add(answer, CONTENT_LANGUAGE, &language.tag());
    }
}

/// The `ETag` of a resource in a language.
pub(super) fn etag(version: Version, language: &Language, whole: &AnyResource) -> String {
    let (id, tag) = (version.id(), language.tag());
    format!("W/\"{id}-{tag}-{}\"", conditional::hash(whole))
}
