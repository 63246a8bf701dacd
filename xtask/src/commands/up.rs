//! `cargo xtask up`: the server on a demo hospital.

use std::path::PathBuf;
use std::sync::mpsc::channel;

use anyhow::Result;
use clap::Args;
use xtask::app::{self, App, Options};
use xtask::components;
use xtask::database::Database;
use xtask::step::step;

use super::db;

/// How to run.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    hospital: db::Hospital,
    /// Run on this Spin (4.1 or newer) instead of the local host; also taken from SPIN_BIN
    #[arg(long)]
    spin: Option<PathBuf>,
    /// The port to serve on
    #[arg(long, default_value_t = 3000)]
    port: u16,
}

/// Builds what is needed, starts database and app, prints how to use it, and waits for Ctrl-C.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let has_spin = arguments.spin.is_some() || std::env::var_os("SPIN_BIN").is_some();
    let database = prepare(&arguments.hospital, has_spin)?;
    let (stop, stopped) = channel();
    ctrlc::set_handler(move || {
        let _ = stop.send(());
    })?;
    let mut options = Options::for_database(&database.url(), database.port())?;
    options.spin = arguments.spin.clone().or(options.spin);
    options.port = Some(arguments.port);
    let app = step("Starting the app", || App::start(&options))?;
    introduce(&app, &database);
    let _ = stopped.recv();
    eprintln!("Stopping.");
    Ok(())
}

/// Builds what is needed, and starts the database.
pub(super) fn prepare(hospital: &db::Hospital, has_spin: bool) -> Result<Database> {
    // The database takes long the first time, and mostly waits: the compiler works beside it.
    std::thread::scope(|scope| {
        let database = scope.spawn(|| hospital.start());
        let built = build(has_spin);
        let database = database
            .join()
            .unwrap_or_else(|_| Err(anyhow::anyhow!("making the database panicked")));
        built.and(database)
    })
}

fn build(has_spin: bool) -> Result<()> {
    step("Building the components", components::build)?;
    if has_spin {
        return Ok(());
    }
    step("Building the local host", app::build_host)
}

fn introduce(app: &App, database: &Database) {
    let url = app.url();
    println!("\nGNU Health FHIR R4 is served at {url}\n");
    println!("Users of the demo hospital:");
    for user in database.users() {
        println!(
            "  {:<14}{:<22}{}",
            user.login, user.password, user.description
        );
    }
    println!("\nTry:");
    println!("  curl {url}/metadata");
    if let Some(user) = database
        .users()
        .into_iter()
        .find(|user| user.login == "doctor")
    {
        let credentials = format!("{}:{}", user.login, user.password);
        println!("  curl -u '{credentials}' '{url}/Patient/1?_pretty=true'");
        println!(
            "  curl -u '{credentials}' '{url}/Patient?birthdate=ge1980&_count=5&_pretty=true'"
        );
    }
    println!("\nCtrl-C stops it.");
}
