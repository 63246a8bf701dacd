//! The resource type Organization.

use gnuhealth_fhir::resource::organization::Organization;
use gnuhealth_fhir::rest::representation::Reply;
use gnuhealth_fhir::rest::service;
use spin_sdk::http::Request;
use spin_sdk::http_service;

/// Answers the request.
#[http_service]
async fn organization(request: Request) -> Reply {
    service::serve::<Organization>(request).await
}
