//! Query strings, written; `search::query` reads them.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stays as it is in a query (RFC 3986, section 3.4), so that links remain readable.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':')
    .remove(b',')
    .remove(b'/');

/// Writes names and values (`application/x-www-form-urlencoded`): for a link, or as the body of a form.
#[must_use]
pub fn write<'a>(pairs: impl IntoIterator<Item = &'a (String, String)>) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, KEPT).to_string();
    let pairs = pairs
        .into_iter()
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::query;

    #[test]
    fn what_was_written_is_read_as_it_was() {
        let pairs = [
            (
                "name:exact".to_owned(),
                "O'Brien & Söhne+Co = 100%".to_owned(),
            ),
            (
                "code".to_owned(),
                "http://loinc.org|8867-4,x\\,y".to_owned(),
            ),
            ("empty".to_owned(), String::new()),
        ];
        let read = query::parse(&write(&pairs)).unwrap_or_default();
        let read: Vec<_> = read
            .into_iter()
            .map(|pair| (pair.key(), pair.value))
            .collect();
        assert_eq!(read, pairs);
    }
}
