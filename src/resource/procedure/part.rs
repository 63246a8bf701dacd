//! What was done in a surgery, an evaluation, a nursing round or a session of ambulatory care.
//!
//! GNU Health 5.0 has one table for all, `gnuhealth.patient.procedure`, whose `reference` names the record that it belongs
//! to. Those before it are still there, and hold what was entered before.

use serde::Deserialize;

use crate::fhir::r4::{
    Annotation, DataAbsentReason, EventStatus, Procedure, ProcedurePerformed, ProcedurePerformer,
    Reference,
};
use crate::resource::absent;
use crate::resource::person::{PATIENT_NAME, Person, filled, moment, patient_reference, renamed};
use crate::resource::{Record, Version};
use crate::search::declaration::{Only, Source};
use crate::tryton::model::{ID, Node, Relation, plain};

use super::code::{Code, PROCEDURE};
use super::context::{
    AMBULATORY, AMBULATORY_CARE, EVALUATION, EVALUATIONS, REGISTRATIONS, ROUNDING, SURGERY,
    Session, Surgery,
};
use super::{surgery, surgical};

/// What the logical ids begin with.
pub(super) const OPERATION: &str = "operation";
pub(super) const PATIENT_PROCEDURE: &str = "procedure";
pub(super) const DIRECTIONS: &str = "directions";
pub(super) const ROUND: &str = "rounding";
pub(super) const SESSION: &str = "ambulatory";

const TO_PROCEDURE: Relation = Relation {
    key: "procedure",
    columns: &["procedure"],
    node: &PROCEDURE,
};

/// An operation that was removed from its surgery is kept without one, and of nobody.
pub(super) const OPERATION_SOURCE: Source = Source {
    prefix: OPERATION,
    root: &OPERATION_ROOT,
    only: Only::If(
        "{surgery_id} IS NOT NULL AND ({procedure_id} IS DISTINCT FROM \
         coalesce({surgery/intervention_id}, {surgery/main_id}) \
         OR coalesce(btrim({notes}, E' \\t\\n\\r'), '') <> '')",
    ),
    measures: &[],
};

static OPERATION_ROOT: Node = Node {
    model: "gnuhealth.operation",
    fields: &[
        ID,
        renamed("surgery_id", &["surgery", "name"]),
        renamed("procedure_id", &["procedure"]),
        plain(&["notes"]),
    ],
    one: &[
        Relation {
            key: "surgery",
            columns: &["surgery", "name"],
            node: &SURGERY,
        },
        TO_PROCEDURE,
    ],
    many: &[],
    subject: Some("surgery"),
};

pub(super) const PROCEDURE_SOURCE: Source = Source {
    prefix: PATIENT_PROCEDURE,
    root: &PROCEDURE_ROOT,
    only: Only::If(
        "{procedure_id} IS DISTINCT FROM coalesce({surgery/intervention_id}, {surgery/main_id}) \
         OR coalesce(btrim({comments}, E' \\t\\n\\r'), '') <> ''",
    ),
    measures: &[],
};

const fn referred(key: &'static str, node: &'static Node) -> Relation {
    Relation {
        key,
        columns: &["reference"],
        node,
    }
}

static PROCEDURE_ROOT: Node = Node {
    model: "gnuhealth.patient.procedure",
    fields: &[
        ID,
        renamed("patient_id", &["patient"]),
        renamed("procedure_id", &["procedure"]),
        plain(&["ctx"]),
        plain(&["pdate"]),
        plain(&["comments"]),
    ],
    one: &[
        Relation {
            key: "patient",
            columns: &["patient"],
            node: &PATIENT_NAME,
        },
        TO_PROCEDURE,
        referred("surgery", &SURGERY),
        referred("evaluation", &EVALUATION),
        referred("rounding", &ROUNDING),
        referred("ambulatory", &AMBULATORY),
    ],
    many: &[],
    subject: Some("patient"),
};

pub(super) const DIRECTIONS_SOURCE: Source = Source {
    prefix: DIRECTIONS,
    root: &DIRECTIONS_ROOT,
    only: Only::If("{evaluation_id} IS NOT NULL"),
    measures: &[],
};

static DIRECTIONS_ROOT: Node = Node {
    model: "gnuhealth.directions",
    fields: &[
        ID,
        renamed("evaluation_id", &["evaluation", "name"]),
        plain(&["comments"]),
    ],
    one: &[
        Relation {
            key: "evaluation",
            columns: &["evaluation", "name"],
            node: &EVALUATION,
        },
        TO_PROCEDURE,
    ],
    many: &[],
    subject: Some("evaluation"),
};

pub(super) const ROUNDING_SOURCE: Source = Source {
    prefix: ROUND,
    root: &ROUNDING_ROOT,
    only: Only::If("{rounding_id} IS NOT NULL"),
    measures: &[],
};

static ROUNDING_ROOT: Node = Node {
    model: "gnuhealth.rounding_procedure",
    fields: &[
        ID,
        renamed("rounding_id", &["rounding", "name"]),
        plain(&["notes"]),
    ],
    one: &[
        Relation {
            key: "rounding",
            columns: &["rounding", "name"],
            node: &ROUNDING,
        },
        TO_PROCEDURE,
    ],
    many: &[],
    subject: Some("rounding"),
};

pub(super) const AMBULATORY_SOURCE: Source = Source {
    prefix: SESSION,
    root: &AMBULATORY_ROOT,
    only: Only::If("{ambulatory_id} IS NOT NULL"),
    measures: &[],
};

static AMBULATORY_ROOT: Node = Node {
    model: "gnuhealth.ambulatory_care_procedure",
    fields: &[
        ID,
        renamed("ambulatory_id", &["ambcare", "name"]),
        plain(&["comments"]),
    ],
    one: &[
        Relation {
            key: "ambulatory",
            columns: &["ambcare", "name"],
            node: &AMBULATORY,
        },
        TO_PROCEDURE,
    ],
    many: &[],
    subject: Some("ambulatory"),
};

/// A row of any of these tables.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Row {
    patient_id: Option<i64>,
    patient: Option<Person>,
    procedure: Option<Code>,
    ctx: Option<String>,
    pdate: Option<String>,
    comments: Option<String>,
    notes: Option<String>,
    surgery_id: Option<i64>,
    surgery: Option<Surgery>,
    evaluation: Option<Session>,
    rounding: Option<Session>,
    ambulatory: Option<Session>,
}

/// Makes the resource.
pub(super) fn render(json: &str, record: &Record<'_>) -> serde_json::Result<Procedure> {
    let row: Row = serde_json::from_str(json)?;
    let is_surgical = record.source.prefix == OPERATION || row.ctx.as_deref() == Some("surgery");
    let code = row.procedure.as_ref();
    let notes = [&row.comments, &row.notes].into_iter();
    Ok(Procedure {
        id: Some(record.id.clone()),
        meta: record.version.map(Version::meta),
        part_of: row.part_of().into_iter().collect(),
        category: is_surgical.then(surgical),
        code: code.and_then(|code| code.concept(record)),
        encounter: row.encounter(record),
        performed: row.performed(record),
        performer: row
            .session()
            .and_then(Session::professional)
            .map(ProcedurePerformer::new)
            .into_iter()
            .collect(),
        note: notes
            .filter_map(|text| filled(text.as_ref()))
            .map(Annotation::new)
            .collect(),
        ..Procedure::new(
            row.status(record),
            absent::reference(row.subject(), DataAbsentReason::Unknown),
        )
    })
}

impl Row {
    fn session(&self) -> Option<&Session> {
        let session = self.evaluation.as_ref().or(self.rounding.as_ref());
        session.or(self.ambulatory.as_ref())
    }

    fn subject(&self) -> Option<Reference> {
        let own = patient_reference(self.patient_id, self.patient.as_ref());
        own.or_else(|| self.surgery.as_ref()?.patient())
            .or_else(|| self.session()?.patient())
    }

    /// That of the surgery; what has no state of its own is done when the session that it was done in is over. Directions may
    /// be actions yet to take, as GNU Health 4.4 calls them, or were done, as 5.0 does.
    fn status(&self, record: &Record<'_>) -> EventStatus {
        match (&self.surgery, self.session()) {
            _ if record.source.prefix == DIRECTIONS => EventStatus::Unknown,
            (Some(surgery), _) => surgery.status(),
            (None, Some(session)) => session.status(),
            (None, None) => EventStatus::Unknown,
        }
    }

    fn part_of(&self) -> Option<Reference> {
        let surgery = self.surgery.as_ref().and_then(|surgery| surgery.id);
        surgery::reference(self.surgery_id.or(surgery)?)
    }

    fn encounter(&self, record: &Record<'_>) -> Option<Reference> {
        let sessions = [
            (&self.evaluation, EVALUATIONS),
            (&self.rounding, REGISTRATIONS),
            (&self.ambulatory, AMBULATORY_CARE),
        ];
        sessions
            .into_iter()
            .find_map(|(session, system)| session.as_ref()?.encounter(record, system))
    }

    /// Only the newest table has a time of its own. Operations, and what was done in a round or session, were done when the
    /// surgery, round or session was; directions perhaps not yet.
    fn performed(&self, record: &Record<'_>) -> Option<ProcedurePerformed> {
        match record.source.prefix {
            PATIENT_PROCEDURE => {
                return moment(self.pdate.as_ref()).map(ProcedurePerformed::DateTime);
            }
            DIRECTIONS => return None,
            _ => {}
        }
        let surgery = self.surgery.as_ref().and_then(Surgery::performed);
        surgery.or_else(|| self.session()?.performed())
    }
}
