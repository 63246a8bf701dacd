//! The bare component: what Spin and PostgreSQL cost alone. Its code is in `bench/bare`.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use postgres::types::Type;
use serde::Serialize;
use xtask::app::App;

use crate::client::{Draft, Origin};
use crate::hospital::Hospital;
use crate::statement::Statement;

/// Where the component expects its statements: a host copies only what lies beside the manifest.
const FOLDER: &str = "bench/bare/statements";

/// The shapes of the absolute limit, with the query of each: what a draw binds is a patient's id.
pub(crate) const PLAIN: [(&str, &str); 3] = [
    (
        "plain/one",
        "SELECT p.id, y.name, y.lastname, y.gender, y.ref, y.dob::text \
         FROM gnuhealth_patient p JOIN party_party y ON y.id = p.party WHERE p.id = $1::bigint",
    ),
    (
        "plain/20",
        "SELECT p.id, y.name, y.lastname, y.gender, y.ref, y.dob::text \
         FROM gnuhealth_patient p JOIN party_party y ON y.id = p.party WHERE p.id >= $1::bigint ORDER BY p.id LIMIT 20",
    ),
    (
        "plain/json",
        "SELECT json_agg(rows)::text FROM (SELECT p.id, y.name, y.lastname, y.gender, y.ref, y.dob::text \
         FROM gnuhealth_patient p JOIN party_party y ON y.id = p.party WHERE p.id >= $1::bigint ORDER BY p.id LIMIT 20) rows",
    ),
];

/// What the component reads: `Shape` in `bench/bare/src/shape.rs`.
#[derive(Debug, Default, Serialize)]
struct Shape {
    texts: Vec<String>,
    draws: Vec<Vec<Bound>>,
}

#[derive(Debug, Serialize)]
struct Bound {
    prepare: Option<usize>,
    text: usize,
    parameters: Vec<Parameter>,
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Parameter {
    Null,
    Text(String),
    Integer(i64),
    Texts(Vec<Option<String>>),
    Integers(Vec<Option<i64>>),
}

/// The statements of shapes, as they are written down for the component.
pub(crate) struct Statements<'h> {
    hospital: &'h Hospital,
    owner: postgres::Client,
    folder: PathBuf,
}

impl<'h> Statements<'h> {
    /// None yet, and none of an earlier run.
    pub(crate) fn new(hospital: &'h Hospital) -> Result<Self> {
        let folder = xtask::root().join(FOLDER);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)?;
        Ok(Self {
            owner: hospital.owner()?,
            hospital,
            folder,
        })
    }

    /// Adds a shape: the statements of each of its draws.
    pub(crate) fn add(&mut self, shape: &str, draws: &[Vec<Statement>]) -> Result<()> {
        let mut texts = Texts::default();
        let mut bound = Vec::new();
        for draw in draws {
            let mut statements = Vec::new();
            for statement in draw {
                statements.push(self.bind(statement, &mut texts)?);
            }
            bound.push(statements);
        }
        let shape_read = Shape {
            texts: texts.all,
            draws: bound,
        };
        let path = self.folder.join(format!("{shape}.json"));
        fs::create_dir_all(path.parent().unwrap_or(Path::new("")))?;
        fs::write(&path, serde_json::to_vec(&shape_read)?)
            .with_context(|| format!("{} cannot be written", path.display()))
    }

    /// Adds the plain shapes, for the patients with these ids.
    pub(crate) fn add_plain(&mut self, patients: &[String]) -> Result<()> {
        for (name, text) in PLAIN {
            let draws = patients.iter().map(|id| {
                vec![Statement {
                    prepare: None,
                    text: text.to_owned(),
                    parameters: vec![Some(id.clone())],
                }]
            });
            self.add(name, &draws.collect::<Vec<_>>())?;
        }
        Ok(())
    }

    fn bind(&mut self, statement: &Statement, texts: &mut Texts) -> Result<Bound> {
        let mut parameters = Vec::new();
        if !statement.parameters.is_empty() {
            let types = self.types(&statement.text, texts)?;
            for (kind, value) in types.iter().zip(&statement.parameters) {
                parameters.push(self.parameter(kind, value.as_deref())?);
            }
        }
        Ok(Bound {
            prepare: statement.prepare.as_deref().map(|text| texts.place(text)),
            text: texts.place(&statement.text),
            parameters,
        })
    }

    fn types(&mut self, text: &str, texts: &mut Texts) -> Result<Vec<Type>> {
        if let Some(types) = texts.types.get(text) {
            return Ok(types.clone());
        }
        let types = self.owner.prepare(text)?.params().to_vec();
        texts.types.insert(text.to_owned(), types.clone());
        Ok(types)
    }

    /// A value of the log in the type that the host wants. PostgreSQL itself reads its arrays.
    fn parameter(&mut self, kind: &Type, value: Option<&str>) -> Result<Parameter> {
        let Some(value) = value else {
            return Ok(Parameter::Null);
        };
        Ok(match *kind {
            Type::INT8 => Parameter::Integer(value.parse()?),
            Type::TEXT | Type::VARCHAR => Parameter::Text(value.to_owned()),
            Type::TEXT_ARRAY => {
                let row = self.owner.query_one("SELECT $1::text::text[]", &[&value])?;
                Parameter::Texts(row.get(0))
            }
            Type::INT8_ARRAY => {
                let row = self.owner.query_one("SELECT $1::text::int8[]", &[&value])?;
                Parameter::Integers(row.get(0))
            }
            ref other => bail!("a parameter of type {other} is not known"),
        })
    }

    /// The component, serving them.
    pub(crate) fn serve(&self) -> Result<Bare> {
        let mut options = self.hospital.options("bare")?;
        // It keeps a connection for as long as Spin lets an instance live, which takes more of them than the app does with.
        options.runtime_config = None;
        options.manifest = PathBuf::from("bench/bare/spin.toml");
        let app = App::start(&options)?;
        Ok(Bare {
            origin: Origin::new(&app.url(), None)?,
            _app: app,
        })
    }
}

/// Texts, each once.
#[derive(Debug, Default)]
struct Texts {
    all: Vec<String>,
    places: HashMap<String, usize>,
    types: HashMap<String, Vec<Type>>,
}

impl Texts {
    fn place(&mut self, text: &str) -> usize {
        if let Some(place) = self.places.get(text) {
            return *place;
        }
        self.all.push(text.to_owned());
        self.places.insert(text.to_owned(), self.all.len() - 1);
        self.all.len() - 1
    }
}

/// The running component.
#[derive(Debug)]
pub(crate) struct Bare {
    pub(crate) origin: Origin,
    _app: App,
}

/// The requests for the first draws of a shape.
pub(crate) fn drafts(shape: &str, count: usize) -> Vec<Draft> {
    (0..count)
        .map(|number| Draft::get(format!("/{shape}/{number}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_written_once() {
        let mut texts = Texts::default();
        let places = ["a", "b", "a"].map(|text| texts.place(text));
        assert_eq!(places, [0, 1, 0]);
        assert_eq!(texts.all, ["a", "b"]);
    }
}
