//! The specialties of a health professional: `gnuhealth.hp_specialty`. A Practitioner is qualified by them, a
//! PractitionerRole performed in them.

use serde::Deserialize;

use crate::fhir::r4::CodeableConcept;
use crate::search::parameter::{Meaning, System, Target, Value};
use crate::tryton::model::{Field, ID, Node, Relation, leaf, plain, translated};

use super::Record;
use super::local::Coded;
use super::person::renamed;

/// The end of the system of their codes.
const SYSTEM: &str = "specialty";

const SPECIALTY: Node = leaf(
    "gnuhealth.specialty",
    &[plain(&["code"]), translated(&["name"])],
);

const HELD_SPECIALTY: Node = Node {
    model: "gnuhealth.hp_specialty",
    fields: &[ID, plain(&["mainsp"])],
    one: &[Relation {
        key: "specialty",
        columns: &["specialty"],
        node: &SPECIALTY,
    }],
    many: &[],
    subject: None,
};

/// From a health professional.
pub(super) const SPECIALTIES: Relation = Relation {
    key: "specialties",
    columns: &["healthprof", "name"],
    node: &HELD_SPECIALTY,
};

/// Of a health professional: which specialty is the main one until 4.4; then `mainsp` of the specialty says it.
pub(super) const MAIN: Field = renamed("main_specialty", &["main_specialty"]);

const PATH: &[&str] = &["specialties", "specialty"];

pub(super) const CODES: &[Target] = &[Target::new(
    PATH,
    Value::Field("code"),
    Meaning::Token(System::Local(SYSTEM)),
)];

pub(super) const NAMES: &[Target] = &[Target::new(PATH, Value::Field("name"), Meaning::Text)];

/// A row of [`SPECIALTIES`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct HeldSpecialty {
    id: i64,
    mainsp: Option<bool>,
    specialty: Option<Coded>,
}

/// The specialties, the main one first; `main` is what [`MAIN`] has.
pub(super) fn concepts(
    held: Option<&Vec<HeldSpecialty>>,
    main: Option<i64>,
    record: &Record<'_>,
) -> Vec<CodeableConcept> {
    let is_main = |held: &HeldSpecialty| held.mainsp == Some(true) || main == Some(held.id);
    let mut held: Vec<_> = held.into_iter().flatten().collect();
    held.sort_by_key(|held| !is_main(held));
    let system = record.system(SYSTEM);
    held.into_iter()
        .filter_map(|held| held.specialty.as_ref()?.concept(&system))
        .collect()
}
