//! The certificate with which a simulated agent links where agents are managed: asked for on the word of its own key, as a real
//! agent does whose certificate ended.

use std::sync::Arc;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use http::{Request, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};
use rustls::{
    ClientConfig, RootCertStore,
    client::Resumption,
    crypto,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName},
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{address::Address, identity::Membership};
use crate::{
    core::{
        certificate::{BINDING_LABEL, Binding, SERVER_NAME, TlsKey, certify_message},
        signing::SigningKey,
    },
    proto::{
        certificate::{Certificate, CertifyAgent, CertifyRequest},
        endpoint::Endpoint,
        problem::Problem,
    },
};

/// The most bytes that an answer may have.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Connects and shakes hands.
pub(super) async fn shake_hands(
    address: &Address,
    config: Arc<ClientConfig>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address.authority()).await?;
    stream.set_nodelay(true)?;
    let name = ServerName::try_from(SERVER_NAME).map_err(std::io::Error::other)?;
    TlsConnector::from(config).connect(name, stream).await
}

/// Asks for a certificate, and gives how the agent shakes hands with it.
pub(super) async fn certify(
    address: &Address,
    membership: &Membership,
    key: &SigningKey,
) -> Result<Arc<ClientConfig>, Cause> {
    let pair = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new());
    let private = pair.map_err(|_| "no key could be made")?;
    let own =
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, private.as_ref(), &SystemRandom::new());
    let own = own.map_err(|_| "no key could be made")?;
    let public = TlsKey::new(own.public_key().as_ref()).ok_or("a key of P-256 is no point")?;
    let asking = trusting(membership)?.with_no_client_auth();
    let stream = shake_hands(address, Arc::new(asking)).await?;
    let binding: Binding = stream.get_ref().1.export_keying_material([0; 32], BINDING_LABEL, None)?;
    let message = certify_message(membership.server, membership.agent, &public, &binding);
    let request = CertifyRequest {
        agent: membership.agent,
        tls_key: public.to_string(),
        signature: URL_SAFE_NO_PAD.encode(key.sign(&message)),
    };
    let certificate = post(address, stream, serde_json::to_vec(&request)?).await?;
    let certificate = CertificateDer::from(STANDARD.decode(&certificate.certificate)?);
    let private = PrivatePkcs8KeyDer::from(private.as_ref().to_vec());
    let mut config = trusting(membership)?.with_client_auth_cert(vec![certificate], private.into())?;
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

type Trusting = rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert>;

fn trusting(membership: &Membership) -> Result<Trusting, Cause> {
    let mut roots = RootCertStore::empty();
    for authority in &membership.authorities {
        roots.add(CertificateDer::from(STANDARD.decode(authority)?))?;
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()));
    Ok(builder.with_protocol_versions(&[&rustls::version::TLS13])?.with_root_certificates(roots))
}

async fn post(address: &Address, stream: TlsStream<TcpStream>, body: Vec<u8>) -> Result<Certificate, Cause> {
    let request = Request::post(CertifyAgent::PATH)
        .header(header::HOST, address.authority())
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(body)))?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let answer = sender.send_request(request).await?;
    let status = answer.status();
    let body = Limited::new(answer.into_body(), MAX_ANSWER_BYTES).collect().await?.to_bytes();
    connection.abort();
    if !status.is_success() {
        let problem = serde_json::from_slice::<Problem>(&body).map(|problem| problem.detail);
        return Err(problem.unwrap_or_else(|_| format!("it answered {status}")).into());
    }
    Ok(serde_json::from_slice(&body)?)
}
