//! One client: one connection over HTTP/1.1 that is kept. As little as possible is done here, for the processors are shared
//! with what is measured.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Who is not answered by then counts as an error.
const PATIENCE: Duration = Duration::from_secs(120);

/// A request that can be sent as it is.
pub(crate) type Call = Request<Full<Bytes>>;

/// What to ask, wherever and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Draft {
    pub(crate) method: Method,
    /// Path and query, below the base URL.
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Draft {
    pub(crate) fn get(target: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            target: target.into(),
            headers: HeaderMap::new(),
            body: String::new(),
        }
    }

    pub(crate) fn with(mut self, name: http::HeaderName, value: &'static str) -> Self {
        self.headers.insert(name, HeaderValue::from_static(value));
        self
    }
}

/// The value of `Authorization` for `user:password`.
pub(crate) fn basic(credentials: &str) -> String {
    format!("Basic {}", STANDARD.encode(credentials))
}

/// Where requests go, and in whose name.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    /// `host:port`.
    address: String,
    /// What stands before each target.
    prefix: String,
    authorization: Option<HeaderValue>,
}

impl Origin {
    /// The server at a base URL.
    pub(crate) fn new(url: &str, authorization: Option<&str>) -> Result<Self> {
        let uri: Uri = url.parse().with_context(|| format!("{url} is not a URL"))?;
        if uri.scheme_str() != Some("http") {
            bail!("{url}: only http is spoken");
        }
        let authority = uri.authority().context("a URL names a host")?;
        let port = authority.port_u16().unwrap_or(80);
        Ok(Self {
            address: format!("{}:{port}", authority.host()),
            prefix: uri.path().trim_end_matches('/').to_owned(),
            authorization: authorization.map(HeaderValue::from_str).transpose()?,
        })
    }

    /// The request for a draft.
    pub(crate) fn call(&self, draft: &Draft) -> Result<Call> {
        let target = format!("{}{}", self.prefix, draft.target);
        let body = Full::new(Bytes::from(draft.body.clone()));
        let mut call = Request::builder()
            .method(draft.method.clone())
            .uri(&target)
            .body(body)
            .with_context(|| format!("{target} cannot be asked"))?;
        let headers = call.headers_mut();
        headers.insert(HOST, HeaderValue::from_str(&self.address)?);
        if let Some(value) = &self.authorization {
            headers.insert(AUTHORIZATION, value.clone());
        }
        headers.extend(draft.headers.clone());
        Ok(call)
    }
}

/// What came back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) retry_after: bool,
    pub(crate) bytes: u64,
}

/// A client with its connection.
#[derive(Debug)]
pub(crate) struct Client {
    address: String,
    connection: Option<SendRequest<Full<Bytes>>>,
}

impl Client {
    pub(crate) fn new(origin: &Origin) -> Self {
        Self {
            address: origin.address.clone(),
            connection: None,
        }
    }

    /// Asks, reads the whole answer, and forgets what it says.
    pub(crate) async fn send(&mut self, call: Call) -> Result<Answer> {
        tokio::time::timeout(PATIENCE, self.count(call))
            .await
            .context("time-out")?
    }

    /// Asks, and gives the body.
    pub(crate) async fn fetch(&mut self, call: Call) -> Result<(StatusCode, Bytes)> {
        let response = self.response(call).await?;
        let status = response.status();
        let body = response.into_body().collect().await?;
        Ok((status, body.to_bytes()))
    }

    async fn count(&mut self, call: Call) -> Result<Answer> {
        let response = self.response(call).await?;
        let status = response.status();
        let retry_after = response.headers().contains_key(RETRY_AFTER);
        let mut body = response.into_body();
        let mut bytes = 0;
        while let Some(frame) = body.frame().await {
            let frame = frame.context("the answer broke off")?;
            bytes += frame.data_ref().map_or(0, Bytes::len) as u64;
        }
        Ok(Answer {
            status,
            retry_after,
            bytes,
        })
    }

    async fn response(&mut self, call: Call) -> Result<http::Response<Incoming>> {
        let connection = match self.connection.take() {
            Some(mut kept) => kept.ready().await.is_ok().then_some(kept),
            None => None,
        };
        let mut connection = match connection {
            Some(kept) => kept,
            None => connect(&self.address).await?,
        };
        let response = connection.send_request(call).await.context("no answer")?;
        self.connection = Some(connection);
        Ok(response)
    }
}

async fn connect(address: &str) -> Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address).await.context("no connection")?;
    // A request is one small packet: without this it may wait for the last one's acknowledgement.
    stream.set_nodelay(true)?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(async move {
        // That it broke is seen by who waits for an answer.
        let _ = connection.await;
    });
    Ok(sender)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_a_base_url_stands_before_each_target() {
        let origin = Origin::new("http://example.org/fhir/", Some("Bearer x")).unwrap();
        let call = origin.call(&Draft::get("/Patient/1?_pretty=true")).unwrap();
        assert_eq!(call.uri(), "/fhir/Patient/1?_pretty=true");
        assert_eq!(call.headers().get(HOST).unwrap(), "example.org:80");
        assert_eq!(call.headers().get(AUTHORIZATION).unwrap(), "Bearer x");
    }

    #[test]
    fn what_a_draft_says_prevails() {
        let origin = Origin::new("http://127.0.0.1:3000", Some("Bearer x")).unwrap();
        let draft = Draft::get("/").with(AUTHORIZATION, "Basic y");
        let call = origin.call(&draft).unwrap();
        assert_eq!(call.headers().get_all(AUTHORIZATION).iter().count(), 1);
        assert_eq!(call.headers().get(AUTHORIZATION).unwrap(), "Basic y");
    }
}
