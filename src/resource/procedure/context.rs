//! What a procedure is done in: a surgery, an evaluation, a nursing round, a session of ambulatory care.

use serde::Deserialize;

use crate::fhir::r4::{EventStatus, Identifier, ProcedurePerformed, Reference};
use crate::resource::Record;
use crate::resource::person::{
    PATIENT_NAME, PROFESSIONAL_NAME, Person, filled, logical_reference, patient_reference,
    practitioner_reference, renamed,
};
use crate::tryton::model::{ID, Node, Relation, plain};

use super::performed;

const PATIENT: Relation = Relation {
    key: "patient",
    columns: &["patient"],
    node: &PATIENT_NAME,
};

const PROFESSIONAL: Relation = Relation {
    key: "health_professional",
    columns: &["health_professional"],
    node: &PROFESSIONAL_NAME,
};

/// The surgery, as much as its parts show and depend on.
pub(super) const SURGERY: Node = Node {
    model: "gnuhealth.surgery",
    fields: &[
        ID,
        renamed("patient_id", &["patient"]),
        renamed("intervention_id", &["surgical_intervention"]),
        renamed("main_id", &["main_procedure"]),
        plain(&["state"]),
        plain(&["surgery_date"]),
        plain(&["surgery_end_date"]),
    ],
    one: &[PATIENT],
    many: &[],
    subject: Some("patient"),
};

pub(super) const EVALUATION: Node = Node {
    model: "gnuhealth.patient.evaluation",
    fields: &[
        renamed("patient_id", &["patient"]),
        plain(&["code"]),
        plain(&["state"]),
    ],
    one: &[PATIENT],
    many: &[],
    subject: Some("patient"),
};

/// The stay in the hospital that a round belongs to.
const REGISTRATION: Node = Node {
    model: "gnuhealth.inpatient.registration",
    fields: &[
        renamed("patient_id", &["patient"]),
        renamed("code", &["name"]),
    ],
    one: &[PATIENT],
    many: &[],
    subject: Some("patient"),
};

pub(super) const ROUNDING: Node = Node {
    model: "gnuhealth.patient.rounding",
    fields: &[
        renamed("health_professional_id", &["health_professional"]),
        plain(&["state"]),
        renamed("start", &["evaluation_start"]),
        renamed("end", &["evaluation_end"]),
    ],
    one: &[
        Relation {
            key: "registration",
            columns: &["registration", "name"],
            node: &REGISTRATION,
        },
        PROFESSIONAL,
    ],
    many: &[],
    subject: Some("registration"),
};

pub(super) const AMBULATORY: Node = Node {
    model: "gnuhealth.patient.ambulatory_care",
    fields: &[
        renamed("patient_id", &["patient"]),
        renamed("health_professional_id", &["health_professional"]),
        renamed("code", &["name"]),
        plain(&["state"]),
        renamed("start", &["session_start"]),
        renamed("end", &["session_end"]),
    ],
    one: &[PATIENT, PROFESSIONAL],
    many: &[],
    subject: Some("patient"),
};

/// The ends of the systems of what identifies an encounter.
pub(super) const EVALUATIONS: &str = "evaluation";
pub(super) const REGISTRATIONS: &str = "inpatient-registration";
pub(super) const AMBULATORY_CARE: &str = "ambulatory-care";

/// What the state of a surgery says of it. The buttons lead from draft to confirmed; from there it is cancelled or begins.
pub(super) const STATUSES: &[(&str, &[&str])] = &[
    ("preparation", &["draft", "confirmed"]),
    ("in-progress", &["in_progress"]),
    ("not-done", &["cancelled"]),
    ("completed", &["done", "signed"]),
];

/// A row of [`SURGERY`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Surgery {
    pub(super) id: Option<i64>,
    patient_id: Option<i64>,
    patient: Option<Person>,
    state: Option<String>,
    surgery_date: Option<String>,
    surgery_end_date: Option<String>,
}

impl Surgery {
    pub(super) fn patient(&self) -> Option<Reference> {
        patient_reference(self.patient_id, self.patient.as_ref())
    }

    pub(super) fn status(&self) -> EventStatus {
        status(self.state.as_deref())
    }

    pub(super) fn performed(&self) -> Option<ProcedurePerformed> {
        surgery_performed(
            self.state.as_deref(),
            self.surgery_date.as_ref(),
            self.surgery_end_date.as_ref(),
        )
    }
}

/// The status of a surgery in this state.
pub(super) fn status(state: Option<&str>) -> EventStatus {
    let found = state.and_then(|state| {
        STATUSES
            .iter()
            .find(|(_, states)| states.contains(&state))
            .map(|(code, _)| *code)
    });
    match found {
        Some("preparation") => EventStatus::Preparation,
        Some("in-progress") => EventStatus::InProgress,
        Some("not-done") => EventStatus::NotDone,
        Some("completed") => EventStatus::Completed,
        _ => EventStatus::Unknown,
    }
}

/// Planned, until it begins. The button that begins it writes the same time as the end: what goes on has none.
pub(super) fn surgery_performed(
    state: Option<&str>,
    start: Option<&String>,
    end: Option<&String>,
) -> Option<ProcedurePerformed> {
    performed(start, end.filter(|_| state != Some("in_progress")))
}

/// A row of [`EVALUATION`], [`ROUNDING`] or [`AMBULATORY`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Session {
    patient_id: Option<i64>,
    patient: Option<Person>,
    registration: Option<Registration>,
    health_professional_id: Option<i64>,
    health_professional: Option<Person>,
    code: Option<String>,
    state: Option<String>,
    start: Option<String>,
    end: Option<String>,
}

/// A row of [`REGISTRATION`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Registration {
    patient_id: Option<i64>,
    patient: Option<Person>,
    code: Option<String>,
}

impl Session {
    /// The patient; of a round it is that of the stay.
    pub(super) fn patient(&self) -> Option<Reference> {
        match &self.registration {
            Some(stay) => patient_reference(stay.patient_id, stay.patient.as_ref()),
            None => patient_reference(self.patient_id, self.patient.as_ref()),
        }
    }

    /// GNU Health lists what was done in it: when it is over that is done.
    pub(super) fn status(&self) -> EventStatus {
        match self.state.as_deref() {
            Some("done" | "signed") => EventStatus::Completed,
            _ => EventStatus::Unknown,
        }
    }

    pub(super) fn performed(&self) -> Option<ProcedurePerformed> {
        performed(self.start.as_ref(), self.end.as_ref())
    }

    /// Who made the round or held the session. An evaluation says who began it, which is not who did what was done in it.
    pub(super) fn professional(&self) -> Option<Reference> {
        practitioner_reference(
            self.health_professional_id,
            self.health_professional.as_ref(),
        )
    }

    /// The encounter, which is not served: its number. A round has none, but the stay has.
    pub(super) fn encounter(&self, record: &Record<'_>, system: &str) -> Option<Reference> {
        let code = match &self.registration {
            Some(stay) => stay.code.as_ref(),
            None => self.code.as_ref(),
        };
        let identifier = Identifier {
            system: Some(record.system(system)),
            value: Some(filled(code)?),
            ..Identifier::default()
        };
        logical_reference("Encounter", Some(identifier), None)
    }
}
