//! The resource type Patient.

use gnuhealth_fhir::resource::patient::Patient;
use gnuhealth_fhir::rest::representation::Reply;
use gnuhealth_fhir::rest::service;
use spin_sdk::http::Request;
use spin_sdk::http_service;

/// Answers the request.
#[http_service]
async fn patient(request: Request) -> Reply {
    service::serve::<Patient>(request).await
}
