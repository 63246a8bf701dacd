//! What a parameter compares, as SQL: the column of a field, or an expression over several.

use crate::db::{Sql, identifier};
use crate::tryton::model::{Field, Node, Relation};
use crate::tryton::view::{Hidden, View};

use super::scope::id;

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

/// An expression whose `{key}` and `{relation/key}` are replaced by columns, and `{any relation: condition}` by whether one
/// of many records fulfils a condition. What this installation does not have is NULL; as `{?relation/key}` what the user may
/// not read is, too: for what is shown only in place of it.
pub(super) fn expression(
    sql: &mut Sql,
    view: &View,
    node: &'static Node,
    alias: &str,
    template: &str,
) -> Result<String, Hidden> {
    filled(template, ('{', '}'), |name| {
        if let Some(name) = name.strip_prefix('?') {
            let found = reached(sql, view, node, alias, name);
            return Ok(found.unwrap_or_else(|_| "NULL".to_owned()));
        }
        or_null(match name.strip_prefix("any ") {
            Some(test) => any_of_many(sql, view, node, alias, test),
            None => reached(sql, view, node, alias, name),
        })
    })
}

fn or_null(found: Result<String, Hidden>) -> Result<String, Hidden> {
    match found {
        Err(Hidden::Missing(_)) => Ok("NULL".to_owned()),
        found => found,
    }
}

/// As [`expression`], for what a record is, which tells nothing of it: fields of the model count whether or not the user
/// may read them, those of others as far as the user may.
pub(super) fn selected(
    sql: &mut Sql,
    view: &View,
    node: &'static Node,
    alias: &str,
    template: &str,
) -> Result<String, Hidden> {
    let expression = filled(template, ('{', '}'), |key| {
        if key.contains('/') {
            return Ok(reached(sql, view, node, alias, key).unwrap_or_else(|_| "NULL".to_owned()));
        }
        let column = view.existing(node, field(node, key)?);
        Ok(column.map_or("NULL".to_owned(), |column| {
            format!("{alias}.{}", identifier(column))
        }))
    })?;
    Ok(format!("({expression})"))
}

/// As [`expression`], over fields of the model only.
pub(super) fn own_expression(
    view: &View,
    node: &Node,
    alias: &str,
    template: &str,
) -> Result<String, Hidden> {
    let expression = filled(template, ('{', '}'), |key| {
        or_null(column(view, node, alias, key))
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
    let of = view.one(node, relation, alias)?;
    let table = identifier(&view.table(relation.node)?);
    let inner = sql.alias();
    let value = reached(sql, view, relation.node, &inner, rest)?;
    let visible = view
        .visible(sql, relation.node, &inner)
        .map_or_else(String::new, |visible| format!(" AND {visible}"));
    Ok(format!(
        "(SELECT {value} FROM {table} {inner} WHERE {inner}.\"id\" = {of}{visible})"
    ))
}

/// Whether one of the records that refer to this one, and that the user may see, fulfils a condition: `relation: condition`,
/// in which their columns stand as `[key]`.
fn any_of_many(
    sql: &mut Sql,
    view: &View,
    node: &'static Node,
    alias: &str,
    test: &str,
) -> Result<String, Hidden> {
    let missing = || Hidden::Missing(format!("{}.{test}", node.model));
    let (key, condition) = test.split_once(": ").ok_or_else(missing)?;
    let relation = relation(node.many, key).ok_or_else(missing)?;
    let table = identifier(&view.table(relation.node)?);
    let back = identifier(view.many(relation)?);
    let inner = sql.alias();
    let condition = filled(condition, ('[', ']'), |key| {
        or_null(column(view, relation.node, &inner, key))
    })?;
    let visible = view
        .visible(sql, relation.node, &inner)
        .map_or_else(String::new, |visible| format!(" AND {visible}"));
    Ok(format!(
        "EXISTS (SELECT FROM {table} {inner} WHERE {inner}.{back} = {} AND ({condition}){visible})",
        id(alias)
    ))
}

fn filled(
    template: &str,
    (open, close): (char, char),
    mut fill: impl FnMut(&str) -> Result<String, Hidden>,
) -> Result<String, Hidden> {
    let mut parts = template.split(open);
    let mut expression = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once(close).unwrap_or((part, ""));
        expression.push_str(&fill(name)?);
        expression.push_str(rest);
    }
    Ok(expression)
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};
    use std::rc::Rc;

    use super::*;
    use crate::tryton::access::Rights;
    use crate::tryton::catalog::Catalog;
    use crate::tryton::model::{ID, leaf, plain};

    static LINE: Node = leaf("line", &[ID, plain(&["value"]), plain(&["words"])]);
    static ORDER: Node = Node {
        model: "order",
        fields: &[ID, plain(&["state"])],
        one: &[],
        many: &[Relation {
            key: "lines",
            columns: &["order"],
            node: &LINE,
        }],
        subject: None,
    };

    const TEMPLATE: &str = "{state} = 'x' OR {any lines: [value] > 0 OR [words] IS NOT NULL}";

    fn compiled(line: &[&str], rights: Rights) -> Result<String, Hidden> {
        let set = |columns: &[&str]| columns.iter().map(ToString::to_string).collect();
        let mut tables: HashMap<String, HashSet<String>> =
            HashMap::from([("order".to_owned(), set(&["id", "state"]))]);
        if !line.is_empty() {
            tables.insert("line".to_owned(), set(line));
        }
        let view = View::new(Rc::new(Catalog::new(tables)), Rc::new(rights));
        let mut sql = Sql::default();
        expression(&mut sql, &view, &ORDER, "o", TEMPLATE)
    }

    #[test]
    fn a_condition_on_many_asks_whether_one_fulfils_it() {
        let found = compiled(&["id", "order", "value"], Rights::default()).unwrap();
        let (start, rest) = found.split_once(" WHERE ").unwrap();
        assert!(start.starts_with("o.\"state\" = 'x' OR EXISTS (SELECT FROM \"line\" "));
        let alias = start.rsplit(' ').next().unwrap();
        let expected = format!(
            "{alias}.\"order\" = o.\"id\" AND ({alias}.\"value\" > 0 OR NULL IS NOT NULL))"
        );
        assert_eq!(rest, expected, "what is no column of the lines is NULL");
    }

    #[test]
    fn a_table_that_is_missing_is_null_and_a_column_that_is_denied_forbids() {
        assert_eq!(
            compiled(&[], Rights::default()).unwrap(),
            "o.\"state\" = 'x' OR NULL"
        );
        let line = &["id", "order", "value"];
        let denied = compiled(line, Rights::without(&[], &[("line", "value")]));
        assert!(matches!(denied, Err(Hidden::Denied(_))));
        let denied = compiled(line, Rights::without(&["line"], &[]));
        assert!(matches!(denied, Err(Hidden::Denied(_))));
    }
}
