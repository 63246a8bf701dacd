//! What the comparison with trytond (tests/all/domains.rs) cannot show: that nothing from a domain becomes part of the
//! text of a statement, and that what is not sure is refused.

use chrono::DateTime;
use serde_json::json;

use super::*;
use crate::db::Parameter;
use crate::tryton::domain;
use crate::tryton::pyson::{Context, decode};

/// Two models: a patient, and its party.
fn schema(is_7_0: bool, rows: u32, folds: bool) -> Schema {
    let field = |ttype: &str, kind: Option<&str>, relation: Option<&str>, required: bool| json!({"ttype": ttype, "kind": kind, "relation": relation, "required": required, "translated": false});
    let text = Some("character varying");
    let integer = Some("integer");
    let schema = json!({"has_model_log": is_7_0, "folds": folds, "models": {
        "gnuhealth.patient": {"rows": rows, "fields": {
            "id": field("integer", integer, None, true),
            "party": field("many2one", integer, Some("party.party"), false),
            "puid": field("char", None, None, false),
            "note": field("text", Some("text"), None, false),
            "odd": field("integer", Some("point"), None, false),
            "dict": field("dict", Some("jsonb"), None, false),
            "unknown_lines": field("one2many", None, Some("party.party"), false),
            "lab_test_ids": field("one2many", None, Some("gnuhealth.patient.lab.test"), false),
        }},
        "party.party": {"rows": rows, "fields": {
            "id": field("integer", integer, None, true),
            "name": field("char", text, None, false),
            "lang": field("many2one", integer, Some("ir.lang"), false),
            "active": field("boolean", Some("boolean"), None, false),
            "rec_name": field("char", None, None, false),
        }},
        "ir.lang": null,
    }});
    Schema::parse(&schema.to_string()).unwrap()
}

fn compiled(schema: &Schema, json: &str) -> (Result<String, NotCompiled>, Vec<Parameter>) {
    let value = decode(json, &Context::new(DateTime::UNIX_EPOCH)).unwrap();
    let domain = domain::parse(&value).unwrap();
    let mut sql = Sql::new("", vec![Parameter::Integer(7)]);
    let condition = condition(&domain, "gnuhealth.patient", "t", schema, &mut sql);
    (condition, sql.parameters)
}

fn reason(schema: &Schema, json: &str) -> Option<Reason> {
    match compiled(schema, json) {
        (Err(NotCompiled::Refused { reason, .. }), parameters) => {
            assert_eq!(parameters.len(), 1, "nothing stays bound: {json}");
            Some(reason)
        }
        (Err(NotCompiled::Unloaded(models)), _) => panic!("{models:?}"),
        (Ok(_), _) => None,
    }
}

#[test]
fn a_value_is_bound_behind_those_that_are_bound_already() {
    let (condition, parameters) = compiled(
        &schema(true, 10, false),
        r#"["OR", ["party.name", "=", "'; DROP TABLE x; --"], ["id", "in", [1, null]]]"#,
    );
    assert_eq!(
        condition.unwrap(),
        "(((t.\"party\" IN (SELECT rule_1.\"id\" FROM \"party_party\" rule_1 WHERE rule_1.\"name\" = ($2::text)::text)) \
         OR (t.\"id\" = ANY (($3::text[])::bigint[]) OR t.\"id\" IS NULL)))"
    );
    let expected = [
        Parameter::Integer(7),
        Parameter::Text("'; DROP TABLE x; --".to_owned()),
        Parameter::Texts(vec!["1".to_owned()]),
    ];
    assert_eq!(parameters, expected);
}

#[test]
fn a_name_that_is_not_in_the_schema_never_reaches_the_statement() {
    let schema = schema(true, 10, false);
    for json in [
        r#"[["id\" OR true --", "=", 1]]"#,
        r#"[["", "=", 1]]"#,
        r#"[["party.", "=", 1]]"#,
        r#"[["party..name", "=", 1]]"#,
        r#"[["party.name\" OR true", "=", "x"]]"#,
        r#"[["party", "child_of", [1], "parent\" OR true"]]"#,
    ] {
        assert_eq!(reason(&schema, json), Some(Reason::Field), "{json}");
    }
}

#[test]
fn what_is_not_sure_is_refused() {
    let schema = schema(true, 10, false);
    for (json, expected) in [
        (r#"[["puid", "=", "x"]]"#, Reason::Computed),
        (r#"[["party.rec_name", "=", "x"]]"#, Reason::Computed),
        (r#"[["party", "=", "Ana"]]"#, Reason::RecordName),
        (
            r#"[["party", "child_of", "Ana", "lang"]]"#,
            Reason::RecordName,
        ),
        (r#"[["party", "=", true]]"#, Reason::Value),
        (r#"[["party", "=", [1]]]"#, Reason::Value),
        (r#"[["party", "in", 1]]"#, Reason::Value),
        (r#"[["party", "like", 1]]"#, Reason::Operator),
        (r#"[["party", "=", 1, "x"]]"#, Reason::Operator),
        (r#"[["party.lang.code", "=", "en"]]"#, Reason::Model),
        (r#"[["id", "child_of", 1]]"#, Reason::Operator),
        (r#"[["id", "where", [["id", "=", 1]]]]"#, Reason::Operator),
        (r#"[["id.id", "=", 1]]"#, Reason::Operator),
        (r#"[["odd", "=", 1]]"#, Reason::Operator),
        (r#"[["dict", "=", 1]]"#, Reason::Operator),
        (r#"[["note", "ilike", "%word%"]]"#, Reason::FullText),
        (r#"[["unknown_lines", "=", null]]"#, Reason::Relation),
        (r#"[["party.name", "=", " x"]]"#, Reason::Value),
        (r#"[["party.name", "=", "a\u0000"]]"#, Reason::Value),
        (r#"[["party.name", "=", 5]]"#, Reason::Value),
        (r#"[["party.name", "in", "abc"]]"#, Reason::Value),
        (r#"[["party.name", "like", "abc\\"]]"#, Reason::Value),
        (r#"[["party.id", "!=", 5]]"#, Reason::Ambiguous),
        (
            r#"[["party", "not where", [["lang", "=", 1], ["lang.code", "=", null]]]]"#,
            Reason::Model,
        ),
    ] {
        assert_eq!(reason(&schema, json), Some(expected), "{json}");
    }
}

#[test]
fn one_refused_part_refuses_the_whole() {
    let schema = schema(true, 10, false);
    for json in [
        r#"["OR", ["id", "=", 1], ["puid", "=", "x"]]"#,
        r#"[["party", "not where", [["rec_name", "=", "x"]]], ["id", "=", 1]]"#,
    ] {
        assert_eq!(reason(&schema, json), Some(Reason::Computed), "{json}");
    }
}

#[test]
fn an_empty_relation_matches_null_only_where_trytond_surely_says_so() {
    let domain = r#"[["party.name", "=", null]]"#;
    assert_eq!(reason(&schema(true, 10, false), domain), None);
    let large = schema(true, 1000, false);
    assert_eq!(reason(&large, domain), Some(Reason::Ambiguous));
    // 6.0 always joins; it leaves out whoever is neither active nor inactive
    let (condition, _) = compiled(&schema(false, 1000, false), domain);
    assert_eq!(
        condition.unwrap(),
        "((t.\"party\" IN (SELECT rule_1.\"id\" FROM \"party_party\" rule_1 WHERE rule_1.\"name\" IS NULL AND \
         rule_1.\"active\" = ANY (($2::text[])::boolean[]))))"
    );
}

#[test]
fn text_is_not_searched_without_case_where_accents_may_not_count() {
    let domain = r#"[["party.name", "ilike", "%ana%"]]"#;
    assert_eq!(reason(&schema(true, 10, false), domain), None);
    let folding = schema(true, 10, true);
    assert_eq!(reason(&folding, domain), Some(Reason::FullText));
    assert_eq!(
        reason(&folding, r#"[["party.name", "like", "%ana%"]]"#),
        None
    );
}

#[test]
fn all_models_that_are_missing_are_named_at_once() {
    let schema = Schema::parse(
        &json!({"has_model_log": true, "folds": false, "models": {"gnuhealth.patient": {"rows": 1, "fields": {
            "a": {"ttype": "many2one", "kind": "integer", "relation": "model.a", "required": false, "translated": false},
            "r": {"ttype": "reference", "kind": "text", "relation": null, "required": false, "translated": false},
        }}}})
        .to_string(),
    )
    .unwrap();
    let domain = r#"["OR", ["a.x", "=", 1], [["r.x", "=", 1, "model.r"], ["a", "where", []]]]"#;
    let (condition, parameters) = compiled(&schema, domain);
    let missing = ["model.a".to_owned(), "model.r".to_owned()];
    assert_eq!(condition, Err(NotCompiled::Unloaded(missing.into())));
    assert_eq!(parameters.len(), 1);
    let named = r#"[["r.x", "=", 1, "model'); DROP TABLE x"]]"#;
    assert_eq!(reason(&schema, named), Some(Reason::Model));
}

#[test]
fn a_model_that_cannot_be_read_has_no_condition() {
    let value = Value::List(Vec::new());
    let domain = domain::parse(&value).unwrap();
    let schema = schema(true, 10, false);
    let mut sql = Sql::default();
    assert!(matches!(
        condition(&domain, "ir.lang", "t", &schema, &mut sql),
        Err(NotCompiled::Refused {
            reason: Reason::Model,
            ..
        })
    ));
    let everything = condition(&domain, "party.party", "t", &schema, &mut sql);
    assert_eq!(everything.unwrap(), "(true)");
}

#[test]
fn a_refusal_names_field_and_operator_but_no_value() {
    let (condition, _) = compiled(&schema(true, 10, false), r#"[["party", "=", "Ana Betz"]]"#);
    assert_eq!(
        condition.unwrap_err().to_string(),
        "gnuhealth.patient.party with \"=\": a related record is compared by its name"
    );
}
