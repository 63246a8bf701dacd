//! HTTP middleware in front of a component: one component out of several, as Spin composes them.
//!
//! Each middleware imports the interface that it exports; its import becomes the export of what
//! stands behind it. All other imports of the same name become one import of the composition, so
//! the host cannot tell who calls: the middleware runs with the configuration of the component. What
//! it does not inherit is therefore imported under a name of its own, which `deny` serves. (Spin
//! plugs a prebuilt component there, which refuses in the same words.)

use anyhow::{Context, Result, bail};
use wac_graph::{
    CompositionGraph, EncodeOptions, NodeId, PackageId,
    types::{ItemKind, Package, WorldId},
};

use crate::manifest::Inherit;

const HANDLER: &str = "wasi:http/handler@0.3.0";

/// The manifest's keys, and the interfaces that need them. Sockets are missing: this host lets
/// nobody open one.
const CAPABILITIES: [(&str, &[&str]); 5] = [
    (
        "allowed_outbound_hosts",
        &["spin:postgres/postgres", "wasi:http/client"],
    ),
    ("environment", &["wasi:cli/environment"]),
    ("files", &["wasi:filesystem/preopens"]),
    ("key_value_stores", &["spin:key-value/key-value"]),
    ("variables", &["spin:variables/variables"]),
];

/// An import that is to refuse every call.
#[derive(Debug)]
pub(crate) struct Denied {
    /// Its name in the composition.
    pub(crate) name: String,
    /// The interface it stands for, without version.
    pub(crate) interface: String,
}

/// Puts `middleware`, outermost first, in front of `component`.
pub(crate) fn compose(
    component: Vec<u8>,
    middleware: Vec<(Vec<u8>, Inherit)>,
) -> Result<(Vec<u8>, Vec<Denied>)> {
    if middleware.is_empty() {
        return Ok((component, Vec::new()));
    }
    let mut graph = CompositionGraph::new();
    let mut denied = Vec::new();
    let (package, _) = register(&mut graph, "component", component)?;
    let instance = graph.instantiate(package);
    let mut handler = graph.alias_instance_export(instance, HANDLER)?;
    for (index, (bytes, inherit)) in middleware.into_iter().enumerate().rev() {
        let (package, world) = register(&mut graph, &format!("middleware{index}"), bytes)?;
        let instance = graph.instantiate(package);
        graph
            .set_instantiation_argument(instance, HANDLER, handler)
            .context("a middleware must import the handler that it forwards to")?;
        deny(&mut graph, index, instance, world, &inherit, &mut denied)?;
        handler = graph.alias_instance_export(instance, HANDLER)?;
    }
    graph.export(handler, HANDLER)?;
    Ok((graph.encode(EncodeOptions::default())?, denied))
}

fn register(
    graph: &mut CompositionGraph,
    name: &str,
    bytes: Vec<u8>,
) -> Result<(PackageId, WorldId)> {
    let package = Package::from_bytes(name, None, bytes, graph.types_mut())?;
    let world = package.ty();
    Ok((graph.register_package(package)?, world))
}

/// Gives the imports of one middleware that `inherit` does not grant names of their own.
fn deny(
    graph: &mut CompositionGraph,
    index: usize,
    instance: NodeId,
    world: WorldId,
    inherit: &Inherit,
    denied: &mut Vec<Denied>,
) -> Result<()> {
    let refused: Vec<&str> = CAPABILITIES
        .iter()
        .filter(|(key, _)| !inherit.grants(key))
        .flat_map(|(_, interfaces)| interfaces.iter().copied())
        .collect();
    let world = &graph.types()[world];
    let imports: Vec<_> = world
        .imports
        .iter()
        .map(|(import, kind)| (import.clone(), *kind))
        .collect();
    for (import, kind) in imports {
        let interface = import.split('@').next().unwrap_or_default();
        if !refused.contains(&interface) {
            continue;
        }
        let name = format!(
            "denied:middleware{index}/{}",
            interface.replace([':', '/'], "-")
        );
        let ItemKind::Instance(id) = kind else {
            bail!("{import} is not an instance");
        };
        // Imports with the same interface id become one, whatever their names.
        let mut renamed = graph.types()[id].clone();
        renamed.id = Some(name.clone());
        let renamed = graph.types_mut().add_interface(renamed);
        let node = graph.import(&name, ItemKind::Instance(renamed))?;
        graph.set_instantiation_argument(instance, &import, node)?;
        denied.push(Denied {
            name,
            interface: interface.to_owned(),
        });
    }
    Ok(())
}
