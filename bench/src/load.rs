//! A closed loop: so many clients, each of which asks again when it was answered.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use hdrhistogram::Histogram;
use http::StatusCode;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use tokio::runtime::{Builder, Runtime};
use tokio::task::LocalSet;

use crate::client::{Answer, Call, Client, Origin};

/// The requests that clients choose from.
#[derive(Debug)]
pub(crate) enum Calls {
    /// Each drawn at random, never the same one twice in a row.
    Any(Vec<Call>),
    /// Each asked once, by one of the clients, over all loads.
    Once(Vec<Call>, Cell<usize>),
}

impl Calls {
    fn next(&self, random: &mut SmallRng, last: &mut Option<usize>) -> Option<Call> {
        match self {
            Self::Any(calls) => {
                let place = another(calls.len(), *last, random)?;
                *last = Some(place);
                calls.get(place).cloned()
            }
            Self::Once(calls, next) => {
                let place = next.get();
                next.set(place + 1);
                calls.get(place).cloned()
            }
        }
    }
}

/// A place below `count` that is not `last`, if there is another.
pub(crate) fn another(count: usize, last: Option<usize>, random: &mut impl Rng) -> Option<usize> {
    match (count, last) {
        (0, _) => None,
        (1, _) => Some(0),
        (_, None) => Some(random.random_range(0..count)),
        (_, Some(last)) => {
            let place = random.random_range(0..count - 1);
            Some(if place >= last { place + 1 } else { place })
        }
    }
}

/// How to load.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) clients: u32,
    /// Asked for, but not counted.
    pub(crate) warming: Duration,
    pub(crate) time: Duration,
    pub(crate) seed: u64,
}

/// What was seen.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Answers (2xx) in a second: those that came within the time, whenever they were asked for.
    pub(crate) per_second: f64,
    /// Answers to what was asked within the time.
    pub(crate) answers: u64,
    pub(crate) bytes: u64,
    /// 503 with `Retry-After`: sent away politely.
    pub(crate) refused: u64,
    /// Everything else, by what it was.
    pub(crate) failures: BTreeMap<String, u64>,
    /// Of the answers, in microseconds.
    pub(crate) latencies: Histogram<u64>,
    /// Of what was refused, the slowest, in microseconds.
    pub(crate) slowest_refusal: u64,
}

impl Outcome {
    fn new() -> Result<Self> {
        Ok(Self {
            per_second: 0.0,
            answers: 0,
            bytes: 0,
            refused: 0,
            failures: BTreeMap::new(),
            latencies: Histogram::new_with_max(600_000_000, 3)?,
            slowest_refusal: 0,
        })
    }

    /// A percentile of the latencies, in milliseconds.
    pub(crate) fn percentile(&self, percent: f64) -> f64 {
        self.latencies.value_at_percentile(percent) as f64 / 1000.0
    }

    fn count(&mut self, result: Result<Answer>, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        match result {
            Ok(answer) if answer.status.is_success() => {
                self.answers += 1;
                self.bytes += answer.bytes;
                self.latencies.saturating_record(micros);
            }
            Ok(answer)
                if answer.status == StatusCode::SERVICE_UNAVAILABLE && answer.retry_after =>
            {
                self.refused += 1;
                self.slowest_refusal = self.slowest_refusal.max(micros);
            }
            Ok(answer) => self.fail(answer.status.to_string()),
            Err(error) => self.fail(format!("{error:#}")),
        }
    }

    fn fail(&mut self, what: String) {
        *self.failures.entry(what).or_default() += 1;
    }
}

/// The runtime of the clients: one thread, so that the load takes at most one of the processors.
pub(crate) fn runtime() -> Result<Runtime> {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .context("no runtime for the clients")
}

/// Runs the loop.
pub(crate) fn run(origin: &Origin, calls: &Rc<Calls>, load: Load) -> Result<Outcome> {
    let outcome = Rc::new(RefCell::new(Outcome::new()?));
    let local = LocalSet::new();
    let counting = Instant::now() + load.warming;
    let window = Window {
        begin: counting,
        end: counting + load.time,
        within: Rc::default(),
    };
    for number in 0..load.clients {
        let (client, calls) = (Client::new(origin), Rc::clone(calls));
        let (outcome, window) = (Rc::clone(&outcome), window.clone());
        let seed = load.seed.wrapping_add(u64::from(number));
        local.spawn_local(async move {
            let random = SmallRng::seed_from_u64(seed);
            ask_again(client, &calls, random, &window, &outcome).await;
        });
    }
    runtime()?.block_on(local);
    let outcome = Rc::into_inner(outcome).context("a client has not ended")?;
    let mut outcome = outcome.into_inner();
    outcome.per_second = window.per_second(outcome.answers);
    Ok(outcome)
}

/// The time that counts.
#[derive(Debug, Clone)]
struct Window {
    begin: Instant,
    end: Instant,
    /// Answers that came in it.
    within: Rc<Cell<u32>>,
}

impl Window {
    fn count(&self, now: Instant) {
        if (self.begin..self.end).contains(&now) {
            self.within.set(self.within.get() + 1);
        }
    }

    /// If what was asked took longer than the time: as many as were answered, by when the last was.
    fn per_second(&self, answers: u64) -> f64 {
        match self.within.get() {
            0 => answers as f64 / self.begin.elapsed().as_secs_f64(),
            within => f64::from(within) / (self.end - self.begin).as_secs_f64(),
        }
    }
}

async fn ask_again(
    mut client: Client,
    calls: &Calls,
    mut random: SmallRng,
    window: &Window,
    outcome: &RefCell<Outcome>,
) {
    let mut last = None;
    let mut asked = Instant::now();
    let mut counted = false;
    // At least one answer counts, however long it takes.
    while asked < window.end || !counted {
        let Some(call) = calls.next(&mut random, &mut last) else {
            break;
        };
        let result = client.send(call).await;
        let now = Instant::now();
        if result
            .as_ref()
            .is_ok_and(|answer| answer.status.is_success())
        {
            window.count(now);
        }
        if asked >= window.begin {
            counted = true;
            outcome.borrow_mut().count(result, now - asked);
        } else if let Some(failure) = failure(result) {
            // What fails while warming up is no less a failure.
            outcome.borrow_mut().fail(failure);
        }
        asked = now;
    }
}

fn failure(result: Result<Answer>) -> Option<String> {
    match result {
        Ok(answer) if answer.status.is_success() || answer.retry_after => None,
        Ok(answer) => Some(answer.status.to_string()),
        Err(error) => Some(format!("{error:#}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_never_drawn_twice_in_a_row() {
        let mut random = SmallRng::seed_from_u64(7);
        for count in 2..6 {
            let (mut last, mut seen) = (None, vec![0; count]);
            for _ in 0..1000 {
                let place = another(count, last, &mut random).unwrap();
                assert_ne!(Some(place), last);
                seen[place] += 1;
                last = Some(place);
            }
            assert!(seen.iter().all(|times| *times > 0), "{seen:?}");
        }
        assert_eq!(another(0, None, &mut random), None);
        assert_eq!(another(1, Some(0), &mut random), Some(0));
    }

    #[test]
    fn what_comes_within_the_time_counts_and_else_what_came_at_all() {
        let begin = Instant::now() - Duration::from_secs(2);
        let window = Window {
            begin,
            end: begin + Duration::from_secs(1),
            within: Rc::default(),
        };
        assert!((window.per_second(4) - 2.0).abs() < 0.1);
        for millis in [0, 999, 1000, 1500] {
            window.count(begin + Duration::from_millis(millis));
        }
        assert_eq!(window.per_second(4), 2.0);
    }

    #[test]
    fn only_a_503_that_says_when_to_come_back_is_a_refusal() {
        let mut outcome = Outcome::new().unwrap();
        let answer = |status, retry_after| {
            Ok(Answer {
                status,
                retry_after,
                bytes: 5,
            })
        };
        let took = Duration::from_millis(3);
        outcome.count(answer(StatusCode::OK, false), took);
        outcome.count(answer(StatusCode::SERVICE_UNAVAILABLE, true), took);
        outcome.count(answer(StatusCode::SERVICE_UNAVAILABLE, false), took);
        outcome.count(answer(StatusCode::NOT_FOUND, false), took);
        outcome.count(Err(anyhow::anyhow!("time-out")), took);
        assert_eq!((outcome.answers, outcome.bytes, outcome.refused), (1, 5, 1));
        assert_eq!(outcome.failures.values().sum::<u64>(), 3);
        assert!((outcome.percentile(50.0) - 3.0).abs() < 0.01);
    }
}
