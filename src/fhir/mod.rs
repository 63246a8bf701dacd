//! FHIR as the standard has it: R4 types, search dates, outcomes. Knows nothing of GNU Health, Spin or SQL.

pub mod concept;
pub mod date;
pub mod outcome;
pub mod r4;
pub mod text;
