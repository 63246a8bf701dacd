//! Token parameters: `_id`, `identifier` and `gender`.

use std::collections::{BTreeMap, BTreeSet};

use crate::world::{SYSTEMS, World, escaped};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        ids_are_found_one_and_several,
        what_is_no_id_is_found_by_none,
        every_identifier_is_found_by_value_and_by_system_and_value,
        a_system_alone_finds_all_who_have_an_identifier_of_it,
        an_identifier_of_another_system_or_none_is_not_found,
        identifiers_are_compared_as_a_whole_and_to_the_letter,
        separators_within_an_identifier_are_escaped,
        genders_are_found_by_their_fhir_codes,
        not_finds_everyone_else,
    ]
}

fn set(ids: &[i64]) -> BTreeSet<i64> {
    ids.iter().copied().collect()
}

fn ids_are_found_one_and_several(world: &World) {
    assert_eq!(world.found(&[("_id", "7")]), set(&[7]));
    assert_eq!(world.found(&[("_id", "7,1,9,7,999999")]), set(&[1, 7, 9]));
    assert_eq!(world.found(&[("_id", "1"), ("_id", "2")]), set(&[]));
    assert_eq!(world.found(&[("_id", "1,2"), ("_id", "2,3")]), set(&[2]));
    let others = world.found(&[("_id:not", "1,2")]);
    assert_eq!(others.len() + 2, world.patients().len());
    assert!(others.is_disjoint(&set(&[1, 2])));
}

fn what_is_no_id_is_found_by_none(world: &World) {
    for value in [
        "999999",
        "0",
        "-1",
        "01",
        "+1",
        "1.0",
        " 1",
        "abc",
        "lab-1",
        "99999999999999999999",
        "urn:x|1",
    ] {
        assert_eq!(world.found(&[("_id", value)]), set(&[]), "{value}");
    }
}

/// The identifiers of the database: system and value, and who has them.
fn identifiers(world: &World) -> BTreeMap<(String, String), BTreeSet<i64>> {
    let rows = world.sql().rows(
        "SELECT p.id, 'puid' AS system, q.ref AS value FROM gnuhealth_patient p JOIN party_party q ON q.id = p.{party}
         UNION ALL SELECT p.id, 'federation-account', q.federation_account
            FROM gnuhealth_patient p JOIN party_party q ON q.id = p.{party}
         UNION ALL SELECT p.id, 'alternative-id/' || a.alternative_id_type, a.code
            FROM gnuhealth_patient p JOIN gnuhealth_person_alternative_identification a ON a.{party} = p.{party}
         UNION ALL SELECT p.id, 'party-identifier/' || i.type, i.code
            FROM gnuhealth_patient p JOIN party_identifier i ON i.party = p.{party}",
        &[],
    );
    let mut identifiers = BTreeMap::<_, BTreeSet<_>>::new();
    for row in rows {
        let value = row["value"].as_str().unwrap_or_default();
        if !value.is_empty() {
            let system = format!("{SYSTEMS}/{}", row["system"].as_str().unwrap());
            let holders = identifiers.entry((system, value.to_owned())).or_default();
            holders.insert(row["id"].as_i64().unwrap());
        }
    }
    identifiers
}

fn every_identifier_is_found_by_value_and_by_system_and_value(world: &World) {
    let identifiers = identifiers(world);
    assert!(identifiers.len() > 110, "{}", identifiers.len());
    for ((system, value), holders) in &identifiers {
        let value = escaped(value);
        assert_eq!(
            &world.found(&[("identifier", &format!("{system}|{value}"))]),
            holders,
            "{system}|{value}"
        );
        let by_value = world.found(&[("identifier", &value)]);
        assert!(by_value.is_superset(holders), "{value}: {by_value:?}");
        assert!(by_value.len() <= 2, "{value}: {by_value:?}");
    }
}

fn a_system_alone_finds_all_who_have_an_identifier_of_it(world: &World) {
    let mut holders = BTreeMap::<String, BTreeSet<i64>>::new();
    for ((system, _), ids) in identifiers(world) {
        holders.entry(system).or_default().extend(ids);
    }
    assert!(holders.len() >= 5, "{holders:?}");
    for (system, expected) in holders {
        assert_eq!(
            world.found(&[("identifier", &format!("{system}|"))]),
            expected,
            "{system}"
        );
    }
}

fn an_identifier_of_another_system_or_none_is_not_found(world: &World) {
    let ((system, value), _) = identifiers(world).into_iter().next().unwrap();
    let other = format!("{SYSTEMS}/federation-account");
    assert_ne!(system, other);
    for wrong in [
        format!("{other}|{value}"),
        format!("{SYSTEMS}|{value}"),
        format!("{SYSTEMS}/nonsense|{value}"),
        format!("urn:oid:1.2.3|{value}"),
        format!("{system}/|{value}"),
        format!("{}|{value}", system.to_uppercase()),
        format!("|{value}"),
        "urn:oid:1.2.3|".to_owned(),
    ] {
        assert_eq!(world.found(&[("identifier", &wrong)]), set(&[]), "{wrong}");
    }
}

fn identifiers_are_compared_as_a_whole_and_to_the_letter(world: &World) {
    let puid = world.sql().value(
        "SELECT q.ref FROM gnuhealth_patient p JOIN party_party q ON q.id = p.{party} WHERE p.id = 1",
        &[],
    );
    let puid = puid.as_str().unwrap();
    assert_eq!(world.found(&[("identifier", puid)]), set(&[1]));
    for wrong in [
        &puid[..puid.len() - 1],
        &puid[1..],
        &puid.to_lowercase(),
        &format!("{puid}0"),
        "%",
        "_",
        "*",
    ] {
        assert_eq!(world.found(&[("identifier", wrong)]), set(&[]), "{wrong}");
    }
}

fn separators_within_an_identifier_are_escaped(world: &World) {
    // patient 17 has the alternative id ID'"<&>|
    assert_eq!(world.found(&[("identifier", "ID'\"<&>\\|")]), set(&[17]));
    let system = format!("{SYSTEMS}/alternative-id/other");
    assert_eq!(
        world.found(&[("identifier", &format!("{system}|ID'\"<&>\\|"))]),
        set(&[17])
    );
    assert_eq!(
        world.found(&[("identifier", "X1234567L,ID'\"<&>\\|")]),
        set(&[1, 17])
    );
    // Not escaped, it separates a system.
    assert_eq!(world.found(&[("identifier", "ID'\"<&>|x")]), set(&[]));
}

const GENDERS: &[(&str, &str)] = &[
    ("male", "q.gender = 'm'"),
    ("female", "q.gender = 'f'"),
    ("other", "q.gender IN ('nb', 'other')"),
    ("unknown", "q.gender IN ('nd', 'u')"),
];

const GENDER_SYSTEM: &str = "http://hl7.org/fhir/administrative-gender";

fn genders_are_found_by_their_fhir_codes(world: &World) {
    for (code, condition) in GENDERS {
        let expected = world.sql().patients(condition, &[]);
        assert!(!expected.is_empty(), "{code}");
        assert_eq!(world.found(&[("gender", code)]), expected, "{code}");
        assert_eq!(
            world.found(&[("gender", &format!("{GENDER_SYSTEM}|{code}"))]),
            expected,
            "{code}"
        );
        for wrong in [format!("urn:x|{code}"), format!("{GENDER_SYSTEM}|{code}s")] {
            assert_eq!(world.found(&[("gender", &wrong)]), set(&[]), "{wrong}");
        }
    }
    for local in ["m", "f", "nb", "nd", "u", "MALE"] {
        assert_eq!(world.found(&[("gender", local)]), set(&[]), "{local}");
    }
    let several = world.sql().patients("q.gender IN ('m', 'nd', 'u')", &[]);
    assert_eq!(world.found(&[("gender", "male,unknown")]), several);
    let all = world.sql().patients("q.gender IS NOT NULL", &[]);
    assert_eq!(
        world.found(&[("gender", &format!("{GENDER_SYSTEM}|"))]),
        all
    );
}

fn not_finds_everyone_else(world: &World) {
    let all = world.sql().patients("true", &[]);
    for (code, condition) in GENDERS {
        let these = world.sql().patients(condition, &[]);
        let others: BTreeSet<i64> = all.difference(&these).copied().collect();
        assert_eq!(world.found(&[("gender:not", code)]), others, "{code}");
    }
    let neither = world.sql().patients("q.gender NOT IN ('m', 'f')", &[]);
    assert_eq!(world.found(&[("gender:not", "male,female")]), neither);
    let no_passport = world.found(&[("identifier:not", "PAA123456")]);
    assert_eq!(no_passport, all.difference(&set(&[1])).copied().collect());
}
