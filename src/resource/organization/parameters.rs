//! The search parameters of Organization, over all of its sources.

use crate::resource::individual;
use crate::resource::person::INSTITUTION;
use crate::search::parameter::{Kind, Meaning, Parameter, System, Target, Value};

use super::party::{INSURER, INSURER_TYPES, PHARMACY};
use super::{TYPE, institution, unit};

const fn own(source: &'static str, value: Value, meaning: Meaning) -> Target {
    Target::new(&[], value, meaning).of(source)
}

/// The name as it is shown.
const NAME: Target = Target::new(
    &["party"],
    Value::Sql(
        "concat_ws(', ', nullif(btrim({lastname}, E' \\t\\n\\r'), ''), nullif(btrim({name}, E' \\t\\n\\r'), ''))",
    ),
    Meaning::Text,
);

const ACTIVE: Target = Target::new(&["party"], Value::Field("active"), Meaning::Flag);

/// What identifies the party of any organisation.
const PARTY_IDS: &[Target] = &[
    individual::puid(&[]),
    individual::FEDERATION_ACCOUNT,
    individual::ALTERNATIVE_IDS,
    individual::PARTY_IDENTIFIERS,
];

/// Some targets, and for each source what a person's parameter searches in the party: an institution has one, insurers and
/// pharmacies are one.
#[expect(
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "it is evaluated when this is compiled"
)]
const fn of_parties<const N: usize, const M: usize>(
    first: [Target; N],
    of_person: &[Target],
) -> [Target; M] {
    assert!(M == N + 3 * of_person.len());
    let mut all = [NAME; M];
    let mut index = 0;
    while index < N {
        all[index] = first[index];
        index += 1;
    }
    let mut index = 0;
    while index < of_person.len() {
        let target = of_person[index];
        let (_, within) = target.path.split_first().expect("it begins with the party");
        let of_party = Target {
            path: within,
            ..target
        };
        all[N + 3 * index] = target.of(INSTITUTION);
        all[N + 3 * index + 1] = of_party.of(INSURER);
        all[N + 3 * index + 2] = of_party.of(PHARMACY);
        index += 1;
    }
    all
}

/// A parameter that persons have too, under R4's definition for organisations.
const fn of(definition: &'static str, person: &Parameter, targets: &'static [Target]) -> Parameter {
    Parameter::new(
        person.name,
        person.kind,
        definition,
        person.documentation,
        targets,
    )
}

static ACTIVES: [Target; 3] = of_parties([], &[ACTIVE]);
static ADDRESS: [Target; 45] = of_parties([], individual::ADDRESS.targets);
static CITIES: [Target; 6] = of_parties([], individual::ADDRESS_CITY.targets);
static COUNTRIES: [Target; 6] = of_parties([], individual::ADDRESS_COUNTRY.targets);
static POSTAL_CODES: [Target; 6] = of_parties([], individual::ADDRESS_POSTAL_CODE.targets);
static STATES: [Target; 6] = of_parties([], individual::ADDRESS_STATE.targets);
static USES: [Target; 3] = of_parties([], &[individual::USE]);

static IDENTIFIERS: [Target; 14] = of_parties(
    [
        own(
            INSTITUTION,
            Value::Field("code"),
            Meaning::Identifier(System::Local(institution::CODES), &[]),
        ),
        own(
            unit::PREFIX,
            Value::Field("code"),
            Meaning::Identifier(unit::SYSTEM, &[]),
        ),
    ],
    PARTY_IDS,
);

static NAMES: [Target; 4] = of_parties(
    [own(unit::PREFIX, Value::Field("name"), Meaning::Text)],
    &[NAME],
);

/// A type of R4 that all of a source have, as SQL.
const fn typed(source: &'static str, code: &'static str) -> Target {
    own(
        source,
        Value::Sql(code),
        Meaning::Token(System::Fixed(TYPE)),
    )
}

/// A type of GNU Health's own.
const fn selected(source: &'static str, field: &'static str, system: &'static str) -> Target {
    own(
        source,
        Value::Field(field),
        Meaning::Token(System::Local(system)),
    )
}

pub(super) const PARAMETERS: &[Parameter] = &[
    Parameter::new(
        "active",
        Kind::Token,
        "Organization-active",
        "Whether the party of the organisation is active. Of units nothing is known.",
        &ACTIVES,
    ),
    of("Organization-address", &individual::ADDRESS, &ADDRESS),
    of(
        "Organization-address-city",
        &individual::ADDRESS_CITY,
        &CITIES,
    ),
    of(
        "Organization-address-country",
        &individual::ADDRESS_COUNTRY,
        &COUNTRIES,
    ),
    of(
        "Organization-address-postalcode",
        &individual::ADDRESS_POSTAL_CODE,
        &POSTAL_CODES,
    ),
    of(
        "Organization-address-state",
        &individual::ADDRESS_STATE,
        &STATES,
    ),
    Parameter::new(
        "address-use",
        Kind::Token,
        "Organization-address-use",
        "work, old or billing.",
        &USES,
    ),
    Parameter::new(
        "identifier",
        Kind::Token,
        "Organization-identifier",
        "Code of the institution or unit, or PUID or tax identifier of the party.",
        &IDENTIFIERS,
    ),
    Parameter::new(
        "name",
        Kind::String,
        "Organization-name",
        "A part of the name.",
        &NAMES,
    ),
    Parameter::new(
        "partof",
        Kind::Reference,
        "Organization-partof",
        "The institution that a unit is part of.",
        &[own(
            unit::PREFIX,
            Value::Field("institution_id"),
            Meaning::Reference("Organization", INSTITUTION),
        )],
    )
    .with_elements(&["partOf"], &["Organization"]),
    Parameter::new(
        "type",
        Kind::Token,
        "Organization-type",
        "prov, dept or ins of R4's types; the type and public level of an institution, the type of an insurance company.",
        &[
            typed(INSTITUTION, "'prov'::text"),
            selected(INSTITUTION, "institution_type", institution::TYPES),
            selected(INSTITUTION, "public_level", institution::LEVELS),
            typed(unit::PREFIX, "'dept'::text"),
            typed(INSURER, "'ins'::text"),
            selected(INSURER, "insurance_company_type", INSURER_TYPES),
            typed(PHARMACY, "'prov'::text"),
        ],
    ),
];
