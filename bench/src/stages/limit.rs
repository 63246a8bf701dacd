//! The app beside what PostgreSQL and Spin cost alone: the statements of each request through pgbench, through a bare Spin
//! component, and plain queries through that component.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use crate::arguments::Plan;
use crate::bare::{self, Bare, Statements};
use crate::client::{Draft, Origin};
use crate::draw::Values;
use crate::hospital::{Hospital, Served};
use crate::load::{self, Calls, Load};
use crate::progress::Progress;
use crate::rounds::{Contender, Measured, Turn, interleave};
use crate::statement::{Recorder, Statement, pgbench};
use crate::workload::{self, Drawn, Shape};

/// The plain queries that a shape is set beside, if any.
const BESIDE: [(&str, &[&str]); 2] = [
    ("read", &["plain/one"]),
    ("search-20", &["plain/20", "plain/json"]),
];

/// How many requests of a shape pgbench draws from. Each of its clients has each planned first, which takes ten times as long
/// as to run it, and counts.
const PREPARED: usize = 4;

/// How many passwords are hashed at once: each takes a processor for a tenth of a second.
const SIGNING_IN: u32 = 2;

/// What limit found.
#[derive(Debug, Serialize)]
pub(crate) struct Limit {
    pub(crate) patients: u32,
    pub(crate) indexes: bool,
    pub(crate) clients: u32,
    pub(crate) shapes: Vec<Row>,
}

/// A shape beside its limits.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) shape: String,
    pub(crate) shows: &'static str,
    /// Results and bytes of an answer, statements that it takes, on average.
    pub(crate) results: f64,
    pub(crate) bytes: f64,
    pub(crate) statements: f64,
    pub(crate) clients: u32,
    /// The app first, then what it is set beside.
    pub(crate) contenders: Vec<Measured>,
}

impl Row {
    pub(crate) fn contender(&self, name: &str) -> Option<&Measured> {
        self.contenders
            .iter()
            .find(|measured| measured.name == name)
    }
}

/// How long it takes.
pub(crate) fn planned(plan: &Plan) -> Duration {
    let shapes = u32::try_from(shapes().len() + 1).unwrap_or(1);
    preparation(plan) + round(plan) * plan.rounds * shapes
}

fn preparation(plan: &Plan) -> Duration {
    Duration::from_secs(if plan.quick { 4 } else { 40 })
}

/// The app, the bare component, and pgbench, which runs for whole seconds.
fn round(plan: &Plan) -> Duration {
    (plan.warming + plan.time) * 2 + Duration::from_secs(whole_seconds(plan).into())
}

/// With the time to warm up, which pgbench does not know.
fn whole_seconds(plan: &Plan) -> u32 {
    (plan.warming + plan.time).as_secs_f64().ceil() as u32
}

fn shapes() -> Vec<Shape> {
    let mut shapes = workload::limit();
    shapes.extend(workload::authentication());
    shapes
}

/// Measures.
pub(crate) fn run(
    plan: &Plan,
    hospital: &Hospital,
    served: &mut Served,
    values: &Values,
    progress: &Progress,
) -> Result<Limit> {
    progress.next("limit: recording statements");
    let prepared = prepare(plan, hospital, served, values)?;
    let bare = write(hospital, values, &prepared)?.serve()?;
    progress.spent(preparation(plan));

    let mut rows = Vec::new();
    for one in &prepared {
        progress.next(format!("limit: {}", one.shape.name));
        let mut contenders = contenders(plan, hospital, served, &bare, values, one)?;
        let planned = round(plan) / u32::try_from(contenders.len()).unwrap_or(1).max(1);
        let measured = interleave(&mut contenders, plan.rounds, || progress.spent(planned))?;
        rows.push(one.row(plan.clients, measured));
    }
    rows.push(first_logins(plan, served, values, progress)?);
    Ok(Limit {
        patients: plan.patients,
        indexes: plan.indexes,
        clients: plan.clients,
        shapes: rows,
    })
}

/// A shape with its requests and the statements of each.
struct Prepared {
    shape: Shape,
    drawn: Drawn,
    statements: Vec<Vec<Statement>>,
}

impl Prepared {
    fn row(&self, clients: u32, contenders: Vec<Measured>) -> Row {
        let statements: usize = self.statements.iter().map(Vec::len).sum();
        Row {
            shape: self.shape.name.clone(),
            shows: self.shape.shows,
            results: self.drawn.rows,
            bytes: self.drawn.bytes,
            statements: statements as f64 / self.statements.len().max(1) as f64,
            clients,
            contenders,
        }
    }

    /// Whether there is anything to run without the app.
    fn is_recorded(&self) -> bool {
        self.statements.iter().all(|draw| !draw.is_empty()) && !self.statements.is_empty()
    }
}

fn prepare(
    plan: &Plan,
    hospital: &Hospital,
    served: &mut Served,
    values: &Values,
) -> Result<Vec<Prepared>> {
    let mut recorder = Recorder::new(&hospital.database)?;
    recorder.on()?;
    let mut prepared = Vec::new();
    for shape in shapes() {
        // Asking each once also warms the instance up: what it asks for itself is not the request's.
        let drawn = shape.drawn(values, &mut served.asker, plan.draws, plan.seed)?;
        let mut statements = Vec::new();
        for draft in &drawn.drafts {
            let asker = &mut served.asker;
            statements.push(recorder.record(|| asker.ask(draft))?);
        }
        prepared.push(Prepared {
            shape,
            drawn,
            statements,
        });
    }
    recorder.off()?;
    Ok(prepared)
}

fn write<'h>(
    hospital: &'h Hospital,
    values: &Values,
    prepared: &[Prepared],
) -> Result<Statements<'h>> {
    let mut statements = Statements::new(hospital)?;
    statements.add_plain(&values.patients)?;
    for one in prepared.iter().filter(|one| one.is_recorded()) {
        statements.add(&one.shape.name, &one.statements)?;
    }
    Ok(statements)
}

fn contenders<'a>(
    plan: &'a Plan,
    hospital: &'a Hospital,
    served: &'a Served,
    bare: &'a Bare,
    values: &Values,
    one: &'a Prepared,
) -> Result<Vec<Contender<'a>>> {
    let load = load_of(plan, plan.clients);
    let mut contenders = vec![over_http("app", &served.origin, &one.drawn.drafts, load)?];
    if one.is_recorded() {
        contenders.push(Contender {
            name: "pgbench",
            turn: Box::new(|| through_pgbench(plan, hospital, &one.statements)),
        });
        let drafts = bare::drafts(&one.shape.name, one.statements.len());
        contenders.push(over_http("bare", &bare.origin, &drafts, load)?);
    }
    let beside = BESIDE.iter().filter(|(name, _)| *name == one.shape.name);
    for plain in beside.flat_map(|(_, plain)| *plain) {
        let drafts = bare::drafts(plain, values.patients.len());
        contenders.push(over_http(plain, &bare.origin, &drafts, load)?);
    }
    Ok(contenders)
}

pub(super) fn load_of(plan: &Plan, clients: u32) -> Load {
    Load {
        clients,
        warming: plan.warming,
        time: plan.time,
        seed: plan.seed,
    }
}

/// What clients draw from.
pub(super) fn calls(origin: &Origin, drafts: &[Draft]) -> Result<Rc<Calls>> {
    let calls = drafts.iter().map(|draft| origin.call(draft));
    Ok(Rc::new(Calls::Any(calls.collect::<Result<_>>()?)))
}

/// A contender that is asked over HTTP.
pub(super) fn over_http<'a>(
    name: &'static str,
    origin: &'a Origin,
    drafts: &[Draft],
    load: Load,
) -> Result<Contender<'a>> {
    let calls = calls(origin, drafts)?;
    Ok(Contender {
        name,
        turn: Box::new(move || {
            let outcome = load::run(origin, &calls, load)?;
            Ok(Some(Turn::within_capacity(&outcome)))
        }),
    })
}

fn through_pgbench(
    plan: &Plan,
    hospital: &Hospital,
    statements: &[Vec<Statement>],
) -> Result<Option<Turn>> {
    let draws = statements.get(..PREPARED).unwrap_or(statements);
    let done = pgbench::run(&hospital.database, draws, plan.clients, whole_seconds(plan))?;
    Ok(done.map(|done| Turn {
        per_second: done.per_second,
        p50: done.latency_ms,
        p95: None,
        p99: None,
        failures: Default::default(),
    }))
}

/// Each of these is somebody's first request, for none of which there is a limit but that of the hash.
fn first_logins(plan: &Plan, served: &Served, values: &Values, progress: &Progress) -> Result<Row> {
    progress.next("limit: first-login");
    let drafts = workload::first_logins(values);
    let calls = drafts.iter().map(|draft| served.origin.call(draft));
    let calls = Rc::new(Calls::Once(calls.collect::<Result<_>>()?, Cell::new(0)));
    let load = load_of(plan, SIGNING_IN);
    let mut contenders = [Contender {
        name: "app",
        turn: Box::new(move || {
            let outcome = load::run(&served.origin, &calls, load)?;
            Ok(Some(Turn::within_capacity(&outcome)))
        }),
    }];
    let contenders = interleave(&mut contenders, plan.rounds, || progress.spent(round(plan)))?;
    Ok(Row {
        shape: "first-login".to_owned(),
        shows: "a patient by id, with a password that has to be hashed",
        results: 1.0,
        bytes: 0.0,
        statements: 0.0,
        clients: SIGNING_IN,
        contenders,
    })
}
