//! Against requests that another site makes a browser send: a token in each form, which only our own pages know.
//!
//! A token is the signature, for one form and a limited time, of a secret that the browser holds in a cookie which no
//! other site can read or set: the visitor's random value before signing in (else an attacker could sign a victim in
//! under the attacker's name), the session after it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::config::Secret;
use crate::signature::Signer;

/// For how many seconds a form can be sent.
pub const LIFETIME: i64 = 3600;

/// The forms that change something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Signing in.
    Login,
    /// Signing out.
    Logout,
}

impl Form {
    fn signer(self, secret: &Secret) -> Signer {
        Signer::new(
            secret,
            match self {
                Self::Login => "form login",
                Self::Logout => "form logout",
            },
        )
    }

    /// The token of this form for the browser whose cookie holds `bearer`. `now` is in seconds since 1970.
    #[must_use]
    pub fn token(self, secret: &Secret, bearer: &str, now: i64) -> String {
        let expiry = (now + LIFETIME).to_be_bytes();
        let signature = self.signer(secret).sign(&[bearer.as_bytes(), &expiry]);
        URL_SAFE_NO_PAD.encode([expiry.as_slice(), &signature].concat())
    }

    /// Whether the token is of this form and browser, and not too old. Compares in constant time.
    #[must_use]
    pub fn verify(self, secret: &Secret, bearer: &str, token: &str, now: i64) -> bool {
        let Ok(sealed) = URL_SAFE_NO_PAD.decode(token) else {
            return false;
        };
        let Some((expiry, signature)) = sealed.split_first_chunk::<8>() else {
            return false;
        };
        let parts = [bearer.as_bytes(), expiry.as_slice()];
        self.signer(secret).verify(&parts, signature) && now < i64::from_be_bytes(*expiry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret {
        Secret::new("0123456789abcdef0123456789abcdef").unwrap()
    }

    #[test]
    fn a_token_is_good_for_its_browser_form_and_time() {
        let token = Form::Login.token(&secret(), "visitor", 1000);
        let verify = |form: Form, bearer, now| form.verify(&secret(), bearer, &token, now);
        assert!(verify(Form::Login, "visitor", 1000));
        assert!(verify(Form::Login, "visitor", 999 + LIFETIME));
        assert!(!verify(Form::Login, "visitor", 1000 + LIFETIME), "expired");
        assert!(!verify(Form::Login, "another", 1000));
        assert!(!verify(Form::Login, "", 1000));
        assert!(!verify(Form::Logout, "visitor", 1000));
        let other = Secret::new("fedcba9876543210fedcba9876543210").unwrap();
        assert!(!Form::Login.verify(&other, "visitor", &token, 1000));
    }

    #[test]
    fn a_token_that_was_changed_is_worth_nothing() {
        let token = Form::Login.token(&secret(), "visitor", 1000);
        let verify = |token: &str| Form::Login.verify(&secret(), "visitor", token, 1000);
        let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
        for position in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[position] ^= 1;
            assert!(!verify(&URL_SAFE_NO_PAD.encode(changed)), "{position}");
        }
        for broken in [
            "",
            "x",
            "AAAAAAAAAAA",
            "…",
            &token[1..],
            &format!("{token}AA"),
        ] {
            assert!(!verify(broken), "{broken}");
        }
        // 8 bytes of expiry with no signature
        assert!(!verify(&URL_SAFE_NO_PAD.encode(i64::MAX.to_be_bytes())));
    }
}
