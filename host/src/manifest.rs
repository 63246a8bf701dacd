//! `spin.toml`, manifest version 2, as far as this host can honour it.
//!
//! A key that would change how the app behaves and that is not implemented here is an error, never
//! ignored: what starts here must mean the same on Spin. Keys that do not matter at run time
//! (`build`, `targets`, `description`, ...) are accepted.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

/// The whole manifest.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    spin_manifest_version: u32,
    /// Name and version; shown on the well-known info page.
    pub(crate) application: Application,
    /// The application's variables.
    #[serde(default)]
    pub(crate) variables: BTreeMap<String, Variable>,
    /// Triggers by type; only `http` is accepted.
    #[serde(default)]
    trigger: BTreeMap<String, Vec<Trigger>>,
    /// Components by id.
    #[serde(default, rename = "component")]
    pub(crate) components: BTreeMap<String, Component>,
}

/// `[application]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Application {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) version: String,
    #[serde(default, rename = "description")]
    _description: Ignored,
    #[serde(default, rename = "authors")]
    _authors: Ignored,
    #[serde(default, rename = "targets")]
    _targets: Ignored,
    #[serde(default, rename = "tool")]
    _tool: Ignored,
    #[serde(default)]
    trigger: BTreeMap<String, toml::Table>,
}

/// One of `[variables]`: either required, or with a default.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Variable {
    #[serde(default)]
    pub(crate) required: bool,
    #[serde(default)]
    pub(crate) default: Option<String>,
    #[serde(default, rename = "secret")]
    _secret: bool,
    #[serde(default, rename = "description")]
    _description: Ignored,
}

/// `[[trigger.http]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trigger {
    /// Names the variant of a component that has several triggers; given by the host if empty.
    #[serde(default)]
    pub(crate) id: String,
    /// The component which serves the route.
    pub(crate) component: String,
    /// Where it is reached.
    pub(crate) route: Route,
    #[serde(default)]
    executor: Executor,
    #[serde(default)]
    dependencies: TriggerDependencies,
}

impl Trigger {
    /// The middleware in front of the component, outermost first.
    pub(crate) fn middleware(&self) -> &[Middleware] {
        &self.dependencies.middleware
    }
}

/// `route = "/x/..."` or `route = { private = true }` (reached by service chaining only).
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Route {
    Public(String),
    Private(Private),
}

/// `{ private = true }`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Private {
    private: bool,
}

/// `executor = { type = "http" }`; the CGI one (`wagi`) is not implemented.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", tag = "type")]
enum Executor {
    #[default]
    #[serde(alias = "spin")]
    Http,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct TriggerDependencies {
    #[serde(default)]
    middleware: Vec<Middleware>,
}

/// One HTTP middleware: a component of this app.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Middleware {
    pub(crate) component: String,
    #[serde(default)]
    pub(crate) inherit_configuration: Inherit,
}

/// What a middleware gets of the configuration of the component it stands in front of.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(untagged)]
pub(crate) enum Inherit {
    All(bool),
    Keys(Vec<String>),
}

impl Default for Inherit {
    fn default() -> Self {
        Self::All(false)
    }
}

impl Inherit {
    /// Whether the named part of the configuration is granted.
    pub(crate) fn grants(&self, key: &str) -> bool {
        match self {
            Self::All(all) => *all,
            Self::Keys(keys) => keys.iter().any(|k| k == key),
        }
    }
}

/// `[component.id]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Component {
    /// Path of the compiled component, relative to the manifest.
    pub(crate) source: String,
    #[serde(default)]
    pub(crate) variables: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) environment: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) files: Vec<FilesMount>,
    #[serde(default)]
    pub(crate) exclude_files: Vec<String>,
    #[serde(default)]
    pub(crate) allowed_outbound_hosts: Vec<String>,
    #[serde(default)]
    pub(crate) key_value_stores: Vec<String>,
    #[serde(default)]
    sqlite_databases: Vec<String>,
    #[serde(default)]
    ai_models: Vec<String>,
    #[serde(default)]
    dependencies: toml::Table,
    #[serde(default, rename = "dependencies_inherit_configuration")]
    _dependencies_inherit_configuration: Ignored,
    #[serde(default, rename = "description")]
    _description: Ignored,
    #[serde(default, rename = "build")]
    _build: Ignored,
    #[serde(default, rename = "targets")]
    _targets: Ignored,
    #[serde(default, rename = "tool")]
    _tool: Ignored,
    #[serde(default, rename = "profile")]
    _profile: Ignored,
}

/// One of a component's `files`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum FilesMount {
    Pattern(String),
    Placement(Placement),
}

/// `{ source = "dir", destination = "/guest" }`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Placement {
    pub(crate) source: String,
    pub(crate) destination: String,
}

/// A value of any shape that does not matter to this host.
#[derive(Debug, Default)]
struct Ignored;

impl<'de> Deserialize<'de> for Ignored {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

impl Manifest {
    /// Reads and checks the manifest at `path`.
    pub(crate) fn load(path: &Path) -> Result<Self> {
        let text =
            fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("in {}", path.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let mut manifest: Self = toml::from_str(text)?;
        ensure!(
            manifest.spin_manifest_version == 2,
            "spin_manifest_version must be 2"
        );
        for (kind, config) in &manifest.application.trigger {
            ensure!(
                config.is_empty(),
                "[application.trigger.{kind}] is not implemented by this host"
            );
        }
        for (index, trigger) in manifest
            .trigger
            .entry("http".to_owned())
            .or_default()
            .iter_mut()
            .enumerate()
        {
            if trigger.id.is_empty() {
                trigger.id = format!("http-trigger{}", index + 1);
            }
        }
        manifest.check()?;
        Ok(manifest)
    }

    /// The HTTP triggers, in the manifest's order.
    pub(crate) fn triggers(&self) -> &[Trigger] {
        self.trigger.get("http").map_or(&[], Vec::as_slice)
    }

    /// The component with this id.
    pub(crate) fn component(&self, id: &str) -> Result<&Component> {
        self.components
            .get(id)
            .with_context(|| format!("no component {id:?} in the manifest"))
    }

    fn check(&self) -> Result<()> {
        if let Some(kind) = self.trigger.keys().find(|kind| *kind != "http") {
            bail!("triggers of type {kind:?} are not implemented by this host");
        }
        for trigger in self.triggers() {
            self.component(&trigger.component)?;
            for middleware in trigger.middleware() {
                self.component(&middleware.component)?;
            }
            if let Route::Private(Private { private: false }) = trigger.route {
                bail!(
                    "the route of {:?} must be a path or {{ private = true }}",
                    trigger.component
                );
            }
            let Executor::Http = trigger.executor;
        }
        for (id, component) in &self.components {
            let unsupported = [
                ("sqlite_databases", component.sqlite_databases.is_empty()),
                ("ai_models", component.ai_models.is_empty()),
                ("dependencies", component.dependencies.is_empty()),
            ];
            for (key, empty) in unsupported {
                ensure!(
                    empty,
                    "component {id:?}: {key} is not implemented by this host"
                );
            }
            if let Some(store) = component.key_value_stores.iter().find(|s| *s != "default") {
                bail!("component {id:?}: there is no key-value store {store:?}, only \"default\"");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: &str = r#"
        spin_manifest_version = 2
        [application]
        name = "app"
        version = "1.0.0"
        authors = ["someone"]
        [variables]
        url = { required = true, secret = true }
        [[trigger.http]]
        route = "/Patient/..."
        component = "patient"
        dependencies.middleware = [{ component = "auth", inherit_configuration = ["variables"] }]
        [[trigger.http]]
        route = { private = true }
        component = "auth"
        [component.patient]
        source = "patient.wasm"
        files = ["*.conf", { source = "data", destination = "/data" }]
        [component.patient.build]
        command = "cargo build"
        [component.auth]
        source = "auth.wasm"
    "#;

    #[test]
    fn reads_triggers_middleware_and_files() {
        let manifest = Manifest::parse(APP).unwrap();
        let [patient, auth] = manifest.triggers() else {
            unreachable!("two triggers")
        };
        assert!(matches!(&patient.route, Route::Public(r) if r == "/Patient/..."));
        let inherit = &patient.middleware()[0].inherit_configuration;
        assert!(inherit.grants("variables") && !inherit.grants("files"));
        assert!(matches!(auth.route, Route::Private(_)));
        assert_eq!(auth.id, "http-trigger2");
        assert_eq!(manifest.component("patient").unwrap().files.len(), 2);
    }

    #[test]
    fn refuses_what_it_cannot_honour() {
        for (from, to) in [
            ("spin_manifest_version = 2", "spin_manifest_version = 1"),
            ("component = \"patient\"\n", "component = \"absent\"\n"),
            (
                "component = \"patient\"\n",
                "component = \"patient\"\nstatic_response = {}\n",
            ),
            ("private = true", "private = false"),
            (
                "[component.auth]",
                "[component.auth]\nsqlite_databases = [\"default\"]",
            ),
            (
                "[component.auth]",
                "[component.auth]\nkey_value_stores = [\"other\"]",
            ),
            ("[component.auth]", "[component.auth]\nallowed_hosts = []"),
            ("[[trigger.http]]", "[[trigger.redis]]"),
        ] {
            let changed = APP.replacen(from, to, 1);
            assert_ne!(changed, APP);
            assert!(Manifest::parse(&changed).is_err(), "accepted {to}");
        }
    }
}
