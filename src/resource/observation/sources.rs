//! Where it is measured: the tables, with the columns that say of whom, when and by whom.
//!
//! They differ in the names of their columns, which here have the same keys: what is made of a row is the same.

use crate::resource::person::{PATIENT_NAME, professional, renamed};
use crate::search::declaration::{Measure, Only, Source};
use crate::tryton::model::{Field, ID, Node, Read, Relation, plain, read_as};

use super::measures::{
    APACHE_II, ARTERIAL_CARBON_DIOXIDE, ARTERIAL_OXYGEN, ARTERIAL_PH, BLOOD_PRESSURE, BODY_FAT,
    BODY_MASS_INDEX, CHOLESTEROL, CREATININE, GLUCOSE, HBA1C, HDL, HEAD_CIRCUMFERENCE, HEART_RATE,
    HEIGHT, HEMATOCRIT, INSPIRED_OXYGEN, INSPIRED_OXYGEN_PART, LDL, LEUKOCYTES, MEAN_PRESSURE,
    OXYGEN_GRADIENT, OXYGEN_SATURATION, PAIN, POTASSIUM, RESPIRATORY_RATE, SODIUM, TEMPERATURE,
    TRIGLYCERIDE, URINE, WAIST, WEIGHT, glasgow, glasgow_parts, in_column,
};

/// What the logical ids of each begin with.
pub(super) const EVALUATION: &str = "eval";
pub(super) const ROUNDING: &str = "rounding";
pub(super) const AMBULATORY: &str = "ambulatory";
pub(super) const GLASGOW: &str = "glasgow";
pub(super) const APACHE: &str = "apache";

/// Those of a record that belongs to a stay in the hospital, which knows the patient.
pub(super) const OF_STAYS: [&str; 3] = [ROUNDING, GLASGOW, APACHE];

const fn source(prefix: &'static str, root: &'static Node, measures: &'static [Measure]) -> Source {
    Source {
        prefix,
        root,
        only: Only::All,
        measures,
    }
}

/// New ones are added at the end, as are new measures of each: their places stand in cursors.
pub(super) const SOURCES: [Source; 5] = [
    source(EVALUATION, &EVALUATIONS, MEASURED_IN_EVALUATIONS),
    source(ROUNDING, &ROUNDINGS, MEASURED_IN_ROUNDINGS),
    source(AMBULATORY, &SESSIONS, MEASURED_IN_SESSIONS),
    source(GLASGOW, &GLASGOW_SCORES, MEASURED_AS_GLASGOW),
    source(APACHE, &APACHE_SCORES, MEASURED_FOR_APACHE),
];

const MEASURED_IN_EVALUATIONS: &[Measure] = &[
    HEART_RATE,
    RESPIRATORY_RATE,
    TEMPERATURE,
    OXYGEN_SATURATION,
    BLOOD_PRESSURE,
    WEIGHT,
    HEIGHT,
    BODY_MASS_INDEX,
    HEAD_CIRCUMFERENCE,
    WAIST,
    BODY_FAT,
    glasgow("loc", &glasgow_parts("loc_eyes", "loc_verbal", "loc_motor")),
    GLUCOSE,
    HBA1C,
    CHOLESTEROL,
    HDL,
    LDL,
    TRIGLYCERIDE,
];

const MEASURED_IN_ROUNDINGS: &[Measure] = &[
    HEART_RATE,
    RESPIRATORY_RATE,
    TEMPERATURE,
    OXYGEN_SATURATION,
    BLOOD_PRESSURE,
    WEIGHT,
    GLUCOSE,
    PAIN,
    URINE,
    INSPIRED_OXYGEN,
];

const MEASURED_IN_SESSIONS: &[Measure] = &[
    HEART_RATE,
    RESPIRATORY_RATE,
    TEMPERATURE,
    OXYGEN_SATURATION,
    BLOOD_PRESSURE,
    WEIGHT,
    GLUCOSE,
    PAIN,
];

const MEASURED_AS_GLASGOW: &[Measure] = &[glasgow(
    "glasgow",
    &glasgow_parts("glasgow_eyes", "glasgow_verbal", "glasgow_motor"),
)];

const MEASURED_FOR_APACHE: &[Measure] = &[
    in_column(HEART_RATE, "heart_rate"),
    RESPIRATORY_RATE,
    TEMPERATURE,
    MEAN_PRESSURE,
    INSPIRED_OXYGEN_PART,
    ARTERIAL_OXYGEN,
    ARTERIAL_CARBON_DIOXIDE,
    OXYGEN_GRADIENT,
    ARTERIAL_PH,
    SODIUM,
    POTASSIUM,
    CREATININE,
    LEUKOCYTES,
    HEMATOCRIT,
    glasgow("gcs", &[]),
    APACHE_II,
];

const fn number(columns: &'static [&'static str; 1]) -> Field {
    read_as(columns, Read::Text)
}

const TO_PATIENT: Relation = Relation {
    key: "patient",
    columns: &["patient"],
    node: &PATIENT_NAME,
};

/// A stay in the hospital, as far as what is measured in it shows of it.
const REGISTRATION: Node = Node {
    model: "gnuhealth.inpatient.registration",
    fields: &[plain(&["name"]), renamed("patient_id", &["patient"])],
    one: &[TO_PATIENT],
    many: &[],
    subject: Some("patient"),
};

const TO_REGISTRATION: Relation = Relation {
    key: "registration",
    columns: &["registration", "name"],
    node: &REGISTRATION,
};

static EVALUATIONS: Node = Node {
    model: "gnuhealth.patient.evaluation",
    fields: &[
        ID,
        plain(&["code"]),
        plain(&["state"]),
        renamed("start", &["evaluation_start"]),
        renamed("patient_id", &["patient"]),
        renamed("healthprof_id", &["healthprof"]),
        renamed("signed_by_id", &["signed_by"]),
        number(&["bpm"]),
        number(&["respiratory_rate"]),
        number(&["temperature"]),
        number(&["osat"]),
        number(&["systolic"]),
        number(&["diastolic"]),
        number(&["weight"]),
        number(&["height"]),
        number(&["bmi"]),
        number(&["head_circumference"]),
        number(&["abdominal_circ"]),
        number(&["body_fat"]),
        number(&["loc"]),
        number(&["loc_eyes"]),
        number(&["loc_verbal"]),
        number(&["loc_motor"]),
        number(&["glycemia"]),
        number(&["hba1c"]),
        number(&["cholesterol_total"]),
        number(&["hdl"]),
        number(&["ldl"]),
        number(&["tag"]),
    ],
    one: &[
        TO_PATIENT,
        professional("healthprof", &["healthprof"]),
        professional("signed_by", &["signed_by"]),
    ],
    many: &[],
    subject: Some("patient"),
};

static ROUNDINGS: Node = Node {
    model: "gnuhealth.patient.rounding",
    fields: &[
        ID,
        plain(&["state"]),
        renamed("start", &["evaluation_start"]),
        renamed("healthprof_id", &["health_professional"]),
        renamed("signed_by_id", &["signed_by"]),
        number(&["bpm"]),
        number(&["respiratory_rate"]),
        number(&["temperature"]),
        number(&["osat"]),
        number(&["systolic"]),
        number(&["diastolic"]),
        number(&["weight"]),
        number(&["glycemia"]),
        number(&["pain_level"]),
        number(&["diuresis"]),
        // with the module health_icu
        number(&["fio2"]),
    ],
    one: &[
        TO_REGISTRATION,
        professional("healthprof", &["health_professional"]),
        professional("signed_by", &["signed_by"]),
    ],
    many: &[],
    subject: Some("registration"),
};

static SESSIONS: Node = Node {
    model: "gnuhealth.patient.ambulatory_care",
    fields: &[
        ID,
        renamed("code", &["name"]),
        plain(&["state"]),
        renamed("start", &["session_start"]),
        renamed("patient_id", &["patient"]),
        renamed("healthprof_id", &["health_professional"]),
        renamed("signed_by_id", &["signed_by"]),
        number(&["bpm"]),
        number(&["respiratory_rate"]),
        number(&["temperature"]),
        number(&["osat"]),
        number(&["systolic"]),
        number(&["diastolic"]),
        number(&["weight"]),
        number(&["glycemia"]),
        number(&["pain_level"]),
    ],
    one: &[
        TO_PATIENT,
        professional("healthprof", &["health_professional"]),
        professional("signed_by", &["signed_by"]),
    ],
    many: &[],
    subject: Some("patient"),
};

static GLASGOW_SCORES: Node = Node {
    model: "gnuhealth.icu.glasgow",
    fields: &[
        ID,
        renamed("start", &["evaluation_date"]),
        number(&["glasgow"]),
        number(&["glasgow_eyes"]),
        number(&["glasgow_verbal"]),
        number(&["glasgow_motor"]),
    ],
    one: &[TO_REGISTRATION],
    many: &[],
    subject: Some("registration"),
};

static APACHE_SCORES: Node = Node {
    model: "gnuhealth.icu.apache2",
    fields: &[
        ID,
        renamed("start", &["score_date"]),
        number(&["heart_rate"]),
        number(&["respiratory_rate"]),
        number(&["temperature"]),
        number(&["mean_ap"]),
        number(&["fio2"]),
        number(&["pao2"]),
        number(&["paco2"]),
        number(&["aado2"]),
        number(&["ph"]),
        number(&["serum_sodium"]),
        number(&["serum_potassium"]),
        number(&["serum_creatinine"]),
        number(&["wbc"]),
        number(&["hematocrit"]),
        number(&["gcs"]),
        number(&["apache_score"]),
    ],
    one: &[TO_REGISTRATION],
    many: &[],
    subject: Some("registration"),
};
