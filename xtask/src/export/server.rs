//! What is asked of the server.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use ureq::Agent;

use super::Options;

/// How long an answer may take. A page of the largest hospital takes seconds.
const PATIENCE: Duration = Duration::from_secs(300);

/// The most bytes of an answer that are read.
const LONGEST_ANSWER: u64 = 1 << 30;

/// A FHIR server, and who asks it.
pub(super) struct Server {
    agent: Agent,
    base: String,
    user: Option<String>,
    authorization: Option<String>,
}

#[derive(Deserialize)]
struct CapabilityStatement {
    #[serde(default)]
    rest: Vec<Rest>,
}

#[derive(Deserialize)]
struct Rest {
    #[serde(default)]
    resource: Vec<Served>,
}

#[derive(Deserialize)]
struct Served {
    r#type: String,
    #[serde(default)]
    interaction: Vec<Interaction>,
}

#[derive(Deserialize)]
struct Interaction {
    code: String,
}

#[derive(Deserialize)]
struct Count {
    total: u64,
}

#[derive(Deserialize)]
struct OperationOutcome {
    issue: Vec<Issue>,
}

#[derive(Deserialize)]
struct Issue {
    diagnostics: Option<String>,
}

impl Server {
    pub(super) fn new(options: &Options) -> Result<Self> {
        let base = options.base.trim_end_matches('/').to_owned();
        ensure!(
            base.starts_with("http://") || base.starts_with("https://"),
            "{base} is no URL of a server"
        );
        let config = Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .http_status_as_error(false)
            // what is not at the base is another server, and not to be told the password
            .max_redirects(0)
            .build();
        let credentials = options.credentials.as_ref();
        Ok(Self {
            agent: Agent::new_with_config(config),
            base,
            user: credentials.map(|credentials| credentials.user.clone()),
            authorization: credentials.map(|credentials| {
                let pair = format!("{}:{}", credentials.user, credentials.password);
                format!("Basic {}", STANDARD.encode(pair))
            }),
        })
    }

    /// The base URL, without a slash at its end.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// The types that can be searched, as the CapabilityStatement lists them.
    pub(super) fn types(&self) -> Result<Vec<String>> {
        let text = self.get(
            &format!("{}/metadata", self.base),
            "the CapabilityStatement",
        )?;
        let statement: CapabilityStatement = serde_json::from_str(&text)
            .with_context(|| format!("{}/metadata is no CapabilityStatement", self.base))?;
        let served = statement.rest.into_iter().flat_map(|rest| rest.resource);
        let searched = served.filter(Served::can_be_searched);
        Ok(searched.map(|served| served.r#type).collect())
    }

    /// How many resources of a type there are.
    pub(super) fn count(&self, name: &str) -> Result<u64> {
        let text = self.get(&format!("{}/{name}?_summary=count", self.base), name)?;
        let count: Count = serde_json::from_str(&text)
            .with_context(|| format!("the server does not count its {name}s"))?;
        Ok(count.total)
    }

    /// What the server answers at a URL, which is about `what`.
    pub(super) fn get(&self, url: &str, what: &str) -> Result<String> {
        // A link may lead to where the server believes that it is, and the credentials are not for others.
        ensure!(
            url.strip_prefix(&self.base)
                .is_some_and(|rest| rest.starts_with(['/', '?'])),
            "the server says that it goes on at {url}, which is not at {}",
            self.base
        );
        let mut request = self
            .agent
            .get(url)
            .header("accept", "application/fhir+json");
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        let answer = request.call();
        let answer = answer.with_context(|| format!("{} does not answer", self.base))?;
        let (head, mut body) = answer.into_parts();
        let body = body.with_config().limit(LONGEST_ANSWER).read_to_string();
        let body = body.with_context(|| format!("{} breaks off", self.base))?;
        if head.status.as_u16() != 200 {
            bail!(self.refusal(head.status.as_u16(), what, &body));
        }
        Ok(body)
    }

    /// Why there is nothing.
    fn refusal(&self, status: u16, what: &str, body: &str) -> String {
        let outcome = serde_json::from_str(body);
        let outcome = outcome.ok().and_then(|outcome: OperationOutcome| {
            let issue = outcome.issue.into_iter().next()?;
            issue.diagnostics
        });
        let why = outcome.map(|why| format!(": {why}")).unwrap_or_default();
        let base = &self.base;
        match (status, &self.user) {
            (401, None) => format!("{base} wants a user and a password (401){why}"),
            (401, Some(user)) => format!("{base} refuses the password of {user} (401){why}"),
            (403, Some(user)) => format!("{user} may not read {what} (403){why}"),
            _ => format!("{base} does not give {what} ({status}){why}"),
        }
    }
}

impl Served {
    /// A server that does not say what can be done is asked.
    fn can_be_searched(&self) -> bool {
        let mut interactions = self.interaction.iter();
        self.interaction.is_empty()
            || interactions.any(|interaction| interaction.code == "search-type")
    }
}
