//! many2one: `Many2One.convert_domain` (trytond/model/fields/many2one.py).

use super::{Compiler, Condition, Leaf, NotCompiled, OnNulls, Reason, Scope, is_many2one, refused};
use crate::tryton::domain::{Group, Operand, Operator};
use crate::tryton::schema::Field;

impl Compiler<'_, '_> {
    pub(super) fn through_many2one(
        &mut self,
        leaf: Leaf<'_>,
        field: &Field,
        scope: Scope<'_>,
    ) -> Result<Condition, NotCompiled> {
        let target = match &field.relation {
            Some(target) if is_many2one(field) => target.as_str(),
            _ => return Err(refused(leaf, scope.name, Reason::Relation)),
        };
        if let [_, path @ ..] = leaf.path
            && !path.is_empty()
        {
            return self.through_one(Leaf { path, ..leaf }, leaf, field, target, scope);
        }
        match (leaf.operator, leaf.operand) {
            (
                Operator::ChildOf
                | Operator::NotChildOf
                | Operator::ParentOf
                | Operator::NotParentOf,
                _,
            ) => self.in_tree(leaf, target, scope),
            (_, Operand::Domain(group)) => self.one_where(leaf, group, target, scope),
            _ if leaf.is_text() => Err(refused(leaf, scope.name, Reason::RecordName)),
            _ => self.scalar(leaf, field, scope),
        }
    }

    /// A clause on a field of the record that is referred to.
    fn through_one(
        &mut self,
        inner: Leaf<'_>,
        outer: Leaf<'_>,
        field: &Field,
        target: &str,
        scope: Scope<'_>,
    ) -> Result<Condition, NotCompiled> {
        let alias = self.alias();
        let there = Scope {
            name: target,
            model: self.model(target, outer, scope.name)?,
            alias: &alias,
            active: false,
            negated: scope.negated,
        };
        let condition = self.leaf(inner, there)?;
        let name = outer.path.first().copied().unwrap_or_default();
        let column = scope.column(name);
        let Condition { sql, on_nulls } = if self.is_7_0() {
            // joined, an empty relation would match what matches NULL
            let more = condition.on_nulls != OnNulls::No;
            let more = more && (scope.negated || there.is_large());
            // not joined for want of another field than the id, it would match nothing
            let less = inner.path == ["id"] && inner.finds_empty();
            if !field.required && (more || less) {
                return Err(refused(outer, scope.name, Reason::Ambiguous));
            }
            let on_nulls = if there.is_large() {
                condition.on_nulls
            } else {
                OnNulls::No
            };
            Condition::new(subquery(&column, there, &condition.sql), on_nulls)
        } else {
            self.joined_one(&column, &condition, there)?
        };
        Ok(if inner.finds_empty() {
            Condition::new(format!("({sql} OR {column} IS NULL)"), OnNulls::Yes)
        } else {
            Condition::new(sql, on_nulls)
        })
    }

    /// As trytond 6.0 asks: with an outer join, and not of records of which it is not known whether they are active.
    fn joined_one(
        &mut self,
        column: &str,
        condition: &Condition,
        there: Scope<'_>,
    ) -> Result<Condition, NotCompiled> {
        if let Some(active) = self.active_or_not(there)? {
            let sql = format!("{} AND {active}", condition.sql);
            return Ok(Condition::new(subquery(column, there, &sql), OnNulls::No));
        }
        if condition.on_nulls == OnNulls::No {
            let sql = subquery(column, there, &condition.sql);
            return Ok(Condition::new(sql, OnNulls::No));
        }
        let (table, id) = (there.table(), there.column("id"));
        let sql = format!(
            "(SELECT {} FROM (SELECT) {alias}_one LEFT JOIN {table} {alias} ON {id} = {column})",
            condition.sql,
            alias = there.alias,
        );
        Ok(Condition::new(sql, condition.on_nulls))
    }

    /// `where`. trytond 7.0 asks only about the record itself, so an empty relation is outside, not unknown.
    fn one_where(
        &mut self,
        leaf: Leaf<'_>,
        group: &Group,
        target: &str,
        scope: Scope<'_>,
    ) -> Result<Condition, NotCompiled> {
        let not = leaf.operator == Operator::NotWhere;
        if !leaf.rest.is_empty() {
            return Err(refused(leaf, scope.name, Reason::Operator));
        }
        let alias = self.alias();
        let there = Scope {
            name: target,
            model: self.model(target, leaf, scope.name)?,
            alias: &alias,
            active: false,
            negated: scope.negated || not,
        };
        let condition = self.searched(group, there)?;
        let column = scope.column(leaf.path.first().copied().unwrap_or_default());
        let sql = if self.is_7_0() {
            let (table, id) = (there.table(), there.column("id"));
            format!("EXISTS (SELECT FROM {table} {alias} WHERE {id} = {column} AND {condition})")
        } else {
            subquery(&column, there, &condition)
        };
        Ok(if not {
            Condition::new(format!("NOT {sql}"), OnNulls::Maybe)
        } else {
            Condition::new(sql, OnNulls::No)
        })
    }
}

/// Whether a column holds the id of one of the records that fulfil a condition.
pub(super) fn subquery(column: &str, there: Scope<'_>, condition: &str) -> String {
    let (table, alias) = (there.table(), there.alias);
    let id = there.column("id");
    format!("({column} IN (SELECT {id} FROM {table} {alias} WHERE {condition}))")
}
