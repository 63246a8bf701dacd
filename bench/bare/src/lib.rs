//! What Spin and PostgreSQL cost alone: a component that keeps its connection and runs statements that it is given.
//!
//! `GET /{shape}/{n}` runs the statements of draw `n` of a shape one after the other, as the app does, and answers all
//! texts of all rows. No authentication, no rights, no FHIR: what is slower than this is the app's own work.

mod connection;
mod shape;

use http::{Response, StatusCode};
use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;

/// Answers the request.
#[http_service]
async fn bare(request: Request) -> impl IntoResponse {
    let (status, text) = match answer(request.uri().path()).await {
        Ok(Some(text)) => (StatusCode::OK, text),
        Ok(None) => (StatusCode::NOT_FOUND, String::new()),
        Err(error) => {
            eprintln!("{error}");
            (StatusCode::INTERNAL_SERVER_ERROR, error)
        }
    };
    // Without a content-length the answer goes out in chunks, the last of which waits for a delayed ACK.
    Response::builder()
        .status(status)
        .header("content-type", "text/plain")
        .header("content-length", text.len())
        .body(text)
}

/// What the statements of a path give; `None` if there are none.
async fn answer(path: &str) -> Result<Option<String>, String> {
    let Some((name, number)) = path.trim_start_matches('/').rsplit_once('/') else {
        return Ok(None);
    };
    let Some(shape) = shape::named(name)? else {
        return Ok(None);
    };
    let Some(draw) = number.parse().ok().and_then(|number| shape.draw(number)) else {
        return Ok(None);
    };
    let connection = connection::kept().await?;
    let mut text = String::new();
    for statement in draw {
        connection.run(&shape, statement, &mut text).await?;
    }
    Ok(Some(text))
}
