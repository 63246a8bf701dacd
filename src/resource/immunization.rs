//! Immunization: `gnuhealth.vaccination`.
//!
//! A record is a dose that the patient was given, signed or not: GNU Health refuses a second record of the same dose of a
//! vaccine, since it "has been given already" (`dose_uniq` in health/health.py). That a vaccination was refused or not done
//! it cannot say.

use serde::Deserialize;

use crate::fhir::concept::{coding, concept};
use crate::fhir::r4::{
    self, Annotation, CodeableConcept, Coding, DataAbsentReason, Date, DateTime, Decimal,
    ImmunizationOccurrence, ImmunizationPerformer, ImmunizationProtocolApplied,
    ImmunizationProtocolAppliedDoseNumber, ImmunizationStatus, Quantity,
};
use crate::search::declaration::{Declaration, Only, Source};
use crate::search::parameter::{Kind, Meaning, Parameter, System, Target, Value};
use crate::tryton::model::{ID, Node, Read, Relation, leaf, plain, read_as, translated};

use super::absent;
use super::person::{
    INSTITUTION, INSTITUTION_NAME, PATIENT_NAME, PROFESSIONAL_NAME, Person, filled,
    institution_reference, moment, patient_reference, practitioner_reference, renamed,
};
use super::product::{self, PRODUCT, Product};
use super::{Record, Resource, Version, units};

/// The resource type Immunization.
pub struct Immunization;

const VACCINE: Node = Node {
    model: "gnuhealth.medicament",
    fields: &[translated(&["active_component"])],
    one: &[Relation {
        key: "product",
        columns: &["product", "name"],
        node: &PRODUCT,
    }],
    many: &[],
    subject: None,
};

/// With health_stock. It has the expiration date from there, too.
const LOT: Node = leaf(
    "stock.lot",
    &[ID, plain(&["number"]), plain(&["expiration_date"])],
);

static ROOT: Node = Node {
    model: "gnuhealth.vaccination",
    fields: &[
        ID,
        renamed("patient_id", &["patient", "name"]),
        renamed("healthprof_id", &["healthprof"]),
        renamed("institution_id", &["institution"]),
        renamed("recorded", &["create_date"]),
        plain(&["date"]),
        plain(&["dose"]),
        read_as(&["amount"], Read::Text),
        plain(&["admin_route"]),
        plain(&["admin_site"]),
        plain(&["vaccine_lot"]),
        plain(&["vaccine_expiration_date"]),
        plain(&["observations"]),
    ],
    one: &[
        Relation {
            key: "patient",
            columns: &["patient", "name"],
            node: &PATIENT_NAME,
        },
        Relation {
            key: "vaccine",
            columns: &["vaccine"],
            node: &VACCINE,
        },
        Relation {
            key: "healthprof",
            columns: &["healthprof"],
            node: &PROFESSIONAL_NAME,
        },
        Relation {
            key: "institution",
            columns: &["institution"],
            node: &INSTITUTION_NAME,
        },
        Relation {
            key: "lot",
            columns: &["lot"],
            node: &LOT,
        },
    ],
    many: &[],
    subject: Some("patient"),
};

const STATUS: &str = "http://hl7.org/fhir/event-status";

const ACT_SITE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActSite";
const ROUTE: &str = "http://terminology.hl7.org/CodeSystem/v3-RouteOfAdministration";
const ROUTE_V2: &str = "http://terminology.hl7.org/CodeSystem/v2-0162";

/// A code, and its name in the code system.
type Named = (&'static str, &'static str);

/// A value of `admin_site`, what GNU Health calls it, and the code of v3 ActSite with its name. The fat of the thigh and of
/// the upper arm is in these; v3 has no code for a whole forearm.
const SITES: &[(&str, &str, Option<Named>)] = &[
    (
        "lvl",
        "left vastus lateralis",
        Some(("LVL", "left vastus lateralis")),
    ),
    (
        "rvl",
        "right vastus lateralis",
        Some(("RVL", "right vastus lateralis")),
    ),
    ("ld", "left deltoid", Some(("LD", "left deltoid"))),
    ("rd", "right deltoid", Some(("RD", "right deltoid"))),
    (
        "lalt",
        "left anterolateral fat of thigh",
        Some(("LT", "left thigh")),
    ),
    (
        "ralt",
        "right anterolateral fat of thigh",
        Some(("RT", "right thigh")),
    ),
    (
        "lpua",
        "left posterolateral fat of upper arm",
        Some(("LUA", "left upper arm")),
    ),
    (
        "rpua",
        "right posterolateral fat of upper arm",
        Some(("RUA", "right upper arm")),
    ),
    ("lfa", "left fore arm", None),
    ("rfa", "right fore arm", None),
];

/// A value of `admin_route`; the code of v2 table 0162, of which GNU Health has the name too; the code of v3
/// RouteOfAdministration with its name, which R4 suggests. v3 has none that says only that it was through the nose.
const ROUTES: &[(&str, Named, Option<Named>)] = &[
    (
        "im",
        ("IM", "Intramuscular"),
        Some(("IM", "Injection, intramuscular")),
    ),
    (
        "sc",
        ("SC", "Subcutaneous"),
        Some(("SQ", "Injection, subcutaneous")),
    ),
    (
        "id",
        ("ID", "Intradermal"),
        Some(("IDINJ", "Injection, intradermal")),
    ),
    ("nas", ("IN", "Intranasal"), None),
    ("po", ("PO", "Oral"), Some(("PO", "Swallow, oral"))),
];

const TEMPLATES: &[&str] = &["vaccine", "product", "template"];

const CODE: Target = Target::new(
    &["vaccine", "product"],
    Value::Field("code"),
    Meaning::Token(System::Local(product::LOCAL)),
);

const NAME: Target = Target::new(TEMPLATES, Value::Field("name"), Meaning::Text);

const COMPONENT: Target = Target::new(
    &["vaccine"],
    Value::Field("active_component"),
    Meaning::Text,
)
.unless(TEMPLATES);

static PARAMETERS: &[Parameter] = &[
    Parameter::new(
        "date",
        Kind::Date,
        "clinical-date",
        "When the dose was given.",
        &[Target::new(&[], Value::Field("date"), Meaning::Moment)],
    ),
    Parameter::new(
        "lot-number",
        Kind::String,
        "Immunization-lot-number",
        "The number of the lot.",
        &[Target::new(
            &[],
            Value::Sql("CASE WHEN {?lot/id} IS NULL THEN {vaccine_lot} ELSE {?lot/number} END"),
            Meaning::Text,
        )],
    ),
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
        "performer",
        Kind::Reference,
        "Immunization-performer",
        "The health professional who gave or reviewed it, and the institution where it was given.",
        &[
            Target::new(
                &[],
                Value::Field("healthprof_id"),
                Meaning::Reference("Practitioner", ""),
            ),
            Target::new(
                &[],
                Value::Field("institution_id"),
                Meaning::Reference("Organization", INSTITUTION),
            ),
        ],
    )
    .with_elements(
        &["performer.actor"],
        &["Organization", "Practitioner", "PractitionerRole"],
    ),
    Parameter::new(
        "status",
        Kind::Token,
        "Immunization-status",
        "completed.",
        &[Target::new(
            &[],
            Value::Sql("'completed'::text"),
            Meaning::Token(System::Fixed(STATUS)),
        )],
    ),
    Parameter::new(
        "vaccine-code",
        Kind::Token,
        "Immunization-vaccine-code",
        "The hospital's code of the product.",
        // A text is no token: it counts for `:missing` only.
        &[CODE, NAME, COMPONENT],
    )
    .with_texts(&[NAME, COMPONENT]),
];

/// What the resource type is.
pub static DECLARATION: Declaration = Declaration {
    name: "Immunization",
    sources: &[Source {
        prefix: "",
        root: &ROOT,
        only: Only::All,
        measures: &[],
    }],
    parameters: PARAMETERS,
    compartments: &[("Patient", "patient"), ("Practitioner", "performer")],
    documentation: "The doses of vaccines that patients were given (gnuhealth.vaccination).",
};

/// A row.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Row {
    patient_id: Option<i64>,
    patient: Option<Person>,
    healthprof_id: Option<i64>,
    healthprof: Option<Person>,
    institution_id: Option<i64>,
    institution: Option<Person>,
    recorded: Option<String>,
    date: Option<String>,
    dose: Option<i64>,
    amount: Option<String>,
    admin_route: Option<String>,
    admin_site: Option<String>,
    vaccine_lot: Option<String>,
    vaccine_expiration_date: Option<String>,
    observations: Option<String>,
    vaccine: Option<Vaccine>,
    lot: Option<Lot>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Vaccine {
    active_component: Option<String>,
    product: Option<Product>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Lot {
    number: Option<String>,
    expiration_date: Option<String>,
}

impl Resource for Immunization {
    const DECLARATION: &'static Declaration = &DECLARATION;
    type Fhir = r4::Immunization;

    fn render(json: &str, record: &Record<'_>) -> serde_json::Result<r4::Immunization> {
        let row: Row = serde_json::from_str(json)?;
        let vaccine = row
            .vaccine
            .as_ref()
            .and_then(|vaccine| vaccine.concept(record));
        let patient = patient_reference(row.patient_id, row.patient.as_ref());
        Ok(r4::Immunization {
            id: Some(record.id.clone()),
            meta: record.version.map(Version::meta),
            recorded: row.recorded(),
            lot_number: row.lot_number(),
            expiration_date: row.expiration_date(),
            site: row.admin_site.as_deref().and_then(site),
            route: row.admin_route.as_deref().and_then(route),
            dose_quantity: row.dose_quantity(),
            performer: row.performers(),
            note: filled(row.observations.as_ref())
                .map(Annotation::new)
                .into_iter()
                .collect(),
            protocol_applied: row.protocol().into_iter().collect(),
            ..r4::Immunization::new(
                ImmunizationStatus::Completed,
                absent::concept(vaccine, DataAbsentReason::Unknown),
                absent::reference(patient, DataAbsentReason::Unknown),
                row.occurrence(),
            )
        })
    }
}

impl Vaccine {
    /// What GNU Health calls a medicament is the name of its product; the active component stands in where there is none.
    fn concept(&self, record: &Record<'_>) -> Option<CodeableConcept> {
        let unknown = Product::default();
        let product = self.product.as_ref().unwrap_or(&unknown);
        product.concept(record, self.active_component.as_ref())
    }
}

impl Row {
    /// The time is required; R4 allows words where it is not known.
    fn occurrence(&self) -> ImmunizationOccurrence {
        moment(self.date.as_ref()).map_or_else(
            || ImmunizationOccurrence::String("Unknown".to_owned()),
            ImmunizationOccurrence::DateTime,
        )
    }

    /// When the record was made, to the second.
    fn recorded(&self) -> Option<DateTime> {
        let second = self.recorded.as_ref()?.split('.').next()?.to_owned();
        moment(Some(&second))
    }

    /// Of the lot in the stock, or what was written down where none was chosen.
    fn lot_number(&self) -> Option<String> {
        filled(match &self.lot {
            Some(lot) => lot.number.as_ref(),
            None => self.vaccine_lot.as_ref(),
        })
    }

    fn expiration_date(&self) -> Option<Date> {
        let day = match &self.lot {
            Some(lot) => lot.expiration_date.as_ref(),
            None => self.vaccine_expiration_date.as_ref(),
        };
        Date::parse(day?.as_str()).ok()
    }

    /// The amount is in mL, as the help of the field says.
    fn dose_quantity(&self) -> Option<Quantity> {
        let amount = Decimal::parse(self.amount.as_ref()?.as_str()).ok()?;
        Some(units::measured(amount, "mL", "mL"))
    }

    /// Who "administered or reviewed" it, says GNU Health: so there is no function. The institution is where the patient was
    /// vaccinated.
    fn performers(&self) -> Vec<ImmunizationPerformer> {
        [
            practitioner_reference(self.healthprof_id, self.healthprof.as_ref()),
            institution_reference(self.institution_id, self.institution.as_ref()),
        ]
        .into_iter()
        .flatten()
        .map(ImmunizationPerformer::new)
        .collect()
    }

    /// The number of the dose. Who counts from 0 has one that is no `positiveInt`.
    fn protocol(&self) -> Option<ImmunizationProtocolApplied> {
        let dose = self.dose?;
        let number = u32::try_from(dose).ok().filter(|dose| *dose > 0);
        Some(ImmunizationProtocolApplied::new(number.map_or_else(
            || ImmunizationProtocolAppliedDoseNumber::String(dose.to_string()),
            ImmunizationProtocolAppliedDoseNumber::PositiveInt,
        )))
    }
}

fn site(value: &str) -> Option<CodeableConcept> {
    let (_, name, code) = SITES.iter().find(|(site, _, _)| *site == value)?;
    let coding = code.map(|(code, display)| coding(ACT_SITE, code, Some(display.to_owned())));
    Some(concept(coding, Some((*name).to_owned())))
}

fn route(value: &str) -> Option<CodeableConcept> {
    let (_, (code, name), suggested) = ROUTES.iter().find(|(route, _, _)| *route == value)?;
    let suggested = suggested.map(|(code, display)| coding(ROUTE, code, Some(display.to_owned())));
    let own: Coding = coding(ROUTE_V2, *code, Some((*name).to_owned()));
    Some(CodeableConcept {
        coding: suggested.into_iter().chain([own]).collect(),
        text: Some((*name).to_owned()),
        ..CodeableConcept::default()
    })
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
        serde_json::to_value(Immunization::render(&row.to_string(), &record).unwrap()).unwrap()
    }

    #[test]
    fn an_immunization_of_which_nothing_may_be_read_is_still_a_valid_one() {
        let absent = json!([{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]);
        assert_eq!(
            rendered(&json!({})),
            json!({"resourceType": "Immunization", "id": "5", "status": "completed",
                "vaccineCode": {"extension": absent}, "patient": {"extension": absent}, "occurrenceString": "Unknown"})
        );
    }

    #[test]
    fn a_dose_is_as_the_row_has_it() {
        let row = json!({"patient_id": 7, "healthprof_id": 2, "institution_id": 1, "recorded": "2026-11-01T10:00:00.123456",
            "date": "2026-10-30T09:15:00", "dose": 2, "amount": "0.50", "admin_route": "im", "admin_site": "ld",
            "vaccine_lot": " L-1 ", "vaccine_expiration_date": "2027-01-31", "observations": "ok"});
        let found = rendered(&row);
        assert_eq!(found["occurrenceDateTime"], "2026-10-30T09:15:00Z");
        assert_eq!(found["recorded"], "2026-11-01T10:00:00Z");
        assert_eq!(found["protocolApplied"][0]["doseNumberPositiveInt"], 2);
        assert_eq!(
            found["doseQuantity"],
            json!({"value": 0.50, "unit": "mL", "system": "http://unitsofmeasure.org", "code": "mL"})
        );
        assert_eq!(found["site"]["coding"][0]["code"], "LD");
        assert_eq!(found["route"]["coding"][0]["code"], "IM");
        assert_eq!(found["route"]["coding"][1]["system"], ROUTE_V2);
        assert_eq!(found["lotNumber"], "L-1");
        assert_eq!(found["expirationDate"], "2027-01-31");
        assert_eq!(found["note"], json!([{"text": "ok"}]));
        let actors: Vec<_> = [0, 1]
            .map(|at| found["performer"][at]["actor"]["reference"].clone())
            .into();
        assert_eq!(actors, ["Practitioner/2", "Organization/institution-1"]);
    }

    #[test]
    fn a_dose_that_is_no_positive_number_is_a_text() {
        let number = |dose: i64| rendered(&json!({"dose": dose}))["protocolApplied"][0].clone();
        assert_eq!(number(0), json!({"doseNumberString": "0"}));
        assert_eq!(number(-1), json!({"doseNumberString": "-1"}));
        assert_eq!(number(1), json!({"doseNumberPositiveInt": 1}));
    }

    #[test]
    fn the_lot_of_the_stock_counts_before_what_was_written_down() {
        let written = json!({"vaccine_lot": "old", "vaccine_expiration_date": "2020-01-01",
            "lot": {"number": "new", "expiration_date": null}});
        let found = rendered(&written);
        assert_eq!(found["lotNumber"], "new");
        assert!(found.get("expirationDate").is_none());
    }

    #[test]
    fn a_vaccine_is_called_as_its_product() {
        let vaccine = |row: Value| rendered(&json!({"vaccine": row}))["vaccineCode"].clone();
        let named = vaccine(
            json!({"active_component": "a", "product": {"code": "P1", "template": {"name": "Flu"}}}),
        );
        let coding = json!([{"system": "https://h/ns/product", "code": "P1", "display": "Flu"}]);
        assert_eq!(named, json!({"coding": coding, "text": "Flu"}));
        let unnamed = vaccine(json!({"active_component": "influenza vaccine"}));
        assert_eq!(unnamed, json!({"text": "influenza vaccine"}));
    }

    #[test]
    fn a_site_that_v3_does_not_have_is_only_named() {
        let site = |value: &str| rendered(&json!({"admin_site": value}))["site"].clone();
        assert_eq!(site("lfa"), json!({"text": "left fore arm"}));
        assert_eq!(site("elsewhere"), Value::Null);
        let route = rendered(&json!({"admin_route": "nas"}))["route"].clone();
        assert_eq!(route["coding"].as_array().map(Vec::len), Some(1));
    }
}
