//! What is in a Patient, element by element: for every patient, against what SQL says of them.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, NaiveDateTime};
use serde_json::{Map, Value, json};

use crate::world::{SYSTEMS, World};
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        identifiers_are_puid_federation_account_and_alternative_ids,
        names_are_the_person_names_or_that_of_the_party,
        names_are_written_as_the_party_wants_it,
        telecom_is_the_contact_mechanisms_in_their_order,
        gender_is_mapped_to_fhir,
        birth_date_has_the_precision_that_is_known,
        deceased_is_the_time_of_a_signed_certificate,
        addresses_are_those_of_the_party_and_its_domiciliary_unit,
        the_position_of_a_domiciliary_unit_keeps_its_digits,
        marital_status_has_the_codes_of_v3,
        photos_are_the_bytes_of_the_database,
        the_language_is_a_bcp_47_tag,
        the_general_practitioner_is_named,
        active_is_what_patient_and_party_are,
        meta_tells_when_patient_or_party_were_written,
        extensions_tell_of_birth_citizenship_and_sex,
        contacts_are_parents_family_and_numbers_for_emergencies,
        a_merged_patient_links_to_the_other,
        nothing_else_is_in_the_resource,
        ana_betz_is_as_the_demo_made_her,
        names_in_any_script_arrive_as_they_are,
        whoever_has_nothing_has_no_elements,
    ]
}

pub fn tests_that_change_data() -> Vec<Test> {
    tests![
        an_address_with_somebody_else_is_a_contact,
        twins_are_of_a_multiple_birth,
        a_birth_certificate_counts_when_it_is_signed,
    ]
}

/// A patient `p` with the party `q` and all that is shown of them, as the database has it.
const ROWS: &str = "
    SELECT p.id, p.active, p.create_date, p.write_date, p.current_address, to_jsonb(q) AS party,
        (SELECT jsonb_agg(to_jsonb(n) ORDER BY n.id) FROM gnuhealth_person_name n WHERE n.party = q.id) AS names,
        (SELECT jsonb_agg(to_jsonb(a) ORDER BY a.id) FROM gnuhealth_person_alternative_identification a
            WHERE a.{party} = q.id) AS alternative_ids,
        (SELECT jsonb_agg(to_jsonb(i) ORDER BY i.id) FROM party_identifier i WHERE i.party = q.id) AS identifiers,
        (SELECT jsonb_agg(to_jsonb(c) ORDER BY c.sequence NULLS FIRST, c.id) FROM party_contact_mechanism c
            WHERE c.party = q.id) AS contacts,
        (SELECT jsonb_agg(to_jsonb(a) || jsonb_build_object('country_code', c.code, 'state', s.name)
                ORDER BY a.sequence NULLS FIRST, a.id)
            FROM party_address a LEFT JOIN country_country c ON c.id = a.country
            LEFT JOIN country_subdivision s ON s.id = a.subdivision WHERE a.party = q.id) AS addresses,
        (SELECT to_jsonb(d) || jsonb_build_object('country_code', c.code, 'state', s.name,
                'latitude', d.latitude::text, 'longitude', d.longitude::text)
            FROM gnuhealth_du d LEFT JOIN country_country c ON c.id = d.address_country
            LEFT JOIN country_subdivision s ON s.id = d.address_subdivision WHERE d.id = q.du) AS du,
        (SELECT to_jsonb(d) FROM gnuhealth_death_certificate d WHERE d.id = q.death_certificate) AS death,
        (SELECT to_jsonb(c) FROM country_country c WHERE c.id = q.citizenship) AS citizenship,
        (SELECT jsonb_build_object('country', c.code, 'state', s.name, 'mother', b.mother, 'father', b.father,
                'maiden', (SELECT n.family FROM gnuhealth_person_name n WHERE n.party = b.mother AND n.use = 'maiden'
                    ORDER BY n.id LIMIT 1))
            FROM gnuhealth_birth_certificate b LEFT JOIN country_country c ON c.id = b.country
            LEFT JOIN country_subdivision s ON s.id = b.country_subdivision
            WHERE b.id = q.birth_certificate AND b.state IN ('signed', 'done')) AS birth,
        (SELECT jsonb_agg(jsonb_build_object('party', m.party, 'role', m.role) ORDER BY m.id)
            FROM gnuhealth_family_member m
            WHERE coalesce(to_jsonb(m) -> 'family', to_jsonb(m) -> 'name') = to_jsonb(p.family)) AS members,
        (SELECT jsonb_agg(o.id) FROM gnuhealth_patient o WHERE o.{party} = q.replaced_by) AS replaced_by,
        p.biological_sex,
        (SELECT l.code FROM party_party_lang pl JOIN ir_lang l ON l.id = pl.lang WHERE pl.party = q.id
            ORDER BY pl.company NULLS FIRST, pl.id LIMIT 1) AS language,
        (SELECT jsonb_build_object('id', h.id, 'code', h.code, 'given', d.name, 'family', d.lastname)
            FROM gnuhealth_healthprofessional h JOIN party_party d ON d.id = h.{party}
            WHERE h.id = p.primary_care_doctor) AS doctor
    FROM gnuhealth_patient p JOIN party_party q ON q.id = p.{party} ORDER BY p.id";

fn rows(world: &World) -> &'static BTreeMap<i64, Value> {
    static ROWS_READ: OnceLock<BTreeMap<i64, Value>> = OnceLock::new();
    ROWS_READ.get_or_init(|| {
        let rows = world.sql().rows(ROWS, &[]).into_iter();
        rows.map(|row| (row["id"].as_i64().unwrap(), row)).collect()
    })
}

/// Compares what two functions make of the resource and the row of every patient. At least `some` rows must have a value
/// to compare, so that the comparison means something.
#[track_caller]
fn compare(
    world: &World,
    some: usize,
    of_resource: impl Fn(&Value) -> Value,
    of_row: impl Fn(&Value) -> Value,
) {
    let (mut different, mut compared) = (Vec::new(), 0);
    for (id, row) in rows(world) {
        let (found, expected) = (of_resource(&world.patients()[id]), of_row(row));
        if found != expected {
            different.push(format!(
                "Patient/{id}: {found}, but the database has {expected}"
            ));
        }
        compared += usize::from(!matches!(&expected, Value::Null) && expected != json!([]));
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert!(compared >= some, "only {compared} patients have a value");
}

/// A text of the database as FHIR allows it: not empty, without space around.
pub fn text(value: &Value) -> Value {
    let text = value.as_str().unwrap_or_default().trim();
    if text.is_empty() {
        Value::Null
    } else {
        json!(text)
    }
}

/// An object without its nulls and empty arrays; null if nothing is left.
pub fn object(value: Value) -> Value {
    let Value::Object(members) = value else {
        panic!("{value}")
    };
    let members: Map<_, _> = members
        .into_iter()
        .filter(|(_, value)| !value.is_null() && *value != json!([]))
        .collect();
    if members.is_empty() {
        Value::Null
    } else {
        Value::Object(members)
    }
}

pub fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Some elements of each item of a list.
pub fn picked(items: &Value, elements: &[&str]) -> Value {
    let pick = |item: &Value| {
        let kept = elements
            .iter()
            .map(|name| ((*name).to_owned(), item[name].clone()));
        object(Value::Object(kept.collect()))
    };
    list(items).iter().map(pick).collect()
}

fn coded(item: &Value) -> &Value {
    &item["coding"][0]["code"]
}

fn identifiers_are_puid_federation_account_and_alternative_ids(world: &World) {
    let found = |patient: &Value| {
        let items = list(&patient["identifier"]).iter().map(|item| {
            object(
                json!({"use": item["use"], "system": item["system"], "value": item["value"],
                "period": item["period"], "type": coded(&item["type"])}),
            )
        });
        items.collect()
    };
    let of_row = |row: &Value| {
        let party = &row["party"];
        let own = |value: &Value, system: &str, more: Value| {
            let mut item = more;
            item["system"] = json!(format!("{SYSTEMS}/{system}"));
            item["value"] = text(value);
            item
        };
        let mut expected = vec![
            own(&party["ref"], "puid", json!({"use": "usual", "type": "PI"})),
            own(
                &party["federation_account"],
                "federation-account",
                json!({}),
            ),
        ];
        expected.extend(list(&row["alternative_ids"]).iter().map(|id| {
            let kind = id["alternative_id_type"].as_str().unwrap();
            // HL7's table 0203 of identifier types
            let code = match kind {
                "country_id" => json!("NI"),
                "passport" => json!("PPN"),
                "medical_record" => json!("MR"),
                _ => Value::Null,
            };
            let period = object(json!({"end": id["expiration_date"]}));
            object(own(
                &id["code"],
                &format!("alternative-id/{kind}"),
                json!({"type": code, "period": period}),
            ))
        }));
        expected.extend(list(&row["identifiers"]).iter().map(|id| {
            let kind = id["type"].as_str().unwrap_or_default();
            own(&id["code"], &format!("party-identifier/{kind}"), json!({}))
        }));
        expected.retain(|item| !item["value"].is_null());
        Value::Array(expected)
    };
    compare(world, 55, found, of_row);
}

/// The names of a row: those of the person, or, where there are none, that of the party.
fn person_names(row: &Value) -> Vec<Value> {
    let names = list(&row["names"]);
    if names.is_empty() {
        return vec![json!({"family": row["party"]["lastname"], "given": row["party"]["name"]})];
    }
    names.to_vec()
}

fn names_are_the_person_names_or_that_of_the_party(world: &World) {
    let found = |patient: &Value| {
        picked(
            &patient["name"],
            &["use", "family", "given", "prefix", "suffix", "period"],
        )
    };
    let of_row = |row: &Value| {
        let one = |value: &Value| text(value).as_str().map_or(json!([]), |part| json!([part]));
        let names = person_names(row);
        let names = names.iter().map(|name| {
            let period = object(json!({"start": name["date_from"], "end": name["date_to"]}));
            object(json!({"use": name["use"], "family": text(&name["family"]), "given": one(&name["given"]),
                "prefix": one(&name["prefix"]), "suffix": one(&name["suffix"]), "period": period}))
        });
        names.filter(|name| !name.is_null()).collect()
    };
    compare(world, 59, found, of_row);
}

/// `Party.get_rec_name` of GNU Health writes names so.
fn names_are_written_as_the_party_wants_it(world: &World) {
    let found = |patient: &Value| {
        let names = list(&patient["name"]).iter();
        names.map(|name| name["text"].clone()).collect()
    };
    let of_row = |row: &Value| {
        let names = person_names(row);
        let texts = names.iter().map(|name| {
            let part = |key: &str| text(&name[key]).as_str().unwrap_or_default().to_owned();
            let (family, given) = (part("family"), part("given"));
            let joined = |parts: &[&str], separator: &str| {
                let parts = parts.iter().filter(|part| !part.is_empty());
                parts.copied().collect::<Vec<_>>().join(separator)
            };
            let written = match row["party"]["name_representation"].as_str() {
                Some("pgfs") => {
                    let name = joined(&[&part("prefix"), &given, &family], " ");
                    joined(&[&name, &part("suffix")], ", ")
                }
                Some("gf") => joined(&[&given, &family], " "),
                Some("cjk") => joined(&[&family, &given], ""),
                _ => joined(&[&family, &given], ", "),
            };
            json!(written)
        });
        texts.filter(|written| *written != "").collect()
    };
    compare(world, 59, found, of_row);
}

fn telecom_is_the_contact_mechanisms_in_their_order(world: &World) {
    let found = |patient: &Value| picked(&patient["telecom"], &["system", "value", "use"]);
    let of_row = |row: &Value| {
        let contacts = list(&row["contacts"])
            .iter()
            .filter(|contact| !text(&contact["value"]).is_null());
        let points = contacts.map(|contact| {
            let (system, mut r#use) = match contact["type"].as_str().unwrap() {
                "phone" => ("phone", Value::Null),
                "mobile" => ("phone", json!("mobile")),
                "fax" => ("fax", Value::Null),
                "email" => ("email", Value::Null),
                "website" => ("url", Value::Null),
                _ => ("other", Value::Null),
            };
            if contact["active"] == false {
                r#use = json!("old");
            }
            object(json!({"system": system, "value": text(&contact["value"]), "use": r#use}))
        });
        points.collect()
    };
    compare(world, 10, found, of_row);
}

fn gender_is_mapped_to_fhir(world: &World) {
    let of_row = |row: &Value| match row["party"]["gender"].as_str() {
        Some("m") => json!("male"),
        Some("f") => json!("female"),
        Some("nb" | "other") => json!("other"),
        Some("nd" | "u") => json!("unknown"),
        other => panic!("{other:?}"),
    };
    compare(world, 60, |patient| patient["gender"].clone(), of_row);
    let gender = |id: i64| world.patients()[&id]["gender"].clone();
    assert_eq!(
        [26, 27, 28, 29].map(gender),
        ["other", "other", "unknown", "unknown"].map(Value::from)
    );
}

fn birth_date_has_the_precision_that_is_known(world: &World) {
    let of_row = |row: &Value| {
        let party = &row["party"];
        match (party["dob"].as_str(), party["est_dob"] == true) {
            (Some(day), true) => json!(day[..4]),
            (day, _) => json!(day),
        }
    };
    compare(world, 50, |patient| patient["birthDate"].clone(), of_row);
    assert_eq!(world.patients()[&24]["birthDate"], "1961");
    assert_eq!(world.patients()[&25]["birthDate"], Value::Null);
    assert_eq!(world.patients()[&41]["birthDate"], "2000-02-29");
}

fn deceased_is_the_time_of_a_signed_certificate(world: &World) {
    let found = |patient: &Value| {
        assert_ne!(patient["deceasedBoolean"], false, "not said of the living");
        let both = [&patient["deceasedBoolean"], &patient["deceasedDateTime"]];
        assert!(both.iter().any(|value| value.is_null()), "{patient}");
        let moment = patient["deceasedDateTime"].as_str();
        let moment =
            moment.map(|moment| json!(DateTime::parse_from_rfc3339(moment).unwrap().naive_utc()));
        moment.unwrap_or_else(|| patient["deceasedBoolean"].clone())
    };
    let of_row = |row: &Value| {
        if row["party"]["deceased"] != true {
            return Value::Null;
        }
        let signed = matches!(row["death"]["state"].as_str(), Some("signed" | "done"));
        let moment = row["death"]["dod"].as_str().filter(|_| signed);
        moment.map_or(json!(true), |moment| {
            json!(moment.parse::<NaiveDateTime>().unwrap())
        })
    };
    compare(world, 2, found, of_row);
    assert_eq!(
        world.patients()[&21]["deceasedDateTime"],
        "2026-09-30T22:15:00Z"
    );
    let unsigned = &world.patients()[&23];
    assert!(unsigned["deceasedBoolean"].is_null() && unsigned["deceasedDateTime"].is_null());
}

fn addresses_are_those_of_the_party_and_its_domiciliary_unit(world: &World) {
    let found = |patient: &Value| {
        picked(
            &patient["address"],
            &[
                "use",
                "line",
                "city",
                "district",
                "state",
                "postalCode",
                "country",
            ],
        )
    };
    let of_row = |row: &Value| {
        let mut expected: Vec<Value> = list(&row["addresses"])
            .iter()
            .map(|address| {
                let lines = address["street"].as_str().unwrap_or_default().lines();
                let lines = lines.map(|line| text(&json!(line)));
                let lines = [text(&address["name"])].into_iter().chain(lines);
                let lines: Vec<Value> = lines.filter(|line| !line.is_null()).collect();
                let postal_code = address.get("postal_code").unwrap_or(&address["zip"]);
                let content = object(json!({"line": lines, "city": text(&address["city"]), "state": text(&address["state"]),
                    "postalCode": text(postal_code), "country": text(&address["country_code"])}));
                used(content, || {
                    if address["active"] == false {
                        json!("old")
                    } else if row["current_address"].is_i64() && row["current_address"] == address["id"] {
                        json!("temp")
                    } else if address["is_work"] == true {
                        json!("work")
                    } else if address["invoice"] == true {
                        json!("billing")
                    } else {
                        Value::Null
                    }
                })
            })
            .collect();
        let du = &row["du"];
        if du.is_object() {
            let parts = [
                "address_street",
                "address_street_number",
                "address_street_bis",
            ];
            let parts: Vec<_> = parts.iter().map(|part| text(&du[part])).collect();
            let street: Vec<_> = parts.iter().filter_map(Value::as_str).collect();
            let line = if street.is_empty() {
                json!([])
            } else {
                json!([street.join(" ")])
            };
            let district = [&du["address_district"], &du["address_municipality"]].map(text);
            let district = district.into_iter().find(|part| !part.is_null());
            let content = object(
                json!({"line": line, "city": text(&du["address_city"]), "district": district,
                "state": text(&du["state"]), "postalCode": text(&du["address_zip"]), "country": text(&du["country_code"])}),
            );
            expected.push(used(content, || json!("home")));
        }
        expected.retain(|address| !address.is_null());
        Value::Array(expected)
    };
    compare(world, 10, found, of_row);
}

/// An address with its use, if it says anything.
fn used(mut content: Value, r#use: impl FnOnce() -> Value) -> Value {
    if content.is_null() {
        return content;
    }
    content["use"] = r#use();
    object(content)
}

fn the_position_of_a_domiciliary_unit_keeps_its_digits(world: &World) {
    let mut positions = 0;
    for (id, row) in rows(world) {
        // As text: a JSON number of serde has lost its digits.
        let text = world.doctor().get(&format!("/Patient/{id}"));
        let du = &row["du"];
        let (Some(latitude), Some(longitude)) = (du["latitude"].as_str(), du["longitude"].as_str())
        else {
            assert!(!text.text().contains("geolocation"), "{id}");
            continue;
        };
        let extension = format!(
            r#"{{"url":"http://hl7.org/fhir/StructureDefinition/geolocation","extension":[{{"url":"latitude","valueDecimal":{latitude}}},{{"url":"longitude","valueDecimal":{longitude}}}]}}"#
        );
        let in_order = serde_json::from_str::<Value>(&extension).unwrap();
        let found = list(&world.patients()[id]["address"]).iter();
        let found: Vec<_> = found
            .flat_map(|address| list(&address["extension"]))
            .collect();
        assert_eq!(found, [&in_order], "{id}");
        for coordinate in [latitude, longitude] {
            assert!(
                text.text()
                    .contains(&format!("\"valueDecimal\":{coordinate}}}")),
                "{id}: {coordinate}"
            );
        }
        positions += 1;
    }
    assert!(positions >= 3, "{positions}");
}

fn marital_status_has_the_codes_of_v3(world: &World) {
    let found = |patient: &Value| {
        let status = &patient["maritalStatus"];
        if status.is_object() {
            let system = &status["coding"][0]["system"];
            assert_eq!(
                system,
                "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus"
            );
        }
        coded(status).clone()
    };
    let of_row = |row: &Value| match row["party"]["marital_status"].as_str() {
        None => Value::Null,
        Some("s") => json!("S"),
        Some("m") => json!("M"),
        Some("c") => json!("T"),
        Some("w") => json!("W"),
        Some("d") => json!("D"),
        Some("x") => json!("L"),
        Some(other) => panic!("{other}"),
    };
    compare(world, 20, found, of_row);
}

fn photos_are_the_bytes_of_the_database(world: &World) {
    let found = |patient: &Value| {
        let photos = list(&patient["photo"]).iter().map(|photo| {
            let bytes = STANDARD.decode(photo["data"].as_str().unwrap()).unwrap();
            if bytes.starts_with(b"\x89PNG") {
                assert_eq!(photo["contentType"], "image/png");
            }
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            json!(format!("\\x{digits}"))
        });
        photos.collect()
    };
    let of_row = |row: &Value| {
        let photo = &row["party"]["photo"];
        if photo.is_null() {
            json!([])
        } else {
            json!([photo])
        }
    };
    compare(world, 1, found, of_row);
}

fn the_language_is_a_bcp_47_tag(world: &World) {
    let found = |patient: &Value| {
        let languages = list(&patient["communication"]).iter();
        languages
            .map(|item| {
                assert_eq!(item["language"]["coding"][0]["system"], "urn:ietf:bcp:47");
                coded(&item["language"]).clone()
            })
            .collect()
    };
    let of_row = |row: &Value| {
        let language = row["language"].as_str();
        language.map_or(json!([]), |code| json!([code.replace('_', "-")]))
    };
    compare(world, 5, found, of_row);
    assert_eq!(
        coded(&world.patients()[&7]["communication"][0]["language"]),
        "zh-CN"
    );
}

fn the_general_practitioner_is_named(world: &World) {
    let found = |patient: &Value| {
        let practitioners = list(&patient["generalPractitioner"]).iter();
        practitioners
            .map(|item| {
                assert_eq!(item["type"], "Practitioner");
                object(
                    json!({"reference": item["reference"], "display": item["display"],
                    "license": item["identifier"]["value"]}),
                )
            })
            .collect()
    };
    let of_row = |row: &Value| {
        let doctor = &row["doctor"];
        if doctor.is_null() {
            return json!([]);
        }
        let parts = [text(&doctor["family"]), text(&doctor["given"])];
        let display: Vec<_> = parts.iter().filter_map(Value::as_str).collect();
        json!([object(
            json!({"reference": format!("Practitioner/{}", doctor["id"]), "display": display.join(", "),
                "license": text(&doctor["code"])})
        )])
    };
    compare(world, 40, found, of_row);
}

fn active_is_what_patient_and_party_are(world: &World) {
    let of_row = |row: &Value| json!(row["active"] == true && row["party"]["active"] == true);
    compare(world, 60, |patient| patient["active"].clone(), of_row);
    let active = |id: i64| world.patients()[&id]["active"].clone();
    assert_eq!(
        [31, 32, 33, 34].map(active),
        [true, false, false, false].map(Value::from)
    );
}

fn meta_tells_when_patient_or_party_were_written(world: &World) {
    let moment = |value: &Value| {
        value
            .as_str()
            .map(|text| text.parse::<NaiveDateTime>().unwrap())
    };
    // Of those who have a family, its records count too.
    let is_alone = |row: &Value| row["members"].is_null() && row["birth"].is_null();
    let found = |patient: &Value| {
        let id = patient["id"].as_str().unwrap().parse::<i64>().unwrap();
        if !is_alone(&rows(world)[&id]) {
            return Value::Null;
        }
        let updated = patient["meta"]["lastUpdated"].as_str().unwrap();
        json!(DateTime::parse_from_rfc3339(updated).unwrap().naive_utc())
    };
    let of_row = |row: &Value| {
        if !is_alone(row) {
            return Value::Null;
        }
        let written =
            |record: &Value| moment(&record["write_date"]).or(moment(&record["create_date"]));
        json!(written(row).max(written(&row["party"])))
    };
    compare(world, 55, found, of_row);
    for patient in world.patients().values() {
        assert!(
            patient["meta"]["lastUpdated"]
                .as_str()
                .unwrap()
                .ends_with('Z')
        );
    }
}

/// The value of an extension that HL7 publishes.
fn extension<'p>(patient: &'p Value, name: &str) -> Option<&'p Value> {
    let url = format!("http://hl7.org/fhir/StructureDefinition/{name}");
    let mut found = list(&patient["extension"]).iter();
    let found: Vec<_> = found.by_ref().filter(|one| one["url"] == url).collect();
    assert!(found.len() <= 1, "{patient}");
    found.into_iter().next()
}

fn extensions_tell_of_birth_citizenship_and_sex(world: &World) {
    let found = |patient: &Value| {
        let part = |name: &str, part: &str| {
            let parts = extension(patient, name).map(|whole| list(&whole["extension"]));
            let mut parts = parts.unwrap_or_default().iter();
            let part = parts.find(|one| one["url"] == part);
            part.map(|part| part["valueCodeableConcept"].clone())
                .unwrap_or_default()
        };
        let value = |name: &str, key: &str| {
            extension(patient, name)
                .map(|one| one[key].clone())
                .unwrap_or_default()
        };
        let (citizenship, sex) = (
            part("patient-citizenship", "code"),
            part("individual-recordedSexOrGender", "value"),
        );
        if citizenship.is_object() {
            assert_eq!(citizenship["coding"][0]["system"], "urn:iso:std:iso:3166");
        }
        if sex.is_object() {
            let kind = part("individual-recordedSexOrGender", "type");
            assert_eq!(kind, json!({"text": "Biological sex"}));
            let system = "http://hl7.org/fhir/administrative-gender";
            assert_eq!(sex["coding"][0]["system"], system);
        }
        let identity = value("patient-genderIdentity", "valueCodeableConcept");
        object(
            json!({"citizenship": coded(&citizenship), "country": citizenship["text"], "sex": coded(&sex),
            "place": value("patient-birthPlace", "valueAddress"), "identity": coded(&identity),
            "maiden": value("patient-mothersMaidenName", "valueString")}),
        )
    };
    let of_row = |row: &Value| {
        let sex = match row["biological_sex"].as_str() {
            Some("m") => json!("male"),
            Some("f") => json!("female"),
            _ => Value::Null,
        };
        let identity = match row["party"]["gender"].as_str() {
            Some("nb") => json!("non-binary"),
            Some("nd") => json!("non-disclose"),
            _ => Value::Null,
        };
        let birth = &row["birth"];
        let place = object(json!({"state": text(&birth["state"]), "country": birth["country"]}));
        let country = &row["citizenship"];
        object(
            json!({"citizenship": country["code"], "country": text(&country["name"]), "sex": sex, "place": place,
            "identity": identity, "maiden": text(&birth["maiden"])}),
        )
    };
    compare(world, 4, found, of_row);
    let child = &world.patients()[&3];
    assert!(extension(child, "patient-birthPlace").is_some());
    let maiden = extension(child, "patient-mothersMaidenName").unwrap();
    assert_eq!(maiden["valueString"], "Rodríguez");
    // the only extension of any other element: the time of birth, of which the neonatal record tells
    for (id, patient) in world.patients() {
        let told = &patient["_birthDate"]["extension"];
        if told.is_null() {
            continue;
        }
        let time = world.sql().value(
            "SELECT to_char(birth_date, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS time FROM gnuhealth_newborn WHERE patient = $1",
            &[&i32::try_from(*id).unwrap()],
        );
        let url = "http://hl7.org/fhir/StructureDefinition/patient-birthTime";
        assert_eq!(*told, json!([{"url": url, "valueDateTime": time}]), "{id}");
        let day = patient["birthDate"].as_str().unwrap();
        assert!(time.as_str().unwrap().starts_with(day), "{id}");
    }
    if has_table(world, "gnuhealth_newborn") {
        assert!(world.patients()[&4]["_birthDate"].is_object());
    }
}

/// Whether this installation has a table: of modules that it need not have.
fn has_table(world: &World, table: &str) -> bool {
    world
        .sql()
        .value("SELECT to_regclass($1) IS NOT NULL AS is", &[&table])
        == true
}

/// Who is a contact, by the party: whether dead or merged, and the name, numbers and gender that are shown.
fn people(world: &World) -> BTreeMap<i64, Value> {
    let rows = world.sql().rows(
        "SELECT q.id, (q.deceased IS TRUE OR q.active IS FALSE) AS gone, q.gender, q.name, q.lastname,
            (SELECT jsonb_agg(jsonb_build_object('family', n.family, 'given', n.given) ORDER BY
                CASE n.use WHEN 'official' THEN 0 WHEN 'usual' THEN 1 ELSE 3 END, n.id)
                FROM gnuhealth_person_name n WHERE n.party = q.id) AS names,
            (SELECT jsonb_agg(btrim(c.value) ORDER BY c.sequence NULLS FIRST, c.id) FROM party_contact_mechanism c
                WHERE c.party = q.id AND c.active AND btrim(c.value) <> '') AS numbers
        FROM party_party q",
        &[],
    );
    let rows = rows.into_iter();
    rows.map(|row| (row["id"].as_i64().unwrap(), row)).collect()
}

/// A contact as this test compares it.
fn reached(person: &Value, relationship: &Value) -> Value {
    let own = json!({"family": person["lastname"], "given": person["name"]});
    let name = list(&person["names"]).first().unwrap_or(&own);
    let gender = match person["gender"].as_str() {
        Some("m") => json!("male"),
        Some("f") => json!("female"),
        Some("nb" | "other") => json!("other"),
        Some("nd" | "u") => json!("unknown"),
        _ => Value::Null,
    };
    object(
        json!({"relationship": relationship, "family": text(&name["family"]), "given": text(&name["given"]),
        "numbers": person["numbers"], "gender": gender}),
    )
}

fn contacts_are_parents_family_and_numbers_for_emergencies(world: &World) {
    let found = |patient: &Value| {
        let contacts = list(&patient["contact"]).iter().map(|contact| {
            let codes = list(&contact["relationship"]).iter().map(|relationship| {
                let codings = list(&relationship["coding"]).iter();
                let mut codes: Vec<Value> = codings.map(|coding| coding["code"].clone()).collect();
                codes.push(relationship["text"].clone());
                Value::Array(codes)
            });
            let numbers = list(&contact["telecom"]).iter().map(|point| point["value"].clone());
            assert!(contact["address"].is_null(), "{contact}");
            object(json!({"relationship": codes.collect::<Value>(), "family": contact["name"]["family"],
                "given": contact["name"]["given"][0], "gender": contact["gender"], "numbers": numbers.collect::<Value>()}))
        });
        contacts.collect()
    };
    let people = people(world);
    let newborns = has_table(world, "gnuhealth_newborn");
    let mothers = if newborns {
        world.sql().rows(
            "SELECT n.patient, m.{party} AS party FROM gnuhealth_newborn n JOIN gnuhealth_patient m ON m.id = n.mother",
            &[],
        )
    } else {
        Vec::new()
    };
    let of_row = |row: &Value| {
        let mut contacts: Vec<(i64, Vec<Value>)> = Vec::new();
        let mut add = |party: &Value, relationship: Value| {
            let Some(party) = party.as_i64() else { return };
            if *row["party"]["id"].as_i64().as_ref().unwrap() == party
                || people[&party]["gone"] == true
            {
                return;
            }
            match contacts.iter_mut().find(|(known, _)| *known == party) {
                Some((_, all)) if all.contains(&relationship) => {}
                Some((_, all)) => all.push(relationship),
                None => contacts.push((party, vec![relationship])),
            }
        };
        add(&row["birth"]["mother"], json!(["CP", "MTH", "Mother"]));
        add(&row["birth"]["father"], json!(["CP", "FTH", "Father"]));
        for newborn in mothers
            .iter()
            .filter(|newborn| newborn["patient"] == row["id"])
        {
            add(&newborn["party"], json!(["CP", "MTH", "Mother"]));
        }
        for member in list(&row["members"]) {
            let text = match text(&member["role"]).as_str() {
                Some(role) => format!("Family member (role in the family: {role})"),
                None => "Family member".to_owned(),
            };
            add(&member["party"], json!(["CP", "FAMMEMB", text]));
        }
        let persons = contacts
            .iter()
            .map(|(party, all)| reached(&people[party], &json!(all)));
        let emergencies = list(&row["contacts"]).iter().filter(|contact| {
            contact["emergency"] == true
                && contact["active"] == true
                && !text(&contact["value"]).is_null()
        });
        // in the order of their ids
        let mut emergencies: Vec<&Value> = emergencies.collect();
        emergencies.sort_by_key(|contact| contact["id"].as_i64());
        let emergencies = emergencies.into_iter().map(|contact| {
            let relationship = json!([["C", text(&contact["remarks"])]]);
            json!({"relationship": relationship, "numbers": [text(&contact["value"])]})
        });
        persons.chain(emergencies).collect()
    };
    compare(world, 4, found, of_row);
    let son = &world.patients()[&4];
    let mother = &son["contact"][0];
    let expected = if newborns {
        "Mother"
    } else {
        "Family member (role in the family: mother)"
    };
    assert_eq!(mother["relationship"][0]["text"], expected);
    assert_eq!(mother["name"]["text"], "Mrs Ana Isabel Betz, PhD");
}

fn a_merged_patient_links_to_the_other(world: &World) {
    let found = |patient: &Value| {
        let links = list(&patient["link"]).iter().map(|link| {
            assert_eq!(link["type"], "replaced-by");
            assert_eq!(link["other"]["type"], "Patient");
            assert!(link["other"]["display"].is_string(), "{link}");
            link["other"]["reference"].clone()
        });
        links.collect()
    };
    let of_row = |row: &Value| {
        let others = list(&row["replaced_by"]).iter();
        others.map(|id| json!(format!("Patient/{id}"))).collect()
    };
    compare(world, 1, found, of_row);
    let (merged, row) = rows(world)
        .iter()
        .find(|(_, row)| !list(&row["replaced_by"]).is_empty())
        .unwrap();
    let other = row["replaced_by"][0].as_i64().unwrap();
    let one = std::collections::BTreeSet::from([*merged]);
    assert_eq!(world.found(&[("link", &format!("Patient/{other}"))]), one);
    assert_eq!(world.found(&[("link._id", &other.to_string())]), one);
    let bundle = world
        .doctor()
        .get(&format!("/Patient?_id={merged}&_include=Patient:link"))
        .ok();
    assert_eq!(bundle["entry"][1]["resource"]["id"], other.to_string());
    let within = world
        .doctor()
        .get(&format!("/Patient/{other}/Patient"))
        .ok();
    assert_eq!(within["entry"][0]["resource"]["id"], merged.to_string());
}

/// Runs statements, and others when it is dropped.
struct Undone<'w>(&'w World, String);

impl Drop for Undone<'_> {
    fn drop(&mut self) {
        self.0.sql().run(&self.1);
    }
}

fn an_address_with_somebody_else_is_a_contact(world: &World) {
    let address = world.sql().rows(
        "SELECT a.id, p.id AS patient FROM party_address a JOIN gnuhealth_patient p ON p.{party} = a.party
        WHERE a.active AND btrim(a.city) <> '' AND a.relationship IS NULL AND p.id > 4 ORDER BY a.id LIMIT 1",
        &[],
    );
    let (address, patient) = (&address[0]["id"], &address[0]["patient"]);
    let undo = format!(
        "UPDATE party_address SET relationship = NULL, relative_id = NULL, active = true WHERE id = {address}"
    );
    let _undone = Undone(world, undo);
    let contacts = |assignment: &str| {
        world.sql().run(&format!(
            "UPDATE party_address SET {assignment} WHERE id = {address}"
        ));
        let found = world.doctor().get(&format!("/Patient/{patient}")).ok();
        let of_address = list(&found["contact"])
            .iter()
            .filter(|contact| contact["address"].is_object());
        (
            of_address.cloned().collect::<Vec<Value>>(),
            found["address"].clone(),
        )
    };
    let (none, own) = contacts("relationship = ' '");
    assert_eq!(none, [] as [Value; 0]);
    let (found, same) = contacts("relationship = 'old \"friend\" & co'");
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0]["relationship"],
        json!([{"text": "old \"friend\" & co"}])
    );
    assert!(found[0]["name"].is_null(), "{found:?}");
    assert_eq!(own, same, "it stays an address of the patient");
    let mut address_of_own = own.clone();
    let place = found[0]["address"]["city"].clone();
    let shown = address_of_own.as_array_mut().unwrap().iter_mut();
    assert!(
        shown
            .map(|one| one["city"].take())
            .any(|city| city == place)
    );
    let (found, _) = contacts("relative_id = (SELECT {party} FROM gnuhealth_patient WHERE id = 1)");
    assert_eq!(found[0]["name"]["text"], "Mrs Ana Isabel Betz, PhD");
    let (found, _) = contacts("relationship = NULL");
    let person = "http://terminology.hl7.org/CodeSystem/v2-0131";
    let expected = json!([{"coding": [{"system": person, "code": "CP", "display": "Contact person"}], "text": "Contact person"}]);
    assert_eq!(found[0]["relationship"], expected);
    let (found, _) = contacts("active = false");
    assert_eq!(found, [] as [Value; 0]);
}

fn twins_are_of_a_multiple_birth(world: &World) {
    if !has_table(world, "gnuhealth_pregnancy_result") {
        return;
    }
    let pregnancy = world
        .sql()
        .value("SELECT min(id) FROM gnuhealth_patient_pregnancy", &[]);
    let fetuses = world.sql().value(
        "SELECT fetuses FROM gnuhealth_patient_pregnancy ORDER BY id LIMIT 1",
        &[],
    );
    let undo = format!(
        "DELETE FROM gnuhealth_pregnancy_result WHERE id = 900000;
        UPDATE gnuhealth_patient_pregnancy SET fetuses = {fetuses} WHERE id = {pregnancy}"
    );
    let _undone = Undone(world, undo);
    let told = || world.doctor().get("/Patient/4").ok()["multipleBirthBoolean"].clone();
    assert_eq!(told(), Value::Null);
    world.sql().run(&format!(
        "INSERT INTO gnuhealth_pregnancy_result (id, pregnancy, newborn)
        SELECT 900000, {pregnancy}, {{party}} FROM gnuhealth_patient WHERE id = 4"
    ));
    for (fetuses, expected) in [
        (1, json!(false)),
        (2, json!(true)),
        (3, json!(true)),
        (0, Value::Null),
    ] {
        world.sql().run(&format!(
            "UPDATE gnuhealth_patient_pregnancy SET fetuses = {fetuses} WHERE id = {pregnancy}"
        ));
        assert_eq!(told(), expected, "{fetuses}");
    }
}

fn a_birth_certificate_counts_when_it_is_signed(world: &World) {
    let undo = "UPDATE gnuhealth_birth_certificate SET state = 'signed' WHERE code = 'BC-0001'";
    let _undone = Undone(world, undo.to_owned());
    let told = || {
        let child = world.doctor().get("/Patient/3").ok();
        let parents = list(&child["contact"]).iter().filter(|contact| {
            let codes = &contact["relationship"][0]["coding"];
            codes[1]["code"] == "MTH" || codes[1]["code"] == "FTH"
        });
        (
            extension(&child, "patient-birthPlace").is_some(),
            parents.count(),
        )
    };
    assert_eq!(told(), (true, 2));
    for (state, expected) in [
        ("'draft'", (false, 0)),
        ("NULL", (false, 0)),
        ("'done'", (true, 2)),
    ] {
        world.sql().run(&format!(
            "UPDATE gnuhealth_birth_certificate SET state = {state} WHERE code = 'BC-0001'"
        ));
        assert_eq!(told(), expected, "{state}");
    }
}

/// An element that no test above looks at would be one that nobody has checked.
fn nothing_else_is_in_the_resource(world: &World) {
    let known = [
        "resourceType",
        "id",
        "meta",
        "identifier",
        "active",
        "name",
        "telecom",
        "gender",
        "birthDate",
        "deceasedBoolean",
        "deceasedDateTime",
        "address",
        "maritalStatus",
        "photo",
        "communication",
        "generalPractitioner",
        "_birthDate",
        "contact",
        "extension",
        "link",
        "multipleBirthBoolean",
    ];
    for (id, patient) in world.patients() {
        for element in patient.as_object().unwrap().keys() {
            assert!(known.contains(&element.as_str()), "Patient/{id}: {element}");
        }
    }
}

fn ana_betz_is_as_the_demo_made_her(world: &World) {
    let ana = &world.patients()[&1];
    let names = |r#use: &str| {
        list(&ana["name"])
            .iter()
            .find(|name| name["use"] == r#use)
            .cloned()
    };
    let official = names("official").unwrap();
    assert_eq!(official["text"], "Mrs Ana Isabel Betz, PhD");
    assert_eq!(official["family"], "Betz");
    assert_eq!(official["prefix"], json!(["Mrs"]));
    assert_eq!(official["suffix"], json!(["PhD"]));
    let maiden = names("maiden").unwrap();
    assert_eq!(maiden["family"], "Rodríguez");
    assert_eq!(
        maiden["period"],
        json!({"start": "1985-10-04", "end": "2012-06-15"})
    );
    assert_eq!(names("nickname").unwrap()["given"], json!(["Anita"]));
    assert_eq!(
        (&ana["gender"], &ana["birthDate"]),
        (&json!("female"), &json!("1985-10-04"))
    );
    let passport = list(&ana["identifier"])
        .iter()
        .find(|item| item["value"] == "PAA123456")
        .unwrap();
    assert_eq!(
        passport["system"],
        format!("{SYSTEMS}/alternative-id/passport")
    );
    assert_eq!(passport["period"]["end"], "2028-05-20");
    let lines = list(&ana["address"]).iter().map(|address| &address["line"]);
    assert!(
        lines
            .into_iter()
            .any(|line| *line == json!(["Edificio Sol", "Calle Mayor 7", "3º B"]))
    );
    assert_eq!(list(&ana["photo"]).len(), 1);
}

fn names_in_any_script_arrive_as_they_are(world: &World) {
    let texts = [
        (5, "الحسن"),
        (7, "王小明"),
        (8, "Иван Иванович"),
        (9, "Παπαδοπούλου"),
        (10, "山田さくら"),
        (12, "Ångström-Æbelø"),
        (17, "O'Brien & Söhne"),
        (17, "Bob \"Bobby\" \\ <i>x</i>"),
        (44, "Wild\\_card%"),
        (45, "𝒟rama 👩‍⚕️"),
        // one composed, one decomposed: neither is changed
        (46, "Jose\u{301}"),
        (47, "José"),
    ];
    for (id, expected) in texts {
        let written = &world.patients()[&id]["name"][0]["text"];
        assert!(
            written.as_str().unwrap().contains(expected),
            "Patient/{id}: {written}"
        );
    }
}

fn whoever_has_nothing_has_no_elements(world: &World) {
    let absent = |id: i64, element: &str| {
        let value = &world.patients()[&id][element];
        assert!(value.is_null(), "Patient/{id}.{element}: {value}");
    };
    absent(20, "name");
    absent(20, "birthDate");
    absent(22, "birthDate");
    absent(50, "identifier");
    absent(38, "address");
    absent(19, "telecom");
    let mononym = &world.patients()[&18]["name"][0];
    assert_eq!(
        (&mononym["family"], &mononym["given"]),
        (&Value::Null, &json!(["Suharto"]))
    );
    let family_only = &world.patients()[&19]["name"][0];
    assert_eq!(
        (&family_only["family"], &family_only["given"]),
        (&json!("Onlyfamily"), &Value::Null)
    );
}
