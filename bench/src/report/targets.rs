//! What is wanted, and whether it was met.

use serde::Serialize;

use crate::stages::limit::Limit;

/// A wish.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) wanted: f64,
    pub(crate) measured: f64,
    pub(crate) met: bool,
}

/// What a shape should reach of a contender.
const RATIOS: [(&str, &str, f64); 5] = [
    ("read", "bare", 0.7),
    ("read", "plain/one", 0.7),
    ("search-20", "bare", 0.5),
    ("search-20", "plain/20", 0.5),
    ("search-20", "plain/json", 0.5),
];

/// The requests per second that a search of 20 should reach, with 16 clients.
const SEARCHES: f64 = 1000.0;

/// Judges, each limit apart.
pub(crate) fn judge(limit: &Limit) -> Vec<Target> {
    let mut targets = Vec::new();
    for (shape, beside, wanted) in RATIOS {
        let row = limit.shapes.iter().find(|row| row.shape == shape);
        let contender = row.and_then(|row| row.contender(beside));
        if let Some(ratio) = contender.and_then(|contender| contender.ratio) {
            let name = format!("{shape} in relation to {beside}");
            targets.push(target(name, wanted, ratio.median));
        }
    }
    let row = limit.shapes.iter().find(|row| row.shape == "search-20");
    if let Some(app) = row.and_then(|row| row.contender("app")) {
        let name = format!("search-20 per second, {} clients", limit.clients);
        targets.push(target(name, SEARCHES, app.per_second.median));
    }
    targets
}

fn target(name: String, wanted: f64, measured: f64) -> Target {
    Target {
        name,
        wanted,
        measured,
        met: measured >= wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_reached_exactly_is_met() {
        assert!(target(String::new(), 0.5, 0.5).met);
        assert!(!target(String::new(), 0.5, 0.49).met);
    }
}
