//! `cargo xtask db`: makes the demo database.

use anyhow::Result;
use clap::Args;
use xtask::database::{Database, GnuHealth, Options};

/// Which demo hospital.
#[derive(Debug, Args)]
pub(crate) struct Hospital {
    /// The version of GNU Health: 5.0 or 4.4
    #[arg(long, default_value = "5.0")]
    gnuhealth: GnuHealth,
    /// How many patients, 60 to 100000
    #[arg(long, default_value_t = 60)]
    patients: u32,
}

impl Hospital {
    /// Starts the database, made before if it is not there yet.
    pub(crate) fn start(&self) -> Result<Database> {
        Database::start(&Options {
            gnuhealth: self.gnuhealth,
            patients: self.patients,
            ..Options::default()
        })
    }
}

/// Makes the database, and proves that it starts.
pub(crate) fn run(hospital: &Hospital) -> Result<()> {
    let database = hospital.start()?;
    println!(
        "GNU Health {} with {} patients is ready.",
        hospital.gnuhealth, hospital.patients
    );
    drop(database);
    Ok(())
}
