//! Patient: `gnuhealth.patient` with its party.

mod background;
mod contact;

use serde::Deserialize;

use crate::fhir::concept::{coding, concept};
use crate::fhir::r4::{
    self, CodeableConcept, PatientCommunication, PatientContact, PatientDeceased, Reference,
};
use crate::search::declaration::{Declaration, Only, Source};
use crate::search::parameter::{Kind, Meaning, Parameter, System, Target, Value};
use crate::tryton::model::{ID, Node, Relation, plain};

use super::person::{
    ADDRESS, PARTY, PROFESSIONAL_NAME, Party, PartyAddress, Person, active, license,
    practitioner_reference, renamed,
};
use super::photo::photo;
use super::{Record, Resource, Version, individual};
use background::{Background, Newborn};
use contact::{Contacts, Family};

/// The resource type Patient.
pub struct Patient;

static ROOT: Node = Node {
    model: "gnuhealth.patient",
    fields: &[
        ID,
        plain(&["active"]),
        renamed("party_id", &["party", "name"]),
        renamed("doctor_id", &["primary_care_doctor"]),
        plain(&["biological_sex"]),
    ],
    one: &[
        Relation {
            key: "party",
            columns: &["party", "name"],
            node: &PARTY,
        },
        Relation {
            key: "background",
            columns: &["party", "name"],
            node: &background::PERSON,
        },
        Relation {
            key: "family",
            columns: &["family"],
            node: &contact::FAMILY,
        },
        Relation {
            key: "doctor",
            columns: &["primary_care_doctor"],
            node: &PROFESSIONAL_NAME,
        },
        Relation {
            key: "current_address",
            columns: &["current_address"],
            node: &ADDRESS,
        },
    ],
    many: &[Relation {
        key: "newborns",
        columns: &["patient"],
        node: &background::NEWBORN,
    }],
    subject: Some("party"),
};

static PARAMETERS: &[Parameter] = &[
    individual::active("Patient-active"),
    individual::ADDRESS,
    individual::ADDRESS_CITY,
    individual::ADDRESS_COUNTRY,
    individual::ADDRESS_POSTAL_CODE,
    individual::ADDRESS_STATE,
    individual::address_use(&[individual::USE, individual::UNIT_USE, TEMPORARY]),
    Parameter::new(
        "birthdate",
        Kind::Date,
        "individual-birthdate",
        "The date of birth. An estimated one is known to the year only, and compared as a year.",
        &[Target::new(
            &["party"],
            Value::Field("dob"),
            Meaning::DateOrYear("est_dob"),
        )],
    ),
    Parameter::new(
        "death-date",
        Kind::Date,
        "Patient-death-date",
        "The time of death that a certificate has which is no draft.",
        &[Target::new(
            &["party"],
            Value::Sql(
                "CASE WHEN {deceased} IS TRUE AND {death_certificate/state} IN ('signed', 'done') \
                 THEN {death_certificate/dod} END",
            ),
            Meaning::Moment,
        )],
    ),
    Parameter::new(
        "deceased",
        Kind::Token,
        "Patient-deceased",
        "Whether the patient has died.",
        &[Target::new(
            &["party"],
            Value::Sql("coalesce({deceased}, false)"),
            Meaning::Flag,
        )],
    ),
    individual::EMAIL,
    individual::FAMILY,
    individual::GENDER,
    Parameter::new(
        "general-practitioner",
        Kind::Reference,
        "Patient-general-practitioner",
        "The primary care doctor.",
        &[
            Target::new(
                &[],
                Value::Field("doctor_id"),
                Meaning::Reference("Practitioner", ""),
            ),
            Target::new(
                &["doctor"],
                Value::Field("code"),
                Meaning::Logical(System::Local("health-professional-license")),
            ),
        ],
    )
    .with_elements(
        &["generalPractitioner"],
        &["Organization", "Practitioner", "PractitionerRole"],
    ),
    individual::GIVEN,
    Parameter::new(
        "identifier",
        Kind::Token,
        "Patient-identifier",
        "PUID, federation account, alternative id or tax identifier.",
        &[
            individual::puid(&[individual::typed("PI", None)]),
            individual::FEDERATION_ACCOUNT,
            individual::ALTERNATIVE_IDS,
            individual::PARTY_IDENTIFIERS,
        ],
    ),
    individual::language("language", "Patient-language"),
    Parameter::new(
        "link",
        Kind::Reference,
        "Patient-link",
        "The patient that this one was merged into.",
        &[Target::new(
            &["background", "replaced_by", "patients"],
            Value::Field("id"),
            Meaning::Reference("Patient", ""),
        )],
    )
    .with_elements(&["link.other"], &["Patient"]),
    individual::name("Patient-name"),
    individual::PHONE,
    individual::TELECOM,
];

/// The address where the patient stays for now.
const TEMPORARY: Target = Target::new(
    &["current_address"],
    Value::Sql(
        "CASE WHEN {active} IS NOT FALSE AND btrim(concat({name}, {street}, {city}, {postal_code}, {country/code}, \
         {subdivision/name}), E' \\t\\n\\r') <> '' THEN 'temp' END",
    ),
    individual::ADDRESS_USE,
);

/// What the resource type is.
pub static DECLARATION: Declaration = Declaration {
    name: "Patient",
    sources: &[Source {
        prefix: "",
        root: &ROOT,
        only: Only::All,
        measures: &[],
    }],
    parameters: PARAMETERS,
    compartments: &[
        ("Patient", "link"),
        ("Practitioner", "general-practitioner"),
    ],
    documentation: "The patients of the hospital (gnuhealth.patient with party.party), active and inactive ones.",
};

/// A row of the description above.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Row {
    active: Option<bool>,
    current_address: Option<PartyAddress>,
    party_id: Option<i64>,
    party: Option<Party>,
    background: Option<Background>,
    family: Option<Family>,
    newborns: Option<Vec<Newborn>>,
    biological_sex: Option<String>,
    doctor_id: Option<i64>,
    doctor: Option<Person>,
}

impl Resource for Patient {
    const DECLARATION: &'static Declaration = &DECLARATION;
    type Fhir = r4::Patient;

    fn render(json: &str, record: &Record<'_>) -> serde_json::Result<r4::Patient> {
        let mut row: Row = serde_json::from_str(json)?;
        let party = row.party.take().unwrap_or_default();
        let background = row.background.take().unwrap_or_default();
        let newborn = row.newborns.iter().flatten().next();
        let mut extension = background.extensions();
        extension.extend(background::gender_identity(party.gender.as_deref()));
        extension.extend(background::biological_sex(row.biological_sex.as_deref()));
        Ok(r4::Patient {
            id: Some(record.id.clone()),
            meta: record.version.map(Version::meta),
            extension,
            identifier: party.fhir_identifiers(record, Some(("PI", "Patient internal identifier"))),
            active: active(row.active, party.active),
            name: party.human_names(),
            telecom: party.contact_points(),
            gender: party.gender(),
            birth_date: background::birth_date(party.birth_date(), newborn),
            deceased: deceased(&party),
            address: party.fhir_addresses(row.current_address.as_ref().map(|address| address.id)),
            marital_status: party.marital_status.as_deref().and_then(marital_status),
            multiple_birth: background.multiple_birth(),
            photo: party.photo.as_deref().and_then(photo).into_iter().collect(),
            contact: row.contacts(&background),
            communication: party.language().map(communication).into_iter().collect(),
            general_practitioner: general_practitioner(row.doctor_id, row.doctor.as_ref(), record)
                .into_iter()
                .collect(),
            link: background.links(),
            ..r4::Patient::default()
        })
    }
}

impl Row {
    /// Whom the patient may be reached through. Without their own party nobody can be told from themselves.
    fn contacts(&self, background: &Background) -> Vec<PatientContact> {
        let Some(own) = self.party_id else {
            return Vec::new();
        };
        let mut contacts = Contacts::of(own);
        background.contacts(&mut contacts);
        for newborn in self.newborns.iter().flatten() {
            contacts.parent(newborn.mother(), "MTH", "Mother");
        }
        if let Some(family) = &self.family {
            contacts.family(family);
        }
        background.other_contacts(&mut contacts);
        contacts.into_fhir()
    }
}

/// The time of death if the certificate has it, else the fact. GNU Health sets the fact when a certificate is signed.
fn deceased(party: &Party) -> Option<PatientDeceased> {
    if party.deceased != Some(true) {
        return None;
    }
    Some(
        party
            .time_of_death()
            .map_or(PatientDeceased::Boolean(true), PatientDeceased::DateTime),
    )
}

/// `party.marital_status` in HL7 v3 `MaritalStatus`. Concubinage is a domestic partnership; for a separation v3 has only
/// the legal one, so the text says what is known.
fn marital_status(value: &str) -> Option<CodeableConcept> {
    let (code, display, text) = match value {
        "s" => ("S", "Never Married", "Single"),
        "m" => ("M", "Married", "Married"),
        "c" => ("T", "Domestic partner", "Concubinage"),
        "w" => ("W", "Widowed", "Widowed"),
        "d" => ("D", "Divorced", "Divorced"),
        "x" => ("L", "Legally Separated", "Separated"),
        _ => return None,
    };
    let system = "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus";
    let coding = coding(system, code, Some(display.to_owned()));
    Some(concept(Some(coding), Some(text.to_owned())))
}

fn communication(language: CodeableConcept) -> PatientCommunication {
    PatientCommunication {
        preferred: Some(true),
        ..PatientCommunication::new(language)
    }
}

/// The doctor, with the license by which others know them.
fn general_practitioner(
    id: Option<i64>,
    doctor: Option<&Person>,
    record: &Record<'_>,
) -> Option<Reference> {
    let license = doctor.and_then(|doctor| license(doctor.code.as_ref(), record));
    Some(Reference {
        identifier: license.map(Box::new),
        ..practitioner_reference(id, doctor)?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(json: &str) -> serde_json::Value {
        let [source] = DECLARATION.sources else {
            panic!("one source")
        };
        let record = Record {
            id: "7".to_owned(),
            version: None,
            system_base: "https://h/ns",
            source,
            measure: None,
        };
        serde_json::to_value(Patient::render(json, &record).unwrap()).unwrap()
    }

    #[test]
    fn a_patient_of_whom_nothing_may_be_read_is_still_a_valid_one() {
        assert_eq!(
            rendered("{}"),
            serde_json::json!({"resourceType": "Patient", "id": "7"})
        );
    }

    #[test]
    fn genders_are_fhirs() {
        for (value, expected) in [
            ("m", "male"),
            ("f", "female"),
            ("nb", "other"),
            ("other", "other"),
            ("nd", "unknown"),
            ("u", "unknown"),
        ] {
            assert_eq!(
                rendered(&format!(r#"{{"party": {{"gender": "{value}"}}}}"#))["gender"],
                expected
            );
        }
        assert!(
            rendered(r#"{"party": {"gender": "zz"}}"#)
                .get("gender")
                .is_none()
        );
    }
}
