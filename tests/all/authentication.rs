//! Who may come in: HTTP Basic with the credentials of GNU Health, checked in front of every protected component.

use std::sync::atomic::{AtomicI32, Ordering};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::Utc;
use gnuhealth_fhir::config::Secret;
use gnuhealth_fhir::rest::principal::Principal;
use ureq::http::{Method, Uri};

use crate::http::{Answer, Client, basic};
use crate::world::{EFFECT, World};
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
        a_forged_principal_header_gives_nothing,
        a_principal_header_of_the_client_is_ignored_even_if_signed_rightly,
        passwords_hashed_by_older_versions_are_verified,
        a_user_without_a_password_cannot_sign_in,
        a_changed_password_counts_at_once_and_the_old_one_ends,
        a_deactivated_user_loses_access,
        strangers_are_answered_without_anything_of_a_patient,
    ]
}

/// A user that one test alone has: a copy of `nogroup`, who may read patients.
pub struct ExtraUser<'w> {
    world: &'w World,
    pub login: String,
}

impl<'w> ExtraUser<'w> {
    pub fn new(world: &'w World, login: &str, hash: Option<&str>) -> Self {
        static NEXT: AtomicI32 = AtomicI32::new(90_000);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let login = format!("extra-{login}");
        let created = world.sql().change(
            "INSERT INTO res_user SELECT (jsonb_populate_record(u, \
             jsonb_build_object('id', $1::int, 'login', $2::text, 'password_hash', $3::text))).* \
             FROM res_user u WHERE u.login = 'nogroup'",
            &[&id, &login, &hash],
        );
        assert_eq!(created, 1);
        Self { world, login }
    }

    pub fn set(&self, assignment: &str) {
        let login = &self.login;
        self.world.sql().run(&format!(
            "UPDATE res_user SET {assignment} WHERE login = '{login}'"
        ));
    }

    pub fn client(&self, password: &str) -> Client {
        self.world
            .anonymous()
            .with_credentials(&self.login, password)
    }
}

impl Drop for ExtraUser<'_> {
    fn drop(&mut self) {
        let login = &self.login;
        self.world
            .sql()
            .run(&format!("DELETE FROM res_user WHERE login = '{login}'"));
    }
}

/// The password of [`HASHES`]: everything that an encoding can get wrong.
const PASSWORD: &str = "pässwörd 'x' 密码";

/// What passlib 1.7.4 made of it with the schemes that trytond has used, at low cost.
const HASHES: &[(&str, &str)] = &[
    (
        "scrypt",
        "$scrypt$ln=10,r=8,p=1$RsgZ4zznHMPYOyfEGCMkJA$Co3gufpR06OoMW6JS0SGv4NucYyiciAcgtJfMqtY0ew",
    ),
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
];

/// scrypt of another password, `gnusolidario`.
const OTHER_HASH: &str =
    "$scrypt$ln=8,r=8,p=1$ifF+D4FQyrl3LqXUeq/Vug$2usGIswdsczN6kDq79M4r6+NA0+rgqLCyAOdEsZQCYQ";

#[track_caller]
fn assert_refused(answer: &Answer) {
    answer.refused(401, "login");
    let challenge = answer.header("www-authenticate").unwrap_or_default();
    assert!(challenge.starts_with("Basic realm=\""), "{challenge}");
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
    let wrong = world
        .anonymous()
        .with_credentials("doctor", "wrong")
        .get("/Patient/1");
    let unknown = world
        .anonymous()
        .with_credentials("nobody", "wrong")
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
    let encoded = |text: &[u8]| format!("Basic {}", STANDARD.encode(text));
    let right = basic("doctor", world.password("doctor"));
    let headers = [
        "Basic".to_owned(),
        "Basic ".to_owned(),
        "Basic !!!".to_owned(),
        encoded(b"doctor"),
        encoded(b""),
        encoded(b":"),
        encoded(b"doctor:"),
        encoded(format!(":{}", world.password("doctor")).as_bytes()),
        encoded(b"doctor:\xff\xfe"),
        encoded(b"\xff:x"),
        right.replace("Basic ", "Bearer "),
        right.replace("Basic ", "Digest "),
        right.replace("Basic ", ""),
        right.replace("Basic ", "Basic"),
        format!("{right}AAAA"),
        "Bearer eyJhbGciOiJub25lIn0.e30.".to_owned(),
    ];
    for header in headers {
        let answer = world
            .anonymous()
            .with_authorization(&header)
            .get("/Patient/1");
        assert_eq!(answer.status, 401, "{header}");
        assert_refused(&answer);
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
    let password = world.password("doctor");
    for login in [
        "Doctor", "DOCTOR", " doctor", "doctor ", "doctor%", "doc_or",
    ] {
        assert_refused(
            &world
                .anonymous()
                .with_credentials(login, password)
                .get("/Patient/1"),
        );
    }
    for wrong in [
        password.to_lowercase(),
        format!("{password} "),
        format!(" {password}"),
        format!("{password}\u{301}"),
    ] {
        assert_refused(
            &world
                .anonymous()
                .with_credentials("doctor", &wrong)
                .get("/Patient/1"),
        );
    }
}

fn the_superuser_of_tryton_cannot_sign_in(world: &World) {
    for password in ["", "root", "gnusolidario"] {
        assert_refused(
            &world
                .anonymous()
                .with_credentials("root", password)
                .get("/Patient/1"),
        );
    }
}

fn a_forged_principal_header_gives_nothing(world: &World) {
    // The shape of a real one: user, expiry, signature.
    let mut claim = 1_i64.to_be_bytes().to_vec();
    claim.extend((Utc::now().timestamp() + 30).to_be_bytes());
    claim.extend([0; 32]);
    let forged = URL_SAFE_NO_PAD.encode(claim);
    for value in ["1", "admin", "doctor", "", "AAAA", &forged] {
        let headers = [("x-gnuhealth-principal", value)];
        assert_refused(&world.anonymous().get_with("/Patient/1", &headers));
        let denied = world
            .as_user("ownpatients")
            .get_with("/Patient/1", &headers);
        denied.refused(403, "forbidden");
    }
}

fn a_principal_header_of_the_client_is_ignored_even_if_signed_rightly(world: &World) {
    let secret = Secret::new(world.secret()).unwrap();
    let doctor = world
        .sql()
        .value("SELECT id FROM res_user WHERE login = 'doctor'", &[]);
    let principal = Principal {
        user: doctor.as_i64().unwrap(),
    };
    let now = Utc::now().timestamp();
    let uri = Uri::from_static("/Patient/1");
    let signed = principal.sign(&secret, &Method::GET, &uri, now).unwrap();
    // Were it not signed rightly, the test would prove nothing.
    let headers = [("x-gnuhealth-principal".parse().unwrap(), signed.clone())];
    let headers = headers.into_iter().collect();
    assert!(Principal::verify(&secret, &headers, &Method::GET, &uri, now).is_some());

    let headers = [("x-gnuhealth-principal", signed.to_str().unwrap())];
    assert_refused(&world.anonymous().get_with("/Patient/1", &headers));
    let denied = world
        .as_user("ownpatients")
        .get_with("/Patient/1", &headers);
    denied.refused(403, "forbidden");
}

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
        }
    }
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
        }
    }
}

/// Asserts that a user cannot sign in any more. Several times: each instance of `auth` remembers users of its own.
#[track_caller]
fn assert_ended(client: &Client) {
    std::thread::sleep(EFFECT);
    for _ in 0..10 {
        assert_refused(&client.get("/Patient/1"));
    }
}

fn a_changed_password_counts_at_once_and_the_old_one_ends(world: &World) {
    let (_, hash) = HASHES[0];
    let user = ExtraUser::new(world, "changes", Some(hash));
    assert_eq!(user.client(PASSWORD).get("/Patient/1").status, 200);
    user.set(&format!("password_hash = '{OTHER_HASH}'"));
    assert_eq!(user.client("gnusolidario").get("/Patient/1").status, 200);
    assert_ended(&user.client(PASSWORD));
    user.set(&format!("password_hash = '{hash}'"));
    assert_eq!(user.client(PASSWORD).get("/Patient/1").status, 200);
    assert_ended(&user.client("gnusolidario"));
}

fn a_deactivated_user_loses_access(world: &World) {
    let (_, hash) = HASHES[0];
    let user = ExtraUser::new(world, "leaves", Some(hash));
    assert_eq!(user.client(PASSWORD).get("/Patient/1").status, 200);
    user.set("active = false");
    assert_ended(&user.client(PASSWORD));
    user.set("active = true");
    assert_eq!(user.client(PASSWORD).get("/Patient/1").status, 200);
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
    let wrong = world.anonymous().with_credentials("doctor", "wrong");
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
