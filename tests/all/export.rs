//! `cargo xtask export`: what it writes is everything that is served, to the letter, and in an order that can be loaded.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use serde_json::Value;
use serde_json::value::RawValue;
use xtask::export::{Credentials, Format, Options, Summary, export};

use crate::crawl::name;
use crate::served::{Served, client, everything, reader};
use crate::users::{ExtraUser, PASSWORD};
use crate::world::{World, folder};
use crate::{Test, tests, validation};

pub fn tests() -> Vec<Test> {
    tests![
        as_lines_it_is_everything_to_the_letter,
        as_bundles_it_is_the_same_in_transactions,
        what_is_referred_to_comes_first,
        only_the_wanted_types_are_written,
        what_cannot_be_exported_is_told_clearly,
        nothing_is_written_where_something_is,
    ]
}

/// How many resources a bundle has at most here: few, so that there are many bundles, and no divisor of a page.
const PER_BUNDLE: NonZeroUsize = NonZeroUsize::new(7).unwrap();

/// How many resources of each type are read by their ids.
const SAMPLE: usize = 10;

/// A folder that is not there yet.
fn new_folder(test: &str) -> PathBuf {
    folder().join("export").join(test)
}

/// An export of one who may read everything.
fn options(world: &World, format: Format, test: &str) -> Options {
    let credentials = Credentials {
        user: reader(world).to_owned(),
        password: PASSWORD.to_owned(),
    };
    Options {
        base: world.app().url(),
        credentials: Some(credentials),
        types: Vec::new(),
        format,
        output: new_folder(test),
    }
}

fn summary<'s>(summaries: &'s [Summary], kind: &str) -> &'s Summary {
    let mut of_kind = summaries.iter().filter(|summary| summary.name == kind);
    let summary = of_kind.next().unwrap_or_else(|| panic!("no {kind}"));
    assert!(of_kind.next().is_none(), "{kind} is there twice");
    summary
}

/// The names of the files, in their order.
fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap()
}

/// Asserts that these are all resources of a type, each as it is served.
fn assert_all(world: &World, served: &Served, texts: &[&str]) {
    let kind = &served.kind;
    let reader = client(world);
    let count = reader.get(&format!("/{kind}?_summary=count")).ok();
    assert_eq!(count["total"], texts.len(), "{kind}");
    let resource = |text: &&str| serde_json::from_str::<Value>(text).unwrap();
    let exported: BTreeMap<String, Value> = texts
        .iter()
        .map(resource)
        .map(|resource| (name(&resource), resource))
        .collect();
    assert_eq!(exported.len(), texts.len(), "none is there twice: {kind}");
    let expected = served.resources.iter();
    let expected: BTreeMap<String, Value> = expected
        .map(|resource| (name(resource), resource.clone()))
        .collect();
    assert_eq!(exported, expected, "{kind}");
    let step = texts.len().div_ceil(SAMPLE).max(1);
    for text in texts.iter().step_by(step) {
        let path = format!("/{}", name(&resource(text)));
        assert_eq!(reader.get(&path).text(), *text, "{path}");
    }
}

fn as_lines_it_is_everything_to_the_letter(world: &World) {
    let options = options(world, Format::Ndjson, "lines");
    let summaries = export(&options, &mut ()).unwrap();
    assert_eq!(summaries.len(), everything(world).len());
    for served in everything(world) {
        let text = read(&options.output, &format!("{}.ndjson", served.kind));
        assert!(text.ends_with('\n'), "{}", served.kind);
        let lines: Vec<&str> = text.lines().collect();
        assert_all(world, served, &lines);
        let summary = summary(&summaries, &served.kind);
        assert_eq!(summary.resources, lines.len() as u64);
        assert_eq!(summary.counted, lines.len() as u64);
        assert_eq!((summary.files, summary.bytes), (1, text.len() as u64));
    }
    let most = summaries.iter().map(|summary| summary.resources).max();
    assert!(most > Some(1000), "no type has a second page: {most:?}");
    assert_eq!(files(&options.output).len(), summaries.len());
}

/// A bundle, whose resources are kept as they stand.
#[derive(serde::Deserialize)]
struct Transaction<'t> {
    #[serde(borrow)]
    entry: Vec<Entry<'t>>,
}

#[derive(serde::Deserialize)]
struct Entry<'t> {
    #[serde(borrow)]
    resource: &'t RawValue,
}

fn as_bundles_it_is_the_same_in_transactions(world: &World) {
    let options = options(world, Format::Bundles(PER_BUNDLE), "bundles");
    let summaries = export(&options, &mut ()).unwrap();
    let mut of_type: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let names = files(&options.output);
    for (number, file) in names.iter().enumerate() {
        let kind = file.strip_prefix(&format!("{:04}-", number + 1));
        let kind = kind.and_then(|rest| rest.strip_suffix(".json"));
        let kind = kind.unwrap_or_else(|| panic!("{file} is the file {number}"));
        let text = read(&options.output, file);
        assert_transaction(world, kind, &text);
        of_type.entry(kind.to_owned()).or_default().push(text);
    }
    for served in everything(world) {
        let bundles = &of_type[&served.kind];
        let parsed = bundles.iter().map(|text| {
            let transaction: Transaction = serde_json::from_str(text).unwrap();
            transaction.entry
        });
        let entries: Vec<Vec<Entry>> = parsed.collect();
        let (last, full) = entries.split_last().unwrap();
        assert!(full.iter().all(|bundle| bundle.len() == PER_BUNDLE.get()));
        assert!(!last.is_empty() && last.len() <= PER_BUNDLE.get());
        let texts = entries.iter().flatten().map(|entry| entry.resource.get());
        assert_all(world, served, &texts.collect::<Vec<_>>());
        let summary = summary(&summaries, &served.kind);
        assert_eq!(summary.files as usize, bundles.len());
    }
    let written: u32 = summaries.iter().map(|summary| summary.files).sum();
    assert_eq!(written as usize, names.len());
}

/// Asserts that a file is a transaction (R4, http.html#transaction) of a type; HL7's definitions judge it in the end.
fn assert_transaction(world: &World, kind: &str, text: &str) {
    let bundle: Value = serde_json::from_str(text).unwrap();
    assert_eq!(bundle["resourceType"], "Bundle");
    assert_eq!(bundle["type"], "transaction");
    for entry in bundle["entry"].as_array().unwrap() {
        let name = name(&entry["resource"]);
        assert!(name.starts_with(&format!("{kind}/")), "{name}");
        assert_eq!(entry["request"]["method"], "PUT", "{name}");
        assert_eq!(entry["request"]["url"], name);
        let full_url = format!("{}/{name}", world.app().url());
        assert_eq!(entry["fullUrl"], full_url);
        let elements: Vec<&String> = entry.as_object().unwrap().keys().collect();
        assert_eq!(elements, ["fullUrl", "request", "resource"], "{name}");
    }
    validation::remember(&bundle);
}

/// The literal references in a value.
fn references<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::Object(elements) => {
            found.extend(elements.get("reference").and_then(Value::as_str));
            elements
                .values()
                .for_each(|element| references(element, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

fn what_is_referred_to_comes_first(world: &World) {
    let options = options(world, Format::Bundles(PER_BUNDLE), "order");
    let summaries = export(&options, &mut ()).unwrap();
    let place = |kind: &str| summaries.iter().position(|summary| summary.name == kind);
    let mut checked = 0;
    let mut late = BTreeSet::new();
    for served in everything(world) {
        let mut found = Vec::new();
        for resource in &served.resources {
            references(resource, &mut found);
        }
        let targets = found
            .iter()
            .filter_map(|reference| reference.split_once('/'));
        for (target, _) in targets {
            checked += 1;
            if place(target) > place(&served.kind) {
                late.insert(format!("{} refers to {target}", served.kind));
            }
        }
    }
    assert_eq!(late, BTreeSet::new());
    assert!(checked > 1000, "{checked} references");
    // So they are written, too.
    let kinds = files(&options.output)
        .into_iter()
        .map(|file| file.trim_end_matches(".json")[5..].to_owned());
    let mut kinds: Vec<String> = kinds.collect();
    kinds.dedup();
    assert!(
        kinds
            .iter()
            .eq(summaries.iter().map(|summary| &summary.name))
    );
}

fn only_the_wanted_types_are_written(world: &World) {
    let types = ["Patient", "Organization"].map(str::to_owned).to_vec();
    let options = Options {
        types,
        ..options(world, Format::Ndjson, "types")
    };
    let summaries = export(&options, &mut ()).unwrap();
    let names = summaries.iter().map(|summary| summary.name.as_str());
    assert_eq!(names.collect::<Vec<_>>(), ["Organization", "Patient"]);
    let expected = ["Organization.ndjson", "Patient.ndjson"];
    assert_eq!(files(&options.output), expected);
}

fn what_cannot_be_exported_is_told_clearly(world: &World) {
    let usual = options(world, Format::Ndjson, "refused");
    let url = world.app().url();
    let refused = |options: Options| {
        let error = format!("{:#}", export(&options, &mut ()).unwrap_err());
        assert!(!error.contains(PASSWORD), "{error}");
        error
    };
    let of = |kind: &str| vec![kind.to_owned()];

    let error = refused(Options {
        types: of("Patients"),
        ..usual.clone()
    });
    assert!(
        error.starts_with("the server does not serve Patients, only "),
        "{error}"
    );
    assert!(!usual.output.exists(), "nothing was begun");

    let error = refused(Options {
        base: "http://127.0.0.1:1".to_owned(),
        ..usual.clone()
    });
    assert!(
        error.starts_with("http://127.0.0.1:1 does not answer: "),
        "{error}"
    );

    let error = refused(Options {
        base: format!("{url}/nothing"),
        ..usual.clone()
    });
    assert!(
        error.contains("does not give the CapabilityStatement (404)"),
        "{error}"
    );

    let error = refused(Options {
        credentials: None,
        output: new_folder("anonymous"),
        ..usual.clone()
    });
    assert!(
        error.contains(&format!("{url} wants a user and a password (401)")),
        "{error}"
    );
    assert!(error.contains("is not complete"), "{error}");

    let user = ExtraUser::usual(world, "exporter");
    let with_password = |password: &str| {
        Some(Credentials {
            user: user.login.clone(),
            password: password.to_owned(),
        })
    };
    let error = refused(Options {
        credentials: with_password("another"),
        output: new_folder("password"),
        ..usual.clone()
    });
    let expected = format!("{url} refuses the password of {} (401)", user.login);
    assert!(error.contains(&expected), "{error}");

    let error = refused(Options {
        credentials: with_password(PASSWORD),
        types: of("DiagnosticReport"),
        output: new_folder("rights"),
        ..usual
    });
    let expected = format!("{} may not read DiagnosticReport (403)", user.login);
    assert!(error.contains(&expected), "{error}");
}

fn nothing_is_written_where_something_is(world: &World) {
    let options = options(world, Format::Ndjson, "twice");
    let options = Options {
        types: vec!["Organization".to_owned()],
        ..options
    };
    export(&options, &mut ()).unwrap();
    let before = read(&options.output, "Organization.ndjson");
    let error = export(&options, &mut ()).unwrap_err().to_string();
    assert!(error.contains("is not empty"), "{error}");
    assert_eq!(read(&options.output, "Organization.ndjson"), before);
    assert_eq!(files(&options.output), ["Organization.ndjson"]);
}
