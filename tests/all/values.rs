//! What is shown is what trytond's ORM says, value by value: tests/values.

use std::collections::BTreeMap;
use std::process::Command;

use serde::Deserialize;
use serde_json::Value;

use crate::process::piped;
use crate::served::{Served, everything};
use crate::world::{SYSTEMS, World};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        every_value_is_what_trytond_says,
        values_that_are_not_trytonds_are_found,
    ]
}

/// What tests/values/run.py says.
#[derive(Debug, Deserialize)]
struct Report {
    checked: BTreeMap<String, (usize, usize)>,
    differences: Vec<String>,
    without: Vec<String>,
    undeclared: Vec<String>,
}

/// The pages of each type, as JSON.
type Pages<'s> = BTreeMap<&'s str, Vec<String>>;

fn compared(world: &World, pages: &Pages<'_>) -> Report {
    let mut command = Command::new(world.python());
    command
        .arg(xtask::root().join("tests/values/run.py"))
        .args([world.owner_url(), SYSTEMS])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONWARNINGS", "ignore")
        .env_remove("TRYTOND_CONFIG")
        .env_remove("PYTHONPATH");
    // The pages as they are: reading and writing numbers would change their digits.
    let members = pages
        .iter()
        .map(|(kind, pages)| format!("\"{kind}\": [{}]", pages.join(",")));
    let input = format!("{{{}}}", members.collect::<Vec<_>>().join(","));
    let printed = piped(&mut command, std::iter::once(input));
    serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"))
}

fn pages(served: &Served) -> Vec<String> {
    served.pages.iter().map(|page| page.json.clone()).collect()
}

fn every_value_is_what_trytond_says(world: &World) {
    let served = everything(world);
    let all = served
        .iter()
        .map(|served| (served.kind.as_str(), pages(served)))
        .collect();
    let report = compared(world, &all);
    for (kind, (resources, values)) in &report.checked {
        println!("values of {kind}: {values} of {resources} resources are compared");
    }
    for line in &report.undeclared {
        println!("values: skipped, since it is not served: {line}");
    }
    assert_eq!(
        report.without,
        Vec::<String>::new(),
        "types without a file in tests/values/types"
    );
    let first: Vec<_> = report.differences.iter().take(30).cloned().collect();
    assert!(
        report.differences.is_empty(),
        "{} differences, first:\n{}",
        report.differences.len(),
        first.join("\n")
    );
    for served in served {
        let (resources, values) = report.checked[&served.kind];
        assert_eq!(resources, served.resources.len(), "{}", served.kind);
        assert!(values >= 3 * resources, "{}: {values}", served.kind);
    }
}

/// Changed values, a resource too many and one too few are all told.
fn values_that_are_not_trytonds_are_found(world: &World) {
    let served = everything(world);
    let patients = served.iter().find(|served| served.kind == "Patient");
    let [page] = pages(patients.unwrap())
        .try_into()
        .expect("one page of patients");
    let mut bundle: Value = serde_json::from_str(&page).unwrap();
    let patient = |bundle: &mut Value, id: &str, change: &dyn Fn(&mut Value)| {
        let entries = bundle["entry"].as_array_mut().unwrap();
        let mut resources = entries.iter_mut().map(|entry| &mut entry["resource"]);
        change(resources.find(|patient| patient["id"] == id).unwrap());
    };
    patient(&mut bundle, "1", &|patient| {
        patient["birthDate"] = "1985-10-05".into();
    });
    patient(&mut bundle, "2", &|patient| {
        patient["name"][0]["family"] = "Somebody".into();
    });
    patient(&mut bundle, "3", &|patient| {
        patient["active"] = (patient["active"] == false).into();
    });
    patient(&mut bundle, "5", &|patient| patient["id"] = "777777".into());
    let pages = BTreeMap::from([("Patient", vec![bundle.to_string()])]);
    let found = compared(world, &pages).differences;
    for text in [
        "Patient/1: birthDate is ['1985-10-05']",
        "Patient/2: name.family",
        "Patient/3: active",
        "Patient/5 is not served",
        "Patient/777777 stands for no record",
    ] {
        let is_told = found.iter().any(|line| line.starts_with(text));
        assert!(is_told, "{text}: {found:?}");
    }
    assert!(found.len() <= 6, "{found:?}");
}
