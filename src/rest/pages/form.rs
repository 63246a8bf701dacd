//! The body of a form: `application/x-www-form-urlencoded`, and not longer than our forms can be.

use std::error::Error as StdError;

use http::header::CONTENT_TYPE;
use http::request::Parts;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use mediatype::MediaType;

use crate::rest::error::Error;
use crate::search::query;

/// The only type of body that a form is read from.
const MEDIA_TYPE: &str = "application/x-www-form-urlencoded";

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
    pub(super) async fn read<B>(request: &Parts, body: B) -> Result<Self, Error>
    where
        B: http_body::Body,
        B::Error: Into<Box<dyn StdError + Send + Sync>>,
    {
        if !is_form(request) {
            return Err(Error::MediaType(MEDIA_TYPE));
        }
        let body = Limited::new(body, LONGEST).collect().await;
        let body = body.map_err(|error| match error.downcast_ref::<LengthLimitError>() {
            Some(_) => Error::TooLarge { most: LONGEST },
            None => Error::Form("its body ended early"),
        })?;
        let body = body.to_bytes();
        let text = std::str::from_utf8(&body).map_err(|_| Error::Form("it is not UTF-8"))?;
        let pairs = query::parse(text).map_err(|_| Error::Form("it is not encoded rightly"))?;
        Ok(Self(pairs))
    }

    /// The value of a field; empty if it is not there.
    pub(super) fn value(&self, name: &str) -> &str {
        let pair = self.0.iter().find(|pair| pair.name == name);
        pair.map_or("", |pair| pair.value.as_str())
    }
}

fn is_form(request: &Parts) -> bool {
    let mut values = request.headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return false;
    };
    let value = value.to_str().unwrap_or_default();
    MediaType::parse(value).is_ok_and(|media| {
        media.essence().to_string().eq_ignore_ascii_case(MEDIA_TYPE)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use http::Request;
    use http_body_util::Full;

    fn read(media_type: &str, body: impl Into<Vec<u8>>) -> Result<Form, Error> {
        let request = Request::post("/auth/login").header(CONTENT_TYPE, media_type);
        let (request, ()) = request.body(()).unwrap().into_parts();
        let body = Full::<&[u8]>::from(Box::leak(body.into().into_boxed_slice()) as &[u8]);
        Form::read(&request, body).now_or_never().unwrap()
    }

    #[test]
    fn fields_are_decoded() {
        for media_type in [MEDIA_TYPE, "Application/X-WWW-Form-Urlencoded; charset=UTF-8"] {
            let form = read(media_type, "login=J%C3%B6rg+B&password=a%26b%3D%2B").unwrap();
            assert_eq!(form.value("login"), "Jörg B");
            assert_eq!(form.value("password"), "a&b=+");
            assert_eq!(form.value("next"), "");
        }
    }

    #[test]
    fn what_is_no_form_is_refused() {
        for media_type in ["", "application/json", "text/plain", "multipart/form-data; boundary=x"] {
            assert_eq!(read(media_type, "a=b").err(), Some(Error::MediaType(MEDIA_TYPE)));
        }
        for body in [&b"a=%zz"[..], b"a=\xff", b"a=%00"] {
            assert!(matches!(read(MEDIA_TYPE, body).err(), Some(Error::Form(_))));
        }
    }

    #[test]
    fn a_body_longer_than_any_form_is_not_read() {
        assert!(read(MEDIA_TYPE, "a".repeat(LONGEST)).is_ok());
        let error = read(MEDIA_TYPE, "a".repeat(LONGEST + 1)).err();
        assert_eq!(error, Some(Error::TooLarge { most: LONGEST }));
    }
}
