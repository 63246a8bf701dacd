//! What PostgreSQL writes into its log under `log_statement = all`.
//!
//! Each message begins with the prefix, and has as many lines as its text: after each line feed PostgreSQL puts a tab
//! (`append_with_tabs` in elog.c). A message and its `DETAIL` are written at once, before the statement runs; so when the
//! app has answered, all that it sent is there. Formats that need no such care are not for us: `csvlog` needs the logging
//! collector, hence another start of the server, and `jsonlog` came with PostgreSQL 15.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// What each message begins with: the process, and its role.
pub(super) const PREFIX: &str = "[%p] %u ";

/// A statement as the log has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    /// What was sent.
    pub(super) text: String,
    /// The values of `$1`…
    pub(super) parameters: Vec<Option<String>>,
}

/// A log file, read as it grows.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    read: u64,
}

impl Log {
    /// The log from here on.
    pub(super) fn from_now(path: &Path) -> Result<Self> {
        let file = std::fs::metadata(path);
        let file = file.with_context(|| format!("{} cannot be read", path.display()))?;
        Ok(Self {
            path: path.to_owned(),
            read: file.len(),
        })
    }

    /// What a role sent since this was asked the last time.
    pub(super) fn sent_by(&mut self, role: &str) -> Result<Vec<Sent>> {
        let mut bytes = Vec::new();
        let read = File::open(&self.path).and_then(|mut file| {
            file.seek(SeekFrom::Start(self.read))?;
            file.read_to_end(&mut bytes)
        });
        read.with_context(|| format!("{} cannot be read", self.path.display()))?;
        // A message that is not wholly there yet is left for the next time.
        let whole = bytes.iter().rposition(|byte| *byte == b'\n');
        bytes.truncate(whole.map_or(0, |last| last + 1));
        self.read += bytes.len() as u64;
        statements(&String::from_utf8_lossy(&bytes), role)
    }
}

/// A message of the log.
struct Message<'t> {
    process: &'t str,
    role: &'t str,
    level: &'t str,
    text: String,
}

/// What a role sent, in the order of the log.
fn statements(log: &str, role: &str) -> Result<Vec<Sent>> {
    let mut sent: Vec<Sent> = Vec::new();
    let mut last = "";
    for message in messages(log) {
        if message.role != role {
            continue;
        }
        match (message.level, statement(&message.text), sent.last_mut()) {
            ("LOG", Some(text), _) => {
                sent.push(Sent {
                    text: text.to_owned(),
                    parameters: Vec::new(),
                });
                last = message.process;
            }
            ("DETAIL", _, Some(sent)) if message.process == last => {
                if let Some(list) = parameter_list(&message.text) {
                    sent.parameters = parameters(list)?;
                }
            }
            // The details of errors, and what else there is, tell nothing of statements.
            _ => last = "",
        }
    }
    Ok(sent)
}

fn messages(log: &str) -> Vec<Message<'_>> {
    let mut messages: Vec<Message<'_>> = Vec::new();
    let mut open = false;
    // Not `lines`: a carriage return before a line feed belongs to the text.
    for line in log.strip_suffix('\n').unwrap_or(log).split('\n') {
        match (line.strip_prefix('\t'), messages.last_mut()) {
            (Some(more), Some(message)) if open => {
                message.text.push('\n');
                message.text.push_str(more);
            }
            _ => {
                let message = begin(line);
                open = message.is_some();
                messages.extend(message);
            }
        }
    }
    messages
}

/// The first line of a message that has our prefix.
fn begin(line: &str) -> Option<Message<'_>> {
    let (process, rest) = line.strip_prefix('[')?.split_once("] ")?;
    let (role, rest) = rest.split_once(' ')?;
    let (level, text) = rest.split_once(":  ")?;
    let is_one = process.bytes().all(|byte| byte.is_ascii_digit())
        && level.bytes().all(|byte| byte.is_ascii_uppercase());
    is_one.then(|| Message {
        process,
        role,
        level,
        text: text.to_owned(),
    })
}

/// The statement of a message, of the extended protocol (`execute <name>: …`) or the simple one (`statement: …`).
fn statement(message: &str) -> Option<&str> {
    if let Some(text) = message.strip_prefix("statement: ") {
        return Some(text);
    }
    let (_, text) = message.strip_prefix("execute ")?.split_once(": ")?;
    Some(text)
}

/// Newer servers write the word with a capital.
fn parameter_list(detail: &str) -> Option<&str> {
    let list = detail.strip_prefix("parameters: ");
    list.or_else(|| detail.strip_prefix("Parameters: "))
}

/// `$1 = 'it''s', $2 = NULL`, whose values may hold anything.
fn parameters(list: &str) -> Result<Vec<Option<String>>> {
    let mut values = Vec::new();
    let mut rest = list;
    loop {
        let expected = format!("${} = ", values.len() + 1);
        let value = rest.strip_prefix(&expected);
        let value = value.with_context(|| format!("no {expected}in a list of parameters"))?;
        let (value, after) = if let Some(after) = value.strip_prefix("NULL") {
            (None, after)
        } else {
            let (value, after) = quoted(value)?;
            (Some(value), after)
        };
        values.push(value);
        if after.is_empty() {
            return Ok(values);
        }
        let next = after.strip_prefix(", ");
        rest = next.context("something follows a parameter that is not another one")?;
    }
}

/// A value in quotes, those within doubled; and what follows it.
fn quoted(text: &str) -> Result<(String, &str)> {
    let mut rest = text
        .strip_prefix('\'')
        .context("a parameter without quotes")?;
    let mut value = String::new();
    loop {
        let (part, after) = rest
            .split_once('\'')
            .context("a parameter without an end")?;
        value.push_str(part);
        match after.strip_prefix('\'') {
            Some(after) => {
                value.push('\'');
                rest = after;
            }
            None => return Ok((value, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(text: &str, parameters: &[Option<&str>]) -> Sent {
        let parameters = parameters.iter().map(|value| value.map(str::to_owned));
        Sent {
            text: text.to_owned(),
            parameters: parameters.collect(),
        }
    }

    /// Of PostgreSQL 15, with shorter statements and other values.
    const LOG: &str = concat!(
        "2026-11-26 05:11:41.637 UTC [19656] LOG:  database system is ready to accept connections\n",
        "2026-11-26 05:11:42.945 UTC [19656] LOG:  parameter \"max_connections\" cannot be changed\n",
        "[19656]  LOG:  parameter \"log_line_prefix\" changed to \"[%p] %u \"\n",
        "2026-11-26 05:11:43.022 UTC [19690] FATAL:  terminating connection due to administrator command\n",
        "[19694] gnuhealth_fhir LOG:  execute s10: PREPARE gnuhealth_fhir_0c(bigint) AS SELECT a1.\"id\" AS \"id\"\n",
        "[19694] gnuhealth_fhir LOG:  execute s11: EXECUTE gnuhealth_fhir_0c(1)\n",
        "[19694] gnuhealth_fhir LOG:  execute <unnamed>: SELECT p.s: x FROM p WHERE a = $1::text\n",
        "[19694] gnuhealth_fhir DETAIL:  parameters: $1 = '% be%', $2 = NULL, $3 = '{1,\"a b\"}'\n",
        "[19699] gnuhealth_fhir LOG:  execute s15: \n",
        "\tWITH clock AS (SELECT now()),\n",
        "\t    of_login AS (SELECT 1)\n",
        "\t\tSELECT 2\n",
        "\t\n",
        "[19699] gnuhealth_fhir DETAIL:  parameters: $1 = 'it''s, $2 = ''x''', $2 = '', $3 = 'two\r\n",
        "\t[1] gnuhealth_fhir LOG:  execute s1: lines'\n",
        "[19702] gnuhealth LOG:  statement: SELECT of_another()\n",
        "[19703] gnuhealth_fhir ERROR:  invalid input syntax for type bigint: \"x\"\n",
        "[19703] gnuhealth_fhir DETAIL:  parameters: $1 = 'of no statement'\n",
        "[19703] gnuhealth_fhir STATEMENT:  SELECT 'x'::bigint\n",
        "[19703] gnuhealth_fhir LOG:  statement: SELECT 3\n",
    );

    #[test]
    fn what_a_role_sent_is_read_in_order() {
        let prepare = "PREPARE gnuhealth_fhir_0c(bigint) AS SELECT a1.\"id\" AS \"id\"";
        let clock = "\nWITH clock AS (SELECT now()),\n    of_login AS (SELECT 1)\n\tSELECT 2\n";
        let lines = "two\r\n[1] gnuhealth_fhir LOG:  execute s1: lines";
        assert_eq!(
            statements(LOG, "gnuhealth_fhir").unwrap(),
            [
                sent(prepare, &[]),
                sent("EXECUTE gnuhealth_fhir_0c(1)", &[]),
                sent(
                    "SELECT p.s: x FROM p WHERE a = $1::text",
                    &[Some("% be%"), None, Some("{1,\"a b\"}")]
                ),
                sent(clock, &[Some("it's, $2 = 'x'"), Some(""), Some(lines)]),
                sent("SELECT 3", &[]),
            ]
        );
        let of_another = [sent("SELECT of_another()", &[])];
        assert_eq!(statements(LOG, "gnuhealth").unwrap(), of_another);
    }

    #[test]
    fn newer_servers_write_the_word_with_a_capital() {
        let values = parameter_list("Parameters: $1 = '7'").map(parameters);
        assert_eq!(values.unwrap().unwrap(), [Some("7".to_owned())]);
        assert_eq!(parameter_list("Key (id)=(1) already exists."), None);
    }

    #[test]
    fn a_broken_list_of_parameters_is_an_error() {
        let broken = [
            "",
            "$2 = '1'",
            "$1 = 1",
            "$1 = '1",
            "$1 = '1' $2 = '2'",
            "$1 = '1', ",
        ];
        for list in broken {
            assert!(parameters(list).is_err(), "{list}");
        }
    }

    #[test]
    fn a_message_that_is_being_written_is_left_for_the_next_time() {
        let path = std::env::temp_dir().join(format!("gnuhealth-fhir-log-{}", std::process::id()));
        std::fs::write(&path, "[1] app LOG:  statement: SELECT 0\n").unwrap();
        let mut log = Log::from_now(&path).unwrap();
        let mut file = File::options().append(true).open(&path).unwrap();
        let mut write = |text: &str| std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
        write("[1] app LOG:  statement: SELECT 1\n[1] app LOG:  stat");
        assert_eq!(log.sent_by("app").unwrap(), [sent("SELECT 1", &[])]);
        write("ement: SELECT 2\n");
        assert_eq!(log.sent_by("app").unwrap(), [sent("SELECT 2", &[])]);
        assert_eq!(log.sent_by("app").unwrap(), []);
        std::fs::remove_file(&path).unwrap();
    }
}
