//! The progress bar. Its length is the planned time.

use std::time::Duration;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};

/// A bar on stderr; nothing where that is no terminal but the names of the stages.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    pub(crate) fn new(planned: Duration) -> Result<Self> {
        let bar = ProgressBar::new(millis(planned));
        let style = "{bar:30} {percent:>3} %  {elapsed} of about {eta_precise} more  {wide_msg}";
        bar.set_style(ProgressStyle::with_template(style)?);
        bar.enable_steady_tick(Duration::from_millis(500));
        Ok(Self(bar))
    }

    /// Says what is done next.
    pub(crate) fn next(&self, what: impl Into<String>) {
        self.0.set_message(what.into());
    }

    /// So much of the planned time is over.
    pub(crate) fn spent(&self, planned: Duration) {
        self.0.inc(millis(planned));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
