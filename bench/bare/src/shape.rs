//! The statements of a shape, read once by an instance from `/{shape}.json`.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use serde::Deserialize;

/// A shape of request: the statements that some requests of this kind come down to.
#[derive(Debug, Deserialize)]
pub(crate) struct Shape {
    /// Every text once: those of the draws differ in their parameters only, and an instance has to read them all.
    texts: Vec<String>,
    draws: Vec<Vec<Statement>>,
}

/// A statement; texts by their place in [`Shape::texts`].
#[derive(Debug, Deserialize)]
pub(crate) struct Statement {
    /// What a connection must have run once before.
    pub(crate) prepare: Option<usize>,
    pub(crate) text: usize,
    #[serde(default)]
    pub(crate) parameters: Vec<Parameter>,
}

/// A parameter, in the type that PostgreSQL wants: the host does not convert.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Parameter {
    Null,
    Text(String),
    Integer(i64),
    Texts(Vec<Option<String>>),
    Integers(Vec<Option<i64>>),
}

impl Shape {
    pub(crate) fn text(&self, place: usize) -> Result<&str, String> {
        let text = self.texts.get(place);
        text.map(String::as_str)
            .ok_or_else(|| format!("there is no text {place}"))
    }

    pub(crate) fn draw(&self, number: usize) -> Option<&[Statement]> {
        self.draws.get(number).map(Vec::as_slice)
    }
}

thread_local! {
    static KNOWN: RefCell<HashMap<String, Rc<Shape>>> = RefCell::default();
}

/// The shape of this name; `None` if there is none.
pub(crate) fn named(name: &str) -> Result<Option<Rc<Shape>>, String> {
    if let Some(shape) = KNOWN.with_borrow(|known| known.get(name).cloned()) {
        return Ok(Some(shape));
    }
    let Ok(text) = std::fs::read(format!("/{name}.json")) else {
        return Ok(None);
    };
    let shape: Shape = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
    let shape = Rc::new(shape);
    KNOWN.with_borrow_mut(|known| known.insert(name.to_owned(), Rc::clone(&shape)));
    Ok(Some(shape))
}
