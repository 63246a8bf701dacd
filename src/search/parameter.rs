//! How a resource type declares its search parameters: constants that name paths of its description.

/// A search parameter of a resource type.
#[derive(Debug)]
pub struct Parameter {
    /// Its name in R4's registry.
    pub name: &'static str,
    /// Its type, which decides syntax and comparison.
    pub kind: Kind,
    /// The canonical URL of its definition.
    pub definition: &'static str,
    /// What it says in the CapabilityStatement.
    pub documentation: &'static str,
    /// The columns that it searches; any that matches counts.
    pub targets: &'static [Target],
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
}

/// A column that a parameter searches.
#[derive(Debug)]
pub struct Target {
    /// The keys of the relations that lead to the model, from the main one.
    pub path: &'static [&'static str],
    /// The key of the field.
    pub field: &'static str,
    /// What the column means.
    pub meaning: Meaning,
    /// A path: this target counts only where no record stands at its end. For values that are shown only in place of others.
    pub unless: &'static [&'static str],
}

/// What a column means to a search.
#[derive(Debug, Clone, Copy)]
pub enum Meaning {
    /// Nothing but itself.
    Itself,
    /// The record id of the main model, which is the logical id.
    LogicalId,
    /// An identifier of one system, `{system_base}/…`.
    Identifier(&'static str),
    /// An identifier whose system, `{system_base}/…/…`, ends with the value of another field.
    IdentifierBy(&'static str, &'static str),
    /// A Tryton selection that is shown as a FHIR code of a system: which codes stand for which of its values.
    Codes(
        &'static str,
        &'static [(&'static str, &'static [&'static str])],
    ),
    /// A date of which only the year is shown where the field named is true.
    DateOrYear(&'static str),
}
