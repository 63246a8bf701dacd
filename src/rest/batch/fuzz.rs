//! Bodies and URLs of batches, right and wrong: read or refused, never a panic.

use http::Request;
use proptest::prelude::*;
use proptest::sample::select;

use super::bundle;
use super::target::Target;

/// Bits of Bundles in both formats.
const BITS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "null",
    "1e999",
    "\"resourceType\":\"Bundle\"",
    "\"type\":\"batch\"",
    "\"type\":\"transaction\"",
    "\"entry\":[",
    "{\"request\":{\"method\":\"GET\",\"url\":\"Patient/1\"}}",
    "\"entry\":{}",
    "<?xml version=\"1.0\"?>",
    "<Bundle xmlns=\"http://hl7.org/fhir\">",
    "</Bundle>",
    "<type value=\"batch\"/>",
    "<entry>",
    "</entry>",
    "<request>",
    "</request>",
    "<method value=\"GET\"/>",
    "<url value=\"Patient?name=a&amp;_count=1\"/>",
    "<!DOCTYPE x [<!ENTITY y \"z\">]>",
    "&y;",
    "&#0;",
    "&#x10ffff;",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "\u{0}",
    "\u{feff}",
    "é",
];

const URLS: &[&str] = &[
    "Patient",
    "/",
    "//",
    "?",
    "#",
    "..",
    ".",
    "%2e",
    "%2F",
    "%",
    "%00",
    "1",
    "_search",
    "_history",
    "metadata",
    "http://h/fhir/",
    "http://",
    "https://other/",
    "urn:uuid:",
    "name=a",
    "&",
    "=",
    "é",
    " ",
    "\\",
    ":",
    "@",
    "auth/login",
    "$everything",
];

fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_body_is_a_batch_or_is_refused(bits in prop::collection::vec(prop_oneof![6 => select(BITS).prop_map(str::to_owned), 1 => ".{0,6}"], 0..14), bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        for media_type in ["application/fhir+json", "application/fhir+xml", "text/plain"] {
            for body in [bits.concat().as_bytes(), &bytes] {
                let request = Request::post("/").header("content-type", media_type).body(()).unwrap();
                let _ = bundle::read(&request.into_parts().0, body);
            }
        }
    }

    #[test]
    fn any_url_leads_into_the_app_or_is_refused(bits in prop::collection::vec(prop_oneof![6 => select(URLS).prop_map(str::to_owned), 1 => ".{0,4}"], 0..8)) {
        if let Ok(target) = Target::of(&bits.concat(), "http://h/fhir") {
            prop_assert!(target.path_and_query.starts_with('/'), "{:?}", target);
            let plain = target.component.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            prop_assert!(plain && !target.component.is_empty(), "{:?}", target);
        }
    }
}
