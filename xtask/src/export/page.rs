//! A page of a search.

use std::borrow::Cow;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::value::RawValue;

/// The matches of a page, and where it goes on.
#[derive(Debug)]
pub(super) struct Page<'t> {
    pub(super) resources: Vec<Resource<'t>>,
    /// The URL of the next page, as the server gave it.
    pub(super) next: Option<String>,
}

/// A resource of a page.
#[derive(Debug)]
pub(super) struct Resource<'t> {
    pub(super) id: String,
    pub(super) full_url: String,
    /// As it was served.
    pub(super) text: &'t RawValue,
}

#[derive(Deserialize)]
struct Bundle<'t> {
    #[serde(rename = "resourceType")]
    resource_type: String,
    #[serde(default)]
    link: Vec<Link>,
    #[serde(default, borrow)]
    entry: Vec<Entry<'t>>,
}

#[derive(Deserialize)]
struct Link {
    relation: String,
    url: String,
}

#[derive(Deserialize)]
struct Entry<'t> {
    #[serde(rename = "fullUrl")]
    full_url: Option<String>,
    #[serde(borrow)]
    resource: Option<&'t RawValue>,
    search: Option<Search>,
}

#[derive(Deserialize)]
struct Search {
    mode: Option<String>,
}

/// What a resource says of itself.
#[derive(Deserialize)]
struct Head<'t> {
    #[serde(rename = "resourceType", borrow)]
    resource_type: Cow<'t, str>,
    #[serde(borrow)]
    id: Cow<'t, str>,
}

/// Reads a page of a search on a type.
pub(super) fn read<'t>(text: &'t str, name: &str) -> Result<Page<'t>> {
    let bundle: Bundle<'t> =
        serde_json::from_str(text).with_context(|| format!("no searchset of {name}"))?;
    ensure!(
        bundle.resource_type == "Bundle",
        "a {} instead of a searchset of {name}",
        bundle.resource_type
    );
    let mut next = bundle
        .link
        .into_iter()
        .filter(|link| link.relation == "next");
    let matches = bundle.entry.into_iter().filter(Entry::is_match);
    let resources: Result<Vec<Resource<'t>>> = matches.map(|entry| resource(entry, name)).collect();
    Ok(Page {
        resources: resources?,
        next: next.next().map(|link| link.url),
    })
}

impl Entry<'_> {
    /// Outcomes, and what came along, are not of the search.
    fn is_match(&self) -> bool {
        let mode = self
            .search
            .as_ref()
            .and_then(|search| search.mode.as_deref());
        mode.is_none_or(|mode| mode == "match")
    }
}

fn resource<'t>(entry: Entry<'t>, name: &str) -> Result<Resource<'t>> {
    let text = entry
        .resource
        .with_context(|| format!("an entry without a {name}"))?;
    let head: Head<'_> = serde_json::from_str(text.get())
        .with_context(|| format!("a {name} without resourceType or id"))?;
    ensure!(
        head.resource_type == name,
        "a {} among the {name}s",
        head.resource_type
    );
    let full_url = entry.full_url;
    Ok(Resource {
        full_url: full_url.with_context(|| format!("a {name} without fullUrl"))?,
        id: head.id.into_owned(),
        text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"{"resourceType": "Bundle", "type": "searchset", "link": [
        {"relation": "self", "url": "http://h/Patient"}, {"relation": "next", "url": "http://h/Patient?_cursor=x"}],
        "entry": [
        {"fullUrl": "http://h/Patient/1", "resource": {"id" : "1",  "resourceType": "Patient", "x": 1.10}, "search": {"mode": "match"}},
        {"resource": {"resourceType": "OperationOutcome"}, "search": {"mode": "outcome"}},
        {"fullUrl": "http://h/Patient/2", "resource": {"resourceType": "Patient", "id": "2"}}]}"#;

    #[test]
    fn the_matches_are_there_to_the_letter() {
        let page = read(PAGE, "Patient").unwrap();
        let texts: Vec<&str> = page
            .resources
            .iter()
            .map(|found| found.text.get())
            .collect();
        assert_eq!(
            texts,
            [
                r#"{"id" : "1",  "resourceType": "Patient", "x": 1.10}"#,
                r#"{"resourceType": "Patient", "id": "2"}"#
            ]
        );
        let ids = page.resources.iter().map(|found| found.id.as_str());
        assert!(ids.eq(["1", "2"]));
        assert_eq!(page.next.as_deref(), Some("http://h/Patient?_cursor=x"));
    }

    #[test]
    fn the_last_page_leads_nowhere() {
        let page = read(r#"{"resourceType": "Bundle"}"#, "Patient").unwrap();
        assert!(page.next.is_none() && page.resources.is_empty());
    }

    #[test]
    fn what_is_no_page_of_the_type_is_an_error() {
        for text in [
            "<html>",
            r#"{"resourceType": "OperationOutcome"}"#,
            r#"{"resourceType": "Bundle", "entry": [{"fullUrl": "http://h/Group/1", "resource": {"resourceType": "Group", "id": "1"}}]}"#,
            r#"{"resourceType": "Bundle", "entry": [{"fullUrl": "http://h/Patient/1", "resource": {"resourceType": "Patient"}}]}"#,
            r#"{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Patient", "id": "1"}}]}"#,
            r#"{"resourceType": "Bundle", "entry": [{"fullUrl": "http://h/Patient/1"}]}"#,
        ] {
            assert!(read(text, "Patient").is_err(), "{text}");
        }
    }
}
