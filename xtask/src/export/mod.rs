//! Everything that a FHIR server serves, in files that another server can be loaded with.
//!
//! - `server`: what is asked of the server
//! - `page`: a page of a search
//! - `files`: what is written
//! - `order`: what is referred to comes first
//!
//! No more than a page is in memory, and resources are written as they were served, to the letter.

mod files;
mod order;
mod page;
mod server;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use files::Files;
use server::Server;

/// How many resources a page is asked for.
const PAGE: usize = 1000;

/// What to export, from where, to where.
#[derive(Clone, Debug)]
pub struct Options {
    /// The base URL of the server.
    pub base: String,
    /// Who asks; `None`: nobody.
    pub credentials: Option<Credentials>,
    /// The types; none: all that the server's CapabilityStatement lists.
    pub types: Vec<String>,
    /// What the files are.
    pub format: Format,
    /// The folder for the files. It is made unless it is there, and must be empty.
    pub output: PathBuf,
}

/// A user and a password.
#[derive(Clone)]
pub struct Credentials {
    /// The login name.
    pub user: String,
    /// The password.
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Credentials of {}", self.user)
    }
}

/// What the files are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A resource a line, `Patient.ndjson`.
    Ndjson,
    /// Bundles of the type `transaction` with at most so many resources, `0001-Organization.json`, to be sent in this order.
    Bundles(NonZeroUsize),
}

/// What was exported of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The name of the type.
    pub name: String,
    /// How many resources the server counted before.
    pub counted: u64,
    /// How many there were. Another number if some came or went meanwhile.
    pub resources: u64,
    /// In how many files they are.
    pub files: u32,
    /// How long these are, in bytes.
    pub bytes: u64,
}

/// Is told how far an export is.
pub trait Progress {
    /// A type begins, of which the server counts so many resources.
    fn begins(&mut self, name: &str, counted: u64);
    /// So many resources more are written.
    fn advances(&mut self, resources: u64);
    /// A type is complete.
    fn ends(&mut self, summary: &Summary);
}

/// For those who do not look.
impl Progress for () {
    fn begins(&mut self, _: &str, _: u64) {}
    fn advances(&mut self, _: u64) {}
    fn ends(&mut self, _: &Summary) {}
}

/// Exports everything of the wanted types.
///
/// # Errors
/// If the server does not answer, refuses the credentials, does not serve a type or not to this user, or answers what is no
/// searchset; and if the files cannot be written.
pub fn export(options: &Options, progress: &mut dyn Progress) -> Result<Vec<Summary>> {
    let server = Server::new(options)?;
    let types = order::wanted(server.types()?, &options.types)?;
    let mut files = Files::new(&options.output, options.format)?;
    let summaries = types
        .iter()
        .map(|name| export_type(&server, name, &mut files, progress));
    let summaries: Result<Vec<Summary>> = summaries.collect();
    summaries.with_context(|| format!("what is in {} is not complete", options.output.display()))
}

fn export_type(
    server: &Server,
    name: &str,
    files: &mut Files,
    progress: &mut dyn Progress,
) -> Result<Summary> {
    let counted = server.count(name)?;
    progress.begins(name, counted);
    let mut resources = 0;
    let mut next = Some(format!("{}/{name}?_count={PAGE}", server.base()));
    while let Some(url) = next {
        let text = server.get(&url, name)?;
        let page = page::read(&text, name)?;
        for resource in &page.resources {
            files.add(name, resource)?;
        }
        let found = page.resources.len() as u64;
        resources += found;
        progress.advances(found);
        ensure!(
            page.next.as_ref() != Some(&url),
            "a page of {name} leads to itself"
        );
        next = page.next;
    }
    let written = files.end_type()?;
    let summary = Summary {
        name: name.to_owned(),
        counted,
        resources,
        files: written.files,
        bytes: written.bytes,
    };
    progress.ends(&summary);
    Ok(summary)
}
