//! Chains and `_has`: rights of every model on the way, depth, and what cannot be followed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::http::Client;
use crate::rights::Change;
use crate::rules::{self, left, patients_left};
use crate::world::{World, resources};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        a_chain_finds_what_the_resource_there_tells,
        a_chain_follows_three_references_and_no_fourth,
        an_unknown_parameter_at_the_end_is_refused_or_told,
        what_is_no_reference_is_not_followed,
        a_type_that_a_reference_does_not_lead_to_is_refused,
        has_names_a_reference_to_the_type,
        a_rule_hides_on_the_way,
        a_type_that_may_not_be_read_is_no_way,
    ]
}

pub fn tests_that_change_rights() -> Vec<Test> {
    tests![
        a_model_on_the_way_that_is_closed_forbids_the_chain,
        a_field_at_the_end_that_is_closed_forbids_the_chain,
    ]
}

pub fn tests_under_rules() -> Vec<Test> {
    tests![chains_find_what_trytond_would_let_each_user_see]
}

/// The ids that a search finds, over all pages; that the total agrees is looked at too.
pub fn found(client: &Client, path: &str) -> BTreeSet<String> {
    let joint = if path.contains('?') { '&' } else { '?' };
    let found: BTreeSet<String> = resources(client, &format!("{path}{joint}_count=1000"))
        .into_keys()
        .collect();
    let total = client.get(&format!("{path}{joint}_count=0")).ok();
    assert_eq!(total["total"], found.len(), "{path}");
    found
}

fn id(reference: &Value) -> Option<String> {
    let (_, id) = reference["reference"].as_str()?.split_once('/')?;
    Some(id.to_owned())
}

/// The ids of the resources of a type, as the doctor sees them, for which something holds.
pub fn those(
    world: &World,
    r#type: &'static str,
    holds: impl Fn(&Value) -> bool,
) -> BTreeSet<String> {
    let all = world.all(r#type);
    let those = all.iter().filter(|(_, resource)| holds(resource));
    those.map(|(id, _)| id.clone()).collect()
}

pub fn refers(element: &Value, to: &BTreeSet<String>) -> bool {
    match element {
        Value::Array(items) => items.iter().any(|item| refers(item, to)),
        other => id(other).is_some_and(|id| to.contains(&id)),
    }
}

/// What resources refer to.
fn referred(
    world: &World,
    r#type: &'static str,
    element: &str,
    holds: impl Fn(&Value) -> bool,
) -> BTreeSet<String> {
    let all = world.all(r#type);
    let those = all.values().filter(|resource| holds(resource));
    those
        .flat_map(|resource| match &resource[element] {
            Value::Array(items) => items.iter().filter_map(id).collect::<Vec<_>>(),
            other => id(other).into_iter().collect(),
        })
        .collect()
}

fn has_family(resource: &Value, family: &str) -> bool {
    let names = resource["name"].as_array().into_iter().flatten();
    names.clone().any(|name| name["family"] == family)
}

fn is_female(resource: &Value) -> bool {
    resource["gender"] == "female"
}

fn is_active(condition: &Value) -> bool {
    condition["clinicalStatus"]["coding"][0]["code"] == "active"
}

fn a_chain_finds_what_the_resource_there_tells(world: &World) {
    let doctor = world.doctor();
    let women = those(world, "Patient", is_female);
    let of_women = those(world, "Condition", |condition| {
        refers(&condition["subject"], &women)
    });
    assert!(!of_women.is_empty() && of_women.len() < world.all("Condition").len());
    for chain in [
        "subject:Patient.gender",
        "subject.gender",
        "patient.gender",
        "patient:Patient.gender",
    ] {
        assert_eq!(
            found(&doctor, &format!("/Condition?{chain}=female")),
            of_women,
            "{chain}"
        );
    }
    let betz = those(world, "Patient", |patient| has_family(patient, "Betz"));
    let of_betz = those(world, "Observation", |one| refers(&one["subject"], &betz));
    assert!(!of_betz.is_empty());
    assert_eq!(
        found(&doctor, "/Observation?subject.family:exact=Betz"),
        of_betz
    );
    // The modifier and the repetition belong to the end.
    let both = "/Condition?patient.gender:not=female&patient.birthdate:missing=false";
    let expected = those(world, "Patient", |patient| {
        !is_female(patient) && patient["birthDate"].is_string()
    });
    let expected = those(world, "Condition", |one| refers(&one["subject"], &expected));
    assert_eq!(found(&doctor, both), expected);
}

fn a_chain_follows_three_references_and_no_fourth(world: &World) {
    let doctor = world.doctor();
    let family = doctor.get("/Practitioner/1").ok()["name"][0]["family"].clone();
    let family = family.as_str().unwrap();
    let practitioners = those(world, "Practitioner", |one| has_family(one, family));
    let patients = those(world, "Patient", |one| {
        refers(&one["generalPractitioner"], &practitioners)
    });
    let two = those(world, "Condition", |one| refers(&one["subject"], &patients));
    assert!(!two.is_empty() && two.len() < world.all("Condition").len());
    let written = crate::world::encoded(family);
    assert_eq!(
        found(
            &doctor,
            &format!("/Condition?patient.general-practitioner.family:exact={written}")
        ),
        two
    );
    // Conditions of patients who have an observation by such a practitioner: there, back, and there again.
    let observed = referred(world, "Observation", "subject", |one| {
        refers(&one["performer"], &practitioners)
    });
    let three = those(world, "Condition", |one| refers(&one["subject"], &observed));
    assert!(!three.is_empty());
    let chain = format!("patient._has:Observation:subject:performer.family:exact={written}");
    assert_eq!(found(&doctor, &format!("/Condition?{chain}")), three);
    // Practitioners of patients with an active condition.
    let ill = referred(world, "Condition", "subject", is_active);
    let expected = referred(world, "Patient", "generalPractitioner", |one| {
        ill.contains(one["id"].as_str().unwrap())
    });
    assert!(!expected.is_empty());
    let has = "_has:Patient:general-practitioner:_has:Condition:subject:clinical-status=active";
    assert_eq!(found(&doctor, &format!("/Practitioner?{has}")), expected);

    for handling in ["handling=strict", "handling=lenient"] {
        for deep in [
            "/Condition?patient._has:Observation:subject:patient.general-practitioner.name=x",
            "/Practitioner?_has:Patient:general-practitioner:_has:Condition:subject:patient.general-practitioner.name=x",
        ] {
            let answer = doctor.get_with(deep, &[("prefer", handling)]);
            assert_eq!(answer.status, 400, "{deep}: {}", answer.text());
            let reason = answer.json()["issue"][0]["diagnostics"].to_string();
            assert!(reason.contains('3'), "{deep}: {reason}");
        }
    }
}

fn an_unknown_parameter_at_the_end_is_refused_or_told(world: &World) {
    let doctor = world.doctor();
    let everything = world.all("Condition").len();
    for key in [
        "subject:Patient.shoe-size",
        "subject.shoe-size",
        "shoe.name",
        "patient.general-practitioner.shoe",
    ] {
        let path = format!("/Condition?{key}=44&_count=1000");
        let answer = doctor.get_with(&path, &[("prefer", "handling=strict")]);
        let reason = answer.refused(400, "not-supported");
        assert!(reason.contains("shoe"), "{reason}");
        let bundle = doctor.get(&path).ok();
        let (told, matches): (Vec<&Value>, Vec<&Value>) = bundle["entry"]
            .as_array()
            .unwrap()
            .iter()
            .partition(|entry| entry["search"]["mode"] == "outcome");
        assert_eq!(matches.len(), everything, "{key}");
        assert_eq!(told.len(), 1, "{key}");
        assert!(told[0].to_string().contains(key), "{}", told[0]);
        let own = crate::world::link(&bundle, "self").unwrap();
        assert!(!own.contains("shoe"), "{own}");
    }
    let has = "/Patient?_has:Condition:subject:shoe=44";
    let answer = doctor.get_with(has, &[("prefer", "handling=strict")]);
    answer.refused(400, "not-supported");
}

fn what_is_no_reference_is_not_followed(world: &World) {
    for handling in ["handling=strict", "handling=lenient"] {
        for key in [
            "code.name",
            "onset-date.name",
            "_id.name",
            "clinical-status:Patient.name",
        ] {
            let path = format!("/Condition?{key}=x");
            let answer = world.doctor().get_with(&path, &[("prefer", handling)]);
            let reason = answer.refused(400, "value");
            assert!(reason.contains("reference"), "{key}: {reason}");
        }
    }
}

fn a_type_that_a_reference_does_not_lead_to_is_refused(world: &World) {
    for handling in ["handling=strict", "handling=lenient"] {
        for key in [
            "subject:Practitioner.name",
            "subject:Group.name",
            "subject:patient.name",
            "subject:.name",
        ] {
            let path = format!("/Condition?{key}=x");
            let answer = world.doctor().get_with(&path, &[("prefer", handling)]);
            let reason = answer.refused(400, "not-supported");
            assert!(reason.contains("Patient"), "{key}: {reason}");
        }
    }
}

fn has_names_a_reference_to_the_type(world: &World) {
    for (path, told) in [
        ("/Patient?_has=x", "_has"),
        ("/Patient?_has:Condition=x", "_has:Type:reference:parameter"),
        (
            "/Patient?_has:Condition:subject=x",
            "_has:Type:reference:parameter",
        ),
        ("/Patient?_has:Shoe:subject:code=x", "type"),
        (
            "/Practitioner?_has:Condition:subject:code=x",
            "does not refer to Practitioner",
        ),
        (
            "/Patient?_has:Condition:code:code=x",
            "does not refer to Patient",
        ),
        (
            "/Patient?_has:Condition:subject:onset-date=soon",
            "onset-date",
        ),
    ] {
        let answer = world
            .doctor()
            .get_with(path, &[("prefer", "handling=strict")]);
        assert_eq!(answer.status, 400, "{path}: {}", answer.text());
        let reason = answer.json()["issue"][0]["diagnostics"].to_string();
        assert!(reason.contains(told), "{path}: {reason}");
    }
}

fn a_rule_hides_on_the_way(world: &World) {
    let own = world.as_user("ownpatients");
    let patients = world.sql().patients("p.primary_care_doctor = 1", &[]);
    let patients: BTreeSet<String> = patients.iter().map(ToString::to_string).collect();
    let women = &those(world, "Patient", is_female) & &patients;
    let others = &those(world, "Patient", is_female) - &patients;
    assert!(!women.is_empty() && !others.is_empty());
    let expected = those(world, "Condition", |one| refers(&one["subject"], &women));
    assert_eq!(found(&own, "/Condition?subject.gender=female"), expected);
    // Only the first practitioner has patients whom this user sees.
    let has = "/Practitioner?_has:Patient:general-practitioner:gender=female";
    assert_eq!(found(&own, has), ["1".to_owned()].into());
    assert!(found(&world.doctor(), has).len() > 1);
    for hidden in others {
        for path in [
            format!("/Condition?patient={hidden}"),
            format!("/Condition?patient._id={hidden}"),
            format!("/Observation?subject:Patient._id={hidden}"),
            format!("/Practitioner?_has:Patient:general-practitioner:_id={hidden}"),
            format!("/Patient?_filter=_id%20eq%20{hidden}"),
        ] {
            assert_eq!(found(&own, &path), BTreeSet::new(), "{path}");
        }
    }
}

fn a_type_that_may_not_be_read_is_no_way(world: &World) {
    let nogroup = world.as_user("nogroup");
    for path in [
        "/Patient?_has:Condition:subject:code=E11.9",
        "/Patient?_has:Condition:subject:_id:missing=false",
        "/Practitioner?_has:Patient:general-practitioner:_has:Condition:subject:code=x",
        "/Practitioner?_has:Condition:asserter:code:not=x&gender=male",
    ] {
        let reason = nogroup.get(path).refused(403, "forbidden");
        assert!(
            reason.contains("gnuhealth.patient.disease"),
            "{path}: {reason}"
        );
        assert_eq!(world.doctor().get(path).status, 200, "{path}");
    }
}

/// Closes a model to all who are not in a group that may read it.
fn closed<'w>(world: &'w World, model: &str, undo: &'static str) -> Change<'w> {
    let change = format!(
        "INSERT INTO ir_model_access SELECT (jsonb_populate_record(a, jsonb_build_object('id', 900000, 'perm_read', false, \
         'group', null, 'model', (SELECT id FROM ir_model WHERE model = '{model}')))).* \
         FROM ir_model_access a JOIN ir_model m ON m.id = a.model \
         WHERE m.model = 'gnuhealth.patient' AND a.\"group\" IS NULL; \
         UPDATE ir_model_access a SET perm_read = false FROM ir_model m \
         WHERE a.model = m.id AND m.model = '{model}' AND a.\"group\" IS NULL"
    );
    Change::make(world, &change, undo)
}

fn a_model_on_the_way_that_is_closed_forbids_the_chain(world: &World) {
    let nogroup = world.as_user("nogroup");
    let paths = [
        "/Patient?general-practitioner.name=a",
        "/Patient?general-practitioner:Practitioner.name:missing=true",
        "/Patient?_filter=general-practitioner.name%20sw%20a",
        "/Patient?_filter=not(general-practitioner.name%20sw%20a)",
    ];
    for path in paths {
        assert_eq!(nogroup.get(path).status, 200, "{path}");
    }
    let before = world.sql().value(
        "SELECT count(*)::int AS n FROM ir_model_access a JOIN ir_model m ON m.id = a.model \
         WHERE m.model = 'gnuhealth.healthprofessional' AND a.\"group\" IS NULL AND NOT a.perm_read",
        &[],
    );
    assert_eq!(before, 0, "what is undone was so");
    let change = closed(
        world,
        "gnuhealth.healthprofessional",
        "DELETE FROM ir_model_access WHERE id = 900000; \
         UPDATE ir_model_access a SET perm_read = true FROM ir_model m \
         WHERE a.model = m.id AND m.model = 'gnuhealth.healthprofessional' AND a.\"group\" IS NULL",
    );
    for path in paths {
        nogroup.get(path).refused(403, "forbidden");
    }
    assert_eq!(nogroup.get("/Patient?gender=female").status, 200);
    drop(change);
    for path in paths {
        assert_eq!(nogroup.get(path).status, 200, "{path}");
    }
}

fn a_field_at_the_end_that_is_closed_forbids_the_chain(world: &World) {
    let restricted = world.as_user("restricted");
    let paths = [
        "/Condition?subject:Patient.birthdate=1985-10-04",
        "/Observation?patient.birthdate:missing=true",
        "/Practitioner?_has:Patient:general-practitioner:birthdate=1985-10-04",
        "/Practitioner?_has:Patient:general-practitioner:_has:Condition:subject:patient.birthdate=lt2000",
        "/Condition?_filter=patient[birthdate%20lt%202000].gender%20eq%20female",
    ];
    for path in paths {
        assert_eq!(restricted.get(path).status, 200, "{path}");
    }
    let change = Change::make(
        world,
        "INSERT INTO ir_model_field_access SELECT (jsonb_populate_record(a, jsonb_build_object('id', 900000, 'field', \
         (SELECT f.id FROM ir_model_field f JOIN ir_model m ON m.id = f.model \
          WHERE m.model = 'party.party' AND f.name = 'dob')))).* \
         FROM ir_model_field_access a JOIN ir_model_field f ON f.id = a.field WHERE f.name = 'photo' LIMIT 1",
        "DELETE FROM ir_model_field_access WHERE id = 900000",
    );
    for path in paths {
        let reason = restricted.get(path).refused(403, "forbidden");
        assert!(reason.contains("birthdate"), "{path}: {reason}");
        assert_eq!(world.doctor().get(path).status, 200, "{path}");
    }
    assert_eq!(
        restricted
            .get("/Condition?subject:Patient.gender=female")
            .status,
        200
    );
    drop(change);
    for path in paths {
        assert_eq!(restricted.get(path).status, 200, "{path}");
    }
}

/// The practitioners whom trytond shows, less those whose person it does not.
fn practitioners_left(world: &World, rights: &Value) -> BTreeSet<String> {
    let persons = left(rights, "party.party");
    let practitioners = left(rights, "gnuhealth.healthprofessional");
    let rows = world.sql().rows(
        "SELECT h.id, h.{party} AS person FROM gnuhealth_healthprofessional h",
        &[],
    );
    let pair = |row: &Value| Some((row["id"].as_i64()?, row["person"].as_i64().unwrap_or(-1)));
    rows.iter()
        .filter_map(pair)
        .filter(|(id, person)| {
            practitioners.as_ref().is_none_or(|left| left.contains(id))
                && persons.as_ref().is_none_or(|left| left.contains(person))
        })
        .map(|(id, _)| id.to_string())
        .collect()
}

fn chains_find_what_trytond_would_let_each_user_see(world: &World) {
    let logins = rules::logins(world);
    let answer = rules::expected(world, &logins);
    let doctors: BTreeMap<String, BTreeSet<String>> = world
        .all("Patient")
        .iter()
        .map(|(id, patient)| {
            let doctors = patient["generalPractitioner"].as_array();
            let doctors = doctors.into_iter().flatten().filter_map(self::id);
            (id.clone(), doctors.collect())
        })
        .collect();
    let women = those(world, "Patient", is_female);
    let ill = referred(world, "Condition", "subject", is_active);
    let mut different = BTreeSet::new();
    for login in &logins {
        if rules::FUNCTIONS.contains(&login.as_str()) {
            continue;
        }
        let user = rules::client(world, login.trim_start_matches("rule-"));
        let rights = &answer["users"][login];
        let patients: BTreeSet<String> = patients_left(world, rights)
            .iter()
            .map(ToString::to_string)
            .collect();
        let practitioners = practitioners_left(world, rights);
        let of = |patients: &BTreeSet<String>| {
            let theirs = patients.iter().flat_map(|id| doctors[id].clone());
            theirs
                .filter(|id| practitioners.contains(id))
                .collect::<BTreeSet<_>>()
        };

        let seen = &women & &patients;
        let conditions = those(world, "Condition", |one| refers(&one["subject"], &seen));
        assert_eq!(
            found(&user, "/Condition?subject:Patient.gender=female"),
            conditions,
            "{login}"
        );
        let observations = those(world, "Observation", |one| refers(&one["subject"], &seen));
        assert_eq!(
            found(&user, "/Observation?subject:Patient.gender=female"),
            observations,
            "{login}"
        );
        let has = "/Practitioner?_has:Patient:general-practitioner:gender=female";
        assert_eq!(found(&user, has), of(&seen), "{login}");
        let nested = "/Practitioner?_has:Patient:general-practitioner:_has:Condition:subject:clinical-status=active";
        assert_eq!(found(&user, nested), of(&(&ill & &patients)), "{login}");
        let theirs = patients.iter().filter(|id| {
            doctors[*id]
                .iter()
                .any(|doctor| practitioners.contains(doctor))
        });
        let chained = "/Patient?general-practitioner._id:missing=false";
        assert_eq!(found(&user, chained), theirs.cloned().collect(), "{login}");
        different.insert((conditions.len(), of(&seen).len()));
    }
    assert!(different.len() > 10, "{different:?}");
}
