//! Outbound HTTP: to components of this app in process (service chaining,
//! `http://<component>.spin.internal`), to others over the network; if `allowed_outbound_hosts` has
//! them.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, OnceLock, atomic::AtomicBool},
};

use http_body_util::BodyExt;
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiHttpHooks,
    handler::{ProxyHandler, Request, Response},
};

use crate::{
    allowed_hosts::chaining_target,
    instance::{Configuration, Instances},
    request,
    route::RouteMatch,
};

/// The client's address as a chained request shows it.
const CHAINED: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

type Sent<T> = Box<dyn Future<Output = Result<T, Error>> + Send>;

/// The app's components by id, as its instances reach them.
#[derive(Default)]
pub(crate) struct Services {
    /// Filled when all are loaded.
    pub(crate) handlers: OnceLock<HashMap<String, ProxyHandler<Instances>>>,
    /// Whether the host stops, so that the end of an instance is no failure.
    pub(crate) stopping: AtomicBool,
}

impl Services {
    /// Hands a request to a component, through the middleware of its trigger.
    async fn call(&self, target: &str, mut request: Request) -> Result<Response, Error> {
        let Some(service) = self
            .handlers
            .get()
            .and_then(|services| services.get(target))
        else {
            eprintln!("service chaining: no component {target:?} with a trigger");
            return Err(Error::DestinationNotFound);
        };
        request.headers_mut().remove(http::header::HOST);
        request.headers_mut().remove(http::header::CONNECTION);
        let route = RouteMatch::chained(request.uri().path());
        request::prepare(&mut request, &route, CHAINED)
            .map_err(|error| Error::InternalError(Some(error.to_string())))?;
        service.handle((), request).await.or_else(|error| {
            eprintln!("{target}: {error:?}");
            Ok(request::status(http::StatusCode::INTERNAL_SERVER_ERROR))
        })
    }
}

/// Sends the requests of one instance.
pub(crate) struct OutboundHttp(Arc<Configuration>);

impl OutboundHttp {
    pub(crate) fn new(configuration: Arc<Configuration>) -> Self {
        Self(configuration)
    }
}

impl WasiHttpHooks for OutboundHttp {
    fn send_request(
        &mut self,
        request: Request,
        options: Option<RequestOptions>,
        _outcome_at_guest: Sent<()>,
    ) -> Sent<(Response, Sent<()>)> {
        let configuration = self.0.clone();
        Box::new(async move {
            let url = request.uri().to_string();
            if !configuration.allowed_hosts.allow(&url, "https") {
                return Err(Error::HttpRequestDenied);
            }
            if let Some(target) = request.uri().host().and_then(chaining_target) {
                let target = target.to_owned();
                let response = configuration.services.call(&target, request).await?;
                return Ok((response, Box::new(async { Ok(()) }) as Sent<()>));
            }
            let (response, connection) =
                wasmtime_wasi_http::default_send_request(request, options).await?;
            Ok((
                response.map(BodyExt::boxed_unsync),
                Box::new(connection) as Sent<()>,
            ))
        })
    }
}
