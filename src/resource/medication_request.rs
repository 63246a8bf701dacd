//! MedicationRequest: what was prescribed, the lines of prescriptions (`gnuhealth.prescription.line`) with their order
//! (`gnuhealth.prescription.order`).

use serde::Deserialize;

use crate::fhir::concept::{coding, concept};
use crate::fhir::r4::{
    self, Annotation, CodeableConcept, DataAbsentReason, Decimal, Identifier,
    MedicationRequestDispenseRequest, MedicationRequestIntent, MedicationRequestMedication,
    MedicationRequestStatus, MedicationRequestSubstitution, MedicationRequestSubstitutionAllowed,
    Quantity, Reference,
};
use crate::search::declaration::{Declaration, Only, Source};
use crate::search::parameter::{Kind, Meaning, Parameter, System, Target, Value};
use crate::tryton::model::{ID, Node, Read, Relation, leaf, plain, read_as};

use super::dosage::{TO_COMMON_DOSAGE, TO_DOSE_UNIT, TO_ROUTE, Taken, period};
use super::drug_form::TO_DRUG_FORM;
use super::medicament::{MEDICAMENT_NAME, Medicament, medication_reference};
use super::pathology::{PATHOLOGY, Pathology};
use super::person::{
    PATIENT_NAME, PHARMACY, PROFESSIONAL_NAME, Party, Person, filled, logical_reference, moment,
    patient_reference, pharmacy_reference, practitioner_reference, renamed,
};
use super::{Record, Resource, Version, absent};

/// The resource type MedicationRequest.
pub struct MedicationRequest;

/// As much of a pharmacy as a reference shows.
const PHARMACY_NAME: Node = leaf(
    "party.party",
    &[
        plain(&["name"]),
        plain(&["lastname"]),
        plain(&["is_pharmacy"]),
    ],
);

const ORDER: Node = Node {
    model: "gnuhealth.prescription.order",
    fields: &[
        plain(&["state"]),
        plain(&["prescription_id"]),
        plain(&["prescription_date"]),
        plain(&["notes"]),
        renamed("patient_id", &["patient"]),
        renamed("healthprof_id", &["healthprof"]),
        renamed("pharmacy_id", &["pharmacy"]),
    ],
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
            key: "pharmacy",
            columns: &["pharmacy"],
            node: &PHARMACY_NAME,
        },
    ],
    many: &[],
    subject: Some("patient"),
};

static ROOT: Node = Node {
    model: "gnuhealth.prescription.line",
    fields: &[
        ID,
        renamed("medicament_id", &["medicament"]),
        plain(&["review"]),
        plain(&["quantity"]),
        plain(&["refills"]),
        plain(&["allow_substitution"]),
        plain(&["short_comment"]),
        plain(&["start_treatment"]),
        plain(&["end_treatment"]),
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
        Relation {
            key: "order",
            columns: &["presc_order", "name"],
            node: &ORDER,
        },
        Relation {
            key: "medicament",
            columns: &["medicament"],
            node: &MEDICAMENT_NAME,
        },
        Relation {
            key: "indication",
            columns: &["indication"],
            node: &PATHOLOGY,
        },
        TO_DOSE_UNIT,
        TO_DRUG_FORM,
        TO_ROUTE,
        TO_COMMON_DOSAGE,
    ],
    many: &[],
    subject: Some("order"),
};

const STATUS: &str = "http://hl7.org/fhir/CodeSystem/medicationrequest-status";
const INTENT: &str = "http://hl7.org/fhir/CodeSystem/medicationrequest-intent";

const OF_ORDER: &[&str] = &["order"];

const fn of_order(value: Value, meaning: Meaning) -> Target {
    Target::new(OF_ORDER, value, meaning)
}

const PATIENTS: &[Target] = &[of_order(
    Value::Field("patient_id"),
    Meaning::Reference("Patient", ""),
)];

static PARAMETERS: &[Parameter] = &[
    Parameter::new(
        "authoredon",
        Kind::Date,
        "MedicationRequest-authoredon",
        "When it was prescribed.",
        &[of_order(Value::Field("prescription_date"), Meaning::Moment)],
    ),
    Parameter::new(
        "intended-dispenser",
        Kind::Reference,
        "MedicationRequest-intended-dispenser",
        "The pharmacy.",
        &[of_order(
            Value::Sql("CASE WHEN {pharmacy/is_pharmacy} IS TRUE THEN {pharmacy_id} END"),
            Meaning::Reference("Organization", PHARMACY),
        )],
    )
    .with_elements(&["dispenseRequest.performer"], &["Organization"]),
    Parameter::new(
        "intent",
        Kind::Token,
        "MedicationRequest-intent",
        "order.",
        &[Target::new(
            &[],
            Value::Sql("'order'::text"),
            Meaning::Token(System::Fixed(INTENT)),
        )],
    ),
    Parameter::new(
        "medication",
        Kind::Reference,
        "medications-medication",
        "The drug.",
        &[Target::new(
            &[],
            Value::Field("medicament_id"),
            Meaning::Reference("Medication", ""),
        )],
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
        "requester",
        Kind::Reference,
        "MedicationRequest-requester",
        "The health professional who prescribed it.",
        &[of_order(
            Value::Field("healthprof_id"),
            Meaning::Reference("Practitioner", ""),
        )],
    )
    .with_elements(
        &["requester"],
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
        "draft, or active once the prescription was made; unknown.",
        &[Target::new(
            &[],
            Value::Sql(
                "CASE WHEN {order/state} = 'draft' THEN 'draft' \
                 WHEN {order/state} IN ('done', 'validated') THEN 'active' ELSE 'unknown' END",
            ),
            Meaning::Token(System::Fixed(STATUS)),
        )],
    ),
    Parameter::new(
        "subject",
        Kind::Reference,
        "MedicationRequest-subject",
        "The patient.",
        PATIENTS,
    )
    .with_elements(&["subject"], &["Patient"]),
];

/// What the resource type is.
pub static DECLARATION: Declaration = Declaration {
    name: "MedicationRequest",
    sources: &[Source {
        prefix: "",
        root: &ROOT,
        only: Only::All,
        measures: &[],
    }],
    parameters: PARAMETERS,
    compartments: &[("Patient", "subject"), ("Practitioner", "requester")],
    documentation: "The lines of prescriptions (gnuhealth.prescription.line) with their order (gnuhealth.prescription.order).",
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Row {
    order: Option<Order>,
    medicament_id: Option<i64>,
    medicament: Option<Medicament>,
    indication: Option<Pathology>,
    review: Option<String>,
    quantity: Option<i64>,
    refills: Option<i64>,
    allow_substitution: Option<bool>,
    short_comment: Option<String>,
    start_treatment: Option<String>,
    end_treatment: Option<String>,
    #[serde(flatten)]
    taken: Taken,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Order {
    state: Option<String>,
    prescription_id: Option<String>,
    prescription_date: Option<String>,
    notes: Option<String>,
    patient_id: Option<i64>,
    patient: Option<Person>,
    healthprof_id: Option<i64>,
    healthprof: Option<Person>,
    pharmacy_id: Option<i64>,
    pharmacy: Option<Pharmacy>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Pharmacy {
    is_pharmacy: Option<bool>,
    #[serde(flatten)]
    party: Party,
}

impl Resource for MedicationRequest {
    const DECLARATION: &'static Declaration = &DECLARATION;
    type Fhir = r4::MedicationRequest;

    fn render(json: &str, record: &Record<'_>) -> serde_json::Result<r4::MedicationRequest> {
        let row: Row = serde_json::from_str(json)?;
        let unknown = Order::default();
        let order = row.order.as_ref().unwrap_or(&unknown);
        let indication = row.indication.as_ref();
        let treatment = period(row.start_treatment.as_ref(), row.end_treatment.as_ref());
        let medication = medication_reference(row.medicament_id, row.medicament.as_ref());
        let patient = patient_reference(order.patient_id, order.patient.as_ref());
        Ok(r4::MedicationRequest {
            id: Some(record.id.clone()),
            meta: record.version.map(Version::meta),
            authored_on: moment(order.prescription_date.as_ref()),
            requester: practitioner_reference(order.healthprof_id, order.healthprof.as_ref()),
            reason_code: indication
                .and_then(|pathology| pathology.concept(record))
                .into_iter()
                .collect(),
            group_identifier: order.identifier(record),
            course_of_therapy_type: row.taken.is_indefinite().then(continuous),
            note: row.notes(order),
            dosage_instruction: row.taken.dosage(treatment, record).into_iter().collect(),
            dispense_request: row.dispense_request(order, record),
            substitution: row.allow_substitution.map(|allowed| {
                let allowed = MedicationRequestSubstitutionAllowed::Boolean(allowed);
                MedicationRequestSubstitution::new(allowed)
            }),
            ..r4::MedicationRequest::new(
                order.status(),
                MedicationRequestIntent::Order,
                MedicationRequestMedication::Reference(absent::reference(
                    medication,
                    DataAbsentReason::Unknown,
                )),
                absent::reference(patient, DataAbsentReason::Unknown),
            )
        })
    }
}

/// GNU Health's indefinite treatment is that of chronic conditions, as the help of the field says.
fn continuous() -> CodeableConcept {
    let system = "http://terminology.hl7.org/CodeSystem/medicationrequest-course-of-therapy";
    let display = "Continuous long term therapy".to_owned();
    concept(Some(coding(system, "continuous", Some(display))), None)
}

impl Order {
    /// Done is a prescription that was made, and validated one that was signed: whether it was dispensed, GNU Health does
    /// not say.
    fn status(&self) -> MedicationRequestStatus {
        match self.state.as_deref() {
            Some("draft") => MedicationRequestStatus::Draft,
            Some("done" | "validated") => MedicationRequestStatus::Active,
            _ => MedicationRequestStatus::Unknown,
        }
    }

    /// A party that is no pharmacy any more is not served as one: only its name is told.
    fn pharmacy(&self) -> Option<Reference> {
        let pharmacy = self.pharmacy.as_ref()?;
        if pharmacy.is_pharmacy == Some(true) {
            return pharmacy_reference(self.pharmacy_id, Some(&pharmacy.party));
        }
        logical_reference("Organization", None, pharmacy.party.display())
    }

    /// The number that the lines of a prescription share.
    fn identifier(&self, record: &Record<'_>) -> Option<Identifier> {
        Some(Identifier {
            system: Some(record.system("prescription")),
            value: Some(filled(self.prescription_id.as_ref())?),
            ..Identifier::default()
        })
    }
}

impl Row {
    fn notes(&self, order: &Order) -> Vec<Annotation> {
        [&self.short_comment, &order.notes]
            .into_iter()
            .filter_map(|text| filled(text.as_ref()))
            .map(Annotation::new)
            .collect()
    }

    fn dispense_request(
        &self,
        order: &Order,
        record: &Record<'_>,
    ) -> Option<MedicationRequestDispenseRequest> {
        let request = MedicationRequestDispenseRequest {
            validity_period: period(None, self.review.as_ref()),
            number_of_repeats_allowed: self.refills.and_then(|number| number.try_into().ok()),
            quantity: self.quantity(record),
            expected_supply_duration: self.taken.duration(),
            performer: order.pharmacy(),
            ..MedicationRequestDispenseRequest::default()
        };
        (request != MedicationRequestDispenseRequest::default()).then_some(request)
    }

    /// So many tablets.
    fn quantity(&self, record: &Record<'_>) -> Option<Quantity> {
        let number = Decimal::parse(self.quantity?.to_string()).ok()?;
        Some(match self.taken.form() {
            Some(form) => form.quantity(number, record),
            None => Quantity {
                value: Some(number),
                ..Quantity::default()
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn rendered(row: &Value) -> Value {
        let record = Record {
            id: "5".to_owned(),
            version: None,
            system_base: "https://h/ns",
            source: &DECLARATION.sources[0],
            measure: None,
        };
        serde_json::to_value(MedicationRequest::render(&row.to_string(), &record).unwrap()).unwrap()
    }

    #[test]
    fn a_request_is_active_once_the_prescription_was_made() {
        for (state, status) in [
            (json!("draft"), "draft"),
            (json!("done"), "active"),
            (json!("validated"), "active"),
            (json!("else"), "unknown"),
            (Value::Null, "unknown"),
        ] {
            let found = rendered(&json!({"order": {"state": state}}));
            assert_eq!(found["status"], status);
            assert_eq!(found["intent"], "order");
        }
    }

    #[test]
    fn a_request_says_what_its_order_says() {
        let row = json!({"medicament_id": 3, "short_comment": "After meals", "order": {"prescription_id": "PRES 1",
            "prescription_date": "2026-10-01T10:30:00", "notes": "Twice", "patient_id": 7, "healthprof_id": 2,
            "pharmacy_id": 9, "pharmacy": {"name": "Green cross", "is_pharmacy": true}}});
        let found = rendered(&row);
        assert_eq!(
            found["groupIdentifier"],
            json!({"system": "https://h/ns/prescription", "value": "PRES 1"})
        );
        assert_eq!(found["authoredOn"], "2026-10-01T10:30:00Z");
        assert_eq!(found["subject"]["reference"], "Patient/7");
        assert_eq!(found["requester"]["reference"], "Practitioner/2");
        assert_eq!(found["medicationReference"]["reference"], "Medication/3");
        assert_eq!(
            found["note"],
            json!([{"text": "After meals"}, {"text": "Twice"}])
        );
        let pharmacy = json!({"reference": "Organization/pharmacy-9", "type": "Organization", "display": "Green cross"});
        assert_eq!(found["dispenseRequest"], json!({"performer": pharmacy}));
    }

    #[test]
    fn a_party_that_is_no_pharmacy_is_only_named() {
        let performer = |pharmacy: Value| {
            let row = json!({"order": {"pharmacy_id": 9, "pharmacy": pharmacy}});
            rendered(&row)["dispenseRequest"]["performer"].clone()
        };
        let named = json!({"type": "Organization", "display": "Green cross"});
        for pharmacy in [
            json!({"name": "Green cross", "is_pharmacy": false}),
            json!({"name": "Green cross"}),
        ] {
            assert_eq!(performer(pharmacy), named);
        }
        assert_eq!(performer(Value::Null), Value::Null);
    }

    #[test]
    fn what_shall_be_dispensed_may_be_nothing() {
        let row = json!({"review": "2026-12-01T10:00:00", "quantity": 0, "refills": 0, "allow_substitution": false,
            "form": {"code": "TAB", "name": "Tablet"}, "duration": 10, "duration_period": "months"});
        let found = rendered(&row);
        let request = &found["dispenseRequest"];
        assert_eq!(
            request["validityPeriod"],
            json!({"end": "2026-12-01T10:00:00Z"})
        );
        assert_eq!(request["numberOfRepeatsAllowed"], 0);
        assert_eq!(request["quantity"]["value"], 0);
        assert_eq!(request["quantity"]["code"], "TAB");
        assert_eq!(request["expectedSupplyDuration"]["code"], "mo");
        assert_eq!(found["substitution"], json!({"allowedBoolean": false}));
        let found = rendered(&json!({"refills": -1, "quantity": 3}));
        assert_eq!(found["dispenseRequest"], json!({"quantity": {"value": 3}}));
    }

    #[test]
    fn the_treatment_lasts_from_start_to_end_or_as_long_as_it_says() {
        let bounds =
            |row: Value| rendered(&row)["dosageInstruction"][0]["timing"]["repeat"].clone();
        let both = json!({"start_treatment": "2026-10-01T10:00:00", "duration": 10, "duration_period": "days"});
        assert_eq!(
            bounds(both),
            json!({"boundsPeriod": {"start": "2026-10-01T10:00:00Z"}})
        );
        let duration = json!({"duration": 10, "duration_period": "days"});
        assert_eq!(bounds(duration)["boundsDuration"]["value"], 10);
        let indefinite = rendered(&json!({"duration": 10, "duration_period": "indefinite"}));
        assert_eq!(
            indefinite["courseOfTherapyType"]["coding"][0]["code"],
            "continuous"
        );
        assert!(indefinite.get("dosageInstruction").is_none());
    }

    #[test]
    fn a_request_of_which_nothing_may_be_read_is_still_a_valid_one() {
        let absent = json!({"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
            "valueCode": "unknown"}]});
        assert_eq!(
            rendered(&json!({})),
            json!({"resourceType": "MedicationRequest", "id": "5", "status": "unknown", "intent": "order",
                "medicationReference": absent, "subject": absent})
        );
    }
}
