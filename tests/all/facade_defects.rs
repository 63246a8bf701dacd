//! What another FHIR facade over a hospital system was found to do wrong, and this one must not: nine defects, each
//! tried on every type that the CapabilityStatement declares.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::crawl::{
    declared, entries, everything, found, name, pages, parameters, resources, statement, texts,
};
use crate::http::{Answer, Client};
use crate::oddities::{NULLED, Oddities, ROWS};
use crate::search_oracle::{Question, questions};
use crate::world::{NEW, World, encoded, link};
use crate::{Test, tests, validation};

pub fn tests() -> Vec<Test> {
    tests![
        every_declared_parameter_really_filters,
        next_pages_really_go_on,
        totals_count_matches_and_not_what_comes_along,
        a_sort_keeps_its_chain_and_its_pages,
        an_unknown_parameter_never_means_everybody_in_silence,
        count_zero_counts_and_shows_nobody,
    ]
}

pub fn tests_that_change_data() -> Vec<Test> {
    tests![
        ids_and_contents_are_stable_over_restarts,
        one_bad_row_never_breaks_a_search,
        where_everything_is_null_nothing_is_shown_and_nothing_breaks,
    ]
}

/// Declared parameters for which no resource of the demo database has a value, each with the reason: `Type.parameter`.
const WITHOUT_DATA: &[(&str, &str)] = &[
    (
        "AllergyIntolerance.recorder",
        "the demo is filled by nobody; tests/all/allergies.rs makes one that a doctor enters",
    ),
    (
        "AllergyIntolerance.verification-status",
        "no laboratory confirmed an allergy of the demo; tests/all/allergies.rs makes one",
    ),
    (
        "Condition.evidence-detail",
        "the demo's conditions have no laboratory test; tests/all/conditions.rs makes one",
    ),
    (
        "Condition.onset-age",
        "the demo's conditions have a date, which stands in place of the age; tests/all/conditions.rs makes one with an age",
    ),
    (
        "Organization.address-use",
        "the demo's address of an organisation has no use; tests/all/organizations.rs makes some with one",
    ),
    (
        "PractitionerRole.location",
        "a location is an identifier only, and 4.4 has none; tests/all/practitioner_roles.rs looks for it",
    ),
    (
        "Medication.ingredient-code",
        "GNU Health has no code of a component, only its name, which `:text` finds: tests/all/medications.rs",
    ),
    (
        "MedicationStatement.context",
        "stays are not served, so only `:identifier` finds one: tests/all/medication_statements.rs",
    ),
    (
        "DiagnosticReport.issued",
        "reports have no states before GNU Health 5.0; tests/all/diagnostic_reports.rs searches it there",
    ),
    (
        "Observation.based-on",
        "the demo's laboratory orders have a number in GNU Health 5.0 only; tests/all/observations.rs searches it there",
    ),
    (
        "Immunization.vaccine-code",
        "GNU Health has no codes of vaccines, and the demo's products have none; tests/all/immunizations.rs makes one",
    ),
];

fn types(world: &World) -> Vec<String> {
    let declared = declared(&statement(world)).into_iter();
    declared
        .map(|declared| declared["type"].as_str().unwrap().to_owned())
        .collect()
}

fn strictly(client: &Client, path: &str) -> Answer {
    client.get_with(path, &[("prefer", "handling=strict")])
}

/// What a search finds, on large pages.
fn found_at_once(client: &Client, query: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut next = Some(format!("{query}&_count=1000"));
    while let Some(path) = next {
        let bundle = strictly(client, &path).ok();
        found.extend(entries(&bundle, "match").map(|entry| name(&entry["resource"])));
        next = link(&bundle, "next");
    }
    found
}

/// The parameter of a question that has one only.
fn parameter_of(question: &Question) -> Option<(&str, &str)> {
    let (kind, query) = question.query.strip_prefix('/')?.split_once('?')?;
    let (name, _) = query
        .split_once('=')
        .filter(|(_, value)| !value.contains('&'))?;
    Some((kind, name.split(':').next()?))
}

/// Whether it asks for a reference to a type, or by an identifier: what leads only to types that are not served is found by
/// these only.
fn is_of_references(question: &Question) -> bool {
    let modifier = question.feature.rsplit_once(':');
    modifier.is_some_and(|(_, modifier)| {
        modifier == "identifier" || modifier.starts_with(|first: char| first.is_ascii_uppercase())
    })
}

fn every_declared_parameter_really_filters(world: &World) {
    let client = world.doctor().forgetful();
    let questions = questions(world);
    let mut about = BTreeMap::<(&str, &str), Vec<&Question>>::new();
    for question in questions
        .iter()
        .filter(|question| question.feature.is_empty() || is_of_references(question))
        .filter(|question| question.included.is_none())
    {
        if let Some(key) = parameter_of(question) {
            about.entry(key).or_default().push(question);
        }
    }
    for declared in declared(&statement(world)) {
        let kind = declared["type"].as_str().unwrap();
        let all = resources(&client, kind).len();
        for parameter in parameters(&declared)
            .iter()
            .filter(|name| !matches!(name.as_str(), "_has" | "_filter" | "_type" | "_list"))
        {
            let own = about
                .get(&(kind, parameter.as_str()))
                .map(Vec::as_slice)
                .unwrap_or_default();
            let valued = own
                .iter()
                .filter(|question| !question.query.contains(":missing="));
            let fewer: Vec<&Question> = valued
                .filter(|question| question.expected.len() + question.open.len() < all)
                .copied()
                .collect();
            let some = own
                .iter()
                .filter(|question| !question.query.contains(":missing=true"))
                .filter(|question| !question.expected.is_empty())
                .count();
            if WITHOUT_DATA
                .iter()
                .any(|(known, _)| *known == format!("{kind}.{parameter}"))
            {
                continue;
            }
            assert!(
                some > 0,
                "no {kind} of the demo database has a value for {parameter}"
            );
            assert!(
                !fewer.is_empty(),
                "no value of {kind}?{parameter} finds fewer than all"
            );
            // Those first that divide, for a search that finds nobody proves less.
            let (dividing, others): (Vec<&Question>, Vec<&Question>) = fewer
                .into_iter()
                .partition(|question| !question.expected.is_empty());
            for question in dividing.into_iter().chain(others).take(3) {
                let found = found_at_once(&client, &question.query);
                assert!(found.len() < all, "{} finds everybody", question.query);
                let perhaps: BTreeSet<String> =
                    question.expected.union(&question.open).cloned().collect();
                assert!(
                    found.is_superset(&question.expected) && found.is_subset(&perhaps),
                    "{}: {found:?}",
                    question.query
                );
            }
        }
    }
}

fn next_pages_really_go_on(world: &World) {
    let client = world.doctor().forgetful();
    let all: BTreeSet<String> = everything(&client, &statement(world))
        .iter()
        .map(name)
        .collect();
    for kind in types(world) {
        let expected: BTreeSet<String> = all
            .iter()
            .filter(|name| name.starts_with(&format!("{kind}/")))
            .cloned()
            .collect();
        assert!(expected.len() > 1, "{kind}");
        each_once(&client, &format!("/{kind}?"), &expected);
        let start = format!("/{kind}?");
        let many = questions(world).iter().filter(|question| {
            question.feature.is_empty()
                && question.open.is_empty()
                && question.included.is_none()
                && question.query.starts_with(&start)
        });
        let many = many.filter(|question| (8..expected.len()).contains(&question.expected.len()));
        for question in many.step_by(23).take(8) {
            each_once(&client, &format!("{}&", question.query), &question.expected);
        }
    }
}

/// Following `next` gives each of these once, in pages of several sizes.
fn each_once(client: &Client, path: &str, expected: &BTreeSet<String>) {
    for size in [
        expected.len().div_ceil(40),
        expected.len().div_ceil(3),
        expected.len(),
    ] {
        let pages = pages(client, &format!("{path}_count={size}"));
        let sizes: Vec<usize> = pages
            .iter()
            .map(|page| entries(page, "match").count())
            .collect();
        assert!(
            sizes.iter().all(|found| *found <= size && *found > 0),
            "{path}: {sizes:?}"
        );
        let found: Vec<String> = pages
            .iter()
            .flat_map(|page| entries(page, "match"))
            .map(|entry| name(&entry["resource"]))
            .collect();
        let unique: BTreeSet<String> = found.iter().cloned().collect();
        assert_eq!(unique.len(), found.len(), "{path} repeats one");
        assert_eq!(&unique, expected, "{path}");
    }
}

/// What is declared to come along, as it stands in a query.
fn includes(declared: &Value) -> Vec<String> {
    let of = |list: &str, parameter: &str| {
        texts(&declared[list])
            .iter()
            .map(|value| format!("{parameter}={}", encoded(value)))
            .collect::<Vec<_>>()
    };
    [
        of("searchInclude", "_include"),
        of("searchRevInclude", "_revinclude"),
    ]
    .concat()
}

fn totals_count_matches_and_not_what_comes_along(world: &World) {
    let client = world.doctor().forgetful();
    let (mut tried, mut along) = (0, 0);
    for declared in declared(&statement(world)) {
        let kind = declared["type"].as_str().unwrap();
        let all = resources(&client, kind).len();
        for include in includes(&declared) {
            let path = format!(
                "/{kind}?{include}&_total=accurate&_count={}",
                all.div_ceil(10).max(2)
            );
            let pages = pages(&client, &path);
            let matches: usize = pages
                .iter()
                .map(|page| entries(page, "match").count())
                .sum();
            assert_eq!(matches, all, "{path}");
            assert!(
                pages.iter().all(|page| page["total"] == all),
                "{path}: {}",
                pages[0]["total"]
            );
            along += pages
                .iter()
                .map(|page| entries(page, "include").count())
                .sum::<usize>();
            let none = strictly(&client, &format!("/{kind}?{include}&_count=0")).ok();
            assert_eq!(none["total"], all, "{path}");
            assert!(none.get("entry").is_none(), "{path}");
            tried += 1;
        }
        let plain = strictly(&client, &format!("/{kind}?_total=accurate&_count=2")).ok();
        assert_eq!(plain["total"], all, "{kind}");
    }
    println!("totals were looked at with {tried} includes");
    assert!(tried == 0 || along > 0, "nothing ever came along");
}

/// The parameters of a type that it can be sorted by.
fn sortable(client: &Client, declared: &Value) -> Vec<String> {
    let kind = declared["type"].as_str().unwrap();
    let sorts = |name: &String| {
        let answer = strictly(client, &format!("/{kind}?_sort={name}&_count=1"));
        assert!(
            matches!(answer.status, 200 | 400),
            "{kind}?_sort={name}: {}",
            answer.status
        );
        answer.status == 200
    };
    parameters(declared).into_iter().filter(sorts).collect()
}

fn a_sort_keeps_its_chain_and_its_pages(world: &World) {
    let client = world.doctor().forgetful();
    let (mut sorts, mut chained) = (0, 0);
    for declared in declared(&statement(world)) {
        let kind = declared["type"].as_str().unwrap();
        let start = format!("/{kind}?");
        let sortable = sortable(&client, &declared);
        sorts += sortable.len();
        let own = questions(world)
            .iter()
            .filter(|question| question.query.starts_with(&start) && question.open.is_empty());
        let own = own.filter(|question| {
            question.expected.len() > 3 && question.included.is_none() && question.page.is_none()
        });
        let (chains, plain): (Vec<_>, Vec<_>) =
            own.partition(|question| matches!(question.feature.as_str(), "chain" | "_has"));
        let answered = |question: &&&Question| {
            strictly(&client, &format!("{}&_count=1", question.query)).status == 200
        };
        let chains: Vec<_> = chains.iter().filter(answered).take(6).collect();
        let plain: Vec<_> = plain.iter().filter(answered).step_by(17).take(6).collect();
        chained += chains.len();
        for (index, question) in chains.into_iter().chain(plain).enumerate() {
            let Some(key) = sortable.get(index % sortable.len().max(1)) else {
                continue;
            };
            let size = question.expected.len().div_ceil(10).max(2);
            let one_page = found(
                &client,
                &format!("{}&_sort=-{key}&_count=1000", question.query),
            );
            let paged = found(
                &client,
                &format!("{}&_sort=-{key}&_count={size}", question.query),
            );
            assert_eq!(
                paged, one_page,
                "{} sorted by {key}: the order does not depend on the pages",
                question.query
            );
            assert_eq!(
                paged.len(),
                question.expected.len(),
                "{} sorted by {key}",
                question.query
            );
            assert_eq!(
                paged.into_iter().collect::<BTreeSet<_>>(),
                question.expected,
                "{} sorted by {key}",
                question.query
            );
        }
    }
    println!("{sorts} parameters sort, {chained} chains were sorted");
}

fn an_unknown_parameter_never_means_everybody_in_silence(world: &World) {
    let client = world.doctor().forgetful();
    for kind in types(world) {
        let path = format!("/{kind}?nonsense=1&_id=999999999");
        strictly(&client, &path).refused(400, "not-supported");
        let lenient = client.get(&path).ok();
        assert_eq!(
            entries(&lenient, "match").count(),
            0,
            "{kind}: the known parameter still filters"
        );
        assert_eq!(
            entries(&lenient, "outcome").count(),
            1,
            "{kind}: what was ignored is told"
        );
        assert!(
            !link(&lenient, "self").unwrap().contains("nonsense"),
            "{kind}"
        );
    }
}

fn count_zero_counts_and_shows_nobody(world: &World) {
    let client = world.doctor().forgetful();
    for kind in types(world) {
        let all = resources(&client, &kind).len();
        let none = strictly(&client, &format!("/{kind}?_count=0")).ok();
        assert_eq!(
            (&none["total"], none.get("entry")),
            (&all.into(), None),
            "{kind}"
        );
        assert_eq!(link(&none, "next"), None, "{kind}");
        let start = format!("/{kind}?");
        let own = questions(world)
            .iter()
            .filter(|question| question.feature.is_empty() && question.open.is_empty());
        for question in own
            .filter(|question| question.query.starts_with(&start) && question.page.is_none())
            .step_by(101)
            .take(12)
        {
            let none = strictly(&client, &format!("{}&_count=0", question.query)).ok();
            let expected = (&question.expected.len().into(), None);
            assert_eq!(
                (&none["total"], none.get("entry")),
                expected,
                "{}",
                question.query
            );
        }
    }
}

/// All resources by their name.
fn contents(client: &Client, statement: &Value) -> BTreeMap<String, Value> {
    let all = everything(client, statement);
    let number = all.len();
    let contents: BTreeMap<String, Value> = all
        .into_iter()
        .map(|resource| (name(&resource), resource))
        .collect();
    assert_eq!(contents.len(), number, "an id is there twice");
    contents
}

fn ids_and_contents_are_stable_over_restarts(world: &World) {
    let statement = statement(world);
    let first = contents(&world.doctor(), &statement);
    assert_eq!(
        contents(&world.doctor().forgetful(), &statement),
        first,
        "asked again"
    );
    let restarted = world.start_app("restarted", |options| options);
    let client = restarted
        .client
        .with_credentials("doctor", world.password("doctor"));
    // Two apps differ in their address only.
    let text = serde_json::to_string(&contents(&client.forgetful(), &statement)).unwrap();
    let again: BTreeMap<String, Value> =
        serde_json::from_str(&text.replace(&restarted.url(), &world.app().url())).unwrap();
    assert_eq!(again, first, "asked of another app");
    for (name, resource) in first.iter().step_by(7) {
        assert_eq!(
            &client.forgetful().get(&format!("/{name}")).ok()["id"],
            &resource["id"],
            "{name}"
        );
    }
}

/// Whether a name is that of an odd row: its id holds one of their numbers.
fn odd(name: &str) -> bool {
    (NEW..NEW + ROWS).any(|id| name.split(['/', '-']).any(|part| part == id.to_string()))
}

fn one_bad_row_never_breaks_a_search(world: &World) {
    let statement = statement(world);
    let questions = questions(world);
    let client = world.doctor().forgetful();
    let before = contents(&client, &statement);
    let _oddities = Oddities::come(world, &types(world));
    let after = contents(&client, &statement);
    for (name, resource) in &before {
        // Not with assert_eq: what an odd row holds is not for the eye.
        assert!(
            after.get(name) == Some(resource),
            "{name} is not the same beside odd rows"
        );
    }
    let odd_ones: Vec<&String> = after
        .keys()
        .filter(|name| !before.contains_key(*name))
        .collect();
    assert!(odd_ones.iter().all(|name| odd(name)), "{odd_ones:?}");
    for kind in types(world) {
        let shown = odd_ones
            .iter()
            .filter(|name| name.starts_with(&format!("{kind}/")))
            .count();
        assert!(shown > 0, "no odd {kind} is shown");
    }
    for name in &odd_ones {
        let read = client.get(&format!("/{name}")).ok();
        assert!(
            Some(&read) == after.get(*name),
            "{name} is read as it is found"
        );
    }
    let shown: Vec<Value> = after
        .into_iter()
        .filter(|(name, _)| odd(name))
        .map(|(_, resource)| resource)
        .collect();
    validation::assert_valid(&shown);
    for question in questions
        .iter()
        .filter(|question| question.page.is_some() || question.included.is_some())
    {
        let answer = client.get_with(
            &format!("{}&_count=1000", question.query),
            &[("prefer", "handling=lenient")],
        );
        assert!(
            matches!(answer.status, 200 | 400),
            "{}: {}",
            question.query,
            answer.text()
        );
    }
    // Those of the time of a change were right when they were made; tests before this one have changed records since.
    let lasting = |question: &&Question| !question.query.contains("_lastUpdated");
    let plain = questions
        .iter()
        .filter(|question| question.feature.is_empty() && question.included.is_none())
        .filter(lasting);
    for question in plain.step_by(5) {
        let found = found_at_once(&client, &question.query);
        let others: BTreeSet<String> = found.into_iter().filter(|name| !odd(name)).collect();
        let perhaps: BTreeSet<String> = question.expected.union(&question.open).cloned().collect();
        assert!(
            others.is_superset(&question.expected) && others.is_subset(&perhaps),
            "{} beside odd rows",
            question.query
        );
    }
}

fn where_everything_is_null_nothing_is_shown_and_nothing_breaks(world: &World) {
    let client = world.doctor().forgetful();
    let _oddities = Oddities::come(world, &types(world));
    let mut seen = 0;
    for declared in declared(&statement(world)) {
        let kind = declared["type"].as_str().unwrap();
        let all = resources(&world.doctor(), kind);
        let nulled: Vec<&Value> = all
            .iter()
            .filter(|resource| {
                resource["id"]
                    .as_str()
                    .unwrap()
                    .split('-')
                    .any(|part| part == NULLED.to_string())
            })
            .collect();
        seen += nulled.len();
        for resource in nulled {
            let name = name(resource);
            assert_eq!(
                &world.doctor().get(&format!("/{name}")).ok(),
                resource,
                "{name}"
            );
            assert!(
                !resource.to_string().contains("null") && !resource.to_string().contains("\"\""),
                "{resource}"
            );
            for parameter in parameters(&declared)
                .iter()
                .filter(|name| !matches!(name.as_str(), "_has" | "_filter" | "_type" | "_list"))
            {
                let missing = found_at_once(&client, &format!("/{kind}?{parameter}:missing=true"));
                let present = found_at_once(&client, &format!("/{kind}?{parameter}:missing=false"));
                assert!(
                    missing.contains(&name) != present.contains(&name),
                    "{name} either has {parameter} or has not"
                );
            }
        }
    } // A row of measures in which all is NULL is no resource at all, but a patient is.
    assert!(seen > 0, "no row in which everything is NULL is served");
}
