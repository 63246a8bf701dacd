//! The evaluation of a patient (`gnuhealth.patient.evaluation`) in which something was found: what others tell of it.
//!
//! It is what FHIR calls an encounter, which is not served: it is referred to by its code.

use serde::Deserialize;

use crate::fhir::r4::{Identifier, Reference};
use crate::search::parameter::{Meaning, System, Target, Value};
use crate::tryton::model::{Field, Node, Relation, plain};

use super::Record;
use super::person::{
    PATIENT_NAME, PROFESSIONAL_NAME, Person, filled, logical_reference, patient_reference,
    practitioner_reference, readable, renamed,
};

/// The end of the system of the codes of evaluations.
const SYSTEM: &str = "evaluation";

const PATIENT: Relation = Relation {
    key: "patient",
    columns: &["patient"],
    node: &PATIENT_NAME,
};

const INITIATED_BY: Relation = Relation {
    key: "healthprof",
    columns: &["healthprof"],
    node: &PROFESSIONAL_NAME,
};

const SIGNED_BY: Relation = Relation {
    key: "signed_by",
    columns: &["signed_by"],
    node: &PROFESSIONAL_NAME,
};

/// The records that an evaluation refers to.
pub(super) const RELATIONS: [Relation; 3] = [PATIENT, INITIATED_BY, SIGNED_BY];

/// What is read of an evaluation itself.
pub(super) const FIELDS: [Field; 6] = [
    plain(&["code"]),
    plain(&["evaluation_start"]),
    plain(&["visit_type"]),
    renamed("patient_id", &["patient"]),
    renamed("healthprof_id", &["healthprof"]),
    renamed("signed_by_id", &["signed_by"]),
];

/// An evaluation.
pub(super) const EVALUATION: Node = Node {
    model: "gnuhealth.patient.evaluation",
    fields: &FIELDS,
    one: &RELATIONS,
    many: &[],
    subject: Some("patient"),
};

/// Who says what an evaluation found: who signed it, or who began one that is not signed yet.
pub(super) const ASSERTER: Value = Value::Sql("coalesce({signed_by_id}, {healthprof_id})");

/// The evaluation at the end of a path, in the source of this prefix, as the reference that
/// [`Evaluation::encounter`] makes: by its code, and with its time as display.
pub(super) const fn encounters(path: &'static [&'static str], source: &'static str) -> [Target; 2] {
    [
        Target::new(
            path,
            Value::Field("code"),
            Meaning::Logical(System::Local(SYSTEM)),
        )
        .of(source),
        Target::new(path, Value::Sql("{evaluation_start}::text"), Meaning::Text).of(source),
    ]
}

/// A row of [`EVALUATION`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Evaluation {
    code: Option<String>,
    pub(super) evaluation_start: Option<String>,
    #[serde(deserialize_with = "readable")]
    visit_type: Option<Option<String>>,
    patient_id: Option<i64>,
    patient: Option<Person>,
    #[serde(deserialize_with = "readable")]
    signed_by_id: Option<Option<i64>>,
    signed_by: Option<Person>,
    healthprof_id: Option<i64>,
    healthprof: Option<Person>,
}

impl Evaluation {
    pub(super) fn subject(&self) -> Option<Reference> {
        patient_reference(self.patient_id, self.patient.as_ref())
    }

    /// See [`ASSERTER`].
    pub(super) fn asserter(&self) -> Option<Reference> {
        let signed_by = self.signed_by_id.flatten();
        practitioner_reference(signed_by, self.signed_by.as_ref())
            .or_else(|| practitioner_reference(self.healthprof_id, self.healthprof.as_ref()))
    }

    /// Whether it follows up on what was known before; `None` if the user may not know.
    pub(super) fn is_followup(&self) -> Option<bool> {
        let visit_type = self.visit_type.as_ref()?;
        Some(visit_type.as_deref() == Some("followup"))
    }

    /// The evaluation, by its code.
    pub(super) fn encounter(&self, record: &Record<'_>) -> Option<Reference> {
        let identifier = filled(self.code.as_ref()).map(|code| Identifier {
            system: Some(record.system(SYSTEM)),
            value: Some(code),
            ..Identifier::default()
        });
        let start = self.evaluation_start.as_ref();
        let display = start.map(|start| format!("Evaluation of {} UTC", start.replace('T', " ")));
        logical_reference("Encounter", identifier, display)
    }
}
