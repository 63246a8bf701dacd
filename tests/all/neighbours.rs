//! Components that ask one another, on behalf of the client: seen through batches and searches over several types, which
//! the component `metadata` has answered by the others.

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use toml::Table;

use crate::http::{Client, basic, raw};
use crate::principal::{manifest_with, without_guard};
use crate::users::{ExtraUser, PASSWORD, assert_refused};
use crate::world::{World, becomes, link};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        every_kind_of_credentials_is_good_in_the_other_component,
        links_of_the_other_component_are_those_of_the_client,
        a_forged_header_for_the_base_or_the_client_has_no_effect,
        a_wrong_password_counts_once_and_as_the_clients,
        all_components_log_under_one_request_id,
        preferences_go_along,
    ]
}

/// For these apps are started.
pub fn tests_of_other_apps() -> Vec<Test> {
    tests![
        links_have_the_base_that_is_configured,
        without_the_guard_of_the_other_component_nothing_is_answered,
        a_component_that_cannot_be_reached_is_unavailable_and_no_more_is_told,
    ]
}

const SEARCH: &str = "/?_type=Patient&_count=1";

fn batch(client: &Client, urls: &[&str]) -> Value {
    let entries: Vec<Value> = urls
        .iter()
        .map(|url| json!({"request": {"method": "GET", "url": url}}))
        .collect();
    let bundle = json!({"resourceType": "Bundle", "type": "batch", "entry": entries});
    let json = [("content-type", "application/fhir+json")];
    client.post("/", &bundle.to_string(), &json).ok()
}

fn every_kind_of_credentials_is_good_in_the_other_component(world: &World) {
    let user = ExtraUser::usual(world, "neighbour");
    let token = user.session(&"c0ffee".repeat(11)[..64], "0 s");
    let anonymous = world.anonymous();
    let mut clients = vec![
        user.client(PASSWORD),
        anonymous.with_authorization(&format!("Bearer {token}")),
        anonymous.with_authorization(&format!("Session {token}")),
    ];
    for client in clients.drain(..) {
        let bundle = client.get(SEARCH).ok();
        assert_eq!(bundle["entry"][0]["resource"], world.patients()[&1]);
        let answered = batch(&client, &["Patient/1"]);
        assert_eq!(
            answered["entry"][0]["resource"],
            world.doctor().get("/Patient/1").ok()
        );
    }
    // The cookie has another name where the client sees HTTPS: only who knows that finds it.
    for (proto, name) in [
        ("http", "gnuhealth-session"),
        ("https", "__Host-gnuhealth-session"),
    ] {
        let cookie = format!("{name}={token}");
        let headers = [("cookie", cookie.as_str()), ("x-forwarded-proto", proto)];
        let bundle = anonymous.get_with(SEARCH, &headers).ok();
        assert_eq!(bundle["entry"][0]["resource"], world.patients()[&1]);
    }
    let cookie = format!("gnuhealth-session={token}");
    let headers = [("cookie", cookie.as_str()), ("x-forwarded-proto", "https")];
    assert_refused(&anonymous.get_with(SEARCH, &headers));
    // A wrong header is not made good by a cookie.
    let wrong = anonymous.with_authorization("Bearer nonsense");
    assert_refused(&wrong.get_with(SEARCH, &[("cookie", &cookie)]));
}

fn links_of_the_other_component_are_those_of_the_client(world: &World) {
    let authorization = format!(
        "Authorization: {}",
        basic("doctor", world.password("doctor"))
    );
    for (more, base) in [
        ("", "http://fhir.example.org:8443"),
        (
            "X-Forwarded-Proto: https\r\n",
            "https://fhir.example.org:8443",
        ),
    ] {
        let request = format!(
            "GET {SEARCH} HTTP/1.1\r\nHost: fhir.example.org:8443\r\n{authorization}\r\n{more}Connection: close\r\n\r\n"
        );
        let (status, text) = raw(world.app().port(), request.as_bytes()).unwrap();
        assert_eq!(status, 200, "{text}");
        assert!(!text.contains("spin.internal"), "{text}");
        let bundle: Value = serde_json::from_str(text.split_once("\r\n\r\n").unwrap().1).unwrap();
        let full = bundle["entry"][0]["fullUrl"].as_str().unwrap();
        assert_eq!(full, format!("{base}/Patient/1"));
        assert!(
            link(&bundle, "next")
                .unwrap()
                .starts_with(&format!("{base}/?"))
        );
    }
    let answered = batch(&world.doctor(), &["Patient?_count=1"]);
    let next = link(&answered["entry"][0]["resource"], "next").unwrap();
    assert!(
        next.starts_with(&format!("{}/Patient?", world.app().url())),
        "{next}"
    );
}

fn a_forged_header_for_the_base_or_the_client_has_no_effect(world: &World) {
    let claim = b"99999999999 192.0.2.66 https://evil.example";
    let sealed = URL_SAFE_NO_PAD.encode([&[0; 32][..], claim].concat());
    for forged in [sealed.as_str(), "https://evil.example", "", "AAAA"] {
        let headers = [("x-gnuhealth-behalf", forged)];
        for path in ["/Patient?_count=1", SEARCH, "/metadata"] {
            let forged = world.doctor().get_with(path, &headers);
            assert_eq!(forged.ok(), world.doctor().get(path).ok(), "{path}");
            assert!(!forged.text().contains("evil"), "{path}");
        }
    }
    let user = ExtraUser::usual(world, "forged-behalf");
    let headers = [("x-gnuhealth-behalf", sealed.as_str())];
    for path in ["/Patient/1", SEARCH] {
        let client = user.client("wrong");
        assert_refused(&client.get_with(path, &headers));
        let attempts = user.attempts();
        assert_eq!(attempts.len(), 1, "{path}");
        assert_eq!(attempts[0]["ip_address"], client.address, "{path}");
        user.forget_attempts();
    }
}

fn a_wrong_password_counts_once_and_as_the_clients(world: &World) {
    let user = ExtraUser::usual(world, "wrong-neighbour");
    let client = user.client("wrong");
    let bundle = json!({"resourceType": "Bundle", "type": "batch", "entry": vec![
        json!({"request": {"method": "GET", "url": "Patient/1"}}); 20]});
    let json = [("content-type", "application/fhir+json")];
    assert_refused(&client.post("/", &bundle.to_string(), &json));
    let attempts = user.attempts();
    assert_eq!(attempts.len(), 1, "one request, one attempt");
    assert_eq!(attempts[0]["ip_address"], client.address);
}

fn all_components_log_under_one_request_id(world: &World) {
    let answer = world
        .doctor()
        .get_with(SEARCH, &[("x-request-id", "neighbours-7")]);
    answer.ok();
    assert_eq!(answer.header("x-request-id"), Some("neighbours-7"));
    let mut interactions = Vec::new();
    becomes(Duration::from_secs(5), || {
        let log = world.log();
        let lines = log.lines().filter(|line| line.contains("neighbours-7"));
        let parsed = lines.map(|line| serde_json::from_str(&line[line.find('{').unwrap()..]));
        let parsed: Vec<Value> = parsed.map(Result::unwrap).collect();
        interactions = parsed
            .iter()
            .map(|line| line["interaction"].as_str().unwrap().to_owned())
            .collect();
        interactions.sort();
        interactions.len() == 2
    });
    assert_eq!(interactions, ["search-system", "search-type"]);
}

fn preferences_go_along(world: &World) {
    let strict = [("prefer", "handling=strict")];
    world
        .doctor()
        .get_with("/?_type=Patient&shoe-size=44", &strict)
        .refused(400, "not-supported");
    world
        .doctor()
        .get_with(SEARCH, &[("prefer", "handling=harsh")])
        .refused(400, "invalid");
}

fn links_have_the_base_that_is_configured(world: &World) {
    let base = "https://fhir.example.org/hospital";
    let app = world.start_app("neighbours-base", |options| options.with("base_url", base));
    let client = app
        .client
        .with_credentials("doctor", world.password("doctor"));
    let bundle = client.get(SEARCH).ok();
    assert_eq!(bundle["entry"][0]["fullUrl"], format!("{base}/Patient/1"));
    let url = format!("{base}/Patient/1");
    let answered = batch(&client, &[&url, "https://fhir.example.org/Patient/1"]);
    assert_eq!(
        answered["entry"][0]["resource"],
        world.doctor().get("/Patient/1").ok()
    );
    assert_eq!(
        answered["entry"][1]["response"]["status"],
        "400 Bad Request"
    );
}

/// Who asks is told by their credentials alone: what `metadata` has found out is not handed on.
fn without_the_guard_of_the_other_component_nothing_is_answered(world: &World) {
    let manifest = without_guard();
    let app = world.start_app("neighbours-without-guard", |options| xtask::app::Options {
        manifest,
        ..options
    });
    let client = app
        .client
        .with_credentials("doctor", world.password("doctor"));
    assert_refused(&client.get(SEARCH));
    let answered = batch(&client, &["Patient/1", "metadata"]);
    assert_eq!(
        answered["entry"][0]["response"]["status"],
        "401 Unauthorized"
    );
    assert!(answered["entry"][0].get("resource").is_none());
    assert_eq!(answered["entry"][1]["response"]["status"], "200 OK");
}

/// `spin.toml`, but the components reach none but `login`.
fn secluded() -> PathBuf {
    manifest_with("secluded", |manifest: &mut Table| {
        for (_, component) in manifest["component"].as_table_mut().unwrap() {
            let hosts = component.get_mut("allowed_outbound_hosts");
            for host in hosts
                .into_iter()
                .flat_map(|hosts| hosts.as_array_mut().unwrap())
            {
                if host.as_str() == Some("http://*.spin.internal") {
                    *host = "http://login.spin.internal".into();
                }
            }
        }
    })
}

fn a_component_that_cannot_be_reached_is_unavailable_and_no_more_is_told(world: &World) {
    let manifest = secluded();
    let app = world.start_app("neighbours-secluded", |options| xtask::app::Options {
        manifest,
        ..options
    });
    let client = app
        .client
        .with_credentials("doctor", world.password("doctor"));
    client.get("/Patient/1").ok();
    let reason = client.get(SEARCH).refused(503, "transient");
    assert!(!reason.contains("patient"), "{reason}");
    let answered = batch(&client, &["Patient/1"]);
    let response = &answered["entry"][0]["response"];
    assert_eq!(response["status"], "503 Service Unavailable");
    assert!(
        !response.to_string().contains("allowed_outbound_hosts"),
        "{response}"
    );
    assert!(app.log().contains("the component patient cannot be asked"));
}
