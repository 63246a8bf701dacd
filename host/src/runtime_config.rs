//! Spin's runtime configuration, as far as this host knows it:
//!
//! ```toml
//! [outbound_pg]
//! max_connections = 3
//! ```

use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

/// What it says.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuntimeConfig {
    #[serde(default)]
    pub(crate) outbound_pg: OutboundPg,
}

/// Connections to PostgreSQL.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OutboundPg {
    /// The most for each component and address.
    pub(crate) max_connections: Option<usize>,
}

impl RuntimeConfig {
    /// Reads the file; without one, nothing is configured.
    pub(crate) fn load(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else {
            return Ok(Self::default());
        };
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("{} cannot be read", path.display()))?;
        toml::from_str(&text)
            .with_context(|| format!("{} has something that is not known here", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_that_is_delivered_is_understood() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/runtime-config.toml");
        let config = RuntimeConfig::load(Some(&path)).unwrap();
        assert_eq!(config.outbound_pg.max_connections, Some(3));
    }

    #[test]
    fn without_a_file_nothing_is_configured_and_what_is_unknown_is_an_error() {
        assert_eq!(RuntimeConfig::load(None).unwrap(), RuntimeConfig::default());
        assert!(toml::from_str::<RuntimeConfig>("[outbound_redis]").is_err());
        assert!(toml::from_str::<RuntimeConfig>("[outbound_pg]\nmax = 3").is_err());
    }
}
