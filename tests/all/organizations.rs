//! What is in an Organization: of every institution, unit, insurance company and pharmacy, against what SQL says of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::content::{list, object, picked, text};
use crate::world::{NEW, SYSTEMS, World, resources};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        every_institution_unit_insurer_and_pharmacy_is_an_organization,
        an_organization_has_the_name_and_the_state_of_its_party,
        an_organization_is_identified_by_its_code_and_as_a_party,
        an_organization_says_what_kind_it_is,
        an_organization_has_the_contacts_and_addresses_of_its_party,
        units_are_part_of_their_institution,
        no_person_is_an_organization,
        searches_find_what_is_shown,
    ]
}

pub fn tests_that_change_data() -> Vec<Test> {
    tests![
        addresses_of_every_use_are_shown_and_found_and_none_is_a_home,
        a_party_is_identified_by_its_tax_numbers_too,
        codes_of_units_are_those_of_their_institution,
        a_party_that_is_several_things_is_several_organizations,
        an_organization_without_name_and_code_is_valid_and_found,
    ]
}

/// Every organisation `o` by its logical id, with its own row and the party `q`, as the database has them.
const ROWS: &str = "
    WITH organisations(id, kind, own, of) AS (
        SELECT 'institution-' || i.id, 'institution', to_jsonb(i), i.{party} FROM gnuhealth_institution i
        UNION ALL SELECT 'unit-' || u.id, 'unit', to_jsonb(u), NULL FROM gnuhealth_hospital_unit u
        UNION ALL SELECT 'insurer-' || p.id, 'insurer', to_jsonb(p), p.id FROM party_party p WHERE p.is_insurance_company
        UNION ALL SELECT 'pharmacy-' || p.id, 'pharmacy', to_jsonb(p), p.id FROM party_party p WHERE p.is_pharmacy)
    SELECT o.id, o.kind, o.own, to_jsonb(q) AS party,
        (SELECT i.name FROM gnuhealth_institution j JOIN party_party i ON i.id = j.{party}
            WHERE to_jsonb(j.id) = o.own -> 'institution') AS institution,
        (SELECT jsonb_agg(jsonb_build_object('type', t.type, 'code', t.code) ORDER BY t.id) FROM party_identifier t
            WHERE t.party = q.id) AS identifiers,
        (SELECT jsonb_agg(to_jsonb(c) ORDER BY c.sequence NULLS FIRST, c.id) FROM party_contact_mechanism c
            WHERE c.party = q.id) AS contacts,
        (SELECT jsonb_agg(to_jsonb(a) || jsonb_build_object('country_code', c.code, 'state', s.name)
                ORDER BY a.sequence NULLS FIRST, a.id)
            FROM party_address a LEFT JOIN country_country c ON c.id = a.country
            LEFT JOIN country_subdivision s ON s.id = a.subdivision WHERE a.party = q.id) AS addresses
    FROM organisations o LEFT JOIN party_party q ON q.id = o.of";

fn rows(world: &World) -> BTreeMap<String, Value> {
    let rows = world.sql().rows(ROWS, &[]).into_iter();
    rows.map(|row| (row["id"].as_str().unwrap().to_owned(), row))
        .collect()
}

#[track_caller]
fn compare(
    world: &World,
    some: usize,
    of_resource: impl Fn(&Value) -> Value,
    of_row: impl Fn(&Value) -> Value,
) {
    let (all, mut compared) = (world.all("Organization"), 0);
    for (id, row) in rows(world) {
        let expected = of_row(&row);
        assert_eq!(of_resource(&all[&id]), expected, "Organization/{id}");
        compared += usize::from(!expected.is_null() && expected != json!([]));
    }
    assert!(compared >= some, "only {compared} organisations have it");
}

fn every_institution_unit_insurer_and_pharmacy_is_an_organization(world: &World) {
    let (all, rows) = (world.all("Organization"), rows(world));
    assert_eq!(
        all.keys().collect::<Vec<_>>(),
        rows.keys().collect::<Vec<_>>()
    );
    let kinds: BTreeSet<_> = rows.values().map(|row| row["kind"].as_str()).collect();
    assert_eq!(kinds.len(), 4, "{kinds:?}");
    for (id, organization) in all.iter() {
        assert_eq!(
            &world.doctor().get(&format!("/Organization/{id}")).ok(),
            organization
        );
    }
    // A party is an organisation as what it is only, and a prefix is part of the id.
    let insurer = all.keys().find(|id| id.starts_with("insurer-")).unwrap();
    let party = insurer.trim_start_matches("insurer-");
    for id in [
        party,
        &format!("pharmacy-{party}"),
        "unit-0",
        "institution-",
    ] {
        let answer = world.doctor().get(&format!("/Organization/{id}"));
        answer.refused(404, "not-found");
    }
}

fn an_organization_has_the_name_and_the_state_of_its_party(world: &World) {
    let found = |shown: &Value| json!([shown["name"], shown["active"]]);
    let of_row = |row: &Value| match row["kind"].as_str() {
        Some("unit") => json!([text(&row["own"]["name"]), null]),
        _ => json!([text(&row["party"]["name"]), row["party"]["active"]]),
    };
    compare(world, 8, found, of_row);
}

fn an_organization_is_identified_by_its_code_and_as_a_party(world: &World) {
    let found = |shown: &Value| picked(&shown["identifier"], &["system", "value"]);
    let of_row = |row: &Value| {
        let item = |system: &str, value: &Value| {
            let value = text(value);
            (!value.is_null())
                .then(|| json!({"system": format!("{SYSTEMS}/{system}"), "value": value}))
        };
        let code = &row["own"]["code"];
        let own = match row["kind"].as_str() {
            Some("institution") => item("institution", code),
            Some("unit") => item(
                &format!("hospital-unit/{}", row["own"]["institution"]),
                code,
            ),
            _ => None,
        };
        let party = &row["party"];
        let tax = list(&row["identifiers"]).iter().filter_map(|tax| {
            let kind = tax["type"].as_str().unwrap_or_default();
            item(&format!("party-identifier/{kind}"), &tax["code"])
        });
        own.into_iter()
            .chain(item("puid", &party["ref"]))
            .chain(item("federation-account", &party["federation_account"]))
            .chain(tax)
            .collect()
    };
    compare(world, 8, found, of_row);
}

fn an_organization_says_what_kind_it_is(world: &World) {
    let found = |shown: &Value| {
        let types = list(&shown["type"]).iter();
        types
            .map(|kind| {
                let coding = &kind["coding"][0];
                json!([
                    coding["system"],
                    coding["code"],
                    coding["display"],
                    kind["text"]
                ])
            })
            .collect()
    };
    let of_r4 = |code: &str, display: &str, text: Value| {
        json!([
            "http://terminology.hl7.org/CodeSystem/organization-type",
            code,
            display,
            text
        ])
    };
    let own = |system: &str, code: &Value, label: &str| {
        json!([format!("{SYSTEMS}/{system}"), code, label, label])
    };
    let of_row = |row: &Value| {
        let value = |column: &str| row["own"][column].clone();
        match row["kind"].as_str() {
            Some("institution") => {
                let kind = value("institution_type");
                let label = match kind.as_str() {
                    Some("hospital") => "General Hospital",
                    Some("primary_care") => "Primary Care Center",
                    other => panic!("{other:?} is not in the demo hospital"),
                };
                let level = value("public_level");
                let level_label = match level.as_str() {
                    Some("public") => "Public",
                    Some("mixed") => "Private - State",
                    other => panic!("{other:?} is not in the demo hospital"),
                };
                json!([
                    of_r4("prov", "Healthcare Provider", Value::Null),
                    own("institution-type", &kind, label),
                    own("institution-public-level", &level, level_label)
                ])
            }
            Some("unit") => json!([of_r4("dept", "Hospital Department", Value::Null)]),
            Some("insurer") => {
                let kind = value("insurance_company_type");
                let label = match kind.as_str() {
                    Some("state") => "State",
                    Some("private") => "Private",
                    other => panic!("{other:?} is not in the demo hospital"),
                };
                json!([
                    of_r4("ins", "Insurance Company", Value::Null),
                    own("insurer-type", &kind, label)
                ])
            }
            _ => json!([of_r4("prov", "Healthcare Provider", json!("Pharmacy"))]),
        }
    };
    compare(world, 8, found, of_row);
}

fn an_organization_has_the_contacts_and_addresses_of_its_party(world: &World) {
    let found = |shown: &Value| {
        let addresses = picked(
            &shown["address"],
            &["use", "line", "city", "state", "postalCode", "country"],
        );
        object(
            json!({"telecom": picked(&shown["telecom"], &["system", "value", "use"]), "address": addresses}),
        )
    };
    let of_row = |row: &Value| {
        let contacts = list(&row["contacts"]).iter().map(|contact| {
            let (system, used) = match contact["type"].as_str().unwrap() {
                "mobile" => ("phone", json!("mobile")),
                "website" => ("url", Value::Null),
                other => (other, Value::Null),
            };
            object(json!({"system": system, "value": text(&contact["value"]), "use": used}))
        });
        let addresses = list(&row["addresses"]).iter().map(|address| {
            let lines = address["street"].as_str().unwrap_or_default().lines();
            let lines: Vec<Value> = lines.map(|line| text(&json!(line))).collect();
            let postal_code = address.get("postal_code").unwrap_or(&address["zip"]);
            object(json!({"line": lines, "city": text(&address["city"]), "state": text(&address["state"]),
                "postalCode": text(postal_code), "country": text(&address["country_code"])}))
        });
        object(
            json!({"telecom": contacts.collect::<Vec<_>>(), "address": addresses.collect::<Vec<_>>()}),
        )
    };
    compare(world, 1, found, of_row);
    let hospital = &world.all("Organization")["institution-1"];
    assert!(list(&hospital["telecom"]).len() > 2);
    assert_eq!(list(&hospital["address"][0]["line"]).len(), 2);
}

fn units_are_part_of_their_institution(world: &World) {
    let found = |shown: &Value| shown["partOf"].clone();
    let of_row = |row: &Value| match row["kind"].as_str() {
        Some("unit") => {
            let institution = format!("Organization/institution-{}", row["own"]["institution"]);
            object(
                json!({"reference": institution, "type": "Organization", "display": text(&row["institution"])}),
            )
        }
        _ => Value::Null,
    };
    compare(world, 3, found, of_row);
    let bundle = world
        .doctor()
        .get("/Organization?identifier=INT&_include=Organization:partof");
    let bundle = bundle.ok();
    let entries = list(&bundle["entry"]).iter();
    let ids: Vec<&Value> = entries.map(|entry| &entry["resource"]["id"]).collect();
    assert_eq!(ids, ["unit-1", "institution-1"]);
}

fn no_person_is_an_organization(world: &World) {
    let persons = world.sql().rows(
        "SELECT id FROM party_party WHERE is_person AND is_insurance_company IS NOT TRUE \
         AND is_pharmacy IS NOT TRUE ORDER BY id LIMIT 20",
        &[],
    );
    assert!(persons.len() > 10);
    for person in persons {
        for kind in ["insurer", "pharmacy"] {
            let path = format!("/Organization/{kind}-{}", person["id"]);
            world.doctor().get(&path).refused(404, "not-found");
        }
    }
}

fn has_type(shown: &Value, code: &str) -> bool {
    list(&shown["type"])
        .iter()
        .any(|kind| kind["coding"][0]["code"] == code)
}

fn searches_find_what_is_shown(world: &World) {
    let all = world.all("Organization");
    type Shown = Box<dyn Fn(&Value) -> bool>;
    let typed = |code: &'static str| -> Shown { Box::new(move |shown| has_type(shown, code)) };
    let cases: Vec<(String, Shown)> = vec![
        (
            "active=true".to_owned(),
            Box::new(|shown| shown["active"] == true),
        ),
        (
            "address-city=las palmas".to_owned(),
            Box::new(|shown| shown["address"][0]["city"] == "Las Palmas de Gran Canaria"),
        ),
        (
            "address=2nd floor".to_owned(),
            Box::new(|shown| shown["address"][0]["line"][1] == "2nd floor"),
        ),
        (
            "address-country=ES".to_owned(),
            Box::new(|shown| shown["address"][0]["country"] == "ES"),
        ),
        (
            "address-postalcode=35001".to_owned(),
            Box::new(|shown| shown["address"][0]["postalCode"] == "35001"),
        ),
        (
            "address-state:missing=false".to_owned(),
            Box::new(|shown| shown["address"][0]["state"].is_string()),
        ),
        (
            format!("identifier={SYSTEMS}/institution|CLINIC"),
            Box::new(|shown| shown["identifier"][0]["value"] == "CLINIC"),
        ),
        (
            format!("identifier={SYSTEMS}/hospital-unit/1|"),
            Box::new(|shown| has_type(shown, "dept")),
        ),
        (
            "name=nandu".to_owned(),
            Box::new(|shown| shown["name"].as_str().unwrap().contains("Ñandú")),
        ),
        (
            "name:exact=Mutua Ibérica".to_owned(),
            Box::new(|shown| shown["name"] == "Mutua Ibérica"),
        ),
        (
            "partof=Organization/institution-1".to_owned(),
            Box::new(|shown| shown["partOf"]["reference"] == "Organization/institution-1"),
        ),
        (
            "partof.name=GNU".to_owned(),
            Box::new(|shown| shown["partOf"]["reference"] == "Organization/institution-1"),
        ),
        ("type=dept".to_owned(), typed("dept")),
        ("type=ins".to_owned(), typed("ins")),
        (
            "type=http://terminology.hl7.org/CodeSystem/organization-type|prov".to_owned(),
            typed("prov"),
        ),
        (
            format!("type={SYSTEMS}/institution-type|hospital"),
            typed("hospital"),
        ),
        ("type=mixed".to_owned(), typed("mixed")),
        (format!("type={SYSTEMS}/insurer-type|state"), typed("state")),
    ];
    for (query, shown) in cases {
        let expected: BTreeSet<&String> = all
            .iter()
            .filter(|(_, found)| shown(found))
            .map(|(id, _)| id)
            .collect();
        let path = query.replace('|', "%7C").replace(' ', "%20");
        let path = path.replace('é', "%C3%A9");
        let found = resources(
            &world.doctor(),
            &format!("/Organization?{path}&_count=1000"),
        );
        assert_eq!(found.keys().collect::<BTreeSet<_>>(), expected, "{query}");
        assert!(
            !expected.is_empty() && expected.len() < all.len(),
            "{query}"
        );
    }
    for nothing in ["partof=institution-2", "active=false", "type=cg"] {
        let found = resources(&world.doctor(), &format!("/Organization?{nothing}"));
        assert!(found.is_empty(), "{nothing}");
    }
}

/// A party, an institution of it and a unit of that, all with the id [`NEW`]; gone when dropped, with all that is of them.
struct Newcomer<'w>(&'w World);

impl<'w> Newcomer<'w> {
    /// The values are SQL: of the party, behind its name, and of the codes of institution and unit.
    fn of(world: &'w World, columns: &str, values: &str) -> Self {
        let newcomer = Self(world);
        world.sql().run(&format!(
            "INSERT INTO party_party (id, code, {columns}) VALUES ({NEW}, 'newcomer', {values}); \
             INSERT INTO gnuhealth_institution (id, code, institution_type, public_level, {{party}}) \
               VALUES ({NEW}, 'NEW', 'clinic', 'private', {NEW}); \
             INSERT INTO gnuhealth_hospital_unit (id, code, name, institution) VALUES ({NEW}, 'INT', 'New unit', {NEW})"
        ));
        newcomer
    }

    fn also(self, statement: &str) -> Self {
        self.0.sql().run(statement);
        self
    }

    fn read(&self, prefix: &str) -> Value {
        let path = format!("/Organization/{prefix}-{NEW}");
        self.0.doctor().get(&path).ok()
    }

    /// Which of the newcomers a search finds.
    fn found(&self, query: &str) -> Vec<String> {
        let path = format!(
            "/Organization?{}&_count=1000",
            query.replace('|', "%7C").replace(' ', "%20")
        );
        let found = resources(&self.0.doctor(), &path).into_keys();
        let end = format!("-{NEW}");
        found
            .filter_map(|id| id.strip_suffix(&end).map(str::to_owned))
            .collect()
    }
}

impl Drop for Newcomer<'_> {
    fn drop(&mut self) {
        let mut statements = String::new();
        for (table, column) in [
            ("gnuhealth_hospital_unit", "id"),
            ("gnuhealth_institution", "id"),
            ("party_identifier", "party"),
            ("party_address", "party"),
            ("party_party", "id"),
            ("gnuhealth_du", "id"),
        ] {
            statements += &format!("DELETE FROM {table} WHERE {column} = {NEW};");
        }
        self.0.sql().run(&statements);
    }
}

fn addresses_of_every_use_are_shown_and_found_and_none_is_a_home(world: &World) {
    let mut sql = world.sql();
    sql.run(&format!(
        "INSERT INTO gnuhealth_du (id, name, address_street, address_city) VALUES ({NEW}, 'NEW-DU', 'Camino', 'Agaete')"
    ));
    let newcomer = Newcomer::of(
        world,
        "name, du, is_insurance_company",
        &format!("'Novum', {NEW}, true"),
    )
    .also(&format!(
        "INSERT INTO party_address (id, party, active, is_work, street, city) VALUES \
           ({NEW}, {NEW}, true, true, E'One\\nTwo', 'Telde'), ({NEW} + 1, {NEW}, false, NULL, 'Old', 'Gáldar'), \
           ({NEW} + 2, {NEW}, NULL, NULL, NULL, NULL)"
    ));
    let expected = json!([
        {"use": "work", "line": ["One", "Two"], "city": "Telde"},
        {"use": "old", "line": ["Old"], "city": "Gáldar"},
        {"type": "physical", "line": ["Camino"], "city": "Agaete"}
    ]);
    for prefix in ["institution", "insurer"] {
        assert_eq!(newcomer.read(prefix)["address"], expected, "{prefix}");
    }
    let both = ["institution", "insurer"];
    for query in [
        "address-use=work",
        "address-use=old",
        "address=two",
        "address-city=galdar",
        "address-city=Agaete",
        "address=camino",
    ] {
        assert_eq!(newcomer.found(query), both, "{query}");
    }
    for query in [
        "address-use=home",
        "address-use=temp",
        "address-use=billing",
    ] {
        assert!(newcomer.found(query).is_empty(), "{query}");
    }
}

fn a_party_is_identified_by_its_tax_numbers_too(world: &World) {
    let newcomer = Newcomer::of(
        world,
        "name, ref, is_pharmacy",
        "'Novum', 'NP-NEW', true",
    )
    .also(&format!(
        "INSERT INTO party_identifier (id, party, type, code) VALUES ({NEW}, {NEW}, 'es_vat', 'ESA7')"
    ));
    // A row that only says so much is not active.
    let tax = json!([format!("{SYSTEMS}/party-identifier/es_vat"), "ESA7"]);
    let named = |identifier: &Value| json!([identifier["system"], identifier["value"]]);
    let found = newcomer.read("institution")["identifier"].clone();
    assert_eq!(found[0]["value"], "NEW");
    assert_eq!(found[1]["value"], "NP-NEW");
    assert_eq!(named(&found[2]), tax);
    assert_eq!(named(&newcomer.read("pharmacy")["identifier"][1]), tax);
    let both = ["institution", "pharmacy"];
    for query in [
        "identifier=ESA7".to_owned(),
        format!("identifier={SYSTEMS}/party-identifier/es_vat|ESA7"),
        format!("identifier={SYSTEMS}/puid|NP-NEW"),
    ] {
        assert_eq!(newcomer.found(&query), both, "{query}");
    }
    assert_eq!(newcomer.found("identifier=NEW"), ["institution"]);
    assert!(
        newcomer
            .found(&format!("identifier={SYSTEMS}/puid|NEW"))
            .is_empty()
    );
}

fn codes_of_units_are_those_of_their_institution(world: &World) {
    let newcomer = Newcomer::of(world, "name", "'Novum'");
    let system = format!("{SYSTEMS}/hospital-unit/{NEW}");
    let found = newcomer.read("unit");
    assert_eq!(
        found["identifier"],
        json!([{"system": system, "value": "INT"}])
    );
    assert_eq!(
        found["partOf"],
        json!({"reference": format!("Organization/institution-{NEW}"), "type": "Organization", "display": "Novum"})
    );
    // Another institution has a unit of the same code.
    let others = |query: &str| resources(&world.doctor(), &format!("/Organization?{query}")).len();
    assert_eq!(others("identifier=INT"), 2);
    assert_eq!(others(&format!("identifier={system}%7CINT")), 1);
    assert_eq!(
        newcomer.found(&format!("identifier={system}|INT")),
        ["unit"]
    );
    for other in [
        format!("{SYSTEMS}/hospital-unit"),
        format!("{SYSTEMS}/hospital-unit/1"),
        format!("{SYSTEMS}/hospital-unit/0{NEW}"),
        String::new(),
    ] {
        let query = format!("identifier={other}|INT");
        assert!(newcomer.found(&query).is_empty(), "{query}");
    }
}

fn a_party_that_is_several_things_is_several_organizations(world: &World) {
    let newcomer = Newcomer::of(
        world,
        "name, active, is_pharmacy, is_insurance_company, insurance_company_type",
        "'Novum', false, true, true, 'labour_union'",
    );
    let all = ["institution", "insurer", "pharmacy"];
    assert_eq!(newcomer.found("active=false"), all);
    assert_eq!(newcomer.found("name=novum"), all);
    assert_eq!(newcomer.found("type=labour_union"), ["insurer"]);
    assert_eq!(newcomer.found("type=prov"), ["institution", "pharmacy"]);
    let insurer = newcomer.read("insurer");
    assert_eq!(insurer["active"], false);
    assert_eq!(insurer["type"][1]["text"], "Labour Union / Syndical");
    drop(newcomer);
    // One of which it is not known whether it is one is none.
    let newcomer = Newcomer::of(world, "name, active, is_pharmacy", "'Novum', NULL, NULL");
    assert_eq!(newcomer.found("name=novum"), ["institution"]);
    assert_eq!(
        newcomer.found("active:missing=true"),
        ["institution", "unit"]
    );
    assert!(newcomer.read("institution").get("active").is_none());
}

fn an_organization_without_name_and_code_is_valid_and_found(world: &World) {
    let newcomer = Newcomer::of(world, "name, is_insurance_company", "E' \\t', true");
    let found = newcomer.read("insurer");
    assert!(found.get("name").is_none());
    let extension = &found["identifier"][0]["extension"][0];
    assert_eq!(
        extension["url"],
        "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
    );
    assert_eq!(extension["valueCode"], "unknown");
    assert!(newcomer.read("institution").get("name").is_none());
    for missing in ["name:missing=true", "identifier:missing=true"] {
        let found = newcomer.found(missing);
        assert!(found.contains(&"insurer".to_owned()), "{missing}");
    }
}
