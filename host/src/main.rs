//! host

fn main() {}
