//! Texts in the language of the client: what trytond itself reads and finds in that language, for the same records.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use xtask::database::GnuHealth;

use crate::content::list;
use crate::http::{Answer, Client};
use crate::world::{EFFECT, World, becomes, encoded, escaped, link, resources};
use crate::{Test, tests};

pub fn tests_that_change_data() -> Vec<Test> {
    tests![
        texts_are_what_trytond_reads_in_the_language,
        the_best_liked_language_that_there_is_is_shown,
        what_is_shown_is_found,
        a_unit_has_its_code_in_every_language,
        a_language_goes_along_to_all_who_are_asked,
        pages_are_in_the_language_that_they_began_in,
        the_tag_of_a_translated_resource_is_that_of_what_it_shows,
    ]
}

/// Headers, and the language of Tryton that they mean where `es` and `es_AR` are loaded.
const LANGUAGES: &[(&str, &str)] = &[
    ("es", "es"),
    ("es-AR, es;q=0.9, en;q=0.8", "es_AR"),
    ("fr, es-AR;q=0.3, en;q=0.2", "es_AR"),
    ("es-MX", "es"),
];

/// Headers by which nothing is translated.
const ENGLISH: &[&str] = &[
    "en",
    "en-US,en;q=0.9,es;q=0.8",
    "*",
    "fr, de",
    "es;q=0",
    "es;q=x",
    "es--ar, ;;, =",
    "",
];

/// What is translated: model, field, and which of its records.
const TRANSLATED: &[(&str, &str, &str)] = &[
    (
        "gnuhealth.pathology",
        "name",
        "id IN (SELECT pathology FROM gnuhealth_patient_disease)",
    ),
    (
        "gnuhealth.lab.test.critearea",
        "name",
        "gnuhealth_lab_id IS NOT NULL",
    ),
    (
        "gnuhealth.lab.test.critearea",
        "normal_range",
        "gnuhealth_lab_id IS NOT NULL",
    ),
    (
        "gnuhealth.lab.test.units",
        "name",
        "id IN (SELECT units FROM gnuhealth_lab_test_critearea WHERE gnuhealth_lab_id IS NOT NULL)",
    ),
    (
        "gnuhealth.specialty",
        "name",
        "id IN (SELECT specialty FROM gnuhealth_hp_specialty)",
    ),
    (
        "country.subdivision",
        "name",
        "id IN (SELECT address_subdivision FROM gnuhealth_du)",
    ),
    (
        "ir.lang",
        "name",
        "id IN (SELECT lang FROM party_party_lang)",
    ),
];

/// Whether this version of GNU Health translates a field: 4.4 has fewer of the laboratory.
fn is_translated(world: &World, model: &str, field: &str) -> bool {
    let newer = [
        ("gnuhealth.lab.test.critearea", "normal_range"),
        ("gnuhealth.lab.test.units", "name"),
    ];
    world.version() == GnuHealth::V5_0 || !newer.contains(&(model, field))
}

/// Translations of some records, of every kind that there is; gone when this is dropped.
struct Translations<'w> {
    world: &'w World,
    /// Which languages were loaded before.
    loaded: Value,
}

const FIRST: i64 = 9_000_000;

impl<'w> Translations<'w> {
    fn new(world: &'w World) -> Self {
        let mut sql = world.sql();
        let loaded = sql.value(
            "SELECT jsonb_agg(code) AS codes FROM ir_lang WHERE translatable",
            &[],
        );
        let this = Self { world, loaded };
        sql.run(
            "INSERT INTO ir_lang SELECT (jsonb_populate_record(l, jsonb_build_object(
                'id', 9000000, 'code', 'es_AR', 'name', 'Spanish of the test', 'parent', NULL))).* FROM ir_lang l
                WHERE code = 'es';
            UPDATE ir_lang SET translatable = true, active = true WHERE code IN ('es', 'es_AR')",
        );
        for (place, (model, field, of)) in TRANSLATED.iter().enumerate() {
            if !is_translated(world, model, field) {
                continue;
            }
            let table = model.replace('.', "_");
            // One record after the other: translated; fuzzy; empty, NULL; region and language; the region empty; only the
            // region; of another language, of another type; none at all.
            sql.run(&format!(
                "CREATE SEQUENCE IF NOT EXISTS the_test;
                INSERT INTO ir_translation (id, lang, type, name, res_id, src, value, fuzzy)
                SELECT {FIRST} + nextval('the_test'), v.lang, v.type, '{model},{field}', t.id, 'x', v.value, v.fuzzy
                FROM (SELECT id, \"{field}\" AS text, (row_number() OVER (ORDER BY id) - 1) % 8 AS kind
                    FROM {table} WHERE {of}) t CROSS JOIN LATERAL (VALUES
                    (0, 'es', 'model', 'Zeta' || t.id || ' ' || t.text || ' ñandú {place}', false),
                    (1, 'es', 'model', 'Fuzzy' || t.id, true),
                    (2, 'es', 'model', '', false), (2, 'es_AR', 'model', NULL, false),
                    (3, 'es', 'model', 'Zeta' || t.id || ' general', false),
                    (3, 'es_AR', 'model', 'Omega' || t.id || ' \"regional\" <b>', false),
                    (4, 'es', 'model', 'Zeta' || t.id, false), (4, 'es_AR', 'model', '', false),
                    (5, 'es_AR', 'model', 'Omega' || t.id, false),
                    (6, 'de', 'model', 'Deutsch' || t.id, false), (6, 'es', 'field', 'Field' || t.id, false)
                ) v(kind, lang, type, value, fuzzy) WHERE v.kind = t.kind"
            ));
        }
        let language = || {
            let answer = ask(&world.doctor(), "/Condition?_count=1", "es-AR");
            answer.header("content-language") == Some("es-AR")
        };
        assert!(becomes(EFFECT * 2, language));
        this
    }

    /// A text of records as trytond reads it in a language, by record.
    fn read(&self, model: &str, field: &str, language: &str) -> BTreeMap<i64, String> {
        let (_, _, of) = TRANSLATED
            .iter()
            .find(|(m, f, _)| (*m, *f) == (model, field))
            .unwrap();
        let table = model.replace('.', "_");
        let ids = self
            .world
            .sql()
            .rows(&format!("SELECT id FROM {table} WHERE {of}"), &[]);
        let ids: Vec<&Value> = ids.iter().map(|row| &row["id"]).collect();
        let found = self.world.tryton(
            &json!({"do": "read", "model": model, "field": field, "ids": ids,
            "language": language}),
        );
        assert!(found.get("error").is_none(), "{found}");
        let found = found.as_object().unwrap().iter();
        let texts = found
            .filter_map(|(id, text)| Some((id.parse().unwrap(), text.as_str()?.trim().to_owned())));
        texts.filter(|(_, text)| !text.is_empty()).collect()
    }
}

impl Drop for Translations<'_> {
    fn drop(&mut self) {
        let loaded = &self.loaded;
        self.world.sql().run(&format!(
            "DELETE FROM ir_translation WHERE id >= {FIRST}; DROP SEQUENCE IF EXISTS the_test;
            UPDATE ir_lang SET translatable = '{loaded}'::jsonb ? code; DELETE FROM ir_lang WHERE code = 'es_AR'"
        ));
    }
}

fn ask(client: &Client, path: &str, language: &str) -> Answer {
    client.get_with(path, &[("accept-language", language)])
}

/// All resources of a type in a language, by logical id.
fn all(world: &World, r#type: &str, language: &str) -> BTreeMap<String, Value> {
    let doctor = world.doctor();
    let mut found = BTreeMap::new();
    let mut next = Some(format!("/{type}?_count=500"));
    while let Some(path) = next {
        let bundle = ask(&doctor, &path, language).ok();
        for entry in list(&bundle["entry"]) {
            let resource = &entry["resource"];
            found.insert(
                resource["id"].as_str().unwrap().to_owned(),
                resource.clone(),
            );
        }
        next = link(&bundle, "next");
    }
    found
}

/// For each resource the texts that it shows, and the records that they are of: `(model, field, [(text, record)])`.
type Shown = Vec<(&'static str, &'static str, Vec<(Value, i64)>)>;

/// What of all resources is translated, and of which record each is.
fn shown(world: &World, language: &str) -> Shown {
    let mut sql = world.sql();
    let mut pairs = |query: &str| -> Vec<(String, i64)> {
        let rows = sql.rows(query, &[]).into_iter();
        let pair = |row: Value| Some((row["id"].as_str()?.to_owned(), row["record"].as_i64()?));
        rows.filter_map(pair).collect()
    };
    let of = |resources: &BTreeMap<String, Value>,
              pairs: &[(String, i64)],
              text: &dyn Fn(&Value) -> Value| {
        let texts = pairs.iter().filter_map(|(id, record)| {
            let resource = resources.get(id)?;
            Some((text(resource), *record))
        });
        texts.collect::<Vec<_>>()
    };
    let conditions = all(world, "Condition", language);
    let diseases = pairs(
        "SELECT id::text, pathology AS record FROM gnuhealth_patient_disease WHERE is_allergy IS NOT TRUE",
    );
    let observations = all(world, "Observation", language);
    let results = pairs(
        "SELECT 'lab-' || id AS id, id AS record FROM gnuhealth_lab_test_critearea WHERE gnuhealth_lab_id IS NOT NULL",
    );
    let units = pairs(
        "SELECT 'lab-' || id AS id, units AS record FROM gnuhealth_lab_test_critearea
        WHERE gnuhealth_lab_id IS NOT NULL AND result IS NOT NULL",
    );
    let patients = all(world, "Patient", language);
    let languages = pairs(
        "SELECT p.id::text, (SELECT l.lang FROM party_party_lang l WHERE l.party = p.{party} AND l.lang IS NOT NULL
            ORDER BY l.company NULLS FIRST, l.id LIMIT 1) AS record FROM gnuhealth_patient p",
    );
    let homes = pairs(
        "SELECT p.id::text, d.address_subdivision AS record FROM gnuhealth_patient p
        JOIN party_party q ON q.id = p.{party} JOIN gnuhealth_du d ON d.id = q.du",
    );
    let practitioners = all(world, "Practitioner", language);
    let healthprof = match world.version() {
        GnuHealth::V5_0 => "healthprof",
        GnuHealth::V4_4 => "name",
    };
    let specialties = pairs(&format!(
        "SELECT {healthprof}::text AS id, min(specialty) AS record FROM gnuhealth_hp_specialty GROUP BY 1
        HAVING count(*) = 1"
    ));
    vec![
        (
            "gnuhealth.pathology",
            "name",
            of(&conditions, &diseases, &|found| {
                found["code"]["text"].clone()
            }),
        ),
        (
            "gnuhealth.lab.test.critearea",
            "name",
            of(&observations, &results, &|found| {
                found["code"]["text"].clone()
            }),
        ),
        (
            "gnuhealth.lab.test.critearea",
            "normal_range",
            of(&observations, &results, &|found| {
                found["referenceRange"][0]["text"].clone()
            }),
        ),
        (
            "gnuhealth.lab.test.units",
            "name",
            of(&observations, &units, &|found| {
                found["valueQuantity"]["unit"].clone()
            }),
        ),
        (
            "ir.lang",
            "name",
            of(&patients, &languages, &|found| {
                found["communication"][0]["language"]["coding"][0]["display"].clone()
            }),
        ),
        (
            "country.subdivision",
            "name",
            of(&patients, &homes, &|found| {
                let home = list(&found["address"])
                    .iter()
                    .find(|address| address["use"] == "home");
                home.map(|home| home["state"].clone()).unwrap_or_default()
            }),
        ),
        (
            "gnuhealth.specialty",
            "name",
            of(&practitioners, &specialties, &|found| {
                found["qualification"][0]["code"]["text"].clone()
            }),
        ),
    ]
}

fn texts_are_what_trytond_reads_in_the_language(world: &World) {
    let translations = Translations::new(world);
    for (header, language) in [LANGUAGES[0], LANGUAGES[1], ("en", "en")] {
        for (model, field, texts) in shown(world, header) {
            let expected = translations.read(model, field, language);
            let (mut different, mut translated) = (Vec::new(), 0);
            for (text, record) in &texts {
                let expected = expected.get(record).map_or(Value::Null, |text| json!(text));
                if *text != expected {
                    different.push(format!(
                        "{model} {record}: {text}, but trytond has {expected}"
                    ));
                }
                let of_the_test =
                    |text: &str| text.starts_with("Zeta") || text.starts_with("Omega");
                translated += usize::from(text.as_str().is_some_and(of_the_test));
            }
            assert!(different.is_empty(), "{header}\n{}", different.join("\n"));
            assert!(!texts.is_empty(), "{model}.{field}");
            let expected = language != "en" && is_translated(world, model, field);
            assert_eq!(translated > 0, expected, "{header} {model}.{field}");
        }
    }
}

fn the_best_liked_language_that_there_is_is_shown(world: &World) {
    let translations = Translations::new(world);
    let regional = translations.read("gnuhealth.pathology", "name", "es_AR");
    let diseases = world.sql().rows(
        "SELECT id, pathology FROM gnuhealth_patient_disease WHERE is_allergy IS NOT TRUE ORDER BY id",
        &[],
    );
    let is_regional = |row: &&Value| {
        let text = &regional[&row["pathology"].as_i64().unwrap()];
        text.starts_with("Omega") && text.contains("regional")
    };
    let row = diseases.iter().find(is_regional).unwrap();
    let (path, record) = (
        format!("/Condition/{}", row["id"]),
        row["pathology"].as_i64().unwrap(),
    );
    let doctor = world.doctor();
    for (header, language) in LANGUAGES {
        let answer = ask(&doctor, &path, header);
        let expected = &translations.read("gnuhealth.pathology", "name", language)[&record];
        assert_eq!(answer.ok()["code"]["text"], json!(expected), "{header}");
        assert_eq!(answer.ok()["code"]["coding"][0]["display"], json!(expected));
        let tag = language.replace('_', "-");
        assert_eq!(
            answer.header("content-language"),
            Some(tag.as_str()),
            "{header}"
        );
    }
    let as_it_is = doctor.get(&path);
    assert_eq!(as_it_is.header("content-language"), None);
    for header in ENGLISH {
        let answer = ask(&doctor, &path, header);
        assert_eq!(answer.ok(), as_it_is.ok(), "{header}");
        assert_eq!(answer.header("content-language"), None, "{header}");
        assert_eq!(answer.header("etag"), as_it_is.header("etag"), "{header}");
    }
    for answer in [
        &as_it_is,
        &ask(&doctor, &path, "es"),
        &ask(&doctor, "/Condition", "es"),
    ] {
        let vary = answer.header("vary").unwrap();
        assert!(
            vary.split(", ").any(|name| name == "Accept-Language"),
            "{vary}"
        );
    }
}

/// A value of a search, as it stands in a URL.
fn value(text: &str) -> String {
    encoded(&escaped(text))
}

/// The ids that a search finds in a language.
fn found(world: &World, query: &str, language: &str) -> BTreeSet<String> {
    let bundle = ask(&world.doctor(), &format!("{query}&_count=500"), language).ok();
    let entries = list(&bundle["entry"]).iter();
    entries
        .map(|entry| entry["resource"]["id"].as_str().unwrap().to_owned())
        .collect()
}

fn what_is_shown_is_found(world: &World) {
    let translations = Translations::new(world);
    for (header, language) in [LANGUAGES[0], LANGUAGES[1], ("en", "en")] {
        let texts = translations.read("gnuhealth.pathology", "name", language);
        // each way of being translated, and not
        assert!(texts.len() >= 8, "{texts:?}");
        for (record, text) in texts.iter().take(16) {
            let domain = json!([["name", "=", text]]);
            let named = world.tryton(
                &json!({"do": "search", "model": "gnuhealth.pathology", "domain": domain,
                "language": language}),
            );
            assert!(
                list(&named["ids"]).contains(&json!(record)),
                "{named} {record}"
            );
            let expected = world.sql().rows(
                "SELECT d.id::text AS id FROM gnuhealth_patient_disease d WHERE is_allergy IS NOT TRUE
                AND to_jsonb(d.pathology) <@ $1::text::jsonb",
                &[&named["ids"].to_string()],
            );
            let expected: BTreeSet<String> = expected
                .iter()
                .map(|row| row["id"].as_str().unwrap().to_owned())
                .collect();
            let query = format!("/Condition?code:text={}", value(text));
            let all = found(world, &query, header);
            assert!(
                expected.is_subset(&all),
                "{header} {text}: {all:?} {expected:?}"
            );
            for id in all.difference(&expected) {
                let path = format!("/Condition/{id}");
                let also = ask(&world.doctor(), &path, header).ok()["code"]["text"].clone();
                let also = also.as_str().unwrap().to_lowercase();
                assert!(
                    also.contains(&text.to_lowercase()),
                    "{header} {text} {also}"
                );
            }
            if text.starts_with("Zeta") || text.starts_with("Omega") {
                assert!(found(world, &query, "en").is_empty(), "{text}");
                assert_eq!(expected.is_empty(), all.is_empty(), "{text}");
            }
        }
    }
    // an address, in a string parameter
    let states = shown(world, "es").swap_remove(5);
    let state = states.2.iter().filter_map(|(state, _)| state.as_str());
    let state = state
        .filter(|state| state.starts_with("Zeta"))
        .min()
        .unwrap();
    let query = format!("/Patient?address-state:exact={}", value(state));
    assert!(!found(world, &query, "es").is_empty());
    assert!(found(world, &query, "en").is_empty());
}

fn a_unit_has_its_code_in_every_language(world: &World) {
    if !is_translated(world, "gnuhealth.lab.test.units", "name") {
        return;
    }
    let _translations = Translations::new(world);
    let observations = all(world, "Observation", "es");
    let plain = all(world, "Observation", "en");
    let mut units = 0;
    for (id, observation) in &observations {
        let (translated, plain) = (&observation["valueQuantity"], &plain[id]["valueQuantity"]);
        assert_eq!(translated["code"], plain["code"], "{id}");
        let unit = translated["unit"].as_str().unwrap_or_default();
        if units == 3 || !unit.starts_with("Zeta") || plain["code"].is_null() {
            continue;
        }
        units += 1;
        let (number, code) = (&plain["value"], plain["code"].as_str().unwrap());
        let by_code = format!(
            "/Observation?value-quantity={number}|http://unitsofmeasure.org|{}",
            value(code)
        );
        let by_either = format!("/Observation?value-quantity={number}||{}", value(code));
        let by_unit = format!("/Observation?value-quantity={number}||{}", value(unit));
        let by_printed = value(plain["unit"].as_str().unwrap());
        let by_printed = format!("/Observation?value-quantity={number}||{by_printed}");
        for query in [&by_code, &by_either, &by_unit] {
            assert!(found(world, query, "es").contains(id), "{query}");
        }
        assert!(found(world, &by_printed, "en").contains(id), "{by_printed}");
        assert!(!found(world, &by_unit, "en").contains(id), "{by_unit}");
        if plain["unit"] != plain["code"] {
            assert!(
                !found(world, &by_printed, "es").contains(id),
                "{by_printed}"
            );
        }
    }
    assert_eq!(units, 3);
}

fn a_language_goes_along_to_all_who_are_asked(world: &World) {
    let translations = Translations::new(world);
    let texts = translations.read("gnuhealth.pathology", "name", "es");
    let diseases = world.sql().rows(
        "SELECT d.id, d.pathology, coalesce(to_jsonb(d) -> 'patient', to_jsonb(d) -> 'name') AS patient
        FROM gnuhealth_patient_disease d WHERE is_allergy IS NOT TRUE ORDER BY id",
        &[],
    );
    let is_translated =
        |row: &&Value| texts[&row["pathology"].as_i64().unwrap()].starts_with("Zeta");
    let row = diseases.iter().find(is_translated).unwrap();
    let text = &texts[&row["pathology"].as_i64().unwrap()];
    let (id, patient) = (row["id"].to_string(), row["patient"].to_string());
    let doctor = world.doctor();
    let texts_of = |bundle: &Value| -> Vec<Value> {
        let entries = list(&bundle["entry"]).iter();
        let of = |entry: &&Value| {
            entry["resource"]["resourceType"] == "Condition"
                && entry["resource"]["id"] == id.as_str()
        };
        entries
            .filter(of)
            .map(|entry| entry["resource"]["code"]["text"].clone())
            .collect()
    };
    for path in [
        format!("/Condition?_id={id}"),
        format!("/Patient/{patient}/Condition"),
        format!("/?_type=Condition,Practitioner&_id={id}"),
        format!("/Patient?_id={patient}&_revinclude=Condition:patient"),
    ] {
        let bundle = ask(&doctor, &path, "es").ok();
        assert_eq!(texts_of(&bundle), [json!(text)], "{path}");
        assert_ne!(texts_of(&doctor.get(&path).ok()), [json!(text)], "{path}");
    }
    let chained = format!("/Patient?_has:Condition:patient:code:text={}", value(text));
    assert!(found(world, &chained, "es").contains(&patient));
    assert!(found(world, &chained, "en").is_empty());
    let posted = format!("code:text={}", value(text));
    let posted = doctor.post("/Condition/_search", &posted, &[("accept-language", "es")]);
    assert_eq!(texts_of(&posted.ok()), [json!(text)]);
    // XML and people's pages are in the language as well
    for format in ["xml", "html"] {
        let page = ask(&doctor, &format!("/Condition/{id}?_format={format}"), "es");
        assert!(
            page.text().contains(&format!("Zeta{}", row["pathology"])),
            "{format}"
        );
    }
}

fn pages_are_in_the_language_that_they_began_in(world: &World) {
    let _translations = Translations::new(world);
    let doctor = world.doctor();
    let expected: BTreeSet<String> = resources(&doctor, "/Patient?_count=1000")
        .into_keys()
        .collect();
    let mut found = Vec::new();
    let mut states: Vec<String> = Vec::new();
    let mut next = Some("/Patient?_sort=address-state&_count=7".to_owned());
    let mut later = None;
    while let Some(path) = next {
        let bundle = ask(&doctor, &path, "es").ok();
        for entry in list(&bundle["entry"]) {
            let patient = &entry["resource"];
            found.push(patient["id"].as_str().unwrap().to_owned());
            let of_patient = list(&patient["address"]).iter();
            let least = of_patient
                .filter_map(|address| address["state"].as_str())
                .min();
            states.extend(least.map(str::to_lowercase));
        }
        next = link(&bundle, "next");
        later = next.clone().or(later);
    }
    let unique: BTreeSet<String> = found.iter().cloned().collect();
    assert_eq!((unique.len(), unique), (found.len(), expected));
    assert!(
        states.iter().any(|state| state.starts_with("zeta")),
        "{states:?}"
    );
    let later = later.unwrap();
    for language in ["en", "es-AR"] {
        ask(&doctor, &later, language).refused(400, "value");
    }
    assert_eq!(ask(&doctor, &later, "es, en;q=0.5").status, 200);
}

fn the_tag_of_a_translated_resource_is_that_of_what_it_shows(world: &World) {
    let translations = Translations::new(world);
    let texts = translations.read("gnuhealth.pathology", "name", "es");
    let diseases = world.sql().rows(
        "SELECT id, pathology FROM gnuhealth_patient_disease WHERE is_allergy IS NOT TRUE ORDER BY id",
        &[],
    );
    let is_translated =
        |row: &&Value| texts[&row["pathology"].as_i64().unwrap()].starts_with("Zeta");
    let row = diseases.iter().find(is_translated).unwrap();
    let path = format!("/Condition/{}", row["id"]);
    let doctor = world.doctor();
    let tag = |answer: &Answer| answer.header("etag").unwrap().to_owned();
    let (plain, translated) = (doctor.get(&path), ask(&doctor, &path, "es"));
    let (plain, translated) = (tag(&plain), tag(&translated));
    assert_ne!(plain, translated);
    let known = |language: &str, header: &str, value: &str| {
        let headers = [("accept-language", language), (header, value)];
        doctor.get_with(&path, &headers).status
    };
    assert_eq!(known("es", "if-none-match", &translated), 304);
    assert_eq!(known("en", "if-none-match", &plain), 304);
    assert_eq!(known("en", "if-none-match", &translated), 200);
    assert_eq!(known("es", "if-none-match", &plain), 200);
    let future = "Fri, 01 Jan 2100 00:00:00 GMT";
    assert_eq!(known("es", "if-modified-since", future), 200);
    assert_eq!(known("en", "if-modified-since", future), 304);
    // the record was not changed, its translation was
    let changed = world.sql().change(
        &format!(
            "UPDATE ir_translation SET value = value || ' nuevo' WHERE id >= {FIRST} AND type = 'model'
            AND lang = 'es' AND name = 'gnuhealth.pathology,name' AND res_id = {}",
            row["pathology"]
        ),
        &[],
    );
    assert_eq!(changed, 1);
    let answer = ask(&doctor, &path, "es");
    assert!(
        answer.ok()["code"]["text"]
            .as_str()
            .unwrap()
            .ends_with(" nuevo")
    );
    assert_ne!(tag(&answer), translated);
    assert_eq!(known("es", "if-none-match", &translated), 200);
    assert_eq!(known("en", "if-none-match", &plain), 304);
}
