//! The HTTP/1.1 server.

use std::{
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use anyhow::Result;
use http::{Response as HttpResponse, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{rt::TokioIo, server::graceful::GracefulShutdown};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use wasmtime_wasi_http::{Error, handler::Response};

use crate::{allowed_hosts::chaining_target, app::App, request};

/// The paths that Spin itself answers.
const WELL_KNOWN: &str = "/.well-known/spin/";
/// How long requests may go on after the signal to stop.
const GRACE: Duration = Duration::from_secs(5);

/// Serves until SIGINT or SIGTERM, then lets the requests in flight end.
pub(crate) async fn serve(app: Arc<App>, listener: TcpListener) -> Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let connections = GracefulShutdown::new();
    loop {
        let (stream, client) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, most likely: it passes.
                    eprintln!("cannot accept a connection: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
        };
        let app = app.clone();
        let service = service_fn(move |request| {
            let app = app.clone();
            async move { app.handle(request, client).await }
        });
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await
                && !error.is_incomplete_message()
            {
                eprintln!("connection of {client}: {error:?}");
            }
        });
    }
    drop(listener);
    app.services.stopping.store(true, Ordering::Relaxed);
    if tokio::time::timeout(GRACE, connections.shutdown())
        .await
        .is_err()
    {
        eprintln!(
            "requests still running after {} s are dropped",
            GRACE.as_secs()
        );
    }
    Ok(())
}

impl App {
    /// Answers a request; an error closes the connection without an answer, as on Spin.
    async fn handle(
        &self,
        request: hyper::Request<Incoming>,
        client: SocketAddr,
    ) -> Result<Response> {
        let mut request = request.map(|body| body.map_err(Error::from).boxed_unsync());
        let headers = request.headers_mut();
        headers.remove(header::CONNECTION);
        let host = headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok());
        let host = host.and_then(|host| host.split(':').next());
        if host.and_then(chaining_target).is_some() {
            headers.remove(header::HOST);
        }

        let path = request.uri().path().to_owned();
        if let Some(page) = path.strip_prefix(WELL_KNOWN) {
            return Ok(self.well_known(page));
        }
        let Some((service, route)) = self.routes.find(&path) else {
            return Ok(request::status(StatusCode::NOT_FOUND));
        };
        request::set_authority(&mut request)?;
        let answered = match request::prepare(&mut request, &route, client) {
            Ok(()) => service
                .handle((), request)
                .await
                .map_err(anyhow::Error::from),
            Err(error) => Err(error),
        };
        Ok(answered.unwrap_or_else(|error| {
            eprintln!("{path}: {error:?}");
            request::status(StatusCode::INTERNAL_SERVER_ERROR)
        }))
    }

    fn well_known(&self, page: &str) -> Response {
        let (kind, text) = match page {
            "health" => (None, "OK".to_owned()),
            "info" => (Some("application/json"), self.info.clone()),
            _ => return request::status(StatusCode::NOT_FOUND),
        };
        let body = Full::from(text)
            .map_err(|never| match never {})
            .boxed_unsync();
        let mut response = HttpResponse::new(body);
        if let Some(kind) = kind {
            response
                .headers_mut()
                .insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
        }
        response
    }
}
