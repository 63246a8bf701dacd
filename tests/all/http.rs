//! Requests: well-formed ones through an HTTP client, broken ones byte by byte.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use ureq::http::request::Builder;
use ureq::http::{HeaderMap, Method, Request};
use ureq::{Agent, Body};

use crate::validation;

/// The header in which the app of the tests is told who the client is, as by a proxy.
pub const FORWARDED: &str = "x-forwarded-for";

/// An address that no other client has: failed attempts are counted for each.
pub fn new_address() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    Ipv4Addr::from((10 << 24) + number).to_string()
}

/// No answer within this time is a failure.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The most bytes of an answer that are read.
const LONGEST_ANSWER: u64 = 256 << 20;

/// What the server answered.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body is UTF-8")
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in the body of {self:?}"))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?.to_str().expect("a header is ASCII");
        assert!(values.next().is_none(), "{name} is there twice");
        Some(value)
    }

    /// The resource of a successful answer.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text());
        self.json()
    }

    /// Asserts that this is an `OperationOutcome` with one issue of severity error and this code; gives its diagnostics.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> String {
        assert_eq!(self.status, status, "{}", self.text());
        let outcome = self.json();
        assert_eq!(outcome["resourceType"], "OperationOutcome", "{outcome}");
        assert_eq!(outcome["issue"][0]["severity"], "error", "{outcome}");
        assert_eq!(outcome["issue"][0]["code"], code, "{outcome}");
        assert_eq!(
            outcome["issue"].as_array().map(Vec::len),
            Some(1),
            "{outcome}"
        );
        outcome["issue"][0]["diagnostics"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}

/// Sends requests to one app, as one user or none.
#[derive(Debug, Clone)]
pub struct Client {
    agent: Agent,
    base: String,
    authorization: Option<String>,
    /// The client's address, as the proxy says it.
    pub address: String,
    /// Whether its answers are validated in the end.
    remembers: bool,
}

impl Client {
    pub fn new(base: &str) -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .http_status_as_error(false)
            .max_redirects(0)
            .build();
        Self {
            agent: Agent::new_with_config(config),
            base: base.to_owned(),
            authorization: None,
            address: new_address(),
            remembers: true,
        }
    }

    pub fn with_credentials(&self, login: &str, password: &str) -> Self {
        self.with_authorization(&basic(login, password))
    }

    pub fn with_authorization(&self, value: &str) -> Self {
        Self {
            authorization: Some(value.to_owned()),
            address: new_address(),
            ..self.clone()
        }
    }

    /// The same client at another address.
    pub fn at(&self, address: &str) -> Self {
        Self {
            address: address.to_owned(),
            ..self.clone()
        }
    }

    /// The same client, whose answers are not kept for the validation: for tests that ask thousands of questions about
    /// what others have seen.
    pub fn forgetful(&self) -> Self {
        Self {
            remembers: false,
            ..self.clone()
        }
    }

    /// Sends a form.
    pub fn post(&self, path: &str, form: &str, headers: &[(&str, &str)]) -> Answer {
        let mut headers = headers.to_vec();
        if !headers.iter().any(|(name, _)| *name == "content-type") {
            headers.push(("content-type", "application/x-www-form-urlencoded"));
        }
        let request = self.request(&Method::POST, path, &headers);
        let answer = request
            .body(form.as_bytes().to_vec())
            .map_err(ureq::Error::from);
        let answer = answer.and_then(|request| read(self.agent.run(request)?));
        let answer = answer.unwrap_or_else(|error| panic!("POST {path}: {error}"));
        check(&Method::POST, &answer, self.remembers);
        answer
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send(&Method::GET, path, &[])
    }

    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(&Method::GET, path, headers)
    }

    /// Sends a request; `path` may be an absolute URL.
    pub fn send(&self, method: &Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        let answer = self.exchange(method, path, headers);
        let answer = answer.unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        check(method, &answer, self.remembers);
        answer
    }

    fn request(&self, method: &Method, path: &str, headers: &[(&str, &str)]) -> Builder {
        let url = if path.starts_with('/') {
            format!("{}{path}", self.base)
        } else {
            path.to_owned()
        };
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !headers.iter().any(|(name, _)| *name == FORWARDED) {
            request = request.header(FORWARDED, &self.address);
        }
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        request
    }

    fn exchange(
        &self,
        method: &Method,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<Answer, ureq::Error> {
        let request = self.request(method, path, headers);
        match *method {
            Method::POST | Method::PUT | Method::PATCH => {
                let request = request.header("content-type", "application/fhir+json");
                let request = request.body(r#"{"resourceType":"Patient"}"#)?;
                read(self.agent.run(request)?)
            }
            _ => read(self.agent.run(request.body(())?)?),
        }
    }
}

/// The whole of an answer.
pub fn read(response: ureq::http::Response<Body>) -> Result<Answer, ureq::Error> {
    let (parts, mut body) = response.into_parts();
    let body = body.with_config().limit(LONGEST_ANSWER).read_to_vec()?;
    Ok(Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body,
    })
}

/// What holds for every answer, whatever was asked.
fn check(method: &Method, answer: &Answer, remembers: bool) {
    let length: Option<usize> = answer
        .header("content-length")
        .map(|length| length.parse().unwrap());
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert!(
        answer
            .header("x-request-id")
            .is_some_and(|id| !id.is_empty())
    );
    if matches!(answer.status, 204 | 304) {
        // Without content there is no length, RFC 9110, section 8.6.
        assert!(answer.body.is_empty() && length.is_none(), "{answer:?}");
        return;
    }
    let length = length.unwrap_or_else(|| panic!("no content-length: {answer:?}"));
    if method == Method::HEAD {
        assert!(answer.body.is_empty(), "{answer:?}");
        return;
    }
    assert_eq!(length, answer.body.len(), "{answer:?}");
    if answer.status == 303 || answer.header("content-encoding").is_some() {
        return;
    }
    match answer.header("content-type") {
        Some("application/fhir+json; charset=utf-8") => {
            let json = answer.json();
            assert!(json["resourceType"].is_string(), "{json}");
            if remembers {
                validation::remember(&json);
            }
        }
        Some("application/json") => assert!(!answer.json()["resourceType"].is_string()),
        Some("application/fhir+xml; charset=utf-8") => {
            let start = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
            assert!(answer.text().starts_with(start), "{}", answer.text());
        }
        Some("text/html; charset=utf-8") => {
            assert!(
                answer.text().starts_with("<!doctype html>"),
                "{}",
                answer.text()
            );
        }
        other => panic!("{other:?}"),
    }
}

pub fn basic(login: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{login}:{password}")))
}

/// Sends bytes, and reads the status and all that comes until the server closes the connection. `None`: it closed
/// without an answer.
pub fn raw(port: u16, request: &[u8]) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the app listens");
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    // The server may refuse before it has read all, and close: the answer counts, not the error of writing.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let mut buffer = [0; 65536];
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        answer.extend_from_slice(&buffer[..read]);
    }
    let text = String::from_utf8_lossy(&answer).into_owned();
    let status = text.split(' ').nth(1)?.parse().ok()?;
    Some((status, text))
}

/// A GET request as bytes, after which the server closes the connection.
pub fn raw_get(target: &[u8], headers: &[&[u8]]) -> Vec<u8> {
    let mut request = b"GET ".to_vec();
    request.extend(target);
    request.extend(b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    for header in headers {
        request.extend(*header);
        request.extend(b"\r\n");
    }
    request.extend(b"\r\n");
    request
}
