//! Application keys: what a program signs in with that a user of Tryton has let in.

use serde_json::json;

use crate::users::{ExtraUser, assert_ended, assert_refused};
use crate::world::World;
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        a_validated_key_lets_in_and_no_other,
        a_cancelled_key_ends,
        a_key_ends_with_its_user,
        broken_keys_are_nobodys,
    ]
}

/// For these an app is started.
pub fn tests_of_a_restricted_app() -> Vec<Test> {
    tests![only_keys_of_the_named_applications_count]
}

fn made(user: &ExtraUser, application: &str, state: &str) -> (i64, String) {
    let made = user.world.tryton(&json!({
        "do": "application", "login": user.login, "application": application, "state": state
    }));
    (
        made["id"].as_i64().unwrap(),
        made["key"].as_str().unwrap().to_owned(),
    )
}

fn a_validated_key_lets_in_and_no_other(world: &World) {
    let user = ExtraUser::usual(world, "key");
    for (state, open) in [
        ("validated", true),
        ("requested", false),
        ("cancelled", false),
    ] {
        let (_, key) = made(&user, "fhir", state);
        let checked = world.tryton(&json!({"do": "check_key", "key": key, "application": "fhir"}));
        assert_eq!(checked["user"] == user.id, open, "{state}");
        for scheme in ["Bearer", "bearer"] {
            let client = world
                .anonymous()
                .with_authorization(&format!("{scheme} {key}"));
            let answer = client.get("/Patient/1");
            if open {
                assert_eq!(answer.status, 200);
            } else {
                assert_refused(&answer);
            }
        }
        assert_refused(
            &world
                .anonymous()
                .with_authorization(&format!("Session {key}"))
                .get("/Patient/1"),
        );
        let cookie = format!("gnuhealth-session={key}");
        assert_refused(
            &world
                .anonymous()
                .get_with("/Patient/1", &[("cookie", &cookie)]),
        );
    }
}

fn a_cancelled_key_ends(world: &World) {
    let user = ExtraUser::usual(world, "key-cancelled");
    let (id, key) = made(&user, "fhir", "validated");
    let client = world
        .anonymous()
        .with_authorization(&format!("Bearer {key}"));
    assert_eq!(client.get("/Patient/1").status, 200);
    world.tryton(&json!({"do": "cancel", "id": id}));
    assert_ended(&user, &client);
}

fn a_key_ends_with_its_user(world: &World) {
    let user = ExtraUser::usual(world, "key-user");
    let (_, key) = made(&user, "fhir", "validated");
    let client = world
        .anonymous()
        .with_authorization(&format!("Bearer {key}"));
    assert_eq!(client.get("/Patient/1").status, 200);
    user.set("active = false");
    assert_ended(&user, &client);
}

fn broken_keys_are_nobodys(world: &World) {
    let user = ExtraUser::usual(world, "key-broken");
    let (id, key) = made(&user, "fhir", "validated");
    for wrong in [
        &key[..127],
        &key[1..],
        &format!("{key}0"),
        &key.to_uppercase(),
        &"0".repeat(128),
        "%",
        "fhir",
    ] {
        let client = world
            .anonymous()
            .with_authorization(&format!("Bearer {wrong}"));
        assert_refused(&client.get("/Patient/1"));
    }
    // a key that somebody made too short by hand can be guessed
    world.sql().change(
        "UPDATE res_user_application SET key = 'short' WHERE id = $1::bigint",
        &[&id],
    );
    let client = world.anonymous().with_authorization("Bearer short");
    assert_refused(&client.get("/Patient/1"));
}

fn only_keys_of_the_named_applications_count(world: &World) {
    let app = world.start_app("applications", |options| {
        options.with("applications", "fhir, third")
    });
    let user = ExtraUser::usual(world, "key-named");
    for (application, open) in [("fhir", true), ("other", false)] {
        let (_, key) = made(&user, application, "validated");
        let client = app.client.with_authorization(&format!("Bearer {key}"));
        let answer = client.get("/Patient/1");
        if open {
            assert_eq!(answer.status, 200);
        } else {
            assert_refused(&answer);
        }
        assert_eq!(
            world
                .anonymous()
                .with_authorization(&format!("Bearer {key}"))
                .get("/Patient/1")
                .status,
            200
        );
    }
}
