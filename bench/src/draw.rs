//! What is asked for: values of patients drawn at random from the database, as the app shows them.

use std::collections::BTreeMap;

use anyhow::Result;
use rand::Rng;
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use serde_json::Value;

use crate::asker::Asker;
use crate::hospital::Hospital;
use crate::workload::search;

/// How many patients are drawn.
const PATIENTS: i64 = 400;

/// How many patients are asked for at once.
const TOGETHER: usize = 20;

/// How many resources of a type are enough.
const ENOUGH: usize = 300;

/// The types whose resources belong to patients.
pub(crate) const OF_PATIENTS: [&str; 9] = [
    "AllergyIntolerance",
    "Condition",
    "DiagnosticReport",
    "FamilyMemberHistory",
    "Immunization",
    "MedicationRequest",
    "MedicationStatement",
    "Observation",
    "Procedure",
];

/// The types of which a hospital has few.
pub(crate) const OF_THE_HOSPITAL: [&str; 4] = [
    "Medication",
    "Organization",
    "Practitioner",
    "PractitionerRole",
];

/// A resource.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sample {
    pub(crate) id: String,
    pub(crate) code: Option<String>,
    /// The day.
    pub(crate) date: Option<String>,
    pub(crate) patient: Option<String>,
}

/// What requests are made of.
#[derive(Debug, Default)]
pub(crate) struct Values {
    pub(crate) patients: Vec<String>,
    pub(crate) identifiers: Vec<String>,
    pub(crate) families: Vec<String>,
    pub(crate) cities: Vec<String>,
    /// In their order.
    pub(crate) birth_dates: Vec<String>,
    pub(crate) resources: BTreeMap<&'static str, Vec<Sample>>,
    /// The targets of pages far behind the first.
    pub(crate) deep: Vec<String>,
    /// `user:password` of users who have not signed in yet.
    pub(crate) strangers: Vec<String>,
    /// `user:password` of one whose password is remembered.
    pub(crate) known: String,
}

impl Values {
    /// Draws them.
    pub(crate) fn draw(hospital: &Hospital, asker: &mut Asker, seed: u64) -> Result<Self> {
        let mut values = Self::default();
        let ids = patients(hospital, seed)?;
        for together in ids.chunks(TOGETHER) {
            let ids = together.join(",");
            let found = search("Patient", &[("_id", &ids), ("_count", "100")]);
            for patient in resources(&asker.json(&found)?) {
                values.add_patient(patient);
            }
        }
        values.birth_dates.sort();
        for kind in OF_PATIENTS {
            let samples = samples_of_patients(asker, kind, &ids)?;
            values.resources.insert(kind, samples);
        }
        for kind in OF_THE_HOSPITAL {
            let bundle = asker.json(&search(kind, &[("_count", "200")]))?;
            values.resources.insert(kind, samples(&bundle));
        }
        Ok(values)
    }

    fn add_patient(&mut self, patient: &Value) {
        let text = |path: &str| {
            patient
                .pointer(path)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        self.patients.extend(text("/id"));
        self.identifiers.extend(text("/identifier/0/value"));
        self.birth_dates.extend(text("/birthDate"));
        let word = |text: String| text.split_whitespace().next().map(str::to_owned);
        self.families.extend(text("/name/0/family").and_then(word));
        self.cities.extend(text("/address/0/city").and_then(word));
    }

    /// One of the resources of a type.
    pub(crate) fn resource(&self, kind: &str, random: &mut SmallRng) -> Option<&Sample> {
        self.resources.get(kind)?.choose(random)
    }

    /// A day on which one of the earliest tenth of the patients was born: most are younger.
    pub(crate) fn early_birth(&self, random: &mut SmallRng) -> Option<&str> {
        let tenth = (self.birth_dates.len() / 10).max(1);
        let place = random.random_range(0..tenth);
        self.birth_dates.get(place).map(String::as_str)
    }
}

/// One of the texts.
pub(crate) fn one<'v>(texts: &'v [String], random: &mut SmallRng) -> Option<&'v str> {
    texts.choose(random).map(String::as_str)
}

fn patients(hospital: &Hospital, seed: u64) -> Result<Vec<String>> {
    let rows = hospital.owner()?.query(
        "SELECT id::text FROM gnuhealth_patient ORDER BY md5(id || '/' || $1::text) LIMIT $2",
        &[&seed.to_string(), &PATIENTS],
    )?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

fn samples_of_patients(asker: &mut Asker, kind: &str, ids: &[String]) -> Result<Vec<Sample>> {
    let mut found = Vec::new();
    for together in ids.chunks(TOGETHER) {
        if found.len() >= ENOUGH {
            break;
        }
        let draft = search(kind, &[("patient", &together.join(",")), ("_count", "100")]);
        found.extend(samples(&asker.json(&draft)?));
    }
    Ok(found)
}

fn samples(bundle: &Value) -> Vec<Sample> {
    resources(bundle).filter_map(sample).collect()
}

fn resources(bundle: &Value) -> impl Iterator<Item = &Value> {
    let entries = bundle.get("entry").and_then(Value::as_array);
    entries
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.get("resource"))
        .filter(|resource| resource.get("id").is_some())
}

/// Where types have their code.
const CODES: [&str; 3] = [
    "/code/coding/0/code",
    "/vaccineCode/coding/0/code",
    "/specialty/0/coding/0/code",
];

/// Where types have their date.
const DATES: [&str; 6] = [
    "/effectiveDateTime",
    "/onsetDateTime",
    "/authoredOn",
    "/occurrenceDateTime",
    "/performedDateTime",
    "/effectivePeriod/start",
];

fn sample(resource: &Value) -> Option<Sample> {
    let text = |path: &str| resource.pointer(path).and_then(Value::as_str);
    let patient = text("/subject/reference").or(text("/patient/reference"));
    let patient = patient.and_then(|reference| reference.strip_prefix("Patient/"));
    Some(Sample {
        id: text("/id")?.to_owned(),
        code: CODES.iter().find_map(|path| text(path)).map(str::to_owned),
        date: DATES
            .iter()
            .find_map(|path| text(path))
            .map(|date| date.chars().take(10).collect()),
        patient: patient.map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_known_by_its_code_its_day_and_its_patient() {
        let resource = serde_json::json!({
            "resourceType": "Observation", "id": "lab-3",
            "code": {"coding": [{"code": "HGB"}]},
            "subject": {"reference": "Patient/12"},
            "effectiveDateTime": "2024-02-03T10:00:00Z"
        });
        let sample = sample(&resource).unwrap();
        assert_eq!(sample.id, "lab-3");
        assert_eq!(sample.code.as_deref(), Some("HGB"));
        assert_eq!(sample.date.as_deref(), Some("2024-02-03"));
        assert_eq!(sample.patient.as_deref(), Some("12"));
    }

    #[test]
    fn an_outcome_among_the_entries_is_no_resource() {
        let bundle = serde_json::json!({"entry": [
            {"resource": {"resourceType": "OperationOutcome"}},
            {"resource": {"resourceType": "Condition", "id": "7"}}
        ]});
        assert_eq!(samples(&bundle).len(), 1);
    }
}
