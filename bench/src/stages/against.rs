//! Another server with the same data, asked the same. Only what was answered and how large it is are compared, for a
//! predecessor of FHIR may speak XML or Atom.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use crate::arguments::{Peer, Plan};
use crate::asker::Asker;
use crate::client::{Draft, Origin};
use crate::draw::Values;
use crate::hospital::Served;
use crate::progress::Progress;
use crate::rounds::{Measured, interleave};
use crate::workload::{self, Shape};

use super::limit::{load_of, over_http};

/// What against found.
#[derive(Debug, Serialize)]
pub(crate) struct Against {
    pub(crate) url: String,
    pub(crate) clients: u32,
    pub(crate) shapes: Vec<Row>,
}

/// A shape on both servers.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) shape: String,
    pub(crate) shows: &'static str,
    /// Requests that the other answered, by status; it is measured with those that it answers with 2xx.
    pub(crate) statuses: BTreeMap<u16, usize>,
    /// Of an answer, on average: here and there.
    pub(crate) bytes: f64,
    pub(crate) their_bytes: f64,
    /// Of what both answered: how many answers have as many results.
    pub(crate) same_results: usize,
    pub(crate) asked: usize,
    pub(crate) contenders: Vec<Measured>,
}

/// How long it takes.
pub(crate) fn planned(plan: &Plan) -> Duration {
    let shapes = u32::try_from(shapes().len()).unwrap_or(1);
    (plan.warming + plan.time) * 2 * plan.rounds * shapes
}

/// Those that mean the same on every server: not the pages, whose links are each server's own.
fn shapes() -> Vec<Shape> {
    let mut shapes = workload::limit();
    shapes.retain(|shape| !shape.name.starts_with("page-"));
    shapes.extend(workload::families());
    shapes
}

/// Measures.
pub(crate) fn run(
    plan: &Plan,
    peer: &Peer,
    served: &mut Served,
    values: &Values,
    progress: &Progress,
) -> Result<Against> {
    let origin = Origin::new(&peer.url, peer.authorization.as_deref())?;
    let mut theirs = Asker::new(&origin)?;
    let mut rows = Vec::new();
    for shape in shapes() {
        progress.next(format!("against: {}", shape.name));
        let drawn = shape.drawn(values, &mut served.asker, plan.draws, plan.seed)?;
        let seen = compare(&drawn.drafts, &mut served.asker, &mut theirs)?;
        let load = load_of(plan, plan.clients);
        let mut contenders = vec![over_http("app", &served.origin, &drawn.drafts, load)?];
        if !seen.answered.is_empty() {
            contenders.push(over_http("peer", &origin, &seen.answered, load)?);
        }
        let planned = plan.warming + plan.time;
        let contenders = interleave(&mut contenders, plan.rounds, || progress.spent(planned))?;
        rows.push(Row {
            shape: shape.name,
            shows: shape.shows,
            statuses: seen.statuses,
            bytes: drawn.bytes,
            their_bytes: seen.bytes as f64 / seen.answered.len().max(1) as f64,
            same_results: seen.same,
            asked: drawn.drafts.len(),
            contenders,
        });
    }
    Ok(Against {
        url: peer.url.clone(),
        clients: plan.clients,
        shapes: rows,
    })
}

#[derive(Debug, Default)]
struct Seen {
    statuses: BTreeMap<u16, usize>,
    answered: Vec<Draft>,
    bytes: usize,
    same: usize,
}

fn compare(drafts: &[Draft], ours: &mut Asker, theirs: &mut Asker) -> Result<Seen> {
    let mut seen = Seen::default();
    for draft in drafts {
        let (status, body) = theirs.ask(draft)?;
        *seen.statuses.entry(status.as_u16()).or_default() += 1;
        if status.is_success() {
            let own = workload::results(&ours.body(draft)?);
            seen.same += usize::from(workload::results(&body) == own);
            seen.bytes += body.len();
            seen.answered.push(draft.clone());
        }
    }
    Ok(seen)
}
