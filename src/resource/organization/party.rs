//! What a party tells of an organisation, and the parties that are organisations by themselves: insurance companies and
//! pharmacies.

use serde::Deserialize;

use crate::fhir::r4::{self, Address, AddressUse};
use crate::resource::person::{ADDRESSES, ALTERNATIVE_IDS, CONTACTS, DOMICILE, IDENTIFIERS, Party};
use crate::resource::{Record, Version};
use crate::search::declaration::{Only, Source};
use crate::tryton::model::{ID, Node, plain};

use super::{INSURANCE, PROVIDER, kind, selected};

/// The party of an organisation. Names beside the one of the party itself are of persons.
pub(super) const PARTY: Node = Node {
    model: "party.party",
    fields: &[
        ID,
        plain(&["active"]),
        plain(&["name"]),
        plain(&["lastname"]),
        plain(&["ref"]),
        plain(&["federation_account"]),
        plain(&["is_insurance_company"]),
        plain(&["insurance_company_type"]),
        plain(&["is_pharmacy"]),
    ],
    one: &[DOMICILE],
    many: &[ALTERNATIVE_IDS, IDENTIFIERS, CONTACTS, ADDRESSES],
    subject: None,
};

static ROOT: Node = PARTY;

/// What the logical ids of insurance companies begin with.
pub(super) const INSURER: &str = "insurer";

/// What those of pharmacies begin with.
pub(super) use crate::resource::person::PHARMACY;

pub(super) const INSURERS: Source = Source {
    prefix: INSURER,
    root: &ROOT,
    only: Only::If("{is_insurance_company} IS TRUE"),
    measures: &[],
};

pub(super) const PHARMACIES: Source = Source {
    prefix: PHARMACY,
    root: &ROOT,
    only: Only::If("{is_pharmacy} IS TRUE"),
    measures: &[],
};

/// The end of the system of `insurance_company_type`.
pub(super) const INSURER_TYPES: &str = "insurer-type";

const INSURER_TYPE_LABELS: &[(&str, &str)] = &[
    ("state", "State"),
    ("labour_union", "Labour Union / Syndical"),
    ("private", "Private"),
];

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Insurer {
    insurance_company_type: Option<String>,
    #[serde(flatten)]
    party: Party,
}

/// Makes the resource of an insurance company.
pub(super) fn insurer(json: &str, record: &Record<'_>) -> serde_json::Result<r4::Organization> {
    let row: Insurer = serde_json::from_str(json)?;
    let own = selected(
        row.insurance_company_type.as_ref(),
        INSURER_TYPE_LABELS,
        &record.system(INSURER_TYPES),
    );
    Ok(r4::Organization {
        r#type: std::iter::once(kind(INSURANCE, None)).chain(own).collect(),
        ..organization(&row.party, record)
    })
}

/// Makes the resource of a pharmacy. R4's types have no other code for one than that of a provider.
pub(super) fn pharmacy(json: &str, record: &Record<'_>) -> serde_json::Result<r4::Organization> {
    let party: Party = serde_json::from_str(json)?;
    Ok(r4::Organization {
        r#type: vec![kind(PROVIDER, Some("Pharmacy"))],
        ..organization(&party, record)
    })
}

/// An organisation, as far as its party tells.
pub(super) fn organization(party: &Party, record: &Record<'_>) -> r4::Organization {
    r4::Organization {
        id: Some(record.id.clone()),
        meta: record.version.map(Version::meta),
        identifier: party.fhir_identifiers(record, None),
        active: party.active,
        name: party.display(),
        telecom: party.contact_points(),
        address: party
            .fhir_addresses(None)
            .into_iter()
            .map(|address| Address {
                // An organisation has no home (R4, org-2).
                r#use: address.r#use.filter(|r#use| *r#use != AddressUse::Home),
                ..address
            })
            .collect(),
        ..r4::Organization::default()
    }
}
