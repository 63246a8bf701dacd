//! Who entered a record: the health professional behind the user who created it (`create_uid`).
//!
//! GNU Health itself goes this way for whoever is signed in (`get_health_professional`, health/core.py): a person has at
//! most one user (`party.internal_user` is unique), and is at most one health professional. Users who are none, such as
//! administrators, are no recorders here.

use serde::Deserialize;

use crate::fhir::r4::Reference;
use crate::search::parameter::{Meaning, Target, Value};
use crate::tryton::model::{ID, Node, Relation};

use super::person::{PROFESSIONAL_NAME, Person, practitioner_reference};

const PROFESSIONAL: Node = Node {
    fields: &[ID],
    ..PROFESSIONAL_NAME
};

const PERSON: Node = Node {
    model: "party.party",
    fields: &[],
    one: &[],
    many: &[Relation {
        key: "professionals",
        columns: &["party", "name"],
        node: &PROFESSIONAL,
    }],
    subject: None,
};

const USER: Node = Node {
    model: "res.user",
    fields: &[],
    one: &[],
    many: &[Relation {
        key: "persons",
        columns: &["internal_user"],
        node: &PERSON,
    }],
    subject: None,
};

/// From a record to the user who created it.
pub(super) const CREATOR: Relation = Relation {
    key: "creator",
    columns: &["create_uid"],
    node: &USER,
};

/// The recorder of a record that has [`CREATOR`].
pub(super) const RECORDERS: &[Target] = &[Target::new(
    &["creator", "persons", "professionals"],
    Value::Field("id"),
    Meaning::Reference("Practitioner", ""),
)];

/// A row of [`CREATOR`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Creator {
    persons: Option<Vec<UserPerson>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct UserPerson {
    professionals: Option<Vec<Professional>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Professional {
    id: Option<i64>,
    #[serde(flatten)]
    person: Person,
}

impl Creator {
    /// The health professional that the user is.
    pub(super) fn recorder(&self) -> Option<Reference> {
        let persons = self.persons.iter().flatten();
        let mut professionals = persons.flat_map(|person| person.professionals.iter().flatten());
        let professional = professionals.next()?;
        practitioner_reference(professional.id, Some(&professional.person))
    }
}
