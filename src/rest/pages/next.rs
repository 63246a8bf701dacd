//! Where to go after signing in: a path of this origin, whatever the query string of the login page says.

use http::uri::PathAndQuery;
use percent_encoding::percent_decode_str;

/// The longest that is followed, in bytes.
const LONGEST: usize = 2048;

/// How often a path is decoded to look for what it hides.
const DEPTH: usize = 4;

/// Pages that nobody wants to be sent to after signing in.
const POINTLESS: &[&str] = &["/auth/login", "/auth/logout"];

/// A path of this origin with its query, fit for a `Location` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next(String);

impl Next {
    /// Takes over a path that leads nowhere but to this origin; its query may be anything. `None` for all else: other
    /// origins in every spelling that a browser understands (`//host`, `/\host`, a tab between, `javascript:`), also
    /// if something on the way decodes the path.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_plain = text.starts_with('/') && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_plain || text.len() > LONGEST {
            return None;
        }
        let target: PathAndQuery = text.parse().ok()?;
        if !stays(target.path(), DEPTH)
            || POINTLESS.iter().any(|page| target.path().ends_with(page))
        {
            return None;
        }
        Some(Self(target.as_str().to_owned()))
    }

    /// The path and query.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a path stays on its origin, as it is and decoded up to `depth` times.
fn stays(path: &str, depth: usize) -> bool {
    let harmless = path.starts_with('/')
        && !path.contains("//")
        && !path.contains(|letter: char| letter == '\\' || letter.is_control());
    if !harmless || !path.contains('%') {
        return harmless;
    }
    let decoded = percent_decode_str(path).decode_utf8();
    depth > 0 && decoded.is_ok_and(|decoded| decoded == path || stays(&decoded, depth - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<String> {
        Next::parse(text).map(|next| next.as_str().to_owned())
    }

    #[test]
    fn a_path_of_this_origin_is_taken_over_with_its_query() {
        for path in [
            "/",
            "/auth/home",
            "/Patient/1",
            "/Patient?_count=20&_pretty=true",
            "/Patient?identifier=https://example.org/ids|a\\,b%5C%5C&name=%09",
            "/Patient?name=M%C3%BCller%20",
            "/Patient/100%25",
        ] {
            assert_eq!(parsed(path).as_deref(), Some(path));
        }
    }

    #[test]
    fn another_origin_is_refused_in_every_spelling() {
        for path in [
            "",
            "Patient/1",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/x//evil.example",
            "https://evil.example",
            "https:evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "%2f%2fevil.example",
            "/%2fevil.example",
            "/%2Fevil.example",
            "/%252fevil.example",
            "/%25252fevil.example",
            "/%5cevil.example",
            "/%255cevil.example",
            "/%09/evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "/%0d%0aset-cookie:x=y",
            "/\u{85}/evil.example",
            "/\u{2028}evil.example",
            " //evil.example",
            "/Pat ient",
            "/Patïent",
            "/%ff",
            "/%00",
            "?//evil.example",
            "@evil.example",
        ] {
            assert_eq!(parsed(path), None, "{path:?}");
        }
    }

    #[test]
    fn what_is_encoded_too_often_or_too_long_is_refused() {
        let often = format!("/%{}2fevil.example", "25".repeat(20));
        assert_eq!(parsed(&often), None);
        assert!(parsed(&format!("/{}", "a".repeat(LONGEST - 1))).is_some());
        assert_eq!(parsed(&format!("/{}", "a".repeat(LONGEST))), None);
    }

    #[test]
    fn signing_in_does_not_lead_to_the_pages_of_signing_in_and_out() {
        for path in [
            "/auth/login",
            "/auth/login?next=/",
            "/auth/logout",
            "/fhir/auth/logout",
        ] {
            assert_eq!(parsed(path), None, "{path}");
        }
    }
}
