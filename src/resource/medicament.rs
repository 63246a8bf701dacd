//! What a health record calls a drug: `gnuhealth.medicament`, which is served as Medication.

use serde::Deserialize;

use crate::fhir::r4::Reference;
use crate::tryton::model::{Node, Relation, leaf, translated};

use super::person::filled;

/// As much of a medicament as a reference shows.
pub(super) const MEDICAMENT_NAME: Node = Node {
    model: "gnuhealth.medicament",
    fields: &[translated(&["active_component"])],
    one: &[Relation {
        key: "product",
        columns: &["product", "name"],
        node: &PRODUCT_NAME,
    }],
    many: &[],
    subject: None,
};

const PRODUCT_NAME: Node = Node {
    model: "product.product",
    fields: &[],
    one: &[TO_TEMPLATE],
    many: &[],
    subject: None,
};

/// What a product has its name from.
pub(super) const TO_TEMPLATE: Relation = Relation {
    key: "template",
    columns: &["template"],
    node: &leaf("product.template", &[translated(&["name"])]),
};

/// A row of [`MEDICAMENT_NAME`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Medicament {
    active_component: Option<String>,
    product: Option<Product>,
}

/// A product, as far as its name.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Product {
    template: Option<Template>,
}

/// The template of a product.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Template {
    name: Option<String>,
}

impl Template {
    pub(super) fn name(template: Option<&Self>) -> Option<String> {
        filled(template?.name.as_ref())
    }
}

impl Medicament {
    /// What GNU Health calls it: its product (`Medicament.get_rec_name`, health/health.py). The active component where the
    /// user may not read that.
    pub(super) fn name(&self) -> Option<String> {
        let product = self.product.as_ref();
        Template::name(product.and_then(|product| product.template.as_ref()))
            .or_else(|| filled(self.active_component.as_ref()))
    }
}

/// A reference to the medicament with this id.
pub(super) fn medication_reference(
    id: Option<i64>,
    medicament: Option<&Medicament>,
) -> Option<Reference> {
    Some(Reference {
        reference: Some(format!("Medication/{}", id?)),
        r#type: Some("Medication".to_owned()),
        display: medicament.and_then(Medicament::name),
        ..Reference::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_medicament_is_called_as_its_product_or_else_as_its_active_component() {
        let display = |row: serde_json::Value| {
            let medicament: Medicament = serde_json::from_value(row).unwrap();
            medication_reference(Some(3), Some(&medicament)).and_then(|found| found.display)
        };
        let product = json!({"template": {"name": "Paracetamol 500"}});
        assert_eq!(
            display(json!({"active_component": "paracetamol", "product": product})).as_deref(),
            Some("Paracetamol 500")
        );
        let found = display(json!({"active_component": "paracetamol"}));
        assert_eq!(found.as_deref(), Some("paracetamol"));
        assert_eq!(display(json!({"active_component": " "})), None);
        assert_eq!(medication_reference(None, None), None);
    }
}
