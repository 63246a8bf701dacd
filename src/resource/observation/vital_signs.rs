//! What evaluations measured: `gnuhealth.patient.evaluation`, a resource for each vital sign.
//!
//! Codes, names and units are those of R4's vital signs profiles (<http://hl7.org/fhir/R4/observation-vitalsigns.html>);
//! beyond them LOINC's. GNU Health names the units in the help of each field.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::fhir::concept::{coding, concept};
use crate::fhir::r4::{
    CodeableConcept, DataAbsentReason, Decimal, Observation, ObservationComponent,
    ObservationComponentValue, ObservationEffective, ObservationStatus, ObservationValue, Quantity,
};
use crate::resource::person::{
    PATIENT_NAME, PROFESSIONAL_NAME, Person, moment, patient_reference, practitioner_reference,
    renamed,
};
use crate::resource::{Record, Version, units};
use crate::search::declaration::{Measure, Only, Source};
use crate::tryton::model::{Field, ID, Node, Read, Relation, plain, read_as};

use super::{LOINC, absent, category, distinct};

/// What the logical ids begin with.
pub(super) const PREFIX: &str = "eval";

pub(super) const SOURCE: Source = Source {
    prefix: PREFIX,
    root: &ROOT,
    only: Only::All,
    measures: MEASURES,
};

/// The code of the blood pressure, of which both parts are always shown: the profile demands them.
pub(super) const BLOOD_PRESSURE: &str = "85354-9";

/// The codes of its parts.
pub(super) const SYSTOLIC: &str = "8480-6";
pub(super) const DIASTOLIC: &str = "8462-4";

const fn measure(
    code: &'static str,
    display: &'static str,
    field: &'static str,
    unit: &'static str,
    printed: &'static str,
) -> Measure {
    Measure {
        code,
        display,
        field: Some(field),
        unit,
        printed,
        parts: &[],
    }
}

/// New ones are added at the end: the places stand in cursors.
const MEASURES: &[Measure] = &[
    measure("8867-4", "Heart rate", "bpm", "/min", "beats/minute"),
    measure(
        "9279-1",
        "Respiratory rate",
        "respiratory_rate",
        "/min",
        "breaths/minute",
    ),
    measure("8310-5", "Body temperature", "temperature", "Cel", "°C"),
    measure(
        "2708-6",
        "Oxygen saturation in Arterial blood",
        "osat",
        "%",
        "%",
    ),
    Measure {
        code: BLOOD_PRESSURE,
        display: "Blood pressure panel with all children optional",
        field: None,
        unit: "mm[Hg]",
        printed: "mmHg",
        parts: &[
            measure(
                SYSTOLIC,
                "Systolic blood pressure",
                "systolic",
                "mm[Hg]",
                "mmHg",
            ),
            measure(
                DIASTOLIC,
                "Diastolic blood pressure",
                "diastolic",
                "mm[Hg]",
                "mmHg",
            ),
        ],
    },
    measure("29463-7", "Body weight", "weight", "kg", "kg"),
    measure("8302-2", "Body height", "height", "cm", "cm"),
    measure(
        "39156-5",
        "Body mass index (BMI) [Ratio]",
        "bmi",
        "kg/m2",
        "kg/m2",
    ),
    measure(
        "9843-4",
        "Head Occipital-frontal circumference",
        "head_circumference",
        "cm",
        "cm",
    ),
    measure(
        "8280-0",
        "Waist Circumference at umbilicus by Tape measure",
        "abdominal_circ",
        "cm",
        "cm",
    ),
    measure(
        "41982-0",
        "Percentage of body fat Measured",
        "body_fat",
        "%",
        "%",
    ),
    Measure {
        code: "9269-2",
        display: "Glasgow coma score total",
        field: Some("loc"),
        unit: "{score}",
        printed: "score",
        parts: &[
            measure(
                "9267-6",
                "Glasgow coma score eye opening",
                "loc_eyes",
                "{score}",
                "score",
            ),
            measure(
                "9270-0",
                "Glasgow coma score verbal",
                "loc_verbal",
                "{score}",
                "score",
            ),
            measure(
                "9268-4",
                "Glasgow coma score motor",
                "loc_motor",
                "{score}",
                "score",
            ),
        ],
    },
    measure(
        "2339-0",
        "Glucose [Mass/volume] in Blood",
        "glycemia",
        "mg/dL",
        "mg/dL",
    ),
    measure(
        "59261-8",
        "Hemoglobin A1c/Hemoglobin.total in Blood by IFCC protocol",
        "hba1c",
        "mmol/mol",
        "mmol/mol",
    ),
    measure(
        "2093-3",
        "Cholesterol [Mass/volume] in Serum or Plasma",
        "cholesterol_total",
        "mg/dL",
        "mg/dL",
    ),
    measure(
        "2085-9",
        "Cholesterol in HDL [Mass/volume] in Serum or Plasma",
        "hdl",
        "mg/dL",
        "mg/dL",
    ),
    measure(
        "2089-1",
        "Cholesterol in LDL [Mass/volume] in Serum or Plasma",
        "ldl",
        "mg/dL",
        "mg/dL",
    ),
    measure(
        "2571-8",
        "Triglyceride [Mass/volume] in Serum or Plasma",
        "tag",
        "mg/dL",
        "mg/dL",
    ),
];

/// Which codes are of which category. Vital signs are those of R4's profiles.
pub(super) const CATEGORIES: &[(&str, &[&str])] = &[
    (
        "vital-signs",
        &[
            "8867-4",
            "9279-1",
            "8310-5",
            "2708-6",
            BLOOD_PRESSURE,
            "29463-7",
            "8302-2",
            "39156-5",
            "9843-4",
        ],
    ),
    ("exam", &["8280-0", "41982-0", "9269-2"]),
    (
        "laboratory",
        &["2339-0", "59261-8", "2093-3", "2085-9", "2089-1", "2571-8"],
    ),
];

static ROOT: Node = Node {
    model: "gnuhealth.patient.evaluation",
    fields: ROOT_FIELDS,
    one: &[
        Relation {
            key: "patient",
            columns: &["patient"],
            node: &PATIENT_NAME,
        },
        Relation {
            key: "healthprof",
            columns: &["healthprof"],
            node: &PROFESSIONAL_NAME,
        },
        Relation {
            key: "signed_by",
            columns: &["signed_by"],
            node: &PROFESSIONAL_NAME,
        },
    ],
    many: &[],
    subject: Some("patient"),
};

const fn number(columns: &'static [&'static str; 1]) -> Field {
    read_as(columns, Read::Text)
}

const ROOT_FIELDS: &[Field] = &[
    ID,
    plain(&["state"]),
    plain(&["evaluation_start"]),
    renamed("patient_id", &["patient"]),
    renamed("healthprof_id", &["healthprof"]),
    renamed("signed_by_id", &["signed_by"]),
    number(&["bpm"]),
    number(&["respiratory_rate"]),
    number(&["temperature"]),
    number(&["osat"]),
    number(&["systolic"]),
    number(&["diastolic"]),
    number(&["weight"]),
    number(&["height"]),
    number(&["bmi"]),
    number(&["head_circumference"]),
    number(&["abdominal_circ"]),
    number(&["body_fat"]),
    number(&["loc"]),
    number(&["loc_eyes"]),
    number(&["loc_verbal"]),
    number(&["loc_motor"]),
    number(&["glycemia"]),
    number(&["hba1c"]),
    number(&["cholesterol_total"]),
    number(&["hdl"]),
    number(&["ldl"]),
    number(&["tag"]),
];

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Row {
    state: Option<String>,
    evaluation_start: Option<String>,
    patient_id: Option<i64>,
    patient: Option<Person>,
    healthprof_id: Option<i64>,
    healthprof: Option<Person>,
    signed_by_id: Option<i64>,
    signed_by: Option<Person>,
    /// What was measured, by the keys of the fields.
    #[serde(flatten)]
    numbers: BTreeMap<String, Value>,
}

/// Makes the resource of what was measured.
pub(super) fn render(
    json: &str,
    record: &Record<'_>,
    measure: &Measure,
) -> serde_json::Result<Observation> {
    let row: Row = serde_json::from_str(json)?;
    let value = row.quantity(measure);
    let component = row.components(measure);
    let reason = (value.is_none() && component.is_empty()).then(|| row.absent_reason(measure));
    let kind = CATEGORIES
        .iter()
        .find(|(_, codes)| codes.contains(&measure.code));
    Ok(Observation {
        id: Some(record.id.clone()),
        meta: record.version.map(Version::meta),
        category: kind.map(|(code, _)| category(code)).into_iter().collect(),
        subject: patient_reference(row.patient_id, row.patient.as_ref()),
        effective: moment(row.evaluation_start.as_ref()).map(ObservationEffective::DateTime),
        performer: distinct([
            practitioner_reference(row.healthprof_id, row.healthprof.as_ref()),
            practitioner_reference(row.signed_by_id, row.signed_by.as_ref()),
        ]),
        value: value.map(ObservationValue::Quantity),
        data_absent_reason: reason.map(absent),
        component,
        ..Observation::new(row.status(), code(measure))
    })
}

fn code(measure: &Measure) -> CodeableConcept {
    let coding = coding(LOINC, measure.code, Some(measure.display.to_owned()));
    concept(Some(coding), None)
}

impl Row {
    fn status(&self) -> ObservationStatus {
        match self.state.as_deref() {
            Some("in_progress") => ObservationStatus::Preliminary,
            Some("done" | "signed") => ObservationStatus::Final,
            _ => ObservationStatus::Unknown,
        }
    }

    fn quantity(&self, measure: &Measure) -> Option<Quantity> {
        let digits = self.numbers.get(measure.field?)?.as_str()?;
        let number = Decimal::parse(digits).ok()?;
        Some(units::measured(number, measure.unit, measure.printed))
    }

    fn components(&self, measure: &Measure) -> Vec<ObservationComponent> {
        let parts = measure.parts.iter().filter_map(|part| {
            let value = self.quantity(part);
            let shown = value.is_some() || measure.code == BLOOD_PRESSURE;
            let reason = value.is_none().then(|| absent(self.absent_reason(part)));
            shown.then(|| ObservationComponent {
                value: value.map(ObservationComponentValue::Quantity),
                data_absent_reason: reason,
                ..ObservationComponent::new(code(part))
            })
        });
        parts.collect()
    }

    fn absent_reason(&self, measure: &Measure) -> DataAbsentReason {
        let readable = measure
            .field
            .is_none_or(|field| self.numbers.contains_key(field));
        if readable {
            DataAbsentReason::Unknown
        } else {
            DataAbsentReason::Masked
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{DECLARATION, Observation};
    use super::*;
    use crate::resource::{Record, Resource};
    use serde_json::json;

    fn rendered(code: &str, row: &Value) -> Value {
        let source = &DECLARATION.sources[1];
        let measure = source.measures.iter().find(|measure| measure.code == code);
        let record = Record {
            id: format!("eval-7-{code}"),
            version: None,
            system_base: "https://h/ns",
            source,
            measure,
        };
        serde_json::to_value(Observation::render(&row.to_string(), &record).unwrap()).unwrap()
    }

    #[test]
    fn a_vital_sign_is_as_its_profile_wants_it() {
        let row = json!({"state": "done", "evaluation_start": "2026-11-01T09:40:00", "patient_id": 7, "healthprof_id": 1,
            "signed_by_id": 1, "temperature": "37.1", "bpm": "80"});
        assert_eq!(
            rendered("8310-5", &row),
            json!({"resourceType": "Observation", "id": "eval-7-8310-5", "status": "final",
                "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category",
                    "code": "vital-signs", "display": "Vital Signs"}]}],
                "code": {"coding": [{"system": "http://loinc.org", "code": "8310-5", "display": "Body temperature"}]},
                "subject": {"reference": "Patient/7", "type": "Patient"},
                "effectiveDateTime": "2026-11-01T09:40:00Z",
                "performer": [{"reference": "Practitioner/1", "type": "Practitioner"}],
                "valueQuantity": {"value": 37.1, "unit": "°C", "system": "http://unitsofmeasure.org", "code": "Cel"}})
        );
    }

    #[test]
    fn zero_is_a_value() {
        let found = rendered("8867-4", &json!({"bpm": "0"}));
        assert_eq!(found["valueQuantity"]["value"], 0);
        assert!(found.get("dataAbsentReason").is_none());
    }

    #[test]
    fn a_panel_shows_its_parts_and_says_which_is_missing() {
        let found = rendered(
            BLOOD_PRESSURE,
            &json!({"systolic": "120", "diastolic": null}),
        );
        assert_eq!(found["component"][0]["valueQuantity"]["value"], 120);
        assert_eq!(
            found["component"][1]["code"]["coding"][0]["code"],
            DIASTOLIC
        );
        let reason = &found["component"][1]["dataAbsentReason"]["coding"][0]["code"];
        assert_eq!(reason, "unknown");
        assert!(found.get("valueQuantity").is_none() && found.get("dataAbsentReason").is_none());
        let denied = rendered(BLOOD_PRESSURE, &json!({"systolic": "120"}));
        let reason = &denied["component"][1]["dataAbsentReason"]["coding"][0]["code"];
        assert_eq!(reason, "masked");
    }

    #[test]
    fn a_score_shows_the_parts_that_it_has() {
        let found = rendered(
            "9269-2",
            &json!({"loc": "14", "loc_eyes": "4", "loc_verbal": null}),
        );
        assert_eq!(found["valueQuantity"]["code"], "{score}");
        assert_eq!(found["component"].as_array().map(Vec::len), Some(1));
        assert_eq!(found["component"][0]["valueQuantity"]["value"], 4);
    }

    #[test]
    fn an_evaluation_that_goes_on_is_preliminary() {
        for (state, status) in [
            (json!("in_progress"), "preliminary"),
            (json!("signed"), "final"),
            (Value::Null, "unknown"),
        ] {
            let found = rendered("8867-4", &json!({"state": state, "bpm": "80"}));
            assert_eq!(found["status"], status);
        }
    }

    #[test]
    fn every_measure_has_a_category_and_columns_that_are_read() {
        let read = |field: &str| {
            let field = ROOT_FIELDS.iter().find(|known| known.key == field);
            field.is_some_and(|field| field.read == Read::Text)
        };
        let mut codes = Vec::new();
        for measure in MEASURES {
            let in_category = |(_, codes): &&(&str, &[&str])| codes.contains(&measure.code);
            assert_eq!(
                CATEGORIES.iter().filter(in_category).count(),
                1,
                "{}",
                measure.code
            );
            let parts = measure.parts.iter().filter_map(|part| part.field);
            assert!(
                measure.field.into_iter().chain(parts).all(read),
                "{}",
                measure.code
            );
            assert!(!codes.contains(&measure.code), "{}", measure.code);
            codes.push(measure.code);
        }
    }
}
