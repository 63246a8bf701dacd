//! The imports that a middleware does not inherit: every call is refused, in Spin's words.

use anyhow::{Context, Result, bail};
use wasmtime::{
    AsContextMut, StoreContextMut,
    component::{
        Component, Linker, Resource, ResourceType, Val,
        types::{ComponentFunc, ComponentItem},
    },
};
use wasmtime_wasi_http::p3::Request;

use crate::{compose::Denied, instance::State};

/// What a refusing constructor returns; nothing can be done with it.
struct Refused;

/// Defines the denied imports of `component`.
pub(crate) fn link(
    linker: &mut Linker<State>,
    component: &Component,
    denied: &[Denied],
) -> Result<()> {
    let engine = component.engine();
    for Denied { name, interface } in denied {
        let Some(import) = component
            .component_type()
            .get_import(engine, name)
            .map(|import| import.ty)
        else {
            continue;
        };
        let ComponentItem::ComponentInstance(import) = import else {
            bail!("{interface} is not an instance");
        };
        let mut instance = linker.instance(name)?;
        for (item, kind) in import.exports(engine) {
            match kind.ty {
                // The types of wasi's interfaces come from others, which are not denied.
                ComponentItem::Resource(_) if interface.starts_with("spin:") => {
                    instance.resource(item, ResourceType::host::<Refused>(), |_, _| Ok(()))?;
                }
                ComponentItem::ComponentFunc(function) => {
                    let (interface, item_name) = (interface.clone(), item.to_owned());
                    if function.async_() {
                        instance.func_new_concurrent(
                            item,
                            move |accessor, function, parameters, results| {
                                let refused = accessor.with(|mut store| {
                                    refuse(
                                        store.as_context_mut(),
                                        &interface,
                                        &item_name,
                                        &function,
                                        parameters,
                                        results,
                                    )
                                });
                                Box::pin(async { refused })
                            },
                        )?;
                    } else {
                        instance.func_new(item, move |store, function, parameters, results| {
                            refuse(
                                store, &interface, &item_name, &function, parameters, results,
                            )
                        })?;
                    }
                }
                _ => {}
            }
        }
    }
    Ok(())
}

fn refuse(
    mut store: StoreContextMut<'_, State>,
    interface: &str,
    item: &str,
    function: &ComponentFunc,
    parameters: &[Val],
    results: &mut [Val],
) -> wasmtime::Result<()> {
    for parameter in parameters {
        let Val::Resource(handle) = parameter else {
            continue;
        };
        if handle.owned() {
            // Else the guest waits for ever for someone to read the body, and its instance lives on.
            let request = Resource::<Request>::try_from_resource_any(*handle, &mut store)?;
            let request = store.data_mut().table.delete(request)?;
            drop(request.into_http(&mut store, async { Ok(()) }));
        } else {
            // A borrowed handle must be given back before the call ends.
            Resource::<Refused>::try_from_resource_any(*handle, &mut store)?;
        }
    }
    let Some(result) = results.first_mut() else {
        return Ok(());
    };
    *result = if item.starts_with("[constructor]") {
        Val::Resource(Resource::<Refused>::new_own(0).try_into_resource_any(store)?)
    } else if item.ends_with(".set-ca-root") {
        Val::Result(Ok(None))
    } else {
        let refusal = refusal(interface, parameters)
            .with_context(|| format!("{interface} {item} is not permitted"))
            .map_err(wasmtime::Error::from_anyhow)?;
        match refusal {
            Val::List(_)
                if function
                    .results()
                    .any(|ty| matches!(ty, wasmtime::component::Type::Option(_))) =>
            {
                Val::Option(None)
            }
            refusal => refusal,
        }
    };
    Ok(())
}

/// The error, or the empty value, that each interface has for this.
fn refusal(interface: &str, parameters: &[Val]) -> Option<Val> {
    let error = |case: &str, payload: Option<Val>| {
        let payload = payload.map(Box::new);
        Val::Result(Err(Some(Box::new(Val::Variant(case.to_owned(), payload)))))
    };
    let text = Val::String(format!("{interface:?} is not permitted"));
    Some(match interface {
        "spin:key-value/key-value" => error("access-denied", None),
        "spin:postgres/postgres" => error("other", Some(text)),
        "spin:variables/variables" => error("undefined", parameters.first().cloned()),
        "wasi:cli/environment" | "wasi:filesystem/preopens" => Val::List(Vec::new()),
        "wasi:http/client" => error("internal-error", Some(Val::Option(Some(Box::new(text))))),
        _ => return None,
    })
}
