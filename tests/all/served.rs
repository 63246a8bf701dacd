//! Everything that is served, in both formats, as one finds it page by page who may read all of it; asked once.

use std::sync::OnceLock;

use serde_json::Value;

use crate::crawl::{self, declared, entries};
use crate::http::{Client, basic};
use crate::users::{ExtraUser, PASSWORD};
use crate::world::{World, link};

/// The most resources of a page.
const PAGE: usize = 1000;

/// A page of the resources of a type.
pub struct Page {
    /// As JSON, to the letter.
    pub json: String,
    /// The same search, as XML.
    pub xml: String,
}

/// All resources of a type.
pub struct Served {
    pub kind: String,
    pub pages: Vec<Page>,
    pub resources: Vec<Value>,
}

/// Every resource of every declared type.
pub fn everything(world: &World) -> &'static [Served] {
    static SERVED: OnceLock<Vec<Served>> = OnceLock::new();
    SERVED.get_or_init(|| {
        let statement = crawl::statement(world);
        let types = declared(&statement);
        types
            .iter()
            .map(|declared| of_type(world, declared["type"].as_str().unwrap()))
            .collect()
    })
}

/// The login of a user who is in all of GNU Health's own groups: to doctors it closes the rounds of nurses.
pub fn reader(world: &World) -> &'static str {
    static READER: OnceLock<String> = OnceLock::new();
    READER.get_or_init(|| {
        let user = ExtraUser::usual(world, "reader");
        let added = world.sql().change(
            "INSERT INTO \"res_user-res_group\" (\"user\", \"group\") \
             SELECT $1::bigint::int, id FROM res_group WHERE name LIKE 'Health %'",
            &[&user.id],
        );
        assert!(added > 5, "{added} groups");
        let login = user.login.clone();
        // It stays as long as the database does.
        std::mem::forget(user);
        login
    })
}

/// The header with which the reader signs in.
pub fn credentials(world: &World) -> String {
    basic(reader(world), PASSWORD)
}

/// A client with them. What it is answered is not kept for the validation in the end: it is validated whole.
pub fn client(world: &World) -> Client {
    let credentials = credentials(world);
    world
        .anonymous()
        .with_authorization(&credentials)
        .forgetful()
}

fn of_type(world: &World, kind: &str) -> Served {
    let reader = client(world);
    let mut served = Served {
        kind: kind.to_owned(),
        pages: Vec::new(),
        resources: Vec::new(),
    };
    let mut next = Some(format!("/{kind}?_count={PAGE}"));
    while let Some(path) = next {
        let json = reader.get(&path);
        let xml = reader.get_with(&path, &[("accept", "application/fhir+xml")]);
        assert_eq!(xml.status, 200, "{path}");
        let bundle = json.ok();
        next = link(&bundle, "next");
        let found = entries(&bundle, "match").map(|entry| entry["resource"].clone());
        served.resources.extend(found);
        served.pages.push(Page {
            json: json.text().to_owned(),
            xml: xml.text().to_owned(),
        });
    }
    served
}

/// All resources, whatever their type.
pub fn resources(world: &World) -> impl Iterator<Item = &'static Value> {
    everything(world)
        .iter()
        .flat_map(|served| &served.resources)
}
