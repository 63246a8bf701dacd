//! The capabilities interaction (R4, RESTful API, section "capabilities"): what `/metadata` answers, and when.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use http::header::ETAG;
use http::request::Parts;
use http::{Response, StatusCode};

use crate::config::Settings;
use crate::db::{Database, Parameter, Sql};
use crate::fhir::r4::{self, AnyResource, CapabilityStatement, TerminologyCapabilities};
use crate::resource;
use crate::search;
use crate::search::declaration::Declaration;
use crate::search::query::Pair;
use crate::tryton::catalog::Catalog;
use crate::tryton::model::Node;
use crate::turn::Turnstile;

use super::capability::{self, Server};
use super::context::{base_url, only_get, pairs};
use super::error::Error;
use super::subset::{Subset, part_of};
use super::{conditional, negotiation, response};

/// For how long it is remembered what is installed: as long as rights are.
const REMEMBERED: Duration = Duration::from_secs(5);

/// The resource types that are normative in R4 (R4, "standards status" of each page), of those that are served. The
/// statement itself is.
const NORMATIVE: &[&str] = &["Observation", "Patient"];

/// Which statement a client wants (R4: full, normative or terminology; other values are not defined).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Full,
    Normative,
    Terminology,
}

/// What this installation has.
#[derive(Debug, Clone, Default)]
struct Installed {
    /// The resource types whose main tables are there.
    types: Vec<&'static Declaration>,
    /// The modules of GNU Health that are activated.
    modules: Vec<String>,
}

/// Answers `/metadata`.
///
/// # Errors
/// [`Error::Method`]; [`Error::Search`] if a parameter is not valid; [`Error::Database`].
pub(super) async fn answer(request: &Parts) -> Result<Response<String>, Error> {
    only_get(request)?;
    let pairs = pairs(request)?;
    let format = negotiation::format(&pairs, &request.headers)?;
    let mode = mode(&pairs)?;
    let settings = Settings::load().await?;
    let Installed { mut types, modules } = installed(&Database::new(&settings.database)).await?;
    if mode == Mode::Normative {
        types.retain(|declaration| NORMATIVE.contains(&declaration.name));
    }
    let server = Server {
        base: &base_url(&settings, request),
        modules: &modules,
        cors: !settings.cors_origins.is_empty(),
    };
    let undated = |_| Error::Internal("the CapabilityStatement has no date");
    let statement = if mode == Mode::Terminology {
        let subset = subset::<TerminologyCapabilities>(&pairs)?;
        let statement = capability::terminology(&server).map_err(undated)?;
        part_of(subset.as_ref(), &statement)?
    } else {
        let subset = subset::<CapabilityStatement>(&pairs)?;
        let statement = capability::statement(&server, &types).map_err(undated)?;
        part_of(subset.as_ref(), &statement)?
    };
    let etag = etag(&statement);
    let mut answer = if conditional::is_known(&request.headers, &etag, None) {
        response::empty(StatusCode::NOT_MODIFIED)
    } else {
        response::resource(StatusCode::OK, &statement, format)
    };
    response::add(&mut answer, ETAG, &etag);
    Ok(answer)
}

/// The part that is wanted.
fn subset<R: r4::Resource>(pairs: &[Pair]) -> Result<Option<Subset>, Error> {
    let subset = Subset::from_pairs::<R>(pairs)?;
    if subset.as_ref().is_some_and(Subset::is_count) {
        return Err(invalid("_summary", "count is for searches"));
    }
    Ok(subset)
}

fn mode(pairs: &[Pair]) -> Result<Mode, Error> {
    let mut values = pairs.iter().filter(|pair| pair.name == "mode");
    let Some(pair) = values.next() else {
        return Ok(Mode::Full);
    };
    if values.next().is_some() {
        return Err(Error::Search(search::Error::Repeated("mode".to_owned())));
    }
    match (pair.value.as_str(), &pair.modifier) {
        ("full", None) => Ok(Mode::Full),
        ("normative", None) => Ok(Mode::Normative),
        ("terminology", None) => Ok(Mode::Terminology),
        _ => Err(invalid("mode", "full, normative or terminology")),
    }
}

fn invalid(name: &str, reason: &str) -> Error {
    Error::Search(search::Error::Value {
        name: name.to_owned(),
        reason: reason.to_owned(),
    })
}

/// A weak entity tag, as resources have: the same for all formats, and for as long as the statement says the same.
fn etag(statement: &AnyResource) -> String {
    format!("W/\"{}\"", conditional::hash(statement))
}

/// What is installed, asked of the catalog in one statement and remembered.
async fn installed(database: &Database) -> Result<Installed, Error> {
    thread_local! {
        static KEPT: RefCell<Option<(Instant, Installed)>> = const { RefCell::new(None) };
        static READING: Turnstile = Turnstile::default();
    }
    let known = || {
        let kept = KEPT.with_borrow(Clone::clone);
        kept.filter(|(at, _)| at.elapsed() < REMEMBERED)
            .map(|(_, installed)| installed)
    };
    if let Some(installed) = known() {
        return Ok(installed);
    }
    let _turn = READING.with(Clone::clone).pass().await;
    if let Some(installed) = known() {
        return Ok(installed);
    }
    let asked = Instant::now();
    let installed = read(database).await?;
    KEPT.set(Some((asked, installed.clone())));
    Ok(installed)
}

async fn read(database: &Database) -> Result<Installed, Error> {
    let roots = resource::ALL
        .iter()
        .flat_map(|declaration| declaration.roots());
    let tables = roots.map(Node::table).collect();
    let catalog = Catalog::read(database, tables).await?;
    let is_there = |declaration: &&&Declaration| {
        let mut roots = declaration.roots();
        roots.any(|root| catalog.has_table(&root.table()))
    };
    let types = resource::ALL.iter().filter(is_there).copied().collect();
    let sql = Sql::new(
        "SELECT name::text FROM ir_module WHERE state = $1::text AND name LIKE $2::text ORDER BY name",
        vec![
            Parameter::Text("activated".to_owned()),
            Parameter::Text("health%".to_owned()),
        ],
    );
    // Nice to know: a role that may not read it is as good.
    let rows = match database.rows(&sql).await {
        Err(crate::db::Error::Statement { .. }) => Vec::new(),
        rows => rows?,
    };
    let modules = rows
        .iter()
        .map(|row| Ok(row.text(0)?.unwrap_or_default().to_owned()))
        .collect::<Result<_, Error>>()?;
    Ok(Installed { types, modules })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::query;

    #[test]
    fn the_modes_of_r4_are_known_and_no_others() {
        let mode = |text: &str| mode(&query::parse(text).unwrap());
        assert_eq!(mode("_format=json"), Ok(Mode::Full));
        assert_eq!(mode("mode=full"), Ok(Mode::Full));
        assert_eq!(mode("mode=normative"), Ok(Mode::Normative));
        assert_eq!(mode("mode=terminology"), Ok(Mode::Terminology));
        for wrong in ["mode=", "mode=FULL", "mode:x=full", "mode=full&mode=full"] {
            assert!(matches!(mode(wrong), Err(Error::Search(_))), "{wrong}");
        }
    }

    #[test]
    fn the_tag_changes_with_the_statement() {
        let tag = |json: &str| etag(&AnyResource::from_json(json.to_owned()).unwrap());
        assert_eq!(tag("{\"a\":1}"), tag("{\"a\":1}"));
        assert_ne!(tag("{\"a\":1}"), tag("{\"a\":2}"));
    }
}
