//! The demo database: a PostgreSQL cluster with a real GNU Health in it.
