//! Where the server is, and how it is reached.

use std::sync::Arc;

use http::Uri;
use rustls::{ClientConfig, RootCertStore, crypto::ring};

use super::SimError;

/// A server's address.
pub(super) struct Address {
    encrypted: bool,
    authority: String,
}

impl Address {
    /// Reads `http://HOST:PORT` or `https://HOST:PORT`.
    pub(super) fn parse(text: &str) -> Result<Self, SimError> {
        let read = || {
            let uri: Uri = text.trim().parse().ok()?;
            let encrypted = match uri.scheme_str()? {
                "http" => false,
                "https" => true,
                _ => return None,
            };
            let authority = uri.authority()?.as_str();
            let plain = matches!(uri.path(), "" | "/") && uri.query().is_none() && !authority.contains('@');
            plain.then(|| Self { encrypted, authority: authority.to_owned() })
        };
        read().ok_or_else(|| SimError::NotAnAddress(text.to_owned()))
    }

    /// The URL of a call.
    pub(super) fn call(&self, path: &str) -> String {
        format!("{}://{}{path}", if self.encrypted { "https" } else { "http" }, self.authority)
    }

    /// The URL of a WebSocket.
    pub(super) fn socket(&self, path: &str) -> String {
        format!("{}://{}{path}", if self.encrypted { "wss" } else { "ws" }, self.authority)
    }

    /// `HOST:PORT`.
    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    /// Whether the way there is encrypted.
    pub(super) const fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// How the server's certificate is judged: by the host's own roots. Without TLS nothing is loaded.
    pub(super) fn tls(&self) -> Result<Arc<ClientConfig>, SimError> {
        let mut roots = RootCertStore::empty();
        if self.encrypted {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(SimError::Tls)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Arc::new(config))
    }
}
