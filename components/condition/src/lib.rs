//! The resource type Condition.

use gnuhealth_fhir::resource::condition::Condition;
use gnuhealth_fhir::rest::representation::Reply;
use gnuhealth_fhir::rest::service;
use spin_sdk::http::Request;
use spin_sdk::http_service;

/// Answers the request.
#[http_service]
async fn condition(request: Request) -> Reply {
    service::serve::<Condition>(request).await
}
