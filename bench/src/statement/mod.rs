//! The statements that the app sends, taken from PostgreSQL's own log, and what they cost without the app.
