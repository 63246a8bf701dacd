//! Requests as nobody should send them, made at random from a seed: whatever is asked, the answer is one of FHIR, nothing
//! is a failure of the server, and the app works as before.

use ureq::http::Method;

use crate::http::{Client, basic, raw};
use crate::world::{World, encoded};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        strange_searches_are_answered_or_refused,
        strange_requests_get_an_answer_of_fhir,
        strange_bodies_are_answered_or_refused,
    ]
}

/// How many requests each test sends, unless the environment says another.
const REQUESTS: usize = 400;

/// The seed, unless the environment says another.
const SEED: u64 = 4;

fn number(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).map_or(usual, |text| text.parse().expect("a whole number"))
}

fn requests() -> usize {
    usize::try_from(number("GNUHEALTH_FHIR_TEST_FUZZ", REQUESTS as u64)).unwrap()
}

/// Random choices that a seed repeats (splitmix64).
struct Random(u64);

impl Random {
    fn new(stream: u64) -> Self {
        Self(number("GNUHEALTH_FHIR_TEST_SEED", SEED) << 8 | stream)
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).unwrap()
    }

    fn one<'t>(&mut self, list: &[&'t str]) -> &'t str {
        list[self.below(list.len())]
    }

    /// Up to so many pieces, one after the other; some of them repeated.
    fn text(&mut self, pieces: &[&str], most: usize) -> String {
        let number = self.below(most + 1);
        let text = (0..number).map(|_| self.one(pieces)).collect::<String>();
        if self.below(40) == 0 {
            text.repeat(300)
        } else {
            text
        }
    }
}

const NAMES: &[&str] = &[
    "_id",
    "name",
    "family",
    "given",
    "birthdate",
    "gender",
    "identifier",
    "_lastUpdated",
    "code",
    "value-quantity",
    "subject",
    "patient",
    "date",
    "_count",
    "_total",
    "_cursor",
    "_sort",
    "_include",
    "_revinclude",
    "_has:Observation:patient:code",
    "_filter",
    "_type",
    "_text",
    "_format",
    "_pretty",
    "_summary",
    "_elements",
    "subject:Patient.name",
    "general-practitioner.name",
    "code-value-quantity",
    "x",
    "",
    "name:exact:exact",
    "_id:missing",
];

const MODIFIERS: &[&str] = &[
    "",
    "",
    "",
    ":missing",
    ":exact",
    ":contains",
    ":not",
    ":text",
    ":of-type",
    ":Patient",
    ":",
    ":iterate",
    ".name",
    "[]",
];

const VALUES: &[&str] = &[
    "",
    "1",
    "a",
    "Ana",
    "true",
    "xml",
    "json",
    "eq",
    "ge",
    "ap",
    "2024",
    "-02-30",
    "T25:00",
    "Z",
    "%",
    "_",
    "'",
    "\"",
    "\\",
    "\\,",
    "|",
    "$",
    ",",
    ";",
    "--",
    "(",
    ")",
    "*",
    " ",
    "\t",
    "\n",
    "\r\n",
    "\0",
    "é",
    "e\u{301}",
    "İ",
    "ß",
    "\u{202e}",
    "\u{feff}",
    "\u{ffff}",
    "😀",
    "99999999999999999999",
    "1e400",
    "-0",
    "NaN",
    "0x10",
    "5.4",
    "||mg",
    "http://loinc.org|",
    "Patient/1",
    "http://",
    "../",
    "urn:uuid:",
    "name co \"a\"",
    " and ",
    " or ",
    "not ",
    "' OR 1=1 --",
    "');DROP TABLE x;--",
    "${jndi:ldap://x}",
    "<script>",
    "-_id",
    "_id,_id",
    "accurate",
    "none",
    "Observation:patient",
];

const PATHS: &[&str] = &[
    "/Patient",
    "/Patient/1",
    "/Patient/1/_history",
    "/Patient/1/_history/1",
    "/Patient/_search",
    "/",
    "/metadata",
    "/Patient/1/Observation",
    "/Patient/1/Patient",
    "/Observation",
    "/Nonsense",
    "/Patient/",
    "//",
    "/Patient//1",
    "/Patient/%2e%2e/1",
    "/Patient/999999999999999999999",
    "/Patient/-1",
    "/Patient/%00",
    "/Patient/$everything",
    "/_search",
    "/_history",
    "/.well-known/smart-configuration",
    "/health/live",
    "/health/ready",
    "/patient/1",
    "/Patient/1/",
    "/Patient;x=1",
    "/Patient/é",
];

const METHODS: &[&str] = &[
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get", "X",
];

const HEADERS: &[(&str, &str)] = &[
    ("Accept", "application/fhir+xml"),
    ("Accept", "text/html"),
    ("Accept", ";;;,,q=,*/*;q=9"),
    ("Accept", "*/*;q=0"),
    ("Accept", "application/fhir+json;fhirVersion=99"),
    ("Prefer", "handling=strict"),
    ("Prefer", "handling="),
    ("Prefer", "return=minimal;;;,"),
    ("If-None-Match", "W/\"1\""),
    ("If-None-Match", "*"),
    ("If-None-Match", "\"\"\""),
    ("If-Modified-Since", "yesterday"),
    ("If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"),
    ("If-Match", "W/\"x"),
    ("Accept-Encoding", "gzip;q=0, br, *;q=x"),
    ("Origin", "null"),
    ("Origin", "https://evil.example"),
    ("X-Forwarded-Host", "a b/\\"),
    ("X-Forwarded-Proto", "gopher"),
    ("Host", "a:b:c"),
    ("Content-Type", "application/fhir+json"),
    ("Content-Type", "application/x-www-form-urlencoded"),
    ("Content-Type", "application/fhir+xml"),
    ("Content-Type", "text/plain; charset=\"utf-16"),
    ("Cookie", "a=b; ;=;"),
    ("Accept-Language", "zz-ZZ;q=1,*"),
    ("Range", "bytes=0-1"),
    ("Expect", "100-continue-not"),
    ("X-Request-Id", "a\tb"),
    ("Forwarded", "for=\"[::"),
];

/// A header that makes a request none of HTTP.
const NO_HOST: &str = "Host: a:b:c";

const BODIES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "null",
    "\"resourceType\"",
    "\"Bundle\"",
    "\"type\"",
    "\"batch\"",
    "\"entry\"",
    "{\"request\":{\"method\":\"GET\",\"url\":\"Patient/1\"}}",
    "{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"entry\":[",
    "]}",
    "1e999",
    "\\ud800",
    "é",
    "\0",
    "<Bundle xmlns=\"http://hl7.org/fhir\">",
    "<type value=\"batch\"/>",
    "<entry>",
    "</Bundle>",
    "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]>",
    "&b;",
    "name=",
    "Ana",
    "&",
    "%",
    "=",
    "_count=1",
    "+",
];

fn strange_searches_are_answered_or_refused(world: &World) {
    let mut random = Random::new(1);
    let client = world.doctor().forgetful();
    let types: Vec<String> = crate::crawl::declared(&crate::crawl::statement(world))
        .iter()
        .map(|declared| declared["type"].as_str().unwrap().to_owned())
        .collect();
    for _ in 0..requests() {
        let kind = &types[random.below(types.len())];
        let pairs: Vec<String> = (0..=random.below(4))
            .map(|_| {
                let name = format!("{}{}", random.one(NAMES), random.one(MODIFIERS));
                let value = random.text(VALUES, 4);
                if random.below(8) == 0 {
                    value.replace(
                        |character: char| {
                            !character.is_ascii_graphic() || "\"<>\\^`{|}#".contains(character)
                        },
                        "%",
                    )
                } else {
                    format!("{}={}", encoded(&name), encoded(&value))
                }
            })
            .collect();
        let path = format!("/{kind}?{}", pairs.join("&"));
        let prefer = random.one(&["handling=strict", "handling=lenient"]);
        let answer = client.send(
            &Method::GET,
            &path,
            &[("prefer", prefer), ("accept", "application/fhir+json")],
        );
        assert!(
            matches!(answer.status, 200 | 400 | 403 | 406 | 414 | 431),
            "{}: {path} {prefer}",
            answer.status
        );
    }
    healthy(world);
}

fn strange_requests_get_an_answer_of_fhir(world: &World) {
    let mut random = Random::new(2);
    let authorization = basic("doctor", world.password("doctor"));
    for _ in 0..requests() {
        let method = random.one(METHODS);
        let mut target = random.one(PATHS).to_owned();
        if random.below(3) == 0 {
            target += &format!(
                "?{}={}",
                encoded(random.one(NAMES)),
                encoded(&random.text(VALUES, 3))
            );
        }
        let mut request = format!(
            "{method} {target} HTTP/1.1\r\nConnection: close\r\nX-Forwarded-For: 203.0.113.77\r\n"
        );
        if random.below(10) > 0 {
            request += &format!("Authorization: {authorization}\r\n");
        }
        let headers: Vec<_> = (0..random.below(4))
            .map(|_| HEADERS[random.below(HEADERS.len())])
            .collect();
        if !headers.iter().any(|(name, _)| *name == "Host") {
            request += "Host: localhost\r\n";
        }
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        let body = if matches!(method, "POST" | "PUT" | "PATCH") {
            random.text(BODIES, 6)
        } else {
            String::new()
        };
        request += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
        let Some((status, text)) = raw(world.app().port(), request.as_bytes()) else {
            // A Host that is none is refused by HTTP, by whatever means; see also the test of links.
            assert!(request.contains(NO_HOST), "no answer to {request:?}");
            continue;
        };
        assert!((200..500).contains(&status), "{status} to {request:?}");
        answered(method, status, &text, &request);
    }
    healthy(world);
}

/// What is answered has its length and is a resource, a page, or what HTTP itself refuses.
fn answered(method: &str, status: u16, text: &str, request: &str) {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(':'));
        lines
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim().to_owned())
    };
    let kind = header("content-type").unwrap_or_default();
    // The HTTP server itself refuses what is no HTTP, before the app sees it.
    if header("x-request-id").is_none() {
        assert_eq!(status, 400, "{text:?} to {request:?}");
        return;
    }
    if method == "HEAD" || matches!(status, 204 | 304) {
        assert!(body.is_empty(), "{text:?} to {request:?}");
        return;
    }
    let length: usize = header("content-length")
        .and_then(|length| length.parse().ok())
        .unwrap_or_else(|| panic!("no length: {text:?} to {request:?}"));
    // What is compressed is no text.
    if header("content-encoding").is_none() {
        assert_eq!(length, body.len(), "{text:?} to {request:?}");
        let fhir = kind.contains("json") && body.starts_with('{')
            || kind.contains("xml") && body.contains("http://hl7.org/fhir");
        let page = kind.starts_with("text/html");
        let nothing = body.is_empty() && matches!(status, 200 | 303);
        assert!(fhir || page || nothing, "{text:?} to {request:?}");
    }
}

fn strange_bodies_are_answered_or_refused(world: &World) {
    let mut random = Random::new(3);
    let client = world.doctor().forgetful();
    for _ in 0..requests() / 2 {
        let path = random.one(&["/Patient/_search", "/", "/Patient"]);
        let kind = random.one(&[
            "application/x-www-form-urlencoded",
            "application/fhir+json",
            "application/fhir+xml",
            "text/plain",
        ]);
        let body = random.text(BODIES, 8);
        let answer = client.post(
            path,
            &body,
            &[("content-type", kind), ("accept", "application/fhir+json")],
        );
        assert!(
            (200..500).contains(&answer.status),
            "{}: {path} {kind} {body:?}",
            answer.status
        );
    }
    healthy(world);
}

/// The app answers as ever.
fn healthy(world: &World) {
    let client: Client = world.doctor();
    assert_eq!(client.get("/health/ready").status, 200);
    assert_eq!(client.get("/Patient/1").status, 200);
    assert_eq!(world.anonymous().get("/Patient/1").status, 401);
}
