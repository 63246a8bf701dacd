//! The resource type Observation.

use gnuhealth_fhir::resource::observation::Observation;
use gnuhealth_fhir::rest::service;
use http::Response;
use spin_sdk::http::Request;
use spin_sdk::http_service;

/// Answers the request.
#[http_service]
async fn observation(request: Request) -> Response<String> {
    service::serve::<Observation>(request).await
}
