//! The resource type Medication.

use gnuhealth_fhir::resource::medication::Medication;
use gnuhealth_fhir::rest::representation::Reply;
use gnuhealth_fhir::rest::service;
use spin_sdk::http::Request;
use spin_sdk::http_service;

/// Answers the request.
#[http_service]
async fn medication(request: Request) -> Reply {
    service::serve::<Medication>(request).await
}
