//! The resource type Immunization.

use gnuhealth_fhir::resource::immunization::Immunization;
use gnuhealth_fhir::rest::representation::Reply;
use gnuhealth_fhir::rest::service;
use spin_sdk::http::Request;
use spin_sdk::http_service;

/// Answers the request.
#[http_service]
async fn immunization(request: Request) -> Reply {
    service::serve::<Immunization>(request).await
}
