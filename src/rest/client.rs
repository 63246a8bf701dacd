//! Where a request comes from: the address that failed attempts to sign in are counted by.
//!
//! Spin appends the address of the connection to what a client may have sent under the same name, so only the last value
//! counts. Behind proxies it is theirs, and the client's is what the outermost trusted one says. In a call from another
//! component it is what that component hands on ([`Behalf`]).

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::request::Parts;
use http::{HeaderMap, HeaderName, header};

use crate::config::{ForwardedHeader, Session, Settings};

use super::behalf::Behalf;

/// Spin's header with the address of the connection.
const CONNECTION: HeaderName = HeaderName::from_static("spin-client-addr");

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Who sends a request; `None`: not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Client(pub Option<IpAddr>);

impl Client {
    /// The client of a request.
    #[must_use]
    pub fn of(settings: &Settings, request: &Parts) -> Self {
        if let Some(behalf) = Behalf::of(&settings.secret, request) {
            return behalf.client;
        }
        let headers = &request.headers;
        let forwarded = settings
            .trusted_proxies
            .checked_sub(1)
            .and_then(|behind| forwarded(settings.forwarded_header, headers, behind));
        Self(forwarded.or_else(|| connection(headers)).and_then(known))
    }

    /// The address as trytond writes it; empty if it is not known.
    #[must_use]
    pub fn address(&self) -> String {
        self.0
            .map(|address| address.to_string())
            .unwrap_or_default()
    }

    /// The network as trytond writes it, `192.0.2.0/24`; empty if the address is not known (`LoginAttempt.ipaddress`,
    /// trytond/res/user.py).
    #[must_use]
    pub fn network(&self, rules: &Session) -> String {
        match self.0 {
            None => String::new(),
            Some(IpAddr::V4(address)) => {
                let bits = rules.ip_network_4;
                let mask = u32::MAX
                    .checked_shl(32 - u32::from(bits.min(32)))
                    .unwrap_or(0);
                let network = std::net::Ipv4Addr::from(u32::from(address) & mask);
                format!("{network}/{bits}")
            }
            Some(IpAddr::V6(address)) => {
                let bits = rules.ip_network_6;
                let mask = u128::MAX
                    .checked_shl(128 - u32::from(bits.min(128)))
                    .unwrap_or(0);
                let network = Ipv6Addr::from(u128::from(address) & mask);
                format!("{network}/{bits}")
            }
        }
    }
}

/// An address that means one client. An IPv4 address that a dual-stack socket shows as an IPv6 one is what it was.
fn known(address: IpAddr) -> Option<IpAddr> {
    let address = address.to_canonical();
    (!address.is_unspecified()).then_some(address)
}

fn connection(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all(CONNECTION).iter().next_back()?;
    address(last.to_str().ok()?)
}

/// What the proxy says that `behind` others stand behind.
fn forwarded(header: ForwardedHeader, headers: &HeaderMap, behind: usize) -> Option<IpAddr> {
    let (name, part): (_, fn(&str) -> Option<IpAddr>) = match header {
        ForwardedHeader::XForwardedFor => (X_FORWARDED_FOR, address),
        ForwardedHeader::Forwarded => (header::FORWARDED, forwarded_for),
    };
    let lines: Option<Vec<&str>> = headers
        .get_all(name)
        .iter()
        .map(|line| line.to_str().ok())
        .collect();
    let lines = lines?.join(",");
    part(elements(&lines).nth(behind)?)
}

/// The elements of a list from the right: commas within quotes do not separate.
fn elements(list: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    list.rsplit(move |letter| {
        quoted ^= letter == '"';
        letter == ',' && !quoted
    })
}

/// The address in the parameter `for` of an element of `Forwarded` (RFC 7239, section 4).
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let value = element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then_some(value)
    })?;
    address(value.trim().trim_matches('"'))
}

/// An address with or without a port; an IPv6 one may be in brackets.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    bare.unwrap_or(text)
        .parse()
        .ok()
        .or_else(|| text.parse().ok().map(|address: SocketAddr| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, http::HeaderValue::from_static(value));
        }
        headers
    }

    fn found(
        header: ForwardedHeader,
        behind: usize,
        pairs: &[(&'static str, &'static str)],
    ) -> String {
        let found = forwarded(header, &headers(pairs), behind).and_then(known);
        Client(found).address()
    }

    #[test]
    fn the_last_address_of_the_connection_counts() {
        let of = |pairs: &[(&'static str, &'static str)]| {
            Client(connection(&headers(pairs)).and_then(known)).address()
        };
        let name = "spin-client-addr";
        assert_eq!(
            of(&[(name, "9.9.9.9:1"), (name, "192.0.2.1:5")]),
            "192.0.2.1"
        );
        assert_eq!(of(&[(name, "[2001:db8::1]:5")]), "2001:db8::1");
        assert_eq!(of(&[(name, "[::ffff:192.0.2.7]:5")]), "192.0.2.7");
        // a call from another component
        assert_eq!(of(&[(name, "0.0.0.0:0")]), "");
        assert_eq!(of(&[]), "");
    }

    #[test]
    fn proxies_are_counted_from_the_right() {
        let name = "x-forwarded-for";
        let two = [(name, "6.6.6.6, 192.0.2.1"), (name, "198.51.100.2:80")];
        let header = ForwardedHeader::XForwardedFor;
        assert_eq!(found(header, 0, &two), "198.51.100.2");
        assert_eq!(found(header, 1, &two), "192.0.2.1");
        assert_eq!(found(header, 2, &two), "6.6.6.6");
        assert_eq!(found(header, 3, &two), "", "no proxy said so");
        assert_eq!(found(header, 0, &[(name, "nonsense")]), "");
        assert_eq!(found(header, 0, &[("forwarded", "for=192.0.2.1")]), "");
    }

    #[test]
    fn the_standard_header_is_understood() {
        let header = ForwardedHeader::Forwarded;
        let of = |value, behind| found(header, behind, &[("forwarded", value)]);
        assert_eq!(
            of(
                "for=192.0.2.43, For=\"[2001:db8:cafe::17]:4711\";proto=https",
                0
            ),
            "2001:db8:cafe::17"
        );
        assert_eq!(
            of("for=192.0.2.43;by=203.0.113.43, for=198.51.100.17", 1),
            "192.0.2.43"
        );
        assert_eq!(of("for=_hidden", 0), "");
        assert_eq!(of("for=\"a,b\"", 0), "");
    }

    #[test]
    fn networks_are_written_as_trytond_writes_them() {
        let network = |text: &str, ip_network_4, ip_network_6| {
            let rules = Session {
                ip_network_4,
                ip_network_6,
                ..Session::default()
            };
            Client(text.parse().ok()).network(&rules)
        };
        assert_eq!(network("192.0.2.77", 32, 56), "192.0.2.77/32");
        assert_eq!(network("192.0.2.77", 24, 56), "192.0.2.0/24");
        assert_eq!(network("192.0.2.77", 0, 56), "0.0.0.0/0");
        assert_eq!(
            network("2001:db8:1:2345::1", 32, 56),
            "2001:db8:1:2300::/56"
        );
        assert_eq!(network("2001:db8::1", 32, 128), "2001:db8::1/128");
        assert_eq!(network("", 32, 56), "");
    }
}
