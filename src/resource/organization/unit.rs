//! The units of an institution: `gnuhealth.hospital.unit`.

use serde::Deserialize;

use crate::fhir::r4::{self, Identifier};
use crate::resource::person::{INSTITUTION_NAME, Person, filled, institution_reference, renamed};
use crate::resource::{Record, Version};
use crate::search::declaration::{Only, Source};
use crate::search::parameter::System;
use crate::tryton::model::{Field, ID, Node, Relation, leaf, plain};

use super::{DEPARTMENT, kind};

/// What the logical ids begin with.
pub(super) const PREFIX: &str = "unit";

pub(super) const SOURCE: Source = Source {
    prefix: PREFIX,
    root: &ROOT,
    only: Only::All,
    measures: &[],
};

const FIELDS: &[Field] = &[
    ID,
    plain(&["code"]),
    plain(&["name"]),
    renamed("institution_id", &["institution"]),
];

static ROOT: Node = Node {
    model: "gnuhealth.hospital.unit",
    fields: FIELDS,
    one: &[Relation {
        key: "institution",
        columns: &["institution"],
        node: &INSTITUTION_NAME,
    }],
    many: &[],
    subject: None,
};

/// As much of a unit as a reference shows.
pub(in crate::resource) const UNIT_NAME: Node = leaf("gnuhealth.hospital.unit", FIELDS);

/// The end of the system of codes of units, without the institution.
const CODES: &str = "hospital-unit";

/// The system of their codes. Those are unique within an institution, which is the end of the system.
pub(in crate::resource) const SYSTEM: System = System::LocalOf(CODES, "{institution_id}::text");

/// A row.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::resource) struct Unit {
    code: Option<String>,
    name: Option<String>,
    institution_id: Option<i64>,
    institution: Option<Person>,
}

impl Unit {
    /// What it is called.
    pub(in crate::resource) fn name(&self) -> Option<String> {
        filled(self.name.as_ref())
    }

    /// Its code, in the system of its institution.
    pub(in crate::resource) fn identifier(&self, record: &Record<'_>) -> Option<Identifier> {
        let institution = self.institution_id;
        Some(Identifier {
            system: institution.map(|id| record.system(&format!("{CODES}/{id}"))),
            value: Some(filled(self.code.as_ref())?),
            ..Identifier::default()
        })
    }
}

/// Makes the resource.
pub(super) fn render(json: &str, record: &Record<'_>) -> serde_json::Result<r4::Organization> {
    let row: Unit = serde_json::from_str(json)?;
    Ok(r4::Organization {
        id: Some(record.id.clone()),
        meta: record.version.map(Version::meta),
        identifier: row.identifier(record).into_iter().collect(),
        r#type: vec![kind(DEPARTMENT, None)],
        name: row.name(),
        part_of: institution_reference(row.institution_id, row.institution.as_ref()),
        ..r4::Organization::default()
    })
}
