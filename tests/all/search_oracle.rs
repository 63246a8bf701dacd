//! Searches find what R4 says, told by an oracle that knows the official definitions and the resources as they are
//! served, and nothing of SQL: tests/search-oracle.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::crawl::{declared, entries, everything, name, statement};
use crate::http::Client;
use crate::world::{World, folder, link};
use crate::{Test, npm, tests};

pub fn tests() -> Vec<Test> {
    tests![
        every_search_finds_what_the_oracle_says,
        the_oracle_knows_the_examples_of_the_specification,
        a_wrong_answer_is_reported,
    ]
}

/// About how many questions are made, unless the environment says another number.
const WANTED: usize = 8000;

/// At least so many must have been judged, where as many types are served as the issue names.
const LEAST: usize = 7500;

/// The seed of the values that are drawn, unless the environment says another.
const SEED: u32 = 4;

/// How many differences are told in full, and how many ids of each.
const TOLD: usize = 20;

/// What the oracle says of a query; see tests/search-oracle/oracle.mjs.
#[derive(Debug, Clone, Deserialize)]
pub struct Question {
    pub query: String,
    pub kind: String,
    pub feature: String,
    pub expected: BTreeSet<String>,
    pub open: BTreeSet<String>,
    pub included: Option<BTreeSet<String>>,
    #[serde(default)]
    pub places: BTreeMap<String, (i64, i64)>,
    #[serde(default)]
    pub last: BTreeSet<String>,
    #[serde(default)]
    pub groups: BTreeMap<String, String>,
    pub page: Option<usize>,
}

/// What the server answered, over all pages.
#[derive(Debug, Clone, Default)]
struct Found {
    matches: Vec<String>,
    included: BTreeSet<String>,
}

/// A difference that the specification explains: queries that start with a text, and the reason.
#[derive(Debug, Deserialize)]
struct Explained {
    query: String,
    reason: String,
}

/// The questions, made once.
pub fn questions(world: &World) -> &'static [Question] {
    static QUESTIONS: OnceLock<Vec<Question>> = OnceLock::new();
    QUESTIONS.get_or_init(|| {
        let statement = statement(world);
        let resources = everything(&world.doctor(), &statement);
        ask(&json!({
            "base": world.app().url(),
            "zone": zone(world),
            "now": SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64,
            "seed": std::env::var("GNUHEALTH_FHIR_TEST_SEED").map_or(SEED, |seed| seed.parse().expect("GNUHEALTH_FHIR_TEST_SEED")),
            "wanted": std::env::var("GNUHEALTH_FHIR_TEST_QUESTIONS")
                .map_or(WANTED, |number| number.parse().expect("a number of questions")),
            "statement": statement,
            "resources": resources,
        }))
    })
}

/// The time zone of the hospital: that of its company, else UTC.
fn zone(world: &World) -> String {
    let rows = world.sql().rows(
        "SELECT timezone FROM company_company WHERE coalesce(timezone, '') <> '' ORDER BY id LIMIT 1",
        &[],
    );
    rows.first()
        .map_or("UTC", |row| row["timezone"].as_str().unwrap())
        .to_owned()
}

fn ask(input: &Value) -> Vec<Question> {
    let oracle = npm::installed("tests/search-oracle").join("oracle.mjs");
    let mut oracle = Command::new("node")
        .arg(oracle)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the oracle needs node on the PATH");
    let mut stdin = oracle.stdin.take().unwrap();
    // It reads all before it writes: there is no waiting for each other.
    stdin.write_all(input.to_string().as_bytes()).unwrap();
    drop(stdin);
    let output = oracle.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", output.status);
    let lines = String::from_utf8(output.stdout).unwrap();
    lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

/// Asks the server; the error is what it refused with: whether as not supported, and the text.
fn answer(client: &Client, question: &Question) -> Result<Found, (bool, String)> {
    let separator = if question.query.ends_with('?') {
        ""
    } else {
        "&"
    };
    let count = question.page.unwrap_or(1000);
    // Whole resources are looked at elsewhere, and are most of the work where there are many.
    let elements = if question.included.is_some() {
        ""
    } else {
        "&_elements=id"
    };
    let mut next = Some(format!(
        "{}{separator}_count={count}{elements}",
        question.query
    ));
    let mut found = Found::default();
    let mut pages = BTreeSet::new();
    while let Some(url) = next {
        let answer = client.get_with(&url, &[("prefer", "handling=strict")]);
        if answer.status != 200 {
            let outcome = answer.json();
            let unsupported =
                answer.status == 400 && outcome["issue"][0]["code"] == "not-supported";
            return Err((unsupported, format!("{} {outcome}", answer.status)));
        }
        let bundle = answer.json();
        let names = |mode| entries(&bundle, mode).map(|entry| name(&entry["resource"]));
        found.matches.extend(names("match"));
        found.included.extend(names("include"));
        next = link(&bundle, "next");
        if !pages.insert(url) || pages.len() > 5000 {
            return Err((false, "the pages do not end".to_owned()));
        }
    }
    Ok(found)
}

/// What is wrong with an answer; empty if nothing is.
fn wrong(question: &Question, found: &Found) -> String {
    let mut text = String::new();
    let mut say = |what: &str, names: Vec<&String>| {
        if !names.is_empty() {
            let first: Vec<&String> = names.iter().take(TOLD).copied().collect();
            write!(text, " {what} {}: {first:?}", names.len()).unwrap();
        }
    };
    let matches: BTreeSet<String> = found.matches.iter().cloned().collect();
    say("missing", question.expected.difference(&matches).collect());
    let extra = matches.difference(&question.expected);
    say(
        "extra",
        extra
            .filter(|name| !question.open.contains(*name))
            .collect(),
    );
    if matches.len() != found.matches.len() {
        let once = |name: &&String| found.matches.iter().filter(|other| other == name).count() > 1;
        say("repeated", found.matches.iter().filter(once).collect());
    }
    if let Some(included) = &question.included {
        // What is a match already need not come along.
        let wanted: BTreeSet<String> = included.difference(&matches).cloned().collect();
        say("not included", wanted.difference(&found.included).collect());
        say(
            "included without reason",
            found.included.difference(included).collect(),
        );
    }
    say("out of order", disordered(question, &found.matches));
    text
}

/// Who stands where a sort must not put them.
fn disordered<'f>(question: &Question, matches: &'f [String]) -> Vec<&'f String> {
    let mut wrong = Vec::new();
    let (mut highest, mut after_last) = (i64::MIN, false);
    for name in matches {
        if let Some((low, high)) = question.places.get(name) {
            if after_last || *high <= highest && *low < highest {
                wrong.push(name);
            }
            highest = highest.max(*low);
        }
        after_last |= question.last.contains(name);
    }
    let mut closed = BTreeSet::new();
    let mut current: Option<&String> = None;
    for name in matches {
        let group = question.groups.get(name);
        if group.is_some_and(|group| group == "*") {
            continue;
        }
        if group != current {
            closed.extend(current);
            if group.is_some_and(|group| closed.contains(group)) {
                wrong.push(name);
            }
        }
        current = group;
    }
    wrong
}

/// What came of all questions.
#[derive(Default)]
struct Outcome {
    /// How many were judged, by kind.
    judged: BTreeMap<String, usize>,
    /// The features that each question about them was refused for.
    unsupported: BTreeSet<String>,
    differences: Vec<String>,
}

/// Asks side by side, for the server answers so.
fn answers(client: &Client, questions: &[Question]) -> Vec<Result<Found, (bool, String)>> {
    let next = AtomicUsize::new(0);
    let mut answered: Vec<_> = std::thread::scope(|scope| {
        let worker = || {
            let mut mine = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(question) = questions.get(index) else {
                    return mine;
                };
                mine.push((index, answer(client, question)));
            }
        };
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(worker)).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().expect("a question was not answered"))
            .collect()
    });
    answered.sort_by_key(|(index, _)| *index);
    answered.into_iter().map(|(_, answer)| answer).collect()
}

fn judge(questions: &[Question], answers: &[Result<Found, (bool, String)>]) -> Outcome {
    let mut outcome = Outcome::default();
    let supported: BTreeSet<&str> = questions
        .iter()
        .zip(answers)
        .filter(|(_, answer)| !matches!(answer, Err((true, _))))
        .map(|(question, _)| question.feature.as_str())
        .collect();
    for (question, answer) in questions.iter().zip(answers) {
        let feature = &question.feature;
        if !feature.is_empty() && !supported.contains(feature.as_str()) {
            outcome.unsupported.insert(feature.clone());
            continue;
        }
        *outcome.judged.entry(group(&question.kind)).or_default() += 1;
        let wrong = match answer {
            Ok(found) => wrong(question, found),
            Err((_, text)) => format!(" {text}"),
        };
        if !wrong.is_empty() && !explained(&question.query) {
            let (query, kind) = (&question.query, &question.kind);
            outcome
                .differences
                .push(format!("{query} ({kind}):{wrong}"));
        }
    }
    outcome
}

/// What a question counts as: type and modifier, and the prefix of those that have one.
fn group(kind: &str) -> String {
    let prefixed = ["date ", "number ", "quantity "];
    let words = if prefixed.iter().any(|start| kind.starts_with(start))
        || ["two", "_sort", "chain", "_has"]
            .iter()
            .any(|start| kind.starts_with(start))
        || kind.ends_with(" or")
        || kind.ends_with(" and")
    {
        2
    } else {
        1
    };
    kind.split(' ').take(words).collect::<Vec<_>>().join(" ")
}

fn explained(query: &str) -> bool {
    static EXPLAINED: OnceLock<Vec<Explained>> = OnceLock::new();
    let list = EXPLAINED.get_or_init(|| {
        let path = xtask::root().join("tests/search-oracle/explained.json");
        let list: Vec<Explained> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        assert!(
            list.iter().all(|each| each.reason.len() > 20),
            "an explanation needs its reason"
        );
        list
    });
    list.iter().any(|each| query.starts_with(&each.query))
}

fn every_search_finds_what_the_oracle_says(world: &World) {
    let questions = questions(world);
    let outcome = judge(questions, &answers(&world.doctor().forgetful(), questions));
    let judged: usize = outcome.judged.values().sum();
    let mut report = format!(
        "{judged} searches were judged, {} differ\n",
        outcome.differences.len()
    );
    for (kind, number) in &outcome.judged {
        writeln!(report, "{number:6} {kind}").unwrap();
    }
    writeln!(report, "not supported: {:?}", outcome.unsupported).unwrap();
    print!("{report}");
    report += &outcome.differences.join("\n");
    std::fs::write(folder().join("search-oracle.txt"), report).unwrap();
    let first: Vec<_> = outcome.differences.iter().take(TOLD).cloned().collect();
    assert!(
        first.is_empty(),
        "{} differences, first:\n{}",
        outcome.differences.len(),
        first.join("\n")
    );
    let types = declared(&statement(world)).len();
    let least = if types < 4 { LEAST / 4 } else { LEAST };
    assert!(judged >= least, "only {judged} questions for {types} types");
}

fn the_oracle_knows_the_examples_of_the_specification(_: &World) {
    let output = Command::new("node")
        .args(["--test", "--test-reporter=tap", "rules.test.mjs"])
        .current_dir(npm::installed("tests/search-oracle"))
        .output()
        .expect("the oracle needs node on the PATH");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{printed}");
    assert!(
        printed.contains("# pass ") && !printed.contains("# pass 0\n"),
        "{printed}"
    );
}

fn a_wrong_answer_is_reported(world: &World) {
    let divided = questions(world)
        .iter()
        .filter(|question| question.expected.len() > 1);
    let simple: Vec<_> = divided
        .filter(|question| question.feature.is_empty() && question.included.is_none())
        .step_by(20)
        .take(60)
        .cloned()
        .collect();
    assert!(simple.len() > 20, "{}", simple.len());
    let right = answers(&world.doctor().forgetful(), &simple);
    let report = |change: &dyn Fn(&Question, &mut Found)| {
        let mut changed = right.clone();
        for (question, answer) in simple.iter().zip(&mut changed) {
            change(question, answer.as_mut().expect("it is answered"));
        }
        judge(&simple, &changed).differences.len()
    };
    let before = report(&|_, _| {});
    assert!(before < simple.len() / 2, "most answers are right");
    let lost = report(&|question, found| {
        let lost = question.expected.first().unwrap();
        found.matches.retain(|name| name != lost);
    });
    assert_eq!(lost, simple.len(), "an id that is dropped");
    let extra = report(&|_, found| found.matches.push("Patient/of-nobody".to_owned()));
    assert_eq!(extra, simple.len(), "an id too much");
    let twice = report(&|_, found| found.matches.extend(found.matches.first().cloned()));
    assert_eq!(twice, simple.len(), "an id that is there twice");
    let refused: Vec<_> = right
        .iter()
        .map(|_| Err((true, "400".to_owned())))
        .collect();
    assert_eq!(
        judge(&simple, &refused).differences.len(),
        simple.len(),
        "a refusal"
    );
    let sort: Question = serde_json::from_value(json!({
        "query": "/Patient?_sort=birthdate", "kind": "_sort date", "feature": "", "expected": ["a", "b", "c", "d"], "open": [],
        "places": {"a": [0, 1], "b": [0, 1], "c": [1, 2]}, "last": ["d"], "groups": {"a": "x", "b": "x"},
    }))
    .unwrap();
    for (order, right) in [
        ("abcd", true),
        ("bacd", true),
        ("acbd", false),
        ("cabd", false),
        ("abdc", false),
    ] {
        let matches = order.chars().map(String::from).collect();
        let found = Found {
            matches,
            ..Found::default()
        };
        assert_eq!(wrong(&sort, &found).is_empty(), right, "{order}");
    }
    let include = Question {
        included: Some(["P/1".to_owned()].into()),
        places: BTreeMap::new(),
        last: BTreeSet::new(),
        ..sort
    };
    for (included, right) in [
        (vec!["P/1"], true),
        (vec![], false),
        (vec!["P/1", "P/2"], false),
    ] {
        let included = included.into_iter().map(str::to_owned).collect();
        let found = Found {
            matches: include.expected.iter().cloned().collect(),
            included,
        };
        assert_eq!(wrong(&include, &found).is_empty(), right);
    }
}
