//! Whether a resource is valid R4, judged by HL7's own definitions: every problem that there is, with its place.
//!
//! - [`schema`]: what the tables of elements are made of; [`tables`] are generated from the StructureDefinitions.
//! - [`tree`]: a resource as it was sent; JSON becomes one as it is, and [`xml`] makes the same of XML, by the tables.
//! - [`mod@check`]: the walk over the tree. [`primitive`], [`reference`] and [`narrative`] know what may stand in a value.
//! - [`path`]: where a problem is.
//!
//! What is checked: that every element is known, its JSON type, cardinality and the one type of a choice; the format of
//! primitives; the codes of required bindings; which types a reference leads to, and that what it leads to inside of the
//! resource is there; the narrative. Of the invariants those are checked that each datatype or resource has (`ele-1`,
//! `ext-1`, `dom-2`, `dom-4`, `dom-5`, `ref-1`, `txt-1`, `txt-2`), and of a Bundle and of Parameters every resource in it.
//!
//! What is not: the other invariants, which are FHIRPath; profiles; bindings that are not required; whether a resource of
//! another server exists.

mod check;
mod narrative;
mod path;
mod primitive;
mod reference;
pub mod schema;
mod tables;
pub mod tree;
pub mod xml;

use std::borrow::Cow;

use crate::fhir::r4::{IssueSeverity, IssueType};

pub use check::check;
pub use path::{Path, Place};
pub use tables::{NAMES, RESOURCE_TYPES};

/// How many problems of one resource are told.
pub const MOST: usize = 1000;

/// Something that is wrong with a resource, or that could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: IssueSeverity,
    /// What kind of problem it is.
    pub code: IssueType,
    /// What is wrong. Values of the resource are not repeated.
    pub message: Cow<'static, str>,
    /// Where.
    pub place: Place,
}

/// All problems of a resource, up to [`MOST`].
#[derive(Debug, Default)]
pub struct Findings {
    /// The problems, in the order of the resource.
    pub problems: Vec<Problem>,
    /// Whether there are more.
    pub more: bool,
}

impl Findings {
    /// Adds an error at a path.
    pub fn error(
        &mut self,
        path: &Path<'_>,
        code: IssueType,
        message: impl Into<Cow<'static, str>>,
    ) {
        self.add(IssueSeverity::Error, path, code, message);
    }

    /// Adds a problem at a path.
    pub fn add(
        &mut self,
        severity: IssueSeverity,
        path: &Path<'_>,
        code: IssueType,
        message: impl Into<Cow<'static, str>>,
    ) {
        if self.problems.len() >= MOST {
            self.more = true;
            return;
        }
        self.problems.push(Problem {
            severity,
            code,
            message: message.into(),
            place: path.place(),
        });
    }
}

/// A text that is no JSON, or no XML, at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what}, at line {line}, column {column}")]
pub struct Malformed {
    /// What is wrong.
    pub what: &'static str,
    /// The line, from 1.
    pub line: usize,
    /// The character in it, from 1.
    pub column: usize,
}

impl Malformed {
    /// After this part of the text.
    #[must_use]
    pub fn after(what: &'static str, before: &str) -> Self {
        let last = before.rsplit('\n').next().unwrap_or_default();
        Self {
            what,
            line: before.matches('\n').count() + 1,
            column: last.chars().count() + 1,
        }
    }
}

#[cfg(test)]
mod tests;
