//! Where a patient comes from: birth, citizenship and sex, in the extensions that HL7 publishes for them; and the record
//! that theirs was merged into.

use serde::Deserialize;

use crate::fhir::concept::{coding, concept};
use crate::fhir::r4::{
    Address, CodeableConcept, Date, DateTime, Extension, ExtensionValue, LinkType, PatientLink,
    PatientMultipleBirth, Primitive,
};
use crate::resource::person::{
    COUNTRY, Named, PATIENT_NAME, Party, Person, RELATIVE, SUBDIVISION, TO_PARTY_NAME,
    patient_reference, says_something,
};
use crate::tryton::model::{ID, Node, Relation, plain};

use super::contact::{self, Contacts, ForeignAddress, Mechanism};

const TO_COUNTRY: Relation = Relation {
    key: "country",
    columns: &["country"],
    node: &COUNTRY,
};

const BIRTH_CERTIFICATE: Node = Node {
    model: "gnuhealth.birth_certificate",
    fields: &[plain(&["state"])],
    one: &[
        TO_COUNTRY,
        Relation {
            key: "subdivision",
            columns: &["country_subdivision"],
            node: &SUBDIVISION,
        },
        Relation {
            key: "mother",
            columns: &["mother"],
            node: &RELATIVE,
        },
        Relation {
            key: "father",
            columns: &["father"],
            node: &RELATIVE,
        },
    ],
    many: &[],
    subject: None,
};

/// A patient that a party is.
const LINKED: Node = Node {
    model: "gnuhealth.patient",
    fields: &[ID],
    one: &[TO_PARTY_NAME],
    many: &[],
    subject: Some("party"),
};

/// The party that another one was merged into.
const REPLACEMENT: Node = Node {
    model: "party.party",
    fields: &[],
    one: &[],
    many: &[Relation {
        key: "patients",
        columns: &["party", "name"],
        node: &LINKED,
    }],
    subject: None,
};

const PREGNANCY: Node = Node {
    model: "gnuhealth.patient.pregnancy",
    fields: &[plain(&["fetuses"])],
    one: &[Relation {
        key: "patient",
        columns: &["patient"],
        node: &PATIENT_NAME,
    }],
    many: &[],
    subject: Some("patient"),
};

/// What came of a pregnancy.
const BIRTH: Node = Node {
    model: "gnuhealth.pregnancy.result",
    fields: &[],
    one: &[Relation {
        key: "pregnancy",
        columns: &["pregnancy"],
        node: &PREGNANCY,
    }],
    many: &[],
    subject: Some("pregnancy"),
};

/// What else is known of the person who a patient is.
pub(super) const PERSON: Node = Node {
    model: "party.party",
    fields: &[],
    one: &[
        Relation {
            key: "citizenship",
            columns: &["citizenship"],
            node: &COUNTRY,
        },
        Relation {
            key: "birth_certificate",
            columns: &["birth_certificate"],
            node: &BIRTH_CERTIFICATE,
        },
        Relation {
            key: "replaced_by",
            columns: &["replaced_by"],
            node: &REPLACEMENT,
        },
    ],
    many: &[
        Relation {
            key: "addresses",
            columns: &["party"],
            node: &contact::ADDRESS,
        },
        Relation {
            key: "mechanisms",
            columns: &["party"],
            node: &contact::MECHANISM,
        },
        Relation {
            key: "births",
            columns: &["newborn"],
            node: &BIRTH,
        },
    ],
    subject: None,
};

const MOTHER: Node = Node {
    model: "gnuhealth.patient",
    fields: &[],
    one: &[Relation {
        key: "party",
        columns: &["party", "name"],
        node: &RELATIVE,
    }],
    many: &[],
    subject: Some("party"),
};

/// The neonatal record of a patient.
pub(super) const NEWBORN: Node = Node {
    model: "gnuhealth.newborn",
    fields: &[plain(&["birth_date"])],
    one: &[Relation {
        key: "mother",
        columns: &["mother"],
        node: &MOTHER,
    }],
    many: &[],
    subject: None,
};

/// A row of [`PERSON`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Background {
    citizenship: Option<Named>,
    birth_certificate: Option<BirthCertificate>,
    replaced_by: Option<Replacement>,
    addresses: Option<Vec<ForeignAddress>>,
    mechanisms: Option<Vec<Mechanism>>,
    births: Option<Vec<Birth>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct BirthCertificate {
    state: Option<String>,
    country: Option<Named>,
    subdivision: Option<Named>,
    mother: Option<Party>,
    father: Option<Party>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Replacement {
    patients: Option<Vec<Linked>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Linked {
    id: Option<i64>,
    #[serde(flatten)]
    person: Person,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Birth {
    pregnancy: Option<Pregnancy>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Pregnancy {
    fetuses: Option<i64>,
}

/// A row of [`NEWBORN`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Newborn {
    birth_date: Option<String>,
    mother: Option<Mother>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Mother {
    party: Option<Party>,
}

fn extension(name: &str, value: ExtensionValue) -> Extension {
    Extension {
        value: Some(value),
        ..Extension::new(format!("http://hl7.org/fhir/StructureDefinition/{name}"))
    }
}

fn part(name: &str, concept: CodeableConcept) -> Extension {
    Extension {
        value: Some(ExtensionValue::CodeableConcept(concept)),
        ..Extension::new(name)
    }
}

fn parts(name: &str, extension: Vec<Extension>) -> Extension {
    Extension {
        extension,
        ..Extension::new(format!("http://hl7.org/fhir/StructureDefinition/{name}"))
    }
}

impl Background {
    /// The extensions for birth place, citizenship and the mother's maiden name.
    pub(super) fn extensions(&self) -> Vec<Extension> {
        let place = self.birth_place().map(ExtensionValue::Address);
        let mother = self.certificate().and_then(|found| found.mother.as_ref());
        let maiden = mother.and_then(Party::maiden_name);
        let maiden = maiden.map(ExtensionValue::String);
        let place = place.map(|place| extension("patient-birthPlace", place));
        let maiden = maiden.map(|name| extension("patient-mothersMaidenName", name));
        let all = [place, self.citizenship(), maiden];
        all.into_iter().flatten().collect()
    }

    /// The birth certificate, unless it is a draft.
    fn certificate(&self) -> Option<&BirthCertificate> {
        let certificate = self.birth_certificate.as_ref();
        certificate.filter(|found| matches!(found.state.as_deref(), Some("signed" | "done")))
    }

    fn birth_place(&self) -> Option<Address> {
        let certificate = self.certificate()?;
        says_something(Address {
            state: Named::name(certificate.subdivision.as_ref()),
            country: Named::code(certificate.country.as_ref()),
            ..Address::default()
        })
    }

    fn citizenship(&self) -> Option<Extension> {
        let country = self.citizenship.as_ref();
        let (code, name) = (Named::code(country), Named::name(country));
        let known = code.is_some() || name.is_some();
        let coding = code.map(|code| coding("urn:iso:std:iso:3166", code, name.clone()));
        let country = known.then(|| part("code", concept(coding, name)))?;
        Some(parts("patient-citizenship", vec![country]))
    }

    /// That there were others, or not.
    pub(super) fn multiple_birth(&self) -> Option<PatientMultipleBirth> {
        let mut births = self.births.iter().flatten();
        let pregnancy = births.find_map(|birth| birth.pregnancy.as_ref())?;
        let fetuses = pregnancy.fetuses.filter(|fetuses| *fetuses > 0)?;
        Some(PatientMultipleBirth::Boolean(fetuses > 1))
    }

    /// The patient that this one was merged into.
    pub(super) fn links(&self) -> Vec<PatientLink> {
        let replacement = self.replaced_by.as_ref();
        let patients = replacement.and_then(|party| party.patients.as_deref());
        let others = patients.unwrap_or_default().iter();
        let others = others.filter_map(|other| patient_reference(other.id, Some(&other.person)));
        others
            .map(|other| PatientLink::new(other, LinkType::ReplacedBy))
            .collect()
    }

    /// Adds those who can be reached, the parents first.
    pub(super) fn contacts(&self, contacts: &mut Contacts) {
        if let Some(certificate) = self.certificate() {
            contacts.parent(certificate.mother.as_ref(), "MTH", "Mother");
            contacts.parent(certificate.father.as_ref(), "FTH", "Father");
        }
    }

    /// Adds those who are not of the family.
    pub(super) fn other_contacts(&self, contacts: &mut Contacts) {
        contacts.addresses(self.addresses.as_deref().unwrap_or_default());
        contacts.emergencies(self.mechanisms.as_deref().unwrap_or_default());
    }
}

impl Newborn {
    /// The mother.
    pub(super) fn mother(&self) -> Option<&Party> {
        self.mother.as_ref()?.party.as_ref()
    }

    /// The time of birth, on the day of birth as it stands elsewhere.
    fn birth_time(&self, day: &Date) -> Option<Extension> {
        let time = self.birth_date.as_ref()?;
        let time = time.starts_with(day.as_str()).then(|| format!("{time}Z"))?;
        let time = DateTime::parse(time).ok()?;
        Some(extension(
            "patient-birthTime",
            ExtensionValue::DateTime(time),
        ))
    }
}

/// The day of birth, with the time if a neonatal record has it. GNU Health takes the day from that record, in UTC
/// (`Newborn.write`, health_pediatrics); a year is no day.
pub(super) fn birth_date(day: Option<Date>, newborn: Option<&Newborn>) -> Primitive<Date> {
    let whole = day.as_ref().filter(|day| day.as_str().len() == 10);
    let time = whole.and_then(|day| newborn?.birth_time(day));
    Primitive {
        extension: time.into_iter().collect(),
        value: day,
    }
}

/// What a gender says that the administrative one of FHIR cannot.
pub(super) fn gender_identity(gender: Option<&str>) -> Option<Extension> {
    let (code, display) = match gender? {
        "nb" => ("non-binary", "non-binary"),
        "nd" => ("non-disclose", "does not wish to disclose"),
        _ => return None,
    };
    let system = "http://hl7.org/fhir/gender-identity";
    let coding = coding(system, code, Some(display.to_owned()));
    let identity = ExtensionValue::CodeableConcept(concept(Some(coding), None));
    Some(extension("patient-genderIdentity", identity))
}

/// `gnuhealth.patient.biological_sex`.
pub(super) fn biological_sex(sex: Option<&str>) -> Option<Extension> {
    let (code, display) = match sex? {
        "m" => ("male", "Male"),
        "f" => ("female", "Female"),
        _ => return None,
    };
    let system = "http://hl7.org/fhir/administrative-gender";
    let coding = coding(system, code, Some(display.to_owned()));
    let kind = concept(None, Some("Biological sex".to_owned()));
    Some(parts(
        "individual-recordedSexOrGender",
        vec![
            part("value", concept(Some(coding), None)),
            part("type", kind),
        ],
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn background(row: Value) -> Background {
        serde_json::from_value(row).unwrap()
    }

    #[test]
    fn a_draft_of_a_birth_certificate_says_nothing() {
        let certificate = |state: &str| {
            background(
                json!({"birth_certificate": {"state": state, "country": {"code": "ES", "name": "Spain"},
                "subdivision": {"name": "Las Palmas"}, "mother": {"id": 2, "name": "Ana", "lastname": "Betz",
                "names": [{"use": "maiden", "family": "Díaz"}]}}}),
            )
        };
        let extensions =
            |state: &str| serde_json::to_value(certificate(state).extensions()).unwrap();
        assert_eq!(extensions("draft"), json!([]));
        assert_eq!(
            extensions("signed"),
            json!([
                {"url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace",
                 "valueAddress": {"state": "Las Palmas", "country": "ES"}},
                {"url": "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName", "valueString": "Díaz"}
            ])
        );
        let contacts = |state: &str| {
            let mut contacts = Contacts::of(1);
            certificate(state).contacts(&mut contacts);
            contacts.into_fhir().len()
        };
        assert_eq!((contacts("draft"), contacts("done")), (0, 1));
    }

    #[test]
    fn twins_are_of_a_multiple_birth() {
        let of = |fetuses: Value| {
            background(json!({"births": [{"pregnancy": {"fetuses": fetuses}}]})).multiple_birth()
        };
        assert_eq!(of(json!(2)), Some(PatientMultipleBirth::Boolean(true)));
        assert_eq!(of(json!(1)), Some(PatientMultipleBirth::Boolean(false)));
        assert_eq!(
            (of(json!(0)), of(json!(-1)), of(json!(null))),
            (None, None, None)
        );
        assert_eq!(background(json!({"births": [{}]})).multiple_birth(), None);
    }

    #[test]
    fn the_time_of_birth_is_on_its_day_or_not_told() {
        let newborn = |time: &str| Newborn {
            birth_date: Some(time.to_owned()),
            mother: None,
        };
        let told = |day: &str, time: &str| {
            let found = birth_date(Date::parse(day).ok(), Some(&newborn(time)));
            found.extension.into_iter().next().map(|told| told.value)
        };
        let expected = DateTime::parse("2026-11-14T05:20:00Z").ok();
        let expected = expected.map(ExtensionValue::DateTime);
        assert_eq!(told("2026-11-14", "2026-11-14T05:20:00"), Some(expected));
        assert_eq!(told("2026-11-13", "2026-11-14T05:20:00"), None);
        assert_eq!(told("2026", "2026-11-14T05:20:00"), None);
        assert_eq!(told("2026-11-14", "2026-11-14"), None);
    }
}
