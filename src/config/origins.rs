//! `cors_origins`: which web applications of other origins may read what is answered.

use http::Uri;

/// The origins that are allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origins {
    /// `*`
    Any,
    /// Those named, as a browser writes them: `https://app.example.org`. Without any, no origin is allowed.
    These(Vec<String>),
}

impl Default for Origins {
    fn default() -> Self {
        Self::These(Vec::new())
    }
}

impl Origins {
    /// Understands a list of origins, separated by commas, or `*`; `None` if an item is no origin.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let items = value.split(',').map(str::trim);
        let items: Vec<&str> = items.filter(|item| !item.is_empty()).collect();
        if items == ["*"] {
            return Some(Self::Any);
        }
        let origins = items.into_iter().map(origin).collect::<Option<_>>();
        origins.map(Self::These)
    }

    /// Whether there is any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether an origin is allowed, as the header `Origin` has it.
    #[must_use]
    pub fn allow(&self, origin: &str) -> bool {
        match self {
            Self::Any => true,
            Self::These(origins) => origins.iter().any(|allowed| allowed == origin),
        }
    }
}

/// An origin in the form that browsers send (RFC 6454, section 6.2): in small letters, without the usual port.
fn origin(text: &str) -> Option<String> {
    let uri: Uri = text.parse().ok()?;
    let scheme = uri.scheme_str()?;
    let authority = uri.authority()?;
    let bare = text.ends_with(authority.as_str()) && !authority.as_str().contains(['@', '*']);
    if !matches!(scheme, "http" | "https") || !bare || authority.host().is_empty() {
        return None;
    }
    let usual = if scheme == "https" { 443 } else { 80 };
    let port = match authority.as_str().strip_prefix(authority.host())? {
        "" => None,
        port => Some(port.strip_prefix(':')?.parse::<u16>().ok()?),
    };
    let port = port.filter(|port| *port != usual);
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!(
        "{scheme}://{}{port}",
        authority.host().to_ascii_lowercase()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_compared_as_browsers_send_them() {
        let origins =
            Origins::parse(" https://App.example.org:443 ,http://localhost:8080,").unwrap();
        for allowed in ["https://app.example.org", "http://localhost:8080"] {
            assert!(origins.allow(allowed), "{allowed}");
        }
        for foreign in [
            "",
            "null",
            "http://app.example.org",
            "https://app.example.org.evil.example",
            "https://evil.example/https://app.example.org",
            "https://app.example.org:8443",
            "http://localhost",
        ] {
            assert!(!origins.allow(foreign), "{foreign}");
        }
    }

    #[test]
    fn none_is_the_default_and_a_star_is_all() {
        assert!(Origins::parse("").unwrap().is_empty());
        assert!(!Origins::parse("").unwrap().allow("https://a.example"));
        assert!(Origins::parse("*").unwrap().allow("https://a.example"));
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for wrong in [
            "app.example.org",
            "https://",
            "https://app.example.org/",
            "https://app.example.org/path",
            "https://user@app.example.org",
            "ftp://app.example.org",
            "https://*.example.org",
            "*, https://a.example",
            "null",
            "https://a.example:99999",
        ] {
            assert_eq!(Origins::parse(wrong), None, "{wrong}");
        }
    }
}
