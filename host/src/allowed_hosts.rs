//! `allowed_outbound_hosts`: which hosts a component may reach, as
//! <https://spinframework.dev/http-outbound#granting-http-permissions-to-components> defines it.
//!
//! An entry is `scheme://host[:port]`. Scheme and port may be `*`, a port may be a range `a..b`
//! (end excluded), a host may be `*`, `*.domain` or a CIDR block.

use std::ops::Range;

use anyhow::{Context, Result, bail, ensure};
use ipnet::IpNet;
use url::{Host, Url};

use crate::variables::Variables;

/// The domain under which the app's own components are reached.
const CHAINING_SUFFIX: &str = ".spin.internal";

/// What one component may reach.
#[derive(Debug, Default)]
pub(crate) struct AllowedHosts(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    scheme: Option<String>,
    host: HostPattern,
    ports: Option<Range<u32>>,
}

#[derive(Debug)]
enum HostPattern {
    Any,
    Subdomain(String),
    Network(IpNet),
    Exactly(Host),
}

impl AllowedHosts {
    /// Parses the entries after their variables are filled in. An entry that becomes empty grants
    /// nothing, so that an optional endpoint can be left unset.
    pub(crate) fn parse(templates: &[String], variables: &Variables) -> Result<Self> {
        let mut entries = Vec::new();
        for template in templates {
            let entry = variables.expand(template)?;
            let optional = *template != entry;
            if optional && matches!(entry.as_str(), "" | "http://" | "https://") {
                continue;
            }
            // The message shows the template, not what a secret variable made of it.
            entries.push(
                Entry::parse(&entry)
                    .with_context(|| format!("allowed_outbound_hosts: {template:?}"))?,
            );
        }
        Ok(Self(entries))
    }

    /// Whether `url` may be reached; `scheme` is understood where the URL has none.
    pub(crate) fn allow(&self, url: &str, scheme: &str) -> bool {
        let parsed = match Url::parse(url) {
            Ok(url) if url.has_host() => Ok(url),
            _ => Url::parse(&format!("{scheme}://{url}")),
        };
        let Ok(url) = parsed else { return false };
        // `Url` parses the host of schemes it does not know as an opaque domain: look again.
        let Some(Ok(host)) = url.host_str().map(Host::parse) else {
            return false;
        };
        let port = url.port().or_else(|| well_known_port(url.scheme()));
        self.0
            .iter()
            .any(|entry| entry.allows(url.scheme(), &host, port))
    }
}

impl Entry {
    fn parse(text: &str) -> Result<Self> {
        let (scheme, rest) = text
            .trim()
            .split_once("://")
            .context("must be scheme://host[:port]")?;
        ensure!(
            scheme == "*" || (!scheme.is_empty() && scheme.chars().all(char::is_alphabetic)),
            "a scheme has letters only, or is *"
        );
        let rest = match rest.split_once('/') {
            // The slash of a CIDR block stays.
            Some((_, tail)) if tail.starts_with(|c: char| c.is_ascii_digit()) => rest,
            Some((authority, "")) => authority,
            Some(_) => bail!("must not have a path"),
            None => rest,
        };
        let (host, port) = match rest.rsplit_once(':') {
            // `[::1]` and unbracketed IPv6 networks have colons of their own.
            Some((host, port)) if HostPattern::parse(rest).is_err() => (host, port),
            _ => (rest, ""),
        };
        Ok(Self {
            ports: parse_ports(port, scheme)?,
            host: HostPattern::parse(host).with_context(|| format!("invalid host {host:?}"))?,
            scheme: (scheme != "*").then(|| scheme.to_owned()),
        })
    }

    fn allows(&self, scheme: &str, host: &Host, port: Option<u16>) -> bool {
        self.scheme.as_deref().is_none_or(|s| s == scheme)
            && self.host.allows(host)
            && self
                .ports
                .as_ref()
                .is_none_or(|range| port.is_some_and(|port| range.contains(&port.into())))
    }
}

impl HostPattern {
    fn parse(text: &str) -> Result<Self> {
        if text == "*" {
            return Ok(Self::Any);
        }
        ensure!(
            text != "self" && text != "self.alt",
            "requests to the app itself by a relative URL are not implemented by this host"
        );
        if let Ok(network) = text.parse::<IpNet>() {
            return Ok(Self::Network(network.trunc()));
        }
        if let Some(domain) = text.strip_prefix("*.") {
            let Host::Domain(domain) = Host::parse(domain)? else {
                bail!("*. must be followed by a domain");
            };
            return Ok(Self::Subdomain(format!(".{domain}")));
        }
        ensure!(
            !text.contains(['*', '{']),
            "wildcards are * or *.domain only"
        );
        Ok(Self::Exactly(Host::parse(text)?))
    }

    fn allows(&self, host: &Host) -> bool {
        match (self, host) {
            (Self::Any, _) => true,
            (Self::Subdomain(suffix), Host::Domain(domain)) => domain.ends_with(suffix),
            (Self::Network(network), Host::Ipv4(ip)) => {
                network.contains(&std::net::IpAddr::from(*ip))
            }
            (Self::Network(network), Host::Ipv6(ip)) => {
                network.contains(&std::net::IpAddr::from(*ip))
            }
            (Self::Exactly(exact), host) => exact == host,
            (Self::Subdomain(_) | Self::Network(_), _) => false,
        }
    }
}

/// `None` is any port.
fn parse_ports(text: &str, scheme: &str) -> Result<Option<Range<u32>>> {
    let number = |text: &str| {
        text.parse::<u16>()
            .with_context(|| format!("invalid port {text:?}"))
    };
    let range = match text {
        "*" => return Ok(None),
        "" => {
            let port = well_known_port(scheme)
                .with_context(|| format!("no port given, and {scheme:?} has no well-known one"))?;
            port.into()..u32::from(port) + 1
        }
        _ => match text.split_once("..") {
            Some((start, end)) => number(start)?.into()..number(end)?.into(),
            None => number(text)?.into()..u32::from(number(text)?) + 1,
        },
    };
    Ok(Some(range))
}

fn well_known_port(scheme: &str) -> Option<u16> {
    match scheme {
        "postgres" => Some(5432),
        "mysql" => Some(3306),
        "redis" => Some(6379),
        "mqtt" => Some(1883),
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

/// The component that `host` (without port) names by service chaining.
pub(crate) fn chaining_target(host: &str) -> Option<&str> {
    host.strip_suffix(CHAINING_SUFFIX)
        .filter(|id| !id.is_empty() && !id.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(entries: &[&str]) -> Result<AllowedHosts> {
        let entries: Vec<_> = entries.iter().map(|&e| e.to_owned()).collect();
        AllowedHosts::parse(&entries, &Variables::default())
    }

    #[test]
    fn allows_exactly_what_is_listed() {
        for (entry, url, expected) in [
            ("postgres://127.0.0.1", "127.0.0.1:5432", true),
            ("postgres://127.0.0.1", "127.0.0.1", true),
            ("postgres://127.0.0.1", "127.0.0.1:5433", false),
            ("postgres://127.0.0.1:5433", "127.0.0.1", false),
            ("postgres://db.example:5433", "db.example:5433", true),
            ("postgres://db.example:*", "db.example:1", true),
            ("postgres://db.example:5432..5434", "db.example:5433", true),
            ("postgres://db.example:5432..5434", "db.example:5434", false),
            ("postgres://10.0.0.0/8:5432", "10.1.2.3", true),
            ("postgres://10.0.0.0/8:5432", "11.1.2.3", false),
            ("postgres://10.0.0.0/8:5432", "ten.example", false),
            ("postgres://[::1]", "[::1]:5432", true),
            ("http://127.0.0.1:5432", "127.0.0.1:5432", false),
            ("*://*:*", "anything.example:1", true),
            ("postgres://*.example", "db.example", true),
            ("postgres://*.example", "example", false),
            (
                "http://patient.spin.internal",
                "http://patient.spin.internal/Patient/1",
                true,
            ),
            (
                "http://patient.spin.internal",
                "http://login.spin.internal/",
                false,
            ),
            (
                "http://*.spin.internal",
                "http://login.spin.internal/",
                true,
            ),
            ("https://api.example/", "http://api.example/", false),
        ] {
            let hosts = allowed(&[entry]).unwrap();
            assert_eq!(hosts.allow(url, "postgres"), expected, "{entry} {url}");
        }
    }

    #[test]
    fn refuses_entries_without_meaning() {
        for entry in [
            "*",
            "",
            "db.example",
            "ftp://db.example",
            "http://a/b",
            "http://a.*",
            "http://a:x",
            "http://self",
        ] {
            assert!(allowed(&[entry]).is_err(), "accepted {entry:?}");
        }
    }

    #[test]
    fn chaining_names_one_component() {
        assert_eq!(chaining_target("patient.spin.internal"), Some("patient"));
        for host in [
            "spin.internal",
            ".spin.internal",
            "a.b.spin.internal",
            "patient.example",
        ] {
            assert_eq!(chaining_target(host), None, "{host}");
        }
    }
}
