//! The interactions `vread` and `history-instance` (R4, RESTful API). Tryton overwrites its records, so there is one version
//! of each resource, the current: any other is not found, and a history has one entry.

use chrono::{DateTime, NaiveDateTime};
use http::StatusCode;

use crate::fhir::r4::{
    Bundle, BundleEntry, BundleEntryRequest, BundleEntryResponse, BundleLink, BundleType, HttpVerb,
};
use crate::fhir::text::is_id;
use crate::resource::{Resource, Version};
use crate::search;

use super::context::base_url;
use super::error::Error;
use super::query_string;
use super::record::Rendered;
use super::service::{Answer, Call};
use super::subset::{Subset, part_of};
use super::{read, response};

/// The parameters that a history understands, for its `self` link.
const UNDERSTOOD: &[&str] = &["_count", "_since", "_summary", "_elements"];

/// Reads a version of a resource.
pub(super) async fn vread<R: Resource>(call: &Call<'_>, id: &str, version: &str) -> Answer {
    if !is_id(version) {
        return Err(Error::MalformedId);
    }
    let subset = read::subset::<R>(call)?;
    let current = read::current::<R>(call, id).await?;
    let current_version = current.version.map(Version::id);
    if current_version.as_deref() != Some(version) {
        return Err(Error::NoVersion {
            resource: R::DECLARATION.name,
            id: id.to_owned(),
            current: current_version,
        });
    }
    Ok((read::answer::<R>(call, &current, subset.as_ref())?, 1))
}

/// The history of a resource.
pub(super) async fn instance<R: Resource>(call: &Call<'_>, id: &str) -> Answer {
    let subset = Subset::from_pairs::<R::Fhir>(&call.pairs)?;
    let asked = Asked::from_pairs(call)?;
    let current = read::current::<R>(call, id).await?;
    let is_since = |since| {
        current
            .version
            .is_none_or(|version| version.is_since(since))
    };
    let total = usize::from(asked.since.is_none_or(is_since));
    let shown = if asked.count == 0 || subset.as_ref().is_some_and(Subset::is_count) {
        0
    } else {
        total
    };
    let mut bundle = Bundle::new(BundleType::History);
    bundle.total = u32::try_from(total).ok();
    bundle.link = vec![BundleLink::new("self", link::<R>(call, id))];
    if shown > 0 {
        bundle.entry = vec![entry::<R>(call, id, &current, subset.as_ref())?];
    }
    let answer = response::resource(StatusCode::OK, &bundle, call.format);
    Ok((answer, shown))
}

/// What of the history is wanted.
struct Asked {
    count: u32,
    since: Option<NaiveDateTime>,
}

impl Asked {
    fn from_pairs(call: &Call<'_>) -> Result<Self, Error> {
        let (mut count, mut since) = (None, None);
        for pair in call.pairs.iter().filter(|pair| pair.modifier.is_none()) {
            let name = pair.name.as_str();
            let twice = match name {
                "_count" => count.replace(number(&pair.value)?).is_some(),
                "_since" => since.replace(instant(&pair.value)?).is_some(),
                "_at" => {
                    return Err(invalid(
                        name,
                        "GNU Health keeps no earlier versions, so that what was current at a time is not known; leave it out",
                    ));
                }
                _ => false,
            };
            if twice {
                return Err(Error::Search(search::Error::Repeated(name.to_owned())));
            }
        }
        Ok(Self {
            count: count.unwrap_or(1),
            since,
        })
    }
}

fn number(text: &str) -> Result<u32, Error> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| digits);
    number.ok_or_else(|| invalid("_count", "a number of entries, such as 10"))
}

/// An `instant`, in UTC. The `+` of its zone may have arrived as the space that an unencoded one turns into.
fn instant(text: &str) -> Result<NaiveDateTime, Error> {
    let parsed = DateTime::parse_from_rfc3339(&text.replace(' ', "+"));
    let parsed = parsed.ok().filter(|_| text.contains('T'));
    let instant = parsed.map(|instant| instant.naive_utc());
    instant.ok_or_else(|| invalid("_since", "an instant, such as 2026-01-31T12:00:00Z"))
}

fn invalid(name: &str, reason: &str) -> Error {
    Error::Search(search::Error::Value {
        name: name.to_owned(),
        reason: reason.to_owned(),
    })
}

fn entry<R: Resource>(
    call: &Call<'_>,
    id: &str,
    current: &Rendered<R::Fhir>,
    subset: Option<&Subset>,
) -> Result<BundleEntry, Error> {
    let url = format!("{}/{id}", R::DECLARATION.name);
    let base = base_url(&call.settings, call.request);
    let mut response = BundleEntryResponse::new("200");
    if let Some(version) = current.version {
        response.etag = Some(version.etag());
        response.last_modified = version.meta().last_updated;
    }
    Ok(BundleEntry {
        full_url: Some(format!("{base}/{url}")),
        resource: Some(part_of(subset, &current.resource)?),
        request: Some(BundleEntryRequest::new(HttpVerb::Put, url)),
        response: Some(response),
        ..BundleEntry::default()
    })
}

/// A link to the same history, with the parameters as they were understood.
fn link<R: Resource>(call: &Call<'_>, id: &str) -> String {
    let base = base_url(&call.settings, call.request);
    let understood = call
        .pairs
        .iter()
        .filter(|pair| pair.modifier.is_none() && UNDERSTOOD.contains(&pair.name.as_str()));
    let pairs: Vec<_> = understood
        .map(|pair| (pair.name.clone(), pair.value.clone()))
        .collect();
    let query = query_string::write(&pairs);
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{base}/{}/{id}/_history{mark}{query}", R::DECLARATION.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_an_instant() {
        let expected = instant("2026-01-31T12:00:00Z").unwrap();
        for same in [
            "2026-01-31T13:00:00+01:00",
            "2026-01-31T13:00:00 01:00",
            "2026-01-31T12:00:00.000Z",
        ] {
            assert_eq!(instant(same), Ok(expected), "{same}");
        }
        for wrong in [
            "",
            "2026",
            "2026-01-31",
            "2026-01-31T12:00:00",
            "2026-13-31T12:00:00Z",
            "now",
        ] {
            assert!(instant(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_count_is_a_number() {
        assert_eq!(number("0"), Ok(0));
        for wrong in ["", "-1", "+1", "1.0", "x", "99999999999"] {
            assert!(number(wrong).is_err(), "{wrong}");
        }
    }
}
