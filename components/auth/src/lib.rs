//! The middleware in front of every protected component: only authenticated requests pass.

use gnuhealth_fhir::rest::authentication;
use spin_sdk::http::{IntoResponse, Request, next};
use spin_sdk::http_service;
use spin_sdk::wasip3::http::types::{ErrorCode, Response};

/// Passes the request on with the signed principal, or answers it.
#[http_service]
async fn guard(request: Request) -> Result<Response, ErrorCode> {
    match authentication::admit(request).await {
        Ok(request) => {
            let mut response = next(request).await?;
            // As it came: `into_response` would read the body and write it again, in pieces of 16 KiB. That is work for
            // nothing, and the pieces keep a client waiting: the last one is not sent before the others are acknowledged.
            match response.body_mut().take_unstarted() {
                Some(untouched) => Ok(untouched),
                None => response.into_response(),
            }
        }
        Err(refusal) => refusal.into_response(),
    }
}
