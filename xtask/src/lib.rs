//! What `cargo xtask` and the black-box tests share: the demo database, the components, the running app.

pub mod database;
