//! How a resource type declares its search parameters: constants that name paths of its description.

/// A search parameter of a resource type.
#[derive(Debug)]
pub struct Parameter {
    /// Its name in R4's registry.
    pub name: &'static str,
    /// Its type, which decides syntax and comparison.
    pub kind: Kind,
    /// The id of its definition in the registry, the end of its canonical URL.
    pub definition: &'static str,
    /// What it says in the CapabilityStatement.
    pub documentation: &'static str,
    /// The columns that it searches; any that matches counts. Of a composite each target stands for one element, with its
    /// parts.
    pub targets: &'static [Target],
    /// The texts that `:text` searches: displays and texts of what the token stands for. Empty: no `:text`.
    pub texts: &'static [Target],
    /// Of a reference: the elements that hold it, for includes, as paths from the resource.
    pub elements: &'static [&'static str],
    /// Of a reference: the types that R4 lets it lead to, as far as they are served. GNU Health may have none of one.
    pub to: &'static [&'static str],
}

/// The type of a search parameter (R4, search, section "search parameter types").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A code, identifier or id.
    Token,
    /// Text.
    String,
    /// A date or time.
    Date,
    /// A number with a unit.
    Quantity,
    /// Another resource.
    Reference,
    /// Several values of the same element, of these types.
    Composite(&'static [Kind]),
}

/// A column that a parameter searches.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The prefix of the source that it belongs to, [`EVERY`] or [`MEASURED`].
    pub source: &'static str,
    /// The keys of the relations that lead to the model, from the main one. [`PARTS`] leads to the parts of a measure, and a
    /// first step [`RECORDS`] to all records of a group.
    pub path: &'static [&'static str],
    /// What is compared.
    pub value: Value,
    /// What the value means.
    pub meaning: Meaning,
    /// A path: this target counts only where no record stands at its end. For values that are shown only in place of others.
    pub unless: &'static [&'static str],
    /// Of a composite: what is compared of the element at the end of the path, in the order of the kinds.
    pub composed: &'static [(Value, Meaning)],
}

/// The source of a target that every source has.
pub const EVERY: &str = "*";

/// The source of a target that every source with measures has.
pub const MEASURED: &str = "$measured";

/// The step of a path that leads from a measure to its parts.
pub const PARTS: &str = "$parts";

/// The step of a path that leads to all records of the resource: those of its group, or its only one.
pub const RECORDS: &str = "$records";

/// What is compared.
#[derive(Debug, Clone, Copy)]
pub enum Value {
    /// The column of a field.
    Field(&'static str),
    /// An SQL expression. Columns stand in it as `{key}`, and as `{relation/key}` those of records that the model refers to
    /// (many2one). `{any relation: condition}` is whether one of the records of a relation to many fulfils a condition, in
    /// which their columns stand as `[key]`. A column that does not exist is NULL; one that the user may not read forbids
    /// the parameter.
    Sql(&'static str),
    /// The code of the measure, or at the end of [`PARTS`] of the part.
    Code,
    /// Its number.
    Number,
    /// Its unit, as the UCUM code.
    Unit,
    /// LOINC's name of it; not of a part.
    Display,
}

/// What a value means to a search.
#[derive(Debug, Clone, Copy)]
pub enum Meaning {
    /// A text.
    Text,
    /// The logical id.
    LogicalId,
    /// When the record, or one that is shown with it, was last changed.
    Changed,
    /// A code or identifier as it is.
    Token(System),
    /// As [`Meaning::Token`], of a system in which a code is below another if it starts with it, as in ICD-10 below its
    /// three-character categories. Has `:above` and `:below`.
    Hierarchical(System),
    /// An identifier of a type, for `:of-type`.
    Identifier(System, &'static [OfType]),
    /// A Tryton selection that is shown as a FHIR code of a system: which codes stand for which of its values.
    Codes(
        &'static str,
        &'static [(&'static str, &'static [&'static str])],
    ),
    /// A condition, which is true, false or unknown.
    Flag,
    /// A date.
    Day,
    /// A date of which only the year is shown where the field named is true.
    DateOrYear(&'static str),
    /// A time in UTC, exact to the second.
    Moment,
    /// A period in UTC: from the value to this other one; open where that is NULL.
    Until(Value),
    /// The record of a resource type, in its source of this prefix.
    Reference(&'static str, &'static str),
    /// A reference that is only an identifier: found by `:identifier`.
    Logical(System),
    /// A number with a unit.
    Quantity(Units),
}

/// The system of a token.
#[derive(Debug, Clone, Copy)]
pub enum System {
    /// It has none.
    None,
    /// This one.
    Fixed(&'static str),
    /// `{system_base}/…`
    Local(&'static str),
    /// `{system_base}/…/…`, ending with the value of another field.
    LocalBy(&'static str, &'static str),
    /// `{system_base}/…/…`, ending with the value of an SQL expression, as in [`Value::Sql`].
    LocalOf(&'static str, &'static str),
    /// An SQL expression, as in [`Value::Sql`].
    Sql(&'static str),
}

/// A type that identifiers of a target have (`Identifier.type.coding`).
#[derive(Debug)]
pub struct OfType {
    /// The system of the code.
    pub system: &'static str,
    /// The code.
    pub code: &'static str,
    /// Where it depends on the record: the field, and its values.
    pub when: Option<(&'static str, &'static [&'static str])>,
}

/// The unit of a quantity.
#[derive(Debug, Clone, Copy)]
pub enum Units {
    /// Always this UCUM code, printed so.
    Fixed(&'static str, &'static str),
    /// The UCUM code of the measure.
    Measured,
    /// The value, a text, is the unit as it is printed; which of them has which UCUM code.
    Printed(Value, &'static [(&'static str, &'static str)]),
}

impl Parameter {
    /// A parameter that has neither texts nor elements.
    #[must_use]
    pub const fn new(
        name: &'static str,
        kind: Kind,
        definition: &'static str,
        documentation: &'static str,
        targets: &'static [Target],
    ) -> Self {
        Self {
            name,
            kind,
            definition,
            documentation,
            targets,
            texts: &[],
            elements: &[],
            to: &[],
        }
    }

    /// With texts for `:text`.
    #[must_use]
    pub const fn with_texts(self, texts: &'static [Target]) -> Self {
        Self { texts, ..self }
    }

    /// With the elements that hold the reference, and the types that it may lead to.
    #[must_use]
    pub const fn with_elements(
        self,
        elements: &'static [&'static str],
        to: &'static [&'static str],
    ) -> Self {
        Self {
            elements,
            to,
            ..self
        }
    }

    /// The canonical URL of its definition.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://hl7.org/fhir/SearchParameter/{}", self.definition)
    }
}

impl Target {
    /// A value of the main model of the only source.
    #[must_use]
    pub const fn new(path: &'static [&'static str], value: Value, meaning: Meaning) -> Self {
        Self {
            source: "",
            path,
            value,
            meaning,
            unless: &[],
            composed: &[],
        }
    }

    /// Of a source with this prefix.
    #[must_use]
    pub const fn of(self, source: &'static str) -> Self {
        Self { source, ..self }
    }

    /// Only where no record stands at the end of this path.
    #[must_use]
    pub const fn unless(self, unless: &'static [&'static str]) -> Self {
        Self { unless, ..self }
    }

    /// An element of a composite.
    #[must_use]
    pub const fn composed(
        path: &'static [&'static str],
        composed: &'static [(Value, Meaning)],
    ) -> Self {
        Self {
            composed,
            ..Self::new(path, Value::Code, Meaning::Text)
        }
    }
}

/// The parameters that every resource type has.
pub const COMMON: &[Parameter] = &[
    Parameter::new(
        "_id",
        Kind::Token,
        "Resource-id",
        "Logical id of this artifact.",
        &[Target::new(&[], Value::Field("id"), Meaning::LogicalId).of(EVERY)],
    ),
    Parameter::new(
        "_lastUpdated",
        Kind::Date,
        "Resource-lastUpdated",
        "When the resource, or any record that is shown with it, was last changed.",
        &[Target::new(&[RECORDS], Value::Field("id"), Meaning::Changed).of(EVERY)],
    ),
];
