//! AllergyIntolerance: the entries of `gnuhealth.patient.disease` that are allergies.

use crate::fhir::concept::{coding, concept};
use crate::fhir::r4::{
    self, AllergyIntoleranceCategory, AllergyIntoleranceOnset, AllergyIntoleranceReaction,
    AllergyIntoleranceSeverity, AllergyIntoleranceType, CodeableConcept, DataAbsentReason,
};
use crate::search::declaration::{Declaration, Only, Source};
use crate::search::parameter::{Kind, Meaning, Parameter, System, Target, Value};

use super::disease::{
    CLINICAL_STATUS, DISEASE, Disease, IS_ALLERGY, Onset, RECORDED, VERIFICATION_STATUS,
};
use super::recorder::RECORDERS;
use super::{Record, Resource, Version, absent, pathology};

/// The resource type AllergyIntolerance.
pub struct AllergyIntolerance;

const CLINICAL: &str = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical";
const VERIFICATION: &str = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification";
const TYPE: &str = "http://hl7.org/fhir/allergy-intolerance-type";
const CATEGORY: &str = "http://hl7.org/fhir/allergy-intolerance-category";
const SEVERITY: &str = "http://hl7.org/fhir/reaction-event-severity";

/// The type of an entry that is marked as an allergic disease, without saying of which type.
const UNTYPED: &str = "allergic";

/// What [`TYPES`] and [`CATEGORIES`] go by: `allergy_type`, or [`UNTYPED`].
const KIND: Value = Value::Sql("coalesce(nullif({allergy_type}, ''), 'allergic')");

/// Drug, food and other allergies. The fourth, a contraindication, is neither an allergy nor an intolerance.
const TYPES: &[(&str, &[&str])] = &[("allergy", &["da", "fa", "ma", UNTYPED])];

/// What the misc ones are against is not said.
const CATEGORIES: &[(&str, &[&str])] = &[("food", &["fa"]), ("medication", &["da"])];

const SEVERITIES: &[(&str, &[&str])] = &[
    ("mild", &["1_mi"]),
    ("moderate", &["2_mo"]),
    ("severe", &["3_sv"]),
];

const PATHOLOGIES: &[&str] = &["pathology"];

static CODES: [Target; 3] = pathology::codes(PATHOLOGIES, "");

static NAMES: [Target; 1] = pathology::names(PATHOLOGIES, "");

const TO_PERSONS: &[&str] = &["Patient", "Practitioner", "PractitionerRole"];

static PARAMETERS: &[Parameter] = &[
    Parameter::new(
        "asserter",
        Kind::Reference,
        "AllergyIntolerance-asserter",
        "The health professional who treated or diagnosed it.",
        &[Target::new(
            &[],
            Value::Field("healthprof_id"),
            Meaning::Reference("Practitioner", ""),
        )],
    )
    .with_elements(&["asserter"], TO_PERSONS),
    Parameter::new(
        "category",
        Kind::Token,
        "AllergyIntolerance-category",
        "food or medication.",
        &[Target::new(&[], KIND, Meaning::Codes(CATEGORY, CATEGORIES))],
    ),
    Parameter::new(
        "clinical-status",
        Kind::Token,
        "AllergyIntolerance-clinical-status",
        "active, inactive or resolved.",
        &[Target::new(
            &[],
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
        "date",
        Kind::Date,
        "clinical-date",
        "When it was entered.",
        &[Target::new(&[], RECORDED, Meaning::Moment)],
    ),
    Parameter::new(
        "patient",
        Kind::Reference,
        "clinical-patient",
        "The patient.",
        &[Target::new(
            &[],
            Value::Field("patient_id"),
            Meaning::Reference("Patient", ""),
        )],
    )
    .with_elements(&["patient"], &["Patient"]),
    Parameter::new(
        "recorder",
        Kind::Reference,
        "AllergyIntolerance-recorder",
        "The health professional who entered it.",
        RECORDERS,
    )
    .with_elements(&["recorder"], TO_PERSONS),
    Parameter::new(
        "severity",
        Kind::Token,
        "AllergyIntolerance-severity",
        "mild, moderate or severe.",
        &[Target::new(
            &[],
            Value::Field("disease_severity"),
            Meaning::Codes(SEVERITY, SEVERITIES),
        )],
    ),
    Parameter::new(
        "type",
        Kind::Token,
        "clinical-type",
        "allergy; a contraindication has no type.",
        &[Target::new(&[], KIND, Meaning::Codes(TYPE, TYPES))],
    ),
    Parameter::new(
        "verification-status",
        Kind::Token,
        "AllergyIntolerance-verification-status",
        "confirmed, where a laboratory did.",
        &[Target::new(
            &[],
            VERIFICATION_STATUS,
            Meaning::Token(System::Fixed(VERIFICATION)),
        )],
    ),
];

/// What the resource type is.
pub static DECLARATION: Declaration = Declaration {
    name: "AllergyIntolerance",
    sources: &[Source {
        prefix: "",
        root: &DISEASE,
        only: Only::If(IS_ALLERGY),
        measures: &[],
    }],
    parameters: PARAMETERS,
    compartments: &[
        ("Patient", "patient"),
        ("Practitioner", "asserter"),
        ("Practitioner", "recorder"),
    ],
    documentation: "The allergies and contraindications of the patients (gnuhealth.patient.disease).",
};

impl Resource for AllergyIntolerance {
    const DECLARATION: &'static Declaration = &DECLARATION;
    type Fhir = r4::AllergyIntolerance;

    fn render(json: &str, record: &Record<'_>) -> serde_json::Result<r4::AllergyIntolerance> {
        let row: Disease = serde_json::from_str(json)?;
        let kind = row.kind();
        let status = row.clinical_status().map(|status| {
            let (code, display) = status.code();
            coded(CLINICAL, code, display)
        });
        let confirmed = || coded(VERIFICATION, "confirmed", "Confirmed");
        Ok(r4::AllergyIntolerance {
            id: Some(record.id.clone()),
            meta: record.version.map(Version::meta),
            // Demanded by R4's ait-1; the user may not read it.
            clinical_status: Some(absent::concept(status, DataAbsentReason::Masked)),
            verification_status: row.is_confirmed().then(confirmed),
            r#type: kind.and_then(r#type),
            category: kind.and_then(category).into_iter().collect(),
            code: row
                .pathology
                .as_ref()
                .and_then(|pathology| pathology.concept(record)),
            onset: row.onset().map(|onset| match onset {
                Onset::Day(day) => AllergyIntoleranceOnset::DateTime(day.into()),
                Onset::Age(age) => AllergyIntoleranceOnset::Age(age),
            }),
            recorded_date: row.recorded_date(),
            recorder: row.recorder(),
            asserter: row.asserter(),
            note: row.notes(),
            reaction: row
                .disease_severity
                .as_deref()
                .and_then(reaction)
                .into_iter()
                .collect(),
            ..r4::AllergyIntolerance::new(absent::reference(
                row.patient(),
                DataAbsentReason::Unknown,
            ))
        })
    }
}

impl Disease {
    /// See [`KIND`]; `None` if the user may not read it.
    fn kind(&self) -> Option<&str> {
        let chosen = self.allergy_type.as_ref()?.as_deref();
        Some(chosen.filter(|kind| !kind.is_empty()).unwrap_or(UNTYPED))
    }
}

fn coded(system: &str, code: &str, display: &str) -> CodeableConcept {
    concept(Some(coding(system, code, Some(display.to_owned()))), None)
}

/// The code that stands for a value of a selection.
fn code_of(codes: &[(&'static str, &[&str])], value: &str) -> Option<&'static str> {
    let mut codes = codes.iter();
    let (code, _) = codes.find(|(_, values)| values.contains(&value))?;
    Some(code)
}

fn r#type(kind: &str) -> Option<AllergyIntoleranceType> {
    code_of(TYPES, kind).map(|_| AllergyIntoleranceType::Allergy)
}

fn category(kind: &str) -> Option<AllergyIntoleranceCategory> {
    Some(match code_of(CATEGORIES, kind)? {
        "food" => AllergyIntoleranceCategory::Food,
        _ => AllergyIntoleranceCategory::Medication,
    })
}

/// The severity of an allergy is that of the reaction to what it is against. R4 keeps it there (`criticality` is what a
/// reaction to come may do, which GNU Health does not say), and demands to be told how it showed, which is not known.
fn reaction(severity: &str) -> Option<AllergyIntoleranceReaction> {
    let severity = match code_of(SEVERITIES, severity)? {
        "mild" => AllergyIntoleranceSeverity::Mild,
        "moderate" => AllergyIntoleranceSeverity::Moderate,
        _ => AllergyIntoleranceSeverity::Severe,
    };
    let manifestation = absent::concept(None, DataAbsentReason::Unknown);
    Some(AllergyIntoleranceReaction {
        severity: Some(severity),
        ..AllergyIntoleranceReaction::new(vec![manifestation])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn rendered(row: &Value) -> Value {
        let record = Record {
            id: "5".to_owned(),
            version: None,
            system_base: "https://h/ns",
            source: &DECLARATION.sources[0],
            measure: None,
        };
        let resource = AllergyIntolerance::render(&row.to_string(), &record).unwrap();
        serde_json::to_value(resource).unwrap()
    }

    const ABSENT: &str = "http://hl7.org/fhir/StructureDefinition/data-absent-reason";

    #[test]
    fn type_and_category_are_those_of_the_kind_of_allergy() {
        for (kind, r#type, category) in [
            (json!("da"), json!("allergy"), json!(["medication"])),
            (json!("fa"), json!("allergy"), json!(["food"])),
            (json!("ma"), json!("allergy"), Value::Null),
            (json!("mc"), Value::Null, Value::Null),
            (json!("xx"), Value::Null, Value::Null),
            (json!(null), json!("allergy"), Value::Null),
            (json!(""), json!("allergy"), Value::Null),
        ] {
            let found = rendered(&json!({"allergy_type": kind}));
            assert_eq!(
                (&found["type"], &found["category"]),
                (&r#type, &category),
                "{kind}"
            );
        }
        let hidden = rendered(&json!({"is_allergy": true}));
        assert!(hidden.get("type").is_none() && hidden.get("category").is_none());
    }

    #[test]
    fn an_allergy_has_a_clinical_status_or_says_why_not() {
        let status = |row: Value| rendered(&row)["clinicalStatus"]["coding"][0]["code"].clone();
        assert_eq!(status(json!({"is_active": true, "status": "c"})), "active");
        assert_eq!(status(json!({"is_active": null})), "inactive");
        assert_eq!(
            status(json!({"is_active": true, "status": "h"})),
            "resolved"
        );
        assert_eq!(status(json!({"healed_date": "2026-01-01"})), "resolved");
        let masked = json!({"extension": [{"url": ABSENT, "valueCode": "masked"}]});
        assert_eq!(rendered(&json!({}))["clinicalStatus"], masked);
    }

    #[test]
    fn the_severity_is_that_of_a_reaction_whose_manifestation_is_unknown() {
        let unknown = json!([{"extension": [{"url": ABSENT, "valueCode": "unknown"}]}]);
        let found = rendered(&json!({"disease_severity": "3_sv"}));
        assert_eq!(
            found["reaction"],
            json!([{"manifestation": unknown, "severity": "severe"}])
        );
        for none in [json!(null), json!("4_xx")] {
            assert!(
                rendered(&json!({"disease_severity": none}))
                    .get("reaction")
                    .is_none()
            );
        }
    }

    #[test]
    fn the_rest_is_as_the_row_has_it() {
        let row = json!({"patient_id": 7, "healthprof_id": 2, "recorded": "2026-11-01T10:00:00.123456",
            "creator": {"persons": [{"professionals": [{"id": 4}]}]}, "lab_confirmed": true, "age": 30,
            "pathology": {"code": "T78.1", "name": "Food reaction"}, "short_comment": "Peanuts"});
        let found = rendered(&row);
        assert_eq!(found["patient"]["reference"], "Patient/7");
        assert_eq!(found["asserter"]["reference"], "Practitioner/2");
        assert_eq!(found["recorder"]["reference"], "Practitioner/4");
        assert_eq!(found["recordedDate"], "2026-11-01T10:00:00Z");
        assert_eq!(found["onsetAge"]["value"], 30);
        assert_eq!(found["code"]["coding"][0]["code"], "T78.1");
        assert_eq!(
            found["verificationStatus"]["coding"][0]["code"],
            "confirmed"
        );
        assert_eq!(found["note"], json!([{"text": "Peanuts"}]));
    }

    #[test]
    fn an_allergy_of_which_nothing_may_be_read_is_still_a_valid_one() {
        let absent = json!({"extension": [{"url": ABSENT, "valueCode": "unknown"}]});
        assert_eq!(rendered(&json!({}))["patient"], absent);
    }
}
