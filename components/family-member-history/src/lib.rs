//! The resource type FamilyMemberHistory.

use gnuhealth_fhir::resource::family_member_history::FamilyMemberHistory;
use gnuhealth_fhir::rest::representation::Reply;
use gnuhealth_fhir::rest::service;
use spin_sdk::http::Request;
use spin_sdk::http_service;

/// Answers the request.
#[http_service]
async fn family_member_history(request: Request) -> Reply {
    service::serve::<FamilyMemberHistory>(request).await
}
