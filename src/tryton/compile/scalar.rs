//! Fields with a column, compared with values: `Field.convert_domain` (trytond/model/fields/field.py), and what
//! `Boolean`, `Char` and `Text` make of it.

use super::value::Kind;
use super::{Compiler, Condition, Leaf, OnNulls, Reason, Scope, refused};
use crate::db::Parameter;
use crate::tryton::domain::{Operand, Operator};
use crate::tryton::pyson::{Value, truthy};
use crate::tryton::schema::Field;

impl Compiler<'_, '_> {
    pub(super) fn scalar(
        &mut self,
        leaf: Leaf<'_>,
        field: &Field,
        scope: Scope<'_>,
    ) -> Result<Condition, super::NotCompiled> {
        let refuse = |reason| refused(leaf, scope.name, reason);
        let ([name], []) = (leaf.path, leaf.rest) else {
            return Err(refuse(Reason::Operator));
        };
        let kind = Kind::of(field).ok_or_else(|| refuse(Reason::Operator))?;
        let Operand::Value(value) = leaf.operand else {
            return Err(refuse(Reason::Operator));
        };
        let column = scope.column(name);
        let condition = match leaf.operator {
            Operator::In | Operator::NotIn => {
                self.among(&column, kind, leaf.operator == Operator::NotIn, value)
            }
            Operator::Like | Operator::NotLike | Operator::ILike | Operator::NotILike => {
                if !kind.is_text() {
                    return Err(refuse(Reason::Operator));
                }
                let ignores_case = matches!(leaf.operator, Operator::ILike | Operator::NotILike);
                // a Text is searched by words; a Char without regard to accents, or by similarity, if that is installed
                if ignores_case
                    && (field.ttype == "text" || kind == Kind::Char && self.schema.folds())
                {
                    return Err(refuse(Reason::FullText));
                }
                self.like(&column, kind, leaf.operator, value)
            }
            operator => match comparison(operator) {
                Some(comparison) if kind == Kind::Boolean => self.truth(&column, comparison, value),
                Some(comparison) => self.compared(&column, kind, comparison, value),
                None => return Err(refuse(Reason::Operator)),
            },
        };
        condition.ok_or_else(|| refuse(Reason::Value))
    }

    /// A comparison. With `None` only equality says anything.
    fn compared(
        &mut self,
        column: &str,
        kind: Kind,
        operator: &str,
        value: &Value,
    ) -> Option<Condition> {
        if *value == Value::Null {
            return Some(match operator {
                "=" => Condition::new(format!("{column} IS NULL"), OnNulls::Yes),
                "!=" => Condition::new(format!("{column} IS NOT NULL"), OnNulls::No),
                _ => Condition::new("false".to_owned(), OnNulls::No),
            });
        }
        let text = kind.text(value, self.schema.version())?;
        // true and false may stand in the text, and an index may depend on them
        let operand = if kind == Kind::Boolean {
            truthy(value).to_string()
        } else {
            format!(
                "({})::{}",
                self.sql.bind(Parameter::Text(text)),
                kind.sql_type()
            )
        };
        let sql = format!("{column} {operator} {operand}");
        Some(Condition::new(sql, OnNulls::No))
    }

    /// A comparison of a `Boolean`, for which false and NULL are the same. It looks at the value as it is given: 0 is
    /// compared like false, but is not taken for NULL.
    fn truth(&mut self, column: &str, operator: &str, value: &Value) -> Option<Condition> {
        let Condition { sql, .. } = self.compared(column, Kind::Boolean, operator, value)?;
        let (sql, on_nulls) = match (operator, value) {
            ("=", Value::Boolean(false)) => (format!("({sql} OR {column} IS NULL)"), OnNulls::Yes),
            ("=", Value::Null) => (format!("({sql} OR {column} = false)"), OnNulls::Yes),
            ("!=", Value::Boolean(false)) => {
                (format!("({sql} AND {column} IS NOT NULL)"), OnNulls::No)
            }
            ("!=", Value::Null) => (format!("({sql} AND {column} != false)"), OnNulls::No),
            ("!=", _) if truthy(value) && self.is_7_0() => {
                (format!("({sql} OR {column} IS NULL)"), OnNulls::Yes)
            }
            _ => (sql, OnNulls::No),
        };
        Some(Condition::new(sql, on_nulls))
    }

    /// `in` and `not in`.
    fn among(&mut self, column: &str, kind: Kind, not: bool, value: &Value) -> Option<Condition> {
        let (Value::List(values) | Value::Tuple(values)) = value else {
            return None;
        };
        let version = self.schema.version();
        let (nulls, values): (Vec<_>, Vec<_>) =
            values.iter().partition(|value| **value == Value::Null);
        let texts = values.iter().map(|value| kind.text(value, version));
        let texts: Vec<String> = texts.collect::<Option<_>>()?;
        let (operator, empty) = if not {
            ("!= ALL", "true")
        } else {
            ("= ANY", "false")
        };
        let any = !texts.is_empty();
        let sql = if any {
            let bound = self.sql.bind(Parameter::Texts(texts));
            format!("{column} {operator} (({bound})::{}[])", kind.sql_type())
        } else {
            empty.to_owned()
        };
        Some(match (nulls.is_empty(), not) {
            (false, false) => Condition::new(format!("({sql} OR {column} IS NULL)"), OnNulls::Yes),
            (false, true) => {
                Condition::new(format!("({sql} AND {column} IS NOT NULL)"), OnNulls::No)
            }
            (true, true) if !any => Condition::new(sql, OnNulls::Yes),
            (true, _) => Condition::new(sql, OnNulls::No),
        })
    }

    /// The `like`s. The wildcards and their escape are those of PostgreSQL.
    fn like(
        &mut self,
        column: &str,
        kind: Kind,
        operator: Operator,
        value: &Value,
    ) -> Option<Condition> {
        if *value == Value::Null {
            return Some(Condition::new("false".to_owned(), OnNulls::No));
        }
        let Value::Text(_) = value else {
            return None;
        };
        let pattern = kind.text(value, self.schema.version())?;
        // PostgreSQL fails on a pattern that ends with an escape of nothing
        if pattern.chars().rev().take_while(|c| *c == '\\').count() % 2 == 1 {
            return None;
        }
        let word = match operator {
            Operator::Like => "LIKE",
            Operator::NotLike => "NOT LIKE",
            Operator::ILike => "ILIKE",
            _ => "NOT ILIKE",
        };
        let bound = self.sql.bind(Parameter::Text(pattern));
        Some(Condition::new(
            format!("{column} {word} {bound}"),
            OnNulls::No,
        ))
    }
}

fn comparison(operator: Operator) -> Option<&'static str> {
    match operator {
        Operator::Equal
        | Operator::NotEqual
        | Operator::Less
        | Operator::LessEqual
        | Operator::Greater
        | Operator::GreaterEqual => Some(operator.text()),
        _ => None,
    }
}
