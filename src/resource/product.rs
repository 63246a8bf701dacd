//! Products (`product.product`) as a health record refers to them: what was used or given.

use serde::Deserialize;

use crate::fhir::concept::{coding, concept};
use crate::fhir::r4::CodeableConcept;
use crate::fhir::text::is_code;
use crate::tryton::model::{Node, Relation, leaf, plain, translated};

use super::Record;
use super::person::filled;

const TEMPLATE: Node = leaf("product.template", &[translated(&["name"])]);

/// What is read of a product.
pub(super) const PRODUCT: Node = Node {
    model: "product.product",
    fields: &[plain(&["code"])],
    one: &[Relation {
        key: "template",
        columns: &["template"],
        node: &TEMPLATE,
    }],
    many: &[],
    subject: None,
};

/// The end of the system of the codes of products.
pub(super) const LOCAL: &str = "product";

/// A row of [`PRODUCT`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Product {
    code: Option<String>,
    template: Option<Template>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Template {
    name: Option<String>,
}

impl Product {
    /// Its name.
    pub(super) fn name(&self) -> Option<String> {
        filled(self.template.as_ref()?.name.as_ref())
    }

    /// The hospital's code, with the name; `None` if neither may be read. Another name stands in where the product has no
    /// template.
    pub(super) fn concept(
        &self,
        record: &Record<'_>,
        other: Option<&String>,
    ) -> Option<CodeableConcept> {
        let name = match &self.template {
            Some(template) => filled(template.name.as_ref()),
            None => filled(other),
        };
        let code = self.code.as_ref().filter(|code| is_code(code));
        let coding = code.map(|code| coding(&record.system(LOCAL), code.as_str(), name.clone()));
        (coding.is_some() || name.is_some()).then(|| concept(coding, name))
    }
}
