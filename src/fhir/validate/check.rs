//! The walk over a resource: every element against its table.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::path::Path;
use super::reference::{self, Inside};
use super::schema::{Element, Structure, Type, ValueSet};
use super::tables::{PRIMITIVE, REFERENCE, RESOURCE_TYPES, RESOURCES};
use super::tree::{Node, Object};
use super::{Findings, primitive};
use crate::fhir::r4::{IssueSeverity, IssueType};

/// The member of JSON that says of which type a resource is.
const RESOURCE_TYPE: &str = "resourceType";

/// Finds all that is wrong with a resource. One that does not say what it is counts as one of `expected`.
pub fn check(resource: &Object, expected: &str, findings: &mut Findings) {
    let name = resource.text(RESOURCE_TYPE).unwrap_or(expected);
    let mut walk = Walk {
        path: Path::of(name),
        inside: Inside::of(resource, name),
        findings,
    };
    walk.resource(resource, Some(expected), Stands::Alone);
}

struct Walk<'a, 'f> {
    path: Path<'a>,
    /// What references with a fragment may lead to.
    inside: Inside<'a>,
    findings: &'f mut Findings,
}

/// Where a resource stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stands {
    Alone,
    Contained,
}

/// An element that is there: its members in JSON.
struct Found<'a> {
    /// Its place in the table.
    place: usize,
    name: &'a str,
    kind: &'static Type,
    value: Option<&'a Node>,
    /// The member with an underscore.
    sibling: Option<&'a Node>,
}

impl<'a> Walk<'a, '_> {
    fn error(&mut self, code: IssueType, message: impl Into<Cow<'static, str>>) {
        self.findings.error(&self.path, code, message);
    }

    /// A resource. The path leads to it.
    fn resource(&mut self, resource: &'a Object, expected: Option<&'a str>, stands: Stands) {
        let name = match resource.get(RESOURCE_TYPE).map(Node::text) {
            Some(Some(name)) => name,
            Some(None) => return self.error(IssueType::Structure, "resourceType must be a string"),
            None => {
                self.error(IssueType::Required, "the resource has no resourceType");
                match expected {
                    Some(expected) => expected,
                    None => return,
                }
            }
        };
        match RESOURCES.iter().find(|table| table.name == name) {
            Some(table) => {
                self.object(table, resource);
                if stands == Stands::Contained {
                    self.contained(resource);
                }
            }
            None if RESOURCE_TYPES.contains(&name) => self.findings.add(
                IssueSeverity::Information,
                &self.path,
                IssueType::NotSupported,
                "a resource of this type is not checked here",
            ),
            None => self.error(IssueType::Structure, "R4 has no such resource type"),
        }
    }

    /// What holds for a resource in `contained` (R4, `DomainResource`, invariants).
    fn contained(&mut self, resource: &Object) {
        if resource.get("id").is_none() {
            let message = "a contained resource must have an id, by which it is referred to";
            self.error(IssueType::Required, message);
        }
        if resource.get("contained").is_some() {
            let message = "dom-2: a contained resource must not contain others";
            self.error(IssueType::Invariant, message);
        }
        let meta = resource.get("meta").and_then(Node::object);
        let has = |name: &str| meta.is_some_and(|meta| meta.get(name).is_some());
        if has("versionId") || has("lastUpdated") {
            let message = "dom-4: a contained resource has no version and no time of a change";
            self.error(IssueType::Invariant, message);
        }
        if has("security") {
            let message = "dom-5: a contained resource has no security label";
            self.error(IssueType::Invariant, message);
        }
    }

    /// The members of an object.
    fn object(&mut self, table: &'static Structure, object: &'a Object) {
        let found = self.known(table, object);
        for (place, element) in table.elements.iter().enumerate() {
            let found: Vec<&Found<'a>> =
                found.iter().filter(|found| found.place == place).collect();
            self.element(element, &found);
        }
    }

    /// The members that the table has, each with its sibling. Of the others it is said that they are wrong.
    fn known(&mut self, table: &'static Structure, object: &'a Object) -> Vec<Found<'a>> {
        let mut found: Vec<Found<'a>> = Vec::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        let mut seen: HashSet<&str> = HashSet::new();
        for (member, node) in &object.0 {
            if !seen.insert(member) {
                self.path.push(member.as_str());
                self.error(IssueType::Structure, "the member is there more than once");
                self.path.pop();
                continue;
            }
            if table.is_resource && member == RESOURCE_TYPE {
                continue;
            }
            let (name, is_sibling) = match member.strip_prefix('_') {
                Some(name) => (name, true),
                None => (member.as_str(), false),
            };
            let known = table
                .element(name)
                .filter(|(.., kind)| !is_sibling || kind.primitive().is_some());
            let Some((place, _, kind)) = known else {
                self.path.push(member.as_str());
                let message = format!("{} has no such element", table.name);
                self.error(IssueType::Structure, message);
                self.path.pop();
                continue;
            };
            let index = *places.entry(name).or_insert(found.len());
            if index == found.len() {
                found.push(Found {
                    place,
                    name,
                    kind,
                    value: None,
                    sibling: None,
                });
            }
            if let Some(found) = found.get_mut(index) {
                let member = if is_sibling {
                    &mut found.sibling
                } else {
                    &mut found.value
                };
                *member = Some(node);
            }
        }
        found
    }

    /// An element: how often it is there, and each time.
    fn element(&mut self, element: &'static Element, found: &[&Found<'a>]) {
        if found.is_empty() {
            if element.required {
                self.path.push(element.name);
                self.error(IssueType::Required, "the element must be there");
                self.path.pop();
            }
            return;
        }
        if found.len() > 1 {
            self.path.push(element.name);
            let message = format!("only one {}[x] may be there", element.name);
            self.error(IssueType::Structure, message);
            self.path.pop();
        }
        for found in found {
            self.path.push_element(found.name, element.name);
            self.occurrences(element, found);
            self.path.pop();
        }
    }

    fn occurrences(&mut self, element: &'static Element, found: &Found<'a>) {
        let (values, siblings) = (items(found.value), items(found.sibling));
        let mut members = [found.value, found.sibling].into_iter().flatten();
        if element.repeats && members.clone().any(|member| !is_array(member)) {
            self.error(
                IssueType::Structure,
                "the element repeats: it must be an array",
            );
        }
        if !element.repeats && members.clone().any(is_array) {
            let message = "the element may be there only once, and is no array";
            self.error(IssueType::Structure, message);
        }
        if members.any(|member| is_array(member) && member.items().is_empty()) {
            self.error(IssueType::Structure, "an array must not be empty");
        }
        let is_paired = found.value.is_none() || found.sibling.is_none();
        if !is_paired && values.len() != siblings.len() {
            let message = "the array and the one with an underscore must have the same length";
            self.error(IssueType::Structure, message);
        }
        let has_index = element.repeats || values.len().max(siblings.len()) > 1;
        for index in 0..values.len().max(siblings.len()) {
            self.path.set_index(has_index.then_some(index));
            self.value(
                found.kind,
                values.get(index),
                siblings.get(index),
                has_index,
            );
        }
        self.path.set_index(None);
    }

    /// One value. The path leads to it.
    fn value(
        &mut self,
        kind: &'static Type,
        value: Option<&'a Node>,
        sibling: Option<&'a Node>,
        in_array: bool,
    ) {
        if kind.primitive().is_some() {
            return self.primitive(kind, value, sibling, in_array);
        }
        let Some(value) = value else { return };
        let Node::Object(object) = value else {
            let message = match value {
                Node::Null => "null is no value",
                _ => "the element must be an object",
            };
            return self.error(IssueType::Structure, message);
        };
        match kind {
            Type::Resource => self.inner_resource(object),
            Type::Of(table) => self.complex(table, object),
            Type::Coded(table, set) => {
                self.complex(table, object);
                self.binding(set, object);
            }
            Type::Reference(targets) => {
                self.complex(REFERENCE, object);
                reference::check(object, targets, &self.inside, &mut self.path, self.findings);
            }
            Type::Primitive(_) | Type::Code(_) => {}
        }
    }

    fn inner_resource(&mut self, resource: &'a Object) {
        if self.path.ends_with("contained") {
            return self.resource(resource, None, Stands::Contained);
        }
        // a resource of its own, with resources of its own in it
        let name = resource.text(RESOURCE_TYPE).unwrap_or_default();
        let outside = std::mem::replace(&mut self.inside, Inside::of(resource, name));
        self.resource(resource, None, Stands::Alone);
        self.inside = outside;
    }

    /// A datatype, or elements of an element.
    fn complex(&mut self, table: &'static Structure, object: &'a Object) {
        if object.0.iter().all(|(name, _)| name == "id") {
            let message = "ele-1: the element must have a value or elements of its own";
            self.error(IssueType::Invariant, message);
        }
        self.object(table, object);
        if table.name == "Extension" {
            self.extension(object);
        }
    }

    fn extension(&mut self, extension: &Object) {
        let mut members = extension
            .0
            .iter()
            .map(|(name, _)| name.trim_start_matches('_'));
        let has_value = members.any(|name| name.starts_with("value"));
        if has_value == extension.get("extension").is_some() {
            let message = "ext-1: an extension has either extensions or a value";
            self.error(IssueType::Invariant, message);
        }
    }

    fn primitive(
        &mut self,
        kind: &'static Type,
        value: Option<&'a Node>,
        sibling: Option<&'a Node>,
        in_array: bool,
    ) {
        let sibling = sibling.filter(|sibling| !(in_array && matches!(sibling, Node::Null)));
        match sibling {
            None => {}
            Some(Node::Object(object)) => {
                let has_value = value.is_some_and(|value| !matches!(value, Node::Null));
                if has_value && !object.0.is_empty() {
                    self.object(PRIMITIVE, object);
                } else {
                    self.complex(PRIMITIVE, object);
                }
            }
            Some(_) => self.error(
                IssueType::Structure,
                "the member with an underscore must be an object",
            ),
        }
        match value {
            None => {}
            Some(Node::Null) if in_array && sibling.is_some() => {}
            Some(Node::Null) => self.error(IssueType::Structure, "null is no value"),
            Some(value) => {
                let Some(primitive) = kind.primitive() else {
                    return;
                };
                if let Err((code, message)) = primitive::check(primitive, value) {
                    return self.error(code, message);
                }
                if let (Type::Code(set), Some(code)) = (kind, value.text())
                    && !set.has(None, code)
                {
                    self.error(IssueType::CodeInvalid, not_in(set));
                }
            }
        }
    }

    /// A concept has to have a code of the value set (R4, terminologies, section "required"). One that has nothing but
    /// extensions says with them why it has none.
    fn binding(&mut self, set: &'static ValueSet, concept: &Object) {
        let codings = concept.get("coding").map(Node::items).unwrap_or_default();
        let mut codings = codings.iter().filter_map(Node::object);
        let is_bound = codings.any(|coding| {
            let code = coding.text("code");
            code.is_some_and(|code| set.has(Some(coding.text("system").unwrap_or_default()), code))
        });
        let is_told = concept.get("coding").is_some() || concept.get("text").is_some();
        if !is_bound && is_told {
            self.error(IssueType::CodeInvalid, not_in(set));
        }
    }
}

fn not_in(set: &ValueSet) -> String {
    format!("the code must be one of the value set {}", set.url)
}

fn is_array(node: &Node) -> bool {
    matches!(node, Node::Array(_))
}

/// The items of an array; what is none is its own only item.
fn items(member: Option<&Node>) -> &[Node] {
    match member {
        Some(Node::Array(items)) => items,
        Some(single) => std::slice::from_ref(single),
        None => &[],
    }
}
