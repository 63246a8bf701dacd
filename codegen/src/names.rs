//! Rust names from FHIR names.

/// `birthDate` -> `birth_date`, as a field; Rust's keywords become raw identifiers.
pub(crate) fn field(name: &str) -> String {
    let snake = snake(name);
    match snake.as_str() {
        "abstract" | "as" | "const" | "do" | "else" | "enum" | "final" | "for" | "if" | "in"
        | "let" | "loop" | "match" | "mod" | "move" | "override" | "priv" | "pub" | "ref"
        | "return" | "static" | "struct" | "trait" | "type" | "use" | "where" | "while"
        | "yield" => format!("r#{snake}"),
        _ => snake,
    }
}

/// `OperationOutcome` -> `operation_outcome`.
pub(crate) fn snake(name: &str) -> String {
    let mut out = String::new();
    let mut previous_lower = false;
    for letter in name.chars() {
        if letter.is_uppercase() && previous_lower {
            out.push('_');
        }
        previous_lower = letter.is_lowercase() || letter.is_ascii_digit();
        out.extend(letter.to_lowercase());
    }
    out
}

/// `Bundle.entry.search` -> `BundleEntrySearch`; `value[x]` loses its brackets.
pub(crate) fn type_of_path(path: &str) -> String {
    path.trim_end_matches("[x]")
        .split('.')
        .map(capital)
        .collect()
}

/// With a capital first letter.
pub(crate) fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

/// `FHIRVersion` -> `FhirVersion`, `medicationRequest Intent` -> `MedicationRequestIntent`.
pub(crate) fn enum_name(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::new();
    let mut start = true;
    for (position, &letter) in letters.iter().enumerate() {
        if !letter.is_alphanumeric() {
            start = true;
            continue;
        }
        let after_upper = position
            .checked_sub(1)
            .and_then(|before| letters.get(before))
            .is_some_and(|before| before.is_uppercase());
        let before_lower = letters
            .get(position + 1)
            .is_some_and(|next| next.is_lowercase());
        if start {
            out.extend(letter.to_uppercase());
        } else if letter.is_uppercase() && after_upper && !before_lower {
            out.extend(letter.to_lowercase());
        } else {
            out.push(letter);
        }
        start = false;
    }
    out
}

/// `not-supported` -> `NotSupported`, `MORN.early` -> `MornEarly`, `4.0.1` -> `V4_0_1`; `<` takes its display.
pub(crate) fn variant(code: &str, display: &str) -> String {
    let source = if code.contains(char::is_alphanumeric) {
        code
    } else {
        display
    };
    let words: Vec<&str> = source
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    if source.starts_with(|letter: char| letter.is_ascii_digit()) {
        return format!("V{}", words.join("_"));
    }
    let name: String = words.into_iter().map(enum_word).collect();
    if name == "Self" {
        "Self_".to_owned()
    } else {
        name
    }
}

/// A word of a code: all capitals are an abbreviation, anything else keeps its capitals.
fn enum_word(word: &str) -> String {
    if word.chars().any(char::is_lowercase) {
        capital(word)
    } else {
        capital(&word.to_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_rust_conventions() {
        assert_eq!(field("birthDate"), "birth_date");
        assert_eq!(field("use"), "r#use");
        assert_eq!(snake("OperationOutcome"), "operation_outcome");
        assert_eq!(type_of_path("Patient.deceased[x]"), "PatientDeceased");
        assert_eq!(enum_name("FHIRVersion"), "FhirVersion");
        assert_eq!(enum_name("HTTPVerb"), "HttpVerb");
        assert_eq!(
            enum_name("medicationRequest Intent"),
            "MedicationRequestIntent"
        );
        assert_eq!(variant("not-supported", ""), "NotSupported");
        assert_eq!(variant("MORN.early", ""), "MornEarly");
        assert_eq!(variant("4.0.1", ""), "V4_0_1");
        assert_eq!(variant("<=", "Less or Equal to"), "LessOrEqualTo");
    }
}
