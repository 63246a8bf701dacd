//! Health checks and configuration: what is wrong is told to the operator, in words to act on, and to nobody else.

use serde_json::{Value, json};
use xtask::app::Options;
use xtask::database::GnuHealth;

use crate::users::{ExtraUser, PASSWORD, assert_refused, assert_throttled};
use crate::world::{OwnApp, World, becomes, folder, ids, link};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        a_stranger_learns_only_that_it_is_ready,
        an_administrator_sees_what_was_checked,
        who_is_no_administrator_sees_no_detail,
        a_missing_secret_refuses_to_serve,
        a_weak_secret_refuses_to_serve,
        a_missing_database_refuses_to_serve,
        a_bad_base_url_or_system_base_refuses_to_serve,
        each_cause_of_a_failed_connection_is_in_the_log_and_told_to_nobody,
        a_database_that_is_not_gnu_health_is_recognised,
        a_table_that_the_role_may_not_read_is_named,
        what_the_role_may_not_write_is_named,
        a_mounted_trytond_conf_sets_the_rules_of_signing_in,
        a_libpq_string_is_an_address_too,
        the_database_name_can_be_given_apart,
        a_trytond_conf_that_is_not_mounted_is_named,
        a_mounted_trytond_conf_names_the_database_server,
        the_base_url_is_that_of_all_links,
        the_system_base_is_that_of_local_identifiers,
    ]
}

fn a_stranger_learns_only_that_it_is_ready(world: &World) {
    for path in ["/health/live", "/health/ready"] {
        assert_eq!(
            world.anonymous().get(path).ok(),
            json!({"status": "ok"}),
            "{path}"
        );
    }
}

fn an_administrator_sees_what_was_checked(world: &World) {
    let report = world.as_user("admin").get("/health/ready").ok();
    assert_eq!(report["status"], "ok");
    let checks = report["checks"].as_array().unwrap();
    assert!(checks.iter().all(|check| check["ok"] == true), "{report}");
    let detail = |name: &str| {
        let check = checks.iter().find(|check| check["check"] == name);
        check.unwrap_or_else(|| panic!("no {name} in {report}"))["detail"].to_string()
    };
    assert!(detail("database").contains(&format!("127.0.0.1:{}", world.database_port())));
    let version = match world.version() {
        GnuHealth::V5_0 => "GNU Health 5.0",
        GnuHealth::V4_4 => "GNU Health 4.4",
    };
    let found = detail("gnuhealth");
    assert!(found.contains(version), "{found}");
    let modules = world
        .sql()
        .rows("SELECT name FROM ir_module WHERE state = 'activated'", &[]);
    assert!(modules.len() > 10, "{modules:?}");
    for module in modules {
        assert!(found.contains(module["name"].as_str().unwrap()), "{module}");
    }
    for name in ["configuration", "role", "clock"] {
        assert!(!detail(name).is_empty());
    }
    let secrets = [world.secret(), world.password("admin")];
    assert!(
        !secrets
            .iter()
            .any(|secret| report.to_string().contains(secret))
    );
}

fn who_is_no_administrator_sees_no_detail(world: &World) {
    let stranger = world.anonymous().with_credentials("admin", "wrong");
    for client in [world.doctor(), world.as_user("nogroup"), stranger] {
        assert_eq!(client.get("/health/ready").ok(), json!({"status": "ok"}));
    }
}

/// An app with one variable changed.
fn app(world: &World, name: &str, variable: &str, value: &str) -> OwnApp {
    world.start_app(name, |options| options.with(variable, value))
}

/// Asserts that the app says it is alive and serves nothing else; gives the last detail of its log.
#[track_caller]
fn refuses(world: &World, app: &OwnApp) -> String {
    assert_eq!(app.client.get("/health/live").ok(), json!({"status": "ok"}));
    let admin = app
        .client
        .with_credentials("admin", world.password("admin"));
    let doctor = app
        .client
        .with_credentials("doctor", world.password("doctor"));
    for client in [&app.client, &doctor, &admin] {
        let ready = client.get("/health/ready");
        assert_eq!(
            (ready.status, ready.json()),
            (503, json!({"status": "unavailable"}))
        );
    }
    for path in ["/Patient/1", "/Patient", "/metadata", "/"] {
        let answer = doctor.get(path);
        assert_eq!(answer.status, 503, "{path}: {}", answer.text());
        let outcome = answer.json();
        assert_eq!(
            outcome["resourceType"], "OperationOutcome",
            "{path}: {outcome}"
        );
        assert_eq!(outcome["issue"].as_array().unwrap().len(), 1);
        // What is wrong is nobody's business who can only ask.
        let told = outcome["issue"][0]["diagnostics"].as_str().unwrap();
        for detail in [
            "secret",
            "127.0.0.1",
            "postgres",
            "database",
            "password",
            "tryton",
            "gnuhealth_fhir",
        ] {
            assert!(!told.to_lowercase().contains(detail), "{path}: {told}");
        }
    }
    last_finding(app)
}

/// What `/health/ready` has logged last: the detail of the finding that is not right.
fn last_finding(app: &OwnApp) -> String {
    let finding = |line: &str| -> Option<String> {
        let json: Value = serde_json::from_str(&line[line.find('{')?..]).ok()?;
        let findings = json["health"].as_array()?.clone();
        let bad = findings
            .into_iter()
            .find(|finding| finding["ok"] == false)?;
        Some(bad["detail"].as_str()?.to_owned())
    };
    let mut found = None;
    becomes(std::time::Duration::from_secs(5), || {
        found = app.log().lines().rev().find_map(finding);
        found.is_some()
    });
    found.unwrap_or_else(|| panic!("no finding in the log:\n{}", app.log()))
}

fn a_missing_secret_refuses_to_serve(world: &World) {
    let app = app(world, "secret-missing", "secret_key", "");
    let cause = refuses(world, &app);
    assert!(cause.contains("secret_key is not set"), "{cause}");
}

fn a_weak_secret_refuses_to_serve(world: &World) {
    let weak = [
        "Sh0rt-but-Xyz",
        "0123456789abcdef0123456789abcde",
        &"x".repeat(64),
        &"abab".repeat(16),
    ];
    for (number, secret) in weak.into_iter().enumerate() {
        let app = app(
            world,
            &format!("secret-weak-{number}"),
            "secret_key",
            secret,
        );
        let cause = refuses(world, &app);
        assert!(cause.contains("secret_key is too weak"), "{cause}");
        assert!(!app.log().contains(secret), "the log has the secret");
    }
}

fn a_missing_database_refuses_to_serve(world: &World) {
    let app = app(world, "database-missing", "database_url", "");
    let cause = refuses(world, &app);
    assert!(
        cause.contains("database_url") && cause.contains("tryton_config"),
        "{cause}"
    );
}

fn a_bad_base_url_or_system_base_refuses_to_serve(world: &World) {
    for (number, (variable, value)) in [
        ("base_url", "/fhir"),
        ("base_url", "ftp://h"),
        ("system_base", "no uri"),
    ]
    .into_iter()
    .enumerate()
    {
        let app = app(world, &format!("base-bad-{number}"), variable, value);
        let cause = refuses(world, &app);
        assert!(cause.contains(variable), "{cause}");
    }
}

/// The address of the database with a part replaced.
fn address(world: &World, part: &str, replacement: &str) -> String {
    let address = world.database_url();
    assert_eq!(address.matches(part).count(), 1, "{part}");
    address.replace(part, replacement)
}

fn password_of(url: &str) -> &str {
    url.rsplit_once('@').unwrap().0.rsplit_once(':').unwrap().1
}

fn each_cause_of_a_failed_connection_is_in_the_log_and_told_to_nobody(world: &World) {
    let port = world.database_port();
    let endpoint = format!("127.0.0.1:{port}");
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let closed = format!("127.0.0.1:{closed}");
    let name = format!("/{}", world.database_name());
    let host = |options: Options, host: &str| options.with("database_host", host);
    let no_host = format!("no-such-host.invalid:{port}");
    let elsewhere = address(world, &endpoint, &closed);
    let nowhere = address(world, &endpoint, &no_host);
    let wrong = address(
        world,
        &format!(":{}@", password_of(world.database_url())),
        ":Wr0ng-passw0rd@",
    );
    let unknown = address(world, &name, "/no_such_database");
    let stranger = address(world, "gnuhealth_fhir:", "no_such_role:");
    let encrypted = format!("{}?sslmode=require", world.database_url());
    let cases: [(&str, &str, &str, Vec<String>); 7] = [
        (
            "refused",
            &elsewhere,
            &closed,
            vec![format!("cannot connect to {closed}"), "refused".to_owned()],
        ),
        (
            "host",
            &nowhere,
            &no_host,
            vec![format!("cannot connect to {no_host}"), "DNS".to_owned()],
        ),
        (
            "password",
            &wrong,
            &endpoint,
            vec![
                endpoint.clone(),
                "wrong password".to_owned(),
                "gnuhealth_fhir".to_owned(),
            ],
        ),
        (
            "role",
            &stranger,
            &endpoint,
            vec![
                endpoint.clone(),
                "wrong password or user".to_owned(),
                "no_such_role".to_owned(),
            ],
        ),
        (
            "database",
            &unknown,
            &endpoint,
            vec![
                format!("no database with the name \"no_such_database\" at {endpoint}"),
                format!("there are: {}", databases(world)),
            ],
        ),
        (
            "tls",
            &encrypted,
            &endpoint,
            vec![format!("cannot connect to {endpoint}"), "TLS".to_owned()],
        ),
        (
            "permission",
            world.database_url(),
            "127.0.0.1:1",
            vec![endpoint.clone(), "allowed_outbound_hosts".to_owned()],
        ),
    ];
    for (name, url, allowed, expected) in cases {
        let app = world.start_app(&format!("connect-{name}"), |options| {
            host(options.with("database_url", url), allowed)
        });
        let cause = refuses(world, &app);
        for part in expected {
            assert!(
                cause.contains(&part),
                "{name}: {part:?} is not in {cause:?}"
            );
        }
        let log = app.log();
        assert!(
            !log.contains("Wr0ng-passw0rd") && !log.contains(password_of(world.database_url())),
            "{name}: {log}"
        );
    }
}

fn databases(world: &World) -> String {
    let rows = world.sql().rows(
        "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate AND datname <> 'postgres' ORDER BY datname",
        &[],
    );
    let names = rows
        .iter()
        .map(|row| row["datname"].as_str().unwrap().to_owned());
    names.collect::<Vec<_>>().join(", ")
}

fn a_database_that_is_not_gnu_health_is_recognised(world: &World) {
    let url = address(world, &format!("/{}", world.database_name()), "/postgres");
    let app = app(world, "not-gnuhealth", "database_url", &url);
    let ready = app.client.get("/health/ready");
    assert_eq!(
        (ready.status, ready.json()),
        (503, json!({"status": "unavailable"}))
    );
    let cause = last_finding(&app);
    assert!(cause.contains("not a GNU Health database"), "{cause}");
    let doctor = app
        .client
        .with_credentials("doctor", world.password("doctor"))
        .get("/Patient/1");
    assert!(doctor.status >= 500, "{}", doctor.status);
    assert!(!doctor.text().contains("res_user"), "{}", doctor.text());
}

fn a_table_that_the_role_may_not_read_is_named(world: &World) {
    struct Grant<'w>(&'w World);
    impl Drop for Grant<'_> {
        fn drop(&mut self) {
            self.0
                .sql()
                .run("GRANT SELECT ON gnuhealth_patient TO gnuhealth_fhir");
        }
    }
    let grant = Grant(world);
    world
        .sql()
        .run("REVOKE SELECT ON gnuhealth_patient FROM gnuhealth_fhir");
    let app = world.start_app("role", |options| options);
    let ready = app.client.get("/health/ready");
    assert_eq!(
        (ready.status, ready.json()),
        (503, json!({"status": "unavailable"}))
    );
    let cause = last_finding(&app);
    assert!(
        cause.contains("may not read") && cause.contains("gnuhealth_patient"),
        "{cause}"
    );
    assert!(cause.contains("role.sql"), "{cause}");
    let admin = app
        .client
        .with_credentials("admin", world.password("admin"));
    let checks = admin.get("/health/ready").json()["checks"].to_string();
    assert!(
        checks.contains("gnuhealth_patient"),
        "the administrator is told: {checks}"
    );
    let doctor = app
        .client
        .with_credentials("doctor", world.password("doctor"));
    let answer = doctor.get("/Patient/1");
    assert!(answer.status >= 500, "{}", answer.text());
    assert!(
        !answer.text().contains("gnuhealth_patient"),
        "{}",
        answer.text()
    );
    drop(grant);
    let ready = becomes(std::time::Duration::from_secs(10), || {
        app.client.get("/health/ready").status == 200 && doctor.get("/Patient/1").status == 200
    });
    assert!(ready, "the right is back: {}", app.log());
}

fn what_the_role_may_not_write_is_named(world: &World) {
    struct Grant<'w>(&'w World);
    impl Drop for Grant<'_> {
        fn drop(&mut self) {
            self.0.sql().run(
                "GRANT INSERT ON res_user_login_attempt TO gnuhealth_fhir; \
                 GRANT UPDATE (write_date, write_uid) ON ir_session TO gnuhealth_fhir",
            );
        }
    }
    let _grant = Grant(world);
    world.sql().run(
        "REVOKE INSERT ON res_user_login_attempt FROM gnuhealth_fhir; \
         REVOKE UPDATE (write_date) ON ir_session FROM gnuhealth_fhir",
    );
    let app = world.start_app("role-writes", |options| options);
    assert_eq!(app.client.get("/health/ready").status, 503);
    let cause = last_finding(&app);
    for part in [
        "may not write",
        "INSERT on res_user_login_attempt, UPDATE on ir_session;",
        "role.sql",
    ] {
        assert!(cause.contains(part), "{cause}");
    }
    // What cannot be counted is not let in, and not told whether it was right.
    let wrong = app.client.with_credentials("nobody-role", "wrong");
    assert!(wrong.get("/Patient/1").status >= 500);
}

fn a_libpq_string_is_an_address_too(world: &World) {
    let rest = world.database_url().strip_prefix("postgres://").unwrap();
    let (user, _) = rest.split_once(':').unwrap();
    let encoded = password_of(world.database_url());
    let password: Vec<u8> = percent_encoding::percent_decode_str(encoded).collect();
    let password = String::from_utf8(password).unwrap();
    let quoted = password.replace('\\', "\\\\").replace('\'', "\\'");
    let address = format!(
        "host=127.0.0.1 port={} dbname={} user={user} password='{quoted}'",
        world.database_port(),
        world.database_name()
    );
    let app = app(world, "libpq", "database_url", &address);
    assert_eq!(app.client.get("/health/ready").status, 200, "{}", app.log());
    let doctor = app
        .client
        .with_credentials("doctor", world.password("doctor"));
    assert_eq!(doctor.get("/Patient/1").ok(), world.patients()[&1]);
}

fn the_database_name_can_be_given_apart(world: &World) {
    let url = address(world, &format!("/{}", world.database_name()), "/");
    let without = app(world, "name-missing", "database_url", &url);
    let cause = refuses(world, &without);
    assert!(cause.contains("database_name"), "{cause}");
    drop(without);
    let app = world.start_app("name-apart", |options| {
        options
            .with("database_url", &url)
            .with("database_name", world.database_name())
    });
    assert_eq!(app.client.get("/health/ready").status, 200, "{}", app.log());
}

fn a_trytond_conf_that_is_not_mounted_is_named(world: &World) {
    let app = world.start_app("tryton-config", |options| {
        options
            .with("database_url", "")
            .with("tryton_config", "/etc/trytond.conf")
    });
    let cause = refuses(world, &app);
    assert!(
        cause.contains("/etc/trytond.conf cannot be read"),
        "{cause}"
    );
    assert!(cause.contains("files"), "{cause}");
}

fn a_mounted_trytond_conf_names_the_database_server(world: &World) {
    let uri = address(world, &format!("/{}", world.database_name()), "/");
    let file = format!("[web]\nlisten = [::]:8000\n\n[database]\nuri = {uri}\n");
    let app = mounted(world, "mounted", &file, |options| {
        let name = world.database_name();
        options.with("database_url", "").with("database_name", name)
    });
    assert_eq!(app.client.get("/health/ready").status, 200, "{}", app.log());
    let doctor = app
        .client
        .with_credentials("doctor", world.password("doctor"));
    assert_eq!(doctor.get("/Patient/1").status, 200, "{}", app.log());
}

fn a_mounted_trytond_conf_sets_the_rules_of_signing_in(world: &World) {
    let file = "[session]\nmax_attempt = 1\ntimeout = 1000\nmax_age = 100\nip_network_4 = 24\n";
    let app = mounted(world, "mounted-session", file, |options| options);
    let user = ExtraUser::usual(world, "rules");
    let client = |password: &str| app.client.with_credentials(&user.login, password);
    for _ in 0..2 {
        assert_refused(&client("wrong").at("192.0.2.77").get("/Patient/1"));
    }
    assert_eq!(user.attempts()[0]["ip_network"], "192.0.2.0/24");
    let wait = assert_throttled(&client(PASSWORD).get("/Patient/1"));
    assert!((900..=1000).contains(&wait), "{wait}");
    for (letter, age, status) in [("a", "90 s", 200), ("b", "101 s", 401)] {
        let token = user.session(&letter.repeat(64), age);
        let client = app.client.with_authorization(&format!("Bearer {token}"));
        assert_eq!(client.get("/Patient/1").status, status, "{age}");
    }

    let app = mounted(
        world,
        "mounted-wrong",
        "[session]\ntimeout = soon\n",
        |options| options,
    );
    assert_eq!(app.client.get("/health/ready").status, 503);
    let cause = last_finding(&app);
    assert!(
        cause.contains("`timeout`") && cause.contains("[session]"),
        "{cause}"
    );
}

/// Starts an app with a trytond.conf as an operator mounts it: the file lies beside `spin.toml`, and is mounted into each
/// component.
fn mounted(
    world: &World,
    name: &str,
    file: &str,
    change: impl FnOnce(Options) -> Options,
) -> OwnApp {
    let folder = folder().join(name);
    std::fs::create_dir_all(folder.join("conf")).unwrap();
    std::fs::write(folder.join("conf/trytond.conf"), file).unwrap();
    let manifest = folder.join("spin.toml");
    std::fs::write(&manifest, mounting_manifest()).unwrap();
    world.start_app(name, |options| {
        let options = change(options).with("tryton_config", "/conf/trytond.conf");
        Options {
            manifest,
            ..options
        }
    })
}

/// `spin.toml` with the folder `conf` mounted into each component, and its paths valid from anywhere.
fn mounting_manifest() -> String {
    let root = xtask::root();
    let text = std::fs::read_to_string(root.join("spin.toml")).unwrap();
    let mut manifest: toml::Table = text.parse().unwrap();
    for (_, component) in manifest["component"].as_table_mut().unwrap() {
        let component = component.as_table_mut().unwrap();
        let source = root.join(component["source"].as_str().unwrap());
        component.insert("source".into(), source.to_str().unwrap().into());
        let mount: toml::Table = "source = 'conf'\ndestination = '/conf'".parse().unwrap();
        component.insert("files".into(), vec![toml::Value::Table(mount)].into());
    }
    toml::to_string(&manifest).unwrap()
}

fn the_base_url_is_that_of_all_links(world: &World) {
    let app = app(
        world,
        "base-url",
        "base_url",
        "https://fhir.example.org/r4/",
    );
    let doctor = app
        .client
        .with_credentials("doctor", world.password("doctor"));
    let bundle = doctor
        .get_with("/Patient?_count=1", &[("x-forwarded-proto", "http")])
        .ok();
    for relation in ["self", "next"] {
        let url = link(&bundle, relation).unwrap();
        assert!(
            url.starts_with("https://fhir.example.org/r4/Patient?"),
            "{url}"
        );
    }
    assert_eq!(
        bundle["entry"][0]["fullUrl"],
        "https://fhir.example.org/r4/Patient/1"
    );
    let statement = app.client.get("/metadata").ok();
    assert_eq!(
        statement["implementation"]["url"],
        "https://fhir.example.org/r4"
    );
    // The path that a proxy strips: what follows it leads to the next page.
    let next = link(&bundle, "next")
        .unwrap()
        .replace("https://fhir.example.org/r4", "");
    assert_eq!(ids(&doctor.get(&next).ok()), [2]);
    assert!(app.url().starts_with("http://127.0.0.1:"));
}

fn the_system_base_is_that_of_local_identifiers(world: &World) {
    let app = app(
        world,
        "system-base",
        "system_base",
        "https://hospital.example.org/ns/",
    );
    let doctor = app
        .client
        .with_credentials("doctor", world.password("doctor"));
    let patient = doctor.get("/Patient/1").ok();
    let puid = &patient["identifier"][0];
    assert_eq!(puid["system"], "https://hospital.example.org/ns/puid");
    let value = puid["value"].as_str().unwrap();
    let found = |system: &str| {
        ids(&doctor
            .get(&format!("/Patient?identifier={system}/puid|{value}"))
            .ok())
    };
    assert_eq!(found("https://hospital.example.org/ns"), [1]);
    assert_eq!(found(crate::world::SYSTEMS), Vec::<i64>::new());
}
