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

    /// The host, without the brackets of IPv6.
    pub(super) fn host(&self) -> &str {
        let host = self.authority.rsplit_once(':').map_or(self.authority.as_str(), |(host, port)| {
            // A colon within brackets is the address's own.
            if port.ends_with(']') { &self.authority } else { host }
        });
        host.trim_start_matches('[').trim_end_matches(']')
    }

    /// The port; that of the scheme unless told.
    pub(super) fn port(&self) -> u16 {
        let told = self.authority.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        told.unwrap_or(if self.tls { 443 } else { 80 })
    }

    /// Host and port as they were told.
    pub(super) fn authority(&self) -> &str {
        &self.authority
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_port_are_read_in_every_form() {
        let read = |text: &str| {
            let address = Address::parse(text).unwrap();
            (address.host().to_owned(), address.port())
        };
        assert_eq!(read("https://a.example:9090"), ("a.example".into(), 9090));
        assert_eq!(read("https://a.example"), ("a.example".into(), 443));
        assert_eq!(read("http://[::1]"), ("::1".into(), 80));
        assert_eq!(read("https://[fe80::1]:9090/"), ("fe80::1".into(), 9090));
    }
}
