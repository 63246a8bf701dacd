//! PractitionerRole: where a health professional works, and as what. GNU Health holds it in the health professional, so
//! each has one role, under the same id.

use serde::Deserialize;

use crate::fhir::r4::{self, Reference};
use crate::search::declaration::{Declaration, Only, Source};
use crate::search::parameter::{Kind, Meaning, Parameter, System, Target, Value};
use crate::tryton::model::{ID, Node, Relation, leaf, plain, translated};

use super::local::Coded;
use super::organization::unit::{self, UNIT_NAME, Unit};
use super::person::{
    INSTITUTION, INSTITUTION_NAME, Person, active, institution_reference, logical_reference,
    practitioner_reference, renamed,
};
use super::specialty::{HeldSpecialty, SPECIALTIES};
use super::{Record, Resource, Version, individual, specialty};

/// The resource type PractitionerRole.
pub struct PractitionerRole;

/// Of the module health_socioeconomics.
const OCCUPATION: Node = leaf(
    "gnuhealth.occupation",
    &[plain(&["code"]), translated(&["name"])],
);

/// The end of the system of their codes.
const OCCUPATIONS: &str = "occupation";

const PARTY: Node = Node {
    model: "party.party",
    fields: &[plain(&["active"]), plain(&["name"]), plain(&["lastname"])],
    one: &[Relation {
        key: "occupation",
        columns: &["occupation"],
        node: &OCCUPATION,
    }],
    many: &[],
    subject: None,
};

static ROOT: Node = Node {
    model: "gnuhealth.healthprofessional",
    fields: &[
        ID,
        plain(&["active"]),
        renamed("institution_id", &["institution"]),
        specialty::MAIN,
    ],
    one: &[
        Relation {
            key: "party",
            columns: &["party", "name"],
            node: &PARTY,
        },
        Relation {
            key: "institution",
            columns: &["institution"],
            node: &INSTITUTION_NAME,
        },
        // since 5.0
        Relation {
            key: "unit",
            columns: &["institution_unit"],
            node: &UNIT_NAME,
        },
    ],
    many: &[SPECIALTIES],
    subject: Some("party"),
};

const OCCUPATION_PATH: &[&str] = &["party", "occupation"];

static PARAMETERS: &[Parameter] = &[
    individual::active("PractitionerRole-active"),
    Parameter::new(
        "location",
        Kind::Reference,
        "PractitionerRole-location",
        "The unit of the institution, by its code.",
        &[Target::new(
            &["unit"],
            Value::Field("code"),
            Meaning::Logical(unit::SYSTEM),
        )],
    )
    .with_elements(&["location"], &[]),
    Parameter::new(
        "organization",
        Kind::Reference,
        "PractitionerRole-organization",
        "The institution.",
        &[Target::new(
            &[],
            Value::Field("institution_id"),
            Meaning::Reference("Organization", INSTITUTION),
        )],
    )
    .with_elements(&["organization"], &["Organization"]),
    Parameter::new(
        "practitioner",
        Kind::Reference,
        "PractitionerRole-practitioner",
        "The health professional.",
        &[Target::new(
            &[],
            Value::Field("id"),
            Meaning::Reference("Practitioner", ""),
        )],
    )
    .with_elements(&["practitioner"], &["Practitioner"]),
    Parameter::new(
        "role",
        Kind::Token,
        "PractitionerRole-role",
        "The occupation.",
        &[Target::new(
            OCCUPATION_PATH,
            Value::Field("code"),
            Meaning::Token(System::Local(OCCUPATIONS)),
        )],
    )
    .with_texts(&[Target::new(
        OCCUPATION_PATH,
        Value::Field("name"),
        Meaning::Text,
    )]),
    Parameter::new(
        "specialty",
        Kind::Token,
        "PractitionerRole-specialty",
        "A specialty.",
        specialty::CODES,
    )
    .with_texts(specialty::NAMES),
];

/// What the resource type is.
pub static DECLARATION: Declaration = Declaration {
    name: "PractitionerRole",
    sources: &[Source {
        prefix: "",
        root: &ROOT,
        only: Only::All,
        measures: &[],
    }],
    parameters: PARAMETERS,
    compartments: &[("Practitioner", "practitioner")],
    documentation: "Where the health professionals work, and as what (gnuhealth.healthprofessional).",
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Row {
    id: Option<i64>,
    active: Option<bool>,
    institution_id: Option<i64>,
    main_specialty: Option<i64>,
    party: Option<Party>,
    institution: Option<Person>,
    unit: Option<Unit>,
    specialties: Option<Vec<HeldSpecialty>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Party {
    active: Option<bool>,
    occupation: Option<Coded>,
}

impl Resource for PractitionerRole {
    const DECLARATION: &'static Declaration = &DECLARATION;
    type Fhir = r4::PractitionerRole;

    fn render(json: &str, record: &Record<'_>) -> serde_json::Result<r4::PractitionerRole> {
        let row: Row = serde_json::from_str(json)?;
        // Of the same record, what a reference to it shows.
        let person: Person = serde_json::from_str(json)?;
        let party = row.party.unwrap_or_default();
        let occupation = party.occupation.as_ref();
        let role = occupation.and_then(|role| role.concept(&record.system(OCCUPATIONS)));
        Ok(r4::PractitionerRole {
            id: Some(record.id.clone()),
            meta: record.version.map(Version::meta),
            active: active(row.active, party.active),
            practitioner: practitioner_reference(row.id, Some(&person)),
            organization: institution_reference(row.institution_id, row.institution.as_ref()),
            code: role.into_iter().collect(),
            specialty: specialty::concepts(row.specialties.as_ref(), row.main_specialty, record),
            location: row
                .unit
                .and_then(|unit| location(&unit, record))
                .into_iter()
                .collect(),
            ..r4::PractitionerRole::default()
        })
    }
}

/// The unit, as the place that it is: locations are not served, and the organization is the institution whose unit it is.
fn location(unit: &Unit, record: &Record<'_>) -> Option<Reference> {
    logical_reference("Location", unit.identifier(record), unit.name())
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
        serde_json::to_value(PractitionerRole::render(&row.to_string(), &record).unwrap()).unwrap()
    }

    #[test]
    fn a_role_says_who_does_what_and_where() {
        let party = json!({"active": true, "name": "Ana", "lastname": "Betz", "occupation": {"code": "221", "name": "Doctor"}});
        let row = json!({"id": 3, "active": true, "institution_id": 1, "institution": {"party": {"name": "Hospital"}},
            "party": party, "unit": {"code": "INT", "name": "Internal medicine", "institution_id": 1},
            "specialties": [{"id": 1, "specialty": {"code": "LAB", "name": "Laboratory"}},
                {"id": 2, "mainsp": true, "specialty": {"code": "HEMATO", "name": "Haematology"}}]});
        let concept = |system: &str, code: &str, name: &str| {
            json!([{"coding": [{"system": format!("https://h/ns/{system}"),
            "code": code, "display": name}], "text": name}])
        };
        let found = rendered(&row);
        assert_eq!(
            found["practitioner"],
            json!({"reference": "Practitioner/3", "type": "Practitioner", "display": "Betz, Ana"})
        );
        assert_eq!(
            found["organization"],
            json!({"reference": "Organization/institution-1", "type": "Organization", "display": "Hospital"})
        );
        assert_eq!(
            found["location"],
            json!([{"type": "Location", "identifier": {"system": "https://h/ns/hospital-unit/1", "value": "INT"},
                "display": "Internal medicine"}])
        );
        assert_eq!(found["code"], concept("occupation", "221", "Doctor"));
        assert_eq!(found["specialty"][0]["coding"][0]["code"], "HEMATO");
        assert_eq!(found["specialty"][1]["coding"][0]["code"], "LAB");
        assert_eq!(found["active"], true);
    }

    #[test]
    fn a_role_of_which_nothing_may_be_read_is_still_a_valid_one() {
        let nothing = json!({"resourceType": "PractitionerRole", "id": "3"});
        assert_eq!(rendered(&json!({})), nothing);
    }
}
