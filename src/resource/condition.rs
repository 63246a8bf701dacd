//! Condition: the problem list, `gnuhealth.patient.disease` without the allergies.

use serde::Deserialize;

use crate::fhir::concept::{coding, concept};
use crate::fhir::r4::{
    self, Annotation, CodeableConcept, ConditionAbatement, ConditionOnset, DataAbsentReason, Date,
    DateTime, Decimal, Extension, ExtensionValue, Reference,
};
use crate::search::declaration::{Declaration, Only, Source};
use crate::search::parameter::{Kind, Meaning, Parameter, System, Target, Units, Value};
use crate::tryton::model::{ID, Node, Relation, plain};

use super::pathology::{self, PATHOLOGY, Pathology};
use super::person::{
    PATIENT_NAME, PROFESSIONAL_NAME, Person, filled, known_day, moment, patient_reference,
    practitioner_reference, readable, renamed,
};
use super::{Record, Resource, Version, units};

/// The resource type Condition.
pub struct Condition;

static ROOT: Node = Node {
    model: "gnuhealth.patient.disease",
    fields: &[
        ID,
        renamed("patient_id", &["patient", "name"]),
        renamed("healthprof_id", &["healthprof"]),
        renamed("recorded", &["create_date"]),
        plain(&["is_allergy"]),
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
    ],
    many: &[],
    subject: Some("patient"),
};

const CLINICAL: &str = "http://terminology.hl7.org/CodeSystem/condition-clinical";
const VERIFICATION: &str = "http://terminology.hl7.org/CodeSystem/condition-ver-status";
const CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/condition-category";
const SNOMED_CT: &str = "http://snomed.info/sct";

/// The codes of R4's value set condition-severity, and the values that they stand for.
const SEVERITIES: &[(&str, &[&str])] = &[
    ("255604002", &["1_mi"]),
    ("6736007", &["2_mo"]),
    ("24484000", &["3_sv"]),
];

const PATHOLOGIES: &[&str] = &["pathology"];

static CODES: [Target; 3] = pathology::codes(PATHOLOGIES, "");

static NAMES: [Target; 1] = pathology::names(PATHOLOGIES, "");

const PATIENTS: &[Target] = &[Target::new(
    &[],
    Value::Field("patient_id"),
    Meaning::Reference("Patient", ""),
)];

const fn token(value: Value, system: &'static str) -> Target {
    Target::new(&[], value, Meaning::Token(System::Fixed(system)))
}

static PARAMETERS: &[Parameter] = &[
    Parameter::new(
        "abatement-date",
        Kind::Date,
        "Condition-abatement-date",
        "The day when it was healed.",
        &[Target::new(&[], Value::Field("healed_date"), Meaning::Day)],
    ),
    Parameter::new(
        "asserter",
        Kind::Reference,
        "Condition-asserter",
        "The health professional who treated or diagnosed it.",
        &[Target::new(
            &[],
            Value::Field("healthprof_id"),
            Meaning::Reference("Practitioner", ""),
        )],
    )
    .with_elements(
        &["asserter"],
        &["Patient", "Practitioner", "PractitionerRole"],
    ),
    Parameter::new(
        "category",
        Kind::Token,
        "Condition-category",
        "problem-list-item.",
        &[token(Value::Sql("'problem-list-item'::text"), CATEGORY)],
    ),
    Parameter::new(
        "clinical-status",
        Kind::Token,
        "Condition-clinical-status",
        "active, inactive or resolved.",
        &[token(
            Value::Sql(
                "CASE WHEN {healed_date} IS NOT NULL OR {status} = 'h' THEN 'resolved' \
                 WHEN {is_active} IS TRUE THEN 'active' ELSE 'inactive' END",
            ),
            CLINICAL,
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
        "onset-age",
        Kind::Quantity,
        "Condition-onset-age",
        "The age at the diagnosis, in years, where no date is known.",
        &[Target::new(
            &[],
            Value::Sql("CASE WHEN {diagnosed_date} IS NULL AND {age} > 0 THEN {age} END"),
            Meaning::Quantity(Units::Fixed("a", "years")),
        )],
    ),
    Parameter::new(
        "onset-date",
        Kind::Date,
        "Condition-onset-date",
        "The day of the diagnosis; the year if it was estimated from an age.",
        &[Target::new(
            &[],
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
        &[Target::new(
            &[],
            Value::Sql("date_trunc('second', {recorded}::timestamp)"),
            Meaning::Moment,
        )],
    ),
    Parameter::new(
        "severity",
        Kind::Token,
        "Condition-severity",
        "Mild, moderate or severe, as SNOMED CT codes.",
        &[Target::new(
            &[],
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
        "confirmed, where a laboratory did.",
        &[token(
            Value::Sql("CASE WHEN {lab_confirmed} IS TRUE THEN 'confirmed' END"),
            VERIFICATION,
        )],
    ),
];

/// What the resource type is.
pub static DECLARATION: Declaration = Declaration {
    name: "Condition",
    sources: &[Source {
        prefix: "",
        root: &ROOT,
        only: Only::If("{is_allergy} IS NOT TRUE"),
        measures: &[],
    }],
    parameters: PARAMETERS,
    compartments: &[("Patient", "patient"), ("Practitioner", "asserter")],
    documentation: "The problem list of the patients (gnuhealth.patient.disease), without allergies.",
};

/// A row. A field of a field is `None` outside if the column does not exist or the user may not read it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Row {
    patient_id: Option<i64>,
    patient: Option<Person>,
    healthprof_id: Option<i64>,
    healthprof: Option<Person>,
    pathology: Option<Pathology>,
    recorded: Option<String>,
    #[serde(deserialize_with = "readable")]
    is_active: Option<Option<bool>>,
    status: Option<String>,
    disease_severity: Option<String>,
    lab_confirmed: Option<bool>,
    diagnosed_date: Option<String>,
    est_dodx: Option<bool>,
    age: Option<i64>,
    healed_date: Option<String>,
    short_comment: Option<String>,
    extra_info: Option<String>,
}

impl Resource for Condition {
    const DECLARATION: &'static Declaration = &DECLARATION;
    type Fhir = r4::Condition;

    fn render(json: &str, record: &Record<'_>) -> serde_json::Result<r4::Condition> {
        let row: Row = serde_json::from_str(json)?;
        let diagnosed = row.diagnosed();
        Ok(r4::Condition {
            id: Some(record.id.clone()),
            meta: record.version.map(Version::meta),
            extension: diagnosed.clone().map(asserted).into_iter().collect(),
            clinical_status: row.clinical_status(),
            verification_status: row.verification_status(),
            category: vec![coded(CATEGORY, "problem-list-item", "Problem List Item")],
            severity: row.disease_severity.as_deref().and_then(severity),
            code: row
                .pathology
                .as_ref()
                .and_then(|pathology| pathology.concept(record)),
            onset: row.onset(diagnosed),
            abatement: row
                .healed()
                .map(|day| ConditionAbatement::DateTime(day.into())),
            recorded_date: row.recorded_date(),
            asserter: practitioner_reference(row.healthprof_id, row.healthprof.as_ref()),
            note: row.notes(),
            ..r4::Condition::new(row.subject())
        })
    }
}

/// HL7's extension for the day on which a condition was first asserted, which is what GNU Health records.
fn asserted(day: Date) -> Extension {
    let url = "http://hl7.org/fhir/StructureDefinition/condition-assertedDate";
    Extension {
        value: Some(ExtensionValue::DateTime(day.into())),
        ..Extension::new(url)
    }
}

fn coded(system: &str, code: &str, display: &str) -> CodeableConcept {
    concept(Some(coding(system, code, Some(display.to_owned()))), None)
}

fn severity(value: &str) -> Option<CodeableConcept> {
    let (code, _) = SEVERITIES
        .iter()
        .find(|(_, values)| values.contains(&value))?;
    let display = match *code {
        "255604002" => "Mild",
        "6736007" => "Moderate",
        _ => "Severe",
    };
    Some(coded(SNOMED_CT, code, display))
}

impl Row {
    /// The patient. The element is required; an entry without patient, or one that the user may not know, says so.
    fn subject(&self) -> Reference {
        let patient = patient_reference(self.patient_id, self.patient.as_ref());
        patient.unwrap_or_else(|| {
            let url = "http://hl7.org/fhir/StructureDefinition/data-absent-reason";
            let reason = DataAbsentReason::Unknown.as_str().to_owned();
            Reference {
                extension: vec![Extension {
                    value: Some(ExtensionValue::Code(reason)),
                    ..Extension::new(url)
                }],
                ..Reference::default()
            }
        })
    }

    /// What has been healed is resolved, whatever else is said of it: an abated condition is not active (R4, con-4).
    fn clinical_status(&self) -> Option<CodeableConcept> {
        let healed = self.healed_date.is_some() || self.status.as_deref() == Some("h");
        let (code, display) = match self.is_active {
            _ if healed => ("resolved", "Resolved"),
            Some(Some(true)) => ("active", "Active"),
            Some(_) => ("inactive", "Inactive"),
            None => return None,
        };
        Some(coded(CLINICAL, code, display))
    }

    /// GNU Health says only that a laboratory confirmed it.
    fn verification_status(&self) -> Option<CodeableConcept> {
        let confirmed = self.lab_confirmed == Some(true);
        confirmed.then(|| coded(VERIFICATION, "confirmed", "Confirmed"))
    }

    /// The day of the diagnosis. One that was estimated from an age is known to the year.
    fn diagnosed(&self) -> Option<Date> {
        known_day(self.diagnosed_date.as_deref()?, self.est_dodx)
    }

    fn healed(&self) -> Option<Date> {
        Date::parse(self.healed_date.as_deref()?).ok()
    }

    /// The date, or the age where there is none. An `Age` is above 0 (R4, age-1).
    fn onset(&self, diagnosed: Option<Date>) -> Option<ConditionOnset> {
        if let Some(day) = diagnosed {
            return Some(ConditionOnset::DateTime(day.into()));
        }
        let years = self.age.filter(|years| *years > 0)?;
        let years = Decimal::parse(years.to_string()).ok()?;
        Some(ConditionOnset::Age(units::measured(years, "a", "years")))
    }

    /// When the record was made, to the second, as searches compare it.
    fn recorded_date(&self) -> Option<DateTime> {
        let second = self.recorded.as_ref()?.split('.').next()?.to_owned();
        moment(Some(&second))
    }

    fn notes(&self) -> Vec<Annotation> {
        [&self.short_comment, &self.extra_info]
            .into_iter()
            .filter_map(|text| filled(text.as_ref()))
            .map(Annotation::new)
            .collect()
    }
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
        serde_json::to_value(Condition::render(&row.to_string(), &record).unwrap()).unwrap()
    }

    #[test]
    fn the_clinical_status_says_whether_it_was_healed() {
        let status = |row: Value| rendered(&row)["clinicalStatus"]["coding"][0]["code"].clone();
        assert_eq!(status(json!({"is_active": true, "status": "a"})), "active");
        assert_eq!(
            status(json!({"is_active": false, "status": "c"})),
            "inactive"
        );
        assert_eq!(status(json!({"is_active": null})), "inactive");
        assert_eq!(
            status(json!({"is_active": true, "status": "h"})),
            "resolved"
        );
        assert_eq!(
            status(json!({"is_active": true, "healed_date": "2026-01-01"})),
            "resolved"
        );
        assert_eq!(status(json!({})), Value::Null);
    }

    #[test]
    fn the_onset_is_a_day_or_a_year_or_an_age() {
        let found = rendered(&json!({"diagnosed_date": "2020-05-17", "age": 40}));
        assert_eq!(found["onsetDateTime"], "2020-05-17");
        assert_eq!(found["extension"][0]["valueDateTime"], "2020-05-17");
        assert!(found.get("onsetAge").is_none());
        let found = rendered(&json!({"diagnosed_date": "2020-05-17", "est_dodx": true}));
        assert_eq!(found["onsetDateTime"], "2020");
        let found = rendered(&json!({"age": 40}));
        let age = json!({"value": 40, "unit": "years", "system": "http://unitsofmeasure.org", "code": "a"});
        assert_eq!(found["onsetAge"], age);
        assert!(rendered(&json!({"age": 0})).get("onsetAge").is_none());
    }

    #[test]
    fn the_rest_is_as_the_row_has_it() {
        let row = json!({"patient_id": 7, "patient": {"party": {"name": "Ana", "lastname": "Betz"}}, "healthprof_id": 2,
            "recorded": "2026-11-01T10:00:00.123456", "disease_severity": "2_mo", "lab_confirmed": true,
            "healed_date": "2026-10-30", "short_comment": "Stable", "extra_info": " "});
        let found = rendered(&row);
        let patient = json!({"reference": "Patient/7", "type": "Patient", "display": "Betz, Ana"});
        assert_eq!(found["subject"], patient);
        assert_eq!(found["asserter"]["reference"], "Practitioner/2");
        assert_eq!(found["recordedDate"], "2026-11-01T10:00:00Z");
        assert_eq!(found["severity"]["coding"][0]["code"], "6736007");
        assert_eq!(
            found["verificationStatus"]["coding"][0]["code"],
            "confirmed"
        );
        assert_eq!(found["abatementDateTime"], "2026-10-30");
        assert_eq!(found["note"], json!([{"text": "Stable"}]));
    }

    #[test]
    fn a_condition_of_which_nothing_may_be_read_is_still_a_valid_one() {
        let absent = json!([{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]);
        assert_eq!(
            rendered(&json!({}))["subject"],
            json!({"extension": absent})
        );
    }
}
