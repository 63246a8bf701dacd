//! Verification of the password hashes that a GNU Health database holds, as passlib writes them
//! (trytond/res/user.py, `CRYPT_CONTEXT`): scrypt (trytond 7), bcrypt and PBKDF2-SHA512 (trytond 6), argon2.

use argon2::Argon2;
use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc::PasswordHash;
use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
use subtle::ConstantTimeEq;

/// passlib's "adapted base64": `.` for `+`, no padding.
fn adapted_base64(text: &str) -> Option<Vec<u8>> {
    GeneralPurpose::new(&alphabet::STANDARD, NO_PAD)
        .decode(text.replace('.', "+"))
        .ok()
}

/// A hash of the cost that trytond 7 gives new passwords, which no password is checked against for its sake:
/// an unknown login must take as long as a wrong password.
const DECOY: &str =
    "$scrypt$ln=16,r=8,p=1$aM05p1RKCSHkPCckxDhnrA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The largest scrypt cost that is computed: 2^20 blocks of 1 KiB, sixteen times passlib's default. A hash that asks
/// for more matches nothing, instead of exhausting the memory of the component.
const HIGHEST_LOG_N: u32 = 20;

/// Whether `password` is the one that was hashed. A format that we do not know matches nothing.
#[must_use]
pub fn matches(password: &str, hash: &str) -> bool {
    let mut parts = hash.split('$').skip(1);
    match parts.next() {
        Some("scrypt") => scrypt(password, parts).unwrap_or(false),
        Some("pbkdf2-sha512") => pbkdf2_sha512(password, parts).unwrap_or(false),
        Some("2a" | "2b" | "2y") => bcrypt::verify(password, hash).unwrap_or(false),
        Some("argon2id" | "argon2i") => argon2(password, hash),
        _ => false,
    }
}

/// Spends the time that a verification takes.
pub fn decoy(password: &str) {
    let _ = matches(password, DECOY);
}

/// `$scrypt$ln=16,r=8,p=1$salt$checksum`
fn scrypt<'a>(password: &str, mut parts: impl Iterator<Item = &'a str>) -> Option<bool> {
    let mut cost = parts
        .next()?
        .split(',')
        .filter_map(|part| part.split_once('='));
    let mut number = |name| {
        cost.next()
            .filter(|(key, _)| *key == name)
            .and_then(|(_, value)| value.parse::<u32>().ok())
    };
    let (log_n, r, p) = (number("ln")?, number("r")?, number("p")?);
    if log_n > HIGHEST_LOG_N || r > 8 || p > 8 {
        return None;
    }
    let params = scrypt::Params::new(u8::try_from(log_n).ok()?, r, p).ok()?;
    let (salt, expected) = (
        base64_without_padding(parts.next()?)?,
        base64_without_padding(parts.next()?)?,
    );
    let mut actual = vec![0; expected.len()];
    scrypt::scrypt(password.as_bytes(), &salt, &params, &mut actual).ok()?;
    Some(actual.ct_eq(&expected).into())
}

/// `$pbkdf2-sha512$rounds$salt$checksum`
fn pbkdf2_sha512<'a>(password: &str, mut parts: impl Iterator<Item = &'a str>) -> Option<bool> {
    let rounds: u32 = parts.next()?.parse().ok()?;
    let (salt, expected) = (
        adapted_base64(parts.next()?)?,
        adapted_base64(parts.next()?)?,
    );
    let mut actual = vec![0; expected.len()];
    pbkdf2::pbkdf2_hmac::<sha2::Sha512>(password.as_bytes(), &salt, rounds, &mut actual);
    Some(!expected.is_empty() && bool::from(actual.ct_eq(&expected)))
}

fn argon2(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| {
        Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok()
    })
}

fn base64_without_padding(text: &str) -> Option<Vec<u8>> {
    base64::engine::general_purpose::STANDARD_NO_PAD
        .decode(text)
        .ok()
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
            assert!(!matches(&format!("{password} "), hash), "{hash}");
            assert!(!matches("", hash), "{hash}");
        }
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
            "$2b$12$x",
            "$pbkdf2-sha512$1$$",
            "$argon2id$v=19",
            "$6$salt$x",
        ] {
            assert!(!matches("", hash), "{hash}");
            assert!(!matches("secret", hash), "{hash}");
        }
    }
}
