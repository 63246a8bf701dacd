//! The resource type Practitioner.

use gnuhealth_fhir::resource::practitioner::Practitioner;
use gnuhealth_fhir::rest::service;
use http::Response;
use spin_sdk::http::Request;
use spin_sdk::http_service;

/// Answers the request.
#[http_service]
async fn practitioner(request: Request) -> Response<String> {
    service::serve::<Practitioner>(request).await
}
