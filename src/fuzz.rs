//! What comes from outside, thrown at everything that reads it without asking a database: whatever is sent, nothing panics,
//! and the answer is a value or a typed error. `PROPTEST_CASES` says how many cases each test tries (256 unless it is set).
//!
//! What reads batches and what is to be validated is fuzzed beside it, in `rest::batch::fuzz` and `rest::validation::fuzz`, since
//! nobody else may call it.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use chrono::NaiveDateTime;
use http::{HeaderMap, HeaderValue, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;
use proptest::sample::select;

use crate::config::Secret;
use crate::db::Sql;
use crate::fhir::date::Interval;
use crate::fhir::xml;
use crate::resource;
use crate::rest::negotiation;
use crate::search::criterion::Grammar;
use crate::search::cursor::{Binding, Direction, Position};
use crate::search::declaration::Declaration;
use crate::search::plan::{Handling, Plan};
use crate::search::query::{self, Pair};
use crate::search::scope::Scope;
use crate::search::statement;
use crate::tryton::access::Rights;
use crate::tryton::catalog::Catalog;
use crate::tryton::model::Node;
use crate::tryton::view::View;

/// Failures are told with the least input that shows them; no file is kept of them.
fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Bits that queries are made of, right and wrong ones.
const PIECES: &[&str] = &[
    "",
    " ",
    ",",
    "|",
    "$",
    "\\",
    "\\,",
    "\\|",
    "||",
    ":",
    ".",
    "-",
    "+",
    "%",
    "\"",
    "'",
    "(",
    ")",
    "\0",
    "é",
    "e\u{301}",
    "😀",
    "\u{ffff}",
    "a",
    "Ana",
    "null",
    "true",
    "false",
    "0",
    "1",
    "-1",
    "5.4",
    "1e2",
    "1e999999999",
    "NaN",
    "99999999999999999999",
    "eq",
    "ne",
    "gt",
    "ge",
    "lt",
    "le",
    "sa",
    "eb",
    "ap",
    "2024",
    "2024-02-30",
    "2024-02-29",
    "0000",
    "9999-12-31",
    "10000",
    "T10:00",
    "T23:59:60",
    "T10:00:00.123456789",
    "Z",
    "+14:00",
    "-99:99",
    "http://loinc.org",
    "urn:oid:1.2.3",
    "Patient/1",
    "Patient",
    "Observation",
    "http://unitsofmeasure.org",
    "mg",
    " and ",
    " or ",
    "not ",
    "name co \"x\"",
    "_id eq 1",
    " pr true",
    "*",
    "id",
    "-_id",
    "_lastUpdated",
];

/// Names that mean something in every search.
const NAMES: &[&str] = &[
    "_id",
    "_lastUpdated",
    "_count",
    "_total",
    "_cursor",
    "_sort",
    "_include",
    "_revinclude",
    "_has",
    "_filter",
    "_type",
    "_text",
    "_content",
    "_format",
    "_pretty",
    "_summary",
    "_elements",
    "_list",
    "_contained",
    "_query",
    "nonsense",
];

const MODIFIERS: &[&str] = &[
    "",
    ":missing",
    ":exact",
    ":contains",
    ":text",
    ":not",
    ":above",
    ":below",
    ":in",
    ":of-type",
    ":identifier",
    ":iterate",
    ":Patient",
    ":Observation",
    ":",
    "::",
    ".name",
    ".",
    ":Patient.name",
    ":Observation:patient:code",
    ":Observation:patient",
    ".general-practitioner.name",
];

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![4 => select(PIECES).prop_map(str::to_owned), 1 => ".{0,4}"]
}

fn value() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..6).prop_map(|pieces| pieces.concat())
}

/// The name of a parameter, with what may follow it.
fn key() -> impl Strategy<Value = String> {
    let declared = resource::ALL
        .iter()
        .flat_map(|declaration| declaration.parameters.iter());
    let declared = declared.map(|parameter| parameter.name);
    let names: Vec<&str> = declared.chain(NAMES.iter().copied()).collect();
    (
        select(names),
        prop::collection::vec(select(MODIFIERS), 0..3),
    )
        .prop_map(|(name, modifiers)| format!("{name}{}", modifiers.concat()))
}

fn pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::vec((key(), value()), 0..5)
}

fn encoded(pairs: &[(String, String)]) -> String {
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs = pairs
        .iter()
        .map(|(key, value)| format!("{}={}", encode(key), encode(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// A user who may read all of a database that has every table and column that is described.
fn view() -> View {
    let mut tables = HashMap::new();
    for source in resource::ALL
        .iter()
        .flat_map(|declaration| declaration.sources.iter())
    {
        describe(source.root, &mut tables);
    }
    View::new(Rc::new(Catalog::new(tables)), Rc::new(Rights::default()))
}

fn describe(node: &Node, tables: &mut HashMap<String, HashSet<String>>) {
    let mut columns: HashSet<String> = ["id", "create_date", "write_date"]
        .map(str::to_owned)
        .into();
    columns.extend(
        node.fields
            .iter()
            .flat_map(|field| field.columns.iter().map(ToString::to_string)),
    );
    columns.extend(
        node.one
            .iter()
            .flat_map(|relation| relation.columns.iter().map(ToString::to_string)),
    );
    tables.entry(node.table()).or_default().extend(columns);
    for relation in node.many {
        let columns = relation.columns.iter().map(ToString::to_string);
        tables
            .entry(relation.node.table())
            .or_default()
            .extend(columns);
    }
    for relation in node.one.iter().chain(node.many) {
        describe(relation.node, tables);
    }
}

fn plan(declaration: &'static Declaration, pairs: &[Pair], handling: Handling) -> Option<Plan> {
    let grammar = Grammar {
        declaration,
        types: resource::ALL,
    };
    Plan::new(grammar, pairs, handling).ok()
}

/// PostgreSQL refuses a statement with a parameter that its text does not use, or the other way round.
fn assert_complete(sql: &Sql) -> Result<(), TestCaseError> {
    let used: HashSet<usize> = sql
        .text
        .split('$')
        .skip(1)
        .filter_map(|rest| {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().ok()
        })
        .collect();
    let bound: HashSet<usize> = (1..=sql.parameters.len()).collect();
    prop_assert_eq!(used, bound, "{}", sql.text);
    Ok(())
}

/// A tree of JSON, with what a resource has and what none has.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        value().prop_map(Into::into),
    ];
    // Those of the standard only: names of elements never come from outside.
    let name = select(vec![
        "id",
        "_id",
        "text",
        "url",
        "extension",
        "value",
        "valueString",
        "contained",
        "resource",
        "name",
        "given",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::vec((name.clone(), inner), 0..5)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_text_is_a_query_or_is_refused(text in any::<String>(), noise in "[a-z%&=+:,|0-9]{0,80}") {
        let _ = query::parse(&text);
        let _ = query::parse(&noise);
    }

    #[test]
    fn what_is_encoded_is_decoded_to_the_same(pairs in pairs()) {
        let Ok(parsed) = query::parse(&encoded(&pairs)) else {
            prop_assert!(pairs.iter().any(|(key, value)| key.contains('\0') || value.contains('\0')));
            return Ok(());
        };
        let parsed: Vec<_> = parsed.iter().map(|pair| (pair.key(), pair.value.clone())).collect();
        prop_assert_eq!(parsed, pairs);
    }

    #[test]
    fn parts_joined_again_are_the_value(value in value(), separator in select(vec![',', '|', '$'])) {
        prop_assert_eq!(query::split(&value, separator).join(&separator.to_string()), value.clone());
        let escaped: String = value.chars().flat_map(|character| {
            matches!(character, ',' | '|' | '$' | '\\').then_some('\\').into_iter().chain([character])
        }).collect();
        prop_assert_eq!(query::unescape(&escaped), value.clone());
        prop_assert_eq!(query::split(&escaped, separator), [escaped.clone()]);
    }

    #[test]
    fn a_search_is_understood_and_compiled_whole_or_is_refused(pairs in pairs(), strict in any::<bool>(), place in 0..resource::ALL.len()) {
        let handling = if strict { Handling::Strict } else { Handling::Lenient };
        let Ok(parsed) = query::parse(&encoded(&pairs)) else { return Ok(()) };
        let Some(plan) = resource::ALL.get(place).and_then(|declaration| plan(declaration, &parsed, handling)) else { return Ok(()) };
        let view = view();
        let scope = Scope {
            view: &view,
            system_base: "https://h/ns",
            base_url: "https://h/fhir",
            now: NaiveDateTime::default(),
            zone: Some("Atlantic/Canary"),
        };
        for sql in [statement::page(&scope, &plan, None), statement::total(&scope, &plan)].into_iter().flatten() {
            assert_complete(&sql)?;
        }
    }

    #[test]
    fn a_date_lasts_or_is_refused(text in value(), noise in "[0-9]{0,5}(-[0-9]{0,3}){0,3}(T[0-9:.]{0,20})?[Z+ -]?[0-9:]{0,6}") {
        for text in [text, noise] {
            if let Ok(interval) = Interval::parse(&text) {
                prop_assert!(interval.start < interval.end, "{}", text);
            }
        }
    }

    #[test]
    fn only_a_cursor_that_was_sealed_is_opened(text in any::<String>(), record in any::<i64>(), key in prop::option::of(".{0,20}"), at in any::<prop::sample::Index>(), bit in 0..6_u8) {
        let secret = Secret::new("0123456789abcdef0123456789abcdef").unwrap();
        let plan = plan(resource::ALL[0], &[], Handling::Strict).unwrap();
        let binding = Binding { secret: &secret, user: 7, plan: &plan, language: None, now: 1_000_000 };
        prop_assert!(binding.open(&text).is_err());
        let position = Position { direction: Direction::After, keys: vec![key], source: 0, record, measure: 0 };
        let sealed = binding.seal(&position).unwrap();
        prop_assert_eq!(binding.open(&sealed), Ok(position.clone()));
        let mut bytes = sealed.clone().into_bytes();
        let index = at.index(bytes.len());
        bytes[index] ^= 1 << bit;
        let changed = String::from_utf8_lossy(&bytes).into_owned();
        // The last digit of base64 has bits that mean nothing.
        prop_assert!(binding.open(&changed).is_err() || index == bytes.len() - 1);
    }

    #[test]
    fn any_accept_header_is_a_format_or_is_refused(
        accept in prop::collection::vec(any::<u8>(), 0..60),
        ranges in "(((application|text|\\*)/(fhir\\+json|fhir\\+xml|json|html|\\*))(;(q|fhirVersion|charset)=[0-9a-z.\"-]{0,6}){0,2}[,; ]{0,2}){0,4}",
        pairs in pairs(),
    ) {
        let parsed = query::parse(&encoded(&pairs)).unwrap_or_default();
        for value in [HeaderValue::from_bytes(&accept).ok(), HeaderValue::from_str(&ranges).ok()].into_iter().flatten() {
            let headers: HeaderMap = [(header::ACCEPT, value)].into_iter().collect();
            let _ = negotiation::format(&parsed, &headers);
            let _ = negotiation::prefers_html(&headers);
        }
    }

    #[test]
    fn any_languages_are_understood_or_ignored(
        any in prop::collection::vec(any::<u8>(), 0..60),
        ranges in "((\\*|[a-z]{2,9}(-[A-Za-z0-9]{1,9}){0,3})(;(q|x)=[0-9.-]{0,5}){0,2}[,; ]{0,2}){0,50}",
    ) {
        for value in [HeaderValue::from_bytes(&any).ok(), HeaderValue::from_str(&ranges).ok()].into_iter().flatten() {
            let headers: HeaderMap = [(header::ACCEPT_LANGUAGE, value)].into_iter().collect();
            let wanted = negotiation::languages(&headers);
            prop_assert!(wanted.ranges.iter().all(|range| !wanted.refused.contains(range)));
        }
    }

    #[test]
    fn any_json_is_written_as_xml_or_is_refused(text in any::<String>(), tree in json(), pretty in any::<bool>()) {
        let _ = xml::document(&text, pretty);
        let mut resource = tree.clone();
        if let Some(members) = resource.as_object_mut() {
            members.insert("resourceType".to_owned(), "Patient".into());
        }
        let _ = xml::document(&tree.to_string(), pretty);
        let Ok(document) = xml::document(&resource.to_string(), pretty) else { return Ok(()) };
        let mut reader = quick_xml::Reader::from_str(&document);
        loop {
            match reader.read_event() {
                Ok(quick_xml::events::Event::Eof) => break,
                Ok(_) => {}
                Err(error) => prop_assert!(false, "{}: {}", error, document),
            }
        }
    }
}
