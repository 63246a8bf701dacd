//! Instances of components: what each carries, and how long it lives.
//!
//! As on Spin, an instance serves several requests, some of them at a time, and is dropped after a
//! while without any. `wasmtime_wasi_http::handler` does the work; here are the numbers.

use std::{
    collections::HashMap,
    path::PathBuf,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use tokio::time::Sleep;
use wasmtime::{
    Engine, Store, StoreContextMut,
    component::{GuestTaskId, HasSelf, Linker, ResourceTable},
};
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{
    ForbiddenHeaderFilter, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
    handler::{
        HandlerState, Instance, Proxy, ShouldAccept, WorkerExpiration, WorkerState, WorkerStatus,
    },
    p3::bindings::ServicePre,
};

use crate::{
    allowed_hosts::AllowedHosts,
    bindings::spin,
    chaining::{OutboundHttp, Services},
    key_value, postgres,
};

/// What the manifest grants a component; shared by its instances.
pub(crate) struct Configuration {
    /// The component's id, or `component-for-trigger` where it has several triggers.
    pub(crate) id: String,
    pub(crate) variables: HashMap<String, String>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) allowed_hosts: AllowedHosts,
    pub(crate) key_value_stores: HashMap<String, key_value::Store>,
    /// The folder that the guest sees as `/`.
    pub(crate) files: Option<PathBuf>,
    pub(crate) postgres: postgres::Pools,
    /// The app's components, for service chaining.
    pub(crate) services: Arc<Services>,
    /// Whether what the component prints is dropped.
    pub(crate) quiet: bool,
}

/// The data of one instance's store.
pub(crate) struct State {
    pub(crate) configuration: Arc<Configuration>,
    pub(crate) table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    outbound: OutboundHttp,
    inbound: InboundHttp,
}

/// Incoming requests keep the headers that a guest may not set, `host` above all: Spin shows them.
struct InboundHttp;

impl WasiHttpHooks for InboundHttp {
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(|_| false)
    }
}

impl State {
    fn new(configuration: Arc<Configuration>) -> wasmtime::Result<Self> {
        let mut wasi = WasiCtx::builder();
        wasi.envs(&configuration.environment);
        if !configuration.quiet {
            // Both on stderr: stdout has the lines that a program may wait for.
            wasi.stdout(wasmtime_wasi::cli::stderr()).inherit_stderr();
        }
        if let Some(root) = &configuration.files {
            wasi.preopened_dir(root, "/", FsPerms::ReadOnly)?;
        }
        Ok(Self {
            table: ResourceTable::new(),
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
            outbound: OutboundHttp::new(configuration.clone()),
            inbound: InboundHttp,
            configuration,
        })
    }

    /// The view through which requests come in; what the guest calls goes through `http`.
    fn incoming(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: &mut self.inbound,
        }
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: &mut self.outbound,
        }
    }
}

/// All that a component can import.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    // Rust's standard library on wasm32-wasip2 still imports WASI 0.2.
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi::p3::add_to_linker(&mut linker)?;
    wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    spin::key_value::key_value::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    spin::postgres::postgres::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    spin::variables::variables::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    Ok(linker)
}

/// How long an instance lives, and how long a request may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) requests: usize,
    pub(crate) concurrent_requests: usize,
    pub(crate) idle: Duration,
    pub(crate) request: Option<Duration>,
}

/// Makes instances of one component.
pub(crate) struct Instances {
    pub(crate) pre: ServicePre<State>,
    pub(crate) configuration: Arc<Configuration>,
    pub(crate) limits: Limits,
}

impl HandlerState for Instances {
    type StoreData = State;
    type WorkerExpiration = Expiration;
    type WorkerState = Limits;

    async fn instantiate(&self) -> wasmtime::Result<Instance<State, Expiration, Limits>> {
        let state = State::new(self.configuration.clone())?;
        let mut store = Store::new(self.pre.engine(), state);
        // A guest that computes gives way at every tick of the epoch, so that a request's time limit
        // and the other instances get their turn.
        store.set_epoch_deadline(1);
        store.epoch_deadline_async_yield_and_update(1);
        let proxy = Proxy::P3(self.pre.instantiate_async(&mut store).await?);
        Ok(Instance {
            store,
            proxy,
            view: State::incoming,
            expiration: Expiration {
                limits: self.limits,
                sleep: Box::pin(tokio::time::sleep(Duration::MAX)),
            },
            state: self.limits,
        })
    }
}

impl WorkerState for Limits {
    type StoreData = State;
    type RequestData = ();

    fn should_accept_request(&self, concurrent: usize, total: usize) -> ShouldAccept {
        if total >= self.requests {
            ShouldAccept::Never
        } else if concurrent >= self.concurrent_requests {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }

    fn on_request_start(
        &self,
        _: StoreContextMut<'_, State>,
        (): (),
        _: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + 'static + Send + Sync>> {
        Box::pin(tokio::time::sleep(self.request.unwrap_or(Duration::MAX)))
    }

    fn drop(&self, store: Store<State>, result: wasmtime::Result<()>) {
        let configuration = &store.data().configuration;
        if let Err(error) = result
            && !configuration.services.stopping.load(Ordering::Relaxed)
        {
            eprintln!("{}: instance failed: {error:?}", configuration.id);
        }
    }
}

/// Tells when an instance is to be dropped.
pub(crate) struct Expiration {
    limits: Limits,
    sleep: Pin<Box<Sleep>>,
}

impl WorkerExpiration for Expiration {
    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        status: WorkerStatus,
        since: Instant,
    ) -> Poll<()> {
        let limit = match status {
            WorkerStatus::Idle => Some(self.limits.idle),
            WorkerStatus::Requests | WorkerStatus::PostReturn => self.limits.request,
        };
        let Some(deadline) = limit.and_then(|limit| since.checked_add(limit)) else {
            return Poll::Pending;
        };
        let deadline = deadline.into();
        if self.sleep.deadline() != deadline {
            self.sleep.as_mut().reset(deadline);
        }
        self.sleep.as_mut().poll(context)
    }
}
