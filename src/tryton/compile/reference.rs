//! Paths through a reference field: `Reference.convert_domain` (trytond/model/fields/reference.py).

use super::one::subquery;
use super::{Compiler, Condition, Leaf, NotCompiled, OnNulls, Reason, Scope, refused};
use crate::db::Parameter;

impl Compiler<'_, '_> {
    pub(super) fn through_reference(
        &mut self,
        leaf: Leaf<'_>,
        scope: Scope<'_>,
    ) -> Result<Condition, NotCompiled> {
        let ([name, path @ ..], [target, rest @ ..]) = (leaf.path, leaf.rest) else {
            return Err(refused(leaf, scope.name, Reason::Operator));
        };
        let alias = self.alias();
        let there = Scope {
            name: target,
            model: self.model(target, leaf, scope.name)?,
            alias: &alias,
            active: false,
            negated: scope.negated,
        };
        let inner = Leaf { path, rest, ..leaf };
        let mut condition = self.leaf(inner, there)?.sql;
        if let Some(active) = self.active_or_not(there)? {
            condition = format!("{condition} AND {active}");
        }
        let column = scope.column(name);
        let sql = subquery(&id_of(&column), there, &condition);
        // not cast before it is known to be of the model: AND has no order
        let sql = format!(
            "CASE WHEN {} THEN {sql} ELSE false END",
            self.refers_to(&column, target)
        );
        Ok(if leaf.finds_empty() {
            Condition::new(format!("({sql} OR {column} IS NULL)"), OnNulls::Yes)
        } else {
            Condition::new(sql, OnNulls::No)
        })
    }

    /// Whether the reference is to this model. The name is a pattern, as in trytond: `_` in it stands for any character.
    pub(super) fn refers_to(&mut self, column: &str, model: &str) -> String {
        let like = if self.is_7_0() { "LIKE" } else { "ILIKE" };
        let bound = self.sql.bind(Parameter::Text(format!("{model},%")));
        format!("{column} {like} {bound}")
    }
}

/// The id of a reference; NULL where there is none, on which trytond's cast fails.
pub(in crate::tryton) fn id_of(column: &str) -> String {
    let id = format!("substring({column} FROM position(',' IN {column}) + 1)");
    format!("(CASE WHEN {id} ~ '^-?[0-9]{{1,9}}$' THEN {id}::integer END)")
}
