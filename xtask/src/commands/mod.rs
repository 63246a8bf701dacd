//! The commands, one file each.

pub mod build;
pub mod clean;
pub mod db;
pub mod test;
pub mod up;
