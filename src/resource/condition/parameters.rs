//! The search parameters of Condition, over all of its sources.

use crate::resource::disease::{CLINICAL_STATUS, ONSET_AGE, RECORDED, VERIFICATION_STATUS};
use crate::resource::evaluation::{self, ASSERTER};
use crate::resource::pathology;
use crate::search::parameter::{EVERY, Kind, Meaning, Parameter, System, Target, Value};

use super::encounter_diagnosis::{HYPOTHESIS, MAIN, SECONDARY};
use super::problem_list::{PREFIX as PROBLEM, SEVERITIES, SNOMED_CT};
use super::{CATEGORY, CLINICAL, VERIFICATION};

const PATHOLOGY: &[&str] = &["pathology"];
const EVALUATION: &[&str] = &["evaluation"];

static CODES: [Target; 12] = {
    let [a, b, c] = pathology::codes(PATHOLOGY, PROBLEM);
    let [d, e, f] = pathology::codes(PATHOLOGY, MAIN);
    let [g, h, i] = pathology::codes(PATHOLOGY, SECONDARY);
    let [j, k, l] = pathology::codes(PATHOLOGY, HYPOTHESIS);
    [a, b, c, d, e, f, g, h, i, j, k, l]
};

static NAMES: [Target; 4] = {
    let [a] = pathology::names(PATHOLOGY, PROBLEM);
    let [b] = pathology::names(PATHOLOGY, MAIN);
    let [c] = pathology::names(PATHOLOGY, SECONDARY);
    let [d] = pathology::names(PATHOLOGY, HYPOTHESIS);
    [a, b, c, d]
};

static ENCOUNTERS: [Target; 6] = {
    let [a, b] = evaluation::encounters(&[], MAIN);
    let [c, d] = evaluation::encounters(EVALUATION, SECONDARY);
    let [e, f] = evaluation::encounters(EVALUATION, HYPOTHESIS);
    [a, b, c, d, e, f]
};

/// A value of the problem list.
const fn problem(value: Value, meaning: Meaning) -> Target {
    Target::new(&[], value, meaning).of(PROBLEM)
}

const PATIENT: Meaning = Meaning::Reference("Patient", "");
const PRACTITIONER: Meaning = Meaning::Reference("Practitioner", "");

const PATIENT_ID: Value = Value::Field("patient_id");

const PATIENTS: &[Target] = &[
    problem(PATIENT_ID, PATIENT),
    Target::new(&[], PATIENT_ID, PATIENT).of(MAIN),
    Target::new(EVALUATION, PATIENT_ID, PATIENT).of(SECONDARY),
    Target::new(EVALUATION, PATIENT_ID, PATIENT).of(HYPOTHESIS),
];

const fn category(code: Value) -> Target {
    Target::new(&[], code, Meaning::Token(System::Fixed(CATEGORY)))
}

const DIAGNOSIS: Value = Value::Sql("'encounter-diagnosis'::text");

pub(super) const PARAMETERS: &[Parameter] = &[
    Parameter::new(
        "abatement-date",
        Kind::Date,
        "Condition-abatement-date",
        "The day when it was healed.",
        &[problem(Value::Field("healed_date"), Meaning::Day)],
    ),
    Parameter::new(
        "asserter",
        Kind::Reference,
        "Condition-asserter",
        "The health professional who treated or diagnosed it, or who signed or began the evaluation.",
        &[
            problem(Value::Field("healthprof_id"), PRACTITIONER),
            Target::new(&[], ASSERTER, PRACTITIONER).of(MAIN),
            Target::new(EVALUATION, ASSERTER, PRACTITIONER).of(SECONDARY),
            Target::new(EVALUATION, ASSERTER, PRACTITIONER).of(HYPOTHESIS),
        ],
    )
    .with_elements(&["asserter"], &["Patient", "Practitioner", "PractitionerRole"]),
    Parameter::new(
        "category",
        Kind::Token,
        "Condition-category",
        "problem-list-item, or encounter-diagnosis of what an evaluation found.",
        &[
            category(Value::Sql("'problem-list-item'::text")).of(PROBLEM),
            category(DIAGNOSIS).of(MAIN),
            category(DIAGNOSIS).of(SECONDARY),
            category(DIAGNOSIS).of(HYPOTHESIS),
        ],
    ),
    Parameter::new(
        "clinical-status",
        Kind::Token,
        "Condition-clinical-status",
        "active, inactive or resolved; of the problem list only.",
        &[problem(
            CLINICAL_STATUS,
            Meaning::Token(System::Fixed(CLINICAL)),
        )],
    ),
    Parameter::new(
        "code",
        Kind::Token,
        "clinical-code",
        "The ICD-10 or ICD-11 code, or one of the hospital's own.",
        &CODES,
    )
    .with_texts(&NAMES),
    Parameter::new(
        "encounter",
        Kind::Reference,
        "Condition-encounter",
        "The evaluation that found it, by its code: `encounter:identifier`.",
        &ENCOUNTERS,
    )
    .with_elements(&["encounter"], &[]),
    Parameter::new(
        "evidence-detail",
        Kind::Reference,
        "Condition-evidence-detail",
        "The laboratory report that confirmed it.",
        &[problem(
            Value::Sql("CASE WHEN {lab_confirmed} IS TRUE THEN {lab_test_id} END"),
            Meaning::Reference("DiagnosticReport", "lab"),
        )],
    )
    .with_elements(
        &["evidence.detail"],
        &[
            "AllergyIntolerance",
            "Condition",
            "Observation",
            "Patient",
            "Practitioner",
        ],
    ),
    Parameter::new(
        "onset-age",
        Kind::Quantity,
        "Condition-onset-age",
        "The age at the diagnosis, in years, where no date is known.",
        &[problem(ONSET_AGE.0, ONSET_AGE.1)],
    ),
    Parameter::new(
        "onset-date",
        Kind::Date,
        "Condition-onset-date",
        "The day of the diagnosis; the year if it was estimated from an age.",
        &[problem(
            Value::Field("diagnosed_date"),
            Meaning::DateOrYear("est_dodx"),
        )],
    ),
    Parameter::new(
        "patient",
        Kind::Reference,
        "clinical-patient",
        "The patient.",
        PATIENTS,
    )
    .with_elements(&["subject"], &["Patient"]),
    Parameter::new(
        "recorded-date",
        Kind::Date,
        "Condition-recorded-date",
        "When it was entered.",
        &[Target::new(&[], RECORDED, Meaning::Moment).of(EVERY)],
    ),
    Parameter::new(
        "severity",
        Kind::Token,
        "Condition-severity",
        "Mild, moderate or severe, as SNOMED CT codes.",
        &[problem(
            Value::Field("disease_severity"),
            Meaning::Codes(SNOMED_CT, SEVERITIES),
        )],
    ),
    Parameter::new(
        "subject",
        Kind::Reference,
        "Condition-subject",
        "The patient.",
        PATIENTS,
    )
    .with_elements(&["subject"], &["Patient"]),
    Parameter::new(
        "verification-status",
        Kind::Token,
        "Condition-verification-status",
        "confirmed, where a laboratory did; differential, of a hypothesis.",
        &[
            problem(
                VERIFICATION_STATUS,
                Meaning::Token(System::Fixed(VERIFICATION)),
            ),
            Target::new(
                &[],
                Value::Sql("'differential'::text"),
                Meaning::Token(System::Fixed(VERIFICATION)),
            )
            .of(HYPOTHESIS),
        ],
    ),
];
