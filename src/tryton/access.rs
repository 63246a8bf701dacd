//! What a user may read: model access, field access and record rules, in one statement.
//!
//! The rules are trytond's (`ir/model.py`, `ir/rule.py`, `res/group.py`): rights of all the user's groups, inherited
//! ones included, are joined with those for everybody; any row that grants wins; where no row applies all is allowed.
//! Stricter in two points. Record rules are not evaluated yet: a model under a rule that applies to the user is closed
//! to them. And `__access__`, which can only widen rights, is not followed.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::db::{Database, Error, Parameter, Sql};
use crate::tryton::model::Node;

/// How long rights are remembered inside an instance: a change takes effect within this time.
pub const REMEMBERED: Duration = Duration::from_secs(5);

/// The rows of all three kinds that concern a user (`$1`) and some models (`$2`). Groups have no `parent` in trytond 6.0,
/// where naming the column would be an error: it is read through JSON.
const STATEMENT: &str = r#"
WITH RECURSIVE inherited(id, ancestor) AS (
    SELECT id, id FROM res_group
    UNION SELECT i.id, (to_jsonb(g)->>'parent')::int FROM inherited i JOIN res_group g ON g.id = i.ancestor
    WHERE to_jsonb(g)->>'parent' IS NOT NULL
), member(id) AS (
    SELECT DISTINCT g.id FROM "res_user-res_group" ug JOIN inherited i ON i.id = ug."group"
    JOIN res_group g ON g.id = i.ancestor WHERE ug."user" = $1::bigint AND g.active
)
SELECT 'model', m.model::text, NULL::text, bool_or(coalesce(a.perm_read, false))
FROM ir_model_access a JOIN ir_model m ON m.id = a.model
WHERE m.model = ANY($2::text[]) AND a.active AND (a."group" IS NULL OR a."group" IN (SELECT id FROM member))
GROUP BY m.model
UNION ALL
SELECT 'field', m.model::text, f.name::text, bool_or(coalesce(a.perm_read, false))
FROM ir_model_field_access a JOIN ir_model_field f ON f.id = a.field JOIN ir_model m ON m.id = f.model
WHERE m.model = ANY($2::text[]) AND a.active AND (a."group" IS NULL OR a."group" IN (SELECT id FROM member))
GROUP BY m.model, f.name
UNION ALL
SELECT DISTINCT 'rule', m.model::text, NULL::text, false
FROM ir_rule_group r JOIN ir_model m ON m.id = r.model
WHERE m.model = ANY($2::text[]) AND r.perm_read AND (r.global_p OR r.default_p OR EXISTS (
    SELECT FROM "ir_rule_group-res_group" rg WHERE rg.rule_group = r.id AND rg."group" IN (SELECT id FROM member)))
"#;

/// Rights, and when they were asked for.
type Loaded = (Instant, Rc<Rights>);

/// What a user may not read of some models.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Rights {
    closed_models: HashSet<String>,
    closed_fields: HashSet<(String, String)>,
    ruled_models: HashSet<String>,
}

impl Rights {
    /// The user's rights on the models of a resource type, at most [`REMEMBERED`] old.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn load(
        database: &Database,
        user: i64,
        root: &'static Node,
    ) -> Result<Rc<Self>, Error> {
        thread_local! {
            static LOADED: RefCell<HashMap<(i64, &'static str), Loaded>> = RefCell::default();
        }
        let key = (user, root.model);
        let fresh = |at: &Instant| at.elapsed() < REMEMBERED;
        let known =
            LOADED.with_borrow(|loaded| loaded.get(&key).filter(|(at, _)| fresh(at)).cloned());
        if let Some((_, rights)) = known {
            return Ok(rights);
        }
        let asked = Instant::now();
        let rights = Rc::new(Self::read(database, user, root).await?);
        LOADED.with_borrow_mut(|loaded| {
            loaded.retain(|_, (at, _)| fresh(at));
            loaded.insert(key, (asked, Rc::clone(&rights)));
        });
        Ok(rights)
    }

    async fn read(database: &Database, user: i64, root: &'static Node) -> Result<Self, Error> {
        let models: Vec<String> = root
            .tree()
            .into_iter()
            .map(|node| node.model.to_owned())
            .collect();
        let sql = Sql::new(
            STATEMENT,
            vec![Parameter::Integer(user), Parameter::Texts(models)],
        );
        let mut rights = Self::default();
        for row in database.rows(&sql).await? {
            if row.boolean(3)? == Some(true) {
                continue;
            }
            let model = row.text(1)?.unwrap_or_default().to_owned();
            let new = match (row.text(0)?, row.text(2)?) {
                (Some("field"), Some(field)) => {
                    rights.closed_fields.insert((model, field.to_owned()))
                }
                (Some("rule"), _) => rights.ruled_models.insert(model),
                _ => rights.closed_models.insert(model),
            };
            debug_assert!(new, "the statement groups by what it denies");
        }
        Ok(rights)
    }

    /// Whether model access and record rules leave the model open.
    #[must_use]
    pub fn may_read(&self, model: &str) -> bool {
        !self.closed_models.contains(model) && !self.ruled_models.contains(model)
    }

    /// Whether the model is closed because of a record rule alone.
    #[must_use]
    pub fn is_ruled(&self, model: &str) -> bool {
        self.ruled_models.contains(model) && !self.closed_models.contains(model)
    }

    /// Whether field access leaves the field open. `id` always is (`ModelStorage.read`, trytond/model/modelstorage.py).
    #[must_use]
    pub fn may_read_field(&self, model: &str, field: &str) -> bool {
        field == "id"
            || !self
                .closed_fields
                .contains(&(model.to_owned(), field.to_owned()))
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
            ruled_models: HashSet::new(),
        }
    }
}
