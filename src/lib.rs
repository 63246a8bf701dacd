//! HL7 FHIR R4 over a live GNU Health database.
