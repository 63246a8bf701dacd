//! Verification of the password hashes that a GNU Health database holds (trytond/res/user.py).
//!
//! | format | written by |
//! |---|---|
//! | `$scrypt$ln=16,r=8,p=1$…` | passlib, trytond 7.0 without argon2-cffi |
//! | `$argon2id$v=19$m=…,t=…,p=…$…`, also `argon2i` and `argon2d` | passlib, where argon2-cffi is installed |
//! | `$2b$12$…`, also `2a` and `2y` | passlib, trytond 6.0 with bcrypt |
//! | `$pbkdf2-sha512$25000$…` | passlib, trytond 6.0 without bcrypt |
//! | `sha1$…$salt`, `bcrypt$$2b$…` | trytond itself before 4.0 (`check_sha1`, `check_bcrypt`) |
//!
//! Whatever a hash asks for, its cost is bounded: one that asks for more matches nothing, instead of exhausting the
//! memory of the component or holding up others.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD_NO_PAD};
use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;

/// A hash of the cost that trytond 7 gives new passwords, which no password is checked against for its sake: for
/// databases without any.
pub const DECOY: &str =
    "$scrypt$ln=16,r=8,p=1$aM05p1RKCSHkPCckxDhnrA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The most memory that a hash may ask for, in bytes: four times as much as by default (64 MiB for scrypt and argon2).
const MOST_MEMORY: u64 = 256 << 20;

/// The most memory that scrypt and argon2 may fill, all passes together, in bytes: sixteen times the default of scrypt.
const MOST_FILLED: u64 = 1 << 30;

/// The highest cost of bcrypt, the logarithm of its rounds: eight times as many as by default.
const HIGHEST_BCRYPT_COST: u32 = 15;

/// The most rounds of PBKDF2: forty times as many as by default.
const MOST_PBKDF2_ROUNDS: u32 = 1_000_000;

/// bcrypt uses as many bytes of a password, its end included (the `bcrypt` package before version 5).
const BCRYPT_PASSWORD: usize = 72;

/// The longest checksum of a hash, in bytes.
const LONGEST_CHECKSUM: usize = 64;

/// Whether `password` is the one that was hashed. A format that we do not know matches nothing.
#[must_use]
pub fn matches(password: &str, hash: &str) -> bool {
    let matches = match hash.split('$').collect::<Vec<_>>().as_slice() {
        ["", "scrypt", cost, salt, checksum] => scrypt(password, cost, salt, checksum),
        ["", "pbkdf2-sha512", rounds, salt, checksum] => {
            pbkdf2_sha512(password, rounds, salt, checksum)
        }
        ["", "2a" | "2b" | "2y", cost, rest] => bcrypt(password, cost, rest),
        ["", kind, version, cost, salt, checksum] => {
            argon2(password, kind, Some(version), [cost, salt, checksum])
        }
        // before version 1.3 of argon2 its version was not written
        ["", kind, cost, salt, checksum] => argon2(password, kind, None, [cost, salt, checksum]),
        ["bcrypt", "", "2a" | "2b" | "2y", cost, rest] => bcrypt(password, cost, rest),
        ["sha1", checksum, salt @ ..] => Some(sha1(password, checksum, &salt.join("$"))),
        _ => None,
    };
    matches.unwrap_or(false)
}

/// Whether two secrets are equal; takes the same time wherever they differ.
#[must_use]
pub fn equal(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

/// `ln=16,r=8,p=1`
fn scrypt(password: &str, cost: &str, salt: &str, checksum: &str) -> Option<bool> {
    let [log_n, r, p] = numbers(cost, ["ln", "r", "p"])?;
    let memory = 1_u64.checked_shl(log_n)?.checked_mul(128 * u64::from(r))?;
    if !is_affordable(memory, p) {
        return None;
    }
    let params = scrypt::Params::new(u8::try_from(log_n).ok()?, r, p).ok()?;
    let (salt, expected) = (
        STANDARD_NO_PAD.decode(salt).ok()?,
        checksum_bytes(checksum)?,
    );
    let mut actual = vec![0; expected.len()];
    scrypt::scrypt(password.as_bytes(), &salt, &params, &mut actual).ok()?;
    Some(actual.ct_eq(&expected).into())
}

/// The cost is `m=65536,t=3,p=4`.
fn argon2(
    password: &str,
    kind: &str,
    version: Option<&str>,
    [cost, salt, checksum]: [&str; 3],
) -> Option<bool> {
    let algorithm = Algorithm::new(kind).ok()?;
    let version = match version {
        None | Some("v=16") => Version::V0x10,
        Some("v=19") => Version::V0x13,
        Some(_) => return None,
    };
    let [memory, passes, lanes] = numbers(cost, ["m", "t", "p"])?;
    if !is_affordable(u64::from(memory) << 10, passes) {
        return None;
    }
    let (salt, expected) = (
        STANDARD_NO_PAD.decode(salt).ok()?,
        checksum_bytes(checksum)?,
    );
    let params = Params::new(memory, passes, lanes, Some(expected.len())).ok()?;
    let mut actual = vec![0; expected.len()];
    Argon2::new(algorithm, version, params)
        .hash_password_into(password.as_bytes(), &salt, &mut actual)
        .ok()?;
    Some(actual.ct_eq(&expected).into())
}

fn is_affordable(memory: u64, passes: u32) -> bool {
    let filled = memory.checked_mul(u64::from(passes));
    memory <= MOST_MEMORY && filled.is_some_and(|filled| filled <= MOST_FILLED)
}

fn pbkdf2_sha512(password: &str, rounds: &str, salt: &str, checksum: &str) -> Option<bool> {
    let rounds: u32 = rounds.parse().ok()?;
    if !(1..=MOST_PBKDF2_ROUNDS).contains(&rounds) {
        return None;
    }
    // passlib's "adapted base64" has `.` for `+`.
    let salt = STANDARD_NO_PAD.decode(salt.replace('.', "+")).ok()?;
    let expected = checksum_bytes(&checksum.replace('.', "+"))?;
    let mut actual = vec![0; expected.len()];
    pbkdf2::pbkdf2_hmac::<sha2::Sha512>(password.as_bytes(), &salt, rounds, &mut actual);
    Some(actual.ct_eq(&expected).into())
}

/// bcrypt's own base64. The last bits of salt and checksum mean nothing, and old libraries left some set (passlib,
/// "padding bits").
const BCRYPT_BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::BCRYPT,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// `rest` is the salt, 22 characters, and the checksum, 31.
fn bcrypt(password: &str, cost: &str, rest: &str) -> Option<bool> {
    let cost: u32 = cost
        .parse()
        .ok()
        .filter(|cost| (4..=HIGHEST_BCRYPT_COST).contains(cost))?;
    // It would end the password in C (passlib refuses it).
    if password.contains('\0') {
        return None;
    }
    let (salt, checksum) = rest.split_at_checked(22)?;
    let salt: [u8; 16] = BCRYPT_BASE64.decode(salt).ok()?.try_into().ok()?;
    let expected: [u8; 23] = BCRYPT_BASE64.decode(checksum).ok()?.try_into().ok()?;
    let ended = [password.as_bytes(), &[0]].concat();
    let actual = bcrypt::bcrypt(cost, salt, ended.get(..BCRYPT_PASSWORD).unwrap_or(&ended));
    Some(actual.get(..expected.len())?.ct_eq(&expected).into())
}

fn sha1(password: &str, checksum: &str, salt: &str) -> bool {
    let digest = Sha1::new()
        .chain_update(password)
        .chain_update(salt)
        .finalize();
    let actual: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    equal(&actual, checksum)
}

/// The values of `a=1,b=2,c=3` for three names in their order; others may follow.
fn numbers(text: &str, names: [&str; 3]) -> Option<[u32; 3]> {
    let mut pairs = text.split(',').filter_map(|pair| pair.split_once('='));
    let mut found = [0; 3];
    for (slot, name) in found.iter_mut().zip(names) {
        let (key, value) = pairs.next()?;
        *slot = (key == name).then(|| value.parse().ok())??;
    }
    Some(found)
}

/// A checksum that can be compared: an empty one would match everything.
fn checksum_bytes(text: &str) -> Option<Vec<u8>> {
    let bytes = STANDARD_NO_PAD.decode(text).ok()?;
    (1..=LONGEST_CHECKSUM)
        .contains(&bytes.len())
        .then_some(bytes)
}

#[cfg(test)]
#[path = "password_vectors.rs"]
mod vectors;

#[cfg(test)]
mod tests {
    use super::vectors::VECTORS;
    use super::*;

    #[test]
    fn every_format_matches_its_password_and_no_other() {
        for (password, hash) in VECTORS {
            assert!(matches(password, hash), "{hash}");
            assert!(!matches(&format!("!{password}"), hash), "{hash}");
            assert!(!matches("", hash), "{hash}");
        }
    }

    /// As the bcrypt package of trytond 6.0 does: what follows the 72nd byte does not count.
    #[test]
    fn bcrypt_looks_at_72_bytes() {
        let (long, hash) = VECTORS
            .iter()
            .find(|(password, hash)| password.len() > 72 && hash.starts_with("$2b$"))
            .copied()
            .unwrap_or_default();
        assert!(matches(&format!("{long}more"), hash));
        let other = format!("{}x", long.get(..71).unwrap_or_default());
        assert!(!matches(&other, hash));
    }

    #[test]
    fn a_broken_or_unknown_hash_matches_nothing() {
        for hash in [
            "",
            "$",
            "plain",
            "$scrypt$",
            "$scrypt$ln=99,r=8,p=1$AA$AA",
            "$scrypt$ln=4,r=8,p=1$$",
            "$scrypt$r=8,ln=4,p=1$AAAA$AAAA",
            "$2b$12$x",
            "$2b$99$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "$2b$04$ééééééééééééééééééééé",
            "$pbkdf2-sha512$1$$",
            "$pbkdf2-sha512$0$AAAA$AAAA",
            "$argon2id$v=19",
            "$argon2x$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAA$AAAA",
            "$argon2id$v=19$m=0,t=0,p=0$AAAAAAAAAAAAAAA$AAAA",
            "sha1$$",
            "sha1$",
            "bcrypt$",
            "bcrypt$x",
            "$6$salt$x",
        ] {
            assert!(!matches("", hash), "{hash}");
            assert!(!matches("secret", hash), "{hash}");
        }
    }

    #[test]
    fn a_hash_that_costs_too_much_is_not_computed() {
        let started = std::time::Instant::now();
        for hash in [
            "$scrypt$ln=24,r=8,p=1$AAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$ln=16,r=8,p=4096$AAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$ln=63,r=4294967295,p=1$AAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=19$m=4194304,t=1,p=1$AAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=19$m=65536,t=4294967295,p=1$AAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "$2b$31$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "$pbkdf2-sha512$4294967295$AAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ] {
            assert!(!matches("secret", hash), "{hash}");
        }
        assert!(started.elapsed() < std::time::Duration::from_secs(1));
    }
}
