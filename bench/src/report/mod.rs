//! What was found: as tables on the terminal, as JSON in a file, as plots.

pub(crate) mod json;
pub(crate) mod plot;
pub(crate) mod table;
pub(crate) mod targets;

use serde::Serialize;

use crate::arguments::Plan;
use crate::machine::Machine;
use crate::stages::against::Against;
use crate::stages::cold::Cold;
use crate::stages::concurrency::Concurrency;
use crate::stages::growth::Growth;
use crate::stages::limit::Limit;
use targets::Target;

/// Everything.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) settings: Settings,
    pub(crate) targets: Vec<Target>,
    pub(crate) limit: Option<Limit>,
    pub(crate) growth: Option<Growth>,
    pub(crate) concurrency: Option<Concurrency>,
    pub(crate) cold: Option<Cold>,
    pub(crate) against: Option<Against>,
    /// The load average of the last minute after.
    pub(crate) load_after: f64,
    pub(crate) minutes: f64,
}

/// How it was measured.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Settings {
    /// A smoke run, whose numbers mean nothing.
    pub(crate) quick: bool,
    pub(crate) rounds: u32,
    pub(crate) seconds: f64,
    pub(crate) warming_seconds: f64,
    pub(crate) draws: usize,
    pub(crate) seed: u64,
}

impl From<&Plan> for Settings {
    fn from(plan: &Plan) -> Self {
        Self {
            quick: plan.quick,
            rounds: plan.rounds,
            seconds: plan.time.as_secs_f64(),
            warming_seconds: plan.warming.as_secs_f64(),
            draws: plan.draws,
            seed: plan.seed,
        }
    }
}

impl Report {
    /// Requests that were not answered as they should, by stage and what came instead.
    pub(crate) fn failures(&self) -> Vec<String> {
        let limit = self.limit.iter().flat_map(|limit| &limit.shapes);
        let limit = limit.flat_map(|row| {
            let contenders = row.contenders.iter();
            contenders.map(move |one| (format!("limit {} {}", row.shape, one.name), &one.failures))
        });
        let growth = self.growth.iter().flat_map(|growth| &growth.sizes);
        let growth = growth.flat_map(|size| {
            let rows = size.shapes.iter();
            rows.flat_map(|row| {
                let name = format!("growth {}", row.shape);
                [
                    (name.clone(), &row.without.failures),
                    (name, &row.with.failures),
                ]
            })
        });
        let servers = self.concurrency.iter().flat_map(|found| &found.servers);
        let levels = servers.flat_map(|server| &server.levels);
        let levels =
            levels.map(|level| (format!("concurrency {}", level.clients), &level.failures));
        // How another server fails is its own affair.
        let against = self.against.iter().flat_map(|against| &against.shapes);
        let against = against.filter_map(|row| {
            let own = row.contenders.first()?;
            Some((format!("against {}", row.shape), &own.failures))
        });
        let all = limit.chain(growth).chain(levels).chain(against);
        all.flat_map(|(place, failures)| {
            let each = failures.iter();
            each.map(move |(what, times)| format!("{place}: {times} times {what}"))
        })
        .collect()
    }
}
