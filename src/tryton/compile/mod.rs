//! Domains compiled into conditions in SQL that give exactly the records that trytond's `ModelSQL.search_domain`
//! (trytond/model/modelsql.py) gives in the evaluation of a record rule.
//!
//! The conditions have the shape of trytond's, since NULL makes that matter. Where trytond asks another model, it does so
//! without rights; and it leaves inactive records out only on the way to many, not within many2one and reference.
//! What cannot be compiled exactly is refused; the rule then has to count as one that grants nothing.
//!
//! - `scalar`, `value`: fields with a column
//! - `one`, `tree`: many2one
//! - `many`: one2many, many2many, one2one
//! - `reference`: reference

mod many;
mod one;
mod reference;
mod scalar;
mod tree;
mod value;

pub(super) use reference::id_of;

use std::collections::BTreeSet;

use crate::db::{Sql, identifier};
use crate::tryton::domain::{Domain, Group, Operand, Operator};
use crate::tryton::pyson::Value;
use crate::tryton::relations;
use crate::tryton::schema::{Field, Model, Schema, Version};

/// From this many rows on trytond 7.0 may join a related model instead of asking it in a subquery, which differs where
/// the relation is empty. It counts 1000 by default (`subquery_threshold`, trytond/config.py), and from time to time.
const LARGE: f64 = 500.0;

/// A domain that has no condition, or not yet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotCompiled {
    /// These models have to be added to the schema first. Deeper ones may follow: at most one round for each name of the
    /// longest path.
    #[error("models have to be loaded first: {0:?}")]
    Unloaded(BTreeSet<String>),
    /// Not exactly what trytond would do, or an error there.
    #[error("{model}.{field} with \"{operator}\": {reason}")]
    Refused {
        /// The model.
        model: String,
        /// The field of the model.
        field: String,
        /// The operator.
        operator: &'static str,
        /// Why.
        reason: Reason,
    },
}

/// Why a clause is not compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, thiserror::Error)]
pub enum Reason {
    /// The model has no table that this server may read, or is searched in a way of its own.
    #[error("the model cannot be read")]
    Model,
    /// There is no such field.
    #[error("there is no such field")]
    Field,
    /// The field has no column, or means something else than its column.
    #[error("the field is computed")]
    Computed,
    /// The field is compared in the language of the user.
    #[error("the field is translated")]
    Translated,
    /// The other end of the relation is not known, computed, or filtered.
    #[error("the other end of the relation is not known")]
    Relation,
    /// The field cannot be compared in this way.
    #[error("the operator does not suit the field")]
    Operator,
    /// The field cannot be compared with this value.
    #[error("the value does not suit the field")]
    Value,
    /// Related records are compared by their name, which every model makes in a way of its own.
    #[error("a related record is compared by its name")]
    RecordName,
    /// trytond would search words, or without regard to accents.
    #[error("the search for text depends on the configuration")]
    FullText,
    /// The result depends on how many records trytond believes there are.
    #[error("the result depends on the number of records")]
    Ambiguous,
}

/// Compiles a domain on `model` into a condition on the row that the statement calls `alias`. The condition stands in
/// parentheses; it may be NULL instead of false, so it is only for `WHERE`, `AND`, `OR`, not below a `NOT`.
///
/// All names in it come from the schema, all values are bound to `sql`. The aliases within begin with `rule_`.
///
/// # Errors
/// [`NotCompiled`]; `sql` is as it was before.
pub fn condition(
    domain: &Domain,
    model: &str,
    alias: &str,
    schema: &Schema,
    sql: &mut Sql,
) -> Result<String, NotCompiled> {
    let bound = sql.parameters.len();
    let mut compiler = Compiler {
        schema,
        sql,
        aliases: 0,
    };
    let condition = compiler.rule(domain, model, alias);
    if condition.is_err() {
        sql.parameters.truncate(bound);
    }
    condition
}

struct Compiler<'s, 'q> {
    schema: &'s Schema,
    sql: &'q mut Sql,
    aliases: u32,
}

/// Whose row a clause is about.
#[derive(Clone, Copy)]
struct Scope<'a> {
    name: &'a str,
    model: &'a Model,
    alias: &'a str,
    /// Whether inactive records are left out on the way to many (`active_test`).
    active: bool,
    /// Whether this is within a `not where`, so that too few here are too many in the end.
    negated: bool,
}

/// A clause, or the rest of one.
#[derive(Clone, Copy)]
struct Leaf<'c> {
    path: &'c [&'c str],
    operator: Operator,
    operand: &'c Operand,
    rest: &'c [String],
}

/// A condition on a row.
struct Condition {
    sql: String,
    on_nulls: OnNulls,
}

/// Whether a condition holds for a row of nothing but NULLs: what an outer join makes of an empty relation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OnNulls {
    No,
    Yes,
    Maybe,
}

impl Condition {
    fn new(sql: String, on_nulls: OnNulls) -> Self {
        Self { sql, on_nulls }
    }
}

impl<'s> Compiler<'s, '_> {
    fn rule(&mut self, domain: &Domain, name: &str, alias: &str) -> Result<String, NotCompiled> {
        let nowhere = Leaf {
            path: &["id"],
            operator: Operator::Equal,
            operand: &Operand::Value(Value::Null),
            rest: &[],
        };
        let scope = Scope {
            name,
            model: self.model(name, nowhere, name)?,
            alias,
            active: true,
            negated: false,
        };
        // active_test is off for the rule itself
        Ok(format!("({})", self.part(domain, scope)?))
    }

    fn part(&mut self, domain: &Domain, scope: Scope<'_>) -> Result<String, NotCompiled> {
        match domain {
            Domain::Group(group) => self.group(group, scope),
            Domain::Clause(clause) => {
                let path: Vec<&str> = clause.path.iter().map(String::as_str).collect();
                let leaf = Leaf {
                    path: &path,
                    operator: clause.operator,
                    operand: &clause.operand,
                    rest: &clause.rest,
                };
                Ok(self.leaf(leaf, scope)?.sql)
            }
        }
    }

    fn group(&mut self, group: &Group, scope: Scope<'_>) -> Result<String, NotCompiled> {
        self.joined(group, |compiler, part| compiler.part(part, scope))
    }

    /// A group as `search` and the way to many read it: with a test for active records wherever none is made
    /// (`ModelStorage._search_domain_active`, trytond/model/modelstorage.py).
    fn searched(&mut self, group: &Group, scope: Scope<'_>) -> Result<String, NotCompiled> {
        if !scope.tests_active() {
            return self.group(group, scope);
        }
        let is_tested =
            |part: &Domain| matches!(part, Domain::Clause(clause) if clause.path == ["active"]);
        let condition = self.joined(group, |compiler, part| match part {
            Domain::Group(group) => compiler.searched(group, scope),
            Domain::Clause(_) => compiler.part(part, scope),
        })?;
        if group.parts.iter().any(is_tested) {
            return Ok(condition);
        }
        self.and_active(condition, scope)
    }

    /// A condition with the test for an active record, if it is made.
    fn and_active(&mut self, condition: String, scope: Scope<'_>) -> Result<String, NotCompiled> {
        Ok(match self.active(scope)? {
            Some(active) => format!("({condition} AND {active})"),
            None => condition,
        })
    }

    /// The test for an active record, if it is made.
    fn active(&mut self, scope: Scope<'_>) -> Result<Option<String>, NotCompiled> {
        if !scope.tests_active() {
            return Ok(None);
        }
        self.is_active(scope, &Value::Boolean(true), Operator::Equal)
            .map(Some)
    }

    /// The clause that trytond adds on the way to one: active, or not, but not unknown.
    fn active_or_not(&mut self, scope: Scope<'_>) -> Result<Option<String>, NotCompiled> {
        if scope.model.field("active").is_none() {
            return Ok(None);
        }
        let both = Value::List(vec![Value::Boolean(true), Value::Boolean(false)]);
        self.is_active(scope, &both, Operator::In).map(Some)
    }

    fn is_active(
        &mut self,
        scope: Scope<'_>,
        value: &Value,
        operator: Operator,
    ) -> Result<String, NotCompiled> {
        let leaf = Leaf {
            path: &["active"],
            operator,
            operand: &Operand::Value(value.clone()),
            rest: &[],
        };
        Ok(self.leaf(leaf, scope)?.sql)
    }

    /// The parts of a group, joined. All of them are looked at, to know all models that are missing.
    fn joined(
        &mut self,
        group: &Group,
        mut compile: impl FnMut(&mut Self, &Domain) -> Result<String, NotCompiled>,
    ) -> Result<String, NotCompiled> {
        let mut conditions = Vec::new();
        let mut unloaded = BTreeSet::new();
        for part in &group.parts {
            match compile(self, part) {
                Ok(condition) => conditions.push(condition),
                Err(NotCompiled::Unloaded(models)) => unloaded.extend(models),
                Err(refused) => return Err(refused),
            }
        }
        if !unloaded.is_empty() {
            return Err(NotCompiled::Unloaded(unloaded));
        }
        Ok(match conditions.as_slice() {
            [] => "true".to_owned(),
            [one] => one.clone(),
            all => format!("({})", all.join(if group.any { " OR " } else { " AND " })),
        })
    }

    fn leaf(&mut self, leaf: Leaf<'_>, scope: Scope<'_>) -> Result<Condition, NotCompiled> {
        let Some(name) = leaf.path.first() else {
            return Err(refused(leaf, scope.name, Reason::Field));
        };
        let Some(field) = scope.model.field(name) else {
            return Err(refused(leaf, scope.name, Reason::Field));
        };
        if relations::is_computed(scope.name, name) {
            return Err(refused(leaf, scope.name, Reason::Computed));
        }
        if field.translated || relations::is_translated(scope.name, name) {
            return Err(refused(leaf, scope.name, Reason::Translated));
        }
        match field.ttype.as_str() {
            "one2many" | "many2many" | "one2one" => self.through_many(leaf, field, scope),
            _ if field.kind.is_none() => Err(refused(leaf, scope.name, Reason::Computed)),
            "many2one" => self.through_many2one(leaf, field, scope),
            "reference" if leaf.path.len() > 1 => self.through_reference(leaf, scope),
            _ => self.scalar(leaf, field, scope),
        }
    }

    /// A model that a clause of `name` leads to.
    fn model(&self, target: &str, leaf: Leaf<'_>, name: &str) -> Result<&'s Model, NotCompiled> {
        let is_usual = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if !target.chars().all(is_usual) {
            return Err(refused(leaf, name, Reason::Model));
        }
        match self.schema.model(target) {
            Some(Some(model)) => Ok(model),
            Some(None) => Err(refused(leaf, name, Reason::Model)),
            None => Err(NotCompiled::Unloaded([target.to_owned()].into())),
        }
    }

    fn alias(&mut self) -> String {
        self.aliases += 1;
        format!("rule_{}", self.aliases)
    }

    fn is_7_0(&self) -> bool {
        self.schema.version() == Version::V7_0
    }
}

impl Scope<'_> {
    fn column(&self, field: &str) -> String {
        column(self.alias, field)
    }

    fn table(&self) -> String {
        identifier(self.model.table())
    }

    /// Whether inactive records are left out on the way to many, and there may be some.
    fn tests_active(&self) -> bool {
        self.active && self.model.field("active").is_some()
    }

    fn is_large(&self) -> bool {
        self.model.rows() >= LARGE
    }
}

impl Leaf<'_> {
    /// Whether `None` is what the field is compared with.
    fn is_null(&self) -> bool {
        matches!(self.operand, Operand::Value(Value::Null))
    }

    /// Whether the field is compared with a name.
    fn is_text(&self) -> bool {
        matches!(self.operand, Operand::Value(Value::Text(_)))
    }

    /// Whether records without the relation are found too, on the way to one (`Many2One.convert_domain`,
    /// trytond/model/fields/many2one.py).
    fn finds_empty(&self) -> bool {
        match self.operator {
            Operator::NotEqual => !self.is_null(),
            Operator::NotIn => match self.operand {
                Operand::Value(Value::List(values) | Value::Tuple(values)) => {
                    !values.contains(&Value::Null)
                }
                _ => false,
            },
            operator => operator.is_not(),
        }
    }
}

fn column(alias: &str, field: &str) -> String {
    format!("{alias}.{}", identifier(field))
}

fn refused(leaf: Leaf<'_>, model: &str, reason: Reason) -> NotCompiled {
    NotCompiled::Refused {
        model: model.to_owned(),
        field: leaf.path.first().copied().unwrap_or_default().to_owned(),
        operator: leaf.operator.text(),
        reason,
    }
}

/// A many2one with its column.
fn is_many2one(field: &Field) -> bool {
    field.ttype == "many2one" && matches!(field.kind.as_deref(), Some("integer" | "bigint"))
}

#[cfg(test)]
mod tests;
