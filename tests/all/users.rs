//! Users of a test's own, and what is known of their attempts to sign in.

use std::sync::atomic::{AtomicI32, Ordering};

use serde_json::Value;
use xtask::database::GnuHealth;

use crate::http::{Answer, Client};
use crate::world::{EFFECT, World};

/// The password of [`HASHES`]: everything that an encoding can get wrong.
pub const PASSWORD: &str = "pässwörd 'x' 密码";

/// What passlib 1.7.4 made of it, quick to verify.
pub const HASH: &str =
    "$scrypt$ln=10,r=8,p=1$RsgZ4zznHMPYOyfEGCMkJA$Co3gufpR06OoMW6JS0SGv4NucYyiciAcgtJfMqtY0ew";

/// The same, as trytond 6.0 knows it.
const OLDER_HASH: &str = "$2b$05$1DSH8eWpyG9aYTcBGLtArO62JgExChJM6MfAf0CJ0UPv6U4hBvfne";

/// A hash of [`PASSWORD`] that this version of trytond understands.
pub fn usual_hash(world: &World) -> &'static str {
    match world.version() {
        GnuHealth::V5_0 => HASH,
        GnuHealth::V4_4 => OLDER_HASH,
    }
}

/// scrypt of another password, `gnusolidario`.
pub const OTHER_HASH: &str =
    "$scrypt$ln=8,r=8,p=1$ifF+D4FQyrl3LqXUeq/Vug$2usGIswdsczN6kDq79M4r6+NA0+rgqLCyAOdEsZQCYQ";

/// A user that one test alone has: a copy of `nogroup`, who may read patients.
pub struct ExtraUser<'w> {
    pub world: &'w World,
    pub login: String,
    pub id: i64,
}

impl<'w> ExtraUser<'w> {
    pub fn new(world: &'w World, login: &str, hash: Option<&str>) -> Self {
        static NEXT: AtomicI32 = AtomicI32::new(90_000);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let login = format!("extra-{login}");
        let created = world.sql().change(
            "INSERT INTO res_user SELECT (jsonb_populate_record(u, \
             jsonb_build_object('id', $1::int, 'login', $2::text, 'password_hash', $3::text, 'company', NULL))).* \
             FROM res_user u WHERE u.login = 'nogroup'",
            &[&id, &login, &hash],
        );
        assert_eq!(created, 1);
        Self {
            world,
            login,
            id: id.into(),
        }
    }

    /// One whose password is [`PASSWORD`].
    pub fn usual(world: &'w World, login: &str) -> Self {
        Self::new(world, login, Some(usual_hash(world)))
    }

    pub fn set(&self, assignment: &str) {
        let login = &self.login;
        self.world.sql().run(&format!(
            "UPDATE res_user SET {assignment} WHERE login = '{login}'"
        ));
    }

    pub fn client(&self, password: &str) -> Client {
        self.world
            .anonymous()
            .with_credentials(&self.login, password)
    }

    /// A row of `ir_session`, made long ago or not; gives the token.
    pub fn session(&self, key: &str, age: &str) -> String {
        let made = self.world.sql().change(
            &format!(
                "INSERT INTO ir_session (create_uid, create_date, key) \
                 VALUES ($1::bigint::int, now() AT TIME ZONE 'UTC' - interval '{age}', $2::text)"
            ),
            &[&self.id, &key],
        );
        assert_eq!(made, 1);
        token(&self.login, self.id, key)
    }

    /// The keys of the user's sessions.
    pub fn keys(&self) -> Vec<String> {
        let rows = self.world.sql().rows(
            "SELECT key FROM ir_session WHERE create_uid = $1::bigint ORDER BY id",
            &[&self.id],
        );
        rows.iter()
            .map(|row| row["key"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The failed attempts that are written down.
    pub fn attempts(&self) -> Vec<Value> {
        attempts(self.world, &self.login)
    }

    /// Takes back the attempts, so that the next one is looked at at once.
    pub fn forget_attempts(&self) {
        forget_attempts(self.world, &self.login);
    }

    /// As if the attempts had been made so many seconds earlier.
    pub fn age_attempts(&self, seconds: u32) {
        self.world.sql().change(
            &format!(
                "UPDATE res_user_login_attempt SET create_date = create_date - interval '{seconds} s' WHERE login = $1"
            ),
            &[&self.login],
        );
    }
}

impl Drop for ExtraUser<'_> {
    fn drop(&mut self) {
        let mut sql = self.world.sql();
        let id = self.id;
        for table in [
            "ir_session WHERE create_uid",
            "res_user_application WHERE \"user\"",
            "\"res_user-res_group\" WHERE \"user\"",
        ] {
            sql.run(&format!("DELETE FROM {table} = {id}"));
        }
        sql.change("DELETE FROM res_user WHERE login = $1", &[&self.login]);
        self.forget_attempts();
    }
}

pub fn attempts(world: &World, login: &str) -> Vec<Value> {
    world.sql().rows(
        "SELECT * FROM res_user_login_attempt WHERE login = left($1::text, 512) ORDER BY id",
        &[&login],
    )
}

pub fn forget_attempts(world: &World, login: &str) {
    world.sql().change(
        "DELETE FROM res_user_login_attempt WHERE login = left($1::text, 512)",
        &[&login],
    );
}

/// A token as Tryton's clients write it.
pub fn token(login: &str, user: i64, key: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(format!("{login}:{user}:{key}"))
}

/// Asserts that nobody is let in, and how one could be is said.
#[track_caller]
pub fn assert_refused(answer: &Answer) {
    answer.refused(401, "login");
    let challenges: Vec<&str> = answer
        .headers
        .get_all("www-authenticate")
        .iter()
        .map(|challenge| challenge.to_str().unwrap())
        .collect();
    let expected = [
        "Basic realm=\"GNU Health\", charset=\"UTF-8\"",
        "Bearer realm=\"GNU Health\"",
    ];
    assert_eq!(challenges, expected);
}

/// Asserts that it is too early, or too often; gives the seconds to wait.
#[track_caller]
pub fn assert_throttled(answer: &Answer) -> u64 {
    answer.refused(429, "throttled");
    let wait = answer.header("retry-after").expect("when to try again");
    wait.parse().unwrap_or_else(|_| panic!("{wait}"))
}

/// Asserts that a user cannot come in any more. Several times: each instance of `auth` remembers users of its own.
#[track_caller]
pub fn assert_ended(user: &ExtraUser, client: &Client) {
    std::thread::sleep(EFFECT);
    for _ in 0..10 {
        assert_refused(&client.get("/Patient/1"));
        user.forget_attempts();
    }
}
