//! `[session]` of a trytond.conf: the rules of signing in (trytond documentation, topics/configuration).

use std::str::FromStr;
use std::time::Duration;

use configparser::ini::Ini;

/// The rules of signing in, which the app shares with Tryton's own server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// How long a session lives after it was made.
    pub max_age: Duration,
    /// How long failed attempts count, and how long a session without requests counts as fresh.
    pub timeout: Duration,
    /// How many failed attempts of a login may be in that time.
    pub max_attempt: u32,
    /// How many failed attempts from a network may be in that time.
    pub max_attempt_ip_network: u32,
    /// The length of the prefix that makes a network of an IPv4 address, in bits.
    pub ip_network_4: u8,
    /// The length of the prefix that makes a network of an IPv6 address, in bits.
    pub ip_network_6: u8,
}

impl Default for Session {
    /// As trytond without a file (trytond/config.py).
    fn default() -> Self {
        Self {
            max_age: Duration::from_secs(60 * 60 * 24 * 30),
            timeout: Duration::from_secs(60 * 5),
            max_attempt: 5,
            max_attempt_ip_network: 300,
            ip_network_4: 32,
            ip_network_6: 56,
        }
    }
}

impl Session {
    /// What a file sets, and trytond's defaults for the rest.
    ///
    /// # Errors
    /// The name of an option that is no number, or too large a one.
    pub fn read(file: &Ini) -> Result<Self, &'static str> {
        let default = Self::default();
        Ok(Self {
            max_age: seconds(file, "max_age", default.max_age)?,
            timeout: seconds(file, "timeout", default.timeout)?,
            max_attempt: number(file, "max_attempt", default.max_attempt)?,
            max_attempt_ip_network: number(
                file,
                "max_attempt_ip_network",
                default.max_attempt_ip_network,
            )?,
            ip_network_4: prefix(file, "ip_network_4", default.ip_network_4, 32)?,
            ip_network_6: prefix(file, "ip_network_6", default.ip_network_6, 128)?,
        })
    }
}

fn number<N: FromStr>(file: &Ini, name: &'static str, default: N) -> Result<N, &'static str> {
    match file.get("session", name) {
        Some(value) => value.trim().parse().map_err(|_| name),
        None => Ok(default),
    }
}

fn seconds(file: &Ini, name: &'static str, default: Duration) -> Result<Duration, &'static str> {
    // No one means more than a century.
    let default = u32::try_from(default.as_secs()).unwrap_or(u32::MAX);
    Ok(Duration::from_secs(number(file, name, default)?.into()))
}

fn prefix(file: &Ini, name: &'static str, default: u8, most: u8) -> Result<u8, &'static str> {
    let bits = number(file, name, default)?;
    if bits > most {
        return Err(name);
    }
    Ok(bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Session, &'static str> {
        let mut file = Ini::new_cs();
        assert!(file.read(text.to_owned()).is_ok());
        Session::read(&file)
    }

    #[test]
    fn what_a_file_does_not_set_is_as_in_trytond() {
        assert_eq!(read("[database]\nuri = x\n"), Ok(Session::default()));
        let read = read("[session]\ntimeout = 60\nmax_attempt=2\nip_network_6 = 64\n");
        let expected = Session {
            timeout: Duration::from_secs(60),
            max_attempt: 2,
            ip_network_6: 64,
            ..Session::default()
        };
        assert_eq!(read, Ok(expected));
    }

    #[test]
    fn what_is_no_number_or_no_prefix_is_named() {
        assert_eq!(read("[session]\nmax_age = long\n"), Err("max_age"));
        assert_eq!(read("[session]\ntimeout = -1\n"), Err("timeout"));
        assert_eq!(read("[session]\nip_network_4 = 33\n"), Err("ip_network_4"));
    }
}
