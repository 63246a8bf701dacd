//! What goes to the client and comes back in a URL, and that nobody shall read on the way: encrypted for a user and a
//! purpose (XChaCha20-Poly1305), and good for a day.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::config::Secret;
use crate::signature::Signer;

/// How long something sealed is good, in seconds: a day, and up to an hour more.
const LIFETIME: i64 = 24 * HOUR;

/// What the end of it is rounded up to, so that the same thing is sealed alike for some time.
const HOUR: i64 = 60 * 60;

/// The length of the nonce before what is encrypted.
const NONCE: usize = 24;

/// Seals and opens for one purpose.
pub(super) struct Vault<'a> {
    secret: &'a Secret,
    purpose: &'static str,
    /// The time, in seconds since 1970.
    now: i64,
}

/// Why something cannot be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closed {
    /// It was not sealed here, for this purpose and with this context.
    Foreign,
    /// It is too old.
    Expired,
}

impl<'a> Vault<'a> {
    /// For a purpose, named by a constant of the code.
    pub(super) fn new(secret: &'a Secret, purpose: &'static str, now: i64) -> Self {
        Self {
            secret,
            purpose,
            now,
        }
    }

    /// Seals a value; it can be opened with the same context only. `None` if that fails, which does not happen.
    pub(super) fn seal(&self, value: &impl Serialize, context: &impl Serialize) -> Option<String> {
        let expiry = (self.now + LIFETIME).div_euclid(HOUR) * HOUR + HOUR;
        let text = serde_json::to_vec(&(expiry, value)).ok()?;
        let context = serde_json::to_vec(context).ok()?;
        // Derived from what is encrypted, as SIV does it (RFC 5297): equal only where all is equal.
        let derived = self.derived(b"nonce", &[&text, &context]);
        let nonce: [u8; NONCE] = *derived.first_chunk()?;
        let payload = Payload {
            msg: &text,
            aad: &context,
        };
        let sealed = self.cipher()?.encrypt(&XNonce::from(nonce), payload).ok()?;
        Some(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat()))
    }

    /// The value that was sealed.
    pub(super) fn open<T: DeserializeOwned>(
        &self,
        sealed: &str,
        context: &impl Serialize,
    ) -> Result<T, Closed> {
        let opened = self.opened(sealed, context);
        let (expiry, value): (i64, T) = opened.ok_or(Closed::Foreign)?;
        if self.now >= expiry {
            return Err(Closed::Expired);
        }
        Ok(value)
    }

    fn opened<T: DeserializeOwned>(
        &self,
        sealed: &str,
        context: &impl Serialize,
    ) -> Option<(i64, T)> {
        let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
        let context = serde_json::to_vec(context).ok()?;
        let payload = Payload {
            msg: sealed,
            aad: &context,
        };
        let nonce = XNonce::from(*nonce);
        let text = self.cipher()?.decrypt(&nonce, payload).ok()?;
        serde_json::from_slice(&text).ok()
    }

    fn cipher(&self) -> Option<XChaCha20Poly1305> {
        let key = self.derived(b"key", &[]);
        XChaCha20Poly1305::new_from_slice(key.as_ref()).ok()
    }

    /// Bytes that only this vault can make.
    fn derived(&self, what: &[u8], parts: &[&[u8]]) -> Vec<u8> {
        let parts = [&[what], parts].concat();
        Signer::new(self.secret, self.purpose).sign(&parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret {
        Secret::new("0123456789abcdef0123456789abcdef").unwrap()
    }

    #[test]
    fn what_is_sealed_is_opened_with_the_same_purpose_and_context_for_a_day() {
        let secret = secret();
        let at = |purpose, now| Vault::new(&secret, purpose, now);
        let sealed = at("a", 1_000_000).seal(&"betz", &(7, "Patient")).unwrap();
        let open = |vault: Vault<'_>, user| vault.open::<String>(&sealed, &(user, "Patient"));
        assert_eq!(open(at("a", 1_000_000), 7), Ok("betz".to_owned()));
        assert_eq!(
            open(at("a", 1_000_000 + LIFETIME), 7),
            Ok("betz".to_owned())
        );
        let late = 1_000_000 + LIFETIME + HOUR;
        assert_eq!(open(at("a", late), 7), Err(Closed::Expired));
        assert_eq!(open(at("a", 1_000_000), 8), Err(Closed::Foreign));
        assert_eq!(open(at("b", 1_000_000), 7), Err(Closed::Foreign));
        for forged in ["", "AAAA", "***", &sealed[1..], &"A".repeat(100)] {
            let opened = at("a", 0).open::<String>(forged, &(7, "Patient"));
            assert_eq!(opened, Err(Closed::Foreign), "{forged}");
        }
    }

    #[test]
    fn what_is_sealed_cannot_be_read_and_is_the_same_each_time() {
        let secret = secret();
        let sealed = || Vault::new(&secret, "a", 0).seal(&"betz", &7).unwrap();
        let bytes = URL_SAFE_NO_PAD.decode(sealed()).unwrap();
        assert!(!bytes.windows(4).any(|window| window == b"betz"));
        assert_eq!(sealed(), sealed());
    }
}
