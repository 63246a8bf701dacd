//! Web applications of other origins: who may read what is answered.

use ureq::http::Method;

use crate::http::{Answer, Client};
use crate::world::World;
use crate::{Test, tests};

pub fn tests_of_other_apps() -> Vec<Test> {
    tests![
        without_configuration_no_origin_is_allowed,
        an_allowed_origin_may_read_and_others_may_not,
        a_browser_may_ask_before_anybody_signs_in,
        a_star_allows_every_origin_and_never_with_cookies,
        an_origin_that_is_none_is_refused_at_the_start,
    ]
}

const OURS: &str = "https://app.example.org";
const FOREIGN: &str = "https://evil.example";

/// What a browser sends before a script's request that is more than a form could send.
fn ask(client: &Client, path: &str, origin: &str) -> Answer {
    let headers = [
        ("origin", origin),
        ("access-control-request-method", "GET"),
        ("access-control-request-headers", "authorization,prefer"),
    ];
    client.send(&Method::OPTIONS, path, &headers)
}

/// The headers of an answer that are for other origins.
fn told(answer: &Answer) -> Vec<&str> {
    let names = answer.headers.keys().map(ureq::http::HeaderName::as_str);
    names
        .filter(|name| name.starts_with("access-control"))
        .collect()
}

/// Paths under which all kinds of answers are given, errors too.
const PATHS: &[&str] = &[
    "/Patient/1",
    "/Patient?_count=1",
    "/Patient?_count=x",
    "/Patient/999999",
    "/Patient/1/_history",
    "/Patient/1?_format=ttl",
    "/metadata",
    "/nothing",
];

fn without_configuration_no_origin_is_allowed(world: &World) {
    for path in PATHS {
        for client in [&world.doctor(), world.anonymous()] {
            let answer = client.get_with(path, &[("origin", OURS)]);
            assert!(told(&answer).is_empty(), "{path} {answer:?}");
            let vary = answer.header("vary").unwrap().to_lowercase();
            assert!(!vary.contains("origin"), "{vary}");
        }
        let answer = ask(world.anonymous(), path, OURS);
        assert_eq!(answer.status, 204);
        assert!(told(&answer).is_empty(), "{path} {answer:?}");
    }
    let statement = world.anonymous().get("/metadata").ok();
    assert_eq!(statement["rest"][0]["security"]["cors"], false);
}

fn an_allowed_origin_may_read_and_others_may_not(world: &World) {
    let allowed = format!("https://another.example, {OURS}");
    let app = world.start_app("cors", |options| options.with("cors_origins", &allowed));
    let doctor = app
        .client
        .with_credentials("doctor", world.password("doctor"));
    for path in PATHS {
        for client in [&doctor, &app.client] {
            let answer = client.get_with(path, &[("origin", OURS)]);
            assert_eq!(
                answer.header("access-control-allow-origin"),
                Some(OURS),
                "{path}"
            );
            assert_eq!(answer.header("access-control-allow-credentials"), None);
            let exposed = answer.header("access-control-expose-headers").unwrap();
            for name in ["ETag", "Last-Modified", "X-Request-Id", "WWW-Authenticate"] {
                assert!(exposed.contains(name), "{exposed}");
            }
            for foreign in [
                FOREIGN,
                "null",
                "https://app.example.org.evil.example",
                "http://app.example.org",
            ] {
                let answer = client.get_with(path, &[("origin", foreign)]);
                assert!(told(&answer).is_empty(), "{path} {answer:?}");
            }
            for answer in [client.get(path), client.get_with(path, &[("origin", OURS)])] {
                let vary = answer.header("vary").unwrap();
                assert!(
                    vary.split(", ").any(|name| name == "Origin"),
                    "{path} {vary}"
                );
            }
            assert!(told(&client.get(path)).is_empty());
        }
    }
    // Signing in too: for a program, and without the pages.
    let login = format!(
        "grant_type=password&username=doctor&password={}",
        world.password("doctor")
    );
    let token = app.client.post("/auth/token", &login, &[("origin", OURS)]);
    assert_eq!(token.status, 200);
    assert_eq!(token.header("access-control-allow-origin"), Some(OURS));
    let statement = app.client.get("/metadata").ok();
    assert_eq!(statement["rest"][0]["security"]["cors"], true);
}

fn a_browser_may_ask_before_anybody_signs_in(world: &World) {
    let app = world.start_app("preflight", |options| options.with("cors_origins", OURS));
    for path in PATHS.iter().chain(&["/auth/token"]) {
        let answer = ask(&app.client, path, OURS);
        assert_eq!(answer.status, 204, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some(OURS));
        let methods = answer.header("access-control-allow-methods").unwrap();
        assert!(
            methods.contains("GET") && methods.contains("POST"),
            "{methods}"
        );
        let headers = answer
            .header("access-control-allow-headers")
            .unwrap()
            .to_lowercase();
        for name in ["authorization", "content-type", "if-none-match", "prefer"] {
            assert!(headers.contains(name), "{headers}");
        }
        let foreign = ask(&app.client, path, FOREIGN);
        assert_eq!(foreign.status, 204, "{path}");
        assert!(told(&foreign).is_empty(), "{foreign:?}");
    }
    // Not such a question, and so it needs credentials as any other.
    let plain = app
        .client
        .send(&Method::OPTIONS, "/Patient/1", &[("origin", OURS)]);
    plain.refused(401, "login");
}

fn a_star_allows_every_origin_and_never_with_cookies(world: &World) {
    let app = world.start_app("cors-star", |options| options.with("cors_origins", "*"));
    let doctor = app
        .client
        .with_credentials("doctor", world.password("doctor"));
    for path in PATHS {
        for answer in [
            doctor.get_with(path, &[("origin", FOREIGN)]),
            ask(&app.client, path, FOREIGN),
        ] {
            assert_eq!(
                answer.header("access-control-allow-origin"),
                Some("*"),
                "{path}"
            );
            assert_eq!(answer.header("access-control-allow-credentials"), None);
        }
    }
}

fn an_origin_that_is_none_is_refused_at_the_start(world: &World) {
    for wrong in [
        "app.example.org",
        "https://app.example.org/path",
        "https://*.example.org",
    ] {
        let app = world.start_app("cors-wrong", |options| options.with("cors_origins", wrong));
        app.client.get("/metadata").refused(503, "exception");
        assert!(app.log().contains("cors_origins"), "{}", app.log());
        let answer = app.client.get_with("/Patient/1", &[("origin", wrong)]);
        assert!(told(&answer).is_empty(), "{answer:?}");
    }
}
