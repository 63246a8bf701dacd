//! Application variables: `[variables]` of the manifest, their values from the command line or the
//! environment, and the `{{ templates }}` by which components and allowed hosts use them.
//!
//! All values are known at start, so everything is resolved once, and a missing required variable
//! is found before the first request. Values never appear in messages: any may be a secret.

use std::{
    collections::{BTreeMap, HashMap},
    env, fs,
};

use anyhow::{Context, Result, bail, ensure};
use wasmtime::component::{Accessor, HasSelf};

use crate::{
    bindings::spin::variables::variables::{Error, Host, HostWithStore},
    instance::State,
    manifest::Variable,
};

/// Every application variable with its value.
#[derive(Debug, Default)]
pub(crate) struct Variables(HashMap<String, String>);

impl Variables {
    /// Resolves what the manifest declares: `overrides` (from `--variable`) go before
    /// `SPIN_VARIABLE_NAME` in the environment, which goes before the default.
    pub(crate) fn resolve(
        declared: &BTreeMap<String, Variable>,
        overrides: &[(String, String)],
    ) -> Result<Self> {
        for (name, _) in overrides {
            ensure!(
                declared.contains_key(name),
                "--variable {name}: the manifest has no such variable"
            );
        }
        let mut values = HashMap::new();
        let mut missing = Vec::new();
        for (name, variable) in declared {
            check_name(name).map_err(anyhow::Error::msg)?;
            ensure!(
                variable.required != variable.default.is_some(),
                "variable {name:?} must either be required or have a default"
            );
            let given = overrides
                .iter()
                .rev()
                .find(|(n, _)| n == name)
                .map(|(_, value)| value.clone());
            let value = match given {
                Some(value) => Some(value),
                None => from_environment(name)?.or_else(|| variable.default.clone()),
            };
            match value {
                Some(value) => {
                    values.insert(name.clone(), value);
                }
                None => missing.push(environment_name(name)),
            }
        }
        ensure!(
            missing.is_empty(),
            "required variables have no value: set {}, or give --variable name=value",
            missing.join(", ")
        );
        Ok(Self(values))
    }

    /// Replaces each `{{ name }}` in `template` by the variable's value.
    pub(crate) fn expand(&self, template: &str) -> Result<String> {
        let mut expanded = String::new();
        let mut rest = template;
        while let Some((literal, tail)) = rest.split_once("{{") {
            let (name, tail) = tail
                .split_once("}}")
                .with_context(|| format!("unmatched '{{{{' in {template:?}"))?;
            let name = name.trim();
            let value = self
                .0
                .get(name)
                .with_context(|| format!("unknown variable {name:?} in {template:?}"))?;
            expanded.push_str(literal);
            expanded.push_str(value);
            rest = tail;
        }
        expanded.push_str(rest);
        Ok(expanded)
    }
}

/// Parses `name=value` or `name=@file` of `--variable`.
pub(crate) fn parse_override(text: &str) -> Result<(String, String)> {
    let Some((name, value)) = text.split_once('=') else {
        bail!("expected name=value or name=@file");
    };
    let value = match value.strip_prefix('@') {
        Some(path) => fs::read_to_string(path).with_context(|| format!("cannot read {path}"))?,
        None => value.to_owned(),
    };
    Ok((name.to_owned(), value))
}

fn environment_name(name: &str) -> String {
    format!("SPIN_VARIABLE_{}", name.to_ascii_uppercase())
}

fn from_environment(name: &str) -> Result<Option<String>> {
    let key = environment_name(name);
    match env::var(&key) {
        Ok(value) => Ok(Some(value)),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => bail!("{key} is not UTF-8"),
    }
}

/// Spin's rule for names: lower-case letters, digits and single underscores; a letter first, no
/// underscore last.
fn check_name(name: &str) -> Result<(), String> {
    let fits = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !name.ends_with('_')
        && !name.contains("__");
    if fits {
        return Ok(());
    }
    Err(format!(
        "{name:?}: only lower-case letters, digits and single underscores between them, a letter first"
    ))
}

impl Host for State {}

impl<T: Send> HostWithStore<T> for HasSelf<State> {
    async fn get(accessor: &Accessor<T, Self>, name: String) -> Result<String, Error> {
        check_name(&name).map_err(Error::InvalidName)?;
        accessor.with(|mut access| {
            let configuration = &access.get().configuration;
            configuration.variables.get(&name).cloned().ok_or_else(|| {
                Error::Undefined(format!("no variable for {:?}.{name:?}", configuration.id))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(required: bool, default: Option<&str>) -> BTreeMap<String, Variable> {
        let mut variable = Variable::default();
        variable.required = required;
        variable.default = default.map(str::to_owned);
        BTreeMap::from([("host_under_test".to_owned(), variable)])
    }

    #[test]
    fn command_line_goes_before_default() {
        let given = [("host_under_test".to_owned(), "b".to_owned())];
        let variables = Variables::resolve(&declared(false, Some("a")), &given).unwrap();
        assert_eq!(
            variables
                .expand("x-{{ host_under_test }}-{{host_under_test}}")
                .unwrap(),
            "x-b-b"
        );
        let variables = Variables::resolve(&declared(false, Some("a")), &[]).unwrap();
        assert_eq!(variables.expand("{{ host_under_test }}").unwrap(), "a");
    }

    #[test]
    fn missing_required_variable_is_named() {
        let error = Variables::resolve(&declared(true, None), &[]).unwrap_err();
        assert!(error.to_string().contains("SPIN_VARIABLE_HOST_UNDER_TEST"));
    }

    #[test]
    fn bad_templates_and_names_are_errors() {
        let variables = Variables::default();
        assert!(variables.expand("{{ absent }}").is_err());
        assert!(variables.expand("{{ open").is_err());
        for name in ["", "A", "1a", "a__b", "a_", "a-b"] {
            assert!(check_name(name).is_err(), "accepted {name:?}");
        }
        assert!(check_name("a_b2").is_ok());
    }
}
