//! What exists and what the user may read, together: the only way from a description to a table or column.

use std::rc::Rc;

use crate::tryton::access::Rights;
use crate::tryton::catalog::Catalog;
use crate::tryton::model::{Field, Node, Relation};

/// The database as one user sees it.
#[derive(Debug, Clone)]
pub struct View {
    catalog: Rc<Catalog>,
    rights: Rc<Rights>,
}

/// Why something is not to be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Hidden {
    /// This installation does not have it: the module is not activated.
    #[error("{0} does not exist in this GNU Health installation")]
    Missing(String),
    /// The user may not read it.
    #[error("you are not allowed to read {0}")]
    Denied(String),
    /// A record rule restricts the user, and rules are not evaluated yet.
    #[error(
        "a record rule restricts your access to {0}; this server does not evaluate record rules yet and denies instead"
    )]
    Ruled(String),
}

impl View {
    /// Joins what exists with what is allowed.
    #[must_use]
    pub fn new(catalog: Rc<Catalog>, rights: Rc<Rights>) -> Self {
        Self { catalog, rights }
    }

    /// The table of a model.
    ///
    /// # Errors
    /// [`Hidden`] if there is none for this user.
    pub fn table(&self, node: &Node) -> Result<String, Hidden> {
        let table = node.table();
        if !self.catalog.has_table(&table) {
            return Err(Hidden::Missing(node.model.to_owned()));
        }
        if self.rights.is_ruled(node.model) {
            return Err(Hidden::Ruled(node.model.to_owned()));
        }
        if !self.rights.may_read(node.model) {
            return Err(Hidden::Denied(node.model.to_owned()));
        }
        Ok(table)
    }

    /// The column of a field.
    ///
    /// # Errors
    /// [`Hidden`] if there is none for this user.
    pub fn column(&self, node: &Node, field: &Field) -> Result<&'static str, Hidden> {
        self.pick(node, field.columns)
    }

    /// The column of a relation from `node` to one record.
    ///
    /// # Errors
    /// [`Hidden`] if there is none for this user.
    pub fn one(&self, node: &Node, relation: &Relation) -> Result<&'static str, Hidden> {
        self.pick(node, relation.columns)
    }

    /// The column by which many records refer to one, on their side.
    ///
    /// # Errors
    /// [`Hidden`] if there is none for this user.
    pub fn many(&self, relation: &Relation) -> Result<&'static str, Hidden> {
        self.pick(relation.node, relation.columns)
    }

    fn pick(&self, node: &Node, alternatives: &[&'static str]) -> Result<&'static str, Hidden> {
        let table = self.table(node)?;
        let name = || {
            format!(
                "{}.{}",
                node.model,
                alternatives.first().copied().unwrap_or_default()
            )
        };
        let column = self
            .catalog
            .column(&table, alternatives)
            .ok_or_else(|| Hidden::Missing(name()))?;
        if !self.rights.may_read_field(node.model, column) {
            return Err(Hidden::Denied(name()));
        }
        Ok(column)
    }
}
