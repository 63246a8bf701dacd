//! The time zone of the hospital, in which its people write times: that of the user's company (`company.company.timezone`).

use std::cell::RefCell;
use std::collections::HashMap;

use crate::db::{Database, Error, Parameter, Sql};

/// The user's company has a zone, and PostgreSQL knows it.
const STATEMENT: &str = "SELECT c.timezone::text FROM res_user u JOIN company_company c ON c.id = u.company \
    WHERE u.id = $1::bigint AND EXISTS (SELECT FROM pg_catalog.pg_timezone_names n WHERE n.name = c.timezone)";

/// The IANA name of the zone; `None`: UTC. Kept for the life of the instance.
///
/// # Errors
/// See [`Error`].
pub async fn of_user(database: &Database, user: i64) -> Result<Option<String>, Error> {
    thread_local! {
        static KNOWN: RefCell<HashMap<i64, Option<String>>> = RefCell::default();
    }
    if let Some(zone) = KNOWN.with_borrow(|known| known.get(&user).cloned()) {
        return Ok(zone);
    }
    let rows = database
        .rows(&Sql::new(STATEMENT, vec![Parameter::Integer(user)]))
        .await?;
    let zone = rows.first().map(|row| row.text(0)).transpose()?.flatten();
    let zone = zone.map(str::to_owned);
    KNOWN.with_borrow_mut(|known| known.insert(user, zone.clone()));
    Ok(zone)
}
