//! The machine that everything was measured on.

use std::fs;
use std::process::Command;

use anyhow::Result;
use serde::Serialize;
use xtask::app;

use crate::hospital::Hospital;

/// What numbers depend on.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) memory_gb: f64,
    pub(crate) kernel: String,
    pub(crate) postgresql: String,
    pub(crate) host: String,
    /// The state of the code.
    pub(crate) commit: String,
    /// The load average of the last minute before: what else was running.
    pub(crate) load_before: f64,
}

impl Machine {
    pub(crate) fn describe(hospital: &Hospital) -> Result<Self> {
        let mut owner = hospital.owner()?;
        let mut show = |what: &str| -> Result<String> {
            Ok(owner.query_one(&format!("SHOW {what}"), &[])?.get(0))
        };
        Ok(Self {
            processor: field("/proc/cpuinfo", "model name").unwrap_or_else(unknown),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory_gb: memory().unwrap_or_default(),
            kernel: line("/proc/sys/kernel/osrelease"),
            postgresql: show("server_version")?,
            host: host(hospital)?,
            commit: commit(),
            load_before: load(),
        })
    }
}

/// The load average of the last minute.
pub(crate) fn load() -> f64 {
    let text = line("/proc/loadavg");
    let first = text.split_whitespace().next();
    first.and_then(|text| text.parse().ok()).unwrap_or_default()
}

fn host(hospital: &Hospital) -> Result<String> {
    let options = hospital.options("app")?;
    let what = if options.spin.is_some() {
        "Spin"
    } else {
        "the local host"
    };
    let version = output(Command::new(app::program(&options)).arg("--version"));
    Ok(format!("{what}: {}", version.unwrap_or_else(unknown)))
}

fn commit() -> String {
    let mut git = Command::new("git");
    git.current_dir(xtask::root());
    output(git.args(["describe", "--always", "--dirty"])).unwrap_or_else(unknown)
}

fn output(command: &mut Command) -> Option<String> {
    let output = command
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().next().map(str::to_owned)
}

fn unknown() -> String {
    "unknown".to_owned()
}

fn line(path: &str) -> String {
    fs::read_to_string(path).map_or_else(|_| unknown(), |text| text.trim().to_owned())
}

fn memory() -> Option<f64> {
    let kilobytes = field("/proc/meminfo", "MemTotal")?;
    let kilobytes: f64 = kilobytes.split_whitespace().next()?.parse().ok()?;
    Some((kilobytes * 1024.0 / 1e8).round() / 10.0)
}

fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}
