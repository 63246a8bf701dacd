//! By which address a client is counted.

use crate::http::{Answer, FORWARDED, basic, raw, raw_get};
use crate::users::{ExtraUser, assert_refused};
use crate::world::World;
use crate::{Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        the_outermost_trusted_proxy_names_the_client,
        what_is_no_address_counts_as_the_connection,
    ]
}

/// For these apps are started.
pub fn tests_of_other_apps() -> Vec<Test> {
    tests![
        without_trusted_proxies_only_the_connection_counts,
        the_standard_header_is_read_where_it_is_configured,
    ]
}

/// The address that was written down for an attempt.
fn counted(user: &ExtraUser, answer: &Answer) -> (String, String) {
    assert_refused(answer);
    let rows = user.attempts();
    assert_eq!(rows.len(), 1);
    user.forget_attempts();
    let text = |column: &str| rows[0][column].as_str().unwrap().to_owned();
    (text("ip_address"), text("ip_network"))
}

fn the_outermost_trusted_proxy_names_the_client(world: &World) {
    let user = ExtraUser::usual(world, "proxy");
    for (header, address, network) in [
        ("192.0.2.1", "192.0.2.1", "192.0.2.1/32"),
        ("6.6.6.6, 192.0.2.1", "192.0.2.1", "192.0.2.1/32"),
        ("::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1/32"),
        (
            "[2001:db8:0:1ff::1]:443",
            "2001:db8:0:1ff::1",
            "2001:db8:0:100::/56",
        ),
    ] {
        let answer = user
            .client("wrong")
            .get_with("/Patient/1", &[(FORWARDED, header)]);
        assert_eq!(
            counted(&user, &answer),
            (address.to_owned(), network.to_owned()),
            "{header}"
        );
    }
}

fn what_is_no_address_counts_as_the_connection(world: &World) {
    let user = ExtraUser::usual(world, "no-address");
    let here = ("127.0.0.1".to_owned(), "127.0.0.1/32".to_owned());
    for header in ["", "unknown", "1.2.3", "192.0.2.1, x", "' OR 1=1"] {
        let answer = user
            .client("wrong")
            .get_with("/Patient/1", &[(FORWARDED, header)]);
        assert_eq!(counted(&user, &answer), here, "{header}");
    }
    // no header at all, and a forged one of Spin's
    let authorization = format!("Authorization: {}", basic(&user.login, "wrong"));
    let headers = [authorization.as_bytes(), b"spin-client-addr: 192.0.2.66:1"];
    let answer = raw(world.app().port(), &raw_get(b"/Patient/1", &headers));
    assert_eq!(answer.expect("an answer").0, 401);
    let rows = user.attempts();
    assert_eq!(rows[0]["ip_address"], "127.0.0.1");
}

fn without_trusted_proxies_only_the_connection_counts(world: &World) {
    let app = world.start_app("no-proxies", |options| options.with("trusted_proxies", "0"));
    let user = ExtraUser::usual(world, "untrusted");
    let client = app.client.with_credentials(&user.login, "wrong");
    for headers in [
        [(FORWARDED, "192.0.2.1")],
        [("forwarded", "for=192.0.2.1")],
        [("spin-client-addr", "192.0.2.1:5")],
    ] {
        let (address, _) = counted(&user, &client.get_with("/Patient/1", &headers));
        assert_eq!(address, "127.0.0.1");
    }
}

fn the_standard_header_is_read_where_it_is_configured(world: &World) {
    let app = world.start_app("forwarded", |options| {
        options
            .with("trusted_proxies", "2")
            .with("forwarded_header", "forwarded")
    });
    let user = ExtraUser::usual(world, "forwarded");
    let client = app.client.with_credentials(&user.login, "wrong");
    let headers = [
        (
            "forwarded",
            "for=6.6.6.6, for=\"[2001:db8::5]:80\";proto=https",
        ),
        ("forwarded", "for=198.51.100.1"),
        (FORWARDED, "192.0.2.1, 192.0.2.2"),
    ];
    let (address, network) = counted(&user, &client.get_with("/Patient/1", &headers));
    assert_eq!(
        (address.as_str(), network.as_str()),
        ("2001:db8::5", "2001:db8::/56")
    );
}
