//! FHIR search as a small compiler: query string → pairs → understood → SQL. Knows no resource by name.
//!
//! - [`query`]: the query string, decoded.
//! - [`declaration`], [`parameter`]: how a resource type declares its tables and search parameters.
//! - [`plan`]: which parameters were understood, and what the result shall look like; [`criterion`], [`filter`],
//!   [`sort`] and [`include`] are its parts.
//! - [`scope`]: for whom and about which record conditions are compiled; [`way`], [`value`], [`changed`] lead to the
//!   columns, [`wanted`] compares them, [`found`] joins what they find, each type of parameter as it does: [`date`], [`quantity`], [`reference`],
//!   [`string`], [`token`].
//! - [`statement`]: the statements that answer a plan.
//! - [`cursor`]: where the next page starts, sealed by [`vault`].

mod changed;
pub mod criterion;
pub mod cursor;
mod date;
pub mod declaration;
mod filter;
mod found;
pub mod include;
mod logic;
pub mod parameter;
pub mod plan;
mod prefix;
mod quantity;
pub mod query;
mod reference;
pub mod rendering;
pub mod scope;
pub mod sort;
pub mod statement;
mod string;
mod token;
mod value;
mod vault;
mod wanted;
mod way;

use crate::tryton::view::Hidden;

use declaration::Declaration;
use parameter::Parameter;

/// Why a search cannot be answered. The messages repeat names of parameters, never values: those may be a patient's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The query string is not UTF-8 after decoding, or has a `%` without two hexadecimal digits.
    #[error("the query string is not valid: {0}")]
    Encoding(&'static str),
    /// A parameter that this resource type does not have, under strict handling.
    #[error("unknown search parameter '{name}'; supported: {supported}")]
    Unknown {
        /// As it was sent.
        name: String,
        /// All that there are.
        supported: String,
    },
    /// A modifier that the parameter does not have.
    #[error(
        "search parameter '{name}' does not support the modifier ':{modifier}'; supported: {supported}"
    )]
    Modifier {
        /// The parameter.
        name: String,
        /// As it was sent.
        modifier: String,
        /// Those that there are.
        supported: String,
    },
    /// A value that the parameter's type does not allow.
    #[error("the value of search parameter '{name}' is not valid: {reason}")]
    Value {
        /// The parameter.
        name: String,
        /// What would be right.
        reason: String,
    },
    /// A parameter that may stand only once.
    #[error("'{0}' may be given only once")]
    Repeated(String),
    /// More parameters or values than are searched in one request.
    #[error("the search has more than {limit} {what}")]
    TooMany {
        /// The limit.
        limit: usize,
        /// Of what.
        what: &'static str,
    },
    /// The cursor was not made by this server for this search and user.
    #[error("_cursor is not valid for this search: start again without it")]
    Cursor,
    /// The cursor is too old.
    #[error("this link has expired: start the search again")]
    Expired,
    /// An order that there is not; with those that there are.
    #[error("'_sort' takes one of: {0}; a '-' before it reverses")]
    Unsortable(String),
    /// Full text search, for which GNU Health's tables have no index.
    #[error(
        "'{0}' is not supported: there is no full text index; search single elements, such as name or code"
    )]
    FullText(&'static str),
    /// What is searched does not exist here, or the user may not read it.
    #[error("search parameter '{name}' cannot be used: {hidden}")]
    Hidden {
        /// The parameter.
        name: String,
        /// Why.
        hidden: Hidden,
    },
}

impl Error {
    fn unknown(name: &str, declaration: &Declaration) -> Self {
        let names = declaration.all_parameters().map(|parameter| parameter.name);
        Self::Unknown {
            name: shortened(name),
            supported: names.collect::<Vec<_>>().join(", "),
        }
    }

    fn hidden(parameter: &Parameter, hidden: Hidden) -> Self {
        Self::Hidden {
            name: parameter.name.to_owned(),
            hidden,
        }
    }

    /// The parameter that it is about, if it is about one.
    #[must_use]
    pub fn parameter(&self) -> Option<&str> {
        match self {
            Self::Unknown { name, .. }
            | Self::Modifier { name, .. }
            | Self::Value { name, .. }
            | Self::Repeated(name)
            | Self::Hidden { name, .. } => Some(name),
            Self::Cursor | Self::Expired => Some("_cursor"),
            Self::FullText(name) => Some(name),
            Self::Unsortable(_) => Some("_sort"),
            Self::Encoding(_) | Self::TooMany { .. } => None,
        }
    }
}

/// A name that the client chose, short enough to repeat.
pub(crate) fn shortened(name: &str) -> String {
    name.chars().take(64).collect()
}
