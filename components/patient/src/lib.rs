//! The patient component.
