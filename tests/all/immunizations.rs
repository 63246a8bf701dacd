//! What is in an Immunization: for every vaccination, against what SQL says of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::content::{list, text};
use crate::rights::Change;
use crate::world::{SYSTEMS, World, finds, resources};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        every_vaccination_is_an_immunization,
        an_immunization_is_completed_whether_signed_or_not,
        an_immunization_names_its_vaccine_as_its_product,
        an_immunization_says_of_whom_when_and_by_whom,
        an_immunization_has_its_lot_and_when_that_expires,
        an_immunization_has_its_dose_site_and_route,
        of_hidden_patients_there_are_no_immunizations,
        who_may_not_read_vaccinations_is_refused,
        searches_find_the_immunizations_that_are_shown,
    ]
}

pub fn tests_that_change_data() -> Vec<Test> {
    tests![
        every_site_and_route_has_the_code_that_means_it,
        amounts_and_numbers_of_doses_are_as_they_were_entered,
        a_vaccination_without_date_happened_at_an_unknown_time,
        the_lot_of_the_stock_counts_before_what_was_written_down,
        the_code_of_the_product_is_found_in_the_systems_of_the_hospital,
    ]
}

/// A vaccination with all that is shown of it. The columns of patient and product have other names in 4.4.
const ROWS: &str = "
    SELECT v.id, to_jsonb(v) AS vaccination, coalesce(to_jsonb(v) -> 'patient', to_jsonb(v) -> 'name') AS patient,
        (SELECT concat_ws(', ', btrim(q.lastname), btrim(q.name)) FROM gnuhealth_patient a
            JOIN party_party q ON q.id = a.{party}
            WHERE to_jsonb(a.id) = coalesce(to_jsonb(v) -> 'patient', to_jsonb(v) -> 'name')) AS name,
        (SELECT t.name FROM gnuhealth_medicament m
            JOIN product_product p ON to_jsonb(p.id) = coalesce(to_jsonb(m) -> 'product', to_jsonb(m) -> 'name')
            JOIN product_template t ON t.id = p.template WHERE m.id = v.vaccine) AS product,
        to_char(v.date, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS given,
        to_char(v.create_date, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS recorded
    FROM gnuhealth_vaccination v ORDER BY v.id";

fn rows(world: &World) -> &'static BTreeMap<String, Value> {
    static ROWS_READ: OnceLock<BTreeMap<String, Value>> = OnceLock::new();
    ROWS_READ.get_or_init(|| {
        let rows = world.sql().rows(ROWS, &[]).into_iter();
        rows.map(|row| (row["id"].to_string(), row)).collect()
    })
}

#[track_caller]
fn compare(
    world: &World,
    some: usize,
    of_resource: impl Fn(&Value) -> Value,
    of_row: impl Fn(&Value) -> Value,
) {
    let (all, mut different, mut compared) = (world.all("Immunization"), Vec::new(), 0);
    for (id, row) in rows(world) {
        let (found, expected) = (of_resource(&all[id]), of_row(row));
        if found != expected {
            different.push(format!(
                "Immunization/{id}: {found}, but the database has {expected}"
            ));
        }
        compared += usize::from(!expected.is_null() && expected != json!([]));
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert!(
        compared >= some,
        "only {compared} immunizations have a value"
    );
}

fn every_vaccination_is_an_immunization(world: &World) {
    let all = world.all("Immunization");
    assert_eq!(
        all.keys().collect::<BTreeSet<_>>(),
        rows(world).keys().collect()
    );
    assert!(all.len() > 40, "{}", all.len());
    for (id, immunization) in all.iter().step_by(7) {
        let path = format!("/Immunization/{id}");
        assert_eq!(&world.doctor().get(&path).ok(), immunization);
    }
}

fn an_immunization_is_completed_whether_signed_or_not(world: &World) {
    let states: BTreeSet<String> = rows(world)
        .values()
        .map(|row| row["vaccination"]["state"].to_string())
        .collect();
    assert!(states.len() > 1, "{states:?}");
    compare(
        world,
        40,
        |found| found["status"].clone(),
        |_| json!("completed"),
    );
}

fn an_immunization_names_its_vaccine_as_its_product(world: &World) {
    let names: BTreeSet<String> = rows(world)
        .values()
        .map(|row| row["product"].to_string())
        .collect();
    assert!(names.len() > 3, "{names:?}");
    compare(
        world,
        40,
        |found| found["vaccineCode"]["text"].clone(),
        |row| text(&row["product"]),
    );
}

fn an_immunization_says_of_whom_when_and_by_whom(world: &World) {
    let found = |found: &Value| {
        let performers: Vec<_> = list(&found["performer"])
            .iter()
            .map(|performer| {
                assert!(performer["function"].is_null());
                performer["actor"]["reference"].clone()
            })
            .collect();
        json!([
            found["patient"]["reference"],
            found["patient"]["display"],
            found["occurrenceDateTime"],
            found["recorded"],
            performers
        ])
    };
    let of_row = |row: &Value| {
        let vaccination = &row["vaccination"];
        let doctor = vaccination["healthprof"].as_i64();
        let institution = vaccination["institution"].as_i64();
        let performers: Vec<_> = doctor
            .map(|id| format!("Practitioner/{id}"))
            .into_iter()
            .chain(institution.map(|id| format!("Organization/institution-{id}")))
            .collect();
        json!([
            format!("Patient/{}", row["patient"]),
            text(&row["name"]),
            row["given"],
            row["recorded"],
            performers
        ])
    };
    compare(world, 40, found, of_row);
}

fn an_immunization_has_its_lot_and_when_that_expires(world: &World) {
    // none of the demo chose a lot of the stock
    let found = |found: &Value| json!([found["lotNumber"], found["expirationDate"]]);
    let of_row = |row: &Value| {
        let vaccination = &row["vaccination"];
        assert!(vaccination["lot"].is_null());
        json!([
            text(&vaccination["vaccine_lot"]),
            vaccination["vaccine_expiration_date"]
        ])
    };
    compare(world, 40, found, of_row);
}

fn an_immunization_has_its_dose_site_and_route(world: &World) {
    let found = |found: &Value| {
        let applied = &found["protocolApplied"][0];
        let dose = applied["doseNumberPositiveInt"]
            .as_i64()
            .map(|dose| dose.to_string());
        let dose = dose.map_or_else(|| applied["doseNumberString"].clone(), |dose| json!(dose));
        let quantity = &found["doseQuantity"];
        json!([
            quantity["value"].as_f64(),
            quantity["code"],
            dose,
            found["site"]["coding"][0]["code"],
            found["route"]["coding"][0]["code"],
            found["note"][0]["text"]
        ])
    };
    let of_row = |row: &Value| {
        let vaccination = &row["vaccination"];
        let amount = vaccination["amount"].as_f64();
        // the demo has these only
        let site = vaccination["admin_site"].as_str().map(|site| {
            assert_eq!(site, "ld");
            "LD"
        });
        let route = vaccination["admin_route"].as_str().map(|route| {
            assert_eq!(route, "im");
            "IM"
        });
        json!([
            amount,
            amount.map(|_| "mL"),
            vaccination["dose"].as_i64().map(|dose| dose.to_string()),
            site,
            route,
            text(&vaccination["observations"])
        ])
    };
    compare(world, 40, found, of_row);
    let all = world.all("Immunization");
    let zeros = all.values().filter(|found| {
        found["doseQuantity"]["value"].as_f64() == Some(0.0)
            && found["protocolApplied"][0]["doseNumberString"] == "0"
    });
    assert_eq!(zeros.count(), 1);
}

fn of_hidden_patients_there_are_no_immunizations(world: &World) {
    let own = world.sql().rows(
        "SELECT id FROM gnuhealth_patient WHERE primary_care_doctor = 1",
        &[],
    );
    let own: BTreeSet<String> = own
        .iter()
        .map(|row| format!("Patient/{}", row["id"]))
        .collect();
    let all = world.all("Immunization");
    let expected: BTreeSet<&String> = all
        .iter()
        .filter(|(_, found)| own.contains(found["patient"]["reference"].as_str().unwrap()))
        .map(|(id, _)| id)
        .collect();
    let user = world.as_user("ownpatients");
    let found = resources(&user, "/Immunization?_count=1000");
    assert_eq!(found.keys().collect::<BTreeSet<_>>(), expected);
    assert!(expected.len() > 3 && expected.len() < all.len());
    let hidden = all.keys().find(|id| !expected.contains(id)).unwrap();
    user.get(&format!("/Immunization/{hidden}"))
        .refused(404, "not-found");
}

fn who_may_not_read_vaccinations_is_refused(world: &World) {
    let nobody = world.as_user("nogroup");
    for path in [
        "/Immunization",
        "/Immunization/1",
        "/Immunization?lot-number=LOT",
    ] {
        nobody.get(path).refused(403, "forbidden");
    }
}

fn searches_find_the_immunizations_that_are_shown(world: &World) {
    let all = world.all("Immunization");
    type Shown = Box<dyn Fn(&Value) -> bool>;
    let by = |reference: &'static str| -> Shown {
        Box::new(move |shown| {
            list(&shown["performer"])
                .iter()
                .any(|performer| performer["actor"]["reference"] == reference)
        })
    };
    let practitioner = all.values().find_map(|shown| {
        let reference = shown["performer"][0]["actor"]["reference"].as_str()?;
        reference
            .starts_with("Practitioner/")
            .then(|| reference.to_owned())
    });
    let practitioner: &'static str = Box::leak(practitioner.unwrap().into_boxed_str());
    let performer = format!("performer={practitioner}");
    let cases: Vec<(&str, Shown)> = vec![
        (
            "patient=2",
            Box::new(|shown| shown["patient"]["reference"] == "Patient/2"),
        ),
        (
            "lot-number=lot-00",
            Box::new(|shown| {
                let lot = shown["lotNumber"].as_str().unwrap_or_default();
                lot.starts_with("LOT-00")
            }),
        ),
        (
            "lot-number:exact=LOT-002",
            Box::new(|shown| shown["lotNumber"] == "LOT-002"),
        ),
        (
            "lot-number:missing=true",
            Box::new(|shown| shown["lotNumber"].is_null()),
        ),
        (
            "vaccine-code:text=tetanus",
            Box::new(|shown| {
                let name = shown["vaccineCode"]["text"].as_str().unwrap();
                name.to_lowercase().contains("tetanus")
            }),
        ),
        (&performer, by(practitioner)),
        (
            "performer:Organization=institution-1",
            by("Organization/institution-1"),
        ),
    ];
    // only what is served can be asked for
    let organizations = world.doctor().get("/Organization?_count=1").status != 404;
    let asked = |query: &str| organizations || !query.contains("Organization");
    for (query, shown) in cases.into_iter().filter(|(query, _)| asked(query)) {
        let expected: BTreeSet<&String> = all
            .iter()
            .filter(|(_, found)| shown(found))
            .map(|(id, _)| id)
            .collect();
        let path = format!("/Immunization?{query}&_count=1000");
        let found = resources(&world.doctor(), &path);
        assert_eq!(found.keys().collect::<BTreeSet<_>>(), expected, "{query}");
        assert!(
            !expected.is_empty() && expected.len() < all.len(),
            "{query}"
        );
    }
    for (query, some) in [("status=completed", true), ("status=not-done", false)] {
        let found = resources(
            &world.doctor(),
            &format!("/Immunization?{query}&_count=1000"),
        );
        assert_eq!(found.len(), if some { all.len() } else { 0 }, "{query}");
    }
}

/// A vaccination of patient 2, with what it needs; gone when dropped.
struct Vaccination<'w>(&'w World);

const NEW: i64 = 900_101;

impl<'w> Vaccination<'w> {
    /// The columns and values are SQL.
    fn of(world: &'w World, columns: &str, values: &str) -> Self {
        let patient = if world.sql().party() == "party" {
            "patient"
        } else {
            "name"
        };
        let made = Self(world);
        world.sql().run(&format!(
            "INSERT INTO gnuhealth_vaccination (id, {patient}, vaccine, {columns})
             SELECT {NEW}, 2, min(vaccine), {values} FROM gnuhealth_vaccination"
        ));
        made
    }

    fn read(&self) -> Value {
        self.0.doctor().get(&format!("/Immunization/{NEW}")).ok()
    }

    fn is_found(&self, query: &str) -> bool {
        finds(&self.0.doctor(), "Immunization", query, &NEW)
    }
}

impl Drop for Vaccination<'_> {
    fn drop(&mut self) {
        self.0.sql().run(&format!(
            "DELETE FROM gnuhealth_vaccination WHERE id = {NEW}"
        ));
        self.0
            .sql()
            .attempt(&format!("DELETE FROM stock_lot WHERE id = {NEW}"));
    }
}

fn every_site_and_route_has_the_code_that_means_it(world: &World) {
    for (value, code) in [
        ("lvl", Some("LVL")),
        ("rvl", Some("RVL")),
        ("ld", Some("LD")),
        ("rd", Some("RD")),
        ("lalt", Some("LT")),
        ("ralt", Some("RT")),
        ("lpua", Some("LUA")),
        ("rpua", Some("RUA")),
        ("lfa", None),
        ("rfa", None),
    ] {
        let made = Vaccination::of(world, "admin_site, dose", &format!("'{value}', 71"));
        let site = made.read()["site"].clone();
        let coding = code.map(|_| "http://terminology.hl7.org/CodeSystem/v3-ActSite");
        assert_eq!(site["coding"][0]["code"].as_str(), code, "{value}");
        assert_eq!(site["coding"][0]["system"].as_str(), coding, "{value}");
        assert!(site["text"].is_string(), "{value}");
    }
    let v3 = "http://terminology.hl7.org/CodeSystem/v3-RouteOfAdministration";
    let v2 = "http://terminology.hl7.org/CodeSystem/v2-0162";
    for (value, codes) in [
        ("im", vec![(v3, "IM"), (v2, "IM")]),
        ("sc", vec![(v3, "SQ"), (v2, "SC")]),
        ("id", vec![(v3, "IDINJ"), (v2, "ID")]),
        ("nas", vec![(v2, "IN")]),
        ("po", vec![(v3, "PO"), (v2, "PO")]),
    ] {
        let made = Vaccination::of(world, "admin_route, dose", &format!("'{value}', 71"));
        let shown = made.read();
        let found: Vec<(&str, &str)> = list(&shown["route"]["coding"])
            .iter()
            .map(|coding| {
                (
                    coding["system"].as_str().unwrap(),
                    coding["code"].as_str().unwrap(),
                )
            })
            .collect();
        assert_eq!(found, codes, "{value}");
    }
    let made = Vaccination::of(world, "admin_site, admin_route", "'nowhere', ''");
    let shown = made.read();
    assert!(shown["site"].is_null() && shown["route"].is_null());
}

fn amounts_and_numbers_of_doses_are_as_they_were_entered(world: &World) {
    for (amount, dose, value, number) in [
        ("0", "0", json!(0), json!({"doseNumberString": "0"})),
        ("-0.5", "-3", json!(-0.5), json!({"doseNumberString": "-3"})),
        (
            "0.25",
            "7",
            json!(0.25),
            json!({"doseNumberPositiveInt": 7}),
        ),
        (
            "NULL",
            "2147483647",
            Value::Null,
            json!({"doseNumberPositiveInt": 2_147_483_647}),
        ),
        ("'NaN'", "NULL", Value::Null, Value::Null),
    ] {
        let made = Vaccination::of(world, "amount, dose", &format!("{amount}, {dose}"));
        let shown = made.read();
        assert_eq!(shown["doseQuantity"]["value"], value, "{amount}");
        assert_eq!(shown["protocolApplied"][0], number, "{dose}");
    }
}

fn a_vaccination_without_date_happened_at_an_unknown_time(world: &World) {
    let made = Vaccination::of(world, "date, observations", "NULL, E' It said \"ow\" \\n'");
    let shown = made.read();
    assert_eq!(shown["occurrenceString"], "Unknown");
    assert!(shown["occurrenceDateTime"].is_null() && shown["performer"].is_null());
    assert_eq!(shown["note"], json!([{"text": "It said \"ow\""}]));
    assert!(made.is_found("date:missing=true") && !made.is_found("date=gt1900"));
    drop(made);
    let made = Vaccination::of(world, "date", "'2019-03-31 23:30:00'");
    assert_eq!(made.read()["occurrenceDateTime"], "2019-03-31T23:30:00Z");
    assert!(made.is_found("date=2019-03-31T23:30:00Z") && !made.is_found("date=lt2019"));
}

fn the_lot_of_the_stock_counts_before_what_was_written_down(world: &World) {
    let mut sql = world.sql();
    let has_lots = sql.rows(
        "SELECT FROM pg_attribute WHERE attrelid = 'gnuhealth_vaccination'::regclass AND attname = 'lot'",
        &[],
    );
    assert_eq!(
        has_lots.len(),
        1,
        "the demo has health_stock in both versions"
    );
    let written = "vaccine_lot, vaccine_expiration_date";
    let made = Vaccination::of(world, written, "' written ', '2030-01-01'");
    let shown = made.read();
    assert_eq!(shown["lotNumber"], "written");
    assert_eq!(shown["expirationDate"], "2030-01-01");
    assert!(made.is_found("lot-number=written"));
    sql.run(&format!(
        "INSERT INTO stock_lot (id, number, product, expiration_date)
         SELECT {NEW}, 'STOCK-9', min(id), '2031-12-31' FROM product_product;
         UPDATE gnuhealth_vaccination SET lot = {NEW} WHERE id = {NEW}"
    ));
    // GNU Health lets doctors read no lots of the stock: they see what was written down.
    assert_eq!(made.read()["lotNumber"], "written");
    assert!(made.is_found("lot-number=written") && !made.is_found("lot-number=stock-9"));
    let _open = Change::make(
        world,
        "INSERT INTO ir_model_access (id, model, perm_read, perm_write, perm_create, perm_delete, active) \
         SELECT 900000, id, true, false, false, false, true FROM ir_model WHERE model = 'stock.lot'",
        "DELETE FROM ir_model_access WHERE id = 900000",
    );
    let shown = made.read();
    assert_eq!(shown["lotNumber"], "STOCK-9");
    assert_eq!(shown["expirationDate"], "2031-12-31");
    assert!(made.is_found("lot-number=stock-9") && !made.is_found("lot-number=written"));
    sql.run(&format!(
        "UPDATE stock_lot SET expiration_date = NULL WHERE id = {NEW}"
    ));
    assert!(made.read()["expirationDate"].is_null());
}

fn the_code_of_the_product_is_found_in_the_systems_of_the_hospital(world: &World) {
    let made = Vaccination::of(world, "dose", "72");
    assert!(made.read()["vaccineCode"]["coding"].is_null());
    let product = world.sql().value(
        "SELECT coalesce(to_jsonb(m) -> 'product', to_jsonb(m) -> 'name') AS product
         FROM gnuhealth_medicament m JOIN gnuhealth_vaccination v ON v.vaccine = m.id WHERE v.id = $1",
        &[&(NEW as i32)],
    );
    let code = |code: &str| {
        world.sql().run(&format!(
            "UPDATE product_product SET code = {code} WHERE id = {product}"
        ));
    };
    let uncoded = format!("SELECT code FROM product_product WHERE id = {product}");
    assert_eq!(world.sql().value(&uncoded, &[]), Value::Null);
    code("'VAC-1'");
    let shown = made.read();
    let system = format!("{SYSTEMS}/product");
    let found = made.is_found(&format!("vaccine-code={system}|VAC-1"));
    let other = made.is_found("vaccine-code=http://hl7.org/fhir/sid/cvx|VAC-1");
    code("NULL");
    let coding = &shown["vaccineCode"]["coding"][0];
    assert_eq!(
        (&coding["system"], &coding["code"], &coding["display"]),
        (
            &json!(system),
            &json!("VAC-1"),
            &shown["vaccineCode"]["text"]
        )
    );
    assert!(found && !other);
}
