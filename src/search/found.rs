//! That a record is found, in a form that PostgreSQL can start from. `EXISTS (…) OR EXISTS (…)` is asked of every record;
//! of `column IN (… UNION ALL …)` it may collect the keys first, by the indexes of other tables, and join them.

use super::logic::any;

/// How a record is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// By a condition on it.
    If(String),
    /// By a column that is among the keys of a query.
    Among {
        /// The column of the record.
        column: String,
        /// The query, which does not refer to the record.
        keys: String,
        /// The same as a condition by itself.
        exists: String,
    },
}

impl Found {
    /// That a column of the record is among the keys of a query.
    pub(super) fn among(column: String, keys: String) -> Self {
        let exists = format!("{column} IN ({keys})");
        Self::Among {
            column,
            keys,
            exists,
        }
    }
}

/// The condition that a record is found in any of these ways. Queries for the same column become one.
pub(super) fn any_found(found: Vec<Found>) -> String {
    let mut conditions = Vec::new();
    let mut groups: Vec<(String, Vec<String>, String)> = Vec::new();
    for one in found {
        match one {
            Found::If(condition) => conditions.push(condition),
            Found::Among {
                column,
                keys,
                exists,
            } => match groups.iter_mut().find(|(known, ..)| *known == column) {
                Some((_, queries, _)) => queries.push(keys),
                None => groups.push((column, vec![keys], exists)),
            },
        }
    }
    let groups = groups.into_iter().map(|(column, queries, exists)| {
        if queries.len() == 1 {
            return exists;
        }
        format!("{column} IN ({})", queries.join(" UNION ALL "))
    });
    any(conditions.into_iter().chain(groups))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::logic::{FALSE, TRUE};

    fn among(column: &str, keys: &str) -> Found {
        Found::Among {
            column: column.to_owned(),
            keys: keys.to_owned(),
            exists: format!("EXISTS ({keys})"),
        }
    }

    #[test]
    fn queries_for_the_same_column_become_one() {
        let found = vec![among("a.p", "x"), among("a.q", "y"), among("a.p", "z")];
        assert_eq!(any_found(found), "(a.p IN (x UNION ALL z) OR EXISTS (y))");
    }

    #[test]
    fn what_is_known_is_folded_away() {
        let known = |known: &str| any_found(vec![Found::If(known.to_owned()), among("a", "x")]);
        assert_eq!(known(FALSE), "EXISTS (x)");
        assert_eq!(known(TRUE), TRUE);
        assert_eq!(any_found(Vec::new()), FALSE);
    }
}
