//! Conditional reads: a client that has the current version is not sent it again.

use ureq::http::Method;

use crate::world::World;
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        a_known_version_is_not_sent_again,
        another_version_is_sent,
        a_date_counts_unless_there_is_a_tag,
        what_cannot_be_understood_is_ignored,
        what_is_not_found_is_not_found,
        a_preference_for_what_is_returned_changes_nothing,
    ]
}

/// The tag and the date of a patient.
fn version(world: &World) -> (String, String) {
    let answer = world.doctor().get("/Patient/1");
    let header = |name| answer.header(name).unwrap().to_owned();
    (header("etag"), header("last-modified"))
}

#[track_caller]
fn assert_known(world: &World, known: bool, headers: &[(&str, &str)]) {
    let (tag, date) = version(world);
    let current = format!("/Patient/1/_history/{}", tag.trim_matches(['W', '/', '"']));
    for path in [
        "/Patient/1",
        "/Patient/1?_format=xml",
        "/Patient/1?_format=html",
        &current,
    ] {
        for method in [Method::GET, Method::HEAD] {
            let answer = world.doctor().send(&method, path, headers);
            let expected = if known { 304 } else { 200 };
            assert_eq!(answer.status, expected, "{method} {path} {headers:?}");
            assert_eq!(answer.header("etag"), Some(tag.as_str()));
            assert_eq!(answer.header("last-modified"), Some(date.as_str()));
            assert!(answer.header("vary").is_some() && answer.header("cache-control").is_some());
            assert_eq!(answer.header("content-type").is_none(), known);
        }
    }
}

fn a_known_version_is_not_sent_again(world: &World) {
    let (tag, _) = version(world);
    let strong = tag.trim_start_matches("W/");
    for list in [
        tag.clone(),
        strong.to_owned(),
        format!("\"other\", W/\"with,comma\",{tag}"),
        "*".to_owned(),
    ] {
        assert_known(world, true, &[("if-none-match", &list)]);
    }
    assert_known(
        world,
        true,
        &[("if-none-match", "\"other\""), ("if-none-match", &tag)],
    );
}

fn another_version_is_sent(world: &World) {
    let (tag, _) = version(world);
    let longer = tag.replacen("W/\"", "W/\"0", 1);
    for list in ["W/\"1\"", "\"\"", longer.as_str()] {
        assert_known(world, false, &[("if-none-match", list)]);
    }
}

fn a_date_counts_unless_there_is_a_tag(world: &World) {
    let (tag, date) = version(world);
    let (long_ago, future) = (
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Fri, 01 Jan 2100 00:00:00 GMT",
    );
    assert_known(world, true, &[("if-modified-since", &date)]);
    assert_known(world, true, &[("if-modified-since", future)]);
    assert_known(world, false, &[("if-modified-since", long_ago)]);
    assert_known(
        world,
        false,
        &[("if-modified-since", &date), ("if-none-match", "\"1\"")],
    );
    assert_known(
        world,
        true,
        &[("if-modified-since", long_ago), ("if-none-match", &tag)],
    );
}

fn what_cannot_be_understood_is_ignored(world: &World) {
    let (tag, _) = version(world);
    let unquoted = tag.replace('"', "");
    let unended = tag.trim_end_matches('"');
    for list in [
        unquoted.as_str(),
        unended,
        "",
        ",",
        "W/",
        "\"",
        "\"a\" \"b\"",
    ] {
        assert_known(world, false, &[("if-none-match", list)]);
    }
    for date in [
        "",
        "yesterday",
        "2100-01-01",
        "0",
        "Fri, 99 Jan 2100 00:00:00 GMT",
    ] {
        assert_known(world, false, &[("if-modified-since", date)]);
    }
}

fn what_is_not_found_is_not_found(world: &World) {
    let headers = [("if-none-match", "*")];
    world
        .doctor()
        .get_with("/Patient/999999", &headers)
        .refused(404, "not-found");
    world
        .anonymous()
        .get_with("/Patient/1", &headers)
        .refused(401, "login");
    let denied = world
        .as_user("nogroup")
        .get_with("/Patient/999999", &headers);
    assert_ne!(denied.status, 304);
}

fn a_preference_for_what_is_returned_changes_nothing(world: &World) {
    let expected = world.doctor().get("/Patient/1").ok();
    for preference in [
        "return=minimal",
        "return=representation",
        "return=OperationOutcome",
    ] {
        let answer = world
            .doctor()
            .get_with("/Patient/1", &[("prefer", preference)]);
        assert_eq!(answer.ok(), expected, "{preference}");
    }
}
