//! What is open to all: the CapabilityStatement on `/` and `/metadata`, the health checks, and the answer to paths that
//! are not served.

use gnuhealth_fhir::rest::representation::Reply;
use gnuhealth_fhir::rest::system;
use spin_sdk::http::Request;
use spin_sdk::http_service;

/// Answers the request.
#[http_service]
async fn metadata(request: Request) -> Reply {
    system::serve(request).await
}
