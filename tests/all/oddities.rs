//! Rows as no client of Tryton would write them, put into the demo database by SQL and taken out again.
//!
//! A row is a copy of one that is there, so that it belongs to something, and then changed column by column: what a
//! column refuses by a constraint stays as it was.

use serde_json::Value;

use crate::sql::Sql;
use crate::world::{NEW, World};

/// A type of resources (empty: none of its own), a table, and the columns that refer to others of these tables.
type Table = (&'static str, &'static str, Belongs);

/// Columns, and the table that each refers to.
type Belongs = &'static [(&'static str, &'static str)];

/// The tables whose rows are resources, or are shown as part of one: the type, the table, and the columns by which a row
/// belongs to another of these rows, so that an odd one belongs to an odd one. Those that this version does not have are left out.
const TABLES: &[Table] = &[
    ("", "party_party", &[]),
    ("", "gnuhealth_person_name", &[("party", "party_party")]),
    ("", "party_address", &[("party", "party_party")]),
    ("", "party_contact_mechanism", &[("party", "party_party")]),
    ("", "party_identifier", &[("party", "party_party")]),
    (
        "",
        "gnuhealth_person_alternative_identification",
        &[("party", "party_party"), ("name", "party_party")],
    ),
    ("", "gnuhealth_family", &[]),
    (
        "",
        "gnuhealth_family_member",
        &[
            ("party", "party_party"),
            ("family", "gnuhealth_family"),
            ("name", "gnuhealth_family"),
        ],
    ),
    (
        "Patient",
        "gnuhealth_patient",
        &[
            ("party", "party_party"),
            ("name", "party_party"),
            ("family", "gnuhealth_family"),
        ],
    ),
    (
        "",
        "gnuhealth_newborn",
        &[
            ("patient", "gnuhealth_patient"),
            ("mother", "gnuhealth_patient"),
        ],
    ),
    (
        "",
        "gnuhealth_patient_pregnancy",
        &[("patient", "gnuhealth_patient")],
    ),
    (
        "",
        "gnuhealth_pregnancy_result",
        &[
            ("newborn", "party_party"),
            ("pregnancy", "gnuhealth_patient_pregnancy"),
        ],
    ),
    (
        "Practitioner",
        "gnuhealth_healthprofessional",
        &[("party", "party_party"), ("name", "party_party")],
    ),
    (
        "PractitionerRole",
        "gnuhealth_hp_specialty",
        &[
            ("healthprof", "gnuhealth_healthprofessional"),
            ("name", "gnuhealth_healthprofessional"),
        ],
    ),
    (
        "Organization",
        "gnuhealth_institution",
        &[("party", "party_party"), ("name", "party_party")],
    ),
    (
        "Organization",
        "gnuhealth_hospital_unit",
        &[("institution", "gnuhealth_institution")],
    ),
    (
        "Condition",
        "gnuhealth_patient_disease",
        &[
            ("patient", "gnuhealth_patient"),
            ("name", "gnuhealth_patient"),
        ],
    ),
    // [`ALLERGIES`] of them
    ("AllergyIntolerance", "gnuhealth_patient_disease", &[]),
    (
        "FamilyMemberHistory",
        "gnuhealth_patient_family_diseases",
        &[("patient", "gnuhealth_patient")],
    ),
    (
        "Observation",
        "gnuhealth_patient_evaluation",
        &[("patient", "gnuhealth_patient")],
    ),
    (
        "Condition",
        "gnuhealth_secondary_condition",
        &[("evaluation", "gnuhealth_patient_evaluation")],
    ),
    (
        "Condition",
        "gnuhealth_diagnostic_hypothesis",
        &[("evaluation", "gnuhealth_patient_evaluation")],
    ),
    (
        "Observation",
        "gnuhealth_lab",
        &[("patient", "gnuhealth_patient")],
    ),
    (
        "Observation",
        "gnuhealth_lab_test_critearea",
        &[("gnuhealth_lab_id", "gnuhealth_lab")],
    ),
    ("", "product_template", &[]),
    ("", "product_product", &[("template", "product_template")]),
    ("", "product_identifier", &[("product", "product_product")]),
    ("", "gnuhealth_drug_form", &[]),
    ("", "gnuhealth_drug_route", &[]),
    ("", "gnuhealth_dose_unit", &[]),
    ("", "gnuhealth_medication_dosage", &[]),
    (
        "Medication",
        "gnuhealth_medicament",
        &[
            ("product", "product_product"),
            ("name", "product_product"),
            ("form", "gnuhealth_drug_form"),
            ("unit", "gnuhealth_dose_unit"),
        ],
    ),
    (
        "Immunization",
        "gnuhealth_vaccination",
        &[
            ("patient", "gnuhealth_patient"),
            ("name", "gnuhealth_patient"),
            ("vaccine", "gnuhealth_medicament"),
        ],
    ),
    ("", "gnuhealth_procedure", &[]),
    (
        "Procedure",
        "gnuhealth_surgery",
        &[
            ("patient", "gnuhealth_patient"),
            ("surgical_intervention", "gnuhealth_procedure"),
        ],
    ),
    (
        "",
        "gnuhealth_surgery_team",
        &[
            ("surgery", "gnuhealth_surgery"),
            ("name", "gnuhealth_surgery"),
        ],
    ),
    (
        "Procedure",
        "gnuhealth_operation",
        &[
            ("surgery", "gnuhealth_surgery"),
            ("name", "gnuhealth_surgery"),
        ],
    ),
    (
        "Procedure",
        "gnuhealth_patient_procedure",
        &[
            ("patient", "gnuhealth_patient"),
            ("procedure", "gnuhealth_procedure"),
        ],
    ),
    (
        "Procedure",
        "gnuhealth_directions",
        &[
            ("evaluation", "gnuhealth_patient_evaluation"),
            ("name", "gnuhealth_patient_evaluation"),
        ],
    ),
    (
        "",
        "gnuhealth_prescription_order",
        &[("patient", "gnuhealth_patient")],
    ),
    (
        "MedicationRequest",
        "gnuhealth_prescription_line",
        &[
            ("presc_order", "gnuhealth_prescription_order"),
            ("name", "gnuhealth_prescription_order"),
            ("medicament", "gnuhealth_medicament"),
            ("form", "gnuhealth_drug_form"),
            ("route", "gnuhealth_drug_route"),
            ("dose_unit", "gnuhealth_dose_unit"),
            ("common_dosage", "gnuhealth_medication_dosage"),
        ],
    ),
    (
        "MedicationStatement",
        "gnuhealth_patient_medication",
        &[
            ("patient", "gnuhealth_patient"),
            ("name", "gnuhealth_patient"),
            ("medicament", "gnuhealth_medicament"),
            ("prescription", "gnuhealth_prescription_order"),
            ("form", "gnuhealth_drug_form"),
            ("route", "gnuhealth_drug_route"),
            ("dose_unit", "gnuhealth_dose_unit"),
            ("common_dosage", "gnuhealth_medication_dosage"),
        ],
    ),
    (
        "DiagnosticReport",
        "gnuhealth_imaging_test_result",
        &[("patient", "gnuhealth_patient")],
    ),
    (
        "",
        "gnuhealth_inpatient_registration",
        &[("patient", "gnuhealth_patient")],
    ),
    (
        "MedicationStatement",
        "gnuhealth_inpatient_medication",
        &[
            ("registration", "gnuhealth_inpatient_registration"),
            ("name", "gnuhealth_inpatient_registration"),
            ("medicament", "gnuhealth_medicament"),
            ("form", "gnuhealth_drug_form"),
            ("route", "gnuhealth_drug_route"),
            ("dose_unit", "gnuhealth_dose_unit"),
            ("common_dosage", "gnuhealth_medication_dosage"),
        ],
    ),
    (
        "Observation",
        "gnuhealth_patient_rounding",
        &[
            ("registration", "gnuhealth_inpatient_registration"),
            ("name", "gnuhealth_inpatient_registration"),
        ],
    ),
    (
        "Observation",
        "gnuhealth_patient_ambulatory_care",
        &[("patient", "gnuhealth_patient")],
    ),
    (
        "Observation",
        "gnuhealth_icu_glasgow",
        &[
            ("registration", "gnuhealth_inpatient_registration"),
            ("name", "gnuhealth_inpatient_registration"),
        ],
    ),
    (
        "Observation",
        "gnuhealth_icu_apache2",
        &[
            ("registration", "gnuhealth_inpatient_registration"),
            ("name", "gnuhealth_inpatient_registration"),
        ],
    ),
];

/// How a row is odd.
#[derive(Debug, Clone, Copy)]
struct Oddity {
    text: &'static str,
    moment: &'static str,
    number: &'static str,
    whole: &'static str,
}

const ODDITIES: &[Oddity] = &[
    Oddity {
        text: "''",
        moment: "'0001-01-01'",
        number: "'NaN'",
        whole: "-1",
    },
    Oddity {
        text: "'   '",
        moment: "'9999-12-31'",
        number: "'Infinity'",
        whole: "2147483647",
    },
    Oddity {
        text: "E'\\x01\\x08\\x1f\\x7f\\u0085\\ufffe\\uffff'",
        moment: "'infinity'",
        number: "'-Infinity'",
        whole: "-2147483648",
    },
    Oddity {
        text: "E'<b>&amp;\"''\\\\|,$%_\\n\\t\\u202e😀\\u0301'",
        moment: "'-infinity'",
        number: "1e300",
        whole: "0",
    },
    Oddity {
        text: "repeat('ẞ', 3000)",
        moment: "'4713-01-01 BC'",
        number: "-1e-300",
        whole: "1",
    },
    Oddity {
        text: "'nonsense'",
        moment: "'99999-12-31'",
        number: "0",
        whole: "99999",
    },
];

/// Which of the odd entries of a patient's conditions are allergies.
const ALLERGIES: &str = "UPDATE gnuhealth_patient_disease SET is_allergy = id % 2 = 1 WHERE id";

/// How many odd rows each table gets: one of each oddity, and one with NULL wherever it may be.
pub const ROWS: i64 = ODDITIES.len() as i64 + 1;

/// The id of the row in which everything is NULL that may be.
pub const NULLED: i64 = NEW + ROWS - 1;

/// The odd rows of all tables, ids from [`NEW`] on; gone when dropped.
pub struct Oddities<'w>(&'w World);

impl<'w> Oddities<'w> {
    /// Puts them in. The types are those that are served: each must have a table here.
    pub fn come(world: &'w World, types: &[String]) -> Self {
        for kind in types {
            assert!(
                TABLES.iter().any(|(of, ..)| of == kind),
                "say in TABLES which tables {kind} comes from, so that odd rows of it are tried"
            );
        }
        let oddities = Self(world);
        let mut sql = world.sql();
        for (_, table, belongs) in TABLES {
            let columns = columns(&mut sql, table);
            if columns.is_empty() || !copies(&mut sql, table, &columns, belongs) {
                continue;
            }
            for (index, oddity) in ODDITIES.iter().enumerate() {
                change(&mut sql, table, &columns, NEW + index as i64, *oddity);
            }
            if *table == "gnuhealth_patient_disease" {
                sql.run(&format!("{ALLERGIES} BETWEEN {NEW} AND {}", NULLED - 1));
            }
            for column in columns.iter().filter(|column| column.nullable) {
                sql.attempt(&format!(
                    "UPDATE \"{table}\" SET \"{}\" = NULL WHERE id = {NULLED}",
                    column.name
                ));
            }
            for (column, _) in belongs.iter().filter(|(column, to)| {
                columns
                    .iter()
                    .any(|each| each.name == *column && each.refers == *to)
            }) {
                sql.attempt(&format!(
                    "UPDATE \"{table}\" SET \"{column}\" = id WHERE id >= {NEW}"
                ));
            }
        }
        oddities
    }
}

impl Drop for Oddities<'_> {
    fn drop(&mut self) {
        let mut sql = self.0.sql();
        for (_, table, _) in TABLES.iter().rev() {
            if !columns(&mut sql, table).is_empty() {
                sql.run(&format!("DELETE FROM \"{table}\" WHERE id >= {NEW}"));
            }
        }
    }
}

struct Column {
    name: String,
    kind: String,
    nullable: bool,
    /// The table that it refers to; empty: none.
    refers: String,
}

fn columns(sql: &mut Sql, table: &str) -> Vec<Column> {
    let rows = sql.rows(
        "SELECT a.attname AS name, format_type(a.atttypid, NULL) AS kind, NOT a.attnotnull AS nullable, \
           coalesce((SELECT c.confrelid::regclass::text FROM pg_constraint c \
             WHERE c.contype = 'f' AND c.conrelid = a.attrelid AND c.conkey = ARRAY[a.attnum] LIMIT 1), '') AS refers \
         FROM pg_attribute a \
         WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> 'id' ORDER BY a.attnum",
        &[&table],
    );
    let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    rows.iter()
        .map(|row| Column {
            name: text(row, "name"),
            kind: text(row, "kind"),
            nullable: row["nullable"] == true,
            refers: text(row, "refers"),
        })
        .collect()
}

/// Copies a row several times under new ids; what must be unique is made so. Says whether there was one.
fn copies(sql: &mut Sql, table: &str, columns: &[Column], belongs: Belongs) -> bool {
    let unique = sql.rows(
        "SELECT DISTINCT a.attname AS name FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey) \
         WHERE i.indisunique AND i.indrelid = to_regclass($1)",
        &[&table],
    );
    let unique = |name: &str| unique.iter().any(|row| row["name"] == name);
    let values = |id: i64| {
        let value = |column: &Column| match column.kind.as_str() {
            _ if !unique(&column.name) => format!("\"{}\"", column.name),
            "character varying" | "text" => format!("'odd-{id}'"),
            // The odd row of the other table has the same id.
            _ if belongs.contains(&(column.name.as_str(), column.refers.as_str())) => {
                id.to_string()
            }
            _ if column.nullable => "NULL".to_owned(),
            _ => format!("\"{}\"", column.name),
        };
        columns.iter().map(value).collect::<Vec<_>>().join(", ")
    };
    let names: Vec<String> = columns
        .iter()
        .map(|column| format!("\"{}\"", column.name))
        .collect();
    let names = names.join(", ");
    (NEW..NEW + ROWS).fold(true, |all, id| {
        let copied = sql.attempt(&format!(
            "INSERT INTO \"{table}\" (id, {names}) SELECT {id}, {} FROM \"{table}\" WHERE id < {NEW} ORDER BY id LIMIT 1",
            values(id)
        ));
        copied && all
    })
}

fn change(sql: &mut Sql, table: &str, columns: &[Column], id: i64, oddity: Oddity) {
    for column in columns.iter().filter(|column| column.refers.is_empty()) {
        let value = match column.kind.as_str() {
            "character varying" | "text" => oddity.text,
            "date" | "timestamp without time zone" | "timestamp with time zone" => oddity.moment,
            "numeric" | "double precision" | "real" => oddity.number,
            "integer" | "bigint" | "smallint" => oddity.whole,
            _ => continue,
        };
        sql.attempt(&format!(
            "UPDATE \"{table}\" SET \"{}\" = {value} WHERE id = {id}",
            column.name
        ));
    }
}
