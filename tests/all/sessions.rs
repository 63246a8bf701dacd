//! Sessions and tokens: Tryton's own, in a cookie or a header.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use ureq::http::Method;

use crate::http::{Answer, Client};
use crate::users::{ExtraUser, PASSWORD, assert_ended, assert_refused, assert_throttled, token};
use crate::world::{World, encoded};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        a_session_made_by_tryton_is_good_here_however_it_is_sent,
        a_token_made_here_is_a_session_of_tryton,
        a_session_is_not_made_by_who_brings_one,
        a_revoked_token_ends,
        a_session_that_tryton_ends_is_over_here,
        a_changed_password_ends_the_sessions,
        a_deactivated_user_has_no_sessions,
        a_session_ends_with_its_age_and_the_old_ones_are_deleted,
        the_timeout_of_tryton_does_not_end_a_session,
        a_request_keeps_a_session_fresh_as_in_tryton,
        forged_and_truncated_tokens_are_nobodys,
        the_cookie_of_another_name_or_twice_is_none,
        behind_https_only_the_cookie_of_that_name_counts,
        wrong_credentials_get_no_token,
        the_lock_holds_for_tokens_too,
        what_is_no_request_for_a_token_is_refused_as_oauth_says,
        a_large_body_is_not_read,
        a_stranger_cannot_have_a_password_verified,
    ]
}

fn form(login: &str, password: &str) -> String {
    format!(
        "grant_type=password&username={}&password={}",
        encoded(login),
        encoded(password)
    )
}

fn grant(user: &ExtraUser, password: &str) -> Answer {
    let form = form(&user.login, password);
    user.world.anonymous().post("/auth/token", &form, &[])
}

/// A token of the user, by the password.
fn granted(user: &ExtraUser) -> String {
    let answer = grant(user, PASSWORD);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

fn bearer(world: &World, token: &str) -> Client {
    world
        .anonymous()
        .with_authorization(&format!("Bearer {token}"))
}

/// The key in a token.
fn key(token: &str) -> String {
    let text = String::from_utf8(STANDARD.decode(token).unwrap()).unwrap();
    text.rsplit(':').next().unwrap().to_owned()
}

fn tryton_checks(user: &ExtraUser, key: &str) -> bool {
    let answer = user
        .world
        .tryton(&json!({"do": "check", "user": user.id, "key": key}));
    answer["user"] == user.id
}

fn a_session_made_by_tryton_is_good_here_however_it_is_sent(world: &World) {
    let user = ExtraUser::usual(world, "from-tryton");
    let made = world.tryton(&json!({
        "do": "sign_in", "login": user.login, "password": PASSWORD, "address": "192.0.2.1", "session": true
    }));
    assert_eq!(made["user"], user.id, "{made}");
    let token = token(&user.login, user.id, made["key"].as_str().unwrap());
    for header in [
        format!("Session {token}"),
        format!("session {token}"),
        format!("Bearer {token}"),
        format!("Session {}", token.trim_end_matches('=')),
    ] {
        let client = world.anonymous().with_authorization(&header);
        assert_eq!(client.get("/Patient/1").status, 200, "{header}");
    }
    let cookie = format!("a=b; gnuhealth-session={token}; c=d");
    let answer = world
        .anonymous()
        .get_with("/Patient/1", &[("cookie", &cookie)]);
    assert_eq!(answer.status, 200);
}

fn a_token_made_here_is_a_session_of_tryton(world: &World) {
    let user = ExtraUser::usual(world, "to-tryton");
    let answer = grant(&user, PASSWORD);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let grant = answer.json();
    assert_eq!(grant["token_type"], "Bearer");
    assert_eq!(grant["expires_in"], 30 * 24 * 60 * 60);
    let token = grant["access_token"].as_str().unwrap();
    assert_eq!(bearer(world, token).get("/Patient/1").status, 200);
    let key = key(token);
    assert_eq!(key.len(), 64);
    assert!(tryton_checks(&user, &key));
    let fresh = world.tryton(&json!({"do": "is_fresh", "user": user.id, "key": key}));
    assert_eq!(fresh["fresh"], true);
    let row = world
        .sql()
        .rows("SELECT * FROM ir_session WHERE key = $1", &[&key]);
    assert_eq!(row.len(), 1);
    assert_eq!(
        (&row[0]["create_uid"], &row[0]["write_uid"]),
        (&json!(user.id), &json!(null))
    );
    let made = crate::users::token(&user.login, user.id, &key);
    assert_eq!(token, made);
}

/// Session fixation: what was sent before signing in is never what one has afterwards.
fn a_session_is_not_made_by_who_brings_one(world: &World) {
    let user = ExtraUser::usual(world, "fixed");
    let chosen = "f6".repeat(32);
    let token = token(&user.login, user.id, &chosen);
    let cookie = format!("gnuhealth-session={token}");
    let form = form(&user.login, PASSWORD);
    let headers = [
        ("cookie", cookie.as_str()),
        ("authorization", &format!("Session {token}")),
    ];
    let answers = [(); 2].map(|()| {
        world
            .anonymous()
            .post("/auth/token", &form, &headers)
            .json()
    });
    let keys = answers.map(|answer| key(answer["access_token"].as_str().unwrap()));
    assert_ne!(keys[0], keys[1]);
    assert!(!keys.contains(&chosen));
    assert_refused(&bearer(world, &token).get("/Patient/1"));
    assert_eq!(user.keys(), keys);
}

fn a_revoked_token_ends(world: &World) {
    let user = ExtraUser::usual(world, "revoked");
    let (token, other) = (granted(&user), granted(&user));
    assert_eq!(bearer(world, &token).get("/Patient/1").status, 200);
    for _ in 0..2 {
        let answer =
            world
                .anonymous()
                .post("/auth/revoke", &format!("token={}", encoded(&token)), &[]);
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    assert!(!tryton_checks(&user, &key(&token)));
    assert_eq!(user.keys(), [key(&other)]);
    assert_ended(&user, &bearer(world, &token));
    assert_eq!(bearer(world, &other).get("/Patient/1").status, 200);
    // of another user, and not of the one whose key it is: nothing happens
    let wrong = crate::users::token(&user.login, user.id + 1, &key(&other));
    world
        .anonymous()
        .post("/auth/revoke", &format!("token={}", encoded(&wrong)), &[]);
    assert_eq!(user.keys(), [key(&other)]);
    for form in ["", "x=y", "token=a&token=b"] {
        let answer = world.anonymous().post("/auth/revoke", form, &[]);
        assert_eq!(answer.json()["error"], "invalid_request", "{form}");
    }
}

fn a_session_that_tryton_ends_is_over_here(world: &World) {
    let user = ExtraUser::usual(world, "ended");
    let (one, two) = (granted(&user), granted(&user));
    assert_eq!(bearer(world, &one).get("/Patient/1").status, 200);
    world.tryton(&json!({"do": "log_out", "user": user.id, "key": key(&one)}));
    assert_ended(&user, &bearer(world, &one));
    assert_eq!(bearer(world, &two).get("/Patient/1").status, 200);
    world.tryton(&json!({"do": "clear", "user": user.id}));
    assert_ended(&user, &bearer(world, &two));
}

fn a_changed_password_ends_the_sessions(world: &World) {
    let user = ExtraUser::usual(world, "changed");
    let token = granted(&user);
    assert_eq!(bearer(world, &token).get("/Patient/1").status, 200);
    let values = json!({"password": "Wxy-4731_bdfgh"});
    world.tryton(&json!({"do": "write", "login": user.login, "values": values}));
    assert_ended(&user, &bearer(world, &token));
}

fn a_deactivated_user_has_no_sessions(world: &World) {
    let user = ExtraUser::usual(world, "deactivated");
    let token = granted(&user);
    assert_eq!(bearer(world, &token).get("/Patient/1").status, 200);
    // also if the row stays, as after a change in SQL
    user.set("active = false");
    assert_ended(&user, &bearer(world, &token));
    user.set("active = true");
    assert_eq!(bearer(world, &token).get("/Patient/1").status, 200);
    world.tryton(&json!({"do": "write", "login": user.login, "values": {"active": false}}));
    assert_ended(&user, &bearer(world, &token));
}

fn a_session_ends_with_its_age_and_the_old_ones_are_deleted(world: &World) {
    let user = ExtraUser::usual(world, "aged");
    let key = |letter: &str| letter.repeat(64);
    let old = user.session(&key("1"), "30 days 1 s");
    let future = user.session(&key("2"), "-31 days");
    let other = user.session(&key("3"), "29 days 23 hours");
    for token in [&old, &future] {
        assert_refused(&bearer(world, token).get("/Patient/1"));
    }
    assert_eq!(bearer(world, &other).get("/Patient/1").status, 200);
    assert_eq!(user.keys(), [key("3")]);
    assert!(tryton_checks(&user, &key("3")));
}

fn the_timeout_of_tryton_does_not_end_a_session(world: &World) {
    let user = ExtraUser::usual(world, "timeout");
    let key = "4".repeat(64);
    let token = user.session(&key, "2 hours");
    assert_eq!(bearer(world, &token).get("/Patient/1").status, 200);
    assert!(tryton_checks(&user, &key));
    // nor is it made fresh again
    let row = world
        .sql()
        .rows("SELECT write_date FROM ir_session WHERE key = $1", &[&key]);
    assert_eq!(row[0]["write_date"], json!(null));
}

fn a_request_keeps_a_session_fresh_as_in_tryton(world: &World) {
    let user = ExtraUser::usual(world, "fresh");
    let written = |key: &str| {
        let row = world.sql().rows(
            "SELECT write_uid, extract(epoch FROM now() AT TIME ZONE 'UTC' - write_date)::float8 AS age \
             FROM ir_session WHERE key = $1",
            &[&key],
        );
        row[0].clone()
    };
    let (young, resting) = ("5".repeat(64), "6".repeat(64));
    for (key, age) in [(&young, "20 s"), (&resting, "40 s")] {
        let token = user.session(key, age);
        assert_eq!(bearer(world, &token).get("/Patient/1").status, 200);
    }
    assert_eq!(written(&young)["age"], json!(null));
    let row = written(&resting);
    assert!(row["age"].as_f64().is_some_and(|age| age < 20.0), "{row}");
    assert_eq!(row["write_uid"], 0, "{row}");
    let fresh = world.tryton(&json!({"do": "is_fresh", "user": user.id, "key": resting}));
    assert_eq!(fresh["fresh"], true);
}

fn forged_and_truncated_tokens_are_nobodys(world: &World) {
    let user = ExtraUser::usual(world, "forged");
    let key = "7a".repeat(32);
    let right = user.session(&key, "0 s");
    assert_eq!(bearer(world, &right).get("/Patient/1").status, 200);
    let admin = world
        .sql()
        .value("SELECT id FROM res_user WHERE login = 'admin'", &[]);
    let admin = admin.as_i64().unwrap();
    for forged in [
        token(&user.login, admin, &key),
        token("admin", admin, &key),
        token(&user.login, user.id, &key[..63]),
        token(&user.login, user.id, &format!("{key}a")),
        token(&user.login, user.id, &key.to_uppercase()),
        token(&user.login, user.id, &"0".repeat(64)),
        token(&user.login, user.id, ""),
        token(&user.login, user.id, "%"),
        token(&user.login, 0, &key),
        token(&user.login, i64::MAX, &key),
        token(&user.login, -user.id, &key),
        right[..right.len() - 4].to_owned(),
        format!("{right}{right}"),
        key.clone(),
    ] {
        for scheme in ["Session", "Bearer"] {
            let client = world
                .anonymous()
                .with_authorization(&format!("{scheme} {forged}"));
            assert_refused(&client.get("/Patient/1"));
        }
        let cookie = format!("gnuhealth-session={forged}");
        assert_refused(
            &world
                .anonymous()
                .get_with("/Patient/1", &[("cookie", &cookie)]),
        );
    }
    // The login is for people, as in trytond: the key decides.
    assert_eq!(
        bearer(world, &token("renamed", user.id, &key))
            .get("/Patient/1")
            .status,
        200
    );
}

fn the_cookie_of_another_name_or_twice_is_none(world: &World) {
    let user = ExtraUser::usual(world, "cookie");
    let token = user.session(&"8b".repeat(32), "0 s");
    for cookies in [
        format!("__Host-gnuhealth-session={token}"),
        format!("gnuhealth={token}"),
        format!("gnuhealth-session={token}; gnuhealth-session={token}"),
        "gnuhealth-session=".to_owned(),
        "gnuhealth-session".to_owned(),
        ";;;=;".to_owned(),
    ] {
        assert_refused(
            &world
                .anonymous()
                .get_with("/Patient/1", &[("cookie", &cookies)]),
        );
    }
}

fn behind_https_only_the_cookie_of_that_name_counts(world: &World) {
    let user = ExtraUser::usual(world, "https");
    let token = user.session(&"9c".repeat(32), "0 s");
    let get = |name: &str| {
        let cookie = format!("{name}={token}");
        let headers = [("cookie", cookie.as_str()), ("x-forwarded-proto", "https")];
        world.anonymous().get_with("/Patient/1", &headers)
    };
    assert_eq!(get("__Host-gnuhealth-session").status, 200);
    assert_refused(&get("gnuhealth-session"));
}

fn wrong_credentials_get_no_token(world: &World) {
    let user = ExtraUser::usual(world, "no-token");
    for password in ["wrong", ""] {
        let answer = grant(&user, password);
        assert_eq!(answer.status, 400, "{}", answer.text());
        assert_eq!(answer.json()["error"], "invalid_grant");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        user.age_attempts(20);
    }
    assert_eq!(user.attempts().len(), 2);
    assert_eq!(user.keys().len(), 0);
    granted(&user);
    assert_eq!(user.attempts().len(), 0);
}

fn the_lock_holds_for_tokens_too(world: &World) {
    let user = ExtraUser::usual(world, "token-locked");
    for _ in 0..6 {
        assert_eq!(grant(&user, "wrong").json()["error"], "invalid_grant");
        user.age_attempts(20);
    }
    let answer = grant(&user, PASSWORD);
    assert_eq!(answer.status, 429, "{}", answer.text());
    assert!(answer.header("retry-after").is_some());
    assert_throttled(&user.client(PASSWORD).get("/Patient/1"));
    assert_eq!(user.keys().len(), 0);
}

fn what_is_no_request_for_a_token_is_refused_as_oauth_says(world: &World) {
    let client = world.anonymous();
    for (form, error) in [
        ("", "invalid_request"),
        ("username=a&password=b", "invalid_request"),
        ("grant_type=password&username=a", "invalid_request"),
        (
            "grant_type=password&username=a&username=b&password=c",
            "invalid_request",
        ),
        (
            "grant_type=password&grant_type=password&username=a&password=c",
            "invalid_request",
        ),
        (
            "grant_type=password&username=%&password=c",
            "invalid_request",
        ),
        (
            "grant_type=password&username=%00&password=c",
            "invalid_request",
        ),
        (
            "grant_type=authorization_code&code=x",
            "unsupported_grant_type",
        ),
        ("grant_type=client_credentials", "unsupported_grant_type"),
    ] {
        let answer = client.post("/auth/token", form, &[]);
        assert_eq!(answer.status, 400, "{form}");
        assert_eq!(answer.json()["error"], error, "{form}");
    }
    let json = client.post("/auth/token", "{}", &[("content-type", "application/json")]);
    assert_eq!(json.json()["error"], "invalid_request");
    for path in ["/auth/token", "/auth/revoke"] {
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let answer = client.send(&method, path, &[]);
            answer.refused(405, "not-supported");
            assert_eq!(answer.header("allow"), Some("POST"));
        }
    }
    // a password in a URL would be in every log on the way
    let query = client.post(
        "/auth/token?grant_type=password&username=a&password=b",
        "",
        &[],
    );
    assert_eq!(query.json()["error"], "invalid_request");
    client.get("/auth/other").refused(404, "not-supported");
}

fn a_large_body_is_not_read(world: &World) {
    let form = format!(
        "grant_type=password&username=a&password={}",
        "x".repeat(9_000)
    );
    let answer = world.anonymous().post("/auth/token", &form, &[]);
    answer.refused(413, "too-long");
}

fn a_stranger_cannot_have_a_password_verified(world: &World) {
    let user = ExtraUser::usual(world, "oracle");
    let end = chrono::Utc::now().timestamp() + 30;
    let question =
        json!({"login": user.login, "password": PASSWORD, "client": "192.0.2.1", "end": end})
            .to_string();
    let client = world.anonymous();
    let unknown = client.post("/auth/other", &question, &[]);
    for signature in ["", "AAAA", &"A".repeat(43)] {
        let headers = [
            ("x-gnuhealth-signature", signature),
            ("content-type", "application/json"),
        ];
        let answer = client.post("/auth/verify", &question, &headers);
        answer.refused(404, "not-supported");
        assert_eq!(answer.text(), unknown.text());
    }
    client.get("/auth/verify").refused(404, "not-supported");
    assert_eq!(user.attempts().len(), 0);
}
