//! DiagnosticReport: reports of the laboratory, and results of imaging.

mod imaging;
mod laboratory;
mod parameters;

use serde::Deserialize;

use crate::fhir::concept::{coding, concept};
use crate::fhir::r4::{self, CodeableConcept, Identifier};
use crate::fhir::text::is_code;
use crate::search::declaration::Declaration;

use super::person::filled;
use super::{Record, Resource};

/// The resource type DiagnosticReport.
pub struct DiagnosticReport;

/// What the resource type is.
pub static DECLARATION: Declaration = Declaration {
    name: "DiagnosticReport",
    sources: &[laboratory::SOURCE, imaging::SOURCE],
    parameters: parameters::PARAMETERS,
    compartments: &[("Patient", "subject"), ("Practitioner", "performer")],
    documentation: "Reports of the laboratory (gnuhealth.lab), and results of imaging (gnuhealth.imaging.test.result).",
};

impl Resource for DiagnosticReport {
    const DECLARATION: &'static Declaration = &DECLARATION;
    type Fhir = r4::DiagnosticReport;

    fn render(json: &str, record: &Record<'_>) -> serde_json::Result<r4::DiagnosticReport> {
        if record.source.prefix == imaging::PREFIX {
            imaging::render(json, record)
        } else {
            laboratory::render(json, record)
        }
    }
}

/// The system of diagnostic services (R4's value set diagnostic-service-sections).
const SECTIONS: &str = "http://terminology.hl7.org/CodeSystem/v2-0074";

fn section(code: &str) -> CodeableConcept {
    let display = match code {
        "RAD" => "Radiology",
        "CH" => "Chemistry",
        "GE" => "Genetics",
        "HM" => "Hematology",
        "IMM" => "Immunology",
        "MB" => "Microbiology",
        _ => "Laboratory",
    };
    concept(Some(coding(SECTIONS, code, Some(display.to_owned()))), None)
}

/// A kind of test, by a code of the hospital's own.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Test {
    code: Option<String>,
    name: Option<String>,
    category: Option<String>,
    r#type: Option<Box<Test>>,
}

impl Test {
    fn concept(&self, system: &str, record: &Record<'_>) -> Option<CodeableConcept> {
        let name = filled(self.name.as_ref());
        let code = self.code.as_ref().filter(|code| is_code(code));
        let coding = code.map(|code| coding(&record.system(system), code.as_str(), name.clone()));
        (coding.is_some() || name.is_some()).then(|| concept(coding, name))
    }
}

/// The code is required; where the user may not read it, this text stands in.
fn code(test: Option<&Test>, system: &str, text: &str, record: &Record<'_>) -> CodeableConcept {
    let known = test.and_then(|test| test.concept(system, record));
    known.unwrap_or_else(|| concept(None, Some(text.to_owned())))
}

fn identifier(value: Option<&String>, system: &str, record: &Record<'_>) -> Vec<Identifier> {
    let value = filled(value).into_iter();
    value
        .map(|value| Identifier {
            system: Some(record.system(system)),
            value: Some(value),
            ..Identifier::default()
        })
        .collect()
}
