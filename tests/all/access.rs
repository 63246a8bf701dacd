//! What a user may read, as trytond says it and as we do: model access, field access and record rules of every model that
//! health records are built from, for every demo user.
//!
//! The library is asked directly, over SQL of this process: the app serves few of these models yet.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use futures_util::FutureExt;
use gnuhealth_fhir::db::{Error, Parameter, Sql};
use gnuhealth_fhir::tryton::access::Rights;
use gnuhealth_fhir::tryton::source::Source;
use gnuhealth_fhir::tryton::{inherit, relations};
use postgres::types::ToSql;
use postgres::{Client, NoTls};
use serde_json::Value;

use crate::oracle::ask;
use crate::world::World;
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![every_right_on_every_model_is_what_trytond_says_for_every_user]
}

/// Two connections of this process: as the role of the app, for the library to read rights from, and as the owner, to see
/// what the conditions leave of tables that the app does not serve.
pub struct Direct {
    role: RefCell<Client>,
    owner: RefCell<Client>,
}

impl Direct {
    pub fn connect(world: &World) -> Self {
        let connect = |url| RefCell::new(Client::connect(url, NoTls).expect("it connects"));
        Self {
            role: connect(world.database_url()),
            owner: connect(world.owner_url()),
        }
    }

    /// The ids of a model that its record rules leave.
    fn visible(&self, rights: &Rights, model: &str) -> BTreeSet<i64> {
        let mut sql = Sql::default();
        let condition = rights
            .restriction(model)
            .map_or("true".to_owned(), |restriction| {
                restriction.condition(&mut sql, "t")
            });
        let table = relations::table(model);
        sql.text = format!("SELECT t.id FROM \"{table}\" t WHERE {condition}");
        let rows = query(&self.owner, &sql);
        rows.iter()
            .map(|row| i64::from(row.get::<_, i32>(0)))
            .collect()
    }
}

fn query(client: &RefCell<Client>, sql: &Sql) -> Vec<postgres::Row> {
    let parameters: Vec<&(dyn ToSql + Sync)> = sql.parameters.iter().map(bound).collect();
    let rows = client.borrow_mut().query(&sql.text, &parameters);
    rows.unwrap_or_else(|error| panic!("{error:?} in {}", sql.text))
}

fn bound(parameter: &Parameter) -> &(dyn ToSql + Sync) {
    match parameter {
        Parameter::Text(text) => text,
        Parameter::Integer(number) => number,
        Parameter::Texts(texts) => texts,
        Parameter::Integers(numbers) => numbers,
    }
}

impl Source for Direct {
    async fn text(&self, sql: &Sql) -> Result<String, Error> {
        let rows = query(&self.role, sql);
        rows.first().map(|row| row.get(0)).ok_or(Error::Type)
    }
}

/// The rights of a user on some models, read as the app reads them.
fn rights(direct: &Direct, user: i64, models: &BTreeSet<&str>) -> Rights {
    let rights = Rights::read(direct, user, models).now_or_never();
    rights.expect("nothing waits").unwrap()
}

fn every_right_on_every_model_is_what_trytond_says_for_every_user(world: &World) {
    let users = world.users().iter().filter(|user| user.login != "inactive");
    let logins: Vec<&str> = users.map(|user| user.login.as_str()).collect();
    let answer = ask(world, "rights.py", &logins);
    let models: BTreeSet<&str> = keys(&answer["inherit"]).collect();
    compare_inheritance(&answer["inherit"]);
    let direct = Direct::connect(world);
    let mut compared = BTreeMap::new();
    for login in logins {
        let expected = &answer["users"][login];
        compare(world, &direct, login, &models, expected, &mut compared);
    }
    println!("compared with trytond: {compared:?}");
    assert!(compared["model access"] >= 10 * 190, "{compared:?}");
    assert!(compared["record rules"] >= 10, "{compared:?}");
}

fn keys(object: &Value) -> impl Iterator<Item = &str> {
    object.as_object().unwrap().keys().map(String::as_str)
}

fn compare_inheritance(expected: &Value) {
    for model in keys(expected) {
        let expected: BTreeMap<&str, &str> = expected[model]
            .as_object()
            .unwrap()
            .iter()
            .map(|(field, target)| (field.as_str(), target.as_str().unwrap()))
            .collect();
        let ours: BTreeMap<&str, &str> = inherit::parents(model).iter().copied().collect();
        assert_eq!(ours, expected, "{model}");
    }
}

/// Compares one user's rights on all models, and counts what was compared.
pub fn compare(
    world: &World,
    direct: &Direct,
    login: &str,
    models: &BTreeSet<&str>,
    expected: &Value,
    compared: &mut BTreeMap<&str, usize>,
) {
    let user = world
        .sql()
        .value("SELECT id FROM res_user WHERE login = $1", &[&login]);
    let ours = rights(direct, user.as_i64().unwrap(), models);
    for model in models {
        let theirs = &expected[model];
        assert_eq!(ours.may_read(model), theirs["read"], "{login}: {model}");
        *compared.entry("model access").or_default() += 1;
        for field in theirs["closed_fields"].as_array().unwrap() {
            let field = field.as_str().unwrap();
            assert!(
                !ours.may_read_field(model, field),
                "{login}: {model}.{field}"
            );
            *compared.entry("closed fields").or_default() += 1;
        }
        assert_eq!(
            ours.closed_fields(model).len(),
            theirs["closed_fields"].as_array().unwrap().len(),
            "{login}: {model}"
        );
        if theirs["read"] == true {
            compare_visible(direct, login, model, &ours, &theirs["ids"]);
            *compared.entry("record rules").or_default() += usize::from(!theirs["ids"].is_null());
        }
    }
}

fn compare_visible(direct: &Direct, login: &str, model: &str, ours: &Rights, theirs: &Value) {
    let Some(expected) = theirs.as_array() else {
        assert!(theirs.is_null(), "{login}: trytond fails at {model}");
        assert!(ours.restriction(model).is_none(), "{login}: {model}");
        return;
    };
    let expected: BTreeSet<i64> = expected.iter().filter_map(Value::as_i64).collect();
    let visible = direct.visible(ours, model);
    if ours.refused().iter().any(|refused| refused.model == model) {
        // What cannot be compiled grants nothing: fewer records, never others.
        assert!(visible.is_subset(&expected), "{login}: {model}");
    } else {
        assert_eq!(visible, expected, "{login}: {model}");
    }
}
