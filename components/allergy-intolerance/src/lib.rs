//! The resource type AllergyIntolerance.

use gnuhealth_fhir::resource::allergy_intolerance::AllergyIntolerance;
use gnuhealth_fhir::rest::representation::Reply;
use gnuhealth_fhir::rest::service;
use spin_sdk::http::Request;
use spin_sdk::http_service;

/// Answers the request.
#[http_service]
async fn allergy_intolerance(request: Request) -> Reply {
    service::serve::<AllergyIntolerance>(request).await
}
