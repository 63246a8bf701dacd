//! Where the next page of a search starts: an opaque value, bound to the user and the search.
//!
//! It holds the values by which the results are sorted, which may be a patient's, and stands in a URL. So it is encrypted
//! (XChaCha20-Poly1305), not only signed. It holds values rather than a record, so that nothing is repeated or passed over
//! when that record is changed or deleted meanwhile.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};

use super::Error;
use super::plan::Plan;
use crate::config::Secret;
use crate::signature::Signer;

/// How long a cursor is good, in seconds: a day, and up to an hour more.
const LIFETIME: i64 = 24 * HOUR;

/// What the end of it is rounded up to, so that the same page has the same links for some time.
const HOUR: i64 = 60 * 60;

/// The length of the nonce before what is encrypted.
const NONCE: usize = 24;

/// A position between two results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Which results the page has.
    pub direction: Direction,
    /// The values of the sort keys, as PostgreSQL writes them.
    pub keys: Vec<Option<String>>,
    /// The place of the source.
    pub source: usize,
    /// The record.
    pub record: i64,
    /// The place of the measure.
    pub measure: i64,
}

/// On which side of a position a page lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    /// The results that follow.
    After,
    /// Those that come before.
    Before,
}

/// What a cursor is good for: one user and one search.
#[derive(Debug, Clone, Copy)]
pub struct Binding<'a> {
    /// The secret of the installation.
    pub secret: &'a Secret,
    /// `res_user.id`.
    pub user: i64,
    /// The search.
    pub plan: &'a Plan,
    /// The time, in seconds since 1970.
    pub now: i64,
}

impl Binding<'_> {
    /// The cursor of a position. `None` if it cannot be encrypted, which does not happen.
    #[must_use]
    pub fn seal(&self, position: &Position) -> Option<String> {
        let expiry = (self.now + LIFETIME).div_euclid(HOUR) * HOUR + HOUR;
        let text = serde_json::to_vec(&(expiry, position)).ok()?;
        let bound = self.bound();
        // Derived from what is encrypted, as SIV does it (RFC 5297): equal only for equal cursors.
        let derived = Signer::new(self.secret, "cursor nonce").sign(&[&text, &bound]);
        let nonce: [u8; NONCE] = *derived.first_chunk()?;
        let payload = Payload {
            msg: &text,
            aad: &bound,
        };
        let sealed = self.cipher()?.encrypt(&XNonce::from(nonce), payload).ok()?;
        Some(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat()))
    }

    /// The position of a cursor.
    ///
    /// # Errors
    /// [`Error::Cursor`] if it was not sealed under this binding, [`Error::Expired`] if it is too old.
    pub fn open(&self, cursor: &str) -> Result<Position, Error> {
        let (expiry, position) = self.opened(cursor).ok_or(Error::Cursor)?;
        if self.now >= expiry {
            return Err(Error::Expired);
        }
        Ok(position)
    }

    fn opened(&self, cursor: &str) -> Option<(i64, Position)> {
        let sealed = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
        let bound = self.bound();
        let payload = Payload {
            msg: sealed,
            aad: &bound,
        };
        let text = self
            .cipher()?
            .decrypt(&XNonce::from(*nonce), payload)
            .ok()?;
        serde_json::from_slice(&text).ok()
    }

    fn cipher(&self) -> Option<XChaCha20Poly1305> {
        let key = Signer::new(self.secret, "cursor").sign(&[]);
        XChaCha20Poly1305::new_from_slice(key.as_ref()).ok()
    }

    /// What a cursor is bound to. `_count` is not part of it: a client may change the size of its pages on the way.
    fn bound(&self) -> Vec<u8> {
        let searched = self.plan.understood.iter();
        let searched: Vec<_> = searched.filter(|(name, _)| name != "_count").collect();
        let bound = (self.user, self.plan.grammar.declaration.name, searched);
        serde_json::to_vec(&bound).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::criterion::Grammar;
    use super::super::declaration::Declaration;
    use super::super::plan::Handling;
    use super::super::query::Pair;
    use super::*;

    static PATIENT: Declaration = declaration("Patient");
    static OBSERVATION: Declaration = declaration("Observation");

    const fn declaration(name: &'static str) -> Declaration {
        Declaration {
            name,
            sources: &[],
            parameters: &[],
            compartments: &[],
            documentation: "",
        }
    }

    fn plan(declaration: &'static Declaration, pairs: &[(&str, &str)]) -> Plan {
        let pairs = pairs.iter().map(|(name, value)| Pair {
            name: (*name).to_owned(),
            modifier: None,
            value: (*value).to_owned(),
        });
        let grammar = Grammar {
            declaration,
            types: &[],
        };
        Plan::new(grammar, &pairs.collect::<Vec<_>>(), Handling::Strict).unwrap()
    }

    #[test]
    fn a_cursor_is_good_for_its_user_type_and_search_and_a_day() {
        let secret = Secret::new("0123456789abcdef0123456789abcdef").unwrap();
        let searched = plan(&PATIENT, &[]);
        let binding = Binding {
            secret: &secret,
            user: 7,
            plan: &searched,
            now: 1_000_000,
        };
        let position = Position {
            direction: Direction::After,
            keys: vec![Some("betz".to_owned()), None],
            source: 0,
            record: 42,
            measure: 0,
        };
        let cursor = binding.seal(&position).unwrap();
        assert_eq!(binding.open(&cursor), Ok(position));
        let with = |plan: Plan| {
            let plan = &plan;
            Binding { plan, ..binding }.open(&cursor)
        };
        assert!(with(plan(&PATIENT, &[("_count", "50")])).is_ok());
        assert_eq!(with(plan(&PATIENT, &[("_id", "50")])), Err(Error::Cursor));
        assert_eq!(with(plan(&OBSERVATION, &[])), Err(Error::Cursor));
        let other = Binding { user: 8, ..binding };
        assert_eq!(other.open(&cursor), Err(Error::Cursor));
        let later = |now| Binding { now, ..binding }.open(&cursor);
        assert!(later(1_000_000 + LIFETIME).is_ok());
        assert_eq!(later(1_000_000 + LIFETIME + HOUR), Err(Error::Expired));
        for forged in ["", "AAAA", "***", &cursor[1..], &"A".repeat(100)] {
            assert_eq!(binding.open(forged), Err(Error::Cursor), "{forged}");
        }
    }

    #[test]
    fn a_cursor_does_not_show_what_it_holds() {
        let secret = Secret::new("0123456789abcdef0123456789abcdef").unwrap();
        let searched = plan(&PATIENT, &[]);
        let binding = Binding {
            secret: &secret,
            user: 7,
            plan: &searched,
            now: 0,
        };
        let position = Position {
            direction: Direction::After,
            keys: vec![Some("betz".to_owned())],
            source: 0,
            record: 42,
            measure: 0,
        };
        let cursor = binding.seal(&position).unwrap();
        let bytes = URL_SAFE_NO_PAD.decode(&cursor).unwrap();
        assert!(!bytes.windows(4).any(|window| window == b"betz"));
        assert_eq!(
            binding.seal(&position),
            Some(cursor),
            "the same page has the same link"
        );
    }
}
