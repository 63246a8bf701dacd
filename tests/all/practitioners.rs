//! What is in a Practitioner, and that whatever refers to one refers to one that is served.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use xtask::database::GnuHealth;

use crate::content::{list, text};
use crate::world::{SYSTEMS, World, resources};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        every_health_professional_is_a_practitioner,
        a_practitioner_has_the_names_of_the_person,
        a_practitioner_is_identified_by_the_license_and_as_a_person,
        a_practitioner_has_specialties_the_main_one_first,
        a_practitioner_has_the_contacts_and_dates_of_the_person,
        every_reference_leads_to_what_is_served,
        searches_find_what_is_shown,
    ]
}

/// A health professional `h` with the party `q`, as the database has them. The main specialty moved with 5.0.
const ROWS: &str = "
    SELECT h.id, h.code, h.active, to_jsonb(h) AS whole, to_jsonb(q) AS party,
        (SELECT jsonb_agg(to_jsonb(n) ORDER BY n.id) FROM gnuhealth_person_name n WHERE n.party = q.id) AS names,
        (SELECT jsonb_agg(to_jsonb(c) ORDER BY c.sequence NULLS FIRST, c.id) FROM party_contact_mechanism c
            WHERE c.party = q.id) AS contacts,
        (SELECT jsonb_agg(jsonb_build_object('id', s.id, 'main', to_jsonb(s) -> 'mainsp', 'code', y.code, 'name', y.name)
                ORDER BY s.id)
            FROM gnuhealth_hp_specialty s JOIN gnuhealth_specialty y ON y.id = s.specialty
            WHERE coalesce(to_jsonb(s) -> 'healthprof', to_jsonb(s) -> 'name') = to_jsonb(h.id)) AS specialties
    FROM gnuhealth_healthprofessional h JOIN party_party q ON q.id = h.{party} ORDER BY h.id";

fn rows(world: &World) -> BTreeMap<String, Value> {
    let rows = world.sql().rows(ROWS, &[]).into_iter();
    rows.map(|row| (row["id"].to_string(), row)).collect()
}

#[track_caller]
fn compare(world: &World, of_resource: impl Fn(&Value) -> Value, of_row: impl Fn(&Value) -> Value) {
    let all = world.all("Practitioner");
    for (id, row) in rows(world) {
        assert_eq!(of_resource(&all[&id]), of_row(&row), "Practitioner/{id}");
    }
}

fn every_health_professional_is_a_practitioner(world: &World) {
    let (all, rows) = (world.all("Practitioner"), rows(world));
    assert_eq!(
        all.keys().collect::<Vec<_>>(),
        rows.keys().collect::<Vec<_>>()
    );
    assert!(all.len() >= 8);
    for (id, practitioner) in all.iter() {
        assert_eq!(
            &world.doctor().get(&format!("/Practitioner/{id}")).ok(),
            practitioner
        );
        let active = rows[id]["active"] != false && rows[id]["party"]["active"] != false;
        assert_eq!(practitioner["active"], active);
    }
    assert!(
        all.values()
            .any(|practitioner| practitioner["active"] == false)
    );
    world
        .doctor()
        .get("/Practitioner/999999")
        .refused(404, "not-found");
}

fn a_practitioner_has_the_names_of_the_person(world: &World) {
    let found = |practitioner: &Value| {
        let names = list(&practitioner["name"]).iter();
        names
            .map(|name| {
                json!([
                    name["use"],
                    name["family"],
                    name["given"][0],
                    name["prefix"][0]
                ])
            })
            .collect()
    };
    let of_row = |row: &Value| {
        let names = list(&row["names"]).iter();
        names
            .map(|name| {
                json!([
                    name["use"],
                    text(&name["family"]),
                    text(&name["given"]),
                    text(&name["prefix"])
                ])
            })
            .collect()
    };
    compare(world, found, of_row);
}

fn a_practitioner_is_identified_by_the_license_and_as_a_person(world: &World) {
    let found = |practitioner: &Value| {
        let identifiers = list(&practitioner["identifier"]).iter();
        identifiers
            .map(|item| {
                json!([
                    item["system"],
                    item["value"],
                    item["type"]["coding"][0]["code"]
                ])
            })
            .collect()
    };
    let of_row = |row: &Value| {
        let item = |system: &str, value: &Value, code: Option<&str>| {
            let value = text(value);
            (!value.is_null()).then(|| json!([format!("{SYSTEMS}/{system}"), value, code]))
        };
        let items = [
            item("health-professional-license", &row["code"], Some("LN")),
            item("puid", &row["party"]["ref"], None),
            item(
                "federation-account",
                &row["party"]["federation_account"],
                None,
            ),
        ];
        items.into_iter().flatten().collect()
    };
    compare(world, found, of_row);
}

fn a_practitioner_has_specialties_the_main_one_first(world: &World) {
    let found = |practitioner: &Value| {
        let qualifications = list(&practitioner["qualification"])
            .iter()
            .map(|item| &item["code"]);
        qualifications
            .map(|code| {
                json!([
                    code["coding"][0]["system"],
                    code["coding"][0]["code"],
                    code["text"]
                ])
            })
            .collect()
    };
    let of_row = |row: &Value| {
        let is_main = |specialty: &Value| match world.version() {
            GnuHealth::V5_0 => specialty["main"] == true,
            GnuHealth::V4_4 => specialty["id"] == row["whole"]["main_specialty"],
        };
        let (main, others): (Vec<_>, Vec<_>) = list(&row["specialties"])
            .iter()
            .partition(|held| is_main(held));
        let held = main.into_iter().chain(others);
        held.map(|held| {
            json!([
                format!("{SYSTEMS}/specialty"),
                held["code"],
                text(&held["name"])
            ])
        })
        .collect()
    };
    compare(world, found, of_row);
    let several = world.all("Practitioner");
    assert!(
        several
            .values()
            .any(|practitioner| list(&practitioner["qualification"]).len() > 1)
    );
}

fn a_practitioner_has_the_contacts_and_dates_of_the_person(world: &World) {
    let found = |practitioner: &Value| {
        let contacts: Vec<_> = list(&practitioner["telecom"])
            .iter()
            .map(|contact| contact["value"].clone())
            .collect();
        json!([contacts, practitioner["gender"], practitioner["birthDate"]])
    };
    let of_row = |row: &Value| {
        let contacts: Vec<_> = list(&row["contacts"])
            .iter()
            .map(|contact| text(&contact["value"]))
            .collect();
        let gender = match row["party"]["gender"].as_str() {
            Some("m") => json!("male"),
            Some("f") => json!("female"),
            Some("nb" | "other") => json!("other"),
            Some(_) => json!("unknown"),
            None => Value::Null,
        };
        json!([contacts, gender, row["party"]["dob"]])
    };
    compare(world, found, of_row);
}

/// The types whose references are followed.
const TYPES: [&str; 6] = [
    "Patient",
    "Observation",
    "Condition",
    "Organization",
    "Practitioner",
    "PractitionerRole",
];

fn every_reference_leads_to_what_is_served(world: &World) {
    let mut references = BTreeSet::new();
    for r#type in TYPES {
        for resource in world.all(r#type).values() {
            collect(resource, &mut references);
        }
    }
    assert!(references.len() > 50, "{}", references.len());
    for reference in references {
        let (r#type, id) = reference.split_once('/').unwrap();
        let of_type = TYPES.iter().find(|served| **served == r#type);
        let served = of_type.is_some_and(|served| world.all(served).contains_key(id));
        assert!(served, "{reference} is a dead link");
    }
}

fn collect(value: &Value, references: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(reference) = members.get("reference").and_then(Value::as_str) {
                references.insert(reference.to_owned());
            }
            members
                .values()
                .for_each(|member| collect(member, references));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        _ => {}
    }
}

fn searches_find_what_is_shown(world: &World) {
    let all = world.all("Practitioner");
    type Shown = Box<dyn Fn(&Value) -> bool>;
    let cases: Vec<(String, Shown)> = vec![
        (
            "identifier=LIC-0003".to_owned(),
            Box::new(|shown| shown["identifier"][0]["value"] == "LIC-0003"),
        ),
        (
            "active=false".to_owned(),
            Box::new(|shown| shown["active"] == false),
        ),
        (
            "family=Casas".to_owned(),
            Box::new(|shown| shown["name"][0]["family"] == "Casas"),
        ),
        (
            "given=lucia".to_owned(),
            Box::new(|shown| shown["name"][0]["given"][0] == "Lucía"),
        ),
        (
            "name=Dr".to_owned(),
            Box::new(|shown| shown["name"][0]["prefix"][0] == "Dr"),
        ),
        (
            "gender=female".to_owned(),
            Box::new(|shown| shown["gender"] == "female"),
        ),
        (
            "email=hp2@hospital.example.org".to_owned(),
            Box::new(|shown| shown["telecom"][0]["value"] == "hp2@hospital.example.org"),
        ),
        (
            "telecom=hp2@hospital.example.org".to_owned(),
            Box::new(|shown| shown["telecom"][0]["value"] == "hp2@hospital.example.org"),
        ),
        (
            "identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|LN|LIC-0001"
                .to_owned(),
            Box::new(|shown| shown["identifier"][0]["value"] == "LIC-0001"),
        ),
    ];
    for (query, shown) in cases {
        let expected: BTreeSet<&String> = all
            .iter()
            .filter(|(_, found)| shown(found))
            .map(|(id, _)| id)
            .collect();
        let path = format!("/Practitioner?{}&_count=1000", query.replace('|', "%7C"));
        let found = resources(&world.doctor(), &path);
        assert_eq!(found.keys().collect::<BTreeSet<_>>(), expected, "{query}");
        assert!(
            !expected.is_empty() && expected.len() < all.len(),
            "{query}"
        );
    }
    assert!(
        resources(
            &world.doctor(),
            "/Practitioner?phone=hp2@hospital.example.org"
        )
        .is_empty()
    );
    for (id, patient) in world.patients() {
        let Some(doctor) = patient["generalPractitioner"][0]["reference"].as_str() else {
            continue;
        };
        if id % 9 == 0 {
            assert!(
                world
                    .found(&[("general-practitioner", doctor)])
                    .contains(id)
            );
        }
    }
}
