//! The database goes away and comes back: everybody is told, nobody waits for ever, and it heals by itself.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::world::{World, becomes};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        while_the_database_is_down_everything_is_unavailable_and_then_recovers,
        requests_under_way_end_when_the_database_goes_and_comes,
        connections_that_end_are_replaced_with_all_that_was_planned_on_them,
    ]
}

/// Within this time the app must serve again: "a few seconds".
const RECOVERY: Duration = Duration::from_secs(10);

/// Starts the database again, also when the test has failed.
pub struct Outage<'w>(&'w World);

impl<'w> Outage<'w> {
    pub fn begin(world: &'w World) -> Self {
        world.database().stop_server().expect("the database stops");
        Self(world)
    }
}

impl Drop for Outage<'_> {
    fn drop(&mut self) {
        self.0
            .database()
            .start_server()
            .expect("the database starts again");
    }
}

fn while_the_database_is_down_everything_is_unavailable_and_then_recovers(world: &World) {
    assert_eq!(world.doctor().get("/Patient/1").status, 200);
    let outage = Outage::begin(world);
    // Twice: with what an instance still remembers, and when its memory is over.
    for pause in [0, 6] {
        std::thread::sleep(Duration::from_secs(pause));
        for path in ["/Patient/1", "/Patient?name=Betz", "/Patient?_count=0"] {
            let answer = world.doctor().get(path);
            answer.refused(503, "transient");
        }
        world.anonymous().get("/metadata").refused(503, "transient");
        // Whether the credentials are right, nobody can say now.
        world
            .as_user("nurse")
            .get("/Patient/1")
            .refused(503, "transient");
        let unknown = world.anonymous().with_credentials("nobody", "wrong");
        unknown.get("/Patient/1").refused(503, "transient");
        world.anonymous().get("/Patient/1").refused(401, "login");
        for client in [world.anonymous(), &world.as_user("admin")] {
            let ready = client.get("/health/ready");
            assert_eq!(
                (ready.status, ready.json()),
                (503, json!({"status": "unavailable"}))
            );
        }
        assert_eq!(
            world.anonymous().get("/health/live").ok(),
            json!({"status": "ok"})
        );
    }
    drop(outage);
    let recovered = becomes(RECOVERY, || {
        let paths = [
            "/Patient/1",
            "/Patient?name=Betz",
            "/metadata",
            "/health/ready",
        ];
        paths
            .iter()
            .all(|path| world.doctor().get(path).status == 200)
    });
    assert!(recovered, "{}", world.doctor().get("/Patient/1").text());
    assert_eq!(world.doctor().get("/Patient/1").ok(), world.patients()[&1]);
    assert_eq!(world.as_user("nurse").get("/Patient/1").status, 200);
    assert_eq!(
        world
            .anonymous()
            .with_credentials("nobody", "wrong")
            .get("/Patient/1")
            .status,
        401
    );
}

/// What a client saw.
#[derive(Debug, Default)]
struct Outcome {
    slowest: Duration,
    served: usize,
    refused: usize,
}

/// Eight clients ask for one path after another while `disturb` runs; every answer is 200 or 503.
fn while_clients_ask(world: &World, paths: &[&str], disturb: impl FnOnce()) -> Vec<Outcome> {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..8)
            .map(|number| {
                let (client, over) = (world.doctor(), &over);
                scope.spawn(move || {
                    let mut outcome = Outcome::default();
                    while !over.load(Ordering::Relaxed) {
                        let asked = Instant::now();
                        let answer = client.get(paths[(number + outcome.served) % paths.len()]);
                        match answer.status {
                            200 => outcome.served += 1,
                            503 => {
                                answer.refused(503, "transient");
                                outcome.refused += 1;
                            }
                            other => panic!("{other}: {}", answer.text()),
                        }
                        outcome.slowest = outcome.slowest.max(asked.elapsed());
                    }
                    outcome
                })
            })
            .collect();
        disturb();
        let back = becomes(RECOVERY, || world.doctor().get("/Patient/1").status == 200);
        std::thread::sleep(Duration::from_secs(1));
        over.store(true, Ordering::Relaxed);
        let outcomes: Vec<_> = clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .collect();
        assert!(back, "{outcomes:?}");
        outcomes
    })
}

fn requests_under_way_end_when_the_database_goes_and_comes(world: &World) {
    let outcomes = while_clients_ask(world, &["/Patient?_count=60&_total=accurate"], || {
        std::thread::sleep(Duration::from_secs(1));
        let outage = Outage::begin(world);
        std::thread::sleep(Duration::from_secs(2));
        drop(outage);
    });
    for outcome in &outcomes {
        // Not a promise of speed: what waits longer has hung.
        assert!(outcome.slowest < Duration::from_secs(30), "{outcomes:?}");
        assert!(outcome.served > 0 && outcome.refused > 0, "{outcomes:?}");
    }
}

/// An instance takes for granted that a connection has the plans of the one before; one that the server has just opened has none.
fn connections_that_end_are_replaced_with_all_that_was_planned_on_them(world: &World) {
    let outcomes = while_clients_ask(world, &["/Patient/1", "/Patient?_count=5"], || {
        for _ in 0..10 {
            std::thread::sleep(Duration::from_millis(300));
            world.end_connections();
        }
    });
    // A statement that was lost is run once more, on another connection; only one that is lost again is refused.
    let served: usize = outcomes.iter().map(|outcome| outcome.served).sum();
    let refused: usize = outcomes.iter().map(|outcome| outcome.refused).sum();
    assert!(served > 20 * refused, "{outcomes:?}");
    assert_eq!(world.doctor().get("/Patient/1").ok(), world.patients()[&1]);
}
