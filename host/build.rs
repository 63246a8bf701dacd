//! Generates the host side of Spin's interfaces from the WIT that the `spin-sdk` crate carries.
//!
//! The components are built against that crate, so taking the WIT from the very copy that Cargo
//! resolved keeps both sides in step, and nothing of Spin's is copied into this repository.
//! `bindgen!` takes its path as a literal only; hence a generated file.

use std::{env, error::Error, fs, path::Path};

const BINDINGS: &str = r#"
wasmtime::component::bindgen!({
    path: WIT,
    inline: "
        package host:imports;
        world imports {
            import spin:key-value/key-value@3.0.0;
            import spin:postgres/postgres@4.2.0;
            import spin:variables/variables@3.0.0;
        }
    ",
    imports: {
        "spin:key-value/key-value.[method]store.get-keys": trappable,
        default: async,
    },
    with: {
        "spin:key-value/key-value.store": crate::key_value::Store,
        "spin:postgres/postgres.connection": crate::postgres::Connection,
        "spin:postgres/postgres.connection-builder": crate::postgres::ConnectionBuilder,
    },
    require_store_data_send: true,
});
"#;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=Cargo.toml");
    println!("cargo::rerun-if-changed=../Cargo.lock");

    let metadata = cargo_metadata::MetadataCommand::new()
        .manifest_path(Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("Cargo.toml"))
        .other_options(["--filter-platform".to_owned(), env::var("TARGET")?])
        .exec()?;
    let sdk = metadata
        .packages
        .iter()
        .find(|package| package.name.as_str() == "spin-sdk")
        .and_then(|package| package.manifest_path.parent())
        .ok_or("the spin-sdk crate is not among the dependencies")?;

    let wit = format!("{:?}", sdk.join("wit").as_str());
    let bindings = Path::new(&env::var("OUT_DIR")?).join("bindings.rs");
    fs::write(bindings, BINDINGS.replace("WIT", &wit))?;
    Ok(())
}
