//! What a reference leads to (R4, references): whether it is one, and to which type.

use std::collections::HashMap;

use super::Findings;
use super::path::Path;
use super::tables::RESOURCE_TYPES;
use super::tree::{Node, Object};
use crate::fhir::r4::IssueType;
use crate::fhir::text::is_id;

/// The base of the URLs that name the types of R4.
const DEFINITION: &str = "http://hl7.org/fhir/StructureDefinition/";

/// The resources that references with a fragment lead to: the one that contains others, and those.
pub(super) struct Inside<'a> {
    container: &'a str,
    /// Types by id.
    contained: HashMap<&'a str, &'a str>,
}

impl<'a> Inside<'a> {
    /// Of a resource of this type.
    pub(super) fn of(resource: &'a Object, name: &'a str) -> Self {
        let contained = resource.get("contained").map(Node::items);
        let named = contained.unwrap_or_default().iter().filter_map(|node| {
            let resource = node.object()?;
            let name = resource.text("resourceType").unwrap_or_default();
            Some((resource.text("id")?, name))
        });
        Self {
            container: name,
            contained: named.collect(),
        }
    }
}

/// What the text of a reference says.
enum Leads<'a> {
    /// To a resource of this type.
    To(&'a str),
    /// To what cannot be known.
    Somewhere,
    Wrong(IssueType, &'static str),
}

/// Checks a reference that must lead to one of these types, or to any if there are none.
pub(super) fn check(
    reference: &Object,
    targets: &[&str],
    inside: &Inside<'_>,
    path: &mut Path<'_>,
    findings: &mut Findings,
) {
    let mut say = |name: &'static str, code, message: String| {
        path.push(name);
        findings.error(path, code, message);
        path.pop();
    };
    let is_target = |name: &str| targets.is_empty() || targets.contains(&name);
    let must = || format!("the reference must lead to one of: {}", targets.join(", "));
    let text = reference.text("reference").filter(|text| !text.is_empty());
    let led = match text.map(|text| leads(text, inside)) {
        Some(Leads::To(name)) => Some(name),
        Some(Leads::Wrong(code, message)) => {
            say("reference", code, message.to_owned());
            None
        }
        Some(Leads::Somewhere) | None => None,
    };
    if led.is_some_and(|name| !is_target(name)) {
        say("reference", IssueType::Value, must());
    }
    let declared = reference.text("type").filter(|name| !name.is_empty());
    let Some(declared) = declared.map(|name| name.strip_prefix(DEFINITION).unwrap_or(name)) else {
        return;
    };
    // A URL of another place names a logical model.
    if declared.contains(':') {
        return;
    }
    if !RESOURCE_TYPES.contains(&declared) {
        say(
            "type",
            IssueType::Value,
            "R4 has no such resource type".to_owned(),
        );
    } else if led.is_some_and(|name| name != declared) {
        say(
            "type",
            IssueType::Value,
            "the reference leads to another type".to_owned(),
        );
    } else if !is_target(declared) && led.is_none() {
        say("type", IssueType::Value, must());
    }
}

fn leads<'a>(text: &'a str, inside: &Inside<'a>) -> Leads<'a> {
    if let Some(id) = text.strip_prefix('#') {
        return match inside.contained.get(id) {
            _ if id.is_empty() => Leads::To(inside.container),
            Some(name) => Leads::To(name),
            None => Leads::Wrong(
                IssueType::NotFound,
                "ref-1: the resource contains none with this id",
            ),
        };
    }
    if let Some((_, rest)) = text.split_once("://") {
        let is_of_rest = text.starts_with("http://") || text.starts_with("https://");
        let segments: Vec<&str> = rest.split('/').skip(1).collect();
        // Whose URL is not that of a FHIR server may still be one.
        return match is_of_rest.then(|| served(&segments)).flatten() {
            Some(name) => Leads::To(name),
            None => Leads::Somewhere,
        };
    }
    if text.contains(':') && !text.contains('/') {
        return Leads::Somewhere;
    }
    let segments: Vec<&str> = text.split('/').collect();
    if let Some(name) = served(&segments).filter(|_| matches!(segments.len(), 2 | 4)) {
        return Leads::To(name);
    }
    // A conditional reference, of a transaction.
    match text.split_once('?') {
        Some((name, _)) if RESOURCE_TYPES.contains(&name) => Leads::To(name),
        _ => Leads::Wrong(
            IssueType::Value,
            "a relative reference is the type of a resource and its id: Patient/1",
        ),
    }
}

/// The type that the last segments of a path name, with an id and perhaps a version.
fn served<'a>(segments: &[&'a str]) -> Option<&'a str> {
    let (name, id) = match segments {
        [.., name, id, "_history", version] if is_id(fragmentless(version)) => (name, id),
        [.., name, id] => (name, id),
        _ => return None,
    };
    (RESOURCE_TYPES.contains(name) && is_id(fragmentless(id))).then_some(name)
}

fn fragmentless(segment: &str) -> &str {
    segment.split('#').next().unwrap_or(segment)
}
