//! The statements that answer a plan: one for a page, one for the total.
//!
//! A page is found first, as records of one or more sources in order. They are rendered by statements of their own (see
//! [`super::rendering`]): this one is planned each time, for the values that are searched, and must be small for that.

use crate::db::{Parameter as Bound, Sql};
use crate::tryton::view::Hidden;

use super::Error;
use super::cursor::{Direction, Position};
use super::logic::{FALSE, TRUE, all, any};
use super::plan::Plan;
use super::scope::{Place, Scope};
use super::sort::Key;

/// A page of results: one row of arrays, which are the places of the sources, the records, the places of the measures, and the
/// values of each sort key as text. One more than the page holds tells that another page follows. A page that goes backwards
/// comes in reverse order.
///
/// # Errors
/// See [`Error`].
pub fn page(scope: &Scope<'_>, plan: &Plan, from: Option<&Position>) -> Result<Sql, Error> {
    let backward = from.is_some_and(|from| from.direction == Direction::Before);
    let mut sql = Sql::default();
    let limit = plan.count + 1;
    let order = order(&plan.sort, backward);
    let mut branches = Vec::new();
    for (index, place, table, condition) in branches_of(&mut sql, scope, plan)? {
        let keys = plan
            .sort
            .iter()
            .map(|key| key.value(&mut sql, scope, &place));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        let record = place.record(scope.view).map_err(main_model)?;
        let beyond = match from {
            Some(from) => beyond(&mut sql, plan, (index, &place, &record, &keys), from),
            None => TRUE.to_owned(),
        };
        let condition = all([condition, beyond]);
        if condition == FALSE {
            continue;
        }
        let named = keys.iter().enumerate();
        let named = named.map(|(number, key)| format!(", {key} AS k{number}"));
        branches.push(format!(
            "SELECT {index} AS s, {} AS i, {} AS m{} FROM {table} WHERE {condition} ORDER BY {order} LIMIT {limit}",
            record,
            place.measure(),
            named.collect::<String>(),
        ));
    }
    if backward {
        branches.reverse();
    }
    let arrays = arrays(plan.sort.len());
    sql.text = match branches.as_slice() {
        [] => "SELECT NULL::text WHERE false".to_owned(),
        [branch] => format!("SELECT {arrays} FROM ({branch}) p"),
        branches if plan.sort.is_empty() => {
            let (found, all) = in_turn(branches, limit);
            format!(
                "WITH {found} SELECT {arrays} FROM (SELECT * FROM ({all}) p ORDER BY {order}) p"
            )
        }
        branches => format!(
            "SELECT {arrays} FROM (SELECT * FROM (({})) p ORDER BY {order} LIMIT {limit}) p",
            branches.join(") UNION ALL ("),
        ),
    };
    Ok(sql.tidied())
}

/// Sources one after another, each asked only for what those before it have left: `LIMIT 0` runs nothing. Without an order by values
/// all of a source stand before all of the next one, and mostly the first fills the page. The limit inside is what the planner sees.
///
/// Gives the common table expressions, and what joins them.
fn in_turn(branches: &[String], limit: u32) -> (String, String) {
    let name = |number: usize| format!("found{number}");
    let found = branches.iter().enumerate().map(|(number, branch)| {
        let before =
            (0..number).map(|before| format!(" - (SELECT count(*) FROM {})", name(before)));
        let left: String = before.collect();
        format!(
            "{} AS MATERIALIZED (SELECT * FROM ({branch}) b LIMIT {limit}{left})",
            name(number)
        )
    });
    let all = (0..branches.len()).map(|number| format!("SELECT * FROM {}", name(number)));
    (
        found.collect::<Vec<_>>().join(", "),
        all.collect::<Vec<_>>().join(" UNION ALL "),
    )
}

/// The columns of a page, each as an array: a row of its own for each result would cost more.
fn arrays(keys: usize) -> String {
    let numbers = ["s", "i", "m"].map(|name| format!("array_agg(p.{name}::bigint)"));
    let keys = (0..keys).map(|key| format!("array_agg(p.k{key}::text)"));
    numbers
        .into_iter()
        .chain(keys)
        .collect::<Vec<_>>()
        .join(", ")
}

/// How many results there are: one row, one number.
///
/// # Errors
/// See [`Error`].
pub fn total(scope: &Scope<'_>, plan: &Plan) -> Result<Sql, Error> {
    let mut sql = Sql::default();
    let branches = branches_of(&mut sql, scope, plan)?;
    let counts: Vec<String> = branches
        .into_iter()
        .filter(|(_, _, _, condition)| condition != FALSE)
        .map(|(_, _, table, condition)| format!("(SELECT count(*) FROM {table} WHERE {condition})"))
        .collect();
    sql.text = match counts.as_slice() {
        [] => "SELECT 0".to_owned(),
        counts => format!("SELECT {}", counts.join(" + ")),
    };
    Ok(sql.tidied())
}

/// A source that is asked: its place in the declaration, its alias, what stands after `FROM` and after `WHERE`.
type Branch = (usize, Place, String, String);

/// The sources that the user may read.
fn branches_of(sql: &mut Sql, scope: &Scope<'_>, plan: &Plan) -> Result<Vec<Branch>, Error> {
    let declaration = plan.grammar.declaration;
    let mut branches = Vec::new();
    let mut hidden = None;
    for (index, source) in declaration.sources.iter().enumerate() {
        let codes = plan.criteria.iter().find_map(|one| one.codes(source));
        let place = Place::new(sql, declaration, source).of_codes(codes);
        let found = place
            .table(scope.view)
            .and_then(|table| Ok((table, place.condition(sql, scope.view)?)));
        let (table, visible) = match found {
            Ok(found) => found,
            // What is denied is told, rather than what is missing.
            Err(reason) => {
                if !matches!(hidden, Some(Hidden::Denied(_))) {
                    hidden = Some(reason);
                }
                continue;
            }
        };
        let criteria = plan.criteria.iter();
        let conditions = criteria
            .map(|criterion| criterion.condition(sql, plan.grammar, scope, &place))
            .collect::<Result<Vec<_>, _>>()?;
        let condition = all(conditions.into_iter().chain([visible]));
        branches.push((index, place, table, condition));
    }
    match hidden {
        Some(hidden) if branches.is_empty() => Err(main_model(hidden)),
        _ => Ok(branches),
    }
}

fn order(keys: &[Key], backward: bool) -> String {
    let direction = |descending: bool| if descending { "DESC" } else { "ASC" };
    let nulls = if backward { "FIRST" } else { "LAST" };
    let keys = keys.iter().enumerate().map(|(number, key)| {
        format!(
            "k{number} {} NULLS {nulls}",
            direction(key.descending != backward)
        )
    });
    let record = ["s", "i", "m"].map(|name| format!("{name} {}", direction(backward)));
    keys.chain(record).collect::<Vec<_>>().join(", ")
}

/// The condition that a record comes after a position, or before it.
fn beyond(
    sql: &mut Sql,
    plan: &Plan,
    (index, place, record, keys): (usize, &Place, &str, &[String]),
    from: &Position,
) -> String {
    let backward = from.direction == Direction::Before;
    let tie = match index.cmp(&from.source) {
        std::cmp::Ordering::Equal => later_record(sql, place, record, from, backward),
        order => {
            let later = order.is_gt() != backward;
            if later { TRUE } else { FALSE }.to_owned()
        }
    };
    let keys = plan.sort.iter().zip(keys).zip(&from.keys).rev();
    keys.fold(tie, |further, ((key, column), value)| {
        let ascending = key.descending == backward;
        match value {
            None => {
                let same = all([format!("{column} IS NULL"), further]);
                let held = format!("{column} IS NOT NULL");
                // Those without a value come last: before them are all that have one.
                any(backward.then_some(held).into_iter().chain([same]))
            }
            Some(value) => {
                let bound = sql.bind(Bound::Text(value.clone()));
                let bound = format!("{bound}::{}", key.r#type());
                let operator = if ascending { ">" } else { "<" };
                let later = format!("{column} {operator} {bound}");
                let nulls = (!backward).then(|| format!("{column} IS NULL"));
                let same = all([format!("{column} = {bound}"), further]);
                any([later].into_iter().chain(nulls).chain([same]))
            }
        }
    })
}

fn later_record(
    sql: &mut Sql,
    place: &Place,
    column: &str,
    from: &Position,
    backward: bool,
) -> String {
    let operator = if backward { "<" } else { ">" };
    let record = sql.bind(Bound::Integer(from.record));
    if place.source.measures.is_empty() {
        return format!("{column} {operator} {record}");
    }
    let measure = sql.bind(Bound::Integer(from.measure));
    format!(
        "({column}, {}) {operator} ({record}, {measure})",
        place.measure()
    )
}

fn main_model(hidden: Hidden) -> Error {
    Error::Hidden {
        name: "_type".to_owned(),
        hidden,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_asked_for_what_those_before_it_have_left() {
        let (found, all) = in_turn(&["a".to_owned(), "b".to_owned(), "c".to_owned()], 21);
        let counts = ["found0", "found1"].map(|name| format!(" - (SELECT count(*) FROM {name})"));
        let expected = [
            "found0 AS MATERIALIZED (SELECT * FROM (a) b LIMIT 21)".to_owned(),
            format!(
                "found1 AS MATERIALIZED (SELECT * FROM (b) b LIMIT 21{})",
                counts[0]
            ),
            format!(
                "found2 AS MATERIALIZED (SELECT * FROM (c) b LIMIT 21{})",
                counts.concat()
            ),
        ];
        assert_eq!(found, expected.join(", "));
        assert_eq!(
            all,
            "SELECT * FROM found0 UNION ALL SELECT * FROM found1 UNION ALL SELECT * FROM found2"
        );
    }
}
