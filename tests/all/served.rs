//! Everything that is served, in both formats, as the doctor finds it page by page; asked once.

use std::sync::OnceLock;

use serde_json::Value;

use crate::crawl::{self, declared, entries};
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

fn of_type(world: &World, kind: &str) -> Served {
    // Others validate what the tests saw; this is validated whole.
    let doctor = world.doctor().forgetful();
    let mut served = Served {
        kind: kind.to_owned(),
        pages: Vec::new(),
        resources: Vec::new(),
    };
    let mut next = Some(format!("/{kind}?_count={PAGE}"));
    while let Some(path) = next {
        let json = doctor.get(&path);
        let xml = doctor.get_with(&path, &[("accept", "application/fhir+xml")]);
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
