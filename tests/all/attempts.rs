//! Too many wrong passwords: the rules of Tryton, and the rows shared with it.

use std::time::{Duration, Instant};

use serde_json::json;
use ureq::http::Method;
use xtask::process::memory;

use crate::http::Client;
use crate::load::MOST_MEMORY;
use crate::users::{
    ExtraUser, PASSWORD, assert_refused, assert_throttled, attempts, forget_attempts,
};
use crate::world::World;
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        a_failed_attempt_is_written_as_tryton_writes_it,
        each_failed_attempt_makes_the_next_wait_longer,
        an_attempt_that_comes_too_early_is_neither_looked_at_nor_counted,
        a_login_is_locked_after_five_failed_attempts_and_one,
        a_lock_ends_when_the_attempts_are_old_enough,
        a_lock_here_is_one_in_tryton,
        a_lock_in_tryton_is_one_here,
        a_right_password_takes_back_the_failed_attempts,
        what_tryton_takes_back_is_taken_back_here,
        a_locked_login_is_closed_to_who_was_let_in_before_too,
        a_session_goes_on_while_its_login_is_locked,
        unknown_logins_are_counted_and_locked_too,
        a_long_login_is_counted_by_its_first_512_characters,
        a_network_is_closed_after_three_hundred_attempts_and_writes_no_more,
        old_attempts_are_removed_with_the_next,
        attempts_from_a_known_device_are_not_counted,
    ]
}

pub fn tests_that_attack() -> Vec<Test> {
    tests![
        ten_thousand_wrong_passwords_cost_a_bounded_amount_of_work,
        an_unknown_login_takes_as_long_as_a_wrong_password,
        many_requests_with_one_password_hash_it_once,
    ]
}

/// Fails until the login has so many failed attempts, as if each had been made long enough after the one before.
fn fail(user: &ExtraUser, times: usize) {
    for _ in 0..times {
        let before = user.attempts().len();
        assert_refused(&user.client("wrong").get("/Patient/1"));
        assert_eq!(user.attempts().len(), before + 1);
        user.age_attempts(20);
    }
}

fn tryton_signs_in(user: &ExtraUser, password: &str) -> serde_json::Value {
    let question =
        json!({"do": "sign_in", "login": user.login, "password": password, "address": "192.0.2.1"});
    user.world.tryton(&question)
}

fn a_failed_attempt_is_written_as_tryton_writes_it(world: &World) {
    let user = ExtraUser::usual(world, "written");
    for address in ["192.0.2.55", "2001:db8:1:2345::7"] {
        assert_refused(&user.client("wrong").at(address).get("/Patient/1"));
        world.tryton(&json!({"do": "fail", "login": user.login, "address": address}));
        let rows = user.attempts();
        let [ours, theirs] = rows.as_slice() else {
            panic!("{rows:?}")
        };
        for column in [
            "create_uid",
            "write_uid",
            "write_date",
            "device_cookie",
            "ip_address",
            "ip_network",
            "login",
        ] {
            assert_eq!(ours[column], theirs[column], "{column}");
        }
        let time = |row: &serde_json::Value| {
            let text = row["create_date"].as_str().unwrap();
            chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").unwrap()
        };
        let apart = (time(theirs) - time(ours)).num_seconds();
        assert!((0..60).contains(&apart), "{apart} s");
        user.forget_attempts();
    }
}

fn each_failed_attempt_makes_the_next_wait_longer(world: &World) {
    let user = ExtraUser::usual(world, "waits");
    for wait in [0, 1, 3, 7, 15] {
        user.age_attempts(30);
        assert_refused(&user.client("wrong").get("/Patient/1"));
        if wait == 0 {
            continue;
        }
        let said = assert_throttled(&user.client(PASSWORD).get("/Patient/1"));
        assert!(
            (wait.max(2) - 1..=wait).contains(&said),
            "{said} instead of {wait}"
        );
    }
}

fn an_attempt_that_comes_too_early_is_neither_looked_at_nor_counted(world: &World) {
    let user = ExtraUser::usual(world, "early");
    fail(&user, 3);
    assert_refused(&user.client("wrong").get("/Patient/1"));
    let started = Instant::now();
    for _ in 0..10 {
        assert_throttled(&user.client("wrong").get("/Patient/1"));
        assert_throttled(&user.client(PASSWORD).get("/Patient/1"));
    }
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(user.attempts().len(), 4);
    user.age_attempts(7);
    assert_eq!(user.client(PASSWORD).get("/Patient/1").status, 200);
}

fn a_login_is_locked_after_five_failed_attempts_and_one(world: &World) {
    let user = ExtraUser::usual(world, "locked");
    fail(&user, 5);
    // as in trytond, five are not yet too many
    assert_refused(&user.client("wrong").get("/Patient/1"));
    assert_eq!(user.attempts().len(), 6);
    user.age_attempts(100);
    let wait = assert_throttled(&user.client(PASSWORD).get("/Patient/1"));
    // The oldest of six is 200 s old, and counts for 300 s.
    assert!((90..=100).contains(&wait), "{wait}");
    // who knocks while it is locked keeps it locked
    assert_eq!(user.attempts().len(), 7);
}

fn a_lock_ends_when_the_attempts_are_old_enough(world: &World) {
    let user = ExtraUser::usual(world, "unlocked");
    fail(&user, 6);
    assert_throttled(&user.client(PASSWORD).get("/Patient/1"));
    user.age_attempts(301);
    assert_eq!(user.client(PASSWORD).get("/Patient/1").status, 200);
}

fn a_lock_here_is_one_in_tryton(world: &World) {
    let user = ExtraUser::usual(world, "here");
    assert_eq!(tryton_signs_in(&user, PASSWORD)["user"], user.id);
    fail(&user, 6);
    let counted =
        world.tryton(&json!({"do": "attempts", "login": user.login, "address": "192.0.2.1"}));
    assert_eq!(counted["login"], 6);
    assert_eq!(tryton_signs_in(&user, PASSWORD)["limited"], true);
}

fn a_lock_in_tryton_is_one_here(world: &World) {
    let user = ExtraUser::usual(world, "there");
    assert_eq!(user.client(PASSWORD).get("/Patient/1").status, 200);
    for _ in 0..6 {
        assert_eq!(tryton_signs_in(&user, "wrong")["user"], json!(null));
    }
    assert_eq!(tryton_signs_in(&user, PASSWORD)["limited"], true);
    std::thread::sleep(crate::world::EFFECT);
    let wait = assert_throttled(&user.client(PASSWORD).get("/Patient/1"));
    assert!((200..=300).contains(&wait), "{wait}");
}

fn a_right_password_takes_back_the_failed_attempts(world: &World) {
    let user = ExtraUser::usual(world, "taken-back");
    fail(&user, 4);
    assert_eq!(user.client(PASSWORD).get("/Patient/1").status, 200);
    assert_eq!(user.attempts().len(), 0);
}

fn what_tryton_takes_back_is_taken_back_here(world: &World) {
    let user = ExtraUser::usual(world, "tryton-takes-back");
    fail(&user, 4);
    assert_eq!(tryton_signs_in(&user, PASSWORD)["user"], user.id);
    assert_eq!(user.attempts().len(), 0);
    assert_refused(&user.client("wrong").get("/Patient/1"));
    assert_eq!(user.client(PASSWORD).get("/Patient/1").status, 200);
}

/// Else what is remembered would tell a right guess from wrong ones that are not looked at.
fn a_locked_login_is_closed_to_who_was_let_in_before_too(world: &World) {
    let user = ExtraUser::usual(world, "closed");
    let client = user.client(PASSWORD);
    assert_eq!(client.get("/Patient/1").status, 200);
    fail(&user, 6);
    std::thread::sleep(crate::world::EFFECT);
    for _ in 0..5 {
        assert_throttled(&client.get("/Patient/1"));
    }
    user.forget_attempts();
    assert_eq!(client.get("/Patient/1").status, 200);
}

fn a_session_goes_on_while_its_login_is_locked(world: &World) {
    let user = ExtraUser::usual(world, "goes-on");
    let token = user.session(&"d4".repeat(32), "0 s");
    fail(&user, 6);
    let client = world
        .anonymous()
        .with_authorization(&format!("Bearer {token}"));
    assert_eq!(client.get("/Patient/1").status, 200);
    assert_throttled(&user.client(PASSWORD).get("/Patient/1"));
}

fn unknown_logins_are_counted_and_locked_too(world: &World) {
    let login = "nobody-locked";
    let client = world.anonymous().with_credentials(login, "wrong");
    for count in 1..=6 {
        assert_refused(&client.get("/Patient/1"));
        assert_eq!(attempts(world, login).len(), count);
        world.sql().change(
            "UPDATE res_user_login_attempt SET create_date = create_date - interval '20 s' WHERE login = $1",
            &[&login],
        );
    }
    assert_throttled(&client.get("/Patient/1"));
    forget_attempts(world, login);
}

fn a_long_login_is_counted_by_its_first_512_characters(world: &World) {
    let start = "ü".repeat(512);
    let one = world
        .anonymous()
        .with_credentials(&format!("{start}1"), "x");
    let other = world
        .anonymous()
        .with_credentials(&format!("{start}2"), "x");
    assert_refused(&one.get("/Patient/1"));
    assert_refused(&other.get("/Patient/1"));
    assert_eq!(attempts(world, &start).len(), 2);
    assert_throttled(&one.get("/Patient/1"));
    forget_attempts(world, &start);
}

fn a_network_is_closed_after_three_hundred_attempts_and_writes_no_more(world: &World) {
    let user = ExtraUser::usual(world, "network");
    let address = "203.0.113.77";
    let write = |count: i32| {
        world.sql().change(
            "INSERT INTO res_user_login_attempt (create_uid, create_date, login, ip_address, ip_network) \
             SELECT 0, now() AT TIME ZONE 'UTC' - interval '100 s', 'flood', $1::text, $1::text || '/32' \
             FROM generate_series(1, $2::int)",
            &[&address, &count],
        );
    };
    write(300);
    let client = user.client(PASSWORD).at(address);
    assert_eq!(client.get("/Patient/1").status, 200);
    write(1);
    std::thread::sleep(crate::world::EFFECT);
    let wait = assert_throttled(&client.get("/Patient/1"));
    assert!((180..=200).contains(&wait), "{wait}");
    assert_throttled(&user.client("wrong").at(address).get("/Patient/1"));
    let question =
        json!({"do": "sign_in", "login": user.login, "password": PASSWORD, "address": address});
    assert_eq!(world.tryton(&question)["limited"], true);
    assert_eq!(user.attempts().len(), 0);
    // from elsewhere it is open
    assert_eq!(user.client(PASSWORD).get("/Patient/1").status, 200);
    forget_attempts(world, "flood");
}

fn old_attempts_are_removed_with_the_next(world: &World) {
    let user = ExtraUser::usual(world, "old");
    fail(&user, 1);
    user.age_attempts(400);
    assert_eq!(user.attempts().len(), 1);
    assert_refused(&user.client("wrong").get("/Patient/1"));
    assert_eq!(user.attempts().len(), 1);
}

/// Tryton's client has a cookie by which its device is known; an attacker who locks the login has not.
fn attempts_from_a_known_device_are_not_counted(world: &World) {
    let user = ExtraUser::usual(world, "device");
    fail(&user, 6);
    world.sql().change(
        "UPDATE res_user_login_attempt SET device_cookie = 'device' WHERE login = $1",
        &[&user.login],
    );
    assert_eq!(user.client(PASSWORD).get("/Patient/1").status, 200);
    assert_eq!(user.attempts().len(), 6);
}

fn ten_thousand_wrong_passwords_cost_a_bounded_amount_of_work(world: &World) {
    const CLIENTS: usize = 40;
    const EACH: usize = 250;
    let hash = world.tryton(&json!({"do": "hash", "password": PASSWORD}))["hash"]
        .as_str()
        .unwrap()
        .to_owned();
    let user = ExtraUser::new(world, "attacked", Some(&hash));
    let other = ExtraUser::new(world, "bystander", Some(&hash));
    assert_eq!(other.client(PASSWORD).get("/Patient/1").status, 200);
    let token = other.session(&"e5".repeat(32), "0 s");
    let started = Instant::now();
    let (slowest, most, refused) = std::thread::scope(|scope| {
        let attackers: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let user = &user;
                scope.spawn(move || {
                    let client = Client::new(&user.world.app().url());
                    let mut refused = 0;
                    for guess in 0..EACH {
                        let password = format!("guess {number} {guess}");
                        // from everywhere, so that the limit of a network does not help
                        let client = client.with_credentials(&user.login, &password);
                        match client.get("/Patient/1").status {
                            401 => refused += 1,
                            429 | 503 => {}
                            status => panic!("{status}"),
                        }
                    }
                    refused
                })
            })
            .collect();
        let client = Client::new(&world.app().url()).with_authorization(&format!("Bearer {token}"));
        let (mut slowest, mut most) = (Duration::ZERO, 0);
        while !attackers
            .iter()
            .all(std::thread::ScopedJoinHandle::is_finished)
        {
            let asked = Instant::now();
            assert_eq!(client.get("/Patient/1").status, 200);
            slowest = slowest.max(asked.elapsed());
            most = most.max(memory(world.app().process()).expect("memory is measured by /proc"));
            std::thread::sleep(Duration::from_millis(20));
        }
        let refused = attackers
            .into_iter()
            .map(|attacker| attacker.join().unwrap());
        (slowest, most, refused.sum::<usize>())
    });
    let took = started.elapsed();
    let written = user.attempts().len();
    eprintln!(
        "attack: {} wrong passwords in {took:?}, {refused} looked at, {written} rows, slowest bystander {slowest:?}, at most {} MB",
        CLIENTS * EACH,
        most / 1_000_000
    );
    assert!(most < MOST_MEMORY, "{most} bytes");
    // Each that was looked at is a row. The sixth locks the login; one on the way then may follow. A slow machine comes so far,
    // and of a locked login Tryton writes down every attempt.
    if refused < 6 {
        assert_eq!(refused, written);
    }
    assert!(refused <= written, "{refused} of {written}");
    assert!((1..=8).contains(&refused), "{refused}");
    assert!(took < Duration::from_secs(120), "{took:?}");
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
    // Another who signs in now is not kept waiting.
    other.client(PASSWORD).get("/Patient/1").ok();
}

fn an_unknown_login_takes_as_long_as_a_wrong_password(world: &World) {
    let hash = world.tryton(&json!({"do": "hash", "password": PASSWORD}))["hash"]
        .as_str()
        .unwrap()
        .to_owned();
    let user = ExtraUser::new(world, "timed", Some(&hash));
    let inactive = ExtraUser::new(world, "timed-inactive", Some(&hash));
    inactive.set("active = false");
    let none = ExtraUser::new(world, "timed-none", None);
    let logins = [
        user.login.as_str(),
        "nobody-timed",
        &inactive.login,
        &none.login,
    ];
    let mut times = vec![Vec::new(); logins.len()];
    for round in 0..9 {
        for (login, times) in logins.iter().zip(&mut times) {
            let client = world
                .anonymous()
                .with_credentials(login, &format!("wrong {round}"));
            let asked = Instant::now();
            assert_refused(&client.get("/Patient/1"));
            times.push(asked.elapsed());
            forget_attempts(world, login);
        }
    }
    let medians: Vec<f64> = times
        .iter_mut()
        .map(|times| {
            times.sort();
            times[times.len() / 2].as_secs_f64()
        })
        .collect();
    eprintln!("timing: wrong, unknown, inactive, without password: {medians:?} s");
    for median in &medians {
        let ratio = median / medians[0];
        assert!((0.7..1.4).contains(&ratio), "{medians:?}");
    }
}

fn many_requests_with_one_password_hash_it_once(world: &World) {
    let hash = world.tryton(&json!({"do": "hash", "password": PASSWORD}))["hash"]
        .as_str()
        .unwrap()
        .to_owned();
    let user = ExtraUser::new(world, "once", Some(&hash));
    let alone = {
        let asked = Instant::now();
        user.client(PASSWORD).get("/Patient/1").ok();
        asked.elapsed()
    };
    let other = ExtraUser::new(world, "once-many", Some(&hash));
    let asked = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..40 {
            let client = Client::new(&world.app().url()).with_credentials(&other.login, PASSWORD);
            scope.spawn(move || {
                assert_eq!(client.send(&Method::GET, "/Patient/1", &[]).status, 200);
            });
        }
    });
    let together = asked.elapsed();
    eprintln!("hashing: one request {alone:?}, forty at once {together:?}");
    // Forty hashes, two at a time, would take twenty times as long.
    assert!(
        together < alone * 6 + Duration::from_secs(1),
        "{together:?} against {alone:?}"
    );
}
