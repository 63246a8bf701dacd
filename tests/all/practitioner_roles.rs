//! What is in a PractitionerRole: of every health professional, against what SQL says.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use xtask::database::GnuHealth;

use crate::content::{list, object, text};
use crate::world::{SYSTEMS, World, resources};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        every_health_professional_has_one_role,
        a_role_says_who_has_it_and_where,
        a_role_has_the_specialties_of_the_practitioner,
        a_role_has_the_occupation_of_the_person,
        the_unit_is_a_location_that_the_organization_of_the_unit_is_known_by,
        roles_are_in_the_compartment_of_their_practitioner,
        searches_find_what_is_shown,
    ]
}

/// A health professional `h` with the party `q`. The unit came with 5.0.
const ROWS: &str = "
    SELECT h.id, h.active, h.institution, to_jsonb(h) -> 'institution_unit' AS unit, to_jsonb(q) AS party,
        (SELECT p.name FROM gnuhealth_institution i JOIN party_party p ON p.id = i.{party} WHERE i.id = h.institution) AS name,
        (SELECT to_jsonb(u) FROM gnuhealth_hospital_unit u WHERE to_jsonb(u.id) = to_jsonb(h) -> 'institution_unit') AS unit_row,
        (SELECT jsonb_build_array(o.code, o.name) FROM gnuhealth_occupation o WHERE o.id = q.occupation) AS occupation
    FROM gnuhealth_healthprofessional h JOIN party_party q ON q.id = h.{party} ORDER BY h.id";

fn rows(world: &World) -> BTreeMap<String, Value> {
    let rows = world.sql().rows(ROWS, &[]).into_iter();
    rows.map(|row| (row["id"].to_string(), row)).collect()
}

#[track_caller]
fn compare(
    world: &World,
    some: usize,
    of_resource: impl Fn(&Value) -> Value,
    of_row: impl Fn(&Value) -> Value,
) {
    let (all, mut compared) = (world.all("PractitionerRole"), 0);
    for (id, row) in rows(world) {
        let expected = of_row(&row);
        assert_eq!(of_resource(&all[&id]), expected, "PractitionerRole/{id}");
        compared += usize::from(!expected.is_null() && expected != json!([]));
    }
    assert!(compared >= some, "only {compared} roles have it");
}

fn every_health_professional_has_one_role(world: &World) {
    let (all, rows) = (world.all("PractitionerRole"), rows(world));
    assert_eq!(
        all.keys().collect::<Vec<_>>(),
        rows.keys().collect::<Vec<_>>()
    );
    assert!(all.len() >= 8);
    for (id, role) in all.iter() {
        let path = format!("/PractitionerRole/{id}");
        assert_eq!(&world.doctor().get(&path).ok(), role);
    }
    let found = |role: &Value| role["active"].clone();
    let of_row = |row: &Value| json!(row["active"] != false && row["party"]["active"] != false);
    compare(world, 8, found, of_row);
    let path = "/PractitionerRole/999999";
    world.doctor().get(path).refused(404, "not-found");
}

fn a_role_says_who_has_it_and_where(world: &World) {
    let found = |role: &Value| json!([role["practitioner"], role["organization"]]);
    let of_row = |row: &Value| {
        let names = [text(&row["party"]["lastname"]), text(&row["party"]["name"])];
        let names: Vec<_> = names.iter().filter_map(Value::as_str).collect();
        let practitioner = json!({"reference": format!("Practitioner/{}", row["id"]), "type": "Practitioner",
            "display": names.join(", ")});
        let organization = row["institution"].as_i64().map(|id| {
            object(json!({"reference": format!("Organization/institution-{id}"), "type": "Organization",
                "display": text(&row["name"])}))
        });
        json!([practitioner, organization])
    };
    compare(world, 8, found, of_row);
    let all = world.all("PractitionerRole");
    let nowhere = all
        .values()
        .filter(|role| role.get("organization").is_none());
    assert!((1..all.len()).contains(&nowhere.count()));
}

/// What qualifies a practitioner is compared with the database in practitioners.rs.
fn a_role_has_the_specialties_of_the_practitioner(world: &World) {
    let practitioners = world.all("Practitioner");
    let mut several = 0;
    for (id, role) in world.all("PractitionerRole").iter() {
        let qualifications = list(&practitioners[id]["qualification"]).iter();
        let expected: Vec<&Value> = qualifications.map(|held| &held["code"]).collect();
        let found: Vec<&Value> = list(&role["specialty"]).iter().collect();
        assert_eq!(found, expected, "{id}");
        several += usize::from(found.len() > 1);
    }
    assert!(several > 1);
}

fn a_role_has_the_occupation_of_the_person(world: &World) {
    let found = |role: &Value| role["code"].clone();
    let of_row = |row: &Value| {
        let Some([code, name]) = row["occupation"].as_array().map(Vec::as_slice) else {
            return Value::Null;
        };
        let system = format!("{SYSTEMS}/occupation");
        json!([{"coding": [{"system": system, "code": code, "display": name}], "text": name}])
    };
    compare(world, 2, found, of_row);
}

fn the_unit_is_a_location_that_the_organization_of_the_unit_is_known_by(world: &World) {
    let found = |role: &Value| role["location"].clone();
    let of_row = |row: &Value| {
        let unit = &row["unit_row"];
        if unit.is_null() {
            return Value::Null;
        }
        let system = format!("{SYSTEMS}/hospital-unit/{}", unit["institution"]);
        json!([{"type": "Location", "identifier": {"system": system, "value": text(&unit["code"])},
            "display": text(&unit["name"])}])
    };
    let some = match world.version() {
        GnuHealth::V5_0 => 3,
        GnuHealth::V4_4 => 0,
    };
    compare(world, some, found, of_row);
    let units = world.all("Organization");
    let mut known = 0;
    for (id, row) in rows(world) {
        let Some(unit) = row["unit"].as_i64() else {
            continue;
        };
        let location = &world.all("PractitionerRole")[&id]["location"][0];
        assert_eq!(
            location["identifier"],
            units[&format!("unit-{unit}")]["identifier"][0]
        );
        let query = format!(
            "/PractitionerRole?location:identifier={}%7C{}",
            location["identifier"]["system"].as_str().unwrap(),
            location["identifier"]["value"].as_str().unwrap()
        );
        assert!(resources(&world.doctor(), &query).contains_key(&id));
        known += 1;
    }
    assert!(known >= some);
    let wrong = format!("/PractitionerRole?location:identifier={SYSTEMS}/hospital-unit/2%7CINT");
    assert!(resources(&world.doctor(), &wrong).is_empty());
}

fn roles_are_in_the_compartment_of_their_practitioner(world: &World) {
    let found = resources(&world.doctor(), "/Practitioner/2/PractitionerRole");
    assert_eq!(found.keys().collect::<Vec<_>>(), ["2"]);
    let bundle = world
        .doctor()
        .get("/Practitioner?_id=2&_revinclude=PractitionerRole:practitioner")
        .ok();
    let entries = list(&bundle["entry"]).iter();
    let kinds: Vec<&Value> = entries
        .map(|entry| &entry["resource"]["resourceType"])
        .collect();
    assert_eq!(kinds, ["Practitioner", "PractitionerRole"]);
}

fn searches_find_what_is_shown(world: &World) {
    let all = world.all("PractitionerRole");
    type Shown = Box<dyn Fn(&Value) -> bool>;
    let has = |element: &'static str, code: &'static str| -> Shown {
        Box::new(move |shown| {
            let mut concepts = list(&shown[element]).iter();
            concepts.any(|concept| concept["coding"][0]["code"] == code)
        })
    };
    let cases: Vec<(String, Shown)> = vec![
        (
            "active=false".to_owned(),
            Box::new(|shown| shown["active"] == false),
        ),
        (
            "organization=Organization/institution-1".to_owned(),
            Box::new(|shown| shown["organization"]["reference"] == "Organization/institution-1"),
        ),
        (
            "organization.type=primary_care".to_owned(),
            Box::new(|shown| shown["organization"]["reference"] == "Organization/institution-2"),
        ),
        (
            "practitioner=2".to_owned(),
            Box::new(|shown| shown["id"] == "2"),
        ),
        (
            "practitioner.family=casas".to_owned(),
            Box::new(|shown| shown["id"] == "2"),
        ),
        ("role=568".to_owned(), has("code", "568")),
        (format!("role={SYSTEMS}/occupation|399"), has("code", "399")),
        (
            "role:text=surgeon".to_owned(),
            Box::new(|shown| shown["code"][0]["text"] == "Surgeon"),
        ),
        ("specialty=FAMILY".to_owned(), has("specialty", "FAMILY")),
        (
            format!("specialty={SYSTEMS}/specialty|HEMATO"),
            has("specialty", "HEMATO"),
        ),
        (
            "specialty:text=radio".to_owned(),
            Box::new(|shown| {
                let mut concepts = list(&shown["specialty"]).iter();
                concepts.any(|concept| {
                    let name = concept["text"].as_str().unwrap().to_lowercase();
                    name.split_whitespace()
                        .any(|word| word.starts_with("radio"))
                })
            }),
        ),
    ];
    for (query, shown) in cases {
        let expected: BTreeSet<&String> = all
            .iter()
            .filter(|(_, found)| shown(found))
            .map(|(id, _)| id)
            .collect();
        let path = format!(
            "/PractitionerRole?{}&_count=1000",
            query.replace('|', "%7C")
        );
        let found = resources(&world.doctor(), &path);
        assert_eq!(found.keys().collect::<BTreeSet<_>>(), expected, "{query}");
        assert!(
            !expected.is_empty() && expected.len() < all.len(),
            "{query}"
        );
    }
}
