//! The search parameters of Observation, over both of its sources.

use crate::search::parameter::{Kind, Meaning, PARTS, Parameter, System, Target, Units, Value};

use super::laboratory::{self, ANALYTE};
use super::vital_signs::{self, BLOOD_PRESSURE, CATEGORIES, DIASTOLIC, SYSTOLIC};
use super::{ABSENT, CATEGORY, LOINC};
use crate::resource::units::PRINTED;

const STATUS: &str = "http://hl7.org/fhir/observation-status";

const REPORT: &[&str] = &["report"];

const fn lab(path: &'static [&'static str], value: Value, meaning: Meaning) -> Target {
    Target::new(path, value, meaning).of(laboratory::PREFIX)
}

const fn eval(value: Value, meaning: Meaning) -> Target {
    Target::new(&[], value, meaning).of(vital_signs::PREFIX)
}

const fn part(value: Value, meaning: Meaning) -> Target {
    Target::new(&[PARTS], value, meaning).of(vital_signs::PREFIX)
}

/// A text counts if something of it is shown.
const LAB_STATUS: Value = Value::Sql(
    "CASE WHEN {excluded} IS TRUE THEN 'cancelled' WHEN {report/state} IN ('done', 'validated') THEN 'final' \
     WHEN {result} IS NULL AND coalesce(btrim({result_text}, E' \\t\\n\\r'), '') = '' THEN 'registered' \
     WHEN {report/state} = 'draft' THEN 'preliminary' ELSE 'final' END",
);

const LAB_ABSENT: Value = Value::Sql(
    "CASE WHEN {result} IS NOT NULL OR btrim({result_text}, E' \\t\\n\\r') <> '' THEN NULL \
     WHEN {excluded} IS TRUE THEN 'not-performed' WHEN {report/state} IN ('done', 'validated') THEN 'unknown' \
     ELSE 'temp-unknown' END",
);

const EVAL_STATUS: Value = Value::Sql(
    "CASE WHEN {state} = 'in_progress' THEN 'preliminary' WHEN {state} IN ('done', 'signed') THEN 'final' \
     ELSE 'unknown' END",
);

const LAB_CODE: (Value, Meaning) = (Value::Field("code"), Meaning::Token(System::Local(ANALYTE)));
const EVAL_CODE: (Value, Meaning) = (Value::Code, Meaning::Token(System::Fixed(LOINC)));

/// By way of text: a number has just the digits that are shown.
const LAB_QUANTITY: (Value, Meaning) = (
    Value::Sql("{result}::text::numeric"),
    Meaning::Quantity(Units::Printed(Value::Sql("{units/name}"), PRINTED)),
);
const EVAL_QUANTITY: (Value, Meaning) = (Value::Number, Meaning::Quantity(Units::Measured));

/// Words are the value only where there is no number.
const LAB_STRING: (Value, Meaning) = (
    Value::Sql("CASE WHEN {result} IS NULL THEN {result_text} END"),
    Meaning::Text,
);

/// The parts of a blood pressure are shown even where one has no value, unlike those of a score.
const PRESSURE_PARTS: Target = eval(
    Value::Code,
    Meaning::Codes(
        LOINC,
        &[
            (SYSTOLIC, &[BLOOD_PRESSURE]),
            (DIASTOLIC, &[BLOOD_PRESSURE]),
        ],
    ),
);
const COMPONENT_CODE: Target = part(EVAL_CODE.0, EVAL_CODE.1);

const LAB_CODES: Target = lab(&[], LAB_CODE.0, LAB_CODE.1);
const EVAL_CODES: Target = eval(EVAL_CODE.0, EVAL_CODE.1);
const LAB_NAMES: Target = lab(&[], Value::Field("name"), Meaning::Text);
const EVAL_NAMES: Target = eval(Value::Display, Meaning::Text);

const LAB_VALUE: Target = lab(&[], LAB_QUANTITY.0, LAB_QUANTITY.1);
const EVAL_VALUE: Target = eval(EVAL_QUANTITY.0, EVAL_QUANTITY.1);
const COMPONENT_VALUE: Target = part(EVAL_QUANTITY.0, EVAL_QUANTITY.1);

const LAB_CODE_VALUE: Target =
    Target::composed(&[], &[LAB_CODE, LAB_QUANTITY]).of(laboratory::PREFIX);
const EVAL_CODE_VALUE: Target =
    Target::composed(&[], &[EVAL_CODE, EVAL_QUANTITY]).of(vital_signs::PREFIX);
const COMPONENT_CODE_VALUE: Target =
    Target::composed(&[PARTS], &[EVAL_CODE, EVAL_QUANTITY]).of(vital_signs::PREFIX);

const PATIENT: Meaning = Meaning::Reference("Patient", "");
const PRACTITIONER: Meaning = Meaning::Reference("Practitioner", "");

const SUBJECTS: &[Target] = &[
    lab(REPORT, Value::Field("patient_id"), PATIENT),
    eval(Value::Field("patient_id"), PATIENT),
];

const CODE_AND_QUANTITY: Kind = Kind::Composite(&[Kind::Token, Kind::Quantity]);

pub(super) const PARAMETERS: &[Parameter] = &[
    Parameter::new(
        "category",
        Kind::Token,
        "Observation-category",
        "laboratory, vital-signs or exam.",
        &[
            lab(
                &[],
                Value::Sql("'laboratory'::text"),
                Meaning::Token(System::Fixed(CATEGORY)),
            ),
            eval(Value::Code, Meaning::Codes(CATEGORY, CATEGORIES)),
        ],
    ),
    Parameter::new(
        "code",
        Kind::Token,
        "clinical-code",
        "The analyte of a laboratory result, or the LOINC code of what was measured.",
        &[LAB_CODES, EVAL_CODES],
    )
    .with_texts(&[LAB_NAMES, EVAL_NAMES]),
    Parameter::new(
        "code-value-quantity",
        CODE_AND_QUANTITY,
        "Observation-code-value-quantity",
        "The code and the value with its unit.",
        &[LAB_CODE_VALUE, EVAL_CODE_VALUE],
    ),
    Parameter::new(
        "code-value-string",
        Kind::Composite(&[Kind::Token, Kind::String]),
        "Observation-code-value-string",
        "The analyte and its result in words.",
        &[Target::composed(&[], &[LAB_CODE, LAB_STRING]).of(laboratory::PREFIX)],
    ),
    Parameter::new(
        "combo-code",
        Kind::Token,
        "Observation-combo-code",
        "The code of the observation or of one of its components.",
        &[LAB_CODES, EVAL_CODES, PRESSURE_PARTS, COMPONENT_CODE],
    ),
    Parameter::new(
        "combo-code-value-quantity",
        CODE_AND_QUANTITY,
        "Observation-combo-code-value-quantity",
        "The code and the value with its unit, of the observation or of one of its components.",
        &[LAB_CODE_VALUE, EVAL_CODE_VALUE, COMPONENT_CODE_VALUE],
    ),
    Parameter::new(
        "combo-value-quantity",
        Kind::Quantity,
        "Observation-combo-value-quantity",
        "The value with its unit, of the observation or of one of its components.",
        &[LAB_VALUE, EVAL_VALUE, COMPONENT_VALUE],
    ),
    Parameter::new(
        "component-code",
        Kind::Token,
        "Observation-component-code",
        "The LOINC code of a component: of a blood pressure or a Glasgow score.",
        &[PRESSURE_PARTS, COMPONENT_CODE],
    ),
    Parameter::new(
        "component-code-value-quantity",
        CODE_AND_QUANTITY,
        "Observation-component-code-value-quantity",
        "The code and the value of a component.",
        &[COMPONENT_CODE_VALUE],
    ),
    Parameter::new(
        "component-value-quantity",
        Kind::Quantity,
        "Observation-component-value-quantity",
        "The value of a component.",
        &[COMPONENT_VALUE],
    ),
    Parameter::new(
        "data-absent-reason",
        Kind::Token,
        "Observation-data-absent-reason",
        "Why a laboratory result has no value: it is to come, was not done, or is not known.",
        &[lab(&[], LAB_ABSENT, Meaning::Token(System::Fixed(ABSENT)))],
    ),
    Parameter::new(
        "date",
        Kind::Date,
        "clinical-date",
        "When it was analysed, or requested if it was not yet; when the evaluation began.",
        &[
            lab(
                REPORT,
                Value::Sql("coalesce({date_analysis}, {date_requested})"),
                Meaning::Moment,
            ),
            eval(Value::Field("evaluation_start"), Meaning::Moment),
        ],
    ),
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
        "Observation-performer",
        "Who did the test or the evaluation, and who validated or signed it.",
        &[
            lab(REPORT, Value::Field("pathologist_id"), PRACTITIONER),
            lab(REPORT, Value::Field("done_by_id"), PRACTITIONER),
            lab(REPORT, Value::Field("validated_by_id"), PRACTITIONER),
            eval(Value::Field("healthprof_id"), PRACTITIONER),
            eval(Value::Field("signed_by_id"), PRACTITIONER),
        ],
    )
    .with_elements(
        &["performer"],
        &[
            "Organization",
            "Patient",
            "Practitioner",
            "PractitionerRole",
        ],
    ),
    Parameter::new(
        "status",
        Kind::Token,
        "Observation-status",
        "registered, preliminary, final, cancelled or unknown.",
        &[
            lab(&[], LAB_STATUS, Meaning::Token(System::Fixed(STATUS))),
            eval(EVAL_STATUS, Meaning::Token(System::Fixed(STATUS))),
        ],
    ),
    Parameter::new(
        "subject",
        Kind::Reference,
        "Observation-subject",
        "The patient.",
        SUBJECTS,
    )
    .with_elements(&["subject"], &["Patient"]),
    Parameter::new(
        "value-quantity",
        Kind::Quantity,
        "Observation-value-quantity",
        "The value with its unit.",
        &[LAB_VALUE, EVAL_VALUE],
    ),
    Parameter::new(
        "value-string",
        Kind::String,
        "Observation-value-string",
        "A laboratory result in words.",
        &[lab(&[], LAB_STRING.0, LAB_STRING.1)],
    ),
];
