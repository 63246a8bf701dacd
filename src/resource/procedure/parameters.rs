//! The search parameters of Procedure, over all of its sources.

use crate::resource::pathology;
use crate::resource::person::INSTITUTION;
use crate::search::parameter::{Kind, Meaning, Parameter, System, Target, Value};

use super::code;
use super::context::{AMBULATORY_CARE, EVALUATIONS, REGISTRATIONS, STATUSES};
use super::part::{DIRECTIONS, OPERATION, PATIENT_PROCEDURE, ROUND, SESSION};
use super::surgery::{PREFIX as SURGERY, SURGERIES};
use super::{SNOMED_CT, SURGICAL};

const STATUS: &str = "http://hl7.org/fhir/event-status";

const OWN: &[&str] = &[];
const TO_SURGERY: &[&str] = &["surgery"];
const TO_EVALUATION: &[&str] = &["evaluation"];
const TO_ROUNDING: &[&str] = &["rounding"];
const TO_STAY: &[&str] = &["rounding", "registration"];
const TO_SESSION: &[&str] = &["ambulatory"];
const TO_PROCEDURE: &[&str] = &["procedure"];
const INTERVENTION: &[&str] = &["intervention"];
const MAIN: &[&str] = &["main"];
const PATHOLOGIES: &[&str] = &["pathology"];

const PATIENT: Meaning = Meaning::Reference("Patient", "");
const PRACTITIONER: Meaning = Meaning::Reference("Practitioner", "");

const fn of(
    source: &'static str,
    path: &'static [&'static str],
    value: Value,
    meaning: Meaning,
) -> Target {
    Target::new(path, value, meaning).of(source)
}

const fn patient(source: &'static str, path: &'static [&'static str]) -> Target {
    of(source, path, Value::Field("patient_id"), PATIENT)
}

const SUBJECTS: &[Target] = &[
    patient(SURGERY, OWN),
    patient(OPERATION, TO_SURGERY),
    patient(PATIENT_PROCEDURE, OWN),
    patient(DIRECTIONS, TO_EVALUATION),
    patient(ROUND, TO_STAY),
    patient(SESSION, TO_SESSION),
];

/// An end that is shown: see `surgery_performed` and `performed`.
const SURGERY_END: Value = Value::Sql(
    "CASE WHEN {state} IS DISTINCT FROM 'in_progress' AND ({surgery_date} IS NULL OR {surgery_date} <= {surgery_end_date}) \
     THEN {surgery_end_date} END",
);
const SESSION_END: Value =
    Value::Sql("CASE WHEN {start} IS NULL OR {start} <= {end} THEN {end} END");

const fn surgery_date(source: &'static str, path: &'static [&'static str]) -> Target {
    let meaning = Meaning::Until(SURGERY_END);
    of(source, path, Value::Field("surgery_date"), meaning)
}

const fn session_date(source: &'static str, path: &'static [&'static str]) -> Target {
    let meaning = Meaning::Until(SESSION_END);
    of(source, path, Value::Field("start"), meaning)
}

const fn encounter(
    source: &'static str,
    path: &'static [&'static str],
    system: &'static str,
) -> Target {
    let meaning = Meaning::Logical(System::Local(system));
    of(source, path, Value::Field("code"), meaning)
}

const fn professional(source: &'static str, path: &'static [&'static str]) -> Target {
    let value = Value::Field("health_professional_id");
    of(source, path, value, PRACTITIONER)
}

const fn status(source: &'static str, sql: &'static str) -> Target {
    let meaning = Meaning::Token(System::Fixed(STATUS));
    of(source, OWN, Value::Sql(sql), meaning)
}

const PART_OF: Meaning = Meaning::Reference("Procedure", SURGERY);

static REASONS: [Target; 3] = pathology::codes(PATHOLOGIES, SURGERY);

static REASON_NAMES: [Target; 1] = pathology::names(PATHOLOGIES, SURGERY);

pub(super) static PARAMETERS: &[Parameter] = &[
    Parameter::new(
        "category",
        Kind::Token,
        "Procedure-category",
        "Surgical procedures, as the SNOMED CT code 387713003.",
        &[
            of(
                SURGERY,
                OWN,
                Value::Sql("'387713003'::text"),
                Meaning::Token(System::Fixed(SNOMED_CT)),
            ),
            of(
                OPERATION,
                OWN,
                Value::Sql("'387713003'::text"),
                Meaning::Token(System::Fixed(SNOMED_CT)),
            ),
            of(
                PATIENT_PROCEDURE,
                OWN,
                Value::Field("ctx"),
                Meaning::Codes(SNOMED_CT, &[(SURGICAL, &["surgery"])]),
            ),
        ],
    ),
    Parameter::new(
        "code",
        Kind::Token,
        "clinical-code",
        "The ICD-10-PCS or ICD-9-CM code, or one of the hospital's own; of a surgery that of the main intervention.",
        &[
            code::official(INTERVENTION, SURGERY),
            code::local(INTERVENTION, SURGERY),
            code::official(MAIN, SURGERY).unless(INTERVENTION),
            code::local(MAIN, SURGERY).unless(INTERVENTION),
            code::official(TO_PROCEDURE, OPERATION),
            code::local(TO_PROCEDURE, OPERATION),
            code::official(TO_PROCEDURE, PATIENT_PROCEDURE),
            code::local(TO_PROCEDURE, PATIENT_PROCEDURE),
            code::official(TO_PROCEDURE, DIRECTIONS),
            code::local(TO_PROCEDURE, DIRECTIONS),
            code::official(TO_PROCEDURE, ROUND),
            code::local(TO_PROCEDURE, ROUND),
            code::official(TO_PROCEDURE, SESSION),
            code::local(TO_PROCEDURE, SESSION),
        ],
    )
    .with_texts(&[
        code::text(INTERVENTION, SURGERY),
        code::text(MAIN, SURGERY).unless(INTERVENTION),
        of(
            SURGERY,
            OWN,
            Value::Sql(
                "CASE WHEN {intervention_id} IS NULL AND {main_id} IS NULL THEN {description} END",
            ),
            Meaning::Text,
        ),
        code::text(TO_PROCEDURE, OPERATION),
        code::text(TO_PROCEDURE, PATIENT_PROCEDURE),
        code::text(TO_PROCEDURE, DIRECTIONS),
        code::text(TO_PROCEDURE, ROUND),
        code::text(TO_PROCEDURE, SESSION),
    ]),
    Parameter::new(
        "date",
        Kind::Date,
        "clinical-date",
        "When it was done; of a surgery also when it is planned. What has no time of its own was done when the surgery, round \
         or session was.",
        &[
            surgery_date(SURGERY, OWN),
            surgery_date(OPERATION, TO_SURGERY),
            of(
                PATIENT_PROCEDURE,
                OWN,
                Value::Field("pdate"),
                Meaning::Moment,
            ),
            session_date(ROUND, TO_ROUNDING),
            session_date(SESSION, TO_SESSION),
        ],
    ),
    Parameter::new(
        "encounter",
        Kind::Reference,
        "clinical-encounter",
        "The evaluation, the stay in the hospital or the session of ambulatory care, by its number (:identifier).",
        &[
            encounter(PATIENT_PROCEDURE, TO_EVALUATION, EVALUATIONS),
            encounter(PATIENT_PROCEDURE, TO_STAY, REGISTRATIONS),
            encounter(PATIENT_PROCEDURE, TO_SESSION, AMBULATORY_CARE),
            encounter(DIRECTIONS, TO_EVALUATION, EVALUATIONS),
            encounter(ROUND, TO_STAY, REGISTRATIONS),
            encounter(SESSION, TO_SESSION, AMBULATORY_CARE),
        ],
    )
    .with_elements(&["encounter"], &[]),
    Parameter::new(
        "identifier",
        Kind::Token,
        "clinical-identifier",
        "The number of a surgery.",
        &[of(
            SURGERY,
            OWN,
            Value::Field("code"),
            Meaning::Identifier(System::Local(SURGERIES), &[]),
        )],
    ),
    Parameter::new(
        "part-of",
        Kind::Reference,
        "Procedure-part-of",
        "The surgery that it was done in.",
        &[
            of(OPERATION, OWN, Value::Field("surgery_id"), PART_OF),
            of(PATIENT_PROCEDURE, TO_SURGERY, Value::Field("id"), PART_OF),
        ],
    )
    .with_elements(&["partOf"], &["Observation", "Procedure"]),
    Parameter::new(
        "patient",
        Kind::Reference,
        "clinical-patient",
        "The patient.",
        SUBJECTS,
    )
    .with_elements(&["subject"], &["Patient"]),
    Parameter::new(
        "performer",
        Kind::Reference,
        "Procedure-performer",
        "The surgeon, the anaesthetist, the team and the institution of a surgery; who made the round or held the session.",
        &[
            of(SURGERY, OWN, Value::Field("surgeon_id"), PRACTITIONER),
            of(SURGERY, OWN, Value::Field("anesthetist_id"), PRACTITIONER),
            of(SURGERY, &["team"], Value::Field("member_id"), PRACTITIONER),
            of(
                SURGERY,
                OWN,
                Value::Field("institution_id"),
                Meaning::Reference("Organization", INSTITUTION),
            ),
            professional(PATIENT_PROCEDURE, TO_ROUNDING),
            professional(PATIENT_PROCEDURE, TO_SESSION),
            professional(ROUND, TO_ROUNDING),
            professional(SESSION, TO_SESSION),
        ],
    )
    .with_elements(
        &["performer.actor"],
        &[
            "Organization",
            "Patient",
            "Practitioner",
            "PractitionerRole",
        ],
    ),
    Parameter::new(
        "reason-code",
        Kind::Token,
        "Procedure-reason-code",
        "The condition that was the reason for a surgery.",
        &REASONS,
    )
    .with_texts(&REASON_NAMES),
    Parameter::new(
        "status",
        Kind::Token,
        "Procedure-status",
        "preparation, in-progress, not-done, completed or unknown.",
        &[
            of(
                SURGERY,
                OWN,
                Value::Field("state"),
                Meaning::Codes(STATUS, STATUSES),
            ),
            status(
                SURGERY,
                "CASE WHEN {state} IS NULL OR {state} NOT IN \
                 ('draft', 'confirmed', 'in_progress', 'cancelled', 'done', 'signed') THEN 'unknown' END",
            ),
            of(
                OPERATION,
                TO_SURGERY,
                Value::Field("state"),
                Meaning::Codes(STATUS, STATUSES),
            ),
            status(
                OPERATION,
                "CASE WHEN {surgery/state} IS NULL OR {surgery/state} NOT IN \
                 ('draft', 'confirmed', 'in_progress', 'cancelled', 'done', 'signed') THEN 'unknown' END",
            ),
            of(
                PATIENT_PROCEDURE,
                TO_SURGERY,
                Value::Field("state"),
                Meaning::Codes(STATUS, STATUSES),
            ),
            status(
                PATIENT_PROCEDURE,
                "CASE WHEN {surgery/state} IN ('draft', 'confirmed', 'in_progress', 'cancelled', 'done', 'signed') THEN NULL \
                 WHEN {evaluation/state} IN ('done', 'signed') OR {rounding/state} IN ('done', 'signed') OR {ambulatory/state} IN ('done', 'signed') \
                 THEN 'completed' ELSE 'unknown' END",
            ),
            status(DIRECTIONS, "'unknown'::text"),
            status(
                ROUND,
                "CASE WHEN {rounding/state} IN ('done', 'signed') THEN 'completed' ELSE 'unknown' END",
            ),
            status(
                SESSION,
                "CASE WHEN {ambulatory/state} IN ('done', 'signed') THEN 'completed' ELSE 'unknown' END",
            ),
        ],
    ),
    Parameter::new(
        "subject",
        Kind::Reference,
        "Procedure-subject",
        "The patient.",
        SUBJECTS,
    )
    .with_elements(&["subject"], &["Patient"]),
];
