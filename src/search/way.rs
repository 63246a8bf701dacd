//! The way from a record to those that hold what is searched: over relations, and over records that the user may see.

use crate::db::{Sql, identifier};
use crate::tryton::model::Node;
use crate::tryton::view::{Hidden, View};

use super::found::Found;
use super::logic::{FALSE, TRUE, all};
use super::parameter::{PARTS, RECORDS, Value};
use super::scope::{Place, id};
use super::value;

/// A path from a place, as tables joined, and where it ends.
pub(super) struct Way {
    tables: Vec<String>,
    joins: Vec<String>,
    /// Of the first step, which `joins` starts with: the column of the place, and the one that must equal it.
    first: Option<(String, String)>,
    node: &'static Node,
    alias: String,
    /// The alias of what was measured, or of a part of it.
    measured: String,
}

impl Way {
    pub(super) fn along(
        sql: &mut Sql,
        view: &View,
        place: &Place,
        path: &[&str],
    ) -> Result<Self, Hidden> {
        // The main model too: a user who may not read it must not search it.
        view.table(place.source.root)?;
        let mut way = Self {
            tables: Vec::new(),
            joins: Vec::new(),
            first: None,
            node: place.source.root,
            alias: place.alias.clone(),
            measured: place.measured(),
        };
        for key in path {
            match *key {
                PARTS => way.enter_parts(sql, view, place),
                RECORDS => way.enter_group(sql, view, place)?,
                key => way.step(sql, view, key)?,
            }
        }
        Ok(way)
    }

    fn enter_parts(&mut self, sql: &mut Sql, view: &View, place: &Place) {
        let alias = sql.alias();
        self.tables.push(place.parts(view, &alias));
        self.joins
            .push(format!("{alias}.\"of\" = {}", place.measure()));
        self.joins.push(format!("{alias}.\"value\" IS NOT NULL"));
        self.measured = alias;
    }

    fn enter_group(&mut self, sql: &mut Sql, view: &View, place: &Place) -> Result<(), Hidden> {
        let Some(group) = place.source.group() else {
            return Ok(());
        };
        let alias = sql.alias();
        let (table, conditions) = place.group(sql, view, group, &alias)?;
        self.tables.push(table);
        self.joins.extend(conditions);
        self.alias = alias;
        Ok(())
    }

    fn step(&mut self, sql: &mut Sql, view: &View, key: &str) -> Result<(), Hidden> {
        let to_one = value::relation(self.node.one, key);
        let relation = to_one
            .or_else(|| value::relation(self.node.many, key))
            .ok_or_else(|| Hidden::Missing(format!("{}.{key}", self.node.model)))?;
        let alias = sql.alias();
        let table = identifier(&view.table(relation.node)?);
        let (from, to) = if to_one.is_some() {
            (view.one(self.node, relation, &self.alias)?, id(&alias))
        } else {
            let column = identifier(view.many(relation)?);
            (id(&self.alias), format!("{alias}.{column}"))
        };
        self.joins.push(format!("{to} = {from}"));
        if self.tables.is_empty() {
            self.first = Some((from, to));
        }
        self.joins.extend(view.visible(sql, relation.node, &alias));
        self.tables.push(format!("{table} {alias}"));
        self.node = relation.node;
        self.alias = alias;
        Ok(())
    }

    /// The SQL of a value at the end.
    pub(super) fn value(&self, sql: &mut Sql, view: &View, value: Value) -> Result<String, Hidden> {
        match value {
            Value::Field(key) => value::column(view, self.node, &self.alias, key),
            Value::Sql(template) => {
                let sql = value::expression(sql, view, self.node, &self.alias, template)?;
                Ok(format!("({sql})"))
            }
            Value::Code => Ok(format!("{}.\"code\"", self.measured)),
            Value::Number => Ok(format!("{}.\"value\"", self.measured)),
            Value::Unit => Ok(format!("{}.\"unit\"", self.measured)),
            Value::Display => Ok(format!("{}.\"display\"", self.measured)),
        }
    }

    /// The SQL of the unit of a measure, as it is printed.
    pub(super) fn printed(&self) -> String {
        format!("{}.\"printed\"", self.measured)
    }

    /// Where the way ends, and by which alias.
    pub(super) fn end(&self) -> (&'static Node, &str) {
        (self.node, &self.alias)
    }

    /// The condition that such a record exists at the end.
    pub(super) fn exists(&self, condition: String) -> String {
        if self.tables.is_empty() {
            return condition;
        }
        let condition = all(self.joins.iter().cloned().chain([condition]));
        if condition == FALSE {
            return condition;
        }
        format!(
            "EXISTS (SELECT FROM {} WHERE {condition})",
            self.tables.join(" CROSS JOIN ")
        )
    }

    /// The same, in the form that can be joined with others.
    pub(super) fn found(&self, condition: String) -> Found {
        let exists = self.exists(condition.clone());
        let Some((column, key)) = self.first.clone().filter(|_| exists != FALSE) else {
            return Found::If(exists);
        };
        let joins = self.joins.iter().skip(1).cloned();
        let keys = format!(
            "SELECT {key} FROM {} WHERE {}",
            self.tables.join(" CROSS JOIN "),
            all(joins.chain([condition]))
        );
        Found::Among {
            column,
            keys,
            exists,
        }
    }

    /// The condition that a record exists at the end of this way, as [`Way::exists`], asked at the end of the first step of
    /// another if both go the same.
    pub(super) fn exists_beside(&self, other: &Self) -> String {
        let joins = match (&self.first, &other.first) {
            (Some((column, key)), Some((same, beside))) if column == same => {
                let first = format!("{key} = {beside}");
                let rest = self.joins.iter().skip(1).cloned();
                [first].into_iter().chain(rest).collect()
            }
            _ => self.joins.clone(),
        };
        Self {
            tables: self.tables.clone(),
            joins,
            first: None,
            node: self.node,
            alias: self.alias.clone(),
            measured: self.measured.clone(),
        }
        .exists(TRUE.to_owned())
    }

    /// The query for a value at the end of the way, from all records of a table where the way starts and a condition holds.
    pub(super) fn query(&self, value: &str, table: &str, condition: &str) -> String {
        let tables = [table]
            .into_iter()
            .chain(self.tables.iter().map(String::as_str));
        format!(
            "SELECT {value} FROM {} WHERE {}",
            tables.collect::<Vec<_>>().join(" CROSS JOIN "),
            all(self.joins.iter().cloned().chain([condition.to_owned()]))
        )
    }

    /// The least or greatest of the values at the end, as one.
    pub(super) fn aggregate(&self, function: &str, expression: &str) -> String {
        if self.tables.is_empty() {
            return expression.to_owned();
        }
        format!(
            "(SELECT {function}({expression}) FROM {} WHERE {})",
            self.tables.join(" CROSS JOIN "),
            all(self.joins.iter().cloned())
        )
    }
}
