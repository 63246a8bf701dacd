//! Practitioner: `gnuhealth.healthprofessional` with its party.

use serde::Deserialize;

use crate::fhir::concept::{coding, concept};
use crate::fhir::r4::{self, Identifier, IdentifierUse, PractitionerQualification};
use crate::search::declaration::{Declaration, Only, Source};
use crate::search::parameter::{Kind, Meaning, Parameter, System, Target, Value};
use crate::tryton::model::{ID, Node, Relation, plain};

use super::individual::{self, typed};
use super::person::{Party, STAFF, active, license};
use super::photo::photo;
use super::specialty::{HeldSpecialty, SPECIALTIES};
use super::{Record, Resource, Version, specialty};

/// The resource type Practitioner.
pub struct Practitioner;

static ROOT: Node = Node {
    model: "gnuhealth.healthprofessional",
    fields: &[ID, plain(&["active"]), plain(&["code"]), specialty::MAIN],
    one: &[Relation {
        key: "party",
        columns: &["party", "name"],
        node: &STAFF,
    }],
    many: &[SPECIALTIES],
    subject: Some("party"),
};

static PARAMETERS: &[Parameter] = &[
    individual::active("Practitioner-active"),
    individual::ADDRESS,
    individual::ADDRESS_CITY,
    individual::ADDRESS_COUNTRY,
    individual::ADDRESS_POSTAL_CODE,
    individual::ADDRESS_STATE,
    individual::address_use(&[individual::USE, individual::UNIT_USE]),
    individual::language("communication", "Practitioner-communication"),
    individual::EMAIL,
    individual::FAMILY,
    individual::GENDER,
    individual::GIVEN,
    Parameter::new(
        "identifier",
        Kind::Token,
        "Practitioner-identifier",
        "License, PUID, federation account, alternative id or tax identifier.",
        &[
            Target::new(
                &[],
                Value::Field("code"),
                Meaning::Identifier(
                    System::Local("health-professional-license"),
                    &[typed("LN", None)],
                ),
            ),
            individual::puid(&[]),
            individual::FEDERATION_ACCOUNT,
            individual::ALTERNATIVE_IDS,
            individual::PARTY_IDENTIFIERS,
        ],
    ),
    individual::name("Practitioner-name"),
    individual::PHONE,
    individual::TELECOM,
];

/// What the resource type is.
pub static DECLARATION: Declaration = Declaration {
    name: "Practitioner",
    sources: &[Source {
        prefix: "",
        root: &ROOT,
        only: Only::All,
        measures: &[],
    }],
    parameters: PARAMETERS,
    compartments: &[],
    documentation: "The health professionals (gnuhealth.healthprofessional with party.party), active and inactive ones.",
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Row {
    active: Option<bool>,
    code: Option<String>,
    main_specialty: Option<i64>,
    party: Option<Party>,
    specialties: Option<Vec<HeldSpecialty>>,
}

impl Resource for Practitioner {
    const DECLARATION: &'static Declaration = &DECLARATION;
    type Fhir = r4::Practitioner;

    fn render(json: &str, record: &Record<'_>) -> serde_json::Result<r4::Practitioner> {
        let row: Row = serde_json::from_str(json)?;
        let party = row.party.as_ref();
        let unknown = Party::default();
        let person = party.unwrap_or(&unknown);
        let license = row.license(record).into_iter();
        Ok(r4::Practitioner {
            id: Some(record.id.clone()),
            meta: record.version.map(Version::meta),
            identifier: license
                .chain(person.fhir_identifiers(record, None))
                .collect(),
            active: active(row.active, person.active),
            name: person.human_names(),
            telecom: person.contact_points(),
            address: person.fhir_addresses(None),
            gender: person.gender(),
            birth_date: person.birth_date(),
            photo: person
                .photo
                .as_deref()
                .and_then(photo)
                .into_iter()
                .collect(),
            qualification: row.qualifications(record),
            communication: person.language().into_iter().collect(),
            ..r4::Practitioner::default()
        })
    }
}

impl Row {
    fn license(&self, record: &Record<'_>) -> Option<Identifier> {
        let system = "http://terminology.hl7.org/CodeSystem/v2-0203";
        let kind = coding(system, "LN", Some("License number".to_owned()));
        Some(Identifier {
            r#use: Some(IdentifierUse::Official),
            r#type: Some(concept(Some(kind), None)),
            ..license(self.code.as_ref(), record)?
        })
    }

    /// The specialties, the main one first.
    fn qualifications(&self, record: &Record<'_>) -> Vec<PractitionerQualification> {
        specialty::concepts(self.specialties.as_ref(), self.main_specialty, record)
            .into_iter()
            .map(PractitionerQualification::new)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn rendered(row: &Value) -> Value {
        let record = Record {
            id: "3".to_owned(),
            version: None,
            source: &DECLARATION.sources[0],
            measure: None,
            system_base: "https://h/ns",
        };
        serde_json::to_value(Practitioner::render(&row.to_string(), &record).unwrap()).unwrap()
    }

    #[test]
    fn the_main_specialty_comes_first_in_every_version() {
        let held = |id: i64, code: &str, main: Option<bool>| json!({"id": id, "mainsp": main, "specialty": {"code": code, "name": code.to_lowercase()}});
        let first = |row: &Value| rendered(row)["qualification"][0]["code"].clone();
        let newer = json!({"specialties": [held(1, "LAB", None), held(2, "HEMATO", Some(true))]});
        let expected = json!({"coding": [{"system": "https://h/ns/specialty", "code": "HEMATO", "display": "hemato"}],
            "text": "hemato"});
        assert_eq!(first(&newer), expected);
        let older = json!({"main_specialty": 2, "specialties": [held(1, "LAB", None), held(2, "HEMATO", None)]});
        assert_eq!(first(&older), expected);
    }

    #[test]
    fn the_license_is_an_identifier_before_the_others() {
        let found = rendered(&json!({"code": "LIC-0001", "party": {"ref": "ESP777"}}));
        assert_eq!(found["identifier"][0]["value"], "LIC-0001");
        assert_eq!(
            found["identifier"][0]["system"],
            "https://h/ns/health-professional-license"
        );
        assert_eq!(found["identifier"][0]["type"]["coding"][0]["code"], "LN");
        assert_eq!(found["identifier"][1]["value"], "ESP777");
        assert_eq!(found["identifier"][1]["type"], json!({"text": "PUID"}));
    }

    #[test]
    fn a_practitioner_of_whom_nothing_may_be_read_is_still_a_valid_one() {
        let nothing = json!({"resourceType": "Practitioner", "id": "3"});
        assert_eq!(rendered(&json!({})), nothing);
    }
}
