//! The agent's certificate: how it shakes hands with it, and how it gets one on its own key's word.

use std::sync::Arc;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use rustls::{
    AlertDescription, ClientConfig, Error as TlsError,
    client::Resumption,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer},
};
use zeroize::Zeroizing;

use super::{
    address::Address,
    exchange::{Cause, post},
    identity::{Identity, IdentityError},
};
use crate::{
    config::trust::{self, ByAuthority, ByFingerprint},
    core::{
        certificate::{SERVER_NAME, TlsKey, certify_message},
        error::Error,
    },
    infra::keys::make_tls_key,
    proto::{
        certificate::{Certificate, CertifyAgent, CertifyRequest},
        endpoint::Endpoint,
        problem::Problem,
    },
};

/// A key that is to be certified.
pub(super) struct NewKey {
    /// The private half, PKCS #8.
    pub(super) private: Zeroizing<Vec<u8>>,
    /// The public half.
    pub(super) public: TlsKey,
}

impl NewKey {
    /// Makes one; it never leaves the node.
    pub(super) fn make() -> Result<Self, Error> {
        make_tls_key().map(|(private, public)| Self { private, public })
    }
}

/// How an agent shakes hands that shows its certificate, if it has one.
pub(super) fn linking(identity: &Identity) -> Result<ClientConfig, TlsError> {
    let builder = trusting(identity)?;
    let mut config = match identity.certificate() {
        None => builder.with_no_client_auth(),
        Some(held) => {
            let damaged = || TlsError::General("the certificate in identity.json is damaged".into());
            let certificate = STANDARD.decode(&held.certificate.certificate).map_err(|_| damaged())?;
            let key = held.key.decoded().ok_or_else(damaged)?;
            let key = PrivatePkcs8KeyDer::from(key.to_vec());
            builder.with_client_auth_cert(vec![CertificateDer::from(certificate)], key.into())?
        }
    };
    safe(&mut config);
    Ok(config)
}

/// How an agent shakes hands that shows none: by the authorities that it knows.
fn asking(identity: &Identity) -> Result<ClientConfig, TlsError> {
    let mut config = trusting(identity)?.with_no_client_auth();
    safe(&mut config);
    Ok(config)
}

/// How a node shakes hands that joins: by the fingerprint that its invitation carries.
pub(super) fn joining(authority: [u8; 32]) -> Result<ClientConfig, TlsError> {
    let verifier = Arc::new(ByFingerprint::new(authority, SERVER_NAME));
    let mut config =
        trust::agent()?.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
    safe(&mut config);
    Ok(config)
}

fn trusting(
    identity: &Identity,
) -> Result<rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert>, TlsError> {
    let authorities = identity.authorities();
    let verifier = ByAuthority::new(authorities.iter().map(Vec::as_slice), SERVER_NAME)?;
    Ok(trust::agent()?.dangerous().with_custom_certificate_verifier(Arc::new(verifier)))
}

fn safe(config: &mut ClientConfig) {
    config.resumption = Resumption::disabled();
}

/// Why no certificate was given.
#[derive(Debug)]
pub(super) enum NotCertified {
    /// Nobody answered who could.
    Lost(String),
    /// Who answers is not certified by an authority that this agent knows.
    NotTrusted(String),
    /// The server said no.
    Refused(String),
}

/// Asks for a certificate on the word of the agent's own key, over a connection whose server is known. So comes back whose
/// certificate ended while it was away.
pub(super) async fn ask(identity: &mut Identity, address: &Address) -> Result<(), NotCertified> {
    let lost = |cause: &dyn std::fmt::Display| NotCertified::Lost(cause.to_string());
    let key = NewKey::make().map_err(|error| lost(&error))?;
    let config = asking(identity).map_err(|error| lost(&error))?;
    let body = |binding: &_| {
        let message = certify_message(identity.server(), identity.agent(), &key.public, binding);
        let request = CertifyRequest {
            agent: identity.agent(),
            tls_key: key.public.to_string(),
            signature: URL_SAFE_NO_PAD.encode(identity.key().sign(&message)),
        };
        serde_json::to_vec(&request).map_err(Cause::from)
    };
    let answered = post(address, Arc::new(config), CertifyAgent::PATH, body).await;
    let (status, body) = answered.map_err(|cause| match tls_error(&*cause) {
        Some(TlsError::InvalidCertificate(why)) => {
            NotCertified::NotTrusted(format!("its certificate does not hold: {why:?}"))
        }
        _ => NotCertified::Lost(super::cause::chain(&*cause)),
    })?;
    if !status.is_success() {
        let detail = serde_json::from_slice::<Problem>(&body).map(|problem| problem.detail);
        let detail = detail.unwrap_or_else(|_| format!("it answered {status}"));
        return Err(if status.is_server_error() { lost(&detail) } else { NotCertified::Refused(detail) });
    }
    let certificate: Certificate = serde_json::from_slice(&body).map_err(|error| lost(&error))?;
    identity.certify(&key, certificate).map_err(|error: IdentityError| lost(&error))?;
    tracing::info!("certified on the word of the agent's own key");
    Ok(())
}

/// The error of TLS that an error comes from, if it comes from one.
pub(super) fn tls_error<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a TlsError> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<TlsError>() {
            return Some(found);
        }
        // What an I/O error wraps is no source of it, but its inner error.
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = inner.map(|inner| inner as &(dyn std::error::Error + 'static)).or_else(|| error.source());
    }
    None
}

/// Whether the server let it be known that it does not take the certificate it was shown.
pub(super) fn is_of_certificate(error: &TlsError) -> bool {
    use AlertDescription::{
        AccessDenied, BadCertificate, CertificateExpired, CertificateRevoked, CertificateUnknown,
        DecryptError, UnknownCA, UnsupportedCertificate,
    };
    matches!(
        error,
        TlsError::AlertReceived(
            AccessDenied
                | BadCertificate
                | CertificateExpired
                | CertificateRevoked
                | CertificateUnknown
                | DecryptError
                | UnknownCA
                | UnsupportedCertificate
        )
    )
}
