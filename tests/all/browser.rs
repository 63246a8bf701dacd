//! A real browser and the pages: see tests/browser.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::users::{ExtraUser, PASSWORD};
use crate::visitor::with_session;
use crate::world::{EFFECT, World, folder};
use crate::{Test, npm, tests};

pub fn tests() -> Vec<Test> {
    tests![
        a_browser_signs_in_and_gets_what_it_asked_for,
        signing_out_ends_the_session_everywhere,
        the_home_page_lists_what_the_user_may_read,
        all_can_be_done_with_the_keyboard_and_the_focus_is_seen,
        signing_in_never_leads_to_another_origin,
        another_site_cannot_sign_a_victim_in,
        every_page_fits_can_be_read_and_is_not_complained_of,
    ]
}

/// Runs a scenario of tests/browser; gives what it found.
fn run(world: &World, scenario: &str, mut input: Value) -> Value {
    static CHROMIUM: OnceLock<PathBuf> = OnceLock::new();
    let chromium = CHROMIUM.get_or_init(|| match xtask::browser::chromium() {
        Ok(path) => path,
        Err(error) => panic!("{error:#}"),
    });
    input["base"] = json!(world.app().url());
    let mut node = Command::new("node")
        .arg(npm::installed("tests/browser").join("run.mjs"))
        .arg(scenario)
        .env("GNUHEALTH_FHIR_CHROMIUM", chromium)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the browser tests need node on the PATH");
    let mut stdin = node.stdin.take().unwrap();
    stdin.write_all(input.to_string().as_bytes()).unwrap();
    drop(stdin);
    let output = node.wait_with_output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{scenario}: {complaint}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{scenario}: {error}"))
}

fn user(user: &ExtraUser<'_>) -> Value {
    json!({"login": user.login, "password": PASSWORD})
}

fn demo_user(world: &World, login: &str) -> Value {
    json!({"login": login, "password": world.password(login)})
}

fn a_browser_signs_in_and_gets_what_it_asked_for(world: &World) {
    let extra = ExtraUser::usual(world, "browser-in");
    let found = run(world, "sign_in", json!({"user": user(&extra)}));
    assert_eq!(extra.keys().len(), 1);
    let client = with_session(world, found["cookie"].as_str().unwrap());
    assert_eq!(client.get("/Patient/1").status, 200);
}

fn signing_out_ends_the_session_everywhere(world: &World) {
    let extra = ExtraUser::usual(world, "browser-out");
    let effect = EFFECT.as_millis();
    let input = json!({"user": user(&extra), "effect": effect});
    let found = run(world, "sign_out", input);
    assert_eq!(extra.keys().len(), 0);
    let client = with_session(world, found["cookie"].as_str().unwrap());
    client.get("/Patient/1").refused(401, "login");
}

fn the_home_page_lists_what_the_user_may_read(world: &World) {
    let logins = ["doctor", "nolab", "nogroup", "ownpatients"];
    let users: Vec<_> = logins.map(|login| demo_user(world, login)).to_vec();
    let found = run(world, "home", json!({"users": users}));
    for login in logins {
        let home = &found[login];
        assert_eq!(home["heading"], format!("Welcome, Demo {login}"));
        let served = home["served"].as_array().unwrap();
        assert!(!served.is_empty());
        let client = world.as_user(login);
        for row in served {
            let name = row["name"].as_str().unwrap();
            let access = row["access"].as_str().unwrap();
            let answer = client.get(&format!("/{name}?_count=1"));
            match answer.status {
                200 => assert_eq!(access, "Yes", "{login} {name}"),
                status => {
                    let outcome = answer.json();
                    let reason = outcome["issue"][0]["diagnostics"].as_str().unwrap();
                    assert_eq!(access, format!("No {reason}"), "{login} {name} {status}");
                }
            }
        }
    }
    assert_eq!(found["doctor"]["groups"], json!(["Health Doctor"]));
    assert_eq!(found["nogroup"]["groups"], json!([]));
}

fn all_can_be_done_with_the_keyboard_and_the_focus_is_seen(world: &World) {
    let extra = ExtraUser::usual(world, "browser-keys");
    run(world, "keyboard", json!({"user": user(&extra)}));
    assert_eq!(extra.keys().len(), 0);
}

fn signing_in_never_leads_to_another_origin(world: &World) {
    let extra = ExtraUser::usual(world, "browser-next");
    let attempts = [
        "//evil.example",
        "///evil.example",
        "https://evil.example",
        "https:evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "%2f%2fevil.example",
        "/%2fevil.example",
        "/%252fevil.example",
        "/%09/evil.example",
        "/%0a/evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
    ];
    let input = json!({"user": user(&extra), "attempts": attempts});
    let landed = run(world, "open_redirect", input);
    assert_eq!(landed.as_object().unwrap().len(), attempts.len());
    for (attempt, path) in landed.as_object().unwrap() {
        assert_eq!(path, "/auth/home", "{attempt}");
    }
}

fn another_site_cannot_sign_a_victim_in(world: &World) {
    let extra = ExtraUser::usual(world, "browser-victim");
    run(world, "login_csrf", json!({"user": user(&extra)}));
    assert_eq!(extra.keys().len(), 0);
}

fn every_page_fits_can_be_read_and_is_not_complained_of(world: &World) {
    let input = json!({
        "user": demo_user(world, "doctor"),
        "stranger": {"login": "nobody-of-the-looks", "password": "wrong"},
        "folder": folder(),
    });
    run(world, "looks", input);
    let pictures = std::fs::read_dir(folder()).unwrap().flatten();
    let pictures =
        pictures.filter(|entry| entry.path().extension().is_some_and(|name| name == "png"));
    assert_eq!(pictures.count(), 24);
}
