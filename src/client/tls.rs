//! TLS as a client speaks it: the ring provider, and the roots that the system trusts.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore, crypto::ring};

use super::ClientError;

/// Builds the configuration; reads the system's certificates (or `SSL_CERT_FILE`) only when they are needed,
/// since that takes longer than everything else at the start.
pub(super) fn config(needs_roots: bool) -> Result<ClientConfig, ClientError> {
    let roots = if needs_roots { system_roots()? } else { RootCertStore::empty() };
    Ok(ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| ClientError::Setup { cause: error.into() })?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

fn system_roots() -> Result<RootCertStore, ClientError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (usable, _) = roots.add_parsable_certificates(found.certs);
    if usable > 0 {
        return Ok(roots);
    }
    let reasons: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
    let cause = format!("this system trusts no certificate at all; set SSL_CERT_FILE {}", reasons.join("; "));
    Err(ClientError::Setup { cause: cause.trim_end().into() })
}
