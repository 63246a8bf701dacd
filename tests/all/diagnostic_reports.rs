//! What is in a DiagnosticReport: for every report of the laboratory and every result of imaging, against what SQL says of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde_json::{Value, json};
use xtask::database::GnuHealth;

use crate::content::{list, text};
use crate::world::{NEW, SYSTEMS, World, resources};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        every_report_and_every_result_of_imaging_is_a_diagnostic_report,
        a_report_has_the_status_of_what_is_in_it,
        a_report_has_its_numbers_kind_and_sections,
        a_report_says_of_whom_when_and_by_whom,
        a_report_has_its_results_in_their_order,
        a_report_has_its_conclusion,
        results_are_included_and_lead_back_to_their_report,
        a_denied_field_is_in_no_report,
        of_hidden_patients_there_are_no_reports,
        who_may_not_read_laboratories_finds_only_imaging,
        searches_find_what_is_shown,
    ]
}

pub fn tests_that_change_data() -> Vec<Test> {
    tests![reports_that_the_demo_does_not_have_are_shown_as_they_are]
}

/// The reports of the laboratory with all that is shown of them.
const LABS: &str = "
    SELECT l.id, to_jsonb(l) AS report, to_jsonb(t) AS test, p.code AS pathology, p.name AS pathology_name,
        (SELECT jsonb_agg(to_jsonb(c) ORDER BY c.sequence NULLS LAST, c.id) FROM gnuhealth_lab_test_critearea c
            WHERE c.gnuhealth_lab_id = l.id) AS analytes
    FROM gnuhealth_lab l JOIN gnuhealth_lab_test_type t ON t.id = l.test
    LEFT JOIN gnuhealth_pathology p ON p.id = l.pathology ORDER BY l.id";

const IMAGES: &str = "
    SELECT r.id, to_jsonb(r) AS report, to_jsonb(t) AS test, to_jsonb(k) AS kind
    FROM gnuhealth_imaging_test_result r JOIN gnuhealth_imaging_test t ON t.id = r.requested_test
    JOIN gnuhealth_imaging_test_type k ON k.id = t.test_type ORDER BY r.id";

fn rows(world: &World) -> &'static BTreeMap<String, Value> {
    static ROWS: OnceLock<BTreeMap<String, Value>> = OnceLock::new();
    ROWS.get_or_init(|| {
        let read = |query: &str, prefix: &str| {
            let rows = world.sql().rows(query, &[]).into_iter();
            let named = rows.map(|row| (format!("{prefix}-{}", row["id"]), row));
            named.collect::<Vec<_>>()
        };
        let labs = read(LABS, "lab").into_iter();
        labs.chain(read(IMAGES, "imaging")).collect()
    })
}

fn is_lab(row: &Value) -> bool {
    row.get("kind").is_none()
}

/// Compares what two functions make of the report and the row; at least `some` must have a value.
#[track_caller]
fn compare(
    world: &World,
    some: usize,
    of_resource: impl Fn(&Value) -> Value,
    of_row: impl Fn(&Value) -> Value,
) {
    let (all, mut different, mut compared) = (world.all("DiagnosticReport"), Vec::new(), 0);
    for (id, row) in rows(world) {
        let (found, expected) = (of_resource(&all[id]), of_row(row));
        if found != expected {
            different.push(format!("{id}: {found}, but the database has {expected}"));
        }
        compared += usize::from(!expected.is_null() && expected != json!([]));
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert!(compared >= some, "only {compared} reports have a value");
}

fn codings(concepts: &Value) -> Vec<String> {
    let codings = list(concepts).iter().map(|concept| &concept["coding"][0]);
    codings
        .map(|coding| {
            format!(
                "{}|{}",
                coding["system"].as_str().unwrap(),
                coding["code"].as_str().unwrap()
            )
        })
        .collect()
}

fn references(found: &Value) -> Vec<Value> {
    let references = list(found).iter();
    references.map(|found| found["reference"].clone()).collect()
}

fn identifiers(found: &Value) -> Vec<String> {
    let identifiers = list(found).iter();
    identifiers
        .map(|one| {
            format!(
                "{}|{}",
                one["system"].as_str().unwrap(),
                one["value"].as_str().unwrap()
            )
        })
        .collect()
}

fn moment(value: &Value) -> Value {
    value
        .as_str()
        .map_or(Value::Null, |time| json!(format!("{time}Z")))
}

/// The professionals in some columns, each once.
fn professionals(report: &Value, columns: &[&str]) -> Vec<Value> {
    let mut found: Vec<Value> = Vec::new();
    for column in columns {
        let id = report[*column].as_i64();
        let reference = id.map(|id| json!(format!("Practitioner/{id}")));
        found.extend(reference.filter(|reference| !found.contains(reference)));
    }
    found
}

fn every_report_and_every_result_of_imaging_is_a_diagnostic_report(world: &World) {
    let all = world.all("DiagnosticReport");
    assert_eq!(
        all.keys().collect::<BTreeSet<_>>(),
        rows(world).keys().collect()
    );
    let imaging = all.keys().filter(|id| id.starts_with("imaging-")).count();
    assert!(
        imaging > 10 && all.len() > 60 + imaging,
        "{imaging} of {}",
        all.len()
    );
    for (id, report) in all.iter().step_by(7) {
        let read = world.doctor().get(&format!("/DiagnosticReport/{id}"));
        assert_eq!(&read.ok(), report);
    }
    for id in ["1", "lab-0", "lab-999999", "lab-1-1", "imaging-0", "x-1"] {
        let answer = world.doctor().get(&format!("/DiagnosticReport/{id}"));
        answer.refused(404, "not-found");
    }
}

fn a_report_has_the_status_of_what_is_in_it(world: &World) {
    let of_row = |row: &Value| {
        let report = &row["report"];
        if !is_lab(row) {
            let findings = !text(&report["comment"]).is_null();
            return json!(if findings { "final" } else { "registered" });
        }
        let has_value = list(&row["analytes"]).iter().any(|analyte| {
            let value = !analyte["result"].is_null() || !text(&analyte["result_text"]).is_null();
            value && analyte["excluded"] != true
        });
        let something = has_value || !text(&report["results"]).is_null();
        json!(match report["state"].as_str() {
            Some("done" | "validated") => "final",
            _ if !something => "registered",
            Some("draft") => "partial",
            _ => "final",
        })
    };
    compare(world, 60, |found| found["status"].clone(), of_row);
    let all = world.all("DiagnosticReport");
    let statuses: BTreeSet<&str> = all
        .values()
        .map(|report| report["status"].as_str().unwrap())
        .collect();
    assert!(statuses.contains("final"));
    assert_eq!(
        statuses.contains("partial"),
        world.version() == GnuHealth::V5_0
    );
}

fn a_report_has_its_numbers_kind_and_sections(world: &World) {
    let found = |report: &Value| {
        let based_on: Vec<Value> = list(&report["basedOn"]).to_vec();
        assert!(
            based_on
                .iter()
                .all(|order| order["type"] == "ServiceRequest" && order.get("reference").is_none())
        );
        let orders: Vec<Value> = based_on
            .iter()
            .map(|order| order["identifier"].clone())
            .collect();
        json!([
            identifiers(&report["identifier"]),
            identifiers(&json!(orders)),
            codings(&report["category"]),
            codings(&json!([report["code"]])),
            report["code"]["text"],
        ])
    };
    let of_row = |row: &Value| {
        let (report, test) = (&row["report"], &row["test"]);
        let section = |code: &str| format!("http://terminology.hl7.org/CodeSystem/v2-0074|{code}");
        let (number, order, mut sections, system) = if is_lab(row) {
            let order = report["request_order"].as_i64();
            (
                format!("{SYSTEMS}/lab-report|{}", report["name"].as_str().unwrap()),
                order.map(|order| format!("{SYSTEMS}/lab-request|{order}")),
                vec![section("LAB")],
                "lab-test-type",
            )
        } else {
            let order = report["order"].as_str();
            (
                format!(
                    "{SYSTEMS}/imaging-result|{}",
                    report["number"].as_str().unwrap()
                ),
                order.map(|order| format!("{SYSTEMS}/imaging-request|{order}")),
                vec![
                    section("RAD"),
                    format!(
                        "{SYSTEMS}/imaging-test-type|{}",
                        row["kind"]["code"].as_str().unwrap()
                    ),
                ],
                "imaging-test",
            )
        };
        sections.extend(match test["category"].as_str() {
            Some("hematology") => Some(section("HM")),
            Some("biochemical") => Some(section("CH")),
            Some("immunological") => Some(section("IMM")),
            Some("microbiological") => Some(section("MB")),
            Some("chromosome_genetic") => Some(section("GE")),
            _ => None,
        });
        let orders: Vec<String> = order.into_iter().collect();
        json!([
            [number],
            orders,
            sections,
            [format!(
                "{SYSTEMS}/{system}|{}",
                test["code"].as_str().unwrap()
            )],
            text(&test["name"]),
        ])
    };
    compare(world, 60, found, of_row);
}

fn a_report_says_of_whom_when_and_by_whom(world: &World) {
    let found = |report: &Value| {
        json!([
            report["subject"]["reference"],
            report["effectiveDateTime"],
            report["issued"],
            references(&report["performer"]),
            references(&report["resultsInterpreter"]),
            report["specimen"][0]["display"],
        ])
    };
    let of_row = |row: &Value| {
        let report = &row["report"];
        let patient = report["patient"].as_i64().map(|id| format!("Patient/{id}"));
        if !is_lab(row) {
            let doctor = professionals(report, &["doctor"]);
            return json!([patient, moment(&report["date"]), null, doctor, doctor, null]);
        }
        let times = [&report["date_analysis"], &report["date_requested"]];
        let effective = times.into_iter().find(|time| !time.is_null()).unwrap();
        let issued = match report["state"].as_str() {
            Some("done") => moment(&report["done_date"]),
            Some("validated") => moment(&report["validation_date"]),
            _ => Value::Null,
        };
        json!([
            patient,
            moment(effective),
            issued,
            professionals(report, &["pathologist", "done_by", "validated_by"]),
            professionals(report, &["pathologist", "validated_by"]),
            text(&report["specimen_type"]),
        ])
    };
    compare(world, 60, found, of_row);
}

fn a_report_has_its_results_in_their_order(world: &World) {
    let observations = world.all("Observation");
    let found = |report: &Value| {
        let results = list(&report["result"]).iter().map(|result| {
            let id = result["reference"].as_str().unwrap();
            let observation = &observations[id.strip_prefix("Observation/").unwrap()];
            assert_eq!(result["display"], observation["code"]["text"], "{id}");
            assert_eq!(observation["basedOn"], report["basedOn"], "{id}");
            id.to_owned()
        });
        json!(results.collect::<Vec<_>>())
    };
    let of_row = |row: &Value| {
        let analytes = list(&row["analytes"]).iter();
        let results = analytes.map(|analyte| format!("Observation/lab-{}", analyte["id"]));
        json!(results.collect::<Vec<_>>())
    };
    compare(world, 60, found, of_row);
    let shown: usize = world
        .all("DiagnosticReport")
        .values()
        .map(|report| list(&report["result"]).len())
        .sum();
    let results = observations.keys().filter(|id| id.starts_with("lab-"));
    assert_eq!(shown, results.count(), "every result is in its report");
}

fn a_report_has_its_conclusion(world: &World) {
    let found = |report: &Value| {
        let pathology = list(&report["conclusionCode"]).iter();
        let pathology =
            pathology.map(|concept| json!([concept["coding"][0]["code"], concept["text"]]));
        json!([report["conclusion"], pathology.collect::<Vec<_>>()])
    };
    let of_row = |row: &Value| {
        let texts = ["results", "diagnosis", "comment"].map(|column| text(&row["report"][column]));
        let texts: Vec<&str> = texts.iter().filter_map(Value::as_str).collect();
        let conclusion = (!texts.is_empty()).then(|| texts.join("\n\n"));
        let pathology = row["pathology"].as_str();
        let pathology = pathology.map(|code| json!([code, text(&row["pathology_name"])]));
        let pathology: Vec<Value> = pathology.into_iter().collect();
        json!([conclusion, pathology])
    };
    compare(world, 60, found, of_row);
    let all = world.all("DiagnosticReport");
    assert!(
        all.values()
            .any(|report| !list(&report["conclusionCode"]).is_empty())
    );
    assert!(all.values().any(|report| {
        report["conclusion"]
            .as_str()
            .is_some_and(|text| text.contains("\n\n"))
    }));
}

fn results_are_included_and_lead_back_to_their_report(world: &World) {
    let all = world.all("DiagnosticReport");
    let (id, report) = all
        .iter()
        .find(|(_, report)| list(&report["result"]).len() > 3)
        .unwrap();
    let expected: BTreeSet<String> = references(&report["result"])
        .iter()
        .map(|reference| reference.as_str().unwrap().to_owned())
        .collect();
    let path = format!("/DiagnosticReport?_id={id}&_include=DiagnosticReport:result");
    let bundle = world.doctor().get(&path).ok();
    let included: BTreeSet<String> = list(&bundle["entry"])
        .iter()
        .filter(|entry| entry["search"]["mode"] == "include")
        .map(|entry| format!("Observation/{}", entry["resource"]["id"].as_str().unwrap()))
        .collect();
    assert_eq!(included, expected);
    let result = expected.first().unwrap();
    for query in [
        format!("result={result}"),
        format!("result:Observation={result}"),
        format!(
            "result._id={}&_count=5",
            result.strip_prefix("Observation/").unwrap()
        ),
    ] {
        let found = resources(&world.doctor(), &format!("/DiagnosticReport?{query}"));
        assert_eq!(found.keys().collect::<Vec<_>>(), [id], "{query}");
    }
    let back = format!("/Observation?_has:DiagnosticReport:result:_id={id}&_count=1000");
    let found = resources(&world.doctor(), &back);
    let found: BTreeSet<String> = found
        .into_keys()
        .map(|id| format!("Observation/{id}"))
        .collect();
    assert_eq!(found, expected);
}

fn a_denied_field_is_in_no_report(world: &World) {
    let user = world.as_user("restricted");
    let found = resources(&user, "/DiagnosticReport?_count=1000");
    let mut differ = 0;
    for (id, row) in rows(world).iter().filter(|(_, row)| is_lab(row)) {
        assert_eq!(
            found[id]["conclusion"],
            text(&row["report"]["results"]),
            "{id}"
        );
        differ += usize::from(!text(&row["report"]["diagnosis"]).is_null());
    }
    assert!(differ > 0, "no report has a diagnosis");
}

fn of_hidden_patients_there_are_no_reports(world: &World) {
    let own = "SELECT id FROM gnuhealth_patient WHERE primary_care_doctor = 1";
    let own = world.sql().rows(own, &[]).into_iter();
    let own: BTreeSet<String> = own.map(|row| format!("Patient/{}", row["id"])).collect();
    let all = world.all("DiagnosticReport");
    let expected: BTreeSet<&String> = all
        .iter()
        .filter(|(_, report)| own.contains(report["subject"]["reference"].as_str().unwrap()))
        .map(|(id, _)| id)
        .collect();
    let user = world.as_user("ownpatients");
    let found = resources(&user, "/DiagnosticReport?_count=1000");
    assert_eq!(found.keys().collect::<BTreeSet<_>>(), expected);
    assert!(expected.len() > 5 && expected.len() < all.len());
}

fn who_may_not_read_laboratories_finds_only_imaging(world: &World) {
    let user = world.as_user("nolab");
    let (lab, _) = rows(world).iter().find(|(_, row)| is_lab(row)).unwrap();
    user.get(&format!("/DiagnosticReport/{lab}"))
        .refused(403, "forbidden");
    let answer = user.get("/DiagnosticReport?_count=1000");
    if answer.status == 200 {
        let bundle = answer.ok();
        let ids = list(&bundle["entry"])
            .iter()
            .map(|entry| entry["resource"]["id"].as_str().unwrap());
        assert_eq!(ids.filter(|id| id.starts_with("lab-")).count(), 0);
    } else {
        answer.refused(403, "forbidden");
    }
    let nobody = world.as_user("nogroup");
    nobody.get("/DiagnosticReport").refused(403, "forbidden");
}

fn searches_find_what_is_shown(world: &World) {
    let all = world.all("DiagnosticReport");
    type Shown = Box<dyn Fn(&Value) -> bool>;
    let status =
        |wanted: &'static str| -> Shown { Box::new(move |shown| shown["status"] == wanted) };
    let has = |element: &'static str, wanted: String| -> Shown {
        Box::new(move |shown| codings(&shown[element]).contains(&wanted))
    };
    let performer = |element: &'static str, wanted: &'static str| -> Shown {
        Box::new(move |shown| references(&shown[element]).contains(&json!(wanted)))
    };
    let kind = all["imaging-1"]["category"][1]["coding"][0]["code"]
        .as_str()
        .unwrap()
        .to_owned();
    let order = all["imaging-1"]["basedOn"][0]["identifier"]["value"]
        .as_str()
        .unwrap()
        .to_owned();
    let number = all["lab-1"]["identifier"][0]["value"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut cases: Vec<(String, Shown)> = vec![
        (
            "category=LAB".to_owned(),
            has(
                "category",
                "http://terminology.hl7.org/CodeSystem/v2-0074|LAB".to_owned(),
            ),
        ),
        (
            "category=RAD".to_owned(),
            has(
                "category",
                "http://terminology.hl7.org/CodeSystem/v2-0074|RAD".to_owned(),
            ),
        ),
        (
            format!("category={SYSTEMS}/imaging-test-type|{kind}"),
            has("category", format!("{SYSTEMS}/imaging-test-type|{kind}")),
        ),
        (
            "code=CBC".to_owned(),
            Box::new(|shown| shown["code"]["coding"][0]["code"] == "CBC"),
        ),
        (
            "code:text=chest".to_owned(),
            Box::new(|shown| {
                shown["code"]["text"]
                    .as_str()
                    .unwrap()
                    .to_lowercase()
                    .contains("chest")
            }),
        ),
        (
            "conclusion=http://hl7.org/fhir/sid/icd-10|N39.0".to_owned(),
            has(
                "conclusionCode",
                "http://hl7.org/fhir/sid/icd-10|N39.0".to_owned(),
            ),
        ),
        (
            format!("identifier={SYSTEMS}/lab-report|{number}"),
            Box::new(move |shown| {
                identifiers(&shown["identifier"])
                    .contains(&format!("{SYSTEMS}/lab-report|{number}"))
            }),
        ),
        (
            format!("based-on:identifier={SYSTEMS}/imaging-request|{order}"),
            Box::new(move |shown| {
                let orders: Vec<Value> = list(&shown["basedOn"])
                    .iter()
                    .map(|order| order["identifier"].clone())
                    .collect();
                identifiers(&json!(orders)).contains(&format!("{SYSTEMS}/imaging-request|{order}"))
            }),
        ),
        (
            "performer=Practitioner/7".to_owned(),
            performer("performer", "Practitioner/7"),
        ),
        (
            "results-interpreter=Practitioner/5".to_owned(),
            performer("resultsInterpreter", "Practitioner/5"),
        ),
        (
            "patient=1".to_owned(),
            Box::new(|shown| shown["subject"]["reference"] == "Patient/1"),
        ),
        (
            "result.code=WBC".to_owned(),
            Box::new({
                let observations = world.all("Observation");
                move |shown| {
                    references(&shown["result"]).iter().any(|reference| {
                        let id = reference
                            .as_str()
                            .unwrap()
                            .strip_prefix("Observation/")
                            .unwrap();
                        observations[id]["code"]["coding"][0]["code"] == "WBC"
                    })
                }
            }),
        ),
    ];
    if world.version() == GnuHealth::V5_0 {
        // before, all of the demo are final
        cases.push(("status=final".to_owned(), status("final")));
        cases.push(("status=partial".to_owned(), status("partial")));
        cases.push((
            "issued:missing=false".to_owned(),
            Box::new(|shown| shown["issued"].is_string()),
        ));
        cases.push((
            "category=MB".to_owned(),
            has(
                "category",
                "http://terminology.hl7.org/CodeSystem/v2-0074|MB".to_owned(),
            ),
        ));
    }
    for (query, shown) in cases {
        let expected: BTreeSet<&String> = all
            .iter()
            .filter(|(_, found)| shown(found))
            .map(|(id, _)| id)
            .collect();
        let path = format!(
            "/DiagnosticReport?{}&_count=1000",
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

/// Rows that a test put in; gone when dropped.
struct Inserted<'w>(&'w World);

impl Drop for Inserted<'_> {
    fn drop(&mut self) {
        let mut sql = self.0.sql();
        for table in [
            "gnuhealth_lab_test_critearea",
            "gnuhealth_lab",
            "gnuhealth_imaging_test_result",
        ] {
            sql.run(&format!("DELETE FROM {table} WHERE id >= {NEW}"));
        }
    }
}

fn reports_that_the_demo_does_not_have_are_shown_as_they_are(world: &World) {
    let _inserted = Inserted(world);
    let mut sql = world.sql();
    let (empty, words, image) = (NEW, NEW + 1, NEW + 2);
    // one without anything in it; one of water, with a result that is left out and words of its own
    sql.run(&format!(
        "INSERT INTO gnuhealth_lab (id, name, test, date_requested, results, other_source) VALUES
            ({empty}, 'EMPTY \"1\"', (SELECT min(id) FROM gnuhealth_lab_test_type), '2026-03-04 05:06:07', E' \\n', NULL),
            ({words}, NULL, (SELECT min(id) FROM gnuhealth_lab_test_type), '2026-03-04 05:06:07', 'Clear', 'Well water');
         INSERT INTO gnuhealth_lab_test_critearea (id, name, code, gnuhealth_lab_id, excluded, result) VALUES
            ({empty}, 'Nothing', NULL, {empty}, true, 0), ({words}, 'Zero', 'ZERO', {words}, false, 0);
         INSERT INTO gnuhealth_imaging_test_result (id, date, doctor, requested_test, comment) VALUES
            ({image}, '2026-03-04 05:06:07', 1, (SELECT min(id) FROM gnuhealth_imaging_test), E' \\t')"
    ));
    if world.version() == GnuHealth::V5_0 {
        sql.run(&format!(
            "UPDATE gnuhealth_lab SET state = 'draft' WHERE id >= {NEW}"
        ));
    }
    let client = world.doctor();
    let read = |id: String| client.get(&format!("/DiagnosticReport/{id}")).ok();
    let found = read(format!("lab-{empty}"));
    assert_eq!(found["status"], "registered");
    assert_eq!(found["identifier"][0]["value"], "EMPTY \"1\"");
    assert_eq!(found["effectiveDateTime"], "2026-03-04T05:06:07Z");
    assert_eq!(
        references(&found["result"]),
        [json!(format!("Observation/lab-{empty}"))]
    );
    for absent in [
        "subject",
        "performer",
        "conclusion",
        "issued",
        "basedOn",
        "conclusionCode",
    ] {
        assert!(found.get(absent).is_none(), "{absent}");
    }
    let found = read(format!("lab-{words}"));
    let status = match world.version() {
        GnuHealth::V5_0 => "partial",
        GnuHealth::V4_4 => "final",
    };
    assert_eq!(found["status"], status);
    assert_eq!(found["subject"], json!({"display": "Well water"}));
    assert_eq!(found["conclusion"], "Clear");
    assert!(found.get("identifier").is_none());
    let found = read(format!("imaging-{image}"));
    assert_eq!(found["status"], "registered");
    let inserted = [
        format!("lab-{empty}"),
        format!("lab-{words}"),
        format!("imaging-{image}"),
    ];
    let ids = |query: &str| -> BTreeSet<String> {
        let found = resources(
            &client,
            &format!("/DiagnosticReport?{query}&date=2026-03-04&_count=1000"),
        );
        found
            .into_keys()
            .filter(|id| inserted.contains(id))
            .collect()
    };
    let registered = BTreeSet::from([format!("lab-{empty}"), format!("imaging-{image}")]);
    assert_eq!(ids("status=registered"), registered);
    assert_eq!(
        ids(&format!("status={status}")),
        BTreeSet::from([format!("lab-{words}")])
    );
    assert_eq!(ids("subject:missing=true").len(), 3);
}
