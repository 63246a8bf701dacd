//! Conditions joined. What is known while compiling (`true`, `false`) is folded away, so that a source that cannot match
//! is not even asked.

/// The condition that nothing fulfils.
pub(super) const FALSE: &str = "false";

/// The condition that everything fulfils.
pub(super) const TRUE: &str = "true";

/// All of these.
pub(super) fn all(conditions: impl IntoIterator<Item = String>) -> String {
    joined(conditions, " AND ", TRUE, FALSE)
}

/// At least one of these.
pub(super) fn any(conditions: impl IntoIterator<Item = String>) -> String {
    joined(conditions, " OR ", FALSE, TRUE)
}

/// Not this one. What SQL does not know (`NULL`) is not the case.
pub(super) fn not(condition: &str) -> String {
    match condition {
        TRUE => FALSE.to_owned(),
        FALSE => TRUE.to_owned(),
        _ => format!("({condition} IS NOT TRUE)"),
    }
}

fn joined(
    conditions: impl IntoIterator<Item = String>,
    operator: &str,
    neutral: &str,
    deciding: &str,
) -> String {
    let mut parts = Vec::new();
    for condition in conditions {
        if condition == deciding {
            return deciding.to_owned();
        }
        if condition != neutral {
            parts.push(condition);
        }
    }
    match parts.as_slice() {
        [] => neutral.to_owned(),
        [one] => one.clone(),
        _ => format!("({})", parts.join(operator)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(conditions: &[&str]) -> Vec<String> {
        conditions.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_known_is_folded_away() {
        assert_eq!(all(of(&["a", "true", "b"])), "(a AND b)");
        assert_eq!(all(of(&["a", "false"])), "false");
        assert_eq!(all(of(&[])), "true");
        assert_eq!(any(of(&["false", "a"])), "a");
        assert_eq!(any(of(&["a", "true"])), "true");
        assert_eq!(any(of(&[])), "false");
        assert_eq!(not("false"), "true");
        assert_eq!(not("a"), "(a IS NOT TRUE)");
    }
}
