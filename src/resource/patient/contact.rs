//! Whom a patient may be reached through: parents, family, those at whose address they are, and what is kept for emergencies.

use serde::Deserialize;

use crate::fhir::concept::coding;
use crate::fhir::r4::{CodeableConcept, Coding, ContactPointUse, PatientContact};
use crate::resource::person::{
    COUNTRY, ContactMechanism, Party, PartyAddress, RELATIVE, SUBDIVISION, filled, is_active,
    renamed,
};
use crate::tryton::model::{ID, Node, Relation, plain};

const TO_RELATIVE: Relation = Relation {
    key: "party",
    columns: &["party"],
    node: &RELATIVE,
};

const MEMBER: Node = Node {
    model: "gnuhealth.family_member",
    fields: &[plain(&["role"])],
    one: &[TO_RELATIVE],
    many: &[],
    subject: Some("party"),
};

/// The family that the patient's record names.
pub(super) const FAMILY: Node = Node {
    model: "gnuhealth.family",
    fields: &[],
    one: &[],
    many: &[Relation {
        key: "members",
        columns: &["family", "name"],
        node: &MEMBER,
    }],
    subject: None,
};

/// An address of the patient, as far as it is that of somebody else.
pub(super) const ADDRESS: Node = Node {
    model: "party.address",
    fields: &[
        ID,
        plain(&["active"]),
        plain(&["relationship"]),
        plain(&["name"]),
        plain(&["street"]),
        plain(&["city"]),
        renamed("postal_code", &["postal_code", "zip"]),
    ],
    one: &[
        Relation {
            key: "country",
            columns: &["country"],
            node: &COUNTRY,
        },
        Relation {
            key: "subdivision",
            columns: &["subdivision"],
            node: &SUBDIVISION,
        },
        Relation {
            key: "relative",
            columns: &["relative_id"],
            node: &RELATIVE,
        },
    ],
    many: &[],
    // an address that tells of a hidden patient is not read
    subject: Some("relative"),
};

/// A number or address of the patient, as far as it is for emergencies.
pub(super) const MECHANISM: Node = crate::tryton::model::leaf(
    "party.contact_mechanism",
    &[
        plain(&["type"]),
        plain(&["value"]),
        plain(&["active"]),
        plain(&["emergency"]),
        plain(&["remarks"]),
    ],
);

/// A row of [`FAMILY`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Family {
    members: Option<Vec<Member>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Member {
    role: Option<String>,
    party: Option<Party>,
}

/// A row of [`ADDRESS`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ForeignAddress {
    relationship: Option<String>,
    relative: Option<Party>,
    #[serde(flatten)]
    address: PartyAddress,
}

/// A row of [`MECHANISM`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Mechanism {
    emergency: Option<bool>,
    remarks: Option<String>,
    #[serde(flatten)]
    mechanism: ContactMechanism,
}

const RELATIONSHIP: &str = "http://terminology.hl7.org/CodeSystem/v2-0131";
const ROLE: &str = "http://terminology.hl7.org/CodeSystem/v3-RoleCode";

/// The contacts of a patient, each person once.
#[derive(Debug)]
pub(super) struct Contacts {
    /// The party of the patient, who is no contact of themselves.
    own: i64,
    found: Vec<(Option<i64>, PatientContact)>,
}

impl Contacts {
    /// For the patient with this party.
    pub(super) fn of(own: i64) -> Self {
        Self {
            own,
            found: Vec::new(),
        }
    }

    /// A parent: `MTH` or `FTH`.
    pub(super) fn parent(&mut self, parent: Option<&Party>, code: &str, text: &str) {
        let role = coding(ROLE, code, Some(text.to_lowercase()));
        self.person(parent, related(Some(role), text.to_owned()));
    }

    /// The members of the family. Their role is the one that they have there, not towards the patient.
    pub(super) fn family(&mut self, family: &Family) {
        for member in family.members.iter().flatten() {
            let role = coding(ROLE, "FAMMEMB", Some("family member".to_owned()));
            let text = match filled(member.role.as_ref()) {
                Some(role) => format!("Family member (role in the family: {role})"),
                None => "Family member".to_owned(),
            };
            self.person(member.party.as_ref(), related(Some(role), text));
        }
    }

    /// Those with whom an address of the patient is.
    pub(super) fn addresses(&mut self, addresses: &[ForeignAddress]) {
        for address in addresses {
            let text = filled(address.relationship.as_ref());
            let is_foreign = text.is_some() || address.relative.is_some();
            if !is_foreign || !is_active(address.address.active) {
                continue;
            }
            let relationship = text.map_or_else(
                || related(None, "Contact person".to_owned()),
                |text| CodeableConcept {
                    text: Some(text),
                    ..CodeableConcept::default()
                },
            );
            let place = address.address.address(None);
            match &address.relative {
                Some(relative) => {
                    if let Some(contact) = self.person(Some(relative), relationship) {
                        contact.address = contact.address.take().or(place);
                    }
                }
                None => self.found.push((
                    None,
                    PatientContact {
                        relationship: vec![relationship],
                        address: place,
                        ..PatientContact::default()
                    },
                )),
            }
        }
    }

    /// What is kept for emergencies. GNU Health does not say whose it is, unless in the remarks.
    pub(super) fn emergencies(&mut self, mechanisms: &[Mechanism]) {
        for mechanism in mechanisms {
            let point = mechanism.mechanism.contact_point();
            let point = point.filter(|point| point.r#use != Some(ContactPointUse::Old));
            if mechanism.emergency != Some(true) || point.is_none() {
                continue;
            }
            let emergency = coding(RELATIONSHIP, "C", Some("Emergency Contact".to_owned()));
            let relationship = CodeableConcept {
                coding: vec![emergency],
                text: filled(mechanism.remarks.as_ref()),
                ..CodeableConcept::default()
            };
            self.found.push((
                None,
                PatientContact {
                    relationship: vec![relationship],
                    telecom: point.into_iter().collect(),
                    ..PatientContact::default()
                },
            ));
        }
    }

    /// All that say how to reach somebody, or who it is (R4, pat-1).
    pub(super) fn into_fhir(self) -> Vec<PatientContact> {
        let contacts = self.found.into_iter().map(|(_, contact)| contact);
        let says = |contact: &PatientContact| {
            contact.name.is_some() || contact.address.is_some() || !contact.telecom.is_empty()
        };
        contacts.filter(says).collect()
    }

    /// Adds a person, or what else they are of the patient. Nobody is reached through the dead, or a record that was
    /// merged into another.
    fn person(
        &mut self,
        person: Option<&Party>,
        relationship: CodeableConcept,
    ) -> Option<&mut PatientContact> {
        let person = person?;
        let id = person.id.filter(|id| *id != self.own)?;
        if person.deceased == Some(true) || !is_active(person.active) {
            return None;
        }
        let known = self.found.iter().position(|(known, _)| *known == Some(id));
        let place = known.unwrap_or_else(|| {
            let telecom = person.contact_points().into_iter();
            let contact = PatientContact {
                name: person.main_name(),
                telecom: telecom
                    .filter(|point| point.r#use != Some(ContactPointUse::Old))
                    .collect(),
                gender: person.gender(),
                ..PatientContact::default()
            };
            self.found.push((Some(id), contact));
            self.found.len() - 1
        });
        let (_, contact) = self.found.get_mut(place)?;
        if !contact.relationship.contains(&relationship) {
            contact.relationship.push(relationship);
        }
        Some(contact)
    }
}

/// Who somebody is of the patient. R4's own codes, which this element wants if one fits, say no more than that it is a
/// contact person.
fn related(role: Option<Coding>, text: String) -> CodeableConcept {
    let person = coding(RELATIONSHIP, "CP", Some("Contact person".to_owned()));
    CodeableConcept {
        coding: [person].into_iter().chain(role).collect(),
        text: Some(text),
        ..CodeableConcept::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn contacts(add: impl FnOnce(&mut Contacts)) -> Value {
        let mut contacts = Contacts::of(1);
        add(&mut contacts);
        serde_json::to_value(contacts.into_fhir()).unwrap_or_default()
    }

    fn row<T: for<'de> Deserialize<'de>>(json: Value) -> T {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn a_person_is_there_once_with_all_that_they_are() {
        let mother: Party = row(
            json!({"id": 2, "name": "Ana", "lastname": "Betz", "gender": "f",
            "contacts": [{"type": "phone", "value": "1"}, {"type": "phone", "value": "2", "active": false}]}),
        );
        let family: Family = row(json!({"members": [
            {"role": "mother", "party": {"id": 2, "name": "Ana"}}, {"party": {"id": 1, "name": "Self"}},
            {"party": {"id": 3, "name": "Dead", "deceased": true}}, {"party": {"id": 4, "name": "Gone", "active": false}},
            {"role": " ", "party": {"id": 5, "name": "Ben"}}, {"role": "x"}]}));
        let found = contacts(|contacts| {
            contacts.parent(Some(&mother), "MTH", "Mother");
            contacts.family(&family);
        });
        let cp = json!({"system": RELATIONSHIP, "code": "CP", "display": "Contact person"});
        let role =
            |code: &str, display: &str| json!({"system": ROLE, "code": code, "display": display});
        let member = role("FAMMEMB", "family member");
        assert_eq!(
            found,
            json!([
                {"relationship": [
                    {"coding": [cp, role("MTH", "mother")], "text": "Mother"},
                    {"coding": [cp, member], "text": "Family member (role in the family: mother)"}],
                 "name": {"text": "Betz, Ana", "family": "Betz", "given": ["Ana"]},
                 "telecom": [{"system": "phone", "value": "1"}], "gender": "female"},
                {"relationship": [{"coding": [cp, member], "text": "Family member"}],
                 "name": {"text": "Ben", "given": ["Ben"]}}
            ])
        );
    }

    #[test]
    fn an_address_of_somebody_else_is_a_contact() {
        let addresses: Vec<ForeignAddress> = row(json!([
            {"id": 1, "street": "Own 1"},
            {"id": 2, "street": "A 1", "relationship": "friend"},
            {"id": 3, "street": "B 1", "relationship": "brother", "relative": {"id": 7, "name": "Bo"}},
            {"id": 4, "street": "C 1", "relative": {"id": 7}},
            {"id": 5, "street": "D 1", "relationship": "old friend", "active": false},
            {"id": 6, "relationship": "nobody"}]));
        let found = contacts(|contacts| contacts.addresses(&addresses));
        let cp = json!({"system": RELATIONSHIP, "code": "CP", "display": "Contact person"});
        assert_eq!(
            found,
            json!([
                {"relationship": [{"text": "friend"}], "address": {"line": ["A 1"]}},
                {"relationship": [{"text": "brother"}, {"coding": [cp], "text": "Contact person"}],
                 "name": {"text": "Bo", "given": ["Bo"]}, "address": {"line": ["B 1"]}}
            ])
        );
    }

    #[test]
    fn a_number_for_emergencies_is_a_contact() {
        let mechanisms: Vec<Mechanism> = row(json!([
            {"type": "mobile", "value": "1", "emergency": true, "remarks": "her own"},
            {"type": "mobile", "value": "2", "emergency": false}, {"type": "phone", "value": "3"},
            {"type": "phone", "value": " ", "emergency": true},
            {"type": "phone", "value": "4", "emergency": true, "active": false}]));
        let found = contacts(|contacts| contacts.emergencies(&mechanisms));
        let emergency =
            json!({"system": RELATIONSHIP, "code": "C", "display": "Emergency Contact"});
        assert_eq!(
            found,
            json!([{"relationship": [{"coding": [emergency], "text": "her own"}],
                "telecom": [{"system": "phone", "value": "1", "use": "mobile"}]}])
        );
    }
}
