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
