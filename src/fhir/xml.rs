//! A resource as FHIR XML, made of its JSON (R4, XML representation of resources; JSON and XML hold the same).
//!
//! - An element is an XML element, a primitive value its attribute `value`, in exactly the digits that the JSON has.
//! - `id` of an element and `url` of an extension are attributes; `id` of a resource is an element.
//! - A resource in another one stands in an element of its type's name.
//! - `Narrative.div` is XHTML already, and stands as it is.
//!
//! XML 1.0 cannot hold all that JSON can (section 2.2, `Char`): U+0000 to U+001F except tab, line feed and carriage
//! return, U+FFFE and U+FFFF. R4 forbids most of them in a string. Should one be there all the same, U+FFFD stands for it:
//! it says that something was there, where leaving it out would join what it separated.

use std::borrow::Cow;
use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesStart, BytesText, Event};
use serde_json::value::RawValue;

use super::json::{self, Kind, Members};

/// The namespace of FHIR.
const NAMESPACE: &str = "http://hl7.org/fhir";

/// How far each level is indented.
const INDENT: usize = 2;

/// What cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The text is no JSON object, or has an object where none can be.
    #[error("not the JSON of a resource")]
    Json(#[from] serde_json::Error),
    /// The object has no `resourceType`.
    #[error("the JSON has no resourceType")]
    Untyped,
    /// Memory ran out: nothing else can fail in writing to it.
    #[error("the XML could not be written")]
    Write(#[from] io::Error),
}

/// Writes a resource as an XML document; `pretty` puts each element on a line.
///
/// # Errors
/// If this is not the JSON of a resource.
pub fn document(resource: &str, pretty: bool) -> Result<String, Error> {
    let members = Members::of(resource)?;
    let mut writer = if pretty {
        Writer::new_with_indent(Vec::new(), b' ', INDENT)
    } else {
        Writer::new(Vec::new())
    };
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let mut document = Document(writer);
    document.resource(&members, Some(NAMESPACE))?;
    let written = document.0.into_inner();
    String::from_utf8(written).map_err(|error| Error::Write(io::Error::other(error)))
}

struct Document(Writer<Vec<u8>>);

impl Document {
    fn resource(&mut self, members: &Members<'_>, namespace: Option<&str>) -> Result<(), Error> {
        let name = members.string("resourceType").ok_or(Error::Untyped)?;
        let mut start = BytesStart::new(name.as_ref());
        if let Some(namespace) = namespace {
            start.push_attribute(("xmlns", namespace));
        }
        let is_element = |name: &str| name != "resourceType";
        self.element(start, members, is_element)
    }

    /// An element and those of its members that are elements too.
    fn element(
        &mut self,
        start: BytesStart<'_>,
        members: &Members<'_>,
        is_element: impl Fn(&str) -> bool,
    ) -> Result<(), Error> {
        if !members.0.iter().any(|(name, _)| is_element(name)) {
            self.0.write_event(Event::Empty(start))?;
            return Ok(());
        }
        let end = start.to_end().into_owned();
        self.0.write_event(Event::Start(start))?;
        for (name, value) in &members.0 {
            if !is_element(name) {
                continue;
            }
            match name.strip_prefix('_') {
                // It stands with the value, if there is one.
                Some(name) if members.get(name).is_some() => {}
                Some(name) => self.member(name, None, Some(value))?,
                None => self.member(name, Some(value), members.get(&format!("_{name}")))?,
            }
        }
        self.0.write_event(Event::End(end))?;
        Ok(())
    }

    /// A member with its sibling: an element, or one for each item.
    fn member(
        &mut self,
        name: &str,
        value: Option<&RawValue>,
        sibling: Option<&RawValue>,
    ) -> Result<(), Error> {
        let is_array = |value: Option<&RawValue>| value.map(Kind::of) == Some(Kind::Array);
        if !is_array(value) && !is_array(sibling) {
            return self.value(name, value, sibling);
        }
        let items = |value: Option<_>| value.map_or(Ok(Vec::new()), json::items);
        let (values, siblings) = (items(value)?, items(sibling)?);
        for index in 0..values.len().max(siblings.len()) {
            let at = |items: &[_]| items.get(index).copied();
            self.value(name, at(&values), at(&siblings))?;
        }
        Ok(())
    }

    fn value(
        &mut self,
        name: &str,
        value: Option<&RawValue>,
        sibling: Option<&RawValue>,
    ) -> Result<(), Error> {
        match value.map(Kind::of) {
            Some(Kind::Object) => {
                let members =
                    value.map_or(Ok(Members::default()), |value| Members::of(value.get()))?;
                self.complex(name, &members)
            }
            Some(Kind::String) if name == "div" => {
                let xhtml = value.and_then(json::string).unwrap_or_default();
                let xhtml = BytesText::from_escaped(representable(xhtml));
                self.0.write_event(Event::Text(xhtml))?;
                Ok(())
            }
            _ => self.primitive(name, value, sibling),
        }
    }

    fn complex(&mut self, name: &str, members: &Members<'_>) -> Result<(), Error> {
        let mut start = BytesStart::new(name);
        if members.get("resourceType").is_some() {
            let end = start.to_end().into_owned();
            self.0.write_event(Event::Start(start))?;
            self.resource(members, None)?;
            self.0.write_event(Event::End(end))?;
            return Ok(());
        }
        let is_extension = matches!(name, "extension" | "modifierExtension");
        let is_attribute = |name: &str| name == "id" || (is_extension && name == "url");
        for (name, value) in &members.0 {
            if is_attribute(name) {
                let text = json::string(value).unwrap_or_default();
                start.push_attribute((name.as_ref(), representable(text).as_ref()));
            }
        }
        self.element(start, members, |name| !is_attribute(name))
    }

    fn primitive(
        &mut self,
        name: &str,
        value: Option<&RawValue>,
        sibling: Option<&RawValue>,
    ) -> Result<(), Error> {
        let sibling = sibling.filter(|sibling| Kind::of(sibling) == Kind::Object);
        let members =
            sibling.map_or(Ok(Members::default()), |sibling| Members::of(sibling.get()))?;
        let value = value.filter(|value| Kind::of(value) != Kind::Null);
        if value.is_none() && members.0.is_empty() {
            return Ok(());
        }
        let mut start = BytesStart::new(name);
        if let Some(id) = members.string("id") {
            start.push_attribute(("id", representable(id).as_ref()));
        }
        if let Some(value) = value {
            let text = json::string(value).unwrap_or(Cow::Borrowed(value.get()));
            start.push_attribute(("value", representable(text).as_ref()));
        }
        self.element(start, &members, |name| name != "id")
    }
}

/// The text, with U+FFFD for each character that XML 1.0 cannot hold.
fn representable(text: Cow<'_, str>) -> Cow<'_, str> {
    let foreign = |character: char| matches!(character, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    if text.contains(foreign) {
        Cow::Owned(text.replace(foreign, "\u{fffd}"))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(json: &str) -> String {
        let xml = document(json, false).unwrap();
        let declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
        xml.strip_prefix(declaration).unwrap().to_owned()
    }

    fn patient(members: &str) -> String {
        let xml = written(&format!("{{\"resourceType\":\"Patient\",{members}}}"));
        let inner = xml.strip_prefix("<Patient xmlns=\"http://hl7.org/fhir\">");
        let inner = inner.and_then(|xml| xml.strip_suffix("</Patient>"));
        inner.unwrap_or_else(|| panic!("{xml}")).to_owned()
    }

    #[test]
    fn primitives_are_attributes_in_the_order_and_digits_of_the_json() {
        assert_eq!(
            patient(
                r#""id":"7","active":true,"name":[{"id":"n","family":"B","given":["A","C"]}],"x":1.10,"y":-1e-7"#
            ),
            "<id value=\"7\"/><active value=\"true\"/><name id=\"n\"><family value=\"B\"/><given value=\"A\"/>\
             <given value=\"C\"/></name><x value=\"1.10\"/><y value=\"-1e-7\"/>"
        );
    }

    #[test]
    fn the_sibling_of_a_primitive_stands_in_its_element() {
        let extension = r#"{"extension":[{"url":"http://u","valueCode":"unknown"}]}"#;
        let inner = "<extension url=\"http://u\"><valueCode value=\"unknown\"/></extension>";
        assert_eq!(
            patient(&format!(r#""_birthDate":{extension}"#)),
            format!("<birthDate>{inner}</birthDate>")
        );
        assert_eq!(
            patient(&format!(
                r#""birthDate":"1980","_birthDate":{extension},"gender":"male""#
            )),
            format!("<birthDate value=\"1980\">{inner}</birthDate><gender value=\"male\"/>")
        );
        assert_eq!(
            patient(r#""birthDate":"1980","_birthDate":{"id":"a"}"#),
            "<birthDate id=\"a\" value=\"1980\"/>"
        );
    }

    #[test]
    fn items_and_their_siblings_are_paired() {
        let extension = r#"{"extension":[{"url":"u","valueString":"e"}]}"#;
        let inner = "<extension url=\"u\"><valueString value=\"e\"/></extension>";
        assert_eq!(
            patient(&format!(
                r#""given":["a",null,"c"],"_given":[null,{extension}]"#
            )),
            format!("<given value=\"a\"/><given>{inner}</given><given value=\"c\"/>")
        );
        assert_eq!(
            patient(&format!(r#""_given":[null,{extension}]"#)),
            format!("<given>{inner}</given>")
        );
    }

    #[test]
    fn only_the_url_of_an_extension_is_an_attribute() {
        let json = r#"{"resourceType":"Bundle","link":[{"relation":"self","url":"http://h/?a=1&b=2"}],"entry":[{"resource":{
            "resourceType":"Patient","id":"1","contained":[{"resourceType":"Organization","id":"o"}],
            "extension":[{"url":"u","extension":[{"url":"v","valueUrl":"w"}]}]}}]}"#;
        assert_eq!(
            written(json),
            "<Bundle xmlns=\"http://hl7.org/fhir\"><link><relation value=\"self\"/><url value=\"http://h/?a=1&amp;b=2\"/></link>\
             <entry><resource><Patient><id value=\"1\"/><contained><Organization><id value=\"o\"/></Organization></contained>\
             <extension url=\"u\"><extension url=\"v\"><valueUrl value=\"w\"/></extension></extension></Patient></resource>\
             </entry></Bundle>"
        );
    }

    #[test]
    fn the_narrative_stands_as_it_is() {
        let div = "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>a &amp; b</p></div>";
        let text = format!(
            r#"{{"status":"generated","div":{}}}"#,
            serde_json::json!(div)
        );
        assert_eq!(
            patient(&format!("\"text\":{text}")),
            format!("<text><status value=\"generated\"/>{div}</text>")
        );
    }

    #[test]
    fn values_cannot_leave_their_attribute() {
        let value = "a\"'<>&]]>\t\n\r\u{85}é😀";
        let json = serde_json::json!({"resourceType": "Patient", "language": value}).to_string();
        assert_eq!(
            written(&json),
            "<Patient xmlns=\"http://hl7.org/fhir\"><language value=\"a&quot;&apos;&lt;&gt;&amp;]]&gt;&#9;&#10;&#13;\u{85}é😀\"/></Patient>"
        );
    }

    #[test]
    fn characters_that_xml_cannot_hold_are_replaced() {
        assert_eq!(
            patient(r#""language":"a\u0000b\u001fc\ufffed\uffffe\u000bf""#),
            "<language value=\"a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}e\u{fffd}f\"/>"
        );
    }

    #[test]
    fn pretty_puts_each_element_on_a_line() {
        let xml = document(
            r#"{"resourceType":"Patient","name":[{"family":"B"}]}"#,
            true,
        )
        .unwrap();
        assert_eq!(
            xml,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Patient xmlns=\"http://hl7.org/fhir\">\n  <name>\n    \
             <family value=\"B\"/>\n  </name>\n</Patient>"
        );
    }

    #[test]
    fn what_is_no_resource_is_an_error() {
        for json in [
            "",
            "[]",
            "{}",
            "{\"resourceType\":1}",
            "{\"resourceType\":\"Patient\",\"name\":[{]}",
        ] {
            assert!(document(json, false).is_err(), "{json}");
        }
    }
}
