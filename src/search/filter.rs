//! `_filter`: conditions with `and`, `or`, `not` and parentheses (R4, filter, <https://hl7.org/fhir/R4/search_filter.html>).
//!
//! `name co "ana" and (birthdate ge 1980 or not (gender eq male))`. `and` binds closer than `or`.

use super::Error;
use super::criterion::{Criterion, Grammar, MOST_LINKS, Test, Values};
use super::parameter::{Kind, Parameter};
use super::string::Comparison;
use super::token::Relation;
use super::wanted::Wanted;

/// How deep parentheses may stand.
const MOST_DEPTH: usize = 12;

/// How many comparisons there may be.
const MOST_TESTS: usize = 64;

/// Understands a value of `_filter`.
///
/// # Errors
/// [`Error::Value`] with what was expected, [`Error::Unknown`], [`Error::TooMany`].
pub(super) fn parse(grammar: Grammar, value: &str) -> Result<Criterion, Error> {
    let mut parser = Parser {
        tokens: tokens(value)?,
        next: 0,
        tests: 0,
    };
    // A comparison stands one deeper than the parentheses around it.
    let expression = parser.any(MOST_DEPTH + 1)?;
    if parser.peek().is_some() {
        return Err(parser.expected("'and', 'or' or the end"));
    }
    expression.resolve(grammar)
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// One of `( ) [ ]`.
    Mark(char),
    Word(String),
    /// In quotation marks.
    Text(String),
}

fn invalid(reason: String) -> Error {
    Error::Value {
        name: "_filter".to_owned(),
        reason,
    }
}

fn tokens(value: &str) -> Result<Vec<Token>, Error> {
    let mut tokens = Vec::new();
    let mut characters = value.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            _ if character.is_whitespace() => {}
            '(' | ')' | '[' | ']' => tokens.push(Token::Mark(character)),
            '"' => {
                let mut text = String::new();
                loop {
                    match characters.next() {
                        Some('"') => break,
                        Some('\\') => text.extend(characters.next()),
                        Some(other) => text.push(other),
                        None => return Err(invalid("a quotation mark is not closed".to_owned())),
                    }
                }
                tokens.push(Token::Text(text));
            }
            _ => {
                let mut word = character.to_string();
                let ends = |next: &char| next.is_whitespace() || "()[]\"".contains(*next);
                while let Some(next) = characters.next_if(|next| !ends(next)) {
                    word.push(next);
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    Ok(tokens)
}

/// What was written, before it is known for which type.
#[derive(Debug, Clone)]
enum Expression {
    All(Vec<Expression>),
    Any(Vec<Expression>),
    Not(Box<Expression>),
    Test {
        /// The references that are followed, and what must hold of the resource there.
        links: Vec<(String, Option<Box<Expression>>)>,
        parameter: String,
        operator: String,
        value: String,
    },
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
    tests: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next)
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.next += 1;
        token
    }

    fn take_word(&mut self, wanted: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(word)) if word == wanted);
        self.next += usize::from(found);
        found
    }

    fn take_mark(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(&Token::Mark(wanted));
        self.next += usize::from(found);
        found
    }

    fn expected(&self, what: &str) -> Error {
        let place = self.next.min(self.tokens.len()) + 1;
        invalid(format!("{what} was expected as the {place}. part"))
    }

    fn any(&mut self, depth: usize) -> Result<Expression, Error> {
        let mut alternatives = vec![self.all(depth)?];
        while self.take_word("or") {
            alternatives.push(self.all(depth)?);
        }
        Ok(Expression::Any(alternatives))
    }

    fn all(&mut self, depth: usize) -> Result<Expression, Error> {
        let mut parts = vec![self.one(depth)?];
        while self.take_word("and") {
            parts.push(self.one(depth)?);
        }
        Ok(Expression::All(parts))
    }

    fn one(&mut self, depth: usize) -> Result<Expression, Error> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(Error::TooMany {
                limit: MOST_DEPTH,
                what: "parentheses within one another in _filter",
            });
        };
        if self.take_mark('(') {
            return self.closed(depth);
        }
        if self.take_word("not") {
            if !self.take_mark('(') {
                return Err(self.expected("'(' after 'not'"));
            }
            return self
                .closed(depth)
                .map(|inner| Expression::Not(Box::new(inner)));
        }
        self.test(depth)
    }

    fn closed(&mut self, depth: usize) -> Result<Expression, Error> {
        let inner = self.any(depth)?;
        if !self.take_mark(')') {
            return Err(self.expected("')'"));
        }
        Ok(inner)
    }

    fn test(&mut self, depth: usize) -> Result<Expression, Error> {
        self.tests += 1;
        if self.tests > MOST_TESTS {
            return Err(Error::TooMany {
                limit: MOST_TESTS,
                what: "comparisons in _filter",
            });
        }
        let mut links = Vec::new();
        let parameter = loop {
            let Some(Token::Word(path)) = self.take() else {
                self.next -= 1;
                return Err(self.expected("a search parameter"));
            };
            let mut steps: Vec<String> = path.split('.').map(str::to_owned).collect();
            let last = steps.pop().unwrap_or_default();
            links.extend(steps.into_iter().map(|step| (step, None)));
            if !self.take_mark('[') {
                break last;
            }
            let inner = self.any(depth)?;
            if !self.take_mark(']') {
                return Err(self.expected("']'"));
            }
            links.push((last, Some(Box::new(inner))));
            match self.tokens.get_mut(self.next) {
                Some(Token::Word(rest)) if rest.starts_with('.') => {
                    rest.remove(0);
                }
                _ => return Err(self.expected("'.' after ']'")),
            }
        };
        let Some(Token::Word(operator)) = self.take() else {
            self.next -= 1;
            return Err(self.expected("an operator such as eq"));
        };
        let value = match self.take() {
            Some(Token::Word(value) | Token::Text(value)) => value,
            _ => {
                self.next -= 1;
                return Err(self.expected("a value"));
            }
        };
        Ok(Expression::Test {
            links,
            parameter,
            operator,
            value,
        })
    }
}

impl Expression {
    fn resolve(&self, grammar: Grammar) -> Result<Criterion, Error> {
        let each = |parts: &[Self]| -> Result<Vec<Criterion>, Error> {
            parts.iter().map(|part| part.resolve(grammar)).collect()
        };
        match self {
            Self::All(parts) => Ok(Criterion::All(each(parts)?)),
            Self::Any(parts) => Ok(Criterion::Any(each(parts)?)),
            Self::Not(inner) => Ok(Criterion::Not(Box::new(inner.resolve(grammar)?))),
            Self::Test { links, .. } if links.len() > MOST_LINKS => Err(Error::TooMany {
                limit: MOST_LINKS,
                what: "references in a chain",
            }),
            Self::Test {
                links,
                parameter,
                operator,
                value,
            } => Criterion::followed(grammar, links, &|grammar, filter| match filter {
                Some(filter) => filter.resolve(grammar),
                None => compared(grammar.parameter(parameter)?, operator, value),
            }),
        }
    }
}

/// What is asked of a type: what a filter on the way says, or at the end, where there is none, the comparison.
type Asked<'a> = dyn Fn(Grammar, Option<&Expression>) -> Result<Criterion, Error> + 'a;

impl Criterion {
    /// Follows references, and asks at each that has a filter, and at the end, what `ask` makes of it.
    fn followed(
        grammar: Grammar,
        links: &[(String, Option<Box<Expression>>)],
        ask: &Asked<'_>,
    ) -> Result<Self, Error> {
        let Some(((name, filter), rest)) = links.split_first() else {
            return ask(grammar, None);
        };
        Self::linked(grammar, &format!("{name}."), MOST_LINKS, &|grammar, _| {
            let further = Self::followed(grammar, rest, ask)?;
            match filter {
                None => Ok(further),
                Some(filter) => Ok(Self::All(vec![ask(grammar, Some(filter))?, further])),
            }
        })
    }
}

/// The operators for ordered values, which are the prefixes of search parameters.
const ORDERED: &[&str] = &["eq", "ne", "gt", "lt", "ge", "le", "ap", "sa", "eb"];

fn compared(
    parameter: &'static Parameter,
    operator: &str,
    value: &str,
) -> Result<Criterion, Error> {
    let own = |values| Criterion::Own(Test { parameter, values });
    if operator == "pr" {
        let present: bool = value
            .parse()
            .map_err(|_| invalid("'pr' takes true or false".to_owned()))?;
        return Ok(own(Values::Missing(!present)));
    }
    let text = |comparison| Wanted::text(&escaped(value), comparison);
    let ordered = |prefix: &str| Wanted::parse(parameter.kind, &format!("{prefix}{value}"));
    let wanted = match (parameter.kind, operator) {
        (Kind::String, "eq" | "ne") => text(Comparison::Whole),
        (Kind::String, "co") => text(Comparison::Contains),
        (Kind::String, "sw") => text(Comparison::Begins),
        (Kind::String, "ew") => text(Comparison::Ends),
        (Kind::Token, "eq" | "ne") => Wanted::token(value, Relation::Is),
        (Kind::Token, "ss") => Wanted::token(value, Relation::Below),
        (Kind::Token, "sb") => Wanted::token(value, Relation::Above),
        (Kind::Reference, "eq" | "re" | "ne") => Wanted::reference(value, None),
        (Kind::Date, "po") => {
            // Neither does it start after, nor end before.
            let apart = ["sa", "eb"].map(&ordered);
            let [after, before] = apart;
            let apart = [after, before].into_iter().collect::<Result<Vec<_>, _>>();
            let apart = apart.map_err(|reason| bad_value(parameter, reason))?;
            let held = own(Values::Missing(false));
            return Ok(Criterion::All(vec![held, own(Values::NoneOf(apart))]));
        }
        (Kind::Date | Kind::Quantity, operator) if ORDERED.contains(&operator) => ordered(operator),
        (kind, _) => return Err(invalid(unsupported(parameter.name, kind))),
    };
    let wanted = vec![wanted.map_err(|reason| bad_value(parameter, reason))?];
    let negated = operator == "ne" && !matches!(parameter.kind, Kind::Date | Kind::Quantity);
    Ok(own(if negated {
        Values::NoneOf(wanted)
    } else {
        Values::AnyOf(wanted)
    }))
}

fn bad_value(parameter: &Parameter, reason: String) -> Error {
    Error::Value {
        name: parameter.name.to_owned(),
        reason,
    }
}

/// The value of a string parameter has escapes, a text in quotation marks has none of that kind.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\")
}

fn unsupported(name: &str, kind: Kind) -> String {
    let operators = match kind {
        Kind::String => "eq, ne, co, sw, ew, pr",
        Kind::Token => "eq, ne, ss, sb, pr",
        Kind::Reference => "eq, ne, re, pr",
        Kind::Date => "eq, ne, gt, lt, ge, le, sa, eb, ap, po, pr",
        Kind::Quantity => "eq, ne, gt, lt, ge, le, sa, eb, ap, pr",
        Kind::Composite(_) => "pr",
    };
    format!("the operators for '{name}' are {operators}")
}
