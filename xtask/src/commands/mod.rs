//! The commands, one file each.

pub(crate) mod bench;
pub(crate) mod build;
pub(crate) mod clean;
pub(crate) mod db;
pub(crate) mod export;
pub(crate) mod test;
pub(crate) mod up;
