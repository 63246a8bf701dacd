//! The tables of README.md and docs/search.md, made from the CapabilityStatement: what is written there is what is served.
//!
//! The tests compare. `GNUHEALTH_FHIR_WRITE_DOCS=1 cargo test --lib documentation` writes the tables anew.

use std::path::Path;

use crate::fhir::r4::{
    CapabilityStatementRestResource, CapabilityStatementRestResourceSearchParam,
};
use crate::resource;
use crate::search::criterion::{Grammar, modifiers};
use crate::search::declaration::Declaration;
use crate::search::parameter::COMMON;
use crate::search::sort::is_sortable;

use super::capability;

/// What stands before and after what is made here.
const START: &str = "<!-- made from the declarations: GNUHEALTH_FHIR_WRITE_DOCS=1 cargo test --lib documentation -->\n";
const END: &str = "<!-- end of what is made -->\n";

/// The variable that makes the tests write instead of compare.
const WRITE: &str = "GNUHEALTH_FHIR_WRITE_DOCS";

/// The types, as the CapabilityStatement describes them.
fn described() -> Vec<(&'static Declaration, CapabilityStatementRestResource)> {
    let server = capability::Server {
        base: "",
        modules: &[],
        cors: false,
    };
    let statement = capability::statement(&server, resource::ALL).expect("a statement");
    let described = statement.rest.into_iter().flat_map(|rest| rest.resource);
    resource::ALL.iter().copied().zip(described).collect()
}

/// A row for each type.
fn types() -> String {
    let head = "| type | what it is | interactions | search parameters |\n|---|---|---|---|\n";
    let rows = described().into_iter().map(|(declaration, resource)| {
        let name = declaration.name;
        let interactions = resource.interaction.iter().map(|one| {
            // As people call them: history-instance, search-type.
            let code = one.code.as_str();
            code.split('-').next().unwrap_or(code).to_owned()
        });
        let own = resource.search_param.iter();
        let own = own.filter(|parameter| COMMON.iter().all(|common| common.name != parameter.name));
        format!(
            "| [{name}](docs/mapping/{name}.md) | {} | {} | {} ([more](docs/search.md#{})) |\n",
            declaration.documentation,
            interactions.collect::<Vec<_>>().join(", "),
            codes(own.map(|parameter| parameter.name.as_str())),
            name.to_lowercase(),
        )
    });
    head.to_owned() + &rows.collect::<String>()
}

/// A section for each type.
fn parameters() -> String {
    let sections = described().into_iter().map(|(declaration, resource)| {
        let mut text = format!(
            "### {}\n{}\n\n",
            declaration.name, declaration.documentation
        );
        text += "| parameter | type | modifiers | what it searches |\n|---|---|---|---|\n";
        let shown = resource.search_param.iter();
        text.extend(shown.map(|parameter| row(declaration, parameter)));
        text.push('\n');
        for (name, values) in [
            ("_include", &resource.search_include),
            ("_revinclude", &resource.search_rev_include),
        ] {
            if !values.is_empty() {
                text += &format!("`{name}`: {}\n\n", codes(values.iter().map(String::as_str)));
            }
        }
        text
    });
    sections.collect::<String>().trim_end().to_owned() + "\n"
}

fn row(
    declaration: &'static Declaration,
    shown: &CapabilityStatementRestResourceSearchParam,
) -> String {
    let grammar = Grammar {
        declaration,
        types: resource::ALL,
    };
    let parameter = declaration.parameter(&shown.name).expect("it is declared");
    let modifiers = modifiers(grammar, parameter);
    let modifiers = modifiers.iter().map(String::as_str);
    let order = if is_sortable(parameter) {
        ""
    } else {
        " Not in `_sort`."
    };
    format!(
        "| `{}` | {} | {} | {}{order} |\n",
        shown.name,
        shown.r#type.as_str(),
        codes(modifiers.filter(|name| *name != "none")),
        shown.documentation.as_deref().unwrap_or_default(),
    )
}

fn codes<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let quoted = names.map(|name| format!("`{name}`"));
    quoted.collect::<Vec<_>>().join(" ")
}

/// Asserts that a file has what is made between the markers, or writes it there.
fn stands_in(file: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = std::fs::read_to_string(&path).expect("it can be read");
    let (before, rest) = text.split_once(START).expect("the marker before");
    let (between, after) = rest.split_once(END).expect("the marker after");
    if std::env::var_os(WRITE).is_some() {
        let text = [before, START, made, END, after].concat();
        std::fs::write(&path, text).expect("it can be written");
        return;
    }
    assert!(
        between == made,
        "{file} is not what the declarations say: run {WRITE}=1 cargo test --lib documentation, and look at what changed"
    );
}

#[test]
fn the_readme_lists_the_types_that_are_served() {
    stands_in("README.md", &types());
}

#[test]
fn the_search_documentation_lists_the_parameters_that_there_are() {
    stands_in("docs/search.md", &parameters());
}

#[test]
fn every_type_that_is_served_has_a_page_that_says_how_it_is_mapped() {
    for declaration in resource::ALL {
        let page = format!("docs/mapping/{}.md", declaration.name);
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
        assert!(page.is_file(), "{}", page.display());
    }
}
