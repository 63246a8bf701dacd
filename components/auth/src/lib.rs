//! The middleware in front of every protected component: only authenticated requests pass.

use gnuhealth_fhir::rest::authentication;
use spin_sdk::http::{IntoResponse, Request, next};
use spin_sdk::http_service;
use spin_sdk::wasip3::http::types::{ErrorCode, Response};

/// Passes the request on with the signed principal, or answers it.
#[http_service]
async fn guard(request: Request) -> Result<Response, ErrorCode> {
    match authentication::admit(request).await {
        Ok(request) => next(request).await?.into_response(),
        Err(refusal) => refusal.into_response(),
    }
}
