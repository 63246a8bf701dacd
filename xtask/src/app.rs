//! The app, running: on the local host, or on Spin where `SPIN_BIN` points to one.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::root;
use crate::step::{cargo, run};

/// How long the app may take until it answers. Compiling the components for the first time takes most of it.
const START: Duration = Duration::from_secs(180);

/// How long to wait before asking again whether it answers: the benchmark measures how long a start takes.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// How long the app may take to stop.
const STOP: Duration = Duration::from_secs(10);

/// How the app is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// The manifest; relative to the root of the workspace.
    pub manifest: PathBuf,
    /// The port on loopback; `None`: a free one.
    pub port: Option<u16>,
    /// The variables of `spin.toml`.
    pub variables: Vec<(String, String)>,
    /// The Spin binary; `None`: the local host.
    pub spin: Option<PathBuf>,
    /// A folder of its own for the key-value store.
    pub state: PathBuf,
    /// Spin's runtime configuration; relative to the root of the workspace.
    pub runtime_config: Option<PathBuf>,
    /// Where the output of the app goes; `None`: to the terminal.
    pub log: Option<PathBuf>,
    /// Environment variables beside those of the app's variables.
    pub environment: Vec<(String, String)>,
}

impl Options {
    /// The usual variables for a database: its address, a new secret.
    ///
    /// # Errors
    /// If the system gives no randomness.
    pub fn for_database(url: &str, port: u16) -> Result<Self> {
        let variables = [
            ("database_url", url.to_owned()),
            ("database_host", format!("127.0.0.1:{port}")),
            ("secret_key", random_secret()?),
        ];
        Ok(Self {
            manifest: PathBuf::from("spin.toml"),
            port: None,
            variables: variables
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
            spin: std::env::var_os("SPIN_BIN").map(PathBuf::from),
            state: root()
                .join("target/app-state")
                .join(std::process::id().to_string()),
            runtime_config: Some(PathBuf::from("deploy/runtime-config.toml")),
            log: None,
            environment: Vec::new(),
        })
    }

    /// The same with a variable set.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// A random secret of 64 hexadecimal digits.
fn random_secret() -> Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).context("the system gives no randomness")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Builds the local host, which is not needed where Spin is.
///
/// # Errors
/// If it does not compile.
pub fn build_host() -> Result<()> {
    run(&mut cargo(&["build", "--release", "--package", "host"]))
}

/// The running app; stops when dropped.
#[derive(Debug)]
pub struct App {
    process: Child,
    port: u16,
    state: PathBuf,
}

impl App {
    /// Starts the app and waits until it answers.
    ///
    /// # Errors
    /// If it cannot be started, ends, or does not answer in time.
    pub fn start(options: &Options) -> Result<Self> {
        let port = options.port.map_or_else(free_port, Ok)?;
        std::fs::create_dir_all(&options.state)?;
        let mut command = command(options, port);
        if let Some(path) = &options.log {
            let log = File::options().create(true).append(true).open(path)?;
            command.stdout(log.try_clone()?).stderr(log);
        } else {
            command.stdout(Stdio::null());
        }
        let process = command.spawn().context("the app cannot be started")?;
        let mut app = Self {
            process,
            port,
            state: options.state.clone(),
        };
        app.wait_until_it_answers()?;
        Ok(app)
    }

    /// The base URL, without a trailing slash.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The port on loopback.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process that serves.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.process.id()
    }

    fn wait_until_it_answers(&mut self) -> Result<()> {
        let started = Instant::now();
        let url = format!("{}/health/live", self.url());
        let agent = ureq::Agent::new_with_config(
            ureq::Agent::config_builder()
                .timeout_global(Some(Duration::from_secs(5)))
                .http_status_as_error(false)
                .build(),
        );
        while started.elapsed() < START {
            if agent
                .get(&url)
                .call()
                .is_ok_and(|response| response.status().as_u16() < 500)
            {
                return Ok(());
            }
            if let Some(status) = self.process.try_wait()? {
                bail!("the app ended with {status}");
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        bail!(
            "the app did not answer at {url} within {} s",
            START.as_secs()
        )
    }
}

impl Drop for App {
    fn drop(&mut self) {
        // SIGTERM, so that it can finish what it is doing; std knows SIGKILL only.
        let _ = Command::new("kill")
            .arg(self.process.id().to_string())
            .stderr(Stdio::null())
            .status();
        let asked = Instant::now();
        while asked.elapsed() < STOP && matches!(self.process.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.state);
    }
}

fn command(options: &Options, port: u16) -> Command {
    let mut command = match &options.spin {
        Some(spin) => {
            let mut command = Command::new(spin);
            command.arg("up");
            command
        }
        None => Command::new(host()),
    };
    command
        .current_dir(root())
        .arg("--from")
        .arg(&options.manifest)
        .arg("--listen")
        .arg(format!("127.0.0.1:{port}"));
    command.arg("--state-dir").arg(&options.state);
    if let Some(file) = &options.runtime_config {
        command.arg("--runtime-config-file").arg(root().join(file));
    }
    // Not as arguments, which every user of the machine can read.
    for (name, value) in &options.variables {
        command.env(format!("SPIN_VARIABLE_{}", name.to_uppercase()), value);
    }
    for (name, value) in &options.environment {
        command.env(name, value);
    }
    command.stdin(Stdio::null());
    command
}

/// The program that serves: Spin, or the local host.
#[must_use]
pub fn program(options: &Options) -> PathBuf {
    options.spin.clone().unwrap_or_else(host)
}

fn host() -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    Path::new(&target)
        .join("release")
        .join(format!("host{}", std::env::consts::EXE_SUFFIX))
}

fn free_port() -> Result<u16> {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port on loopback")?;
    Ok(listener.local_addr()?.port())
}
