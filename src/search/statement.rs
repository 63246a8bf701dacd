//! The statements that answer a plan: one for a page, one for the total, one for a read.
//!
//! A page is found first, as records of one or more sources in order, and rendered as JSON after: what is passed over
//! costs nothing.

use crate::db::{Parameter as Bound, Sql, identifier};
use crate::tryton::projection;
use crate::tryton::view::Hidden;

use super::Error;
use super::cursor::{Direction, Position};
use super::declaration::{Declaration, Located, Source};
use super::logic::{FALSE, TRUE, all, any};
use super::plan::Plan;
use super::scope::{Place, Scope, id};
use super::sort::Key;

/// The resource with this id: at most one row, its JSON. None if a record rule hides it.
///
/// # Errors
/// [`Hidden`] if the user may not read the model.
pub fn read(
    scope: &Scope<'_>,
    declaration: &'static Declaration,
    source: &'static Source,
    located: Located,
) -> Result<Sql, Hidden> {
    let mut sql = Sql::default();
    let measure = source.measures.get(located.measure);
    let place = Place::new(&mut sql, declaration, source);
    let place = place.of_codes(measure.map(|measure| vec![measure.code]));
    let table = place.table(scope.view)?;
    let record = sql.bind(Bound::Integer(located.record));
    let json = rendered(&mut sql, scope, &place)?;
    let mut conditions = vec![format!("{} = {record}", place.record(scope.view)?)];
    if !source.measures.is_empty() {
        conditions.push(format!("{} = {}", place.measure(), located.measure));
    }
    conditions.push(place.condition(&mut sql, scope.view)?);
    sql.text = format!("SELECT {json} FROM {table} WHERE {}", all(conditions));
    Ok(sql)
}

/// A page of results: rows of the place of the source, the record, the place of the measure, the values of the sort keys
/// as text, and the JSON. One row more than the page holds tells that another page follows. A page that goes backwards
/// comes in reverse order.
///
/// # Errors
/// See [`Error`].
pub fn page(scope: &Scope<'_>, plan: &Plan, from: Option<&Position>) -> Result<Sql, Error> {
    let backward = from.is_some_and(|from| from.direction == Direction::Before);
    let mut sql = Sql::default();
    let limit = sql.bind(Bound::Integer(i64::from(plan.count) + 1));
    let order = order(&plan.sort, backward);
    let mut branches = Vec::new();
    let mut jsons = Vec::new();
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
            "(SELECT {index} AS s, {} AS i, {} AS m{} FROM {table} WHERE {condition} ORDER BY {order} LIMIT {limit})",
            record,
            place.measure(),
            named.collect::<String>(),
        ));
        jsons.push((index, json(&mut sql, scope, &place).map_err(main_model)?));
    }
    let keys: String = (0..plan.sort.len())
        // Under a name of their own, or the page would be in the order of the texts: 1, 10, 2.
        .map(|key| format!(", p.k{key}::text AS t{key}"))
        .collect();
    sql.text = match jsons.as_slice() {
        [] => "SELECT 0, 0, 0, NULL::text WHERE false".to_owned(),
        jsons => format!(
            "SELECT p.s, p.i, p.m{keys}, {} FROM ({}) p ORDER BY {order} LIMIT {limit}",
            chosen(jsons),
            branches.join(" UNION ALL "),
        ),
    };
    Ok(sql.tidied())
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

/// The JSON of the record at a place: an array of its group, where it has one.
fn rendered(sql: &mut Sql, scope: &Scope<'_>, place: &Place) -> Result<String, Hidden> {
    let root = place.source.root;
    let Some(group) = place.source.group() else {
        return Ok(projection::json(sql, scope.view, root, &place.alias));
    };
    let alias = sql.alias();
    let (table, conditions) = place.group(sql, scope.view, group, &alias)?;
    let list = projection::select_list(sql, scope.view, root, &alias);
    Ok(format!(
        "(SELECT json_agg(r) FROM (SELECT {list} FROM {table} WHERE {} ORDER BY {}) r)::text",
        all(conditions),
        id(&alias)
    ))
}

/// The JSON of the record `p.i`.
fn json(sql: &mut Sql, scope: &Scope<'_>, place: &Place) -> Result<String, Hidden> {
    if place.source.group().is_some() {
        return json_of_group(sql, scope, place);
    }
    let alias = sql.alias();
    let root = place.source.root;
    let table = identifier(&scope.view.table(root)?);
    let json = projection::json(sql, scope.view, root, &alias);
    Ok(format!(
        "(SELECT {json} FROM {table} {alias} WHERE {} = p.i)",
        id(&alias)
    ))
}

/// The JSON of the group `p.i`, `p.m`.
fn json_of_group(sql: &mut Sql, scope: &Scope<'_>, place: &Place) -> Result<String, Hidden> {
    let place = Place::new(sql, place.declaration, place.source);
    let table = place.table(scope.view)?;
    let json = rendered(sql, scope, &place)?;
    let first = place.condition(sql, scope.view)?;
    Ok(format!(
        "(SELECT {json} FROM {table} WHERE {} = p.i AND {} = p.m AND {first})",
        place.record(scope.view)?,
        place.measure()
    ))
}

/// The JSON of the source that a row is of.
fn chosen(rendered: &[(usize, String)]) -> String {
    if let [(_, only)] = rendered {
        return only.clone();
    }
    let cases: String = rendered
        .iter()
        .map(|(index, json)| format!("WHEN {index} THEN {json} "))
        .collect();
    format!("CASE p.s {cases}END")
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
