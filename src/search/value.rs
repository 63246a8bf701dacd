//! What a parameter compares, as SQL: the column of a field, or an expression over several.

use crate::db::{Sql, identifier};
use crate::tryton::model::{Field, Node, Relation};
use crate::tryton::view::{Hidden, View};

/// The SQL of a field, in the language of the view.
pub(super) fn column(view: &View, node: &Node, alias: &str, key: &str) -> Result<String, Hidden> {
    view.shown(node, field(node, key)?, alias)
}

fn field(node: &Node, key: &str) -> Result<&'static Field, Hidden> {
    let found = node.fields.iter().find(|field| field.key == key);
    found.ok_or_else(|| Hidden::Missing(format!("{}.{key}", node.model)))
}

/// The relation of a model under a key, to one or to many.
pub(super) fn relation(relations: &'static [Relation], key: &str) -> Option<&'static Relation> {
    relations.iter().find(|relation| relation.key == key)
}

/// An expression whose `{key}` and `{relation/key}` are replaced by columns. What this installation does not have is NULL.
pub(super) fn expression(
    sql: &mut Sql,
    view: &View,
    node: &'static Node,
    alias: &str,
    template: &str,
) -> Result<String, Hidden> {
    filled(template, |name| {
        match reached(sql, view, node, alias, name) {
            Err(Hidden::Missing(_)) => Ok("NULL".to_owned()),
            result => result,
        }
    })
}

/// As [`expression`], over fields of the model only, whether or not the user may read them: for what a record is, which
/// tells nothing of it.
pub(super) fn selected(
    view: &View,
    node: &Node,
    alias: &str,
    template: &str,
) -> Result<String, Hidden> {
    let expression = filled(template, |key| {
        let column = view.existing(node, field(node, key)?);
        Ok(column.map_or("NULL".to_owned(), |column| {
            format!("{alias}.{}", identifier(column))
        }))
    })?;
    Ok(format!("({expression})"))
}

/// A column of the record, or of one that it refers to.
fn reached(
    sql: &mut Sql,
    view: &View,
    node: &'static Node,
    alias: &str,
    name: &str,
) -> Result<String, Hidden> {
    let Some((key, rest)) = name.split_once('/') else {
        return column(view, node, alias, name);
    };
    let relation =
        relation(node.one, key).ok_or_else(|| Hidden::Missing(format!("{}.{key}", node.model)))?;
    let many = identifier(view.one(node, relation)?);
    let table = identifier(&view.table(relation.node)?);
    let inner = sql.alias();
    let value = reached(sql, view, relation.node, &inner, rest)?;
    let visible = view
        .visible(sql, relation.node, &inner)
        .map_or_else(String::new, |visible| format!(" AND {visible}"));
    Ok(format!(
        "(SELECT {value} FROM {table} {inner} WHERE {inner}.\"id\" = {alias}.{many}{visible})"
    ))
}

fn filled(
    template: &str,
    mut fill: impl FnMut(&str) -> Result<String, Hidden>,
) -> Result<String, Hidden> {
    let mut parts = template.split('{');
    let mut expression = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').unwrap_or((part, ""));
        expression.push_str(&fill(name)?);
        expression.push_str(rest);
    }
    Ok(expression)
}
