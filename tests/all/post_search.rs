//! Search on one type by POST: the same as by GET, with the parameters in a form.

use ureq::http::Method;

use crate::users::assert_refused;
use crate::world::{World, ids, link};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        a_form_finds_what_the_same_query_finds,
        parameters_of_url_and_form_hold_together,
        an_empty_form_finds_everybody,
        what_may_stand_once_may_not_stand_in_url_and_form,
        only_a_form_of_bearable_length_is_read,
        other_methods_are_refused_with_the_right_one,
        credentials_are_needed,
    ]
}

const PATH: &str = "/Patient/_search";

fn a_form_finds_what_the_same_query_finds(world: &World) {
    let doctor = world.doctor();
    for query in [
        "family=Betz",
        "family=Betz&_count=2",
        "given=%D9%85%D8%AD%D9%85%D8%AF",
        "name:exact=100%25_real",
        "birthdate=ge1980&birthdate=lt1990&_total=accurate",
        "shoe-size=44&_count=1",
        "_format=json&_pretty=true&_id=1",
    ] {
        let got = doctor.get(&format!("/Patient?{query}"));
        let posted = doctor.post(PATH, query, &[]);
        assert_eq!(posted.ok(), got.ok(), "{query}");
        assert_eq!(posted.text(), got.text(), "written alike");
    }
    let refused = doctor.post(PATH, "birthdate=x", &[]);
    refused.refused(400, "value");
    let spaced = doctor.post(PATH, "family=Rodr%C3%ADguez+X", &[]).ok();
    assert!(link(&spaced, "self").unwrap().contains("%20X"));
    let next = link(&doctor.post(PATH, "family=Betz&_count=2", &[]).ok(), "next");
    assert_eq!(ids(&doctor.get(&next.unwrap()).ok()), [3, 4]);
}

fn parameters_of_url_and_form_hold_together(world: &World) {
    let path = format!("{PATH}?family=Betz");
    let both = world
        .doctor()
        .post(&path, "gender=female&birthdate=lt2000", &[]);
    assert_eq!(ids(&both.ok()), [1]);
    let neither = world.doctor().post(&path, "family=Difunta", &[]);
    assert_eq!(
        ids(&neither.ok()),
        [0; 0],
        "the same parameter twice is and"
    );
}

fn an_empty_form_finds_everybody(world: &World) {
    let doctor = world.doctor();
    let all = doctor.get("/Patient").ok();
    for media_type in [
        "application/x-www-form-urlencoded",
        "Application/X-WWW-Form-URLEncoded; charset=UTF-8",
        // of what, is no matter
        "text/plain",
    ] {
        let posted = doctor.post(PATH, "", &[("content-type", media_type)]);
        assert_eq!(posted.ok(), all, "{media_type}");
    }
}

fn what_may_stand_once_may_not_stand_in_url_and_form(world: &World) {
    let doctor = world.doctor();
    for (path, form) in [
        ("/Patient/_search?_count=1", "_count=1"),
        ("/Patient/_search", "_total=none&_total=none"),
        ("/Patient/_search?_format=json", "_format=json"),
    ] {
        doctor.post(path, form, &[]).refused(400, "invalid");
    }
}

fn only_a_form_of_bearable_length_is_read(world: &World) {
    let doctor = world.doctor();
    for media_type in ["application/json", "multipart/form-data", "text/plain"] {
        doctor
            .post(PATH, "family=Betz", &[("content-type", media_type)])
            .refused(415, "not-supported");
    }
    let form = |length: usize| format!("family={}", "a".repeat(length - 7));
    let longest = doctor.post(PATH, &form(64 << 10), &[]);
    assert_ne!(longest.status, 413, "it is read");
    let reason = doctor
        .post(PATH, &form((64 << 10) + 1), &[])
        .refused(413, "too-long");
    assert!(reason.contains("65536"), "{reason}");
    doctor.post(PATH, "family=%", &[]).refused(400, "invalid");
    doctor.post(PATH, "family=%FF", &[]).refused(400, "invalid");
}

fn other_methods_are_refused_with_the_right_one(world: &World) {
    let doctor = world.doctor();
    for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE] {
        let answer = doctor.send(&method, PATH, &[]);
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.header("allow"), Some("POST"), "{method}");
    }
    let create = doctor.send(&Method::POST, "/Patient", &[]);
    create.refused(405, "not-supported");
    assert_eq!(create.header("allow"), Some("GET, HEAD"));
}

fn credentials_are_needed(world: &World) {
    let anonymous = world.anonymous();
    assert_refused(&anonymous.post(PATH, "family=Betz", &[]));
    let wrong = anonymous.with_credentials("nobody-at-all", "wrong");
    assert_refused(&wrong.post(PATH, "family=Betz", &[]));
}
