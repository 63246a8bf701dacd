//! How a drug is taken, as the rows of the database say it: what MedicationStatement and MedicationRequest share.

use serde_json::{Value, json};

use crate::content::{object, text};
use crate::world::SYSTEMS;

const UCUM: &str = "http://unitsofmeasure.org";

/// Joins what a row aliased `m` refers to: the drug's name (`drug`), and `unit`, `form`, `route`, `common` and `pathology`.
pub const JOINS: &str = "
    JOIN gnuhealth_medicament d ON d.id = m.medicament
    JOIN product_product pp ON to_jsonb(pp.id) = coalesce(to_jsonb(d) -> 'product', to_jsonb(d) -> 'name')
    JOIN product_template t ON t.id = pp.template
    LEFT JOIN gnuhealth_dose_unit u ON u.id = m.dose_unit
    LEFT JOIN gnuhealth_drug_form f ON f.id = m.form
    LEFT JOIN gnuhealth_drug_route r ON r.id = m.route
    LEFT JOIN gnuhealth_medication_dosage c ON c.id = m.common_dosage
    LEFT JOIN gnuhealth_pathology p ON p.id = m.indication";

/// What the joined tables say.
pub const COLUMNS: &str =
    "m.id, to_jsonb(m) AS m, t.name AS drug, to_jsonb(u) AS unit, to_jsonb(f) AS form,
    to_jsonb(r) AS route, to_jsonb(c) AS common, to_jsonb(p) AS pathology,
    to_char(m.create_date, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS recorded";

/// A time of the database as FHIR has it.
pub fn moment(time: &Value) -> Value {
    time.as_str()
        .map_or(Value::Null, |time| json!(format!("{time}Z")))
}

/// A reference without its type.
pub fn leads(reference: &Value) -> Value {
    json!([reference["reference"], reference["display"]])
}

/// The code of a reason with its system and texts.
pub fn reason(concept: &Value) -> Value {
    let coding = &concept["coding"][0];
    json!([
        coding["system"],
        coding["code"],
        coding["display"],
        concept["text"]
    ])
}

/// The same as the row has it. All that the demo uses comes from GNU Health's ICD-10 module.
pub fn reason_of(row: &Value) -> Value {
    let pathology = &row["pathology"];
    if pathology.is_null() {
        return json!([null, null, null, null]);
    }
    let system = "http://hl7.org/fhir/sid/icd-10";
    json!([
        system,
        pathology["code"],
        pathology["name"],
        pathology["name"]
    ])
}

/// The form as a code: HL7's where it has the same.
pub fn form(form: &Value) -> Value {
    let shared = [
        "AER", "CAP", "CRM", "GEL", "GUM", "PAD", "PATCH", "SOL", "TAB",
    ];
    let Some(code) = form["code"].as_str() else {
        return Value::Null;
    };
    let system = if shared.contains(&code) {
        "http://terminology.hl7.org/CodeSystem/v3-orderableDrugForm".to_owned()
    } else {
        format!("{SYSTEMS}/drug-form")
    };
    json!({"system": system, "code": code})
}

/// So many of a form.
pub fn units(number: &Value, of: &Value) -> Value {
    let coding = form(of);
    object(
        json!({"value": number, "unit": of["name"], "system": coding["system"], "code": coding["code"]}),
    )
}

/// An amount in a unit of doses.
pub fn amount(number: &Value, unit: &Value) -> Value {
    if number.is_null() {
        return Value::Null;
    }
    let name = text(&unit["name"]);
    let code = name
        .as_str()
        .filter(|name| ["mL", "mg", "L", "kg", "mmol", "ug"].contains(name));
    object(json!({"value": number, "unit": name, "system": code.map(|_| UCUM), "code": code}))
}

/// A duration.
pub fn duration(m: &Value) -> Value {
    let codes = [
        ("minutes", "min"),
        ("hours", "h"),
        ("days", "d"),
        ("months", "mo"),
        ("years", "a"),
    ];
    let code = codes.iter().find(|(name, _)| m["duration_period"] == *name);
    match (m["duration"].as_i64(), code) {
        (Some(1..), Some((name, code))) => {
            json!({"value": m["duration"], "unit": name, "system": UCUM, "code": code})
        }
        _ => Value::Null,
    }
}

/// The dosage of a row; `bounds` is what it has in place of the duration.
pub fn dosage(row: &Value, bounds: Value) -> Value {
    let m = &row["m"];
    let quantity = m["qty"].as_i64();
    let dose = match quantity {
        Some(2..) => units(&m["qty"], &row["form"]),
        Some(1) if m["dose"].is_null() && !row["form"].is_null() => units(&m["qty"], &row["form"]),
        _ => amount(&m["dose"], &row["unit"]),
    };
    let rate = if m["infusion"] == true && !m["infusion_rate"].is_null() {
        json!({"value": m["infusion_rate"], "unit": "mL/hour", "system": UCUM, "code": "mL/h"})
    } else {
        Value::Null
    };
    let needed = m["frequency_prn"] == true
        || m["frequency_unit"] == "wr"
        || row["common"]["code"] == "420449005";
    object(json!({
        "text": words(row),
        "timing": timing(row, bounds),
        "asNeededBoolean": needed.then_some(true),
        "route": route(&row["route"]),
        "doseAndRate": match object(json!({"doseQuantity": dose, "rateQuantity": rate})) {
            Value::Null => json!([]),
            some => json!([some]),
        },
    }))
}

fn words(row: &Value) -> Value {
    let m = &row["m"];
    let join = |parts: Vec<Option<String>>, by: &str| {
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        Some(parts.join(by)).filter(|joined| !joined.is_empty())
    };
    let name = |of: &str| row[of]["name"].as_str().map(str::to_owned);
    let number = |key: &str| Some(m[key].to_string()).filter(|text| text != "null");
    let dose = number("dose").and_then(|dose| join(vec![Some(dose), name("unit")], " "));
    let alone = dose.is_none() && name("form").is_none();
    let units = number("qty").filter(|_| !alone || m["qty"].as_i64() > Some(1));
    let units = units.and_then(|number| join(vec![Some(number), name("form")], " "));
    let hours = text(&m["admin_times"]);
    let hours = hours.as_str().map(|hours| format!("({hours})"));
    let when = join(vec![name("common"), hours], " ");
    json!(join(vec![join(vec![dose, units], " x "), when], ", "))
}

fn timing(row: &Value, bounds: Value) -> Value {
    let m = &row["m"];
    let codes = [
        ("seconds", "s"),
        ("minutes", "min"),
        ("hours", "h"),
        ("days", "d"),
        ("weeks", "wk"),
    ];
    let unit = codes.iter().find(|(name, _)| m["frequency_unit"] == *name);
    let mut repeat = json!({});
    if let (Some(1..), Some((_, unit))) = (m["frequency"].as_i64(), unit) {
        repeat = json!({"frequency": 1, "period": m["frequency"], "periodUnit": unit});
    } else if m["admin_times"] == "08 13 18" {
        repeat = json!({"timeOfDay": ["08:00:00", "13:00:00", "18:00:00"]});
    }
    if bounds.is_null() {
        repeat["boundsDuration"] = duration(m);
    } else {
        repeat["boundsPeriod"] = bounds;
    }
    let common = &row["common"];
    let code = if common.is_null() {
        Value::Null
    } else {
        json!({"coding": [{"system": "http://snomed.info/sct", "code": common["code"]}], "text": common["name"]})
    };
    object(json!({"repeat": object(repeat), "code": code}))
}

/// GNU Health's names are those of HL7's table.
fn route(route: &Value) -> Value {
    if route.is_null() {
        return Value::Null;
    }
    let system = "http://terminology.hl7.org/CodeSystem/v2-0162";
    let name = text(&route["name"]);
    json!({"coding": [{"system": system, "code": route["code"], "display": name}], "text": name})
}
