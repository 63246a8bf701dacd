//! The resource type Practitioner.

use gnuhealth_fhir::resource::practitioner::Practitioner;
use gnuhealth_fhir::rest::representation::Reply;
use gnuhealth_fhir::rest::service;
use spin_sdk::http::Request;
use spin_sdk::http_service;

/// Answers the request.
#[http_service]
async fn practitioner(request: Request) -> Reply {
    service::serve::<Practitioner>(request).await
}
