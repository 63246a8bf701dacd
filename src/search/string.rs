//! String parameters: case and accents do not count, and a word of the field starts with the value
//! (R4, search, section "string"); `:contains` anywhere, `:exact` to the letter.

use crate::db::{Parameter as Bound, Sql};

/// How a text is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    /// A word of the field starts with the value.
    Starts,
    /// The field contains the value.
    Contains,
    /// The field starts with the value.
    Begins,
    /// The field ends with the value.
    Ends,
    /// The field is the value, apart from case and accents.
    Whole,
    /// The field is the value.
    Exact,
}

/// The condition that `column` matches `value`.
pub(super) fn condition(
    sql: &mut Sql,
    column: &str,
    value: &str,
    comparison: Comparison,
) -> String {
    let literal = like_literal(value);
    let pattern = match comparison {
        Comparison::Exact => {
            // What is shown has no outer spaces, though older versions stored them.
            let bound = sql.bind(Bound::Text(value.to_owned()));
            return format!("{} = {bound}", trimmed(column));
        }
        Comparison::Starts => format!("% {literal}%"),
        Comparison::Contains => format!("%{literal}%"),
        Comparison::Begins => format!(" {literal}%"),
        Comparison::Ends => format!("%{literal}"),
        Comparison::Whole => format!(" {literal}"),
    };
    let pattern = sql.bind(Bound::Text(pattern));
    format!(
        "{} LIKE {}",
        folded(&format!("' ' || {column}")),
        folded(&pattern)
    )
}

/// A text without the outer spaces that are not shown.
pub(super) fn trimmed(column: &str) -> String {
    format!("btrim({column}, E' \\t\\n\\r')")
}

/// An expression without case and accents: the letters are taken apart (NFD), the combining marks dropped, and what is
/// left put together again (NFC), since a Hangul syllable taken apart would start with others. In SQL on both sides, so
/// that they cannot differ; without the `unaccent` extension, which the database need not have.
pub(super) fn folded(expression: &str) -> String {
    let bare = format!(
        "regexp_replace(normalize(lower({expression}), NFD), '[\\u0300-\\u036f]', '', 'g')"
    );
    format!("normalize({bare}, NFC)")
}

/// A text in a LIKE pattern, standing for itself.
fn like_literal(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_of_the_value_stand_for_themselves() {
        let mut sql = Sql::default();
        let condition = condition(&mut sql, "c", "50%_\\", Comparison::Contains);
        assert!(condition.contains("LIKE"), "{condition}");
        assert_eq!(sql.parameters, [Bound::Text("%50\\%\\_\\\\%".into())]);
    }

    #[test]
    fn the_proposed_indexes_have_the_same_expressions() {
        let file = include_str!("../../database/indexes.sql");
        let folded = folded("' ' || \"COLUMN\"");
        for expression in [folded, trimmed("\"COLUMN\"")] {
            // As what regexp_replace puts in place, in a literal.
            let replacement = expression.replace('\\', "\\\\").replace("COLUMN", "\\1");
            let literal = replacement.replace('\\', "\\\\").replace('\'', "''");
            assert!(file.contains(&format!("E'{literal}'")), "{literal}");
        }
    }

    #[test]
    fn exact_compares_what_is_shown() {
        let mut sql = Sql::default();
        assert_eq!(
            condition(&mut sql, "c", "Éa", Comparison::Exact),
            "btrim(c, E' \\t\\n\\r') = $1::text"
        );
    }
}
