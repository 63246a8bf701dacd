//! Results of imaging: `gnuhealth.imaging.test.result`.

use serde::Deserialize;

use crate::fhir::r4::{
    DiagnosticReport, DiagnosticReportEffective, DiagnosticReportStatus, Identifier, Reference,
};
use crate::resource::lab_report::order;
use crate::resource::person::{
    PATIENT_NAME, Person, filled, logical_reference, moment, patient_reference,
    practitioner_reference, professional, readable, renamed,
};
use crate::resource::{Record, Version};
use crate::search::declaration::{Only, Source};
use crate::tryton::model::{ID, Node, Relation, leaf, plain, translated};

use super::{Test, code, identifier, section};

/// What the logical ids begin with.
pub(super) const PREFIX: &str = "imaging";

pub(super) const SOURCE: Source = Source {
    prefix: PREFIX,
    root: &ROOT,
    only: Only::All,
    measures: &[],
};

/// The ends of the systems of results, orders, studies and their kinds.
pub(super) const RESULTS: &str = "imaging-result";
pub(super) const ORDERS: &str = "imaging-request";
pub(super) const TESTS: &str = "imaging-test";
pub(super) const KINDS: &str = "imaging-test-type";

const KIND: Node = leaf(
    "gnuhealth.imaging.test.type",
    &[plain(&["code"]), translated(&["name"])],
);

const TEST: Node = Node {
    model: "gnuhealth.imaging.test",
    fields: &[plain(&["code"]), translated(&["name"])],
    one: &[Relation {
        key: "type",
        columns: &["test_type"],
        node: &KIND,
    }],
    many: &[],
    subject: None,
};

/// What the module `health_orthanc` knows of the images.
const STUDY: Node = leaf(
    "gnuhealth.imaging_orthanc.study",
    &[renamed("uid", &["study_instance_UID"])],
);

static ROOT: Node = Node {
    model: "gnuhealth.imaging.test.result",
    fields: &[
        ID,
        plain(&["number"]),
        plain(&["order"]),
        plain(&["date"]),
        plain(&["comment"]),
        renamed("patient_id", &["patient"]),
        renamed("doctor_id", &["doctor"]),
    ],
    one: &[
        Relation {
            key: "patient",
            columns: &["patient"],
            node: &PATIENT_NAME,
        },
        professional("doctor", &["doctor"]),
        Relation {
            key: "test",
            columns: &["requested_test"],
            node: &TEST,
        },
    ],
    many: &[Relation {
        key: "studies",
        columns: &["imaging_test"],
        node: &STUDY,
    }],
    subject: Some("patient"),
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Row {
    number: Option<String>,
    order: Option<String>,
    date: Option<String>,
    #[serde(deserialize_with = "readable")]
    comment: Option<Option<String>>,
    patient_id: Option<i64>,
    patient: Option<Person>,
    doctor_id: Option<i64>,
    doctor: Option<Person>,
    test: Option<Test>,
    studies: Option<Vec<Study>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Study {
    uid: Option<String>,
}

/// Makes the resource.
pub(super) fn render(json: &str, record: &Record<'_>) -> serde_json::Result<DiagnosticReport> {
    let row: Row = serde_json::from_str(json)?;
    let test = row.test.as_ref();
    let kind = test.and_then(|test| test.r#type.as_ref());
    let kind = kind.and_then(|kind| kind.concept(KINDS, record));
    let evaluated_by = practitioner_reference(row.doctor_id, row.doctor.as_ref());
    Ok(DiagnosticReport {
        id: Some(record.id.clone()),
        meta: record.version.map(Version::meta),
        identifier: identifier(row.number.as_ref(), RESULTS, record),
        based_on: filled(row.order.as_ref())
            .and_then(|number| order(number, ORDERS, record))
            .into_iter()
            .collect(),
        category: [section("RAD")].into_iter().chain(kind).collect(),
        subject: patient_reference(row.patient_id, row.patient.as_ref()),
        effective: moment(row.date.as_ref()).map(DiagnosticReportEffective::DateTime),
        performer: evaluated_by.clone().into_iter().collect(),
        results_interpreter: evaluated_by.into_iter().collect(),
        imaging_study: row.studies(),
        conclusion: row.findings(),
        ..DiagnosticReport::new(row.status(), code(test, TESTS, "Imaging report", record))
    })
}

impl Row {
    /// What was seen.
    fn findings(&self) -> Option<String> {
        filled(self.comment.as_ref()?.as_ref())
    }

    /// GNU Health gives results of imaging no state: those that say something are final, as laboratory results are in a
    /// version without states. They are made empty, out of the order.
    fn status(&self) -> DiagnosticReportStatus {
        match self.comment {
            None => DiagnosticReportStatus::Unknown,
            Some(_) if self.findings().is_some() => DiagnosticReportStatus::Final,
            Some(_) => DiagnosticReportStatus::Registered,
        }
    }

    /// The images, by the DICOM UID of their study (R4, ImagingStudy, section "notes").
    fn studies(&self) -> Vec<Reference> {
        let studies = self.studies.iter().flatten();
        let studies = studies.filter_map(|study| {
            let uid = study.uid.as_ref().filter(|uid| is_uid(uid))?;
            let identifier = Identifier {
                system: Some("urn:dicom:uid".to_owned()),
                value: Some(format!("urn:oid:{uid}")),
                ..Identifier::default()
            };
            logical_reference("ImagingStudy", Some(identifier), None)
        });
        studies.collect()
    }
}

fn is_uid(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    (1..=64).contains(&text.len()) && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::super::{DECLARATION, DiagnosticReport};
    use crate::resource::{Record, Resource};
    use serde_json::{Value, json};

    fn rendered(row: &Value) -> Value {
        let record = Record {
            id: "imaging-4".to_owned(),
            version: None,
            system_base: "https://h/ns",
            source: &DECLARATION.sources[1],
            measure: None,
        };
        serde_json::to_value(DiagnosticReport::render(&row.to_string(), &record).unwrap()).unwrap()
    }

    #[test]
    fn a_result_is_as_the_row_has_it() {
        let row = json!({"number": "TEST004", "order": "009", "date": "2026-11-01T16:00:00", "comment": "No findings",
            "patient_id": 7, "doctor_id": 5, "test": {"code": "XR-CHEST", "name": "Chest X-ray",
            "type": {"code": "XR", "name": "X-ray"}}, "studies": [{"uid": "1.2.840.1"}, {"uid": "none"}, {}]});
        let found = rendered(&row);
        assert_eq!(
            found["identifier"],
            json!([{"system": "https://h/ns/imaging-result", "value": "TEST004"}])
        );
        assert_eq!(
            found["basedOn"][0]["identifier"],
            json!({"system": "https://h/ns/imaging-request", "value": "009"})
        );
        assert_eq!(found["status"], "final");
        assert_eq!(found["category"][0]["coding"][0]["code"], "RAD");
        assert_eq!(
            found["category"][1],
            json!({"coding": [{"system": "https://h/ns/imaging-test-type", "code": "XR", "display": "X-ray"}], "text": "X-ray"})
        );
        assert_eq!(found["code"]["coding"][0]["code"], "XR-CHEST");
        assert_eq!(found["subject"]["reference"], "Patient/7");
        assert_eq!(found["effectiveDateTime"], "2026-11-01T16:00:00Z");
        assert_eq!(found["performer"], found["resultsInterpreter"]);
        assert_eq!(
            found["imagingStudy"],
            json!([{"type": "ImagingStudy", "identifier": {"system": "urn:dicom:uid", "value": "urn:oid:1.2.840.1"}}])
        );
        assert_eq!(found["conclusion"], "No findings");
    }

    #[test]
    fn without_findings_it_is_only_registered() {
        let status = |row: Value| rendered(&row)["status"].clone();
        assert_eq!(status(json!({"comment": null})), "registered");
        assert_eq!(status(json!({"comment": " \n"})), "registered");
        assert_eq!(status(json!({})), "unknown");
        assert_eq!(
            rendered(&json!({}))["code"],
            json!({"text": "Imaging report"})
        );
    }
}
