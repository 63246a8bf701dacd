//! Everything that the server serves, found by what it says of itself: each type of its CapabilityStatement, each page.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::http::Client;
use crate::world::{World, link};

/// The CapabilityStatement.
pub fn statement(world: &World) -> Value {
    world.anonymous().get("/metadata").ok()
}

/// What the CapabilityStatement says of each resource type.
pub fn declared(statement: &Value) -> Vec<Value> {
    let declared = statement["rest"][0]["resource"].as_array();
    declared.expect("resource types are declared").clone()
}

/// The strings of a list that may not be there.
pub fn texts(list: &Value) -> Vec<String> {
    let list = list.as_array().into_iter().flatten();
    list.map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// The names of the search parameters of a declared type.
pub fn parameters(declared: &Value) -> Vec<String> {
    let parameters = declared["searchParam"].as_array().into_iter().flatten();
    parameters
        .map(|parameter| parameter["name"].as_str().unwrap().to_owned())
        .collect()
}

/// The pages of a search, from a path on.
pub fn pages(client: &Client, path: &str) -> Vec<Value> {
    let mut pages = Vec::new();
    let mut seen = BTreeSet::new();
    let mut next = Some(path.to_owned());
    while let Some(url) = next {
        let bundle = client.get(&url).ok();
        next = link(&bundle, "next");
        pages.push(bundle);
        assert!(seen.insert(url), "a page leads to itself: {path}");
        assert!(pages.len() <= 5000, "the pages do not end: {path}");
    }
    pages
}

/// The entries of a bundle with this search mode: `match`, `include` or `outcome`.
pub fn entries<'b>(bundle: &'b Value, mode: &'b str) -> impl Iterator<Item = &'b Value> {
    let entries = bundle["entry"].as_array().into_iter().flatten();
    entries.filter(move |entry| entry["search"]["mode"] == mode)
}

/// The name of a resource, `Type/id`.
pub fn name(resource: &Value) -> String {
    let text = |key: &str| resource[key].as_str().unwrap_or_default();
    format!("{}/{}", text("resourceType"), text("id"))
}

/// The names of the matches of all pages, in their order.
pub fn found(client: &Client, path: &str) -> Vec<String> {
    let pages = pages(client, path);
    pages
        .iter()
        .flat_map(|bundle| entries(bundle, "match"))
        .map(|entry| name(&entry["resource"]))
        .collect()
}

/// Every resource of a type.
pub fn resources(client: &Client, kind: &str) -> Vec<Value> {
    let pages = pages(client, &format!("/{kind}?_count=100"));
    pages
        .iter()
        .flat_map(|bundle| entries(bundle, "match"))
        .map(|entry| entry["resource"].clone())
        .collect()
}

/// Every resource of every declared type.
pub fn everything(client: &Client, statement: &Value) -> Vec<Value> {
    let types = declared(statement);
    types
        .iter()
        .flat_map(|declared| resources(client, declared["type"].as_str().unwrap()))
        .collect()
}
