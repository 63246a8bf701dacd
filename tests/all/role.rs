//! The role of the app: it can read what is served, write attempts and sessions, and nothing else.

use std::collections::BTreeSet;

use postgres::{Client, NoTls};
use serde_json::Value;

use crate::world::World;
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        the_role_may_write_attempts_and_sessions_alone,
        the_role_may_read_what_is_served_and_not_the_rest,
        the_role_is_nothing_more_than_a_role,
        what_the_role_is_denied_fails,
    ]
}

const ROLE: &str = "gnuhealth_fhir";

/// The texts in the first column.
fn texts(world: &World, query: &str) -> BTreeSet<String> {
    let rows = world.sql().rows(query, &[]);
    rows.iter()
        .map(|row| row.as_object().unwrap().values().next().unwrap())
        .map(|value| value.as_str().unwrap_or_default().to_owned())
        .collect()
}

fn set(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(ToString::to_string).collect()
}

/// Relations of all schemas, but for the catalogs that PostgreSQL opens to all.
const RELATIONS: &str = "pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%' ";

fn the_role_may_write_attempts_and_sessions_alone(world: &World) {
    let may = |privilege: &str| {
        texts(
            world,
            &format!(
                "SELECT c.relname::text FROM {RELATIONS} AND c.relkind IN ('r', 'p', 'v', 'm', 'f') \
             AND has_table_privilege('{ROLE}', c.oid, '{privilege}')"
            ),
        )
    };
    let both = set(&["ir_session", "res_user_login_attempt"]);
    assert_eq!(may("INSERT"), both);
    assert_eq!(may("DELETE"), both);
    for privilege in ["UPDATE", "TRUNCATE", "REFERENCES", "TRIGGER"] {
        assert_eq!(may(privilege), set(&[]), "{privilege}");
    }
    for privilege in ["UPDATE", "REFERENCES"] {
        let columns = texts(
            world,
            &format!(
                "SELECT (c.relname || '.' || a.attname)::text FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid \
                 JOIN pg_namespace n ON n.oid = c.relnamespace \
                 WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%' \
                 AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f') \
                 AND has_column_privilege('{ROLE}', c.oid, a.attnum, '{privilege}')"
            ),
        );
        let expected: &[&str] = match privilege {
            "UPDATE" => &["ir_session.write_date", "ir_session.write_uid"],
            _ => &[],
        };
        assert_eq!(columns, set(expected), "{privilege}");
    }
    let sequences = |privilege: &str| {
        texts(
            world,
            &format!(
                "SELECT c.relname::text FROM {RELATIONS} AND c.relkind = 'S' \
             AND CASE WHEN c.relkind = 'S' THEN has_sequence_privilege('{ROLE}', c.oid, '{privilege}') END"
            ),
        )
    };
    let numbers = set(&["ir_session_id_seq", "res_user_login_attempt_id_seq"]);
    assert!(sequences("USAGE").is_subset(&numbers));
    assert_eq!(sequences("SELECT"), set(&[]));
    assert_eq!(sequences("UPDATE"), set(&[]));
}

/// Tables that hold secrets or the money of a hospital, or work for Tryton alone.
const OTHERS: &[&str] = &[
    "account_move",
    "account_invoice",
    "account_move_line",
    "ir_cron",
    "ir_trigger",
    "ir_email",
    "ir_queue",
    "ir_action",
    "ir_ui_view",
    "ir_sequence",
    "ir_export",
    "ir_session_wizard",
    "res_user_warning",
    "res_user-ir_action",
    "stock_move",
];

fn the_role_may_read_what_is_served_and_not_the_rest(world: &World) {
    let readable = texts(
        world,
        &format!(
            "SELECT c.relname::text FROM {RELATIONS} AND c.relkind IN ('r', 'p', 'v', 'm', 'f') \
         AND has_table_privilege('{ROLE}', c.oid, 'SELECT')"
        ),
    );
    let all = texts(
        world,
        &format!(
            "SELECT c.relname::text FROM {RELATIONS} AND c.relkind IN ('r', 'p', 'v', 'm', 'f')"
        ),
    );
    for table in [
        "res_user",
        "res_group",
        "ir_session",
        "res_user_application",
        "gnuhealth_patient",
        "party_party",
    ] {
        assert!(readable.contains(table), "{table}");
    }
    let others: BTreeSet<String> = set(OTHERS).intersection(&all).cloned().collect();
    assert!(others.len() >= 8, "{others:?}");
    let leaked: Vec<_> = others.intersection(&readable).collect();
    assert!(leaked.is_empty(), "{leaked:?}");
    // What is readable is of the kinds that role.sql lists.
    let listed = [
        "gnuhealth_",
        "party_",
        "country_",
        "company_",
        "product_",
        "stock_l",
        "currency_",
        "ir_",
        "res_",
    ];
    assert!(
        readable
            .iter()
            .all(|table| listed.iter().any(|start| table.starts_with(start)))
    );
    // No column is open in a table that is closed.
    let columns = texts(
        world,
        &format!(
            "SELECT c.relname::text FROM {RELATIONS} AND c.relkind IN ('r', 'p', 'v', 'm', 'f') \
         AND has_any_column_privilege('{ROLE}', c.oid, 'SELECT') AND NOT has_table_privilege('{ROLE}', c.oid, 'SELECT')"
        ),
    );
    assert_eq!(columns, set(&[]));
}

fn the_role_is_nothing_more_than_a_role(world: &World) {
    let mut sql = world.sql();
    let attributes = sql.rows(
        "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles WHERE rolname = $1",
        &[&ROLE],
    );
    let attributes = attributes[0].as_object().unwrap();
    assert!(
        attributes
            .values()
            .all(|value| *value == Value::Bool(false)),
        "{attributes:?}"
    );
    let memberships = sql.value(
        "SELECT count(*) FROM pg_auth_members WHERE member = $1::text::regrole OR roleid = $1::text::regrole",
        &[&ROLE],
    );
    assert_eq!(memberships, 0);
    for (what, query) in [
        (
            "owns",
            "SELECT count(*) FROM pg_shdepend WHERE refobjid = $1::text::regrole AND deptype = 'o'",
        ),
        (
            "may create in a schema",
            "SELECT count(*) FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND has_schema_privilege($1::text, oid, 'CREATE')",
        ),
        (
            "may create in the database",
            "SELECT count(*) FROM pg_database WHERE datname = current_database() AND has_database_privilege($1::text, oid, 'CREATE')",
        ),
        (
            "may run as somebody else",
            "SELECT count(*) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.prosecdef \
             AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND has_function_privilege($1::text, p.oid, 'EXECUTE') \
             AND has_schema_privilege($1::text, n.oid, 'USAGE')",
        ),
        (
            "may use a language that is not trusted",
            "SELECT count(*) FROM pg_language WHERE NOT lanpltrusted AND lanname NOT IN ('internal', 'c') \
             AND has_language_privilege($1::text, oid, 'USAGE')",
        ),
        (
            "may reach another server",
            "SELECT count(*) FROM pg_foreign_server WHERE has_server_privilege($1::text, oid, 'USAGE')",
        ),
        (
            "has defaults that open what will be made",
            "SELECT count(*) FROM pg_default_acl WHERE defaclacl::text LIKE '%' || $1::text || '%'",
        ),
    ] {
        assert_eq!(sql.value(query, &[&ROLE]), 0, "the role {what}");
    }
}

/// The proof by trying, as the role itself.
fn what_the_role_is_denied_fails(world: &World) {
    let mut client = Client::connect(world.database_url(), NoTls).unwrap();
    let user: String = client
        .query_one("SELECT current_user::text", &[])
        .unwrap()
        .get(0);
    assert_eq!(user, ROLE);
    let tables = texts(
        world,
        &format!("SELECT c.oid::regclass::text FROM {RELATIONS} AND c.relkind IN ('r', 'p')"),
    );
    assert!(tables.len() > 300, "{}", tables.len());
    let denied = |client: &mut Client, statement: &str| {
        let mut transaction = client.transaction().unwrap();
        let error = transaction.batch_execute(statement).expect_err(statement);
        let code = error.code().map(postgres::error::SqlState::code);
        assert_eq!(code, Some("42501"), "{statement}: {error:?}");
        transaction.rollback().unwrap();
    };
    for table in &tables {
        denied(&mut client, &format!("TRUNCATE {table}"));
        denied(
            &mut client,
            &format!("UPDATE {table} SET id = id WHERE false"),
        );
        if !["ir_session", "res_user_login_attempt"].contains(&table.as_str()) {
            denied(&mut client, &format!("INSERT INTO {table} DEFAULT VALUES"));
            denied(&mut client, &format!("DELETE FROM {table} WHERE false"));
        }
    }
    for statement in [
        "CREATE TABLE mine (x int)",
        "CREATE SCHEMA mine",
        "CREATE ROLE mine",
        "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "ALTER TABLE gnuhealth_patient ADD COLUMN mine int",
        "DROP TABLE gnuhealth_patient",
        "COPY res_user TO PROGRAM 'cat'",
        "COPY res_user TO '/tmp/mine'",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT pg_ls_dir('/')",
        "UPDATE ir_session SET key = key",
        "UPDATE ir_session SET create_uid = 1",
        "SELECT * FROM pg_authid",
        "SET ROLE gnuhealth",
        "SELECT lo_import('/etc/passwd')",
    ] {
        denied(&mut client, statement);
    }
}
