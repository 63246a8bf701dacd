//! One resource type, from request to response.

use std::rc::Rc;

use futures_util::future::try_join;
use http::request::Parts;
use http::{Method, Response};
use spin_sdk::http::Request;

use crate::config::Settings;
use crate::db::Database;
use crate::fhir::text::is_id;
use crate::resource::Resource;
use crate::search::declaration::Declaration;
use crate::search::query::{self, Pair};
use crate::tryton::access::Rights;
use crate::tryton::catalog::Catalog;
use crate::tryton::language::Language;
use crate::tryton::model::Trees;
use crate::tryton::view::View;

use super::context::{Account, Context, limit_url, only};
use super::error::Error;
use super::negotiation::{self, Format};
use super::neighbour::Neighbours;
use super::principal::Principal;
use super::representation::Reply;
use super::search_form::{self, SEARCH};
use super::{compartment, history, language, log, read, response, search, validation};

/// What a path and method ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Interaction {
    Read(String),
    VersionRead {
        id: String,
        version: String,
    },
    History(String),
    Search,
    PostedSearch,
    /// The operation `$validate`, on the type or on a resource.
    Validate,
    /// Of another type, in the compartment of a resource.
    Compartment {
        id: String,
        resource_type: String,
        is_posted: bool,
    },
}

/// A request that was routed, with all that its interaction needs.
pub(super) struct Call<'a> {
    pub(super) request: &'a Parts,
    pub(super) context: &'a Context,
    pub(super) settings: Rc<Settings>,
    pub(super) principal: Principal,
    pub(super) database: Database,
    pub(super) view: View,
    pub(super) pairs: Vec<Pair>,
    pub(super) format: Format,
}

/// What an interaction answers: the response, and how many resources are in it.
pub(super) type Answer = Result<(Response<String>, usize), Error>;

/// Serves the resource type `R`: the whole of its component.
pub async fn serve<R: Resource>(request: Request) -> Reply {
    let (request, body) = request.into_parts();
    let context = Context::of(&request);
    let mut account = Account {
        resource: R::DECLARATION.name,
        interaction: "unknown",
        ..Account::default()
    };
    let is_validation = validation::Asked::of(request.uri.path()).is_some();
    let (parameters, body) = match limit_url(&request) {
        Ok(()) if is_validation => {
            let query = request.uri.query().unwrap_or_default();
            (Ok(query.to_owned()), Some(body))
        }
        Ok(()) => (search_form::parameters(&request, body).await, None),
        Err(error) => (Err(error), None),
    };
    let parameters = parameters.and_then(|text| Ok((query::parse(&text)?, text)));
    let pairs = parameters.as_ref().ok().map(|(pairs, _)| pairs.as_slice());
    let for_errors = negotiation::for_errors(pairs, &request.headers);
    let result = async {
        let settings = Settings::load().await?;
        let principal = principal(&settings, &request, context.now())?;
        account.user = Some(principal.user);
        let interaction = route(R::DECLARATION, request.uri.path())?;
        let allowed = interaction.allowed();
        if request.method == Method::OPTIONS {
            return Ok((response::options(&format!("{allowed}, OPTIONS")), None));
        }
        only(&request, allowed)?;
        account.interaction = interaction.name();
        let (pairs, parameters) = parameters?;
        if let (Interaction::Validate, Some(body)) = (&interaction, body) {
            let neighbours = Neighbours::new(&settings, &request, &context);
            let answer = validation::forward(&neighbours, &request, body, &pairs);
            return Ok((answer.await?, None));
        }
        let format = negotiation::format(&pairs, &request.headers)?;
        if let Interaction::Compartment {
            id, resource_type, ..
        } = &interaction
        {
            let neighbours = Neighbours::new(&settings, &request, &context);
            let within = (R::DECLARATION, id.as_str());
            let headers = &request.headers;
            let answer =
                compartment::search(&neighbours, headers, within, resource_type, &parameters);
            return Ok((answer.await?, None));
        }
        let database = Database::new(&settings.database);
        let language = language::of_request(&database, &request.headers).await?;
        let view = view(&database, principal, &[R::DECLARATION], language).await?;
        R::DECLARATION.readable(&view)?;
        let (request, context) = (&request, &context);
        let call = Call {
            request,
            context,
            settings,
            principal,
            database,
            view,
            pairs,
            format,
        };
        let (mut answer, count) = match interaction {
            Interaction::Read(id) => read::read::<R>(&call, &id).await?,
            Interaction::VersionRead { id, version } => {
                history::vread::<R>(&call, &id, &version).await?
            }
            Interaction::History(id) => history::instance::<R>(&call, &id).await?,
            _ => search::search::<R>(&call).await?,
        };
        language::tell::<R>(&call, &mut answer);
        Ok((answer, Some(count)))
    };
    let result = result.await.map(|(answer, count)| {
        account.count = count;
        answer
    });
    context.conclude(result, for_errors, account).await
}

/// Who asks, as the middleware signed it.
pub(super) fn principal(
    settings: &Settings,
    request: &Parts,
    now: chrono::NaiveDateTime,
) -> Result<Principal, Error> {
    let now = now.and_utc().timestamp();
    Principal::verify(
        &settings.secret,
        &request.headers,
        &request.method,
        &request.uri,
        now,
    )
    .ok_or(Error::Unauthenticated)
}

/// What this user sees of the models of some resource types, in a language.
pub(super) async fn view(
    database: &Database,
    principal: Principal,
    types: &[&Declaration],
    language: Option<Rc<Language>>,
) -> Result<View, Error> {
    let names: Vec<&str> = types.iter().map(|declaration| declaration.name).collect();
    let roots = types.iter().flat_map(|declaration| declaration.roots());
    let trees = Trees {
        name: &names.join(" "),
        roots: &roots.collect::<Vec<_>>(),
    };
    let catalog = Catalog::load(database, trees);
    let rights = Rights::load(database, principal.user, trees);
    let (catalog, rights) = try_join(catalog, rights).await?;
    log::write_refused(rights.refused());
    Ok(View::new(catalog, rights).in_language(language))
}

/// What is under a path, whatever the method is.
fn route(declaration: &Declaration, path: &str) -> Result<Interaction, Error> {
    let path = path
        .trim_start_matches('/')
        .strip_prefix(declaration.name)
        .unwrap_or_default();
    let segments: Vec<&str> = path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .collect();
    let interaction = match segments.as_slice() {
        [] => Interaction::Search,
        [SEARCH] => Interaction::PostedSearch,
        [id, resource_type, SEARCH] => within(id, resource_type, true)?,
        [operation] if validation::is_operation(operation) => Interaction::Validate,
        [id, operation] if validation::is_operation(operation) => {
            if !is_id(id) {
                return Err(Error::MalformedId);
            }
            Interaction::Validate
        }
        ["_history"] => {
            return Err(no_route(
                "the history of all resources is not served: GNU Health keeps none; that of one is",
            ));
        }
        [id] if id.starts_with('$') => return Err(no_route("this operation is not served")),
        [id] if is_id(id) => Interaction::Read((*id).to_owned()),
        [_] => return Err(Error::MalformedId),
        [id, "_history"] if is_id(id) => Interaction::History((*id).to_owned()),
        [id, "_history", version] if is_id(id) => Interaction::VersionRead {
            id: (*id).to_owned(),
            version: (*version).to_owned(),
        },
        [_, "_history"] | [_, "_history", _] => return Err(Error::MalformedId),
        [_, operation] if operation.starts_with('$') => {
            return Err(no_route("this operation is not served"));
        }
        [id, resource_type] => within(id, resource_type, false)?,
        _ => return Err(no_route("nothing is served under this path")),
    };
    Ok(interaction)
}

fn within(id: &str, resource_type: &str, is_posted: bool) -> Result<Interaction, Error> {
    if !is_id(id) {
        return Err(Error::MalformedId);
    }
    Ok(Interaction::Compartment {
        id: id.to_owned(),
        resource_type: resource_type.to_owned(),
        is_posted,
    })
}

fn no_route(message: &str) -> Error {
    Error::NoRoute(message.to_owned())
}

impl Interaction {
    /// R4's name (value set `restful-interaction`).
    fn name(&self) -> &'static str {
        match self {
            Self::Read(_) => "read",
            Self::VersionRead { .. } => "vread",
            Self::History(_) => "history-instance",
            Self::Search | Self::PostedSearch | Self::Compartment { .. } => "search-type",
            Self::Validate => "operation",
        }
    }

    /// The methods, as an `Allow` header has them. Nothing that would write is among them.
    fn allowed(&self) -> &'static str {
        match self {
            Self::Validate => validation::ALLOWED,
            Self::PostedSearch
            | Self::Compartment {
                is_posted: true, ..
            } => "POST",
            _ => "GET, HEAD",
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::resource::patient;

    fn routed(method: Method, path: &str) -> Result<Interaction, Error> {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("http://h{path}"))
            .body(());
        let (parts, ()) = request.map_err(|_| Error::Internal("uri"))?.into_parts();
        let interaction = route(&patient::DECLARATION, parts.uri.path())?;
        only(&parts, interaction.allowed())?;
        Ok(interaction)
    }

    #[test]
    fn paths_are_reads_and_searches() {
        assert_eq!(routed(Method::GET, "/Patient"), Ok(Interaction::Search));
        assert_eq!(
            routed(Method::GET, "/Patient/?name=x"),
            Ok(Interaction::Search)
        );
        assert_eq!(
            routed(Method::HEAD, "/Patient/7"),
            Ok(Interaction::Read("7".into()))
        );
    }

    #[test]
    fn searches_by_post_and_in_compartments_have_paths_of_their_own() {
        let within = |resource_type: &str, is_posted| {
            Ok(Interaction::Compartment {
                id: "7".into(),
                resource_type: resource_type.into(),
                is_posted,
            })
        };
        assert_eq!(
            routed(Method::POST, "/Patient/_search?name=x"),
            Ok(Interaction::PostedSearch)
        );
        assert_eq!(
            routed(Method::HEAD, "/Patient/7/Observation?code=x"),
            within("Observation", false)
        );
        assert_eq!(
            routed(Method::POST, "/Patient/7/Observation/_search"),
            within("Observation", true)
        );
        for (method, path, allowed) in [
            (Method::GET, "/Patient/_search", "POST"),
            (Method::GET, "/Patient/7/Observation/_search", "POST"),
            (Method::POST, "/Patient/7/Observation", "GET, HEAD"),
        ] {
            assert_eq!(
                routed(method, path),
                Err(Error::Method { allowed }),
                "{path}"
            );
        }
        assert_eq!(
            routed(Method::GET, "/Patient/1;drop/Observation"),
            Err(Error::MalformedId)
        );
    }

    #[test]
    fn resources_are_validated_by_post() {
        for path in [
            "/Patient/$validate",
            "/Patient/_validate",
            "/Patient/7/$validate",
            "/Patient/7/%24validate",
        ] {
            assert_eq!(
                routed(Method::POST, path),
                Ok(Interaction::Validate),
                "{path}"
            );
            for method in [Method::GET, Method::PUT] {
                assert_eq!(
                    routed(method, path),
                    Err(Error::Method { allowed: "POST" }),
                    "{path}"
                );
            }
        }
        assert_eq!(
            routed(Method::POST, "/Patient/1;drop/$validate"),
            Err(Error::MalformedId)
        );
    }

    #[test]
    fn a_version_and_the_history_of_a_resource_are_read() {
        assert_eq!(
            routed(Method::GET, "/Patient/7/_history"),
            Ok(Interaction::History("7".into()))
        );
        assert_eq!(
            routed(Method::GET, "/Patient/7/_history/12"),
            Ok(Interaction::VersionRead {
                id: "7".into(),
                version: "12".into()
            })
        );
        assert_eq!(
            routed(Method::GET, "/Patient/1;drop/_history"),
            Err(Error::MalformedId)
        );
    }

    #[test]
    fn other_paths_and_methods_say_what_is_wrong() {
        assert_eq!(
            routed(Method::GET, "/Patient/1;drop"),
            Err(Error::MalformedId)
        );
        assert_eq!(
            routed(Method::GET, &format!("/Patient/{}", "1".repeat(400))),
            Err(Error::MalformedId)
        );
        for path in [
            "/Patient/1/_history/2/3",
            "/Patient/_history",
            "/Patient/1/$everything",
            "/Patient/$export",
            "/Patient/1/2/3",
        ] {
            assert!(
                matches!(routed(Method::GET, path), Err(Error::NoRoute(_))),
                "{path}"
            );
        }
        for (method, path) in [
            (Method::POST, "/Patient"),
            (Method::DELETE, "/Patient/1"),
            (Method::PATCH, "/Patient/1"),
        ] {
            assert_eq!(
                routed(method, path),
                Err(Error::Method {
                    allowed: "GET, HEAD"
                }),
                "{path}"
            );
        }
    }
}
