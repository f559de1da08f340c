//! Whom a server is known by: its own authority, pinned, instead of those that the system trusts.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::{
    CertificateError, ClientConfig, ConfigBuilder, DigitallySignedStruct, Error, RootCertStore,
    SignatureScheme, WantsVerifier,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    version::TLS13,
};
use sha2::{Digest, Sha256};

/// What a terminal begins with: ring, TLS 1.3, and 1.2 for the proxies before some servers.
///
/// # Errors
/// Never with this provider.
pub fn client() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, Error> {
    let provider = Arc::new(ring::default_provider());
    ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()
}

/// What an agent begins with: ring, and TLS 1.3 alone, since both ends of its link are ours.
///
/// # Errors
/// Never with this provider.
pub fn agent() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, Error> {
    let provider = Arc::new(ring::default_provider());
    ClientConfig::builder_with_provider(provider).with_protocol_versions(&[&TLS13])
}

/// The authorities of one server, which certify nobody else's: who is certified by them for `name` is that server, under
/// whatever address it is reached.
#[derive(Debug)]
pub struct ByAuthority {
    judge: Arc<WebPkiServerVerifier>,
    name: ServerName<'static>,
}

impl ByAuthority {
    /// Trusts these certificates (DER) for this name.
    ///
    /// # Errors
    /// None of them can be read, or the name is none.
    pub fn new<'a>(
        authorities: impl IntoIterator<Item = &'a [u8]>,
        name: &'static str,
    ) -> Result<Self, Error> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(authorities.into_iter().map(|der| der.to_vec().into()));
        let provider = Arc::new(ring::default_provider());
        let judge = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
        let judge = judge.map_err(|error| Error::General(error.to_string()))?;
        let name = ServerName::try_from(name).map_err(|error| Error::General(error.to_string()))?;
        Ok(Self { judge, name })
    }
}

/// A server of which only its authority's fingerprint is known; what it shows must lead to the certificate that has it, and
/// bring that along.
#[derive(Debug)]
pub struct ByFingerprint {
    fingerprint: [u8; 32],
    name: &'static str,
    provider: CryptoProvider,
}

impl ByFingerprint {
    /// Trusts the authority whose certificate has this SHA-256, for this name.
    #[must_use]
    pub fn new(fingerprint: [u8; 32], name: &'static str) -> Self {
        Self { fingerprint, name, provider: ring::default_provider() }
    }
}

/// Judges nothing: it takes down what a server shows, and ends the handshake.
#[derive(Debug)]
pub struct Look {
    seen: Mutex<Vec<Vec<u8>>>,
    provider: CryptoProvider,
}

impl Default for Look {
    fn default() -> Self {
        Self { seen: Mutex::default(), provider: ring::default_provider() }
    }
}

impl Look {
    /// The certificates that the server showed, its own first.
    #[must_use]
    pub fn seen(&self) -> Vec<Vec<u8>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The SHA-256 of a certificate.
#[must_use]
pub fn fingerprint(certificate: &[u8]) -> [u8; 32] {
    Sha256::digest(certificate).into()
}

impl ServerCertVerifier for ByAuthority {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _reached_at: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.judge.verify_server_cert(end_entity, intermediates, &self.name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.judge.supported_verify_schemes()
    }
}

impl ServerCertVerifier for ByFingerprint {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        reached_at: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let root = intermediates.iter().find(|shown| fingerprint(shown) == self.fingerprint);
        let root = root.ok_or(Error::InvalidCertificate(CertificateError::UnknownIssuer))?;
        let judge = ByAuthority::new([root.as_ref()], self.name)?;
        judge.verify_server_cert(end_entity, intermediates, reached_at, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl ServerCertVerifier for Look {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _reached_at: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let shown = std::iter::once(end_entity).chain(intermediates).map(|shown| shown.to_vec());
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = shown.collect();
        Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("nothing is judged here".into()))
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("nothing is judged here".into()))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
