//! The examples of docs/search.md work on the demo hospital, and find something.

use std::path::Path;

use crate::world::{World, encoded};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![every_example_of_the_search_documentation_finds_something]
}

/// The path that the function `fhir` of the page makes of its arguments, as curl does.
fn path(arguments: &str) -> String {
    let mut words = words(arguments).into_iter();
    let mut path = format!("/{}?", words.next().unwrap());
    while let Some(option) = words.next() {
        let pair = words.next().unwrap_or_else(|| panic!("{arguments}"));
        let pair = match option.as_str() {
            "-d" => pair,
            "--data-urlencode" => {
                let (name, value) = pair.split_once('=').unwrap();
                format!("{name}={}", encoded(value))
            }
            other => panic!("{other} in {arguments}"),
        };
        path.push_str(&pair);
        path.push('&');
    }
    path
}

/// The words of a command; single quotation marks hold one together.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for character in command.chars() {
        match character {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            other => words.last_mut().unwrap().push(other),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn every_example_of_the_search_documentation_finds_something(world: &World) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/search.md");
    let page = std::fs::read_to_string(page).unwrap();
    let examples: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("fhir "))
        .collect();
    assert!(examples.len() > 15, "{}", examples.len());
    for example in examples {
        let path = path(example);
        let strict = [("prefer", "handling=strict")];
        let bundle = world.doctor().get_with(&path, &strict).ok();
        let entries = bundle["entry"].as_array().map(Vec::len).unwrap_or_default();
        assert!(entries > 0, "{example} finds nothing");
        if path.contains("include=") {
            assert!(
                bundle.to_string().contains("\"include\""),
                "{example} brings nothing along"
            );
        }
    }
}
