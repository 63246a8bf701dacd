//! Bodies that nobody would send, thrown at what reads and judges them: nothing panics, and the outcome says where.

use proptest::prelude::*;
use proptest::sample::select;

use super::input::{self, Syntax};
use super::{Asked, judgement};
use crate::fhir::validate::NAMES;
use crate::fhir::xml;

fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Names that mean something, and some that do not.
const MEMBERS: &[&str] = &[
    "resourceType",
    "id",
    "_id",
    "meta",
    "text",
    "div",
    "status",
    "contained",
    "extension",
    "modifierExtension",
    "url",
    "valueString",
    "_valueString",
    "valueReference",
    "valueQuantity",
    "valueBoolean",
    "name",
    "given",
    "_given",
    "family",
    "gender",
    "_birthDate",
    "birthDate",
    "reference",
    "type",
    "identifier",
    "subject",
    "code",
    "coding",
    "system",
    "clinicalStatus",
    "entry",
    "resource",
    "parameter",
    "part",
    "mode",
    "valueCode",
    "component",
    "effectiveDateTime",
    "",
    "_",
    "__x",
    "é",
    "a b",
    "$",
];

const TEXTS: &[&str] = &[
    "",
    " ",
    "x",
    "true",
    "#",
    "#a",
    "Patient/1",
    "Patient",
    "http://h/Patient/1",
    "urn:uuid:1",
    "2024-02-30",
    "2024-02-29T10:00:00Z",
    "male",
    "resource",
    "mode",
    "profile",
    "delete",
    "é\u{301}😀",
    "\u{0}",
    "\u{ffff}",
    "1e9",
    "-0",
    "<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>",
    "<div",
    "&a;",
    "]]>",
    "http://hl7.org/fhir",
];

/// Any JSON, made of what FHIR knows.
fn node() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        select(TEXTS).prop_map(Into::into),
        select(NAMES).prop_map(Into::into),
    ];
    leaf.prop_recursive(6, 80, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            object(inner),
        ]
    })
}

fn object(
    inner: impl Strategy<Value = serde_json::Value>,
) -> impl Strategy<Value = serde_json::Value> {
    let members = prop::collection::vec((select(MEMBERS), inner), 0..8);
    (select(NAMES), members).prop_map(|(name, members)| {
        let mut object = serde_json::Map::new();
        object.insert("resourceType".to_owned(), name.into());
        for (name, value) in members {
            object.insert(name.to_owned(), value);
        }
        object.into()
    })
}

/// Judges a body, and looks whether every issue has a place or a reason not to.
fn judged(body: &str, syntax: Syntax) {
    for (resource_type, id) in [("Patient", None), ("Parameters", Some("a"))] {
        let asked = Asked { resource_type, id };
        let Ok(input) = input::read(body, syntax, asked, &[]) else {
            continue;
        };
        let Ok(outcome) = judgement::of(input, asked) else {
            continue;
        };
        assert!(!outcome.issue.is_empty(), "{body}");
        for issue in outcome.issue {
            assert!(
                issue.diagnostics.is_some_and(|text| !text.is_empty()),
                "{body}"
            );
        }
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_text_is_judged_or_refused(body in ".*") {
        judged(&body, Syntax::Json);
        judged(&body, Syntax::Xml);
    }

    #[test]
    fn any_json_is_judged_and_so_is_its_xml(resource in object(node())) {
        let json = resource.to_string();
        judged(&json, Syntax::Json);
        if let Ok(xml) = xml::document(&json, false) {
            judged(&xml, Syntax::Xml);
        }
    }

    #[test]
    fn any_xml_is_judged_or_refused(
        parts in prop::collection::vec((select(MEMBERS), select(TEXTS), 0..5_u8), 0..30)
    ) {
        let mut xml = String::from("<Patient xmlns=\"http://hl7.org/fhir\">");
        for (name, text, kind) in parts {
            xml += &match kind {
                0 => format!("<{name} value=\"{text}\"/>"),
                1 => format!("<{name}>"),
                2 => format!("</{name}>"),
                3 => text.to_owned(),
                _ => format!("<{name} xmlns=\"{text}\" id=\"{text}\" url=\"{text}\">{text}</{name}>"),
            };
        }
        judged(&xml, Syntax::Xml);
        judged(&format!("{xml}</Patient>"), Syntax::Xml);
    }
}
