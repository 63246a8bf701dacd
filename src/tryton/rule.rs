//! Record rules (`ir.rule`): which records of a model they leave to a user, as trytond joins them (`ir/rule.py`).
//!
//! The rules of a group are alternatives. Global groups each restrict; of the others one that allows is enough. A group
//! of the user's that has no rule allows everything on that side. Rules of a model that this one inherits rights from
//! ([`super::inherit`]) are asked of the record that the path leads to.
//!
//! A rule that cannot be compiled grants nothing: it can only hide records that trytond shows.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use chrono::Utc;
use serde::{Deserialize, Serialize};

use crate::db::{Error, Sql};
use crate::tryton::compile::{self, NotCompiled};
use crate::tryton::domain::{self, Domain};
use crate::tryton::inherit::{Ancestor, ancestors};
use crate::tryton::pyson::{self, Context, Value};
use crate::tryton::schema::{Schema, Version};
use crate::tryton::source::Source;

/// How often models are loaded for one rule: a path leads to a model at each step, and a domain has few paths.
const MOST_LOADS: usize = 20;

/// A rule as the database has it.
#[derive(Debug, Clone, Deserialize)]
pub struct Rule {
    /// `ir_rule.id`.
    pub id: i64,
    /// `ir_rule_group.id`.
    pub group: i64,
    /// The model of the group.
    pub model: String,
    /// Whether the group concerns everybody and restricts whatever others allow.
    pub global: bool,
    /// The domain, as PYSON in JSON.
    pub domain: Option<String>,
}

/// The rules that concern a user, and what their domains are evaluated with.
#[derive(Debug, Clone)]
pub struct Set {
    /// The rules.
    pub rules: Vec<Rule>,
    /// The models with a group of rules that is linked to a group of the user and has no rule.
    pub without_rule: BTreeSet<String>,
    /// The ids of the user's groups.
    pub groups: Vec<i64>,
    /// The ids of the companies that the user works for now.
    pub companies: Vec<i64>,
    /// `res_user.id`.
    pub user: i64,
    /// The version of trytond, which decides what rules are evaluated with.
    pub version: Version,
}

impl Set {
    fn context(&self) -> Context {
        let (groups, companies) = (self.groups.as_slice(), Some(self.companies.as_slice()));
        match self.version {
            Version::V7_0 => Context::of_rule_in_7_0(Utc::now(), groups, companies),
            Version::V6_0 => Context::of_rule_in_6_0(Utc::now(), self.user, groups, companies),
        }
    }
}

/// A rule that grants nothing, because it cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Refused {
    /// `ir_rule.id`.
    pub rule: i64,
    /// The model whose records it was asked for.
    pub model: String,
    /// What cannot be compiled; holds no value of the domain.
    pub reason: String,
}

/// What the rules leave of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Restriction {
    model: String,
    schema: Rc<Schema>,
    /// All of these must allow a record, and each does if one of its domains fits.
    groups: Vec<Vec<Domain>>,
}

impl Restriction {
    /// The condition on the record aliased `alias`: an expression that can stand beside others in `AND`.
    #[must_use]
    pub fn condition(&self, sql: &mut Sql, alias: &str) -> String {
        let groups: Vec<String> = self
            .groups
            .iter()
            .map(|domains| self.any(sql, alias, domains))
            .collect();
        format!("({})", groups.join(" AND "))
    }

    fn any(&self, sql: &mut Sql, alias: &str, domains: &[Domain]) -> String {
        if domains.is_empty() {
            return "false".to_owned();
        }
        let compiled = domains.iter().map(|domain| {
            compile::condition(domain, &self.model, alias, &self.schema, sql)
                // It was compiled before it came in here.
                .unwrap_or_else(|_| "false".to_owned())
        });
        format!("({})", compiled.collect::<Vec<_>>().join(" OR "))
    }
}

thread_local! {
    /// What this instance has learnt of models: they change only while Tryton updates its modules.
    static SCHEMA: RefCell<Option<Schema>> = const { RefCell::new(None) };
}

async fn load<'m>(
    source: &impl Source,
    models: impl IntoIterator<Item = &'m str>,
) -> Result<Schema, Error> {
    let json = source.text(&Schema::statement(models)).await?;
    Schema::parse(&json).map_err(|_| Error::Type)
}

/// What the rules of a set leave of each model that they concern, and the rules that grant nothing.
///
/// # Errors
/// See [`Error`].
pub async fn restrict(
    source: &impl Source,
    set: &Set,
    models: &BTreeSet<&str>,
) -> Result<(HashMap<String, Restriction>, Vec<Refused>), Error> {
    let context = set.context();
    let mut schema = match SCHEMA.take() {
        Some(schema) => schema,
        None => load(source, models.iter().copied()).await?,
    };
    let (mut joined, mut refused) = (Vec::new(), Vec::new());
    for model in models {
        let mut groups = Groups::default();
        for ancestor in ancestors(model) {
            groups.open |= set.without_rule.contains(&ancestor.model);
            for rule in set.rules.iter().filter(|rule| rule.model == ancestor.model) {
                let domain = match read(rule, &ancestor, &context) {
                    Ok(domain) => compiles(source, &mut schema, &domain, model)
                        .await?
                        .map(|()| domain),
                    Err(reason) => Err(reason),
                };
                groups.add(
                    rule,
                    domain
                        .map_err(|reason| refused.push(refusal(rule, model, reason)))
                        .ok(),
                );
            }
        }
        joined.extend(groups.joined().map(|groups| ((*model).to_owned(), groups)));
    }
    SCHEMA.set(Some(schema.clone()));
    let schema = Rc::new(schema);
    let restrictions = joined.into_iter().map(|(model, groups)| {
        let restriction = Restriction {
            model: model.clone(),
            schema: Rc::clone(&schema),
            groups,
        };
        (model, restriction)
    });
    Ok((restrictions.collect(), refused))
}

fn refusal(rule: &Rule, model: &str, reason: String) -> Refused {
    Refused {
        rule: rule.id,
        model: model.to_owned(),
        reason,
    }
}

/// The domains of the rules of a model, on their way to a [`Restriction`].
#[derive(Default)]
struct Groups {
    global: BTreeMap<i64, Vec<Domain>>,
    others: Option<Vec<Domain>>,
    /// Whether a group without rules allows everything beside the global ones.
    open: bool,
}

impl Groups {
    /// Adds a rule; one that grants nothing restricts all the same.
    fn add(&mut self, rule: &Rule, domain: Option<Domain>) {
        let group = if rule.global {
            self.global.entry(rule.group).or_default()
        } else {
            self.others.get_or_insert_default()
        };
        group.extend(domain);
    }

    fn joined(self) -> Option<Vec<Vec<Domain>>> {
        let others = self.others.filter(|_| !self.open);
        let groups: Vec<_> = self.global.into_values().chain(others).collect();
        (!groups.is_empty()).then_some(groups)
    }
}

/// The domain of a rule, as a domain on the model that inherits it.
fn read(rule: &Rule, ancestor: &Ancestor, context: &Context) -> Result<Domain, String> {
    let text = rule.domain.as_deref().unwrap_or_default();
    let mut value = pyson::decode(text, context).map_err(|error| error.to_string())?;
    if !ancestor.path.is_empty() {
        let path = Value::Text(ancestor.path.clone());
        value = Value::List(vec![path, Value::Text("where".to_owned()), value]);
    }
    domain::parse(&value).map_err(|error| error.to_string())
}

/// Whether a domain compiles; loads what is missing of the schema. The inner error says why not.
async fn compiles(
    source: &impl Source,
    schema: &mut Schema,
    domain: &Domain,
    model: &str,
) -> Result<Result<(), String>, Error> {
    for _ in 0..MOST_LOADS {
        match compile::condition(domain, model, "t", schema, &mut Sql::default()) {
            Ok(_) => return Ok(Ok(())),
            Err(NotCompiled::Unloaded(models)) => {
                schema.extend(load(source, models.iter().map(String::as_str)).await?);
            }
            Err(refused) => return Ok(Err(refused.to_string())),
        }
    }
    Ok(Err("its paths lead to too many models".to_owned()))
}
