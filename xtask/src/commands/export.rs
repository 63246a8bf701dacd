//! `cargo xtask export`: everything that is served, in files that another server can be loaded with.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use xtask::app::{App, Options};
use xtask::database::Database;
use xtask::export::{self, Credentials, Progress, Summary, export};
use xtask::step::step;

use super::{db, up};

/// The variable with the password for a running server: arguments every user of the machine can read.
const PASSWORD: &str = "GNUHEALTH_FHIR_PASSWORD";

/// What to export, and how.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    hospital: db::Hospital,
    /// Export from this running server, not from a demo hospital
    #[arg(long, conflicts_with_all = ["gnuhealth", "patients"])]
    url: Option<String>,
    /// Who reads; of a running server with the password in GNUHEALTH_FHIR_PASSWORD, of the demo hospital doctor if not named
    #[arg(long)]
    user: Option<String>,
    /// What the files are
    #[arg(long, value_enum, default_value_t = Format::Bundles)]
    format: Format,
    /// The folder for the files, empty or not there yet
    #[arg(long)]
    output: PathBuf,
    /// These types only, separated by commas
    #[arg(long = "type", value_delimiter = ',')]
    types: Vec<String>,
    /// How many resources a bundle has at most
    #[arg(long, default_value = "500")]
    per_bundle: NonZeroUsize,
}

/// What the files are.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// Patient.ndjson, a resource a line
    Ndjson,
    /// 0001-Organization.json, bundles of the type transaction, to be sent in this order
    Bundles,
}

/// Exports from a running server, or from a demo hospital that runs as long.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    if let Some(url) = &arguments.url {
        return write(arguments, url, credentials(arguments)?);
    }
    let has_spin = std::env::var_os("SPIN_BIN").is_some();
    let database = up::prepare(&arguments.hospital, has_spin)?;
    let credentials = demo_credentials(arguments, &database)?;
    let mut options = Options::for_database(&database.url(), database.port())?;
    options.log = Some(xtask::root().join("target/export.log"));
    let app = step("Starting the app", || App::start(&options))?;
    write(arguments, &app.url(), Some(credentials))
}

fn credentials(arguments: &Arguments) -> Result<Option<Credentials>> {
    let Some(user) = arguments.user.clone() else {
        return Ok(None);
    };
    let password = std::env::var(PASSWORD);
    let password = password.with_context(|| format!("{PASSWORD} has no password of {user}"))?;
    Ok(Some(Credentials { user, password }))
}

fn demo_credentials(arguments: &Arguments, database: &Database) -> Result<Credentials> {
    let login = arguments.user.as_deref().unwrap_or("doctor");
    let mut users = database.users().into_iter();
    let user = users.find(|user| user.login == login);
    let user = user.with_context(|| format!("the demo hospital has no user {login}"))?;
    Ok(Credentials {
        user: user.login,
        password: user.password,
    })
}

fn write(arguments: &Arguments, base: &str, credentials: Option<Credentials>) -> Result<()> {
    let options = export::Options {
        base: base.to_owned(),
        credentials,
        types: arguments.types.clone(),
        format: match arguments.format {
            Format::Ndjson => export::Format::Ndjson,
            Format::Bundles => export::Format::Bundles(arguments.per_bundle),
        },
        output: arguments.output.clone(),
    };
    let mut bars = Bars::new()?;
    export(&options, &mut bars)?;
    Ok(())
}

/// A bar for the type that is being exported, on a terminal; and a line for each that is complete.
struct Bars {
    style: ProgressStyle,
    bar: ProgressBar,
}

impl Bars {
    fn new() -> Result<Self> {
        Ok(Self {
            style: ProgressStyle::with_template("{msg:<24}{wide_bar} {pos}/{len} {eta:>4}")?,
            bar: ProgressBar::hidden(),
        })
    }
}

impl Progress for Bars {
    fn begins(&mut self, name: &str, counted: u64) {
        let bar = ProgressBar::new(counted).with_style(self.style.clone());
        self.bar = bar.with_message(name.to_owned());
    }

    fn advances(&mut self, resources: u64) {
        self.bar.inc(resources);
    }

    fn ends(&mut self, summary: &Summary) {
        let elapsed = self.bar.elapsed().as_secs_f64();
        self.bar.finish_and_clear();
        println!("{}", line(summary, elapsed));
    }
}

fn line(summary: &Summary, seconds: f64) -> String {
    let Summary {
        name,
        counted,
        resources,
        files,
        bytes,
    } = summary;
    let megabytes = *bytes as f64 / 1e6;
    let note = if counted == resources {
        String::new()
    } else {
        format!("  {counted} when it began")
    };
    format!(
        "{name:<24}{resources:>9} resources{files:>6} files{megabytes:>10.2} MB{seconds:>8.1} s{note}"
    )
}
