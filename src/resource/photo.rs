//! A picture from the database.

use base64::Engine;

use crate::fhir::r4::Attachment;

/// The picture with the type that its first bytes show. Without one of these it is still served, as what it is: bytes.
pub(super) fn photo(base64: &str) -> Option<Attachment> {
    const SIGNATURES: &[(&[u8], &str)] = &[
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"GIF8", "image/gif"),
        (b"BM", "image/bmp"),
    ];
    if base64.is_empty() {
        return None;
    }
    // 16 base64 digits are 12 bytes: enough for every signature.
    let start = base64::engine::general_purpose::STANDARD
        .decode(base64.get(..16).unwrap_or(base64))
        .unwrap_or_default();
    let known = SIGNATURES
        .iter()
        .find(|(signature, _)| start.starts_with(signature));
    let content_type = known.map_or("application/octet-stream", |(_, content_type)| {
        *content_type
    });
    Some(Attachment {
        content_type: Some(content_type.to_owned()),
        data: Some(base64.to_owned()),
        ..Attachment::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_photo_has_the_type_of_its_bytes() {
        let kind = |data: &str| photo(data).and_then(|photo| photo.content_type);
        assert_eq!(
            kind("iVBORw0KGgoAAAANSUhEUgAA").as_deref(),
            Some("image/png")
        );
        assert_eq!(kind("/9j/4AAQSkZJRgABAQAA").as_deref(), Some("image/jpeg"));
        assert_eq!(kind("AAAA").as_deref(), Some("application/octet-stream"));
        assert_eq!(kind(""), None);
    }
}
