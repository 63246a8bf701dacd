//! How a resource type declares what backs it: constants that name models, columns and paths of the database.

use crate::tryton::model::{Node, Relation};
use crate::tryton::view::{Hidden, View};

use super::parameter::{COMMON, Parameter};

/// A resource type, without its rendering: enough to route, search and describe it.
#[derive(Debug)]
pub struct Declaration {
    /// Its name in R4.
    pub name: &'static str,
    /// The tables that back it. Their order is that of results without `_sort`, and must never change: cursors hold it.
    pub sources: &'static [Source],
    /// The search parameters beside those that every type has.
    pub parameters: &'static [Parameter],
    /// The compartments that it is part of: their type, and the search parameter that leads there (R4,
    /// CompartmentDefinition).
    pub compartments: &'static [(&'static str, &'static str)],
    /// What the CapabilityStatement says of it.
    pub documentation: &'static str,
}

/// A table that backs a resource type.
#[derive(Debug)]
pub struct Source {
    /// What stands before the record id in logical ids, as `lab` in `lab-12`; empty where one table backs the type.
    pub prefix: &'static str,
    /// The main model, and all that is read with it.
    pub root: &'static Node,
    /// Which of its records are resources.
    pub only: Only,
    /// What a record measured, each a resource of its own (`eval-7-8867-4`); empty: a record is one resource.
    pub measures: &'static [Measure],
}

/// Which records of a model are resources of the type.
#[derive(Debug, Clone, Copy)]
pub enum Only {
    /// Every one.
    All,
    /// Those for which an SQL condition holds; the columns stand in it as `{key}` of the model's fields, and as
    /// `{relation/key}` those of records that the model refers to. A column that does not exist is NULL, and so is one of
    /// another record that the user may not read.
    If(&'static str),
    /// The first of each group, which stands for all of it.
    FirstOf(&'static Group),
    /// Those that are part of a record of another model: the key of the relation to it. They are of no use without it, so
    /// who may not read that model reads none of them. trytond asks only for the rights to the parts, and GNU Health
    /// restricts those of its evaluations to nobody.
    PartOf(&'static str),
}

/// Records that are one resource together, such as all that is known of the same relative of the same patient. Its logical id
/// is that of a record with measures, of which neither is what the record's own is: it stays when the first record goes.
/// Rendered is the JSON array of the records.
#[derive(Debug)]
pub struct Group {
    /// The key of the field whose value stands for the record in logical ids; what it names must not change.
    pub record: &'static str,
    /// Which of the source's measures a record belongs to: SQL of the code, as in [`Only::If`]. Records of which the user may
    /// not read what it takes to tell are denied.
    pub code: &'static str,
}

/// A column of a record that is a resource, or a component of one.
#[derive(Debug)]
pub struct Measure {
    /// The LOINC code; also the end of the logical id.
    pub code: &'static str,
    /// LOINC's name of it.
    pub display: &'static str,
    /// The key of the numeric field; `None` for a panel, whose values are its parts.
    pub field: Option<&'static str>,
    /// The UCUM code of its unit.
    pub unit: &'static str,
    /// The unit as people write it.
    pub printed: &'static str,
    /// The components of a panel. A measure exists if its own field or one of its parts has a value.
    pub parts: &'static [Measure],
}

impl Declaration {
    /// Its search parameters, with those that every type has.
    pub fn all_parameters(&self) -> impl Iterator<Item = &'static Parameter> {
        COMMON.iter().chain(self.parameters)
    }

    /// The search parameter of this name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&'static Parameter> {
        self.all_parameters()
            .find(|parameter| parameter.name == name)
    }

    /// The main models of its sources.
    pub fn roots(&self) -> impl Iterator<Item = &'static Node> {
        self.sources.iter().map(|source| source.root)
    }
}

impl Declaration {
    /// That the user may read one of its sources.
    ///
    /// # Errors
    /// [`Hidden`] if not; what is denied is told, rather than what is missing.
    pub fn readable(&self, view: &View) -> Result<(), Hidden> {
        let mut hidden = Ok(());
        for source in self.sources {
            match source.readable(view) {
                Ok(()) => return Ok(()),
                // The first, which is that of the main table.
                Err(denied @ Hidden::Denied(_)) if !matches!(hidden, Err(Hidden::Denied(_))) => {
                    hidden = Err(denied);
                }
                Err(other) => hidden = hidden.and(Err(other)),
            }
        }
        hidden
    }
}

impl Source {
    /// How records are one resource together, if they are.
    pub(super) fn group(&self) -> Option<&'static Group> {
        match self.only {
            Only::FirstOf(group) => Some(group),
            Only::All | Only::If(_) | Only::PartOf(_) => None,
        }
    }

    /// That the user may read it.
    ///
    /// # Errors
    /// [`Hidden`] if not.
    pub fn readable(&self, view: &View) -> Result<(), Hidden> {
        self.demanded()
            .try_for_each(|node| view.table(node).map(drop))
    }

    /// The models that a user must be able to read to read it.
    pub fn demanded(&self) -> impl Iterator<Item = &'static Node> {
        let whole = self.whole().map(|relation| relation.node);
        std::iter::once(self.root).chain(whole)
    }

    /// The relation to the record that its records are part of.
    pub(super) fn whole(&self) -> Option<&'static Relation> {
        let Only::PartOf(key) = self.only else {
            return None;
        };
        self.root.one.iter().find(|relation| relation.key == key)
    }

    /// The logical id of a record, or of what it measured.
    #[must_use]
    pub fn logical_id(&self, record: i64, measure: Option<&Measure>) -> String {
        let mut id = match self.prefix {
            "" => record.to_string(),
            prefix => format!("{prefix}-{record}"),
        };
        if let Some(measure) = measure {
            id = format!("{id}-{}", measure.code);
        }
        id
    }
}

impl Declaration {
    /// What a logical id names: the place of its source, the record, and the place of the measure. `None` if it can be no
    /// id of this type.
    #[must_use]
    pub fn locate(&self, id: &str) -> Option<Located> {
        self.sources
            .iter()
            .enumerate()
            .find_map(|(index, source)| source.locate(index, id))
    }

    /// Whether an id is one of the source with this prefix.
    pub(super) fn is_of(&self, located: &Located, prefix: &str) -> bool {
        let source = self.sources.get(located.source);
        source.is_some_and(|source| source.prefix == prefix)
    }
}

/// A logical id, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Located {
    /// The place of the source in the declaration.
    pub source: usize,
    /// The record.
    pub record: i64,
    /// The place of the measure in the source; 0 where there is none.
    pub measure: usize,
}

impl Source {
    fn locate(&self, source: usize, id: &str) -> Option<Located> {
        let rest = match self.prefix {
            "" => id,
            prefix => id.strip_prefix(prefix)?.strip_prefix('-')?,
        };
        if self.measures.is_empty() {
            return Some(Located {
                source,
                record: record_id(rest)?,
                measure: 0,
            });
        }
        let (record, code) = rest.split_once('-')?;
        let measure = self
            .measures
            .iter()
            .position(|measure| measure.code == code)?;
        Some(Located {
            source,
            record: record_id(record)?,
            measure,
        })
    }
}

/// The record that a text names: a positive number as Tryton's `integer` ids are, written as we write it.
fn record_id(text: &str) -> Option<i64> {
    text.parse::<i32>()
        .ok()
        .filter(|id| *id > 0 && id.to_string() == text)
        .map(i64::from)
}
