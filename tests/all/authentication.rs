//! Who may come in: what a request carries, checked in front of every protected component.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ureq::http::Method;

use crate::http::{Answer, basic, raw, raw_get};
use crate::users::{ExtraUser, PASSWORD, assert_refused, forget_attempts, token};
use crate::world::World;
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        without_credentials_nothing_is_served,
        an_unknown_login_and_a_wrong_password_are_refused_alike,
        an_inactive_user_cannot_sign_in,
        every_active_user_can_sign_in,
        broken_credentials_and_other_schemes_are_refused,
        a_nul_character_in_a_login_is_refused_as_any_wrong_one,
        the_scheme_may_be_written_in_any_case,
        logins_and_passwords_are_compared_to_the_letter,
        the_superuser_of_tryton_cannot_sign_in,
        sql_in_credentials_finds_nobody,
        an_authorization_header_decides_alone,
        two_authorization_headers_are_refused,
        a_person_is_sent_to_the_login_page_and_a_program_is_not,
        strangers_are_answered_without_anything_of_a_patient,
    ]
}

fn without_credentials_nothing_is_served(world: &World) {
    for path in [
        "/Patient",
        "/Patient/1",
        "/Patient/999999",
        "/Patient?name=Betz",
        "/Patient/1/_history",
    ] {
        assert_refused(&world.anonymous().get(path));
    }
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        assert_refused(&world.anonymous().send(&method, "/Patient/1", &[]));
    }
    let head = world.anonymous().send(&Method::HEAD, "/Patient/1", &[]);
    assert_eq!(head.status, 401);
}

fn an_unknown_login_and_a_wrong_password_are_refused_alike(world: &World) {
    let user = ExtraUser::usual(world, "alike");
    let wrong = user.client("wrong").get("/Patient/1");
    let unknown = world
        .anonymous()
        .with_credentials("nobody-alike", "wrong")
        .get("/Patient/1");
    assert_refused(&wrong);
    assert_refused(&unknown);
    assert_eq!(wrong.text(), unknown.text());
    let names = |answer: &Answer| {
        answer
            .headers
            .keys()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&wrong), names(&unknown));
    forget_attempts(world, "nobody-alike");
}

fn an_inactive_user_cannot_sign_in(world: &World) {
    assert_refused(&world.as_user("inactive").get("/Patient/1"));
}

fn every_active_user_can_sign_in(world: &World) {
    let active = world.users().iter().filter(|user| user.login != "inactive");
    let mut users = 0;
    for user in active {
        let answer = world.as_user(&user.login).get("/Patient/1");
        match answer.status {
            200 => assert_eq!(answer.json()["id"], "1", "{}", user.login),
            _ => {
                answer.refused(403, "forbidden");
            }
        }
        users += 1;
    }
    assert!(users >= 10, "{users}");
}

fn broken_credentials_and_other_schemes_are_refused(world: &World) {
    let user = ExtraUser::usual(world, "broken");
    let login = &user.login;
    let encoded = |text: &[u8]| format!("Basic {}", STANDARD.encode(text));
    let right = basic(login, PASSWORD);
    let headers = [
        "Basic".to_owned(),
        "Basic ".to_owned(),
        "Basic !!!".to_owned(),
        encoded(login.as_bytes()),
        encoded(b""),
        encoded(b":"),
        encoded(format!("{login}:").as_bytes()),
        encoded(format!(":{PASSWORD}").as_bytes()),
        encoded(&[login.as_bytes(), b":\xff\xfe"].concat()),
        encoded(b"\xff:x"),
        right.replace("Basic ", "Bearer "),
        right.replace("Basic ", "Session "),
        right.replace("Basic ", "Digest "),
        right.replace("Basic ", ""),
        right.replace("Basic ", "Basic"),
        format!("{right}AAAA"),
        "Bearer eyJhbGciOiJub25lIn0.e30.".to_owned(),
        "Bearer".to_owned(),
        "Session".to_owned(),
        "Negotiate YII=".to_owned(),
    ];
    for header in headers {
        let client = world.anonymous().with_authorization(&header);
        assert_refused(&client.get("/Patient/1"));
        user.forget_attempts();
        forget_attempts(world, "");
    }
}

/// PostgreSQL's text cannot hold the character: no such login can exist.
fn a_nul_character_in_a_login_is_refused_as_any_wrong_one(world: &World) {
    for login in ["doctor\0", "\0", "a\0b"] {
        let client = world.anonymous();
        assert_refused(&client.with_credentials(login, "x").get("/Patient/1"));
    }
}

/// RFC 7235, section 2.1: the scheme is case-insensitive.
fn the_scheme_may_be_written_in_any_case(world: &World) {
    let right = basic("doctor", world.password("doctor"));
    for scheme in ["basic", "BASIC", "bAsIc"] {
        let client = world
            .anonymous()
            .with_authorization(&right.replace("Basic", scheme));
        assert_eq!(client.get("/Patient/1").status, 200, "{scheme}");
    }
}

fn logins_and_passwords_are_compared_to_the_letter(world: &World) {
    let user = ExtraUser::usual(world, "letters");
    for login in [
        "Extra-letters",
        "EXTRA-LETTERS",
        " extra-letters",
        "extra-letters ",
        "extra-letters%",
        "extra_letters",
    ] {
        let client = world.anonymous().with_credentials(login, PASSWORD);
        assert_refused(&client.get("/Patient/1"));
        forget_attempts(world, login);
    }
    for wrong in [
        PASSWORD.to_uppercase(),
        format!("{PASSWORD} "),
        format!(" {PASSWORD}"),
        format!("{PASSWORD}\u{301}"),
        format!("{PASSWORD}\0"),
    ] {
        assert_refused(&user.client(&wrong).get("/Patient/1"));
        user.forget_attempts();
    }
    assert_eq!(user.client(PASSWORD).get("/Patient/1").status, 200);
}

fn the_superuser_of_tryton_cannot_sign_in(world: &World) {
    for password in ["", "root", "gnusolidario"] {
        let root = world.anonymous().with_credentials("root", password);
        assert_refused(&root.get("/Patient/1"));
        forget_attempts(world, "root");
    }
}

/// What an attacker writes where a value is expected.
const INJECTIONS: &[&str] = &[
    "' OR '1'='1",
    "admin'--",
    "'; DELETE FROM res_user; --",
    "\\'; SELECT pg_sleep(30); --",
    "$1",
    "%",
    "\") OR (\"1\"=\"1",
];

fn sql_in_credentials_finds_nobody(world: &World) {
    let user = ExtraUser::usual(world, "injected");
    for text in INJECTIONS {
        // not what another test sends at the same time
        let text = &format!("{text} ");
        let client = world.anonymous();
        let key = "0".repeat(64);
        for header in [
            basic(text, PASSWORD),
            basic(&user.login, text),
            format!("Session {}", token(text, user.id, &key)),
            format!(
                "Session {}",
                STANDARD.encode(format!("{}:{text}:{key}", user.login))
            ),
            format!("Session {}", token(&user.login, user.id, text)),
            format!("Bearer {}", STANDARD.encode(text.repeat(20))),
            format!("Bearer {}", text.repeat(20)),
        ] {
            assert_refused(&client.with_authorization(&header).get("/Patient/1"));
        }
        let cookie = format!("gnuhealth-session={}", token(&user.login, user.id, text));
        assert_refused(&client.get_with("/Patient/1", &[("cookie", &cookie)]));
        let form = format!(
            "grant_type=password&username={}&password={}",
            crate::world::encoded(text),
            crate::world::encoded(text)
        );
        let answer = client.post("/auth/token", &form, &[]);
        assert_eq!(answer.json()["error"], "invalid_grant", "{}", answer.text());
        user.forget_attempts();
        forget_attempts(world, text);
    }
    assert_eq!(user.client(PASSWORD).get("/Patient/1").status, 200);
}

fn an_authorization_header_decides_alone(world: &World) {
    let user = ExtraUser::usual(world, "alone");
    let right = user.session(&"a1".repeat(32), "0 s");
    let cookie = format!("gnuhealth-session={right}");
    let with_cookie = [("cookie", cookie.as_str())];
    assert_eq!(
        world
            .anonymous()
            .get_with("/Patient/1", &with_cookie)
            .status,
        200
    );
    let wrong = token(&user.login, user.id, &"b2".repeat(32));
    for header in [
        format!("Session {wrong}"),
        format!("Bearer {wrong}"),
        format!("Bearer {}", "c3".repeat(64)),
        basic(&user.login, "wrong"),
        "Basic".to_owned(),
        "Other x".to_owned(),
    ] {
        let client = world.anonymous().with_authorization(&header);
        assert_refused(&client.get_with("/Patient/1", &with_cookie));
    }
    let wrong_cookie = format!("gnuhealth-session={wrong}");
    let client = world
        .anonymous()
        .with_authorization(&format!("Session {right}"));
    let answer = client.get_with("/Patient/1", &[("cookie", &wrong_cookie)]);
    assert_eq!(answer.status, 200);
}

fn two_authorization_headers_are_refused(world: &World) {
    let right = format!(
        "Authorization: {}",
        basic("doctor", world.password("doctor"))
    );
    for (headers, expected) in [
        (vec![right.as_bytes()], 200),
        (vec![right.as_bytes(), right.as_bytes()], 401),
        (
            vec![b"Authorization: Basic AAAA".as_slice(), right.as_bytes()],
            401,
        ),
    ] {
        let answer = raw(world.app().port(), &raw_get(b"/Patient/1", &headers));
        assert_eq!(answer.expect("an answer").0, expected);
    }
}

fn a_person_is_sent_to_the_login_page_and_a_program_is_not(world: &World) {
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let client = world.anonymous();
    let path = "/Patient?family=a%26b&_count=2";
    for headers in [
        vec![("accept", browser)],
        vec![("accept", browser), ("cookie", "gnuhealth-session=old")],
    ] {
        let answer = client.get_with(path, &headers);
        assert_eq!(answer.status, 303, "{}", answer.text());
        let next = "%2FPatient%3Ffamily%3Da%2526b%26%5Fcount%3D2";
        let location = format!("/auth/login?next={next}");
        assert_eq!(answer.header("location"), Some(location.as_str()));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    let head = client.send(&Method::HEAD, path, &[("accept", browser)]);
    assert_eq!(head.status, 303);
    for headers in [
        vec![("accept", "*/*")],
        vec![("accept", "application/fhir+json")],
        vec![("accept", "application/fhir+json, text/html;q=0.5")],
    ] {
        assert_refused(&client.get_with(path, &headers));
    }
    // Where there is no way to the login page, the outcome is shown to people.
    let credentials = [("accept", browser), ("authorization", "Basic AAAA")];
    let wrong = client.get_with(path, &credentials);
    let post = client.send(&Method::POST, "/Patient", &[("accept", browser)]);
    for refused in [wrong, post] {
        assert_eq!(refused.status, 401);
        assert_eq!(
            refused.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        assert!(refused.text().contains("OperationOutcome"));
        let challenges = refused.headers.get_all("www-authenticate").iter();
        assert_eq!(challenges.count(), 2);
    }
}

fn strangers_are_answered_without_anything_of_a_patient(world: &World) {
    let parts = world.sql().rows(
        "SELECT q.name AS a, q.lastname AS b, q.ref AS c, q.federation_account AS d, q.dob AS e \
         FROM gnuhealth_patient p JOIN party_party q ON q.id = p.{party}",
        &[],
    );
    let known = parts
        .iter()
        .flat_map(|row| row.as_object().unwrap().values());
    // Shorter ones, and the name of the resource type, can be in an answer by chance.
    let known = known.filter_map(|value| {
        value
            .as_str()
            .filter(|text| text.len() > 4 && *text != "Patient")
    });
    let known: Vec<&str> = known.collect();
    assert!(known.len() > 100, "{}", known.len());
    let wrong = world.anonymous().with_authorization("Session x");
    for client in [world.anonymous(), &wrong] {
        for path in [
            "/",
            "/metadata",
            "/health/ready",
            "/health/live",
            "/Patient/1",
            "/Patient?_count=1000",
            "/x",
        ] {
            let answer = client.get(path);
            let leaked: Vec<_> = known
                .iter()
                .filter(|part| answer.text().contains(**part))
                .collect();
            assert!(leaked.is_empty(), "{path}: {leaked:?}");
        }
    }
}
