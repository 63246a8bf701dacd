//! From one client to more than there is room for: a read and a search of every type, mixed.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use crate::arguments::Plan;
use crate::client::Draft;
use crate::draw::Values;
use crate::hospital::{Hospital, PLENTY, USUAL};
use crate::load::{self, Outcome};
use crate::progress::Progress;
use crate::statistics::Spread;
use crate::watch::{Watch, Watched};
use crate::workload;

use super::limit::{calls, load_of};

/// Up to so many clients nobody may be sent away.
const CAPACITY: u32 = 64;

/// What concurrency found.
#[derive(Debug, Serialize)]
pub(crate) struct Concurrency {
    pub(crate) patients: u32,
    pub(crate) indexes: bool,
    /// A server as it comes, and one that has room for all.
    pub(crate) servers: Vec<Server>,
}

/// A PostgreSQL that allows so many connections.
#[derive(Debug, Serialize)]
pub(crate) struct Server {
    pub(crate) max_connections: u32,
    pub(crate) levels: Vec<Level>,
}

/// So many clients at once.
#[derive(Debug, Serialize)]
pub(crate) struct Level {
    pub(crate) clients: u32,
    pub(crate) per_second: Spread,
    pub(crate) p50_ms: Spread,
    pub(crate) p95_ms: Spread,
    pub(crate) p99_ms: Spread,
    pub(crate) answers: u64,
    /// 503 with `Retry-After`.
    pub(crate) refused: u64,
    pub(crate) slowest_refusal_ms: f64,
    pub(crate) failures: BTreeMap<String, u64>,
    /// The most at once.
    pub(crate) connections: u32,
    pub(crate) memory_mb: f64,
}

/// How long it takes.
pub(crate) fn planned(plan: &Plan) -> Duration {
    let levels = u32::try_from(plan.levels.len()).unwrap_or(1);
    (plan.warming + plan.time) * levels * plan.rounds * 2
}

/// All requests of the mix: of each type as many reads as searches.
pub(crate) fn mix(plan: &Plan, values: &Values) -> Vec<Draft> {
    let shapes = workload::types();
    let drafts = shapes.iter().flat_map(|shape| {
        let drafts = shape.drafts(values, plan.draws, plan.seed);
        // Of some types there is little: each shape has its equal part all the same.
        let again = drafts.clone().into_iter().cycle();
        again.take(if drafts.is_empty() { 0 } else { plan.draws })
    });
    drafts.collect()
}

/// Measures. The app is started anew for each server.
pub(crate) fn run(
    plan: &Plan,
    hospital: &mut Hospital,
    values: &Values,
    progress: &Progress,
) -> Result<Concurrency> {
    let mut servers = Vec::new();
    for max_connections in [USUAL, PLENTY] {
        hospital.database.restart_for(max_connections)?;
        let levels = levels(plan, hospital, values, progress)?;
        servers.push(Server {
            max_connections,
            levels,
        });
    }
    Ok(Concurrency {
        patients: plan.patients,
        indexes: plan.indexes,
        servers,
    })
}

fn levels(
    plan: &Plan,
    hospital: &Hospital,
    values: &Values,
    progress: &Progress,
) -> Result<Vec<Level>> {
    let served = hospital.serve()?;
    let calls = calls(&served.origin, &mix(plan, values))?;
    let mut turns: Vec<Vec<(Outcome, Watched)>> = plan.levels.iter().map(|_| Vec::new()).collect();
    for _ in 0..plan.rounds {
        for (clients, turns) in plan.levels.iter().zip(&mut turns) {
            progress.next(format!("concurrency: {clients} clients"));
            let watch = Watch::start(served.app.process(), hospital.owner()?);
            let outcome = load::run(&served.origin, &calls, load_of(plan, *clients));
            turns.push((outcome?, watch.stop()));
            progress.spent(plan.warming + plan.time);
        }
    }
    let levels = plan.levels.iter().zip(&turns);
    Ok(levels
        .map(|(clients, turns)| level(*clients, turns))
        .collect())
}

fn level(clients: u32, turns: &[(Outcome, Watched)]) -> Level {
    let spread = |value: &dyn Fn(&Outcome) -> f64| {
        Spread::of(turns.iter().map(|(outcome, _)| value(outcome))).unwrap_or_default()
    };
    let sum =
        |value: &dyn Fn(&Outcome) -> u64| turns.iter().map(|(outcome, _)| value(outcome)).sum();
    let refused: u64 = sum(&|outcome| outcome.refused);
    let slowest = turns
        .iter()
        .map(|(outcome, _)| outcome.slowest_refusal)
        .max();
    let mut failures = BTreeMap::new();
    for (what, times) in turns.iter().flat_map(|(outcome, _)| &outcome.failures) {
        *failures.entry(what.clone()).or_default() += times;
    }
    if clients <= CAPACITY && refused > 0 {
        failures.insert("503 with Retry-After, within capacity".to_owned(), refused);
    }
    let watched = turns.iter().map(|(_, watched)| watched);
    Level {
        clients,
        per_second: spread(&|outcome| outcome.per_second),
        p50_ms: spread(&|outcome| outcome.percentile(50.0)),
        p95_ms: spread(&|outcome| outcome.percentile(95.0)),
        p99_ms: spread(&|outcome| outcome.percentile(99.0)),
        answers: sum(&|outcome| outcome.answers),
        refused,
        slowest_refusal_ms: slowest.unwrap_or_default() as f64 / 1000.0,
        failures,
        connections: watched
            .clone()
            .map(|seen| seen.connections)
            .max()
            .unwrap_or_default(),
        memory_mb: watched.map(|seen| seen.memory).max().unwrap_or_default() as f64 / 1e6,
    }
}
