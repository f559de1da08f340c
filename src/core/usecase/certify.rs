//! Certificates of agents: made when one joins, over its link, or on its own key's word; an older one ends when a newer one
//! is used.

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde_json::json;

use super::{
    Origin,
    admit::{Refused, may_link},
    enroll::read_signature,
};
use crate::{
    core::{
        certificate::{Binding, TlsKey, certify_message},
        change::Change,
        error::Error,
        port::{
            keys::{Issued, Issuer},
            records::Records,
            store::Store,
        },
        signing::PublicKey,
        statement,
    },
    id::{AgentId, ServerId},
    proto::{
        certificate::{Certificate, CertifyRequest},
        event::EventKind,
        link::LinkErrorCode,
    },
};

/// What certifying needs.
#[derive(Clone, Copy)]
pub struct Certify<'a> {
    /// Where it is written.
    pub store: &'a dyn Store,
    /// What was written.
    pub records: &'a dyn Records,
    /// The authority that signs.
    pub issuer: &'a dyn Issuer,
    /// The server that an agent means.
    pub server: ServerId,
}

/// The certificate that a connection was opened with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Whose it is.
    pub agent: AgentId,
    /// Its number, hexadecimal.
    pub serial: String,
}

/// Reads the key that a request asks to be certified.
pub(super) fn read_tls_key(text: &str) -> Result<TlsKey, Error> {
    TlsKey::parse(text).ok_or_else(|| {
        Error::field("tls_key", "expected an uncompressed point of P-256, 65 bytes in base64url")
    })
}

/// Certifies the key of an agent that shows no certificate, on the word of its own key. So comes back whose certificate ended
/// while it was away.
///
/// # Errors
/// A field is wrong, the signature does not hold, the agent may not link, or the store cannot write.
pub async fn on_own_word(
    ports: Certify<'_>,
    request: &CertifyRequest,
    binding: &Binding,
    origin: &Origin,
) -> Result<Certificate, Error> {
    let not_proven =
        || Error::Unauthenticated("no agent of this id has this key; join with a new invitation".into());
    let tls_key = read_tls_key(&request.tls_key)?;
    let signature = read_signature(&request.signature)?;
    let record = ports.records.agent_link(request.agent).await?.ok_or_else(not_proven)?;
    let key = PublicKey::parse(&record.public_key).ok_or_else(not_proven)?;
    let message = certify_message(ports.server, request.agent, &tls_key, binding);
    if !key.verifies(&message, &signature) {
        return Err(not_proven());
    }
    may_link(&record).map_err(|refused| Error::Forbidden(refused.detail))?;
    let origin = Origin { actor: format!("agent:{}", record.agent.agent_id), ..origin.clone() };
    let name = record.agent.agent_id;
    issue(ports, request.agent, &name, &tls_key, "key", &origin).await
}

/// Certifies a further key of an agent over its link.
///
/// # Errors
/// The key is none, or the store cannot write.
pub async fn over_link(
    ports: Certify<'_>,
    (agent, name): (AgentId, &str),
    tls_key: &str,
    origin: &Origin,
) -> Result<Certificate, Error> {
    let tls_key = read_tls_key(tls_key)?;
    issue(ports, agent, name, &tls_key, "link", origin).await
}

async fn issue(
    ports: Certify<'_>,
    agent: AgentId,
    name: &str,
    tls_key: &TlsKey,
    on: &str,
    origin: &Origin,
) -> Result<Certificate, Error> {
    let issued = ports.issuer.certify_agent(agent, tls_key, origin.now)?;
    let facts = json!({ "serial": issued.serial, "authority": issued.authority, "not_after": issued.not_after, "on": on });
    // A fleet whose certificates end while a disk stays full would be cut off.
    let change = Change::new()
        .vital()
        .write(statement::credential::offer(agent, &issued))
        .event(origin.event(EventKind::AgentCertified, facts).about(name));
    ports.store.commit(change).await?;
    Ok(shown(issued))
}

/// A certificate as an agent is given it.
pub(super) fn shown(issued: Issued) -> Certificate {
    Certificate {
        certificate: STANDARD.encode(issued.der),
        serial: issued.serial,
        issued_at: issued.issued_at,
        not_after: issued.not_after,
    }
}

/// Lets an agent in by the certificate that its connection showed; the one before it holds no more. Gives the end of the
/// certificate.
///
/// # Errors
/// It is another agent's, or a newer one was used already.
pub async fn let_in(
    store: &dyn Store,
    records: &dyn Records,
    agent: AgentId,
    certificate: &Shown,
) -> Result<Timestamp, Refused> {
    if certificate.agent != agent {
        let detail = "the certificate of this connection is another agent's";
        return Err(Refused::new(LinkErrorCode::NotProven, detail));
    }
    let superseded = || {
        let detail =
            "a newer certificate of this agent was used already; ask for another with the agent's own key";
        Refused::new(LinkErrorCode::CertificateRefused, detail)
    };
    let held = records.credential(agent).await.map_err(Error::from)?.ok_or_else(superseded)?;
    match (held.used, held.offered) {
        (Some(used), _) if used.serial == certificate.serial => Ok(used.not_after),
        (_, Some(offered)) if offered.serial == certificate.serial => {
            promote(store, agent, &certificate.serial).await?;
            Ok(offered.not_after)
        }
        _ => Err(superseded()),
    }
}

async fn promote(store: &dyn Store, agent: AgentId, serial: &str) -> Result<(), Error> {
    let change = Change::new().vital().write(statement::credential::promote(agent, serial.to_owned()));
    store.commit(change).await?;
    Ok(())
}

/// Notes what a linked agent has on disk. Gives the end of the certificate, where it holds one that was noted.
///
/// # Errors
/// The store cannot write.
pub async fn holds(
    store: &dyn Store,
    records: &dyn Records,
    agent: AgentId,
    (serial, revision): (Option<&str>, u64),
) -> Result<Option<Timestamp>, Error> {
    let held = records.credential(agent).await?.unwrap_or_default();
    if held.revision != revision {
        store.commit(Change::new().vital().write(statement::credential::follow(agent, revision))).await?;
    }
    let is = |credential: &crate::core::port::records::Credential| Some(credential.serial.as_str()) == serial;
    if let Some(offered) = held.offered.filter(is) {
        promote(store, agent, &offered.serial).await?;
        return Ok(Some(offered.not_after));
    }
    Ok(held.used.filter(is).map(|used| used.not_after))
}
