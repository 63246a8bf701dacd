//! The outcome: every problem of what was sent, or that there is none.

use super::Asked;
use super::input::{Input, Mode};
use crate::fhir::r4::{IssueSeverity, IssueType, OperationOutcome, OperationOutcomeIssue};
use crate::fhir::validate::tree::{Node, Object};
use crate::fhir::validate::{Findings, MOST, Path, Place, Problem, check};
use crate::rest::error::Error;

/// The base of the profiles that every resource of a type has to meet: its definition.
const DEFINITION: &str = "http://hl7.org/fhir/StructureDefinition/";

const VALID: &str = "No problem was found: elements, cardinalities, types, formats, required bindings and targets of references \
    are as R4 defines them. Profiles and most invariants are not checked.";

/// Judges what was sent.
///
/// # Errors
/// [`Error::Body`] if there is nothing to judge.
pub(super) fn of(input: Input, asked: Asked<'_>) -> Result<OperationOutcome, Error> {
    let Input {
        resource,
        mode,
        profile,
        mut findings,
    } = input;
    match resource {
        Some(resource) => judge(&resource, asked, profile.as_deref(), &mut findings),
        // Nothing is needed to know what would come of it.
        None if mode == Some(Mode::Delete) => {}
        None => {
            return Err(Error::Body {
                code: IssueType::Required,
                message: "there is no resource to validate: send it as the body, or as the parameter resource of Parameters"
                    .to_owned(),
            });
        }
    }
    let refused = match mode {
        Some(Mode::Create) => Some("create"),
        Some(Mode::Update) => Some("update"),
        Some(Mode::Delete) => Some("delete"),
        Some(Mode::Profile) | None => None,
    };
    if let Some(interaction) = refused {
        let message = format!("this server is read-only: it would not {interaction} the resource");
        findings.add(
            IssueSeverity::Error,
            &Path::of(asked.resource_type),
            IssueType::NotSupported,
            message,
        );
    }
    Ok(outcome(findings))
}

fn judge(resource: &Object, asked: Asked<'_>, profile: Option<&str>, findings: &mut Findings) {
    let name = resource.text("resourceType").unwrap_or(asked.resource_type);
    let path = Path::of(name);
    if name != asked.resource_type {
        let message = format!("the URL is that of the type {}", asked.resource_type);
        findings.error(&path, IssueType::Invalid, message);
    }
    if let Some(id) = asked.id {
        let mut path = path.clone();
        path.push("id");
        match resource.text("id") {
            Some(own) if own == id => {}
            Some(_) => findings.error(
                &path,
                IssueType::Invalid,
                "the id is not the one in the URL",
            ),
            None => findings.error(
                &path,
                IssueType::Required,
                "the id must be the one in the URL",
            ),
        }
    }
    let is_own = |profile: &str| profile.strip_prefix(DEFINITION) == Some(name);
    // R4: if the server cannot validate against the nominated profile, it SHALL return an error.
    if profile.is_some_and(|profile| !is_own(profile)) {
        let message = "the profile cannot be checked here: only the definition of the type itself";
        findings.error(&path, IssueType::NotSupported, message);
    }
    check(resource, asked.resource_type, findings);
    let meta = resource.get("meta").and_then(Node::object);
    let claimed = meta.and_then(|meta| meta.get("profile")).map(Node::items);
    let claimed = claimed.unwrap_or_default().iter().filter_map(Node::text);
    if claimed.filter(|profile| !is_own(profile)).count() > 0 {
        let mut path = path;
        path.push("meta");
        path.push("profile");
        let message = "the profiles that the resource claims to meet are not checked here";
        findings.add(
            IssueSeverity::Information,
            &path,
            IssueType::NotSupported,
            message,
        );
    }
}

fn outcome(findings: Findings) -> OperationOutcome {
    let is_valid = |problem: &Problem| problem.severity == IssueSeverity::Information;
    let mut problems = findings.problems;
    if problems.iter().all(is_valid) {
        problems.insert(
            0,
            general(
                IssueSeverity::Information,
                IssueType::Informational,
                VALID.to_owned(),
            ),
        );
    }
    if findings.more {
        let message = format!("there are more than {MOST} problems; the others are not told");
        problems.push(general(
            IssueSeverity::Warning,
            IssueType::TooCostly,
            message,
        ));
    }
    OperationOutcome::new(problems.into_iter().map(issue).collect())
}

fn general(severity: IssueSeverity, code: IssueType, message: String) -> Problem {
    Problem {
        severity,
        code,
        message: message.into(),
        place: Place::default(),
    }
}

fn issue(problem: Problem) -> OperationOutcomeIssue {
    let told = |text: String| {
        if text.is_empty() {
            Vec::new()
        } else {
            vec![text]
        }
    };
    OperationOutcomeIssue {
        diagnostics: Some(problem.message.into_owned()),
        location: told(problem.place.location),
        expression: told(problem.place.expression),
        ..OperationOutcomeIssue::new(problem.severity, problem.code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rest::validation::input::{self, Syntax};
    use crate::search::query;

    /// Severity, code and expression of each issue.
    fn issues(
        body: &str,
        id: Option<&str>,
        query: &str,
    ) -> Vec<(IssueSeverity, IssueType, String)> {
        let asked = Asked {
            resource_type: "Patient",
            id,
        };
        let input = input::read(body, Syntax::Json, asked, &query::parse(query).unwrap()).unwrap();
        let issues = of(input, asked).unwrap().issue.into_iter();
        issues
            .map(|issue| (issue.severity, issue.code, issue.expression.concat()))
            .collect()
    }

    fn error(code: IssueType, expression: &str) -> Vec<(IssueSeverity, IssueType, String)> {
        vec![(IssueSeverity::Error, code, expression.to_owned())]
    }

    const PATIENT: &str = r#"{"resourceType":"Patient","id":"7"}"#;

    #[test]
    fn what_is_valid_has_one_issue_that_says_so() {
        let valid = vec![(
            IssueSeverity::Information,
            IssueType::Informational,
            String::new(),
        )];
        assert_eq!(issues(PATIENT, None, ""), valid);
        assert_eq!(issues(PATIENT, Some("7"), ""), valid);
        let own = "mode=profile&profile=http://hl7.org/fhir/StructureDefinition/Patient";
        assert_eq!(issues(PATIENT, None, own), valid);
        let claims = r#"{"resourceType":"Patient","meta":{"profile":["http://h/p"]}}"#;
        let codes: Vec<_> = issues(claims, None, "")
            .into_iter()
            .map(|(_, code, _)| code)
            .collect();
        assert_eq!(codes, [IssueType::Informational, IssueType::NotSupported]);
    }

    #[test]
    fn the_url_and_the_parameters_count_too() {
        for id in ["8", "07"] {
            assert_eq!(
                issues(PATIENT, Some(id), ""),
                error(IssueType::Invalid, "Patient.id")
            );
        }
        let without = r#"{"resourceType":"Patient"}"#;
        assert_eq!(
            issues(without, Some("7"), ""),
            error(IssueType::Required, "Patient.id")
        );
        let other = r#"{"resourceType":"Organization","name":"x"}"#;
        assert_eq!(
            issues(other, None, ""),
            error(IssueType::Invalid, "Organization")
        );
        assert_eq!(
            issues("{}", None, ""),
            error(IssueType::Required, "Patient")
        );
        for query in [
            "profile=http://h/p",
            "mode=profile&profile=http://hl7.org/fhir/StructureDefinition/bp",
        ] {
            assert_eq!(
                issues(PATIENT, None, query),
                error(IssueType::NotSupported, "Patient"),
                "{query}"
            );
        }
        for query in ["mode=create", "mode=update", "mode=delete"] {
            assert_eq!(
                issues(PATIENT, Some("7"), query),
                error(IssueType::NotSupported, "Patient"),
                "{query}"
            );
        }
        assert_eq!(
            issues("", Some("7"), "mode=delete"),
            error(IssueType::NotSupported, "Patient")
        );
    }

    #[test]
    fn there_must_be_something_to_judge() {
        let asked = Asked {
            resource_type: "Patient",
            id: None,
        };
        for body in ["", r#"{"resourceType":"Parameters"}"#] {
            let input = input::read(body, Syntax::Json, asked, &[]).unwrap();
            assert!(
                matches!(of(input, asked), Err(Error::Body { .. })),
                "{body}"
            );
        }
    }
}
