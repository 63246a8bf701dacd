//! Which text may stand in a FHIR element.

/// Makes a `string` of what a database column holds. FHIR allows no empty string, and of the control characters only
/// tab, line feed and carriage return (R4, datatypes, `string`): others are dropped, and nothing left is no value.
#[must_use]
pub fn string(text: &str) -> Option<String> {
    let allowed =
        |character: &char| !character.is_control() || matches!(character, '\t' | '\n' | '\r');
    let cleaned: String = text.chars().filter(allowed).collect();
    let trimmed = cleaned.trim();
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}

/// Whether this is a logical id (R4, datatypes, `id`): 1 to 64 letters, digits, `-` and `.`.
#[must_use]
pub fn is_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    (1..=64).contains(&text.len()) && text.bytes().all(allowed)
}

/// Whether this is a code (R4, datatypes, `code`): no space around it, and only single ones inside.
#[must_use]
pub fn is_code(text: &str) -> bool {
    !text.is_empty()
        && !text.contains(char::is_control)
        && text
            .split(' ')
            .all(|word| !word.is_empty() && !word.contains(char::is_whitespace))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_has_content_and_no_control_characters() {
        assert_eq!(
            string(" O'Brien \"Bob\" ").as_deref(),
            Some("O'Brien \"Bob\"")
        );
        assert_eq!(string("a\u{1}b\nc").as_deref(), Some("ab\nc"));
        assert_eq!(string("  \u{0} \t"), None);
    }

    #[test]
    fn ids_are_as_r4_defines_them() {
        assert!(is_id("lab-12") && is_id(&"a".repeat(64)));
        assert!(!is_id("") && !is_id(&"a".repeat(65)) && !is_id("1;drop") && !is_id("é"));
    }

    #[test]
    fn codes_are_as_r4_defines_them() {
        assert!(is_code("WBC") && is_code("Clarity/ Appearance"));
        for text in ["", " ", "WBC ", "a  b", "a\tb", "a\u{a0}b"] {
            assert!(!is_code(text), "{text:?}");
        }
    }
}
