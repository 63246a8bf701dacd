//! The resource type MedicationRequest.

use gnuhealth_fhir::resource::medication_request::MedicationRequest;
use gnuhealth_fhir::rest::representation::Reply;
use gnuhealth_fhir::rest::service;
use spin_sdk::http::Request;
use spin_sdk::http_service;

/// Answers the request.
#[http_service]
async fn medication_request(request: Request) -> Reply {
    service::serve::<MedicationRequest>(request).await
}
