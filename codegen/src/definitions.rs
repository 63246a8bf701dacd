//! Loads the definitions: fetches the npm package, reads StructureDefinitions, ValueSets and CodeSystems.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::config::{FHIR_VERSION, PACKAGE, PACKAGE_VERSION};

/// Everything read, by name (structures) or canonical URL (value sets and code systems).
pub(crate) struct Definitions {
    pub(crate) structures: BTreeMap<String, Structure>,
    pub(crate) value_sets: BTreeMap<String, ValueSet>,
    pub(crate) code_systems: BTreeMap<String, CodeSystem>,
}

/// A StructureDefinition.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Structure {
    name: String,
    pub(crate) kind: Kind,
    #[serde(rename = "abstract")]
    pub(crate) is_abstract: bool,
    fhir_version: String,
    snapshot: Elements,
    #[serde(default)]
    differential: Elements,
}

/// What a StructureDefinition defines.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    PrimitiveType,
    ComplexType,
    Resource,
    Logical,
}

#[derive(Deserialize, Default)]
struct Elements {
    element: Vec<Element>,
}

/// An ElementDefinition.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Element {
    pub(crate) path: String,
    #[serde(default)]
    pub(crate) short: String,
    #[serde(default)]
    pub(crate) min: u32,
    #[serde(default)]
    pub(crate) max: String,
    /// Whether the element is part of a summary.
    #[serde(default)]
    pub(crate) is_summary: bool,
    base: Option<Base>,
    #[serde(default, rename = "type")]
    pub(crate) types: Vec<ElementType>,
    pub(crate) content_reference: Option<String>,
    pub(crate) binding: Option<Binding>,
}

#[derive(Deserialize)]
struct Base {
    path: String,
}

/// One of the types that an element may have.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ElementType {
    pub(crate) code: String,
    /// What a reference may lead to, as the URLs of profiles.
    #[serde(default)]
    pub(crate) target_profile: Vec<String>,
}

/// The value set that a coded element is bound to.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Binding {
    pub(crate) strength: String,
    pub(crate) value_set: Option<String>,
}

/// A ValueSet.
#[derive(Deserialize)]
pub(crate) struct ValueSet {
    url: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) description: String,
    #[serde(default)]
    pub(crate) compose: Compose,
}

/// The content of a value set, by rule.
#[derive(Deserialize, Default)]
pub(crate) struct Compose {
    pub(crate) include: Vec<Include>,
    #[serde(default)]
    pub(crate) exclude: Vec<Include>,
}

/// One rule: a code system, or some of its codes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Include {
    pub(crate) system: Option<String>,
    #[serde(default)]
    pub(crate) concept: Vec<Concept>,
    #[serde(default)]
    pub(crate) filter: Vec<serde::de::IgnoredAny>,
    #[serde(default)]
    pub(crate) value_set: Vec<String>,
}

/// A CodeSystem.
#[derive(Deserialize)]
pub(crate) struct CodeSystem {
    url: String,
    pub(crate) content: String,
    #[serde(default)]
    pub(crate) concept: Vec<Concept>,
}

/// A code, and the codes below it.
#[derive(Deserialize, Clone)]
pub(crate) struct Concept {
    pub(crate) code: String,
    #[serde(default)]
    pub(crate) display: String,
    #[serde(default)]
    pub(crate) concept: Vec<Concept>,
}

/// A file of definitions: a Bundle.
#[derive(Deserialize)]
struct File {
    entry: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    resource: Conformance,
}

#[derive(Deserialize)]
#[serde(tag = "resourceType")]
enum Conformance {
    StructureDefinition(Structure),
    ValueSet(ValueSet),
    CodeSystem(CodeSystem),
    #[serde(other)]
    Other,
}

impl Definitions {
    /// Reads the definitions, fetching them into `target` first if they are not there.
    pub(crate) fn load(target: &Path) -> Result<Self> {
        let folder = fetch(target)?;
        let mut definitions = Self {
            structures: BTreeMap::new(),
            value_sets: BTreeMap::new(),
            code_systems: BTreeMap::new(),
        };
        for name in [
            "profiles-types.json",
            "profiles-resources.json",
            "valuesets.json",
            "v3-codesystems.json",
        ] {
            for entry in read(&folder.join(name))?.entry {
                definitions.add(entry.resource);
            }
        }
        Ok(definitions)
    }

    fn add(&mut self, resource: Conformance) {
        match resource {
            Conformance::StructureDefinition(structure) => {
                self.structures.insert(structure.name.clone(), structure);
            }
            Conformance::ValueSet(set) => {
                self.value_sets.insert(set.url.clone(), set);
            }
            Conformance::CodeSystem(system) => {
                self.code_systems.insert(system.url.clone(), system);
            }
            Conformance::Other => {}
        }
    }

    /// The definition of a type.
    pub(crate) fn structure(&self, name: &str) -> Result<&Structure> {
        let structure = self
            .structures
            .get(name)
            .with_context(|| format!("no definition of the type {name}"))?;
        ensure!(
            structure.fhir_version == FHIR_VERSION,
            "{name} is defined for FHIR {}",
            structure.fhir_version
        );
        Ok(structure)
    }
}

impl Structure {
    /// The elements in the order of the specification, the type itself first.
    ///
    /// The package adds elements of its own to some types (`Meta.project`). They are told from HL7's by the
    /// differential, which lists every element that a type does not inherit, and does not list those.
    pub(crate) fn elements(&self) -> Vec<&Element> {
        let official: HashSet<&str> = self
            .differential
            .element
            .iter()
            .map(|element| element.path.as_str())
            .collect();
        self.snapshot
            .element
            .iter()
            .filter(|element| element.inherited() || official.contains(element.path.as_str()))
            .collect()
    }
}

impl Element {
    /// The path of the element in the type that introduced it.
    pub(crate) fn base_path(&self) -> &str {
        self.base.as_ref().map_or(&self.path, |base| &base.path)
    }

    fn inherited(&self) -> bool {
        self.base_path() != self.path
    }
}

/// The folder of the definitions, installed by npm if need be.
fn fetch(target: &Path) -> Result<PathBuf> {
    let prefix = target.join("codegen").join(PACKAGE_VERSION);
    let folder = prefix
        .join("node_modules")
        .join(PACKAGE)
        .join("dist/fhir/r4");
    if !folder.join("valuesets.json").is_file() {
        std::fs::create_dir_all(&prefix)?;
        let status = Command::new("npm")
            .args([
                "install",
                "--no-save",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
            ])
            .arg("--prefix")
            .arg(&prefix)
            .arg(format!("{PACKAGE}@{PACKAGE_VERSION}"))
            .status()
            .context("cannot run npm, which fetches the definitions")?;
        ensure!(status.success(), "npm could not install {PACKAGE}");
    }
    Ok(folder)
}

fn read(path: &Path) -> Result<File> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("cannot parse {}", path.display()))
}
