//! Tryton itself: `tests/oracle/login.py`, which answers with trytond's own functions.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::world::{World, folder};

/// A running trytond; ends when dropped.
pub struct Oracle {
    process: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Oracle {
    /// Starts trytond, which takes seconds.
    pub fn start(world: &World) -> Self {
        let log = std::fs::File::create(folder().join("oracle.txt")).unwrap();
        let mut process = Command::new(world.database().python())
            .arg(xtask::root().join("tests/oracle/login.py"))
            .args([world.owner_url(), world.database_name()])
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONWARNINGS", "ignore")
            .env_remove("TRYTOND_CONFIG")
            .env_remove("PYTHONPATH")
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
