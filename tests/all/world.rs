//! What the tests run in: the database, the app, their users.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use xtask::app::{App, Options};
use xtask::database::{self, Database, DemoUser, GnuHealth};

use crate::http::{Answer, Client};
use crate::oracle::Oracle;
use crate::sql::Sql;

/// The base of the systems of local identifiers, as `spin.toml` has it.
pub const SYSTEMS: &str = "https://gnuhealth.example/fhir";

/// Within this time a changed password or right must take effect (DESIGN.md, "Statements").
pub const EFFECT: Duration = Duration::from_secs(5);

/// Everything that runs while the tests do. When it is dropped the app stops, then the database.
pub struct World {
    app: App,
    log: PathBuf,
    options: Options,
    anonymous: Client,
    users: Vec<DemoUser>,
    version: GnuHealth,
    owner_url: String,
    python: PathBuf,
    database_url: String,
    database_port: u16,
    database_name: String,
    patients: OnceLock<BTreeMap<i64, Value>>,
    resources: Mutex<BTreeMap<&'static str, Arc<BTreeMap<String, Value>>>>,
    oracle: Mutex<Option<Oracle>>,
    database: Mutex<Database>,
}

/// An app with variables of its own.
pub struct OwnApp {
    app: App,
    log: PathBuf,
    pub client: Client,
}

impl World {
    pub fn start() -> Self {
        let version = std::env::var("GNUHEALTH_FHIR_TEST_VERSION").unwrap_or("5.0".to_owned());
        let version: GnuHealth = version.parse().expect("GNUHEALTH_FHIR_TEST_VERSION");
        let database = Database::start(&database::Options {
            gnuhealth: version,
            ..database::Options::default()
        });
        let database = database.expect("the database starts");
        let _ = std::fs::remove_dir_all(folder());
        std::fs::create_dir_all(folder()).unwrap();
        let options = Options::for_database(&database.url(), database.port()).unwrap();
        // Each client of the tests has an address of its own, so that the failed attempts of one are not another's.
        let options = options.with("trusted_proxies", "1");
        let options = own_files(options, "app");
        let app = App::start(&options).expect("the app starts");
        Self {
            anonymous: Client::new(&app.url()),
            app,
            log: options.log.clone().unwrap(),
            options,
            users: database.users(),
            version,
            owner_url: database.owner_url(),
            python: database.python(),
            database_url: database.url(),
            database_port: database.port(),
            database_name: database.name().to_owned(),
            patients: OnceLock::new(),
            resources: Mutex::default(),
            oracle: Mutex::new(None),
            database: Mutex::new(database),
        }
    }

    pub fn anonymous(&self) -> &Client {
        &self.anonymous
    }

    /// A client with the credentials of a demo user.
    pub fn as_user(&self, login: &str) -> Client {
        self.anonymous.with_credentials(login, self.password(login))
    }

    /// A user who may read all patients with all that belongs to them.
    pub fn doctor(&self) -> Client {
        self.as_user("doctor")
    }

    pub fn users(&self) -> &[DemoUser] {
        &self.users
    }

    pub fn password(&self, login: &str) -> &str {
        let user = self.users.iter().find(|user| user.login == login);
        &user.unwrap_or_else(|| panic!("no user {login}")).password
    }

    pub fn version(&self) -> GnuHealth {
        self.version
    }

    pub fn app(&self) -> &App {
        &self.app
    }

    /// The secret of the app.
    pub fn secret(&self) -> &str {
        let variables = &self.options.variables;
        let secret = variables.iter().find(|(name, _)| name == "secret_key");
        &secret.expect("secret_key is set").1
    }

    /// What the app has logged until now.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    pub fn sql(&self) -> Sql {
        Sql::connect(&self.owner_url, self.version)
    }

    /// Ends the connections of the app, on the server's side.
    pub fn end_connections(&self) {
        self.sql().run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'gnuhealth_fhir'",
        );
    }

    /// Asks Tryton itself; see `tests/oracle/login.py` for the questions that there are.
    pub fn tryton(&self, question: &Value) -> Value {
        let mut oracle = self.oracle.lock().unwrap_or_else(PoisonError::into_inner);
        oracle
            .get_or_insert_with(|| Oracle::start(self))
            .ask(question)
    }

    /// Where trytond and the tests connect to: as the owner of everything.
    pub fn owner_url(&self) -> &str {
        &self.owner_url
    }

    /// A Python that has trytond and GNU Health.
    pub fn python(&self) -> &Path {
        &self.python
    }

    /// The database, to stop and start it.
    pub fn database(&self) -> MutexGuard<'_, Database> {
        self.database.lock().unwrap()
    }

    /// Where the app connects to: role and password, host and port, database.
    pub fn database_url(&self) -> &str {
        &self.database_url
    }

    pub fn database_port(&self) -> u16 {
        self.database_port
    }

    pub fn database_name(&self) -> &str {
        &self.database_name
    }

    /// Every patient of the database, each read by its id, as the doctor; asked once.
    pub fn patients(&self) -> &BTreeMap<i64, Value> {
        self.patients.get_or_init(|| {
            let doctor = self.doctor();
            let ids = self.sql().patients("true", &[]);
            ids.into_iter()
                .map(|id| (id, doctor.get(&format!("/Patient/{id}")).ok()))
                .collect()
        })
    }

    /// Every resource of a type, by logical id, as the doctor finds them page by page; asked once.
    pub fn all(&self, r#type: &'static str) -> Arc<BTreeMap<String, Value>> {
        let mut kept = self
            .resources
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let found = kept.entry(r#type).or_insert_with(|| {
            let path = format!("/{type}?_count=1000");
            Arc::new(resources(&self.doctor(), &path))
        });
        Arc::clone(found)
    }

    /// The ids that a search as the doctor finds, over all pages.
    pub fn found(&self, query: &[(&str, &str)]) -> BTreeSet<i64> {
        let answer = self.search(query);
        let bundle = answer.ok();
        assert!(
            link(&bundle, "next").is_none(),
            "one page holds all: {query:?}"
        );
        let found = ids(&bundle);
        let unique: BTreeSet<i64> = found.iter().copied().collect();
        assert_eq!(found.len(), unique.len(), "twice in the result: {query:?}");
        unique
    }

    /// A search on patients as the doctor; on one page, unless the query says another.
    pub fn search(&self, query: &[(&str, &str)]) -> Answer {
        let mut query = query.to_vec();
        if !query.iter().any(|(name, _)| *name == "_count") {
            query.push(("_count", "1000"));
        }
        self.doctor().get(&search_path(&query))
    }

    /// Starts an app of its own, with what `change` makes of the usual variables.
    pub fn start_app(&self, name: &str, change: impl FnOnce(Options) -> Options) -> OwnApp {
        let options = own_files(change(self.options.clone()), name);
        let app = App::start(&options).expect("the app starts");
        OwnApp {
            client: Client::new(&app.url()),
            app,
            log: options.log.unwrap(),
        }
    }
}

impl OwnApp {
    pub fn url(&self) -> String {
        self.app.url()
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }
}

/// The least id of the patients that tests make.
pub const NEW: i64 = 800_000;

/// Patients that a test makes; when this is dropped they are gone. For tests that run alone: others count patients.
pub struct Newcomers<'w>(pub &'w World);

impl Newcomers<'_> {
    pub fn come(&self, id: i64) {
        assert!(id >= NEW);
        self.0.sql().run(&format!(
            "INSERT INTO party_party (id, code, name, lastname, active, create_date) \
             VALUES ({id}, 'newcomer-{id}', 'Nova', 'Newcomer', true, now() AT TIME ZONE 'UTC'); \
             INSERT INTO gnuhealth_patient (id, {{party}}, active, create_date) \
             VALUES ({id}, {id}, true, now() AT TIME ZONE 'UTC');"
        ));
    }
}

impl Drop for Newcomers<'_> {
    fn drop(&mut self) {
        self.0.sql().run(&format!(
            "DELETE FROM gnuhealth_patient WHERE id >= {NEW}; DELETE FROM party_party WHERE id >= {NEW}"
        ));
    }
}

/// Where the logs of the apps are, for those who look for the cause of a failure.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("black-box")
}

/// Gives an app a key-value store and a log that no other has.
fn own_files(options: Options, name: &str) -> Options {
    Options {
        state: folder().join(name).join("state"),
        log: Some(folder().join(format!("{name}.log"))),
        ..options
    }
}

/// `/Patient?…`, with the values encoded.
pub fn search_path(query: &[(&str, &str)]) -> String {
    let pairs = query
        .iter()
        .map(|(name, value)| format!("{name}={}", encoded(value)));
    format!("/Patient?{}", pairs.collect::<Vec<_>>().join("&"))
}

pub fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// A value in a search parameter (R4, search, section "escaping search parameters").
pub fn escaped(value: &str) -> String {
    let escaped = value.replace('\\', "\\\\").replace(',', "\\,");
    escaped.replace('|', "\\|").replace('$', "\\$")
}

/// The matches of a searchset, in their order.
pub fn ids(bundle: &Value) -> Vec<i64> {
    assert_eq!(bundle["resourceType"], "Bundle", "{bundle}");
    assert_eq!(bundle["type"], "searchset", "{bundle}");
    let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
    entries
        .iter()
        .filter(|entry| entry["search"]["mode"] == "match")
        .map(|entry| entry["resource"]["id"].as_str().unwrap().parse().unwrap())
        .collect()
}

/// The resources that a search finds, over all pages, by logical id.
pub fn resources(client: &Client, path: &str) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    let mut next = Some(path.to_owned());
    while let Some(url) = next {
        let bundle = client.get(&url).ok();
        let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
        let matches = entries
            .iter()
            .filter(|entry| entry["search"]["mode"] == "match");
        for resource in matches.map(|entry| entry["resource"].clone()) {
            let id = resource["id"].as_str().unwrap().to_owned();
            assert!(found.insert(id, resource).is_none(), "twice in {path}");
        }
        next = link(&bundle, "next");
    }
    found
}

/// Whether a search on a type finds the resource with this id.
pub fn finds(client: &Client, r#type: &str, query: &str, id: &impl ToString) -> bool {
    let query = query.replace('|', "%7C").replace(' ', "%20");
    let path = format!("/{type}?{query}&_count=1000");
    resources(client, &path).contains_key(&id.to_string())
}

/// A link of a bundle.
pub fn link(bundle: &Value, relation: &str) -> Option<String> {
    let links = bundle["link"].as_array().expect("a searchset has links");
    let mut of_relation = links.iter().filter(|link| link["relation"] == relation);
    let url = of_relation.next()?["url"].as_str().unwrap().to_owned();
    assert!(of_relation.next().is_none(), "{relation} is there twice");
    Some(url)
}

/// Asks until it is so, for at most `limit`; says whether it became so.
pub fn becomes(limit: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let started = Instant::now();
    loop {
        if is_so() {
            return true;
        }
        if started.elapsed() > limit {
            return false;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}
