//! Patient: `gnuhealth.patient` with its party.

use base64::Engine;
use serde::Deserialize;

use crate::fhir::concept::{coding, concept};
use crate::fhir::r4::{
    self, AdministrativeGender, Attachment, CodeableConcept, Identifier, PatientCommunication,
    PatientDeceased, Reference,
};
use crate::search::declaration::{Declaration, Only, Source};
use crate::search::parameter::{Kind, Meaning, OfType, Parameter, System, Target, Value};
use crate::tryton::model::{ID, Node, Relation, plain};

use super::person::{PARTY, PARTY_NAME, Party, filled};
use super::{Record, Resource, Version};

/// The resource type Patient.
pub struct Patient;

/// The primary care doctor, as far as a reference shows them.
const DOCTOR: Node = Node {
    model: "gnuhealth.healthprofessional",
    fields: &[plain(&["code"])],
    one: &[Relation {
        key: "party",
        columns: &["party", "name"],
        node: &PARTY_NAME,
    }],
    many: &[],
    subject: Some("party"),
};

static ROOT: Node = Node {
    model: "gnuhealth.patient",
    fields: &[ID, plain(&["active"]), plain(&["current_address"])],
    one: &[
        Relation {
            key: "party",
            columns: &["party", "name"],
            node: &PARTY,
        },
        Relation {
            key: "doctor",
            columns: &["primary_care_doctor"],
            node: &DOCTOR,
        },
    ],
    many: &[],
    subject: Some("party"),
};

const GENDER_SYSTEM: &str = "http://hl7.org/fhir/administrative-gender";

/// Which values of `party.gender` a FHIR gender stands for. Non-binary is a gender of its own: `other`. A person who
/// does not disclose theirs has one that is not known here: `unknown`.
const GENDERS: &[(&str, &[&str])] = &[
    ("male", &["m"]),
    ("female", &["f"]),
    ("other", &["nb", "other"]),
    ("unknown", &["nd", "u"]),
];

const NAMES: &[&str] = &["party", "names"];

/// A text of the person names, or of the party itself where there are none.
const fn named(field: &'static str) -> Target {
    Target::new(NAMES, Value::Field(field), Meaning::Text)
}

/// A text of the party itself, which is shown only where there are no person names.
const fn own_name(field: &'static str) -> Target {
    Target::new(&["party"], Value::Field(field), Meaning::Text).unless(NAMES)
}

/// The type of a medical record number (v2 table 0203), and of the other identifiers.
const fn typed(
    code: &'static str,
    when: Option<(&'static str, &'static [&'static str])>,
) -> OfType {
    OfType {
        system: "http://terminology.hl7.org/CodeSystem/v2-0203",
        code,
        when,
    }
}

const ALTERNATIVE_ID_TYPE: &str = "alternative_id_type";

static PARAMETERS: &[Parameter] = &[
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
        "family",
        Kind::String,
        "individual-family",
        "A part of any family name.",
        &[named("family"), own_name("lastname")],
    ),
    Parameter::new(
        "gender",
        Kind::Token,
        "individual-gender",
        "The administrative gender.",
        &[Target::new(
            &["party"],
            Value::Field("gender"),
            Meaning::Codes(GENDER_SYSTEM, GENDERS),
        )],
    ),
    Parameter::new(
        "given",
        Kind::String,
        "individual-given",
        "A part of any given name.",
        &[named("given"), own_name("name")],
    ),
    Parameter::new(
        "identifier",
        Kind::Token,
        "Patient-identifier",
        "PUID, federation account, alternative id or tax identifier.",
        &[
            Target::new(
                &["party"],
                Value::Field("ref"),
                Meaning::Identifier(System::Local("puid"), &[typed("PI", None)]),
            ),
            Target::new(
                &["party"],
                Value::Field("federation_account"),
                Meaning::Identifier(System::Local("federation-account"), &[]),
            ),
            Target::new(
                &["party", "alternative_ids"],
                Value::Field("code"),
                Meaning::Identifier(
                    System::LocalBy("alternative-id", ALTERNATIVE_ID_TYPE),
                    &[
                        typed("NI", Some((ALTERNATIVE_ID_TYPE, &["country_id"]))),
                        typed("PPN", Some((ALTERNATIVE_ID_TYPE, &["passport"]))),
                        typed("MR", Some((ALTERNATIVE_ID_TYPE, &["medical_record"]))),
                    ],
                ),
            ),
            Target::new(
                &["party", "identifiers"],
                Value::Field("code"),
                Meaning::Identifier(System::LocalBy("party-identifier", "type"), &[]),
            ),
        ],
    ),
    Parameter::new(
        "name",
        Kind::String,
        "Patient-name",
        "A part of any family name, given name, prefix or suffix.",
        &[
            named("family"),
            named("given"),
            named("prefix"),
            named("suffix"),
            own_name("lastname"),
            own_name("name"),
        ],
    ),
];

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
    compartments: &[],
    documentation: "The patients of the hospital (gnuhealth.patient with party.party), active and inactive ones.",
};

/// A row of the description above.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Row {
    active: Option<bool>,
    current_address: Option<i64>,
    party: Option<Party>,
    doctor: Option<Doctor>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Doctor {
    code: Option<String>,
    party: Option<Party>,
}

impl Resource for Patient {
    const DECLARATION: &'static Declaration = &DECLARATION;
    type Fhir = r4::Patient;

    fn render(json: &str, record: &Record<'_>) -> serde_json::Result<r4::Patient> {
        let row: Row = serde_json::from_str(json)?;
        let party = row.party.unwrap_or_default();
        Ok(r4::Patient {
            id: Some(record.id.clone()),
            meta: record.version.map(Version::meta),
            identifier: party.fhir_identifiers(record),
            active: active(row.active, party.active),
            name: party.human_names(),
            telecom: party.contact_points(),
            gender: party.gender.as_deref().and_then(gender),
            birth_date: party.birth_date().into(),
            deceased: deceased(&party),
            address: party.fhir_addresses(row.current_address),
            marital_status: party.marital_status.as_deref().and_then(marital_status),
            photo: party.photo.as_deref().and_then(photo).into_iter().collect(),
            communication: party.language().map(communication).into_iter().collect(),
            general_practitioner: row
                .doctor
                .and_then(|doctor| practitioner(&doctor, record))
                .into_iter()
                .collect(),
            ..r4::Patient::default()
        })
    }
}

/// Inactive if the patient or the person is.
fn active(patient: Option<bool>, party: Option<bool>) -> Option<bool> {
    match (patient, party) {
        (None, None) => None,
        (patient, party) => Some(patient.unwrap_or(true) && party.unwrap_or(true)),
    }
}

fn gender(value: &str) -> Option<AdministrativeGender> {
    let (code, _) = GENDERS.iter().find(|(_, values)| values.contains(&value))?;
    Some(match *code {
        "male" => AdministrativeGender::Male,
        "female" => AdministrativeGender::Female,
        "other" => AdministrativeGender::Other,
        _ => AdministrativeGender::Unknown,
    })
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

/// The picture with the type that its first bytes show. Without one of these it is still served, as what it is: bytes.
fn photo(base64: &str) -> Option<Attachment> {
    const SIGNATURES: &[(&[u8], &str)] = &[
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"GIF8", "image/gif"),
        (b"BM", "image/bmp"),
    ];
    if base64.is_empty() {
        return None;
    }
    // 16 base64 digits are 12 bytes: enough for every signature.
    let start = base64::engine::general_purpose::STANDARD
        .decode(base64.get(..16).unwrap_or(base64))
        .unwrap_or_default();
    let known = SIGNATURES
        .iter()
        .find(|(signature, _)| start.starts_with(signature));
    let content_type = known.map_or("application/octet-stream", |(_, content_type)| {
        *content_type
    });
    Some(Attachment {
        content_type: Some(content_type.to_owned()),
        data: Some(base64.to_owned()),
        ..Attachment::default()
    })
}

fn communication(language: CodeableConcept) -> PatientCommunication {
    PatientCommunication {
        preferred: Some(true),
        ..PatientCommunication::new(language)
    }
}

/// A logical reference: practitioners are not served yet, and a link must not be dead.
fn practitioner(doctor: &Doctor, record: &Record<'_>) -> Option<Reference> {
    let license = filled(doctor.code.as_ref()).map(|value| {
        let system = Some(record.system("health-professional-license"));
        Box::new(Identifier {
            system,
            value: Some(value),
            ..Identifier::default()
        })
    });
    let display = doctor.party.as_ref().and_then(Party::display);
    let known = license.is_some() || display.is_some();
    let r#type = Some("Practitioner".to_owned());
    known.then(|| Reference {
        r#type,
        identifier: license,
        display,
        ..Reference::default()
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

    #[test]
    fn a_photo_has_the_type_of_its_bytes() {
        let kind = |data: &str| photo(data).and_then(|photo| photo.content_type);
        assert_eq!(
            kind("iVBORw0KGgoAAAANSUhEUgAA").as_deref(),
            Some("image/png")
        );
        assert_eq!(kind("/9j/4AAQSkZJRgABAQAA").as_deref(), Some("image/jpeg"));
        assert_eq!(kind("AAAA").as_deref(), Some("application/octet-stream"));
        assert_eq!(kind(""), None);
    }
}
