//! The statements that give records as JSON, by their ids: for reads, and for the pages that a search found.
//!
//! They depend on what the user sees and on nothing else of a request, so they are made once for each view that is remembered,
//! and planned once per connection. To write one down takes a component longer than to answer a read.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::db::{Parameter, Planned, Sql};
use crate::tryton::projection;
use crate::tryton::view::{Hidden, View};

use super::declaration::{Declaration, Located, Source};
use super::logic::all;
use super::scope::{Place, id};

/// How many views are remembered with their statements.
const MOST_VIEWS: usize = 16;

/// Which records are rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Which {
    /// Those of a page. A search has found them, with the measures that they hold.
    OfPage,
    /// One that was asked for, if it holds this measure.
    Asked {
        /// The place of the measure in its source.
        measure: usize,
    },
}

/// The type, the place of the source in it, and which.
type Key = (&'static str, usize, Which);

type Made = Vec<(View, HashMap<Key, Rc<Planned>>)>;

thread_local! {
    static MADE: RefCell<Made> = const { RefCell::new(Vec::new()) };
}

/// The statement for these records of a source: one row with three arrays, the records, their measures, and their JSON. Its
/// first parameter are the ids. Measures are those of groups, else 0 (see [`place`]). Records that are not there, or that a
/// right hides, are missing.
///
/// # Errors
/// [`Hidden`] if the user may not read the model.
pub fn made(
    view: &View,
    declaration: &'static Declaration,
    index: usize,
    which: Which,
) -> Result<Rc<Planned>, Hidden> {
    let key = (declaration.name, index, which);
    let known = MADE.with_borrow(|made| {
        let (_, statements) = made.iter().find(|(known, _)| known.is_same(view))?;
        statements.get(&key).cloned()
    });
    if let Some(known) = known {
        return Ok(known);
    }
    let missing = || Hidden::Missing(declaration.name.to_owned());
    let source = declaration.sources.get(index).ok_or_else(missing)?;
    let planned = Rc::new(Planned::new(statement(view, declaration, source, which)?));
    MADE.with_borrow_mut(|made| keep(made, view, key, &planned));
    Ok(planned)
}

fn keep(made: &mut Made, view: &View, key: Key, planned: &Rc<Planned>) {
    if let Some((_, statements)) = made.iter_mut().find(|(known, _)| known.is_same(view)) {
        statements.insert(key, Rc::clone(planned));
        return;
    }
    if made.len() >= MOST_VIEWS {
        made.remove(0);
    }
    let statements = HashMap::from([(key, Rc::clone(planned))]);
    made.push((view.clone(), statements));
}

/// As [`made`], made now.
///
/// # Errors
/// [`Hidden`] if the user may not read the model.
pub fn statement(
    view: &View,
    declaration: &'static Declaration,
    source: &'static Source,
    which: Which,
) -> Result<Sql, Hidden> {
    let mut sql = Sql::default();
    let ids = sql.bind(Parameter::Integers(Vec::new()));
    let place = chosen(&mut sql, declaration, source, which);
    let table = place.table(view)?;
    let record = place.record(view)?;
    let json = rendered(&mut sql, view, &place)?;
    // In a query of its own the planner does not see how many there are. If it did, it would find a plan for one record
    // cheaper than that for any number, and plan anew each time (PostgreSQL, PREPARE, section "notes").
    let mut conditions = vec![format!("{record} = ANY ((SELECT {ids})::bigint[])")];
    conditions.extend(of_measure(source, which, &place));
    conditions.push(place.condition(&mut sql, view)?);
    sql.text = format!(
        "SELECT array_agg(r.i), array_agg(r.m), array_agg(r.j) FROM (\
         SELECT {record}::bigint AS i, {}::bigint AS m, {json} AS j FROM {table} WHERE {}) r",
        measure(source, &place),
        all(conditions)
    );
    Ok(sql)
}

fn chosen(
    sql: &mut Sql,
    declaration: &'static Declaration,
    source: &'static Source,
    which: Which,
) -> Place {
    let place = Place::new(sql, declaration, source);
    match which {
        Which::Asked { measure } => {
            let code = source
                .measures
                .get(measure)
                .map(|measure| vec![measure.code]);
            place.of_codes(code)
        }
        Which::OfPage if source.group().is_none() => place.not_unfolded(),
        Which::OfPage => place,
    }
}

fn of_measure(source: &Source, which: Which, place: &Place) -> Option<String> {
    match which {
        Which::Asked { measure } if !source.measures.is_empty() => {
            Some(format!("{} = {measure}", place.measure()))
        }
        _ => None,
    }
}

/// What tells records of the same id apart.
fn measure(source: &Source, place: &Place) -> String {
    source.group().map_or("0".to_owned(), |_| place.measure())
}

/// The JSON of the record at a place: an array of its group, where it has one.
fn rendered(sql: &mut Sql, view: &View, place: &Place) -> Result<String, Hidden> {
    let root = place.source.root;
    let Some(group) = place.source.group() else {
        return Ok(projection::json(sql, view, root, &place.alias));
    };
    let alias = sql.alias();
    let (table, conditions) = place.group(sql, view, group, &alias)?;
    let list = projection::select_list(sql, view, root, &alias);
    Ok(format!(
        "(SELECT json_agg(r) FROM (SELECT {list} FROM {table} WHERE {} ORDER BY {}) r)::text",
        all(conditions),
        id(&alias)
    ))
}

/// Where a result stands among the records of its source.
#[must_use]
pub fn place(declaration: &Declaration, located: Located) -> (i64, i64) {
    let source = declaration.sources.get(located.source);
    let measure = source
        .and_then(Source::group)
        .map_or(0, |_| located.measure);
    (located.record, i64::try_from(measure).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::super::declaration::{Measure, Only};
    use super::*;
    use crate::tryton::access::Rights;
    use crate::tryton::catalog::Catalog;
    use crate::tryton::model::{ID, Node, leaf, plain};

    static EVALUATION: Node = leaf("evaluation", &[ID, plain(&["weight"])]);
    static THING: Declaration = Declaration {
        name: "Thing",
        sources: &[Source {
            prefix: "eval",
            root: &EVALUATION,
            only: Only::All,
            measures: &[Measure {
                code: "29463-7",
                display: "Body weight",
                field: Some("weight"),
                unit: "kg",
                printed: "kg",
                parts: &[],
            }],
        }],
        parameters: &[],
        compartments: &[],
        documentation: "",
    };

    fn view() -> View {
        let columns = ["id", "weight"].map(str::to_owned);
        let tables = HashMap::from([("evaluation".to_owned(), columns.into_iter().collect())]);
        View::new(Rc::new(Catalog::new(tables)), Rc::new(Rights::default()))
    }

    fn page(view: &View) -> Rc<Planned> {
        made(view, &THING, 0, Which::OfPage).unwrap()
    }

    #[test]
    fn a_statement_is_made_once_for_a_view_and_anew_for_another() {
        let (one, other) = (view(), view());
        assert!(Rc::ptr_eq(&page(&one), &page(&one.clone())));
        assert!(!Rc::ptr_eq(&page(&one), &page(&other)));
        let asked = made(&one, &THING, 0, Which::Asked { measure: 0 }).unwrap();
        assert_ne!(page(&one), asked);
    }

    #[test]
    fn views_that_are_not_used_any_more_are_forgotten() {
        let first = view();
        let known = page(&first);
        let others: Vec<View> = (0..MOST_VIEWS).map(|_| view()).collect();
        others.iter().for_each(|other| drop(page(other)));
        assert!(!Rc::ptr_eq(&known, &page(&first)));
        assert_eq!(MADE.with_borrow(Vec::len), MOST_VIEWS);
    }

    #[test]
    fn what_a_search_has_found_is_not_unfolded_again_and_what_was_asked_for_must_be_there() {
        let text = |which| {
            statement(&view(), &THING, &THING.sources[0], which)
                .unwrap()
                .text
        };
        assert!(!text(Which::OfPage).contains("LATERAL"));
        let asked = text(Which::Asked { measure: 0 });
        assert!(
            asked.contains("a1_m.\"n\" = 0 AND a1_m.\"held\""),
            "{asked}"
        );
    }

    #[test]
    fn what_may_not_be_read_has_no_statement() {
        let rights = Rc::new(Rights::without(&["evaluation"], &[]));
        let view = View::new(Rc::new(Catalog::new(HashMap::new())), rights);
        assert!(made(&view, &THING, 0, Which::OfPage).is_err());
    }
}
