//! Where the next page of a search starts: an opaque value, signed, bound to the user and the search.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Error;
use super::plan::Plan;
use crate::config::Secret;
use crate::signature::Signer;

/// What a cursor is good for: one user and one search.
#[derive(Debug, Clone, Copy)]
pub struct Binding<'a> {
    /// The secret of the installation.
    pub secret: &'a Secret,
    /// `res_user.id`.
    pub user: i64,
    /// The resource type.
    pub resource: &'a str,
    /// The search.
    pub plan: &'a Plan,
}

impl Binding<'_> {
    /// The cursor of the page after the record `id`.
    #[must_use]
    pub fn seal(&self, id: i64) -> String {
        let mut sealed = id.to_be_bytes().to_vec();
        sealed.extend(self.signed(id, Signer::sign));
        URL_SAFE_NO_PAD.encode(sealed)
    }

    /// The record after which the page starts.
    ///
    /// # Errors
    /// [`Error::Cursor`] if it was not sealed under this binding.
    pub fn open(&self, cursor: &str) -> Result<i64, Error> {
        let sealed = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| Error::Cursor)?;
        let (id, signature) = sealed.split_first_chunk().ok_or(Error::Cursor)?;
        let id = i64::from_be_bytes(*id);
        self.signed(id, |signer, parts| signer.verify(parts, signature))
            .then_some(id)
            .ok_or(Error::Cursor)
    }

    /// Hands over what is signed. `_count` is not: a client may change the size of its pages on the way.
    fn signed<T>(&self, id: i64, act: impl FnOnce(&Signer, &[&[u8]]) -> T) -> T {
        let (user, id) = (self.user.to_be_bytes(), id.to_be_bytes());
        let searched = self
            .plan
            .understood
            .iter()
            .filter(|(name, _)| name != "_count");
        let mut parts: Vec<&[u8]> = vec![&user, &id, self.resource.as_bytes()];
        parts.extend(searched.flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]));
        act(&Signer::new(self.secret, "cursor"), &parts)
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::Handling;
    use super::*;

    #[test]
    fn a_cursor_is_good_for_its_user_type_and_search_only() {
        let (Ok(plan), Ok(secret)) = (
            Plan::new(&[], &[], Handling::Lenient),
            Secret::new("0123456789abcdef0123456789abcdef"),
        ) else {
            panic!("plan and secret")
        };
        let mut narrower = plan.clone();
        narrower.understood.push(("gender".into(), "female".into()));
        let mut larger = plan.clone();
        larger.understood.push(("_count".into(), "50".into()));
        let binding = Binding {
            secret: &secret,
            user: 7,
            resource: "Patient",
            plan: &plan,
        };
        let cursor = binding.seal(42);
        assert_eq!(binding.open(&cursor), Ok(42));
        assert_eq!(
            Binding {
                plan: &larger,
                ..binding
            }
            .open(&cursor),
            Ok(42)
        );
        assert_eq!(
            Binding { user: 8, ..binding }.open(&cursor),
            Err(Error::Cursor)
        );
        assert_eq!(
            Binding {
                resource: "Observation",
                ..binding
            }
            .open(&cursor),
            Err(Error::Cursor)
        );
        assert_eq!(
            Binding {
                plan: &narrower,
                ..binding
            }
            .open(&cursor),
            Err(Error::Cursor)
        );
        for forged in ["", "AAAA", "***", "AAAAAAAAACo"] {
            assert_eq!(binding.open(forged), Err(Error::Cursor), "{forged}");
        }
    }
}
