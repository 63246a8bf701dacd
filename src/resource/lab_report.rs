//! A laboratory report, `gnuhealth.lab`: what is shown of it both by the report itself and by the results in it.

use serde::Deserialize;

use crate::fhir::r4::{DateTime, Identifier, Instant, Reference};

use super::Record;
use super::observation::distinct;
use super::person::{
    Person, filled, logical_reference, moment, patient_reference, practitioner_reference, readable,
};

/// The end of the system of the numbers of orders. Several tests may have been ordered under one.
pub(super) const ORDERS: &str = "lab-request";

/// How far a report is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// The user may not know.
    Hidden,
    /// It has none, as before GNU Health 5.0.
    Unset,
    /// Its results may change.
    Draft,
    /// Its results are there.
    Done,
    /// They were looked at once more.
    Validated,
}

/// A row. A field of a field is `None` outside if the column does not exist or the user may not read it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Report {
    #[serde(deserialize_with = "readable")]
    state: Option<Option<String>>,
    #[serde(deserialize_with = "readable")]
    specimen_type: Option<Option<String>>,
    other_source: Option<String>,
    request_order: Option<i64>,
    date_requested: Option<String>,
    date_analysis: Option<String>,
    done_date: Option<String>,
    validation_date: Option<String>,
    patient_id: Option<i64>,
    patient: Option<Person>,
    pathologist_id: Option<i64>,
    pathologist: Option<Person>,
    done_by_id: Option<i64>,
    done_by: Option<Person>,
    validated_by_id: Option<i64>,
    validated_by: Option<Person>,
}

impl Report {
    pub(super) fn state(&self) -> State {
        let Some(state) = &self.state else {
            // `specimen_type` came with the states.
            let has_states = self.specimen_type.is_some();
            return if has_states {
                State::Hidden
            } else {
                State::Unset
            };
        };
        match state.as_deref() {
            Some("draft") => State::Draft,
            Some("done") => State::Done,
            Some("validated") => State::Validated,
            _ => State::Unset,
        }
    }

    /// The patient, or what else the specimen is of: water, food, an animal.
    pub(super) fn subject(&self) -> Option<Reference> {
        let other = || {
            Some(Reference {
                display: Some(filled(self.other_source.as_ref())?),
                ..Reference::default()
            })
        };
        patient_reference(self.patient_id, self.patient.as_ref()).or_else(other)
    }

    pub(super) fn effective(&self) -> Option<DateTime> {
        moment(self.date_analysis.as_ref().or(self.date_requested.as_ref()))
    }

    /// When it was released: a report that went back to draft keeps its old date, which no longer counts.
    pub(super) fn issued(&self) -> Option<Instant> {
        let released = match self.state() {
            State::Done => &self.done_date,
            State::Validated => &self.validation_date,
            State::Hidden | State::Unset | State::Draft => return None,
        };
        Instant::parse(format!("{}Z", released.as_ref()?)).ok()
    }

    /// Who answers for it, did it and validated it.
    pub(super) fn performers(&self) -> Vec<Reference> {
        distinct([self.pathologist(), self.done_by(), self.validated_by()])
    }

    /// Who says what it means.
    pub(super) fn interpreters(&self) -> Vec<Reference> {
        distinct([self.pathologist(), self.validated_by()])
    }

    fn pathologist(&self) -> Option<Reference> {
        practitioner_reference(self.pathologist_id, self.pathologist.as_ref())
    }

    fn done_by(&self) -> Option<Reference> {
        practitioner_reference(self.done_by_id, self.done_by.as_ref())
    }

    fn validated_by(&self) -> Option<Reference> {
        practitioner_reference(self.validated_by_id, self.validated_by.as_ref())
    }

    /// GNU Health has no record of the specimen, only what it is.
    pub(super) fn specimen(&self) -> Option<Reference> {
        logical_reference(
            "Specimen",
            None,
            filled(self.specimen_type.as_ref()?.as_ref()),
        )
    }

    /// The order, by its number: orders are not served.
    pub(super) fn based_on(&self, record: &Record<'_>) -> Option<Reference> {
        let number = self.request_order?.to_string();
        order(number, ORDERS, record)
    }
}

/// A reference to an order with this number, in the system that ends so.
pub(super) fn order(number: String, system: &str, record: &Record<'_>) -> Option<Reference> {
    let identifier = Identifier {
        system: Some(record.system(system)),
        value: Some(number),
        ..Identifier::default()
    };
    logical_reference("ServiceRequest", Some(identifier), None)
}
