//! Search in a compartment: `GET Patient/7/Observation?…` (R4, RESTful API, section "variant searches").
//!
//! Who is in a compartment the type that is searched declares, as a search parameter. So the component of the compartment's
//! type asks that of the other one with this parameter added, and gives its answer on as it is.

use http::header::ACCEPT;
use http::{HeaderMap, Response};

use crate::resource;
use crate::search::declaration::Declaration;

use super::error::Error;
use super::neighbour::{self, Neighbours, Question};
use super::{query_string, search_form};

/// What of an answer belongs to the call, not to the client. `x-request-id` the response gets in any case.
const NOT_GIVEN_ON: &[&str] = &["connection", "transfer-encoding", "x-request-id"];

/// Searches the resources of a type in the compartment of one resource.
///
/// # Errors
/// [`Error::NoRoute`] if the type is not served or not in such a compartment; as [`Neighbours::ask`].
pub(super) async fn search(
    neighbours: &Neighbours<'_>,
    headers: &HeaderMap,
    compartment: (&Declaration, &str),
    resource_type: &str,
    parameters: &str,
) -> Result<Response<String>, Error> {
    let (declaration, id) = compartment;
    let searched = searched(resource::ALL, declaration.name, resource_type)?;
    let parameters = within(searched, declaration.name, id, parameters)?;
    let mut question = Question::search(searched.name, parameters);
    // The client has the answer in the format that it wants.
    let accept = headers.get(ACCEPT).cloned();
    question
        .headers
        .extend(accept.map(|accept| (ACCEPT, accept)));
    let component = neighbour::component(searched.name);
    let (mut parts, body) = neighbours.ask(&component, question).await?.into_parts();
    for name in NOT_GIVEN_ON {
        parts.headers.remove(*name);
    }
    let body = String::from_utf8(body).map_err(|_| Error::Neighbour {
        component,
        reason: "its answer is not UTF-8",
    })?;
    Ok(Response::from_parts(parts, body))
}

/// The declaration of the type that is searched.
fn searched<'a>(
    all: &[&'a Declaration],
    compartment: &str,
    resource_type: &str,
) -> Result<&'a Declaration, Error> {
    let no_route = |message| Err(Error::NoRoute(message));
    let is_in = |declaration: &Declaration| {
        let mut compartments = declaration.compartments.iter();
        compartments.any(|(name, _)| *name == compartment)
    };
    let known = all.iter().find(|served| served.name == resource_type);
    if let Some(declaration) = known.filter(|served| is_in(served)) {
        return Ok(declaration);
    }
    let served: Vec<&str> = all
        .iter()
        .filter(|served| is_in(served))
        .map(|served| served.name)
        .collect();
    let served = match served.as_slice() {
        [] => "none".to_owned(),
        names => names.join(", "),
    };
    let what = match resource_type {
        "*" => "the search over all types of a compartment is not served",
        _ if known.is_some() => "resources of this type are not in such a compartment here",
        _ => "this resource type is not served",
    };
    no_route(format!(
        "{what}; types in the compartment {compartment}: {served}"
    ))
}

/// The parameters, and the one that stands for the compartment. What several lead to the compartment is in it if any does.
fn within(
    searched: &Declaration,
    compartment: &'static str,
    id: &str,
    parameters: &str,
) -> Result<String, Error> {
    let compartments = searched.compartments.iter();
    let leading = compartments.filter(|(name, _)| *name == compartment);
    let leading: Vec<&str> = leading.map(|(_, parameter)| *parameter).collect();
    let reference = format!("{compartment}/{id}");
    let pair = match leading.as_slice() {
        [] => return Err(Error::Internal("the type is not in the compartment")),
        [only] => ((*only).to_owned(), reference),
        several => {
            let each = several.iter();
            let each = each.map(|parameter| format!("{parameter} eq {reference}"));
            let any = each.collect::<Vec<_>>().join(" or ");
            ("_filter".to_owned(), any)
        }
    };
    Ok(search_form::joined(&[
        parameters,
        &query_string::write([&pair]),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::practitioner;

    static VISIT: Declaration = Declaration {
        name: "Visit",
        sources: &[],
        parameters: &[],
        compartments: &[("Practitioner", "doctor"), ("Patient", "subject")],
        documentation: "",
    };

    const ALL: &[&Declaration] = &[&practitioner::DECLARATION, &VISIT];

    #[test]
    fn whoever_is_led_to_by_any_parameter_has_it_in_the_compartment() {
        static ENTRY: Declaration = Declaration {
            compartments: &[("Practitioner", "doctor"), ("Practitioner", "recorder")],
            ..VISIT
        };
        let found = within(&ENTRY, "Practitioner", "7", "a=b&_filter=x");
        let any = "doctor eq Practitioner/7 or recorder eq Practitioner/7";
        let pair = query_string::write([&("_filter".to_owned(), any.to_owned())]);
        assert_eq!(found, Ok(format!("a=b&_filter=x&{pair}")));
    }

    #[test]
    fn a_compartment_is_one_more_parameter_of_the_search() {
        let found = searched(ALL, "Patient", "Visit");
        let found = found.and_then(|searched| within(searched, "Patient", "7", "a=b&subject=8"));
        assert_eq!(
            found.as_deref(),
            Ok("a=b&subject=8&subject=Patient/7"),
            "it adds to what the client asks, and replaces nothing"
        );
        assert_eq!(
            within(&VISIT, "Practitioner", "7", "").as_deref(),
            Ok("doctor=Practitioner/7")
        );
    }

    #[test]
    fn other_types_are_refused_with_those_that_there_are() {
        for other in ["Practitioner", "Patient", "Nonsense", "*", "visit", ""] {
            let Err(Error::NoRoute(message)) = searched(ALL, "Patient", other) else {
                panic!("{other}")
            };
            assert!(message.ends_with("compartment Patient: Visit"), "{message}");
        }
        let Err(Error::NoRoute(message)) = searched(ALL, "Visit", "Patient") else {
            panic!("no compartment of a visit")
        };
        assert!(message.ends_with("none"), "{message}");
    }
}
