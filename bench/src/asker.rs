//! One client that asks and waits: for what is prepared, recorded or looked at one by one.

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::client::{Client, Draft, Origin};
use crate::load;

/// Asks one after the other, over one connection.
#[derive(Debug)]
pub(crate) struct Asker {
    origin: Origin,
    client: Client,
    runtime: Runtime,
}

impl Asker {
    pub(crate) fn new(origin: &Origin) -> Result<Self> {
        Ok(Self {
            client: Client::new(origin),
            origin: origin.clone(),
            runtime: load::runtime()?,
        })
    }

    /// What is answered.
    pub(crate) fn ask(&mut self, draft: &Draft) -> Result<(StatusCode, Bytes)> {
        let call = self.origin.call(draft)?;
        let first = self.runtime.block_on(self.client.fetch(call.clone()));
        // While nobody asked, the connection may have been closed.
        first.or_else(|_| self.runtime.block_on(self.client.fetch(call)))
    }

    /// The body of an answer that must be there.
    pub(crate) fn body(&mut self, draft: &Draft) -> Result<Bytes> {
        let (status, body) = self.ask(draft)?;
        ensure!(
            status.is_success(),
            "{} was answered {status}: {}",
            draft.target,
            String::from_utf8_lossy(body.get(..body.len().min(500)).unwrap_or_default())
        );
        Ok(body)
    }

    /// The same as JSON.
    pub(crate) fn json(&mut self, draft: &Draft) -> Result<Value> {
        let body = self.body(draft)?;
        serde_json::from_slice(&body)
            .with_context(|| format!("{} was not answered in JSON", draft.target))
    }
}

/// A token of a session.
pub(crate) fn sign_in(url: &str, login: &str, password: &str) -> Result<String> {
    let mut asker = Asker::new(&Origin::new(url, None)?)?;
    let mut draft =
        Draft::get("/auth/token").with(CONTENT_TYPE, "application/x-www-form-urlencoded");
    draft.method = http::Method::POST;
    draft.body = format!("grant_type=password&username={login}&password={password}");
    let granted = asker.json(&draft)?;
    let token = granted.get("access_token").and_then(Value::as_str);
    token.map(str::to_owned).context("no token was granted")
}
