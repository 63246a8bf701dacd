//! What patients and professionals share: the party (`party.party`) with its names, contacts, addresses and identifiers.

use std::fmt::Display;

use serde::{Deserialize, Deserializer};

use crate::fhir::concept::{coding, concept};
use crate::fhir::r4::{
    Address, AddressType, AddressUse, AdministrativeGender, CodeableConcept, ContactPoint,
    ContactPointSystem, ContactPointUse, Date, DateTime, Decimal, Extension, ExtensionValue,
    HumanName, Identifier, IdentifierUse, NameUse, Period, Reference,
};
use crate::fhir::text::string;
use crate::tryton::model::{Field, ID, Node, Read, Relation, leaf, plain, read_as, translated};

use super::Record;

/// A column whose name differs between versions, or from its key.
pub(super) const fn renamed(key: &'static str, columns: &'static [&'static str]) -> Field {
    Field {
        key,
        columns,
        read: Read::Plain,
    }
}

pub(super) const GENDER_SYSTEM: &str = "http://hl7.org/fhir/administrative-gender";

/// Which values of `party.gender` a FHIR gender stands for. Non-binary is a gender of its own: `other`. A person who
/// does not disclose theirs has one that is not known here: `unknown`.
pub(super) const GENDERS: &[(&str, &[&str])] = &[
    ("male", &["m"]),
    ("female", &["f"]),
    ("other", &["nb", "other"]),
    ("unknown", &["nd", "u"]),
];

pub(super) const COUNTRY: Node = leaf(
    "country.country",
    &[plain(&["code"]), translated(&["name"])],
);

pub(super) const SUBDIVISION: Node = leaf("country.subdivision", &[translated(&["name"])]);

/// Names beside those of the party itself.
const PERSON_NAME: Node = leaf(
    "gnuhealth.person_name",
    &[
        plain(&["use"]),
        plain(&["family"]),
        plain(&["given"]),
        plain(&["prefix"]),
        plain(&["suffix"]),
        plain(&["date_from"]),
        plain(&["date_to"]),
    ],
);

const ALTERNATIVE_ID: Node = leaf(
    "gnuhealth.person_alternative_identification",
    &[
        plain(&["code"]),
        plain(&["alternative_id_type"]),
        plain(&["other_alternative_id_type"]),
        plain(&["expiration_date"]),
    ],
);

const PARTY_IDENTIFIER: Node = leaf(
    "party.identifier",
    &[plain(&["code"]), plain(&["type"]), plain(&["active"])],
);

const CONTACT_MECHANISM: Node = leaf(
    "party.contact_mechanism",
    &[
        plain(&["type"]),
        plain(&["value"]),
        plain(&["active"]),
        plain(&["sequence"]),
    ],
);

pub(super) const ADDRESS: Node = Node {
    model: "party.address",
    fields: &[
        ID,
        plain(&["active"]),
        plain(&["name"]),
        plain(&["street"]),
        plain(&["city"]),
        // `zip` before trytond 6.2
        renamed("postal_code", &["postal_code", "zip"]),
        plain(&["sequence"]),
        plain(&["is_work"]),
        plain(&["invoice"]),
    ],
    one: &[
        Relation {
            key: "country",
            columns: &["country"],
            node: &COUNTRY,
        },
        Relation {
            key: "subdivision",
            columns: &["subdivision"],
            node: &SUBDIVISION,
        },
    ],
    many: &[],
    subject: None,
};

/// The household.
const DOMICILIARY_UNIT: Node = Node {
    model: "gnuhealth.du",
    fields: &[
        plain(&["address_street"]),
        plain(&["address_street_number"]),
        plain(&["address_street_bis"]),
        plain(&["address_district"]),
        plain(&["address_municipality"]),
        plain(&["address_city"]),
        plain(&["address_zip"]),
        read_as(&["latitude"], Read::Text),
        read_as(&["longitude"], Read::Text),
    ],
    one: &[
        Relation {
            key: "country",
            columns: &["address_country"],
            node: &COUNTRY,
        },
        Relation {
            key: "subdivision",
            columns: &["address_subdivision"],
            node: &SUBDIVISION,
        },
    ],
    many: &[],
    subject: None,
};

const LANGUAGE: Node = leaf("ir.lang", &[plain(&["code"]), translated(&["name"])]);

/// The language of a party is a multivalue field: a row for each company, or one for all.
const PARTY_LANGUAGE: Node = Node {
    model: "party.party.lang",
    fields: &[plain(&["company"])],
    one: &[Relation {
        key: "lang",
        columns: &["lang"],
        node: &LANGUAGE,
    }],
    many: &[],
    subject: None,
};

const DEATH_CERTIFICATE: Node = leaf(
    "gnuhealth.death_certificate",
    &[plain(&["dod"]), plain(&["state"])],
);

/// A person.
pub(super) const PARTY: Node = Node {
    model: "party.party",
    fields: &[
        plain(&["active"]),
        plain(&["name"]),
        plain(&["lastname"]),
        plain(&["name_representation"]),
        plain(&["ref"]),
        plain(&["federation_account"]),
        plain(&["gender"]),
        plain(&["dob"]),
        plain(&["est_dob"]),
        plain(&["deceased"]),
        plain(&["marital_status"]),
        read_as(&["photo"], Read::Base64),
    ],
    one: &[
        DOMICILE,
        Relation {
            key: "death_certificate",
            columns: &["death_certificate"],
            node: &DEATH_CERTIFICATE,
        },
    ],
    many: &[
        Relation {
            key: "names",
            columns: &["party"],
            node: &PERSON_NAME,
        },
        ALTERNATIVE_IDS,
        IDENTIFIERS,
        CONTACTS,
        ADDRESSES,
        Relation {
            key: "languages",
            columns: &["party"],
            node: &PARTY_LANGUAGE,
        },
    ],
    subject: None,
};

/// From a party to its household.
pub(super) const DOMICILE: Relation = Relation {
    key: "du",
    columns: &["du"],
    node: &DOMICILIARY_UNIT,
};

/// From a party to its identifiers of other kinds.
pub(super) const ALTERNATIVE_IDS: Relation = Relation {
    key: "alternative_ids",
    columns: &["party", "name"],
    node: &ALTERNATIVE_ID,
};

/// From a party to its tax identifiers and the like.
pub(super) const IDENTIFIERS: Relation = Relation {
    key: "identifiers",
    columns: &["party"],
    node: &PARTY_IDENTIFIER,
};

/// From a party to how it is reached.
pub(super) const CONTACTS: Relation = Relation {
    key: "contacts",
    columns: &["party"],
    node: &CONTACT_MECHANISM,
};

/// From a party to its addresses.
pub(super) const ADDRESSES: Relation = Relation {
    key: "addresses",
    columns: &["party"],
    node: &ADDRESS,
};

/// A person who works here: of their death we know nothing.
pub(super) const STAFF: Node = Node {
    one: &[DOMICILE],
    ..PARTY
};

/// The little of a person that a reference to one shows.
pub(super) const PARTY_NAME: Node = leaf("party.party", &[plain(&["name"]), plain(&["lastname"])]);

/// As much of a patient as a reference shows.
pub(super) const PATIENT_NAME: Node = Node {
    model: "gnuhealth.patient",
    fields: &[],
    one: &[TO_PARTY_NAME],
    many: &[],
    subject: Some("party"),
};

/// A person who has to do with a patient, and may be a patient too: one whom a record rule hides is hidden here as well.
pub(super) const RELATIVE: Node = Node {
    model: "party.party",
    fields: &[
        ID,
        plain(&["active"]),
        plain(&["name"]),
        plain(&["lastname"]),
        plain(&["name_representation"]),
        plain(&["gender"]),
        plain(&["deceased"]),
    ],
    one: &[],
    many: &[
        Relation {
            key: "names",
            columns: &["party"],
            node: &PERSON_NAME,
        },
        Relation {
            key: "contacts",
            columns: &["party"],
            node: &CONTACT_MECHANISM,
        },
        Relation {
            key: "patients",
            columns: &["party", "name"],
            node: &PATIENT_NAME,
        },
    ],
    subject: Some("patients"),
};

/// As much of a health professional as a reference shows.
pub(super) const PROFESSIONAL_NAME: Node = Node {
    model: "gnuhealth.healthprofessional",
    fields: &[plain(&["code"])],
    one: &[TO_PARTY_NAME],
    many: &[],
    subject: Some("party"),
};

/// The relation to a health professional, for a reference to one.
pub(super) const fn professional(key: &'static str, columns: &'static [&'static str]) -> Relation {
    Relation {
        key,
        columns,
        node: &PROFESSIONAL_NAME,
    }
}

/// As much of an institution as a reference shows.
pub(super) const INSTITUTION_NAME: Node = Node {
    model: "gnuhealth.institution",
    fields: &[],
    one: &[TO_PARTY_NAME],
    many: &[],
    subject: None,
};

/// What the logical ids of Organizations that are institutions begin with.
pub(super) const INSTITUTION: &str = "institution";

/// What the logical ids of Organizations that are pharmacies begin with; the rest is the id of the party.
pub(super) const PHARMACY: &str = "pharmacy";

pub(super) const TO_PARTY_NAME: Relation = Relation {
    key: "party",
    columns: &["party", "name"],
    node: &PARTY_NAME,
};

/// A row of [`PATIENT_NAME`], [`PROFESSIONAL_NAME`] or [`INSTITUTION_NAME`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Person {
    pub(super) code: Option<String>,
    party: Option<Party>,
}

/// A reference to the patient with this id. Who the id stands for is shown if the user may read it.
pub(super) fn patient_reference(id: Option<i64>, person: Option<&Person>) -> Option<Reference> {
    reference("Patient", id, person)
}

/// A reference to the health professional with this id.
pub(super) fn practitioner_reference(
    id: Option<i64>,
    person: Option<&Person>,
) -> Option<Reference> {
    reference("Practitioner", id, person)
}

/// A reference to the institution with this id.
pub(super) fn institution_reference(
    id: Option<i64>,
    institution: Option<&Person>,
) -> Option<Reference> {
    let id = id.map(|id| format!("{INSTITUTION}-{id}"));
    reference("Organization", id, institution)
}

/// A reference to the pharmacy that is the party with this id.
pub(super) fn pharmacy_reference(id: Option<i64>, pharmacy: Option<&Party>) -> Option<Reference> {
    let id = id.map(|id| format!("{PHARMACY}-{id}"));
    party_reference("Organization", id, pharmacy)
}

fn reference(r#type: &str, id: Option<impl Display>, person: Option<&Person>) -> Option<Reference> {
    party_reference(r#type, id, person.and_then(|person| person.party.as_ref()))
}

fn party_reference(
    r#type: &str,
    id: Option<impl Display>,
    party: Option<&Party>,
) -> Option<Reference> {
    Some(Reference {
        reference: Some(format!("{type}/{}", id?)),
        r#type: Some(r#type.to_owned()),
        display: party.and_then(Party::display),
        ..Reference::default()
    })
}

/// A reference to something that is not served as a resource: its identifier, as far as GNU Health has one, and what it
/// is called.
pub(super) fn logical_reference(
    r#type: &str,
    identifier: Option<Identifier>,
    display: Option<String>,
) -> Option<Reference> {
    (identifier.is_some() || display.is_some()).then(|| Reference {
        r#type: Some(r#type.to_owned()),
        identifier: identifier.map(Box::new),
        display,
        ..Reference::default()
    })
}

/// A row of [`PARTY`], [`RELATIVE`] or [`PARTY_NAME`]. Every field may be missing: see the module
/// [`crate::tryton::model`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Party {
    pub(super) id: Option<i64>,
    pub(super) active: Option<bool>,
    name: Option<String>,
    lastname: Option<String>,
    name_representation: Option<String>,
    r#ref: Option<String>,
    federation_account: Option<String>,
    pub(super) gender: Option<String>,
    pub(super) dob: Option<String>,
    est_dob: Option<bool>,
    pub(super) deceased: Option<bool>,
    pub(super) marital_status: Option<String>,
    pub(super) photo: Option<String>,
    du: Option<DomiciliaryUnit>,
    death_certificate: Option<DeathCertificate>,
    names: Option<Vec<PersonName>>,
    alternative_ids: Option<Vec<AlternativeId>>,
    identifiers: Option<Vec<PartyIdentifier>>,
    contacts: Option<Vec<ContactMechanism>>,
    addresses: Option<Vec<PartyAddress>>,
    languages: Option<Vec<PartyLanguage>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PersonName {
    r#use: Option<String>,
    family: Option<String>,
    given: Option<String>,
    prefix: Option<String>,
    suffix: Option<String>,
    date_from: Option<String>,
    date_to: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AlternativeId {
    code: Option<String>,
    alternative_id_type: Option<String>,
    other_alternative_id_type: Option<String>,
    expiration_date: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PartyIdentifier {
    code: Option<String>,
    r#type: Option<String>,
    active: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ContactMechanism {
    r#type: Option<String>,
    value: Option<String>,
    active: Option<bool>,
    sequence: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PartyAddress {
    pub(super) id: i64,
    pub(super) active: Option<bool>,
    name: Option<String>,
    street: Option<String>,
    city: Option<String>,
    postal_code: Option<String>,
    sequence: Option<i64>,
    is_work: Option<bool>,
    invoice: Option<bool>,
    country: Option<Named>,
    subdivision: Option<Named>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct DomiciliaryUnit {
    address_street: Option<String>,
    address_street_number: Option<String>,
    address_street_bis: Option<String>,
    address_district: Option<String>,
    address_municipality: Option<String>,
    address_city: Option<String>,
    address_zip: Option<String>,
    latitude: Option<String>,
    longitude: Option<String>,
    country: Option<Named>,
    subdivision: Option<Named>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct DeathCertificate {
    dod: Option<String>,
    state: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PartyLanguage {
    company: Option<i64>,
    lang: Option<Named>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Named {
    code: Option<String>,
    name: Option<String>,
}

impl Named {
    pub(super) fn code(record: Option<&Self>) -> Option<String> {
        filled(record?.code.as_ref())
    }

    pub(super) fn name(record: Option<&Self>) -> Option<String> {
        filled(record?.name.as_ref())
    }
}

/// A text column as a FHIR string.
pub(super) fn filled(text: Option<&String>) -> Option<String> {
    text.and_then(|text| string(text))
}

/// A time of the database, which is in UTC.
pub(super) fn moment(time: Option<&String>) -> Option<DateTime> {
    DateTime::parse(format!("{}Z", time?)).ok()
}

/// A day with the precision that it is known to: of an estimated one only the year is.
pub(super) fn known_day(day: &str, estimated: Option<bool>) -> Option<Date> {
    let known = if estimated == Some(true) {
        day.split('-').next()?
    } else {
        day
    };
    Date::parse(known).ok()
}

/// A field that may be missing as well as NULL: `None` if the column does not exist or the user may not read it.
pub(super) fn readable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// NULL counts as active, as for Tryton's own check of a missing field (`active` defaults to true).
pub(super) fn is_active(active: Option<bool>) -> bool {
    active.unwrap_or(true)
}

/// Inactive if the record or its person is.
pub(super) fn active(record: Option<bool>, party: Option<bool>) -> Option<bool> {
    match (record, party) {
        (None, None) => None,
        (record, party) => Some(is_active(record) && is_active(party)),
    }
}

/// The license of a health professional.
pub(super) fn license(code: Option<&String>, record: &Record<'_>) -> Option<Identifier> {
    Some(Identifier {
        system: Some(record.system("health-professional-license")),
        value: Some(filled(code)?),
        ..Identifier::default()
    })
}

impl Party {
    /// The administrative gender.
    pub(super) fn gender(&self) -> Option<AdministrativeGender> {
        let value = self.gender.as_deref()?;
        let (code, _) = GENDERS.iter().find(|(_, values)| values.contains(&value))?;
        Some(match *code {
            "male" => AdministrativeGender::Male,
            "female" => AdministrativeGender::Female,
            "other" => AdministrativeGender::Other,
            _ => AdministrativeGender::Unknown,
        })
    }

    /// The names, or, for a party that has none of its own, the one in the party itself.
    pub(super) fn human_names(&self) -> Vec<HumanName> {
        let names = self.names.as_deref().unwrap_or_default();
        if names.is_empty() {
            let own = PersonName {
                family: self.lastname.clone(),
                given: self.name.clone(),
                ..PersonName::default()
            };
            return own
                .human_name(self.name_representation.as_deref())
                .into_iter()
                .collect();
        }
        names
            .iter()
            .filter_map(|name| name.human_name(self.name_representation.as_deref()))
            .collect()
    }

    /// The name by which the person is called first: the official or usual one, if there is one.
    pub(super) fn main_name(&self) -> Option<HumanName> {
        let rank = |name: &HumanName| match name.r#use {
            Some(NameUse::Official) => 0,
            Some(NameUse::Usual) => 1,
            None => 2,
            Some(_) => 3,
        };
        self.human_names().into_iter().min_by_key(rank)
    }

    /// The family name before marriage.
    pub(super) fn maiden_name(&self) -> Option<String> {
        let mut names = self.names.iter().flatten();
        let maiden = names.find(|name| name.r#use.as_deref() == Some("maiden"))?;
        filled(maiden.family.as_ref())
    }

    /// The name that a reference shows.
    pub(super) fn display(&self) -> Option<String> {
        full_name(
            None,
            filled(self.lastname.as_ref()),
            filled(self.name.as_ref()),
            None,
            None,
        )
    }

    /// PUID, federation account, alternative ids and tax identifiers.
    /// `puid` is the type of the PUID: its code and display.
    pub(super) fn fhir_identifiers(
        &self,
        record: &Record<'_>,
        puid: Option<(&str, &str)>,
    ) -> Vec<Identifier> {
        let own = [
            (
                &self.r#ref,
                "puid",
                puid,
                "PUID",
                Some(IdentifierUse::Usual),
            ),
            (
                &self.federation_account,
                "federation-account",
                None,
                "Federation account",
                None,
            ),
        ];
        let own = own
            .into_iter()
            .filter_map(|(value, system, code, text, r#use)| {
                Some(Identifier {
                    r#use,
                    r#type: Some(identifier_type(code, text)),
                    system: Some(record.system(system)),
                    value: Some(filled(value.as_ref())?),
                    ..Identifier::default()
                })
            });
        let alternative = self
            .alternative_ids
            .iter()
            .flatten()
            .filter_map(|id| id.identifier(record));
        let tax = self
            .identifiers
            .iter()
            .flatten()
            .filter_map(|id| id.identifier(record));
        own.chain(alternative).chain(tax).collect()
    }

    /// The contact mechanisms, in Tryton's order; inactive ones are old.
    pub(super) fn contact_points(&self) -> Vec<ContactPoint> {
        let mut contacts: Vec<_> = self.contacts.iter().flatten().collect();
        // NULLS FIRST, as in party/contact_mechanism.py; rows come in the order of ids.
        contacts.sort_by_key(|contact| contact.sequence);
        contacts
            .into_iter()
            .filter_map(ContactMechanism::contact_point)
            .collect()
    }

    /// The addresses and the domiciliary unit; `temporary` is the id of the one where the person stays for now.
    pub(super) fn fhir_addresses(&self, temporary: Option<i64>) -> Vec<Address> {
        let mut addresses: Vec<_> = self.addresses.iter().flatten().collect();
        addresses.sort_by_key(|address| address.sequence);
        let addresses = addresses
            .into_iter()
            .filter_map(|address| address.address(temporary));
        addresses
            .chain(self.du.iter().filter_map(DomiciliaryUnit::address))
            .collect()
    }

    /// The time of death in UTC, if a certificate that is no draft has it.
    pub(super) fn time_of_death(&self) -> Option<DateTime> {
        let certificate = self.death_certificate.as_ref()?;
        let signed = matches!(certificate.state.as_deref(), Some("signed" | "done"));
        let moment = certificate.dod.as_ref().filter(|_| signed)?;
        DateTime::parse(format!("{moment}Z")).ok()
    }

    /// The date of birth, with the precision that it is known to: of an estimated one only the year is.
    pub(super) fn birth_date(&self) -> Option<Date> {
        known_day(self.dob.as_deref()?, self.est_dob)
    }

    /// The language, as a BCP 47 tag.
    pub(super) fn language(&self) -> Option<CodeableConcept> {
        let mut languages: Vec<_> = self.languages.iter().flatten().collect();
        // The value for all companies (NULL) before that of a certain one.
        languages.sort_by_key(|language| language.company);
        let language = languages
            .into_iter()
            .find_map(|language| language.lang.as_ref())?;
        let code = filled(language.code.as_ref())?.replace('_', "-");
        let coding = coding("urn:ietf:bcp:47", code, filled(language.name.as_ref()));
        Some(concept(Some(coding), None))
    }
}

impl PersonName {
    fn human_name(&self, representation: Option<&str>) -> Option<HumanName> {
        let (family, given) = (filled(self.family.as_ref()), filled(self.given.as_ref()));
        let (prefix, suffix) = (filled(self.prefix.as_ref()), filled(self.suffix.as_ref()));
        let text = full_name(
            representation,
            family.clone(),
            given.clone(),
            prefix.clone(),
            suffix.clone(),
        )?;
        Some(HumanName {
            r#use: self.r#use.as_deref().and_then(name_use),
            text: Some(text),
            family: family.into(),
            given: given.into_iter().map(Into::into).collect(),
            prefix: prefix.into_iter().collect(),
            suffix: suffix.into_iter().collect(),
            period: period(self.date_from.as_ref(), self.date_to.as_ref()),
            ..HumanName::default()
        })
    }
}

fn name_use(code: &str) -> Option<NameUse> {
    Some(match code {
        "official" => NameUse::Official,
        "usual" => NameUse::Usual,
        "nickname" => NameUse::Nickname,
        "maiden" => NameUse::Maiden,
        "anonymous" => NameUse::Anonymous,
        "temp" => NameUse::Temp,
        "old" => NameUse::Old,
        _ => return None,
    })
}

/// A name as `party.name_representation` wants it written (`Party.get_rec_name`, health/health.py).
fn full_name(
    representation: Option<&str>,
    family: Option<String>,
    given: Option<String>,
    prefix: Option<String>,
    suffix: Option<String>,
) -> Option<String> {
    let join = |parts: Vec<Option<String>>, separator: &str| {
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        Some(parts.join(separator)).filter(|joined| !joined.is_empty())
    };
    match representation {
        Some("pgfs") => join(vec![join(vec![prefix, given, family], " "), suffix], ", "),
        Some("gf") => join(vec![given, family], " "),
        Some("cjk") => join(vec![family, given], ""),
        _ => join(vec![family, given], ", "),
    }
}

fn period(from: Option<&String>, to: Option<&String>) -> Option<Period> {
    let date = |day: Option<&String>| day.and_then(|day| DateTime::parse(day.as_str()).ok());
    let (start, end) = (date(from), date(to));
    (start.is_some() || end.is_some()).then(|| Period {
        start,
        end,
        ..Period::default()
    })
}

fn identifier_type(code: Option<(&str, &str)>, text: &str) -> CodeableConcept {
    let system = "http://terminology.hl7.org/CodeSystem/v2-0203";
    let coding = code.map(|(code, display)| coding(system, code, Some(display.to_owned())));
    concept(coding, Some(text.to_owned()))
}

impl AlternativeId {
    fn identifier(&self, record: &Record<'_>) -> Option<Identifier> {
        let kind = filled(self.alternative_id_type.as_ref());
        let (code, text) = match kind.as_deref() {
            Some("country_id") => (
                Some(("NI", "National unique individual identifier")),
                "Country of origin ID",
            ),
            Some("passport") => (Some(("PPN", "Passport number")), "Passport"),
            Some("medical_record") => (Some(("MR", "Medical record number")), "Medical Record"),
            Some("ghealth_federation") => (None, "GNU Health Federation"),
            _ => (None, "Other"),
        };
        let named = filled(self.other_alternative_id_type.as_ref())
            .filter(|_| kind.as_deref() == Some("other"));
        Some(Identifier {
            r#type: Some(identifier_type(code, named.as_deref().unwrap_or(text))),
            system: kind.and_then(|kind| record.system_of_kind("alternative-id", &kind)),
            value: Some(filled(self.code.as_ref())?),
            period: period(None, self.expiration_date.as_ref()),
            ..Identifier::default()
        })
    }
}

impl PartyIdentifier {
    fn identifier(&self, record: &Record<'_>) -> Option<Identifier> {
        let kind = filled(self.r#type.as_ref());
        Some(Identifier {
            r#use: (!is_active(self.active)).then_some(IdentifierUse::Old),
            system: kind.and_then(|kind| record.system_of_kind("party-identifier", &kind)),
            value: Some(filled(self.code.as_ref())?),
            ..Identifier::default()
        })
    }
}

impl ContactMechanism {
    pub(super) fn contact_point(&self) -> Option<ContactPoint> {
        let (system, r#use) = match self.r#type.as_deref()? {
            "phone" => (ContactPointSystem::Phone, None),
            "mobile" => (ContactPointSystem::Phone, Some(ContactPointUse::Mobile)),
            "fax" => (ContactPointSystem::Fax, None),
            "email" => (ContactPointSystem::Email, None),
            "website" => (ContactPointSystem::Url, None),
            _ => (ContactPointSystem::Other, None),
        };
        Some(ContactPoint {
            system: Some(system),
            value: Some(filled(self.value.as_ref())?),
            r#use: if is_active(self.active) {
                r#use
            } else {
                Some(ContactPointUse::Old)
            },
            ..ContactPoint::default()
        })
    }
}

impl PartyAddress {
    pub(super) fn address(&self, temporary: Option<i64>) -> Option<Address> {
        let lines = self
            .street
            .as_deref()
            .unwrap_or_default()
            .lines()
            .filter_map(string);
        let line: Vec<String> = filled(self.name.as_ref())
            .into_iter()
            .chain(lines)
            .collect();
        let address = Address {
            r#use: self.r#use(temporary),
            line,
            city: filled(self.city.as_ref()),
            state: Named::name(self.subdivision.as_ref()),
            postal_code: filled(self.postal_code.as_ref()),
            country: Named::code(self.country.as_ref()),
            ..Address::default()
        };
        says_something(address)
    }

    fn r#use(&self, temporary: Option<i64>) -> Option<AddressUse> {
        if !is_active(self.active) {
            return Some(AddressUse::Old);
        }
        if temporary == Some(self.id) {
            return Some(AddressUse::Temp);
        }
        if self.is_work == Some(true) {
            return Some(AddressUse::Work);
        }
        (self.invoice == Some(true)).then_some(AddressUse::Billing)
    }
}

impl DomiciliaryUnit {
    /// Where the household lives.
    fn address(&self) -> Option<Address> {
        let street = [
            &self.address_street,
            &self.address_street_number,
            &self.address_street_bis,
        ];
        let street: Vec<String> = street
            .into_iter()
            .filter_map(|part| filled(part.as_ref()))
            .collect();
        let district = [&self.address_district, &self.address_municipality];
        let address = Address {
            extension: self.geolocation().into_iter().collect(),
            r#use: Some(AddressUse::Home),
            r#type: Some(AddressType::Physical),
            line: string(&street.join(" ")).into_iter().collect(),
            city: filled(self.address_city.as_ref()),
            district: district.into_iter().find_map(|part| filled(part.as_ref())),
            state: Named::name(self.subdivision.as_ref()),
            postal_code: filled(self.address_zip.as_ref()),
            country: Named::code(self.country.as_ref()),
            ..Address::default()
        };
        says_something(address)
    }

    /// HL7's extension for the position of an address; both coordinates or none.
    fn geolocation(&self) -> Option<Extension> {
        let decimal = |text: Option<&String>| Decimal::parse(text?.as_str()).ok();
        let coordinate = |name: &str, value| Extension {
            value: Some(ExtensionValue::Decimal(value)),
            ..Extension::new(name)
        };
        let latitude = coordinate("latitude", decimal(self.latitude.as_ref())?);
        let longitude = coordinate("longitude", decimal(self.longitude.as_ref())?);
        let url = "http://hl7.org/fhir/StructureDefinition/geolocation";
        Some(Extension {
            extension: vec![latitude, longitude],
            ..Extension::new(url)
        })
    }
}

/// An address of which only the use is known is none.
pub(super) fn says_something(address: Address) -> Option<Address> {
    let empty = Address {
        r#use: address.r#use,
        r#type: address.r#type,
        ..Address::default()
    };
    (address != empty).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn party(json: &str) -> Party {
        serde_json::from_str(json).unwrap_or_default()
    }

    #[test]
    fn a_name_is_written_as_the_party_wants_it() {
        let name = |representation| {
            let text = |text: &str| Some(text.to_owned());
            full_name(
                representation,
                text("Betz"),
                text("Ana Isabel"),
                text("Mrs"),
                text("PhD"),
            )
        };
        assert_eq!(
            name(Some("pgfs")).as_deref(),
            Some("Mrs Ana Isabel Betz, PhD")
        );
        assert_eq!(name(Some("gf")).as_deref(), Some("Ana Isabel Betz"));
        assert_eq!(name(Some("cjk")).as_deref(), Some("BetzAna Isabel"));
        assert_eq!(name(None).as_deref(), Some("Betz, Ana Isabel"));
        assert_eq!(
            full_name(None, None, Some("Ana".into()), None, None).as_deref(),
            Some("Ana")
        );
        assert_eq!(full_name(None, None, None, Some("Mrs".into()), None), None);
    }

    #[test]
    fn the_partys_own_name_stands_in_only_where_there_is_no_other() {
        let own = party(r#"{"name": "Ana", "lastname": "Betz"}"#).human_names();
        assert_eq!(
            own.iter().map(|name| name.text.clone()).collect::<Vec<_>>(),
            [Some("Betz, Ana".to_owned())]
        );
        let both = r#"{"name": "Ana", "lastname": "Betz", "names": [{"use": "maiden", "given": "A", "family": "B"}]}"#;
        let names = party(both).human_names();
        assert_eq!(
            names.iter().map(|name| name.r#use).collect::<Vec<_>>(),
            [Some(NameUse::Maiden)]
        );
    }

    #[test]
    fn an_estimated_birth_date_is_a_year() {
        let date = |json| {
            party(json)
                .birth_date()
                .map(|date| date.as_str().to_owned())
        };
        assert_eq!(
            date(r#"{"dob": "1980-11-01"}"#).as_deref(),
            Some("1980-11-01")
        );
        assert_eq!(
            date(r#"{"dob": "1980-11-01", "est_dob": true}"#).as_deref(),
            Some("1980")
        );
        assert_eq!(date(r#"{"est_dob": true}"#), None);
    }

    #[test]
    fn a_death_counts_when_its_certificate_is_signed() {
        let died = |state: &str| {
            let json = format!(
                r#"{{"death_certificate": {{"dod": "2024-02-29T23:30:00", "state": "{state}"}}}}"#
            );
            party(&json)
                .time_of_death()
                .map(|time| time.as_str().to_owned())
        };
        assert_eq!(died("signed").as_deref(), Some("2024-02-29T23:30:00Z"));
        assert_eq!(died("draft"), None);
    }

    #[test]
    fn contacts_keep_their_order_and_empty_ones_disappear() {
        let json = r#"{"contacts": [
            {"type": "email", "value": "a@b", "sequence": 2}, {"type": "mobile", "value": "1", "sequence": 1},
            {"type": "phone", "value": " "}, {"type": "mobile", "value": "2", "active": false}]}"#;
        let found: Vec<_> = party(json)
            .contact_points()
            .into_iter()
            .map(|point| (point.value, point.r#use))
            .collect();
        let value = |text: &str| Some(text.to_owned());
        let expected = [
            (value("2"), Some(ContactPointUse::Old)),
            (value("1"), Some(ContactPointUse::Mobile)),
            (value("a@b"), None),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn an_address_without_content_is_none() {
        assert!(
            party(r#"{"du": {"address_street": ""}, "addresses": [{"id": 1, "invoice": true}]}"#)
                .fhir_addresses(None)
                .is_empty()
        );
        let json = r#"{"addresses": [{"id": 1, "street": "A 1\nB", "country": {"code": "ES"}}]}"#;
        let addresses = party(json).fhir_addresses(Some(1));
        let first = addresses.first();
        assert_eq!(
            first.map(|address| address.line.clone()),
            Some(vec!["A 1".into(), "B".into()])
        );
        assert_eq!(
            first.and_then(|address| address.r#use),
            Some(AddressUse::Temp)
        );
    }
}
