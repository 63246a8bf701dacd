//! What nobody should send: it is refused, nothing breaks, and nothing is executed.

use crate::http::{Answer, basic, raw, raw_get};
use crate::world::World;
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        a_bad_count_is_refused,
        result_parameters_may_stand_only_once,
        broken_percent_encoding_is_refused,
        bytes_that_are_no_utf_8_are_refused,
        a_nul_character_is_refused,
        too_many_parameters_or_values_are_refused,
        a_url_of_more_than_8_kb_is_too_long,
        a_query_of_a_megabyte_is_refused_and_the_app_lives_on,
        headers_that_say_nonsense_do_no_harm,
        headers_that_are_no_text_do_no_harm,
        broken_requests_do_no_harm,
        sql_in_a_value_is_a_value,
        a_token_without_code_and_system_is_refused,
        an_empty_name_is_refused,
    ]
}

fn search(world: &World, query: &str) -> Answer {
    world.doctor().get(&format!("/Patient?{query}"))
}

/// A search whose bytes are sent as they are: its status, and the whole answer.
fn raw_search(world: &World, query: &[u8], headers: &[&[u8]]) -> (u16, String) {
    let authorization = format!(
        "Authorization: {}",
        basic("doctor", world.password("doctor"))
    );
    let mut all = vec![authorization.as_bytes()];
    all.extend(headers);
    let target = [b"/Patient?", query].concat();
    let answer = raw(world.app().port(), &raw_get(&target, &all));
    answer.unwrap_or_else(|| panic!("no answer to {}", String::from_utf8_lossy(query)))
}

fn a_bad_count_is_refused(world: &World) {
    for value in [
        "-1", "x", "", "1.5", "+5", "1e3", "0x10", "%20", "5%20", "NaN", "1,2", "٣",
    ] {
        let reason = search(world, &format!("_count={value}")).refused(400, "value");
        assert!(reason.contains("_count"), "{reason}");
    }
}

fn result_parameters_may_stand_only_once(world: &World) {
    for query in [
        "_count=5&_count=5",
        "_count=5&_count=6",
        "_total=none&_total=accurate",
        "_cursor=a&_cursor=b",
        "_format=json&_format=json",
        "_pretty=true&_pretty=true",
    ] {
        let answer = search(world, query);
        assert!(
            matches!(answer.status, 400 | 406),
            "{query}: {}",
            answer.text()
        );
        assert_eq!(answer.json()["resourceType"], "OperationOutcome", "{query}");
    }
    search(world, "_count=5&_count=6").refused(400, "invalid");
}

fn broken_percent_encoding_is_refused(world: &World) {
    for query in [
        "name=%",
        "name=%4",
        "name=%zz",
        "na%me=Betz",
        "name=a%2",
        "name=%%41",
        "%=1",
        "name=%u0041",
        "%",
    ] {
        let (status, answer) = raw_search(world, query.as_bytes(), &[]);
        assert_eq!(status, 400, "{query}: {answer}");
        assert!(answer.contains("OperationOutcome"), "{query}: {answer}");
    }
}

fn bytes_that_are_no_utf_8_are_refused(world: &World) {
    for query in [
        "name=%ff",
        "name=%C3",
        "name=%C3%28",
        "name=%ED%A0%80",
        "name=%F5%80%80%80",
        "%ff=1",
    ] {
        search(world, query).refused(400, "invalid");
    }
    // Not encoded at all: a server may refuse the bytes themselves, in words of its own, or take UTF-8 for what it is.
    for query in [&b"name=\xff"[..], b"name=\xc3\x28", b"\xfe\xff=1"] {
        let (status, answer) = raw_search(world, query, &[]);
        assert!((400..500).contains(&status), "{answer}");
    }
}

fn a_nul_character_is_refused(world: &World) {
    for query in [
        "name=a%00b",
        "name=%00",
        "%00=1",
        "_id=1%00",
        "identifier=a%00|b",
    ] {
        search(world, query).refused(400, "invalid");
    }
}

fn too_many_parameters_or_values_are_refused(world: &World) {
    let parameters = |count: usize| vec!["gender=female"; count].join("&");
    assert_eq!(search(world, &parameters(64)).status, 200);
    search(world, &parameters(65)).refused(400, "too-costly");
    let values = |count: usize| format!("_id={}", vec!["1"; count].join(","));
    assert_eq!(search(world, &values(1000)).status, 200);
    search(world, &values(1001)).refused(400, "too-costly");
}

fn a_url_of_more_than_8_kb_is_too_long(world: &World) {
    for (client, path) in [
        (world.doctor(), "/Patient?_id="),
        (world.anonymous().clone(), "/Patient?_id="),
        (world.anonymous().clone(), "/metadata?x="),
    ] {
        let fill = |length: usize| format!("{path}{}", "1".repeat(length - path.len()));
        let reason = client.get(&fill(8193)).refused(414, "too-long");
        assert!(reason.contains("8192"), "{reason}");
        assert_ne!(client.get(&fill(8192)).status, 414);
    }
    let xml = format!("/Patient?_format=xml&_id={}", "1".repeat(9000));
    let answer = world
        .doctor()
        .get_with(&xml, &[("accept", "application/fhir+xml")]);
    assert_eq!(answer.status, 414);
    assert!(
        answer.text().contains("<code value=\"too-long\"/>"),
        "{}",
        answer.text()
    );
}

fn a_query_of_a_megabyte_is_refused_and_the_app_lives_on(world: &World) {
    for piece in [&b"a"[..], b"%41", b"a,", b"&a=b", b"%ff"] {
        let query = [b"name=", piece.repeat((1 << 20) / piece.len()).as_slice()].concat();
        let authorization = format!(
            "Authorization: {}",
            basic("doctor", world.password("doctor"))
        );
        for headers in [&[][..], &[authorization.as_bytes()]] {
            let request = raw_get(&[b"/Patient?", query.as_slice()].concat(), headers);
            // A server that closes before it has read all may cut its own answer off.
            if let Some((status, answer)) = raw(world.app().port(), &request) {
                assert!((400..500).contains(&status), "{answer:.200}");
            }
        }
        assert_eq!(world.doctor().get("/Patient/1").status, 200);
    }
}

fn headers_that_say_nonsense_do_no_harm(world: &World) {
    for header in [
        "Accept: ",
        "Accept: ;;;,,,/",
        "Accept: application/json;q=x;fhirVersion",
        "Prefer: ;;=,,",
        "X-Request-Id: <script>alert(1)</script>",
        "X-Forwarded-Proto: javascript",
        "X-Forwarded-Proto: https, http",
        "If-None-Match: *",
        "Content-Type: ;",
    ] {
        let (status, answer) = raw_search(world, b"_count=1", &[header.as_bytes()]);
        assert!(
            status == 200 || (400..500).contains(&status),
            "{header}: {answer}"
        );
        for echoed in ["<script>", "javascript"] {
            assert!(!answer.contains(echoed), "{header}: {answer}");
        }
    }
}

/// Spin itself answers 500 to a header that is no UTF-8, before the app sees it: what is asserted is that it goes on.
fn headers_that_are_no_text_do_no_harm(world: &World) {
    let headers: [&[u8]; 4] = [
        b"Accept: \xff\xfe",
        b"Prefer: \xff",
        b"X-Request-Id: \xff",
        b"If-None-Match: \xff",
    ];
    for header in headers {
        let (status, answer) = raw_search(world, b"_count=1", &[header]);
        assert!(status < 600, "{answer}");
        assert_eq!(world.doctor().get("/Patient/1").status, 200);
    }
}

fn broken_requests_do_no_harm(world: &World) {
    let requests: [&[u8]; 8] = [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /Patient\r\n\r\n",
        b"GET /Patient HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET http://[::1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /Patient HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\nConnection: close\r\n\r\n",
        b"POST /Patient HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n",
    ];
    for request in requests {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", world.app().port())).unwrap();
        std::io::Write::write_all(&mut stream, request).unwrap();
        // Gone before it can be answered: nobody waits for a client that says no more.
        drop(stream);
    }
    assert_eq!(world.doctor().get("/Patient/1").status, 200);
}

const INJECTIONS: &[&str] = &[
    "'; DROP TABLE party_party; --",
    "' OR '1'='1",
    "\" OR \"1\"=\"1",
    "1 OR 1=1",
    "1); DELETE FROM gnuhealth_patient; --",
    "\\'; DROP TABLE party_party; --",
    "$1",
    "$$ OR true $$",
    "%' OR true --",
    "{{ secret_key }}",
    "'||pg_sleep(10)||'",
    "1/**/UNION/**/SELECT/**/password_hash/**/FROM/**/res_user",
    "\u{2019}; DROP TABLE party_party; --",
];

fn sql_in_a_value_is_a_value(world: &World) {
    let counts = "SELECT (SELECT count(*) FROM party_party) || '/' || (SELECT count(*) FROM gnuhealth_patient)";
    let before = world.sql().value(counts, &[]);
    let parameters = [
        "_id",
        "_id:not",
        "identifier",
        "identifier:not",
        "name",
        "name:exact",
        "name:contains",
        "family",
        "family:exact",
        "given",
        "given:contains",
        "gender",
        "gender:not",
        "birthdate",
        "_count",
        "_total",
        "_cursor",
        "_format",
    ];
    for parameter in parameters {
        for value in INJECTIONS {
            let answer = world.search(&[(parameter, value)]);
            if answer.status != 200 {
                assert!(
                    matches!(answer.status, 400 | 406),
                    "{parameter}={value}: {}",
                    answer.text()
                );
                continue;
            }
            let found = crate::world::ids(&answer.json()).len();
            let expected = if parameter.ends_with(":not") {
                world.patients().len()
            } else {
                0
            };
            assert_eq!(found, expected, "{parameter}={value}");
        }
    }
    // In the name of a parameter, in the path, in the credentials.
    for value in INJECTIONS {
        let name = crate::world::encoded(value);
        let answer = search(world, &format!("{name}=1"));
        assert!(matches!(answer.status, 200 | 400), "{}", answer.text());
        assert!(matches!(
            world.doctor().get(&format!("/Patient/{name}")).status,
            400 | 404
        ));
        let stranger = world.anonymous().with_credentials(value, value);
        stranger.get("/Patient/1").refused(401, "login");
    }
    assert_eq!(world.sql().value(counts, &[]), before);
}

fn a_token_without_code_and_system_is_refused(world: &World) {
    for query in [
        "identifier=",
        "identifier=|",
        "gender=",
        "_id=",
        "identifier=a|b|c",
        "identifier=a,,b",
    ] {
        search(world, query).refused(400, "value");
    }
}

fn an_empty_name_is_refused(world: &World) {
    for query in [
        "name=",
        "family=%20",
        "given=a,,b",
        "name:exact=",
        "name:contains=",
    ] {
        search(world, query).refused(400, "value");
    }
}
