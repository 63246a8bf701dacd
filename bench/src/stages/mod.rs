//! What is measured, one stage per file.

pub(crate) mod against;
pub(crate) mod cold;
pub(crate) mod concurrency;
pub(crate) mod crawl;
pub(crate) mod growth;
pub(crate) mod limit;
