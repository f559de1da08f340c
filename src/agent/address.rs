//! Where the server is, and how it is reached.

use std::sync::Arc;

use http::Uri;
use rustls::{ClientConfig, RootCertStore, crypto::ring};

use crate::proto::{endpoint::Endpoint, invitation::JoinFleet, link::AgentLink};

/// A server's address, `http://HOST:PORT` or `https://HOST:PORT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    tls: bool,
    authority: String,
}

impl Address {
    /// Reads an address; `None` when it is not one. A path at its end is refused: the paths are the protocol's own.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let uri: Uri = text.trim().parse().ok()?;
        let tls = match uri.scheme_str()? {
            "http" => false,
            "https" => true,
            _ => return None,
        };
        let authority = uri.authority()?.as_str();
        let plain = matches!(uri.path(), "" | "/") && uri.query().is_none() && !authority.contains('@');
        plain.then(|| Self { tls, authority: authority.to_owned() })
    }

    /// Where a node joins.
    pub(super) fn join(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}{}", self.authority, JoinFleet::PATH)
    }

    /// Where the link opens.
    pub(super) fn link(&self) -> String {
        let scheme = if self.tls { "wss" } else { "ws" };
        format!("{scheme}://{}{}", self.authority, AgentLink::PATH)
    }

    /// How the server's certificate is judged: by the host's own roots. Without TLS nothing is loaded.
    pub(super) fn tls(&self) -> Result<Arc<ClientConfig>, rustls::Error> {
        let mut roots = RootCertStore::empty();
        if self.tls {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Arc::new(config))
    }

    /// Whether the link is encrypted.
    pub(super) const fn is_encrypted(&self) -> bool {
        self.tls
    }
}
