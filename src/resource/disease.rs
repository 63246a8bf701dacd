//! An entry of a patient's health conditions, `gnuhealth.patient.disease`: a condition of the problem list, or an allergy.

use serde::Deserialize;

use crate::fhir::r4::{Annotation, Date, DateTime, Decimal, Quantity, Reference};
use crate::search::parameter::{Meaning, Units, Value};
use crate::tryton::model::{ID, Node, Relation, plain};

use super::pathology::{PATHOLOGY, Pathology};
use super::person::{
    PATIENT_NAME, PROFESSIONAL_NAME, Person, filled, known_day, moment, patient_reference,
    practitioner_reference, readable, renamed,
};
use super::recorder::{CREATOR, Creator};
use super::units;

/// Which entries are allergies: those marked as such, and those of which only the type of the allergy was chosen, since
/// the form asks for both and demands neither.
pub(super) const IS_ALLERGY: &str =
    "({is_allergy} IS TRUE OR {allergy_type} IN ('da', 'fa', 'ma', 'mc')) IS TRUE";

/// Which are not.
pub(super) const IS_NO_ALLERGY: &str =
    "({is_allergy} IS TRUE OR {allergy_type} IN ('da', 'fa', 'ma', 'mc')) IS NOT TRUE";

/// The types of allergies that [`IS_ALLERGY`] names.
const ALLERGY_TYPES: &[&str] = &["da", "fa", "ma", "mc"];

/// An entry.
pub(super) static DISEASE: Node = Node {
    model: "gnuhealth.patient.disease",
    fields: &[
        ID,
        renamed("patient_id", &["patient", "name"]),
        renamed("healthprof_id", &["healthprof"]),
        renamed("lab_test_id", &["lab_test"]),
        renamed("recorded", &["create_date"]),
        plain(&["is_allergy"]),
        plain(&["allergy_type"]),
        plain(&["is_active"]),
        plain(&["status"]),
        plain(&["disease_severity"]),
        plain(&["lab_confirmed"]),
        plain(&["diagnosed_date"]),
        plain(&["est_dodx"]),
        plain(&["age"]),
        plain(&["healed_date"]),
        plain(&["short_comment"]),
        plain(&["extra_info"]),
    ],
    one: &[
        Relation {
            key: "patient",
            columns: &["patient", "name"],
            node: &PATIENT_NAME,
        },
        Relation {
            key: "pathology",
            columns: &["pathology"],
            node: &PATHOLOGY,
        },
        Relation {
            key: "healthprof",
            columns: &["healthprof"],
            node: &PROFESSIONAL_NAME,
        },
        CREATOR,
    ],
    many: &[],
    subject: Some("patient"),
};

/// What has been healed is resolved, whatever else is said of it: an abated condition is not active (R4, con-4). The codes
/// are the same for conditions and allergies.
pub(super) const CLINICAL_STATUS: Value = Value::Sql(
    "CASE WHEN {healed_date} IS NOT NULL OR {status} = 'h' THEN 'resolved' \
     WHEN {is_active} IS TRUE THEN 'active' ELSE 'inactive' END",
);

/// GNU Health says only that a laboratory confirmed it.
pub(super) const VERIFICATION_STATUS: Value =
    Value::Sql("CASE WHEN {lab_confirmed} IS TRUE THEN 'confirmed' END");

/// The age where there is no date. An `Age` is above 0 (R4, age-1).
pub(super) const ONSET_AGE: (Value, Meaning) = (
    Value::Sql("CASE WHEN {diagnosed_date} IS NULL AND {age} > 0 THEN {age} END"),
    Meaning::Quantity(Units::Fixed("a", "years")),
);

/// When the record of a node that has the time under this key was made, to the second.
pub(super) const RECORDED: Value = Value::Sql("date_trunc('second', {recorded}::timestamp)");

/// As [`RECORDED`] is searched.
pub(super) fn recorded_date(recorded: Option<&String>) -> Option<DateTime> {
    let second = recorded?.split('.').next()?.to_owned();
    moment(Some(&second))
}

/// A row. A field of a field is `None` outside if the column does not exist or the user may not read it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Disease {
    patient_id: Option<i64>,
    patient: Option<Person>,
    healthprof_id: Option<i64>,
    healthprof: Option<Person>,
    creator: Option<Creator>,
    lab_test_id: Option<i64>,
    pub(super) pathology: Option<Pathology>,
    recorded: Option<String>,
    #[serde(deserialize_with = "readable")]
    pub(super) allergy_type: Option<Option<String>>,
    #[serde(deserialize_with = "readable")]
    is_active: Option<Option<bool>>,
    pub(super) status: Option<String>,
    pub(super) disease_severity: Option<String>,
    lab_confirmed: Option<bool>,
    diagnosed_date: Option<String>,
    est_dodx: Option<bool>,
    age: Option<i64>,
    healed_date: Option<String>,
    short_comment: Option<String>,
    extra_info: Option<String>,
}

/// The codes of [`CLINICAL_STATUS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClinicalStatus {
    Active,
    Inactive,
    Resolved,
}

impl ClinicalStatus {
    /// The code and its display.
    pub(super) fn code(self) -> (&'static str, &'static str) {
        match self {
            Self::Active => ("active", "Active"),
            Self::Inactive => ("inactive", "Inactive"),
            Self::Resolved => ("resolved", "Resolved"),
        }
    }
}

/// Since when somebody has it.
pub(super) enum Onset {
    Day(Date),
    Age(Quantity),
}

impl Disease {
    pub(super) fn patient(&self) -> Option<Reference> {
        patient_reference(self.patient_id, self.patient.as_ref())
    }

    pub(super) fn asserter(&self) -> Option<Reference> {
        practitioner_reference(self.healthprof_id, self.healthprof.as_ref())
    }

    pub(super) fn recorder(&self) -> Option<Reference> {
        self.creator.as_ref()?.recorder()
    }

    pub(super) fn recorded_date(&self) -> Option<DateTime> {
        recorded_date(self.recorded.as_ref())
    }

    /// See [`CLINICAL_STATUS`]; `None` if the user may not know whether it is active.
    pub(super) fn clinical_status(&self) -> Option<ClinicalStatus> {
        let healed = self.healed_date.is_some() || self.status.as_deref() == Some("h");
        match self.is_active {
            _ if healed => Some(ClinicalStatus::Resolved),
            Some(Some(true)) => Some(ClinicalStatus::Active),
            Some(_) => Some(ClinicalStatus::Inactive),
            None => None,
        }
    }

    /// See [`VERIFICATION_STATUS`].
    pub(super) fn is_confirmed(&self) -> bool {
        self.lab_confirmed == Some(true)
    }

    /// The laboratory report that confirmed it. One that was chosen before counts no longer: the form hides it.
    pub(super) fn confirmed_by(&self) -> Option<i64> {
        self.lab_test_id.filter(|_| self.is_confirmed())
    }

    /// The day of the diagnosis. One that was estimated from an age is known to the year.
    pub(super) fn diagnosed(&self) -> Option<Date> {
        known_day(self.diagnosed_date.as_deref()?, self.est_dodx)
    }

    pub(super) fn healed(&self) -> Option<Date> {
        Date::parse(self.healed_date.as_deref()?).ok()
    }

    /// The day of the diagnosis, or see [`ONSET_AGE`].
    pub(super) fn onset(&self) -> Option<Onset> {
        if let Some(day) = self.diagnosed() {
            return Some(Onset::Day(day));
        }
        let years = self.age.filter(|years| *years > 0)?;
        let years = Decimal::parse(years.to_string()).ok()?;
        Some(Onset::Age(units::measured(years, "a", "years")))
    }

    pub(super) fn notes(&self) -> Vec<Annotation> {
        notes([&self.short_comment, &self.extra_info])
    }
}

/// The texts that say something.
pub(super) fn notes<const N: usize>(texts: [&Option<String>; N]) -> Vec<Annotation> {
    let texts = texts.into_iter().filter_map(|text| filled(text.as_ref()));
    texts.map(Annotation::new).collect()
}

/// Whether an entry is a condition that is referred to as such; `None` if the user may not know.
pub(super) fn is_no_allergy(
    is_allergy: Option<Option<bool>>,
    allergy_type: Option<&Option<String>>,
) -> Option<bool> {
    let chosen = allergy_type?.as_deref();
    let chosen = chosen.is_some_and(|chosen| ALLERGY_TYPES.contains(&chosen));
    Some(is_allergy? != Some(true) && !chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_either_a_condition_or_an_allergy() {
        let (yes, no) = (
            IS_ALLERGY.strip_suffix(" IS TRUE"),
            IS_NO_ALLERGY.strip_suffix(" IS NOT TRUE"),
        );
        assert!(yes.is_some() && yes == no);
        let types: Vec<String> = ALLERGY_TYPES
            .iter()
            .map(|code| format!("'{code}'"))
            .collect();
        assert!(IS_ALLERGY.contains(&format!("({})", types.join(", "))));
    }
}
