//! Prefixes of ordered values (R4, search, section "prefixes").

/// The comparison that a value asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prefix {
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
    StartsAfter,
    EndsBefore,
    Approximately,
}

/// The prefixes as they are written.
pub(super) const PREFIXES: &[(&str, Prefix)] = &[
    ("eq", Prefix::Equal),
    ("ne", Prefix::NotEqual),
    ("gt", Prefix::Greater),
    ("lt", Prefix::Less),
    ("ge", Prefix::GreaterOrEqual),
    ("le", Prefix::LessOrEqual),
    ("sa", Prefix::StartsAfter),
    ("eb", Prefix::EndsBefore),
    ("ap", Prefix::Approximately),
];

impl Prefix {
    /// The prefix of a value, `eq` if there is none, and the rest of it.
    pub(super) fn split(value: &str) -> (Self, &str) {
        let found = PREFIXES
            .iter()
            .find_map(|(sign, prefix)| Some((*prefix, value.strip_prefix(sign)?)));
        found.unwrap_or((Self::Equal, value))
    }
}
