//! A searchset that another component answered: its entries, and where it goes on. The resources are not looked into.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::fhir::r4::{AnyResource, SearchEntryMode};
use crate::search::query;

/// A page of results.
#[derive(Debug, Clone, PartialEq)]
pub struct Searchset {
    /// The results, and what belongs to them.
    pub entries: Vec<Entry>,
    /// The link to the next page.
    pub next: Option<String>,
    /// The number of all matches, if it was asked for.
    pub total: Option<u32>,
}

/// A resource of a page.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The resource, as it was answered.
    pub resource: AnyResource,
    /// Its type.
    pub resource_type: String,
    /// Its logical id; an outcome has none.
    pub id: Option<String>,
    /// Its URL; an outcome has none.
    pub full_url: Option<String>,
    /// Why it is there.
    pub mode: SearchEntryMode,
}

impl Searchset {
    /// The `_cursor` of the next page.
    #[must_use]
    pub fn cursor(&self) -> Option<String> {
        let (_, query) = self.next.as_deref()?.split_once('?')?;
        let pairs = query::parse(query).ok()?;
        pairs
            .into_iter()
            .find(|pair| pair.name == "_cursor")
            .map(|pair| pair.value)
    }
}

#[derive(Deserialize)]
struct Bundle<'a> {
    #[serde(rename = "resourceType", borrow)]
    resource_type: Cow<'a, str>,
    #[serde(borrow, default)]
    entry: Vec<BundleEntry<'a>>,
    #[serde(default)]
    link: Vec<Link>,
    total: Option<u32>,
}

#[derive(Deserialize)]
struct Link {
    relation: String,
    url: String,
}

#[derive(Deserialize)]
struct BundleEntry<'a> {
    #[serde(rename = "fullUrl")]
    full_url: Option<String>,
    #[serde(borrow)]
    resource: &'a RawValue,
    search: Search,
}

#[derive(Deserialize)]
struct Search {
    mode: String,
}

/// What is read of a resource.
#[derive(Deserialize)]
struct Head {
    #[serde(rename = "resourceType")]
    resource_type: String,
    id: Option<String>,
}

/// Understands a searchset as our components write it.
pub(super) fn parse(body: &[u8]) -> Option<Searchset> {
    let bundle: Bundle<'_> = serde_json::from_slice(body).ok()?;
    if bundle.resource_type != "Bundle" {
        return None;
    }
    let next = bundle.link.into_iter().find(|link| link.relation == "next");
    Some(Searchset {
        entries: bundle.entry.into_iter().map(entry).collect::<Option<_>>()?,
        next: next.map(|link| link.url),
        total: bundle.total,
    })
}

fn entry(entry: BundleEntry<'_>) -> Option<Entry> {
    let head: Head = serde_json::from_str(entry.resource.get()).ok()?;
    Some(Entry {
        resource: AnyResource::from(entry.resource.to_owned()),
        resource_type: head.resource_type,
        id: head.id,
        full_url: entry.full_url,
        mode: SearchEntryMode::parse(&entry.search.mode)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_understood_and_its_resources_stay_as_they_are() {
        let text = r#"{"resourceType":"Bundle","type":"searchset","total":3,
            "link":[{"relation":"self","url":"http://h/Patient"},
                    {"relation":"next","url":"http://h/Patient?_count=1&_cursor=a%2Fb"}],
            "entry":[{"fullUrl":"http://h/Patient/7","search":{"mode":"match"},
                      "resource":{"resourceType":"Patient", "id":"7","x":1.10}},
                     {"search":{"mode":"outcome"},"resource":{"resourceType":"OperationOutcome"}}]}"#;
        let Some(page) = parse(text.as_bytes()) else {
            panic!("not understood")
        };
        assert_eq!(page.total, Some(3));
        assert_eq!(page.cursor().as_deref(), Some("a/b"));
        let [first, second] = page.entries.as_slice() else {
            panic!("{page:?}")
        };
        assert_eq!(
            first.resource.as_json(),
            r#"{"resourceType":"Patient", "id":"7","x":1.10}"#
        );
        assert_eq!(first.id.as_deref(), Some("7"));
        assert_eq!(first.mode, SearchEntryMode::Match);
        assert_eq!(
            (second.resource_type.as_str(), second.mode),
            ("OperationOutcome", SearchEntryMode::Outcome)
        );
    }

    #[test]
    fn what_is_no_searchset_is_not_taken_for_one() {
        for text in [
            "",
            "[]",
            r#"{"resourceType":"Patient"}"#,
            r#"{"resourceType":"Bundle","entry":[{}]}"#,
            r#"{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient"},"search":{"mode":"x"}}]}"#,
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }
}
