//! The body of a request, read up to a limit.

use futures_util::StreamExt;
use spin_sdk::http::body::IncomingBodyExt;
use spin_sdk::wasip3::http_compat::{IncomingBody, IncomingMessage};

use super::error::Error;

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
