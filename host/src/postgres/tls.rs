//! TLS to PostgreSQL: the system's certificate authorities, and the one the guest adds.
//!
//! Spin uses the platform's library here. rustls needs no C library and no headers to build.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};
use tokio_postgres_rustls::MakeRustlsConnect;

/// The certificates of a PEM text.
pub(super) fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>> {
    let certificates =
        CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<Vec<_>, _>>()?;
    ensure!(!certificates.is_empty(), "no certificate found");
    Ok(certificates)
}

/// A connector which verifies the server's certificate and its name.
pub(super) fn connector(root_ca: Option<&str>) -> Result<MakeRustlsConnect> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(pem) = root_ca {
        for certificate in certificates(pem)? {
            roots.add(certificate).context("invalid root certificate")?;
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
