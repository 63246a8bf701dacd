//! How a resource type describes the Tryton models that it reads: a tree of constants.
//!
//! A description names alternatives where GNU Health 4.4 and 5.0 differ. It promises nothing: a table or column
//! that this installation lacks, or that the user may not read, is left out wherever the description is used.

use std::collections::BTreeSet;

use crate::tryton::relations;

/// A model and what we read of it.
#[derive(Debug)]
pub struct Node {
    /// The model's name, such as `gnuhealth.patient`.
    pub model: &'static str,
    /// Its own columns, beside the time when it was last written, which is always read.
    pub fields: &'static [Field],
    /// Records that it refers to (many2one).
    pub one: &'static [Relation],
    /// Records that refer to it (one2many).
    pub many: &'static [Relation],
    /// The key of the relation in `one` to the record that this one is about: of a patient the person, of a laboratory
    /// result the patient. Where a record rule hides that record, this one is hidden too. Stricter than trytond, which
    /// lists it with the bare id (see [`crate::tryton::view::View::visible`]).
    ///
    /// Or the key of a relation in `many` to the records that are about the same: of a person the patient. Where a rule
    /// hides one of them, this one is hidden too. Such a relation is for that alone, and is not read.
    pub subject: Option<&'static str>,
}

/// A column of a model.
#[derive(Debug)]
pub struct Field {
    /// Its name in the row that the resource type sees.
    pub key: &'static str,
    /// Its name in Tryton; several where versions differ, the first that exists counts.
    pub columns: &'static [&'static str],
    /// How it is read.
    pub read: Read,
}

/// How a column becomes a JSON value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// As PostgreSQL writes it: text, integers, booleans, dates (`2026-11-01`), timestamps (`2026-11-01T09:30:00.5`).
    Plain,
    /// As text: `numeric` keeps its digits.
    Text,
    /// A `bytea` in base64.
    Base64,
    /// A text that Tryton translates: in the language that the client prefers, as far as GNU Health has it
    /// (see [`crate::tryton::language`]).
    Translated,
}

/// A relation to another model.
#[derive(Debug)]
pub struct Relation {
    /// Its name in the row that the resource type sees, and in the paths of search parameters.
    pub key: &'static str,
    /// The many2one column: on this model for `one`, on the other for `many`. Alternatives as in [`Field`]. For `one` it may
    /// be a reference field too, see [`names_the_model`].
    pub columns: &'static [&'static str],
    /// The other model.
    pub node: &'static Node,
}

impl Node {
    /// The table of the model.
    #[must_use]
    pub fn table(&self) -> String {
        relations::table(self.model)
    }

    /// The relation to the record that this one is about.
    #[must_use]
    pub fn about(&self) -> Option<&'static Relation> {
        let key = self.subject?;
        self.one.iter().find(|relation| relation.key == key)
    }

    /// The relation to the records that are about the same as this one.
    #[must_use]
    pub fn alias(&self) -> Option<&'static Relation> {
        let key = self.subject?;
        self.many.iter().find(|relation| relation.key == key)
    }

    /// The records that refer to it and are read with it.
    pub fn children(&self) -> impl Iterator<Item = &'static Relation> {
        let subject = self.subject;
        let children = self.many.iter();
        children.filter(move |relation| subject != Some(relation.key))
    }

    /// Whether it, or one below it, has texts that Tryton translates.
    #[must_use]
    pub fn is_translated(&'static self) -> bool {
        let translated = |field: &Field| field.read == Read::Translated;
        let mut relations = self.one.iter().chain(self.children());
        self.fields.iter().any(translated)
            || relations.any(|relation| relation.node.is_translated())
    }

    /// This node and all below it.
    #[must_use]
    pub fn tree(&'static self) -> Vec<&'static Node> {
        let below = self
            .one
            .iter()
            .chain(self.many)
            .flat_map(|relation| relation.node.tree());
        std::iter::once(self).chain(below).collect()
    }
}

/// Columns that name the model of a record beside its id, as `gnuhealth.surgery,7` (`fields.Reference` of trytond).
const REFERENCES: &[(&str, &str)] = &[("gnuhealth.patient.procedure", "reference")];

/// Whether a column of a model names the model of the record beside its id. A relation over such a column leads to those
/// records that are of its own model.
#[must_use]
pub fn names_the_model(model: &str, column: &str) -> bool {
    REFERENCES.contains(&(model, column))
}

/// Some models and all below them, by name.
#[must_use]
pub fn models(roots: &[&'static Node]) -> BTreeSet<&'static str> {
    let nodes = roots.iter().flat_map(|root| root.tree());
    nodes.map(|node| node.model).collect()
}

/// Some models and all below them.
#[derive(Debug, Clone, Copy)]
pub struct Trees<'a> {
    /// What they are remembered under: a name of these trees and no others. Those of the roots would not do, for several
    /// resource types begin at the same model, and go on to others.
    pub name: &'a str,
    /// The models at the top.
    pub roots: &'a [&'static Node],
}

/// A model of which only its own columns are read.
#[must_use]
pub const fn leaf(model: &'static str, fields: &'static [Field]) -> Node {
    Node {
        model,
        fields,
        one: &[],
        many: &[],
        subject: None,
    }
}

/// A column with the same name in every version.
#[must_use]
pub const fn plain(columns: &'static [&'static str; 1]) -> Field {
    Field {
        key: columns[0],
        columns,
        read: Read::Plain,
    }
}

/// A column read in another way than plain.
#[must_use]
pub const fn read_as(columns: &'static [&'static str; 1], read: Read) -> Field {
    Field {
        key: columns[0],
        columns,
        read,
    }
}

/// A text that Tryton translates (`translate=True` of its field).
#[must_use]
pub const fn translated(columns: &'static [&'static str; 1]) -> Field {
    read_as(columns, Read::Translated)
}

/// The record's id.
pub const ID: Field = plain(&["id"]);
