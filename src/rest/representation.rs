//! What a response becomes in the end: its resource in the format that was negotiated, and compressed where that pays.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Response};
use spin_sdk::http::FullBody;

use crate::fhir::{json, xml};

use super::error::Error;
use super::negotiation::{Format, Kind};
use super::pages::viewer::{self, Place};
use super::response;

/// What a component answers.
pub type Reply = Response<FullBody<Bytes>>;

/// From how many bytes on a resource is compressed. Measured in a component: it takes 60 us and 10 us more for each kB. Of
/// 1 kB 0.4 kB are saved, of 2.6 kB 1.5, of 16 kB 12, of 68 kB 59. So from about here on less time is spent than a line of
/// 100 Mbit/s takes for what is saved.
const WORTH_COMPRESSING: usize = 2048;

/// The level that costs least.
const LEVEL: Compression = Compression::fast();

/// Writes the resource of a response in its format. A response without one stays as it is.
///
/// # Errors
/// [`Error::Internal`] if the body is not the JSON of a resource.
pub(super) fn write(
    mut answer: Response<String>,
    place: &Place<'_>,
) -> Result<Response<String>, Error> {
    let Some(format) = answer.extensions().get::<Format>().copied() else {
        return Ok(answer);
    };
    let unwritable = |_| Error::Internal("a resource cannot be written");
    let body = answer.body();
    let written = match format.kind {
        Kind::Json if !format.pretty => return Ok(answer),
        Kind::Json => {
            let mut text = String::with_capacity(body.len() * 2);
            json::laid_out(body, &mut text).map_err(unwritable)?;
            text
        }
        Kind::Xml => {
            let unwritable = |_| Error::Internal("a resource cannot be written as XML");
            xml::document(body, format.pretty).map_err(unwritable)?
        }
        Kind::Html => return viewer::show(&answer, place),
    };
    let headers = answer.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static(format.kind.content_type()),
    );
    headers.insert(CONTENT_LENGTH, HeaderValue::from(written.len()));
    *answer.body_mut() = written;
    Ok(answer)
}

/// The bytes to send. Only resources are compressed, never the pages of signing in, which have secrets in them; and only for
/// programs: see [`super::authentication`].
pub(super) fn send(mut answer: Response<String>, accepts_gzip: bool) -> Reply {
    if answer.extensions().get::<Format>().is_none() {
        return answer.map(|body| FullBody::new(Bytes::from(body)));
    }
    response::vary(&mut answer, "Accept-Encoding");
    if !accepts_gzip || answer.body().len() < WORTH_COMPRESSING {
        return answer.map(|body| FullBody::new(Bytes::from(body)));
    }
    let Some(compressed) = gzip(answer.body().as_bytes()) else {
        return answer.map(|body| FullBody::new(Bytes::from(body)));
    };
    let headers = answer.headers_mut();
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(compressed.len()));
    answer.map(|_| FullBody::new(Bytes::from(compressed)))
}

fn gzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), LEVEL);
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}
