//! Record rules, through the app: who sees which patients, and what of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::access::{Direct, compare};
use crate::http::Client;
use crate::oracle::ask;
use crate::read::Written;
use crate::world::{EFFECT, World, ids, link};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        every_demo_user_sees_the_patients_that_trytond_shows,
        a_user_under_a_rule_sees_the_patients_that_trytond_shows,
        what_a_rule_hides_is_found_by_no_search,
        a_hidden_person_hides_the_patient,
        hidden_related_records_are_absent_and_all_else_is_there,
        a_hidden_patient_is_nobodys_contact,
        a_rule_that_cannot_be_compiled_grants_nothing_and_is_logged,
        rules_for_everybody_are_joined_with_the_others,
    ]
}

/// A password, and what passlib made of it at low cost.
const PASSWORD: &str = "gnusolidario";
const HASH: &str =
    "$scrypt$ln=8,r=8,p=1$ifF+D4FQyrl3LqXUeq/Vug$2usGIswdsczN6kDq79M4r6+NA0+rgqLCyAOdEsZQCYQ";

/// The users with rules of all shapes; made once.
pub fn logins(world: &World) -> Vec<String> {
    static MADE: std::sync::OnceLock<Vec<String>> = std::sync::OnceLock::new();
    let made = MADE.get_or_init(|| {
        let logins = serde_json::from_value(ask(world, "rules.py", &["users"])).unwrap();
        world.sql().change(
            "UPDATE res_user SET password_hash = $1 WHERE login LIKE 'rule-%'",
            &[&HASH],
        );
        logins
    });
    made.clone()
}

pub fn client(world: &World, shape: &str) -> Client {
    assert!(logins(world).contains(&format!("rule-{shape}")), "{shape}");
    world
        .anonymous()
        .with_credentials(&format!("rule-{shape}"), PASSWORD)
}

/// What trytond says of each user.
pub fn expected(world: &World, logins: &[String]) -> Value {
    let logins: Vec<&str> = logins.iter().map(String::as_str).collect();
    ask(world, "rights.py", &logins)
}

/// The ids that trytond leaves of a model; `None`: all.
pub fn left(rights: &Value, model: &str) -> Option<BTreeSet<i64>> {
    let ids = &rights[model]["ids"];
    assert!(ids.is_null() || ids.is_array(), "{model}: {ids}");
    Some(ids.as_array()?.iter().filter_map(Value::as_i64).collect())
}

/// The patients whom trytond shows, less those whose person it does not: stricter in this one point.
pub fn patients_left(world: &World, rights: &Value) -> BTreeSet<i64> {
    let persons = left(rights, "party.party");
    let patients = left(rights, "gnuhealth.patient");
    let rows = world.sql().rows(
        "SELECT p.id, p.{party} AS person FROM gnuhealth_patient p",
        &[],
    );
    rows.iter()
        .map(|row| {
            (
                row["id"].as_i64().unwrap(),
                row["person"].as_i64().unwrap_or(-1),
            )
        })
        .filter(|(id, person)| {
            patients.as_ref().is_none_or(|left| left.contains(id))
                && persons.as_ref().is_none_or(|left| left.contains(person))
        })
        .map(|(id, _)| id)
        .collect()
}

fn seen(client: &Client) -> BTreeSet<i64> {
    let bundle = client.get("/Patient?_count=1000&_total=accurate").ok();
    assert!(link(&bundle, "next").is_none());
    let seen: BTreeSet<i64> = ids(&bundle).into_iter().collect();
    assert_eq!(bundle["total"], seen.len(), "the total agrees");
    seen
}

fn every_demo_user_sees_the_patients_that_trytond_shows(world: &World) {
    let active = world.users().iter().filter(|user| user.login != "inactive");
    let logins: Vec<String> = active.map(|user| user.login.clone()).collect();
    let answer = expected(world, &logins);
    for login in &logins {
        let expected = patients_left(world, &answer["users"][login]);
        assert_eq!(seen(&world.as_user(login)), expected, "{login}");
    }
}

/// Those whose rules trytond evaluates in the code of a function.
pub const FUNCTIONS: &[&str] = &["rule-function", "rule-function-or-own"];

fn a_user_under_a_rule_sees_the_patients_that_trytond_shows(world: &World) {
    let logins = logins(world);
    let answer = expected(world, &logins);
    let models: BTreeSet<&str> = answer["inherit"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let direct = Direct::connect(world);
    let mut compared = BTreeMap::new();
    let mut sizes = BTreeSet::new();
    for login in &logins {
        let rights = &answer["users"][login];
        compare(world, &direct, login, &models, rights, &mut compared);
        if FUNCTIONS.contains(&login.as_str()) {
            continue;
        }
        let user = world.anonymous().with_credentials(login, PASSWORD);
        let expected = patients_left(world, rights);
        assert_eq!(seen(&user), expected, "{login}");
        let hidden: BTreeSet<i64> = world.patients().keys().copied().collect();
        let hidden = &hidden - &expected;
        for (ids, status) in [(&expected, 200), (&hidden, 404)] {
            for id in ids.iter().take(3) {
                let answer = user.get(&format!("/Patient/{id}"));
                assert_eq!(answer.status, status, "{login}: {id}");
            }
        }
        sizes.insert(expected.len());
    }
    println!(
        "rules of {} shapes, compared with trytond: {compared:?}",
        logins.len()
    );
    assert!(
        sizes.len() > 15,
        "the rules show different patients: {sizes:?}"
    );
}

fn what_a_rule_hides_is_found_by_no_search(world: &World) {
    let user = world.as_user("ownpatients");
    let shown = seen(&user);
    let all: BTreeSet<i64> = world.patients().keys().copied().collect();
    assert!(!shown.is_empty() && shown.len() < all.len(), "{shown:?}");
    for query in [
        "birthdate=ge1900",
        "birthdate:missing=true",
        "gender:not=male",
        "family:missing=false",
        "name=a",
        "identifier:missing=false",
        "_id:not=0",
    ] {
        let path = format!("/Patient?_count=1000&_total=accurate&{query}");
        let as_doctor: BTreeSet<i64> = ids(&world.doctor().get(&path).ok()).into_iter().collect();
        let bundle = user.get(&path).ok();
        let found: BTreeSet<i64> = ids(&bundle).into_iter().collect();
        assert_eq!(found, &as_doctor & &shown, "{query}");
        assert_eq!(bundle["total"], found.len(), "{query}");
    }
    for id in all.difference(&shown) {
        let bundle = user.get(&format!("/Patient?_id={id}")).ok();
        assert_eq!(ids(&bundle), Vec::<i64>::new(), "{id}");
        let path = format!("/Patient/{id}");
        let (hidden, never) = (user.get(&path), user.get("/Patient/999999"));
        let unlike = |text: &str| text.replace(&id.to_string(), "").replace("999999", "");
        assert_eq!(hidden.status, 404, "{id}");
        assert_eq!(unlike(hidden.text()), unlike(never.text()), "{id}");
    }
    let pages = pages(&user);
    assert_eq!(pages.iter().copied().collect::<BTreeSet<_>>(), shown);
    assert_eq!(pages.len(), shown.len(), "no page repeats");
}

/// The ids of all pages of three.
fn pages(user: &Client) -> Vec<i64> {
    let mut found = Vec::new();
    let mut next = Some("/Patient?_count=3".to_owned());
    while let Some(path) = next {
        let bundle = user.get(&path).ok();
        found.extend(ids(&bundle));
        next = link(&bundle, "next");
    }
    found
}

fn a_hidden_person_hides_the_patient(world: &World) {
    let women = world.sql().patients("q.gender = 'f'", &[]);
    assert_eq!(seen(&client(world, "persons")), women);
    let both = women.iter().copied().filter(|id| *id < 30).collect();
    assert_eq!(seen(&client(world, "persons-and-patients")), both);
}

fn hidden_related_records_are_absent_and_all_else_is_there(world: &World) {
    let doctors = client(world, "doctors");
    let of_first = world.sql().patients("p.primary_care_doctor = 1", &[]);
    assert!(of_first.len() > 5, "{of_first:?}");
    let mut hidden = 0;
    for (id, patient) in world.patients() {
        let mut expected = patient.clone();
        if of_first.contains(id) {
            // As in Tryton: who it is is hidden, that there is one is not.
            let reference = json!([{"reference": "Practitioner/1", "type": "Practitioner"}]);
            hidden += usize::from(expected["generalPractitioner"] != reference);
            expected["generalPractitioner"] = reference;
        }
        same(&doctors, *id, expected);
    }
    assert!(hidden > 5, "{hidden}");

    let contacts = client(world, "contacts");
    let mut hidden = 0;
    for (id, patient) in world.patients() {
        let mut expected = patient.clone();
        let all = expected["telecom"].as_array().cloned().unwrap_or_default();
        let phones: Vec<i64> = world
            .sql()
            .rows(
                "SELECT count(*)::int AS n FROM party_contact_mechanism c JOIN gnuhealth_patient p ON p.{party} = c.party \
                 WHERE p.id = $1 AND c.type = 'phone' AND trim(c.value) <> ''",
                &[&i32::try_from(*id).unwrap()],
            )
            .iter()
            .filter_map(|row| row["n"].as_i64())
            .collect();
        let seen = contacts.get(&format!("/Patient/{id}")).ok();
        let shown = seen["telecom"].as_array().cloned().unwrap_or_default();
        assert_eq!(shown.len() as i64, phones[0], "{id}");
        assert!(shown.iter().all(|contact| all.contains(contact)), "{id}");
        hidden += all.len() - shown.len();
        expected["telecom"] = json!(shown);
        let (mut seen, mut expected) = (seen, expected);
        remove(&mut seen, "telecom");
        remove(&mut expected, "telecom");
        // Those of others, and those for emergencies.
        remove(&mut seen, "contact");
        remove(&mut expected, "contact");
        // What is not shown does not count for the version either.
        remove(&mut seen, "meta");
        remove(&mut expected, "meta");
        assert_eq!(seen, expected, "{id}");
    }
    assert!(hidden > 5, "{hidden}");

    // A name that a rule hides is not shown, and not found.
    let names = client(world, "names");
    assert!(world.patients()[&1]["name"].to_string().contains("maiden"));
    let ana = names.get("/Patient/1").ok();
    assert!(!ana["name"].to_string().contains("maiden"), "{ana}");
    let maiden = world.sql().value(
        "SELECT n.family FROM gnuhealth_person_name n JOIN gnuhealth_patient p ON p.{party} = n.party \
         WHERE p.id = 1 AND n.use = 'maiden'",
        &[],
    );
    let path = format!(
        "/Patient?family:exact={}",
        crate::world::encoded(maiden.as_str().unwrap())
    );
    assert!(ids(&world.doctor().get(&path).ok()).contains(&1));
    assert!(!ids(&names.get(&path).ok()).contains(&1));
}

/// Of a person whom a rule hides as a patient nothing is told through others: no name, no number, not when they were
/// changed. Patients 1 to 3 are hidden from this user; 4 is of their family, and the child of 1.
fn a_hidden_patient_is_nobodys_contact(world: &World) {
    let path = "/Patient/4";
    let (user, doctor) = (client(world, "not-in"), world.doctor());
    let contacts = doctor.get(path).ok()["contact"].clone();
    assert!(
        contacts.as_array().is_some_and(|all| all.len() >= 3),
        "{contacts}"
    );
    let seen = user.get(path).ok();
    assert!(seen["contact"].is_null(), "{seen}");
    assert!(!seen.to_string().contains("Ana Isabel"), "{seen}");
    // a child of a hidden mother has no maiden name of hers
    let child = |set: &str| {
        world.sql().run(&format!(
            "UPDATE gnuhealth_birth_certificate SET mother = (SELECT {{party}} FROM gnuhealth_patient WHERE id = {set})
            WHERE code = 'BC-0001';
            UPDATE party_party SET birth_certificate = (SELECT id FROM gnuhealth_birth_certificate
                WHERE code = 'BC-0001') WHERE id = (SELECT {{party}} FROM gnuhealth_patient WHERE id = 5)"
        ));
        (user.get("/Patient/5").ok(), doctor.get("/Patient/5").ok())
    };
    let (hidden, shown) = child("1");
    assert!(
        shown.to_string().contains("patient-mothersMaidenName"),
        "{shown}"
    );
    assert!(
        !hidden.to_string().contains("patient-mothersMaidenName"),
        "{hidden}"
    );
    assert!(
        hidden.to_string().contains("patient-birthPlace"),
        "{hidden}"
    );
    let _written = Written::of(world, 1);
    let written = "UPDATE party_party SET write_date = now() WHERE id = (SELECT {party} FROM gnuhealth_patient WHERE id = 1)";
    world.sql().run(written);
    let updated = |patient: &Value| patient["meta"]["lastUpdated"].clone();
    assert_eq!(updated(&user.get("/Patient/5").ok()), updated(&hidden));
    assert_ne!(updated(&doctor.get("/Patient/5").ok()), updated(&shown));
    // who is merged into a hidden patient does not say so
    let merged = world
        .sql()
        .patients("q.replaced_by IS NOT NULL AND p.id > 3", &[]);
    let merged = merged.first().unwrap();
    let path = format!("/Patient/{merged}");
    let before = world.sql().value(&format!(
        "SELECT q.replaced_by FROM gnuhealth_patient p JOIN party_party q ON q.id = p.{{party}} WHERE p.id = {merged}"
    ), &[]);
    let merge = |into: &str| {
        let of = "(SELECT {party} FROM gnuhealth_patient WHERE id =";
        let set = format!("UPDATE party_party SET replaced_by = {into} WHERE id = {of} {merged})");
        world.sql().run(&set);
    };
    merge("(SELECT {party} FROM gnuhealth_patient WHERE id = 1)");
    let links = [
        user.get(&path).ok()["link"].clone(),
        doctor.get(&path).ok()["link"].clone(),
    ];
    let searched = [&user, &doctor].map(|client| ids(&client.get("/Patient?link=Patient/1").ok()));
    merge(&before.to_string());
    world.sql().run(
        "UPDATE gnuhealth_birth_certificate SET mother = (SELECT {party} FROM gnuhealth_patient WHERE id = 1)
        WHERE code = 'BC-0001';
        UPDATE party_party SET birth_certificate = NULL WHERE id = (SELECT {party} FROM gnuhealth_patient WHERE id = 5)",
    );
    assert_eq!(links[0], Value::Null);
    assert_eq!(links[1][0]["other"]["reference"], "Patient/1");
    assert_eq!(searched, [vec![], vec![*merged]]);
}

fn remove(resource: &mut Value, element: &str) -> bool {
    resource.as_object_mut().unwrap().remove(element).is_some()
}

/// Asserts that a user sees a patient as expected; the version counts what is shown only.
fn same(client: &Client, id: i64, mut expected: Value) {
    let mut seen = client.get(&format!("/Patient/{id}")).ok();
    remove(&mut seen, "meta");
    remove(&mut expected, "meta");
    assert_eq!(seen, expected, "{id}");
}

fn a_rule_that_cannot_be_compiled_grants_nothing_and_is_logged(world: &World) {
    assert_eq!(seen(&client(world, "function")), BTreeSet::new());
    let own = seen(&client(world, "own"));
    assert!(!own.is_empty());
    assert_eq!(seen(&client(world, "function-or-own")), own);
    let rule = world.sql().value(
        "SELECT r.id FROM ir_rule r JOIN ir_rule_group g ON g.id = r.rule_group WHERE g.name = 'Rule test function'",
        &[],
    );
    let log = world.log();
    let lines = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(&line[line.find('{')?..]).ok());
    let mut of_rule = lines.filter(|line| line["rule"] == rule);
    let line = of_rule.next().expect("the rule is logged");
    assert_eq!(line["model"], "gnuhealth.patient", "{line}");
    assert!(
        line["reason"].as_str().unwrap().contains("rec_name"),
        "{line}"
    );
}

/// The rules for everybody; removed when dropped.
struct ForEverybody<'w>(&'w World);

impl Drop for ForEverybody<'_> {
    fn drop(&mut self) {
        ask(self.0, "rules.py", &["remove"]);
        std::thread::sleep(EFFECT);
    }
}

fn rules_for_everybody_are_joined_with_the_others(world: &World) {
    let mut logins = logins(world);
    logins.retain(|login| !FUNCTIONS.contains(&login.as_str()));
    let before = seen(&world.doctor());
    let change = ForEverybody(world);
    ask(world, "rules.py", &["everyone"]);
    std::thread::sleep(EFFECT);
    let answer = expected(world, &logins);
    let mut different = BTreeSet::new();
    for login in &logins {
        let user = world.anonymous().with_credentials(login, PASSWORD);
        let expected = patients_left(world, &answer["users"][login]);
        assert!(!expected.contains(&1), "the global rule hides patient 1");
        assert_eq!(seen(&user), expected, "{login}");
        different.insert(expected);
    }
    assert!(different.len() > 10, "{}", different.len());
    // The default rule alone concerns a user in no group with rules.
    assert_eq!(seen(&world.doctor()), BTreeSet::from([55]));
    drop(change);
    assert_eq!(seen(&world.doctor()), before);
}
