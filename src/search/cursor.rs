//! Where the next page of a search starts: an opaque value, bound to the user, the search and the language, in which texts
//! are compared and sorted.
//!
//! It holds the values by which the results are sorted, which may be a patient's, and stands in a URL, so it is sealed. It
//! holds values rather than a record, so that nothing is repeated or passed over when that record is changed or deleted
//! meanwhile.

use serde::{Deserialize, Serialize};

use super::Error;
use super::declaration::Located;
use super::plan::Plan;
use super::vault::{Closed, Vault};
use crate::config::Secret;

/// A position between two results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Which results the page has.
    pub direction: Direction,
    /// The values of the sort keys, as PostgreSQL writes them.
    pub keys: Vec<Option<String>>,
    /// The place of the source.
    pub source: usize,
    /// The record.
    pub record: i64,
    /// The place of the measure.
    pub measure: i64,
}

impl Position {
    /// The result that it is the position of.
    #[must_use]
    pub fn located(&self) -> Located {
        Located {
            source: self.source,
            record: self.record,
            measure: usize::try_from(self.measure).unwrap_or_default(),
        }
    }
}

/// On which side of a position a page lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    /// The results that follow.
    After,
    /// Those that come before.
    Before,
}

/// What a cursor is good for: one user, one search, and one language of what is searched.
#[derive(Debug, Clone, Copy)]
pub struct Binding<'a> {
    /// The secret of the installation.
    pub secret: &'a Secret,
    /// `res_user.id`.
    pub user: i64,
    /// The search.
    pub plan: &'a Plan,
    /// The tag of the language that texts are shown and searched in; `None`: as they are.
    pub language: Option<&'a str>,
    /// The time, in seconds since 1970.
    pub now: i64,
}

impl Binding<'_> {
    /// The cursor of a position. `None` if it cannot be sealed, which does not happen.
    #[must_use]
    pub fn seal(&self, position: &Position) -> Option<String> {
        self.vault().seal(position, &self.bound())
    }

    /// The position of a cursor.
    ///
    /// # Errors
    /// [`Error::Cursor`] if it was not sealed under this binding, [`Error::Expired`] if it is too old.
    pub fn open(&self, cursor: &str) -> Result<Position, Error> {
        let opened = self.vault().open(cursor, &self.bound());
        opened.map_err(|closed| match closed {
            Closed::Foreign => Error::Cursor,
            Closed::Expired => Error::Expired,
        })
    }

    fn vault(&self) -> Vault<'_> {
        Vault::new(self.secret, "cursor", self.now)
    }

    /// What a cursor is bound to. `_count` is not part of it: a client may change the size of its pages on the way.
    fn bound(&self) -> impl Serialize {
        let searched = self.plan.understood.iter();
        let searched: Vec<_> = searched.filter(|(name, _)| name != "_count").collect();
        let declaration = self.plan.grammar.declaration;
        (self.user, declaration.name, self.language, searched)
    }
}

/// A search that was sent by POST, for what must not stand in URLs: the links to its other pages hold it sealed.
#[derive(Debug, Clone, Copy)]
pub struct Sealing<'a> {
    /// The secret of the installation.
    pub secret: &'a Secret,
    /// `res_user.id`.
    pub user: i64,
    /// The resource type.
    pub resource: &'a str,
    /// The time, in seconds since 1970.
    pub now: i64,
}

/// The parameter that holds a sealed search.
pub const SEALED: &str = "_sealed";

impl Sealing<'_> {
    /// The value that stands for these parameters. `None` if they cannot be sealed, which does not happen.
    #[must_use]
    pub fn seal(&self, parameters: &[(String, String)]) -> Option<String> {
        self.vault().seal(&parameters, &(self.user, self.resource))
    }

    /// The parameters that a value stands for.
    ///
    /// # Errors
    /// [`Error::Value`] if it was not sealed for this user and type, [`Error::Expired`] if it is too old.
    pub fn open(&self, sealed: &str) -> Result<Vec<(String, String)>, Error> {
        let opened = self.vault().open(sealed, &(self.user, self.resource));
        opened.map_err(|closed| match closed {
            Closed::Expired => Error::Expired,
            Closed::Foreign => Error::Value {
                name: SEALED.to_owned(),
                reason: "it was not made by this server for you and this type".to_owned(),
            },
        })
    }

    fn vault(&self) -> Vault<'_> {
        Vault::new(self.secret, "search", self.now)
    }
}

#[cfg(test)]
mod tests {
    use super::super::criterion::Grammar;
    use super::super::declaration::Declaration;
    use super::super::plan::Handling;
    use super::super::query::Pair;
    use super::*;

    static PATIENT: Declaration = declaration("Patient");
    static OBSERVATION: Declaration = declaration("Observation");

    const fn declaration(name: &'static str) -> Declaration {
        Declaration {
            name,
            sources: &[],
            parameters: &[],
            compartments: &[],
            documentation: "",
        }
    }

    fn plan(declaration: &'static Declaration, pairs: &[(&str, &str)]) -> Plan {
        let pairs = pairs.iter().map(|(name, value)| Pair {
            name: (*name).to_owned(),
            modifier: None,
            value: (*value).to_owned(),
        });
        let grammar = Grammar {
            declaration,
            types: &[],
        };
        Plan::new(grammar, &pairs.collect::<Vec<_>>(), Handling::Strict).unwrap()
    }

    #[test]
    fn a_cursor_is_good_for_its_user_type_search_and_language_for_a_time() {
        let secret = Secret::new("0123456789abcdef0123456789abcdef").unwrap();
        let searched = plan(&PATIENT, &[]);
        let binding = Binding {
            secret: &secret,
            user: 7,
            plan: &searched,
            language: Some("es"),
            now: 1_000_000,
        };
        let position = Position {
            direction: Direction::After,
            keys: vec![Some("betz".to_owned()), None],
            source: 0,
            record: 42,
            measure: 0,
        };
        let cursor = binding.seal(&position).unwrap();
        assert_eq!(binding.open(&cursor), Ok(position));
        let with = |plan: Plan| {
            let plan = &plan;
            Binding { plan, ..binding }.open(&cursor)
        };
        assert!(with(plan(&PATIENT, &[("_count", "50")])).is_ok());
        assert_eq!(with(plan(&PATIENT, &[("_id", "50")])), Err(Error::Cursor));
        assert_eq!(with(plan(&OBSERVATION, &[])), Err(Error::Cursor));
        let other = Binding { user: 8, ..binding };
        assert_eq!(other.open(&cursor), Err(Error::Cursor));
        for language in [None, Some("de")] {
            let other = Binding {
                language,
                ..binding
            };
            assert_eq!(other.open(&cursor), Err(Error::Cursor));
        }
        let late = Binding {
            now: 2_000_000,
            ..binding
        };
        assert_eq!(late.open(&cursor), Err(Error::Expired));
    }

    #[test]
    fn a_sealed_search_is_good_for_its_user_and_type() {
        let secret = Secret::new("0123456789abcdef0123456789abcdef").unwrap();
        let sealing = Sealing {
            secret: &secret,
            user: 7,
            resource: "Patient",
            now: 0,
        };
        let parameters = vec![("family".to_owned(), "Betz".to_owned())];
        let sealed = sealing.seal(&parameters).unwrap();
        assert_eq!(sealing.open(&sealed), Ok(parameters));
        assert!(Sealing { user: 8, ..sealing }.open(&sealed).is_err());
        let other = Sealing {
            resource: "Observation",
            ..sealing
        };
        assert!(other.open(&sealed).is_err());
    }
}
