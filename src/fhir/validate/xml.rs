//! A resource in XML as the tree that its JSON would be (R4, XML representation of resources).
//!
//! The tables say what is an array, what a primitive, and in which order elements stand. What only XML can get wrong is told
//! here: order, namespaces, attributes, text between elements. All else is left to the walk over the tree.

use std::ops::Range;

use quick_xml::NsReader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};

use super::narrative::XHTML;
use super::path::Path;
use super::schema::{Element, Primitive, Structure, Type};
use super::tables::{PRIMITIVE, REFERENCE, RESOURCES};
use super::tree::{Node, Object};
use super::{Findings, Malformed};
use crate::fhir::r4::IssueType;

/// The namespace of FHIR.
const FHIR: &str = "http://hl7.org/fhir";

/// How deep elements may be nested: JSON is read as deep.
const DEEPEST: usize = 128;

/// How many attributes of an element are looked at.
const MOST_ATTRIBUTES: usize = 32;

/// Reads a resource, and tells what is wrong with its XML.
///
/// # Errors
/// [`Malformed`] if the text is no XML, has a document type, or is nested more than 128 levels deep.
pub fn read(text: &str, findings: &mut Findings) -> Result<Object, Malformed> {
    let mut document = Document {
        reader: NsReader::from_str(text),
        text,
        depth: 0,
        path: Path::default(),
        findings,
    };
    let mut root = None;
    loop {
        let part = document.next()?;
        match part {
            Part::Start(_) if root.is_some() => {
                return Err(document.malformed("there is more than one root element"));
            }
            Part::Start(start) if start.namespace != Space::Fhir => {
                let what = "the root element must have the namespace http://hl7.org/fhir";
                return Err(document.malformed(what));
            }
            Part::Start(start) => root = Some(document.resource(&start)?),
            Part::Text(blank) if blank => {}
            Part::Eof => return root.ok_or_else(|| document.malformed("there is no element")),
            _ => return Err(document.malformed("there is text outside of the root element")),
        }
    }
}

/// In which namespace an element is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Space {
    Fhir,
    Xhtml,
    Other,
}

/// A start tag.
struct Start {
    name: String,
    namespace: Space,
    /// Name and value. Those that are in a namespace are left out.
    attributes: Vec<(String, String)>,
    is_empty: bool,
    /// Where it begins.
    at: usize,
}

/// What is read at once.
enum Part {
    Start(Start),
    End,
    /// Text; whether it is only white space.
    Text(bool),
    Eof,
}

struct Document<'a, 'f> {
    reader: NsReader<&'a [u8]>,
    text: &'a str,
    depth: usize,
    path: Path<'static>,
    findings: &'f mut Findings,
}

impl Document<'_, '_> {
    fn malformed(&self, what: &'static str) -> Malformed {
        self.malformed_at(what, offset(self.reader.buffer_position()))
    }

    fn malformed_at(&self, what: &'static str, at: usize) -> Malformed {
        Malformed::after(what, self.text.get(..at).unwrap_or(self.text))
    }

    fn error(&mut self, code: IssueType, message: &'static str) {
        self.findings.error(&self.path, code, message);
    }

    fn next(&mut self) -> Result<Part, Malformed> {
        loop {
            let at = offset(self.reader.buffer_position());
            let (namespace, event) = match self.reader.read_resolved_event() {
                Ok((namespace, event)) => (space(&namespace), event),
                Err(_) => {
                    let at = offset(self.reader.error_position());
                    return Err(self.malformed_at("not well-formed XML", at));
                }
            };
            let is_empty = matches!(event, Event::Empty(_));
            return Ok(match event {
                Event::Start(element) | Event::Empty(element) => {
                    if self.depth == DEEPEST {
                        return Err(self.malformed_at("the elements are nested too deeply", at));
                    }
                    self.depth += usize::from(!is_empty);
                    let attributes =
                        attributes(&element).map_err(|what| self.malformed_at(what, at))?;
                    Part::Start(Start {
                        name: element.local_name().into_inner().to_owned(),
                        namespace,
                        attributes,
                        is_empty,
                        at,
                    })
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    Part::End
                }
                Event::Text(text) => Part::Text(text.trim_matches(is_space).is_empty()),
                Event::CData(_) => Part::Text(false),
                Event::GeneralRef(reference) => {
                    let is_character = reference.is_char_ref();
                    if !is_character && !PREDEFINED.contains(&reference.into_inner().as_ref()) {
                        return Err(self.malformed_at("an entity is not defined", at));
                    }
                    Part::Text(false)
                }
                Event::Decl(declaration) => {
                    let encoding = declaration.encoding().and_then(Result::ok);
                    let is_utf8 = encoding.is_none_or(|name| name.eq_ignore_ascii_case("utf-8"));
                    if !is_utf8 {
                        return Err(self.malformed_at("XML is read as UTF-8 only", at));
                    }
                    continue;
                }
                Event::DocType(_) => {
                    return Err(self.malformed_at("a document type is not accepted", at));
                }
                Event::Comment(_) | Event::PI(_) => continue,
                Event::Eof if self.depth > 0 => {
                    return Err(self.malformed_at("the document ends early", at));
                }
                Event::Eof => Part::Eof,
            });
        }
    }

    /// The resource whose element has begun.
    fn resource(&mut self, start: &Start) -> Result<Object, Malformed> {
        let table = RESOURCES.iter().find(|table| table.name == start.name);
        let is_root = self.path.is_empty();
        if is_root {
            self.path.push(start.name.clone());
        }
        let mut object = Object::default();
        let name = Node::String(start.name.clone());
        object.0.push(("resourceType".to_owned(), name));
        self.only_attributes(start, &[]);
        match table {
            Some(table) => self.children(start, table, &mut object)?,
            None => self.id_of(start, &mut object)?,
        }
        if is_root {
            self.path.pop();
        }
        Ok(object)
    }

    /// Reads the elements in one that has begun, to its end.
    fn children(
        &mut self,
        start: &Start,
        table: &'static Structure,
        object: &mut Object,
    ) -> Result<(), Malformed> {
        if start.is_empty {
            return Ok(());
        }
        let mut members = Members::default();
        let mut last = 0;
        loop {
            let child = match self.next()? {
                Part::Start(child) => child,
                Part::End | Part::Eof => break,
                Part::Text(true) => continue,
                Part::Text(false) => {
                    self.error(IssueType::Structure, "there is text between the elements");
                    continue;
                }
            };
            self.path.push(child.name.clone());
            let known = table.element(&child.name);
            let is_div = matches!(known, Some((.., Type::Primitive(Primitive::Xhtml))));
            let expected = if is_div { Space::Xhtml } else { Space::Fhir };
            match known {
                Some(_) if child.namespace != expected => {
                    self.error(IssueType::Structure, "the element is in another namespace");
                    self.skip(&child)?;
                }
                Some((place, element, kind)) => {
                    self.path.pop();
                    self.path.push_element(child.name.clone(), element.name);
                    let index = members.count(&child.name);
                    self.path.set_index(element.repeats.then_some(index));
                    if place < last {
                        let message = "the elements are not in the order of the specification";
                        self.error(IssueType::Structure, message);
                    }
                    last = last.max(place);
                    let (value, sibling) = self.element(&child, kind)?;
                    members.add(child.name, element, value, sibling);
                }
                None => {
                    let message = format!("{} has no such element", table.name);
                    self.findings
                        .error(&self.path, IssueType::Structure, message);
                    self.skip(&child)?;
                }
            }
            self.path.pop();
        }
        members.into(object);
        Ok(())
    }

    /// The value of an element that has begun, and what stands beside it if it is a primitive.
    fn element(
        &mut self,
        start: &Start,
        kind: &'static Type,
    ) -> Result<(Option<Node>, Option<Node>), Malformed> {
        match kind {
            Type::Primitive(Primitive::Xhtml) => {
                let whole = self.skip(start)?;
                let text = self.text.get(whole).unwrap_or_default();
                Ok((Some(Node::Lexical(text.to_owned())), None))
            }
            Type::Primitive(_) | Type::Code(_) => {
                self.only_attributes(start, &["id", "value"]);
                let mut beside = identified(start);
                self.children(start, PRIMITIVE, &mut beside)?;
                let value = start
                    .attribute("value")
                    .map(|value| Node::Lexical(value.to_owned()));
                let beside = (!beside.0.is_empty()).then_some(Node::Object(beside));
                // What has neither is told as null would be.
                let nothing = value.is_none() && beside.is_none();
                Ok((nothing.then_some(Node::Null).or(value), beside))
            }
            Type::Of(table) | Type::Coded(table, _) => {
                Ok((Some(self.complex(start, table)?), None))
            }
            Type::Reference(_) => Ok((Some(self.complex(start, REFERENCE)?), None)),
            Type::Resource => {
                self.only_attributes(start, &[]);
                Ok((Some(self.wrapped(start)?), None))
            }
        }
    }

    fn complex(&mut self, start: &Start, table: &'static Structure) -> Result<Node, Malformed> {
        let mut object = identified(start);
        if table.name == "Extension" {
            self.only_attributes(start, &["id", "url"]);
            let url = start.attribute("url");
            object
                .0
                .extend(url.map(|url| ("url".to_owned(), Node::Lexical(url.to_owned()))));
        } else {
            self.only_attributes(start, &["id"]);
        }
        self.children(start, table, &mut object)?;
        Ok(Node::Object(object))
    }

    /// The one resource in an element.
    fn wrapped(&mut self, start: &Start) -> Result<Node, Malformed> {
        if start.is_empty {
            return Ok(Node::Object(Object::default()));
        }
        let mut resource = None;
        loop {
            match self.next()? {
                Part::Start(inner) if resource.is_none() && inner.namespace == Space::Fhir => {
                    resource = Some(self.resource(&inner)?);
                }
                Part::Start(inner) => {
                    let message = "the element has one resource in it, and nothing else";
                    self.error(IssueType::Structure, message);
                    self.skip(&inner)?;
                }
                Part::Text(true) => {}
                Part::Text(false) => {
                    self.error(IssueType::Structure, "there is text between the elements");
                }
                Part::End | Part::Eof => break,
            }
        }
        Ok(Node::Object(resource.unwrap_or_default()))
    }

    /// Goes to the end of an element, and gives what it covers.
    fn skip(&mut self, start: &Start) -> Result<Range<usize>, Malformed> {
        let mut open = usize::from(!start.is_empty);
        while open > 0 {
            match self.next()? {
                Part::Start(inner) => open += usize::from(!inner.is_empty),
                Part::End | Part::Eof => open -= 1,
                Part::Text(_) => {}
            }
        }
        Ok(start.at..offset(self.reader.buffer_position()))
    }

    /// The id of a resource without a table, by which it may be referred to; all else in it is passed over.
    fn id_of(&mut self, start: &Start, object: &mut Object) -> Result<(), Malformed> {
        if start.is_empty {
            return Ok(());
        }
        loop {
            match self.next()? {
                Part::Start(inner) => {
                    let id = inner.attribute("value").filter(|_| inner.name == "id");
                    let id = id.map(|id| ("id".to_owned(), Node::Lexical(id.to_owned())));
                    object.0.extend(id);
                    self.skip(&inner)?;
                }
                Part::Text(_) => {}
                Part::End | Part::Eof => break,
            }
        }
        Ok(())
    }

    fn only_attributes(&mut self, start: &Start, allowed: &[&str]) {
        let mut seen: Vec<&str> = Vec::new();
        for (name, _) in &start.attributes {
            if !allowed.contains(&name.as_str()) || seen.contains(&name.as_str()) {
                self.error(
                    IssueType::Structure,
                    "the element has an attribute that it may not have",
                );
                return;
            }
            seen.push(name);
        }
    }
}

/// The entities that XML itself defines.
const PREDEFINED: &[&str] = &["amp", "apos", "gt", "lt", "quot"];

impl Start {
    fn attribute(&self, name: &str) -> Option<&str> {
        let mut attributes = self.attributes.iter();
        let (_, value) = attributes.find(|(key, _)| key == name)?;
        Some(value)
    }
}

/// What an element has that has an id.
fn identified(start: &Start) -> Object {
    let id = start.attribute("id");
    let id = id.map(|id| ("id".to_owned(), Node::Lexical(id.to_owned())));
    Object(id.into_iter().collect())
}

/// The members of an object in the making.
#[derive(Default)]
struct Members(Vec<Member>);

struct Member {
    name: String,
    repeats: bool,
    values: Vec<Option<Node>>,
    siblings: Vec<Option<Node>>,
}

impl Members {
    fn count(&self, name: &str) -> usize {
        let mut members = self.0.iter();
        members
            .find(|member| member.name == name)
            .map_or(0, |member| member.values.len())
    }

    fn add(&mut self, name: String, element: &Element, value: Option<Node>, sibling: Option<Node>) {
        let place = self.0.iter().position(|member| member.name == name);
        let place = place.unwrap_or_else(|| {
            self.0.push(Member {
                name,
                repeats: element.repeats,
                values: Vec::new(),
                siblings: Vec::new(),
            });
            self.0.len() - 1
        });
        if let Some(member) = self.0.get_mut(place) {
            member.values.push(value);
            member.siblings.push(sibling);
        }
    }

    fn into(self, object: &mut Object) {
        for member in self.0 {
            let sibling = format!("_{}", member.name);
            let nodes = [(member.name, member.values), (sibling, member.siblings)];
            for (name, nodes) in nodes {
                if nodes.iter().all(Option::is_none) {
                    continue;
                }
                let mut nodes: Vec<Node> = nodes
                    .into_iter()
                    .map(|node| node.unwrap_or(Node::Null))
                    .collect();
                let is_array = member.repeats || nodes.len() > 1;
                let node = match nodes.pop() {
                    Some(only) if !is_array => only,
                    last => {
                        nodes.extend(last);
                        Node::Array(nodes)
                    }
                };
                object.0.push((name, node));
            }
        }
    }
}

fn offset(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

fn is_space(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\r' | '\n')
}

fn space(namespace: &ResolveResult<'_>) -> Space {
    match namespace {
        ResolveResult::Bound(Namespace(FHIR)) => Space::Fhir,
        ResolveResult::Bound(Namespace(XHTML)) => Space::Xhtml,
        _ => Space::Other,
    }
}

/// The attributes of a tag that are in no namespace.
fn attributes(element: &BytesStart<'_>) -> Result<Vec<(String, String)>, &'static str> {
    let invalid = "an attribute is not well-formed";
    let mut all = element.attributes();
    // Duplicates are found below, in less time.
    all.with_checks(false);
    let mut attributes = Vec::new();
    for (place, attribute) in all.enumerate() {
        if place == MOST_ATTRIBUTES {
            return Err("an element has too many attributes");
        }
        let attribute = attribute.map_err(|_| invalid)?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0);
        let value = value.map_err(|_| invalid)?.into_owned();
        let name = attribute.key.into_inner();
        // xmlns, xmlns:f, xsi:schemaLocation
        if name != "xmlns" && !name.contains(':') {
            attributes.push((name.to_owned(), value));
        }
    }
    Ok(attributes)
}
