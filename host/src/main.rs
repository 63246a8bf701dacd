//! A local host for development and tests: runs `spin.toml` where no Spin is installed.
//!
//! # Layout
//!
//! - `manifest`, `variables`, `allowed_hosts`, `files`: what `spin.toml` says; `runtime_config`: what the operator says beside it
//! - `compose`, `deny`: middleware in front of a component, and what it does not inherit
//! - `app`: loads all of it; `instance`: what lives as long as an instance of a component
//! - `server`, `route`, `request`: from the socket to the component
//! - `chaining`, `key_value`, `postgres`, `variables`: what a component can call
//!
//! The behaviour is Spin's; where it is not, README.md says so.

mod allowed_hosts;
mod app;
mod bindings;
mod chaining;
mod compose;
mod deny;
mod files;
mod instance;
mod key_value;
mod manifest;
mod postgres;
mod request;
mod route;
mod runtime_config;
mod server;
mod variables;

use std::{
    env, fs,
    io::{Write, stdout},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{self, ExitCode},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use clap::Parser;
use tokio::net::TcpListener;

use crate::{
    app::{App, Options},
    instance::Limits,
    manifest::Manifest,
    runtime_config::RuntimeConfig,
    variables::Variables,
};

/// Runs a Spin app locally, for development and tests. In production, run it on Spin.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The manifest of the app
    #[arg(long, short = 'f', default_value = "spin.toml")]
    from: PathBuf,
    /// Address and port to serve on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
    /// A variable: name=value, or name=@file
    #[arg(long = "variable", value_name = "NAME=VALUE")]
    variables: Vec<String>,
    /// Folder of the key-value store; without it, the store lives in memory
    #[arg(long)]
    state_dir: Option<PathBuf>,
    /// Spin's runtime configuration; of it, `[outbound_pg] max_connections` is known
    #[arg(long)]
    runtime_config_file: Option<PathBuf>,
    /// Requests that one instance serves in all
    #[arg(long, default_value_t = 128)]
    max_instance_reuse_count: usize,
    /// Requests that one instance serves at a time
    #[arg(long, default_value_t = 16)]
    max_instance_concurrent_reuse_count: usize,
    /// How long an instance without requests is kept
    #[arg(long, default_value = "1s", value_parser = parse_duration)]
    idle_instance_timeout: Duration,
    /// How long a request may take; no limit by default
    #[arg(long, value_parser = parse_duration)]
    request_timeout: Option<Duration>,
    /// Drops what the components print
    #[arg(long, short = 'q')]
    quiet: bool,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let files = Files::new();
    let served = runtime.block_on(start(arguments, &files.0));
    // What still runs is dropped: its grace is over. Dropping it closes the key-value store.
    runtime.shutdown_timeout(Duration::from_secs(1));
    served
}

async fn start(arguments: Arguments, files: &Path) -> Result<()> {
    let path = fs::canonicalize(&arguments.from)
        .with_context(|| format!("no manifest at {}", arguments.from.display()))?;
    let manifest = Manifest::load(&path)?;
    let overrides = arguments
        .variables
        .iter()
        .map(|text| variables::parse_override(text))
        .collect::<Result<Vec<_>>>()
        .context("--variable")?;
    let runtime = RuntimeConfig::load(arguments.runtime_config_file.as_deref())?;
    let options = Options {
        variables: Variables::resolve(&manifest.variables, &overrides)?,
        key_value: key_value::Store::open(arguments.state_dir.as_deref())?,
        files: files.to_owned(),
        limits: Limits {
            requests: arguments.max_instance_reuse_count,
            concurrent_requests: arguments.max_instance_concurrent_reuse_count,
            idle: arguments.idle_instance_timeout,
            request: arguments.request_timeout,
        },
        max_connections: runtime.outbound_pg.max_connections,
        quiet: arguments.quiet,
    };
    // Before the components are compiled: a port in use is known at once.
    let listener = TcpListener::bind(arguments.listen)
        .await
        .with_context(|| format!("cannot listen on {}", arguments.listen))?;
    let folder = path.parent().unwrap_or(Path::new("/"));
    let app = App::load(&manifest, folder, options).await?;
    announce(&app, listener.local_addr()?)?;
    server::serve(Arc::new(app), listener).await
}

/// Tells, also a program that waits for it, that requests are now answered.
fn announce(app: &App, address: SocketAddr) -> Result<()> {
    let mut out = stdout().lock();
    writeln!(out, "Serving http://{address}")?;
    out.flush()?;
    for (route, component) in &app.listing {
        writeln!(out, "  {component}: http://{address}{route}")?;
    }
    out.flush()?;
    Ok(())
}

/// A temporary folder for copies of the components' files; removed at the end.
struct Files(PathBuf);

impl Files {
    fn new() -> Self {
        Self(env::temp_dir().join(format!("spin-host-{}", process::id())))
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        _ = fs::remove_dir_all(&self.0);
    }
}

/// Parses `500ms`, `30s`, `2m`, or a number of seconds.
fn parse_duration(text: &str) -> Result<Duration> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits
        .parse()
        .context("expected a number with ms, s or m")?;
    Ok(match text.strip_prefix(digits) {
        Some("ms") => Duration::from_millis(number),
        Some("s" | "") => Duration::from_secs(number),
        Some("m") => Duration::from_secs(number.saturating_mul(60)),
        _ => bail!("expected a number with ms, s or m"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        for (text, expected) in [("1s", 1_000), ("500ms", 500), ("2m", 120_000), ("3", 3_000)] {
            assert_eq!(
                parse_duration(text).unwrap(),
                Duration::from_millis(expected),
                "{text}"
            );
        }
        for text in ["", "s", "1h", "-1s", "1.5s"] {
            assert!(parse_duration(text).is_err(), "accepted {text:?}");
        }
    }

    #[test]
    fn arguments_have_spins_defaults() {
        let arguments = Arguments::parse_from(["host"]);
        assert_eq!(arguments.max_instance_reuse_count, 128);
        assert_eq!(arguments.max_instance_concurrent_reuse_count, 16);
        assert_eq!(arguments.idle_instance_timeout, Duration::from_secs(1));
        assert_eq!(arguments.request_timeout, None);
    }
}
