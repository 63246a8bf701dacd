//! trytond itself, asked what is right: scripts in `tests/oracle`, run by the Python that has GNU Health.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::world::{World, folder};

/// A script, which is told the address of the database.
pub fn script(world: &World, name: &str) -> Command {
    let mut command = Command::new(world.python());
    command
        .arg(xtask::root().join("tests/oracle").join(name))
        .arg(world.owner_url())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONWARNINGS", "ignore")
        .env_remove("TRYTOND_CONFIG")
        .env_remove("PYTHONPATH")
        .stdin(Stdio::null());
    command
}

/// What a script prints as one JSON value.
pub fn ask(world: &World, name: &str, arguments: &[&str]) -> Value {
    let printed = text(world, name, arguments);
    serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{name} {arguments:?}: {error}"))
}

/// What a script prints.
pub fn text(world: &World, name: &str, arguments: &[&str]) -> String {
    let output = script(world, name)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{name} cannot be run: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} {arguments:?}: {errors}");
    String::from_utf8(output.stdout).expect("a script prints UTF-8")
}

/// A running trytond that answers about signing in (`tests/oracle/login.py`); ends when dropped.
pub struct Oracle {
    process: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Oracle {
    /// Starts trytond, which takes seconds.
    pub fn start(world: &World) -> Self {
        let log = std::fs::File::create(folder().join("oracle.txt")).unwrap();
        let mut process = script(world, "login.py")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the Python of the demo starts");
        Self {
            questions: process.stdin.take().unwrap(),
            answers: BufReader::new(process.stdout.take().unwrap()),
            process,
        }
    }

    /// Asks a question; see the script for those that there are.
    pub fn ask(&mut self, question: &Value) -> Value {
        writeln!(self.questions, "{question}").expect("trytond listens");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap_or_else(|error| {
            panic!("{error} after {question}; see oracle.txt beside the logs")
        });
        assert_eq!(answer.get("error"), None, "{question}");
        answer
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
