//! What was measured in a visit, a stay or a session: a resource for each vital sign, score and value of a record.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::fhir::concept::{coding, concept};
use crate::fhir::r4::{
    CodeableConcept, DataAbsentReason, Decimal, Identifier, Observation, ObservationComponent,
    ObservationComponentValue, ObservationEffective, ObservationStatus, ObservationValue, Period,
    Quantity, Reference,
};
use crate::resource::person::{
    Person, filled, logical_reference, moment, patient_reference, practitioner_reference,
};
use crate::resource::{self, Record, Version, units};
use crate::search::declaration::Measure;

use super::measures::{BLOOD_PRESSURE_CODE, CATEGORIES};
use super::sources::{AMBULATORY, APACHE, EVALUATION, GLASGOW};
use super::{LOINC, absent, category, distinct};

/// The ends of the systems of what tells a visit, a stay and a session apart.
pub(super) const EVALUATIONS: &str = "evaluation";
pub(super) const STAYS: &str = "inpatient-registration";
pub(super) const SESSIONS: &str = "ambulatory-care";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Row {
    code: Option<String>,
    state: Option<String>,
    start: Option<String>,
    patient_id: Option<i64>,
    patient: Option<Person>,
    registration: Option<Registration>,
    healthprof_id: Option<i64>,
    healthprof: Option<Person>,
    signed_by_id: Option<i64>,
    signed_by: Option<Person>,
    /// What was measured, by the keys of the fields.
    #[serde(flatten)]
    numbers: BTreeMap<String, Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Registration {
    name: Option<String>,
    patient_id: Option<i64>,
    patient: Option<Person>,
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
    // R4's vital signs profile demands both, and that vital signs conform to it.
    let demanded = kind.is_some_and(|(code, _)| *code == "vital-signs");
    let subject = row.subject();
    let effective = moment(row.start.as_ref()).map(ObservationEffective::DateTime);
    Ok(Observation {
        id: Some(record.id.clone()),
        meta: record.version.map(Version::meta),
        category: kind.map(|(code, _)| category(code)).into_iter().collect(),
        subject: if demanded {
            Some(resource::absent::reference(
                subject,
                DataAbsentReason::Unknown,
            ))
        } else {
            subject
        },
        encounter: row.encounter(record),
        effective: effective.or_else(|| demanded.then(unknown_time)),
        performer: distinct([
            practitioner_reference(row.healthprof_id, row.healthprof.as_ref()),
            practitioner_reference(row.signed_by_id, row.signed_by.as_ref()),
        ]),
        value: value.map(ObservationValue::Quantity),
        data_absent_reason: reason.map(absent),
        component,
        ..Observation::new(row.status(record.source.prefix), code(measure))
    })
}

fn unknown_time() -> ObservationEffective {
    ObservationEffective::Period(Period {
        extension: vec![resource::absent::unknown()],
        ..Period::default()
    })
}

fn code(measure: &Measure) -> CodeableConcept {
    let coding = coding(LOINC, measure.code, Some(measure.display.to_owned()));
    concept(Some(coding), None)
}

impl Row {
    /// Scores of intensive care have no state: one that is there is final.
    fn status(&self, source: &str) -> ObservationStatus {
        match self.state.as_deref() {
            _ if [GLASGOW, APACHE].contains(&source) => ObservationStatus::Final,
            Some("in_progress" | "draft") => ObservationStatus::Preliminary,
            Some("done" | "signed") => ObservationStatus::Final,
            _ => ObservationStatus::Unknown,
        }
    }

    fn subject(&self) -> Option<Reference> {
        match &self.registration {
            Some(stay) => patient_reference(stay.patient_id, stay.patient.as_ref()),
            None => patient_reference(self.patient_id, self.patient.as_ref()),
        }
    }

    /// The visit, stay or session, by what GNU Health calls it: Encounters are not served.
    fn encounter(&self, record: &Record<'_>) -> Option<Reference> {
        let stay = self.registration.as_ref().map(|stay| &stay.name);
        let (system, value) = match record.source.prefix {
            EVALUATION => (EVALUATIONS, &self.code),
            AMBULATORY => (SESSIONS, &self.code),
            _ => (STAYS, stay?),
        };
        let identifier = Identifier {
            system: Some(record.system(system)),
            value: Some(filled(value.as_ref())?),
            ..Identifier::default()
        };
        logical_reference("Encounter", Some(identifier), None)
    }

    fn quantity(&self, measure: &Measure) -> Option<Quantity> {
        let digits = self.numbers.get(measure.field?)?.as_str()?;
        let number = Decimal::parse(digits).ok()?;
        Some(units::measured(number, measure.unit, measure.printed))
    }

    fn components(&self, measure: &Measure) -> Vec<ObservationComponent> {
        let parts = measure.parts.iter().filter_map(|part| {
            let value = self.quantity(part);
            let shown = value.is_some() || measure.code == BLOOD_PRESSURE_CODE;
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
    use super::super::measures::DIASTOLIC;
    use super::super::sources::SOURCES;
    use super::super::{DECLARATION, Observation};
    use super::*;
    use crate::resource::{Record, Resource};
    use crate::tryton::model::Read;
    use serde_json::json;

    fn rendered(code: &str, row: &Value) -> Value {
        rendered_of("eval", code, row)
    }

    fn rendered_of(prefix: &str, code: &str, row: &Value) -> Value {
        let mut sources = DECLARATION.sources.iter();
        let source = sources.find(|source| source.prefix == prefix).unwrap();
        let measure = source.measures.iter().find(|measure| measure.code == code);
        let record = Record {
            id: source.logical_id(7, measure),
            version: None,
            system_base: "https://h/ns",
            source,
            measure,
        };
        serde_json::to_value(Observation::render(&row.to_string(), &record).unwrap()).unwrap()
    }

    #[test]
    fn a_vital_sign_is_as_its_profile_wants_it() {
        let row = json!({"state": "done", "start": "2026-11-01T09:40:00", "patient_id": 7, "healthprof_id": 1,
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
            BLOOD_PRESSURE_CODE,
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
        let denied = rendered(BLOOD_PRESSURE_CODE, &json!({"systolic": "120"}));
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
        for source in &SOURCES {
            let read = |field: &str| {
                let field = source.root.fields.iter().find(|known| known.key == field);
                field.is_some_and(|field| field.read == Read::Text)
            };
            let mut codes = Vec::new();
            for measure in source.measures {
                let name = format!("{}-{}", source.prefix, measure.code);
                let in_category = |(_, codes): &&(&str, &[&str])| codes.contains(&measure.code);
                assert_eq!(CATEGORIES.iter().filter(in_category).count(), 1, "{name}");
                let parts = measure.parts.iter().filter_map(|part| part.field);
                assert!(measure.field.into_iter().chain(parts).all(read), "{name}");
                assert!(!codes.contains(&measure.code), "{name}");
                codes.push(measure.code);
            }
        }
    }

    #[test]
    fn the_patient_of_a_round_is_that_of_the_stay() {
        let row = json!({"state": "draft", "start": "2026-11-01T09:40:00", "healthprof_id": 6, "bpm": "72",
            "registration": {"name": "INP 7", "patient_id": 9}});
        let found = rendered_of("rounding", "8867-4", &row);
        assert_eq!(found["id"], "rounding-7-8867-4");
        assert_eq!(found["status"], "preliminary");
        assert_eq!(found["subject"]["reference"], "Patient/9");
        assert_eq!(
            found["encounter"],
            json!({"type": "Encounter", "identifier": {"system": "https://h/ns/inpatient-registration", "value": "INP 7"}})
        );
        assert_eq!(found["performer"][0]["reference"], "Practitioner/6");
    }

    #[test]
    fn a_score_of_intensive_care_is_final() {
        let row = json!({"glasgow": "11", "glasgow_eyes": "3", "glasgow_verbal": "3", "glasgow_motor": "5",
            "start": "2026-11-01T09:40:00", "registration": {"patient_id": 9}});
        let found = rendered_of("glasgow", "9269-2", &row);
        assert_eq!(
            (&found["status"], &found["valueQuantity"]["value"]),
            (&json!("final"), &json!(11))
        );
        assert_eq!(found["component"].as_array().map(Vec::len), Some(3));
        assert!(found.get("encounter").is_none() && found.get("performer").is_none());
        let found = rendered_of("apache", "3150-6", &json!({"fio2": "0.4"}));
        assert_eq!(
            found["valueQuantity"],
            json!({"value": 0.4, "unit": "fraction", "system": "http://unitsofmeasure.org", "code": "1"})
        );
    }
}
