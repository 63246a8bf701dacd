//! `OperationOutcome`s with one issue, which is what nearly all of them are.

use crate::fhir::r4::{IssueSeverity, IssueType, OperationOutcome, OperationOutcomeIssue};

/// An error.
#[must_use]
pub fn error(code: IssueType, diagnostics: impl Into<String>) -> OperationOutcome {
    outcome(IssueSeverity::Error, code, diagnostics.into())
}

/// A warning: the request was served, but not quite as it was asked.
#[must_use]
pub fn warning(code: IssueType, diagnostics: impl Into<String>) -> OperationOutcome {
    outcome(IssueSeverity::Warning, code, diagnostics.into())
}

fn outcome(severity: IssueSeverity, code: IssueType, diagnostics: String) -> OperationOutcome {
    let issue = OperationOutcomeIssue {
        diagnostics: Some(diagnostics),
        ..OperationOutcomeIssue::new(severity, code)
    };
    OperationOutcome::new(vec![issue])
}
