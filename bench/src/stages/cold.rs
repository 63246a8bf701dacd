//! The first request after a start, and after idling; what the components weigh.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde::Serialize;
use xtask::app::App;
use xtask::components;

use crate::arguments::Plan;
use crate::asker::{Asker, sign_in};
use crate::client::{Draft, Origin};
use crate::draw::Values;
use crate::hospital::{Hospital, USER};
use crate::progress::Progress;
use crate::statistics::Spread;
use crate::workload;

/// An instance without requests ends after a second.
const IDLE: Duration = Duration::from_millis(1_300);

/// What a start takes, with everything to be compiled and without.
const COMPILING: Duration = Duration::from_secs(60);
const STARTING: Duration = Duration::from_secs(2);

/// How often a component is asked once it is warm, after each pause.
const WARM: usize = 3;

/// What cold found.
#[derive(Debug, Serialize)]
pub(crate) struct Cold {
    /// From the start of the process to its first answer, when all components had to be compiled. Not in a smoke run: it
    /// takes a minute of both processors.
    pub(crate) uncompiled_ms: Option<f64>,
    /// The same, when the host had kept them compiled.
    pub(crate) compiled_ms: Spread,
    /// The first patient, right after that.
    pub(crate) first_read_ms: Spread,
    pub(crate) components: Vec<Component>,
}

/// A component.
#[derive(Debug, Serialize)]
pub(crate) struct Component {
    pub(crate) name: String,
    pub(crate) bytes: u64,
    /// Reads by a fresh instance, and by one that served before; `None` where nothing is read by id.
    pub(crate) fresh_ms: Option<Spread>,
    pub(crate) warm_ms: Option<Spread>,
}

/// How long it takes.
pub(crate) fn planned(plan: &Plan) -> Duration {
    let compiling = if plan.quick {
        Duration::ZERO
    } else {
        COMPILING
    };
    compiling + STARTING * plan.starts + IDLE * plan.pauses
}

/// Measures.
pub(crate) fn run(
    plan: &Plan,
    hospital: &Hospital,
    asker: &mut Asker,
    values: &Values,
    progress: &Progress,
) -> Result<Cold> {
    let mut options = hospital.options("cold")?;
    let mut uncompiled_ms = None;
    let cache = plan.output.join("empty-cache");
    if !plan.quick {
        progress.next("cold: starting without a cache");
        let _ = std::fs::remove_dir_all(&cache);
        options.environment = vec![("XDG_CACHE_HOME".to_owned(), cache.display().to_string())];
        uncompiled_ms = Some(millis(timed(|| App::start(&options))?.0));
        progress.spent(COMPILING);
    }

    let (mut starts, mut reads) = (Vec::new(), Vec::new());
    for _ in 0..plan.starts {
        progress.next("cold: starting");
        let (took, app) = timed(|| App::start(&options))?;
        starts.push(millis(took));
        reads.push(millis(first_read(hospital, &app, values)?));
        progress.spent(STARTING);
    }
    let _ = std::fs::remove_dir_all(&cache);
    Ok(Cold {
        uncompiled_ms,
        compiled_ms: Spread::of(starts).unwrap_or_default(),
        first_read_ms: Spread::of(reads).unwrap_or_default(),
        components: components_of(plan, asker, values, progress)?,
    })
}

fn first_read(hospital: &Hospital, app: &App, values: &Values) -> Result<Duration> {
    let token = sign_in(&app.url(), USER, &hospital.password(USER)?)?;
    let origin = Origin::new(&app.url(), Some(&format!("Bearer {token}")))?;
    let patient = values.patients.first().context("there is no patient")?;
    let mut asker = Asker::new(&origin)?;
    Ok(timed(|| asker.body(&Draft::get(format!("/Patient/{patient}"))))?.0)
}

fn components_of(
    plan: &Plan,
    asker: &mut Asker,
    values: &Values,
    progress: &Progress,
) -> Result<Vec<Component>> {
    let reads = reads(plan, values);
    let mut times: Vec<(Vec<f64>, Vec<f64>)> = vec![Default::default(); reads.len()];
    for pause in 0..plan.pauses {
        progress.next(format!("cold: pause {} of {}", pause + 1, plan.pauses));
        std::thread::sleep(IDLE);
        for ((_, drafts), (fresh, warm)) in reads.iter().zip(&mut times) {
            let mut drafts = drafts.iter().cycle().skip(pause as usize);
            let mut ask = || -> Result<f64> {
                let draft = drafts.next().context("nothing to read")?;
                Ok(millis(timed(|| asker.body(draft))?.0))
            };
            fresh.push(ask()?);
            for _ in 0..WARM {
                warm.push(ask()?);
            }
        }
        progress.spent(IDLE);
    }
    let mut measured: Vec<_> = reads.into_iter().map(|(name, _)| name).zip(times).collect();
    let mut all = Vec::new();
    for (name, path) in components::sources()? {
        let place = measured
            .iter()
            .position(|(kind, _)| component_of(kind) == name);
        let times = place.map(|place| measured.swap_remove(place).1);
        let (fresh, warm) = times.unwrap_or_default();
        all.push(Component {
            name,
            bytes: std::fs::metadata(path)?.len(),
            fresh_ms: Spread::of(fresh),
            warm_ms: Spread::of(warm),
        });
    }
    Ok(all)
}

/// The reads of each type.
fn reads(plan: &Plan, values: &Values) -> Vec<(String, Vec<Draft>)> {
    let shapes = workload::types().into_iter();
    let reads = shapes.filter_map(|shape| {
        let kind = shape.name.strip_prefix("read-")?.to_owned();
        Some((kind, shape.drafts(values, plan.draws, plan.seed)))
    });
    reads.filter(|(_, drafts)| !drafts.is_empty()).collect()
}

/// `MedicationRequest` is served by `medication-request`.
fn component_of(kind: &str) -> String {
    let mut name = String::new();
    for character in kind.chars() {
        if character.is_ascii_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(character.to_ascii_lowercase());
    }
    name
}

fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(Duration, T)> {
    let started = Instant::now();
    let result = work()?;
    Ok((started.elapsed(), result))
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::component_of;

    #[test]
    fn a_component_is_called_as_its_type() {
        assert_eq!(component_of("Patient"), "patient");
        assert_eq!(component_of("MedicationRequest"), "medication-request");
    }
}
