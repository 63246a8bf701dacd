//! The statements that answer a plan: one for a page, one for the total, one for a read.

use crate::db::{Parameter as Bound, Sql, identifier};
use crate::tryton::projection;
use crate::tryton::view::Hidden;

use super::Error;
use super::condition::{ROOT, Scope};
use super::plan::Plan;

/// The record with this id: at most one row, its JSON. None if a record rule hides it.
///
/// # Errors
/// [`Hidden`] if the user may not read the model.
pub fn read(scope: &Scope<'_>, id: i64) -> Result<Sql, Hidden> {
    let from = from(scope)?;
    let mut sql = Sql::default();
    let json = projection::json(&mut sql, scope.view, scope.root, ROOT);
    let mut conditions = vec![format!("{ROOT}.\"id\" = {}", sql.bind(Bound::Integer(id)))];
    conditions.extend(scope.view.visible(&mut sql, scope.root, ROOT));
    sql.text = format!("SELECT {json} {from}{}", filter(&conditions));
    Ok(sql)
}

/// A page of results after the record `after`, in the order of ids: rows of id and JSON. One row more than the page
/// holds tells that another page follows.
///
/// # Errors
/// See [`Error`].
pub fn page(scope: &Scope<'_>, plan: &Plan, after: Option<i64>) -> Result<Sql, Error> {
    let (mut sql, mut conditions) = conditions(scope, plan)?;
    if let Some(after) = after {
        conditions.push(format!(
            "{ROOT}.\"id\" > {}",
            sql.bind(Bound::Integer(after))
        ));
    }
    let limit = sql.bind(Bound::Integer(i64::from(plan.count) + 1));
    let json = projection::json(&mut sql, scope.view, scope.root, ROOT);
    let (from, filter) = (from(scope).map_err(main_model)?, filter(&conditions));
    sql.text =
        format!("SELECT {ROOT}.\"id\", {json} {from}{filter} ORDER BY {ROOT}.\"id\" LIMIT {limit}");
    Ok(sql)
}

/// How many results there are: one row, one number.
///
/// # Errors
/// See [`Error`].
pub fn total(scope: &Scope<'_>, plan: &Plan) -> Result<Sql, Error> {
    let (mut sql, conditions) = conditions(scope, plan)?;
    let (from, filter) = (from(scope).map_err(main_model)?, filter(&conditions));
    sql.text = format!("SELECT count(*) {from}{filter}");
    Ok(sql)
}

fn conditions(scope: &Scope<'_>, plan: &Plan) -> Result<(Sql, Vec<String>), Error> {
    let mut sql = Sql::default();
    let criteria = plan
        .criteria
        .iter()
        .map(|criterion| criterion.condition(&mut sql, scope));
    let mut conditions = criteria.collect::<Result<Vec<_>, _>>()?;
    conditions.extend(scope.view.visible(&mut sql, scope.root, ROOT));
    Ok((sql, conditions))
}

fn from(scope: &Scope<'_>) -> Result<String, Hidden> {
    Ok(format!(
        "FROM {} {ROOT}",
        identifier(&scope.view.table(scope.root)?)
    ))
}

fn filter(conditions: &[String]) -> String {
    if conditions.is_empty() {
        String::new()
    } else {
        format!(" WHERE {}", conditions.join(" AND "))
    }
}

fn main_model(hidden: Hidden) -> Error {
    Error::Hidden {
        name: "_type".to_owned(),
        hidden,
    }
}
