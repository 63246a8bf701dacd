//! Conditional reads: whether the client has the version that there is (RFC 9110, section 13; R4, RESTful API, section
//! "conditional read").

use std::time::SystemTime;

use http::HeaderMap;
use http::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH};
use sha2::{Digest, Sha256};

use crate::fhir::r4::AnyResource;

/// Whether the headers say that the client needs no copy of what has this tag, and was last changed at this time. What
/// cannot be understood is ignored, as is the date where there is no time.
pub(super) fn is_known(headers: &HeaderMap, etag: &str, modified: Option<SystemTime>) -> bool {
    if headers.contains_key(IF_NONE_MATCH) {
        // The date is then of no account, RFC 9110, section 13.1.3.
        let values = headers.get_all(IF_NONE_MATCH).iter();
        return values
            .filter_map(|value| value.to_str().ok())
            .any(|value| names(value, etag));
    }
    let date = headers
        .get(IF_MODIFIED_SINCE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| httpdate::parse_http_date(value).ok());
    date.zip(modified)
        .is_some_and(|(date, modified)| modified <= date)
}

/// What tells one content from another in an entity tag.
pub(super) fn hash(resource: &AnyResource) -> String {
    let hash = Sha256::digest(resource.as_json());
    hash.iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Whether a list of entity tags has this one, compared weakly, or is `*`.
fn names(list: &str, etag: &str) -> bool {
    if list.trim() == "*" {
        return true;
    }
    let Some(tags) = entity_tags(list) else {
        return false;
    };
    tags.contains(&etag.trim_start_matches("W/"))
}

/// The opaque parts of a list of entity tags, with their quotes; `None` if it is no such list. A tag may have commas in it.
fn entity_tags(list: &str) -> Option<Vec<&str>> {
    let mut tags = Vec::new();
    let mut rest = list;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return Some(tags);
        }
        rest = rest.strip_prefix("W/").unwrap_or(rest);
        let length = rest.strip_prefix('"')?.find('"')? + 2;
        let (tag, after) = rest.split_at_checked(length)?;
        tags.push(tag);
        rest = after.trim_start_matches([' ', '\t']);
        if !rest.is_empty() && !rest.starts_with(',') {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::resource::Version;

    /// 2026-11-02T10:00:00.000001Z
    fn version() -> Version {
        let record = r#"{"changed": "2026-11-02T10:00:00.000001"}"#;
        Version::latest(record).unwrap().unwrap()
    }

    fn map(headers: &[(http::HeaderName, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, HeaderValue::from_str(value).unwrap());
        }
        map
    }

    fn known(headers: &[(http::HeaderName, &str)]) -> bool {
        let version = version();
        let modified = Some(version.last_modified());
        is_known(&map(headers), &version.etag(), modified)
    }

    #[test]
    fn the_tag_is_compared_weakly_in_lists_and_several_headers() {
        let own = "\"1793613600000001\"";
        for list in [
            own.to_owned(),
            format!("W/{own}"),
            format!("\"a\",W/\"b,c\" , {own},"),
            "*".to_owned(),
            " * ".to_owned(),
        ] {
            assert!(known(&[(IF_NONE_MATCH, &list)]), "{list}");
        }
        assert!(known(&[(IF_NONE_MATCH, "\"a\""), (IF_NONE_MATCH, own)]));
    }

    #[test]
    fn other_tags_and_what_is_none_do_not_match() {
        for list in [
            "",
            "\"1\"",
            "1793613600000001",
            "W/1793613600000001",
            "\"1793613600000001",
            "w/\"1793613600000001\"",
            "\"1793613600000001\" x",
            "\"a\", *",
            "\"x\"\"1793613600000001\"",
        ] {
            assert!(!known(&[(IF_NONE_MATCH, list)]), "{list}");
        }
    }

    #[test]
    fn the_date_counts_to_the_second_and_only_alone() {
        let (at, before) = (
            "Mon, 02 Nov 2026 10:00:00 GMT",
            "Mon, 02 Nov 2026 09:59:59 GMT",
        );
        assert!(known(&[(IF_MODIFIED_SINCE, at)]));
        assert!(!known(&[(IF_MODIFIED_SINCE, before)]));
        assert!(!known(&[(IF_MODIFIED_SINCE, at), (IF_NONE_MATCH, "\"1\"")]));
        for date in [
            "",
            "yesterday",
            "2026-11-03",
            "Mon, 99 Nov 2026 10:00:00 GMT",
        ] {
            assert!(!known(&[(IF_MODIFIED_SINCE, date)]), "{date}");
        }
        assert!(!known(&[]));
        let without_time = is_known(&map(&[(IF_MODIFIED_SINCE, at)]), "W/\"1\"", None);
        assert!(!without_time);
    }
}
