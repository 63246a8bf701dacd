//! What evaluations found: their main condition, other conditions, and the hypotheses of the differential diagnosis.
//!
//! Of these GNU Health tells neither whether they are active nor since when, nor how sure they are: the help of the main
//! condition calls it presumptive, its label does not. Only a hypothesis is what R4 calls differential.

use serde::Deserialize;

use crate::fhir::r4::{
    CodeableConcept, Condition, DataAbsentReason, Extension, ExtensionValue, Reference,
};
use crate::resource::disease::{is_no_allergy, notes, recorded_date};
use crate::resource::evaluation::{self, EVALUATION, Evaluation};
use crate::resource::pathology::{PATHOLOGY, Pathology};
use crate::resource::person::{moment, readable, renamed};
use crate::resource::recorder::{CREATOR, Creator};
use crate::resource::{Record, Version, absent};
use crate::search::declaration::{Only, Source};
use crate::tryton::model::{Field, ID, Node, Relation, leaf, plain};

use super::{CATEGORY, VERIFICATION, asserted, coded};

/// What the logical ids of main conditions begin with.
pub(super) const MAIN: &str = "eval";

/// What those of other conditions begin with.
pub(super) const SECONDARY: &str = "secondary";

/// What those of hypotheses begin with.
pub(super) const HYPOTHESIS: &str = "hypothesis";

/// An evaluation need not have found anything.
pub(super) const MAIN_SOURCE: Source = Source {
    prefix: MAIN,
    root: &MAIN_ROOT,
    only: Only::If("{diagnosis_id} IS NOT NULL"),
    measures: &[],
};

pub(super) const SECONDARY_SOURCE: Source = Source {
    prefix: SECONDARY,
    root: &SECONDARY_ROOT,
    only: Only::PartOf("evaluation"),
    measures: &[],
};

pub(super) const HYPOTHESIS_SOURCE: Source = Source {
    prefix: HYPOTHESIS,
    root: &HYPOTHESIS_ROOT,
    only: Only::PartOf("evaluation"),
    measures: &[],
};

/// The condition that a follow-up is about.
const FOLLOWED: Node = leaf(
    "gnuhealth.patient.disease",
    &[ID, plain(&["is_allergy"]), plain(&["allergy_type"])],
);

static MAIN_ROOT: Node = Node {
    model: "gnuhealth.patient.evaluation",
    fields: &MAIN_FIELDS,
    one: &MAIN_RELATIONS,
    many: &[],
    subject: Some("patient"),
};

const MAIN_FIELDS: [Field; 10] = {
    let [a, b, c, d, e, f] = evaluation::FIELDS;
    let recorded = renamed("recorded", &["create_date"]);
    let diagnosis = renamed("diagnosis_id", &["diagnosis"]);
    let comments = renamed("comments", &["info_diagnosis"]);
    [ID, recorded, diagnosis, comments, a, b, c, d, e, f]
};

const MAIN_RELATIONS: [Relation; 6] = {
    let [a, b, c] = evaluation::RELATIONS;
    let pathology = Relation {
        key: "pathology",
        columns: &["diagnosis"],
        node: &PATHOLOGY,
    };
    let followed = Relation {
        key: "followed",
        columns: &["related_condition"],
        node: &FOLLOWED,
    };
    [a, b, c, pathology, followed, CREATOR]
};

static SECONDARY_ROOT: Node = part("gnuhealth.secondary_condition");

static HYPOTHESIS_ROOT: Node = part("gnuhealth.diagnostic_hypothesis");

const fn part(model: &'static str) -> Node {
    Node {
        model,
        fields: PART_FIELDS,
        one: PART_RELATIONS,
        many: &[],
        subject: Some("evaluation"),
    }
}

const PART_FIELDS: &[Field] = &[
    ID,
    renamed("recorded", &["create_date"]),
    plain(&["comments"]),
];

const PART_RELATIONS: &[Relation] = &[
    Relation {
        key: "evaluation",
        columns: &["evaluation"],
        node: &EVALUATION,
    },
    Relation {
        key: "pathology",
        columns: &["pathology"],
        node: &PATHOLOGY,
    },
    CREATOR,
];

/// A row of the main condition of an evaluation.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct MainRow {
    #[serde(flatten)]
    evaluation: Evaluation,
    followed: Option<Followed>,
    #[serde(flatten)]
    finding: Finding,
}

/// A row of another condition, or of a hypothesis.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PartRow {
    evaluation: Option<Evaluation>,
    #[serde(flatten)]
    finding: Finding,
}

/// What was found.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Finding {
    recorded: Option<String>,
    creator: Option<Creator>,
    pathology: Option<Pathology>,
    comments: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Followed {
    id: i64,
    #[serde(deserialize_with = "readable")]
    is_allergy: Option<Option<bool>>,
    #[serde(deserialize_with = "readable")]
    allergy_type: Option<Option<String>>,
}

/// Makes the resource of a main condition.
pub(super) fn render_main(json: &str, record: &Record<'_>) -> serde_json::Result<Condition> {
    let row: MainRow = serde_json::from_str(json)?;
    let mut condition = row.finding.condition(&row.evaluation, record);
    condition
        .extension
        .extend(row.followed.and_then(|followed| followed.related()));
    Ok(condition)
}

/// Makes the resource of another condition, or of a hypothesis.
pub(super) fn render_part(json: &str, record: &Record<'_>) -> serde_json::Result<Condition> {
    let row: PartRow = serde_json::from_str(json)?;
    let evaluation = row.evaluation.unwrap_or_default();
    Ok(Condition {
        verification_status: (record.source.prefix == HYPOTHESIS).then(differential),
        ..row.finding.condition(&evaluation, record)
    })
}

fn differential() -> CodeableConcept {
    coded(VERIFICATION, "differential", "Differential")
}

impl Finding {
    fn condition(&self, evaluation: &Evaluation, record: &Record<'_>) -> Condition {
        let pathology = self.pathology.as_ref();
        let subject = absent::reference(evaluation.subject(), DataAbsentReason::Unknown);
        Condition {
            id: Some(record.id.clone()),
            meta: record.version.map(Version::meta),
            extension: first_asserted(evaluation).into_iter().collect(),
            category: vec![coded(
                CATEGORY,
                "encounter-diagnosis",
                "Encounter Diagnosis",
            )],
            code: pathology.and_then(|pathology| pathology.concept(record)),
            encounter: evaluation.encounter(record),
            recorded_date: recorded_date(self.recorded.as_ref()),
            recorder: self.creator.as_ref().and_then(Creator::recorder),
            asserter: evaluation.asserter(),
            note: notes([&self.comments]),
            ..Condition::new(subject)
        }
    }
}

/// When it was first asserted: in the evaluation, unless that followed up on what was known before.
fn first_asserted(evaluation: &Evaluation) -> Option<Extension> {
    let first = evaluation.is_followup() == Some(false);
    let start = evaluation.evaluation_start.as_ref().filter(|_| first);
    moment(start).map(asserted)
}

impl Followed {
    /// HL7's extension for a condition that this one has to do with.
    fn related(&self) -> Option<Extension> {
        let is_condition = is_no_allergy(self.is_allergy, self.allergy_type.as_ref())?;
        let url = "http://hl7.org/fhir/StructureDefinition/condition-related";
        is_condition.then(|| Extension {
            value: Some(ExtensionValue::Reference(Reference {
                reference: Some(format!("Condition/{}", self.id)),
                r#type: Some("Condition".to_owned()),
                ..Reference::default()
            })),
            ..Extension::new(url)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::rendered;
    use serde_json::json;

    #[test]
    fn a_main_condition_is_that_of_its_evaluation() {
        let row = json!({"id": 7, "code": "PEV007", "evaluation_start": "2026-11-01T09:40:00", "visit_type": "new",
            "patient_id": 3, "healthprof_id": 1, "signed_by_id": 2, "recorded": "2026-11-01T10:00:00.5",
            "pathology": {"code": "J06.9", "name": "Cold"}, "comments": "Since Monday"});
        let found = rendered("eval-7", &row);
        assert_eq!(
            found,
            json!({"resourceType": "Condition", "id": "eval-7",
                "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/condition-assertedDate",
                    "valueDateTime": "2026-11-01T09:40:00Z"}],
                "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-category",
                    "code": "encounter-diagnosis", "display": "Encounter Diagnosis"}]}],
                "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "J06.9", "display": "Cold"}],
                    "text": "Cold"},
                "subject": {"reference": "Patient/3", "type": "Patient"},
                "encounter": {"type": "Encounter", "identifier": {"system": "https://h/ns/evaluation", "value": "PEV007"},
                    "display": "Evaluation of 2026-11-01 09:40:00 UTC"},
                "recordedDate": "2026-11-01T10:00:00Z",
                "asserter": {"reference": "Practitioner/2", "type": "Practitioner"},
                "note": [{"text": "Since Monday"}]})
        );
    }

    #[test]
    fn a_hypothesis_is_differential_and_another_condition_is_not() {
        let row = json!({"evaluation": {"patient_id": 3, "healthprof_id": 1, "signed_by_id": null}, "comments": "Rule out"});
        let found = rendered("hypothesis-4", &row);
        assert_eq!(
            found["verificationStatus"]["coding"][0]["code"],
            "differential"
        );
        assert_eq!(found["subject"]["reference"], "Patient/3");
        assert_eq!(found["asserter"]["reference"], "Practitioner/1");
        assert_eq!(found["note"][0]["text"], "Rule out");
        let found = rendered("secondary-4", &row);
        assert!(found.get("verificationStatus").is_none());
        assert!(found.get("clinicalStatus").is_none());
    }

    #[test]
    fn a_followup_asserts_nothing_first_and_tells_what_it_followed() {
        let row = json!({"evaluation_start": "2026-11-01T09:40:00", "visit_type": "followup",
            "followed": {"id": 5, "is_allergy": null, "allergy_type": null}});
        let related = json!([{"url": "http://hl7.org/fhir/StructureDefinition/condition-related",
            "valueReference": {"reference": "Condition/5", "type": "Condition"}}]);
        assert_eq!(rendered("eval-7", &row)["extension"], related);
        for allergy in [
            json!({"id": 5, "is_allergy": true, "allergy_type": null}),
            json!({"id": 5, "is_allergy": false, "allergy_type": "da"}),
            json!({"id": 5, "is_allergy": false}),
        ] {
            assert!(
                rendered("eval-7", &json!({"followed": allergy}))
                    .get("extension")
                    .is_none()
            );
        }
    }
}
