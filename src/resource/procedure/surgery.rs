//! Surgeries: `gnuhealth.surgery`, with the team, the complications and what was used.

use serde::Deserialize;

use crate::fhir::concept::{coding, concept};
use crate::fhir::r4::{
    Annotation, CodeableConcept, DataAbsentReason, Extension, ExtensionValue, Identifier,
    Procedure, ProcedurePerformer, Reference,
};
use crate::resource::absent;
use crate::resource::pathology::{PATHOLOGY, Pathology};
use crate::resource::person::{
    INSTITUTION_NAME, PATIENT_NAME, PROFESSIONAL_NAME, Person, filled, institution_reference,
    logical_reference, patient_reference, practitioner_reference, renamed,
};
use crate::resource::product::{PRODUCT, Product};
use crate::resource::{Record, Version};
use crate::search::declaration::{Only, Source};
use crate::tryton::model::{ID, Node, Read, Relation, leaf, plain, read_as, translated};

use super::code::{Code, PROCEDURE};
use super::context::{status, surgery_performed};
use super::{SNOMED_CT, surgical};

/// What the logical ids begin with.
pub(super) const PREFIX: &str = "surgery";

pub(super) const SOURCE: Source = Source {
    prefix: PREFIX,
    root: &ROOT,
    only: Only::All,
    measures: &[],
};

/// The end of the system of the numbers of surgeries.
pub(super) const SURGERIES: &str = "surgery";

/// The role of a member of the team is one of their specialties.
const SPECIALTY: Node = leaf("gnuhealth.specialty", &[translated(&["name"])]);

const ROLE: Node = Node {
    model: "gnuhealth.hp_specialty",
    fields: &[],
    one: &[Relation {
        key: "specialty",
        columns: &["specialty"],
        node: &SPECIALTY,
    }],
    many: &[],
    subject: None,
};

const TEAM: Node = Node {
    model: "gnuhealth.surgery_team",
    fields: &[renamed("member_id", &["team_member"])],
    one: &[
        professional("member", &["team_member"]),
        Relation {
            key: "role",
            columns: &["role"],
            node: &ROLE,
        },
    ],
    many: &[],
    subject: None,
};

const COMPLICATION: Node = Node {
    model: "gnuhealth.surgery.complication",
    fields: &[plain(&["short_comment"])],
    one: &[Relation {
        key: "complication",
        columns: &["complication"],
        node: &PATHOLOGY,
    }],
    many: &[],
    subject: None,
};

const SUPPLY: Node = Node {
    model: "gnuhealth.surgery_supply",
    fields: &[read_as(&["qty_used"], Read::Text)],
    one: &[Relation {
        key: "supply",
        columns: &["supply"],
        node: &PRODUCT,
    }],
    many: &[],
    subject: None,
};

const DRAIN: Node = leaf("gnuhealth.surgery.drain", &[plain(&["drain"])]);

const ROOM: Node = leaf("gnuhealth.hospital.or", &[plain(&["name"])]);

const fn professional(key: &'static str, columns: &'static [&'static str]) -> Relation {
    Relation {
        key,
        columns,
        node: &PROFESSIONAL_NAME,
    }
}

const fn done(key: &'static str, columns: &'static [&'static str]) -> Relation {
    Relation {
        key,
        columns,
        node: &PROCEDURE,
    }
}

const fn of_surgery(key: &'static str, node: &'static Node) -> Relation {
    Relation {
        key,
        columns: &["surgery", "name"],
        node,
    }
}

static ROOT: Node = Node {
    model: "gnuhealth.surgery",
    fields: &[
        ID,
        renamed("patient_id", &["patient"]),
        renamed("surgeon_id", &["surgeon"]),
        renamed("anesthetist_id", &["anesthetist"]),
        renamed("signed_by_id", &["signed_by"]),
        renamed("institution_id", &["institution"]),
        renamed("intervention_id", &["surgical_intervention"]),
        renamed("main_id", &["main_procedure"]),
        plain(&["code"]),
        plain(&["state"]),
        plain(&["surgery_date"]),
        plain(&["surgery_end_date"]),
        plain(&["description"]),
        plain(&["laterality"]),
        plain(&["approach"]),
        plain(&["clavien_dindo"]),
        plain(&["complications_notes"]),
        plain(&["postoperative_guidelines"]),
        plain(&["discharge_instructions"]),
        plain(&["extra_info"]),
        plain(&["anesthesia_report"]),
    ],
    one: &[
        Relation {
            key: "patient",
            columns: &["patient"],
            node: &PATIENT_NAME,
        },
        done("intervention", &["surgical_intervention"]),
        // before GNU Health 4.2
        done("main", &["main_procedure"]),
        Relation {
            key: "pathology",
            columns: &["pathology"],
            node: &PATHOLOGY,
        },
        professional("surgeon", &["surgeon"]),
        professional("anesthetist", &["anesthetist"]),
        professional("signed_by", &["signed_by"]),
        Relation {
            key: "institution",
            columns: &["institution"],
            node: &INSTITUTION_NAME,
        },
        Relation {
            key: "room",
            columns: &["operating_room"],
            node: &ROOM,
        },
    ],
    many: &[
        of_surgery("team", &TEAM),
        of_surgery("complications", &COMPLICATION),
        of_surgery("supplies", &SUPPLY),
        of_surgery("drains", &DRAIN),
    ],
    subject: Some("patient"),
};

/// Values of `laterality`, and SNOMED CT's qualifiers.
const LATERALITIES: &[(&str, &str, &str)] = &[
    ("right", "24028007", "Right"),
    ("left", "7771000", "Left"),
    ("bilateral", "51440002", "Right and left"),
];

/// Values of `approach`, and what GNU Health calls them.
const APPROACHES: &[(&str, &str)] = &[
    ("open", "Open"),
    ("laparoscopic", "Laparoscopic"),
    ("endoscopic", "Endoscopic"),
    ("arthroscopic", "Arthroscopic"),
    ("robotic", "Robotic"),
    ("other", "Other"),
];

/// Values of `clavien_dindo`, the grade of the complications.
const GRADES: &[(&str, &str)] = &[
    ("grade1", "Clavien-Dindo grade I"),
    ("grade2", "Clavien-Dindo grade II"),
    ("grade3", "Clavien-Dindo grade III"),
    ("grade3a", "Clavien-Dindo grade IIIa"),
    ("grade3b", "Clavien-Dindo grade IIIb"),
    ("grade4", "Clavien-Dindo grade IV"),
    ("grade4a", "Clavien-Dindo grade IVa"),
    ("grade4b", "Clavien-Dindo grade IVb"),
    ("grade5", "Clavien-Dindo grade V"),
];

/// Values of `drain`.
const DRAINS: &[(&str, &str)] = &[
    ("penrose", "Penrose drain"),
    ("blake", "Blake drain"),
    ("kehr", "Kehr drain"),
    ("jackson_pratt", "Jackson-Pratt drain"),
    ("redon", "Redon drain"),
    ("thoracic_tube", "Thoracic tube"),
    ("redivac", "Redivac drain"),
    ("davol", "Davol drain"),
];

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Row {
    patient_id: Option<i64>,
    patient: Option<Person>,
    intervention_id: Option<i64>,
    intervention: Option<Code>,
    main_id: Option<i64>,
    main: Option<Code>,
    pathology: Option<Pathology>,
    surgeon_id: Option<i64>,
    surgeon: Option<Person>,
    anesthetist_id: Option<i64>,
    anesthetist: Option<Person>,
    signed_by_id: Option<i64>,
    signed_by: Option<Person>,
    institution_id: Option<i64>,
    institution: Option<Person>,
    room: Option<Room>,
    code: Option<String>,
    state: Option<String>,
    surgery_date: Option<String>,
    surgery_end_date: Option<String>,
    description: Option<String>,
    laterality: Option<String>,
    approach: Option<String>,
    clavien_dindo: Option<String>,
    complications_notes: Option<String>,
    postoperative_guidelines: Option<String>,
    discharge_instructions: Option<String>,
    extra_info: Option<String>,
    anesthesia_report: Option<String>,
    team: Option<Vec<Member>>,
    complications: Option<Vec<Complication>>,
    supplies: Option<Vec<Supply>>,
    drains: Option<Vec<Drain>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Room {
    name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Member {
    member_id: Option<i64>,
    member: Option<Person>,
    role: Option<Role>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Role {
    specialty: Option<Specialty>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Specialty {
    name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Complication {
    complication: Option<Pathology>,
    short_comment: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Supply {
    qty_used: Option<String>,
    supply: Option<Product>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Drain {
    drain: Option<String>,
}

/// Makes the resource.
pub(super) fn render(json: &str, record: &Record<'_>) -> serde_json::Result<Procedure> {
    let row: Row = serde_json::from_str(json)?;
    let subject = patient_reference(row.patient_id, row.patient.as_ref());
    let reason = row.pathology.as_ref();
    let state = row.state.as_deref();
    Ok(Procedure {
        id: Some(record.id.clone()),
        meta: record.version.map(Version::meta),
        extension: row.method(record).into_iter().collect(),
        identifier: row.identifier(record).into_iter().collect(),
        category: Some(surgical()),
        code: row.code(record),
        performed: surgery_performed(
            state,
            row.surgery_date.as_ref(),
            row.surgery_end_date.as_ref(),
        ),
        asserter: practitioner_reference(row.signed_by_id, row.signed_by.as_ref()),
        performer: row.performers(),
        location: row.location(),
        reason_code: reason
            .and_then(|pathology| pathology.concept(record))
            .into_iter()
            .collect(),
        body_site: row.body_site().into_iter().collect(),
        complication: row.complications(record),
        follow_up: row.follow_up(),
        note: row.notes(),
        used_code: row.used(record),
        ..Procedure::new(
            status(state),
            absent::reference(subject, DataAbsentReason::Unknown),
        )
    })
}

/// A reference to the surgery with this id.
pub(super) fn reference(id: i64) -> Option<Reference> {
    Some(Reference {
        reference: Some(format!("Procedure/{PREFIX}-{id}")),
        r#type: Some("Procedure".to_owned()),
        ..Reference::default()
    })
}

/// A value of a selection, as a code of the hospital's.
fn selected(
    record: &Record<'_>,
    system: &str,
    names: &[(&str, &str)],
    value: &str,
) -> Option<CodeableConcept> {
    let (code, name) = names.iter().find(|(code, _)| *code == value)?;
    let name = Some((*name).to_owned());
    let coding = coding(&record.system(system), *code, name.clone());
    Some(concept(Some(coding), name))
}

fn in_words(text: &Option<String>) -> Option<CodeableConcept> {
    filled(text.as_ref()).map(|text| concept(None, Some(text)))
}

impl Row {
    fn identifier(&self, record: &Record<'_>) -> Option<Identifier> {
        Some(Identifier {
            system: Some(record.system(SURGERIES)),
            value: Some(filled(self.code.as_ref())?),
            ..Identifier::default()
        })
    }

    fn is_coded(&self) -> bool {
        self.intervention_id.or(self.main_id).is_some()
    }

    /// The main intervention, or the description of a surgery that has none.
    fn code(&self, record: &Record<'_>) -> Option<CodeableConcept> {
        if !self.is_coded() {
            return in_words(&self.description);
        }
        self.intervention
            .as_ref()
            .or(self.main.as_ref())?
            .concept(record)
    }

    /// HL7's extension for how a procedure is done.
    fn method(&self, record: &Record<'_>) -> Option<Extension> {
        let approach = self.approach.as_deref()?;
        let approach = selected(record, "surgical-approach", APPROACHES, approach)?;
        let url = "http://hl7.org/fhir/StructureDefinition/procedure-method";
        Some(Extension {
            value: Some(ExtensionValue::CodeableConcept(approach)),
            ..Extension::new(url)
        })
    }

    /// Surgeon, anaesthetist, the team with the specialties that are their roles, and the institution.
    fn performers(&self) -> Vec<ProcedurePerformer> {
        let function = |code: &str, display: &str| {
            let system = "http://terminology.hl7.org/CodeSystem/v3-ParticipationFunction";
            Some(concept(
                Some(coding(system, code, Some(display.to_owned()))),
                None,
            ))
        };
        let surgeon = practitioner_reference(self.surgeon_id, self.surgeon.as_ref());
        let anesthetist = practitioner_reference(self.anesthetist_id, self.anesthetist.as_ref());
        let institution = institution_reference(self.institution_id, self.institution.as_ref());
        let team = self.team.iter().flatten().map(|member| {
            let actor = practitioner_reference(member.member_id, member.member.as_ref());
            (actor, member.function())
        });
        let mut found: Vec<ProcedurePerformer> = Vec::new();
        for (actor, function) in [
            (surgeon, function("PRISURG", "primary surgeon")),
            (anesthetist, function("ANEST", "anesthesist")),
        ]
        .into_iter()
        .chain(team)
        .chain([(institution, None)])
        {
            let performer = actor.map(|actor| ProcedurePerformer {
                function,
                ..ProcedurePerformer::new(actor)
            });
            found.extend(performer.filter(|performer| !found.contains(performer)));
        }
        found
    }

    /// The operating room.
    fn location(&self) -> Option<Reference> {
        logical_reference("Location", None, filled(self.room.as_ref()?.name.as_ref()))
    }

    /// GNU Health says on which side it was.
    fn body_site(&self) -> Option<CodeableConcept> {
        let value = self.laterality.as_deref()?;
        let (_, code, display) = LATERALITIES.iter().find(|(known, _, _)| *known == value)?;
        let coding = coding(SNOMED_CT, *code, Some((*display).to_owned()));
        Some(concept(Some(coding), None))
    }

    fn complications(&self, record: &Record<'_>) -> Vec<CodeableConcept> {
        let listed = self.complications.iter().flatten();
        let listed = listed.filter_map(|entry| entry.complication.as_ref()?.concept(record));
        let grade = self.clavien_dindo.as_deref();
        let grade = grade.and_then(|grade| selected(record, "clavien-dindo", GRADES, grade));
        listed
            .chain(grade)
            .chain(in_words(&self.complications_notes))
            .collect()
    }

    fn follow_up(&self) -> Vec<CodeableConcept> {
        [&self.postoperative_guidelines, &self.discharge_instructions]
            .into_iter()
            .filter_map(in_words)
            .collect()
    }

    /// The description, unless it is all that says what was done; remarks, the anaesthetist's report, and what was said of
    /// the complications.
    fn notes(&self) -> Vec<Annotation> {
        let description = Some(&self.description).filter(|_| self.is_coded());
        let complications = self.complications.iter().flatten();
        description
            .into_iter()
            .chain([&self.extra_info, &self.anesthesia_report])
            .chain(complications.map(|entry| &entry.short_comment))
            .filter_map(|text| filled(text.as_ref()))
            .map(Annotation::new)
            .collect()
    }

    /// The supplies of which some was used (others were only planned for), and the drains.
    fn used(&self, record: &Record<'_>) -> Vec<CodeableConcept> {
        let supplies = self.supplies.iter().flatten();
        let supplies = supplies
            .filter(|supply| supply.was_used())
            .filter_map(|supply| supply.supply.as_ref()?.concept(record, None));
        let drains = self.drains.iter().flatten().filter_map(|drain| {
            selected(record, "surgical-drain", DRAINS, drain.drain.as_deref()?)
        });
        supplies.chain(drains).collect()
    }
}

impl Member {
    fn function(&self) -> Option<CodeableConcept> {
        in_words(&self.role.as_ref()?.specialty.as_ref()?.name)
    }
}

impl Supply {
    fn was_used(&self) -> bool {
        let used = self
            .qty_used
            .as_ref()
            .and_then(|used| used.parse::<f64>().ok());
        used.is_some_and(|used| used > 0.0)
    }
}
