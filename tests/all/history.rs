//! `vread` and `history-instance`: GNU Health keeps the current version only, and that is what they give.

use serde_json::Value;

use crate::world::{World, encoded, link};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        the_current_version_can_be_read_by_its_number,
        any_other_version_is_not_found_and_the_current_is_named,
        a_history_has_the_current_version,
        a_history_can_be_asked_since_a_time_and_by_count,
        what_a_history_cannot_tell_is_refused,
        what_may_not_be_read_has_no_history,
    ]
}

fn version(patient: &Value) -> &str {
    patient["meta"]["versionId"].as_str().unwrap()
}

fn the_current_version_can_be_read_by_its_number(world: &World) {
    let doctor = world.doctor();
    for (id, patient) in world.patients() {
        let answer = doctor.get(&format!("/Patient/{id}/_history/{}", version(patient)));
        assert_eq!(answer.ok(), *patient);
        let tag = format!("W/\"{}\"", version(patient));
        assert_eq!(answer.header("etag"), Some(tag.as_str()));
        assert!(answer.header("last-modified").is_some());
    }
}

fn any_other_version_is_not_found_and_the_current_is_named(world: &World) {
    let current = format!("Patient/1/_history/{}", version(&world.patients()[&1]));
    let other = version(&world.patients()[&2]);
    for wrong in ["1", "0", "abc", "v-1.2", other] {
        let path = format!("/Patient/1/_history/{wrong}");
        let reason = world.doctor().get(&path).refused(404, "not-found");
        assert!(
            reason.contains("no earlier") && reason.contains(&current),
            "{reason}"
        );
    }
    for malformed in ["1;drop", "'", &"1".repeat(65)] {
        let path = format!("/Patient/1/_history/{}", encoded(malformed));
        world.doctor().get(&path).refused(400, "value");
    }
}

fn a_history_has_the_current_version(world: &World) {
    for id in [1, 2, 17] {
        let patient = &world.patients()[&id];
        let path = format!("/Patient/{id}/_history");
        let bundle = world.doctor().get(&path).ok();
        assert_eq!(bundle["type"], "history");
        assert_eq!(bundle["total"], 1);
        let own = format!("{}{path}", world.app().url());
        assert_eq!(link(&bundle, "self"), Some(own));
        let entries = bundle["entry"].as_array().unwrap();
        assert_eq!(entries.len(), 1);
        let entry = &entries[0];
        assert_eq!(entry["resource"], *patient);
        assert_eq!(
            entry["fullUrl"],
            format!("{}/Patient/{id}", world.app().url())
        );
        assert_eq!(entry["request"]["method"], "PUT");
        assert_eq!(entry["request"]["url"], format!("Patient/{id}"));
        assert_eq!(entry["response"]["status"], "200");
        assert_eq!(
            entry["response"]["etag"],
            format!("W/\"{}\"", version(patient))
        );
        assert_eq!(
            entry["response"]["lastModified"],
            patient["meta"]["lastUpdated"]
        );
    }
}

fn a_history_can_be_asked_since_a_time_and_by_count(world: &World) {
    let updated = world.patients()[&1]["meta"]["lastUpdated"]
        .as_str()
        .unwrap();
    for (query, total, shown) in [
        (format!("_since={updated}"), 1, 1),
        ("_since=2000-01-01T00:00:00%2B02:00".to_owned(), 1, 1),
        ("_since=2000-01-01T00:00:00+02:00".to_owned(), 1, 1),
        ("_since=2100-01-01T00:00:00Z".to_owned(), 0, 0),
        ("_count=0".to_owned(), 1, 0),
        ("_count=10".to_owned(), 1, 1),
        ("_summary=count".to_owned(), 1, 0),
    ] {
        let bundle = world
            .doctor()
            .get(&format!("/Patient/1/_history?{query}"))
            .ok();
        assert_eq!(bundle["total"], total, "{query}");
        let entries = bundle["entry"].as_array().map_or(0, Vec::len);
        assert_eq!(entries, shown, "{query}");
        let own = link(&bundle, "self").unwrap();
        let name = query.split('=').next().unwrap();
        assert!(own.contains(&format!("?{name}=")), "{own}");
        let again = world.doctor().get(&own).ok();
        assert_eq!(again, bundle, "{query}");
    }
}

fn what_a_history_cannot_tell_is_refused(world: &World) {
    let reason = world
        .doctor()
        .get("/Patient/1/_history?_at=2020")
        .refused(400, "value");
    assert!(reason.contains("no earlier versions"), "{reason}");
    for query in [
        "_since=2020",
        "_since=yesterday",
        "_since=",
        "_count=-1",
        "_count=x",
    ] {
        let path = format!("/Patient/1/_history?{query}");
        world.doctor().get(&path).refused(400, "value");
    }
    for query in [
        "_count=1&_count=1",
        "_since=2100-01-01T00:00:00Z&_since=2100-01-01T00:00:00Z",
    ] {
        let path = format!("/Patient/1/_history?{query}");
        world.doctor().get(&path).refused(400, "invalid");
    }
    let reason = world
        .doctor()
        .get("/Patient/_history")
        .refused(404, "not-supported");
    assert!(reason.contains("history"), "{reason}");
}

fn what_may_not_be_read_has_no_history(world: &World) {
    let version = version(&world.patients()[&1]);
    for path in [
        "/Patient/1/_history".to_owned(),
        format!("/Patient/1/_history/{version}"),
    ] {
        world.anonymous().get(&path).refused(401, "login");
        // Neither more nor less than reading tells.
        for login in ["ownpatients", "nolab"] {
            let user = world.as_user(login);
            let read = user.get("/Patient/1").status;
            let found = user.get("/Patient/1/_history").status;
            assert_eq!(found, read, "{login}");
        }
    }
    for id in ["999999", "abc"] {
        let path = format!("/Patient/{id}/_history");
        world.doctor().get(&path).refused(404, "not-found");
    }
}
