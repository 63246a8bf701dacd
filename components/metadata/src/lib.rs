//! The metadata component.
