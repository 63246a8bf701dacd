//! `cargo xtask bench`: how far from the limit of PostgreSQL and Spin the app is.

mod statement;

fn main() {}
