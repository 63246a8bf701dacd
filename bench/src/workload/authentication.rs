//! The ways to be known: `read` is by the token of a session; these are the others.

use anyhow::Result;
use http::HeaderValue;
use http::header::AUTHORIZATION;

use super::Shape;
use crate::client::{self, Draft};
use crate::draw::{Values, one};
use crate::hospital::{Hospital, USER};

pub(super) fn shapes() -> Vec<Shape> {
    vec![Shape::new(
        "basic",
        "a patient by id, with a password that is remembered",
        |values, random| {
            let patient = one(&values.patients, random)?;
            as_user(format!("/Patient/{patient}"), &values.known)
        },
    )]
}

/// A read by each who has not signed in yet: their passwords have to be hashed.
pub(crate) fn first_logins(values: &Values) -> Vec<Draft> {
    let patients = values.patients.iter().cycle();
    let pairs = values.strangers.iter().zip(patients);
    pairs
        .filter_map(|(stranger, patient)| as_user(format!("/Patient/{patient}"), stranger))
        .collect()
}

fn as_user(target: String, credentials: &str) -> Option<Draft> {
    let mut draft = Draft::get(target);
    let value = HeaderValue::from_str(&client::basic(credentials)).ok()?;
    draft.headers.insert(AUTHORIZATION, value);
    Some(draft)
}

/// Makes users who have never signed in, with the rights and the password of the one who asks.
pub(crate) fn strangers(hospital: &Hospital, count: usize) -> Result<Vec<String>> {
    let rows = hospital.owner()?.query(
        "WITH copied AS (
           SELECT (jsonb_populate_record(u, jsonb_build_object('id', nextval('res_user_id_seq'), 'login', 'bench-' || n))).*
           FROM res_user u, generate_series(1, $2::int8) n WHERE u.login = $1
         ), users AS (
           INSERT INTO res_user SELECT * FROM copied RETURNING id, login
         ), groups AS (
           INSERT INTO \"res_user-res_group\" SELECT (jsonb_populate_record(g, jsonb_build_object(
             'id', nextval('\"res_user-res_group_id_seq\"'), 'user', users.id))).*
           FROM users, \"res_user-res_group\" g JOIN res_user u ON u.id = g.\"user\" WHERE u.login = $1
         ) SELECT login FROM users",
        &[&USER, &i64::try_from(count)?],
    )?;
    let password = hospital.password(USER)?;
    let logins = rows.iter().map(|row| row.get::<_, String>(0));
    Ok(logins.map(|login| format!("{login}:{password}")).collect())
}
