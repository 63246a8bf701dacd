//! `require_group`: who is in none of the groups is refused, however they sign in.

use serde_json::json;

use crate::http::Answer;
use crate::users::{ExtraUser, PASSWORD};
use crate::world::{World, encoded};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![who_is_in_none_of_the_required_groups_is_refused]
}

fn who_is_in_none_of_the_required_groups_is_refused(world: &World) {
    let app = world.start_app("groups", |options| {
        options.with(
            "require_group",
            "Health Doctor, Health Nurse, Health Nursing",
        )
    });
    let refused = |answer: &Answer| {
        let text = answer.refused(403, "forbidden");
        assert!(text.contains("none of the groups"), "{text}");
    };
    // 4.4 calls nurses otherwise; `child` is a doctor by inheritance, or where there is none by a group of its own
    for (login, open) in [
        ("doctor", true),
        ("nurse", true),
        ("child", true),
        ("frontdesk", false),
        ("nogroup", false),
        ("admin", false),
    ] {
        let client = app.client.with_credentials(login, world.password(login));
        let answer = client.get("/Patient/1");
        if open {
            assert_eq!(answer.status, 200, "{login}");
        } else {
            refused(&answer);
            refused(&client.get("/Patient/1"));
        }
    }
    let user = ExtraUser::usual(world, "group");
    let token = user.session(&"ad".repeat(32), "0 s");
    let client = app.client.with_authorization(&format!("Bearer {token}"));
    refused(&client.get("/Patient/1"));
    let form = format!(
        "grant_type=password&username={}&password={}",
        user.login,
        encoded(PASSWORD)
    );
    let answer = app.client.post("/auth/token", &form, &[]);
    assert_eq!(
        (answer.status, &answer.json()["error"]),
        (403, &json!("access_denied"))
    );
    assert_eq!(user.keys().len(), 1);
    // a wrong password is not told whether the user would be let in
    let wrong = app.client.with_credentials(&user.login, "wrong");
    wrong.get("/Patient/1").refused(401, "login");

    let join = |name: &str| {
        world.sql().change(
            "INSERT INTO \"res_user-res_group\" (\"user\", \"group\") \
             SELECT $1::bigint::int, id FROM res_group WHERE name = $2::text",
            &[&user.id, &name],
        )
    };
    assert_eq!(join("Health Doctor"), 1);
    assert_eq!(client.get("/Patient/1").status, 200);
    // an inactive group is none
    world
        .sql()
        .run("INSERT INTO res_group (name, active) VALUES ('Health Test', false)");
    let inactive = world.start_app("groups-inactive", |options| {
        options.with("require_group", "Health Test")
    });
    assert_eq!(join("Health Test"), 1);
    refused(
        &inactive
            .client
            .with_authorization(&format!("Bearer {token}"))
            .get("/Patient/1"),
    );
    drop(user);
    world
        .sql()
        .run("DELETE FROM res_group WHERE name = 'Health Test'");
}
