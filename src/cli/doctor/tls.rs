//! A TLS handshake that says what is wrong with a certificate. It trusts what every other call trusts and nothing more.

use std::{
    io,
    net::{SocketAddr, TcpStream},
    sync::{Arc, Mutex, PoisonError},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error, RootCertStore,
    SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::ring,
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use super::{Finding, PATIENCE, certificate};
use crate::{cli::measure, config::trust::ByAuthority, proto::certificate::SERVER_NAME};

/// A certificate that ends within so many days is worth a look.
const SOON_DAYS: i64 = 14;

const TRUST: &str =
    "add the authority that signed it to this system's certificates, or name its file in SSL_CERT_FILE";

/// Shakes hands, and tells of the certificate and its end.
pub(super) fn look(host: &str, address: SocketAddr, authority: Option<&str>) -> Finding {
    let Ok(name) = ServerName::try_from(host.to_owned()) else {
        return Finding::failed(
            "tls",
            format!("no certificate can be for '{host}'"),
            "use the server's name",
        );
    };
    let judge = match judge(authority) {
        Ok(judge) => Arc::new(judge),
        Err(reason) => return Finding::failed("tls", reason, TRUST),
    };
    let shaken = shake(&judge, name, address);
    let seen = judge.seen.lock().unwrap_or_else(PoisonError::into_inner).take();
    let validity = seen.as_ref().and_then(|seen| certificate::validity(&seen.certificate));
    if let Some(verdict) = seen.as_ref().and_then(|seen| seen.verdict.as_ref()) {
        return refused(host, verdict, validity);
    }
    let protocol = match shaken {
        Ok(protocol) => protocol,
        Err(error) => {
            let cure = "is this a port that speaks TLS? if the server speaks plain HTTP, use http://";
            return Finding::failed("tls", format!("no handshake: {error}"), cure);
        }
    };
    let Some((_, end)) = validity else {
        return Finding::ok("tls", format!("{protocol}, the certificate is trusted"));
    };
    let days = end.duration_since(Timestamp::now()).as_hours() / 24;
    let found =
        format!("{protocol}, the certificate is trusted until {} ({days} days)", measure::moment(end));
    if days < SOON_DAYS {
        return Finding::warning("tls", found, "renew the server's certificate");
    }
    Finding::ok("tls", found)
}

/// What is wrong with a certificate, and what can be done.
fn refused(host: &str, verdict: &Error, validity: Option<(Timestamp, Timestamp)>) -> Finding {
    let Error::InvalidCertificate(cause) = verdict else {
        return Finding::failed("tls", verdict.to_string(), TRUST);
    };
    let moment = |which: fn((Timestamp, Timestamp)) -> Timestamp| {
        validity.map(which).map_or_else(measure::dash, measure::moment)
    };
    let (found, cure) = match cause {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => (
            format!("the certificate ended at {}", moment(|(_, end)| end)),
            "renew the server's certificate; if it is new, set this machine's clock".to_owned(),
        ),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => (
            format!("the certificate begins at {}", moment(|(begin, _)| begin)),
            "set this machine's clock".to_owned(),
        ),
        CertificateError::NotValidForNameContext { presented, .. } => (
            format!("the certificate is for {}, not for {host}", presented.join(", ")),
            "use one of its names, or have a certificate made for this one".to_owned(),
        ),
        CertificateError::NotValidForName => (
            format!("the certificate is not for {host}"),
            "use one of its names, or have a certificate made for this one".to_owned(),
        ),
        CertificateError::UnknownIssuer => {
            ("nobody that this system trusts signed the certificate".to_owned(), TRUST.to_owned())
        }
        other => (format!("the certificate is refused: {other:?}"), TRUST.to_owned()),
    };
    Finding::failed("tls", found, cure)
}

fn shake(judge: &Arc<Judge>, name: ServerName<'static>, address: SocketAddr) -> io::Result<&'static str> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(judge.clone())
        .with_no_client_auth();
    let mut connection = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    while connection.is_handshaking() {
        connection.complete_io(&mut stream)?;
    }
    Ok(match connection.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3",
        Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2",
        _ => "TLS",
    })
}

fn judge(authority: Option<&str>) -> Result<Judge, String> {
    if let Some(authority) = authority {
        let pinned =
            STANDARD.decode(authority).map_err(|error| format!("the context's authority: {error}"))?;
        let real = ByAuthority::new([pinned.as_slice()], SERVER_NAME).map_err(|error| error.to_string())?;
        return Ok(Judge { real: Arc::new(real), seen: Mutex::default() });
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(ring::default_provider());
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map(|real| Judge { real: real as Arc<dyn ServerCertVerifier>, seen: Mutex::default() })
        .map_err(|error| format!("this system trusts no certificate at all: {error}"))
}

/// Judges as the real verifier does, and remembers what it judged, also when that was refused.
#[derive(Debug)]
struct Judge {
    real: Arc<dyn ServerCertVerifier>,
    seen: Mutex<Option<Seen>>,
}

#[derive(Debug)]
struct Seen {
    certificate: Vec<u8>,
    verdict: Option<Error>,
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let judged = self.real.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        let seen = Seen { certificate: end_entity.to_vec(), verdict: judged.as_ref().err().cloned() };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
        judged
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.real.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.real.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.real.supported_verify_schemes()
    }
}
