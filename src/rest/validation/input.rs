//! What was sent: a resource, or Parameters with it; and how it is to be validated.

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use mediatype::{MediaType, Name, ReadParams};

use super::{Asked, FOR_THE_RESPONSE, not_understood};
use crate::fhir::r4::{IssueSeverity, IssueType};
use crate::fhir::validate::tree::{Node, Object, from_json};
use crate::fhir::validate::{Findings, Path, Problem, xml};
use crate::rest::error::Error;
use crate::rest::{body, negotiation};
use crate::search;
use crate::search::query::Pair;

const PARAMETERS: &str = "Parameters";

/// The format of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    Json,
    Xml,
}

impl Syntax {
    /// By the one `Content-Type`.
    ///
    /// # Errors
    /// [`Error::MediaType`] if it is no type of FHIR JSON or XML, or of another version of FHIR.
    pub(super) fn of(request: &Parts) -> Result<Self, Error> {
        let media_type = body::media_type(request).unwrap_or_default();
        let syntax = match media_type.as_str() {
            "application/fhir+json" | "application/json" | "text/json" => Some(Self::Json),
            "application/fhir+xml" | "application/xml" | "text/xml" => Some(Self::Xml),
            _ => None,
        };
        syntax
            .filter(|_| is_of_our_version(&request.headers))
            .ok_or(Error::MediaType(
                "application/fhir+json or application/fhir+xml (fhirVersion 4.0)",
            ))
    }
}

fn is_of_our_version(headers: &HeaderMap) -> bool {
    let value = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let media_type = value.and_then(|value| MediaType::parse(value).ok());
    let version = media_type
        .as_ref()
        .and_then(|media_type| media_type.get_param(Name::new_unchecked("fhirVersion")));
    version.is_none_or(|version| version.unquoted_str() == negotiation::FHIR_VERSION)
}

/// R4's value set `resource-validation-mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Create,
    Update,
    Delete,
    Profile,
}

/// What is to be validated, and how.
#[derive(Debug, Default)]
pub(super) struct Input {
    pub(super) resource: Option<Object>,
    pub(super) mode: Option<Mode>,
    pub(super) profile: Option<String>,
    /// What is wrong that can be seen by now.
    pub(super) findings: Findings,
}

/// Reads a body, and the parameters that stand in the URL.
///
/// # Errors
/// [`Error::Body`] if it is no JSON or XML, or a parameter is not valid.
pub(super) fn read(
    body: &str,
    syntax: Syntax,
    asked: Asked<'_>,
    pairs: &[Pair],
) -> Result<Input, Error> {
    let mut input = Input::default();
    let body = body.strip_prefix('\u{feff}').unwrap_or(body);
    if !body.trim().is_empty() {
        let mut findings = Findings::default();
        let sent = match syntax {
            Syntax::Json => from_json(body),
            Syntax::Xml => xml::read(body, &mut findings),
        };
        let sent = sent.map_err(not_understood)?;
        if are_parameters(&sent, asked) {
            input.take(sent, findings)?;
        } else {
            input.resource = Some(sent);
            input.findings = findings;
        }
    }
    for pair in pairs {
        match pair.name.as_str() {
            name if FOR_THE_RESPONSE.contains(&name) => {}
            "mode" => set(&mut input.mode, mode(&pair.value)?, "mode")?,
            "profile" => set(&mut input.profile, pair.value.clone(), "profile")?,
            name => input.findings.problems.push(ignored(name)),
        }
    }
    if input.mode == Some(Mode::Profile) && input.profile.is_none() {
        return Err(required("the mode profile needs the parameter profile"));
    }
    Ok(input)
}

/// Whether a body has the parameters of the operation. Where Parameters are validated, it is if it has some in it.
fn are_parameters(sent: &Object, asked: Asked<'_>) -> bool {
    let name = sent.text("resourceType");
    name == Some(PARAMETERS)
        && (asked.resource_type != PARAMETERS
            || resource(sent)
                .is_some_and(|(_, inner)| inner.text("resourceType") == Some(PARAMETERS)))
}

/// The parameters.
fn parameters(sent: &Object) -> &[Node] {
    sent.get("parameter").map(Node::items).unwrap_or_default()
}

/// The parameter `resource`, and its place.
fn resource(sent: &Object) -> Option<(usize, &Object)> {
    let mut parameters = parameters(sent).iter().enumerate();
    parameters.find_map(|(place, node)| {
        let parameter = node.object()?;
        let inner = parameter.get("resource")?.object()?;
        (parameter.text("name") == Some("resource")).then_some((place, inner))
    })
}

impl Input {
    /// Takes what the Parameters have.
    fn take(&mut self, sent: Object, findings: Findings) -> Result<(), Error> {
        let place = resource(&sent).map(|(place, _)| place);
        for (index, node) in parameters(&sent).iter().enumerate() {
            let Some(parameter) = node.object() else {
                return Err(invalid("a parameter is an object with a name"));
            };
            let name = parameter.text("name").unwrap_or_default();
            let value = || {
                let values = ["valueCode", "valueUri", "valueCanonical", "valueString"];
                let value = values.iter().find_map(|value| parameter.text(value));
                value.ok_or_else(|| required("a parameter has no value"))
            };
            match name {
                "resource" if place == Some(index) => {}
                "resource" => {
                    return Err(invalid(
                        "the parameter resource has one resource, and is there once",
                    ));
                }
                "mode" => set(&mut self.mode, mode(value()?)?, "mode")?,
                "profile" => set(&mut self.profile, value()?.to_owned(), "profile")?,
                name => self.findings.problems.push(ignored(name)),
            }
        }
        let inner = place.and_then(|place| inner(sent, place));
        self.keep(findings, place, inner.as_ref());
        self.resource = inner;
        Ok(())
    }

    /// What was wrong with the XML, told from the resource in it.
    fn keep(&mut self, findings: Findings, place: Option<usize>, inner: Option<&Object>) {
        let mut path = Path::of(PARAMETERS);
        path.push("parameter");
        path.set_index(place);
        path.push("resource");
        let outer = path.place();
        let name = inner
            .and_then(|inner| inner.text("resourceType"))
            .unwrap_or_default();
        self.findings.more |= findings.more;
        for problem in findings.problems {
            let place = problem.place.within(&outer, name);
            self.findings.problems.push(Problem {
                place: place.unwrap_or_else(|| problem.place.clone()),
                ..problem
            });
        }
    }
}

/// The resource in the parameter at this place.
fn inner(sent: Object, place: usize) -> Option<Object> {
    let take = |object: Object, name: &str| {
        let mut members = object.0.into_iter();
        members
            .find(|(member, _)| member == name)
            .map(|(_, node)| node)
    };
    let Node::Array(parameters) = take(sent, "parameter")? else {
        return None;
    };
    let Node::Object(parameter) = parameters.into_iter().nth(place)? else {
        return None;
    };
    match take(parameter, "resource")? {
        Node::Object(resource) => Some(resource),
        _ => None,
    }
}

fn set<T>(parameter: &mut Option<T>, value: T, name: &str) -> Result<(), Error> {
    if parameter.replace(value).is_some() {
        return Err(invalid(format!(
            "the parameter {name} may be there only once"
        )));
    }
    Ok(())
}

fn mode(text: &str) -> Result<Mode, Error> {
    match text {
        "create" => Ok(Mode::Create),
        "update" => Ok(Mode::Update),
        "delete" => Ok(Mode::Delete),
        "profile" => Ok(Mode::Profile),
        _ => Err(invalid(
            "the parameter mode is create, update, delete or profile",
        )),
    }
}

fn ignored(name: &str) -> Problem {
    let name = search::shortened(name);
    Problem {
        severity: IssueSeverity::Warning,
        code: IssueType::NotSupported,
        message: format!("the operation has no parameter '{name}'; it is ignored").into(),
        place: crate::fhir::validate::Place::default(),
    }
}

fn invalid(message: impl Into<String>) -> Error {
    Error::Body {
        code: IssueType::Value,
        message: message.into(),
    }
}

fn required(message: &str) -> Error {
    Error::Body {
        code: IssueType::Required,
        message: message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::query;

    const PATIENT: Asked<'_> = Asked {
        resource_type: "Patient",
        id: None,
    };

    fn syntax(content_type: &str) -> Result<Syntax, Error> {
        let request = http::Request::post("/")
            .header(CONTENT_TYPE, content_type)
            .body(());
        Syntax::of(
            &request
                .map_err(|_| Error::Internal("request"))?
                .into_parts()
                .0,
        )
    }

    fn json(body: &str, query: &str) -> Result<Input, Error> {
        read(body, Syntax::Json, PATIENT, &query::parse(query).unwrap())
    }

    fn name(input: &Input) -> Option<&str> {
        input.resource.as_ref()?.text("resourceType")
    }

    #[test]
    fn only_json_and_xml_of_r4_are_read() {
        for json in [
            "application/fhir+json",
            "APPLICATION/JSON; charset=utf-8",
            "application/fhir+json; fhirVersion=4.0",
            "text/json",
        ] {
            assert_eq!(syntax(json), Ok(Syntax::Json), "{json}");
        }
        for xml in [
            "application/fhir+xml; fhirVersion=\"4.0\"",
            "application/xml",
            "text/xml",
        ] {
            assert_eq!(syntax(xml), Ok(Syntax::Xml), "{xml}");
        }
        for other in [
            "",
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/fhir+json; fhirVersion=3.0",
            "application/fhir+turtle",
            "json",
        ] {
            assert!(matches!(syntax(other), Err(Error::MediaType(_))), "{other}");
        }
    }

    #[test]
    fn a_resource_is_sent_bare_or_in_parameters() {
        let bare = json(
            r#"{"resourceType":"Patient","x":1}"#,
            "mode=create&_format=xml",
        )
        .unwrap();
        assert_eq!(
            (name(&bare), bare.mode),
            (Some("Patient"), Some(Mode::Create))
        );
        assert_eq!(bare.findings.problems, []);
        let wrapped = r#"{"resourceType":"Parameters","parameter":[{"name":"mode","valueCode":"profile"},
            {"name":"resource","resource":{"resourceType":"Patient"}},{"name":"profile","valueUri":"http://h/p"}]}"#;
        let wrapped = json(wrapped, "").unwrap();
        assert_eq!(
            (name(&wrapped), wrapped.mode),
            (Some("Patient"), Some(Mode::Profile))
        );
        assert_eq!(wrapped.profile.as_deref(), Some("http://h/p"));
        let xml = "<Parameters xmlns=\"http://hl7.org/fhir\"><parameter><name value=\"mode\"/><valueCode value=\"update\"/></parameter>\
            <parameter><name value=\"resource\"/><resource><Patient><gender value=\"male\"/><active value=\"true\"/></Patient></resource></parameter></Parameters>";
        let xml = read(xml, Syntax::Xml, PATIENT, &[]).unwrap();
        assert_eq!(
            (name(&xml), xml.mode),
            (Some("Patient"), Some(Mode::Update))
        );
        let places: Vec<_> = xml
            .findings
            .problems
            .iter()
            .map(|problem| problem.place.expression.as_str())
            .collect();
        assert_eq!(places, ["Patient.active"]);
    }

    #[test]
    fn parameters_are_validated_themselves_where_they_are_asked_for() {
        let asked = Asked {
            resource_type: PARAMETERS,
            id: None,
        };
        let of = |body: &str| read(body, Syntax::Json, asked, &[]).unwrap();
        let itself = of(
            r#"{"resourceType":"Parameters","parameter":[{"name":"resource","resource":{"resourceType":"Patient"}}]}"#,
        );
        assert_eq!(parameters(itself.resource.as_ref().unwrap()).len(), 1);
        let wrapped = of(
            r#"{"resourceType":"Parameters","parameter":[{"name":"resource","resource":{"resourceType":"Parameters"}}]}"#,
        );
        assert_eq!(parameters(wrapped.resource.as_ref().unwrap()).len(), 0);
    }

    #[test]
    fn parameters_that_are_wrong_are_refused_and_unknown_ones_told() {
        let patient = r#"{"resourceType":"Patient"}"#;
        for query in [
            "mode=x",
            "mode=create&mode=create",
            "mode=profile",
            "profile=a&profile=b",
        ] {
            assert!(
                matches!(json(patient, query), Err(Error::Body { .. })),
                "{query}"
            );
        }
        for parameter in [
            r#""x""#,
            r#"{"name":"mode"}"#,
            r#"{"name":"mode","valueCode":"x"}"#,
            r#"{"name":"resource"}"#,
            r#"{"name":"resource","resource":{}},{"name":"resource","resource":{}}"#,
        ] {
            let body = format!(r#"{{"resourceType":"Parameters","parameter":[{parameter}]}}"#);
            assert!(
                matches!(json(&body, ""), Err(Error::Body { .. })),
                "{parameter}"
            );
        }
        let unknown = json(patient, "nonsense=1").unwrap();
        let severities: Vec<_> = unknown
            .findings
            .problems
            .iter()
            .map(|problem| problem.severity)
            .collect();
        assert_eq!(severities, [IssueSeverity::Warning]);
        assert!(json("", "mode=delete").unwrap().resource.is_none());
        assert!(matches!(json("{", ""), Err(Error::Body { .. })));
    }
}
