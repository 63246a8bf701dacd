//! Record rules in SQL against trytond itself: PYSON decoded, domains compiled and asked of the database as the role of
//! the app, compared with what tests/oracle/domains.py says that trytond finds.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveDateTime, Utc};
use gnuhealth_fhir::db::{Parameter, Sql};
use gnuhealth_fhir::tryton::compile::{self, NotCompiled};
use gnuhealth_fhir::tryton::domain;
use gnuhealth_fhir::tryton::pyson::{self, Context, Value as Pyson};
use gnuhealth_fhir::tryton::relations::{self, ToMany};
use gnuhealth_fhir::tryton::schema::{Schema, Version};
use postgres::types::ToSql;
use postgres::{Client, NoTls};
use serde_json::{Value, json};
use xtask::database::GnuHealth;

use crate::oracle::{ask, text};
use crate::world::World;
use crate::{Test, tests};

/// How many domains are compared, and the seed that they are made from; another seed finds other mistakes.
fn count_and_seed() -> (usize, u64) {
    let Ok(other) = std::env::var("GNUHEALTH_FHIR_TEST_DOMAINS") else {
        return (1000, 20_260_101);
    };
    let (count, seed) = other
        .split_once(',')
        .expect("GNUHEALTH_FHIR_TEST_DOMAINS is count,seed");
    (count.parse().unwrap(), seed.parse().unwrap())
}

pub fn tests() -> Vec<Test> {
    tests![
        pyson_is_decoded_as_trytond_decodes_it,
        a_compiled_domain_finds_what_trytond_finds,
        a_compiled_domain_finds_what_trytond_finds_in_disturbed_data,
        a_compiled_domain_never_finds_more_whether_trytond_joins_or_not,
        every_relation_to_many_leads_where_trytond_says_or_nowhere,
    ]
}

/// The lines of one kind that tests/oracle/domains.py prints.
fn lines(world: &World, kind: &str, more: &[&str]) -> Vec<Value> {
    let mut lines = every_line(world, more);
    lines.retain(|line| line["kind"] == kind);
    lines
}

fn every_line(world: &World, more: &[&str]) -> Vec<Value> {
    let (count, seed) = count_and_seed();
    let (count, seed) = (count.to_string(), seed.to_string());
    let arguments = ["doctor", &count, &seed];
    let output = text(world, "domains.py", &[&arguments, more].concat());
    let lines = output.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn pyson_is_decoded_as_trytond_decodes_it(world: &World) {
    let (mut same, mut errors, mut refused) = (0, 0, Vec::new());
    for line in lines(world, "pyson", &[]) {
        let mut context = match world.version() {
            GnuHealth::V5_0 => Context::of_rule_in_7_0(Utc::now(), &[], None),
            GnuHealth::V4_4 => Context::of_rule_in_6_0(Utc::now(), 1, &[], None),
        };
        for (name, value) in line["context"].as_object().unwrap() {
            context = context.with(name, untagged(value));
        }
        let text = line["text"].as_str().unwrap();
        match (pyson::decode(text, &context), line.get("value")) {
            (Ok(value), Some(expected)) => {
                assert_eq!(&tagged(&value), expected, "{text}");
                same += 1;
            }
            (Ok(value), None) => panic!("trytond: {}, here: {value:?}: {text}", line["error"]),
            (Err(_), None) => errors += 1,
            (Err(error), Some(_)) => refused.push(format!("{error}: {text}")),
        }
    }
    println!(
        "pyson: {same} decoded alike, {errors} errors in both, {} refused here only",
        refused.len()
    );
    assert!(same > 500 && errors > 100, "{same}, {errors}");
    assert!(refused.len() * 50 < same, "{refused:#?}");
}

fn untagged(value: &Value) -> Pyson {
    let all = |items: &Value| items.as_array().unwrap().iter().map(untagged).collect();
    match value {
        Value::Null => Pyson::Null,
        Value::Bool(truth) => Pyson::Boolean(*truth),
        Value::Number(number) => Pyson::Integer(number.as_i64().unwrap()),
        Value::String(text) => Pyson::Text(text.clone()),
        Value::Object(tag) if tag.contains_key("list") => Pyson::List(all(&tag["list"])),
        Value::Object(tag) if tag.contains_key("tuple") => Pyson::Tuple(all(&tag["tuple"])),
        Value::Object(tag) => {
            let members = tag["dict"].as_object().unwrap().iter();
            Pyson::Map(
                members
                    .map(|(name, value)| (name.clone(), untagged(value)))
                    .collect(),
            )
        }
        Value::Array(_) => panic!("not tagged: {value}"),
    }
}

fn tagged(value: &Pyson) -> Value {
    let all = |items: &[Pyson]| items.iter().map(tagged).collect::<Vec<_>>();
    match value {
        Pyson::Null => Value::Null,
        Pyson::Boolean(truth) => json!(truth),
        Pyson::Integer(number) => json!(number),
        Pyson::Float(number) => json!({ "float": format!("{number:?}") }),
        Pyson::Text(text) => json!(text),
        Pyson::List(items) => json!({ "list": all(items) }),
        Pyson::Tuple(items) => json!({ "tuple": all(items) }),
        Pyson::Map(map) => {
            let members: BTreeMap<_, _> = map
                .iter()
                .map(|(name, value)| (name.clone(), tagged(value)))
                .collect();
            json!({ "dict": members })
        }
        Pyson::Date(date) => json!({ "date": iso_date(*date) }),
        Pyson::DateTime(moment) => json!({ "datetime": iso(*moment) }),
        Pyson::Duration(microseconds) => json!({ "timedelta": microseconds.to_string() }),
    }
}

fn iso_date(date: NaiveDate) -> String {
    date.format("%Y-%m-%d").to_string()
}

fn iso(moment: NaiveDateTime) -> String {
    moment.format("%Y-%m-%dT%H:%M:%S%.6f").to_string()
}

/// The database as the app asks it.
struct Asked {
    client: Client,
    schema: Option<Schema>,
    rounds: usize,
}

impl Asked {
    fn connect(url: &str) -> Self {
        Self {
            client: Client::connect(url, NoTls).unwrap(),
            schema: None,
            rounds: 0,
        }
    }

    fn rows(&mut self, sql: &Sql) -> Vec<postgres::Row> {
        let parameters: Vec<&(dyn ToSql + Sync)> = sql
            .parameters
            .iter()
            .map(|parameter| match parameter {
                Parameter::Text(text) => text as &(dyn ToSql + Sync),
                Parameter::Integer(number) => number,
                Parameter::Texts(texts) => texts,
                Parameter::Integers(numbers) => numbers,
            })
            .collect();
        self.client
            .query(&sql.text, &parameters)
            .unwrap_or_else(|error| panic!("{error:?} in {sql:?}"))
    }

    fn load<'m>(&mut self, models: impl IntoIterator<Item = &'m str>) -> &Schema {
        let rows = self.rows(&Schema::statement(models));
        assert_eq!(rows.len(), 1);
        let new = Schema::parse(rows[0].get(0)).unwrap();
        match &mut self.schema {
            Some(schema) => schema.extend(new),
            None => self.schema = Some(new),
        }
        self.schema.as_ref().unwrap()
    }

    /// The ids that the rule of a line allows, or why it is refused.
    fn answer(&mut self, world: &World, line: &Value) -> Result<Vec<i64>, String> {
        let rule = rule(world, line).map_err(|malformed| malformed.to_string())?;
        let allowed = self.allowed(&rule, line["model"].as_str().unwrap());
        allowed.map_err(|refused| match refused {
            NotCompiled::Refused { reason, .. } => reason.to_string(),
            NotCompiled::Unloaded(models) => panic!("{models:?} are not loaded"),
        })
    }

    /// The ids that a rule allows.
    fn allowed(&mut self, rule: &domain::Domain, model: &str) -> Result<Vec<i64>, NotCompiled> {
        if self.schema.is_none() {
            self.load([model]);
        }
        let mut sql = Sql::default();
        for _ in 0..12 {
            let schema = self.schema.as_ref().unwrap();
            match compile::condition(rule, model, "t", schema, &mut sql) {
                Ok(condition) => {
                    let table = schema.model(model).unwrap().unwrap().table();
                    sql.text = format!(
                        "SELECT t.id::bigint FROM \"{table}\" t WHERE {condition} ORDER BY 1"
                    );
                    return Ok(self.rows(&sql).iter().map(|row| row.get(0)).collect());
                }
                Err(NotCompiled::Unloaded(models)) => {
                    assert!(sql.parameters.is_empty());
                    self.rounds += 1;
                    self.load(models.iter().map(String::as_str));
                }
                Err(refused) => {
                    assert!(sql.parameters.is_empty());
                    return Err(refused);
                }
            }
        }
        panic!("{model}: no end of models to load");
    }
}

/// A decoded and parsed rule of the oracle.
fn rule(world: &World, line: &Value) -> Result<domain::Domain, domain::Malformed> {
    let ids = |name: &str| -> Vec<i64> {
        let ids = line[name].as_array().unwrap().iter();
        ids.map(|id| id.as_i64().unwrap()).collect()
    };
    let (groups, companies) = (ids("groups"), ids("companies"));
    let context = match world.version() {
        GnuHealth::V5_0 => Context::of_rule_in_7_0(Utc::now(), &groups, Some(&companies)),
        GnuHealth::V4_4 => {
            let user = line["user"].as_i64().unwrap();
            Context::of_rule_in_6_0(Utc::now(), user, &groups, Some(&companies))
        }
    };
    let value = pyson::decode(line["domain"].as_str().unwrap(), &context).unwrap();
    domain::parse(&value)
}

fn a_compiled_domain_finds_what_trytond_finds(world: &World) {
    let mut asked = Asked::connect(world.database_url());
    compare(world, &mut asked, &lines(world, "domain", &[]), "");
}

/// The demo has hardly an inactive record, and what is empty in it is so everywhere. Nothing of this is kept.
fn a_compiled_domain_finds_what_trytond_finds_in_disturbed_data(world: &World) {
    let mut asked = Asked::connect(world.owner_url());
    asked.client.batch_execute("BEGIN").unwrap();
    let (disturbed, domains): (Vec<_>, Vec<_>) = every_line(world, &["--disturbed"])
        .into_iter()
        .partition(|line| line["kind"] == "disturbed");
    assert!(disturbed.len() > 500);
    for line in disturbed {
        let statement = line["statement"].as_str().unwrap();
        asked.client.batch_execute(statement).unwrap();
    }
    compare(world, &mut asked, &domains, ", disturbed");
    asked.client.batch_execute("ROLLBACK").unwrap();
}

/// Compares what domains find here with what trytond says.
fn compare(world: &World, asked: &mut Asked, lines: &[Value], how: &str) {
    let (mut same, mut some, mut both, mut wrong) = (0, 0, 0, Vec::new());
    let mut refused: BTreeMap<String, usize> = BTreeMap::new();
    for line in lines {
        match (asked.answer(world, line), line.get("ids")) {
            (Ok(ids), Some(expected)) if json!(ids) == *expected => {
                same += 1;
                some += usize::from(!ids.is_empty());
            }
            // trytond fails when it runs into certain data
            (Ok(ids), None) if ids.is_empty() => both += 1,
            (Ok(ids), expected) => {
                let (model, domain) = (&line["model"], &line["domain"]);
                wrong.push(format!("{model} {domain}: {expected:?}, here {ids:?}"));
            }
            (Err(_), None) => both += 1,
            (Err(reason), Some(_)) => *refused.entry(reason).or_default() += 1,
        }
    }
    let only_here: usize = refused.values().sum();
    println!(
        "domains on {}{how}: {same} find the same records ({some} of them some), {both} fail in trytond too, \
         {only_here} are refused here only: {refused:?}; models were loaded in {} rounds",
        world.version(),
        asked.rounds,
    );
    assert!(wrong.is_empty(), "{} differ: {wrong:#?}", wrong.len());
    assert!(same >= 500, "{same}");
    assert!(some >= same / 3, "{some} of {same}");
    assert!(only_here * 100 < lines.len() * 15, "{refused:?}");
}

/// trytond counts the records of a related model from time to time, and the number from which on it joins the model is
/// the administrator's to set. So whatever it does, a rule must not allow more here.
fn a_compiled_domain_never_finds_more_whether_trytond_joins_or_not(world: &World) {
    let mut asked = Asked::connect(world.database_url());
    for threshold in ["0", "1000000"] {
        let (mut same, mut fewer) = (0, 0);
        for line in lines(world, "domain", &["--threshold", threshold]) {
            let answer = asked.answer(world, &line);
            let (Ok(ids), Some(expected)) = (answer, line["ids"].as_array()) else {
                continue;
            };
            let expected: Vec<i64> = expected.iter().map(|id| id.as_i64().unwrap()).collect();
            let more: Vec<_> = ids.iter().filter(|id| !expected.contains(id)).collect();
            assert!(more.is_empty(), "{line}: {more:?}");
            same += usize::from(ids.len() == expected.len());
            fewer += usize::from(ids.len() < expected.len());
        }
        println!(
            "domains on {}, joined from {threshold} records on: {same} find the same records, {fewer} fewer",
            world.version()
        );
        assert!(same > 500 && fewer * 20 < same, "{same}, {fewer}");
    }
}

fn every_relation_to_many_leads_where_trytond_says_or_nowhere(world: &World) {
    let facts: Value = ask(world, "relations.py", &[]);
    let version = match world.version() {
        GnuHealth::V5_0 => Version::V7_0,
        GnuHealth::V4_4 => Version::V6_0,
    };
    let rows =
        |kind: &str| -> Vec<Vec<String>> { serde_json::from_value(facts[kind].clone()).unwrap() };
    for row in rows("many") {
        let found = relations::to_many(version, &row[0], &row[1]);
        let Some(ToMany::Inverse { target, field }) = found else {
            panic!("{row:?}: {found:?}");
        };
        assert_eq!([target, field], [&row[2], &row[3]], "{row:?}");
    }
    for row in rows("links") {
        let found = relations::to_many(version, &row[0], &row[1]);
        let Some(ToMany::Link {
            link,
            origin,
            target,
        }) = found
        else {
            panic!("{row:?}: {found:?}");
        };
        assert_eq!(
            [link, origin, target],
            [&row[2], &row[3], &row[4]],
            "{row:?}"
        );
    }
    for row in rows("refused") {
        assert_eq!(
            relations::to_many(version, &row[0], &row[1]),
            None,
            "{row:?}"
        );
    }
    for row in rows("tables") {
        assert_eq!(relations::table(&row[0]), row[1]);
    }
    for row in rows("closed") {
        assert!(relations::is_closed(&row[0]), "{row:?}");
    }
    for row in rows("translated") {
        assert!(relations::is_translated(&row[0], &row[1]), "{row:?}");
    }
    for row in rows("computed") {
        assert!(relations::is_computed(&row[0], &row[1]), "{row:?}");
    }
    for row in rows("trees") {
        let numbers = Some((row[2].as_str(), row[3].as_str()));
        assert_eq!(relations::numbers(&row[0], &row[1]), numbers, "{row:?}");
    }
    assert!(rows("many").len() > 100 && rows("links").len() > 20);
}
