//! Contenders in interleaved rounds: what disturbs the machine for a while disturbs all of them.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;

use crate::load::Outcome;
use crate::statistics::Spread;

/// What a contender did in one turn.
#[derive(Debug, Clone)]
pub(crate) struct Turn {
    pub(crate) per_second: f64,
    /// Milliseconds; of some contenders only a mean is known, and stands here.
    pub(crate) p50: f64,
    pub(crate) p95: Option<f64>,
    pub(crate) p99: Option<f64>,
    pub(crate) failures: BTreeMap<String, u64>,
}

impl Turn {
    /// Of a load within the capacity: then a refusal is a failure too.
    pub(crate) fn within_capacity(outcome: &Outcome) -> Self {
        let mut failures = outcome.failures.clone();
        if outcome.refused > 0 {
            failures.insert("503 with Retry-After".to_owned(), outcome.refused);
        }
        Self {
            per_second: outcome.per_second,
            p50: outcome.percentile(50.0),
            p95: Some(outcome.percentile(95.0)),
            p99: Some(outcome.percentile(99.0)),
            failures,
        }
    }
}

/// Who takes part.
pub(crate) struct Contender<'a> {
    pub(crate) name: &'static str,
    pub(crate) turn: Box<dyn FnMut() -> Result<Option<Turn>> + 'a>,
}

/// What a contender did in all rounds.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Measured {
    pub(crate) name: &'static str,
    pub(crate) per_second: Spread,
    pub(crate) p50_ms: Spread,
    pub(crate) p95_ms: Option<Spread>,
    pub(crate) p99_ms: Option<Spread>,
    /// What the first contender did in relation to this one, round by round.
    pub(crate) ratio: Option<Spread>,
    /// Each round, in requests per second.
    pub(crate) rounds: Vec<f64>,
    pub(crate) failures: BTreeMap<String, u64>,
}

/// Lets each contender take its turn in each round. The first to take it is another one each time. A contender that
/// cannot be had (`None`) is left out.
pub(crate) fn interleave(
    contenders: &mut [Contender<'_>],
    rounds: u32,
    mut after_turn: impl FnMut(),
) -> Result<Vec<Measured>> {
    let count = contenders.len();
    let mut turns: Vec<Vec<Turn>> = vec![Vec::new(); count];
    for round in 0..rounds as usize {
        for offset in 0..count {
            let place = (round + offset) % count;
            if let (Some(contender), Some(turns)) =
                (contenders.get_mut(place), turns.get_mut(place))
            {
                turns.extend((contender.turn)()?);
            }
            after_turn();
        }
    }
    let first = turns.first().map(|turns| per_second(turns));
    let first = first.unwrap_or_default();
    let all = contenders.iter().zip(&turns);
    Ok(all
        .enumerate()
        .filter_map(|(place, (contender, turns))| {
            let ratio = if place == 0 {
                None
            } else {
                Some(first.as_slice())
            };
            summary(contender.name, turns, ratio)
        })
        .collect())
}

fn per_second(turns: &[Turn]) -> Vec<f64> {
    turns.iter().map(|turn| turn.per_second).collect()
}

fn summary(name: &'static str, turns: &[Turn], first: Option<&[f64]>) -> Option<Measured> {
    let rounds = per_second(turns);
    let mut failures = BTreeMap::new();
    for (what, times) in turns.iter().flat_map(|turn| &turn.failures) {
        *failures.entry(what.clone()).or_default() += times;
    }
    Some(Measured {
        name,
        per_second: Spread::of(rounds.iter().copied())?,
        p50_ms: Spread::of(turns.iter().map(|turn| turn.p50))?,
        p95_ms: Spread::of(turns.iter().filter_map(|turn| turn.p95)),
        p99_ms: Spread::of(turns.iter().filter_map(|turn| turn.p99)),
        ratio: first.and_then(|first| Spread::of_ratios(first, &rounds)),
        rounds,
        failures,
    })
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn turn(per_second: f64) -> Turn {
        Turn {
            per_second,
            p50: 1.0,
            p95: None,
            p99: None,
            failures: BTreeMap::new(),
        }
    }

    #[test]
    fn all_take_their_turn_in_each_round_and_are_compared_within_it() {
        let order = RefCell::new(Vec::new());
        let contender = |name: &'static str, speeds: [f64; 3]| {
            let mut speeds = speeds.into_iter();
            let order = &order;
            Contender {
                name,
                turn: Box::new(move || {
                    order.borrow_mut().push(name);
                    Ok(speeds.next().map(turn))
                }),
            }
        };
        let mut all = [
            contender("a", [10.0, 20.0, 30.0]),
            contender("b", [20.0, 40.0, 30.0]),
        ];
        let measured = interleave(&mut all, 3, || ()).unwrap();
        assert_eq!(*order.borrow(), ["a", "b", "b", "a", "a", "b"]);
        let ratio = measured[1].ratio.unwrap();
        assert_eq!((ratio.median, ratio.max), (0.5, 1.0));
        assert!(measured[0].ratio.is_none());
    }

    #[test]
    fn who_cannot_be_had_is_left_out() {
        let mut all = [
            Contender {
                name: "a",
                turn: Box::new(|| Ok(Some(turn(1.0)))),
            },
            Contender {
                name: "b",
                turn: Box::new(|| Ok(None)),
            },
        ];
        assert_eq!(interleave(&mut all, 2, || ()).unwrap().len(), 1);
    }
}
