//! The pages as HTTP has them: signing in and out, what protects their forms, and where they lead.

use std::time::Duration;

use chrono::Utc;
use gnuhealth_fhir::config::Secret;
use gnuhealth_fhir::rest::pages::csrf;
use ureq::http::Method;

use crate::http::{Answer, basic, raw};
use crate::outage::Outage;
use crate::users::{ExtraUser, PASSWORD};
use crate::visitor::{
    self, FORM, SESSION, Visitor, field, location, set_cookies, token, with_session,
};
use crate::world::{EFFECT, World, becomes, encoded};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        every_page_has_its_protecting_headers_and_its_length,
        signing_in_makes_a_session_and_leads_to_what_was_asked_for,
        a_session_cookie_that_was_there_before_is_never_adopted,
        signing_in_again_ends_the_session_before,
        a_wrong_password_is_told_and_only_the_name_is_kept,
        a_hostile_user_name_is_shown_as_text,
        who_is_in_none_of_the_required_groups_is_told_so,
        too_many_attempts_are_told_with_the_seconds_to_wait,
        a_form_without_the_right_token_is_refused_before_the_password_is_looked_at,
        a_form_that_another_origin_sends_is_refused,
        where_signing_in_leads_is_restricted_to_this_origin,
        a_body_that_is_no_form_or_too_long_is_refused,
        who_is_signed_in_already_is_told_so,
        signing_out_needs_the_token_of_this_session,
        a_program_signs_out_without_a_form,
        signing_out_twice_is_no_error,
        home_is_for_those_who_are_signed_in,
        methods_that_a_page_does_not_have_are_named,
        head_is_answered_as_get_without_a_body,
        unknown_pages_are_pages_for_browsers_and_outcomes_for_programs,
        behind_a_path_and_tls_every_link_and_cookie_is_right,
    ]
}

/// What would be in the way of others.
pub fn tests_that_stop_the_database() -> Vec<Test> {
    tests![without_a_database_the_form_is_shown_and_sending_it_says_to_try_later]
}

const HOME: &str = "/auth/home";

/// What a program accepts.
const JSON: (&str, &str) = ("accept", "application/fhir+json");

#[track_caller]
fn assert_page(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(
        answer.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert!(
        answer
            .text()
            .starts_with("<!doctype html>\n<html lang=\"en\">")
    );
    assert!(!answer.text().contains("<script"), "{}", answer.text());
    assert_protected(answer);
}

#[track_caller]
fn assert_protected(answer: &Answer) {
    let length = answer.body.len().to_string();
    let policy = answer.header("content-security-policy").unwrap();
    for directive in [
        "default-src 'none'",
        "style-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ] {
        assert!(
            policy.split("; ").any(|part| part == directive),
            "{directive} in {policy}"
        );
    }
    assert!(
        !policy.contains("unsafe") && !policy.contains("script-src"),
        "{policy}"
    );
    for (name, value) in [
        ("content-length", length.as_str()),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    assert!(
        answer
            .header("x-request-id")
            .is_some_and(|id| !id.is_empty())
    );
}

/// What the page says is wrong.
#[track_caller]
fn problem(answer: &Answer) -> &str {
    let (_, rest) = answer
        .text()
        .split_once("role=\"alert\">")
        .unwrap_or_else(|| panic!("{}", answer.text()));
    rest.split('<').next().unwrap()
}

/// Instances remember a session for as long as a change may take.
#[track_caller]
fn assert_over(world: &World, session: &str) {
    let client = with_session(world, session);
    assert!(becomes(EFFECT, || client.get("/Patient/1").status == 401));
}

fn signed_in(world: &World, user: &ExtraUser<'_>) -> Visitor {
    let visitor = Visitor::of(world);
    assert_eq!(location(&visitor.sign_in(&user.login, PASSWORD)), HOME);
    visitor
}

fn every_page_has_its_protecting_headers_and_its_length(world: &World) {
    let user = ExtraUser::usual(world, "headers");
    let stranger = Visitor::of(world);
    assert_page(&stranger.get("/auth/login"), 200);
    assert_page(&stranger.sign_in("nobody-of-the-pages", "wrong"), 401);
    assert_page(&stranger.post("/auth/login", &[]), 403);
    assert_page(&stranger.get("/auth/nothing"), 404);
    assert_page(&stranger.send(&Method::DELETE, "/auth/login", &[], ""), 405);
    for path in ["/auth", "/auth/", HOME, "/auth/logout"] {
        let answer = stranger.get(path);
        location(&answer);
        assert_protected(&answer);
    }
    let visitor = signed_in(world, &user);
    for path in [HOME, "/auth/login", "/auth/logout"] {
        assert_page(&visitor.get(path), 200);
    }
    for (path, media_type) in [
        ("/auth/style.css", "text/css; charset=utf-8"),
        ("/auth/icon.svg", "image/svg+xml"),
    ] {
        let asset = stranger.get(path);
        assert_eq!(
            (asset.status, asset.header("content-type")),
            (200, Some(media_type))
        );
        assert_eq!(
            asset.header("content-length"),
            Some(asset.body.len().to_string().as_str())
        );
        assert_eq!(asset.header("x-content-type-options"), Some("nosniff"));
    }
}

fn signing_in_makes_a_session_and_leads_to_what_was_asked_for(world: &World) {
    let user = ExtraUser::usual(world, "page-in");
    let visitor = Visitor::of(world);
    let sent_to = location(&visitor.get("/Patient/1?_pretty=true"));
    let expected = format!("/auth/login?next={}", encoded("/Patient/1?_pretty=true"));
    assert_eq!(sent_to, expected);
    let page = visitor.get(&sent_to);
    let fields = [
        ("login", user.login.as_str()),
        ("password", PASSWORD),
        ("token", &token(&page)),
        ("next", &field(&page, "next").unwrap()),
    ];
    let answer = visitor.post("/auth/login", &fields);
    assert_eq!(location(&answer), "/Patient/1?_pretty=true");
    let cookies = set_cookies(&answer);
    assert_eq!(cookies.len(), 1, "{cookies:?}");
    let attributes: Vec<&str> = cookies[0].split("; ").skip(1).collect();
    for attribute in ["Path=/", "HttpOnly", "SameSite=Lax"] {
        assert!(
            attributes.contains(&attribute),
            "{attribute} in {attributes:?}"
        );
    }
    assert!(!attributes.contains(&"Secure"), "not over plain HTTP");
    assert_eq!(user.keys().len(), 1);
    let patient = visitor.send(&Method::GET, "/Patient/1", &[JSON], "");
    assert_eq!(patient.json()["id"], "1");
    assert_page(&visitor.get("/Patient/1"), 200);
}

fn a_session_cookie_that_was_there_before_is_never_adopted(world: &World) {
    let user = ExtraUser::usual(world, "fixation");
    let attacker = signed_in(world, &ExtraUser::usual(world, "fixer"));
    for planted in [
        "planted".to_owned(),
        "A".repeat(64),
        attacker.cookie(SESSION).unwrap(),
    ] {
        let visitor = Visitor::of(world);
        visitor.set_cookie(SESSION, &planted);
        let page = Visitor::of(world);
        let form = page.get("/auth/login");
        visitor.set_cookie(FORM, &page.cookie(FORM).unwrap());
        let fields = [
            ("login", user.login.as_str()),
            ("password", PASSWORD),
            ("token", &token(&form)),
        ];
        assert_eq!(location(&visitor.post("/auth/login", &fields)), HOME);
        let given = visitor.cookie(SESSION).unwrap();
        assert_ne!(given, planted);
        assert_over(world, &planted);
        assert_eq!(with_session(world, &given).get("/Patient/1").status, 200);
    }
}

fn signing_in_again_ends_the_session_before(world: &World) {
    let user = ExtraUser::usual(world, "again");
    let visitor = signed_in(world, &user);
    let first = visitor.cookie(SESSION).unwrap();
    let page = Visitor::of(world);
    let form = page.get("/auth/login");
    visitor.set_cookie(FORM, &page.cookie(FORM).unwrap());
    let fields = [
        ("login", user.login.as_str()),
        ("password", PASSWORD),
        ("token", &token(&form)),
    ];
    assert_eq!(location(&visitor.post("/auth/login", &fields)), HOME);
    assert_ne!(visitor.cookie(SESSION), Some(first));
    assert_eq!(user.keys().len(), 1);
}

fn a_wrong_password_is_told_and_only_the_name_is_kept(world: &World) {
    let user = ExtraUser::usual(world, "page-wrong");
    let visitor = Visitor::of(world);
    let page = visitor.get("/auth/login?next=/Patient/7");
    let fields = [
        ("login", user.login.as_str()),
        ("password", "not-the-password"),
        ("token", &token(&page)),
        ("next", "/Patient/7"),
    ];
    let wrong = visitor.post("/auth/login", &fields);
    assert_page(&wrong, 401);
    assert_eq!(
        problem(&wrong),
        "The user name or the password is not right."
    );
    // RFC 9110, section 15.5.2; a scheme that a browser knows would make it ask by itself.
    let challenge = wrong.header("www-authenticate").unwrap();
    assert!(challenge.starts_with("Session "), "{challenge}");
    assert_eq!(field(&wrong, "login").as_deref(), Some(user.login.as_str()));
    assert_eq!(field(&wrong, "next").as_deref(), Some("/Patient/7"));
    assert!(!wrong.text().contains("not-the-password"));
    assert_eq!(visitor.cookie(SESSION), None);
    assert_eq!(user.keys().len(), 0);
    let unknown = visitor.sign_in("nobody-of-the-wrong", "not-the-password");
    assert_page(&unknown, 401);
    assert_eq!(problem(&unknown), problem(&wrong));
    let for_program = visitor.post_with("/auth/login", &fields, &[JSON]);
    for_program.refused(401, "login");
}

fn a_hostile_user_name_is_shown_as_text(world: &World) {
    for name in [
        "\"><script>alert(1)</script>",
        "' autofocus onfocus='alert(1)",
        "</title><img src=x onerror=alert(1)>",
        "&lt;b&gt;",
        "\u{202e}evil",
    ] {
        let answer = Visitor::of(world).sign_in(name, "wrong");
        assert_page(&answer, 401);
        for raw in ["<script", "<img", "' autofocus", "&lt;b"] {
            assert!(!answer.text().contains(raw), "{raw} of {name}");
        }
    }
}

fn who_is_in_none_of_the_required_groups_is_told_so(world: &World) {
    let app = world.start_app("pages-group", |options| {
        options.with("require_group", "Health Doctor")
    });
    let user = ExtraUser::usual(world, "page-group");
    let visitor = Visitor::to(&app.url());
    let answer = visitor.sign_in(&user.login, PASSWORD);
    assert_page(&answer, 403);
    assert!(problem(&answer).contains("groups"));
    assert_eq!(user.keys().len(), 0);
    // A session of theirs from elsewhere is of no use either, but they may sign in as somebody else.
    let elsewhere = signed_in(world, &user);
    visitor.set_cookie(SESSION, &elsewhere.cookie(SESSION).unwrap());
    assert_page(&visitor.get(HOME), 403);
    assert_page(&visitor.get("/auth/login"), 200);
    assert_eq!(
        location(&visitor.sign_in("doctor", world.password("doctor"))),
        HOME
    );
    assert_page(&visitor.get(HOME), 200);
}

fn too_many_attempts_are_told_with_the_seconds_to_wait(world: &World) {
    let user = ExtraUser::usual(world, "page-throttled");
    let login = &user.login;
    world.sql().run(&format!(
        "INSERT INTO res_user_login_attempt (login, create_date, create_uid) \
         SELECT '{login}', now() AT TIME ZONE 'UTC', 0 FROM generate_series(1, 10)"
    ));
    let answer = Visitor::of(world).sign_in(login, PASSWORD);
    assert_page(&answer, 429);
    let seconds: u32 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=300).contains(&seconds), "{seconds}");
    assert_eq!(
        problem(&answer),
        format!("Too many attempts. Try again in {seconds} seconds.")
    );
    assert_eq!(field(&answer, "login").as_deref(), Some(login.as_str()));
    assert_eq!(user.keys().len(), 0);
}

fn a_form_without_the_right_token_is_refused_before_the_password_is_looked_at(world: &World) {
    let user = ExtraUser::usual(world, "page-csrf");
    let visitor = Visitor::of(world);
    let good = token(&visitor.get("/auth/login"));
    let bearer = visitor.cookie(FORM).unwrap();
    let secret = Secret::new(world.secret()).unwrap();
    let other_secret = Secret::new("0123456789abcdef0123456789abcdef").unwrap();
    let now = Utc::now().timestamp();
    let long_ago = now - csrf::LIFETIME - 1;
    let of_another = token(&Visitor::of(world).get("/auth/login"));
    let mut tampered = good.clone();
    tampered.replace_range(20..21, if &good[20..21] == "A" { "B" } else { "A" });
    for (case, token) in [
        ("none", String::new()),
        ("nonsense", "x".to_owned()),
        ("another browser's", of_another),
        ("changed", tampered),
        (
            "expired",
            csrf::Form::Login.token(&secret, &bearer, long_ago),
        ),
        (
            "of another form",
            csrf::Form::Logout.token(&secret, &bearer, now),
        ),
        (
            "of another secret",
            csrf::Form::Login.token(&other_secret, &bearer, now),
        ),
        ("of no browser", csrf::Form::Login.token(&secret, "", now)),
    ] {
        for password in [PASSWORD, "wrong"] {
            let fields = [
                ("login", user.login.as_str()),
                ("password", password),
                ("token", &token),
            ];
            let refused = visitor.post("/auth/login", &fields);
            assert_page(&refused, 403);
            assert!(problem(&refused).contains("expired"), "{case}");
            assert_eq!(
                field(&refused, "login").as_deref(),
                Some(user.login.as_str()),
                "{case}"
            );
            visitor
                .post_with("/auth/login", &fields, &[JSON])
                .refused(403, "forbidden");
        }
    }
    let without_cookie = Visitor::of(world);
    let fields = [
        ("login", user.login.as_str()),
        ("password", PASSWORD),
        ("token", &good),
    ];
    assert_page(&without_cookie.post("/auth/login", &fields), 403);
    without_cookie.set_cookie(FORM, "planted");
    assert_page(&without_cookie.post("/auth/login", &fields), 403);
    assert_eq!((user.keys().len(), user.attempts().len()), (0, 0));
    // The right one still is; also the one in the page that refused.
    assert_eq!(location(&visitor.post("/auth/login", &fields)), HOME);
    let refused = without_cookie.post("/auth/login", &fields);
    let fields = [
        ("login", user.login.as_str()),
        ("password", PASSWORD),
        ("token", &token(&refused)),
    ];
    assert_eq!(location(&without_cookie.post("/auth/login", &fields)), HOME);
}

fn a_form_that_another_origin_sends_is_refused(world: &World) {
    let user = ExtraUser::usual(world, "page-origin");
    let visitor = Visitor::of(world);
    let own = world.app().url();
    let form = token(&visitor.get("/auth/login"));
    let fields = [
        ("login", user.login.as_str()),
        ("password", PASSWORD),
        ("token", &form),
    ];
    for headers in [
        &[("origin", "https://evil.example")][..],
        &[("origin", "null")],
        &[("origin", "http://127.0.0.1:1")],
        &[("origin", &own), ("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
    ] {
        assert_page(&visitor.post_with("/auth/login", &fields, headers), 403);
    }
    assert_eq!((user.keys().len(), user.attempts().len()), (0, 0));
    let headers = [("origin", own.as_str()), ("sec-fetch-site", "same-origin")];
    assert_eq!(
        location(&visitor.post_with("/auth/login", &fields, &headers)),
        HOME
    );
    // Signing out is protected in the same way.
    let fields = [("token", token(&visitor.get("/auth/logout")))];
    let fields = [("token", fields[0].1.as_str())];
    let foreign = [("origin", "https://evil.example")];
    assert_page(&visitor.post_with("/auth/logout", &fields, &foreign), 403);
    assert_eq!(user.keys().len(), 1);
    location(&visitor.post_with("/auth/logout", &fields, &headers));
    assert_eq!(user.keys().len(), 0);
}

fn where_signing_in_leads_is_restricted_to_this_origin(world: &World) {
    let user = ExtraUser::usual(world, "page-next");
    let long = format!("/Patient?name={}", "a".repeat(2048));
    let stays = [
        "/",
        "/Patient/1",
        "/Patient?identifier=https://a.example/b|c&name=%5C,",
        "/metadata?_pretty=true",
    ];
    let goes_home = [
        "",
        "Patient",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "%2f%2fevil.example",
        "/%2fevil.example",
        "/%252fevil.example",
        "/%5cevil.example",
        "/\t/evil.example",
        "/%09/evil.example",
        "/\r\nset-cookie: a=b",
        "/%0d%0aset-cookie:%20a=b",
        "/ü",
        "/auth/logout",
        "/auth/login?next=/",
        &long,
    ];
    let visitor = Visitor::of(world);
    let form = token(&visitor.get("/auth/login"));
    let landed = |next: &str| {
        let fields = [
            ("login", user.login.as_str()),
            ("password", PASSWORD),
            ("token", &form),
            ("next", next),
        ];
        let answer = visitor.post("/auth/login", &fields);
        assert_eq!(set_cookies(&answer).len(), 1, "{next}");
        location(&answer)
    };
    for next in stays {
        assert_eq!(landed(next), next);
    }
    for next in goes_home {
        assert_eq!(landed(next), HOME, "{next:?}");
    }
    // The form carries nothing else on.
    for next in goes_home {
        let page = Visitor::of(world).get(&format!("/auth/login?next={}", encoded(next)));
        assert_eq!(field(&page, "next").as_deref(), Some(""), "{next:?}");
    }
}

fn a_body_that_is_no_form_or_too_long_is_refused(world: &World) {
    let user = ExtraUser::usual(world, "page-body");
    let visitor = Visitor::of(world);
    let form = token(&visitor.get("/auth/login"));
    let fields = visitor::form(&[
        ("login", &user.login),
        ("password", PASSWORD),
        ("token", &form),
    ]);
    let post = |media_type: &str, body: &str| {
        let headers = [("content-type", media_type)];
        visitor.send(&Method::POST, "/auth/login", &headers, body)
    };
    for media_type in [
        "text/plain",
        "application/json",
        "multipart/form-data; boundary=x",
        "nonsense",
    ] {
        assert_page(&post(media_type, &fields), 415);
    }
    assert_page(
        &visitor.send(&Method::POST, "/auth/login", &[], &fields),
        415,
    );
    let urlencoded = "application/x-www-form-urlencoded";
    let longest = format!("{fields}&x={}", "a".repeat(8192 - fields.len() - 3));
    assert_page(&post(urlencoded, &format!("{longest}a")), 413);
    // The server may close before the client has sent all, and the answer then be lost.
    let length = 1 << 20;
    let mut huge = format!(
        "POST /auth/login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: {urlencoded}\r\nContent-Length: {length}\r\n\r\n"
    );
    huge.push_str(&"a".repeat(length));
    if let Some((status, text)) = raw(world.app().port(), huge.as_bytes()) {
        assert_eq!(status, 413, "{text}");
    }
    assert_page(&post(urlencoded, "login=%zz"), 400);
    assert_page(&post(urlencoded, "login=%ff"), 400);
    let program = [("content-type", "text/plain"), JSON];
    visitor
        .send(&Method::POST, "/auth/login", &program, &fields)
        .refused(415, "not-supported");
    assert_eq!((user.keys().len(), user.attempts().len()), (0, 0));
    location(&post(
        "Application/x-www-form-urlencoded; charset=UTF-8",
        &longest,
    ));
    assert_eq!(user.keys().len(), 1);
}

fn who_is_signed_in_already_is_told_so(world: &World) {
    let user = ExtraUser::usual(world, "page-already");
    let visitor = signed_in(world, &user);
    let page = visitor.get("/auth/login?next=/Patient/2");
    assert_page(&page, 200);
    assert!(page.text().contains(&user.login) && page.text().contains("href=\"/Patient/2\""));
    let page = visitor.get("/auth/login?next=//evil.example");
    assert!(page.text().contains("href=\"/auth/home\"") && !page.text().contains("evil"));
}

fn signing_out_needs_the_token_of_this_session(world: &World) {
    let user = ExtraUser::usual(world, "page-out");
    let (one, other) = (signed_in(world, &user), signed_in(world, &user));
    let (own, of_other) = (
        token(&one.get("/auth/logout")),
        token(&other.get("/auth/logout")),
    );
    let session = one.cookie(SESSION).unwrap();
    let of_login = csrf::Form::Login.token(
        &Secret::new(world.secret()).unwrap(),
        &session,
        Utc::now().timestamp(),
    );
    for wrong in ["", "x", &of_other, &of_login] {
        let refused = one.post("/auth/logout", &[("token", wrong)]);
        assert_page(&refused, 403);
        assert!(problem(&refused).contains("expired"));
    }
    // Following a link signs nobody out.
    assert_page(&one.get("/auth/logout"), 200);
    assert_eq!(user.keys().len(), 2);
    let out = one.post("/auth/logout", &[("token", &own)]);
    assert_eq!(location(&out), "/auth/login?signed-out");
    assert_eq!(one.cookie(SESSION), None);
    assert!(
        one.get("/auth/login?signed-out")
            .text()
            .contains("You are signed out.")
    );
    assert_eq!(user.keys().len(), 1, "the other one goes on");
    assert_over(world, &session);
    assert_page(&other.get(HOME), 200);
}

fn a_program_signs_out_without_a_form(world: &World) {
    let user = ExtraUser::usual(world, "page-program");
    for scheme in ["Session", "Bearer"] {
        let session = signed_in(world, &user).cookie(SESSION).unwrap();
        let authorization = format!("{scheme} {session}");
        let headers = [("authorization", authorization.as_str()), JSON];
        let program = Visitor::of(world);
        let answer = program.send(&Method::POST, "/auth/logout", &headers, "");
        assert_eq!((answer.status, answer.body.len()), (204, 0), "{scheme}");
        assert_eq!(user.keys().len(), 0, "{scheme}");
        let is_over = || {
            program
                .send(&Method::POST, "/auth/logout", &headers, "")
                .status
                == 401
        };
        assert!(becomes(EFFECT, is_over), "{scheme}");
    }
    // With a password there is no session to end.
    let authorization = basic(&user.login, PASSWORD);
    let headers = [("authorization", authorization.as_str()), JSON];
    let answer = Visitor::of(world).send(&Method::POST, "/auth/logout", &headers, "");
    assert_eq!(answer.status, 204);
}

fn signing_out_twice_is_no_error(world: &World) {
    let user = ExtraUser::usual(world, "page-twice");
    let visitor = signed_in(world, &user);
    let session = visitor.cookie(SESSION).unwrap();
    let form = token(&visitor.get("/auth/logout"));
    for _ in 0..2 {
        visitor.set_cookie(SESSION, &session);
        let out = visitor.post("/auth/logout", &[("token", &form)]);
        assert_eq!(location(&out), "/auth/login?signed-out");
        assert_eq!(visitor.cookie(SESSION), None);
    }
    assert_eq!(location(&visitor.get("/auth/logout")), "/auth/login");
}

fn home_is_for_those_who_are_signed_in(world: &World) {
    let visitor = Visitor::of(world);
    assert_eq!(location(&visitor.get(HOME)), "/auth/login");
    assert_eq!(location(&visitor.get("/auth")), HOME);
    assert_eq!(location(&visitor.get("/auth/")), HOME);
    visitor
        .send(&Method::GET, HOME, &[JSON], "")
        .refused(401, "login");
    let restricted = Visitor::of(world);
    restricted.sign_in("restricted", world.password("restricted"));
    let page = restricted.get(HOME);
    assert_page(&page, 200);
    for text in [
        "Demo restricted",
        "Health Doctor",
        "Demo: denied fields",
        "/Patient?_count=20&amp;_pretty=true",
        "/metadata",
    ] {
        assert!(page.text().contains(text), "{text} in {}", page.text());
    }
    // A program that is signed in may look too; it has no session that a form could end.
    let authorization = basic("doctor", world.password("doctor"));
    let page =
        Visitor::of(world).send(&Method::GET, HOME, &[("authorization", &authorization)], "");
    assert_page(&page, 200);
    assert!(page.text().contains("Health Doctor") && !page.text().contains("<form"));
}

fn methods_that_a_page_does_not_have_are_named(world: &World) {
    let visitor = Visitor::of(world);
    for (path, allowed) in [
        ("/auth/login", "GET, HEAD, POST"),
        ("/auth/logout", "GET, HEAD, POST"),
        (HOME, "GET, HEAD"),
        ("/auth", "GET, HEAD"),
        ("/auth/style.css", "GET, HEAD"),
    ] {
        for method in [Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
            let answer = visitor.send(&method, path, &[], "");
            assert_page(&answer, 405);
            assert_eq!(answer.header("allow"), Some(allowed), "{method} {path}");
        }
    }
    visitor
        .send(&Method::PUT, HOME, &[JSON], "")
        .refused(405, "not-supported");
    assert_page(&visitor.post(HOME, &[]), 405);
}

fn head_is_answered_as_get_without_a_body(world: &World) {
    let visitor = signed_in(world, &ExtraUser::usual(world, "page-head"));
    for path in [
        "/auth",
        "/auth/login",
        "/auth/logout",
        HOME,
        "/auth/style.css",
        "/auth/icon.svg",
    ] {
        let (get, head) = (
            visitor.get(path),
            visitor.send(&Method::HEAD, path, &[], ""),
        );
        assert_eq!(head.status, get.status, "{path}");
        assert!(head.body.is_empty(), "{path}");
        for name in [
            "content-type",
            "content-length",
            "location",
            "cache-control",
        ] {
            assert_eq!(head.header(name), get.header(name), "{name} of {path}");
        }
    }
}

fn unknown_pages_are_pages_for_browsers_and_outcomes_for_programs(world: &World) {
    let visitor = Visitor::of(world);
    for path in [
        "/auth/nothing",
        "/auth/login/",
        "/auth/login/x",
        "/auth/style.css/x",
    ] {
        assert_page(&visitor.get(path), 404);
        visitor
            .send(&Method::GET, path, &[JSON], "")
            .refused(404, "not-supported");
    }
}

fn behind_a_path_and_tls_every_link_and_cookie_is_right(world: &World) {
    let user = ExtraUser::usual(world, "page-tls");
    let base = "https://health.example.org/fhir";
    let app = world.start_app("pages-tls", |options| options.with("base_url", base));
    let visitor = Visitor::to(&app.url());
    let page = visitor.get("/auth/login?next=/Patient/1");
    let text = page.text();
    assert!(
        text.contains("action=\"/fhir/auth/login\"")
            && text.contains("href=\"/fhir/auth/style.css\"")
    );
    let origin = [
        ("origin", "https://health.example.org"),
        ("sec-fetch-site", "same-origin"),
    ];
    let fields = [
        ("login", user.login.as_str()),
        ("password", PASSWORD),
        ("token", &token(&page)),
        ("next", "/fhir/Patient/1"),
    ];
    let answer = visitor.post_with("/auth/login", &fields, &origin);
    assert_eq!(location(&answer), "/fhir/Patient/1");
    for cookie in set_cookies(&page).iter().chain(&set_cookies(&answer)) {
        assert!(cookie.starts_with("__Host-gnuhealth-"), "{cookie}");
        let attributes: Vec<&str> = cookie.split("; ").skip(1).collect();
        for attribute in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(attributes.contains(&attribute), "{attribute} of {cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
    assert_page(&visitor.get(HOME), 200);
    // A cookie that came without TLS counts for nothing here.
    let session = visitor.cookie(&format!("__Host-{SESSION}")).unwrap();
    let stranger = Visitor::to(&app.url());
    stranger.set_cookie(SESSION, &session);
    assert_eq!(location(&stranger.get(HOME)), "/fhir/auth/login");
}

fn without_a_database_the_form_is_shown_and_sending_it_says_to_try_later(world: &World) {
    let visitor = Visitor::of(world);
    let outage = Outage::begin(world);
    assert_page(&visitor.get("/auth/login"), 200);
    let answer = visitor.sign_in("doctor", world.password("doctor"));
    assert_page(&answer, 503);
    assert!(answer.header("retry-after").is_some());
    assert!(
        !answer.text().contains("5432") && !answer.text().contains("connect"),
        "{}",
        answer.text()
    );
    drop(outage);
    let signs_in = || visitor.sign_in("doctor", world.password("doctor")).status == 303;
    assert!(becomes(Duration::from_secs(10), signs_in));
}
