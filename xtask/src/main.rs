//! Everything a person runs: `cargo xtask up | test | build | db | clean`.

fn main() {}
