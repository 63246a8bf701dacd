//! The date parameter `birthdate`: every prefix with every precision, against R4's rules on intervals.

use std::collections::BTreeSet;

use chrono::{Datelike, Days, Months, NaiveDate, NaiveDateTime, TimeDelta};

use crate::world::World;
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        every_prefix_and_precision_finds_whom_the_rules_say,
        an_estimated_date_is_a_year,
        several_values_are_alternatives_and_several_parameters_a_range,
        approximately_is_wider_than_equal_and_not_everything,
        without_a_birth_date_nobody_is_found,
        what_is_no_date_is_refused,
    ]
}

/// From the first moment on until before the second.
type Interval = (NaiveDateTime, NaiveDateTime);

fn day(date: NaiveDate) -> Interval {
    let next = date + Days::new(1);
    (date.into(), next.into())
}

fn year(date: NaiveDate) -> Interval {
    let first = date.with_day(1).unwrap().with_month(1).unwrap();
    (first.into(), (first + Months::new(12)).into())
}

/// The intervals of the database: an estimated birth date is known to the year.
fn births(world: &World) -> Vec<(i64, Interval)> {
    let rows = world.sql().rows(
        "SELECT p.id, q.dob, q.est_dob FROM gnuhealth_patient p JOIN party_party q ON q.id = p.{party} WHERE q.dob IS NOT NULL",
        &[],
    );
    let births = rows.iter().map(|row| {
        let date: NaiveDate = row["dob"].as_str().unwrap().parse().unwrap();
        let interval = if row["est_dob"] == true {
            year(date)
        } else {
            day(date)
        };
        (row["id"].as_i64().unwrap(), interval)
    });
    births.collect()
}

/// The values to search, and the interval of each.
fn wanted() -> Vec<(&'static str, Interval)> {
    let date = |text: &str| text.parse::<NaiveDate>().unwrap();
    let month = |text: &str| {
        let first = date(&format!("{text}-01"));
        (first.into(), (first + Months::new(1)).into())
    };
    let moment = |text: &str, seconds| {
        let start: NaiveDateTime = text.parse().unwrap();
        (start, start + TimeDelta::seconds(seconds))
    };
    vec![
        ("1985", year(date("1985-01-01"))),
        ("1961", year(date("1961-01-01"))),
        ("1905", year(date("1905-01-01"))),
        ("2026", year(date("2026-01-01"))),
        ("1900", year(date("1900-01-01"))),
        ("1985-10", month("1985-10")),
        ("1961-11", month("1961-11")),
        ("2000-02", month("2000-02")),
        ("1985-10-04", day(date("1985-10-04"))),
        ("1961-11-01", day(date("1961-11-01"))),
        ("1961-01-01", day(date("1961-01-01"))),
        ("1961-12-31", day(date("1961-12-31"))),
        ("2000-02-29", day(date("2000-02-29"))),
        ("1978-08-18", day(date("1978-08-18"))),
        ("1985-10-04T00:00Z", moment("1985-10-04T00:00:00", 60)),
        ("1985-10-04T12:30:00Z", moment("1985-10-04T12:30:00", 1)),
        (
            "1985-10-04T23:30:00-02:00",
            moment("1985-10-05T01:30:00", 1),
        ),
    ]
}

/// R4, search, section "prefixes": what the field's interval must be to the value's.
fn matches(prefix: &str, field: Interval, value: Interval) -> bool {
    let contained = value.0 <= field.0 && field.1 <= value.1;
    let (reaches_above, reaches_below) = (field.1 > value.1, field.0 < value.0);
    match prefix {
        "" | "eq" => contained,
        "ne" => !contained,
        "gt" => reaches_above,
        "lt" => reaches_below,
        "ge" => reaches_above || contained,
        "le" => reaches_below || contained,
        "sa" => field.0 >= value.1,
        "eb" => field.1 <= value.0,
        _ => panic!("{prefix}"),
    }
}

fn every_prefix_and_precision_finds_whom_the_rules_say(world: &World) {
    let births = births(world);
    for (text, value) in wanted() {
        for prefix in ["", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"] {
            let expected = births
                .iter()
                .filter(|(_, field)| matches(prefix, *field, value));
            let expected: BTreeSet<i64> = expected.map(|(id, _)| *id).collect();
            let search = format!("{prefix}{text}");
            assert_eq!(
                world.found(&[("birthdate", &search)]),
                expected,
                "birthdate={search}"
            );
        }
    }
}

/// Patient 24 was born some time in 1961; the database has a day, which nobody knows.
fn an_estimated_date_is_a_year(world: &World) {
    let finds = |value: &str| world.found(&[("birthdate", value)]).contains(&24);
    for value in [
        "1961",
        "ge1961",
        "le1961",
        "gt1961-06",
        "lt1961-06",
        "ne1961-11-01",
        "sa1960",
        "eb1962",
        "ap1961",
    ] {
        assert!(finds(value), "{value}");
    }
    for value in [
        "1961-11-01",
        "1961-11",
        "1960",
        "sa1961-01",
        "eb1961-12-31",
        "gt1961",
        "lt1961",
    ] {
        assert!(!finds(value), "{value}");
    }
}

fn several_values_are_alternatives_and_several_parameters_a_range(world: &World) {
    let either = world.found(&[("birthdate", "1985-10-04,1983-02-28,eb1906")]);
    assert_eq!(either, [1, 2, 39].into());
    let both = world.found(&[("birthdate", "ge1970"), ("birthdate", "lt1980")]);
    let expected = births(world).into_iter().filter(|(_, (start, end))| {
        let limits = [1970, 1980].map(|year| NaiveDate::from_ymd_opt(year, 1, 1).unwrap().into());
        *start < limits[1] && *end > limits[0]
    });
    let expected: BTreeSet<i64> = expected.map(|(id, _)| id).collect();
    assert!(expected.len() > 5, "{expected:?}");
    assert_eq!(both, expected);
}

fn approximately_is_wider_than_equal_and_not_everything(world: &World) {
    let equal = world.found(&[("birthdate", "1985")]);
    let about = world.found(&[("birthdate", "ap1985")]);
    assert!(
        about.is_superset(&equal) && about.len() > equal.len(),
        "{about:?}"
    );
    // A tenth of the four decades until now is four years.
    let near = world.found(&[("birthdate", "ge1982"), ("birthdate", "le1988")]);
    assert!(about.is_superset(&near), "{about:?}, but near are {near:?}");
    let far = world.found(&[("birthdate", "lt1975,gt1995")]);
    assert!(about.is_disjoint(&far), "{about:?}");
}

fn without_a_birth_date_nobody_is_found(world: &World) {
    let unborn = world.sql().patients("q.dob IS NULL", &[]);
    assert!(unborn.len() >= 2, "{unborn:?}");
    for value in ["ge0001", "le9999", "ne1985", "ap1985"] {
        assert!(
            world.found(&[("birthdate", value)]).is_disjoint(&unborn),
            "{value}"
        );
    }
    let born = world.sql().patients("q.dob IS NOT NULL", &[]);
    assert_eq!(world.found(&[("birthdate", "ge0001")]), born);
    assert_eq!(world.found(&[("birthdate", "le9999")]), born);
}

fn what_is_no_date_is_refused(world: &World) {
    for value in [
        "2020-13-45",
        "2020-02-30",
        "2019-02-29",
        "2020-1-1",
        "20200101",
        "01/02/2020",
        "x",
        "",
        "gt",
        "xx2020",
        ">2020",
        "2020-",
        "2020-01-",
        "2020-01-01T",
        "2020-01-01T25:00Z",
        "2020-01-01T10:00:61Z",
        "-2020",
        "0000",
        "10000",
        "today",
        "2020,",
        "2020 ",
        "gt 2020",
        "١٩٨٥",
        "2020-01-01' OR '1'='1",
    ] {
        let reason = world.search(&[("birthdate", value)]).refused(400, "value");
        assert!(reason.contains("birthdate"), "{value}: {reason}");
    }
}
