//! Health institutions: `gnuhealth.institution` with the party.

use serde::Deserialize;

use crate::fhir::r4::{self, Identifier};
use crate::resource::Record;
use crate::resource::person::{INSTITUTION, Party, filled};
use crate::search::declaration::{Only, Source};
use crate::tryton::model::{ID, Node, Relation, plain};

use super::party::{PARTY, organization};
use super::{PROVIDER, kind, selected};

pub(super) const SOURCE: Source = Source {
    prefix: INSTITUTION,
    root: &ROOT,
    only: Only::All,
    measures: &[],
};

static ROOT: Node = Node {
    model: "gnuhealth.institution",
    fields: &[
        ID,
        plain(&["code"]),
        plain(&["institution_type"]),
        plain(&["public_level"]),
    ],
    one: &[Relation {
        key: "party",
        columns: &["party", "name"],
        node: &PARTY,
    }],
    many: &[],
    subject: Some("party"),
};

/// The end of the system of their codes.
pub(super) const CODES: &str = "institution";

/// The end of the system of `institution_type`.
pub(super) const TYPES: &str = "institution-type";

const TYPE_LABELS: &[(&str, &str)] = &[
    ("doctor_office", "Doctor office"),
    ("primary_care", "Primary Care Center"),
    ("clinic", "Clinic"),
    ("hospital", "General Hospital"),
    ("specialized", "Specialized Hospital"),
    ("nursing_home", "Nursing Home"),
    ("hospice", "Hospice"),
    ("rural", "Rural facility"),
];

/// The end of the system of `public_level`.
pub(super) const LEVELS: &str = "institution-public-level";

const LEVEL_LABELS: &[(&str, &str)] = &[
    ("private", "Private"),
    ("public", "Public"),
    ("mixed", "Private - State"),
];

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Row {
    code: Option<String>,
    institution_type: Option<String>,
    public_level: Option<String>,
    party: Option<Party>,
}

/// Makes the resource.
pub(super) fn render(json: &str, record: &Record<'_>) -> serde_json::Result<r4::Organization> {
    let row: Row = serde_json::from_str(json)?;
    let party = organization(&row.party.unwrap_or_default(), record);
    let code = filled(row.code.as_ref()).map(|code| Identifier {
        system: Some(record.system(CODES)),
        value: Some(code),
        ..Identifier::default()
    });
    let own = [
        selected(
            row.institution_type.as_ref(),
            TYPE_LABELS,
            &record.system(TYPES),
        ),
        selected(
            row.public_level.as_ref(),
            LEVEL_LABELS,
            &record.system(LEVELS),
        ),
    ];
    Ok(r4::Organization {
        identifier: code.into_iter().chain(party.identifier).collect(),
        r#type: std::iter::once(kind(PROVIDER, None))
            .chain(own.into_iter().flatten())
            .collect(),
        ..party
    })
}
