//! codegen

fn main() {}
