//! The resource type PractitionerRole.

use gnuhealth_fhir::resource::practitioner_role::PractitionerRole;
use gnuhealth_fhir::rest::representation::Reply;
use gnuhealth_fhir::rest::service;
use spin_sdk::http::Request;
use spin_sdk::http_service;

/// Answers the request.
#[http_service]
async fn practitioner_role(request: Request) -> Reply {
    service::serve::<PractitionerRole>(request).await
}
