//! What Spin and PostgreSQL cost alone: a component that keeps its connection and runs one statement.
