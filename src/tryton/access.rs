//! What a user may read: model access, field access and record rules, all of them read in one statement.
//!
//! The rules are trytond's (`ir/model.py`, `ir/rule.py`, `res/group.py`): rights of all the user's groups, inherited
//! ones included, are joined with those for everybody; any row that grants wins; where no row applies all is allowed.
//! How record rules are joined and compiled stands in [`super::rule`].

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::db::{Error, Parameter, Sql};
use crate::tryton::group::members;
use crate::tryton::inherit::ancestors;
use crate::tryton::model::{Trees, models};
use crate::tryton::rule::{self, Refused, Restriction, Rule};
use crate::tryton::schema::Version;
use crate::tryton::source::Source;
use crate::turn::Turnstile;

/// How long rights are remembered inside an instance: a change takes effect within this time.
pub const REMEMBERED: Duration = Duration::from_secs(5);

/// All that concerns a user (`$1`) and some models (`$2`), as one JSON text (see [`Facts`]); follows
/// [`members`](super::group::members).
///
/// trytond 6.0 asks for active groups where it decides on model and field access, but not where it chooses record rules;
/// 7.0 does everywhere.
const STATEMENT: &str = r#"
, access_group(id) AS (SELECT g.id FROM member m JOIN res_group g ON g.id = m.id WHERE g.active),
version(new) AS (SELECT EXISTS (SELECT FROM ir_model WHERE model = 'ir.model.log')),
rule_group(id) AS (SELECT m.id FROM member m, version v WHERE NOT v.new OR m.id IN (SELECT id FROM access_group))
SELECT json_build_object(
    'new', (SELECT new FROM version),
    'models', (SELECT json_object_agg(model, granted) FROM (
        SELECT m.model, bool_or(coalesce(a.perm_read, false)) AS granted
        FROM ir_model_access a JOIN ir_model m ON m.id = a.model
        WHERE m.model = ANY($2::text[]) AND a.active
        AND (a."group" IS NULL OR a."group" IN (SELECT id FROM access_group)) GROUP BY m.model) access),
    'closed_fields', (SELECT json_agg(json_build_array(model, name)) FROM (
        SELECT m.model, f.name
        FROM ir_model_field_access a JOIN ir_model_field f ON f.id = a.field JOIN ir_model m ON m.id = f.model
        WHERE m.model = ANY($2::text[]) AND a.active
        AND (a."group" IS NULL OR a."group" IN (SELECT id FROM access_group))
        GROUP BY m.model, f.name HAVING NOT bool_or(coalesce(a.perm_read, false))) access),
    'rules', (SELECT json_agg(json_build_object('id', r.id, 'group', g.id, 'model', m.model,
            'global', coalesce(g.global_p, false), 'domain', r.domain) ORDER BY r.id)
        FROM ir_rule r JOIN ir_rule_group g ON g.id = r.rule_group JOIN ir_model m ON m.id = g.model
        WHERE m.model = ANY($2::text[]) AND g.perm_read AND (g.global_p OR g.default_p OR EXISTS (
            SELECT FROM "ir_rule_group-res_group" l
            WHERE l.rule_group = g.id AND l."group" IN (SELECT id FROM rule_group)))),
    'without_rule', (SELECT json_agg(DISTINCT m.model) FROM ir_rule_group g JOIN ir_model m ON m.id = g.model
        WHERE m.model = ANY($2::text[]) AND NOT EXISTS (SELECT FROM ir_rule r WHERE r.rule_group = g.id) AND EXISTS (
            SELECT FROM "ir_rule_group-res_group" l
            WHERE l.rule_group = g.id AND l."group" IN (SELECT id FROM rule_group))),
    'groups', (SELECT json_agg(id ORDER BY id) FROM rule_group),
    'companies', (SELECT CASE u.company_filter
            WHEN 'one' THEN CASE WHEN u.company IS NOT NULL THEN json_build_array(u.company) END
            WHEN 'all' THEN (SELECT json_agg(c.company ORDER BY c.company)
                FROM "res_user-company_company" c WHERE c."user" = u.id) END
        FROM res_user u WHERE u.id = $1::bigint)
)::text
"#;

/// What [`STATEMENT`] finds. A part that is NULL there is empty here.
#[derive(Debug, Default, Deserialize)]
struct Facts {
    /// Whether this is trytond 7.0.
    #[serde(default)]
    new: bool,
    /// The models that have an access row which concerns the user, and whether one grants.
    models: Option<HashMap<String, bool>>,
    closed_fields: Option<Vec<(String, String)>>,
    rules: Option<Vec<Rule>>,
    /// The models with a rule group that is linked to a group of the user and has no rule.
    without_rule: Option<BTreeSet<String>>,
    groups: Option<Vec<i64>>,
    companies: Option<Vec<i64>>,
}

impl Facts {
    async fn read(source: &impl Source, user: i64, models: &BTreeSet<&str>) -> Result<Self, Error> {
        let concerned: BTreeSet<String> = models
            .iter()
            .flat_map(|model| ancestors(model))
            .map(|ancestor| ancestor.model)
            .collect();
        let parameters = vec![
            Parameter::Integer(user),
            Parameter::Texts(concerned.into_iter().collect()),
        ];
        let text = format!("WITH {}{STATEMENT}", members("$1::bigint"));
        let json = source.text(&Sql::new(text, parameters)).await?;
        serde_json::from_str(&json).map_err(|_| Error::Type)
    }

    fn rules(self, user: i64) -> rule::Set {
        rule::Set {
            rules: self.rules.unwrap_or_default(),
            without_rule: self.without_rule.unwrap_or_default(),
            groups: self.groups.unwrap_or_default(),
            companies: self.companies.unwrap_or_default(),
            user,
            version: if self.new {
                Version::V7_0
            } else {
                Version::V6_0
            },
        }
    }
}

/// What a user may read of some models.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Rights {
    closed_models: HashSet<String>,
    closed_fields: HashSet<(String, String)>,
    restrictions: HashMap<String, Restriction>,
    refused: Vec<Refused>,
}

thread_local! {
    /// By the names of the trees.
    static LOADED: RefCell<HashMap<String, Vec<Loaded>>> = RefCell::default();
    static LOADING: Turnstile = Turnstile::default();
}

/// Rights that are remembered.
#[derive(Clone)]
struct Loaded {
    user: i64,
    /// When they were asked for.
    asked: Instant,
    rights: Rc<Rights>,
}

impl Loaded {
    fn is_fresh(&self) -> bool {
        self.asked.elapsed() < REMEMBERED
    }

    fn of(trees: &str, user: i64) -> Option<Self> {
        LOADED.with_borrow(|loaded| {
            let mut of_trees = loaded.get(trees)?.iter();
            of_trees.find(|loaded| loaded.user == user).cloned()
        })
    }

    fn fresh(trees: &str, user: i64) -> Option<Rc<Rights>> {
        let known = Self::of(trees, user).filter(Self::is_fresh)?;
        Some(known.rights)
    }

    /// Gives those that are known if they are equal.
    fn keep(trees: &str, user: i64, asked: Instant, rights: Rights) -> Rc<Rights> {
        let same = Self::of(trees, user).filter(|known| *known.rights == rights);
        let rights = same.map_or_else(|| Rc::new(rights), |known| known.rights);
        let loaded = Self {
            user,
            asked,
            rights: Rc::clone(&rights),
        };
        LOADED.with_borrow_mut(|all| {
            let of_trees = all.entry(trees.to_owned()).or_default();
            of_trees.retain(|loaded| loaded.is_fresh() && loaded.user != user);
            of_trees.push(loaded);
        });
        rights
    }
}

impl Rights {
    /// The user's rights on some models, at most [`REMEMBERED`] old. As long as they stay the same they are the same rights, not
    /// only equal ones: what was made of them is good for as long.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn load(
        source: &impl Source,
        user: i64,
        trees: Trees<'_>,
    ) -> Result<Rc<Self>, Error> {
        if let Some(rights) = Loaded::fresh(trees.name, user) {
            return Ok(rights);
        }
        // The first requests of an instance come together, mostly of the same user, and would each ask the same.
        let _turn = LOADING.with(Clone::clone).pass_soon().await;
        if let Some(rights) = Loaded::fresh(trees.name, user) {
            return Ok(rights);
        }
        let asked = Instant::now();
        let rights = Self::read(source, user, &models(trees.roots)).await?;
        Ok(Loaded::keep(trees.name, user, asked, rights))
    }

    /// The user's rights on some models, as they are now.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn read(
        source: &impl Source,
        user: i64,
        models: &BTreeSet<&str>,
    ) -> Result<Self, Error> {
        let facts = Facts::read(source, user, models).await?;
        let mut rights = Self::of_models_and_fields(&facts, models);
        let set = facts.rules(user);
        if !set.rules.is_empty() {
            (rights.restrictions, rights.refused) = rule::restrict(source, &set, models).await?;
        }
        Ok(rights)
    }

    /// The same without record rules: for who asks only which models may be read.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn without_rules(
        source: &impl Source,
        user: i64,
        models: &BTreeSet<&str>,
    ) -> Result<Self, Error> {
        let facts = Facts::read(source, user, models).await?;
        Ok(Self::of_models_and_fields(&facts, models))
    }

    fn of_models_and_fields(facts: &Facts, models: &BTreeSet<&str>) -> Self {
        let granted = |model: &str| facts.models.as_ref()?.get(model).copied();
        let closed = |model: &&&str| {
            let rows: Vec<bool> = ancestors(model)
                .iter()
                .filter_map(|ancestor| granted(&ancestor.model))
                .collect();
            !rows.is_empty() && !rows.contains(&true)
        };
        let fields = facts.closed_fields.iter().flatten().cloned();
        Self {
            closed_models: models
                .iter()
                .filter(closed)
                .map(ToString::to_string)
                .collect(),
            closed_fields: fields.collect(),
            ..Self::default()
        }
    }

    /// Whether model access leaves the model open.
    #[must_use]
    pub fn may_read(&self, model: &str) -> bool {
        !self.closed_models.contains(model)
    }

    /// Whether field access leaves the field open. `id` always is (`ModelStorage.read`, trytond/model/modelstorage.py).
    #[must_use]
    pub fn may_read_field(&self, model: &str, field: &str) -> bool {
        field == "id"
            || !self
                .closed_fields
                .contains(&(model.to_owned(), field.to_owned()))
    }

    /// The fields of a model that field access closes.
    #[must_use]
    pub fn closed_fields(&self, model: &str) -> Vec<&str> {
        let of_model = self.closed_fields.iter().filter(|(of, _)| of == model);
        of_model.map(|(_, field)| field.as_str()).collect()
    }

    /// What record rules leave of a model; `None`: every record.
    #[must_use]
    pub fn restriction(&self, model: &str) -> Option<&Restriction> {
        self.restrictions.get(model)
    }

    /// The record rules that could not be compiled, and grant nothing therefore.
    #[must_use]
    pub fn refused(&self) -> &[Refused] {
        &self.refused
    }

    /// Rights that lack the models and fields named.
    #[cfg(test)]
    pub(crate) fn without(models: &[&str], fields: &[(&str, &str)]) -> Self {
        Self {
            closed_models: models.iter().map(ToString::to_string).collect(),
            closed_fields: fields
                .iter()
                .map(|(model, field)| ((*model).to_owned(), (*field).to_owned()))
                .collect(),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rights(facts: &str, models: &[&str]) -> Rights {
        let facts = serde_json::from_str(facts).unwrap();
        Rights::of_models_and_fields(&facts, &models.iter().copied().collect())
    }

    #[test]
    fn a_model_without_a_row_is_open_and_any_row_that_grants_opens() {
        let rights = rights(r#"{"models": {"a": false, "b": true}}"#, &["a", "b", "c"]);
        assert!(!rights.may_read("a"));
        assert!(rights.may_read("b") && rights.may_read("c"));
    }

    #[test]
    fn what_a_model_inherits_rights_from_may_open_or_close_it() {
        let product = |models: &str| {
            let facts = format!(r#"{{"models": {models}}}"#);
            rights(&facts, &["product.product"]).may_read("product.product")
        };
        assert!(!product(r#"{"product.template": false}"#));
        assert!(product(
            r#"{"product.template": true, "product.product": false}"#
        ));
        assert!(product("{}"));
    }
}
