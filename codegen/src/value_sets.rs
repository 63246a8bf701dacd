//! Value sets -> the codes of an enum.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};

use crate::config::{MAX_CODES, VALUE_SET_NAMES};
use crate::definitions::{Concept, Definitions, Include, ValueSet};
use crate::names;

/// An enum of the codes of one value set.
pub(crate) struct CodeEnum {
    pub(crate) name: String,
    pub(crate) url: String,
    pub(crate) description: String,
    pub(crate) variants: Vec<Variant>,
}

/// One code.
pub(crate) struct Variant {
    pub(crate) name: String,
    pub(crate) code: String,
    pub(crate) display: String,
}

/// The enum of a value set, or nothing if the set is too large, or its codes are defined outside of FHIR.
pub(crate) fn code_enum(definitions: &Definitions, url: &str) -> Result<Option<CodeEnum>> {
    let set = definitions
        .value_sets
        .get(url)
        .with_context(|| format!("no definition of the value set {url}"))?;
    let Some(concepts) = expand(definitions, set) else {
        return Ok(None);
    };
    if concepts.len() > MAX_CODES {
        return Ok(None);
    }
    let variants: Vec<Variant> = concepts
        .into_iter()
        .map(|concept| Variant {
            name: names::variant(&concept.code, &concept.display),
            code: concept.code,
            display: concept.display,
        })
        .collect();
    let distinct: BTreeSet<&str> = variants
        .iter()
        .map(|variant| variant.name.as_str())
        .collect();
    ensure!(
        distinct.len() == variants.len(),
        "two codes of {url} have the same Rust name"
    );
    Ok(Some(CodeEnum {
        name: name(set, url),
        url: url.to_owned(),
        description: set.description.clone(),
        variants,
    }))
}

/// The codes of a value set, by their system.
pub(crate) fn by_system(
    definitions: &Definitions,
    url: &str,
) -> Result<Vec<(String, Vec<String>)>> {
    let set = definitions
        .value_sets
        .get(url)
        .with_context(|| format!("no definition of the value set {url}"))?;
    ensure!(set.compose.exclude.is_empty(), "{url} excludes codes");
    let mut systems = Vec::new();
    for include in &set.compose.include {
        for nested in &include.value_set {
            systems.extend(by_system(definitions, nested)?);
        }
        if let Some(system) = &include.system {
            let codes = included(definitions, include)
                .with_context(|| format!("{url} does not list the codes of {system}"))?;
            let codes = codes.into_iter().map(|concept| concept.code);
            systems.push((system.clone(), codes.collect()));
        }
    }
    Ok(systems)
}

fn name(set: &ValueSet, url: &str) -> String {
    VALUE_SET_NAMES
        .iter()
        .find(|(segment, _)| url.ends_with(&format!("/{segment}")))
        .map_or_else(
            || names::enum_name(&set.name),
            |(_, name)| (*name).to_owned(),
        )
}

/// All codes of a value set, in the order of the definitions; nothing if a rule cannot be followed here.
fn expand(definitions: &Definitions, set: &ValueSet) -> Option<Vec<Concept>> {
    if set.compose.include.is_empty() || !set.compose.exclude.is_empty() {
        return None;
    }
    let mut codes = Vec::new();
    for include in &set.compose.include {
        codes.extend(included(definitions, include)?);
    }
    Some(codes)
}

fn included(definitions: &Definitions, include: &Include) -> Option<Vec<Concept>> {
    if !include.filter.is_empty() || !include.value_set.is_empty() {
        return None;
    }
    let system = definitions
        .code_systems
        .get(include.system.as_ref()?)
        .filter(|system| system.content == "complete");
    let mut all = Vec::new();
    if let Some(system) = system {
        flatten(&system.concept, &mut all);
    }
    if include.concept.is_empty() {
        return system.map(|_| all);
    }
    // a value set may leave the display of a code to its code system
    let with_display = include.concept.iter().cloned().map(|mut concept| {
        if concept.display.is_empty() {
            let defined = all.iter().find(|other| other.code == concept.code);
            concept.display = defined
                .map(|other| other.display.clone())
                .unwrap_or_default();
        }
        concept
    });
    Some(with_display.collect())
}

/// Parents before their children, as `issue-type` lists them.
fn flatten(concepts: &[Concept], into: &mut Vec<Concept>) {
    for concept in concepts {
        into.push(concept.clone());
        flatten(&concept.concept, into);
    }
}
