//! one2many, many2many and one2one: `One2Many.convert_domain` and `Many2Many.convert_domain`
//! (trytond/model/fields/one2many.py and many2many.py).

use super::one::subquery;
use super::reference::id_of;
use super::tree::positive;
use super::{Compiler, Condition, Leaf, NotCompiled, OnNulls, Reason, Scope, is_many2one, refused};
use crate::tryton::domain::{Operand, Operator};
use crate::tryton::relations::{self, ToMany};
use crate::tryton::schema::Field;

/// The table that holds the relation.
struct Ends<'a> {
    there: Scope<'a>,
    /// The id of the record here.
    origin: String,
    /// What a row must fulfil to be about this model at all.
    about_this: Option<String>,
    /// Whether the origin may be NULL.
    is_optional: bool,
}

impl<'s> Compiler<'s, '_> {
    pub(super) fn through_many(
        &mut self,
        leaf: Leaf<'_>,
        field: &Field,
        scope: Scope<'_>,
    ) -> Result<Condition, NotCompiled> {
        let refuse = |reason| refused(leaf, scope.name, reason);
        let name = leaf.path.first().copied().unwrap_or_default();
        let through = leaf.path.len() > 1;
        let is_where = matches!(leaf.operand, Operand::Domain(_));
        if is_where && (through || !leaf.rest.is_empty()) {
            return Err(refuse(Reason::Operator));
        }
        if leaf.is_text() && !through {
            return Err(refuse(Reason::RecordName));
        }
        match relations::to_many(self.schema.version(), scope.name, name) {
            Some(ToMany::Inverse {
                target,
                field: inverse,
            }) => {
                if field.relation.as_deref() != Some(target) {
                    return Err(refuse(Reason::Relation));
                }
                self.inverse(leaf, (target, inverse), scope)
            }
            Some(ToMany::Link {
                link,
                origin,
                target,
            }) => {
                if field.relation.as_deref() != Some(link) {
                    return Err(refuse(Reason::Relation));
                }
                self.link(leaf, (link, origin, target), scope)
            }
            None => Err(refuse(Reason::Relation)),
        }
    }

    fn inverse(
        &mut self,
        leaf: Leaf<'_>,
        (target, inverse): (&'static str, &'static str),
        scope: Scope<'_>,
    ) -> Result<Condition, NotCompiled> {
        let refuse = |reason| refused(leaf, scope.name, reason);
        let alias = self.alias();
        let there = Scope {
            name: target,
            model: self.model(target, leaf, scope.name)?,
            alias: &alias,
            active: scope.active,
            negated: scope.negated || leaf.operator == Operator::NotWhere,
        };
        let ends = self
            .ends(there, inverse, scope)
            .ok_or_else(|| refuse(Reason::Relation))?;
        let through = leaf.path.len() > 1;
        if leaf.is_null() && !through {
            let active = self.active(there)?;
            return self.empty(leaf, &ends, active, scope);
        }
        // counted small, trytond 7.0 asks with IN, for which one row without origin makes all others unknown
        let not = leaf.operator.is_not() || leaf.operator == Operator::NotEqual;
        if not && self.is_7_0() && ends.is_optional && (there.is_large() || scope.negated) {
            return Err(refuse(Reason::Ambiguous));
        }
        let condition = match leaf.operand {
            Operand::Domain(group) => {
                // trytond appends to the list, whatever joins it
                if ends.about_this.is_some() && group.any {
                    return Err(refuse(Reason::Operator));
                }
                self.searched(group, there)?
            }
            Operand::Value(_) => {
                let path = leaf.path.get(1..).filter(|path| !path.is_empty());
                let path = path.unwrap_or(&["id"]);
                let condition = self.leaf(Leaf { path, ..leaf }, there)?.sql;
                if path == ["active"] {
                    condition
                } else {
                    self.and_active(condition, there)?
                }
            }
        };
        Ok(found(leaf.operator, &ends, &condition, scope))
    }

    fn link(
        &mut self,
        leaf: Leaf<'_>,
        (link, origin, target): (&'static str, &'static str, &'static str),
        scope: Scope<'_>,
    ) -> Result<Condition, NotCompiled> {
        let refuse = |reason| refused(leaf, scope.name, reason);
        let alias = self.alias();
        let there = Scope {
            name: link,
            model: self.model(link, leaf, scope.name)?,
            alias: &alias,
            active: scope.active,
            negated: scope.negated || leaf.operator == Operator::NotWhere,
        };
        let ends = self
            .ends(there, origin, scope)
            .filter(|ends| ends.about_this.is_none())
            .ok_or_else(|| refuse(Reason::Relation))?;
        let other = there.model.field(target).filter(|field| is_many2one(field));
        let other = other.and_then(|field| field.relation.as_deref());
        let other = other.ok_or_else(|| refuse(Reason::Relation))?;
        let through = leaf.path.len() > 1;
        let is_tree = matches!(
            positive(leaf.operator),
            Operator::ChildOf | Operator::ParentOf
        );
        if is_tree && !through {
            return self.linked_tree(leaf, &ends, (target, other), scope);
        }
        if leaf.is_null() && !through {
            return self.empty(leaf, &ends, None, scope);
        }
        let condition = match leaf.operand {
            Operand::Domain(_) => {
                if there.tests_active() {
                    return Err(refuse(Reason::Operator));
                }
                let inner = Leaf {
                    path: &[target],
                    operator: Operator::Where,
                    ..leaf
                };
                self.leaf(inner, there)?.sql
            }
            Operand::Value(_) => {
                let mut path = vec![target];
                path.extend(leaf.path.get(1..).unwrap_or_default());
                if !through {
                    path.push("id");
                }
                let inner = Leaf {
                    path: &path,
                    ..leaf
                };
                let condition = self.leaf(inner, there)?.sql;
                self.and_active(condition, there)?
            }
        };
        Ok(found(leaf.operator, &ends, &condition, scope))
    }

    /// `child_of` and `parent_of` among the records that are linked, along the field that the clause names.
    fn linked_tree(
        &mut self,
        leaf: Leaf<'_>,
        ends: &Ends<'_>,
        (target, other): (&str, &str),
        scope: Scope<'_>,
    ) -> Result<Condition, NotCompiled> {
        let [parent] = leaf.rest else {
            return Err(refused(leaf, scope.name, Reason::Operator));
        };
        if other == scope.name {
            return Err(refused(leaf, scope.name, Reason::Operator));
        }
        let alias = self.alias();
        let there = Scope {
            name: other,
            model: self.model(other, leaf, scope.name)?,
            alias: &alias,
            active: scope.active,
            negated: scope.negated || leaf.operator.is_not(),
        };
        let path: Vec<&str> = parent.split('.').collect();
        let inner = Leaf {
            path: &path,
            operator: positive(leaf.operator),
            operand: leaf.operand,
            rest: &[],
        };
        let condition = self.leaf(inner, there)?.sql;
        let condition = self.and_active(condition, there)?;
        let linked = subquery(&ends.there.column(target), there, &condition);
        let linked = format!("{linked} AND {} IS NOT NULL", ends.origin);
        let sql = ends.holds(&linked, scope);
        Ok(if leaf.operator.is_not() {
            Condition::new(format!("NOT {sql}"), OnNulls::Maybe)
        } else {
            Condition::new(sql, OnNulls::No)
        })
    }

    /// Compared with `None`: whether there are any.
    fn empty(
        &mut self,
        leaf: Leaf<'_>,
        ends: &Ends<'_>,
        active: Option<String>,
        scope: Scope<'_>,
    ) -> Result<Condition, NotCompiled> {
        let mut condition = format!("{} IS NOT NULL", ends.origin);
        if let Some(active) = active {
            condition = format!("{condition} AND {active}");
        }
        let any = ends.holds(&condition, scope);
        match leaf.operator {
            Operator::Equal => Ok(Condition::new(format!("NOT {any}"), OnNulls::Maybe)),
            Operator::NotEqual => Ok(Condition::new(any, OnNulls::No)),
            _ => Err(refused(leaf, scope.name, Reason::Value)),
        }
    }

    /// How the rows of a model refer to the records here.
    fn ends<'a>(
        &mut self,
        there: Scope<'a>,
        field: &'static str,
        scope: Scope<'_>,
    ) -> Option<Ends<'a>>
    where
        's: 'a,
    {
        let description = there.model.field(field)?;
        let column = there.column(field);
        if is_many2one(description) {
            return Some(Ends {
                there,
                origin: column,
                about_this: None,
                is_optional: !description.required,
            });
        }
        if description.ttype != "reference" || description.kind.is_none() {
            return None;
        }
        // a clause of its own (`like`), so without the difference between the versions that a path makes
        let pattern = format!("{},%", scope.name);
        let bound = self.sql.bind(crate::db::Parameter::Text(pattern));
        Some(Ends {
            there,
            origin: id_of(&column),
            about_this: Some(format!("{column} LIKE {bound}")),
            is_optional: true,
        })
    }
}

impl Ends<'_> {
    /// Whether one of the rows that fulfil a condition is about the record here.
    fn holds(&self, condition: &str, scope: Scope<'_>) -> String {
        let condition = match &self.about_this {
            Some(about_this) => format!("{about_this} AND {condition}"),
            None => condition.to_owned(),
        };
        self.is_origin(&format!(" WHERE {condition}"), scope)
    }

    fn is_origin(&self, filter: &str, scope: Scope<'_>) -> String {
        let (id, origin) = (scope.column("id"), &self.origin);
        let (table, alias) = (self.there.table(), self.there.alias);
        format!("({id} IN (SELECT {origin} FROM {table} {alias}{filter}))")
    }
}

/// The records with a row that fulfils the condition; for the "not"s also those without any row.
fn found(operator: Operator, ends: &Ends<'_>, condition: &str, scope: Scope<'_>) -> Condition {
    let any = ends.holds(condition, scope);
    if operator == Operator::NotWhere {
        return Condition::new(format!("NOT {any}"), OnNulls::Maybe);
    }
    if operator.is_not() || operator == Operator::NotEqual {
        let none = ends.is_origin("", scope);
        return Condition::new(format!("({any} OR NOT {none})"), OnNulls::Maybe);
    }
    Condition::new(any, OnNulls::No)
}
