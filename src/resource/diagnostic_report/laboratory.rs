//! Reports of the laboratory: `gnuhealth.lab` with its results, which are Observations.

use serde::Deserialize;

use crate::fhir::r4::{
    DiagnosticReport, DiagnosticReportEffective, DiagnosticReportStatus, Reference,
};
use crate::resource::lab_report::{Report, State};
use crate::resource::observation::LABORATORY;
use crate::resource::pathology::{PATHOLOGY, Pathology};
use crate::resource::person::{PATIENT_NAME, filled, professional, readable, renamed};
use crate::resource::{Record, Version};
use crate::search::declaration::{Only, Source};
use crate::tryton::model::{ID, Node, Read, Relation, leaf, plain, read_as, translated};

use super::{Test, code, identifier, section};

/// What the logical ids begin with.
pub(super) const PREFIX: &str = "lab";

pub(super) const SOURCE: Source = Source {
    prefix: PREFIX,
    root: &ROOT,
    only: Only::All,
    measures: &[],
};

/// The ends of the systems of reports and of kinds of tests.
pub(super) const REPORTS: &str = "lab-report";
pub(super) const TESTS: &str = "lab-test-type";

/// Which sections of the laboratory the categories of GNU Health 5.0 are. It has others, for which HL7 has no code.
pub(super) const SECTIONS: &[(&str, &[&str])] = &[
    ("CH", &["biochemical"]),
    ("GE", &["chromosome_genetic"]),
    ("HM", &["hematology"]),
    ("IMM", &["immunological"]),
    ("MB", &["microbiological"]),
];

const TEST_TYPE: Node = leaf(
    "gnuhealth.lab.test_type",
    &[
        plain(&["code"]),
        translated(&["name"]),
        plain(&["category"]),
    ],
);

const ANALYTE: Node = leaf(
    "gnuhealth.lab.test.critearea",
    &[
        ID,
        plain(&["sequence"]),
        translated(&["name"]),
        plain(&["excluded"]),
        read_as(&["result"], Read::Text),
        plain(&["result_text"]),
    ],
);

static ROOT: Node = Node {
    model: "gnuhealth.lab",
    fields: &[
        ID,
        plain(&["name"]),
        plain(&["state"]),
        plain(&["specimen_type"]),
        plain(&["other_source"]),
        plain(&["request_order"]),
        plain(&["date_requested"]),
        plain(&["date_analysis"]),
        plain(&["done_date"]),
        plain(&["validation_date"]),
        plain(&["results"]),
        plain(&["diagnosis"]),
        renamed("patient_id", &["patient"]),
        renamed("pathologist_id", &["pathologist"]),
        renamed("done_by_id", &["done_by"]),
        renamed("validated_by_id", &["validated_by"]),
    ],
    one: &[
        Relation {
            key: "patient",
            columns: &["patient"],
            node: &PATIENT_NAME,
        },
        professional("pathologist", &["pathologist"]),
        professional("done_by", &["done_by"]),
        professional("validated_by", &["validated_by"]),
        Relation {
            key: "test",
            columns: &["test"],
            node: &TEST_TYPE,
        },
        Relation {
            key: "pathology",
            columns: &["pathology"],
            node: &PATHOLOGY,
        },
    ],
    many: &[Relation {
        key: "analytes",
        columns: &["gnuhealth_lab_id"],
        node: &ANALYTE,
    }],
    subject: Some("patient"),
};

/// A row. A field of a field is `None` outside if the column does not exist or the user may not read it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Row {
    #[serde(flatten)]
    report: Report,
    name: Option<String>,
    #[serde(deserialize_with = "readable")]
    results: Option<Option<String>>,
    diagnosis: Option<String>,
    test: Option<Test>,
    pathology: Option<Pathology>,
    #[serde(deserialize_with = "readable")]
    analytes: Option<Option<Vec<Analyte>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Analyte {
    id: i64,
    sequence: Option<i64>,
    name: Option<String>,
    #[serde(deserialize_with = "readable")]
    excluded: Option<Option<bool>>,
    #[serde(deserialize_with = "readable")]
    result: Option<Option<String>>,
    #[serde(deserialize_with = "readable")]
    result_text: Option<Option<String>>,
}

/// Makes the resource.
pub(super) fn render(json: &str, record: &Record<'_>) -> serde_json::Result<DiagnosticReport> {
    let row: Row = serde_json::from_str(json)?;
    let report = &row.report;
    let test = row.test.as_ref();
    let category = test.and_then(|test| test.category.as_deref());
    let category = SECTIONS
        .iter()
        .find(|(_, values)| category.is_some_and(|category| values.contains(&category)));
    let pathology = row.pathology.as_ref();
    let sections = ["LAB"].into_iter().chain(category.map(|(code, _)| *code));
    Ok(DiagnosticReport {
        id: Some(record.id.clone()),
        meta: record.version.map(Version::meta),
        identifier: identifier(row.name.as_ref(), REPORTS, record),
        based_on: report.based_on(record).into_iter().collect(),
        category: sections.map(section).collect(),
        subject: report.subject(),
        effective: report.effective().map(DiagnosticReportEffective::DateTime),
        issued: report.issued(),
        performer: report.performers(),
        results_interpreter: report.interpreters(),
        specimen: report.specimen().into_iter().collect(),
        result: row.results(),
        conclusion: row.conclusion(),
        conclusion_code: pathology
            .and_then(|pathology| pathology.concept(record))
            .into_iter()
            .collect(),
        ..DiagnosticReport::new(row.status(), code(test, TESTS, "Laboratory report", record))
    })
}

impl Row {
    /// As the results in it: what is done is final, and so is what is there before GNU Health 5.0, where reports have no
    /// state. A draft in which something is there is partial, which is R4's word for what is unverified, too.
    fn status(&self) -> DiagnosticReportStatus {
        let filled = self.holds_something();
        match (self.report.state(), filled) {
            (State::Hidden, _) => DiagnosticReportStatus::Unknown,
            (State::Done | State::Validated, _) => DiagnosticReportStatus::Final,
            (_, None) => DiagnosticReportStatus::Unknown,
            (_, Some(false)) => DiagnosticReportStatus::Registered,
            (State::Draft, _) => DiagnosticReportStatus::Partial,
            (State::Unset, _) => DiagnosticReportStatus::Final,
        }
    }

    /// Whether there is a result, in words or as a number; `None` if the user may not know.
    fn holds_something(&self) -> Option<bool> {
        let words = |text: &Option<Option<String>>| {
            let text = text.as_ref()?;
            Some(
                text.as_ref()
                    .is_some_and(|text| !text.trim_matches(SPACE).is_empty()),
            )
        };
        let mut known = words(&self.results);
        match &self.analytes {
            None => known = known.filter(|held| *held),
            Some(analytes) => {
                for analyte in analytes.iter().flatten() {
                    let held = analyte.holds_something(words(&analyte.result_text));
                    known = match (known, held) {
                        (Some(true), _) | (_, Some(true)) => Some(true),
                        (None, _) | (_, None) => None,
                        _ => Some(false),
                    };
                }
            }
        }
        known
    }

    /// In the order of the report. The name is shown with each.
    fn results(&self) -> Vec<Reference> {
        let analytes = self.analytes.iter().flatten().flatten();
        let mut analytes: Vec<&Analyte> = analytes.collect();
        analytes.sort_by_key(|analyte| (analyte.sequence.unwrap_or(i64::MAX), analyte.id));
        let references = analytes.into_iter().map(|analyte| Reference {
            reference: Some(format!("Observation/{LABORATORY}-{}", analyte.id)),
            r#type: Some("Observation".to_owned()),
            display: filled(analyte.name.as_ref()),
            ..Reference::default()
        });
        references.collect()
    }

    /// What was found, and what it means: R4 has one element for both.
    fn conclusion(&self) -> Option<String> {
        let found = filled(self.results.as_ref().and_then(Option::as_ref));
        let texts = [found, filled(self.diagnosis.as_ref())];
        let texts: Vec<String> = texts.into_iter().flatten().collect();
        (!texts.is_empty()).then(|| texts.join("\n\n"))
    }
}

/// What is no text, in searches too.
const SPACE: [char; 4] = [' ', '\t', '\n', '\r'];

impl Analyte {
    /// Whether it has a value. One that is left out has none.
    fn holds_something(&self, words: Option<bool>) -> Option<bool> {
        let number = self.result.as_ref().map(Option::is_some);
        match (self.excluded, number, words) {
            (Some(Some(true)), _, _) => Some(false),
            (None, _, _) => None,
            (_, Some(true), _) | (_, _, Some(true)) => Some(true),
            (_, None, _) | (_, _, None) => None,
            _ => Some(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{DECLARATION, DiagnosticReport};
    use crate::resource::{Record, Resource};
    use serde_json::{Value, json};

    fn rendered(row: &Value) -> Value {
        let record = Record {
            id: "lab-12".to_owned(),
            version: None,
            system_base: "https://h/ns",
            source: &DECLARATION.sources[0],
            measure: None,
        };
        serde_json::to_value(DiagnosticReport::render(&row.to_string(), &record).unwrap()).unwrap()
    }

    fn with(row: Value, state: &str) -> Value {
        let mut whole = json!({"name": "TEST/12", "state": state, "specimen_type": "Blood", "results": null, "analytes": null});
        let (Value::Object(whole), Value::Object(row)) = (&mut whole, row) else {
            panic!("objects")
        };
        whole.extend(row);
        rendered(&Value::Object(whole.clone()))
    }

    fn analyte(change: Value) -> Value {
        let mut whole =
            json!({"id": 3, "name": "WBC", "excluded": false, "result": null, "result_text": null});
        let (Value::Object(whole), Value::Object(change)) = (&mut whole, change) else {
            panic!("objects")
        };
        whole.extend(change);
        Value::Object(whole.clone())
    }

    #[test]
    fn a_report_is_as_the_row_has_it() {
        let found = with(
            json!({"request_order": 17, "patient_id": 7, "date_requested": "2026-11-01T08:30:00", "done_date": "2026-11-02T09:00:00",
                "pathologist_id": 5, "done_by_id": 2, "test": {"code": "CBC", "name": "BLOOD COUNT", "category": "hematology"},
                "results": "Fine", "diagnosis": "None\n", "pathology": {"code": "D50.0", "name": "Anaemia"}}),
            "done",
        );
        assert_eq!(
            found["identifier"],
            json!([{"system": "https://h/ns/lab-report", "value": "TEST/12"}])
        );
        assert_eq!(
            found["basedOn"],
            json!([{"type": "ServiceRequest", "identifier": {"system": "https://h/ns/lab-request", "value": "17"}}])
        );
        assert_eq!(found["category"][0]["coding"][0]["code"], "LAB");
        assert_eq!(found["category"][1]["coding"][0]["code"], "HM");
        assert_eq!(
            found["code"],
            json!({"coding": [{"system": "https://h/ns/lab-test-type", "code": "CBC", "display": "BLOOD COUNT"}], "text": "BLOOD COUNT"})
        );
        assert_eq!(found["status"], "final");
        assert_eq!(found["effectiveDateTime"], "2026-11-01T08:30:00Z");
        assert_eq!(found["issued"], "2026-11-02T09:00:00Z");
        assert_eq!(found["performer"][1]["reference"], "Practitioner/2");
        assert_eq!(
            found["resultsInterpreter"],
            json!([{"reference": "Practitioner/5", "type": "Practitioner"}])
        );
        assert_eq!(
            found["specimen"],
            json!([{"type": "Specimen", "display": "Blood"}])
        );
        assert_eq!(found["conclusion"], "Fine\n\nNone");
        assert_eq!(
            found["conclusionCode"][0]["coding"][0]["system"],
            "http://hl7.org/fhir/sid/icd-10"
        );
    }

    #[test]
    fn results_are_in_the_order_of_the_report() {
        let analytes = json!([{"id": 3, "sequence": 2, "name": "B"}, {"id": 4, "sequence": 1, "name": "A"}, {"id": 5}]);
        assert_eq!(
            with(json!({"analytes": analytes}), "done")["result"],
            json!([{"reference": "Observation/lab-4", "type": "Observation", "display": "A"},
                {"reference": "Observation/lab-3", "type": "Observation", "display": "B"},
                {"reference": "Observation/lab-5", "type": "Observation"}])
        );
    }

    #[test]
    fn a_report_with_something_in_it_is_partial_and_done_it_is_final() {
        let status = |row: Value, state: &str| with(row, state)["status"].clone();
        assert_eq!(status(json!({}), "draft"), "registered");
        assert_eq!(status(json!({"results": " \n"}), "draft"), "registered");
        assert_eq!(status(json!({"results": "Pale"}), "draft"), "partial");
        for (change, expected) in [
            (json!({}), "registered"),
            (json!({"result": "0"}), "partial"),
            (json!({"result_text": "Negative"}), "partial"),
            (json!({"result": "0", "excluded": true}), "registered"),
        ] {
            let row = json!({"analytes": [analyte(json!({})), analyte(change)]});
            assert_eq!(status(row.clone(), "draft"), expected, "{row}");
            assert_eq!(status(row, "validated"), "final");
        }
        // as before GNU Health 5.0
        let old = |results: Value| {
            let row = json!({"results": results, "analytes": null});
            rendered(&row)["status"].clone()
        };
        assert_eq!(old(json!("Pale")), "final");
        assert_eq!(old(Value::Null), "registered");
    }

    #[test]
    fn who_may_not_read_what_the_status_depends_on_is_told_none() {
        assert_eq!(rendered(&json!({}))["status"], "unknown");
        let hidden = json!({"specimen_type": null, "results": "Pale", "analytes": null});
        assert_eq!(rendered(&hidden)["status"], "unknown");
        let hidden = json!({"state": "draft", "results": null});
        assert_eq!(rendered(&hidden)["status"], "unknown");
        let hidden =
            json!({"state": "draft", "results": null, "analytes": [{"id": 3, "excluded": null}]});
        assert_eq!(rendered(&hidden)["status"], "unknown");
        let done = json!({"state": "done"});
        assert_eq!(rendered(&done)["status"], "final");
        assert_eq!(
            rendered(&json!({}))["code"],
            json!({"text": "Laboratory report"})
        );
    }
}
