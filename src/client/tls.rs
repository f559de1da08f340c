//! TLS as a client speaks it: the ring provider, and the roots that the system trusts, or one server's own authority.

use std::sync::Arc;

use reqwest::Url;
use rustls::{
    ClientConfig, RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
    crypto::ring,
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;

use super::{CONNECT_TIMEOUT, ClientError};
use crate::{
    config::trust::{self, ByAuthority, Look},
    proto::certificate::SERVER_NAME,
};

/// Builds the configuration. Without an authority it reads the system's certificates (or `SSL_CERT_FILE`), only when they are
/// needed, since that takes longer than everything else at the start.
pub(super) fn config(needs_roots: bool, authority: Option<&[u8]>) -> Result<ClientConfig, ClientError> {
    let setup = |error: rustls::Error| ClientError::Setup { cause: error.into() };
    let builder = trust::client().map_err(setup)?;
    if let Some(authority) = authority {
        let verifier = ByAuthority::new([authority], SERVER_NAME).map_err(setup)?;
        return Ok(builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth());
    }
    let roots = if needs_roots { system_roots()? } else { RootCertStore::empty() };
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
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

/// What a server shows to whoever shakes hands.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its certificates, its own first; DER.
    pub certificates: Vec<Vec<u8>>,
    /// Whether the system trusts it.
    pub is_trusted: bool,
}

/// Looks at what a server shows; nothing is said to it.
///
/// # Errors
/// It cannot be reached, or does not speak TLS.
pub async fn look(server: &str) -> Result<Shown, ClientError> {
    let url: Url = super::address(server)?;
    let unreachable = |cause: super::Cause| ClientError::Unreachable { server: server.to_owned(), cause };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let name = ServerName::try_from(host.clone()).map_err(|error| unreachable(error.into()))?;
    let look = Arc::new(Look::default());
    let builder = trust::client().map_err(|error| ClientError::Setup { cause: error.into() })?;
    let config = builder.dangerous().with_custom_certificate_verifier(look.clone()).with_no_client_auth();
    let port = url.port_or_known_default().unwrap_or(443);
    let shaking = async {
        let stream = TcpStream::connect((host.as_str(), port)).await?;
        TlsConnector::from(Arc::new(config)).connect(name.clone(), stream).await
    };
    let shaken = timeout(CONNECT_TIMEOUT, shaking).await.map_err(|late| unreachable(late.into()))?;
    let certificates = look.seen();
    match (certificates.split_first(), shaken) {
        (Some((first, others)), _) => {
            let is_trusted = is_trusted(first, others, &name);
            Ok(Shown { certificates, is_trusted })
        }
        (None, Err(error)) => Err(unreachable(error.into())),
        (None, Ok(_)) => Err(unreachable("it shows no certificate".into())),
    }
}

fn is_trusted(first: &[u8], others: &[Vec<u8>], name: &ServerName<'_>) -> bool {
    let Ok(roots) = system_roots() else { return false };
    let provider = Arc::new(ring::default_provider());
    let Ok(judge) = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build() else {
        return false;
    };
    let others: Vec<CertificateDer<'_>> = others.iter().map(|der| der.as_slice().into()).collect();
    judge.verify_server_cert(&first.into(), &others, name, &[], UnixTime::now()).is_ok()
}
