//! The resource type MedicationStatement.

use gnuhealth_fhir::resource::medication_statement::MedicationStatement;
use gnuhealth_fhir::rest::representation::Reply;
use gnuhealth_fhir::rest::service;
use spin_sdk::http::Request;
use spin_sdk::http_service;

/// Answers the request.
#[http_service]
async fn medication_statement(request: Request) -> Reply {
    service::serve::<MedicationStatement>(request).await
}
