//! The resource type Observation.

use gnuhealth_fhir::resource::observation::Observation;
use gnuhealth_fhir::rest::representation::Reply;
use gnuhealth_fhir::rest::service;
use spin_sdk::http::Request;
use spin_sdk::http_service;

/// Answers the request.
#[http_service]
async fn observation(request: Request) -> Reply {
    service::serve::<Observation>(request).await
}
