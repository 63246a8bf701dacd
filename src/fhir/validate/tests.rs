use super::tree::{Node, Object, from_json};
use super::*;

/// Expression and code of each problem.
fn problems(json: &str) -> Vec<(String, IssueType)> {
    let resource = from_json(json).unwrap_or_else(|error| panic!("{json}: {error}"));
    let mut findings = Findings::default();
    check(&resource, "Patient", &mut findings);
    told(findings)
}

fn told(findings: Findings) -> Vec<(String, IssueType)> {
    let problems = findings.problems.into_iter();
    problems
        .map(|problem| (problem.place.expression, problem.code))
        .collect()
}

fn problems_of_xml(xml: &str) -> Vec<(String, IssueType)> {
    let mut findings = Findings::default();
    let resource = xml::read(xml, &mut findings).unwrap_or_else(|error| panic!("{xml}: {error}"));
    check(&resource, "Patient", &mut findings);
    told(findings)
}

fn patient(members: &str) -> Vec<(String, IssueType)> {
    problems(&format!("{{\"resourceType\":\"Patient\",{members}}}"))
}

fn one(expression: &str, code: IssueType) -> Vec<(String, IssueType)> {
    vec![(expression.to_owned(), code)]
}

/// A patient with all that is difficult and right.
const RIGHT: &str = r##"{"resourceType":"Patient","id":"a","meta":{"lastUpdated":"2020-01-01T00:00:00Z","profile":["http://h/p"]},
    "implicitRules":"http://h/rules","_implicitRules":{"id":"x"},
    "text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>a</p></div>"},
    "contained":[{"resourceType":"Organization","id":"o","extension":[{"url":"x","valueReference":{"reference":"#"}}],"name":"x"},
    {"resourceType":"Location","id":"l","x":1}],
    "extension":[{"url":"u","valueMoney":{"value":1.10,"currency":"EUR"}},{"url":"v","extension":[{"url":"w","_valueDate":{"extension":[{"url":"x","valueCode":"y"}]}}]}],
    "modifierExtension":[{"url":"http://h/m","valueTiming":{"repeat":{"boundsRange":{"low":{"value":1}},"dayOfWeek":["mon"]}}}],
    "name":[{"id":"n","given":["a",null,"c"],"_given":[null,{"extension":[{"url":"x","valueBoolean":false}]},null]}],
    "gender":"other","_birthDate":{"extension":[{"url":"x","valueCode":"unknown"}]},"deceasedBoolean":false,
    "multipleBirthInteger":2,"photo":[{"contentType":"image/png","data":"YWJj"}],
    "generalPractitioner":[{"reference":"http://h/fhir/Practitioner/1/_history/2"},{"reference":"urn:uuid:c757873d-ec9a-4326-a141-556f43239520"},
    {"display":"x"},{"reference":"PractitionerRole?identifier=x|y"},{"reference":"http://h/x.aspx?a=b"}],
    "managingOrganization":{"reference":"#o","type":"Organization"},
    "link":[{"other":{"reference":"Patient/b"},"type":"seealso"}]}"##;

#[test]
fn what_is_right_has_no_problem_but_what_is_not_looked_at() {
    // a location is no type that is served
    let expected = one("Patient.contained[1]", IssueType::NotSupported);
    assert_eq!(problems(RIGHT), expected);
}

#[test]
fn each_problem_is_told_with_its_place() {
    use IssueType::{CodeInvalid, Invariant, NotFound, Required, Structure, Value};
    for (members, expression, code) in [
        (r#""shoeSize":44"#, "Patient.shoeSize", Structure),
        (r#""shoe size":44"#, "Patient", Structure),
        (r#""gender":"f""#, "Patient.gender", CodeInvalid),
        (r#""gender":"female ""#, "Patient.gender", Value),
        (r#""gender":1"#, "Patient.gender", Structure),
        (r#""gender":["male"]"#, "Patient.gender", Structure),
        (r#""gender":null"#, "Patient.gender", Structure),
        (
            r#""gender":"male","gender":"male""#,
            "Patient.gender",
            Structure,
        ),
        (r#""active":"true""#, "Patient.active", Structure),
        (r#""birthDate":"2020-13-45""#, "Patient.birthDate", Value),
        (r#""_birthDate":{}"#, "Patient.birthDate", Invariant),
        (r#""_birthDate":{"id":"x"}"#, "Patient.birthDate", Invariant),
        (r#""_birthDate":"x""#, "Patient.birthDate", Structure),
        (r#""_birthDate":{"x":1}"#, "Patient.birthDate.x", Structure),
        (r#""name":{"family":"x"}"#, "Patient.name", Structure),
        (r#""name":[]"#, "Patient.name", Structure),
        (r#""name":[{}]"#, "Patient.name[0]", Invariant),
        (r#""name":["x"]"#, "Patient.name[0]", Structure),
        (
            r#""name":[{"family":"x"},null]"#,
            "Patient.name[1]",
            Structure,
        ),
        (r#""_name":[{"id":"x"}]"#, "Patient._name", Structure),
        (
            r#""name":[{"family":"x"},{"given":["a",""]}]"#,
            "Patient.name[1].given[1]",
            Value,
        ),
        (
            r#""name":[{"given":["a",null]}]"#,
            "Patient.name[0].given[1]",
            Structure,
        ),
        (
            r#""name":[{"given":["a"],"_given":[null,null]}]"#,
            "Patient.name[0].given",
            Structure,
        ),
        (
            r#""deceasedBoolean":true,"deceasedDateTime":"2020""#,
            "Patient.deceased",
            Structure,
        ),
        (
            r#""deceasedDateTime":"2020-01-01T10:00""#,
            "Patient.deceased",
            Value,
        ),
        (
            r#""deceasedString":"x""#,
            "Patient.deceasedString",
            Structure,
        ),
        (
            r#""multipleBirthInteger":1.5"#,
            "Patient.multipleBirth",
            Value,
        ),
        (
            r#""communication":[{"preferred":true}]"#,
            "Patient.communication[0].language",
            Required,
        ),
        (
            r#""link":[{"type":"seealso"}]"#,
            "Patient.link[0].other",
            Required,
        ),
        (
            r#""link":[{"other":{"reference":"Organization/1"},"type":"seealso"}]"#,
            "Patient.link[0].other.reference",
            Value,
        ),
        (
            r##""managingOrganization":{"reference":"#x"}"##,
            "Patient.managingOrganization.reference",
            NotFound,
        ),
        (
            r#""managingOrganization":{"reference":"Organization"}"#,
            "Patient.managingOrganization.reference",
            Value,
        ),
        (
            r#""managingOrganization":{"reference":"Nonsense/1"}"#,
            "Patient.managingOrganization.reference",
            Value,
        ),
        (
            r#""managingOrganization":{"reference":"https://h/Patient/1"}"#,
            "Patient.managingOrganization.reference",
            Value,
        ),
        (
            r#""managingOrganization":{"type":"Patient"}"#,
            "Patient.managingOrganization.type",
            Value,
        ),
        (
            r#""managingOrganization":{"type":"Organisation"}"#,
            "Patient.managingOrganization.type",
            Value,
        ),
        (
            r#""managingOrganization":{"reference":"Organization/1","type":"Patient"}"#,
            "Patient.managingOrganization.type",
            Value,
        ),
        (
            r#""extension":[{"url":"u"}]"#,
            "Patient.extension[0]",
            Invariant,
        ),
        (
            r#""extension":[{"url":"u","valueCode":"x","extension":[{"url":"v","valueCode":"y"}]}]"#,
            "Patient.extension[0]",
            Invariant,
        ),
        (
            r#""extension":[{"valueCode":"x"}]"#,
            "Patient.extension[0].url",
            Required,
        ),
        (
            r#""extension":[{"url":"u","valueElement":{"id":"x"}}]"#,
            "Patient.extension[0].valueElement",
            Structure,
        ),
        (
            r#""contained":[{"resourceType":"Nonsense","id":"x"}]"#,
            "Patient.contained[0]",
            Structure,
        ),
        (
            r#""contained":[{"id":"x"}]"#,
            "Patient.contained[0]",
            Required,
        ),
        (
            r#""contained":[{"resourceType":"Patient"}]"#,
            "Patient.contained[0]",
            Required,
        ),
        (
            r#""contained":[{"resourceType":"Patient","id":"x","meta":{"versionId":"1"}}]"#,
            "Patient.contained[0]",
            Invariant,
        ),
        (
            r#""text":{"status":"generated","div":"<p/>"}"#,
            "Patient.text.div",
            Invariant,
        ),
        (
            r#""text":{"div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>"}"#,
            "Patient.text.status",
            Required,
        ),
        (
            r#""meta":{"lastUpdated":"2020-01-01"}"#,
            "Patient.meta.lastUpdated",
            Value,
        ),
        (r#""id":"a b""#, "Patient.id", Value),
        (
            r#""resourceType":"Patient""#,
            "Patient.resourceType",
            Structure,
        ),
        (
            r#""photo":[{"data":"no base64!"}]"#,
            "Patient.photo[0].data",
            Value,
        ),
    ] {
        assert_eq!(patient(members), one(expression, code), "{members}");
    }
}

#[test]
fn all_problems_are_told_and_where_they_are_in_xml_too() {
    let found =
        patient(r#""gender":"f","name":[{"use":"x","given":[1]}],"x":1,"communication":[{}]"#);
    let expressions: Vec<_> = found
        .iter()
        .map(|(expression, _)| expression.as_str())
        .collect();
    let expected = [
        "Patient.x",
        "Patient.name[0].use",
        "Patient.name[0].given[0]",
        "Patient.gender",
        "Patient.communication[0]",
        "Patient.communication[0].language",
    ];
    assert_eq!(expressions, expected);
    let mut findings = Findings::default();
    let resource = from_json(r#"{"resourceType":"Patient","name":[{"given":["a",1]}]}"#).unwrap();
    check(&resource, "Patient", &mut findings);
    let locations: Vec<_> = findings
        .problems
        .iter()
        .map(|problem| problem.place.location.as_str())
        .collect();
    assert_eq!(locations, ["/f:Patient/f:name[1]/f:given[2]"]);
}

#[test]
fn what_is_required_and_bound_may_be_told_by_extensions() {
    let absent = r#"{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}"#;
    let observation = |members: &str| {
        problems(&format!(
            r#"{{"resourceType":"Observation","code":{{"text":"x"}},{members}}}"#
        ))
    };
    assert_eq!(observation(&format!("\"_status\":{absent}")), []);
    assert_eq!(
        observation(r#""status":"done""#),
        one("Observation.status", IssueType::CodeInvalid)
    );
    let condition = |status: &str| {
        problems(&format!(
            r#"{{"resourceType":"Condition","subject":{absent},"clinicalStatus":{status}}}"#
        ))
    };
    let system = "http://terminology.hl7.org/CodeSystem/condition-clinical";
    assert_eq!(
        condition(&format!(
            r#"{{"coding":[{{"code":"x"}},{{"system":"{system}","code":"active"}}]}}"#
        )),
        []
    );
    assert_eq!(condition(absent), []);
    for wrong in [r#"{"text":"active"}"#, r#"{"coding":[{"code":"active"}]}"#] {
        assert_eq!(
            condition(wrong),
            one("Condition.clinicalStatus", IssueType::CodeInvalid),
            "{wrong}"
        );
    }
    let wrong = format!(r#"{{"coding":[{{"system":"{system}","code":"Active"}}]}}"#);
    assert_eq!(
        condition(&wrong),
        one("Condition.clinicalStatus", IssueType::CodeInvalid)
    );
}

#[test]
fn resources_in_bundles_and_parameters_are_checked_for_themselves() {
    let bundle = r##"{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"urn:uuid:1"},
        {"resource":{"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"o"}],
         "managingOrganization":{"reference":"#o"},"gender":"f"}},
        {"resource":{"resourceType":"Patient","managingOrganization":{"reference":"#o"}}}]}"##;
    let expected = [
        (
            "Bundle.entry[1].resource.gender".to_owned(),
            IssueType::CodeInvalid,
        ),
        (
            "Bundle.entry[2].resource.managingOrganization.reference".to_owned(),
            IssueType::NotFound,
        ),
    ];
    assert_eq!(problems(bundle), expected);
    let parameters = r#"{"resourceType":"Parameters","parameter":[{"name":"a","part":[{"name":"b","resource":{"resourceType":"Patient","x":1}}]}]}"#;
    assert_eq!(
        problems(parameters),
        one(
            "Parameters.parameter[0].part[0].resource.x",
            IssueType::Structure
        )
    );
}

#[test]
fn what_is_no_json_is_placed_and_not_repeated() {
    for (json, line, column) in [
        ("{\n \"Secret\" 1}", 2, 11),
        ("", 1, 0),
        ("[]", 1, 1),
        ("{\"a\":1}}", 1, 8),
        ("{\"a\":1e999}", 1, 10),
    ] {
        let error = from_json(json).unwrap_err();
        assert_eq!((error.line, error.column), (line, column), "{json}");
        assert!(!error.to_string().contains("Secret"), "{error}");
    }
    let deep = format!("{{\"a\":{}", "[".repeat(100_000));
    assert_eq!(
        from_json(&deep).unwrap_err().what,
        "the JSON is nested too deeply"
    );
}

#[test]
fn the_number_of_problems_is_limited() {
    let many: Vec<String> = (0..3000).map(|number| format!("\"x{number}\":1")).collect();
    let json = format!("{{\"resourceType\":\"Patient\",{}}}", many.join(","));
    let mut findings = Findings::default();
    check(&from_json(&json).unwrap(), "Patient", &mut findings);
    assert!(findings.more);
    assert_eq!(findings.problems.len(), MOST);
}

fn xml(inner: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Patient xmlns=\"http://hl7.org/fhir\">{inner}</Patient>"
    )
}

#[test]
fn xml_is_read_as_what_its_json_would_be() {
    let mut json = from_json(RIGHT).unwrap();
    let written = crate::fhir::xml::document(RIGHT, true).unwrap();
    let mut findings = Findings::default();
    let read = xml::read(&written, &mut findings).unwrap();
    assert_eq!(told(findings), []);
    assert_eq!(problems_of_xml(&written), problems(RIGHT));
    // What is not looked at is not read.
    leave_out_the_location(&mut json);
    let (mut read, mut json) = (Node::Object(read), Node::Object(json));
    plain(&mut read);
    plain(&mut json);
    assert_eq!(read, json);
}

fn leave_out_the_location(resource: &mut Object) {
    for (name, node) in &mut resource.0 {
        if let (true, Node::Array(items)) = (name == "contained", node)
            && let Some(Node::Object(location)) = items.get_mut(1)
        {
            location.0.truncate(2);
        }
    }
}

/// Without the types of values, which XML does not have, and the order of members.
fn plain(node: &mut Node) {
    match node {
        Node::Array(items) => items.iter_mut().for_each(plain),
        Node::Object(object) => {
            object.0.sort_by(|(one, _), (other, _)| one.cmp(other));
            object.0.iter_mut().for_each(|(_, node)| plain(node));
        }
        Node::Null => {}
        _ => *node = Node::Lexical(String::new()),
    }
}

#[test]
fn what_only_xml_can_get_wrong_is_told() {
    use IssueType::{CodeInvalid, Invariant, Structure};
    assert_eq!(problems_of_xml(&xml("")), []);
    assert_eq!(
        problems_of_xml(
            "<f:Patient xmlns:f=\"http://hl7.org/fhir\" xmlns:xsi=\"x\" xsi:schemaLocation=\"a b\"><!-- c --><f:active value=\"true\"/></f:Patient>"
        ),
        []
    );
    for (inner, expression, code) in [
        (
            "<gender value=\"male\"/><active value=\"true\"/>",
            "Patient.active",
            Structure,
        ),
        (
            "<name><family value=\"x\"/></name><telecom><value value=\"1\"/></telecom><name><family value=\"y\"/></name>",
            "Patient.name[1]",
            Structure,
        ),
        (
            "<gender value=\"male\"/><gender value=\"male\"/>",
            "Patient.gender",
            Structure,
        ),
        ("<gender value=\"m\"/>", "Patient.gender", CodeInvalid),
        ("<gender/>", "Patient.gender", Structure),
        (
            "<gender value=\"male\" unit=\"x\"/>",
            "Patient.gender",
            Structure,
        ),
        (
            "<gender value=\"male\" value=\"male\"/>",
            "Patient.gender",
            Structure,
        ),
        ("text", "Patient", Structure),
        (
            "<name>text<family value=\"x\"/></name>",
            "Patient.name[0]",
            Structure,
        ),
        ("<name/>", "Patient.name[0]", Invariant),
        ("<shoeSize value=\"1\"/>", "Patient.shoeSize", Structure),
        (
            "<x:gender xmlns:x=\"urn:x\" value=\"male\"/>",
            "Patient.gender",
            Structure,
        ),
        (
            "<text><status value=\"generated\"/><div>x</div></text>",
            "Patient.text.div",
            Structure,
        ),
        (
            "<text><status value=\"generated\"/><div xmlns=\"http://www.w3.org/1999/xhtml\"><script/>x</div></text>",
            "Patient.text.div",
            Invariant,
        ),
        (
            "<multipleBirthInteger value=\"01\"/>",
            "Patient.multipleBirth",
            IssueType::Value,
        ),
        (
            "<contained><Organization><id value=\"a\"/></Organization><Organization/></contained>",
            "Patient.contained[0]",
            Structure,
        ),
    ] {
        let found = problems_of_xml(&xml(inner));
        let (first, rest) = found.split_first().unwrap_or_else(|| panic!("{inner}"));
        assert_eq!(first, &(expression.to_owned(), code), "{inner}");
        assert!(
            rest.iter()
                .all(|(place, _)| place.starts_with("Patient.text")),
            "{inner}: {rest:?}"
        );
    }
}

#[test]
fn what_is_no_xml_is_placed_and_not_repeated() {
    for (text, line, column) in [
        ("", 1, 1),
        ("Secret", 1, 7),
        ("<Patient/>", 1, 11),
        (
            "<Patient xmlns=\"http://hl7.org/fhir\">\n<Secret></Other>",
            2,
            9,
        ),
        ("<Patient xmlns=\"http://hl7.org/fhir\">\n<active", 2, 1),
        (
            "<Patient xmlns=\"http://hl7.org/fhir\">\n <active value=\"&Secret;\"/></Patient>",
            2,
            2,
        ),
        (
            "<!DOCTYPE x [<!ENTITY a \"aaaa\">]><Patient xmlns=\"http://hl7.org/fhir\"/>",
            1,
            1,
        ),
        (
            "<?xml version=\"1.0\" encoding=\"latin1\"?><Patient xmlns=\"http://hl7.org/fhir\"/>",
            1,
            1,
        ),
        (
            "<Patient xmlns=\"http://hl7.org/fhir\"/><Patient xmlns=\"http://hl7.org/fhir\"/>",
            1,
            77,
        ),
        ("<Patient xmlns=\"http://hl7.org/fhir\">", 1, 38),
    ] {
        let error = xml::read(text, &mut Findings::default()).unwrap_err();
        assert_eq!(
            (error.line, error.column),
            (line, column),
            "{text}: {error}"
        );
        assert!(!error.to_string().contains("Secret"), "{error}");
    }
    for deep in ["<extension url=\"u\">", "<x>"] {
        let text = format!(
            "<Patient xmlns=\"http://hl7.org/fhir\">{}",
            deep.repeat(100_000)
        );
        let error = xml::read(&text, &mut Findings::default()).unwrap_err();
        assert_eq!(error.what, "the elements are nested too deeply");
    }
}
