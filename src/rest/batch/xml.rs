//! The Bundle of a batch in XML (R4, XML): elements of the FHIR namespace, whose values are attributes.

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::bundle::{Asked, Entry, Sent, at};
use crate::rest::error::Error;

/// The namespace of FHIR.
const NAMESPACE: &str = "http://hl7.org/fhir";

/// How deep elements may be nested: JSON is read as deep.
const DEEPEST: usize = 128;

/// Reads a Bundle.
pub(super) fn read(body: &[u8]) -> Result<Sent, Error> {
    let text = std::str::from_utf8(body).map_err(|error| {
        let before = body.get(..error.valid_up_to()).unwrap_or_default();
        placed("not UTF-8", &String::from_utf8_lossy(before))
    })?;
    let mut reader = Reader::from_str(text);
    let mut document = Document::default();
    loop {
        let start = offset(reader.buffer_position());
        let wrong = |what, offset| placed(what, text.get(..offset).unwrap_or(text));
        let event = reader
            .read_event()
            .map_err(|_| wrong("not well-formed XML", offset(reader.error_position())))?;
        let taken = match event {
            Event::Start(element) => document.open(&element),
            Event::Empty(element) => document.open(&element).map(|()| document.close()),
            Event::End(_) => {
                document.close();
                Ok(())
            }
            Event::DocType(_) => Err("a document type is not accepted"),
            Event::Eof if document.path.is_empty() && document.has_root => {
                return Ok(document.sent);
            }
            Event::Eof => Err("the document ends early"),
            _ => Ok(()),
        };
        taken.map_err(|what| wrong(what, start))?;
    }
}

fn offset(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

/// What is wrong, and where: after the text before it.
fn placed(what: &str, before: &str) -> Error {
    let line = before.matches('\n').count() + 1;
    let last = before.rsplit('\n').next().unwrap_or_default();
    at(what, line, last.chars().count() + 1)
}

/// What was read until now.
#[derive(Default)]
struct Document {
    sent: Sent,
    /// The names of the elements that are open.
    path: Vec<String>,
    has_root: bool,
}

impl Document {
    fn open(&mut self, element: &BytesStart<'_>) -> Result<(), &'static str> {
        if self.path.len() == DEEPEST {
            return Err("the elements are nested too deeply");
        }
        if self.path.is_empty() {
            self.open_root(element)?;
        }
        self.path.push(element.local_name().into_inner().to_owned());
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        match path.as_slice() {
            ["Bundle", "type"] => self.sent.r#type = value(element)?,
            ["Bundle", "entry"] => self.sent.entry.push(Entry::default()),
            ["Bundle", "entry", "request"] => {
                if let Some(entry) = self.sent.entry.last_mut() {
                    entry.request = Some(Asked::default());
                }
            }
            ["Bundle", "entry", "request", field] => {
                let entry = self.sent.entry.last_mut();
                if let Some(asked) = entry.and_then(|entry| entry.request.as_mut()) {
                    set(asked, field, value(element)?);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn open_root(&mut self, element: &BytesStart<'_>) -> Result<(), &'static str> {
        if self.has_root {
            return Err("there is more than one root element");
        }
        if attribute(element, "xmlns")?.as_deref() != Some(NAMESPACE) {
            return Err("the root element must have the namespace http://hl7.org/fhir");
        }
        self.has_root = true;
        self.sent.resource_type = Some(element.local_name().into_inner().to_owned());
        Ok(())
    }

    fn close(&mut self) {
        self.path.pop();
    }
}

fn set(asked: &mut Asked, field: &str, value: Option<String>) {
    match field {
        "method" => asked.method = value,
        "url" => asked.url = value,
        "ifNoneMatch" => asked.if_none_match = value,
        "ifModifiedSince" => asked.if_modified_since = value,
        _ => {}
    }
}

fn value(element: &BytesStart<'_>) -> Result<Option<String>, &'static str> {
    attribute(element, "value")
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Result<Option<String>, &'static str> {
    let invalid = "an attribute is not well-formed";
    let attribute = element.try_get_attribute(name).map_err(|_| invalid)?;
    let value = attribute.map(|attribute| attribute.normalized_value(XmlVersion::Implicit1_0));
    value
        .transpose()
        .map(|value| value.map(std::borrow::Cow::into_owned))
        .map_err(|_| invalid)
}
