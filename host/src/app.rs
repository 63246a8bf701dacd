//! The app: its components loaded, composed, compiled and wired to their routes.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Duration,
};

use anyhow::{Context, Result};
use tokio::task::JoinSet;
use wasmtime::{
    Cache, Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig,
    component::{Component, Linker},
};
use wasmtime_wasi_http::{handler::ProxyHandler, p3::bindings::ServicePre};

use crate::{
    allowed_hosts::AllowedHosts,
    chaining::Services,
    compose, deny, files,
    instance::{self, Configuration, Instances, Limits, State},
    key_value,
    manifest::{Manifest, Middleware, Route, Trigger},
    postgres,
    route::Routes,
    variables::Variables,
};

/// How often guests that compute are asked to give way; Spin's interval.
const EPOCH: Duration = Duration::from_millis(10);
/// Spin's default for live instances (`SPIN_MAX_INSTANCE_COUNT`).
const INSTANCES: u32 = 1000;

/// A loaded app.
pub(crate) struct App {
    pub(crate) routes: Routes<ProxyHandler<Instances>>,
    /// Route and component of each public trigger, in the manifest's order.
    pub(crate) listing: Vec<(String, String)>,
    /// The well-known info page.
    pub(crate) info: String,
    pub(crate) services: Arc<Services>,
}

/// What is given on the command line, beside the manifest.
pub(crate) struct Options {
    pub(crate) variables: Variables,
    pub(crate) key_value: key_value::Store,
    /// Where copies of the components' files go.
    pub(crate) files: PathBuf,
    pub(crate) limits: Limits,
    /// The most connections of each pool of each component.
    pub(crate) max_connections: Option<usize>,
    pub(crate) quiet: bool,
}

impl App {
    /// Loads all components with a trigger, in parallel. `folder` holds the manifest.
    pub(crate) async fn load(manifest: &Manifest, folder: &Path, options: Options) -> Result<Self> {
        let engine = engine()?;
        let linker = Arc::new(instance::linker(&engine)?);
        let services = Arc::new(Services::default());
        let mut variants: HashMap<String, &[Middleware]> = HashMap::new();
        let mut loading = JoinSet::new();
        for trigger in manifest.triggers() {
            let id = variant(manifest, trigger);
            if variants.insert(id.clone(), trigger.middleware()).is_some() {
                continue;
            }
            let configuration = configuration(manifest, folder, &id, trigger, &options, &services)
                .with_context(|| format!("component {:?}", trigger.component))?;
            let source =
                |component: &str| anyhow::Ok(folder.join(&manifest.component(component)?.source));
            let primary = source(&trigger.component)?;
            let middleware = trigger
                .middleware()
                .iter()
                .map(|m| Ok((source(&m.component)?, m.inherit_configuration.clone())))
                .collect::<Result<Vec<_>>>()?;
            let (linker, limits) = (linker.clone(), options.limits);
            loading.spawn_blocking(move || {
                let pre = load(&linker, &primary, middleware)
                    .with_context(|| format!("component {id:?}"))?;
                let instances = Instances {
                    pre,
                    configuration: Arc::new(configuration),
                    limits,
                };
                anyhow::Ok((id, ProxyHandler::new(instances)))
            });
        }
        let mut handlers = HashMap::new();
        while let Some(loaded) = loading.join_next().await {
            let (id, handler) = loaded??;
            handlers.insert(id, handler);
        }

        let mut routes = Vec::new();
        let mut listing = Vec::new();
        for trigger in manifest.triggers() {
            let handler = handlers.get(&variant(manifest, trigger));
            if let (Route::Public(route), Some(handler)) = (&trigger.route, handler) {
                routes.push((route.clone(), handler.clone()));
                listing.push((route.clone(), trigger.component.clone()));
            }
        }
        _ = services.handlers.set(handlers);
        let application = &manifest.application;
        Ok(Self {
            routes: Routes::new(routes)?,
            listing,
            info: serde_json::json!({ "name": application.name, "version": application.version })
                .to_string(),
            services,
        })
    }
}

/// The name under which a trigger's component is loaded. As on Spin, a component with several
/// triggers is loaded once more for each of them that has middleware, and service chaining reaches
/// the one without.
fn variant(manifest: &Manifest, trigger: &Trigger) -> String {
    let same = |other: &&Trigger| other.component == trigger.component;
    if trigger.middleware().is_empty() || manifest.triggers().iter().filter(same).count() == 1 {
        trigger.component.clone()
    } else {
        format!("{}-for-{}", trigger.component, trigger.id)
    }
}

fn configuration(
    manifest: &Manifest,
    folder: &Path,
    id: &str,
    trigger: &Trigger,
    options: &Options,
    services: &Arc<Services>,
) -> Result<Configuration> {
    let component = manifest.component(&trigger.component)?;
    let variables = component
        .variables
        .iter()
        .map(|(name, template)| Ok((name.clone(), options.variables.expand(template)?)))
        .collect::<Result<_>>()?;
    let root = options.files.join(id);
    let files = if component.files.is_empty() {
        None
    } else {
        fs::create_dir_all(&root).with_context(|| format!("cannot create {}", root.display()))?;
        files::copy(component, folder, &root)?;
        Some(root)
    };
    Ok(Configuration {
        id: id.to_owned(),
        variables,
        environment: component.environment.clone().into_iter().collect(),
        allowed_hosts: AllowedHosts::parse(&component.allowed_outbound_hosts, &options.variables)?,
        key_value_stores: component
            .key_value_stores
            .iter()
            .map(|label| (label.clone(), options.key_value.clone()))
            .collect(),
        files,
        postgres: postgres::Pools::new(options.max_connections),
        services: services.clone(),
        quiet: options.quiet,
    })
}

fn load(
    linker: &Linker<State>,
    primary: &Path,
    middleware: Vec<(PathBuf, crate::manifest::Inherit)>,
) -> Result<ServicePre<State>> {
    let read = |path: &Path| {
        fs::read(path).with_context(|| format!("cannot read {} (is it built?)", path.display()))
    };
    let middleware = middleware
        .into_iter()
        .map(|(path, inherit)| Ok((read(&path)?, inherit)))
        .collect::<Result<Vec<_>>>()?;
    let (bytes, denied) = compose::compose(read(primary)?, middleware)?;
    let component = Component::new(linker.engine(), bytes)?;
    let mut linker = linker.clone();
    deny::link(&mut linker, &component, &denied)?;
    Ok(ServicePre::new(linker.instantiate_pre(&component)?)?)
}

/// The engine, with Spin's settings: a pool of instances if there is address space for it, and
/// interruption by epochs.
fn engine() -> Result<Engine> {
    let mut config = Config::new();
    config
        .wasm_component_model_async(true)
        .epoch_interruption(true);
    match Cache::from_file(None) {
        Ok(cache) => {
            config.cache(Some(cache));
        }
        Err(error) => eprintln!("warning: compiled components are not kept: {error}"),
    }
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(INSTANCES)
        .total_memories(INSTANCES)
        .total_tables(2 * INSTANCES)
        .total_stacks(INSTANCES)
        .total_core_instances(4 * INSTANCES)
        .table_elements(100_000)
        .max_component_instance_size(10 << 20)
        .max_core_instance_size(10 << 20)
        .max_core_instances_per_component(200)
        .max_tables_per_component(64)
        .max_memories_per_component(32)
        .max_tables_per_module(2)
        .max_memories_per_module(2)
        .linear_memory_keep_resident(2 << 20)
        .table_keep_resident(1 << 19);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    let engine = match Engine::new(&config) {
        Ok(engine) => engine,
        Err(error) => {
            eprintln!("warning: no pool of instances ({error}); they are made one by one");
            config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
            Engine::new(&config)?
        }
    };
    let ticking = engine.weak();
    thread::spawn(move || {
        while let Some(engine) = ticking.upgrade() {
            engine.increment_epoch();
            drop(engine);
            thread::sleep(EPOCH);
        }
    });
    Ok(engine)
}
