//! The Bundle that was sent, as far as a batch needs it: which requests are in it. Resources in it are not looked at, since
//! nothing that would take one is served.

use std::fmt::Display;

use http::request::Parts;
use serde::Deserialize;
use serde_json::error::Category;

use super::xml;
use crate::fhir::r4::IssueType;
use crate::rest::body;
use crate::rest::error::Error;

/// How many entries are processed in one request.
pub(super) const MOST_ENTRIES: usize = 100;

const JSON: &[&str] = &["application/fhir+json", "application/json"];
const XML: &[&str] = &["application/fhir+xml", "application/xml"];

/// A request in an entry (R4, `Bundle.entry.request`), as it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Asked {
    pub(super) method: Option<String>,
    pub(super) url: Option<String>,
    pub(super) if_none_match: Option<String>,
    pub(super) if_modified_since: Option<String>,
}

/// A Bundle, as it was sent. Some of it may be missing.
#[derive(Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sent {
    pub(super) resource_type: Option<String>,
    pub(super) r#type: Option<String>,
    #[serde(default)]
    pub(super) entry: Vec<Entry>,
}

/// An entry of it.
#[derive(Debug, PartialEq, Eq, Default, Deserialize)]
pub(super) struct Entry {
    pub(super) request: Option<Asked>,
}

/// The requests of a batch; `None` for an entry that has none.
///
/// # Errors
/// [`Error::MediaType`]; [`Error::Bundle`] if it is no Bundle, no batch, or too long.
pub(super) fn read(request: &Parts, body: &[u8]) -> Result<Vec<Option<Asked>>, Error> {
    let media_type = body::media_type(request).unwrap_or_default();
    let sent = match media_type.as_str() {
        json if JSON.contains(&json) => from_json(body)?,
        xml if XML.contains(&xml) => xml::read(body)?,
        _ => {
            return Err(Error::MediaType(
                "application/fhir+json or application/fhir+xml",
            ));
        }
    };
    requests(sent)
}

fn from_json(body: &[u8]) -> Result<Sent, Error> {
    serde_json::from_slice(body).map_err(|error| {
        // serde's messages could quote a value.
        let what = match error.classify() {
            Category::Data => "an element is not of the type that it has in a Bundle",
            _ => "not JSON",
        };
        at(what, error.line(), error.column())
    })
}

/// What is wrong, and where.
pub(super) fn at(what: impl Display, line: usize, column: usize) -> Error {
    invalid(
        IssueType::Structure,
        format!("the body is not understood: {what}, at line {line}, column {column}"),
    )
}

fn invalid(code: IssueType, message: impl Into<String>) -> Error {
    Error::Bundle {
        code,
        message: message.into(),
    }
}

fn requests(sent: Sent) -> Result<Vec<Option<Asked>>, Error> {
    if sent.resource_type.as_deref() != Some("Bundle") {
        return Err(invalid(
            IssueType::Structure,
            "the body must be a resource of the type Bundle",
        ));
    }
    match sent.r#type.as_deref() {
        Some("batch") => {}
        Some("transaction") => {
            return Err(invalid(
                IssueType::NotSupported,
                "transactions are not served, since nothing can be written; send the Bundle with the type batch",
            ));
        }
        Some(_) => {
            return Err(invalid(
                IssueType::Value,
                "a Bundle that is sent here must be of the type batch",
            ));
        }
        None => return Err(invalid(IssueType::Required, "the Bundle has no type")),
    }
    if sent.entry.len() > MOST_ENTRIES {
        return Err(invalid(
            IssueType::TooCostly,
            format!("the Bundle has more than {MOST_ENTRIES} entries; send several"),
        ));
    }
    Ok(sent.entry.into_iter().map(|entry| entry.request).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_as(media_type: &str, body: &str) -> Result<Vec<Option<Asked>>, Error> {
        let request = http::Request::post("/").header("content-type", media_type);
        let request = request.body(()).map_err(|_| Error::Internal("request"))?;
        read(&request.into_parts().0, body.as_bytes())
    }

    fn refused(media_type: &str, body: &str) -> (IssueType, String) {
        match read_as(media_type, body) {
            Err(Error::Bundle { code, message }) => (code, message),
            other => panic!("{other:?}"),
        }
    }

    const BATCH: &str = r#"{"resourceType":"Bundle","type":"batch","entry":[
        {"fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient","name":[{"family":"x"}]},
         "request":{"method":"GET","url":"Patient/1","ifNoneMatch":"W/\"1\"","ifModifiedSince":"2024-01-01T00:00:00Z"}},
        {"resource":{"resourceType":"Patient"}}]}"#;

    /// The same as XML.
    const BATCH_XML: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
        <!-- a batch --><Bundle xmlns="http://hl7.org/fhir"><type value="batch"/><entry><fullUrl value="urn:uuid:1"/>
        <resource><Patient><text><div xmlns="http://www.w3.org/1999/xhtml">a<br/>&amp;</div></text>
        <name><family value="x"/></name></Patient></resource>
        <request><method value="GET"/><url value="Patient/1"></url><ifNoneMatch value="W/&quot;1&quot;"/>
        <ifModifiedSince value="2024-01-01T00:00:00Z"/></request></entry>
        <entry><resource><Patient/></resource></entry></Bundle>"#;

    #[test]
    fn the_requests_of_a_batch_are_read_from_both_formats() {
        let first = Asked {
            method: Some("GET".into()),
            url: Some("Patient/1".into()),
            if_none_match: Some("W/\"1\"".into()),
            if_modified_since: Some("2024-01-01T00:00:00Z".into()),
        };
        let expected = Ok(vec![Some(first), None]);
        for media_type in ["application/fhir+json", "application/JSON; charset=utf-8"] {
            assert_eq!(read_as(media_type, BATCH), expected, "{media_type}");
        }
        for media_type in ["application/fhir+xml; fhirVersion=4.0", "application/xml"] {
            assert_eq!(read_as(media_type, BATCH_XML), expected, "{media_type}");
        }
    }

    #[test]
    fn what_is_not_understood_is_located_and_not_repeated() {
        for (media_type, body, place) in [
            (
                "application/json",
                "{\n  \"Secret\" 1}",
                "line 2, column 12",
            ),
            ("application/json", "", "line 1, column 0"),
            (
                "application/json",
                "{\"resourceType\":\"Bundle\",\"type\":\"batch\",\n\"entry\":\"Secret\"}",
                "line 2, column 16",
            ),
            ("application/json", "[\n\"Secret\"]", "line 2"),
            (
                "application/xml",
                "<Bundle xmlns=\"http://hl7.org/fhir\">\n<Secret></Other>",
                "line 2, column 9",
            ),
            (
                "application/xml",
                "<Bundle xmlns=\"http://hl7.org/fhir\">\n<type",
                "line 2",
            ),
            ("application/xml", "Secret", "line 1"),
        ] {
            let (code, message) = refused(media_type, body);
            assert_eq!(code, IssueType::Structure, "{body}");
            assert!(message.contains(place), "{body}: {message}");
            assert!(!message.contains("Secret"), "{message}");
        }
    }

    #[test]
    fn what_is_no_batch_is_refused_for_what_it_is() {
        let bundle = |kind: &str| format!(r#"{{"resourceType":"Bundle","type":"{kind}"}}"#);
        for (body, code) in [
            ("{}".to_owned(), IssueType::Structure),
            (
                r#"{"resourceType":"Patient"}"#.to_owned(),
                IssueType::Structure,
            ),
            (
                r#"{"resourceType":"Bundle"}"#.to_owned(),
                IssueType::Required,
            ),
            (bundle("transaction"), IssueType::NotSupported),
            (bundle("collection"), IssueType::Value),
        ] {
            assert_eq!(refused("application/json", &body).0, code, "{body}");
        }
        for (body, code) in [
            (
                "<Patient xmlns=\"http://hl7.org/fhir\"/>",
                IssueType::Structure,
            ),
            (
                "<Bundle xmlns=\"http://hl7.org/fhir\"/>",
                IssueType::Required,
            ),
            (
                "<Bundle><type value=\"batch\"/></Bundle>",
                IssueType::Structure,
            ),
        ] {
            assert_eq!(refused("application/xml", body).0, code, "{body}");
        }
        assert_eq!(read_as("application/json", &bundle("batch")), Ok(vec![]));
        for media_type in ["text/plain", "", "application/x-www-form-urlencoded"] {
            assert!(matches!(
                read_as(media_type, BATCH),
                Err(Error::MediaType(_))
            ));
        }
    }

    #[test]
    fn a_batch_has_a_longest_length() {
        let batch = |entries: usize| {
            let entries = vec!["{}"; entries].join(",");
            format!(r#"{{"resourceType":"Bundle","type":"batch","entry":[{entries}]}}"#)
        };
        assert!(read_as("application/json", &batch(MOST_ENTRIES)).is_ok());
        let (code, message) = refused("application/json", &batch(MOST_ENTRIES + 1));
        assert_eq!(code, IssueType::TooCostly);
        assert!(message.contains("100"), "{message}");
    }

    #[test]
    fn entities_and_deep_nesting_are_refused_in_both_formats() {
        let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\">]><Bundle xmlns=\"http://hl7.org/fhir\"><type value=\"&a;\"/></Bundle>";
        assert_eq!(refused("application/xml", bomb).0, IssueType::Structure);
        let entity = "<Bundle xmlns=\"http://hl7.org/fhir\"><type value=\"&a;\"/></Bundle>";
        assert_eq!(refused("application/xml", entity).0, IssueType::Structure);
        let deep = format!(
            "<Bundle xmlns=\"http://hl7.org/fhir\">{}",
            "<a>".repeat(100_000)
        );
        assert_eq!(refused("application/xml", &deep).0, IssueType::Structure);
        let deep = format!("{{\"x\":{}", "[".repeat(100_000));
        assert_eq!(refused("application/json", &deep).0, IssueType::Structure);
    }
}
