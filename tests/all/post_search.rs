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
        links_to_other_pages_do_not_show_what_was_searched,
        a_sealed_search_is_for_its_user_and_type,
    ]
}

/// What was sent in a body, to keep it out of logs, must not come back in a URL.
fn links_to_other_pages_do_not_show_what_was_searched(world: &World) {
    let doctor = world.doctor();
    let all = ids(&doctor.get("/Patient?family=Betz&_count=1000").ok());
    let mut bundle = doctor.post(PATH, "family=Betz&_count=2", &[]).ok();
    assert!(link(&bundle, "self").unwrap().contains("family=Betz"));
    let mut seen = ids(&bundle);
    while let Some(next) = link(&bundle, "next") {
        assert!(
            next.contains("?_sealed=") && !next.contains("Betz"),
            "{next}"
        );
        bundle = doctor.get(&next).ok();
        seen.extend(ids(&bundle));
        for relation in ["self", "first", "previous"] {
            let url = link(&bundle, relation).unwrap();
            assert!(!url.contains("Betz"), "{url}");
        }
    }
    assert_eq!(seen, all);
    let first = link(&bundle, "first").unwrap();
    assert_eq!(ids(&doctor.get(&first).ok()), all[..2]);
    let larger = doctor.get(&format!("{first}&_count=3")).ok();
    assert_eq!(ids(&larger), all[..3], "another size on the way");
}

fn a_sealed_search_is_for_its_user_and_type(world: &World) {
    let bundle = world.doctor().post(PATH, "family=Betz&_count=2", &[]).ok();
    let next = link(&bundle, "next").unwrap();
    let (_, query) = next.split_once('?').unwrap();
    world.as_user("nurse").get(&next).refused(400, "value");
    let other = format!("/Practitioner?{query}");
    world.doctor().get(&other).refused(400, "value");
    let narrower = format!("{next}&gender=female");
    world.doctor().get(&narrower).refused(400, "value");
    world
        .doctor()
        .get("/Patient?_sealed=AAAA")
        .refused(400, "value");
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
        let (mut one, mut other) = (posted.ok(), got.ok());
        if link(&other, "next").is_none() {
            assert_eq!(posted.text(), got.text(), "written alike");
        }
        for bundle in [&mut one, &mut other] {
            let links = bundle["link"].as_array_mut().unwrap();
            links.retain(|link| link["relation"] == "self");
        }
        assert_eq!(one, other, "{query}");
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
