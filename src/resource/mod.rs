//! FHIR resource types: one file each, with its tables, its search parameters and its way from row to resource.

pub mod patient;
mod person;
mod version;

use serde::de::DeserializeOwned;

pub use version::Version;

use crate::fhir::r4;
use crate::search::parameter::{Kind, Meaning, Parameter, Target};
use crate::tryton::model::Node;

/// What a resource type is, without its rendering: enough to route, search and describe it.
#[derive(Debug)]
pub struct Declaration {
    /// Its name in R4.
    pub name: &'static str,
    /// The main model, whose record id is the logical id, and all that is read with it.
    pub root: &'static Node,
    /// The search parameters beside `_count` and its kin.
    pub parameters: &'static [Parameter],
    /// What the CapabilityStatement says of it.
    pub documentation: &'static str,
}

/// Every resource type that is served.
pub const ALL: &[&Declaration] = &[&patient::DECLARATION];

/// The search parameter `_id`, which every resource type with one main table has.
pub const ID: Parameter = Parameter {
    name: "_id",
    kind: Kind::Token,
    definition: "http://hl7.org/fhir/SearchParameter/Resource-id",
    documentation: "Logical id of this artifact.",
    targets: &[Target {
        path: &[],
        field: "id",
        meaning: Meaning::LogicalId,
        unless: &[],
    }],
};

/// A resource type: how a row becomes a resource.
pub trait Resource {
    /// What it is.
    const DECLARATION: &'static Declaration;
    /// The JSON of a record, as the description makes it. What the user may not read is absent.
    type Row: DeserializeOwned;
    /// The resource.
    type Fhir: r4::Resource;

    /// Makes the resource.
    fn render(row: Self::Row, record: &Record<'_>) -> Self::Fhir;
}

/// What rendering needs to know of a record beside its row.
#[derive(Debug, Clone)]
pub struct Record<'a> {
    /// The logical id.
    pub id: String,
    /// When it was last changed; `None` if the user may not know.
    pub version: Option<Version>,
    /// The base of the systems of local codes and identifiers, without a trailing slash.
    pub system_base: &'a str,
}

impl Record<'_> {
    /// A system of local codes or identifiers.
    #[must_use]
    pub fn system(&self, name: &str) -> String {
        format!("{}/{name}", self.system_base)
    }

    /// A system of local identifiers that ends with a kind, as the database has it. `None` for a kind that no `uri` can
    /// hold, since that has no white space (R4, datatypes): no Tryton writes one.
    #[must_use]
    pub fn system_of_kind(&self, name: &str, kind: &str) -> Option<String> {
        (!kind.contains(char::is_whitespace)).then(|| self.system(&format!("{name}/{kind}")))
    }
}
