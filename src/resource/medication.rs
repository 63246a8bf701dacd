//! Medication: what can be prescribed or given, `gnuhealth.medicament` with its product. Vaccines are among them.

use serde::Deserialize;

use crate::fhir::concept::concept;
use crate::fhir::r4::{
    self, CodeableConcept, Decimal, Identifier, MedicationIngredient, MedicationIngredientItem,
    MedicationStatus, Quantity, Ratio,
};
use crate::search::declaration::{Declaration, Only, Source};
use crate::search::parameter::{Kind, Meaning, Parameter, System, Target, Value};
use crate::tryton::model::{ID, Node, Read, Relation, leaf, plain, read_as, translated};

use super::dosage::{DOSE_UNIT, dose};
use super::drug_form::{self, DrugForm, TO_DRUG_FORM};
use super::person::filled;
use super::product;
use super::units::{self, DoseUnit};
use super::{Record, Resource, Version};

/// The resource type Medication.
pub struct Medication;

const PRODUCT: Node = Node {
    many: &[Relation {
        key: "identifiers",
        columns: &["product"],
        node: &leaf("product.identifier", &[plain(&["type"]), plain(&["code"])]),
    }],
    ..product::PRODUCT
};

const fn unit(key: &'static str, columns: &'static [&'static str]) -> Relation {
    Relation {
        key,
        columns,
        node: &DOSE_UNIT,
    }
}

static ROOT: Node = Node {
    model: "gnuhealth.medicament",
    fields: &[
        ID,
        plain(&["active"]),
        translated(&["active_component"]),
        read_as(&["strength"], Read::Text),
        read_as(&["sol_conc"], Read::Text),
        read_as(&["sol_vol"], Read::Text),
    ],
    one: &[
        Relation {
            key: "product",
            columns: &["product", "name"],
            node: &PRODUCT,
        },
        TO_DRUG_FORM,
        unit("unit", &["unit"]),
        unit("sol_conc_unit", &["sol_conc_unit"]),
        unit("sol_vol_unit", &["sol_vol_unit"]),
    ],
    many: &[],
    subject: None,
};

const STATUS: &str = "http://hl7.org/fhir/CodeSystem/medication-status";

/// The end of the system of what identifies a product elsewhere; the kind follows.
const IDENTIFIER: &str = "product-identifier";

static NAMES: [Target; 1] = [Target::new(
    &["product", "template"],
    Value::Field("name"),
    Meaning::Text,
)];

/// GNU Health has no code of a component: this only tells `:text` and `:missing`.
static COMPONENTS: [Target; 1] = [Target::new(
    &[],
    Value::Field("active_component"),
    Meaning::Text,
)];

static PARAMETERS: &[Parameter] = &[
    Parameter::new(
        "code",
        Kind::Token,
        "clinical-code",
        "The code of the product.",
        &[
            Target::new(
                &["product"],
                Value::Field("code"),
                Meaning::Token(System::Local(product::LOCAL)),
            ),
            // A name without code is a code, too, though no token finds it.
            Target::new(
                &["product", "template"],
                Value::Field("name"),
                Meaning::Text,
            ),
        ],
    )
    .with_texts(&NAMES),
    Parameter::new(
        "form",
        Kind::Token,
        "Medication-form",
        "The form: HL7's code, or GNU Health's where HL7 has none.",
        &drug_form::CODES,
    )
    .with_texts(&drug_form::NAMES),
    Parameter::new(
        "identifier",
        Kind::Token,
        "Medication-identifier",
        "An identifier of the product, such as its EAN.",
        &[Target::new(
            &["product", "identifiers"],
            Value::Field("code"),
            Meaning::Identifier(System::LocalBy(IDENTIFIER, "type"), &[]),
        )],
    ),
    Parameter::new(
        "ingredient-code",
        Kind::Token,
        "Medication-ingredient-code",
        "The active component, which has no code: `:text` finds it.",
        &COMPONENTS,
    )
    .with_texts(&COMPONENTS),
    Parameter::new(
        "status",
        Kind::Token,
        "Medication-status",
        "active or inactive.",
        &[Target::new(
            &[],
            Value::Sql(
                "CASE WHEN {active} IS TRUE THEN 'active' WHEN {active} IS FALSE THEN 'inactive' END",
            ),
            Meaning::Token(System::Fixed(STATUS)),
        )],
    ),
];

/// What the resource type is.
pub static DECLARATION: Declaration = Declaration {
    name: "Medication",
    sources: &[Source {
        prefix: "",
        root: &ROOT,
        only: Only::All,
        measures: &[],
    }],
    parameters: PARAMETERS,
    compartments: &[],
    documentation: "What can be prescribed or given, vaccines among it (gnuhealth.medicament with its product).",
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Row {
    active: Option<bool>,
    active_component: Option<String>,
    strength: Option<String>,
    unit: Option<DoseUnit>,
    sol_conc: Option<String>,
    sol_conc_unit: Option<DoseUnit>,
    sol_vol: Option<String>,
    sol_vol_unit: Option<DoseUnit>,
    product: Option<Product>,
    form: Option<DrugForm>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Product {
    #[serde(flatten)]
    product: product::Product,
    identifiers: Option<Vec<ProductIdentifier>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ProductIdentifier {
    r#type: Option<String>,
    code: Option<String>,
}

impl Resource for Medication {
    const DECLARATION: &'static Declaration = &DECLARATION;
    type Fhir = r4::Medication;

    fn render(json: &str, record: &Record<'_>) -> serde_json::Result<r4::Medication> {
        let row: Row = serde_json::from_str(json)?;
        let product = row.product.as_ref();
        let identifiers = product.and_then(|product| product.identifiers.as_deref());
        Ok(r4::Medication {
            id: Some(record.id.clone()),
            meta: record.version.map(Version::meta),
            identifier: identifiers
                .unwrap_or_default()
                .iter()
                .filter_map(|identifier| identifier.identifier(record))
                .collect(),
            code: row.code(record),
            status: row.active.map(status),
            form: row.form.as_ref().and_then(|form| form.concept(record)),
            ingredient: row.ingredient().into_iter().collect(),
            ..r4::Medication::default()
        })
    }
}

fn status(active: bool) -> MedicationStatus {
    if active {
        MedicationStatus::Active
    } else {
        MedicationStatus::Inactive
    }
}

impl ProductIdentifier {
    fn identifier(&self, record: &Record<'_>) -> Option<Identifier> {
        let kind = filled(self.r#type.as_ref());
        Some(Identifier {
            system: kind.and_then(|kind| record.system_of_kind(IDENTIFIER, &kind)),
            value: Some(filled(self.code.as_ref())?),
            ..Identifier::default()
        })
    }
}

impl Row {
    /// The product: its code, if it has one, and its name. The active component where it may not be read.
    fn code(&self, record: &Record<'_>) -> Option<CodeableConcept> {
        let component = self.active_component.as_ref();
        let product = self.product.as_ref();
        let concept = product.and_then(|product| product.product.concept(record, component));
        concept.or_else(|| product::Product::default().concept(record, component))
    }

    /// The active component, the only one that GNU Health has apart from a description in words.
    fn ingredient(&self) -> Option<MedicationIngredient> {
        let component = filled(self.active_component.as_ref())?;
        let item = MedicationIngredientItem::CodeableConcept(concept(None, Some(component)));
        Some(MedicationIngredient {
            is_active: Some(true),
            strength: self.concentration().or_else(|| self.strength()),
            ..MedicationIngredient::new(item)
        })
    }

    /// Of a solution: how much is in how much of it.
    fn concentration(&self) -> Option<Ratio> {
        let volume = self.sol_vol.as_ref();
        let volume = volume.filter(|volume| is_positive(volume));
        Some(Ratio {
            numerator: Some(amount(self.sol_conc.as_ref(), self.sol_conc_unit.as_ref())?),
            denominator: Some(amount(volume, self.sol_vol_unit.as_ref())?),
            ..Ratio::default()
        })
    }

    /// How much is in a dose, as the help of the field says.
    fn strength(&self) -> Option<Ratio> {
        let one = Decimal::parse("1").ok()?;
        Some(Ratio {
            numerator: Some(amount(self.strength.as_ref(), self.unit.as_ref())?),
            denominator: Some(units::measured(one, "{dose}", "dose")),
            ..Ratio::default()
        })
    }
}

fn amount(number: Option<&String>, unit: Option<&DoseUnit>) -> Option<Quantity> {
    let number = Decimal::parse(number?.as_str()).ok()?;
    Some(dose(number, unit))
}

fn is_positive(number: &str) -> bool {
    number.parse::<f64>().is_ok_and(|number| number > 0.0)
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
        serde_json::to_value(Medication::render(&row.to_string(), &record).unwrap()).unwrap()
    }

    #[test]
    fn a_medication_has_its_code_form_and_ingredient() {
        let row = json!({"active": true, "active_component": "paracetamol", "strength": "500",
            "unit": {"code": "mg", "name": "mg"}, "form": {"code": "TAB", "name": "Comprimido"},
            "product": {"code": "MED-1", "template": {"name": "Paracetamol 500"},
                "identifiers": [{"type": "ean", "code": "4006381333931"}, {"type": null, "code": "X 1"},
                    {"type": "ean", "code": " "}]}});
        let mg = json!({"value": 500, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"});
        let dose = json!({"value": 1, "unit": "dose", "system": "http://unitsofmeasure.org", "code": "{dose}"});
        assert_eq!(
            rendered(&row),
            json!({"resourceType": "Medication", "id": "5",
                "identifier": [{"system": "https://h/ns/product-identifier/ean", "value": "4006381333931"},
                    {"value": "X 1"}],
                "code": {"coding": [{"system": "https://h/ns/product", "code": "MED-1", "display": "Paracetamol 500"}],
                    "text": "Paracetamol 500"},
                "status": "active",
                "form": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-orderableDrugForm",
                    "code": "TAB", "display": "Tablet"}], "text": "Comprimido"},
                "ingredient": [{"itemCodeableConcept": {"text": "paracetamol"}, "isActive": true,
                    "strength": {"numerator": mg, "denominator": dose}}]})
        );
    }

    #[test]
    fn a_form_that_hl7_has_not_is_gnu_healths() {
        let found = rendered(&json!({"form": {"code": "SYR", "name": "Syrup"}}));
        assert_eq!(
            found["form"]["coding"],
            json!([{"system": "https://h/ns/drug-form", "code": "SYR", "display": "Syrup"}])
        );
    }

    #[test]
    fn of_a_solution_the_concentration_is_the_strength() {
        let strength = |volume: &str| {
            let row = json!({"active_component": "amoxicillin", "strength": "250", "unit": {"name": "mg", "original": "mg"},
                "sol_conc": "125.5", "sol_conc_unit": {"name": "mg", "original": "mg"}, "sol_vol": volume, "sol_vol_unit": {"name": "mL", "original": "mL"}});
            rendered(&row)["ingredient"][0]["strength"].clone()
        };
        let found = strength("5");
        assert_eq!(found["numerator"]["value"], 125.5);
        assert_eq!(found["denominator"]["value"], 5);
        assert_eq!(found["denominator"]["code"], "mL");
        // nothing is in no volume
        assert_eq!(strength("0")["numerator"]["value"], 250);
        assert_eq!(strength("NaN")["denominator"]["unit"], "dose");
    }

    #[test]
    fn zero_is_a_strength_and_without_component_there_is_none() {
        let found = rendered(&json!({"active_component": "x", "strength": "0"}));
        let numerator = &found["ingredient"][0]["strength"]["numerator"];
        assert_eq!(numerator, &json!({"value": 0}));
        assert!(
            rendered(&json!({"strength": "1"}))
                .get("ingredient")
                .is_none()
        );
    }

    #[test]
    fn a_medication_is_active_or_not_or_says_nothing_of_it() {
        assert_eq!(rendered(&json!({"active": false}))["status"], "inactive");
        assert!(rendered(&json!({"active": null})).get("status").is_none());
    }

    #[test]
    fn who_may_not_read_products_is_told_the_component() {
        let found = rendered(&json!({"active_component": "oxygen"}));
        assert_eq!(found["code"], json!({"text": "oxygen"}));
        assert_eq!(
            rendered(&json!({})),
            json!({"resourceType": "Medication", "id": "5"})
        );
    }
}
