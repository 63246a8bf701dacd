//! What conditions are compiled for, and the record that they are about.

use chrono::NaiveDateTime;

use crate::db::{Sql, identifier};
use crate::tryton::model::{Node, plain};
use crate::tryton::view::{Hidden, View};

use super::declaration::{Declaration, Group, Measure, Only, Source};
use super::logic::{FALSE, all};
use super::value;

/// What conditions are compiled for.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// What the user sees.
    pub view: &'a View,
    /// The base of the systems of local identifiers.
    pub system_base: &'a str,
    /// The base URL of this server, of which absolute references start.
    pub base_url: &'a str,
    /// The time of the request, in UTC.
    pub now: NaiveDateTime,
    /// The time zone of dates that have none, by its IANA name; `None`: UTC.
    pub zone: Option<&'a str>,
}

/// A record of a source in a statement, by the alias of its table.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) declaration: &'static Declaration,
    pub(super) source: &'static Source,
    pub(super) alias: String,
    /// The places of the measures that are looked at; `None`: all.
    measures: Option<Vec<usize>>,
    /// Whether there is a row for each measure of a record.
    is_unfolded: bool,
}

impl Place {
    pub(super) fn new(
        sql: &mut Sql,
        declaration: &'static Declaration,
        source: &'static Source,
    ) -> Self {
        Self {
            declaration,
            source,
            alias: sql.alias(),
            measures: None,
            is_unfolded: !source.measures.is_empty(),
        }
    }

    /// With one row for a record, whatever it measured.
    pub(super) fn not_unfolded(self) -> Self {
        Self {
            is_unfolded: false,
            ..self
        }
    }

    /// With the measures of these codes only, where they are known: a record need not be unfolded into all of them.
    pub(super) fn of_codes(self, codes: Option<Vec<&str>>) -> Self {
        let measures = self.source.measures.iter().enumerate();
        let chosen = codes.map(|codes| {
            let chosen = measures.filter(|(_, measure)| codes.contains(&measure.code));
            chosen.map(|(index, _)| index).collect()
        });
        Self {
            measures: chosen.or(self.measures),
            ..self
        }
    }

    /// The table, and what each record measured beside it: what stands after `FROM`.
    pub(super) fn table(&self, view: &View) -> Result<String, Hidden> {
        self.source.readable(view)?;
        let table = identifier(&view.table(self.source.root)?);
        let alias = &self.alias;
        if !self.is_unfolded {
            return Ok(format!("{table} {alias}"));
        }
        let measures = match self.source.group() {
            Some(group) => self.measure_of_group(view, group)?,
            None => self.measures(view),
        };
        Ok(format!("{table} {alias} CROSS JOIN LATERAL {measures}"))
    }

    /// The id of the record, or what stands for it in logical ids.
    pub(super) fn record(&self, view: &View) -> Result<String, Hidden> {
        match self.source.group() {
            Some(group) => value::column(view, self.source.root, &self.alias, group.record),
            None => Ok(id(&self.alias)),
        }
    }

    /// All records of the group of this one, aliased `alias`: the table, and the conditions.
    pub(super) fn group(
        &self,
        sql: &mut Sql,
        view: &View,
        group: &Group,
        alias: &str,
    ) -> Result<(String, Vec<String>), Hidden> {
        let root = self.source.root;
        let table = identifier(&view.table(root)?);
        let record = value::column(view, root, alias, group.record)?;
        let code = value::own_expression(view, root, alias, group.code)?;
        let mut conditions = vec![
            format!("{record} = {}", self.record(view)?),
            format!("{code} = {}.\"code\"", self.measured()),
        ];
        conditions.extend(view.visible(sql, root, alias));
        Ok((format!("{table} {alias}"), conditions))
    }

    /// That the record is the first of its group.
    fn is_first(&self, sql: &mut Sql, view: &View, group: &Group) -> Result<String, Hidden> {
        let earlier = sql.alias();
        let (table, mut conditions) = self.group(sql, view, group, &earlier)?;
        conditions.push(format!("{} < {}", id(&earlier), id(&self.alias)));
        Ok(format!(
            "NOT EXISTS (SELECT FROM {table} WHERE {})",
            all(conditions)
        ))
    }

    /// Which records of the table are resources that the user may see.
    pub(super) fn condition(&self, sql: &mut Sql, view: &View) -> Result<String, Hidden> {
        let mut conditions = Vec::new();
        match self.source.only {
            Only::All | Only::PartOf(_) => {}
            Only::If(template) => conditions.push(value::selected(
                sql,
                view,
                self.source.root,
                &self.alias,
                template,
            )?),
            Only::FirstOf(group) => {
                conditions.push(format!("{} IS NOT NULL", self.record(view)?));
                conditions.push(self.is_first(sql, view, group)?);
            }
        }
        if let Some(whole) = self.source.whole() {
            let column = view.existing_one(self.source.root, whole);
            conditions.push(column.map_or(FALSE.to_owned(), |column| {
                format!("{}.{} IS NOT NULL", self.alias, identifier(column))
            }));
        }
        if self.is_unfolded {
            conditions.push(format!("{}.\"held\"", self.measured()));
        }
        conditions.extend(view.visible(sql, self.source.root, &self.alias));
        Ok(all(conditions))
    }

    /// The alias of what was measured.
    pub(super) fn measured(&self) -> String {
        format!("{}_m", self.alias)
    }

    /// The SQL of the place of the measure in its source.
    pub(super) fn measure(&self) -> String {
        if !self.is_unfolded {
            return "0".to_owned();
        }
        format!("{}.\"n\"", self.measured())
    }

    /// The measures whose columns there are, as a table of their place, code, number, units, and whether there is one.
    fn measures(&self, view: &View) -> String {
        let measures = self.source.measures.iter().enumerate();
        let chosen = |index: &usize| self.measures.as_ref().is_none_or(|all| all.contains(index));
        let rows = measures.filter(|(index, _)| chosen(index));
        let rows = rows.filter_map(|(index, measure)| {
            let held = held(view, self.source.root, &self.alias, measure)?;
            let number = number(view, self.source.root, &self.alias, measure);
            let described = described(measure, &number);
            let display = measure.display.replace('\'', "''");
            Some(format!("({index}, {described}, '{display}', {held})"))
        });
        let rows: Vec<String> = rows.collect();
        // The types of the columns are those of the first row; it also stands in where there is no other.
        let first = format!("(-1, {NO_MEASURE}, ''::text, false)");
        let rows = [vec![first], rows].concat().join(", ");
        let alias = self.measured();
        format!(
            "(VALUES {rows}) {alias}(\"n\", \"code\", \"value\", \"unit\", \"printed\", \"display\", \"held\")"
        )
    }

    /// The measure that the group of a record is, as [`Place::measures`].
    fn measure_of_group(&self, view: &View, group: &Group) -> Result<String, Hidden> {
        let code = value::own_expression(view, self.source.root, &self.alias, group.code)?;
        let measures = self.source.measures.iter();
        let rows = measures.enumerate().map(|(index, measure)| {
            let display = measure.display.replace('\'', "''");
            format!("({index}, '{}', '{display}')", measure.code)
        });
        let rows: Vec<String> = rows.collect();
        Ok(format!(
            "(SELECT g.n, g.code, NULL::numeric, ''::text, ''::text, g.display, true \
             FROM (VALUES {}) g(n, code, display) WHERE g.code = {code}) \
             {}(\"n\", \"code\", \"value\", \"unit\", \"printed\", \"display\", \"held\")",
            rows.join(", "),
            self.measured()
        ))
    }

    /// The parts of all measures, as a table of the place of their measure, code, number and units.
    pub(super) fn parts(&self, view: &View, alias: &str) -> String {
        let mut rows = vec![format!("(-1, {NO_MEASURE})")];
        for (index, measure) in self.source.measures.iter().enumerate() {
            for part in measure.parts {
                let number = part_number(view, self.source.root, &self.alias, part);
                rows.push(format!("({index}, {})", described(part, &number)));
            }
        }
        let rows = rows.join(", ");
        format!("(VALUES {rows}) {alias}(\"of\", \"code\", \"value\", \"unit\", \"printed\")")
    }
}

const NO_MEASURE: &str = "''::text, NULL::numeric, ''::text, ''::text";

/// Code, number and units. The texts are constants of ours without quotes.
fn described(measure: &Measure, number: &str) -> String {
    format!(
        "'{}', {number}, '{}', '{}'",
        measure.code, measure.unit, measure.printed
    )
}

/// The number of a measure; NULL of a panel.
fn number(view: &View, node: &Node, alias: &str, measure: &Measure) -> String {
    let column = measure
        .field
        .and_then(|field| value::column(view, node, alias, field).ok());
    // By way of text: a float has more digits than those that are shown.
    column.map_or("NULL".to_owned(), |column| {
        format!("{column}::text::numeric")
    })
}

/// The number of a part. Tryton holds some as texts (the parts of the Glasgow score are selections), which a wrong one must
/// not turn into an error.
fn part_number(view: &View, node: &Node, alias: &str, part: &Measure) -> String {
    let column = part
        .field
        .and_then(|field| value::column(view, node, alias, field).ok());
    column.map_or("NULL".to_owned(), |column| {
        format!(
            "substring({column}::text FROM '^-?[0-9]+(?:[.][0-9]+)?(?:e[+-]?[0-9]+)?$')::numeric"
        )
    })
}

/// Whether a measure has a value, or a part that has one; `None` if there is no column for it.
fn held(view: &View, node: &Node, alias: &str, measure: &Measure) -> Option<String> {
    let fields = measure
        .field
        .into_iter()
        .chain(measure.parts.iter().filter_map(|part| part.field));
    let columns: Vec<String> = fields
        .filter_map(|field| value::column(view, node, alias, field).ok())
        .map(|column| format!("{column} IS NOT NULL"))
        .collect();
    (!columns.is_empty()).then(|| columns.join(" OR "))
}

/// The id of the record.
pub(super) fn id(alias: &str) -> String {
    format!("{alias}.\"id\"")
}

/// When a record was last written, without those that belong to it; `None` if the user may not know.
pub(super) fn written(view: &View, node: &Node, alias: &str) -> Option<String> {
    let created = view.column(node, &plain(&["create_date"])).ok()?;
    let written = view.column(node, &plain(&["write_date"])).ok()?;
    let (created, written) = (identifier(created), identifier(written));
    Some(format!("coalesce({alias}.{written}, {alias}.{created})"))
}
