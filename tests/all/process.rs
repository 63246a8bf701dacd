//! Programs that are given lines, and print lines.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Runs a program that is given these lines; what it prints.
pub fn piped(command: &mut Command, lines: impl Iterator<Item = String> + Send) -> String {
    let mut process = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?} cannot be run: {error}"));
    let mut input = process.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        // Beside reading, or both sides would wait for each other when their pipes are full.
        scope.spawn(move || {
            for line in lines {
                writeln!(input, "{line}").unwrap();
            }
        });
        process.wait_with_output().unwrap()
    });
    assert!(output.status.success(), "{command:?}: {}", output.status);
    String::from_utf8(output.stdout).expect("a program prints UTF-8")
}

/// What a validator says: its lines, of which the last tells how many it checked.
pub fn problems(printed: &str, least: usize) -> Vec<String> {
    let mut lines: Vec<String> = printed.lines().map(str::to_owned).collect();
    let checked: usize = lines
        .pop()
        .and_then(|last| last.strip_prefix("checked ")?.parse().ok())
        .expect("the validator says how many it checked");
    assert!(checked >= least, "{checked} of {least} checked");
    lines
}

/// A Python with the packages of tests/clients/requirements.txt, and nothing of the demo.
pub fn python() -> Command {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    let python = PYTHON.get_or_init(|| match xtask::database::clients_python() {
        Ok(path) => path,
        Err(error) => panic!("{error:#}"),
    });
    let mut command = Command::new(python);
    command
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env_remove("PYTHONPATH");
    command
}
