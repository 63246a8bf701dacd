//! How the types serialise, by the rules of <https://hl7.org/fhir/R4/json.html>.

use serde::Serialize;
use serde_json::Error;

use super::*;

fn json(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value)
}

fn date(text: &str) -> Date {
    Date::parse(text).unwrap_or_else(|error| unreachable!("{text}: {error}"))
}

#[test]
fn a_patient_has_its_elements_in_the_order_of_the_specification() -> Result<(), Error> {
    let patient = Patient {
        gender: Some(AdministrativeGender::Female),
        name: vec![HumanName {
            r#use: Some(NameUse::Official),
            family: "Betz".into(),
            given: vec!["Ana".into(), "Isabel".into()],
            ..HumanName::default()
        }],
        birth_date: date("1985-10-04").into(),
        id: Some("1".to_owned()),
        ..Patient::default()
    };
    assert_eq!(
        json(&patient)?,
        r#"{"resourceType":"Patient","id":"1","name":[{"use":"official","family":"Betz","given":["Ana","Isabel"]}],"gender":"female","birthDate":"1985-10-04"}"#
    );
    Ok(())
}

#[test]
fn absent_elements_and_empty_lists_are_left_out() -> Result<(), Error> {
    assert_eq!(json(&Patient::default())?, r#"{"resourceType":"Patient"}"#);
    Ok(())
}

#[test]
fn a_choice_is_one_member_named_by_its_type() -> Result<(), Error> {
    let died = DateTime::from(date("2020-02"));
    let patient = Patient {
        deceased: Some(PatientDeceased::DateTime(died)),
        multiple_birth: Some(PatientMultipleBirth::Integer(2)),
        ..Patient::default()
    };
    assert_eq!(
        json(&patient)?,
        r#"{"resourceType":"Patient","deceasedDateTime":"2020-02","multipleBirthInteger":2}"#
    );
    Ok(())
}

#[test]
fn an_absent_primitive_says_why_in_its_sibling() -> Result<(), Error> {
    let patient = Patient {
        birth_date: Primitive::absent(DataAbsentReason::Unknown),
        ..Patient::default()
    };
    assert_eq!(
        json(&patient)?,
        r#"{"resourceType":"Patient","_birthDate":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}}"#
    );
    Ok(())
}

#[test]
fn a_list_of_primitives_and_its_sibling_are_padded_with_null() -> Result<(), Error> {
    let marked = Primitive {
        value: Some("Ana".to_owned()),
        extension: vec![Extension::new("urn:mark")],
    };
    let name = HumanName {
        given: vec!["Maria".into(), marked],
        ..HumanName::default()
    };
    assert_eq!(
        json(&name)?,
        r#"{"given":["Maria","Ana"],"_given":[null,{"extension":[{"url":"urn:mark"}]}]}"#
    );

    let nameless = HumanName {
        given: vec![Primitive::absent(DataAbsentReason::Masked), "Ana".into()],
        ..HumanName::default()
    };
    assert!(json(&nameless)?.starts_with(r#"{"given":[null,"Ana"],"_given":[{"extension":["#));
    Ok(())
}

#[test]
fn a_decimal_keeps_its_digits() -> Result<(), Box<dyn std::error::Error>> {
    for digits in [
        "1.50",
        "0.0",
        "-12",
        "100000000000000000000.000000000000001",
        "1e-05",
    ] {
        let quantity = Quantity {
            value: Some(Decimal::parse(digits)?),
            ..Quantity::default()
        };
        assert_eq!(json(&quantity)?, format!(r#"{{"value":{digits}}}"#));
    }
    Ok(())
}

#[test]
fn what_is_no_decimal_is_refused() {
    for text in [
        "", "NaN", "Infinity", "-", "01", "1.", ".5", "+1", " 1", "1 ", "1,5", "[1]", "1 2",
    ] {
        assert!(Decimal::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn dates_are_checked() {
    for text in ["2024", "2024-02", "2024-02-29", "2000-02-29", "0001-01-01"] {
        assert!(Date::parse(text).is_ok(), "{text:?}");
        assert!(DateTime::parse(text).is_ok(), "{text:?}");
        assert!(Instant::parse(text).is_err(), "{text:?}");
    }
    for text in [
        "",
        "24",
        "0000",
        "2024-13",
        "2023-02-29",
        "1900-02-29",
        "2024-04-31",
        "2024-1-1",
        "2024-01-01T",
        "2024-01-01 ",
    ] {
        assert!(Date::parse(text).is_err(), "{text:?}");
        assert!(DateTime::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn times_are_checked() {
    for text in [
        "2024-02-29T08:05:00Z",
        "2024-02-29T23:59:60.123456+14:00",
        "2024-02-29T08:05:00-03:30",
    ] {
        assert!(DateTime::parse(text).is_ok(), "{text:?}");
        assert!(Instant::parse(text).is_ok(), "{text:?}");
        assert!(Date::parse(text).is_err(), "{text:?}");
    }
    for text in [
        "2024-02-29T08:05:00",
        "2024-02-29T08:05Z",
        "2024-02-29T24:00:00Z",
        "2024-02-29T08:05:00.Z",
        "2024-02-29T08:05:00+14:30",
        "2024-02-29 08:05:00Z",
        "2024-02T08:05:00Z",
        "2024-02-29T08:05:00Zé",
        "éééééT08:05:00Z",
    ] {
        assert!(DateTime::parse(text).is_err(), "{text:?}");
        assert!(Instant::parse(text).is_err(), "{text:?}");
    }
    assert!(Time::parse("08:05:00").is_ok());
    assert!(Time::parse("08:05").is_err());
}

#[test]
fn a_failed_check_does_not_repeat_the_text() {
    let message = Date::parse("Ana Betz").map_err(|error| error.to_string());
    assert_eq!(message, Err("not a FHIR date".to_owned()));
}

#[test]
fn codes_are_those_of_the_value_sets() {
    assert_eq!(IssueType::NotSupported.as_str(), "not-supported");
    // a child of `processing` in the hierarchy of the code system
    assert_eq!(IssueType::TooCostly.as_str(), "too-costly");
    assert_eq!(QuantityComparator::LessOrEqualTo.as_str(), "<=");
    assert_eq!(HttpVerb::Get.as_str(), "GET");
    assert_eq!(FhirVersion::V4_0_1.as_str(), "4.0.1");
    assert_eq!(TypeRestfulInteraction::SearchType.as_str(), "search-type");
}

#[test]
fn a_bundle_mixes_resource_types() -> Result<(), Error> {
    let outcome = OperationOutcome::new(vec![OperationOutcomeIssue {
        diagnostics: Some("unknown parameter".to_owned()),
        ..OperationOutcomeIssue::new(IssueSeverity::Warning, IssueType::NotSupported)
    }]);
    let entry = |resource, mode| BundleEntry {
        resource: Some(resource),
        search: Some(BundleEntrySearch {
            mode: Some(mode),
            ..BundleEntrySearch::default()
        }),
        ..BundleEntry::default()
    };
    let bundle = Bundle {
        total: Some(1),
        link: vec![BundleLink::new("self", "http://localhost/Patient")],
        entry: vec![
            entry(
                AnyResource::new(&Patient::default())?,
                SearchEntryMode::Match,
            ),
            entry(AnyResource::new(&outcome)?, SearchEntryMode::Outcome),
        ],
        ..Bundle::new(BundleType::Searchset)
    };
    assert_eq!(
        json(&bundle)?,
        concat!(
            r#"{"resourceType":"Bundle","type":"searchset","total":1,"#,
            r#""link":[{"relation":"self","url":"http://localhost/Patient"}],"entry":["#,
            r#"{"resource":{"resourceType":"Patient"},"search":{"mode":"match"}},"#,
            r#"{"resource":{"resourceType":"OperationOutcome","issue":[{"severity":"warning","code":"not-supported","diagnostics":"unknown parameter"}]},"search":{"mode":"outcome"}}]}"#
        )
    );
    Ok(())
}
