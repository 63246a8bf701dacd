//! FamilyMemberHistory: what is known of the diseases of a patient's relatives, `gnuhealth.patient.family.diseases`, a
//! resource for each patient and relative.

use serde::Deserialize;

use crate::fhir::concept::{coding, concept};
use crate::fhir::r4::{
    self, CodeableConcept, DataAbsentReason, FamilyHistoryStatus, FamilyMemberHistoryCondition,
    Reference,
};
use crate::search::declaration::{Declaration, Group, Measure, Only, Source};
use crate::search::parameter::{Kind, Meaning, Parameter, RECORDS, System, Target, Value};
use crate::tryton::model::{ID, Node, Relation, plain};

use super::pathology::{self, PATHOLOGY, Pathology};
use super::person::{PATIENT_NAME, Person, patient_reference, renamed};
use super::{Record, Resource, Version, absent};

/// The resource type FamilyMemberHistory.
pub struct FamilyMemberHistory;

static ROOT: Node = Node {
    model: "gnuhealth.patient.family.diseases",
    fields: &[
        ID,
        renamed("patient_id", &["patient"]),
        plain(&["relative"]),
        plain(&["xory"]),
    ],
    one: &[
        Relation {
            key: "patient",
            columns: &["patient"],
            node: &PATIENT_NAME,
        },
        Relation {
            key: "disease",
            columns: &["disease", "name"],
            node: &PATHOLOGY,
        },
    ],
    many: &[],
    subject: Some("patient"),
};

const ROLE: &str = "http://terminology.hl7.org/CodeSystem/v3-RoleCode";
const STATUS: &str = "http://hl7.org/fhir/history-status";

const fn relative(code: &'static str, display: &'static str) -> Measure {
    Measure {
        code,
        display,
        field: None,
        unit: "",
        printed: "",
        parts: &[],
    }
}

/// The relatives that GNU Health tells apart, by their v3 role code. New ones are added at the end: the places stand in
/// cursors. What a later version may add is a family member.
const RELATIVES: &[Measure] = &[
    relative("MTH", "mother"),
    relative("FTH", "father"),
    relative("BRO", "brother"),
    relative("SIS", "sister"),
    relative("DAUC", "daughter"),
    relative("SONC", "son"),
    relative("AUNT", "aunt"),
    relative("MAUNT", "maternal aunt"),
    relative("PAUNT", "paternal aunt"),
    relative("UNCLE", "uncle"),
    relative("MUNCLE", "maternal uncle"),
    relative("PUNCLE", "paternal uncle"),
    relative("NEPHEW", "nephew"),
    relative("NIECE", "niece"),
    relative("GRFTH", "grandfather"),
    relative("MGRFTH", "maternal grandfather"),
    relative("PGRFTH", "paternal grandfather"),
    relative("GRMTH", "grandmother"),
    relative("MGRMTH", "maternal grandmother"),
    relative("PGRMTH", "paternal grandmother"),
    relative("COUSN", "cousin"),
    relative("MCOUSN", "maternal cousin"),
    relative("PCOUSN", "paternal cousin"),
    relative("FAMMEMB", "family member"),
];

/// `xory` says on whose side: the mother's (m), the father's (f), or that of siblings (s), which says no more than the
/// relative does.
static RELATIVE: Group = Group {
    record: "patient_id",
    code: "coalesce(CASE {relative} WHEN 'mother' THEN 'MTH' WHEN 'father' THEN 'FTH' WHEN 'brother' THEN 'BRO' \
           WHEN 'sister' THEN 'SIS' WHEN 'daughter' THEN 'DAUC' WHEN 'son' THEN 'SONC' WHEN 'nephew' THEN 'NEPHEW' \
           WHEN 'niece' THEN 'NIECE' ELSE CASE {xory} WHEN 'm' THEN 'M' WHEN 'f' THEN 'P' ELSE '' END || \
           CASE {relative} WHEN 'aunt' THEN 'AUNT' WHEN 'uncle' THEN 'UNCLE' WHEN 'grandfather' THEN 'GRFTH' \
           WHEN 'grandmother' THEN 'GRMTH' WHEN 'cousin' THEN 'COUSN' END END, 'FAMMEMB')",
};

const DISEASE: &[&str] = &[RECORDS, "disease"];

static CODES: [Target; 3] = pathology::codes(DISEASE, "");
static NAMES: [Target; 1] = pathology::names(DISEASE, "");

static PARAMETERS: &[Parameter] = &[
    Parameter::new(
        "code",
        Kind::Token,
        "clinical-code",
        "A disease of the relative: the ICD-10 or ICD-11 code, or one of the hospital's own.",
        &CODES,
    )
    .with_texts(&NAMES),
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
        "relationship",
        Kind::Token,
        "FamilyMemberHistory-relationship",
        "Who the relative is, as a v3 role code.",
        &[Target::new(
            &[],
            Value::Code,
            Meaning::Token(System::Fixed(ROLE)),
        )],
    )
    .with_texts(&[Target::new(&[], Value::Display, Meaning::Text)]),
    Parameter::new(
        "status",
        Kind::Token,
        "FamilyMemberHistory-status",
        "partial.",
        &[Target::new(
            &[],
            Value::Sql("'partial'::text"),
            Meaning::Token(System::Fixed(STATUS)),
        )],
    ),
];

/// What the resource type is.
pub static DECLARATION: Declaration = Declaration {
    name: "FamilyMemberHistory",
    sources: &[Source {
        prefix: "",
        root: &ROOT,
        only: Only::FirstOf(&RELATIVE),
        measures: RELATIVES,
    }],
    parameters: PARAMETERS,
    compartments: &[("Patient", "patient")],
    documentation: "The diseases of the patients' relatives (gnuhealth.patient.family.diseases), one resource for each relative.",
};

/// A row: one disease of the relative.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Row {
    patient_id: Option<i64>,
    patient: Option<Person>,
    disease: Option<Pathology>,
}

impl Resource for FamilyMemberHistory {
    const DECLARATION: &'static Declaration = &DECLARATION;
    type Fhir = r4::FamilyMemberHistory;

    fn render(json: &str, record: &Record<'_>) -> serde_json::Result<r4::FamilyMemberHistory> {
        let rows: Vec<Row> = serde_json::from_str(json)?;
        let diseases = rows.iter().filter_map(|row| row.disease.as_ref());
        let diseases = diseases.filter_map(|disease| disease.concept(record));
        Ok(r4::FamilyMemberHistory {
            id: Some(record.id.clone()),
            meta: record.version.map(Version::meta),
            condition: diseases.map(FamilyMemberHistoryCondition::new).collect(),
            // GNU Health has what was told of some diseases, and does not say that this is all.
            ..r4::FamilyMemberHistory::new(
                FamilyHistoryStatus::Partial,
                patient(&rows),
                relationship(record.measure),
            )
        })
    }
}

fn patient(rows: &[Row]) -> Reference {
    let first = rows.first();
    let patient =
        first.and_then(|first| patient_reference(first.patient_id, first.patient.as_ref()));
    absent::reference(patient, DataAbsentReason::Unknown)
}

fn relationship(relative: Option<&Measure>) -> CodeableConcept {
    let coding =
        relative.map(|relative| coding(ROLE, relative.code, Some(relative.display.to_owned())));
    concept(coding, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn rendered(rows: &Value) -> Value {
        let source = &DECLARATION.sources[0];
        let record = Record {
            id: "7-MAUNT".to_owned(),
            version: None,
            system_base: "https://h/ns",
            measure: RELATIVES.iter().find(|relative| relative.code == "MAUNT"),
            source,
        };
        serde_json::to_value(FamilyMemberHistory::render(&rows.to_string(), &record).unwrap())
            .unwrap()
    }

    #[test]
    fn what_is_known_of_a_relative_is_one_resource() {
        let found = rendered(&json!([
            {"patient_id": 7, "disease": {"code": "I10", "name": "Hypertension"}},
            {"patient_id": 7, "disease": {"code": "E11", "name": "Diabetes"}}
        ]));
        assert_eq!(
            found["relationship"],
            json!({"coding": [{"system": ROLE, "code": "MAUNT", "display": "maternal aunt"}]})
        );
        assert_eq!(found["patient"]["reference"], "Patient/7");
        assert_eq!(found["condition"][0]["code"]["coding"][0]["code"], "I10");
        assert_eq!(found["condition"][1]["code"]["text"], "Diabetes");
        assert_eq!(found["status"], "partial");
    }

    #[test]
    fn a_disease_that_may_not_be_read_leaves_the_relative() {
        let found = rendered(&json!([{"patient_id": 7}]));
        assert!(found.get("condition").is_none(), "{found}");
    }

    #[test]
    fn every_code_that_a_row_can_have_is_a_relative() {
        for word in RELATIVE.code.split('\'').skip(1).step_by(2) {
            let lower = word.chars().all(char::is_lowercase);
            let part = ["", "M", "P"].contains(&word);
            let known = RELATIVES.iter().any(|relative| relative.code == word);
            assert!(lower || part || known, "{word}");
        }
        for kind in ["AUNT", "UNCLE", "GRFTH", "GRMTH", "COUSN"] {
            for side in ["", "M", "P"] {
                let code = format!("{side}{kind}");
                assert!(
                    RELATIVES.iter().any(|relative| relative.code == code),
                    "{code}"
                );
            }
        }
    }
}
