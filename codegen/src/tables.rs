//! Definitions -> the tables by which `src/fhir/validate` checks resources: every element of every type, as HL7 has it.
//!
//! Nothing is left out here of what `config.rs` leaves out of the structs: a resource of others may have it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use anyhow::{Context, Result, bail, ensure};

use crate::config::{RESOURCES, UNLISTED, VALIDATED_TOO};
use crate::definitions::{Definitions, Element, ElementType, Kind, Structure};
use crate::emit::HEADER;
use crate::names;
use crate::value_sets;

/// The elements of a primitive beside its value.
const ELEMENT: &str = "Element";

/// The datatype whose targets stand with each element.
const REFERENCE: &str = "Reference";

struct Tables<'a> {
    definitions: &'a Definitions,
    /// Complex datatypes that some element has.
    reached: BTreeSet<String>,
    /// The codes of value sets by URL, each with its system.
    value_sets: BTreeMap<String, Vec<(String, Vec<String>)>>,
    out: String,
}

/// The file with the tables, not yet formatted.
pub(crate) fn file(definitions: &Definitions) -> Result<String> {
    let mut tables = Tables {
        definitions,
        reached: BTreeSet::from([ELEMENT, REFERENCE].map(str::to_owned)),
        value_sets: BTreeMap::new(),
        out: format!(
            "{HEADER}\n\n//! The elements of the resource types that can be checked, and of the datatypes that they reach.\n\n\
             use super::schema::Primitive as P;\nuse super::schema::Type::{{Code, Coded, Of, Primitive, Reference, Resource}};\n\
             use super::schema::{{Codes, Element, Structure, ValueSet}};\n"
        ),
    };
    let mut resources: Vec<&str> = RESOURCES.iter().chain(VALIDATED_TOO).copied().collect();
    resources.sort_unstable();
    for name in &resources {
        tables.structure(name)?;
    }
    let mut done = BTreeSet::new();
    while let Some(name) = tables.reached.difference(&done).next().cloned() {
        tables.structure(&name)?;
        done.insert(name);
    }
    tables.value_sets()?;
    tables.lists(&resources);
    Ok(tables.out)
}

impl Tables<'_> {
    /// Writes the table of a type, and those of the elements in it that have elements themselves.
    fn structure(&mut self, name: &str) -> Result<()> {
        let definition = self.definitions.structure(name)?;
        let elements = definition.elements();
        for parent in &elements {
            let prefix = format!("{}.", parent.path);
            let children: Vec<&Element> = elements
                .iter()
                .copied()
                .filter(|child| {
                    child
                        .path
                        .strip_prefix(&prefix)
                        .is_some_and(|rest| !rest.contains('.'))
                })
                .collect();
            if children.is_empty() {
                continue;
            }
            let rows = children
                .into_iter()
                .map(|child| {
                    self.element(definition, child)
                        .with_context(|| child.path.clone())
                })
                .collect::<Result<Vec<_>>>()?;
            let is_resource = definition.kind == Kind::Resource && parent.path == name;
            let _ = write!(
                self.out,
                "\nstatic {}: Structure = Structure {{ name: \"{}\", is_resource: {is_resource}, elements: &[\n{}] }};\n",
                static_name(&parent.path),
                parent.path,
                rows.concat(),
            );
        }
        Ok(())
    }

    fn element(&mut self, definition: &Structure, element: &Element) -> Result<String> {
        let (_, last) = element
            .path
            .rsplit_once('.')
            .context("a type is no element")?;
        let function = match (element.min, element.max.as_str()) {
            (0, "1") => "optional",
            (1, "1") => "required",
            (0, "*") => "any",
            (1, "*") => "some",
            (min, max) => bail!("no table can say {min}..{max}"),
        };
        let types = if let Some(reference) = &element.content_reference {
            format!("Of(&{})", static_name(reference.trim_start_matches('#')))
        } else {
            let types = element
                .types
                .iter()
                .map(|kind| self.type_of(definition, element, kind))
                .collect::<Result<Vec<_>>>()?;
            types.join(", ")
        };
        let name = last.trim_end_matches("[x]");
        let choice = if last.ends_with("[x]") {
            ".choice()"
        } else {
            ""
        };
        Ok(format!(
            "Element::{function}(\"{name}\", &[{types}]){choice},\n"
        ))
    }

    fn type_of(
        &mut self,
        definition: &Structure,
        element: &Element,
        kind: &ElementType,
    ) -> Result<String> {
        let bound = self.bound(element)?;
        Ok(match kind.code.as_str() {
            // The specification writes ids with the type system of FHIRPath. Those of resources are of the type `id`.
            "http://hl7.org/fhirpath/System.String" => {
                let is_id =
                    definition.kind == Kind::Resource && element.base_path() == "Resource.id";
                let name = match () {
                    () if is_id => "Id",
                    () if element.path == "Extension.url" => "Uri",
                    () => "String",
                };
                format!("Primitive(P::{name})")
            }
            "BackboneElement" | "Element" => format!("Of(&{})", static_name(&element.path)),
            "Reference" => format!("Reference(&[{}])", targets(kind)?.join(", ")),
            code => match self.definitions.structure(code)?.kind {
                Kind::PrimitiveType => match bound {
                    Some(set) if code == "code" => format!("Code(&{set})"),
                    _ => format!("Primitive(P::{})", names::capital(code)),
                },
                Kind::Resource => "Resource".to_owned(),
                Kind::ComplexType => {
                    self.reached.insert(code.to_owned());
                    match bound {
                        Some(set) => {
                            ensure!(code == "CodeableConcept", "a binding of {code}");
                            format!("Coded(&{}, &{set})", static_name(code))
                        }
                        None => format!("Of(&{})", static_name(code)),
                    }
                }
                Kind::Logical => bail!("no type {code}"),
            },
        })
    }

    /// The value set that an element must have a code of, if its codes are listed.
    fn bound(&mut self, element: &Element) -> Result<Option<String>> {
        let binding = element.binding.as_ref();
        let Some(url) = binding
            .filter(|binding| binding.strength == "required")
            .and_then(|binding| binding.value_set.as_deref())
        else {
            return Ok(None);
        };
        let url = url.split('|').next().unwrap_or(url);
        if UNLISTED.iter().any(|(unlisted, _)| *unlisted == url) {
            return Ok(None);
        }
        if !self.value_sets.contains_key(url) {
            let codes = value_sets::by_system(self.definitions, url)?;
            self.value_sets.insert(url.to_owned(), codes);
        }
        Ok(Some(set_name(url)))
    }

    fn value_sets(&mut self) -> Result<()> {
        let mut seen = BTreeSet::new();
        for (url, systems) in &self.value_sets {
            let name = set_name(url);
            ensure!(
                seen.insert(name.clone()),
                "two value sets are called {name}"
            );
            let _ = write!(
                self.out,
                "\nstatic {name}: ValueSet = ValueSet {{ url: \"{url}\", systems: &[\n"
            );
            for (system, codes) in systems {
                let codes: Vec<String> = codes.iter().map(|code| format!("{code:?}")).collect();
                let _ = writeln!(
                    self.out,
                    "Codes {{ system: \"{system}\", codes: &[{}] }},",
                    codes.join(", ")
                );
            }
            self.out.push_str("] };\n");
        }
        Ok(())
    }

    /// Which types there are: those with a table, and all of R4.
    fn lists(&mut self, resources: &[&str]) {
        let tables: Vec<String> = resources
            .iter()
            .map(|name| format!("&{}", static_name(name)))
            .collect();
        let known: Vec<String> = self
            .definitions
            .structures
            .iter()
            .filter(|(name, structure)| {
                structure.kind == Kind::Resource
                    && !structure.is_abstract
                    && self.definitions.structure(name).is_ok()
            })
            .map(|(name, _)| format!("\"{name}\""))
            .collect();
        let names: Vec<String> = resources.iter().map(|name| format!("\"{name}\"")).collect();
        let _ = write!(
            self.out,
            "\n/// What a primitive has beside its value.\npub(super) static PRIMITIVE: &Structure = &{};\n\n\
             /// What a reference has.\npub(super) static REFERENCE: &Structure = &{};\n\n\
             /// The resource types that can be checked.\npub(super) static RESOURCES: &[&Structure] = &[{}];\n\n\
             /// Their names.\npub static NAMES: &[&str] = &[{}];\n\n\
             /// All resource types of R4.\npub static RESOURCE_TYPES: &[&str] = &[{}];\n",
            static_name(ELEMENT),
            static_name(REFERENCE),
            tables.join(", "),
            names.join(", "),
            known.join(", "),
        );
    }
}

/// The types that a reference may lead to; none if it may lead to any.
fn targets(kind: &ElementType) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for url in &kind.target_profile {
        let name = url
            .strip_prefix("http://hl7.org/fhir/StructureDefinition/")
            .with_context(|| format!("a reference to {url}"))?;
        if name == "Resource" {
            return Ok(Vec::new());
        }
        names.push(format!("\"{name}\""));
    }
    Ok(names)
}

fn static_name(path: &str) -> String {
    let name = names::snake(&names::type_of_path(path)).to_uppercase();
    format!("TYPE_{name}")
}

fn set_name(url: &str) -> String {
    let last = url.rsplit('/').next().unwrap_or(url);
    format!("SET_{}", last.replace(['-', '.'], "_").to_uppercase())
}
