//! String parameters: `name`, `family` and `given`, with the demo patients, who are numbered in
//! database/demo/patients.py.

use std::collections::BTreeSet;

use crate::world::{World, escaped, ids};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        a_name_is_found_by_its_start_in_any_case,
        a_name_is_found_by_the_start_of_a_word_only,
        accents_do_not_count,
        a_name_is_found_in_its_own_script,
        a_syllable_is_not_found_by_a_part_of_it,
        family_and_given_search_their_part_only,
        name_searches_prefix_and_suffix_too,
        former_names_are_found,
        the_partys_own_name_is_found_where_there_is_no_other,
        exact_is_to_the_letter,
        contains_finds_within_words,
        wildcards_and_quotes_stand_for_themselves,
        escaped_commas_belong_to_the_value_and_others_separate,
        a_plus_in_the_query_is_a_space,
        every_name_is_found_by_itself,
        every_name_is_found_exactly_as_it_is_shown,
    ]
}

/// Asserts that a search finds these of the first 52, who are known; the others have names of a random choice.
#[track_caller]
fn finds(world: &World, parameter: &str, value: &str, expected: &[i64]) {
    let found = world.found(&[(parameter, value)]);
    let known: BTreeSet<i64> = found.into_iter().filter(|id| *id <= 52).collect();
    assert_eq!(
        known,
        expected.iter().copied().collect(),
        "{parameter}={value}"
    );
}

fn a_name_is_found_by_its_start_in_any_case(world: &World) {
    for value in ["Onlyfamily", "only", "ONLYF", "oNlYfAmIlY"] {
        finds(world, "family", value, &[19]);
        finds(world, "name", value, &[19]);
    }
    for value in ["suharto", "SUH", "Suharto"] {
        finds(world, "given", value, &[18]);
    }
    finds(world, "family", "betz", &[1, 2, 3, 4]);
}

fn a_name_is_found_by_the_start_of_a_word_only(world: &World) {
    finds(world, "given", "isabel", &[1]);
    finds(world, "given", "Ana Is", &[1]);
    finds(world, "given", "minh k", &[15]);
    finds(world, "given", "sabel", &[]);
    finds(world, "family", "onfamily", &[]);
    finds(world, "family", "Onlyfamilyx", &[]);
    // What surrounds a name is no part of it.
    finds(world, "family", "trim", &[43]);
}

fn accents_do_not_count(world: &World) {
    // composed, decomposed, none: in the value and in the field
    for value in ["José", "Jose\u{301}", "jose", "JOSÉ"] {
        finds(world, "given", value, &[46, 47]);
    }
    for value in ["Nuñez", "Nun\u{303}ez", "nunez"] {
        finds(world, "family", value, &[46, 47]);
    }
    for value in ["Müller", "muller", "MULLER", "Mu\u{308}ller"] {
        finds(world, "family", value, &[48, 49]);
    }
    finds(world, "family", "nguyen", &[15]);
    finds(world, "family", "παπαδοπουλου", &[9]);
    finds(world, "given", "age", &[12]);
    finds(world, "given", "lucia", &[3]);
}

fn a_name_is_found_in_its_own_script(world: &World) {
    for (parameter, value, id) in [
        ("family", "الحسن", 5),
        ("given", "محمد", 5),
        ("family", "رضایی", 6),
        ("family", "王", 7),
        ("given", "小", 7),
        ("given", "иван", 8),
        ("given", "Иванович", 8),
        ("family", "Петров", 8),
        ("given", "さくら", 10),
        ("family", "山田", 10),
        ("given", "민준", 11),
        ("family", "김", 11),
        ("family", "כהן", 13),
        ("given", "สมชาย", 14),
        ("family", "ใจดี", 14),
        ("given", "अनिता", 16),
        ("family", "शर्मा", 16),
        ("family", "𝒟rama", 45),
        ("given", "😀", 45),
    ] {
        finds(world, parameter, value, &[id]);
        finds(world, "name", value, &[id]);
    }
    finds(world, "name", "明", &[]);
}

/// 민 is one letter to its readers, though Unicode can take it apart, and what it comes apart into starts with 미.
fn a_syllable_is_not_found_by_a_part_of_it(world: &World) {
    finds(world, "given", "민", &[11]);
    finds(world, "given", "미", &[]);
}

fn family_and_given_search_their_part_only(world: &World) {
    finds(world, "family", "Ana", &[]);
    finds(world, "given", "Betz", &[]);
    finds(world, "given", "Suharto", &[18]);
    finds(world, "family", "Suharto", &[]);
    let both = world.found(&[("family", "Betz"), ("given", "Ana")]);
    assert_eq!(both, [1].into());
}

fn name_searches_prefix_and_suffix_too(world: &World) {
    finds(world, "name", "PhD", &[1]);
    finds(world, "name", "Jr.", &[2]);
    finds(world, "name", "Miss", &[1]);
    finds(world, "family", "PhD", &[]);
    finds(world, "given", "Mrs", &[]);
}

fn former_names_are_found(world: &World) {
    finds(world, "family", "Duplicate", &[51, 52]);
    finds(world, "given", "Anita", &[1]);
    finds(world, "family", "Rodríguez Pérez", &[1]);
    finds(world, "given", "Nicky", &[36]);
}

fn the_partys_own_name_is_found_where_there_is_no_other(world: &World) {
    finds(world, "family", "Onlyfamily", &[19]);
    // What is not shown is not found either: the official name of 36 was deleted, the party still has it.
    finds(world, "given", "Nickonly", &[]);
}

fn exact_is_to_the_letter(world: &World) {
    finds(world, "family:exact", "Müller", &[48]);
    finds(world, "family:exact", "Muller", &[49]);
    finds(world, "family:exact", "müller", &[]);
    finds(world, "family:exact", "Mülle", &[]);
    finds(world, "given:exact", "Ana Isabel", &[1]);
    finds(world, "given:exact", "Isabel", &[1]);
    finds(world, "given:exact", "Ana Isa", &[]);
    finds(world, "given:exact", "José", &[47]);
    finds(world, "name:exact", "PhD", &[1]);
}

fn contains_finds_within_words(world: &World) {
    finds(world, "family:contains", "lyfam", &[19]);
    finds(world, "family:contains", "LYFAM", &[19]);
    finds(world, "family:contains", "ullE", &[48, 49]);
    finds(world, "given:contains", "harto", &[18]);
    finds(world, "name:contains", "明", &[7]);
    finds(world, "given:contains", "na Isa", &[1]);
    finds(world, "family:contains", "tagnan-O’C", &[42]);
}

fn wildcards_and_quotes_stand_for_themselves(world: &World) {
    finds(world, "given", "100%", &[44]);
    finds(world, "given:contains", "%", &[44]);
    finds(world, "given:contains", "_", &[44]);
    finds(world, "family:contains", "\\\\_", &[44]);
    finds(world, "family:contains", "\\\\", &[44]);
    finds(world, "given:contains", "1__%", &[]);
    for wildcard in ["%", "_", "*", "?", "%%", "._*", "^", "$", ".*"] {
        finds(world, "family", wildcard, &[]);
        finds(world, "family:exact", wildcard, &[]);
    }
    finds(world, "family", "O'Brien", &[17]);
    finds(world, "family", "O'Brien & Söhne", &[17]);
    finds(world, "given:contains", "\"Bobby\"", &[17]);
    finds(world, "given:contains", "<i>x</i>", &[17]);
    finds(world, "family", "d'Art", &[42]);
    finds(world, "family", "'", &[]);
    finds(world, "family", "''", &[]);
}

fn escaped_commas_belong_to_the_value_and_others_separate(world: &World) {
    finds(world, "family", "Onlyfamily,Difunta", &[19, 21]);
    finds(world, "family", "Onlyfamily\\,Difunta", &[]);
    finds(
        world,
        "family:exact",
        "Onlyfamily,Difunta,nobody",
        &[19, 21],
    );
}

fn a_plus_in_the_query_is_a_space(world: &World) {
    for query in [
        "given=Ana+Isabel",
        "given=Ana%20Isabel",
        "given:exact=Ana+Isabel",
    ] {
        let bundle = world.doctor().get(&format!("/Patient?{query}")).ok();
        assert_eq!(ids(&bundle), [1], "{query}");
    }
    let bundle = world.doctor().get("/Patient?given=Ana%2BIsabel").ok();
    assert!(ids(&bundle).is_empty(), "an encoded plus is a plus");
}

/// Searches each part of each name; `suffix` is the modifier.
fn search_every_name(world: &World, suffix: &str) {
    let mut searches = 0;
    let mut lost = Vec::new();
    for (id, patient) in world.patients() {
        for name in patient["name"].as_array().into_iter().flatten() {
            let family = name["family"].as_str().map(|part| ("family", part));
            let given = name["given"][0].as_str().map(|part| ("given", part));
            for (parameter, part) in family.into_iter().chain(given) {
                let value = escaped(part);
                for parameter in [parameter, "name"] {
                    let parameter = format!("{parameter}{suffix}");
                    if !world.found(&[(&parameter, &value)]).contains(id) {
                        lost.push(format!("{parameter}={value} does not find {id}"));
                    }
                    searches += 1;
                }
            }
        }
    }
    assert!(searches > 200, "{searches}");
    assert!(lost.is_empty(), "{}", lost.join("\n"));
}

fn every_name_is_found_by_itself(world: &World) {
    search_every_name(world, "");
}

/// As it is shown: older versions keep the spaces around a name in the database.
fn every_name_is_found_exactly_as_it_is_shown(world: &World) {
    search_every_name(world, ":exact");
}
