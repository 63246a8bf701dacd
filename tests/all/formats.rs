//! What an answer is wrapped in: a page for people, and gzip.

use std::io::Read;

use flate2::read::GzDecoder;
use ureq::http::Method;

use crate::http::Answer;
use crate::users::ExtraUser;
use crate::visitor::with_session;
use crate::world::World;
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        a_browser_is_shown_a_page_with_links,
        nothing_of_the_data_is_markup,
        an_error_is_a_page_with_its_status,
        what_is_large_is_compressed_for_those_who_take_it,
        what_is_small_or_a_page_of_signing_in_is_not_compressed,
        what_a_cookie_opens_is_not_compressed,
    ]
}

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

#[track_caller]
fn page(answer: &Answer, status: u16) -> &str {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(
        answer.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let policy = answer.header("content-security-policy").unwrap();
    for directive in [
        "default-src 'none'",
        "style-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ] {
        assert!(policy.contains(directive), "{policy}");
    }
    assert_eq!(answer.header("x-frame-options"), Some("DENY"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let text = answer.text();
    assert!(
        !text.contains("<script") && !text.contains("style="),
        "{text}"
    );
    text
}

/// The text of the resource, without the markup around it.
fn shown(page: &str) -> String {
    let (_, resource) = page.split_once("<pre class=\"resource\"><code>").unwrap();
    let (resource, _) = resource.split_once("</code></pre>").unwrap();
    let mut text = String::new();
    for part in resource.split('<') {
        text.push_str(part.split_once('>').map_or(part, |(_, text)| text));
    }
    let named = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&#13;", "\r"),
        ("&amp;", "&"),
    ];
    named.iter().fold(text, |text, (name, character)| {
        text.replace(name, character)
    })
}

fn a_browser_is_shown_a_page_with_links(world: &World) {
    let doctor = world.doctor();
    for path in [
        "/Patient/1",
        "/Patient?_count=2",
        "/Patient/1/_history",
        "/metadata",
    ] {
        let answer = doctor.get_with(path, &[("accept", BROWSER)]);
        let text = page(&answer, 200);
        let json: serde_json::Value = serde_json::from_str(&shown(text)).unwrap();
        assert_eq!(json, doctor.get(path).json(), "{path}");
    }
    let patient = doctor.get_with("/Patient/1", &[("accept", BROWSER)]);
    assert_eq!(
        patient.header("etag"),
        doctor.get("/Patient/1").header("etag")
    );
    assert!(
        patient
            .text()
            .contains("href=\"/Patient/1?_format=json&#38;_pretty=true\""),
        "{}",
        patient.text()
    );
    let bundle = doctor.get_with("/Patient?_count=2", &[("accept", BROWSER)]);
    let json = doctor.get("/Patient?_count=2").json();
    for entry in json["entry"].as_array().unwrap() {
        let url = entry["fullUrl"].as_str().unwrap();
        assert!(
            bundle.text().contains(&format!("<a href=\"{url}\">")),
            "{}",
            bundle.text()
        );
    }
    // Those, self and next.
    let links = bundle.text().matches("<a href=\"http").count();
    assert_eq!(links, 4);
    let asked = doctor.get("/Patient/1?_format=html");
    assert_eq!(shown(page(&asked, 200)), shown(patient.text()));
}

fn nothing_of_the_data_is_markup(world: &World) {
    for (id, patient) in world.patients() {
        let answer = world.doctor().get(&format!("/Patient/{id}?_format=html"));
        let text = page(&answer, 200);
        let json: serde_json::Value = serde_json::from_str(&shown(text)).unwrap();
        assert_eq!(json, *patient);
        for markup in ["<i>", "<b>x", "<img", "<svg", "onerror=\""] {
            assert!(!text.contains(markup), "{id} {markup}");
        }
    }
    let ugly = &world.patients()[&17].to_string();
    assert!(ugly.contains("<i>x</i>"), "{ugly}");
    // What is asked for comes back in the page too.
    for path in [
        "/Patient/1?x=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
        "/Patient/1?x=\"><script>",
        "/Patient?_elements=%3Cscript%3E",
        "/%3Cscript%3Ealert(1)%3C/script%3E",
        "//evil.example/x",
    ] {
        let path = path
            .replace('"', "%22")
            .replace('<', "%3C")
            .replace('>', "%3E");
        let answer = world.doctor().get_with(&path, &[("accept", BROWSER)]);
        let text = answer.text();
        assert!(
            !text.contains("<script") && !text.contains("href=\"//"),
            "{text}"
        );
    }
}

fn an_error_is_a_page_with_its_status(world: &World) {
    for (path, status) in [
        ("/Patient/999999", 404),
        ("/Patient/1;drop", 400),
        ("/Patient?_count=x", 400),
        ("/nothing", 404),
    ] {
        let answer = world.doctor().get_with(path, &[("accept", BROWSER)]);
        let text = page(&answer, status);
        assert!(shown(text).contains("OperationOutcome"), "{text}");
    }
    let answer = world
        .doctor()
        .send(&Method::DELETE, "/Patient/1", &[("accept", BROWSER)]);
    page(&answer, 405);
    assert_eq!(answer.header("allow"), Some("GET, HEAD"));
}

fn decompressed(answer: &Answer) -> Vec<u8> {
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
    let mut bytes = Vec::new();
    GzDecoder::new(answer.body.as_slice())
        .read_to_end(&mut bytes)
        .unwrap();
    bytes
}

fn varies(answer: &Answer) -> bool {
    let vary = answer.header("vary").unwrap();
    vary.split(", ").any(|name| name == "Accept-Encoding")
}

fn what_is_large_is_compressed_for_those_who_take_it(world: &World) {
    let doctor = world.doctor();
    for path in [
        "/Patient?_count=1000",
        "/Patient/1",
        "/metadata",
        "/Patient?_count=20&_format=xml",
        "/Patient/1?_format=html",
    ] {
        let plain = doctor.get(path);
        assert_eq!(plain.header("content-encoding"), None);
        assert!(varies(&plain), "{path}");
        for accepted in ["gzip", "br, GZIP;q=0.5", "*", "gzip, deflate, br, zstd"] {
            let answer = doctor.get_with(path, &[("accept-encoding", accepted)]);
            assert_eq!(answer.status, 200);
            assert_eq!(decompressed(&answer), plain.body, "{path}");
            assert!(answer.body.len() * 2 < plain.body.len(), "{path}");
            assert!(varies(&answer), "{path}");
            assert_eq!(answer.header("etag"), plain.header("etag"));
            assert_eq!(answer.header("content-type"), plain.header("content-type"));
            let head = doctor.send(&Method::HEAD, path, &[("accept-encoding", accepted)]);
            assert_eq!(
                head.header("content-length"),
                answer.header("content-length")
            );
        }
        for refused in [
            "",
            "br",
            "identity",
            "gzip;q=0",
            "*;q=0",
            "identity, gzip;q=0.5",
            "gzip;q=0, *",
        ] {
            let answer = doctor.get_with(path, &[("accept-encoding", refused)]);
            assert_eq!(answer.header("content-encoding"), None, "{refused}");
            assert_eq!(answer.body, plain.body);
        }
    }
}

fn what_is_small_or_a_page_of_signing_in_is_not_compressed(world: &World) {
    let gzip = ("accept-encoding", "gzip");
    let outcome = world.doctor().get_with("/Patient/999999", &[gzip]);
    assert_eq!(outcome.header("content-encoding"), None);
    assert!(varies(&outcome));
    for path in ["/auth/login", "/auth/style.css", "/health/ready"] {
        let answer = crate::visitor::Visitor::of(world).send(&Method::GET, path, &[gzip], "");
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("content-encoding"), None, "{path}");
    }
}

/// Against BREACH: other sites can have a browser send it.
fn what_a_cookie_opens_is_not_compressed(world: &World) {
    let user = ExtraUser::usual(world, "no-gzip");
    let session = user.session(&"b7".repeat(32), "0 s");
    let gzip = ("accept-encoding", "gzip");
    let cookie = format!("gnuhealth-session={session}");
    for path in ["/Patient/1", "/Patient/1?_format=html"] {
        let answer = world
            .anonymous()
            .get_with(path, &[gzip, ("cookie", &cookie)]);
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-encoding"), None);
        let program = with_session(world, &session).get_with(path, &[gzip]);
        assert_eq!(program.header("content-encoding"), Some("gzip"));
    }
}
