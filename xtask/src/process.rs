//! What a process and its children take of the machine: `spin` serves in a process below its own.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// The resident memory of a process and its children, in bytes.
///
/// # Errors
/// If the process has ended, or the system has no `/proc`.
pub fn memory(process: u32) -> Result<u64> {
    let own = status(process)?;
    let own = field(&own, "VmRSS").unwrap_or_default() * 1024;
    let children = children(process)?;
    // One that has ended meanwhile takes nothing.
    let below = children.into_iter().map(|child| memory(child).unwrap_or(0));
    Ok(own + below.sum::<u64>())
}

fn children(process: u32) -> Result<Vec<u32>> {
    let processes = fs::read_dir("/proc").context("there is no /proc")?;
    let numbers = processes
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    Ok(numbers
        .filter(|number| {
            status(*number).is_ok_and(|text| field(&text, "PPid") == Some(u64::from(process)))
        })
        .collect())
}

fn status(process: u32) -> Result<String> {
    let path = Path::new("/proc").join(process.to_string()).join("status");
    fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))
}

fn field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let value = line.trim_start_matches(':').split_whitespace().next()?;
    value.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{field, memory};

    #[test]
    fn a_field_of_the_status_is_read() {
        let status = "Name:\thost\nPPid:\t17\nVmRSS:\t  2048 kB\n";
        assert_eq!(field(status, "PPid"), Some(17));
        assert_eq!(field(status, "VmRSS"), Some(2048));
        assert_eq!(field(status, "VmSwap"), None);
    }

    #[test]
    fn this_process_takes_memory() {
        assert!(memory(std::process::id()).is_ok_and(|bytes| bytes > 100_000));
    }
}
