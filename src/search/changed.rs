//! When a resource was last changed: when its record, or any that is shown with it, was. There is no column for that.

use crate::db::{Sql, identifier};
use crate::tryton::model::{Node, Relation};
use crate::tryton::view::View;

use super::logic::any;
use super::scope::{id, written};

/// The condition that the record aliased `alias`, or one shown with it, was changed at or after a moment. Each table is
/// asked once for what changed in it, not once for each record.
pub(super) fn since(
    sql: &mut Sql,
    view: &View,
    node: &'static Node,
    alias: &str,
    moment: &str,
) -> String {
    let own = written(view, node, alias).map(|written| format!("{written} >= {moment}"));
    let mut conditions: Vec<String> = own.into_iter().collect();
    for relation in node.one {
        let Ok(of) = view.one(node, relation, alias) else {
            continue;
        };
        let found = found_since(sql, view, relation.node, moment, id);
        conditions.extend(found.map(|found| format!("{of} IN ({found})")));
    }
    for relation in node.children() {
        let Ok(column) = view.many(relation) else {
            continue;
        };
        let column = identifier(column);
        let back = |inner: &str| format!("{inner}.{column}");
        let found = found_since(sql, view, relation.node, moment, back);
        conditions.extend(found.map(|found| format!("{} IN ({found})", id(alias))));
    }
    any(conditions)
}

fn found_since(
    sql: &mut Sql,
    view: &View,
    node: &'static Node,
    moment: &str,
    key: impl FnOnce(&str) -> String,
) -> Option<String> {
    let table = identifier(&view.table(node).ok()?);
    let inner = sql.alias();
    let changed = since(sql, view, node, &inner, moment);
    let visible = view
        .visible(sql, node, &inner)
        .map_or_else(String::new, |visible| format!(" AND {visible}"));
    let key = key(&inner);
    Some(format!(
        "SELECT {key} FROM {table} {inner} WHERE {key} IS NOT NULL AND {changed}{visible}"
    ))
}

/// The time itself, for sorting; `None` if the user may not know any.
pub(super) fn latest(
    sql: &mut Sql,
    view: &View,
    node: &'static Node,
    alias: &str,
) -> Option<String> {
    let mut times: Vec<String> = written(view, node, alias).into_iter().collect();
    for relation in node.one {
        let of = view.one(node, relation, alias).ok();
        times.extend(of.and_then(|of| {
            latest_of(sql, view, relation, |inner| format!("{} = {of}", id(inner)))
        }));
    }
    for relation in node.children() {
        let column = view.many(relation).ok().map(identifier);
        times.extend(column.and_then(|column| {
            latest_of(sql, view, relation, |inner| {
                format!("{inner}.{column} = {}", id(alias))
            })
        }));
    }
    match times.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        _ => Some(format!("greatest({})", times.join(", "))),
    }
}

fn latest_of(
    sql: &mut Sql,
    view: &View,
    relation: &'static Relation,
    join: impl FnOnce(&str) -> String,
) -> Option<String> {
    let table = identifier(&view.table(relation.node).ok()?);
    let inner = sql.alias();
    let time = latest(sql, view, relation.node, &inner)?;
    let visible = view
        .visible(sql, relation.node, &inner)
        .map_or_else(String::new, |visible| format!(" AND {visible}"));
    let join = join(&inner);
    Some(format!(
        "(SELECT max({time}) FROM {table} {inner} WHERE {join}{visible})"
    ))
}
