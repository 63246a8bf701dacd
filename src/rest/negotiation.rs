//! Which format the client wants: `_format` before `Accept` (R4, RESTful API, section "content types").

use http::{HeaderMap, header};
use mediatype::{MediaType, MediaTypeList, Name, ReadParams};

use crate::search::query::Pair;

use super::error::Error;

/// The `Content-Type` of every response.
pub const FHIR_JSON: &str = "application/fhir+json; charset=utf-8";

/// The spellings of `_format` that mean JSON. A `+` may arrive as the space that an unencoded one turns into.
const JSON: &[&str] = &[
    "json",
    "text/json",
    "application/json",
    "application/fhir+json",
    "application/fhir json",
];

/// How the response shall be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Format {
    /// With line breaks and indentation.
    pub pretty: bool,
}

/// Decides by the query and the headers.
///
/// # Errors
/// [`Error::NotAcceptable`] if nothing that we write is accepted.
pub fn format(pairs: &[Pair], headers: &HeaderMap) -> Result<Format, Error> {
    let parameter = |name| {
        pairs
            .iter()
            .find(|pair| pair.name == name && pair.modifier.is_none())
            .map(|pair| pair.value.as_str())
    };
    let pretty = parameter("_pretty") == Some("true");
    let accepted = match parameter("_format") {
        Some(format) => {
            let essence = format
                .split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .to_ascii_lowercase();
            JSON.contains(&essence.as_str())
        }
        None => accepts_json(headers),
    };
    if accepted {
        Ok(Format { pretty })
    } else {
        Err(Error::NotAcceptable)
    }
}

fn accepts_json(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT).iter();
    let values: Vec<&str> = values.map(|value| value.to_str().unwrap_or("?")).collect();
    if values.iter().all(|value| value.trim().is_empty()) {
        return true;
    }
    values
        .into_iter()
        .flat_map(MediaTypeList::new)
        .flatten()
        .any(|accepted| is_json(&accepted))
}

/// Whether a person with a browser asks: HTML is named, and liked better than JSON.
#[must_use]
pub fn prefers_html(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT).iter();
    let ranges = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(MediaTypeList::new)
        .flatten();
    let (mut html, mut json) = (0.0, 0.0_f32);
    for range in ranges {
        let essence = range.essence().to_string().to_ascii_lowercase();
        match essence.as_str() {
            "text/html" => html = quality(&range).max(html),
            other if JSON.contains(&other) => json = quality(&range).max(json),
            _ => {}
        }
    }
    html > json
}

/// The weight of a range (RFC 9110, section 12.4.2).
fn quality(range: &MediaType<'_>) -> f32 {
    let weight = range.get_param(Name::new_unchecked("q"));
    weight.map_or(1.0, |weight| weight.unquoted_str().parse().unwrap_or(0.0))
}

/// Whether a range of `Accept` includes JSON of FHIR R4, and is not one that the client rules out with `q=0`.
fn is_json(range: &MediaType<'_>) -> bool {
    let subtype = range.suffix.map_or_else(
        || range.subty.as_str().to_owned(),
        |suffix| format!("{}+{suffix}", range.subty),
    );
    let named = match (range.ty.as_str(), subtype.as_str()) {
        ("*", "*") | ("application", "*") => true,
        (ty, subtype) => JSON.contains(&format!("{ty}/{subtype}").to_ascii_lowercase().as_str()),
    };
    let parameter = |name| {
        range
            .get_param(Name::new_unchecked(name))
            .map(|value| value.unquoted_str().into_owned())
    };
    let excluded = parameter("q")
        .is_some_and(|quality| quality.parse::<f32>().is_ok_and(|quality| quality <= 0.0));
    let version = parameter("fhirVersion").is_none_or(|version| version == "4.0");
    named && version && !excluded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::query::parse;

    #[test]
    fn a_browser_is_told_from_a_program() {
        let prefers = |accept: &str| {
            let mut headers = HeaderMap::new();
            headers.extend(accept.parse().ok().map(|value| (header::ACCEPT, value)));
            prefers_html(&headers)
        };
        for browser in [
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "text/html, application/json;q=0.5",
            "TEXT/HTML",
        ] {
            assert!(prefers(browser), "{browser}");
        }
        for program in [
            "",
            "*/*",
            "application/fhir+json",
            "application/fhir+json, text/html;q=0.9",
            "application/json, text/html",
            "text/html;q=0",
            "text/*",
        ] {
            assert!(!prefers(program), "{program}");
        }
    }

    fn accepted(query: &str, accept: &str) -> bool {
        let mut headers = HeaderMap::new();
        if let Ok(value) = accept.parse() {
            headers.insert(header::ACCEPT, value);
        }
        parse(query).is_ok_and(|pairs| format(&pairs, &headers).is_ok())
    }

    #[test]
    fn json_is_written_under_all_its_names() {
        for accept in [
            "",
            "*/*",
            "application/*",
            "application/json",
            "application/fhir+json",
            "application/fhir+json; fhirVersion=4.0",
            "application/fhir+json;charset=utf-8",
            "text/html, application/fhir+xml;q=0.9, */*;q=0.1",
            "application/fhir+xml, application/fhir+json;q=0.5",
        ] {
            assert!(accepted("", accept), "{accept}");
        }
        for query in [
            "_format=json",
            "_format=application/fhir%2Bjson",
            "_format=application/fhir+json",
        ] {
            assert!(accepted(query, "application/fhir+xml"), "{query}");
        }
    }

    #[test]
    fn what_cannot_be_written_is_not_acceptable() {
        for accept in [
            "application/fhir+xml",
            "text/html",
            "application/json;q=0",
            "application/fhir+json; fhirVersion=3.0",
            "nonsense",
        ] {
            assert!(!accepted("", accept), "{accept}");
        }
        for query in ["_format=xml", "_format=", "_format=application/fhir%2Bxml"] {
            assert!(!accepted(query, "application/json"), "{query}");
        }
    }
}
