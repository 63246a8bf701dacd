//! `child_of` and `parent_of` of a many2one: `Many2One.convert_domain_tree` and `convert_domain_mptt`
//! (trytond/model/fields/many2one.py).

use super::one::subquery;
use super::{Compiler, Condition, Leaf, NotCompiled, OnNulls, Reason, Scope, column, refused};
use crate::db::Parameter;
use crate::tryton::domain::{Operand, Operator};
use crate::tryton::pyson::Value;
use crate::tryton::relations;

impl Compiler<'_, '_> {
    pub(super) fn in_tree(
        &mut self,
        leaf: Leaf<'_>,
        target: &str,
        scope: Scope<'_>,
    ) -> Result<Condition, NotCompiled> {
        if leaf.is_text() {
            return Err(refused(leaf, scope.name, Reason::RecordName));
        }
        if target != scope.name {
            return self.in_tree_of(leaf, target, scope);
        }
        let ids = ids(leaf.operand).ok_or_else(|| refused(leaf, scope.name, Reason::Value))?;
        let not = leaf.operator.is_not();
        let Some(ids) = ids else {
            // an empty list: nothing, or everything
            let on_nulls = if not { OnNulls::Yes } else { OnNulls::No };
            return Ok(Condition::new(not.to_string(), on_nulls));
        };
        let name = leaf.path.first().copied().unwrap_or_default();
        let sql = match relations::numbers(scope.name, name) {
            Some((left, right)) => self.numbered(leaf, (left, right), ids, scope)?,
            None => {
                let tree = self.recursive(leaf, name, ids, scope);
                if not { format!("NOT {tree}") } else { tree }
            }
        };
        Ok(Condition::new(
            sql,
            if not { OnNulls::Maybe } else { OnNulls::No },
        ))
    }

    /// The tree of another model, along the field that the clause names.
    fn in_tree_of(
        &mut self,
        leaf: Leaf<'_>,
        target: &str,
        scope: Scope<'_>,
    ) -> Result<Condition, NotCompiled> {
        let [parent] = leaf.rest else {
            return Err(refused(leaf, scope.name, Reason::Operator));
        };
        let alias = self.alias();
        let there = Scope {
            name: target,
            model: self.model(target, leaf, scope.name)?,
            alias: &alias,
            active: false,
            negated: scope.negated || leaf.operator.is_not(),
        };
        let path: Vec<&str> = parent.split('.').collect();
        let inner = Leaf {
            path: &path,
            operator: positive(leaf.operator),
            operand: leaf.operand,
            rest: &[],
        };
        let condition = self.leaf(inner, there)?;
        let column = scope.column(leaf.path.first().copied().unwrap_or_default());
        let sql = subquery(&column, there, &condition.sql);
        Ok(if leaf.operator.is_not() {
            Condition::new(format!("NOT {sql}"), OnNulls::Maybe)
        } else {
            Condition::new(sql, OnNulls::No)
        })
    }

    /// Follows the parents, or the children, from record to record.
    fn recursive(
        &mut self,
        leaf: Leaf<'_>,
        name: &str,
        ids: Vec<String>,
        scope: Scope<'_>,
    ) -> String {
        let (tree, alias) = (self.alias(), self.alias());
        let bound = self.sql.bind(Parameter::Texts(ids));
        let (table, id) = (scope.table(), scope.column("id"));
        let (next, parent) = (column(&alias, "id"), column(&alias, name));
        let follow = match positive(leaf.operator) {
            Operator::ChildOf => format!("{parent} = {tree}.id"),
            _ => format!("{next} = {tree}.parent"),
        };
        format!(
            "({id} IN (WITH RECURSIVE {tree}(id, parent) AS (\
             SELECT {next}, {parent} FROM {table} {alias} WHERE {next} = ANY (({bound})::bigint[]) UNION \
             SELECT {next}, {parent} FROM {table} {alias} JOIN {tree} ON {follow}) SELECT {tree}.id FROM {tree}))"
        )
    }

    /// Compares the numbers that Tryton gives the records of a tree. A record without them is neither within nor
    /// outside.
    fn numbered(
        &mut self,
        leaf: Leaf<'_>,
        (left, right): (&str, &str),
        ids: Vec<String>,
        scope: Scope<'_>,
    ) -> Result<String, NotCompiled> {
        let has = |name| {
            let kind = scope
                .model
                .field(name)
                .and_then(|field| field.kind.as_deref());
            kind == Some("integer")
        };
        if !has(left) || !has(right) {
            return Err(refused(leaf, scope.name, Reason::Computed));
        }
        let alias = self.alias();
        let bound = self.sql.bind(Parameter::Texts(ids));
        let (first, second) = match positive(leaf.operator) {
            Operator::ChildOf => (">=", "<="),
            _ => ("<=", ">="),
        };
        let within = format!(
            "{} {first} {} AND {} {second} {}",
            scope.column(left),
            column(&alias, left),
            scope.column(right),
            column(&alias, right),
        );
        let from = format!(
            "EXISTS (SELECT FROM {} {alias} WHERE {} = ANY (({bound})::bigint[]) AND",
            scope.table(),
            column(&alias, "id"),
        );
        Ok(if leaf.operator.is_not() {
            format!("NOT {from} ({within}) IS NOT FALSE)")
        } else {
            format!("{from} {within})")
        })
    }
}

/// The operator without its "not".
pub(super) fn positive(operator: Operator) -> Operator {
    match operator {
        Operator::NotChildOf => Operator::ChildOf,
        Operator::NotParentOf => Operator::ParentOf,
        operator => operator,
    }
}

/// The ids to start from; `Some(None)` for an empty list.
#[allow(
    clippy::option_option,
    reason = "an empty list is not a list of no usable id"
)]
fn ids(operand: &Operand) -> Option<Option<Vec<String>>> {
    let values = match operand {
        Operand::Value(Value::List(values) | Value::Tuple(values)) => values.as_slice(),
        Operand::Value(value) => std::slice::from_ref(value),
        Operand::Domain(_) => return None,
    };
    if values.is_empty() {
        return Some(None);
    }
    let known = values.iter().filter(|value| **value != Value::Null);
    let ids = known.map(|value| match value {
        Value::Integer(id) => Some(id.to_string()),
        _ => None,
    });
    ids.collect::<Option<_>>().map(Some)
}
