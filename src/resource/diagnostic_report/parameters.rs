//! The search parameters of DiagnosticReport, over both of its sources.

use crate::resource::lab_report;
use crate::resource::observation::LABORATORY;
use crate::resource::pathology;
use crate::search::parameter::{Kind, Meaning, Parameter, System, Target, Value};

use super::{SECTIONS, imaging, laboratory};

const STATUS: &str = "http://hl7.org/fhir/diagnostic-report-status";

const TEST: &[&str] = &["test"];
const PATHOLOGIES: &[&str] = &["pathology"];

const fn lab(path: &'static [&'static str], value: Value, meaning: Meaning) -> Target {
    Target::new(path, value, meaning).of(laboratory::PREFIX)
}

const fn imaging(path: &'static [&'static str], value: Value, meaning: Meaning) -> Target {
    Target::new(path, value, meaning).of(imaging::PREFIX)
}

/// A text counts if something of it is shown.
const LAB_STATUS: Value = Value::Sql(
    "CASE WHEN {state} IN ('done', 'validated') THEN 'final' \
     WHEN btrim({results}, E' \\t\\n\\r') <> '' OR {any analytes: [excluded] IS NOT TRUE \
       AND ([result] IS NOT NULL OR btrim([result_text], E' \\t\\n\\r') <> '')} \
     THEN CASE WHEN {state} = 'draft' THEN 'partial' ELSE 'final' END ELSE 'registered' END",
);

const IMAGING_STATUS: Value = Value::Sql(
    "CASE WHEN btrim({comment}, E' \\t\\n\\r') <> '' THEN 'final' ELSE 'registered' END",
);

const ISSUED: Value = Value::Sql(
    "(CASE WHEN {state} = 'done' THEN {done_date} WHEN {state} = 'validated' THEN {validation_date} END)::timestamp",
);

const PATIENT: Meaning = Meaning::Reference("Patient", "");
const PRACTITIONER: Meaning = Meaning::Reference("Practitioner", "");

/// What R4 lets performers and interpreters be; GNU Health knows practitioners.
const PROFESSIONALS: &[&str] = &["Organization", "Practitioner", "PractitionerRole"];

const SUBJECTS: &[Target] = &[
    lab(&[], Value::Field("patient_id"), PATIENT),
    imaging(&[], Value::Field("patient_id"), PATIENT),
];

static PATHOLOGY_CODES: [Target; 3] = pathology::codes(PATHOLOGIES, laboratory::PREFIX);

static PATHOLOGY_NAMES: [Target; 1] = pathology::names(PATHOLOGIES, laboratory::PREFIX);

pub(super) static PARAMETERS: &[Parameter] = &[
    Parameter::new(
        "based-on",
        Kind::Reference,
        "DiagnosticReport-based-on",
        "The order, by its number.",
        &[
            lab(
                &[],
                Value::Sql("{request_order}::text"),
                Meaning::Logical(System::Local(lab_report::ORDERS)),
            ),
            imaging(
                &[],
                Value::Field("order"),
                Meaning::Logical(System::Local(imaging::ORDERS)),
            ),
        ],
    )
    .with_elements(&["basedOn"], &["MedicationRequest"]),
    Parameter::new(
        "category",
        Kind::Token,
        "DiagnosticReport-category",
        "LAB, with the section of the laboratory where HL7 has a code for it, or RAD, with the hospital's kind of imaging.",
        &[
            lab(
                &[],
                Value::Sql("'LAB'::text"),
                Meaning::Token(System::Fixed(SECTIONS)),
            ),
            lab(
                TEST,
                Value::Field("category"),
                Meaning::Codes(SECTIONS, laboratory::SECTIONS),
            ),
            imaging(
                &[],
                Value::Sql("'RAD'::text"),
                Meaning::Token(System::Fixed(SECTIONS)),
            ),
            imaging(
                &["test", "type"],
                Value::Field("code"),
                Meaning::Token(System::Local(imaging::KINDS)),
            ),
        ],
    ),
    Parameter::new(
        "code",
        Kind::Token,
        "clinical-code",
        "The laboratory test or imaging study, by a code of the hospital's own.",
        &[
            lab(
                TEST,
                Value::Field("code"),
                Meaning::Token(System::Local(laboratory::TESTS)),
            ),
            imaging(
                TEST,
                Value::Field("code"),
                Meaning::Token(System::Local(imaging::TESTS)),
            ),
        ],
    )
    .with_texts(&[
        lab(TEST, Value::Field("name"), Meaning::Text),
        imaging(TEST, Value::Field("name"), Meaning::Text),
    ]),
    Parameter::new(
        "conclusion",
        Kind::Token,
        "DiagnosticReport-conclusion",
        "The pathology that a laboratory test confirmed: the ICD-10 or ICD-11 code, or one of the hospital's own.",
        &PATHOLOGY_CODES,
    )
    .with_texts(&PATHOLOGY_NAMES),
    Parameter::new(
        "date",
        Kind::Date,
        "clinical-date",
        "When it was analysed, or requested if it was not yet; when the images were evaluated.",
        &[
            lab(
                &[],
                Value::Sql("coalesce({date_analysis}, {date_requested})"),
                Meaning::Moment,
            ),
            imaging(&[], Value::Field("date"), Meaning::Moment),
        ],
    ),
    Parameter::new(
        "identifier",
        Kind::Token,
        "clinical-identifier",
        "The id of the laboratory report, or the number of the imaging result.",
        &[
            lab(
                &[],
                Value::Field("name"),
                Meaning::Identifier(System::Local(laboratory::REPORTS), &[]),
            ),
            imaging(
                &[],
                Value::Field("number"),
                Meaning::Identifier(System::Local(imaging::RESULTS), &[]),
            ),
        ],
    ),
    Parameter::new(
        "issued",
        Kind::Date,
        "DiagnosticReport-issued",
        "When a laboratory report was done or validated.",
        &[lab(&[], ISSUED, Meaning::Moment)],
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
        "DiagnosticReport-performer",
        "Who answers for the report, did the test, or validated it; who evaluated the images.",
        &[
            lab(&[], Value::Field("pathologist_id"), PRACTITIONER),
            lab(&[], Value::Field("done_by_id"), PRACTITIONER),
            lab(&[], Value::Field("validated_by_id"), PRACTITIONER),
            imaging(&[], Value::Field("doctor_id"), PRACTITIONER),
        ],
    )
    .with_elements(&["performer"], PROFESSIONALS),
    Parameter::new(
        "result",
        Kind::Reference,
        "DiagnosticReport-result",
        "A laboratory result of the report.",
        &[lab(
            &["analytes"],
            Value::Field("id"),
            Meaning::Reference("Observation", LABORATORY),
        )],
    )
    .with_elements(&["result"], &["Observation"]),
    Parameter::new(
        "results-interpreter",
        Kind::Reference,
        "DiagnosticReport-results-interpreter",
        "The pathologist, and who validated the report; who evaluated the images.",
        &[
            lab(&[], Value::Field("pathologist_id"), PRACTITIONER),
            lab(&[], Value::Field("validated_by_id"), PRACTITIONER),
            imaging(&[], Value::Field("doctor_id"), PRACTITIONER),
        ],
    )
    .with_elements(&["resultsInterpreter"], PROFESSIONALS),
    Parameter::new(
        "status",
        Kind::Token,
        "DiagnosticReport-status",
        "registered, partial or final.",
        &[
            lab(&[], LAB_STATUS, Meaning::Token(System::Fixed(STATUS))),
            imaging(&[], IMAGING_STATUS, Meaning::Token(System::Fixed(STATUS))),
        ],
    ),
    Parameter::new(
        "subject",
        Kind::Reference,
        "DiagnosticReport-subject",
        "The patient.",
        SUBJECTS,
    )
    .with_elements(&["subject"], &["Patient"]),
];
