//! Many clients at once: none is answered wrongly, and memory stays bounded.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use xtask::process::memory;

use crate::http::Client;
use crate::world::World;
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        sixty_four_connections_are_served_without_an_error_in_bounded_memory,
        many_who_sign_in_at_once_are_all_let_in,
    ]
}

const CONNECTIONS: usize = 64;

/// What the app may take at most, in bytes: the code of 18 components and their instances. Those of `login` may hold a password
/// hash of 64 MiB for a moment.
pub const MOST_MEMORY: u64 = 2_200_000_000;

fn sixty_four_connections_are_served_without_an_error_in_bounded_memory(world: &World) {
    let patients = world.patients();
    let ids: Vec<i64> = patients.keys().copied().collect();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CONNECTIONS)
            .map(|number| {
                let (ids, over) = (&ids, &over);
                scope.spawn(move || {
                    // A client of its own has a connection of its own.
                    let client = Client::new(&world.app().url());
                    let client = client.with_credentials("doctor", world.password("doctor"));
                    let mut served = 0;
                    while !over.load(Ordering::Relaxed) {
                        let id = ids[(number + served) % ids.len()];
                        let answer = client.get(&format!("/Patient/{id}"));
                        assert_eq!(answer.ok()["id"], id.to_string());
                        served += 1;
                    }
                    served
                })
            })
            .collect();
        let mut most = 0;
        for _ in 0..20 {
            std::thread::sleep(Duration::from_millis(400));
            most = most.max(memory(world.app().process()).expect("memory is measured by /proc"));
        }
        over.store(true, Ordering::Relaxed);
        let served: Vec<usize> = clients
            .into_iter()
            .map(|client| client.join().expect("a client fails"))
            .collect();
        assert!(served.iter().all(|count| *count > 0), "{served:?}");
        assert!((1..MOST_MEMORY).contains(&most), "{most} bytes");
        let total: usize = served.iter().sum();
        eprintln!(
            "load: {} requests in 8 s, at most {} MB",
            total,
            most / 1_000_000
        );
    });
}

fn many_who_sign_in_at_once_are_all_let_in(world: &World) {
    let users = [
        "doctor",
        "frontdesk",
        "nurse",
        "lab",
        "child",
        "restricted",
        "nolab",
        "nogroup",
    ];
    std::thread::scope(|scope| {
        for number in 0..32 {
            scope.spawn(move || {
                let login = users[number % users.len()];
                let client = Client::new(&world.app().url());
                let client = client.with_credentials(login, world.password(login));
                assert_eq!(client.get("/Patient/1").status, 200, "{login}");
                if number < users.len() {
                    let wrong = client.with_credentials(&format!("nobody-{login}"), "wrong");
                    wrong.get("/Patient/1").refused(401, "login");
                }
            });
        }
    });
    let taken = memory(world.app().process()).expect("memory is measured by /proc");
    assert!((1..MOST_MEMORY).contains(&taken), "{taken} bytes");
}
