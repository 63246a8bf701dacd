//! The body of a request, read up to a limit.

use futures_util::StreamExt;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use spin_sdk::http::body::IncomingBodyExt;
use spin_sdk::wasip3::http_compat::{IncomingBody, IncomingMessage};

use super::error::Error;

/// The type of a form.
pub const FORM: &str = "application/x-www-form-urlencoded";

/// Whether the one `Content-Type` is that of a form.
#[must_use]
pub fn is_form(request: &Parts) -> bool {
    media_type(request).as_deref() == Some(FORM)
}

/// The one `Content-Type` without its parameters, in lower case: types are written in any case (RFC 9110, section 8.3.1).
#[must_use]
pub fn media_type(request: &Parts) -> Option<String> {
    let mut values = request.headers.get_all(CONTENT_TYPE).iter();
    let (value, None) = (values.next()?, values.next()) else {
        return None;
    };
    let essence = value.to_str().ok()?.split(';').next()?;
    Some(essence.trim().to_ascii_lowercase())
}

/// Reads a body of at most `most` bytes.
///
/// # Errors
/// [`Error::TooLarge`]; [`Error::Header`] if it ends before the length that was announced.
pub async fn read<T: IncomingMessage>(
    body: IncomingBody<T>,
    most: usize,
) -> Result<Vec<u8>, Error> {
    let mut stream = body.stream();
    let mut read = Vec::new();
    while let Some(part) = stream.next().await {
        let part = part.map_err(|_| Error::Header("Content-Length"))?;
        if read.len() + part.len() > most {
            return Err(Error::TooLarge { most });
        }
        read.extend_from_slice(&part);
    }
    Ok(read)
}
