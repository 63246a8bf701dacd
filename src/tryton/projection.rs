//! A description compiled into one JSON expression: a record with all that belongs to it in one column of one row.
//!
//! Children are aggregated inside the statement, so a page of resources is one statement whatever it contains
//! (a row costs the host about 20 µs, a statement three round trips).

use crate::db::{Sql, identifier};
use crate::tryton::model::{Field, Node, Read, Relation, plain};
use crate::tryton::view::View;

/// The key under which every record has the time when it was last written, in UTC.
pub const CHANGED: &str = "changed";

/// The columns of the record aliased `alias`, with its relations as nested JSON: a select list.
/// What the view hides is simply not in it.
#[must_use]
pub fn select_list(sql: &mut Sql, view: &View, node: &'static Node, alias: &str) -> String {
    let changed = last_written(view, node, alias);
    let fields = node
        .fields
        .iter()
        .filter_map(|field| column(view, node, field, alias));
    let mut list: Vec<String> = changed.into_iter().chain(fields).collect();
    for relation in node.one {
        list.extend(to_one(sql, view, node, relation, alias));
    }
    for relation in node.children() {
        list.extend(to_many(sql, view, relation, alias));
    }
    list.join(", ")
}

/// The record aliased `alias` as one JSON text.
#[must_use]
pub fn json(sql: &mut Sql, view: &View, node: &'static Node, alias: &str) -> String {
    format!(
        "(SELECT row_to_json(r) FROM (SELECT {}) r)::text",
        select_list(sql, view, node, alias)
    )
}

/// `write_date`, or `create_date` of a record never written since.
fn last_written(view: &View, node: &Node, alias: &str) -> Option<String> {
    let created = view.column(node, &plain(&["create_date"])).ok()?;
    let written = view.column(node, &plain(&["write_date"])).ok()?;
    let (created, written) = (identifier(created), identifier(written));
    Some(format!(
        "coalesce({alias}.{written}, {alias}.{created}) AS \"{CHANGED}\""
    ))
}

fn column(view: &View, node: &Node, field: &Field, alias: &str) -> Option<String> {
    let column = view.shown(node, field, alias).ok()?;
    let expression = match field.read {
        Read::Plain | Read::Translated => column,
        Read::Text => format!("{column}::text"),
        // PostgreSQL breaks base64 into lines of 76 characters (RFC 2045); FHIR wants it whole.
        Read::Base64 => format!("translate(encode({column}, 'base64'), E'\\n', '')"),
    };
    Some(format!("{expression} AS {}", identifier(field.key)))
}

fn to_one(
    sql: &mut Sql,
    view: &View,
    node: &Node,
    relation: &Relation,
    alias: &str,
) -> Option<String> {
    let of = view.one(node, relation, alias).ok()?;
    let inner = below(alias, relation);
    let record = record(
        sql,
        view,
        relation.node,
        &inner,
        &format!("{inner}.\"id\" = {of}"),
    )?;
    let key = identifier(relation.key);
    // Most relations of most records are empty, and a query costs more than a look at the column.
    Some(format!(
        "CASE WHEN {of} IS NOT NULL THEN (SELECT row_to_json(r) FROM ({record}) r) END AS {key}"
    ))
}

fn to_many(sql: &mut Sql, view: &View, relation: &Relation, alias: &str) -> Option<String> {
    let column = identifier(view.many(relation).ok()?);
    let inner = below(alias, relation);
    let record = record(
        sql,
        view,
        relation.node,
        &inner,
        &format!("{inner}.{column} = {alias}.\"id\""),
    )?;
    let key = identifier(relation.key);
    Some(format!(
        "(SELECT json_agg(r) FROM ({record} ORDER BY {inner}.\"id\") r) AS {key}"
    ))
}

/// The related records that the user may see.
fn record(
    sql: &mut Sql,
    view: &View,
    node: &'static Node,
    alias: &str,
    joined: &str,
) -> Option<String> {
    let table = identifier(&view.table(node).ok()?);
    let list = select_list(sql, view, node, alias);
    let visible = view
        .visible(sql, node, alias)
        .map_or_else(String::new, |visible| format!(" AND {visible}"));
    Some(format!(
        "SELECT {list} FROM {table} {alias} WHERE {joined}{visible}"
    ))
}

/// The alias of a related record: unique, since it spells the path.
fn below(alias: &str, relation: &Relation) -> String {
    format!("{alias}_{}", relation.key)
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};
    use std::rc::Rc;

    use super::*;
    use crate::tryton::access::Rights;
    use crate::tryton::catalog::Catalog;
    use crate::tryton::model::{ID, read_as};

    static NAME: Node = Node {
        model: "person.name",
        fields: &[ID, plain(&["family"])],
        one: &[],
        many: &[],
        subject: None,
    };
    static PARTY: Node = Node {
        model: "party",
        fields: &[ID, read_as(&["weight"], Read::Text)],
        one: &[],
        many: &[Relation {
            key: "names",
            columns: &["party", "name"],
            node: &NAME,
        }],
        subject: None,
    };
    static PATIENT: Node = Node {
        model: "patient",
        fields: &[ID],
        one: &[Relation {
            key: "party",
            columns: &["party", "name"],
            node: &PARTY,
        }],
        many: &[],
        subject: Some("party"),
    };

    fn view(tables: &[(&str, &[&str])], rights: Rights) -> View {
        let set = |columns: &[&str]| {
            columns
                .iter()
                .map(ToString::to_string)
                .collect::<HashSet<_>>()
        };
        let tables: HashMap<_, _> = tables
            .iter()
            .map(|(table, columns)| ((*table).to_owned(), set(columns)))
            .collect();
        View::new(Rc::new(Catalog::new(tables)), Rc::new(rights))
    }

    const NEW: &[(&str, &[&str])] = &[
        ("patient", &["id", "party"]),
        ("party", &["id", "weight"]),
        ("person_name", &["id", "party", "family"]),
    ];

    fn listed(view: &View, node: &'static Node, alias: &str) -> String {
        select_list(&mut Sql::default(), view, node, alias)
    }

    #[test]
    fn children_are_aggregated_inside_the_statement() {
        let list = listed(&view(NEW, Rights::default()), &PATIENT, "t");
        assert_eq!(
            list,
            "t.\"id\" AS \"id\", CASE WHEN t.\"party\" IS NOT NULL THEN (SELECT row_to_json(r) FROM (SELECT t_party.\"id\" AS \"id\", \
             t_party.\"weight\"::text AS \"weight\", (SELECT json_agg(r) FROM (SELECT t_party_names.\"id\" AS \"id\", \
             t_party_names.\"family\" AS \"family\" FROM \"person_name\" t_party_names WHERE t_party_names.\"party\" = \
             t_party.\"id\" ORDER BY t_party_names.\"id\") r) AS \"names\" FROM \"party\" t_party WHERE t_party.\"id\" = \
             t.\"party\") r) END AS \"party\""
        );
    }

    #[test]
    fn the_older_column_name_is_used_where_the_newer_is_missing() {
        let old = [
            ("patient", &["id", "name"][..]),
            ("party", &["id"]),
            ("person_name", &["id", "name"]),
        ];
        let list = listed(&view(&old, Rights::default()), &PATIENT, "t");
        assert!(list.contains("= t.\"name\""), "{list}");
        assert!(
            list.contains("t_party_names.\"name\" = t_party.\"id\""),
            "{list}"
        );
        assert!(!list.contains("weight"), "{list}");
    }

    static SURGERY: Node = Node {
        model: "gnuhealth.surgery",
        fields: &[ID],
        one: &[],
        many: &[],
        subject: None,
    };
    static DONE: Node = Node {
        model: "gnuhealth.patient.procedure",
        fields: &[],
        one: &[Relation {
            key: "surgery",
            columns: &["reference"],
            node: &SURGERY,
        }],
        many: &[],
        subject: None,
    };

    #[test]
    fn a_reference_field_leads_to_records_of_the_model_that_it_names() {
        let tables = [
            ("gnuhealth_surgery", &["id"][..]),
            ("gnuhealth_patient_procedure", &["id", "reference"]),
        ];
        let list = listed(&view(&tables, Rights::default()), &DONE, "d");
        let of = "d_surgery.\"id\" = (CASE WHEN starts_with(d.\"reference\", 'gnuhealth.surgery,') THEN (CASE WHEN ";
        assert!(list.contains(of), "{list}");
    }

    #[test]
    fn every_record_tells_when_it_was_last_written() {
        let tables = [(
            "person_name",
            &["id", "family", "create_date", "write_date"][..],
        )];
        let list = listed(&view(&tables, Rights::default()), &NAME, "n");
        let changed = "coalesce(n.\"write_date\", n.\"create_date\") AS \"changed\", ";
        assert!(list.starts_with(changed), "{list}");
    }

    #[test]
    fn who_decides_whether_a_record_is_visible_is_not_read_for_that() {
        static PERSON: Node = Node {
            many: &[
                Relation {
                    key: "names",
                    columns: &["party", "name"],
                    node: &NAME,
                },
                Relation {
                    key: "patients",
                    columns: &["party", "name"],
                    node: &PATIENT,
                },
            ],
            subject: Some("patients"),
            ..PARTY
        };
        let list = listed(&view(NEW, Rights::default()), &PERSON, "p");
        assert!(
            list.contains("\"names\"") && !list.contains("patient"),
            "{list}"
        );
        assert_eq!(PERSON.tree().len(), 5, "its rules are asked all the same");
    }

    #[test]
    fn a_denied_field_or_model_is_not_selected() {
        let list = listed(
            &view(
                NEW,
                Rights::without(&["person.name"], &[("party", "weight")]),
            ),
            &PATIENT,
            "t",
        );
        assert!(
            !list.contains("names") && !list.contains("weight"),
            "{list}"
        );
        let list = listed(
            &view(NEW, Rights::without(&[], &[("patient", "party")])),
            &PATIENT,
            "t",
        );
        assert_eq!(list, "t.\"id\" AS \"id\"");
    }
}
