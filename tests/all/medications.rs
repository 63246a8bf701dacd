//! What is in a Medication: for every medicament, against what SQL says of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::content::{list, object, text};
use crate::dosages::{amount, form};
use crate::world::{SYSTEMS, World, encoded, finds, resources};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        every_medicament_is_a_medication,
        a_medication_has_the_code_name_and_identifiers_of_its_product,
        a_medication_has_a_status_and_a_form,
        a_medication_has_its_ingredient_with_the_strength,
        searches_find_what_is_shown,
    ]
}

pub fn tests_that_change_data() -> Vec<Test> {
    tests![
        a_medicament_of_the_hospital_is_shown_as_it_is,
        a_medicament_without_anything_is_shown_all_the_same,
    ]
}

const ROWS: &str = "
    SELECT d.id, to_jsonb(d) AS m, t.name, to_jsonb(p) -> 'code' AS code, to_jsonb(f) AS form, to_jsonb(u) AS unit,
        to_jsonb(cu) AS conc_unit, to_jsonb(vu) AS vol_unit,
        (SELECT jsonb_agg(to_jsonb(i) ORDER BY i.id) FROM product_identifier i WHERE i.product = p.id) AS identifiers
    FROM gnuhealth_medicament d
    JOIN product_product p ON to_jsonb(p.id) = coalesce(to_jsonb(d) -> 'product', to_jsonb(d) -> 'name')
    JOIN product_template t ON t.id = p.template
    LEFT JOIN gnuhealth_drug_form f ON f.id = d.form LEFT JOIN gnuhealth_dose_unit u ON u.id = d.unit
    LEFT JOIN gnuhealth_dose_unit cu ON cu.id = d.sol_conc_unit LEFT JOIN gnuhealth_dose_unit vu ON vu.id = d.sol_vol_unit
    ORDER BY d.id";

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
    let (all, mut different, mut compared) = (world.all("Medication"), Vec::new(), 0);
    for (id, row) in rows(world) {
        let (found, expected) = (of_resource(&all[id]), of_row(row));
        if found != expected {
            different.push(format!(
                "Medication/{id}: {found}, but the database has {expected}"
            ));
        }
        compared += usize::from(!expected.is_null());
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert!(compared >= some, "only {compared} medications have a value");
}

fn every_medicament_is_a_medication(world: &World) {
    let all = world.all("Medication");
    assert_eq!(
        all.keys().collect::<BTreeSet<_>>(),
        rows(world).keys().collect()
    );
    assert!(all.len() > 400, "{}", all.len());
    for (id, medication) in all.iter().step_by(41) {
        assert_eq!(
            &world.doctor().get(&format!("/Medication/{id}")).ok(),
            medication
        );
    }
    // readable by every login, as Tryton has it
    let found = resources(&world.as_user("nogroup"), "/Medication?_count=1000");
    assert_eq!(found.len(), all.len());
}

fn a_medication_has_the_code_name_and_identifiers_of_its_product(world: &World) {
    let code = |row: &Value| {
        let code = text(&row["code"]);
        let system = code.is_string().then(|| format!("{SYSTEMS}/product"));
        object(
            json!({"system": system, "code": code, "display": code.is_string().then(|| text(&row["name"]))}),
        )
    };
    let found = |medication: &Value| {
        json!([
            medication["code"]["coding"][0],
            medication["code"]["text"],
            list(&medication["identifier"])
        ])
    };
    let of_row = |row: &Value| {
        let identifiers = list(&row["identifiers"]).iter();
        let identifiers = identifiers.map(|identifier| {
            let system = format!(
                "{SYSTEMS}/product-identifier/{}",
                identifier["type"].as_str().unwrap()
            );
            json!({"system": system, "value": identifier["code"]})
        });
        json!([
            code(row),
            text(&row["name"]),
            identifiers.collect::<Vec<_>>()
        ])
    };
    compare(world, 400, found, of_row);
    let coded = rows(world)
        .values()
        .filter(|row| text(&row["code"]).is_string());
    let identified = rows(world)
        .values()
        .filter(|row| !row["identifiers"].is_null());
    assert!(coded.count() > 5 && identified.count() > 5);
}

fn a_medication_has_a_status_and_a_form(world: &World) {
    let found = |medication: &Value| {
        let coding = &medication["form"]["coding"][0];
        json!([
            medication["status"],
            object(json!({"system": coding["system"], "code": coding["code"]})),
            medication["form"]["text"]
        ])
    };
    let of_row = |row: &Value| {
        let status = if row["m"]["active"] == true {
            "active"
        } else {
            "inactive"
        };
        json!([status, form(&row["form"]), row["form"]["name"]])
    };
    compare(world, 400, found, of_row);
    let forms: BTreeSet<String> = rows(world)
        .values()
        .map(|row| form(&row["form"])["system"].to_string())
        .collect();
    assert_eq!(forms.len(), 3, "HL7's, GNU Health's and none: {forms:?}");
    assert!(rows(world).values().any(|row| row["m"]["active"] == false));
}

fn a_medication_has_its_ingredient_with_the_strength(world: &World) {
    let found = |medication: &Value| medication["ingredient"].clone();
    let of_row = |row: &Value| {
        let m = &row["m"];
        let strength = if m["sol_conc"].is_number() && m["sol_vol"].as_f64() > Some(0.0) {
            json!({"numerator": amount(&m["sol_conc"], &row["conc_unit"]), "denominator": amount(&m["sol_vol"], &row["vol_unit"])})
        } else if m["strength"].is_number() {
            let dose = json!({"value": 1, "unit": "dose", "system": "http://unitsofmeasure.org", "code": "{dose}"});
            json!({"numerator": amount(&m["strength"], &row["unit"]), "denominator": dose})
        } else {
            Value::Null
        };
        let component = text(&m["active_component"]);
        if component.is_null() {
            return Value::Null;
        }
        json!([object(
            json!({"itemCodeableConcept": {"text": component}, "isActive": true, "strength": strength})
        )])
    };
    compare(world, 400, found, of_row);
    let of = |key: &'static str| {
        rows(world)
            .values()
            .filter(move |row| row["m"][key].is_number())
    };
    assert!(of("strength").count() > 5 && of("sol_conc").count() > 0);
}

fn searches_find_what_is_shown(world: &World) {
    let all = world.all("Medication");
    type Shown = Box<dyn Fn(&Value) -> bool>;
    let code = |element: &'static str, code: &'static str| -> Shown {
        Box::new(move |shown| shown[element]["coding"][0]["code"] == code)
    };
    let hl7 = "http://terminology.hl7.org/CodeSystem/v3-orderableDrugForm";
    let word = |text: &Value, start: &str| {
        let text = text.as_str().unwrap_or_default().to_lowercase();
        text.split_whitespace().any(|word| word.starts_with(start))
    };
    let cases: Vec<(String, Shown)> = vec![
        ("code=MED-001".into(), code("code", "MED-001")),
        (
            format!("code={SYSTEMS}/product|MED-002"),
            code("code", "MED-002"),
        ),
        (
            "code:text=paracetamol".into(),
            Box::new(move |shown| word(&shown["code"]["text"], "paracetamol")),
        ),
        ("form=TAB".into(), code("form", "TAB")),
        (format!("form={hl7}|CAP"), code("form", "CAP")),
        (format!("form={SYSTEMS}/drug-form|SUS"), code("form", "SUS")),
        (
            format!("form={SYSTEMS}/drug-form|"),
            Box::new(|shown| {
                let system = &shown["form"]["coding"][0]["system"];
                *system == format!("{SYSTEMS}/drug-form")
            }),
        ),
        (
            "identifier=4006380000018".into(),
            Box::new(|shown| {
                list(&shown["identifier"])
                    .iter()
                    .any(|each| each["value"] == "4006380000018")
            }),
        ),
        (
            "ingredient-code:text=oxygen".into(),
            Box::new(move |shown| {
                word(
                    &shown["ingredient"][0]["itemCodeableConcept"]["text"],
                    "oxygen",
                )
            }),
        ),
        (
            "status=inactive".into(),
            Box::new(|shown| shown["status"] == "inactive"),
        ),
        (
            "form:missing=true".into(),
            Box::new(|shown| shown["form"].is_null()),
        ),
    ];
    for (query, shown) in cases {
        let expected: BTreeSet<&String> = all
            .iter()
            .filter(|(_, found)| shown(found))
            .map(|(id, _)| id)
            .collect();
        let path = format!("/Medication?{}&_count=1000", query.replace('|', "%7C"));
        let found = resources(&world.doctor(), &path);
        assert_eq!(found.keys().collect::<BTreeSet<_>>(), expected, "{query}");
        assert!(
            !expected.is_empty() && expected.len() < all.len(),
            "{query}"
        );
    }
    for (query, all_found) in [
        ("code:missing=false", true),
        ("ingredient-code:missing=false", true),
        ("code=paracetamol", false),
        ("ingredient-code=oxygen", false),
        (
            "form=http://terminology.hl7.org/CodeSystem/v3-orderableDrugForm|SUS",
            false,
        ),
    ] {
        let path = format!("/Medication?{}&_count=1000", query.replace('|', "%7C"));
        let found = resources(&world.doctor(), &path);
        assert_eq!(
            found.len(),
            if all_found { all.len() } else { 0 },
            "{query}"
        );
    }
}

const MADE: i64 = 900_301;

/// A medicament with a product and template of its own; gone when this is dropped.
struct Made<'w>(&'w World);

impl<'w> Made<'w> {
    fn of(world: &'w World, name: &str, code: &str, columns: &str, values: &str) -> Self {
        let product = if world.sql().party() == "party" {
            "product"
        } else {
            "name"
        };
        let made = Self(world);
        world.sql().run(&format!(
            "INSERT INTO product_template (id, name, default_uom, type, active) \
               SELECT {MADE}, {name}, min(default_uom), 'goods', true FROM product_template; \
             INSERT INTO product_product (id, template, code, active) VALUES ({MADE}, {MADE}, {code}, true); \
             INSERT INTO gnuhealth_medicament (id, {product}, {columns}) VALUES ({MADE}, {MADE}, {values})"
        ));
        made
    }

    fn read(&self) -> Value {
        self.0.doctor().get(&format!("/Medication/{MADE}")).ok()
    }

    fn is_found(&self, query: &str) -> bool {
        finds(&self.0.doctor(), "Medication", query, &MADE)
    }
}

impl Drop for Made<'_> {
    fn drop(&mut self) {
        self.0.sql().run(&format!(
            "DELETE FROM gnuhealth_medicament WHERE id = {MADE}; DELETE FROM product_identifier WHERE product = {MADE}; \
             DELETE FROM product_product WHERE id = {MADE}; DELETE FROM product_template WHERE id = {MADE}"
        ));
    }
}

fn a_medicament_of_the_hospital_is_shown_as_it_is(world: &World) {
    let made = Made::of(
        world,
        "E' O''Brien''s \"syrup\" <b>\\n'",
        "'X|1'",
        "active, active_component, strength, sol_conc, sol_vol",
        "NULL, '  ', -0.5, 3, 0",
    );
    world.sql().run(&format!(
        "INSERT INTO product_identifier (id, product, code) VALUES ({MADE}, {MADE}, '12 3')"
    ));
    let shown = made.read();
    let name = "O'Brien's \"syrup\" <b>";
    assert_eq!(
        shown["code"],
        json!({"coding": [{"system": format!("{SYSTEMS}/product"), "code": "X|1", "display": name}], "text": name})
    );
    assert_eq!(shown["identifier"], json!([{"value": "12 3"}]));
    // no component, so nothing that could be strong; and neither active nor inactive
    for element in ["status", "ingredient", "form"] {
        assert!(shown.get(element).is_none(), "{element}");
    }
    for (query, found) in [
        (format!("code={}", encoded("X\\|1")), true),
        (format!("code={}", encoded("X")), false),
        ("code:text=syrup".to_owned(), false),
        (format!("code:text={}", encoded("O'Brien")), true),
        (format!("identifier={}", encoded("12 3")), true),
        (format!("identifier={}", encoded("|12 3")), true),
        (
            format!(
                "identifier={}",
                encoded(&format!("{SYSTEMS}/product-identifier/ean|12 3"))
            ),
            false,
        ),
        ("status:missing=true".to_owned(), true),
        ("status=inactive".to_owned(), false),
        ("ingredient-code:missing=true".to_owned(), true),
    ] {
        assert_eq!(made.is_found(&query), found, "{query}");
    }
    world.sql().run(&format!(
        "UPDATE gnuhealth_medicament SET active_component = 'x' WHERE id = {MADE}"
    ));
    let strength = &made.read()["ingredient"][0]["strength"];
    assert_eq!(strength["numerator"], json!({"value": -0.5}));
    assert_eq!(strength["denominator"]["code"], "{dose}");
}

fn a_medicament_without_anything_is_shown_all_the_same(world: &World) {
    let made = Made::of(world, "''", "NULL", "active", "false");
    let shown = made.read();
    assert_eq!(shown["status"], "inactive");
    assert!(shown.get("code").is_none());
    assert!(made.is_found("code:missing=true"));
    assert!(made.is_found("status=inactive"));
}
