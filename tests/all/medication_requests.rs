//! What is in a MedicationRequest: for every line of every prescription, against what SQL says of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::content::{list, object, text};
use crate::dosages::{COLUMNS, JOINS, dosage, duration, leads, moment, reason, reason_of, units};
use crate::world::{SYSTEMS, World, finds, resources};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        every_line_of_a_prescription_is_a_request,
        a_request_has_the_state_and_number_of_its_prescription,
        a_request_says_which_drug_for_whom_by_whom_and_why,
        a_request_has_the_dosage_from_start_to_end,
        a_request_says_what_shall_be_dispensed,
        a_request_has_its_notes_and_says_whether_it_may_be_substituted,
        of_hidden_patients_there_are_no_requests,
        who_may_not_read_prescriptions_is_refused,
        searches_find_what_is_shown,
    ]
}

pub fn tests_that_change_data() -> Vec<Test> {
    tests![
        a_line_without_order_is_a_request_of_nobody,
        zero_and_less_are_told_as_far_as_r4_can,
        a_validated_prescription_is_active,
    ]
}

fn rows(world: &World) -> &'static BTreeMap<String, Value> {
    static ROWS_READ: OnceLock<BTreeMap<String, Value>> = OnceLock::new();
    ROWS_READ.get_or_init(|| {
        let query = format!(
            "SELECT {COLUMNS}, to_jsonb(o) AS o, concat_ws(', ', btrim(h.lastname), btrim(h.name)) AS pharmacy,
                (SELECT concat_ws(', ', btrim(q.lastname), btrim(q.name)) FROM gnuhealth_patient a
                    JOIN party_party q ON q.id = a.{{party}} WHERE a.id = o.patient) AS name
            FROM gnuhealth_prescription_line m {JOINS} JOIN gnuhealth_prescription_order o
                ON to_jsonb(o.id) = coalesce(to_jsonb(m) -> 'presc_order', to_jsonb(m) -> 'name')
            LEFT JOIN party_party h ON h.id = o.pharmacy ORDER BY m.id");
        let rows = world.sql().rows(&query, &[]).into_iter();
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
    let (all, mut different, mut compared) = (world.all("MedicationRequest"), Vec::new(), 0);
    for (id, row) in rows(world) {
        let (found, expected) = (of_resource(&all[id]), of_row(row));
        if found != expected {
            different.push(format!(
                "MedicationRequest/{id}: {found}, but the database has {expected}"
            ));
        }
        compared += usize::from(!expected.is_null());
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert!(compared >= some, "only {compared} requests have a value");
}

fn every_line_of_a_prescription_is_a_request(world: &World) {
    let all = world.all("MedicationRequest");
    assert_eq!(
        all.keys().collect::<BTreeSet<_>>(),
        rows(world).keys().collect()
    );
    assert!(all.len() > 20, "{}", all.len());
    for (id, request) in all.iter().step_by(7) {
        assert_eq!(
            &world.doctor().get(&format!("/MedicationRequest/{id}")).ok(),
            request
        );
    }
}

fn a_request_has_the_state_and_number_of_its_prescription(world: &World) {
    let found = |request: &Value| {
        json!([
            request["status"],
            request["intent"],
            request["groupIdentifier"],
            request["authoredOn"]
        ])
    };
    let of_row = |row: &Value| {
        let order = &row["o"];
        let status = match order["state"].as_str() {
            Some("draft") => "draft",
            Some("done" | "validated") => "active",
            _ => "unknown",
        };
        let number =
            json!({"system": format!("{SYSTEMS}/prescription"), "value": order["prescription_id"]});
        json!([status, "order", number, moment(&order["prescription_date"])])
    };
    compare(world, 20, found, of_row);
    let states: BTreeSet<_> = rows(world)
        .values()
        .map(|row| row["o"]["state"].as_str())
        .collect();
    assert!(states.len() > 1, "{states:?}");
    let shared = world.all("MedicationRequest");
    let numbers: BTreeSet<_> = shared
        .values()
        .map(|each| each["groupIdentifier"]["value"].as_str())
        .collect();
    assert!(numbers.len() > 5 && numbers.len() < shared.len());
}

fn a_request_says_which_drug_for_whom_by_whom_and_why(world: &World) {
    let found = |request: &Value| {
        json!([
            leads(&request["medicationReference"]),
            leads(&request["subject"]),
            request["requester"]["reference"],
            reason(&request["reasonCode"][0])
        ])
    };
    let of_row = |row: &Value| {
        let order = &row["o"];
        json!([
            [
                format!("Medication/{}", row["m"]["medicament"]),
                text(&row["drug"])
            ],
            [format!("Patient/{}", order["patient"]), text(&row["name"])],
            order["healthprof"]
                .as_i64()
                .map(|id| format!("Practitioner/{id}")),
            reason_of(row)
        ])
    };
    compare(world, 20, found, of_row);
}

fn a_request_has_the_dosage_from_start_to_end(world: &World) {
    let found = |request: &Value| {
        let therapy = &request["courseOfTherapyType"]["coding"][0]["code"];
        json!([
            request["dosageInstruction"][0],
            list(&request["dosageInstruction"]).len(),
            therapy
        ])
    };
    let of_row = |row: &Value| {
        let m = &row["m"];
        let bounds =
            json!({"start": moment(&m["start_treatment"]), "end": moment(&m["end_treatment"])});
        let therapy = (m["duration_period"] == "indefinite").then_some("continuous");
        json!([dosage(row, object(bounds)), 1, therapy])
    };
    compare(world, 20, found, of_row);
    let all = world.all("MedicationRequest");
    for pointer in [
        "/dosageInstruction/0/timing/repeat/boundsPeriod/end",
        "/dosageInstruction/0/doseAndRate/0/rateQuantity",
        "/courseOfTherapyType",
    ] {
        assert!(
            all.values().any(|each| each.pointer(pointer).is_some()),
            "{pointer}"
        );
    }
    let of_units = |each: &&Value| {
        each["dosageInstruction"][0]["doseAndRate"][0]["doseQuantity"]["code"] == "SOL"
    };
    assert!(all.values().filter(of_units).count() > 0);
}

fn a_request_says_what_shall_be_dispensed(world: &World) {
    let found = |request: &Value| {
        let dispense = &request["dispenseRequest"];
        json!([
            dispense["validityPeriod"],
            dispense["numberOfRepeatsAllowed"],
            dispense["quantity"],
            dispense["expectedSupplyDuration"],
            leads(&dispense["performer"])
        ])
    };
    let of_row = |row: &Value| {
        let m = &row["m"];
        let valid = object(json!({"end": moment(&m["review"])}));
        let quantity = if m["quantity"].is_null() {
            Value::Null
        } else {
            units(&m["quantity"], &row["form"])
        };
        let pharmacy = row["o"]["pharmacy"].as_i64();
        let pharmacy = json!([
            pharmacy.map(|id| format!("Organization/pharmacy-{id}")),
            pharmacy.map(|_| text(&row["pharmacy"]))
        ]);
        json!([valid, m["refills"], quantity, duration(m), pharmacy])
    };
    compare(world, 20, found, of_row);
    let all = world.all("MedicationRequest");
    for pointer in [
        "/validityPeriod/end",
        "/numberOfRepeatsAllowed",
        "/expectedSupplyDuration",
        "/performer",
    ] {
        let pointer = format!("/dispenseRequest{pointer}");
        assert!(
            all.values().any(|each| each.pointer(&pointer).is_some()),
            "{pointer}"
        );
    }
    let nothing = |each: &&Value| each["dispenseRequest"]["quantity"]["value"] == 0;
    assert!(all.values().filter(nothing).count() > 0);
}

fn a_request_has_its_notes_and_says_whether_it_may_be_substituted(world: &World) {
    let found = |request: &Value| {
        let notes: Vec<_> = list(&request["note"])
            .iter()
            .map(|note| &note["text"])
            .collect();
        json!([notes, request["substitution"]["allowedBoolean"]])
    };
    let of_row = |row: &Value| {
        let notes = [text(&row["m"]["short_comment"]), text(&row["o"]["notes"])];
        let notes: Vec<_> = notes.into_iter().filter(|note| !note.is_null()).collect();
        json!([notes, row["m"]["allow_substitution"]])
    };
    compare(world, 20, found, of_row);
    let noted = world.all("MedicationRequest");
    assert!(noted.values().any(|each| list(&each["note"]).len() == 2));
}

fn of_hidden_patients_there_are_no_requests(world: &World) {
    let own = world.sql().rows(
        "SELECT id FROM gnuhealth_patient WHERE primary_care_doctor = 1",
        &[],
    );
    let own: BTreeSet<Option<i64>> = own.iter().map(|row| row["id"].as_i64()).collect();
    let expected: BTreeSet<&String> = rows(world)
        .iter()
        .filter(|(_, row)| own.contains(&row["o"]["patient"].as_i64()))
        .map(|(id, _)| id)
        .collect();
    let user = world.as_user("ownpatients");
    let found = resources(&user, "/MedicationRequest?_count=1000");
    assert_eq!(found.keys().collect::<BTreeSet<_>>(), expected);
    assert!(!expected.is_empty() && expected.len() < rows(world).len());
    let hidden = rows(world)
        .keys()
        .find(|id| !expected.contains(id))
        .unwrap();
    user.get(&format!("/MedicationRequest/{hidden}"))
        .refused(404, "not-found");
}

fn who_may_not_read_prescriptions_is_refused(world: &World) {
    let nobody = world.as_user("nogroup");
    for path in [
        "/MedicationRequest",
        "/MedicationRequest/1",
        "/MedicationRequest?status=draft",
    ] {
        nobody.get(path).refused(403, "forbidden");
    }
}

fn searches_find_what_is_shown(world: &World) {
    let all = world.all("MedicationRequest");
    type Shown = Box<dyn Fn(&Value) -> bool>;
    let is = |pointer: &'static str, value: &str| -> Shown {
        let value = value.to_owned();
        Box::new(move |shown| {
            shown.pointer(pointer).and_then(Value::as_str) == Some(value.as_str())
        })
    };
    let row = rows(world).values().next().unwrap();
    let drug = format!("Medication/{}", row["m"]["medicament"]);
    let patient = format!("Patient/{}", row["o"]["patient"]);
    let cases: Vec<(String, Shown)> = vec![
        ("status=draft".into(), is("/status", "draft")),
        ("status=active".into(), is("/status", "active")),
        (
            format!("medication={drug}"),
            is("/medicationReference/reference", &drug),
        ),
        (
            format!("patient={patient}"),
            is("/subject/reference", &patient),
        ),
        (
            format!("subject={patient}"),
            is("/subject/reference", &patient),
        ),
        (
            "authoredon=ge2026-10-15T00:00:00Z".into(),
            Box::new(|shown| shown["authoredOn"].as_str() >= Some("2026-10-15T00:00:00Z")),
        ),
        (
            "intended-dispenser:missing=false".into(),
            Box::new(|shown| shown.pointer("/dispenseRequest/performer").is_some()),
        ),
        (
            "medication.ingredient-code:text=metformin".into(),
            Box::new({
                let drugs = world.all("Medication");
                move |shown| {
                    let id = shown["medicationReference"]["reference"].as_str().unwrap();
                    let drug = &drugs[id.strip_prefix("Medication/").unwrap()];
                    drug["ingredient"][0]["itemCodeableConcept"]["text"] == "metformin"
                }
            }),
        ),
    ];
    for (query, shown) in cases {
        let expected: BTreeSet<&String> = all
            .iter()
            .filter(|(_, found)| shown(found))
            .map(|(id, _)| id)
            .collect();
        let path = format!("/MedicationRequest?{query}&_count=1000");
        let found = resources(&world.doctor(), &path);
        assert_eq!(found.keys().collect::<BTreeSet<_>>(), expected, "{query}");
        assert!(
            !expected.is_empty() && expected.len() < all.len(),
            "{query}: {}",
            expected.len()
        );
    }
    for query in ["intent=order", "requester=Practitioner/1"] {
        let found = resources(
            &world.doctor(),
            &format!("/MedicationRequest?{query}&_count=1000"),
        );
        assert_eq!(found.len(), all.len(), "{query}");
    }
}

const MADE: i64 = 900_501;

/// A line of a prescription, and perhaps an order of patient 2; gone when this is dropped.
struct Made<'w>(&'w World);

impl<'w> Made<'w> {
    /// The state of the order, if there is one, is SQL.
    fn of(world: &'w World, state: Option<&str>, columns: &str, values: &str) -> Self {
        let order = if world.sql().party() == "party" {
            "presc_order"
        } else {
            "name"
        };
        let made = Self(world);
        if let Some(state) = state {
            world.sql().run(&format!(
                "INSERT INTO gnuhealth_prescription_order (id, patient, prescription_id, state) VALUES ({MADE}, 2, ' ', {state})"
            ));
        }
        let of = state.map_or("NULL".to_owned(), |_| MADE.to_string());
        world.sql().run(&format!(
            "INSERT INTO gnuhealth_prescription_line (id, {order}, medicament, {columns}) VALUES ({MADE}, {of}, 1, {values})"
        ));
        made
    }

    fn read(&self) -> Value {
        self.0
            .doctor()
            .get(&format!("/MedicationRequest/{MADE}"))
            .ok()
    }

    fn is_found(&self, query: &str) -> bool {
        finds(&self.0.doctor(), "MedicationRequest", query, &MADE)
    }
}

impl Drop for Made<'_> {
    fn drop(&mut self) {
        self.0.sql().run(&format!(
            "DELETE FROM gnuhealth_prescription_line WHERE id = {MADE}; DELETE FROM gnuhealth_prescription_order WHERE id = {MADE}"
        ));
    }
}

fn a_line_without_order_is_a_request_of_nobody(world: &World) {
    let made = Made::of(world, None, "quantity", "NULL");
    let shown = made.read();
    assert_eq!(shown["status"], "unknown");
    assert_eq!(shown["subject"]["extension"][0]["valueCode"], "unknown");
    for element in [
        "groupIdentifier",
        "authoredOn",
        "requester",
        "dispenseRequest",
        "dosageInstruction",
        "note",
    ] {
        assert!(shown.get(element).is_none(), "{element}");
    }
    assert!(made.is_found("status=unknown") && made.is_found("subject:missing=true"));
    assert!(!made.is_found("status=draft,active"));
}

fn zero_and_less_are_told_as_far_as_r4_can(world: &World) {
    let columns = "quantity, refills, allow_substitution, duration, duration_period, review, short_comment, dose, qty";
    let made = Made::of(
        world,
        Some("'draft'"),
        columns,
        "0, 0, false, 0, 'days', '2001-02-03 04:05:06', E' O''Brien \"B\" \\n', 0, 0",
    );
    let shown = made.read();
    assert_eq!(
        shown["dispenseRequest"],
        json!({"validityPeriod": {"end": "2001-02-03T04:05:06Z"}, "numberOfRepeatsAllowed": 0, "quantity": {"value": 0}})
    );
    assert_eq!(shown["substitution"], json!({"allowedBoolean": false}));
    assert_eq!(shown["note"], json!([{"text": "O'Brien \"B\""}]));
    assert_eq!(
        shown["dosageInstruction"],
        json!([{"text": "0 x 0", "doseAndRate": [{"doseQuantity": {"value": 0}}]}])
    );
    // a number that is blank is none
    assert!(shown.get("groupIdentifier").is_none());
    assert!(made.is_found("status=draft") && made.is_found("intended-dispenser:missing=true"));
    drop(made);
    let made = Made::of(
        world,
        Some("'draft'"),
        columns,
        "-5, -1, NULL, -1, 'days', NULL, ' ', NULL, NULL",
    );
    let shown = made.read();
    assert_eq!(shown["dispenseRequest"], json!({"quantity": {"value": -5}}));
    assert!(shown.get("substitution").is_none() && shown.get("note").is_none());
}

fn a_validated_prescription_is_active(world: &World) {
    for (state, status) in [
        ("'validated'", "active"),
        ("'done'", "active"),
        ("'else'", "unknown"),
        ("NULL", "unknown"),
    ] {
        let made = Made::of(world, Some(state), "quantity", "1");
        assert_eq!(made.read()["status"], status, "{state}");
        for other in ["active", "draft", "unknown"] {
            assert_eq!(
                made.is_found(&format!("status={other}")),
                other == status,
                "{state}"
            );
        }
    }
}
