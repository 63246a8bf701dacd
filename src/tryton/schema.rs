//! Tryton's models as the database describes them: fields and relations from `ir_model_field`, columns and their types
//! from the catalog. What the database does not say, [`relations`](crate::tryton::relations) does.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::db::{Parameter, Sql};
use crate::tryton::relations;

/// One row with one JSON text about the models of `$1`, each written as `model table`. 6.0 has no `ir.model.log`.
/// `tables` are the readable ones; a table of 64 bytes a row, which is less than any of Tryton's, bounds how many rows
/// one has that was never analyzed. Translations of a record are those with its id: others are of the model's own name.
const STATEMENT: &str = r"
WITH asked(model, table_name) AS (
    SELECT split_part(a, ' ', 1), split_part(a, ' ', 2) FROM unnest($1::text[]) a
), tables(model, oid, rows) AS (
    SELECT a.model, c.oid, CASE WHEN c.reltuples >= 0 THEN c.reltuples::float8
        ELSE pg_catalog.pg_relation_size(c.oid) / 64.0 END
    FROM asked a JOIN pg_catalog.pg_class c ON c.relname = a.table_name
    WHERE c.relkind IN ('r', 'p') AND pg_catalog.pg_table_is_visible(c.oid)
    AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
), fields(model, name, ttype, relation, kind, required) AS (
    SELECT m.model, f.name, f.ttype, f.relation, pg_catalog.format_type(c.atttypid, NULL), coalesce(c.attnotnull, false)
    FROM ir_model m JOIN ir_model_field f ON f.model = m.id JOIN tables t ON t.model = m.model
    LEFT JOIN pg_catalog.pg_attribute c
        ON c.attrelid = t.oid AND c.attname = f.name AND c.attnum > 0 AND NOT c.attisdropped
), translated(model, name) AS (
    SELECT f.model, f.name FROM fields f
    WHERE f.ttype IN ('char', 'text') AND f.kind IS NOT NULL AND EXISTS (
        SELECT FROM ir_translation i WHERE i.type = 'model' AND i.res_id >= 0 AND i.name = f.model || ',' || f.name)
)
SELECT json_build_object(
    'has_model_log', EXISTS (SELECT FROM ir_model WHERE model = 'ir.model.log'),
    'folds', EXISTS (SELECT FROM pg_catalog.pg_proc WHERE proname IN ('unaccent', 'similarity')),
    'models', (SELECT coalesce(json_object_agg(a.model, (
        SELECT json_build_object('rows', t.rows, 'fields', (
            SELECT coalesce(json_object_agg(f.name, json_build_object(
                'ttype', f.ttype, 'relation', f.relation, 'kind', f.kind, 'required', f.required,
                'translated', EXISTS (SELECT FROM translated i WHERE i.model = f.model AND i.name = f.name))), '{}')
            FROM fields f WHERE f.model = a.model))
        FROM tables t WHERE t.model = a.model)), '{}') FROM asked a))::text
";

/// The version of trytond, as far as searching depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// 6.0, below GNU Health 4.x.
    V6_0,
    /// 7.0, below GNU Health 5.0.
    V7_0,
}

/// The models that were asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    version: Version,
    folds: bool,
    models: BTreeMap<String, Option<Model>>,
}

/// A model with a table that may be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    table: String,
    rows: f64,
    fields: BTreeMap<String, Field>,
}

/// A field of a model.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Field {
    /// Tryton's type, such as `many2one`.
    pub ttype: String,
    /// The model that a relation leads to.
    pub relation: Option<String>,
    /// PostgreSQL's type of the column, without length or precision; `None` if there is no column.
    pub kind: Option<String>,
    /// Whether the column is `NOT NULL`.
    pub required: bool,
    /// Whether it has translations.
    pub translated: bool,
}

/// What the statement gives was not understood.
#[derive(Debug, thiserror::Error)]
#[error("the description of the models cannot be read: {0}")]
pub struct Unreadable(#[from] serde_json::Error);

#[derive(Deserialize)]
struct Answer {
    has_model_log: bool,
    folds: bool,
    models: BTreeMap<String, Option<Described>>,
}

#[derive(Deserialize)]
struct Described {
    rows: f64,
    fields: BTreeMap<String, Field>,
}

impl Schema {
    /// The statement that asks for some models: one row, one text.
    #[must_use]
    pub fn statement<'m>(models: impl IntoIterator<Item = &'m str>) -> Sql {
        // of what is no name of a model the statement finds no table
        let asked = models
            .into_iter()
            .map(|model| format!("{} {}", model.replace(' ', ""), relations::table(model)));
        Sql::new(STATEMENT, vec![Parameter::Texts(asked.collect())])
    }

    /// Reads what the statement gave.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn parse(json: &str) -> Result<Self, Unreadable> {
        let answer: Answer = serde_json::from_str(json)?;
        let models = answer.models.into_iter().map(|(name, described)| {
            let model = described
                .filter(|_| !relations::is_closed(&name))
                .map(|described| Model {
                    table: relations::table(&name),
                    rows: described.rows,
                    fields: described.fields,
                });
            (name, model)
        });
        Ok(Self {
            version: if answer.has_model_log {
                Version::V7_0
            } else {
                Version::V6_0
            },
            folds: answer.folds,
            models: models.collect(),
        })
    }

    /// Adds what another one knows.
    pub fn extend(&mut self, other: Self) {
        self.models.extend(other.models);
    }

    /// The version of trytond.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// Whether trytond would compare text with `ilike` regardless of accents, or by similarity: the functions exist.
    #[must_use]
    pub fn folds(&self) -> bool {
        self.folds
    }

    /// A model: `None` if it was not asked for, `Some(None)` if it has no table that may be read.
    #[must_use]
    pub fn model(&self, name: &str) -> Option<Option<&Model>> {
        self.models.get(name).map(Option::as_ref)
    }

    /// The names of the models that were asked for.
    #[must_use]
    pub fn names(&self) -> BTreeSet<&str> {
        self.models.keys().map(String::as_str).collect()
    }
}

impl Model {
    /// The table.
    #[must_use]
    pub fn table(&self) -> &str {
        &self.table
    }

    /// About how many rows the table has; rather too many than too few.
    #[must_use]
    pub fn rows(&self) -> f64 {
        self.rows
    }

    /// A field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.get(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_named_as_trytond_names_it() {
        for (model, table) in [
            ("gnuhealth.patient", "gnuhealth_patient"),
            ("res.user-res.group", "res_user-res_group"),
            ("party.party-party.category", "party_category_rel"),
        ] {
            let sql = Schema::statement([model]);
            let asked = Parameter::Texts(vec![format!("{model} {table}")]);
            assert_eq!(sql.parameters, [asked]);
        }
    }

    #[test]
    fn a_model_without_table_is_not_one_that_was_not_asked_for() {
        let schema = Schema::parse(
            r#"{"has_model_log": true, "folds": false, "models": {"a": null, "ir.ui.menu": {"rows": 1, "fields": {}},
                "b.c": {"rows": 1.5, "fields": {"d": {"ttype": "char", "relation": null, "kind": "text",
                "required": true, "translated": false}}}}}"#,
        )
        .unwrap();
        assert_eq!(schema.version(), Version::V7_0);
        assert_eq!(schema.model("a"), Some(None));
        assert_eq!(schema.model("ir.ui.menu"), Some(None));
        assert_eq!(schema.model("x"), None);
        let model = schema.model("b.c").unwrap().unwrap();
        assert_eq!(model.table(), "b_c");
        assert!(model.field("d").unwrap().required);
    }
}
