//! Which tables and columns this installation has: GNU Health is modular, and its versions name columns differently.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use crate::db::{Database, Error, Parameter, Sql};
use crate::tryton::model::{Node, Trees};
use crate::turn::Turnstile;

/// The tables and columns of the models asked for, as far as they exist.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Catalog {
    tables: HashMap<String, HashSet<String>>,
}

impl Catalog {
    /// A catalog of known content.
    #[must_use]
    pub fn new(tables: HashMap<String, HashSet<String>>) -> Self {
        Self { tables }
    }

    /// Learns what exists for some models; kept for the life of the instance, since tables change
    /// only while Tryton updates its modules.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn load(database: &Database, trees: Trees<'_>) -> Result<Rc<Self>, Error> {
        thread_local! {
            static LOADED: RefCell<HashMap<String, Rc<Catalog>>> = RefCell::default();
            static LOADING: Turnstile = Turnstile::default();
        }
        let known = || LOADED.with_borrow(|loaded| loaded.get(trees.name).cloned());
        if let Some(catalog) = known() {
            return Ok(catalog);
        }
        let _turn = LOADING.with(Clone::clone).pass().await;
        if let Some(catalog) = known() {
            return Ok(catalog);
        }
        let nodes = trees.roots.iter().flat_map(|root| root.tree());
        let tables: BTreeSet<String> = nodes.map(Node::table).collect();
        let catalog = Rc::new(Self::read(database, tables.into_iter().collect()).await?);
        // A catalog without a main table is not kept: a module may be activated, or a right granted, at any time.
        let mut roots = trees.roots.iter();
        if roots.any(|root| catalog.has_table(&root.table())) {
            let name = trees.name.to_owned();
            LOADED.with_borrow_mut(|loaded| loaded.insert(name, Rc::clone(&catalog)));
        }
        Ok(catalog)
    }

    /// Reads the columns of the tables named, as far as they exist.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn read(database: &Database, tables: Vec<String>) -> Result<Self, Error> {
        let sql = Sql::new(
            "SELECT c.relname::text, array_agg(a.attname::text) \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid \
             WHERE c.relname = ANY($1::text[]) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') \
             AND pg_catalog.pg_table_is_visible(c.oid) AND a.attnum > 0 AND NOT a.attisdropped GROUP BY c.oid",
            vec![Parameter::Texts(tables)],
        );
        let mut found = HashMap::new();
        for row in database.rows(&sql).await? {
            let table = row.text(0)?.unwrap_or_default().to_owned();
            found.insert(table, row.texts(1)?.into_iter().collect());
        }
        Ok(Self::new(found))
    }

    /// Whether the table exists.
    #[must_use]
    pub fn has_table(&self, table: &str) -> bool {
        self.tables.contains_key(table)
    }

    /// The first of the alternative columns that exists.
    #[must_use]
    pub fn column(&self, table: &str, alternatives: &[&'static str]) -> Option<&'static str> {
        let columns = self.tables.get(table)?;
        alternatives
            .iter()
            .find(|name| columns.contains(**name))
            .copied()
    }
}
