//! Which format the client wants: `_format` before `Accept` (R4, RESTful API, section "content types"; RFC 9110,
//! section 12.5.1).

use http::{HeaderMap, HeaderName, header};
use mediatype::{MediaType, MediaTypeList, Name, ReadParams};

use crate::search;
use crate::search::query::Pair;
use crate::tryton::language::Wanted;

use super::error::Error;

/// The version of FHIR that is written, as the parameter `fhirVersion` of a media type has it.
pub(super) const FHIR_VERSION: &str = "4.0";

/// What a resource can be written as. Of those that a client likes equally the first is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// FHIR JSON
    #[default]
    Json,
    /// FHIR XML
    Xml,
    /// A page for people.
    Html,
}

impl Kind {
    const ALL: &[Self] = &[Self::Json, Self::Xml, Self::Html];

    /// The `Content-Type`.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/fhir+json; charset=utf-8",
            Self::Xml => "application/fhir+xml; charset=utf-8",
            Self::Html => "text/html; charset=utf-8",
        }
    }

    /// The media types that mean it.
    const fn media_types(self) -> &'static [&'static str] {
        match self {
            Self::Json => &["application/fhir+json", "application/json", "text/json"],
            Self::Xml => &["application/fhir+xml", "application/xml", "text/xml"],
            Self::Html => &["text/html"],
        }
    }

    /// The short name, which only `_format` knows.
    const fn short(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Xml => "xml",
            Self::Html => "html",
        }
    }
}

/// How the response shall be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Format {
    /// As what.
    pub kind: Kind,
    /// With line breaks and indentation.
    pub pretty: bool,
}

/// Decides by the query and the headers.
///
/// # Errors
/// [`Error::NotAcceptable`] if nothing that we write is accepted; [`Error::Search`] if `_format` or `_pretty` is there
/// twice, or `_pretty` is neither true nor false.
pub fn format(pairs: &[Pair], headers: &HeaderMap) -> Result<Format, Error> {
    let kind = match once(pairs, "_format")? {
        Some(format) => named(format),
        None => accepted(headers),
    };
    let pretty = match once(pairs, "_pretty")? {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => {
            return Err(Error::Search(search::Error::Value {
                name: "_pretty".to_owned(),
                reason: "true or false".to_owned(),
            }));
        }
    };
    let kind = kind.ok_or(Error::NotAcceptable)?;
    Ok(Format { kind, pretty })
}

/// The format of an error that was found before, or in, what [`format`] looks at: JSON if nothing better is known.
#[must_use]
pub fn for_errors(pairs: Option<&[Pair]>, headers: &HeaderMap) -> Format {
    let asked = |name| pairs.and_then(|pairs| once(pairs, name).ok().flatten());
    let kind = asked("_format").map_or_else(|| accepted(headers), named);
    Format {
        kind: kind.unwrap_or_default(),
        pretty: asked("_pretty") == Some("true"),
    }
}

/// The value of a parameter that may stand only once.
fn once<'p>(pairs: &'p [Pair], name: &str) -> Result<Option<&'p str>, Error> {
    let mut values = pairs
        .iter()
        .filter(|pair| pair.name == name && pair.modifier.is_none());
    let value = values.next().map(|pair| pair.value.as_str());
    match values.next() {
        Some(_) => Err(Error::Search(search::Error::Repeated(name.to_owned()))),
        None => Ok(value),
    }
}

/// What a value of `_format` names. A `+` may have arrived as the space that an unencoded one turns into.
fn named(format: &str) -> Option<Kind> {
    let format = format.trim().to_ascii_lowercase().replace("fhir ", "fhir+");
    let short = |kind: &&Kind| kind.short() == format;
    if let Some(kind) = Kind::ALL.iter().find(short) {
        return Some(*kind);
    }
    let range = MediaType::parse(&format).ok()?;
    let essence = essence(&range);
    let means = |kind: &&Kind| kind.media_types().contains(&essence.as_str());
    let kind = Kind::ALL.iter().find(means).copied();
    kind.filter(|_| is_of_our_version(&range))
}

/// The kind that `Accept` likes best; JSON if there is no such header.
fn accepted(headers: &HeaderMap) -> Option<Kind> {
    let values = headers.get_all(header::ACCEPT).iter();
    // What is no text is no media type.
    let values: Vec<&str> = values.map(|value| value.to_str().unwrap_or("?")).collect();
    if values.iter().all(|value| value.trim().is_empty()) {
        return Some(Kind::default());
    }
    let ranges: Vec<MediaType<'_>> = values
        .into_iter()
        .flat_map(MediaTypeList::new)
        .flatten()
        .collect();
    let mut best = (None, 0.0);
    for kind in Kind::ALL {
        let liked = kind.media_types().iter().map(|name| liking(name, &ranges));
        let liked = liked.fold(0.0, f32::max);
        if liked > best.1 {
            best = (Some(*kind), liked);
        }
    }
    best.0
}

/// How much a media type is liked: by the weight of the range that says most about it (RFC 9110, section 12.5.1).
fn liking(media_type: &str, ranges: &[MediaType<'_>]) -> f32 {
    let mut decisive = (0, 0.0);
    for range in ranges.iter().filter(|range| is_of_our_version(range)) {
        let precision = match essence(range).as_str() {
            "*/*" => 1,
            other if other == media_type => 3,
            other => match (other.split_once('/'), media_type.split_once('/')) {
                (Some((range, "*")), Some((ours, _))) if range == ours => 2,
                _ => continue,
            },
        };
        let weight = parameter(range, "q").map_or(1.0, |weight| weight_of(&weight));
        if precision > decisive.0 || (precision == decisive.0 && weight > decisive.1) {
            decisive = (precision, weight);
        }
    }
    decisive.1
}

/// Type and subtype, in small letters.
fn essence(range: &MediaType<'_>) -> String {
    range.essence().to_string().to_ascii_lowercase()
}

fn is_of_our_version(range: &MediaType<'_>) -> bool {
    parameter(range, "fhirVersion").is_none_or(|version| version == FHIR_VERSION)
}

fn parameter(range: &MediaType<'_>, name: &'static str) -> Option<String> {
    let value = range.get_param(Name::new_unchecked(name));
    value.map(|value| value.unquoted_str().into_owned())
}

/// A weight (RFC 9110, section 12.4.2): what is none counts as a refusal.
fn weight_of(text: &str) -> f32 {
    let weight = text.trim().parse().ok();
    weight
        .filter(|weight| (0.0..=1.0).contains(weight))
        .unwrap_or(0.0)
}

/// Whether a person with a browser asks: HTML is named, and liked better than what programs read.
#[must_use]
pub fn prefers_html(headers: &HeaderMap) -> bool {
    accepted(headers) == Some(Kind::Html)
}

/// Whether the client takes gzip, and likes it no less than nothing (RFC 9110, section 12.5.3).
#[must_use]
pub fn accepts_gzip(headers: &HeaderMap) -> bool {
    let (mut gzip, mut any, mut identity) = (None, None, None);
    for (coding, weight) in list(headers, &header::ACCEPT_ENCODING) {
        match coding.as_str() {
            "gzip" | "x-gzip" => gzip = Some(weight),
            "identity" => identity = Some(weight),
            "*" => any = Some(weight),
            _ => {}
        }
    }
    let gzip = gzip.or(any).unwrap_or(0.0);
    gzip > 0.0 && identity.is_none_or(|identity| gzip >= identity)
}

/// How many languages of `Accept-Language` are looked at, and how long one may be (RFC 5646, section 4.4.1).
const MOST_LANGUAGES: usize = 32;
const LONGEST_LANGUAGE: usize = 35;

/// The languages that `Accept-Language` names (RFC 9110, section 12.5.4), the better liked first. What is none is ignored;
/// of one that is there twice the first counts.
#[must_use]
pub fn languages(headers: &HeaderMap) -> Wanted {
    let is_range = |(range, _): &(String, f32)| {
        let part =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        range == "*" || (range.len() <= LONGEST_LANGUAGE && range.split('-').all(part))
    };
    let named = list(headers, &header::ACCEPT_LANGUAGE).into_iter();
    // `es_AR` is how Tryton, and programs that ask their system, write `es-AR`.
    let named = named.map(|(range, weight)| (range.replace('_', "-"), weight));
    let mut ranges: Vec<(String, f32)> = Vec::new();
    for (range, weight) in named.filter(is_range).take(MOST_LANGUAGES) {
        if !ranges.iter().any(|(before, _)| *before == range) {
            ranges.push((range, weight));
        }
    }
    ranges.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    let (liked, refused): (Vec<_>, Vec<_>) =
        ranges.into_iter().partition(|(_, weight)| *weight > 0.0);
    Wanted {
        ranges: liked.into_iter().map(|(range, _)| range).collect(),
        refused: refused.into_iter().map(|(range, _)| range).collect(),
    }
}

/// The items of a list header and their weights, in small letters.
fn list(headers: &HeaderMap, name: &HeaderName) -> Vec<(String, f32)> {
    let values = headers.get_all(name).iter();
    let items = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let weighed = items.map(|item| {
        let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
        let weight = parameters
            .split(';')
            .filter_map(|parameter| parameter.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
            .map_or(1.0, |(_, weight)| weight_of(weight));
        (name.trim().to_ascii_lowercase(), weight)
    });
    weighed.collect()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::search::query::parse;

    fn headers(name: &HeaderName, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name.clone(), HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    fn kind(query: &str, accept: &[&str]) -> Option<Kind> {
        let pairs = parse(query).unwrap();
        let format = format(&pairs, &headers(&header::ACCEPT, accept));
        format.ok().map(|format| format.kind)
    }

    #[test]
    fn a_browser_is_told_from_a_program() {
        let prefers = |accept: &str| prefers_html(&headers(&header::ACCEPT, &[accept]));
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

    #[test]
    fn the_best_liked_format_is_written() {
        for accept in [
            "",
            "*/*",
            "application/*",
            "application/json",
            "text/json",
            "application/fhir+json",
            "APPLICATION/FHIR+JSON",
            "application/fhir+json; fhirVersion=4.0",
            "application/fhir+json;charset=utf-8",
            "application/fhir+xml;q=0.9, */*;q=0.95",
            "application/fhir+xml;q=0.4, application/fhir+json;q=0.5",
            "application/fhir+xml, application/fhir+json",
            "application/fhir+xml; fhirVersion=3.0, application/json;q=0.1",
            "application/fhir+xml;q=0, application/*;q=0.2",
        ] {
            assert_eq!(kind("", &[accept]), Some(Kind::Json), "{accept}");
        }
        for accept in [
            "application/fhir+xml",
            "application/xml",
            "text/xml",
            "application/fhir+xml, application/fhir+json;q=0.5",
            "application/fhir+xml;fhirVersion=\"4.0\", application/json;q=0.9, text/html;q=0.9",
            "text/turtle, application/xml;q=0.1",
            "application/fhir+json; fhirVersion=3.0, application/xml;q=0.1",
        ] {
            assert_eq!(kind("", &[accept]), Some(Kind::Xml), "{accept}");
        }
        assert_eq!(kind("", &["text/turtle", "text/html"]), Some(Kind::Html));
    }

    #[test]
    fn the_range_that_says_most_decides() {
        let accept = "text/*;q=0.9, application/*, text/html;q=0.1, application/fhir+json;q=0.2, application/json;q=0.2";
        assert_eq!(kind("", &[accept]), Some(Kind::Xml));
        let one_ruled_out =
            "application/fhir+json;q=0, application/json;q=0, text/json;q=0, */*;q=0.1";
        assert_eq!(kind("", &[one_ruled_out]), Some(Kind::Xml));
    }

    #[test]
    fn the_parameter_knows_all_spellings_and_counts_first() {
        for (expected, spellings) in [
            (
                Kind::Json,
                [
                    "json",
                    "application/json",
                    "application/fhir%2Bjson",
                    "text/json",
                ],
            ),
            (
                Kind::Xml,
                ["xml", "application/xml", "application/fhir+xml", "text/xml"],
            ),
            (
                Kind::Html,
                ["html", "text/html", "TEXT/html", "text/html;charset=utf-8"],
            ),
        ] {
            for spelling in spellings {
                let query = format!("_format={spelling}");
                assert_eq!(kind(&query, &["text/turtle"]), Some(expected), "{query}");
            }
        }
        assert_eq!(
            kind("_format=application/fhir+json;fhirVersion=4.0", &[]),
            Some(Kind::Json)
        );
    }

    #[test]
    fn what_cannot_be_written_is_not_acceptable() {
        for accept in [
            "text/turtle",
            "application/json;q=0",
            "application/fhir+json; fhirVersion=3.0",
            "application/json;q=x",
            "application/json;q=7",
            "application/json;q=NaN",
            "nonsense",
        ] {
            assert_eq!(kind("", &[accept]), None, "{accept}");
        }
        for query in [
            "_format=ttl",
            "_format=",
            "_format=application/fhir%2Bxml;fhirVersion=5.0",
            "_format=*/*",
        ] {
            assert_eq!(kind(query, &["application/json"]), None, "{query}");
        }
    }

    #[test]
    fn format_and_pretty_stand_once_and_pretty_is_a_boolean() {
        let bad = |query: &str| format(&parse(query).unwrap(), &HeaderMap::new());
        for query in [
            "_pretty=1",
            "_pretty=",
            "_pretty=TRUE",
            "_pretty=true&_pretty=true",
            "_format=json&_format=xml",
        ] {
            assert!(matches!(bad(query), Err(Error::Search(_))), "{query}");
        }
        assert!(bad("_pretty=true").unwrap().pretty);
        assert!(!bad("_pretty=false").unwrap().pretty);
    }

    #[test]
    fn errors_are_told_in_the_format_that_is_known() {
        let asked = |query: &str, accept: &str| {
            let pairs = parse(query).unwrap();
            for_errors(Some(&pairs), &headers(&header::ACCEPT, &[accept])).kind
        };
        assert_eq!(asked("_format=xml&_pretty=x", "*/*"), Kind::Xml);
        assert_eq!(asked("_format=ttl", "application/xml"), Kind::Json);
        assert_eq!(asked("_format=xml&_format=html", "text/xml"), Kind::Xml);
        assert_eq!(
            for_errors(None, &headers(&header::ACCEPT, &["text/turtle"])).kind,
            Kind::Json
        );
    }

    #[test]
    fn languages_are_ordered_by_how_they_are_liked() {
        let wanted = |values: &[&str]| languages(&headers(&header::ACCEPT_LANGUAGE, values));
        let ranges = |values: &[&str]| wanted(values).ranges.join(" ");
        assert_eq!(ranges(&["da, en-GB;q=0.8, en;q=0.7"]), "da en-gb en");
        assert_eq!(ranges(&["en;q=0.7, *;q=0.1", "es_AR;q=0.9 "]), "es-ar en *");
        assert_eq!(ranges(&["es;q=0.5, de;q=0.5, es;q=1"]), "es de");
        let refusing = wanted(&["es-AR, es;q=0, fr;q=0.000, de;q=7"]);
        assert_eq!(refusing.ranges, ["es-ar"]);
        let mut refused: Vec<_> = refusing.refused.into_iter().collect();
        refused.sort();
        assert_eq!(refused, ["de", "es", "fr"]);
    }

    #[test]
    fn what_is_no_language_is_ignored() {
        let none = Wanted::default();
        let long = format!("{}-x", "a".repeat(40));
        for value in [
            "", ",", ";q=1", "e s", "es--ar", "-es", "'; DROP", &long, "é",
        ] {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            let headers: HeaderMap = [(header::ACCEPT_LANGUAGE, value)].into_iter().collect();
            assert_eq!(languages(&headers), none);
        }
        assert_eq!(languages(&HeaderMap::new()), none);
        let many: Vec<String> = (0..200).map(|number| format!("x{number}")).collect();
        let many = languages(&headers(&header::ACCEPT_LANGUAGE, &[&many.join(",")]));
        assert_eq!(many.ranges.len(), MOST_LANGUAGES);
    }

    #[test]
    fn gzip_is_sent_to_those_who_take_it() {
        let accepts = |values: &[&str]| accepts_gzip(&headers(&header::ACCEPT_ENCODING, values));
        for values in [
            &["gzip"][..],
            &["deflate, GZIP;q=0.5"],
            &["*"],
            &["br", "x-gzip"],
            &["identity;q=0.5, gzip;q=0.5"],
        ] {
            assert!(accepts(values), "{values:?}");
        }
        for values in [
            &[][..],
            &[""],
            &["br"],
            &["gzip;q=0"],
            &["*;q=0"],
            &["gzip;q=0, *"],
            &["identity, gzip;q=0.5"],
            &["gzip;q=x"],
        ] {
            assert!(!accepts(values), "{values:?}");
        }
    }
}
