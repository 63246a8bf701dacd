//! `OperationOutcome`s: an error is one issue, warnings may be several.

use crate::fhir::r4::{IssueSeverity, IssueType, OperationOutcome, OperationOutcomeIssue};

/// An error.
#[must_use]
pub fn error(code: IssueType, diagnostics: impl Into<String>) -> OperationOutcome {
    OperationOutcome::new(vec![issue(IssueSeverity::Error, code, diagnostics.into())])
}

/// A warning: the request was served, but not quite as it was asked.
#[must_use]
pub fn warning(code: IssueType, diagnostics: impl Into<String>) -> OperationOutcome {
    warnings([(code, diagnostics.into())])
}

/// Warnings: the request was served, but not quite as it was asked.
#[must_use]
pub fn warnings(told: impl IntoIterator<Item = (IssueType, String)>) -> OperationOutcome {
    let issues = told.into_iter();
    let issues = issues.map(|(code, text)| issue(IssueSeverity::Warning, code, text));
    OperationOutcome::new(issues.collect())
}

fn issue(severity: IssueSeverity, code: IssueType, diagnostics: String) -> OperationOutcomeIssue {
    OperationOutcomeIssue {
        diagnostics: Some(diagnostics),
        ..OperationOutcomeIssue::new(severity, code)
    }
}
