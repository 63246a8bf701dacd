//! A resource for people: its JSON laid out, with links to what it refers to on this server.

use askama::Template;
use http::header::CACHE_CONTROL;
use http::{HeaderMap, Response, StatusCode};
use quick_xml::escape::escape;
use serde_json::value::RawValue;

use super::page;
use crate::fhir::json::{self, Ink, Members};
use crate::fhir::text::is_id;
use crate::rest::error::Error;

/// Where the page is.
#[derive(Debug, Clone, Default)]
pub(in crate::rest) struct Place<'a> {
    /// The public base URL of the app; empty if it is not known.
    pub(in crate::rest) base: &'a str,
    /// The path of it, which stands before every path that the browser is told.
    pub(in crate::rest) prefix: &'a str,
    /// The path and query that were asked for; empty if they are not known.
    pub(in crate::rest) target: &'a str,
}

#[derive(Template)]
#[template(path = "resource.html")]
struct Page<'a> {
    prefix: &'a str,
    title: &'a str,
    status: StatusCode,
    /// The same as JSON and as XML.
    others: &'a [(&'static str, String)],
    /// HTML already: see [`Highlighted`].
    resource: &'a str,
}

/// The page of a response whose body is the JSON of a resource.
pub(in crate::rest) fn show(
    answer: &Response<String>,
    place: &Place<'_>,
) -> Result<Response<String>, Error> {
    let unreadable = |_| Error::Internal("a resource cannot be shown");
    let mut highlighted = Highlighted {
        html: String::with_capacity(answer.body().len() * 3),
        place,
    };
    json::laid_out(answer.body(), &mut highlighted).map_err(unreadable)?;
    let page = Page {
        prefix: place.prefix,
        title: &title(answer.body()),
        status: answer.status(),
        others: &others(place),
        resource: &highlighted.html,
    };
    let mut shown = page::html(answer.status(), &page)?;
    let kept = answer
        .headers()
        .iter()
        .filter(|(name, _)| !is_of_the_body(shown.headers(), name));
    let kept: HeaderMap = kept
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    shown.headers_mut().extend(kept);
    *shown.extensions_mut() = answer.extensions().clone();
    Ok(shown)
}

/// Whether the page has a header of its own for it. Of caching the stricter rule counts, which is the page's.
fn is_of_the_body(page: &HeaderMap, name: &http::HeaderName) -> bool {
    page.contains_key(name) || name == CACHE_CONTROL
}

fn title(resource: &str) -> String {
    let members = Members::of(resource).unwrap_or_default();
    let kind = members.string("resourceType").unwrap_or_default();
    match members.string("id") {
        Some(id) => format!("{kind}/{id}"),
        None => kind.into_owned(),
    }
}

/// Links to the same in the formats that programs read.
fn others(place: &Place<'_>) -> Vec<(&'static str, String)> {
    if place.target.is_empty() {
        return Vec::new();
    }
    let (path, query) = place.target.split_once('?').unwrap_or((place.target, ""));
    // Two slashes at the start would lead to another site.
    let path = path.trim_start_matches(['/', '\\']);
    let kept = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default();
        !pair.is_empty() && !matches!(name, "_format" | "_pretty")
    };
    let link = |format: &str| {
        let own = format!("_format={format}&_pretty=true");
        let query: Vec<&str> = query
            .split('&')
            .filter(kept)
            .chain([own.as_str()])
            .collect();
        format!("{}/{path}?{}", place.prefix, query.join("&"))
    };
    vec![("JSON", link("json")), ("XML", link("xml"))]
}

/// JSON as HTML. All that comes from the resource is escaped.
struct Highlighted<'a> {
    html: String,
    place: &'a Place<'a>,
}

impl Highlighted<'_> {
    fn span(&mut self, class: &str, text: &str) {
        let text = escape(text);
        self.html
            .push_str(&format!("<span class=\"{class}\">{text}</span>"));
    }
}

impl Ink for Highlighted<'_> {
    fn mark(&mut self, text: &str) {
        self.html.push_str(text);
    }

    fn name(&mut self, json: &str) {
        self.span("name", json);
    }

    fn value(&mut self, name: &str, json: &RawValue) {
        let text = json::string(json);
        let link = text
            .as_deref()
            .and_then(|text| link(self.place, name, text));
        match link {
            Some(link) => {
                let (link, text) = (escape(&link), escape(json.get()));
                self.html
                    .push_str(&format!("<a href=\"{link}\">{text}</a>"));
            }
            None if text.is_some() => self.span("string", json.get()),
            None => self.span("plain", json.get()),
        }
    }
}

/// Where a value leads, if it is the URL of something on this server.
fn link(place: &Place<'_>, name: &str, value: &str) -> Option<String> {
    if !matches!(name, "fullUrl" | "reference" | "url") {
        return None;
    }
    let below = value
        .strip_prefix(place.base)
        .filter(|_| !place.base.is_empty());
    if below.is_some_and(|path| path.is_empty() || path.starts_with('/')) {
        return Some(value.to_owned());
    }
    let (kind, id) = value.split_once('/').filter(|_| name == "reference")?;
    let is_type = kind.starts_with(|letter: char| letter.is_ascii_uppercase())
        && kind.bytes().all(|byte| byte.is_ascii_alphabetic());
    let id = id
        .split_once("/_history/")
        .map_or((id, None), |(id, version)| (id, Some(version)));
    let is_reference = is_type && is_id(id.0) && id.1.is_none_or(is_id);
    is_reference.then(|| format!("{}/{value}", place.prefix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rest::negotiation::{Format, Kind};
    use crate::rest::response;

    const PLACE: Place<'_> = Place {
        base: "https://h.example/fhir",
        prefix: "/fhir",
        target: "/Patient?name=a%22&_format=html&_count=1",
    };

    fn shown(resource: &serde_json::Value) -> String {
        let format = Format {
            kind: Kind::Html,
            pretty: false,
        };
        let answer = response::resource(StatusCode::OK, resource, format);
        show(&answer, &PLACE).unwrap().into_body()
    }

    #[test]
    fn references_and_urls_of_this_server_are_links() {
        let link = |name: &str, value: &str| link(&PLACE, name, value);
        assert_eq!(
            link("reference", "Patient/1").as_deref(),
            Some("/fhir/Patient/1")
        );
        assert_eq!(
            link("reference", "Patient/1/_history/2").as_deref(),
            Some("/fhir/Patient/1/_history/2")
        );
        for own in [
            "https://h.example/fhir",
            "https://h.example/fhir/Patient?a=1&b=%22",
        ] {
            assert_eq!(link("fullUrl", own).as_deref(), Some(own));
        }
        for (name, value) in [
            ("display", "Patient/1"),
            ("url", "Patient/1"),
            ("reference", "#contained"),
            ("reference", "patient/1"),
            ("reference", "Patient/1/2"),
            ("reference", "Patient/\"onclick=x"),
            ("reference", "javascript:alert(1)/1"),
            ("url", "https://h.example/fhirx"),
            ("url", "https://h.example.evil/fhir/Patient/1"),
            ("url", "javascript:alert(1)"),
        ] {
            assert_eq!(link(name, value), None, "{name} {value}");
        }
        let nowhere = Place::default();
        assert_eq!(super::link(&nowhere, "url", "https://x/Patient/1"), None);
    }

    #[test]
    fn nothing_of_a_resource_is_markup() {
        let ugly = "<script>alert('x')</script>\"&'</pre>\u{2028}";
        let page = shown(&serde_json::json!({
            "resourceType": ugly, "id": ugly, ugly: ugly, "url": format!("https://h.example/fhir/{ugly}"), "n": 1.5,
        }));
        assert!(!page.contains("<script") && !page.contains("'x'"), "{page}");
        assert_eq!(page.matches("</pre>").count(), 1, "{page}");
        assert!(
            page.contains("href=\"https://h.example/fhir/&lt;script&gt;"),
            "{page}"
        );
    }

    #[test]
    fn the_other_formats_are_a_click_away() {
        let page = shown(&serde_json::json!({"resourceType": "Patient"}));
        assert!(page.contains("/fhir/Patient?name=a%22"), "{page}");
        let links = others(&PLACE);
        assert_eq!(
            links[0].1,
            "/fhir/Patient?name=a%22&_count=1&_format=json&_pretty=true"
        );
        let elsewhere = Place {
            target: "//evil.example/x",
            prefix: "",
            base: "",
        };
        assert!(others(&elsewhere)[1].1.starts_with("/evil.example/x?"));
    }
}
