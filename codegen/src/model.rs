//! Definitions -> what is emitted: structs, choice enums and code enums, each in its module.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};

use crate::config::{ALIASES, BOXED, CHOICES, EXTRA_VALUE_SETS, OMITTED, RESOURCES, SIBLINGS};
use crate::definitions::{Definitions, Element, Kind};
use crate::names;
use crate::value_sets::{self, CodeEnum};

/// The module that holds all datatypes.
const DATATYPES: &str = "datatypes";

/// Everything that is emitted.
#[derive(Default)]
pub(crate) struct Model {
    /// Structs by module; a struct stands before the structs nested in it.
    pub(crate) modules: BTreeMap<String, Vec<Struct>>,
    /// Code enums by name.
    pub(crate) codes: BTreeMap<String, CodeEnum>,
}

/// A resource, a datatype, or an element with elements of its own.
pub(crate) struct Struct {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) short: String,
    pub(crate) resource: bool,
    pub(crate) fields: Vec<Field>,
}

/// An element.
pub(crate) struct Field {
    pub(crate) json: String,
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) short: String,
    pub(crate) cardinality: String,
    pub(crate) shape: Shape,
    pub(crate) content: Content,
    pub(crate) boxed: bool,
    /// Whether the primitive can carry extensions.
    pub(crate) sibling: bool,
    /// Whether the element is part of a summary.
    pub(crate) summary: bool,
    /// The path of the elements that it has itself, if it is no datatype.
    pub(crate) inner: Option<String>,
}

/// How often an element occurs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Required,
    Optional,
    List { required: bool },
}

/// What an element holds.
pub(crate) enum Content {
    /// A value of this Rust type.
    One(Type),
    /// One of several: the name of the enum, and what it may hold.
    Choice {
        name: String,
        kinds: Vec<ChoiceKind>,
    },
}

/// One type of a choice element.
pub(crate) struct ChoiceKind {
    pub(crate) variant: String,
    pub(crate) json: String,
    pub(crate) holds: Type,
    /// Whether it is no primitive.
    pub(crate) complex: bool,
}

/// A Rust type.
pub(crate) struct Type {
    pub(crate) name: String,
    /// Whether it is an alias of `String`.
    pub(crate) text: bool,
}

impl Struct {
    /// The elements without which the struct cannot be made.
    pub(crate) fn required(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| {
            matches!(
                field.shape,
                Shape::Required | Shape::List { required: true }
            )
        })
    }
}

/// Builds the model of the configured resources.
pub(crate) fn build(definitions: &Definitions) -> Result<Model> {
    let mut builder = Builder {
        definitions,
        model: Model::default(),
        reached: BTreeSet::new(),
        code_names: BTreeMap::new(),
    };
    for url in EXTRA_VALUE_SETS {
        builder.code_type(url)?;
    }
    for resource in RESOURCES {
        builder.structure(resource, &names::snake(resource))?;
    }
    let mut done = BTreeSet::new();
    while let Some(name) = builder.reached.difference(&done).next().cloned() {
        builder.structure(&name, DATATYPES)?;
        done.insert(name);
    }
    let mut model = builder.model;
    for structs in model.modules.values_mut() {
        // stable: nested structs keep their place behind the one that they belong to
        structs.sort_by(|one, other| root(&one.path).cmp(root(&other.path)));
    }
    model.check_names()?;
    Ok(model)
}

impl Model {
    /// All types share one namespace.
    fn check_names(&self) -> Result<()> {
        let mut seen = BTreeSet::new();
        let structs = self.modules.values().flatten().flat_map(|item| {
            let choices = item.fields.iter().filter_map(|field| match &field.content {
                Content::Choice { name, .. } => Some(name),
                Content::One(_) => None,
            });
            std::iter::once(&item.name).chain(choices)
        });
        for name in structs.chain(self.codes.keys()) {
            ensure!(
                seen.insert(name),
                "two types have the name {name}: see VALUE_SET_NAMES"
            );
        }
        Ok(())
    }
}

struct Builder<'a> {
    definitions: &'a Definitions,
    model: Model,
    /// Complex datatypes that some element has.
    reached: BTreeSet<String>,
    /// Value set URL -> Rust type.
    code_names: BTreeMap<String, String>,
}

impl Builder<'_> {
    /// Adds a resource or datatype and the structs nested in it.
    fn structure(&mut self, name: &str, module: &str) -> Result<()> {
        let definition = self.definitions.structure(name)?;
        let elements = definition.elements();
        let omitted: Vec<&str> = elements
            .iter()
            .filter(|element| is_omitted(element))
            .map(|element| element.path.as_str())
            .collect();
        let kept: Vec<&Element> = elements
            .into_iter()
            .filter(|element| {
                !omitted.iter().any(|path| {
                    element.path == *path || element.path.starts_with(&format!("{path}."))
                })
            })
            .collect();
        for parent in &kept {
            let prefix = format!("{}.", parent.path);
            let children: Vec<&Element> = kept
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
            let fields = children
                .into_iter()
                .map(|child| self.field(child).with_context(|| child.path.clone()))
                .collect::<Result<_>>()?;
            self.model
                .modules
                .entry(module.to_owned())
                .or_default()
                .push(Struct {
                    name: names::type_of_path(&parent.path),
                    path: parent.path.clone(),
                    short: parent.short.clone(),
                    resource: definition.kind == Kind::Resource && parent.path == name,
                    fields,
                });
        }
        Ok(())
    }

    fn field(&mut self, element: &Element) -> Result<Field> {
        let (_, last) = element
            .path
            .rsplit_once('.')
            .context("a type is no element")?;
        let json = last.trim_end_matches("[x]").to_owned();
        let shape = match (element.min, element.max.as_str()) {
            (0, "1") => Shape::Optional,
            (_, "1") => Shape::Required,
            (min, _) => Shape::List { required: min > 0 },
        };
        let content = if last.ends_with("[x]") {
            self.choice(element, &json)?
        } else {
            Content::One(self.content(element)?)
        };
        Ok(Field {
            name: names::field(&json),
            json,
            path: element.path.clone(),
            short: element.short.clone(),
            cardinality: format!("{}..{}", element.min, element.max),
            shape,
            content,
            boxed: BOXED.contains(&element.path.as_str()),
            sibling: SIBLINGS.contains(&element.path.as_str()),
            summary: element.is_summary,
            inner: inner(element),
        })
    }

    fn choice(&mut self, element: &Element, json: &str) -> Result<Content> {
        let kept = CHOICES.iter().find(|(path, _)| *path == element.path);
        let mut kinds = Vec::new();
        for kind in &element.types {
            if kept.is_some_and(|(_, codes)| !codes.contains(&kind.code.as_str())) {
                continue;
            }
            let variant = names::capital(&kind.code);
            kinds.push(ChoiceKind {
                json: format!("{json}{variant}"),
                variant,
                holds: self.type_of(&kind.code)?,
                complex: kind.code.starts_with(char::is_uppercase),
            });
        }
        Ok(Content::Choice {
            name: names::type_of_path(&element.path),
            kinds,
        })
    }

    fn content(&mut self, element: &Element) -> Result<Type> {
        if let Some(reference) = &element.content_reference {
            return Ok(Type::of(names::type_of_path(
                reference.trim_start_matches('#'),
            )));
        }
        let [kind] = element.types.as_slice() else {
            bail!("{} types", element.types.len());
        };
        match (kind.code.as_str(), &element.binding) {
            ("BackboneElement" | "Element", _) => Ok(Type::of(names::type_of_path(&element.path))),
            ("code", Some(binding)) if binding.strength == "required" => {
                match binding.value_set.as_deref() {
                    Some(url) => self.code_type(url),
                    None => self.type_of("code"),
                }
            }
            (code, _) => self.type_of(code),
        }
    }

    /// The type of a code with a required binding; the URL may end in `|version`.
    fn code_type(&mut self, url: &str) -> Result<Type> {
        let url = url.split('|').next().unwrap_or(url);
        if let Some(name) = self.code_names.get(url) {
            return Ok(Type::of(name.clone()));
        }
        let Some(codes) = value_sets::code_enum(self.definitions, url)? else {
            return self.type_of("code");
        };
        let name = codes.name.clone();
        self.code_names.insert(url.to_owned(), name.clone());
        let before = self.model.codes.insert(name.clone(), codes);
        ensure!(
            before.is_none(),
            "two value sets have the name {name}: see VALUE_SET_NAMES"
        );
        Ok(Type::of(name))
    }

    fn type_of(&mut self, code: &str) -> Result<Type> {
        let code = ALIASES
            .iter()
            .find(|(alias, _)| *alias == code)
            .map_or(code, |(_, name)| name);
        Ok(match code {
            // the specification writes ids and Extension.url with the type system of FHIRPath
            "string" | "http://hl7.org/fhirpath/System.String" => Type::text("String"),
            "base64Binary" => Type::text("Base64Binary"),
            "canonical" => Type::text("Canonical"),
            "code" => Type::text("Code"),
            "id" => Type::text("Id"),
            "markdown" => Type::text("Markdown"),
            "oid" => Type::text("Oid"),
            "uri" => Type::text("Uri"),
            "url" => Type::text("Url"),
            "uuid" => Type::text("Uuid"),
            "xhtml" => Type::text("Xhtml"),
            "boolean" => Type::of("bool"),
            "integer" => Type::of("i32"),
            "positiveInt" | "unsignedInt" => Type::of("u32"),
            "date" => Type::of("Date"),
            "dateTime" => Type::of("DateTime"),
            "decimal" => Type::of("Decimal"),
            "instant" => Type::of("Instant"),
            "time" => Type::of("Time"),
            _ => match self.definitions.structure(code)?.kind {
                Kind::Resource => Type::of("AnyResource"),
                Kind::ComplexType => {
                    self.reached.insert(code.to_owned());
                    Type::of(code)
                }
                Kind::PrimitiveType | Kind::Logical => bail!("no Rust type for {code}"),
            },
        })
    }
}

impl Type {
    fn of(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            text: false,
        }
    }

    fn text(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            text: true,
        }
    }
}

/// The path of the elements that this one has itself: its own, or that of another of the same kind.
fn inner(element: &Element) -> Option<String> {
    if let Some(reference) = &element.content_reference {
        return Some(reference.trim_start_matches('#').to_owned());
    }
    let nested = element
        .types
        .iter()
        .any(|kind| matches!(kind.code.as_str(), "BackboneElement" | "Element"));
    nested.then(|| element.path.clone())
}

fn is_omitted(element: &Element) -> bool {
    OMITTED
        .iter()
        .any(|(path, _)| *path == element.path || *path == element.base_path())
}

/// The type at the start of a path.
fn root(path: &str) -> &str {
    path.split('.').next().unwrap_or(path)
}
