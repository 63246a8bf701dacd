//! The body of a form: `application/x-www-form-urlencoded`, and not longer than our forms can be.

use http::request::Parts;
use spin_sdk::wasip3::http_compat::{IncomingBody, IncomingMessage};

use crate::rest::body::{self, FORM, is_form};
use crate::rest::error::Error;
use crate::search::query;

/// The longest body that is read, in bytes.
const LONGEST: usize = 8 << 10;

/// The fields of a form that was sent.
#[derive(Default)]
pub(super) struct Form(Vec<query::Pair>);

impl Form {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`Error::MediaType`], [`Error::TooLarge`], [`Error::Form`].
    pub(super) async fn read<T: IncomingMessage>(
        request: &Parts,
        body: IncomingBody<T>,
    ) -> Result<Self, Error> {
        if !is_form(request) {
            return Err(Error::MediaType(FORM));
        }
        Self::parse(&body::read(body, LONGEST).await?)
    }

    fn parse(body: &[u8]) -> Result<Self, Error> {
        let text = std::str::from_utf8(body).map_err(|_| Error::Form("it is not UTF-8"))?;
        let pairs = query::parse(text).map_err(|_| Error::Form("it is not encoded rightly"))?;
        Ok(Self(pairs))
    }

    /// The value of a field that is there once; else empty.
    pub(super) fn value(&self, name: &str) -> &str {
        let mut pairs = self.0.iter().filter(|pair| pair.name == name);
        match (pairs.next(), pairs.next()) {
            (Some(pair), None) => &pair.value,
            _ => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;
    use http::header::CONTENT_TYPE;

    fn sent_as(media_types: &[&str]) -> bool {
        let mut request = Request::post("/auth/login");
        for media_type in media_types {
            request = request.header(CONTENT_TYPE, *media_type);
        }
        is_form(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn fields_are_decoded() {
        let form = Form::parse(b"login=J%C3%B6rg+B&password=a%26b%3D%2B&x=1&x=2").unwrap();
        assert_eq!(form.value("login"), "J\u{f6}rg B");
        assert_eq!(form.value("password"), "a&b=+");
        assert_eq!((form.value("next"), form.value("x")), ("", ""));
    }

    #[test]
    fn what_is_no_form_is_refused() {
        assert!(sent_as(&[
            "Application/X-WWW-Form-Urlencoded ; charset=UTF-8"
        ]));
        for other in [
            "",
            "application/json",
            "text/plain",
            "multipart/form-data; boundary=x",
        ] {
            assert!(!sent_as(&[other]), "{other}");
        }
        assert!(!sent_as(&[]) && !sent_as(&[FORM, FORM]));
        for body in [&b"a=%zz"[..], b"a=\xff", b"a=%00"] {
            assert!(matches!(Form::parse(body).err(), Some(Error::Form(_))));
        }
    }
}
