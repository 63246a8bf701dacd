//! Signatures under the secret of the installation: HMAC-SHA256 (RFC 2104), with a key of its own for each purpose, so
//! that a signature made for one is worth nothing for another.

use hmac::digest::common::Key;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::config::Secret;

/// Signs and verifies for one purpose.
#[derive(Clone)]
pub struct Signer(Hmac<Sha256>);

impl Signer {
    /// For a purpose, named by a constant of the code.
    #[must_use]
    pub fn new(secret: &Secret, purpose: &'static str) -> Self {
        let digest = Sha256::new()
            .chain_update(purpose)
            .chain_update([0])
            .chain_update(secret.bytes())
            .finalize();
        let mut key = Key::<Hmac<Sha256>>::default();
        key.iter_mut()
            .zip(digest)
            .for_each(|(slot, byte)| *slot = byte);
        Self(Hmac::new(&key))
    }

    /// The signature of some parts. Each goes in with its length: `ab`, `c` is not `a`, `bc`.
    #[must_use]
    pub fn sign(&self, parts: &[&[u8]]) -> Vec<u8> {
        self.fed(parts).finalize().into_bytes().to_vec()
    }

    /// Whether this is the signature of these parts; takes the same time wherever it differs.
    #[must_use]
    pub fn verify(&self, parts: &[&[u8]], signature: &[u8]) -> bool {
        self.fed(parts).verify_slice(signature).is_ok()
    }

    fn fed(&self, parts: &[&[u8]]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(purpose: &'static str) -> Option<Signer> {
        Secret::new("0123456789abcdef0123456789abcdef")
            .ok()
            .map(|secret| Signer::new(&secret, purpose))
    }

    #[test]
    fn a_signature_holds_for_its_parts_and_purpose_only() {
        let (Some(one), Some(other)) = (signer("one"), signer("other")) else {
            panic!("secret")
        };
        let signature = one.sign(&[b"ab", b"c"]);
        assert!(one.verify(&[b"ab", b"c"], &signature));
        assert!(!one.verify(&[b"a", b"bc"], &signature));
        assert!(!one.verify(&[b"ab", b"d"], &signature));
        assert!(!one.verify(&[b"ab", b"c"], signature.get(..31).unwrap_or_default()));
        assert!(!other.verify(&[b"ab", b"c"], &signature));
    }
}
