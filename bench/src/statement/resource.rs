//! Tells the statements that read what is served from those of an instance that begins, and of signing in.
//!
//! An instance asks the catalog and the rights of its user when it begins and every few seconds, its time zone when it first
//! needs it; how many of these a request meets is chance. They read the tables of Tryton itself. What is served is built from
//! those of GNU Health and of what it stands on, whose names the app quotes wherever it makes a statement. `database/role.sql`
//! draws the same line.
//!
//! To ask twice and keep what repeats would need no list, but would keep the rights where a request takes seconds, and lose
//! what a request sends only by chance.

use super::Statement;

/// How the tables that resources are built from begin. Not companies, which say what time zone a user lives in, nor
/// translations and languages, which are only ever read beside others.
const FAMILIES: &[&str] = &[
    "gnuhealth_",
    "party_",
    "country_",
    "product_",
    "stock_",
    "currency_",
    "ir_attachment",
];

/// Whether a statement reads what is served.
pub(super) fn is_read_by(statement: &Statement) -> bool {
    // What prepares is run once a connection.
    if statement.text.starts_with("PREPARE ") {
        return false;
    }
    let text = statement.prepare.as_ref().unwrap_or(&statement.text);
    let tables = ["FROM \"", "JOIN \""]
        .into_iter()
        .flat_map(|before| text.split(before).skip(1));
    let mut tables = tables.filter(|table| FAMILIES.iter().any(|family| table.starts_with(family)));
    tables.next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(prepare: Option<&str>, text: &str) -> bool {
        is_read_by(&Statement {
            prepare: prepare.map(str::to_owned),
            text: text.to_owned(),
            parameters: Vec::new(),
        })
    }

    #[test]
    fn a_statement_of_a_request_is_told_by_its_tables() {
        let patients =
            "SELECT a1.\"id\" FROM \"gnuhealth_patient\" a1 WHERE a1.\"id\" = $1::bigint";
        let prepare = format!("PREPARE gnuhealth_fhir_0c(bigint) AS {patients}");
        assert!(reads(None, patients));
        assert!(reads(Some(&prepare), "EXECUTE gnuhealth_fhir_0c(1)"));
        assert!(reads(
            None,
            "SELECT 1 FROM \"ir_lang\" l JOIN \"party_party\" p ON p.lang = l.id"
        ));
    }

    #[test]
    fn what_an_instance_asks_when_it_begins_is_left_out() {
        for text in [
            "PREPARE gnuhealth_fhir_0c(bigint) AS SELECT 1 FROM \"gnuhealth_patient\" a1",
            "SELECT c.relname::text FROM pg_catalog.pg_class c WHERE c.relname = ANY($1::text[])",
            "WITH m(id) AS (SELECT ug.\"group\" FROM \"res_user-res_group\" ug) SELECT FROM ir_model_access",
            "SELECT u.login::text FROM res_user u WHERE u.id = $1::bigint AND u.active AND u.id <> 0",
            "SELECT c.timezone::text FROM res_user u JOIN company_company c ON c.id = u.company",
        ] {
            assert!(!reads(None, text), "{text}");
        }
        let zone = "PREPARE gnuhealth_fhir_ab(bigint) AS SELECT c.timezone::text FROM res_user u";
        assert!(!reads(Some(zone), "EXECUTE gnuhealth_fhir_ab(10)"));
    }

    #[test]
    fn the_role_of_the_app_may_read_all_of_these_tables() {
        let role = include_str!("../../../database/role.sql").replace("\\_", "_");
        for family in FAMILIES {
            assert!(role.contains(&format!("'{family}")), "{family}");
        }
    }
}
