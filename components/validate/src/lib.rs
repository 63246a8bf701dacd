//! The operation `$validate`, for all resource types: the one component that has the tables of their elements.

use gnuhealth_fhir::rest::representation::Reply;
use gnuhealth_fhir::rest::validation;
use spin_sdk::http::Request;
use spin_sdk::http_service;

/// Answers the request.
#[http_service]
async fn validate(request: Request) -> Reply {
    validation::serve(request).await
}
