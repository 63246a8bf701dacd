//! FHIR as the standard has it: R4 types, search dates, outcomes, XML, subsets. Knows nothing of GNU Health, Spin or SQL.

pub mod concept;
pub mod date;
pub mod json;
pub mod outcome;
pub mod r4;
pub mod subset;
pub mod text;
pub mod validate;
pub mod xml;
