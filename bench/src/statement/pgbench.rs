//! How many of the app's statements PostgreSQL answers in a second, asked by its own `pgbench`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use postgres::Config;
use serde::Serialize;
use xtask::database::Database;

use super::Statement;
use super::literal::in_place;

/// How many draws are used: each is a file, and pgbench takes 128 of them.
const DRAWS: usize = 20;

/// What pgbench measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Throughput {
    /// How many draws were answered in a second, by all clients together.
    pub(crate) per_second: f64,
    /// How long a draw took in the mean, in milliseconds.
    pub(crate) latency_ms: f64,
}

/// Lets clients send the statements of a draw for some seconds, a draw at random each time, as the app's role. Every statement
/// is planned once a connection. `None`: the PostgreSQL that runs came without pgbench.
pub(crate) fn run(
    database: &Database,
    draws: &[Vec<Statement>],
    clients: u32,
    seconds: u32,
) -> Result<Option<Throughput>> {
    let Some(program) = database.program("pgbench") else {
        return Ok(None);
    };
    let scripts = Scripts::write(draws)?;
    let mut command = Command::new(program);
    command
        .env("LC_ALL", "C")
        .args(["--no-vacuum", "--protocol=prepared"])
        .args(["--client", &clients.to_string()])
        .args(["--jobs", &clients.min(2).to_string()])
        .args(["--time", &seconds.to_string()])
        .stdin(Stdio::null());
    for file in &scripts.files {
        command.arg("--file").arg(file);
    }
    connect(&mut command, &database.url())?;
    let output = command.output().context("pgbench cannot be run")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "pgbench ended with {}:\n{}",
        output.status,
        said.trim()
    );
    let report = String::from_utf8_lossy(&output.stdout);
    let throughput = throughput(&report);
    throughput
        .with_context(|| format!("pgbench said:\n{report}{said}"))
        .map(Some)
}

/// Tells pgbench where to connect to; not with the password among the arguments, which every user of the machine can read.
fn connect(command: &mut Command, url: &str) -> Result<()> {
    let config: Config = url.parse()?;
    let password = config.get_password().context("the app has no password")?;
    let port = config.get_ports().first();
    let name = config.get_dbname().context("the database has no name")?;
    command
        .env("PGPASSWORD", str::from_utf8(password)?)
        .args(["--host", "127.0.0.1"])
        .args([
            "--port",
            &port.context("the server has no port")?.to_string(),
        ])
        .args([
            "--username",
            config.get_user().context("the app has no role")?,
        ])
        .arg(name);
    Ok(())
}

/// The scripts of the draws, a file each; removed when dropped.
struct Scripts {
    folder: PathBuf,
    files: Vec<PathBuf>,
}

impl Scripts {
    fn write(draws: &[Vec<Statement>]) -> Result<Self> {
        let folder = xtask::root()
            .join("target/pgbench")
            .join(std::process::id().to_string());
        let mut scripts = Self {
            folder,
            files: Vec::new(),
        };
        let draws = draws.iter().filter(|draw| !draw.is_empty());
        for (number, draw) in draws.take(DRAWS).enumerate() {
            let file = scripts.folder.join(format!("{number}.sql"));
            write(&file, &script(draw)?)?;
            scripts.files.push(file);
        }
        if scripts.files.is_empty() {
            bail!("there are no statements for pgbench");
        }
        Ok(scripts)
    }
}

impl Drop for Scripts {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn write(file: &Path, text: &str) -> Result<()> {
    let written = file.parent().map_or(Ok(()), fs::create_dir_all);
    let written = written.and_then(|()| fs::write(file, text));
    written.with_context(|| format!("{} cannot be written", file.display()))
}

fn script(draw: &[Statement]) -> Result<String> {
    let statements = draw.iter().map(|statement| {
        let sql = in_place(statement)?;
        Ok(format!("{};\n", sql.trim()))
    });
    statements.collect()
}

/// Reads the report. PostgreSQL 13 counts once with the time that connecting takes, and once without.
fn throughput(report: &str) -> Result<Throughput> {
    if let Some(failed) = between(report, "number of failed transactions: ", " ") {
        ensure!(failed? == 0.0, "there were failed transactions");
    }
    let without = " (without initial connection time)";
    let excluding = " (excluding connections establishing)";
    let per_second = between(report, "tps = ", without).or(between(report, "tps = ", excluding));
    let latency = between(report, "latency average = ", " ms");
    Ok(Throughput {
        per_second: per_second.context("no tps")??,
        latency_ms: latency.context("no latency")??,
    })
}

/// The number between two texts, on the one line that begins with the first and has the second. What is said of single
/// scripts is indented.
fn between(report: &str, before: &str, after: &str) -> Option<Result<f64>> {
    let mut found = report.lines().filter_map(|line| {
        let (number, _) = line.strip_prefix(before)?.split_once(after)?;
        Some(number)
    });
    let number = found.next()?;
    let number: Result<f64> = number.parse().context("not a number");
    Some(number.and_then(|number| {
        ensure!(found.next().is_none(), "{before}is there twice");
        ensure!(number.is_finite() && number >= 0.0, "{before}{number}");
        Ok(number)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of PostgreSQL 15, where two scripts are run.
    const REPORT: &str = "\
pgbench (15.18 (Debian 15.18-0+deb12u1))
transaction type: multiple scripts
number of transactions actually processed: 2345
number of failed transactions: 0 (0.000%)
latency average = 1.702 ms
initial connection time = 7.190 ms
tps = 1175.106716 (without initial connection time)
SQL script 1: 0.sql
 - weight: 1 (targets 50.0% of total)
 - 1170 transactions (49.9% of total, tps = 586.299000)
 - number of failed transactions: 0 (0.000%)
 - latency average = 1.800 ms
";

    #[test]
    fn the_report_of_all_scripts_is_read() {
        let expected = Throughput {
            per_second: 1_175.106_716,
            latency_ms: 1.702,
        };
        assert_eq!(throughput(REPORT).unwrap(), expected);
    }

    #[test]
    fn postgresql_13_counts_without_what_connecting_takes() {
        let report = "latency average = 0.5 ms\n\
            tps = 85.184871 (including connections establishing)\n\
            tps = 85.296346 (excluding connections establishing)\n";
        let expected = Throughput {
            per_second: 85.296_346,
            latency_ms: 0.5,
        };
        assert_eq!(throughput(report).unwrap(), expected);
    }

    #[test]
    fn a_report_that_is_not_whole_or_tells_of_failures_is_an_error() {
        let failed = REPORT.replacen("transactions: 0", "transactions: 1", 1);
        let nan = REPORT.replace("1175.106716", "nan");
        let no_latency = REPORT.replace("\nlatency average", "\nlatency");
        for report in [failed, nan, no_latency, REPORT.repeat(2), String::new()] {
            assert!(throughput(&report).is_err(), "{report}");
        }
    }

    #[test]
    fn a_script_has_a_line_for_each_statement() {
        let statement = |text: &str| Statement {
            prepare: None,
            text: text.to_owned(),
            parameters: vec![Some("a:b".to_owned())],
        };
        let draw = [statement("\nSELECT $1::text\n"), statement("SELECT 2")];
        let expected = "SELECT  E'a\\072b'::text;\nSELECT 2;\n";
        assert_eq!(script(&draw).unwrap(), expected);
    }
}
