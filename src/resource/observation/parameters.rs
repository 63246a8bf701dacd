//! The search parameters of Observation, over all of its sources.

use crate::search::parameter::{
    Kind, MEASURED, Meaning, PARTS, Parameter, System, Target, Units, Value,
};

use super::laboratory::{self, ANALYTE};
use super::measures::{BLOOD_PRESSURE_CODE, CATEGORIES, DIASTOLIC, SYSTOLIC};
use super::sources::{AMBULATORY, APACHE, EVALUATION, GLASGOW, OF_STAYS, ROUNDING};
use super::vital_signs::{EVALUATIONS, SESSIONS, STAYS};
use super::{ABSENT, CATEGORY, LOINC};
use crate::resource::lab_report::ORDERS;
use crate::resource::units::PRINTED;

const STATUS: &str = "http://hl7.org/fhir/observation-status";

const REPORT: &[&str] = &["report"];

const fn lab(path: &'static [&'static str], value: Value, meaning: Meaning) -> Target {
    Target::new(path, value, meaning).of(laboratory::PREFIX)
}

/// Of everything that is measured, wherever.
const fn measured(value: Value, meaning: Meaning) -> Target {
    Target::new(&[], value, meaning).of(MEASURED)
}

const fn part(value: Value, meaning: Meaning) -> Target {
    Target::new(&[PARTS], value, meaning).of(MEASURED)
}

const STAY: &[&str] = &["registration"];

/// Of the stay that something measured belongs to.
const fn stay(source: &'static str, key: &'static str, meaning: Meaning) -> Target {
    Target::new(STAY, Value::Field(key), meaning).of(source)
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

const MEASURED_STATUS: Value = Value::Sql(
    "CASE WHEN {state} IN ('in_progress', 'draft') THEN 'preliminary' WHEN {state} IN ('done', 'signed') THEN 'final' \
     ELSE 'unknown' END",
);

const fn status(source: &'static str, status: Value) -> Target {
    Target::new(&[], status, Meaning::Token(System::Fixed(STATUS))).of(source)
}

const LAB_CODE: (Value, Meaning) = (Value::Field("code"), Meaning::Token(System::Local(ANALYTE)));
const MEASURED_CODE: (Value, Meaning) = (Value::Code, Meaning::Token(System::Fixed(LOINC)));

/// By way of text: a number has just the digits that are shown.
const LAB_QUANTITY: (Value, Meaning) = (
    Value::Sql("{result}::text::numeric"),
    Meaning::Quantity(Units::Printed(Value::Sql("{units/name}"), PRINTED)),
);
const MEASURED_QUANTITY: (Value, Meaning) = (Value::Number, Meaning::Quantity(Units::Measured));

/// Words are the value only where there is no number.
const LAB_STRING: (Value, Meaning) = (
    Value::Sql("CASE WHEN {result} IS NULL THEN {result_text} END"),
    Meaning::Text,
);

/// The parts of a blood pressure are shown even where one has no value, unlike those of a score.
const PRESSURE_PARTS: Target = measured(
    Value::Code,
    Meaning::Codes(
        LOINC,
        &[
            (SYSTOLIC, &[BLOOD_PRESSURE_CODE]),
            (DIASTOLIC, &[BLOOD_PRESSURE_CODE]),
        ],
    ),
);
const COMPONENT_CODE: Target = part(MEASURED_CODE.0, MEASURED_CODE.1);

const LAB_CODES: Target = lab(&[], LAB_CODE.0, LAB_CODE.1);
const MEASURED_CODES: Target = measured(MEASURED_CODE.0, MEASURED_CODE.1);
const LAB_NAMES: Target = lab(&[], Value::Field("name"), Meaning::Text);
const MEASURED_NAMES: Target = measured(Value::Display, Meaning::Text);

const LAB_VALUE: Target = lab(&[], LAB_QUANTITY.0, LAB_QUANTITY.1);
const MEASURED_VALUE: Target = measured(MEASURED_QUANTITY.0, MEASURED_QUANTITY.1);
const COMPONENT_VALUE: Target = part(MEASURED_QUANTITY.0, MEASURED_QUANTITY.1);

const LAB_CODE_VALUE: Target =
    Target::composed(&[], &[LAB_CODE, LAB_QUANTITY]).of(laboratory::PREFIX);
const MEASURED_CODE_VALUE: Target =
    Target::composed(&[], &[MEASURED_CODE, MEASURED_QUANTITY]).of(MEASURED);
const COMPONENT_CODE_VALUE: Target =
    Target::composed(&[PARTS], &[MEASURED_CODE, MEASURED_QUANTITY]).of(MEASURED);

const PATIENT: Meaning = Meaning::Reference("Patient", "");
const PRACTITIONER: Meaning = Meaning::Reference("Practitioner", "");

/// Of the record itself.
const fn of_itself(source: &'static str, key: &'static str, meaning: Meaning) -> Target {
    Target::new(&[], Value::Field(key), meaning).of(source)
}

const SUBJECTS: &[Target] = &[
    lab(REPORT, Value::Field("patient_id"), PATIENT),
    of_itself(EVALUATION, "patient_id", PATIENT),
    of_itself(AMBULATORY, "patient_id", PATIENT),
    stay(OF_STAYS[0], "patient_id", PATIENT),
    stay(OF_STAYS[1], "patient_id", PATIENT),
    stay(OF_STAYS[2], "patient_id", PATIENT),
];

const CODE_AND_QUANTITY: Kind = Kind::Composite(&[Kind::Token, Kind::Quantity]);

pub(super) const PARAMETERS: &[Parameter] = &[
    Parameter::new(
        "based-on",
        Kind::Reference,
        "Observation-based-on",
        "The order of a laboratory test, by its number.",
        &[lab(
            REPORT,
            Value::Sql("{request_order}::text"),
            Meaning::Logical(System::Local(ORDERS)),
        )],
    )
    .with_elements(&["basedOn"], &["MedicationRequest"]),
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
            measured(Value::Code, Meaning::Codes(CATEGORY, CATEGORIES)),
        ],
    ),
    Parameter::new(
        "code",
        Kind::Token,
        "clinical-code",
        "The analyte of a laboratory result, or the LOINC code of what was measured.",
        &[LAB_CODES, MEASURED_CODES],
    )
    .with_texts(&[LAB_NAMES, MEASURED_NAMES]),
    Parameter::new(
        "code-value-quantity",
        CODE_AND_QUANTITY,
        "Observation-code-value-quantity",
        "The code and the value with its unit.",
        &[LAB_CODE_VALUE, MEASURED_CODE_VALUE],
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
        &[LAB_CODES, MEASURED_CODES, PRESSURE_PARTS, COMPONENT_CODE],
    ),
    Parameter::new(
        "combo-code-value-quantity",
        CODE_AND_QUANTITY,
        "Observation-combo-code-value-quantity",
        "The code and the value with its unit, of the observation or of one of its components.",
        &[LAB_CODE_VALUE, MEASURED_CODE_VALUE, COMPONENT_CODE_VALUE],
    ),
    Parameter::new(
        "combo-value-quantity",
        Kind::Quantity,
        "Observation-combo-value-quantity",
        "The value with its unit, of the observation or of one of its components.",
        &[LAB_VALUE, MEASURED_VALUE, COMPONENT_VALUE],
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
        "When it was analysed, or requested if it was not yet; when the visit, round or session began.",
        &[
            lab(
                REPORT,
                Value::Sql("coalesce({date_analysis}, {date_requested})"),
                Meaning::Moment,
            ),
            measured(Value::Field("start"), Meaning::Moment),
        ],
    ),
    Parameter::new(
        "encounter",
        Kind::Reference,
        "clinical-encounter",
        "The visit, stay or session in which it was measured, by what GNU Health calls it.",
        &[
            of_itself(
                EVALUATION,
                "code",
                Meaning::Logical(System::Local(EVALUATIONS)),
            ),
            of_itself(
                AMBULATORY,
                "code",
                Meaning::Logical(System::Local(SESSIONS)),
            ),
            stay(OF_STAYS[0], "name", Meaning::Logical(System::Local(STAYS))),
            stay(OF_STAYS[1], "name", Meaning::Logical(System::Local(STAYS))),
            stay(OF_STAYS[2], "name", Meaning::Logical(System::Local(STAYS))),
        ],
    )
    .with_elements(&["encounter"], &[]),
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
        "Who did the test, visit, round or session, and who validated or signed it.",
        &[
            lab(REPORT, Value::Field("pathologist_id"), PRACTITIONER),
            lab(REPORT, Value::Field("done_by_id"), PRACTITIONER),
            lab(REPORT, Value::Field("validated_by_id"), PRACTITIONER),
            measured(Value::Field("healthprof_id"), PRACTITIONER),
            measured(Value::Field("signed_by_id"), PRACTITIONER),
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
            status(laboratory::PREFIX, LAB_STATUS),
            status(EVALUATION, MEASURED_STATUS),
            status(ROUNDING, MEASURED_STATUS),
            status(AMBULATORY, MEASURED_STATUS),
            status(GLASGOW, Value::Sql("'final'::text")),
            status(APACHE, Value::Sql("'final'::text")),
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
        &[LAB_VALUE, MEASURED_VALUE],
    ),
    Parameter::new(
        "value-string",
        Kind::String,
        "Observation-value-string",
        "A laboratory result in words.",
        &[lab(&[], LAB_STRING.0, LAB_STRING.1)],
    ),
];
