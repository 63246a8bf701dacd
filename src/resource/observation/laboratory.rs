//! Results of laboratory tests: `gnuhealth.lab.test.critearea` with their report, `gnuhealth.lab`.

use serde::Deserialize;

use crate::fhir::concept::{coding, concept};
use crate::fhir::r4::{
    Annotation, CodeableConcept, DataAbsentReason, Decimal, Observation, ObservationEffective,
    ObservationReferenceRange, ObservationStatus, ObservationValue, Quantity,
};
use crate::fhir::text::is_code;
use crate::resource::lab_report::{Report, State};
use crate::resource::person::{PATIENT_NAME, filled, professional, readable, renamed};
use crate::resource::units::{self, Unit};
use crate::resource::{Record, Version};
use crate::search::declaration::{Only, Source};
use crate::tryton::model::{Field, ID, Node, Read, Relation, leaf, plain, read_as, translated};

use super::{absent, category};

/// What the logical ids begin with.
pub(super) const PREFIX: &str = "lab";

/// The same table holds the analytes of the test types, which are no results: those belong to no report.
pub(super) const SOURCE: Source = Source {
    prefix: PREFIX,
    root: &ROOT,
    only: Only::If("{report_id} IS NOT NULL"),
    measures: &[],
};

/// The end of the system of analyte codes.
pub(super) const ANALYTE: &str = "lab-analyte";

const UNIT: Node = leaf("gnuhealth.lab.test.units", units::NAMES);

const REPORT: Node = Node {
    model: "gnuhealth.lab",
    fields: &[
        plain(&["state"]),
        plain(&["specimen_type"]),
        plain(&["other_source"]),
        plain(&["request_order"]),
        plain(&["date_requested"]),
        plain(&["date_analysis"]),
        plain(&["done_date"]),
        plain(&["validation_date"]),
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
    ],
    many: &[],
    subject: Some("patient"),
};

static ROOT: Node = Node {
    model: "gnuhealth.lab.test.critearea",
    fields: ROOT_FIELDS,
    one: &[
        Relation {
            key: "report",
            columns: &["gnuhealth_lab_id"],
            node: &REPORT,
        },
        Relation {
            key: "units",
            columns: &["units"],
            node: &UNIT,
        },
    ],
    many: &[],
    subject: Some("report"),
};

const ROOT_FIELDS: &[Field] = &[
    ID,
    renamed("report_id", &["gnuhealth_lab_id"]),
    plain(&["code"]),
    translated(&["name"]),
    plain(&["excluded"]),
    read_as(&["result"], Read::Text),
    plain(&["result_text"]),
    plain(&["remarks"]),
    read_as(&["lower_limit"], Read::Text),
    read_as(&["upper_limit"], Read::Text),
    translated(&["normal_range"]),
    plain(&["warning"]),
    translated(&["test_method"]),
];

/// A row. A field of a field is `None` outside if the column does not exist or the user may not read it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Row {
    code: Option<String>,
    name: Option<String>,
    #[serde(deserialize_with = "readable")]
    excluded: Option<Option<bool>>,
    #[serde(deserialize_with = "readable")]
    result: Option<Option<String>>,
    result_text: Option<String>,
    remarks: Option<String>,
    lower_limit: Option<String>,
    upper_limit: Option<String>,
    normal_range: Option<String>,
    warning: Option<bool>,
    test_method: Option<String>,
    units: Option<Unit>,
    report: Option<Report>,
}

/// Makes the resource.
pub(super) fn render(json: &str, record: &Record<'_>) -> serde_json::Result<Observation> {
    let row: Row = serde_json::from_str(json)?;
    let state = row.report.as_ref().map_or(State::Hidden, Report::state);
    let value = row.value();
    let code = row.analyte(record);
    let unknown = Report::default();
    let report = row.report.as_ref().unwrap_or(&unknown);
    Ok(Observation {
        id: Some(record.id.clone()),
        meta: record.version.map(Version::meta),
        category: vec![category("laboratory")],
        based_on: report.based_on(record).into_iter().collect(),
        subject: report.subject(),
        effective: report.effective().map(ObservationEffective::DateTime),
        issued: report.issued(),
        performer: report.performers(),
        data_absent_reason: value.is_none().then(|| absent(row.absent_reason(state))),
        interpretation: row.interpretation().into_iter().collect(),
        note: row.notes(),
        method: filled(row.test_method.as_ref()).map(|text| concept(None, Some(text))),
        specimen: report.specimen(),
        reference_range: row.reference_range().into_iter().collect(),
        value,
        ..Observation::new(row.status(state), code)
    })
}

impl Row {
    fn number(&self) -> Option<Decimal> {
        let digits = self.result.as_ref()?.as_ref()?;
        Decimal::parse(digits.as_str()).ok()
    }

    /// The number, or the words where there is none.
    fn value(&self) -> Option<ObservationValue> {
        let number = self
            .number()
            .map(|number| ObservationValue::Quantity(self.quantity(number)));
        number.or_else(|| filled(self.result_text.as_ref()).map(ObservationValue::String))
    }

    fn quantity(&self, number: Decimal) -> Quantity {
        let unknown = Unit::default();
        self.units.as_ref().unwrap_or(&unknown).quantity(number)
    }

    fn analyte(&self, record: &Record<'_>) -> CodeableConcept {
        let name = filled(self.name.as_ref());
        let code = self.code.as_ref().filter(|code| is_code(code));
        let coding = code.map(|code| coding(&record.system(ANALYTE), code.as_str(), name.clone()));
        let known = coding.is_some() || name.is_some();
        // The code is required; the user may not read it.
        concept(
            coding,
            name.or_else(|| (!known).then(|| "Laboratory result".to_owned())),
        )
    }

    fn is_excluded(&self) -> bool {
        self.excluded == Some(Some(true))
    }

    /// What is left out of a test was not done; the rest is as far as its report. Before GNU Health 5.0 reports have no
    /// state: a result that is there is final.
    fn status(&self, state: State) -> ObservationStatus {
        if self.is_excluded() {
            return ObservationStatus::Cancelled;
        }
        let has_value = self.value().is_some();
        match state {
            _ if self.excluded.is_none() => ObservationStatus::Unknown,
            State::Hidden => ObservationStatus::Unknown,
            State::Done | State::Validated => ObservationStatus::Final,
            State::Draft if has_value => ObservationStatus::Preliminary,
            State::Unset if has_value => ObservationStatus::Final,
            State::Draft | State::Unset => ObservationStatus::Registered,
        }
    }

    fn absent_reason(&self, state: State) -> DataAbsentReason {
        match state {
            _ if self.result.is_none() => DataAbsentReason::Masked,
            _ if self.is_excluded() => DataAbsentReason::NotPerformed,
            State::Draft | State::Unset => DataAbsentReason::TempUnknown,
            State::Done | State::Validated | State::Hidden => DataAbsentReason::Unknown,
        }
    }

    /// As GNU Health marks it in its report (`get_report_warn_indicator`): beyond a limit, or with a warning. What is
    /// within its limits and has no warning is normal.
    fn interpretation(&self) -> Option<CodeableConcept> {
        self.value()?;
        let number = |text: Option<&String>| text?.parse::<f64>().ok();
        let value = number(self.result.as_ref().and_then(Option::as_ref));
        let (low, high) = (
            number(self.lower_limit.as_ref()),
            number(self.upper_limit.as_ref()),
        );
        let beyond = |limit: Option<f64>, is_beyond: fn(f64, f64) -> bool| {
            value
                .zip(limit)
                .is_some_and(|(value, limit)| is_beyond(value, limit))
        };
        let limited = value.is_some() && (low.is_some() || high.is_some());
        let (code, display) = if beyond(low, |value, low| value < low) {
            ("L", "Low")
        } else if beyond(high, |value, high| value > high) {
            ("H", "High")
        } else if self.warning == Some(true) {
            ("A", "Abnormal")
        } else if limited {
            ("N", "Normal")
        } else {
            return None;
        };
        let system = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation";
        Some(concept(
            Some(coding(system, code, Some(display.to_owned()))),
            None,
        ))
    }

    /// The remarks, and the words beside a number.
    fn notes(&self) -> Vec<Annotation> {
        let words = self
            .number()
            .and_then(|_| filled(self.result_text.as_ref()));
        let remarks = filled(self.remarks.as_ref());
        words
            .into_iter()
            .chain(remarks)
            .map(Annotation::new)
            .collect()
    }

    fn reference_range(&self) -> Option<ObservationReferenceRange> {
        let limit = |text: Option<&String>| {
            let number = Decimal::parse(text?.as_str()).ok()?;
            Some(self.quantity(number))
        };
        let range = ObservationReferenceRange {
            low: limit(self.lower_limit.as_ref()),
            high: limit(self.upper_limit.as_ref()),
            text: filled(self.normal_range.as_ref()),
            ..ObservationReferenceRange::default()
        };
        (range != ObservationReferenceRange::default()).then_some(range)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{DECLARATION, Observation};
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
        serde_json::to_value(Observation::render(&row.to_string(), &record).unwrap()).unwrap()
    }

    /// A result in a report of this state.
    fn result(row: Value, state: &str) -> Value {
        let mut whole = json!({"code": "HGB", "name": "Haemoglobin", "excluded": false, "result": null,
            "report": {"state": state, "specimen_type": "Blood", "patient_id": 7,
                "date_requested": "2026-11-01T08:30:00", "date_analysis": null}});
        let (Value::Object(whole), Value::Object(row)) = (&mut whole, row) else {
            panic!("objects")
        };
        whole.extend(row);
        rendered(&Value::Object(whole.clone()))
    }

    #[test]
    fn a_result_has_its_number_unit_range_and_interpretation() {
        let row = json!({"result": "10.50", "units": {"name": "g/dl", "original": "g/dl"}, "lower_limit": "11", "upper_limit": "16",
            "normal_range": "11-16.0"});
        let found = result(row, "validated");
        assert_eq!(found["status"], "final");
        assert_eq!(
            found["valueQuantity"],
            json!({"value": 10.50, "unit": "g/dl", "system": "http://unitsofmeasure.org", "code": "g/dL"})
        );
        assert_eq!(found["interpretation"][0]["coding"][0]["code"], "L");
        assert_eq!(found["referenceRange"][0]["text"], "11-16.0");
        assert_eq!(found["referenceRange"][0]["high"]["value"], 16);
        assert_eq!(
            found["code"]["coding"][0]["system"],
            "https://h/ns/lab-analyte"
        );
        assert_eq!(found["effectiveDateTime"], "2026-11-01T08:30:00Z");
        assert_eq!(found["subject"]["reference"], "Patient/7");
        assert_eq!(found["specimen"]["display"], "Blood");
        assert!(found.get("dataAbsentReason").is_none());
    }

    #[test]
    fn zero_is_a_result() {
        let found = result(json!({"result": "0", "lower_limit": "0"}), "done");
        assert_eq!(found["valueQuantity"], json!({"value": 0}));
        assert_eq!(found["interpretation"][0]["coding"][0]["code"], "N");
    }

    #[test]
    fn words_are_the_value_where_there_is_no_number_and_a_note_beside_one() {
        let found = result(json!({"result_text": "Negative"}), "done");
        assert_eq!(found["valueString"], "Negative");
        assert!(found.get("note").is_none());
        let found = result(
            json!({"result": "7", "result_text": "about seven", "remarks": "again"}),
            "done",
        );
        assert_eq!(found["valueQuantity"]["value"], 7);
        assert!(found.get("valueString").is_none());
        assert_eq!(
            found["note"],
            json!([{"text": "about seven"}, {"text": "again"}])
        );
    }

    #[test]
    fn the_status_is_that_of_the_report_and_of_the_value() {
        let value = || json!({"result": "1"});
        let none = || json!({});
        for (row, state, status, reason) in [
            (value(), "draft", "preliminary", None),
            (none(), "draft", "registered", Some("temp-unknown")),
            (value(), "done", "final", None),
            (none(), "validated", "final", Some("unknown")),
            (
                json!({"excluded": true}),
                "done",
                "cancelled",
                Some("not-performed"),
            ),
            (
                json!({"result_text": " \n"}),
                "draft",
                "registered",
                Some("temp-unknown"),
            ),
        ] {
            let found = result(row, state);
            assert_eq!(found["status"], status);
            let found = &found["dataAbsentReason"]["coding"][0]["code"];
            assert_eq!(found.as_str(), reason, "{state}");
        }
    }

    #[test]
    fn a_report_without_states_makes_a_result_final() {
        let old = |result: Value| {
            rendered(
                &json!({"name": "X", "excluded": null, "result": result, "report": {"patient_id": 1}}),
            )
        };
        assert_eq!(old(json!("1"))["status"], "final");
        assert_eq!(old(Value::Null)["status"], "registered");
    }

    #[test]
    fn who_may_not_read_a_state_is_told_none() {
        let row = json!({"name": "X", "excluded": false, "result": "1", "report": {"specimen_type": null}});
        assert_eq!(rendered(&row)["status"], "unknown");
        let row = json!({"name": "X", "excluded": false, "result": "1"});
        assert_eq!(rendered(&row)["status"], "unknown");
        let found = rendered(&json!({}));
        assert_eq!(found["status"], "unknown");
        assert_eq!(found["dataAbsentReason"]["coding"][0]["code"], "masked");
        assert_eq!(found["code"]["text"], "Laboratory result");
    }

    #[test]
    fn a_warning_makes_abnormal_what_is_within_the_limits() {
        let code =
            |row: Value| result(row, "done")["interpretation"][0]["coding"][0]["code"].clone();
        let row = |result: &str, warning: bool| json!({"result": result, "lower_limit": "2", "upper_limit": "4", "warning": warning});
        assert_eq!(code(row("1", true)), "L");
        assert_eq!(code(row("5", false)), "H");
        assert_eq!(code(row("2", true)), "A");
        assert_eq!(code(row("2", false)), "N");
        assert_eq!(
            code(json!({"result_text": "Positive", "warning": true})),
            "A"
        );
        assert_eq!(code(json!({"result": "3"})), Value::Null);
        assert_eq!(code(json!({"warning": true})), Value::Null);
    }

    #[test]
    fn it_is_issued_when_the_report_is_released() {
        let issued = |state: &str| {
            let report = json!({"state": state, "done_date": "2026-11-02T09:00:00", "validation_date": "2026-11-03T12:00:00"});
            rendered(&json!({"name": "X", "report": report}))["issued"].clone()
        };
        assert_eq!(issued("done"), "2026-11-02T09:00:00Z");
        assert_eq!(issued("validated"), "2026-11-03T12:00:00Z");
        assert_eq!(issued("draft"), Value::Null);
    }

    #[test]
    fn who_did_and_who_validated_it_are_named_once() {
        let party = json!({"party": {"name": "Grace", "lastname": "Hopper"}});
        let report =
            json!({"done_by_id": 5, "done_by": party, "validated_by_id": 5, "validated_by": party});
        assert_eq!(
            rendered(&json!({"name": "X", "report": report}))["performer"],
            json!([{"reference": "Practitioner/5", "type": "Practitioner", "display": "Hopper, Grace"}])
        );
    }

    #[test]
    fn what_is_of_no_patient_says_what_it_is_of() {
        let report = json!({"patient_id": null, "other_source": "Well water"});
        let found = rendered(&json!({"name": "X", "report": report}));
        assert_eq!(found["subject"], json!({"display": "Well water"}));
    }

    #[test]
    fn a_number_that_is_none_is_no_value() {
        for text in ["NaN", "Infinity"] {
            let found = result(json!({"result": text}), "done");
            assert_eq!(found["dataAbsentReason"]["coding"][0]["code"], "unknown");
        }
    }

    #[test]
    fn an_analyte_without_a_valid_code_has_its_name() {
        let found = result(json!({"code": "a  b"}), "done");
        assert_eq!(found["code"], json!({"text": "Haemoglobin"}));
    }
}
