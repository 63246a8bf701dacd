//! Where the next page of a search over several types starts: the type in turn, and that type's own cursor. Opaque, signed,
//! bound to the user and the search.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::config::Secret;
use crate::search;
use crate::signature::Signer;

/// The length of a signature.
const SIGNATURE: usize = 32;

/// Where a page starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Position {
    /// The resource type in turn.
    pub(super) resource_type: String,
    /// Its own cursor; `None`: from its start.
    pub(super) cursor: Option<String>,
}

/// What a cursor is good for.
pub(super) struct Binding<'a> {
    pub(super) secret: &'a Secret,
    /// `res_user.id`.
    pub(super) user: i64,
    /// The parameters, without the cursor.
    pub(super) pairs: &'a [(String, String)],
}

impl Binding<'_> {
    pub(super) fn seal(&self, position: &Position) -> String {
        let claim = match &position.cursor {
            Some(cursor) => format!("{} {cursor}", position.resource_type),
            None => position.resource_type.clone(),
        };
        let mut sealed = self.signed(&claim, Signer::sign);
        sealed.extend(claim.as_bytes());
        URL_SAFE_NO_PAD.encode(sealed)
    }

    /// # Errors
    /// [`search::Error::Cursor`] if it was not sealed under this binding.
    pub(super) fn open(&self, cursor: &str) -> Result<Position, search::Error> {
        self.opened(cursor).ok_or(search::Error::Cursor)
    }

    fn opened(&self, cursor: &str) -> Option<Position> {
        let sealed = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (signature, claim) = sealed.split_at_checked(SIGNATURE)?;
        let claim = std::str::from_utf8(claim).ok()?;
        if !self.signed(claim, |signer, parts| signer.verify(parts, signature)) {
            return None;
        }
        let (resource_type, cursor) = match claim.split_once(' ') {
            Some((resource_type, cursor)) => (resource_type, Some(cursor.to_owned())),
            None => (claim, None),
        };
        Some(Position {
            resource_type: resource_type.to_owned(),
            cursor,
        })
    }

    /// Hands over what is signed. `_count` is not: a client may change the size of its pages on the way.
    fn signed<T>(&self, claim: &str, act: impl FnOnce(&Signer, &[&[u8]]) -> T) -> T {
        let user = self.user.to_be_bytes();
        let mut parts: Vec<&[u8]> = vec![&user, claim.as_bytes()];
        let pairs = self.pairs.iter().filter(|(name, _)| name != "_count");
        parts.extend(pairs.flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]));
        act(&Signer::new(self.secret, "system cursor"), &parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_good_for_its_user_and_search_only() {
        let Ok(secret) = Secret::new("0123456789abcdef0123456789abcdef") else {
            panic!("secret")
        };
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let pairs = [pair("_type", "Patient"), pair("_count", "5")];
        let larger = [pair("_type", "Patient"), pair("_count", "50")];
        let other = [pair("_type", "Observation"), pair("_count", "5")];
        let binding = |user, pairs| Binding {
            secret: &secret,
            user,
            pairs,
        };
        for cursor in [None, Some("AbC-_".to_owned())] {
            let position = Position {
                resource_type: "Patient".into(),
                cursor,
            };
            let sealed = binding(7, &pairs).seal(&position);
            assert_eq!(binding(7, &pairs).open(&sealed), Ok(position.clone()));
            assert_eq!(binding(7, &larger).open(&sealed), Ok(position));
            for (user, pairs) in [(8, &pairs[..]), (7, &other), (7, &[])] {
                assert_eq!(
                    binding(user, pairs).open(&sealed),
                    Err(search::Error::Cursor)
                );
            }
        }
        for forged in ["", "AAAA", "***"] {
            let opened = binding(7, &pairs).open(forged);
            assert_eq!(opened, Err(search::Error::Cursor), "{forged}");
        }
    }
}
