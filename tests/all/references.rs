//! No dead link: every reference of every resource leads to a resource that can be read, or is a logical one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::crawl::name;
use crate::http::Client;
use crate::served::{self, everything, resources};
use crate::world::World;
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        every_reference_leads_to_a_resource_or_is_logical,
        dead_references_are_found,
    ]
}

/// How many resources are asked for in one request.
const BATCH: usize = 100;

/// A reference that is wrong in itself, or where it leads.
enum Link {
    Wrong(&'static str),
    Logical,
    Contained,
    To(String),
}

fn every_reference_leads_to_a_resource_or_is_logical(world: &World) {
    let types: BTreeSet<&str> = everything(world)
        .iter()
        .map(|served| served.kind.as_str())
        .collect();
    let mut targets = BTreeMap::<String, String>::new();
    let mut counts = BTreeMap::<String, [usize; 3]>::new();
    let mut wrong = Vec::new();
    for resource in resources(world) {
        let mut found = Vec::new();
        references(resource, &name(resource), &mut found);
        for (path, reference) in found {
            let count = counts.entry(kind(resource)).or_default();
            match link(resource, reference, &types) {
                Link::Wrong(why) => wrong.push(format!("{path}: {why}: {reference}")),
                Link::Contained => count[2] += 1,
                Link::Logical => count[1] += 1,
                Link::To(target) => {
                    count[0] += 1;
                    targets.entry(target).or_insert(path);
                }
            }
        }
    }
    let all: Vec<&String> = targets.keys().collect();
    for dead in dead(&served::client(world), &all) {
        wrong.push(format!("{}: {dead}", targets[&dead]));
    }
    for (kind, [literal, logical, contained]) in &counts {
        println!(
            "references of {kind}: {literal} literal, {logical} logical, {contained} contained"
        );
    }
    println!("references: {} targets were read", targets.len());
    assert!(
        wrong.is_empty(),
        "{} dead links:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(20)].join("\n")
    );
    assert!(targets.len() > 60, "{}", targets.len());
}

fn kind(resource: &Value) -> String {
    resource["resourceType"].as_str().unwrap().to_owned()
}

/// The references in a value: those elements that are of R4's type Reference have one of these, and no other has.
fn references<'r>(value: &'r Value, path: &str, found: &mut Vec<(String, &'r Value)>) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                references(item, &format!("{path}[{index}]"), found);
            }
        }
        Value::Object(members) => {
            let has = |name: &str| members.get(name).is_some_and(Value::is_string);
            let logical = members.get("identifier").is_some_and(Value::is_object) && has("type");
            if has("reference") || logical || (has("type") && has("display")) {
                found.push((path.to_owned(), value));
            }
            for (name, member) in members {
                references(member, &format!("{path}.{name}"), found);
            }
        }
        _ => {}
    }
}

fn link(resource: &Value, reference: &Value, types: &BTreeSet<&str>) -> Link {
    let Some(text) = reference["reference"].as_str() else {
        return Link::Logical;
    };
    if let Some(id) = text.strip_prefix('#') {
        let contained = resource["contained"].as_array().into_iter().flatten();
        let number = contained.filter(|inner| inner["id"] == id).count();
        return if number == 1 {
            Link::Contained
        } else {
            Link::Wrong("not contained once")
        };
    }
    let Some((kind, id)) = text.split_once('/') else {
        return Link::Wrong("no type and id");
    };
    if !types.contains(kind) {
        return Link::Wrong("of a type that is not served");
    }
    if id.contains('/') {
        return Link::Wrong("not relative");
    }
    match reference["type"].as_str() {
        Some(said) if said != kind => Link::Wrong("not of the type that it says"),
        _ => Link::To(text.to_owned()),
    }
}

/// Those that are not answered with the resource.
fn dead(client: &Client, targets: &[&String]) -> Vec<String> {
    let mut dead = Vec::new();
    for some in targets.chunks(BATCH) {
        let entries: Vec<_> = some
            .iter()
            .map(|target| json!({"request": {"method": "HEAD", "url": target}}))
            .collect();
        let batch = json!({"resourceType": "Bundle", "type": "batch", "entry": entries});
        let json = [("content-type", "application/fhir+json")];
        let answer = client.post("/", &batch.to_string(), &json).ok();
        let answered = answer["entry"].as_array().expect("answers");
        assert_eq!(answered.len(), some.len());
        for (target, answer) in some.iter().zip(answered) {
            if answer["response"]["status"] != "200 OK" {
                dead.push((*target).clone());
            }
        }
    }
    dead
}

fn dead_references_are_found(world: &World) {
    let types = BTreeSet::from(["Patient"]);
    let holder = json!({"contained": [{"resourceType": "Patient", "id": "a"}]});
    let is_wrong = |reference: Value| matches!(link(&holder, &reference, &types), Link::Wrong(_));
    let own = world.app().url();
    for reference in [
        json!({"reference": "Encounter/1"}),
        json!({"reference": format!("{own}/Patient/1")}),
        json!({"reference": "Patient/1/_history/1"}),
        json!({"reference": "Patient"}),
        json!({"reference": "#b"}),
        json!({"reference": "Patient/1", "type": "Practitioner"}),
    ] {
        assert!(is_wrong(reference.clone()), "{reference}");
    }
    for reference in [
        json!({"reference": "#a"}),
        json!({"reference": "Patient/1", "type": "Patient"}),
        json!({"type": "Encounter", "display": "x"}),
    ] {
        assert!(!is_wrong(reference.clone()), "{reference}");
    }
    let targets = ["Patient/1", "Patient/999999", "Patient/x", "Practitioner/1"].map(str::to_owned);
    let found = dead(&served::client(world), &targets.iter().collect::<Vec<_>>());
    assert_eq!(found, ["Patient/999999", "Patient/x"]);
}
