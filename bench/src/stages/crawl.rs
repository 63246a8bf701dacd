//! A crawl of everything: all pages of Observation, one after the other, as one who copies a hospital would.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde::Serialize;

use crate::client::Draft;
use crate::hospital::{Hospital, Served};
use crate::statistics::Spread;
use crate::watch::Watch;
use crate::workload::{Links, results, search};

use super::growth::millis_since;

/// Results on a page.
const PAGE: &str = "1000";

/// Of so many pages at most the time is written down; of more, evenly some.
const KEPT: usize = 500;

/// What the crawl found.
#[derive(Debug, Serialize)]
pub(crate) struct Crawl {
    pub(crate) pages: usize,
    pub(crate) results: usize,
    pub(crate) bytes: usize,
    pub(crate) seconds: f64,
    /// Whether there was no page after the last.
    pub(crate) complete: bool,
    pub(crate) page_ms: Spread,
    pub(crate) p99_ms: f64,
    /// The first and the last tenth of the pages: whether a page costs the same however deep it lies.
    pub(crate) first_tenth_ms: f64,
    pub(crate) last_tenth_ms: f64,
    pub(crate) memory_mb: f64,
    /// The number of a page, and its time.
    pub(crate) each_ms: Vec<(usize, f64)>,
}

/// Crawls, until there is no more or the time is over.
pub(super) fn run(hospital: &Hospital, served: &mut Served, limit: Duration) -> Result<Crawl> {
    let watch = Watch::start(served.app.process(), hospital.owner()?);
    let base = served.app.url();
    let begin = Instant::now();
    let mut page = Some(search("Observation", &[("_count", PAGE)]));
    let (mut times, mut found, mut bytes) = (Vec::new(), 0, 0);
    while let Some(draft) = page.take_if(|_| begin.elapsed() < limit) {
        let asked = Instant::now();
        let body = served.asker.body(&draft)?;
        times.push(millis_since(asked));
        bytes += body.len();
        found += results(&body);
        let links: Links = serde_json::from_slice(&body)?;
        let next = links.next();
        page = next.map(|next| Draft::get(next.strip_prefix(&base).unwrap_or(next)));
    }
    Ok(Crawl {
        pages: times.len(),
        results: found,
        bytes,
        seconds: begin.elapsed().as_secs_f64(),
        complete: page.is_none(),
        memory_mb: watch.stop().memory as f64 / 1e6,
        ..summary(&times)
    })
}

fn summary(times: &[f64]) -> Crawl {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    let tenth = times.len().div_ceil(10);
    let median = |part: Option<&[f64]>| {
        let part = part.unwrap_or_default().iter().copied();
        Spread::of(part).unwrap_or_default().median
    };
    let every = times.len().div_ceil(KEPT).max(1);
    Crawl {
        pages: 0,
        results: 0,
        bytes: 0,
        seconds: 0.0,
        complete: false,
        page_ms: Spread::of(sorted.iter().copied()).unwrap_or_default(),
        p99_ms: sorted
            .get(sorted.len() * 99 / 100)
            .copied()
            .unwrap_or_default(),
        first_tenth_ms: median(times.get(..tenth)),
        last_tenth_ms: median(times.get(times.len().saturating_sub(tenth)..)),
        memory_mb: 0.0,
        each_ms: times.iter().copied().enumerate().step_by(every).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::summary;

    #[test]
    fn the_first_and_the_last_tenth_are_told_apart() {
        let times: Vec<f64> = (0..1000).map(f64::from).collect();
        let crawl = summary(&times);
        assert_eq!(crawl.first_tenth_ms, 49.5);
        assert_eq!(crawl.last_tenth_ms, 949.5);
        assert_eq!(crawl.p99_ms, 990.0);
        assert_eq!(crawl.each_ms.len(), 500);
        assert_eq!(summary(&[]).pages, 0);
    }
}
