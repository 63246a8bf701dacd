//! What was done: `gnuhealth.procedure`, with the code system of each entry.
//!
//! GNU Health has modules with ICD-10-PCS, ICD-9-CM (procedures) and ICPM, which fill one table that has no column for the
//! system; so may the hospital. The shape of a code tells the first two apart from all others. HL7 has no system for ICPM:
//! its codes (`5-470`) stand with the hospital's own.

use serde::Deserialize;

use crate::fhir::concept::{coding, concept};
use crate::fhir::r4::CodeableConcept;
use crate::fhir::text::is_code;
use crate::resource::Record;
use crate::resource::person::filled;
use crate::search::parameter::{Meaning, System, Target, Value};
use crate::tryton::model::{Node, leaf, plain, translated};

/// What is read of an entry.
pub(super) const PROCEDURE: Node = leaf(
    "gnuhealth.procedure",
    &[plain(&["name"]), translated(&["description"])],
);

const ICD_10_PCS: &str = "http://www.cms.gov/Medicare/Coding/ICD10";
const ICD_9_CM: &str = "http://hl7.org/fhir/sid/icd-9-cm";

/// The end of the system of codes that are neither.
const LOCAL: &str = "procedure";

/// The code of the entry at the end of a path, in the source of this prefix, if it is of an official system, as
/// [`Code::concept`] tells them apart.
pub(super) const fn official(path: &'static [&'static str], source: &'static str) -> Target {
    let code = Value::Sql(
        "CASE WHEN {name} ~ '^[0-9][0-9]\\.[0-9][0-9]?$' OR (length({name}) = 7 AND {name} ~ '[0-9]' \
         AND {name} ~ '^[0-9BCDFGHX][0-9A-HJ-NP-Z]+$') THEN {name} END",
    );
    let system = System::Sql(
        "CASE WHEN {name} ~ '^[0-9][0-9]\\.[0-9][0-9]?$' THEN 'http://hl7.org/fhir/sid/icd-9-cm' \
         ELSE 'http://www.cms.gov/Medicare/Coding/ICD10' END",
    );
    Target::new(path, code, Meaning::Token(system)).of(source)
}

/// The code of the entry at the end of a path if it is of no official system.
pub(super) const fn local(path: &'static [&'static str], source: &'static str) -> Target {
    let code = Value::Sql(
        "CASE WHEN {name} ~ '^[0-9][0-9]\\.[0-9][0-9]?$' OR (length({name}) = 7 AND {name} ~ '[0-9]' \
         AND {name} ~ '^[0-9BCDFGHX][0-9A-HJ-NP-Z]+$') THEN NULL ELSE {name} END",
    );
    Target::new(path, code, Meaning::Token(System::Local(LOCAL))).of(source)
}

/// The text of the entry at the end of a path, for `:text`.
pub(super) const fn text(path: &'static [&'static str], source: &'static str) -> Target {
    Target::new(path, Value::Field("description"), Meaning::Text).of(source)
}

/// A row of [`PROCEDURE`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Code {
    name: Option<String>,
    description: Option<String>,
}

impl Code {
    /// The code in its system, with the long text; `None` if neither may be read.
    pub(super) fn concept(&self, record: &Record<'_>) -> Option<CodeableConcept> {
        let text = filled(self.description.as_ref());
        let code = self.name.as_ref().filter(|code| is_code(code));
        let coding = code.map(|code| coding(&system(code, record), code.as_str(), text.clone()));
        (coding.is_some() || text.is_some()).then(|| concept(coding, text))
    }
}

fn system(code: &str, record: &Record<'_>) -> String {
    match code {
        code if is_icd_9_cm(code) => ICD_9_CM.to_owned(),
        code if is_icd_10_pcs(code) => ICD_10_PCS.to_owned(),
        _ => record.system(LOCAL),
    }
}

/// Two digits, a dot, and one or two more. A category without a dot is too short to be known.
fn is_icd_9_cm(code: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    code.split_once('.').is_some_and(|(category, rest)| {
        category.len() == 2 && (1..=2).contains(&rest.len()) && digits(category) && digits(rest)
    })
}

/// Seven digits and capital letters without I and O, the first that of one of its sections. All have a digit, words have
/// none.
fn is_icd_10_pcs(code: &str) -> bool {
    let allowed = |byte: u8| {
        byte.is_ascii_digit() || byte.is_ascii_uppercase() && !matches!(byte, b'I' | b'O')
    };
    let section = |byte: u8| byte.is_ascii_digit() || b"BCDFGHX".contains(&byte);
    code.len() == 7
        && code.bytes().all(allowed)
        && code.bytes().next().is_some_and(section)
        && code.bytes().any(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::procedure::DECLARATION;

    #[test]
    fn the_shape_of_a_code_tells_its_system() {
        let record = Record {
            id: "operation-5".to_owned(),
            version: None,
            system_base: "https://h/ns",
            source: &DECLARATION.sources[1],
            measure: None,
        };
        let system = |code: &str| {
            let entry = Code {
                name: Some(code.to_owned()),
                description: None,
            };
            entry.concept(&record).unwrap().coding[0].system.clone()
        };
        for code in ["0DTJ4ZZ", "BW03ZZZ", "10D00Z1", "GZB0ZZZ", "XW03331"] {
            assert_eq!(system(code).as_deref(), Some(ICD_10_PCS), "{code}");
        }
        for code in ["00.01", "47.0", "99.99"] {
            assert_eq!(system(code).as_deref(), Some(ICD_9_CM), "{code}");
        }
        // ICPM, a word, letters that ICD-10-PCS does not have, and what is too short or too long
        for code in [
            "5-470", "SURGERY", "BEDRESS", "0DTI4ZZ", "0dtj4zz", "0DTJ4Z", "ZDTJ4ZZ", "47", "47.",
            "147.0", "47.091", "É123456",
        ] {
            assert_eq!(
                system(code).as_deref(),
                Some("https://h/ns/procedure"),
                "{code}"
            );
        }
    }

    #[test]
    fn an_entry_without_a_valid_code_has_its_text() {
        let entry = Code {
            name: Some("a  b".to_owned()),
            description: Some("Suture".to_owned()),
        };
        let record = Record {
            id: "operation-5".to_owned(),
            version: None,
            system_base: "https://h/ns",
            source: &DECLARATION.sources[1],
            measure: None,
        };
        assert_eq!(
            entry.concept(&record),
            Some(concept(None, Some("Suture".to_owned())))
        );
        assert_eq!(Code::default().concept(&record), None);
    }
}
