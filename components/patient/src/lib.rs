//! The resource type Patient.

use gnuhealth_fhir::resource::patient::Patient;
use gnuhealth_fhir::rest::service;
use http::Response;
use spin_sdk::http::Request;
use spin_sdk::http_service;

/// Answers the request.
#[http_service]
async fn patient(request: Request) -> Response<String> {
    service::serve::<Patient>(request).await
}
