//! What exists and what the user may read, together: the only way from a description to a table or column.

use std::rc::Rc;

use crate::db::{Sql, identifier};
use crate::tryton::access::Rights;
use crate::tryton::catalog::Catalog;
use crate::tryton::compile::id_of;
use crate::tryton::language::Language;
use crate::tryton::model::{Field, Node, Read, Relation, names_the_model};

/// The database as one user sees it.
#[derive(Debug, Clone)]
pub struct View {
    catalog: Rc<Catalog>,
    rights: Rc<Rights>,
    /// The language of texts that are translated; `None`: as they are.
    language: Option<Rc<Language>>,
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
}

impl View {
    /// Joins what exists with what is allowed.
    #[must_use]
    pub fn new(catalog: Rc<Catalog>, rights: Rc<Rights>) -> Self {
        Self {
            catalog,
            rights,
            language: None,
        }
    }

    /// With texts in this language, as far as they are translated.
    #[must_use]
    pub fn in_language(self, language: Option<Rc<Language>>) -> Self {
        Self { language, ..self }
    }

    /// Whether this is the same view, not only an equal one: what was made of that can be taken for this.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.catalog, &other.catalog)
            && Rc::ptr_eq(&self.rights, &other.rights)
            && self.language == other.language
    }

    /// The language that texts are shown in, if it is another than that of the columns.
    #[must_use]
    pub fn language(&self) -> Option<&Rc<Language>> {
        self.language.as_ref()
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

    /// The SQL of what a field of the record aliased `alias` shows: its column, or that in the language of the view.
    ///
    /// # Errors
    /// [`Hidden`] if there is none for this user.
    pub fn shown(&self, node: &Node, field: &Field, alias: &str) -> Result<String, Hidden> {
        let column = self.column(node, field)?;
        match &self.language {
            Some(language) if field.read == Read::Translated => {
                Ok(language.text(node.model, column, alias))
            }
            _ => Ok(format!("{alias}.{}", identifier(column))),
        }
    }

    /// The SQL of the id that a relation leads to, from the record of `node` aliased `alias` to one other.
    ///
    /// A model that a reference field may name, and the user may not read, is as one that is not there: as a table of several
    /// that back a resource type is passed over.
    ///
    /// # Errors
    /// [`Hidden`] if there is no such column for this user.
    pub fn one(&self, node: &Node, relation: &Relation, alias: &str) -> Result<String, Hidden> {
        let column = self.pick(node, relation.columns)?;
        let value = format!("{alias}.{}", identifier(column));
        if !names_the_model(node.model, column) {
            return Ok(value);
        }
        let (model, id) = (relation.node.model, id_of(&value));
        self.table(relation.node)
            .map_err(|_| Hidden::Missing(model.to_owned()))?;
        Ok(format!(
            "(CASE WHEN starts_with({value}, '{model},') THEN {id} END)"
        ))
    }

    /// The column by which many records refer to one, on their side.
    ///
    /// # Errors
    /// [`Hidden`] if there is none for this user.
    pub fn many(&self, relation: &Relation) -> Result<&'static str, Hidden> {
        self.pick(relation.node, relation.columns)
    }

    /// The condition under which the user may see the record aliased `alias`; `None`: they may see every record.
    ///
    /// That is what the record rules of its model leave, and those of the record that it is about. trytond lists the
    /// laboratory result of a patient whom a rule hides, with the bare id of the patient, and refuses the patient's name;
    /// here nothing tells of a hidden patient. Where the node says so ([`Node::alias`]), that holds for the person whom the
    /// hidden patient is, too.
    ///
    /// Whether the user may read the field that leads there does not matter: this gives nothing away.
    #[must_use]
    pub fn visible(&self, sql: &mut Sql, node: &'static Node, alias: &str) -> Option<String> {
        let own = self
            .rights
            .restriction(node.model)
            .map(|restriction| restriction.condition(sql, alias));
        let subject = self.subject_visible(sql, node, alias);
        match (own, subject) {
            (Some(own), Some(subject)) => Some(format!("{own} AND {subject}")),
            (own, subject) => own.or(subject),
        }
    }

    fn subject_visible(&self, sql: &mut Sql, node: &'static Node, alias: &str) -> Option<String> {
        let inner = format!("{alias}_of");
        if let Some(same) = node.alias() {
            let (table, column) = self.guarding(same.node, same.columns)?;
            let visible = self.visible(sql, same.node, &inner)?;
            return Some(format!(
                "NOT EXISTS (SELECT FROM {table} {inner} \
                 WHERE {inner}.{column} = {alias}.\"id\" AND ({visible}) IS NOT TRUE)"
            ));
        }
        let subject = node.about()?;
        let column = self.catalog.column(&node.table(), subject.columns)?;
        let (table, _) = self.guarding(subject.node, &["id"])?;
        let visible = self.visible(sql, subject.node, &inner)?;
        let column = identifier(column);
        Some(format!(
            "({alias}.{column} IS NULL OR EXISTS (SELECT FROM {table} {inner} \
             WHERE {inner}.\"id\" = {alias}.{column} AND {visible}))"
        ))
    }

    /// The table and a column of a record that decides whether another is visible, as far as they exist.
    fn guarding(&self, node: &Node, columns: &[&'static str]) -> Option<(String, String)> {
        let table = node.table();
        let column = self.catalog.column(&table, columns)?;
        Some((identifier(&table), identifier(column)))
    }

    /// The column of a field, if there is one, whether or not the user may read it.
    #[must_use]
    pub fn existing(&self, node: &Node, field: &Field) -> Option<&'static str> {
        self.catalog.column(&node.table(), field.columns)
    }

    /// The column of a relation to one record, if there is one, whether or not the user may read it.
    #[must_use]
    pub fn existing_one(&self, node: &Node, relation: &Relation) -> Option<&'static str> {
        self.catalog.column(&node.table(), relation.columns)
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
