//! Organization: the institutions and their units, and the parties that are insurers and pharmacies.
//!
//! The operational sectors of an institution are no part of it: they are the regions that it covers.

mod institution;
mod parameters;
mod party;
pub(super) mod unit;

use crate::fhir::concept::{coding, concept};
use crate::fhir::r4::{self, CodeableConcept, Identifier};
use crate::fhir::text::is_code;
use crate::search::declaration::Declaration;

use super::person::{INSTITUTION, filled};
use super::{Record, Resource, absent};

/// The resource type Organization.
pub struct Organization;

/// What the resource type is.
pub static DECLARATION: Declaration = Declaration {
    name: "Organization",
    sources: &[
        institution::SOURCE,
        unit::SOURCE,
        party::INSURERS,
        party::PHARMACIES,
    ],
    parameters: parameters::PARAMETERS,
    compartments: &[],
    documentation: "The health institutions (gnuhealth.institution) and their units (gnuhealth.hospital.unit), the insurance \
                    companies and the pharmacies (party.party).",
};

impl Resource for Organization {
    const DECLARATION: &'static Declaration = &DECLARATION;
    type Fhir = r4::Organization;

    fn render(json: &str, record: &Record<'_>) -> serde_json::Result<r4::Organization> {
        let organization = match record.source.prefix {
            INSTITUTION => institution::render(json, record)?,
            unit::PREFIX => unit::render(json, record)?,
            party::INSURER => party::insurer(json, record)?,
            _ => party::pharmacy(json, record)?,
        };
        Ok(identified(organization))
    }
}

/// Has an identifier or a name (R4, org-1): one of which neither may be read says that it has an identifier.
fn identified(organization: r4::Organization) -> r4::Organization {
    if organization.name.is_some() || !organization.identifier.is_empty() {
        return organization;
    }
    let identifier = Identifier {
        extension: vec![absent::unknown()],
        ..Identifier::default()
    };
    r4::Organization {
        identifier: vec![identifier],
        ..organization
    }
}

/// The system of R4's own codes of types.
const TYPE: &str = "http://terminology.hl7.org/CodeSystem/organization-type";

const PROVIDER: (&str, &str) = ("prov", "Healthcare Provider");
const DEPARTMENT: (&str, &str) = ("dept", "Hospital Department");
const INSURANCE: (&str, &str) = ("ins", "Insurance Company");

/// A type of R4.
fn kind((code, display): (&str, &str), text: Option<&str>) -> CodeableConcept {
    let coding = coding(TYPE, code, Some(display.to_owned()));
    concept(Some(coding), text.map(str::to_owned))
}

/// A type of GNU Health's own: the value of a selection, with its label.
fn selected(
    value: Option<&String>,
    labels: &[(&str, &str)],
    system: &str,
) -> Option<CodeableConcept> {
    let value = filled(value)?;
    let known = labels.iter().find(|(code, _)| *code == value);
    let label = known.map_or(value.as_str(), |(_, label)| label).to_owned();
    let coding = is_code(&value).then(|| coding(system, value, Some(label.clone())));
    Some(concept(coding, Some(label)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn rendered(source: usize, row: &Value) -> Value {
        let source = &DECLARATION.sources[source];
        let record = Record {
            id: format!("{}-4", source.prefix),
            version: None,
            system_base: "https://h/ns",
            source,
            measure: None,
        };
        serde_json::to_value(Organization::render(&row.to_string(), &record).unwrap()).unwrap()
    }

    #[test]
    fn an_institution_is_what_its_party_is() {
        let party = json!({"active": true, "name": "Hospital", "ref": "NP-1",
            "identifiers": [{"type": "es_vat", "code": "ESB1"}],
            "contacts": [{"type": "phone", "value": "1"}],
            "addresses": [{"id": 1, "street": "A 1", "city": "B"}]});
        let found = rendered(
            0,
            &json!({"code": "HOSP", "institution_type": "hospital", "public_level": "mixed", "party": party}),
        );
        let values = found["identifier"].as_array().unwrap().iter();
        let values: Vec<_> = values.map(|item| item["value"].clone()).collect();
        assert_eq!(values, ["HOSP", "NP-1", "ESB1"]);
        assert_eq!(found["active"], true);
        assert_eq!(found["name"], "Hospital");
        assert_eq!(found["telecom"][0]["value"], "1");
        assert_eq!(found["address"][0]["city"], "B");
        assert_eq!(found["type"][0]["coding"][0]["code"], "prov");
        assert_eq!(
            found["type"][1],
            json!({"coding": [{"system": "https://h/ns/institution-type", "code": "hospital",
                "display": "General Hospital"}], "text": "General Hospital"})
        );
        assert_eq!(found["type"][2]["text"], "Private - State");
    }

    #[test]
    fn a_unit_is_a_department_and_part_of_its_institution() {
        let row = json!({"code": "INT", "name": "Internal medicine", "institution_id": 3,
            "institution": {"party": {"name": "Hospital"}}});
        let expected = json!({"resourceType": "Organization", "id": "unit-4",
            "identifier": [{"system": "https://h/ns/hospital-unit/3", "value": "INT"}],
            "type": [{"coding": [{"system": TYPE, "code": "dept", "display": "Hospital Department"}]}],
            "name": "Internal medicine",
            "partOf": {"reference": "Organization/institution-3", "type": "Organization", "display": "Hospital"}});
        assert_eq!(rendered(1, &row), expected);
    }

    #[test]
    fn an_address_of_an_organisation_is_nobodys_home() {
        let row = json!({"name": "Insurer", "du": {"address_city": "B"}});
        assert_eq!(
            rendered(2, &row)["address"],
            json!([{"type": "physical", "city": "B"}])
        );
    }

    #[test]
    fn insurers_and_pharmacies_have_types_of_their_own() {
        let found = rendered(
            2,
            &json!({"name": "A", "insurance_company_type": "labour_union"}),
        );
        assert_eq!(found["type"][0]["coding"][0]["code"], "ins");
        assert_eq!(found["type"][1]["coding"][0]["code"], "labour_union");
        assert_eq!(found["type"][1]["text"], "Labour Union / Syndical");
        let found = rendered(3, &json!({"name": "A", "insurance_company_type": "state"}));
        assert_eq!(found["type"].as_array().unwrap().len(), 1);
        assert_eq!(found["type"][0]["coding"][0]["code"], "prov");
        assert_eq!(found["type"][0]["text"], "Pharmacy");
    }

    #[test]
    fn a_type_that_gnu_health_did_not_ship_is_shown_as_it_is() {
        let found = rendered(
            0,
            &json!({"institution_type": "field", "public_level": "a  b"}),
        );
        assert_eq!(found["type"][1]["coding"][0]["code"], "field");
        assert_eq!(found["type"][1]["text"], "field");
        assert_eq!(found["type"][2], json!({"text": "a  b"}));
    }

    #[test]
    fn an_organisation_of_which_nothing_may_be_read_has_an_identifier_that_is_not_known() {
        for source in 0..DECLARATION.sources.len() {
            let found = rendered(source, &json!({}));
            let extension = &found["identifier"][0]["extension"][0];
            assert_eq!(extension["valueCode"], "unknown", "{found}");
            assert!(found.get("name").is_none());
            assert!(found.get("active").is_none());
        }
        let named = rendered(1, &json!({"name": "A"}));
        assert!(named.get("identifier").is_none());
    }
}
