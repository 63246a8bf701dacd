//! The signed header in which `auth` hands on who asks: worth nothing to who sends one.

use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Utc;
use gnuhealth_fhir::config::Secret;
use gnuhealth_fhir::rest::principal::Principal;
use toml::Table;
use ureq::http::{Method, Uri};

use crate::users::assert_refused;
use crate::world::{World, folder};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        a_forged_principal_header_gives_nothing,
        a_principal_header_of_the_client_is_ignored_even_if_signed_rightly,
    ]
}

/// For these an app is started.
pub fn tests_of_an_app_without_guard() -> Vec<Test> {
    tests![a_component_without_its_guard_serves_no_one_but_for_the_one_signed_request]
}

fn a_forged_principal_header_gives_nothing(world: &World) {
    // The shape of a real one: user, expiry, signature.
    let mut claim = 1_i64.to_be_bytes().to_vec();
    claim.extend((Utc::now().timestamp() + 30).to_be_bytes());
    claim.extend([0; 32]);
    let forged = URL_SAFE_NO_PAD.encode(claim);
    let path = hidden_patient(world);
    for value in ["1", "admin", "doctor", "", "AAAA", &forged] {
        let headers = [("x-gnuhealth-principal", value)];
        assert_refused(&world.anonymous().get_with(&path, &headers));
        let hidden = world.as_user("ownpatients").get_with(&path, &headers);
        hidden.refused(404, "not-found");
    }
}

/// A patient whom the doctor sees and the user `ownpatients` does not.
fn hidden_patient(world: &World) -> String {
    let others = world
        .sql()
        .patients("p.primary_care_doctor IS DISTINCT FROM 1", &[]);
    let path = format!("/Patient/{}", others.first().unwrap());
    world.doctor().get(&path).ok();
    path
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
    let path = hidden_patient(world);
    let uri: Uri = path.parse().unwrap();
    let signed = principal.sign(&secret, &Method::GET, &uri, now).unwrap();
    // Were it not signed rightly, the test would prove nothing.
    let headers = [("x-gnuhealth-principal".parse().unwrap(), signed.clone())];
    let headers = headers.into_iter().collect();
    assert!(Principal::verify(&secret, &headers, &Method::GET, &uri, now).is_some());

    let headers = [("x-gnuhealth-principal", signed.to_str().unwrap())];
    assert_refused(&world.anonymous().get_with(&path, &headers));
    let hidden = world.as_user("ownpatients").get_with(&path, &headers);
    hidden.refused(404, "not-found");
}

/// `spin.toml`, changed; under a name of its own.
pub fn manifest_with(name: &str, change: impl FnOnce(&mut Table)) -> PathBuf {
    let text = std::fs::read_to_string(xtask::root().join("spin.toml")).unwrap();
    let mut manifest: Table = text.parse().unwrap();
    for (_, component) in manifest["component"].as_table_mut().unwrap() {
        let source = xtask::root().join(component["source"].as_str().unwrap());
        let source = source.to_str().unwrap().to_owned();
        component
            .as_table_mut()
            .unwrap()
            .insert("source".to_owned(), source.into());
    }
    change(&mut manifest);
    let path = folder().join(format!("{name}.toml"));
    std::fs::write(&path, toml::to_string(&manifest).unwrap()).unwrap();
    path
}

/// `spin.toml`, but with nobody in front of the resource types.
pub fn without_guard() -> PathBuf {
    manifest_with("without-guard", |manifest| {
        let triggers = manifest["trigger"]["http"].as_array_mut().unwrap();
        for trigger in triggers {
            trigger.as_table_mut().unwrap().remove("dependencies");
        }
        let components = manifest["component"].as_table_mut().unwrap();
        components.remove("auth");
    })
}

fn a_component_without_its_guard_serves_no_one_but_for_the_one_signed_request(world: &World) {
    let manifest = without_guard();
    let app = world.start_app("without-guard", |options| xtask::app::Options {
        manifest,
        ..options
    });
    let client = &app.client;
    client.get("/Patient/1").refused(401, "login");
    world.doctor().get("/Patient/1").ok();
    let credentials = client.with_credentials("doctor", world.password("doctor"));
    credentials.get("/Patient/1").refused(401, "login");

    let secret = Secret::new(world.secret()).unwrap();
    let doctor = world
        .sql()
        .value("SELECT id FROM res_user WHERE login = 'doctor'", &[]);
    let principal = Principal {
        user: doctor.as_i64().unwrap(),
    };
    let sign = |secret: &Secret, method: &Method, target: &'static str, now: i64| {
        let signed = principal.sign(secret, method, &Uri::from_static(target), now);
        signed.unwrap().to_str().unwrap().to_owned()
    };
    let now = Utc::now().timestamp();
    let header = sign(&secret, &Method::GET, "/Patient/1", now);
    let with = [("x-gnuhealth-principal", header.as_str())];
    // It is the header that lets in, or else the refusals would prove nothing.
    assert_eq!(client.get_with("/Patient/1", &with).status, 200);
    for target in [
        "/Patient/2",
        "/Patient/1?_pretty=true",
        "/Patient",
        "/Patient/1/",
    ] {
        client.get_with(target, &with).refused(401, "login");
    }
    let head = client.send(&Method::HEAD, "/Patient/1", &with);
    assert_eq!(head.status, 401);
    let other = Secret::new(&"another secret of 32 characters!".repeat(2)).unwrap();
    for header in [
        sign(&secret, &Method::GET, "/Patient/1", now - 31),
        sign(&other, &Method::GET, "/Patient/1", now),
        header[..header.len() - 1].to_owned(),
        header[1..].to_owned(),
        format!("{header}AA"),
        String::new(),
    ] {
        let with = [("x-gnuhealth-principal", header.as_str())];
        client.get_with("/Patient/1", &with).refused(401, "login");
    }
}
