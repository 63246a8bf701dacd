//! What a health record calls a disease, sign or reason: `gnuhealth.pathology`, with the code system of each entry.
//!
//! ICD-10 and ICD-11 stand side by side in this table, as may entries of the hospital's own.

use serde::Deserialize;

use crate::fhir::concept::{coding, concept};
use crate::fhir::r4::{CodeableConcept, Coding};
use crate::fhir::text::is_code;
use crate::search::parameter::{Meaning, System, Target, Value};
use crate::tryton::model::{Node, leaf, plain, translated};

use super::Record;
use super::person::filled;

/// What is read of an entry.
pub(super) const PATHOLOGY: Node = leaf(
    "gnuhealth.pathology",
    &[plain(&["code"]), translated(&["name"]), plain(&["uri"])],
);

const ICD_10: &str = "http://hl7.org/fhir/sid/icd-10";
const ICD_11: &str = "http://id.who.int/icd/release/11/mms";

/// The end of the system of codes that are neither.
const LOCAL: &str = "pathology";

/// The codes of the entry at the end of a path, in the source of this prefix: one target for each system, as
/// [`Pathology::concept`] tells them apart.
pub(super) const fn codes(path: &'static [&'static str], source: &'static str) -> [Target; 3] {
    [
        code(
            path,
            source,
            "CASE WHEN strpos({uri}, 'id.who.int') > 0 THEN NULL \
             WHEN {code} ~ '^[A-Z][0-9][0-9](\\.[0-9][0-9]?)?$' THEN {code} END",
            System::Fixed(ICD_10),
        ),
        code(
            path,
            source,
            "CASE WHEN strpos({uri}, 'id.who.int') > 0 THEN {code} END",
            System::Fixed(ICD_11),
        ),
        code(
            path,
            source,
            "CASE WHEN strpos({uri}, 'id.who.int') > 0 OR {code} ~ '^[A-Z][0-9][0-9](\\.[0-9][0-9]?)?$' \
             THEN NULL ELSE {code} END",
            System::Local(LOCAL),
        ),
    ]
}

const fn code(
    path: &'static [&'static str],
    source: &'static str,
    sql: &'static str,
    system: System,
) -> Target {
    Target::new(path, Value::Sql(sql), Meaning::Hierarchical(system)).of(source)
}

/// The name of the entry at the end of a path, for `:text`.
pub(super) const fn names(path: &'static [&'static str], source: &'static str) -> [Target; 1] {
    [Target::new(path, Value::Field("name"), Meaning::Text).of(source)]
}

/// A row of [`PATHOLOGY`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Pathology {
    code: Option<String>,
    name: Option<String>,
    uri: Option<String>,
}

impl Pathology {
    /// The code in its system, with the name; `None` if neither may be read.
    pub(super) fn concept(&self, record: &Record<'_>) -> Option<CodeableConcept> {
        let name = filled(self.name.as_ref());
        let code = self.code.as_ref().filter(|code| is_code(code));
        let coding: Option<Coding> =
            code.map(|code| coding(&self.system(code, record), code.as_str(), name.clone()));
        (coding.is_some() || name.is_some()).then(|| concept(coding, name))
    }

    /// GNU Health has no column for the code system. The entries of its ICD-11 module have the URI of WHO's entity;
    /// those of its ICD-10 module have none, and a code like `E11` or `E11.9`, which no ICD-11 code is.
    fn system(&self, code: &str, record: &Record<'_>) -> String {
        let is_icd_11 = self
            .uri
            .as_deref()
            .is_some_and(|uri| uri.contains("id.who.int"));
        match code {
            _ if is_icd_11 => ICD_11.to_owned(),
            code if is_icd_10(code) => ICD_10.to_owned(),
            _ => record.system(LOCAL),
        }
    }
}

/// A letter, two digits, and one or two more after a dot.
fn is_icd_10(code: &str) -> bool {
    let (category, more) = code
        .split_once('.')
        .map_or((code, None), |(a, b)| (a, Some(b)));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let mut category = category.chars();
    category
        .next()
        .is_some_and(|first| first.is_ascii_uppercase())
        && category.as_str().len() == 2
        && digits(category.as_str())
        && more.is_none_or(|more| (1..=2).contains(&more.len()) && digits(more))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::condition::DECLARATION;

    #[test]
    fn icd_10_and_icd_11_are_told_apart() {
        let uri =
            "https://icd.who.int/dev11/l-m/en#/http%3A%2F%2Fid.who.int%2Ficd%2Fentity%2F257068234";
        let record = Record {
            id: "5".to_owned(),
            version: None,
            system_base: "https://h/ns",
            source: &DECLARATION.sources[0],
            measure: None,
        };
        let coding = |code: &str, uri: Option<&str>| {
            let pathology = Pathology {
                code: Some(code.to_owned()),
                name: Some("X".to_owned()),
                uri: uri.map(str::to_owned),
            };
            let concept = pathology.concept(&record).unwrap();
            concept.coding[0].system.clone().unwrap()
        };
        for code in ["E11", "E11.9", "S52.50"] {
            assert_eq!(coding(code, None), ICD_10, "{code}");
        }
        assert_eq!(coding("E11.9", Some("https://example.org")), ICD_10);
        for code in ["1A00", "5A11", "XN109"] {
            assert_eq!(coding(code, Some(uri)), ICD_11, "{code}");
        }
        for code in ["E11.901", "e11", "E1", "E11.", "OWN-1", "É11", "1A00"] {
            assert_eq!(coding(code, None), "https://h/ns/pathology", "{code}");
        }
    }
}
