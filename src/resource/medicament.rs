//! What a health record calls a drug: `gnuhealth.medicament`, which is served as Medication.

use serde::Deserialize;

use crate::fhir::r4::Reference;
use crate::tryton::model::{Node, Relation, translated};

use super::person::filled;
use super::product::{PRODUCT, Product};

/// As much of a medicament as a reference shows.
pub(super) const MEDICAMENT_NAME: Node = Node {
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

/// A row of [`MEDICAMENT_NAME`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Medicament {
    active_component: Option<String>,
    product: Option<Product>,
}

impl Medicament {
    /// What GNU Health calls it: its product (`Medicament.get_rec_name`, health/health.py). The active component where the
    /// user may not read that.
    pub(super) fn name(&self) -> Option<String> {
        let name = self.product.as_ref().and_then(Product::name);
        name.or_else(|| filled(self.active_component.as_ref()))
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
