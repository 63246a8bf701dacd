//! A browser as far as HTTP goes: it keeps cookies, sends forms, and does not follow redirects.

use std::cell::RefCell;
use std::collections::BTreeMap;

use ureq::http::{Method, Request};

use crate::http::{Answer, Client, PATIENCE, new_address, read};
use crate::world::{World, encoded};

/// What a browser accepts when it opens a page.
const HTML: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// The name of the session's cookie where there is no TLS.
pub const SESSION: &str = "gnuhealth-session";

/// The name of the cookie to which the login form is bound.
pub const FORM: &str = "gnuhealth-form";

/// A browser.
pub struct Visitor {
    agent: ureq::Agent,
    base: String,
    address: String,
    pub cookies: RefCell<BTreeMap<String, String>>,
}

impl Visitor {
    pub fn to(base: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .http_status_as_error(false)
            .max_redirects(0)
            .build();
        Self {
            agent: ureq::Agent::new_with_config(config),
            base: base.to_owned(),
            address: new_address(),
            cookies: RefCell::default(),
        }
    }

    pub fn of(world: &World) -> Self {
        Self::to(&world.app().url())
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send(&Method::GET, path, &[], "")
    }

    /// Sends a form to a path.
    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_with(path, fields, &[])
    }

    pub fn post_with(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut all = vec![("content-type", "application/x-www-form-urlencoded")];
        all.extend(headers);
        self.send(&Method::POST, path, &all, &form(fields))
    }

    /// Opens the login page and sends its form.
    pub fn sign_in(&self, login: &str, password: &str) -> Answer {
        let token = token(&self.get("/auth/login"));
        let fields = [("login", login), ("password", password), ("token", &token)];
        self.post("/auth/login", &fields)
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.borrow().get(name).cloned()
    }

    pub fn set_cookie(&self, name: &str, value: &str) {
        let (name, value) = (name.to_owned(), value.to_owned());
        self.cookies.borrow_mut().insert(name, value);
    }

    /// Sends a request; headers that are given replace those of a browser.
    pub fn send(
        &self,
        method: &Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base));
        request = request.header("x-forwarded-for", &self.address);
        if !headers.iter().any(|(name, _)| *name == "accept") {
            request = request.header("accept", HTML);
        }
        let cookies: Vec<_> = self
            .cookies
            .borrow()
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let sent = match *method {
            Method::POST | Method::PUT | Method::PATCH => {
                self.agent.run(request.body(body).unwrap())
            }
            _ => self.agent.run(request.body(()).unwrap()),
        };
        let answer = sent
            .and_then(read)
            .unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        self.keep_cookies(&answer);
        answer
    }

    fn keep_cookies(&self, answer: &Answer) {
        for cookie in set_cookies(answer) {
            let (name, rest) = cookie.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            let mut cookies = self.cookies.borrow_mut();
            if cookie.contains("Max-Age=0") {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// The cookies that an answer sets.
pub fn set_cookies(answer: &Answer) -> Vec<String> {
    let headers = answer.headers.get_all("set-cookie").iter();
    headers
        .map(|header| header.to_str().unwrap().to_owned())
        .collect()
}

/// The token in the form of a page.
pub fn token(page: &Answer) -> String {
    field(page, "token").unwrap_or_else(|| panic!("no token: {}", page.text()))
}

/// The value of an input of a page, as it stands in the HTML.
pub fn field(page: &Answer, name: &str) -> Option<String> {
    let (_, input) = page.text().split_once(&format!(" name=\"{name}\" "))?;
    let (_, value) = input
        .split('>')
        .next()?
        .split_once(" value=\"")
        .or_else(|| input.split_once("value=\""))?;
    Some(value.split('"').next()?.to_owned())
}

/// A body of `application/x-www-form-urlencoded`.
pub fn form(fields: &[(&str, &str)]) -> String {
    let pairs = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// Where an answer sends the browser.
#[track_caller]
pub fn location(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.text());
    answer.header("location").unwrap().to_owned()
}

/// A program with the session of a browser.
pub fn with_session(world: &World, session: &str) -> Client {
    world
        .anonymous()
        .with_authorization(&format!("Session {session}"))
}
