//! The search parameters of persons: R4 defines most of them once for Patient and Practitioner. They search the party.
//!
//! What is not shown is not found: an address of which only its use is known is none, so its use is not searched either.

use crate::search::parameter::{Kind, Meaning, OfType, Parameter, System, Target, Value};

use super::person::{GENDER_SYSTEM, GENDERS};

const PARTY: &[&str] = &["party"];
const NAMES: &[&str] = &["party", "names"];
const CONTACTS: &[&str] = &["party", "contacts"];
const ADDRESSES: &[&str] = &["party", "addresses"];
const UNIT: &[&str] = &["party", "du"];

/// A text of the person names, or of the party itself where there are none.
const fn named(field: &'static str) -> Target {
    Target::new(NAMES, Value::Field(field), Meaning::Text)
}

/// A text of the party itself, which is shown only where there are no person names.
const fn own_name(field: &'static str) -> Target {
    Target::new(PARTY, Value::Field(field), Meaning::Text).unless(NAMES)
}

pub(super) const FAMILY: Parameter = Parameter::new(
    "family",
    Kind::String,
    "individual-family",
    "A part of any family name.",
    &[named("family"), own_name("lastname")],
);

pub(super) const GIVEN: Parameter = Parameter::new(
    "given",
    Kind::String,
    "individual-given",
    "A part of any given name.",
    &[named("given"), own_name("name")],
);

const NAME: &[Target] = &[
    named("family"),
    named("given"),
    named("prefix"),
    named("suffix"),
    own_name("lastname"),
    own_name("name"),
];

/// `name`, which R4 defines for each type.
pub(super) const fn name(definition: &'static str) -> Parameter {
    Parameter::new(
        "name",
        Kind::String,
        definition,
        "A part of any family name, given name, prefix or suffix.",
        NAME,
    )
}

pub(super) const GENDER: Parameter = Parameter::new(
    "gender",
    Kind::Token,
    "individual-gender",
    "The administrative gender.",
    &[Target::new(
        PARTY,
        Value::Field("gender"),
        Meaning::Codes(GENDER_SYSTEM, GENDERS),
    )],
);

const ACTIVE: &[Target] = &[Target::new(
    &[],
    Value::Sql(
        "CASE WHEN {active} IS NOT NULL OR {party/active} IS NOT NULL \
         THEN coalesce({active}, true) AND coalesce({party/active}, true) END",
    ),
    Meaning::Flag,
)];

/// `active`, which R4 defines for each type: of the record and of its person. One that is NULL counts as true, as for Tryton;
/// if both are, nothing is shown.
pub(super) const fn active(definition: &'static str) -> Parameter {
    Parameter::new(
        "active",
        Kind::Token,
        definition,
        "Whether the record and its person are active.",
        ACTIVE,
    )
}

const LANGUAGE_NAME: &[Target] = &[Target::new(
    &["party", "languages", "lang"],
    Value::Field("name"),
    Meaning::Text,
)];

const LANGUAGE: &[Target] = &[Target::new(
    &["party", "languages", "lang"],
    Value::Sql("replace({code}, '_', '-')"),
    Meaning::Token(System::Fixed("urn:ietf:bcp:47")),
)];

/// The language, which R4 names differently for each type.
pub(super) const fn language(name: &'static str, definition: &'static str) -> Parameter {
    Parameter::new(
        name,
        Kind::Token,
        definition,
        "The language, as a BCP 47 tag.",
        LANGUAGE,
    )
    .with_texts(LANGUAGE_NAME)
}

const fn contact(sql: &'static str) -> Target {
    Target::new(
        CONTACTS,
        Value::Sql(sql),
        Meaning::Identifier(System::None, &[]),
    )
}

pub(super) const EMAIL: Parameter = Parameter::new(
    "email",
    Kind::Token,
    "individual-email",
    "An email address.",
    &[contact("CASE WHEN {type} = 'email' THEN {value} END")],
);

pub(super) const PHONE: Parameter = Parameter::new(
    "phone",
    Kind::Token,
    "individual-phone",
    "A telephone number.",
    &[contact(
        "CASE WHEN {type} IN ('phone', 'mobile') THEN {value} END",
    )],
);

pub(super) const TELECOM: Parameter = Parameter::new(
    "telecom",
    Kind::Token,
    "individual-telecom",
    "Any contact: telephone, email, fax, website and others.",
    &[contact("{value}")],
);

const fn text(path: &'static [&'static str], value: Value) -> Target {
    Target::new(path, value, Meaning::Text)
}

const CITY: Target = text(ADDRESSES, Value::Field("city"));
const POSTAL_CODE: Target = text(ADDRESSES, Value::Field("postal_code"));
const STATE: Target = text(&["party", "addresses", "subdivision"], Value::Field("name"));
const COUNTRY: Target = text(&["party", "addresses", "country"], Value::Field("code"));
const UNIT_CITY: Target = text(UNIT, Value::Field("address_city"));
const UNIT_POSTAL_CODE: Target = text(UNIT, Value::Field("address_zip"));
const UNIT_STATE: Target = text(&["party", "du", "subdivision"], Value::Field("name"));
const UNIT_COUNTRY: Target = text(&["party", "du", "country"], Value::Field("code"));

/// One of the lines of a street that has several: each is shown by itself.
const fn line(sql: &'static str) -> Target {
    text(ADDRESSES, Value::Sql(sql))
}

pub(super) const ADDRESS: Parameter = Parameter::new(
    "address",
    Kind::String,
    "individual-address",
    "A part of any address: line, city, district, state, postal code or country.",
    &[
        text(ADDRESSES, Value::Field("name")),
        text(ADDRESSES, Value::Field("street")),
        line("CASE WHEN strpos({street}, E'\\n') > 0 THEN split_part({street}, E'\\n', 1) END"),
        line("CASE WHEN strpos({street}, E'\\n') > 0 THEN split_part({street}, E'\\n', 2) END"),
        line("CASE WHEN strpos({street}, E'\\n') > 0 THEN split_part({street}, E'\\n', 3) END"),
        CITY,
        STATE,
        POSTAL_CODE,
        COUNTRY,
        text(
            UNIT,
            Value::Sql(
                "concat_ws(' ', nullif(btrim({address_street}), ''), nullif(btrim({address_street_number}), ''), \
                 nullif(btrim({address_street_bis}), ''))",
            ),
        ),
        text(
            UNIT,
            Value::Sql("coalesce(nullif(btrim({address_district}), ''), {address_municipality})"),
        ),
        UNIT_CITY,
        UNIT_STATE,
        UNIT_POSTAL_CODE,
        UNIT_COUNTRY,
    ],
);

pub(super) const ADDRESS_CITY: Parameter = Parameter::new(
    "address-city",
    Kind::String,
    "individual-address-city",
    "The city of any address.",
    &[CITY, UNIT_CITY],
);

pub(super) const ADDRESS_COUNTRY: Parameter = Parameter::new(
    "address-country",
    Kind::String,
    "individual-address-country",
    "The country of any address, by its ISO 3166 code.",
    &[COUNTRY, UNIT_COUNTRY],
);

pub(super) const ADDRESS_POSTAL_CODE: Parameter = Parameter::new(
    "address-postalcode",
    Kind::String,
    "individual-address-postalcode",
    "The postal code of any address.",
    &[POSTAL_CODE, UNIT_POSTAL_CODE],
);

pub(super) const ADDRESS_STATE: Parameter = Parameter::new(
    "address-state",
    Kind::String,
    "individual-address-state",
    "The state or province of any address.",
    &[STATE, UNIT_STATE],
);

/// The addresses of the party, apart from the one where a patient stays for now.
pub(super) const USE: Target = Target::new(
    ADDRESSES,
    Value::Sql(
        "CASE WHEN btrim(concat({name}, {street}, {city}, {postal_code}, {country/code}, {subdivision/name}), \
         E' \\t\\n\\r') = '' THEN NULL WHEN {active} IS FALSE THEN 'old' WHEN {is_work} IS TRUE THEN 'work' \
         WHEN {invoice} IS TRUE THEN 'billing' END",
    ),
    ADDRESS_USE,
);

/// The domiciliary unit.
pub(super) const UNIT_USE: Target = Target::new(
    UNIT,
    Value::Sql(
        "CASE WHEN btrim(concat({address_street}, {address_street_number}, {address_street_bis}, {address_city}, \
         {address_district}, {address_municipality}, {address_zip}, {country/code}, {subdivision/name}, \
         {latitude} + {longitude}), E' \\t\\n\\r') <> '' THEN 'home' END",
    ),
    ADDRESS_USE,
);

/// A code of the use of an address.
pub(super) const ADDRESS_USE: Meaning =
    Meaning::Token(System::Fixed("http://hl7.org/fhir/address-use"));

/// `address-use`, over these addresses.
pub(super) const fn address_use(targets: &'static [Target]) -> Parameter {
    Parameter::new(
        "address-use",
        Kind::Token,
        "individual-address-use",
        "home, work, temp, old or billing.",
        targets,
    )
}

/// A type of identifiers in v2 table 0203.
pub(super) const fn typed(
    code: &'static str,
    when: Option<(&'static str, &'static [&'static str])>,
) -> OfType {
    OfType {
        system: "http://terminology.hl7.org/CodeSystem/v2-0203",
        code,
        when,
    }
}

/// The PUID, of this type.
pub(super) const fn puid(types: &'static [OfType]) -> Target {
    Target::new(
        PARTY,
        Value::Field("ref"),
        Meaning::Identifier(System::Local("puid"), types),
    )
}

pub(super) const FEDERATION_ACCOUNT: Target = Target::new(
    PARTY,
    Value::Field("federation_account"),
    Meaning::Identifier(System::Local("federation-account"), &[]),
);

const ALTERNATIVE_ID_TYPE: &str = "alternative_id_type";

pub(super) const ALTERNATIVE_IDS: Target = Target::new(
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
);

pub(super) const PARTY_IDENTIFIERS: Target = Target::new(
    &["party", "identifiers"],
    Value::Field("code"),
    Meaning::Identifier(System::LocalBy("party-identifier", "type"), &[]),
);
