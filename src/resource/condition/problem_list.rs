//! The problem list: the entries of `gnuhealth.patient.disease` that are no allergies.

use crate::fhir::concept::{coding, concept};
use crate::fhir::r4::{
    CodeableConcept, Condition, ConditionAbatement, ConditionEvidence, ConditionOnset,
    DataAbsentReason, Extension, ExtensionValue, Reference,
};
use crate::resource::disease::{DISEASE, Disease, IS_NO_ALLERGY, Onset};
use crate::resource::{Record, Version, absent};
use crate::search::declaration::{Only, Source};

use super::{CATEGORY, CLINICAL, asserted, coded, confirmed};

/// Nothing stands before the logical ids.
pub(super) const PREFIX: &str = "";

pub(super) const SOURCE: Source = Source {
    prefix: PREFIX,
    root: &DISEASE,
    only: Only::If(IS_NO_ALLERGY),
    measures: &[],
};

pub(super) const SNOMED_CT: &str = "http://snomed.info/sct";

/// The codes of R4's value set condition-severity, and the values that they stand for.
pub(super) const SEVERITIES: &[(&str, &[&str])] = &[
    ("255604002", &["1_mi"]),
    ("6736007", &["2_mo"]),
    ("24484000", &["3_sv"]),
];

/// How a condition goes, in the words of GNU Health. That it is healed is its clinical status.
const COURSES: &[(&str, &str)] = &[
    ("a", "acute"),
    ("c", "chronic"),
    ("u", "unchanged"),
    ("i", "improving"),
    ("w", "worsening"),
];

/// Makes the resource.
pub(super) fn render(json: &str, record: &Record<'_>) -> serde_json::Result<Condition> {
    let row: Disease = serde_json::from_str(json)?;
    let asserted = row.diagnosed().map(|day| asserted(day.into()));
    let course = row
        .status
        .as_deref()
        .and_then(|status| course(status, record));
    let status = row.clinical_status().map(|status| {
        let (code, display) = status.code();
        coded(CLINICAL, code, display)
    });
    Ok(Condition {
        id: Some(record.id.clone()),
        meta: record.version.map(Version::meta),
        extension: asserted.into_iter().chain(course).collect(),
        clinical_status: status,
        verification_status: row.is_confirmed().then(confirmed),
        category: vec![coded(CATEGORY, "problem-list-item", "Problem List Item")],
        severity: row.disease_severity.as_deref().and_then(severity),
        code: row
            .pathology
            .as_ref()
            .and_then(|pathology| pathology.concept(record)),
        onset: row.onset().map(|onset| match onset {
            Onset::Day(day) => ConditionOnset::DateTime(day.into()),
            Onset::Age(age) => ConditionOnset::Age(age),
        }),
        abatement: row
            .healed()
            .map(|day| ConditionAbatement::DateTime(day.into())),
        recorded_date: row.recorded_date(),
        recorder: row.recorder(),
        asserter: row.asserter(),
        evidence: row.confirmed_by().map(evidence).into_iter().collect(),
        note: row.notes(),
        ..Condition::new(absent::reference(row.patient(), DataAbsentReason::Unknown))
    })
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

/// HL7's extension for the course of a disease. R4 itself has no element for it, and a chronic condition must not look
/// like any other.
fn course(status: &str, record: &Record<'_>) -> Option<Extension> {
    let (code, name) = COURSES.iter().find(|(code, _)| *code == status)?;
    let coding = coding(
        &record.system("condition-course"),
        *code,
        Some((*name).to_owned()),
    );
    let url = "http://hl7.org/fhir/StructureDefinition/condition-diseaseCourse";
    Some(Extension {
        value: Some(ExtensionValue::CodeableConcept(concept(
            Some(coding),
            Some((*name).to_owned()),
        ))),
        ..Extension::new(url)
    })
}

/// The laboratory report that confirmed it.
fn evidence(report: i64) -> ConditionEvidence {
    ConditionEvidence {
        detail: vec![Reference {
            reference: Some(format!("DiagnosticReport/lab-{report}")),
            r#type: Some("DiagnosticReport".to_owned()),
            ..Reference::default()
        }],
        ..ConditionEvidence::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::rendered;
    use serde_json::{Value, json};

    #[test]
    fn the_clinical_status_says_whether_it_was_healed() {
        let status =
            |row: Value| rendered("5", &row)["clinicalStatus"]["coding"][0]["code"].clone();
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
        let found = rendered("5", &json!({"diagnosed_date": "2020-05-17", "age": 40}));
        assert_eq!(found["onsetDateTime"], "2020-05-17");
        assert_eq!(found["extension"][0]["valueDateTime"], "2020-05-17");
        assert!(found.get("onsetAge").is_none());
        let found = rendered(
            "5",
            &json!({"diagnosed_date": "2020-05-17", "est_dodx": true}),
        );
        assert_eq!(found["onsetDateTime"], "2020");
        let found = rendered("5", &json!({"age": 40}));
        let age = json!({"value": 40, "unit": "years", "system": "http://unitsofmeasure.org", "code": "a"});
        assert_eq!(found["onsetAge"], age);
        assert!(rendered("5", &json!({"age": 0})).get("onsetAge").is_none());
    }

    #[test]
    fn the_course_is_told_as_gnu_health_has_it_apart_from_healing() {
        let found = rendered("5", &json!({"status": "c"}));
        let course = json!([{"url": "http://hl7.org/fhir/StructureDefinition/condition-diseaseCourse",
            "valueCodeableConcept": {"coding": [{"system": "https://h/ns/condition-course", "code": "c", "display": "chronic"}],
                "text": "chronic"}}]);
        assert_eq!(found["extension"], course);
        for status in [json!("h"), json!("x"), json!(null)] {
            assert!(
                rendered("5", &json!({"status": status}))
                    .get("extension")
                    .is_none()
            );
        }
    }

    #[test]
    fn a_laboratory_report_is_evidence_while_the_condition_is_confirmed() {
        let found = rendered("5", &json!({"lab_confirmed": true, "lab_test_id": 3}));
        let detail = json!([{"detail": [{"reference": "DiagnosticReport/lab-3", "type": "DiagnosticReport"}]}]);
        assert_eq!(found["evidence"], detail);
        let found = rendered("5", &json!({"lab_confirmed": false, "lab_test_id": 3}));
        assert!(found.get("evidence").is_none());
    }

    #[test]
    fn the_rest_is_as_the_row_has_it() {
        let row = json!({"patient_id": 7, "patient": {"party": {"name": "Ana", "lastname": "Betz"}}, "healthprof_id": 2,
            "creator": {"persons": [{"professionals": [{"id": 4, "party": {"name": "Cora", "lastname": "Doc"}}]}]},
            "recorded": "2026-11-01T10:00:00.123456", "disease_severity": "2_mo", "lab_confirmed": true,
            "healed_date": "2026-10-30", "short_comment": "Stable", "extra_info": " "});
        let found = rendered("5", &row);
        let patient = json!({"reference": "Patient/7", "type": "Patient", "display": "Betz, Ana"});
        assert_eq!(found["subject"], patient);
        assert_eq!(found["asserter"]["reference"], "Practitioner/2");
        assert_eq!(
            found["recorder"],
            json!({"reference": "Practitioner/4", "type": "Practitioner", "display": "Doc, Cora"})
        );
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
    fn a_user_who_is_no_professional_is_no_recorder() {
        for creator in [
            json!(null),
            json!({}),
            json!({"persons": [{"professionals": null}]}),
        ] {
            assert!(
                rendered("5", &json!({"creator": creator}))
                    .get("recorder")
                    .is_none()
            );
        }
    }
}
