//! Failed attempts to sign in (`res.user.login.attempt`, trytond/res/user.py): the rows are shared with Tryton's own
//! server, so that a lock-out there is one here, and the other way round.
//!
//! trytond delays the answer to an attempt by a random time of up to `2^count - 1` seconds, `count` being the failed
//! attempts before. A component that waits would occupy its instance, and can be made to wait by anybody. Here an attempt
//! that comes too early is refused at once, without looking at the password and without counting: until
//! `2^(count-1) - 1` seconds after the last failed one, which is half of trytond's longest wait and so what an attacker
//! waits there on average.

use std::time::Duration;

use crate::config::Session;
use crate::db::{Database, Error, Parameter, Row, Sql};

use super::user::{self, User};

/// An attempt to sign in, by what it is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The login as it was given; its first 512 characters are what is counted (`LoginAttempt.login.size`).
    pub login: String,
    /// The client's address, empty if not known.
    pub address: String,
    /// The client's network, empty if not known.
    pub network: String,
}

/// What the database knows before a password is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The failed attempts of this login that count.
    pub count: u32,
    /// Why the attempt is refused whatever the password is.
    pub refusal: Option<Refusal>,
    /// The active user with this login.
    pub candidate: Option<Candidate>,
}

/// Why an attempt is refused, and for how many seconds others will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Too many failed attempts from the network. More of them are not written down.
    Network(u64),
    /// Too many failed attempts of the login. trytond writes down this one too.
    Login(u64),
    /// Too soon after the last failed attempt of the login. Is not written down.
    Early(u64),
}

/// A user who may be the one who signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The user.
    pub user: User,
    /// The stored hash of the password; `None`: no password can match.
    pub password_hash: Option<String>,
    /// The password that an administrator gave for once, in clear, if it is not over; counts if there is no hash.
    pub password_reset: Option<String>,
}

/// Finds counts, waits and the user with this login (`get_login` and `_get_login`); upper and lower case differ. The
/// n-th last attempt that counts, n being the limit and one more, is there only if there are too many; when it no longer
/// counts there are not.
fn statement(rules: &Session) -> String {
    let timeout = rules.timeout.as_secs();
    let (most, most_of_network) = (rules.max_attempt, rules.max_attempt_ip_network);
    let columns = user::columns("$3::text[]");
    let who = user::MAY_SIGN_IN;
    format!(
        r"
WITH clock AS (SELECT now() AT TIME ZONE 'UTC' AS now, now() AT TIME ZONE 'UTC' - interval '{timeout} s' AS since),
of_network AS (
    SELECT extract(epoch FROM a.create_date - c.since) AS remaining FROM res_user_login_attempt a, clock c
    WHERE a.ip_network = $2::text AND a.create_date >= c.since ORDER BY a.create_date DESC OFFSET {most_of_network} LIMIT 1),
of_login AS (
    SELECT a.create_date, extract(epoch FROM a.create_date - c.since) AS remaining FROM res_user_login_attempt a, clock c
    WHERE a.login = left($1::text, 512) AND a.device_cookie IS NULL AND a.create_date >= c.since)
SELECT (SELECT ceil(remaining)::bigint FROM of_network),
    (SELECT ceil(l.remaining)::bigint FROM of_login l ORDER BY l.create_date DESC OFFSET {most} LIMIT 1),
    (SELECT count(*) FROM of_login),
    (SELECT floor(extract(epoch FROM max(c.now) - max(l.create_date)) * 1000)::bigint FROM of_login l, clock c),
    u.password_hash::text,
    CASE WHEN u.password_reset_expire > (SELECT now FROM clock) THEN u.password_reset::text END,
    {columns}
FROM clock LEFT JOIN res_user u ON u.login = $1::text AND {who}
"
    )
}

impl Attempt {
    /// Asks, in one statement, all that must be known before the password is looked at. `groups` are the names of those
    /// of which the user must be in one; none: all users may.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn standing(
        &self,
        database: &Database,
        rules: &Session,
        groups: &[String],
    ) -> Result<Standing, Error> {
        let parameters = vec![
            Parameter::Text(self.login.clone()),
            Parameter::Text(self.network.clone()),
            Parameter::Texts(groups.to_vec()),
        ];
        let rows = database
            .rows_once(&Sql::new(statement(rules), parameters))
            .await?;
        standing(rows.first().ok_or(Error::Type)?)
    }

    /// Writes down that it failed, and removes those that no longer count (`LoginAttempt.add`).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn add(&self, database: &Database, rules: &Session) -> Result<(), Error> {
        let timeout = rules.timeout.as_secs();
        let text = format!(
            "WITH old AS (DELETE FROM res_user_login_attempt \
             WHERE create_date < now() AT TIME ZONE 'UTC' - interval '{timeout} s') \
             INSERT INTO res_user_login_attempt (create_uid, create_date, login, ip_address, ip_network) \
             VALUES (0, now() AT TIME ZONE 'UTC', left($1::text, 512), $2::text, $3::text)"
        );
        let texts = [&self.login, &self.address, &self.network];
        let parameters = texts.map(|text| Parameter::Text(text.clone())).to_vec();
        database.rows_once(&Sql::new(text, parameters)).await?;
        Ok(())
    }

    /// Forgets the failed attempts of this login, since one succeeded (`LoginAttempt.remove`).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn remove(&self, database: &Database) -> Result<(), Error> {
        let text = "DELETE FROM res_user_login_attempt WHERE login = left($1::text, 512) AND device_cookie IS NULL";
        let sql = Sql::new(text, vec![Parameter::Text(self.login.clone())]);
        database.rows_once(&sql).await?;
        Ok(())
    }
}

fn standing(row: &Row) -> Result<Standing, Error> {
    let count = row.integer(2)?.unwrap_or_default();
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    let refusal = match (row.integer(0)?, row.integer(1)?) {
        (Some(seconds), _) => Some(Refusal::Network(at_least_one(seconds))),
        (None, Some(seconds)) => Some(Refusal::Login(at_least_one(seconds))),
        (None, None) => early(count, row.integer(3)?).map(Refusal::Early),
    };
    let (password_hash, password_reset) = (row.text(4)?, row.text(5)?);
    let candidate = user::user(row, 6)?.map(|user| Candidate {
        user,
        password_hash: password_hash
            .filter(|hash| !hash.is_empty())
            .map(str::to_owned),
        password_reset: password_reset.map(str::to_owned),
    });
    Ok(Standing {
        count,
        refusal,
        candidate,
    })
}

fn at_least_one(seconds: i64) -> u64 {
    u64::try_from(seconds).unwrap_or_default().max(1)
}

/// For how many seconds the next attempt is too early, if it is; `since` is the time since the last one that failed, in
/// milliseconds.
fn early(count: u32, since: Option<i64>) -> Option<u64> {
    let wait = 2_u64.saturating_pow(count.checked_sub(1)?) - 1;
    let wait = Duration::from_secs(wait.min(u64::from(u32::MAX)));
    let since = Duration::from_millis(u64::try_from(since?).unwrap_or_default());
    let left = wait.checked_sub(since).filter(|left| !left.is_zero())?;
    Some(left.as_secs() + u64::from(left.subsec_nanos() > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failed_attempt_doubles_the_wait() {
        let now = Some(0);
        let waits: Vec<Option<u64>> = (0..=6).map(|count| early(count, now)).collect();
        assert_eq!(
            waits,
            [None, None, Some(1), Some(3), Some(7), Some(15), Some(31)]
        );
        assert_eq!(early(3, Some(2_000)), Some(1));
        assert_eq!(early(3, Some(2_001)), Some(1));
        assert_eq!(early(3, Some(3_000)), None);
        assert_eq!(early(u32::MAX, Some(1)), Some(u64::from(u32::MAX)));
        // clocks that were set back
        assert_eq!(early(2, Some(-5_000)), Some(1));
    }
}
