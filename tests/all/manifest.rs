//! What `spin.toml` promises: who is let in where, and what each component may reach.

use std::collections::BTreeMap;

use toml::Table;
use xtask::components;

use crate::world::World;
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        only_conformance_health_and_signing_in_are_open,
        a_component_reaches_the_database_and_the_other_components_only,
        every_component_has_the_variables_of_signing_in,
        secrets_are_marked_and_have_no_default,
        a_component_weighs_less_than_a_megabyte_and_a_half,
    ]
}

fn manifest() -> Table {
    let text = std::fs::read_to_string(xtask::root().join("spin.toml")).unwrap();
    text.parse().unwrap()
}

/// The components without a guard.
const OPEN: &[&str] = &["login", "metadata"];

fn only_conformance_health_and_signing_in_are_open(world: &World) {
    let manifest = manifest();
    let triggers = manifest["trigger"]["http"].as_array().unwrap();
    let mut by_component = BTreeMap::<_, Vec<_>>::new();
    for trigger in triggers {
        let component = trigger["component"].as_str().unwrap();
        let guards = trigger
            .get("dependencies")
            .map(|dependencies| &dependencies["middleware"]);
        let guarded = guards.is_some_and(|guards| guards[0]["component"].as_str() == Some("auth"));
        by_component
            .entry(component)
            .or_default()
            .push((trigger["route"].as_str().unwrap(), guarded));
    }
    // One trigger for each component: a second one without the guard would be a way around it.
    assert!(
        by_component.values().all(|routes| routes.len() == 1),
        "{by_component:?}"
    );
    for (component, routes) in by_component {
        let (route, guarded) = routes[0];
        assert_eq!(guarded, !OPEN.contains(&component), "{component}");
        let path = route.trim_end_matches("/...");
        if guarded {
            world.anonymous().get(path).refused(401, "login");
        }
    }
}

fn a_component_reaches_the_database_and_the_other_components_only(_: &World) {
    for (name, component) in manifest()["component"].as_table().unwrap() {
        let hosts = component
            .get("allowed_outbound_hosts")
            .and_then(toml::Value::as_array);
        let hosts: Vec<&str> = hosts
            .into_iter()
            .flatten()
            .map(|host| host.as_str().unwrap())
            .collect();
        let database = "postgres://{{ database_host }}";
        let expected = match name.as_str() {
            // what it needs it inherits
            "auth" => vec![],
            "login" => vec![database],
            _ => vec![database, "http://*.spin.internal"],
        };
        assert_eq!(hosts, expected, "{name}");
    }
}

/// The guard runs with the variables of the component that it guards: one that is missing there would count as empty.
fn every_component_has_the_variables_of_signing_in(_: &World) {
    let manifest = manifest();
    let variables = manifest["variables"].as_table().unwrap().keys();
    // That is where the component may connect to, which the manifest itself says.
    let variables: Vec<&String> = variables.filter(|name| *name != "database_host").collect();
    for (name, component) in manifest["component"].as_table().unwrap() {
        if name == "auth" {
            continue;
        }
        for variable in &variables {
            let expected = format!("{{{{ {variable} }}}}");
            assert_eq!(
                component["variables"][variable.as_str()].as_str(),
                Some(expected.as_str()),
                "{name}"
            );
        }
    }
}

fn secrets_are_marked_and_have_no_default(_: &World) {
    let manifest = manifest();
    for name in ["database_url", "secret_key"] {
        let variable = &manifest["variables"][name];
        assert_eq!(variable["secret"].as_bool(), Some(true), "{name}");
        let default = variable.get("default").and_then(toml::Value::as_str);
        assert_eq!(default.unwrap_or_default(), "", "{name}");
    }
}

fn a_component_weighs_less_than_a_megabyte_and_a_half(_: &World) {
    let sources = components::sources().unwrap();
    assert!(sources.len() >= 4, "{sources:?}");
    for (name, path) in sources {
        let size = std::fs::metadata(&path).unwrap().len();
        assert!((1..1_800_000).contains(&size), "{name}: {size} bytes");
    }
}
