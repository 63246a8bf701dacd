//! Health checks: is the app able to serve, and if not, what an operator has to do.

use std::collections::HashSet;

use chrono::Utc;
use serde::Serialize;

use crate::config::{self, Settings};
use crate::db::{self, Connection, Database, Parameter, Refusal, Sql};
use crate::resource;
use crate::tryton::catalog::Catalog;
use crate::tryton::model::Node;

/// How far the clocks of the app and the database may differ, in seconds.
const CLOCK_TOLERANCE: i64 = 30;

/// The tables that signing in and rights need, beside those of the resource types.
const TABLES: &[&str] = &[
    "res_user",
    "res_group",
    "res_user-res_group",
    "ir_model",
    "ir_model_field",
    "ir_model_access",
    "ir_model_field_access",
    "ir_model_data",
    "ir_rule_group",
    "ir_rule_group-res_group",
    "ir_module",
    "ir_session",
    "res_user_application",
    "res_user_login_attempt",
];

/// What signing in writes: a privilege, and a table or column of it.
const WRITES: &[(&str, &str, &str)] = &[
    ("INSERT", "res_user_login_attempt", "ip_network"),
    ("DELETE", "res_user_login_attempt", ""),
    ("INSERT", "ir_session", "key"),
    ("DELETE", "ir_session", ""),
    ("UPDATE", "ir_session", "write_date"),
    ("UPDATE", "ir_session", "write_uid"),
];

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What.
    pub check: &'static str,
    /// Whether it is as it must be.
    pub ok: bool,
    /// What was found, and what to do if it is not right.
    pub detail: String,
}

fn good(check: &'static str, detail: impl Into<String>) -> Finding {
    Finding {
        check,
        ok: true,
        detail: detail.into(),
    }
}

fn bad(check: &'static str, detail: impl Into<String>) -> Finding {
    Finding {
        check,
        ok: false,
        detail: detail.into(),
    }
}

/// Looks at everything that serving needs.
pub async fn examine() -> Vec<Finding> {
    let settings = match Settings::load().await {
        Ok(settings) => settings,
        Err(error) => return vec![bad("configuration", error.to_string())],
    };
    let mut findings = vec![good("configuration", "complete")];
    match look_inside(&Database::new(&settings.database)).await {
        Ok(inside) => {
            let found = format!(
                "connected to {} at {}",
                settings.database.name(),
                settings.database.endpoint()
            );
            findings.push(good("database", found));
            findings.extend(inside);
        }
        Err(db::Error::Connect(refusal)) => {
            let mut detail = explain(&settings.database, refusal);
            if refusal == Refusal::NoSuchDatabase {
                detail += &existing(&settings.database).await;
            }
            findings.push(bad("database", detail));
        }
        Err(error) => findings.push(bad("database", error.to_string())),
    }
    findings
}

/// A failed connection, in words an operator can act on.
#[must_use]
pub fn explain(database: &config::Database, refusal: Refusal) -> String {
    let (endpoint, user, name) = (database.endpoint(), database.user(), database.name());
    match refusal {
        Refusal::Refused => format!(
            "cannot connect to {endpoint}: connection refused; does PostgreSQL listen there?"
        ),
        Refusal::UnknownHost => {
            format!("cannot connect to {endpoint}: the host name has no address (DNS)")
        }
        Refusal::TimedOut => {
            format!("cannot connect to {endpoint}: no answer in time; is a firewall between?")
        }
        Refusal::Tls => format!(
            "cannot connect to {endpoint}: TLS failed; check sslmode and the server's certificate"
        ),
        Refusal::Credentials => {
            format!("cannot connect to {endpoint}: wrong password or user for the role \"{user}\"")
        }
        Refusal::NoSuchDatabase => format!("no database with the name \"{name}\" at {endpoint}"),
        Refusal::NotAllowed => {
            format!("the role \"{user}\" may not connect to the database \"{name}\" at {endpoint}")
        }
        Refusal::Unavailable => {
            format!("PostgreSQL at {endpoint} takes no connection now: it starts or stops")
        }
        Refusal::Full => format!(
            "PostgreSQL at {endpoint} takes no connection now: it has reached max_connections; limit those of the app \
             (outbound_pg in Spin's runtime configuration)"
        ),
        Refusal::NotPermitted => {
            format!(
                "the app may not connect to {endpoint}: set the variable database_host to it (allowed_outbound_hosts)"
            )
        }
        Refusal::Other => {
            format!("cannot connect to {endpoint}: the host gave no cause that is known here")
        }
    }
}

/// Which databases exist, if the role may see them.
async fn existing(database: &config::Database) -> String {
    let sql = Sql::new(
        "SELECT array_agg(datname::text ORDER BY datname) FROM pg_catalog.pg_database \
         WHERE datallowconn AND NOT datistemplate AND datname <> 'postgres'",
        Vec::new(),
    );
    let names = async {
        Connection::open(&database.named("postgres").address())
            .await?
            .rows(&sql)
            .await?
            .first()
            .map(|row| row.texts(0))
            .transpose()
    };
    match names.await {
        Ok(Some(names)) if !names.is_empty() => format!("; there are: {}", names.join(", ")),
        _ => String::new(),
    }
}

/// Looks at what is in the database.
async fn look_inside(database: &Database) -> Result<Vec<Finding>, db::Error> {
    let mut findings = vec![gnu_health(database).await?];
    if findings.iter().all(|finding| finding.ok) {
        findings.push(role(database).await?);
        findings.push(clock(database).await?);
    }
    Ok(findings)
}

/// Whether this is GNU Health, and which one.
async fn gnu_health(database: &Database) -> Result<Finding, db::Error> {
    let check = "gnuhealth";
    let tables = ["ir_module", "gnuhealth_patient"]
        .map(str::to_owned)
        .to_vec();
    let catalog = Catalog::read(database, tables).await?;
    if !catalog.has_table("ir_module") {
        return Ok(bad(
            check,
            "not a GNU Health database: it has no Tryton tables",
        ));
    }
    let sql = Sql::new(
        "SELECT array_agg(name::text ORDER BY name) FROM ir_module WHERE state = 'activated'",
        Vec::new(),
    );
    let modules = match database.rows(&sql).await {
        Ok(rows) => rows
            .first()
            .map(|row| row.texts(0))
            .transpose()?
            .unwrap_or_default(),
        // The check of the role names it.
        Err(db::Error::Statement { .. }) => return Ok(good(check, "its modules are not readable")),
        Err(error) => return Err(error),
    };
    let version = match catalog.column("gnuhealth_patient", &["party", "name"]) {
        Some("party") => "5.0",
        Some(_) => "4.4",
        None => {
            return Ok(bad(
                check,
                "not a GNU Health database: the module health is not activated",
            ));
        }
    };
    Ok(good(
        check,
        format!("GNU Health {version}, modules: {}", modules.join(", ")),
    ))
}

/// Whether the role may read what exists of what we read.
async fn role(database: &Database) -> Result<Finding, db::Error> {
    let served = resource::ALL
        .iter()
        .flat_map(|declaration| declaration.roots())
        .flat_map(Node::tree)
        .map(Node::table);
    let tables: HashSet<String> = served
        .chain(TABLES.iter().map(ToString::to_string))
        .collect();
    let sql = Sql::new(
        "SELECT array_agg(name ORDER BY name) FROM unnest($1::text[]) name \
         WHERE to_regclass(quote_ident(name)) IS NOT NULL AND NOT has_table_privilege(quote_ident(name), 'SELECT')",
        vec![Parameter::Texts(tables.into_iter().collect())],
    );
    let denied = database
        .rows(&sql)
        .await?
        .first()
        .map(|row| row.texts(0))
        .transpose()?
        .unwrap_or_default();
    if !denied.is_empty() {
        return Ok(bad(
            "role",
            format!(
                "the role may not read: {}; run database/role.sql",
                denied.join(", ")
            ),
        ));
    }
    let denied = denied_writes(database).await?;
    if !denied.is_empty() {
        return Ok(bad(
            "role",
            format!(
                "the role may not write what signing in writes: {}; run database/role.sql, and connect to the primary",
                denied.join(", ")
            ),
        ));
    }
    Ok(good(
        "role",
        "may read all that is served, and write attempts and sessions",
    ))
}

/// What of [`WRITES`] the role may not, ids included; or that the database is a replica, where nobody may.
async fn denied_writes(database: &Database) -> Result<Vec<String>, db::Error> {
    let column = |index: usize| -> Vec<String> {
        let part = |write: &(&str, &str, &str)| match index {
            0 => write.0.to_owned(),
            1 => write.1.to_owned(),
            _ => write.2.to_owned(),
        };
        WRITES.iter().map(part).collect()
    };
    let parameters = (0..3).map(|index| Parameter::Texts(column(index)));
    let rows = database
        .rows(&Sql::new(DENIED_WRITES, parameters.collect()))
        .await?;
    let denied = rows.first().map(|row| row.texts(0)).transpose()?;
    Ok(denied.unwrap_or_default())
}

/// The default of an id that takes its number from a sequence needs a right on that: trytond 6.0 has such, trytond 7.0
/// has identity columns, which need none.
const DENIED_WRITES: &str = "
SELECT array_agg(what ORDER BY what) FROM (
    SELECT w.privilege || ' on ' || w.name AS what
    FROM unnest($1::text[], $2::text[], $3::text[]) AS w(privilege, name, field)
    WHERE to_regclass(w.name) IS NULL OR NOT CASE w.field
        WHEN '' THEN has_table_privilege(w.name, w.privilege)
        ELSE has_column_privilege(w.name, w.field, w.privilege) END
    UNION
    SELECT 'USAGE on ' || s.relname FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
    JOIN pg_catalog.pg_class s ON s.relname = c.relname || '_id_seq' AND s.relnamespace = c.relnamespace
    WHERE c.oid = ANY (SELECT to_regclass(name) FROM unnest($2::text[]) name) AND a.attname = 'id' AND a.attidentity = ''
    AND s.relkind = 'S' AND NOT CASE WHEN s.relkind = 'S' THEN has_sequence_privilege(s.oid, 'USAGE') END
    UNION
    SELECT 'anything: the database is a read replica' WHERE pg_catalog.pg_is_in_recovery()
) denied
";

/// Whether app and database agree on the time, which sessions and signatures depend on.
async fn clock(database: &Database) -> Result<Finding, db::Error> {
    let sql = Sql::new(
        "SELECT extract(epoch FROM clock_timestamp())::bigint",
        Vec::new(),
    );
    let theirs = database
        .rows(&sql)
        .await?
        .first()
        .map(|row| row.integer(0))
        .transpose()?
        .flatten()
        .unwrap_or_default();
    let difference = Utc::now().timestamp() - theirs;
    let detail = format!("the clocks of app and database differ by {difference} s");
    Ok(if difference.abs() <= CLOCK_TOLERANCE {
        good("clock", detail)
    } else {
        bad("clock", detail + "; use NTP")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_names_where_and_what() {
        let Ok(database) = config::Database::parse("postgres://fhir:pw@db:5433/health", "") else {
            panic!("address")
        };
        for refusal in [
            Refusal::Refused,
            Refusal::UnknownHost,
            Refusal::Credentials,
            Refusal::NoSuchDatabase,
            Refusal::NotPermitted,
        ] {
            let text = explain(&database, refusal);
            assert!(text.contains("db:5433") && !text.contains("pw"), "{text}");
        }
    }
}
