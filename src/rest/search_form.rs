//! The parameters of a search, wherever they are: in the URL, and in the form of a search by POST (R4, RESTful API, section
//! "search": both are processed together).

use http::Method;
use http::request::Parts;
use spin_sdk::wasip3::http_compat::{IncomingBody, IncomingMessage};

use super::body::{self, FORM};
use super::error::Error;

/// The longest form that is read, in bytes.
const LONGEST: usize = 64 << 10;

/// The last segment of the path of a search by POST.
pub(super) const SEARCH: &str = "_search";

/// Whether a request is a search by POST.
pub(super) fn is_posted(request: &Parts) -> bool {
    request.method == Method::POST && request.uri.path().trim_end_matches('/').ends_with(SEARCH)
}

/// The parameters of a request as one query string.
///
/// # Errors
/// [`Error::TooLarge`], [`Error::MediaType`], [`Error::Form`].
pub(super) async fn parameters<T: IncomingMessage>(
    request: &Parts,
    body: IncomingBody<T>,
) -> Result<String, Error> {
    let query = request.uri.query().unwrap_or_default();
    if !is_posted(request) {
        return Ok(query.to_owned());
    }
    let form = body::read(body, LONGEST).await?;
    if !form.is_empty() && !body::is_form(request) {
        return Err(Error::MediaType(FORM));
    }
    let form = std::str::from_utf8(&form).map_err(|_| Error::Form("it is not UTF-8"))?;
    Ok(joined(&[query, form]))
}

/// Query strings as one.
pub(super) fn joined(parts: &[&str]) -> String {
    let parts = parts.iter().filter(|part| !part.is_empty());
    parts.copied().collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_without_parameters_add_nothing() {
        assert_eq!(joined(&["a=1", "", "b=2&c"]), "a=1&b=2&c");
        assert_eq!(joined(&["", ""]), "");
    }
}
