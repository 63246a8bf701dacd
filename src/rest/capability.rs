//! The CapabilityStatement: exactly what works in this installation (R4, RESTful API, section "capabilities").

use std::collections::BTreeSet;

use crate::fhir::concept::{coding, concept};
use crate::fhir::r4::{
    Canonical, CapabilityStatement, CapabilityStatementImplementation, CapabilityStatementKind,
    CapabilityStatementRest, CapabilityStatementRestInteraction, CapabilityStatementRestResource,
    CapabilityStatementRestResourceInteraction, CapabilityStatementRestResourceOperation,
    CapabilityStatementRestResourceSearchParam, CapabilityStatementRestSecurity,
    CapabilityStatementSoftware, DateTime, FhirVersion, InvalidPrimitive, PublicationStatus,
    ResourceVersionPolicy, RestfulCapabilityMode, SearchParamType, SystemRestfulInteraction,
    TerminologyCapabilities, TerminologyCapabilitiesImplementation,
    TerminologyCapabilitiesSoftware, TypeRestfulInteraction,
};
use crate::resource;
use crate::search::criterion::Grammar;
use crate::search::declaration::Declaration;
use crate::search::include;
use crate::search::parameter::{Kind, Parameter};

/// When what this statement can say was last changed.
const CHANGED: &str = "2026-11-26";

/// The formats, by media type and by their short name. No patch format: nothing is written.
const FORMATS: [&str; 4] = [
    "application/fhir+json",
    "json",
    "application/fhir+xml",
    "xml",
];

/// What a statement says of this server beside what it serves.
#[derive(Debug)]
pub struct Server<'a> {
    /// Its base URL.
    pub base: &'a str,
    /// The modules of GNU Health that are activated.
    pub modules: &'a [String],
    /// Whether web applications of other origins are served.
    pub cors: bool,
}

/// The name of the software.
const SOFTWARE: &str = "GNU Health FHIR";

impl Server<'_> {
    fn description(&self) -> String {
        let what = "HL7 FHIR R4 over a live GNU Health database";
        match self.modules {
            [] => what.to_owned(),
            modules => format!("{what}; activated modules: {}", modules.join(", ")),
        }
    }
}

/// Describes the server, which serves the resource types given.
///
/// # Errors
/// None in practice: the date is a constant.
pub fn statement(
    server: &Server<'_>,
    served: &[&'static Declaration],
) -> Result<CapabilityStatement, InvalidPrimitive> {
    let empty = CapabilityStatement::new(
        PublicationStatus::Active,
        DateTime::parse(CHANGED)?,
        CapabilityStatementKind::Instance,
        FhirVersion::V4_0_1,
        FORMATS.map(str::to_owned).to_vec(),
    );
    let version = Some(env!("CARGO_PKG_VERSION").to_owned());
    let software = CapabilityStatementSoftware {
        version,
        ..CapabilityStatementSoftware::new(SOFTWARE)
    };
    let implementation = CapabilityStatementImplementation {
        url: Some(server.base.to_owned()),
        ..CapabilityStatementImplementation::new(server.description())
    };
    let rest = CapabilityStatementRest {
        security: Some(security(server.cors)),
        interaction: system_interactions(),
        compartment: compartments(served),
        resource: served
            .iter()
            .map(|declaration| described(declaration, served))
            .collect(),
        ..CapabilityStatementRest::new(RestfulCapabilityMode::Server)
    };
    Ok(CapabilityStatement {
        software: Some(software),
        implementation: Some(implementation),
        rest: vec![rest],
        ..empty
    })
}

/// Describes what the server knows of terminologies: nothing that a client could ask for.
///
/// # Errors
/// As [`statement`].
pub fn terminology(server: &Server<'_>) -> Result<TerminologyCapabilities, InvalidPrimitive> {
    let software = TerminologyCapabilitiesSoftware {
        version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        ..TerminologyCapabilitiesSoftware::new(SOFTWARE)
    };
    let implementation = TerminologyCapabilitiesImplementation {
        url: Some(server.base.to_owned()),
        ..TerminologyCapabilitiesImplementation::new(server.description())
    };
    Ok(TerminologyCapabilities {
        description: Some(TERMINOLOGY.to_owned()),
        software: Some(software),
        implementation: Some(implementation),
        ..TerminologyCapabilities::new(
            PublicationStatus::Active,
            DateTime::parse(CHANGED)?,
            CapabilityStatementKind::Instance,
        )
    })
}

const TERMINOLOGY: &str = "No code systems, value sets or concept maps are served, and no operation on them. Codes are \
    those that GNU Health holds, in standard systems where its data is standard; search knows the hierarchy of ICD \
    codes (modifiers above and below).";

fn security(cors: bool) -> CapabilityStatementRestSecurity {
    let system = "http://terminology.hl7.org/CodeSystem/restful-security-service";
    let basic = coding(system, "Basic", Some("Basic".to_owned()));
    CapabilityStatementRestSecurity {
        cors: Some(cors),
        service: vec![concept(Some(basic), None)],
        description: Some(CREDENTIALS.to_owned()),
        ..CapabilityStatementRestSecurity::default()
    }
}

/// What is served beside the resource types.
fn system_interactions() -> Vec<CapabilityStatementRestInteraction> {
    [
        (SystemRestfulInteraction::Batch, BATCH),
        (SystemRestfulInteraction::SearchSystem, SEARCH),
    ]
    .map(|(code, documentation)| CapabilityStatementRestInteraction {
        documentation: Some(documentation.to_owned()),
        ..CapabilityStatementRestInteraction::new(code)
    })
    .to_vec()
}

const BATCH: &str = "Entries that read: GET and HEAD of anything that is served, and POST of a search. At most 100 entries.";

const SEARCH: &str = "The types that are searched are named in _type, else all are; results come type by type. A type that the \
    user may not read is left out and named in an OperationOutcome. Results of several types cannot be sorted.";

/// The compartments in which a type can be searched.
fn compartments(served: &[&Declaration]) -> Vec<Canonical> {
    let declared = served.iter().flat_map(|served| served.compartments);
    let is_served = |name: &str| served.iter().any(|served| served.name == name);
    let names: BTreeSet<&str> = declared
        .map(|(name, _)| *name)
        .filter(|name| is_served(name))
        .collect();
    names
        .into_iter()
        .map(|name| {
            let id = name.to_ascii_lowercase();
            format!("http://hl7.org/fhir/CompartmentDefinition/{id}")
        })
        .collect()
}

/// Which credentials are accepted.
const CREDENTIALS: &str = "Users sign in with the user name and password that they have in GNU Health. Accepted: HTTP \
    Basic; a bearer token, which POST /auth/token gives for user name and password (RFC 6749, section 4.3) and POST \
    /auth/revoke ends (RFC 7009); the session of a Tryton client (Authorization: Session); the key of a user application \
    of Tryton, as a bearer token; and the cookie of /auth/login. After failed attempts the answer is 429 with Retry-After, \
    under the rules of Tryton.";

fn described(
    declaration: &'static Declaration,
    served: &[&'static Declaration],
) -> CapabilityStatementRestResource {
    let grammar = Grammar {
        declaration,
        types: resource::ALL,
    };
    let starts_here = |include: &String| {
        let mut served = served.iter();
        include == "*" || served.any(|from| include.split(':').next() == Some(from.name))
    };
    let mut reverse = include::supported(grammar, true);
    reverse.retain(starts_here);
    let interaction = [
        TypeRestfulInteraction::Read,
        TypeRestfulInteraction::Vread,
        TypeRestfulInteraction::HistoryInstance,
        TypeRestfulInteraction::SearchType,
    ];
    CapabilityStatementRestResource {
        profile: Some(format!(
            "http://hl7.org/fhir/StructureDefinition/{}",
            declaration.name
        )),
        documentation: Some(declaration.documentation.to_owned()),
        interaction: interaction
            .map(CapabilityStatementRestResourceInteraction::new)
            .to_vec(),
        versioning: Some(ResourceVersionPolicy::Versioned),
        read_history: Some(false),
        update_create: Some(false),
        conditional_create: Some(false),
        conditional_update: Some(false),
        search_include: include::supported(grammar, false),
        search_rev_include: reverse,
        operation: vec![validation()],
        search_param: declaration.all_parameters().map(search_parameter).collect(),
        ..CapabilityStatementRestResource::new(declaration.name)
    }
}

/// The one operation.
fn validation() -> CapabilityStatementRestResourceOperation {
    CapabilityStatementRestResourceOperation {
        documentation: Some(VALIDATION.to_owned()),
        ..CapabilityStatementRestResourceOperation::new("validate", VALIDATE)
    }
}

const VALIDATE: &str = "http://hl7.org/fhir/OperationDefinition/Resource-validate";

const VALIDATION: &str = "POST [type]/$validate and [type]/[id]/$validate, with the resource or Parameters as JSON or XML. \
    Checked are elements, cardinalities, types, formats of primitives, required bindings, target types of references and the \
    narrative. Not checked are profiles, other bindings, and invariants but those of every element, extension, reference and \
    contained resource.";

fn search_parameter(parameter: &Parameter) -> CapabilityStatementRestResourceSearchParam {
    let kind = match parameter.kind {
        Kind::Token => SearchParamType::Token,
        Kind::String => SearchParamType::String,
        Kind::Date => SearchParamType::Date,
        Kind::Quantity => SearchParamType::Quantity,
        Kind::Reference => SearchParamType::Reference,
        Kind::Composite(_) => SearchParamType::Composite,
    };
    CapabilityStatementRestResourceSearchParam {
        definition: Some(parameter.url()),
        documentation: Some(parameter.documentation.to_owned()),
        ..CapabilityStatementRestResourceSearchParam::new(parameter.name, kind)
    }
}
