//! A value of a search parameter, understood; and the condition that something in the database is it.

use crate::db::{Parameter as Bound, Sql};
use crate::tryton::view::Hidden;

use super::changed;
use super::date::{self, Clock, End, Lasting};
use super::declaration::{Declaration, Located, Measure};
use super::found::Found;
use super::logic::{FALSE, TRUE, all, any};
use super::parameter::{Kind, Meaning, Target, Units, Value};
use super::quantity::{self, UCUM, Unit};
use super::query::{split, unescape};
use super::reference;
use super::scope::{Place, Scope};
use super::string::{self, Comparison};
use super::token::{Relation, Token, Typed, Within, present};
use super::way::Way;

/// A value, understood.
#[derive(Debug, Clone)]
pub(super) enum Wanted {
    Token(Token, Relation),
    Typed(Typed),
    /// The identifier of a reference.
    Identifier(Token),
    Text(String, Comparison),
    Date(date::Wanted),
    Quantity(quantity::Wanted),
    Reference(reference::Wanted),
    Composite(Vec<Wanted>),
}

impl Wanted {
    /// The code that it asks for, if it asks for one.
    pub(super) fn code(&self) -> Option<&str> {
        match self {
            Self::Token(token, _) => token.code.as_deref(),
            Self::Composite(parts) => parts.first()?.code(),
            _ => None,
        }
    }

    /// Understands a value without modifier; the error says what would be right.
    pub(super) fn parse(kind: Kind, value: &str) -> Result<Self, String> {
        match kind {
            Kind::Token => Self::token(value, Relation::Is),
            Kind::String => Self::text(value, Comparison::Starts),
            Kind::Date => date::Wanted::parse(value)
                .map(Self::Date)
                .map_err(|error| error.to_string()),
            Kind::Quantity => quantity::Wanted::parse(value)
                .map(Self::Quantity)
                .ok_or_else(|| {
                    "write [prefix]number, [prefix]number|system|code or [prefix]number||code"
                        .to_owned()
                }),
            Kind::Reference => Self::reference(value, None),
            Kind::Composite(kinds) => Self::composite(kinds, value),
        }
    }

    pub(super) fn token(value: &str, relation: Relation) -> Result<Self, String> {
        Token::parse(value)
            .map(|token| Self::Token(token, relation))
            .ok_or_else(|| TOKEN.to_owned())
    }

    pub(super) fn identifier(value: &str) -> Result<Self, String> {
        Token::parse(value)
            .map(Self::Identifier)
            .ok_or_else(|| TOKEN.to_owned())
    }

    pub(super) fn typed(value: &str) -> Result<Self, String> {
        Typed::parse(value).map(Self::Typed).ok_or_else(|| {
            "write system|code|value: system and code of the type, and the identifier".to_owned()
        })
    }

    pub(super) fn text(value: &str, comparison: Comparison) -> Result<Self, String> {
        let text = unescape(value).trim().to_owned();
        if text.is_empty() {
            return Err("it is empty".to_owned());
        }
        Ok(Self::Text(text, comparison))
    }

    pub(super) fn reference(value: &str, of: Option<&str>) -> Result<Self, String> {
        reference::Wanted::parse(&unescape(value), of)
            .map(Self::Reference)
            .ok_or_else(|| match of {
                Some(of) => format!("write the id, or {of}/id"),
                None => "write the id, Type/id, or the URL of the resource".to_owned(),
            })
    }

    fn composite(kinds: &[Kind], value: &str) -> Result<Self, String> {
        let parts = split(value, '$');
        if parts.len() != kinds.len() {
            return Err(format!("write {} values separated by '$'", kinds.len()));
        }
        let parts = kinds.iter().zip(&parts);
        let parts = parts.map(|(kind, part)| Self::parse(*kind, part));
        parts.collect::<Result<_, _>>().map(Self::Composite)
    }
}

const TOKEN: &str = "write code, system|code, |code or system|; a '|' in a code is written \\|";

/// What conditions are compiled with: for whom, and about which record.
#[derive(Clone, Copy)]
pub(super) struct About<'a> {
    pub(super) scope: &'a Scope<'a>,
    pub(super) place: &'a Place,
    /// All types, among which are those that references lead to.
    pub(super) types: &'static [&'static Declaration],
}

impl About<'_> {
    /// That one of several targets at the end of the same way has one of these values, or any at all. One table is asked
    /// once for all of them.
    pub(super) fn targets(
        &self,
        sql: &mut Sql,
        targets: &[&Target],
        wanted: Option<&[Wanted]>,
    ) -> Result<Found, Hidden> {
        let Some(first) = targets.first() else {
            return Ok(Found::If(FALSE.to_owned()));
        };
        let way = Way::along(sql, self.scope.view, self.place, first.path)?;
        let mut conditions = Vec::new();
        for target in targets {
            let condition = match wanted {
                Some(wanted) => self.target(sql, &way, target, wanted),
                None => self.present(sql, &way, target),
            };
            match condition {
                // A column that this installation does not have holds no value.
                Err(Hidden::Missing(_)) => {}
                condition => conditions.push(condition?),
            }
        }
        self.found(sql, first, &way, any(conditions))
    }

    /// The condition that a target has one of these values.
    fn target(
        &self,
        sql: &mut Sql,
        way: &Way,
        target: &Target,
        wanted: &[Wanted],
    ) -> Result<String, Hidden> {
        let mut alternatives = Vec::new();
        let mut records = Vec::new();
        for wanted in wanted {
            match wanted {
                Wanted::Composite(parts) => {
                    alternatives.push(self.composed(sql, way, target, parts)?);
                }
                wanted => match self.record(target.meaning, wanted) {
                    Some(record) => records.extend(record),
                    None => {
                        let compared = (target.value, target.meaning);
                        alternatives.push(self.value(sql, way, compared, wanted)?);
                    }
                },
            }
        }
        if !records.is_empty() {
            let column = way.value(sql, self.scope.view, target.value)?;
            alternatives.push(is_one_of(sql, &column, records));
        }
        Ok(any(alternatives))
    }

    /// The condition that a target has any value.
    fn present(&self, sql: &mut Sql, way: &Way, target: &Target) -> Result<String, Hidden> {
        if target.composed.is_empty() {
            return self.is_present(sql, way, (target.value, target.meaning));
        }
        let parts = target.composed.iter();
        let parts = parts.map(|part| self.is_present(sql, way, *part));
        Ok(all(parts.collect::<Result<Vec<_>, _>>()?))
    }

    fn is_present(
        &self,
        sql: &mut Sql,
        way: &Way,
        (value, meaning): (Value, Meaning),
    ) -> Result<String, Hidden> {
        let view = self.scope.view;
        Ok(match meaning {
            Meaning::LogicalId | Meaning::Changed => TRUE.to_owned(),
            Meaning::Codes(_, codes) => {
                let column = way.value(sql, view, value)?;
                let values = codes.iter().flat_map(|(_, values)| values.iter());
                let values = values.map(ToString::to_string).collect();
                format!("{column} = ANY({})", sql.bind(Bound::Texts(values)))
            }
            Meaning::Until(end) => {
                let (start, end) = (way.value(sql, view, value)?, way.value(sql, view, end)?);
                format!("({start} IS NOT NULL OR {end} IS NOT NULL)")
            }
            Meaning::Text
            | Meaning::Token(_)
            | Meaning::Hierarchical(_)
            | Meaning::Identifier(..)
            | Meaning::Logical(_) => present(&way.value(sql, view, value)?),
            Meaning::Flag
            | Meaning::Day
            | Meaning::DateOrYear(_)
            | Meaning::Moment
            | Meaning::Reference(..)
            | Meaning::Quantity(_) => {
                format!("{} IS NOT NULL", way.value(sql, view, value)?)
            }
        })
    }

    /// That the condition holds at the end of the way, and that such a target counts.
    fn found(
        &self,
        sql: &mut Sql,
        target: &Target,
        way: &Way,
        condition: String,
    ) -> Result<Found, Hidden> {
        if target.unless.is_empty() || condition == FALSE {
            return Ok(way.found(condition));
        }
        match Way::along(sql, self.scope.view, self.place, target.unless) {
            Ok(other) => {
                let other = format!("NOT {}", other.exists_beside(way));
                Ok(way.found(all([condition, other])))
            }
            Err(Hidden::Missing(_)) => Ok(way.found(condition)),
            Err(denied) => Err(denied),
        }
    }

    fn composed(
        &self,
        sql: &mut Sql,
        way: &Way,
        target: &Target,
        parts: &[Wanted],
    ) -> Result<String, Hidden> {
        let parts = target.composed.iter().zip(parts);
        let conditions = parts.map(|(compared, part)| self.value(sql, way, *compared, part));
        Ok(all(conditions.collect::<Result<Vec<_>, _>>()?))
    }

    /// The condition that a value at the end of a way is the one wanted. Values that cannot be compared are not equal.
    fn value(
        &self,
        sql: &mut Sql,
        way: &Way,
        (value, meaning): (Value, Meaning),
        wanted: &Wanted,
    ) -> Result<String, Hidden> {
        let scope = self.scope;
        if let (Value::Code, Meaning::Token(_), Wanted::Token(token, _)) = (value, meaning, wanted)
            && !self.measures(token.code.as_deref())
        {
            return Ok(FALSE.to_owned());
        }
        let column = way.value(sql, scope.view, value)?;
        let within = Within {
            scope,
            way,
            column: &column,
        };
        match (wanted, meaning) {
            (Wanted::Token(token, _), Meaning::LogicalId) => self.is_id(sql, token),
            (Wanted::Token(token, _), Meaning::Token(system)) => {
                token.is(sql, within, system, Relation::Is)
            }
            (Wanted::Token(token, relation), Meaning::Hierarchical(system)) => {
                token.is(sql, within, system, *relation)
            }
            (Wanted::Token(token, _), Meaning::Identifier(system, _))
            | (Wanted::Identifier(token), Meaning::Logical(system)) => {
                token.identifies(sql, within, system)
            }
            (Wanted::Token(token, _), Meaning::Codes(system, codes)) => {
                Ok(token.among(sql, &column, system, codes))
            }
            (Wanted::Token(token, _), Meaning::Flag) => Ok(token.flag(&column)),
            (Wanted::Typed(typed), Meaning::Identifier(system, types)) => {
                typed.condition(sql, within, system, types)
            }
            (Wanted::Text(text, comparison), Meaning::Text) => {
                let matched = string::condition(sql, &column, text, *comparison);
                Ok(all([format!("{column} IS NOT NULL"), matched]))
            }
            (Wanted::Date(wanted), meaning) => self.date(sql, way, (&column, meaning), wanted),
            (Wanted::Quantity(wanted), Meaning::Quantity(units)) => {
                let unit = self.unit(sql, way, units, &wanted.unit)?;
                let number = wanted.condition(sql, &column);
                Ok(all([unit, format!("{column} IS NOT NULL"), number]))
            }
            _ => Ok(FALSE.to_owned()),
        }
    }

    /// Whether the source measures anything of this code; `None`: of any.
    fn measures(&self, code: Option<&str>) -> bool {
        let mut measures = self.place.source.measures.iter();
        let is = |measure: &Measure| code.is_none_or(|code| code == measure.code);
        measures.any(|measure| is(measure) || measure.parts.iter().any(is))
    }

    /// That what the source measured has this logical id.
    fn is_id(&self, sql: &mut Sql, token: &Token) -> Result<String, Hidden> {
        let Some(located) = self.own_id(token) else {
            return Ok(FALSE.to_owned());
        };
        let record = sql.bind(Bound::Integer(located.record));
        Ok(all([
            format!("{} = {record}", self.place.record(self.scope.view)?),
            format!("{} = {}", self.place.measure(), located.measure),
        ]))
    }

    /// What a token names as the logical id of something in the source.
    fn own_id(&self, token: &Token) -> Option<Located> {
        let plain = token.system.as_deref().unwrap_or_default().is_empty();
        let id = token.code.as_deref().filter(|_| plain)?;
        let located = self.place.declaration.locate(id);
        located.filter(|located| {
            self.place
                .declaration
                .is_of(located, self.place.source.prefix)
        })
    }

    fn date(
        &self,
        sql: &mut Sql,
        way: &Way,
        (column, meaning): (&str, Meaning),
        wanted: &date::Wanted,
    ) -> Result<String, Hidden> {
        let scope = self.scope;
        let clock = Clock {
            now: scope.now,
            zone: scope.zone,
        };
        if let Meaning::Changed = meaning {
            let (node, alias) = way.end();
            return Ok(wanted.latest(sql, clock, |sql, moment| {
                changed::since(sql, scope.view, node, alias, moment)
            }));
        }
        let Some(period) = period(sql, scope, way, (column, meaning))? else {
            return Ok(FALSE.to_owned());
        };
        let condition = wanted.condition(sql, period.lasting(), clock);
        Ok(all([period.held, condition]))
    }

    fn unit(
        &self,
        sql: &mut Sql,
        way: &Way,
        units: Units,
        wanted: &Unit,
    ) -> Result<String, Hidden> {
        let known = |is: bool| Ok(if is { TRUE } else { FALSE }.to_owned());
        match (units, wanted) {
            (_, Unit::Any) => known(true),
            (Units::Fixed(code, printed), Unit::Either(unit)) => {
                known(unit == code || unit == printed)
            }
            (Units::Fixed(code, _), Unit::Code(system, wanted)) => {
                known(system == UCUM && (wanted.is_empty() || wanted == code))
            }
            (Units::Measured, Unit::Code(system, code)) if system == UCUM && code.is_empty() => {
                known(true)
            }
            (Units::Measured, Unit::Code(system, _)) if system != UCUM => known(false),
            (Units::Measured, Unit::Either(unit) | Unit::Code(_, unit)) => {
                let bound = sql.bind(Bound::Text(unit.clone()));
                let code = format!(
                    "{} = {bound}",
                    way.value(sql, self.scope.view, Value::Unit)?
                );
                let printed = matches!(wanted, Unit::Either(_))
                    .then(|| format!("{} = {bound}", way.printed()));
                Ok(any([code].into_iter().chain(printed)))
            }
            (Units::Printed(..), Unit::Code(system, _)) if system != UCUM => known(false),
            (Units::Printed(value, codes), Unit::Either(unit) | Unit::Code(_, unit)) => {
                let any_code = unit.is_empty();
                let of_code = codes.iter().filter(|(_, code)| any_code || code == unit);
                let mut codes: Vec<String> =
                    of_code.map(|(printed, _)| (*printed).to_owned()).collect();
                let mut alternatives = Vec::new();
                let view = self.scope.view;
                match wanted {
                    Unit::Either(unit) if view.language().is_some() => {
                        let shown = string::trimmed(&way.value(sql, view, value)?);
                        let unit = sql.bind(Bound::Text(unit.clone()));
                        alternatives.push(format!("{shown} = {unit}"));
                    }
                    Unit::Either(unit) => codes.push(unit.clone()),
                    _ => {}
                }
                // The code is that of the unit as it is, in whichever language it is shown.
                let column = way.value(sql, &view.clone().in_language(None), value)?;
                let codes = sql.bind(Bound::Texts(codes));
                alternatives.push(format!("{} = ANY({codes})", string::trimmed(&column)));
                Ok(any(alternatives))
            }
        }
    }

    /// The record that a value names, if the meaning is that of a record: `Some(None)` if it names none that could be meant.
    fn record(&self, meaning: Meaning, wanted: &Wanted) -> Option<Option<i64>> {
        let located = match (meaning, wanted) {
            (Meaning::LogicalId, Wanted::Token(token, _))
                if self.place.source.measures.is_empty() =>
            {
                self.own_id(token)
            }
            (Meaning::Reference(name, prefix), Wanted::Reference(wanted)) => {
                let mut types = self.types.iter();
                let to = types.find(|declaration| declaration.name == name);
                to.and_then(|to| {
                    let located = wanted.located(to, self.scope.base_url);
                    located.filter(|located| to.is_of(located, prefix))
                })
            }
            _ => return None,
        };
        Some(located.map(|located| located.record))
    }
}

/// The condition that a column is one of these records.
fn is_one_of(sql: &mut Sql, column: &str, records: Vec<i64>) -> String {
    match records.as_slice() {
        [one] => format!("{column} = {}", sql.bind(Bound::Integer(*one))),
        _ => format!("{column} = ANY({})", sql.bind(Bound::Integers(records))),
    }
}

/// From when to when a date field lasts, as SQL.
pub(super) struct Period {
    pub(super) start: String,
    /// The end, or how long after the start it is.
    end: Result<String, &'static str>,
    /// A moment inside that is a column.
    inside: Option<String>,
    utc: bool,
    /// The condition that there is one.
    held: String,
}

impl Period {
    fn lasting(&self) -> Lasting<'_> {
        let end = self.end.as_deref();
        Lasting {
            start: &self.start,
            end: end.map_or_else(|interval| End::After(interval), End::At),
            inside: self.inside.as_deref(),
            utc: self.utc,
        }
    }
}

/// The period of a column; `None`: it is no date.
pub(super) fn period(
    sql: &mut Sql,
    scope: &Scope<'_>,
    way: &Way,
    (column, meaning): (&str, Meaning),
) -> Result<Option<Period>, Hidden> {
    let held = format!("{column} IS NOT NULL");
    let start = column.to_owned();
    // The day lies in its year.
    let inside = matches!(meaning, Meaning::DateOrYear(_)).then(|| column.to_owned());
    let (start, end, utc, held) = match meaning {
        Meaning::Day => (start, Err("1 day"), false, held),
        Meaning::Moment => (start, Err("1 second"), true, held),
        Meaning::DateOrYear(flag) => {
            let estimated = match way.value(sql, scope.view, Value::Field(flag)) {
                Ok(column) => column,
                Err(Hidden::Missing(_)) => FALSE.to_owned(),
                Err(denied) => return Err(denied),
            };
            let (day, year) = (
                format!("{column}::timestamp"),
                format!("date_trunc('year', {column}::timestamp)"),
            );
            let start = format!("CASE WHEN {estimated} THEN {year} ELSE {day} END");
            let end = format!(
                "CASE WHEN {estimated} THEN {year} + interval '1 year' ELSE {day} + interval '1 day' END"
            );
            (start, Ok(end), false, held)
        }
        Meaning::Until(end) => {
            let end = way.value(sql, scope.view, end)?;
            let held = format!("({held} OR {end} IS NOT NULL)");
            let start = format!("coalesce({column}, '-infinity')");
            let end = format!("coalesce({end} + interval '1 second', 'infinity')");
            (start, Ok(end), true, held)
        }
        _ => return Ok(None),
    };
    Ok(Some(Period {
        start,
        end,
        inside,
        utc,
        held,
    }))
}
