//! Pages: following `next` gives each result once, in one order, whatever happens meanwhile; and a cursor is good for
//! its user and search only.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::http::Client;
use crate::world::{NEW, Newcomers, World, ids, link, search_path};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        following_next_gives_each_result_once_and_in_order,
        pages_of_a_search_keep_its_parameters,
        every_page_has_the_same_total,
        the_page_size_may_change_on_the_way,
        a_later_page_leads_back_to_the_first,
        a_forged_cursor_is_refused,
        a_cursor_of_another_user_is_refused,
        a_cursor_of_another_search_is_refused,
        more_searches_than_a_connection_keeps_plans_of_are_answered_alike,
    ]
}

/// A connection keeps 32 plans (`src/db/plan.rs`); each size of a page has one of its own.
fn more_searches_than_a_connection_keeps_plans_of_are_answered_alike(world: &World) {
    let doctor = world.doctor();
    let path = |count| format!("/Patient?_count={count}");
    let all = ids(&doctor.get(&path(1000)).ok());
    assert!(all.len() >= 40, "{all:?}");
    for count in (1..=40).chain(1..=40) {
        let page = ids(&doctor.get(&path(count)).ok());
        assert_eq!(page, all[..count], "{count}");
    }
}

pub fn tests_that_change_data() -> Vec<Test> {
    tests![
        who_comes_or_changes_meanwhile_makes_no_one_appear_twice_or_get_lost,
        following_next_counts_as_many_as_the_total_says,
    ]
}

/// All pages from a path on: the ids of each.
fn pages(client: &Client, path: &str, mut between: impl FnMut()) -> Vec<Vec<i64>> {
    let mut pages = Vec::new();
    let mut next = Some(path.to_owned());
    while let Some(url) = next {
        let bundle = client.get(&url).ok();
        pages.push(ids(&bundle));
        assert!(pages.len() <= 1000, "the pages do not end");
        next = link(&bundle, "next");
        between();
    }
    pages
}

fn following_next_gives_each_result_once_and_in_order(world: &World) {
    let everybody: Vec<i64> = world.sql().patients("true", &[]).into_iter().collect();
    for count in [1, 7, 20, 30, 60, 1000] {
        let pages = pages(&world.doctor(), &format!("/Patient?_count={count}"), || ());
        assert_eq!(pages.concat(), everybody, "{count}");
        let (last, full) = pages.split_last().unwrap();
        assert!(full.iter().all(|page| page.len() == count));
        assert!(!last.is_empty(), "no page is empty");
    }
    assert_eq!(
        pages(&world.doctor(), "/Patient", || ()).concat(),
        everybody
    );
}

fn pages_of_a_search_keep_its_parameters(world: &World) {
    for query in [
        &[("gender", "female")][..],
        &[("birthdate", "ge1970"), ("birthdate", "lt2000")],
        &[("gender:not", "male,other")],
        &[("name", "a,b,c,d,e,f"), ("_total", "accurate")],
    ] {
        let expected: Vec<i64> = world.found(query).into_iter().collect();
        assert!(expected.len() > 6, "{query:?}");
        let path = format!("{}&_count=3", search_path(query));
        assert_eq!(
            pages(&world.doctor(), &path, || ()).concat(),
            expected,
            "{query:?}"
        );
    }
}

fn every_page_has_the_same_total(world: &World) {
    let mut next = Some("/Patient?_count=25&_total=accurate".to_owned());
    let mut totals = Vec::new();
    while let Some(url) = next {
        let bundle = world.doctor().get(&url).ok();
        totals.push(bundle["total"].as_u64().unwrap());
        next = link(&bundle, "next");
    }
    assert!(totals.len() >= 3, "{totals:?}");
    let everybody = world.patients().len() as u64;
    assert!(totals.iter().all(|total| *total == everybody), "{totals:?}");
}

fn the_page_size_may_change_on_the_way(world: &World) {
    let first = world.doctor().get("/Patient?_count=5").ok();
    let next = link(&first, "next")
        .unwrap()
        .replace("_count=5", "_count=50");
    let second = world.doctor().get(&next).ok();
    let everybody: Vec<i64> = world.sql().patients("true", &[]).into_iter().collect();
    assert_eq!([ids(&first), ids(&second)].concat(), everybody[..55]);
}

fn a_later_page_leads_back_to_the_first(world: &World) {
    let first = world.doctor().get("/Patient?_count=5&gender=male").ok();
    let second = world.doctor().get(&link(&first, "next").unwrap()).ok();
    assert_ne!(ids(&first), ids(&second));
    let back = world.doctor().get(&link(&second, "first").unwrap()).ok();
    assert_eq!(ids(&back), ids(&first));
    let again = world.doctor().get(&link(&second, "self").unwrap()).ok();
    assert_eq!(ids(&again), ids(&second));
}

/// A search that has a second page, and the cursor of that.
const SEARCH: &str = "/Patient?_count=2&family=Betz";

fn cursor(world: &World) -> String {
    let bundle = world.doctor().get(SEARCH).ok();
    let next = link(&bundle, "next").unwrap();
    let cursor = next.split_once("_cursor=").unwrap().1;
    cursor.split('&').next().unwrap().to_owned()
}

fn a_forged_cursor_is_refused(world: &World) {
    let good = cursor(world);
    assert_eq!(
        ids(&world.doctor().get(&format!("{SEARCH}&_cursor={good}")).ok()),
        [3, 4]
    );
    let bytes = URL_SAFE_NO_PAD.decode(&good).unwrap();
    let changed = |index: usize| {
        let mut bytes = bytes.clone();
        bytes[index] ^= 1;
        URL_SAFE_NO_PAD.encode(bytes)
    };
    let each = (0..bytes.len()).map(changed);
    let others = [
        "",
        "2",
        "AAAA",
        "x y",
        "***",
        "null",
        "'; DROP TABLE res_user; --",
    ];
    let others = others.map(str::to_owned).into_iter();
    let shortened = [good[..good.len() - 4].to_owned(), format!("{good}AAAA")];
    for forged in each.chain(others).chain(shortened) {
        let path = format!("{SEARCH}&_cursor={}", crate::world::encoded(&forged));
        world.doctor().get(&path).refused(400, "value");
    }
}

fn a_cursor_of_another_user_is_refused(world: &World) {
    let path = format!("{SEARCH}&_cursor={}", cursor(world));
    assert_eq!(world.doctor().get(&path).status, 200);
    world.as_user("nurse").get(&path).refused(400, "value");
    world.anonymous().get(&path).refused(401, "login");
}

fn a_cursor_of_another_search_is_refused(world: &World) {
    let cursor = cursor(world);
    for query in [
        "",
        "family=Betz&gender=female",
        "family=betz",
        "given=Betz",
        "family:exact=Betz",
        "name=Betz",
    ] {
        let path = format!("/Patient?_count=2&{query}&_cursor={cursor}");
        world.doctor().get(&path).refused(400, "value");
    }
}

fn who_comes_or_changes_meanwhile_makes_no_one_appear_twice_or_get_lost(world: &World) {
    let there: Vec<i64> = world.sql().patients("true", &[]).into_iter().collect();
    let newcomers = Newcomers(world);
    let mut id = NEW;
    let pages = pages(&world.doctor(), "/Patient?_count=9", || {
        // One comes, and the first are written, which moves them within the table: the pages that follow must not shift.
        if id < NEW + 4 {
            newcomers.come(id);
            id += 1;
        }
        world
            .sql()
            .run("UPDATE gnuhealth_patient SET active = active WHERE id < 30");
    });
    let seen = pages.concat();
    let unique: BTreeSet<i64> = seen.iter().copied().collect();
    assert_eq!(seen.len(), unique.len(), "someone is there twice: {seen:?}");
    let of_before: Vec<i64> = seen.iter().copied().filter(|id| *id < NEW).collect();
    assert_eq!(of_before, there, "all who were there, in order");
    assert!(pages.len() > 5 && seen.is_sorted(), "{seen:?}");
}

fn following_next_counts_as_many_as_the_total_says(world: &World) {
    let newcomers = Newcomers(world);
    for id in NEW..NEW + 150 {
        newcomers.come(id);
    }
    let expected = world.sql().patients("q.lastname = 'Newcomer'", &[]);
    let path = "/Patient?family:exact=Newcomer&_count=20&_total=accurate";
    let total = world.doctor().get(path).ok()["total"].clone();
    assert_eq!(total, expected.len());
    let seen = pages(&world.doctor(), path, || ()).concat();
    assert_eq!(seen, expected.into_iter().collect::<Vec<_>>());
}
