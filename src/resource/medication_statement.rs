//! MedicationStatement: what patients take, `gnuhealth.patient.medication`, and what they are given while they stay,
//! `gnuhealth.inpatient.medication`.

use serde::Deserialize;

use crate::fhir::concept::{coding, concept};
use crate::fhir::r4::{
    self, Annotation, CodeableConcept, DataAbsentReason, DateTime, Identifier,
    MedicationStatementEffective, MedicationStatementMedication, MedicationStatementStatus,
    Reference,
};
use crate::search::declaration::{Declaration, Only, Source};
use crate::search::parameter::{Kind, Meaning, Parameter, System, Target, Value};
use crate::tryton::model::{ID, Node, Read, Relation, leaf, plain, read_as};

use super::dosage::{ADMIN_TIMES, TO_COMMON_DOSAGE, TO_DOSE_UNIT, TO_ROUTE, Taken, period};
use super::drug_form::TO_DRUG_FORM;
use super::medicament::{MEDICAMENT_NAME, Medicament, medication_reference};
use super::pathology::{PATHOLOGY, Pathology};
use super::person::{
    PATIENT_NAME, PROFESSIONAL_NAME, Person, filled, logical_reference, moment, patient_reference,
    practitioner_reference, readable, renamed,
};
use super::{Record, Resource, Version, absent};

/// The resource type MedicationStatement.
pub struct MedicationStatement;

/// What the logical ids of what inpatients are given begin with.
const INPATIENT: &str = "inpatient";

const MEDICAMENT: Relation = Relation {
    key: "medicament",
    columns: &["medicament"],
    node: &MEDICAMENT_NAME,
};

const INDICATION: Relation = Relation {
    key: "indication",
    columns: &["indication"],
    node: &PATHOLOGY,
};

const PATIENT: Relation = Relation {
    key: "patient",
    columns: &["patient", "name"],
    node: &PATIENT_NAME,
};

/// The prescription that it comes from, with its lines.
const PRESCRIPTION: Node = Node {
    model: "gnuhealth.prescription.order",
    fields: &[plain(&["prescription_id"])],
    one: &[],
    many: &[Relation {
        key: "lines",
        columns: &["presc_order", "name"],
        node: &leaf(
            "gnuhealth.prescription.line",
            &[ID, renamed("medicament_id", &["medicament"])],
        ),
    }],
    subject: None,
};

static ROOT: Node = Node {
    model: "gnuhealth.patient.medication",
    fields: &[
        ID,
        renamed("patient_id", &["patient", "name"]),
        renamed("medicament_id", &["medicament"]),
        renamed("healthprof_id", &["healthprof"]),
        renamed("recorded", &["create_date"]),
        plain(&["is_active"]),
        plain(&["discontinued"]),
        plain(&["course_completed"]),
        plain(&["discontinued_reason"]),
        plain(&["start_treatment"]),
        plain(&["end_treatment"]),
        plain(&["adverse_reaction"]),
        plain(&["notes"]),
        read_as(&["dose"], Read::Text),
        plain(&["qty"]),
        plain(&["admin_times"]),
        plain(&["frequency"]),
        plain(&["frequency_unit"]),
        plain(&["frequency_prn"]),
        plain(&["duration"]),
        plain(&["duration_period"]),
        plain(&["infusion"]),
        read_as(&["infusion_rate"], Read::Text),
        plain(&["infusion_rate_units"]),
    ],
    one: &[
        PATIENT,
        MEDICAMENT,
        INDICATION,
        Relation {
            key: "healthprof",
            columns: &["healthprof"],
            node: &PROFESSIONAL_NAME,
        },
        Relation {
            key: "prescription",
            columns: &["prescription"],
            node: &PRESCRIPTION,
        },
        TO_DOSE_UNIT,
        TO_DRUG_FORM,
        TO_ROUTE,
        TO_COMMON_DOSAGE,
    ],
    many: &[],
    subject: Some("patient"),
};

/// The stay.
const REGISTRATION: Node = Node {
    model: "gnuhealth.inpatient.registration",
    fields: &[
        renamed("code", &["name"]),
        renamed("patient_id", &["patient"]),
    ],
    one: &[Relation {
        key: "patient",
        columns: &["patient"],
        node: &PATIENT_NAME,
    }],
    many: &[],
    subject: Some("patient"),
};

static INPATIENT_ROOT: Node = Node {
    model: "gnuhealth.inpatient.medication",
    fields: &[
        ID,
        renamed("medicament_id", &["medicament"]),
        renamed("recorded", &["create_date"]),
        plain(&["is_active"]),
        plain(&["discontinued"]),
        plain(&["course_completed"]),
        plain(&["discontinued_reason"]),
        plain(&["start_treatment"]),
        plain(&["end_treatment"]),
        plain(&["adverse_reaction"]),
        read_as(&["dose"], Read::Text),
        plain(&["qty"]),
        plain(&["frequency"]),
        plain(&["frequency_unit"]),
        plain(&["frequency_prn"]),
    ],
    one: &[
        Relation {
            key: "registration",
            columns: &["registration", "name"],
            node: &REGISTRATION,
        },
        MEDICAMENT,
        INDICATION,
        TO_DOSE_UNIT,
        TO_DRUG_FORM,
        TO_ROUTE,
        TO_COMMON_DOSAGE,
    ],
    many: &[ADMIN_TIMES],
    subject: Some("registration"),
};

const STATUS: &str = "http://hl7.org/fhir/CodeSystem/medication-statement-status";
const CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/medication-statement-category";

/// The end of the system of the codes of stays.
const STAY: &str = "inpatient-registration";

/// Of the three flags Tryton's clients let only one be set. Should more be, what ended it counts.
const STATUSES: Value = Value::Sql(
    "CASE WHEN {discontinued} IS TRUE THEN 'stopped' WHEN {course_completed} IS TRUE THEN 'completed' \
     WHEN {is_active} IS TRUE THEN 'active' ELSE 'unknown' END",
);

/// As [`period`] shows it.
const END: Value =
    Value::Sql("CASE WHEN {start_treatment} > {end_treatment} THEN NULL ELSE {end_treatment} END");

const PERIOD: (Value, Meaning) = (Value::Field("start_treatment"), Meaning::Until(END));

const REGISTRATIONS: &[&str] = &["registration"];

const PATIENTS: &[Target] = &[
    Target::new(
        &[],
        Value::Field("patient_id"),
        Meaning::Reference("Patient", ""),
    ),
    Target::new(
        REGISTRATIONS,
        Value::Field("patient_id"),
        Meaning::Reference("Patient", ""),
    )
    .of(INPATIENT),
];

const fn both(value: Value, meaning: Meaning) -> [Target; 2] {
    [
        Target::new(&[], value, meaning),
        Target::new(&[], value, meaning).of(INPATIENT),
    ]
}

static PARAMETERS: &[Parameter] = &[
    Parameter::new(
        "category",
        Kind::Token,
        "MedicationStatement-category",
        "inpatient, of what is given during a stay.",
        &[Target::new(
            &[],
            Value::Sql("'inpatient'::text"),
            Meaning::Token(System::Fixed(CATEGORY)),
        )
        .of(INPATIENT)],
    ),
    Parameter::new(
        "context",
        Kind::Reference,
        "MedicationStatement-context",
        "The stay during which it is given, by its registration code: `:identifier`.",
        &[Target::new(
            REGISTRATIONS,
            Value::Field("code"),
            Meaning::Logical(System::Local(STAY)),
        )
        .of(INPATIENT)],
    )
    .with_elements(&["context"], &[]),
    Parameter::new(
        "effective",
        Kind::Date,
        "MedicationStatement-effective",
        "From the start to the end of the treatment.",
        &both(PERIOD.0, PERIOD.1),
    ),
    Parameter::new(
        "medication",
        Kind::Reference,
        "medications-medication",
        "The drug.",
        &both(
            Value::Field("medicament_id"),
            Meaning::Reference("Medication", ""),
        ),
    )
    .with_elements(&["medicationReference"], &["Medication"]),
    Parameter::new(
        "patient",
        Kind::Reference,
        "clinical-patient",
        "The patient.",
        PATIENTS,
    )
    .with_elements(&["subject"], &["Patient"]),
    Parameter::new(
        "source",
        Kind::Reference,
        "MedicationStatement-source",
        "The health professional who prescribed or reviewed it.",
        &[Target::new(
            &[],
            Value::Field("healthprof_id"),
            Meaning::Reference("Practitioner", ""),
        )],
    )
    .with_elements(
        &["informationSource"],
        &[
            "Organization",
            "Patient",
            "Practitioner",
            "PractitionerRole",
        ],
    ),
    Parameter::new(
        "status",
        Kind::Token,
        "medications-status",
        "active, completed, stopped or unknown.",
        &both(STATUSES, Meaning::Token(System::Fixed(STATUS))),
    ),
    Parameter::new(
        "subject",
        Kind::Reference,
        "MedicationStatement-subject",
        "The patient.",
        PATIENTS,
    )
    .with_elements(&["subject"], &["Patient"]),
];

/// What the resource type is.
pub static DECLARATION: Declaration = Declaration {
    name: "MedicationStatement",
    sources: &[
        Source {
            prefix: "",
            root: &ROOT,
            only: Only::All,
            measures: &[],
        },
        Source {
            prefix: INPATIENT,
            root: &INPATIENT_ROOT,
            only: Only::PartOf("registration"),
            measures: &[],
        },
    ],
    parameters: PARAMETERS,
    compartments: &[("Patient", "subject"), ("Practitioner", "source")],
    documentation: "What patients take (gnuhealth.patient.medication), and what they are given while they stay \
                    (gnuhealth.inpatient.medication).",
};

/// A row of either. A field of a field is `None` outside if the column does not exist or the user may not read it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Row {
    patient_id: Option<i64>,
    patient: Option<Person>,
    registration: Option<Registration>,
    medicament_id: Option<i64>,
    medicament: Option<Medicament>,
    indication: Option<Pathology>,
    healthprof_id: Option<i64>,
    healthprof: Option<Person>,
    prescription: Option<Prescription>,
    recorded: Option<String>,
    #[serde(deserialize_with = "readable")]
    is_active: Option<Option<bool>>,
    #[serde(deserialize_with = "readable")]
    discontinued: Option<Option<bool>>,
    #[serde(deserialize_with = "readable")]
    course_completed: Option<Option<bool>>,
    discontinued_reason: Option<String>,
    start_treatment: Option<String>,
    end_treatment: Option<String>,
    adverse_reaction: Option<String>,
    notes: Option<String>,
    #[serde(flatten)]
    taken: Taken,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Registration {
    code: Option<String>,
    patient_id: Option<i64>,
    patient: Option<Person>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Prescription {
    prescription_id: Option<String>,
    lines: Option<Vec<Line>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Line {
    id: i64,
    medicament_id: Option<i64>,
}

impl Resource for MedicationStatement {
    const DECLARATION: &'static Declaration = &DECLARATION;
    type Fhir = r4::MedicationStatement;

    fn render(json: &str, record: &Record<'_>) -> serde_json::Result<r4::MedicationStatement> {
        let row: Row = serde_json::from_str(json)?;
        let is_inpatient = record.source.prefix == INPATIENT;
        let status = row.status();
        let indication = row.indication.as_ref();
        let effective = period(row.start_treatment.as_ref(), row.end_treatment.as_ref());
        let medication = medication_reference(row.medicament_id, row.medicament.as_ref());
        Ok(r4::MedicationStatement {
            id: Some(record.id.clone()),
            meta: record.version.map(Version::meta),
            based_on: row.based_on(record),
            status_reason: row.status_reason(status).into_iter().collect(),
            category: is_inpatient.then(inpatient),
            context: row
                .registration
                .as_ref()
                .and_then(|stay| stay.reference(record)),
            effective: effective.map(MedicationStatementEffective::Period),
            date_asserted: row.date_asserted(),
            information_source: practitioner_reference(row.healthprof_id, row.healthprof.as_ref()),
            reason_code: indication
                .and_then(|pathology| pathology.concept(record))
                .into_iter()
                .collect(),
            note: row.notes(),
            dosage: row.taken.dosage(None, record).into_iter().collect(),
            ..r4::MedicationStatement::new(
                status,
                MedicationStatementMedication::Reference(absent::reference(
                    medication,
                    DataAbsentReason::Unknown,
                )),
                absent::reference(row.subject(), DataAbsentReason::Unknown),
            )
        })
    }
}

fn inpatient() -> CodeableConcept {
    let coding = coding(CATEGORY, "inpatient", Some("Inpatient".to_owned()));
    concept(Some(coding), None)
}

impl Row {
    /// What may not be read could be what ended it.
    fn status(&self) -> MedicationStatementStatus {
        match (self.discontinued, self.course_completed, self.is_active) {
            (Some(Some(true)), ..) => MedicationStatementStatus::Stopped,
            (None, ..) => MedicationStatementStatus::Unknown,
            (_, Some(Some(true)), _) => MedicationStatementStatus::Completed,
            (_, Some(_), Some(Some(true))) => MedicationStatementStatus::Active,
            _ => MedicationStatementStatus::Unknown,
        }
    }

    /// Tryton's clients show the reason only of what was discontinued.
    fn status_reason(&self, status: MedicationStatementStatus) -> Option<CodeableConcept> {
        let stopped = status == MedicationStatementStatus::Stopped;
        let reason = self.discontinued_reason.as_ref().filter(|_| stopped);
        Some(concept(None, Some(filled(reason)?)))
    }

    fn subject(&self) -> Option<Reference> {
        let of_stay = || {
            let stay = self.registration.as_ref()?;
            patient_reference(stay.patient_id, stay.patient.as_ref())
        };
        patient_reference(self.patient_id, self.patient.as_ref()).or_else(of_stay)
    }

    /// The lines of the prescription that are for the same drug. The number of the prescription, where none is or may be
    /// read.
    fn based_on(&self, record: &Record<'_>) -> Vec<Reference> {
        let Some(prescription) = &self.prescription else {
            return Vec::new();
        };
        let lines = prescription.lines.iter().flatten();
        let same = lines.filter(|line| {
            line.medicament_id.is_some() && line.medicament_id == self.medicament_id
        });
        let same: Vec<Reference> = same.map(Line::reference).collect();
        if same.is_empty() {
            return prescription.reference(record).into_iter().collect();
        }
        same
    }

    /// When the record was made, to the second.
    fn date_asserted(&self) -> Option<DateTime> {
        let second = self.recorded.as_ref()?.split('.').next()?.to_owned();
        moment(Some(&second))
    }

    fn notes(&self) -> Vec<Annotation> {
        [&self.adverse_reaction, &self.notes]
            .into_iter()
            .filter_map(|text| filled(text.as_ref()))
            .map(Annotation::new)
            .collect()
    }
}

impl Registration {
    /// Stays are not served: the registration code.
    fn reference(&self, record: &Record<'_>) -> Option<Reference> {
        let identifier = Identifier {
            system: Some(record.system(STAY)),
            value: Some(filled(self.code.as_ref())?),
            ..Identifier::default()
        };
        logical_reference("Encounter", Some(identifier), None)
    }
}

impl Prescription {
    fn reference(&self, record: &Record<'_>) -> Option<Reference> {
        let identifier = Identifier {
            system: Some(record.system("prescription")),
            value: Some(filled(self.prescription_id.as_ref())?),
            ..Identifier::default()
        };
        logical_reference("MedicationRequest", Some(identifier), None)
    }
}

impl Line {
    fn reference(&self) -> Reference {
        Reference {
            reference: Some(format!("MedicationRequest/{}", self.id)),
            r#type: Some("MedicationRequest".to_owned()),
            ..Reference::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn of(source: usize, row: &Value) -> Value {
        let record = Record {
            id: "5".to_owned(),
            version: None,
            system_base: "https://h/ns",
            source: &DECLARATION.sources[source],
            measure: None,
        };
        serde_json::to_value(MedicationStatement::render(&row.to_string(), &record).unwrap())
            .unwrap()
    }

    fn rendered(row: &Value) -> Value {
        of(0, row)
    }

    #[test]
    fn the_status_is_what_ended_it_or_that_it_goes_on() {
        let row = |active: Value, completed: Value, discontinued: Value| {
            json!({"is_active": active,
            "course_completed": completed, "discontinued": discontinued, "discontinued_reason": "Nausea"})
        };
        let (yes, no) = (json!(true), json!(false));
        for (active, completed, discontinued, status) in [
            (&yes, &no, &no, "active"),
            (&no, &yes, &no, "completed"),
            (&no, &no, &yes, "stopped"),
            (&yes, &no, &yes, "stopped"),
            (&yes, &yes, &no, "completed"),
            (&no, &no, &no, "unknown"),
            (&Value::Null, &Value::Null, &Value::Null, "unknown"),
            (&yes, &Value::Null, &Value::Null, "active"),
        ] {
            let found = rendered(&row(
                active.clone(),
                completed.clone(),
                discontinued.clone(),
            ));
            assert_eq!(
                found["status"], status,
                "{active} {completed} {discontinued}"
            );
            let reason = &found["statusReason"][0]["text"];
            assert_eq!(reason.as_str(), (status == "stopped").then_some("Nausea"));
        }
    }

    #[test]
    fn who_may_not_read_what_ended_it_is_told_no_status() {
        for row in [
            json!({"is_active": true}),
            json!({"is_active": true, "discontinued": false}),
            json!({"is_active": true, "course_completed": true}),
            json!({"discontinued": false, "course_completed": false}),
        ] {
            assert_eq!(rendered(&row)["status"], "unknown");
        }
        let row = json!({"discontinued": false, "course_completed": true});
        assert_eq!(rendered(&row)["status"], "completed");
    }

    #[test]
    fn a_statement_says_what_who_when_why_and_from_whom() {
        let row = json!({"patient_id": 7, "patient": {"party": {"name": "Ana", "lastname": "Betz"}}, "healthprof_id": 2,
            "medicament_id": 3, "medicament": {"active_component": "paracetamol"},
            "indication": {"code": "R51", "name": "Headache"}, "recorded": "2026-11-01T10:00:00.5",
            "start_treatment": "2026-10-01T09:00:00", "end_treatment": "2026-10-20T09:00:00",
            "adverse_reaction": "Nausea", "notes": " ", "dose": "0"});
        let found = rendered(&row);
        let patient = json!({"reference": "Patient/7", "type": "Patient", "display": "Betz, Ana"});
        assert_eq!(found["subject"], patient);
        let drug =
            json!({"reference": "Medication/3", "type": "Medication", "display": "paracetamol"});
        assert_eq!(found["medicationReference"], drug);
        assert_eq!(found["informationSource"]["reference"], "Practitioner/2");
        assert_eq!(found["reasonCode"][0]["coding"][0]["code"], "R51");
        assert_eq!(found["dateAsserted"], "2026-11-01T10:00:00Z");
        assert_eq!(
            found["effectivePeriod"],
            json!({"start": "2026-10-01T09:00:00Z", "end": "2026-10-20T09:00:00Z"})
        );
        assert_eq!(found["note"], json!([{"text": "Nausea"}]));
        assert_eq!(
            found["dosage"][0]["doseAndRate"][0]["doseQuantity"],
            json!({"value": 0})
        );
        assert!(found.get("category").is_none() && found.get("context").is_none());
    }

    #[test]
    fn a_stay_is_the_context_and_has_the_patient() {
        let row = json!({"registration": {"code": "REG 1", "patient_id": 7}, "medicament_id": 3});
        let found = of(1, &row);
        assert_eq!(found["subject"]["reference"], "Patient/7");
        assert_eq!(found["category"]["coding"][0]["code"], "inpatient");
        assert_eq!(
            found["context"],
            json!({"type": "Encounter",
                "identifier": {"system": "https://h/ns/inpatient-registration", "value": "REG 1"}})
        );
    }

    #[test]
    fn a_prescription_is_referred_to_by_the_lines_for_the_same_drug_or_by_its_number() {
        let based_on = |lines: Value| {
            let prescription = json!({"prescription_id": "PRES 1", "lines": lines});
            rendered(&json!({"medicament_id": 3, "prescription": prescription}))["basedOn"].clone()
        };
        let lines = json!([{"id": 8, "medicament_id": 3}, {"id": 9, "medicament_id": 4}]);
        assert_eq!(
            based_on(lines),
            json!([{"reference": "MedicationRequest/8", "type": "MedicationRequest"}])
        );
        let number = json!([{"type": "MedicationRequest",
            "identifier": {"system": "https://h/ns/prescription", "value": "PRES 1"}}]);
        assert_eq!(based_on(json!([{"id": 9, "medicament_id": null}])), number);
        assert_eq!(based_on(Value::Null), number);
    }

    #[test]
    fn a_statement_of_which_nothing_may_be_read_is_still_a_valid_one() {
        let absent = json!({"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
            "valueCode": "unknown"}]});
        assert_eq!(
            rendered(&json!({})),
            json!({"resourceType": "MedicationStatement", "id": "5", "status": "unknown",
                "medicationReference": absent, "subject": absent})
        );
    }
}
