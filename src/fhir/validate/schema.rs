//! What the generated tables are made of.

/// A resource type, a datatype, or an element that has elements itself.
#[derive(Debug)]
pub struct Structure {
    /// Its name, or the path of the element.
    pub name: &'static str,
    /// Whether it is a resource type.
    pub is_resource: bool,
    /// Its elements, in the order of the specification.
    pub elements: &'static [Element],
}

/// An element.
#[derive(Debug)]
pub struct Element {
    /// Its name; that of a choice without `[x]`.
    pub name: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// Whether it may be there more than once.
    pub repeats: bool,
    /// Whether the type that it has is part of its name: `value[x]`.
    pub choice: bool,
    /// The types that it may have: one, unless it is a choice.
    pub types: &'static [Type],
}

/// A type of an element.
#[derive(Debug)]
pub enum Type {
    /// A primitive datatype.
    Primitive(Primitive),
    /// A `code` out of a value set.
    Code(&'static ValueSet),
    /// A datatype, or elements of its own.
    Of(&'static Structure),
    /// A `CodeableConcept` with a code out of a value set.
    Coded(&'static Structure, &'static ValueSet),
    /// A reference to a resource of one of these types; to any if there are none.
    Reference(&'static [&'static str]),
    /// A resource of any type.
    Resource,
}

/// The primitive datatypes (R4, datatypes, "primitive types").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "named as the specification names them")]
pub enum Primitive {
    Base64Binary,
    Boolean,
    Canonical,
    Code,
    Date,
    DateTime,
    Decimal,
    Id,
    Instant,
    Integer,
    Markdown,
    Oid,
    PositiveInt,
    String,
    Time,
    UnsignedInt,
    Uri,
    Url,
    Uuid,
    Xhtml,
}

/// The codes that an element with a required binding may have.
#[derive(Debug)]
pub struct ValueSet {
    /// Its canonical URL.
    pub url: &'static str,
    /// Its codes, by system.
    pub systems: &'static [Codes],
}

/// The codes of one system.
#[derive(Debug)]
pub struct Codes {
    /// The system.
    pub system: &'static str,
    /// Its codes.
    pub codes: &'static [&'static str],
}

impl Element {
    /// `0..1`
    pub(super) const fn optional(name: &'static str, types: &'static [Type]) -> Self {
        Self {
            name,
            required: false,
            repeats: false,
            choice: false,
            types,
        }
    }

    /// `1..1`
    pub(super) const fn required(name: &'static str, types: &'static [Type]) -> Self {
        Self {
            required: true,
            ..Self::optional(name, types)
        }
    }

    /// `0..*`
    pub(super) const fn any(name: &'static str, types: &'static [Type]) -> Self {
        Self {
            repeats: true,
            ..Self::optional(name, types)
        }
    }

    /// `1..*`
    pub(super) const fn some(name: &'static str, types: &'static [Type]) -> Self {
        Self {
            required: true,
            ..Self::any(name, types)
        }
    }

    /// Of one of several types.
    pub(super) const fn choice(self) -> Self {
        Self {
            choice: true,
            ..self
        }
    }

    /// The type of a value under this name: of a choice, which one the name ends in.
    #[must_use]
    pub fn type_of(&self, name: &str) -> Option<&'static Type> {
        let rest = name.strip_prefix(self.name)?;
        if !self.choice {
            return self.types.first().filter(|_| rest.is_empty());
        }
        self.types.iter().find(|kind| {
            let mut letters = kind.name().chars();
            let first = letters.next().map(|first| first.to_ascii_uppercase());
            let mut rest = rest.chars();
            first.is_some() && rest.next() == first && rest.as_str() == letters.as_str()
        })
    }
}

impl Structure {
    /// The element under this name, its place, and its type.
    #[must_use]
    pub fn element(&self, name: &str) -> Option<(usize, &'static Element, &'static Type)> {
        let mut elements = self.elements.iter().enumerate();
        elements.find_map(|(place, element)| Some((place, element, element.type_of(name)?)))
    }
}

impl Type {
    /// Its name in the specification.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Primitive(primitive) => primitive.name(),
            Self::Code(_) => Primitive::Code.name(),
            Self::Of(structure) | Self::Coded(structure, _) => structure.name,
            Self::Reference(_) => "Reference",
            Self::Resource => "Resource",
        }
    }

    /// What it is if it is a primitive.
    #[must_use]
    pub fn primitive(&self) -> Option<Primitive> {
        match self {
            Self::Primitive(primitive) => Some(*primitive),
            Self::Code(_) => Some(Primitive::Code),
            _ => None,
        }
    }
}

impl Primitive {
    /// Its name in the specification.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Base64Binary => "base64Binary",
            Self::Boolean => "boolean",
            Self::Canonical => "canonical",
            Self::Code => "code",
            Self::Date => "date",
            Self::DateTime => "dateTime",
            Self::Decimal => "decimal",
            Self::Id => "id",
            Self::Instant => "instant",
            Self::Integer => "integer",
            Self::Markdown => "markdown",
            Self::Oid => "oid",
            Self::PositiveInt => "positiveInt",
            Self::String => "string",
            Self::Time => "time",
            Self::UnsignedInt => "unsignedInt",
            Self::Uri => "uri",
            Self::Url => "url",
            Self::Uuid => "uuid",
            Self::Xhtml => "xhtml",
        }
    }
}

impl ValueSet {
    /// Whether one of its systems has the code; `system` says in which it must be.
    #[must_use]
    pub fn has(&self, system: Option<&str>, code: &str) -> bool {
        let named = |codes: &&Codes| system.is_none_or(|system| system == codes.system);
        let mut systems = self.systems.iter().filter(named);
        systems.any(|codes| codes.codes.contains(&code))
    }
}
