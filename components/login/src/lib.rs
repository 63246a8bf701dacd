//! Signing in: tokens, and the verification of passwords for the other components.

use gnuhealth_fhir::rest::login;
use gnuhealth_fhir::rest::representation::Reply;
use spin_sdk::http::Request;
use spin_sdk::http_service;

/// Answers the request.
#[http_service]
async fn serve(request: Request) -> Reply {
    login::serve(request).await
}
