//! What the pages are dressed in: one style sheet and an icon, part of the component.

use http::header::CACHE_CONTROL;
use http::{Response, StatusCode};

use super::page;
use crate::rest::response;

/// For how many seconds a browser may keep them.
const KEPT: &str = "public, max-age=3600";

const STYLE: &str = include_str!("templates/style.css");
const ICON: &str = include_str!("templates/icon.svg");

/// The asset under this path.
pub(super) fn find(path: &str) -> Option<Response<String>> {
    let (text, media_type) = match path {
        "/auth/style.css" => (STYLE, "text/css; charset=utf-8"),
        "/auth/icon.svg" => (ICON, "image/svg+xml"),
        _ => return None,
    };
    let mut found = page::with_headers(StatusCode::OK, text.to_owned(), media_type);
    response::add(&mut found, CACHE_CONTROL, KEPT);
    Some(found)
}
