//! The resource type DiagnosticReport.

use gnuhealth_fhir::resource::diagnostic_report::DiagnosticReport;
use gnuhealth_fhir::rest::representation::Reply;
use gnuhealth_fhir::rest::service;
use spin_sdk::http::Request;
use spin_sdk::http_service;

/// Answers the request.
#[http_service]
async fn diagnostic_report(request: Request) -> Reply {
    service::serve::<DiagnosticReport>(request).await
}
