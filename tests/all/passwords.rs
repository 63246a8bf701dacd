//! Passwords: every format that a database may hold, and what ends them.

use serde_json::json;
use xtask::database::GnuHealth;

use crate::users::{
    ExtraUser, HASH, OTHER_HASH, PASSWORD, assert_ended, assert_refused, usual_hash,
};
use crate::world::World;
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        passwords_hashed_by_older_versions_are_verified,
        a_password_set_in_tryton_is_verified,
        a_password_for_once_is_good_until_its_time_is_over,
        a_hash_that_costs_too_much_lets_nobody_in_and_holds_nobody_up,
        a_user_without_a_password_cannot_sign_in,
        a_changed_password_counts_at_once_and_the_old_one_ends,
        a_deactivated_user_loses_access,
    ]
}

/// What passlib 1.7.4, or trytond itself, made of [`PASSWORD`] with the schemes that trytond has used, at low cost.
const HASHES: &[(&str, &str)] = &[
    ("scrypt", HASH),
    (
        "bcrypt",
        "$2b$05$1DSH8eWpyG9aYTcBGLtArO62JgExChJM6MfAf0CJ0UPv6U4hBvfne",
    ),
    (
        "pbkdf2-sha512",
        "$pbkdf2-sha512$1000$L2XMeY/x/l/Lee8do9Q6Jw$kVbXtriLeWkgwgiKL8jOBxCUo6YLKCaHffW.WqSHqyni/7A3DJQsmFaD47Pgb9sZP.Ilzn3sPnJQk8I.fMgAlg",
    ),
    (
        "argon2id",
        "$argon2id$v=19$m=1024,t=2,p=4$57zXei/lnHMOIYQwxnhv7Q$l9O4lkDQmgC9HwtQiI6/IhufoNfAH4RN1QFunA2wscY",
    ),
    (
        "argon2i",
        "$argon2i$v=19$m=512,t=2,p=4$z5lzrnXuPef8f++ds7Z2jg$UkF0s5p7Hcg4bfSx8NTMNLoqzPjgjOLmzp+t9nUGNEk",
    ),
    (
        "sha1",
        "sha1$dacc2d29252fcd4d700a3ed4ed24103c26ccb61e$aB3dE6gH",
    ),
    (
        "legacy-bcrypt",
        "bcrypt$$2b$04$O2.yrCTdQRfYgefq96tCHuHrUe.W4j9yToetSZkX12dD/Rpzba9vm",
    ),
];

fn passwords_hashed_by_older_versions_are_verified(world: &World) {
    for (scheme, hash) in HASHES {
        let user = ExtraUser::new(world, scheme, Some(hash));
        assert_eq!(
            user.client(PASSWORD).get("/Patient/1").status,
            200,
            "{scheme}"
        );
        for wrong in ["", "x", &PASSWORD[..PASSWORD.len() - 3]] {
            assert_refused(&user.client(wrong).get("/Patient/1"));
            user.forget_attempts();
        }
    }
}

fn a_password_set_in_tryton_is_verified(world: &World) {
    let user = ExtraUser::usual(world, "tryton-sets");
    let password = "Quvw_8265-kmpz";
    world.tryton(&json!({"do": "write", "login": user.login, "values": {"password": password}}));
    let stored = world.sql().value(
        "SELECT password_hash FROM res_user WHERE login = $1",
        &[&user.login],
    );
    let format = match world.version() {
        GnuHealth::V5_0 => "$scrypt$ln=16,r=8,p=1$",
        GnuHealth::V4_4 => "$2b$12$",
    };
    assert!(stored.as_str().unwrap().starts_with(format), "{stored}");
    assert_eq!(user.client(password).get("/Patient/1").status, 200);
    assert_refused(&user.client(PASSWORD).get("/Patient/1"));
}

fn a_password_for_once_is_good_until_its_time_is_over(world: &World) {
    let user = ExtraUser::usual(world, "reset");
    let once = "once-Kx7_42zq";
    let reset = |seconds: i64| {
        world.tryton(&json!({"do": "reset_password", "login": user.login, "password": once, "seconds": seconds}));
    };
    let tryton = || {
        let question =
            json!({"do": "sign_in", "login": user.login, "password": once, "address": "192.0.2.9"});
        world.tryton(&question)["user"] == user.id
    };
    reset(-1);
    assert!(!tryton());
    user.forget_attempts();
    assert_refused(&user.client(once).get("/Patient/1"));
    user.forget_attempts();
    reset(3600);
    assert!(tryton());
    assert_refused(&user.client("another").get("/Patient/1"));
    assert_refused(&user.client(PASSWORD).get("/Patient/1"));
    user.forget_attempts();
    assert_eq!(user.client(once).get("/Patient/1").status, 200);
    // a password of one's own ends it
    user.set(&format!("password_hash = '{}'", usual_hash(world)));
    assert!(!tryton());
    user.forget_attempts();
    assert_ended(&user, &user.client(once));
}

fn a_hash_that_costs_too_much_lets_nobody_in_and_holds_nobody_up(world: &World) {
    let salt = "aM05p1RKCSHkPCckxDhnrA";
    let checksum = "A".repeat(43);
    for (name, cost) in [
        ("scrypt", "$scrypt$ln=24,r=8,p=1"),
        ("argon2", "$argon2id$v=19$m=4194304,t=4294967295,p=1"),
        ("pbkdf2", "$pbkdf2-sha512$4294967295"),
    ] {
        let hash = format!("{cost}${salt}${checksum}");
        let user = ExtraUser::new(world, &format!("costs-{name}"), Some(&hash));
        let started = std::time::Instant::now();
        assert_refused(&user.client(PASSWORD).get("/Patient/1"));
        assert!(started.elapsed().as_secs() < 10, "{name}");
    }
    let bcrypt = format!("$2b$31${}", "a".repeat(53));
    let user = ExtraUser::new(world, "costs-bcrypt", Some(&bcrypt));
    assert_refused(&user.client(PASSWORD).get("/Patient/1"));
}

fn a_user_without_a_password_cannot_sign_in(world: &World) {
    for (name, hash) in [
        ("null", None),
        ("empty", Some("")),
        ("broken", Some("$scrypt$x")),
    ] {
        let user = ExtraUser::new(world, name, hash);
        for password in ["", "null", "$scrypt$x"] {
            assert_refused(&user.client(password).get("/Patient/1"));
            user.forget_attempts();
        }
    }
}

fn a_changed_password_counts_at_once_and_the_old_one_ends(world: &World) {
    let hash = HASH;
    let user = ExtraUser::new(world, "changes", Some(hash));
    assert_eq!(user.client(PASSWORD).get("/Patient/1").status, 200);
    user.set(&format!("password_hash = '{OTHER_HASH}'"));
    assert_eq!(user.client("gnusolidario").get("/Patient/1").status, 200);
    assert_ended(&user, &user.client(PASSWORD));
    user.set(&format!("password_hash = '{hash}'"));
    assert_eq!(user.client(PASSWORD).get("/Patient/1").status, 200);
    assert_ended(&user, &user.client("gnusolidario"));
}

fn a_deactivated_user_loses_access(world: &World) {
    let hash = HASH;
    let user = ExtraUser::new(world, "leaves", Some(hash));
    assert_eq!(user.client(PASSWORD).get("/Patient/1").status, 200);
    user.set("active = false");
    assert_ended(&user, &user.client(PASSWORD));
    user.set("active = true");
    assert_eq!(user.client(PASSWORD).get("/Patient/1").status, 200);
}
