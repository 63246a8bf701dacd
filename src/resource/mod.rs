//! FHIR resource types: one file each, with its tables, its search parameters and its way from row to resource.

pub mod patient;
mod person;

use chrono::{NaiveDateTime, SubsecRound};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::fhir::r4::{self, Instant, Meta};
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
    fn render(row: Self::Row, scope: &Scope<'_>) -> Rendered<Self::Fhir>;
}

/// What rendering needs to know beside the row.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The base of the systems of local codes and identifiers, without a trailing slash.
    pub system_base: &'a str,
}

impl Scope<'_> {
    /// A system of local codes or identifiers.
    #[must_use]
    pub fn system(&self, name: &str) -> String {
        format!("{}/{name}", self.system_base)
    }
}

/// A resource with what the interaction needs of it.
#[derive(Debug)]
pub struct Rendered<T> {
    /// The logical id.
    pub id: String,
    /// When it was last changed; `None` if the user may not know.
    pub version: Option<Version>,
    /// The resource, with `id` and `meta`.
    pub resource: T,
}

/// The version of a resource: the time of its last change, in UTC. Tryton keeps no history, so there is no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(transparent)]
pub struct Version(NaiveDateTime);

impl Version {
    /// `meta.versionId`: microseconds since 1970.
    #[must_use]
    pub fn id(self) -> String {
        self.0.and_utc().timestamp_micros().to_string()
    }

    /// The weak `ETag` (R4, RESTful API, section "versioning").
    #[must_use]
    pub fn etag(self) -> String {
        format!("W/\"{}\"", self.id())
    }

    /// The time for `Last-Modified`, to the second.
    #[must_use]
    pub fn last_modified(self) -> std::time::SystemTime {
        self.0.trunc_subsecs(0).and_utc().into()
    }

    /// The `meta` element.
    #[must_use]
    pub fn meta(self) -> Meta {
        let moment = self.0.format("%Y-%m-%dT%H:%M:%S%.fZ").to_string();
        Meta {
            version_id: Some(self.id()),
            last_updated: Instant::parse(moment).ok(),
            ..Meta::default()
        }
    }
}
