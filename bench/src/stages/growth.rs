//! From 60 to 100,000 patients: what each shape of request takes, with and without the proposed indexes; the memory of the
//! host; and a crawl of everything.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde::Serialize;

use crate::arguments::Plan;
use crate::draw::Values;
use crate::hospital::{Hospital, PLENTY, Served};
use crate::load;
use crate::progress::Progress;
use crate::rounds::Turn;
use crate::statement::{self, Explained, Recorder};
use crate::statistics::Spread;
use crate::watch::Watch;
use crate::workload::{self, Drawn, Shape};

use super::concurrency::mix;
use super::crawl::{self, Crawl};
use super::limit::{calls, load_of};

/// How many requests of a shape are explained.
const EXPLAINED: usize = 3;

/// How many requests of a shape there are.
const DRAWS: usize = 16;

/// How many ask at once when memory is measured.
const CROWD: u32 = 64;

/// What growth found.
#[derive(Debug, Serialize)]
pub(crate) struct Growth {
    pub(crate) sizes: Vec<Size>,
}

/// A hospital of some size.
#[derive(Debug, Serialize)]
pub(crate) struct Size {
    pub(crate) patients: u32,
    pub(crate) database_mb: f64,
    pub(crate) index_mb: f64,
    pub(crate) memory: Memory,
    pub(crate) crawl: Crawl,
    pub(crate) shapes: Vec<Row>,
}

/// The memory of the host.
#[derive(Debug, Serialize)]
pub(crate) struct Memory {
    pub(crate) idle_mb: f64,
    pub(crate) clients: u32,
    pub(crate) busy_mb: f64,
}

/// A shape.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) shape: String,
    pub(crate) shows: &'static str,
    pub(crate) results: f64,
    pub(crate) without: Cost,
    pub(crate) with: Cost,
}

/// What a request of a shape costs one client.
#[derive(Debug, Serialize)]
pub(crate) struct Cost {
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// `None` if nothing was recorded.
    pub(crate) explained: Option<Statements>,
    pub(crate) failures: std::collections::BTreeMap<String, u64>,
}

/// What PostgreSQL says of the statements of a request: medians over some requests, of the sums over their statements.
#[derive(Debug, Serialize)]
pub(crate) struct Statements {
    pub(crate) rows_touched: f64,
    pub(crate) buffers: f64,
    pub(crate) planning_ms: f64,
    pub(crate) execution_ms: f64,
}

impl Statements {
    fn of(requests: &[Vec<Explained>]) -> Option<Self> {
        let median = |value: fn(&Explained) -> f64| {
            let sums = requests.iter().map(|one| one.iter().map(value).sum());
            Spread::of(sums).map(|spread| spread.median)
        };
        Some(Self {
            rows_touched: median(|one| one.rows_touched as f64)?,
            buffers: median(|one| one.buffers as f64)?,
            planning_ms: median(|one| one.planning_ms)?,
            execution_ms: median(|one| one.execution_ms)?,
        })
    }
}

/// How long it takes.
pub(crate) fn planned(plan: &Plan) -> Duration {
    let shapes = u32::try_from(shapes().len()).unwrap_or(1);
    let size = made(plan) + turn(plan) * shapes * 4 + plan.time;
    let crawl = plan.sizes.iter().map(|size| crawl_planned(plan, *size));
    size * u32::try_from(plan.sizes.len()).unwrap_or(1) + crawl.sum::<Duration>()
}

/// A thousand patients have about 40,000 observations.
fn crawl_planned(plan: &Plan, patients: u32) -> Duration {
    (Duration::from_millis(5) * patients).min(plan.crawl)
}

fn made(plan: &Plan) -> Duration {
    Duration::from_secs(if plan.quick { 4 } else { 60 })
}

/// Recording and explaining takes about as long as measuring.
fn turn(plan: &Plan) -> Duration {
    plan.warming + plan.time
}

fn shapes() -> Vec<Shape> {
    let mut shapes = workload::limit();
    shapes.extend(workload::families());
    shapes
}

/// Measures.
pub(crate) fn run(plan: &Plan, progress: &Progress) -> Result<Growth> {
    let sizes = plan.sizes.iter();
    let sizes = sizes.map(|patients| size(plan, *patients, progress));
    Ok(Growth {
        sizes: sizes.collect::<Result<_>>()?,
    })
}

fn size(plan: &Plan, patients: u32, progress: &Progress) -> Result<Size> {
    progress.next(format!("growth: {patients} patients"));
    let hospital = Hospital::start(patients, PLENTY, &plan.output)?;
    let mut served = hospital.serve()?;
    let mut values = Values::draw(&hospital, &mut served.asker, plan.seed)?;
    workload::go_deep(&mut values, &mut served.asker, &served.app.url())?;
    let idle = xtask::process::memory(served.app.process())?;
    let database_mb = database_mb(&hospital)?;
    progress.spent(made(plan));

    let without = costs(plan, &hospital, &mut served, &values, "without", progress)?;
    hospital.make_indexes()?;
    let index_mb = self::database_mb(&hospital)? - database_mb;
    let with = costs(plan, &hospital, &mut served, &values, "with", progress)?;
    let busy = crowd(plan, &hospital, &served, &values)?;
    progress.spent(plan.time);
    progress.next(format!("growth: {patients} patients, crawl"));
    let crawl = crawl::run(&hospital, &mut served, plan.crawl)?;
    progress.spent(crawl_planned(plan, patients));
    Ok(Size {
        patients,
        database_mb,
        index_mb,
        memory: Memory {
            idle_mb: idle as f64 / 1e6,
            clients: CROWD,
            busy_mb: busy as f64 / 1e6,
        },
        crawl,
        shapes: rows(without, with),
    })
}

type Costs = Vec<(Shape, f64, Cost)>;

fn rows(without: Costs, with: Costs) -> Vec<Row> {
    let pairs = without.into_iter().zip(with);
    pairs
        .map(|((shape, results, without), (_, _, with))| Row {
            shape: shape.name,
            shows: shape.shows,
            results,
            without,
            with,
        })
        .collect()
}

/// First what is touched, then how long it takes: what is recorded is slowed down.
fn costs(
    plan: &Plan,
    hospital: &Hospital,
    served: &mut Served,
    values: &Values,
    indexes: &str,
    progress: &Progress,
) -> Result<Costs> {
    let mut recorder = Recorder::new(&hospital.database)?;
    recorder.on()?;
    let mut touched = Vec::new();
    for shape in shapes() {
        progress.next(format!("growth: rows of {} {indexes} indexes", shape.name));
        let draws = plan.draws.min(DRAWS);
        let drawn = shape.drawn(values, &mut served.asker, draws, plan.seed)?;
        let explained = explained(hospital, served, &drawn, &mut recorder)?;
        touched.push((shape, drawn, explained));
        progress.spent(turn(plan));
    }
    recorder.off()?;

    let mut costs = Vec::new();
    for (shape, drawn, explained) in touched {
        progress.next(format!("growth: {} {indexes} indexes", shape.name));
        let calls = calls(&served.origin, &drawn.drafts)?;
        let turn = Turn::within_capacity(&load::run(&served.origin, &calls, load_of(plan, 1))?);
        let cost = Cost {
            p50_ms: turn.p50,
            p99_ms: turn.p99.unwrap_or_default(),
            explained,
            failures: turn.failures,
        };
        costs.push((shape, drawn.rows, cost));
        progress.spent(self::turn(plan));
    }
    Ok(costs)
}

fn explained(
    hospital: &Hospital,
    served: &mut Served,
    drawn: &Drawn,
    recorder: &mut Recorder,
) -> Result<Option<Statements>> {
    let mut owner = hospital.owner()?;
    let mut requests = Vec::new();
    for draft in drawn.drafts.iter().take(EXPLAINED) {
        let sent = recorder.record(|| served.asker.body(draft))?;
        let explained = sent
            .iter()
            .map(|statement| statement::explain(&mut owner, statement));
        requests.push(explained.collect::<Result<Vec<_>>>()?);
    }
    Ok(Statements::of(&requests))
}

/// The most memory that the host takes while many ask for everything.
fn crowd(plan: &Plan, hospital: &Hospital, served: &Served, values: &Values) -> Result<u64> {
    let calls = calls(&served.origin, &mix(plan, values))?;
    let watch = Watch::start(served.app.process(), hospital.owner()?);
    load::run(&served.origin, &calls, load_of(plan, CROWD))?;
    Ok(watch.stop().memory)
}

fn database_mb(hospital: &Hospital) -> Result<f64> {
    let query = "SELECT pg_database_size(current_database())::float8 / 1e6";
    Ok(hospital.owner()?.query_one(query, &[])?.get(0))
}

/// When something began.
pub(super) fn millis_since(begin: Instant) -> f64 {
    begin.elapsed().as_secs_f64() * 1000.0
}
