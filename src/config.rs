//! What the operator sets: the variables of `spin.toml`, checked once per instance.
//!
//! A missing or weak secret, or an address that cannot be understood, is an [`Error`]: the app then refuses to
//! serve instead of serving wrongly. The messages name the variable and what to do, and never its value.

mod origins;
mod session;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use configparser::ini::Ini;
use tokio_postgres::config::{Host, SslMode};

pub use origins::Origins;
pub use session::Session;

/// The shortest accepted `secret_key`: 32 bytes, the output size of the HMAC-SHA256 that it keys (RFC 2104, section 3).
pub const SHORTEST_SECRET: usize = 32;

/// How many different characters a `secret_key` must have at least, so that `xxxx…` is refused.
const FEWEST_DIFFERENT_CHARACTERS: usize = 10;

/// How long to wait for a connection when the address does not say.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// What is wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// `secret_key` is not set.
    #[error(
        "secret_key is not set: give the app a random secret of at least {SHORTEST_SECRET} characters (openssl rand -hex 32)"
    )]
    SecretMissing,
    /// `secret_key` is too short or repeats few characters.
    #[error(
        "secret_key is too weak: it needs at least {SHORTEST_SECRET} random characters (openssl rand -hex 32)"
    )]
    SecretWeak,
    /// Neither `database_url` nor `tryton_config` is set.
    #[error(
        "no database is configured: set database_url, or tryton_config to the path of a mounted trytond.conf"
    )]
    DatabaseMissing,
    /// `database_url` is neither a URL nor a libpq string.
    #[error(
        "database_url is not understood ({0}): use postgres://user:password@host:5432/database or a libpq string"
    )]
    DatabaseInvalid(String),
    /// The address has no host name: a component cannot use Unix sockets.
    #[error(
        "the database address names no host: a WebAssembly component reaches PostgreSQL over TCP only"
    )]
    DatabaseWithoutHost,
    /// The address names no database.
    #[error(
        "the database address names no database: append it to database_url, or set database_name"
    )]
    DatabaseWithoutName,
    /// The file of `tryton_config` cannot be read inside the component.
    #[error("tryton_config: {0} cannot be read; mount it with `files` in spin.toml")]
    TrytonConfigUnreadable(String),
    /// The file of `tryton_config` has no `[database] uri`.
    #[error("tryton_config: {0} has no `uri` in its [database] section")]
    TrytonConfigWithoutUri(String),
    /// An option of `[session]` in the file of `tryton_config` is not a number.
    #[error("tryton_config: `{0}` in the [session] section is not a number that makes sense there")]
    TrytonConfigSession(&'static str),
    /// `trusted_proxies` is not a small number.
    #[error("trusted_proxies must be the number of proxies in front of the app, 0 to 16")]
    TrustedProxiesInvalid,
    /// `forwarded_header` is neither of the two headers.
    #[error("forwarded_header must be x-forwarded-for or forwarded")]
    ForwardedHeaderInvalid,
    /// `base_url` is not an absolute HTTP URL.
    #[error(
        "base_url must be an absolute http or https URL without query, such as https://fhir.example.org"
    )]
    BaseUrlInvalid,
    /// `cors_origins` has an item that is no origin.
    #[error(
        "cors_origins must be a list of origins, such as https://app.example.org, separated by commas, or *"
    )]
    CorsOriginsInvalid,
    /// `system_base` is empty or no absolute URI.
    #[error("system_base must be an absolute URI, such as https://fhir.example.org/ns")]
    SystemBaseInvalid,
}

/// The checked configuration of the component that runs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the database is.
    pub database: Database,
    /// Keys every signature of the app; never shown or logged.
    pub secret: Secret,
    /// The public base of the FHIR endpoint without a trailing slash; `None`: taken from each request.
    pub base_url: Option<String>,
    /// The base of the systems of local codes and identifiers, without a trailing slash.
    pub system_base: String,
    /// The rules of signing in.
    pub session: Session,
    /// The names of applications whose keys are accepted; empty: any.
    pub applications: Vec<String>,
    /// Users must be in one of these groups; empty: in any or none.
    pub require_group: Vec<String>,
    /// How many proxies stand in front of the app, whose word for the client's address counts.
    pub trusted_proxies: usize,
    /// The header in which they give it.
    pub forwarded_header: ForwardedHeader,
    /// The origins whose web applications may read what is answered.
    pub cors_origins: Origins,
}

/// In which header proxies say who sent a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`
    XForwardedFor,
    /// `Forwarded` (RFC 7239)
    Forwarded,
}

/// The most proxies that may be trusted.
const MOST_PROXIES: usize = 16;

/// The secret of the installation. Its `Debug` form is blank.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Checks length and variety.
    ///
    /// # Errors
    /// [`Error::SecretMissing`] and [`Error::SecretWeak`].
    pub fn new(value: &str) -> Result<Self, Error> {
        if value.is_empty() {
            return Err(Error::SecretMissing);
        }
        let different: std::collections::BTreeSet<char> = value.chars().collect();
        if value.len() < SHORTEST_SECRET || different.len() < FEWEST_DIFFERENT_CHARACTERS {
            return Err(Error::SecretWeak);
        }
        Ok(Self(value.as_bytes().to_vec()))
    }

    /// The bytes to derive keys from.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

/// The parsed database address.
#[derive(Clone)]
pub struct Database {
    config: tokio_postgres::Config,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "Database({} at {})",
            self.name(),
            self.endpoint()
        )
    }
}

impl Database {
    /// Understands a URL or a libpq string; `name`, if not empty, replaces the database that it names.
    ///
    /// # Errors
    /// [`Error::DatabaseInvalid`], [`Error::DatabaseWithoutHost`] and [`Error::DatabaseWithoutName`].
    pub fn parse(address: &str, name: &str) -> Result<Self, Error> {
        // The parser's messages name the option or the part that is wrong, never a value of it.
        let mut config: tokio_postgres::Config = address
            .parse()
            .map_err(|error: tokio_postgres::Error| Error::DatabaseInvalid(error.to_string()))?;
        if !name.is_empty() {
            config.dbname(name);
        }
        let tcp = |host: &Host| matches!(host, Host::Tcp(name) if !name.is_empty());
        if config.get_hosts().is_empty() || !config.get_hosts().iter().all(tcp) {
            return Err(Error::DatabaseWithoutHost);
        }
        if config.get_dbname().unwrap_or_default().is_empty() {
            return Err(Error::DatabaseWithoutName);
        }
        Ok(Self { config })
    }

    /// `host:port` of the first host, for messages.
    #[must_use]
    pub fn endpoint(&self) -> String {
        self.hosts()
            .into_iter()
            .map(|(host, port)| format!("{host}:{port}"))
            .next()
            .unwrap_or_default()
    }

    /// The name of the database.
    #[must_use]
    pub fn name(&self) -> &str {
        self.config.get_dbname().unwrap_or_default()
    }

    /// The user that the app connects as.
    #[must_use]
    pub fn user(&self) -> &str {
        self.config.get_user().unwrap_or_default()
    }

    /// Another database of the same server.
    #[must_use]
    pub fn named(&self, name: &str) -> Self {
        let mut config = self.config.clone();
        config.dbname(name);
        Self { config }
    }

    /// The same database, for connections of another purpose: hosts keep a pool per address, and this is another.
    #[must_use]
    pub fn apart(&self, purpose: &str) -> Self {
        let mut config = self.config.clone();
        config.application_name(format!("{} {purpose}", self.application()));
        Self { config }
    }

    fn application(&self) -> &str {
        self.config
            .get_application_name()
            .unwrap_or("gnuhealth-fhir")
    }

    /// The libpq string to connect with, with our defaults for what the operator left open.
    #[must_use]
    pub fn address(&self) -> String {
        let config = &self.config;
        let (hosts, ports): (Vec<_>, Vec<_>) = self.hosts().into_iter().unzip();
        let timeout = config
            .get_connect_timeout()
            .copied()
            .unwrap_or(CONNECT_TIMEOUT);
        let mode = match config.get_ssl_mode() {
            SslMode::Disable => "disable",
            SslMode::Require => "require",
            _ => "prefer",
        };
        let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
        let mut options = vec![
            ("host", hosts.join(",")),
            ("port", ports.join(",")),
            ("dbname", self.name().to_owned()),
            ("sslmode", mode.to_owned()),
            ("connect_timeout", timeout.as_secs().max(1).to_string()),
            ("application_name", self.application().to_owned()),
        ];
        if let Some(user) = config.get_user() {
            options.push(("user", user.to_owned()));
        }
        if let Some(password) = config.get_password() {
            options.push(("password", String::from_utf8_lossy(password).into_owned()));
        }
        if let Some(session) = config.get_options() {
            options.push(("options", session.to_owned()));
        }
        let quoted = options
            .iter()
            .map(|(key, value)| format!("{key}={}", quote(value)));
        quoted.collect::<Vec<_>>().join(" ")
    }

    fn hosts(&self) -> Vec<(String, u16)> {
        let ports = self.config.get_ports();
        let port = |index: usize| ports.get(index).or(ports.first()).copied().unwrap_or(5432);
        let name = |host: &Host| match host {
            Host::Tcp(name) => name.clone(),
            #[allow(
                unreachable_patterns,
                reason = "Unix sockets exist in this type on some targets only"
            )]
            _ => String::new(),
        };
        self.config
            .get_hosts()
            .iter()
            .enumerate()
            .map(|(index, host)| (name(host), port(index)))
            .collect()
    }
}

/// A value of a libpq keyword string (PostgreSQL documentation, 34.1.1.1).
fn quote(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

impl Settings {
    /// Reads and checks the variables of this component; the result is kept for the life of the instance.
    ///
    /// # Errors
    /// Whatever is missing or wrong, see [`Error`].
    pub async fn load() -> Result<Rc<Self>, Error> {
        thread_local! {
            static LOADED: RefCell<Option<Rc<Settings>>> = const { RefCell::new(None) };
        }
        if let Some(settings) = LOADED.with_borrow(Clone::clone) {
            return Ok(settings);
        }
        let tryton = tryton_config().await?;
        let settings = Rc::new(Self {
            secret: Secret::new(&variable("secret_key").await)?,
            database: database(tryton.as_ref()).await?,
            base_url: base_url(&variable("base_url").await)?,
            system_base: system_base(&variable("system_base").await)?,
            session: tryton.map_or(Ok(Session::default()), |(file, _)| {
                Session::read(&file).map_err(Error::TrytonConfigSession)
            })?,
            applications: list(&variable("applications").await),
            require_group: list(&variable("require_group").await),
            trusted_proxies: trusted_proxies(&variable("trusted_proxies").await)?,
            forwarded_header: forwarded_header(&variable("forwarded_header").await)?,
            cors_origins: Origins::parse(&variable("cors_origins").await)
                .ok_or(Error::CorsOriginsInvalid)?,
        });
        LOADED.with_borrow_mut(|slot| *slot = Some(Rc::clone(&settings)));
        Ok(settings)
    }
}

impl Settings {
    /// The path of [`Settings::base_url`], which proxies take off; empty where there is none.
    #[must_use]
    pub fn base_path(&self) -> String {
        let base: Option<http::Uri> = self.base_url.as_ref().and_then(|base| base.parse().ok());
        base.map(|base| base.path().trim_end_matches('/').to_owned())
            .unwrap_or_default()
    }

    /// Settings with this base URL.
    #[cfg(test)]
    pub(crate) fn for_tests(base: &str) -> Option<Self> {
        Some(Self {
            database: Database::parse("postgres://localhost/health", "").ok()?,
            secret: Secret::new("0123456789abcdef0123456789abcdef").ok()?,
            base_url: base_url(base).ok()?,
            system_base: String::new(),
            session: Session::default(),
            applications: Vec::new(),
            require_group: Vec::new(),
            trusted_proxies: 0,
            forwarded_header: ForwardedHeader::XForwardedFor,
            cors_origins: Origins::default(),
        })
    }
}

/// A variable that the manifest does not hand to this component counts as empty.
async fn variable(name: &str) -> String {
    spin_sdk::variables::get(name)
        .await
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// The mounted trytond.conf and its path, if there is one.
async fn tryton_config() -> Result<Option<(Ini, String)>, Error> {
    let path = variable("tryton_config").await;
    if path.is_empty() {
        return Ok(None);
    }
    let unreadable = || Error::TrytonConfigUnreadable(path.clone());
    let text = std::fs::read_to_string(&path).map_err(|_| unreadable())?;
    let mut file = Ini::new_cs();
    file.read(text).map_err(|_| unreadable())?;
    Ok(Some((file, path)))
}

async fn database(tryton: Option<&(Ini, String)>) -> Result<Database, Error> {
    let address = variable("database_url").await;
    let name = variable("database_name").await;
    if !address.is_empty() {
        return Database::parse(&address, &name);
    }
    let (file, path) = tryton.ok_or(Error::DatabaseMissing)?;
    Database::parse(&tryton_uri(file, path)?, &name)
}

/// `[database] uri` of a trytond.conf (trytond documentation, topics/configuration).
fn tryton_uri(file: &Ini, path: &str) -> Result<String, Error> {
    file.get("database", "uri")
        .ok_or_else(|| Error::TrytonConfigWithoutUri(path.to_owned()))
}

/// A list of names, separated by commas.
fn list(value: &str) -> Vec<String> {
    let names = value.split(',').map(str::trim);
    names
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

fn trusted_proxies(value: &str) -> Result<usize, Error> {
    if value.is_empty() {
        return Ok(0);
    }
    let number = value.parse().map_err(|_| Error::TrustedProxiesInvalid)?;
    if number > MOST_PROXIES {
        return Err(Error::TrustedProxiesInvalid);
    }
    Ok(number)
}

fn forwarded_header(value: &str) -> Result<ForwardedHeader, Error> {
    match value.to_ascii_lowercase().as_str() {
        "" | "x-forwarded-for" => Ok(ForwardedHeader::XForwardedFor),
        "forwarded" => Ok(ForwardedHeader::Forwarded),
        _ => Err(Error::ForwardedHeaderInvalid),
    }
}

fn base_url(value: &str) -> Result<Option<String>, Error> {
    if value.is_empty() {
        return Ok(None);
    }
    let uri: http::Uri = value.parse().map_err(|_| Error::BaseUrlInvalid)?;
    let absolute = matches!(uri.scheme_str(), Some("http" | "https")) && uri.authority().is_some();
    if !absolute || uri.query().is_some() {
        return Err(Error::BaseUrlInvalid);
    }
    Ok(Some(value.trim_end_matches('/').to_owned()))
}

fn system_base(value: &str) -> Result<String, Error> {
    let absolute = value
        .split_once(':')
        .is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty());
    if !absolute || value.contains(char::is_whitespace) {
        return Err(Error::SystemBaseInvalid);
    }
    Ok(value.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_short_or_monotonous_secret_is_refused() {
        assert_eq!(Secret::new("").err(), Some(Error::SecretMissing));
        assert_eq!(Secret::new("short").err(), Some(Error::SecretWeak));
        assert_eq!(Secret::new(&"ab".repeat(40)).err(), Some(Error::SecretWeak));
        assert!(Secret::new("0123456789abcdef0123456789abcdef").is_ok());
    }

    #[test]
    fn a_url_and_a_libpq_string_mean_the_same() {
        let expected = "host='db.example' port='5433' dbname='health' sslmode='prefer' connect_timeout='5' \
                        application_name='gnuhealth-fhir' user='fhir' password='it\\'s'";
        for address in [
            "postgres://fhir:it%27s@db.example:5433/health",
            "postgresql://fhir:it%27s@db.example:5433/health",
            "host=db.example port=5433 user=fhir password='it\\'s' dbname=health",
        ] {
            let database = Database::parse(address, "").map(|database| database.address());
            assert_eq!(database, Ok(expected.to_owned()), "{address}");
        }
    }

    #[test]
    fn the_rendered_address_is_understood_again_as_itself() {
        let address = "postgres://u:p%5C'%20w@h1:1,h2:2/d?sslmode=require&options=-c%20statement_timeout%3D5s";
        let once = Database::parse(address, "").map(|database| database.address());
        let twice = once
            .clone()
            .and_then(|address| Database::parse(&address, ""))
            .map(|database| database.address());
        assert_eq!(once, twice);
    }

    #[test]
    fn an_address_without_host_or_database_is_refused() {
        assert_eq!(
            Database::parse("postgres:///health", "").err(),
            Some(Error::DatabaseWithoutHost)
        );
        assert_eq!(
            Database::parse("host=/var/run dbname=health", "").err(),
            Some(Error::DatabaseWithoutHost)
        );
        assert_eq!(
            Database::parse("postgres://localhost", "").err(),
            Some(Error::DatabaseWithoutName)
        );
        assert!(Database::parse("postgres://localhost", "health").is_ok());
        assert!(matches!(
            Database::parse("nonsense", ""),
            Err(Error::DatabaseInvalid(_))
        ));
    }

    #[test]
    fn the_uri_is_taken_from_a_trytond_conf() {
        let read = |text: &str| {
            let mut file = Ini::new_cs();
            assert!(file.read(text.to_owned()).is_ok());
            tryton_uri(&file, "f")
        };
        let file =
            "[web]\nlisten = [::]:8000\n\n[database]\nuri = postgresql://tryton:pw@db:5432/\n";
        assert_eq!(read(file).as_deref(), Ok("postgresql://tryton:pw@db:5432/"));
        assert_eq!(
            read("[web]\n"),
            Err(Error::TrytonConfigWithoutUri("f".into()))
        );
    }

    #[test]
    fn lists_and_proxies_are_understood_or_refused() {
        assert_eq!(
            list(" Health Doctor, ,Health Nurse "),
            ["Health Doctor", "Health Nurse"]
        );
        assert_eq!(list(""), [""; 0]);
        assert_eq!((trusted_proxies(""), trusted_proxies("2")), (Ok(0), Ok(2)));
        for wrong in ["-1", "x", "17", "1.5"] {
            assert_eq!(
                trusted_proxies(wrong),
                Err(Error::TrustedProxiesInvalid),
                "{wrong}"
            );
        }
        assert_eq!(
            forwarded_header("Forwarded"),
            Ok(ForwardedHeader::Forwarded)
        );
        assert_eq!(forwarded_header(""), Ok(ForwardedHeader::XForwardedFor));
        assert_eq!(
            forwarded_header("x-real-ip"),
            Err(Error::ForwardedHeaderInvalid)
        );
    }

    #[test]
    fn base_urls_lose_their_trailing_slash_and_relative_ones_are_refused() {
        assert_eq!(
            base_url("https://h/fhir/"),
            Ok(Some("https://h/fhir".into()))
        );
        assert_eq!(base_url(""), Ok(None));
        assert_eq!(base_url("/fhir"), Err(Error::BaseUrlInvalid));
        assert_eq!(base_url("ftp://h"), Err(Error::BaseUrlInvalid));
    }
}
