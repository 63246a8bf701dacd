//! FHIR resource types: one file each, with its tables, its search parameters and its way from row to resource.

mod absent;
pub mod allergy_intolerance;
pub mod condition;
pub mod diagnostic_report;
mod disease;
mod dosage;
mod drug_form;
mod evaluation;
pub mod family_member_history;
pub mod immunization;
mod individual;
mod lab_report;
mod local;
mod medicament;
pub mod medication;
pub mod medication_request;
pub mod medication_statement;
pub mod observation;
pub mod organization;
mod pathology;
pub mod patient;
mod person;
mod photo;
pub mod practitioner;
pub mod practitioner_role;
pub mod procedure;
mod product;
mod recorder;
mod specialty;
mod units;
mod version;

pub use version::Version;

use crate::fhir::r4;
use crate::search::declaration::{Declaration, Measure, Source};

/// Every resource type that is served.
pub const ALL: &[&Declaration] = &[
    &allergy_intolerance::DECLARATION,
    &condition::DECLARATION,
    &diagnostic_report::DECLARATION,
    &family_member_history::DECLARATION,
    &immunization::DECLARATION,
    &medication::DECLARATION,
    &medication_request::DECLARATION,
    &medication_statement::DECLARATION,
    &observation::DECLARATION,
    &organization::DECLARATION,
    &patient::DECLARATION,
    &practitioner::DECLARATION,
    &practitioner_role::DECLARATION,
    &procedure::DECLARATION,
];

/// A resource type: how a row becomes a resource.
pub trait Resource {
    /// What it is.
    const DECLARATION: &'static Declaration;
    /// The resource.
    type Fhir: r4::Resource;

    /// Makes the resource from the JSON of its record, as the description of its source makes it. What the user may not
    /// read is absent there.
    ///
    /// # Errors
    /// If the record is not as its description says.
    fn render(json: &str, record: &Record<'_>) -> serde_json::Result<Self::Fhir>;
}

/// What rendering needs to know of a record beside its row.
#[derive(Debug, Clone)]
pub struct Record<'a> {
    /// The logical id.
    pub id: String,
    /// When it was last changed; `None` if the user may not know.
    pub version: Option<Version>,
    /// The source that it comes from.
    pub source: &'static Source,
    /// What of the record is the resource, where it holds several.
    pub measure: Option<&'static Measure>,
    /// The base of the systems of local codes and identifiers, without a trailing slash.
    pub system_base: &'a str,
}

impl Record<'_> {
    /// A system of local codes or identifiers.
    #[must_use]
    pub fn system(&self, name: &str) -> String {
        format!("{}/{name}", self.system_base)
    }

    /// A system of local identifiers that ends with a kind, as the database has it. `None` for a kind that no `uri` can
    /// hold, since that has no white space (R4, datatypes): no Tryton writes one.
    #[must_use]
    pub fn system_of_kind(&self, name: &str, kind: &str) -> Option<String> {
        (!kind.contains(char::is_whitespace)).then(|| self.system(&format!("{name}/{kind}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tryton::model::{Field, Node, Read};
    use crate::tryton::relations;

    fn nodes() -> Vec<&'static Node> {
        let roots = ALL.iter().flat_map(|declaration| declaration.roots());
        roots.flat_map(Node::tree).collect()
    }

    #[test]
    fn what_tryton_translates_is_shown_in_the_language_that_is_asked_for() {
        let translates = |node: &Node, field: &Field| {
            let mut columns = field.columns.iter();
            columns.any(|column| relations::is_translated(node.model, column))
        };
        for node in nodes() {
            for field in node.fields {
                let mut same = node.fields.iter().filter(|f| f.columns == field.columns);
                let declared = same.any(|field| field.read == Read::Translated);
                let (model, key) = (node.model, field.key);
                assert_eq!(
                    declared,
                    translates(node, field),
                    "{model}.{key}: what is translated is declared with `translated`; where codes are told by a text as it \
                     is, that is a field beside it"
                );
            }
        }
    }
}
