//! The resource type Procedure.

use gnuhealth_fhir::resource::procedure::Procedure;
use gnuhealth_fhir::rest::representation::Reply;
use gnuhealth_fhir::rest::service;
use spin_sdk::http::Request;
use spin_sdk::http_service;

/// Answers the request.
#[http_service]
async fn procedure(request: Request) -> Reply {
    service::serve::<Procedure>(request).await
}
