//! How a node becomes an agent: an invitation is made, and spent once.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{
    Origin,
    admit::may_link,
    certify::{read_tls_key, shown},
    plain,
    repeat::{claiming, shown_once},
    settle,
};
use crate::{
    core::{
        agent::{check_name, check_not_reserved},
        certificate::{Binding, TlsKey, fingerprint},
        change::Change,
        digest::sha256_hex,
        error::Error,
        fleet::SharedFleet,
        invitation::{Token, join_message, join_message_bound},
        port::{
            keys::{Issued, Issuer},
            records::{AgentLinkRecord, InvitationRecord, Records},
            store::Store,
        },
        signing::PublicKey,
        statement::{self, idempotency::Claim},
        trust::{AnchorKind, TrustSet},
    },
    id::{AgentId, InvitationId, ServerId},
    proto::{
        agent::{Agent, AgentStatus, ReplaceAgentRequest},
        event::EventKind,
        invitation::{Invitation, InviteRequest, JoinRequest, Joined},
    },
};

const DEFAULT_LIFE_S: u64 = 15 * 60;
const MAX_LIFE_S: u64 = 24 * 3600;

/// The server that a node joins.
#[derive(Clone, Copy)]
pub struct Host<'a> {
    /// Its id.
    pub id: ServerId,
    /// The key that signs its commands.
    pub key: PublicKey,
    /// What the node will trust.
    pub trust: &'a TrustSet,
    /// The authority that certifies it.
    pub issuer: &'a dyn Issuer,
    /// The port where it joins with certificates.
    pub port: Option<u16>,
}

/// What inviting and joining need.
#[derive(Clone, Copy)]
pub struct Enroll<'a> {
    /// Where it is written.
    pub store: &'a dyn Store,
    /// What was written.
    pub records: &'a dyn Records,
    /// Whose names are taken.
    pub fleet: &'a SharedFleet,
    /// The server that a node joins.
    pub host: Host<'a>,
}

/// Makes an invitation for a node whose name is free.
///
/// # Errors
/// A field is wrong, the name is taken, or the store cannot write.
pub async fn invite(
    ports: Enroll<'_>,
    request: &InviteRequest,
    secret: [u8; 32],
    claim: Option<&Claim>,
    origin: &Origin,
) -> Result<Invitation, Error> {
    check_name(&request.name)?;
    check_not_reserved(&request.name)?;
    let site = request.site.clone().unwrap_or_else(|| "default".into());
    check_name(&site)
        .map_err(|_| Error::field("site", "expected 1 to 63 of a-z, 0-9, '.' and '-', like 'eu-1'"))?;
    if request.plain {
        if request.expires_in.is_some() {
            return Err(Error::field(
                "expires_in",
                "expected none with 'plain': its token holds until the agent is removed",
            ));
        }
        return plain::invite(ports, (&request.name, &site), secret, claim, origin).await;
    }
    let expires_at = expiry(request.expires_in, origin)?;
    if ports.fleet.read().agent(&request.name).is_ok() {
        return Err(name_taken(&request.name));
    }
    let record = InvitationRecord {
        id: InvitationId::generate(),
        name: request.name.clone(),
        site,
        secret_hash: sha256_hex(&secret),
        expires_at,
        used_by: None,
        replaces: None,
    };
    write_invitation(ports, record, secret, claim, origin).await
}

/// Makes an invitation for the machine that takes an agent's place.
///
/// # Errors
/// A field is wrong, the agent cannot be replaced, or the store cannot write.
pub async fn replace(
    ports: Enroll<'_>,
    request: &ReplaceAgentRequest,
    secret: [u8; 32],
    claim: Option<&Claim>,
    origin: &Origin,
) -> Result<Invitation, Error> {
    let agent = ports.fleet.read().agent(&request.id)?.clone();
    let expires_at = expiry(request.expires_in, origin)?;
    let known = ports.records.agent_link(agent.id).await?;
    replaceable(&agent, known.as_ref())?;
    let record = InvitationRecord {
        id: InvitationId::generate(),
        name: agent.agent_id.clone(),
        site: agent.site.clone(),
        secret_hash: sha256_hex(&secret),
        expires_at,
        used_by: None,
        replaces: Some(agent.id),
    };
    write_invitation(ports, record, secret, claim, origin).await
}

/// Whether another machine may take an agent's place.
fn replaceable(agent: &Agent, known: Option<&AgentLinkRecord>) -> Result<(), Error> {
    let name = &agent.agent_id;
    if agent.status == AgentStatus::Revoked {
        let detail =
            format!("'{name}' is revoked for good; remove it (worpen agents rm {name}) and invite it anew");
        return Err(Error::Conflict { code: "agent_revoked", detail });
    }
    if known.is_none_or(|known| known.public_key.is_empty()) {
        let detail = format!(
            "'{name}' is a foreign agent, which has no key; remove it and invite it anew with --plain"
        );
        return Err(Error::Conflict { code: "agent_plain", detail });
    }
    Ok(())
}

fn expiry(expires_in: Option<u64>, origin: &Origin) -> Result<Timestamp, Error> {
    let life = expires_in.unwrap_or(DEFAULT_LIFE_S);
    if !(10..=MAX_LIFE_S).contains(&life) {
        return Err(Error::field("expires_in", format!("expected 10 to {MAX_LIFE_S} seconds")));
    }
    Ok(origin.now + SignedDuration::from_secs(life.cast_signed()))
}

async fn write_invitation(
    ports: Enroll<'_>,
    record: InvitationRecord,
    secret: [u8; 32],
    claim: Option<&Claim>,
    origin: &Origin,
) -> Result<Invitation, Error> {
    let facts = json!({ "invitation": record.id, "name": record.name, "site": record.site,
        "expires_at": record.expires_at, "replaces": record.replaces });
    let act = if record.replaces.is_some() { "agent.replace" } else { "agent.invite" };
    let change = claiming(Change::new(), claim, record.id, origin.now)
        .write(statement::invitation::create(&record, origin.now))
        .event(origin.event(EventKind::AgentInvited, facts).about(record.name.clone()))
        .audit(origin.done(act, format!("agent/{}", record.name), json!({ "site": record.site })));
    match ports.store.commit(change).await {
        Ok(_) => {}
        Err(error) if error.is_conflict_of("idempotency.claim") => {
            return Err(shown_once(ports.records, claim, "invitation").await);
        }
        Err(error) => return Err(error.into()),
    }
    let authority = ports.host.trust.authorities().first().map(|der| fingerprint(der));
    let token = Token { id: record.id, secret, server: ports.host.key.fingerprint(), authority };
    Ok(Invitation {
        id: Some(record.id),
        agent: None,
        token: token.encode(),
        name: record.name,
        site: record.site,
        expires_at: Some(record.expires_at),
        port: ports.host.port,
        usage: "on the node, paste the token into: worpen agent --server URL --join -".into(),
    })
}

pub(super) fn name_taken(name: &str) -> Error {
    Error::Conflict {
        code: "agent_name_taken",
        detail: format!("there is an agent '{name}' already; remove it first (worpen agents rm {name})"),
    }
}

/// Spends an invitation. The same key that asks again with the same invitation gets the same answer, so that a lost
/// answer locks nobody out; any other key is refused. Where agents are managed by certificates the request is bound to its
/// connection, and the node's key for it is certified.
///
/// # Errors
/// The proof does not hold, the invitation is spent or expired, or the store cannot write.
pub async fn join(
    ports: Enroll<'_>,
    request: &JoinRequest,
    binding: Option<&Binding>,
    origin: &Origin,
) -> Result<Newcomer, Error> {
    let (invitation, key, tls_key) = check_proof(ports.records, request, binding).await?;
    if let Some(id) = invitation.used_by {
        return joined_before(ports, id, &key, tls_key.as_ref(), origin).await;
    }
    let predecessor = match invitation.replaces {
        Some(id) => {
            let known = ports.records.agent_link(id).await?.filter(|known| known.removed_at.is_none());
            let known = known.ok_or_else(not_valid)?;
            replaceable(&known.agent, Some(&known))?;
            Some(known)
        }
        None => None,
    };
    let agent = match &predecessor {
        Some(known) => {
            Agent { status: AgentStatus::Offline, status_since: origin.now, ..known.agent.clone() }
        }
        None => plain::newcomer(&invitation.name, &invitation.site, origin.now),
    };
    let origin = Origin { actor: format!("agent:{}", agent.agent_id), ..origin.clone() };
    let issued = certify(ports, &agent, tls_key.as_ref(), &origin)?;
    let facts = json!({ "agent": agent, "invitation": invitation.id,
        "certificate": issued.as_ref().map(|issued| &issued.serial) });
    let mut change = Change::new().write(statement::invitation::spend(invitation.id, agent.id, origin.now));
    change = match &predecessor {
        Some(_) => change
            .vital()
            .write(statement::agent::replace(&agent, key.to_string()))
            .write(statement::credential::forget(agent.id)),
        None => change.write(statement::agent::create(&agent, key.to_string())),
    };
    if let Some(issued) = &issued {
        change = change.write(statement::credential::offer(agent.id, issued));
    }
    let kind = if predecessor.is_some() { EventKind::AgentReplaced } else { EventKind::AgentJoined };
    let change = change.event(origin.event(kind, facts).about(agent.agent_id.clone())).audit(origin.done(
        "agent.join",
        format!("agent/{}", agent.agent_id),
        json!({ "invitation": invitation.id, "key": key.fingerprint_text(), "replaces": invitation.replaces }),
    ));
    let committed = match &predecessor {
        Some(_) => {
            let over = (agent.id, "the node was replaced");
            settle::commit_abandoning(ports.store, ports.records, over, &change, &origin).await
        }
        None => ports.store.commit(change).await,
    };
    match committed {
        Ok(_) => {
            let epoch =
                if predecessor.is_some() { taken_over(ports.records, agent.id, &key).await? } else { 0 };
            Ok(Newcomer {
                joined: answer(ports.host, &agent, issued, epoch),
                replaced: predecessor.map(|known| known.agent.id),
            })
        }
        Err(error) if error.is_conflict_of("invitation.spend") => {
            // The same node may have asked twice at once: then this is the answer of the other time.
            let spent =
                ports.records.invitation(invitation.id).await?.and_then(|invitation| invitation.used_by);
            joined_before(ports, spent.ok_or_else(not_valid)?, &key, tls_key.as_ref(), &origin).await
        }
        Err(error) if error.is_conflict_of("agent.create") => Err(name_taken(&agent.agent_id)),
        Err(error) => Err(error.into()),
    }
}

/// The epoch from which a machine goes on that took an agent's place. The machine before may have linked until the very end.
async fn taken_over(records: &dyn Records, id: AgentId, key: &PublicKey) -> Result<u64, Error> {
    let record = records.agent_link(id).await?.filter(|record| record.public_key == key.to_string());
    Ok(record.ok_or_else(not_valid)?.epoch)
}

/// A node that joined.
pub struct Newcomer {
    /// What it is told.
    pub joined: Joined,
    /// The agent whose place it took.
    pub replaced: Option<AgentId>,
}

/// The invitation that a request may spend, the key that it proves, and the key that it asks to be certified.
async fn check_proof(
    records: &dyn Records,
    request: &JoinRequest,
    binding: Option<&Binding>,
) -> Result<(InvitationRecord, PublicKey, Option<TlsKey>), Error> {
    let key = PublicKey::parse(&request.public_key)
        .ok_or_else(|| Error::field("public_key", "expected an Ed25519 public key, 32 bytes in base64url"))?;
    let signature = read_signature(&request.signature)?;
    let bound = match binding {
        Some(binding) => Some((read_tls_key(request.tls_key.as_deref().unwrap_or_default())?, binding)),
        None => None,
    };
    let invitation = records.invitation(request.invitation).await?.ok_or_else(not_valid)?;
    let (id, secret_hash) = (invitation.id, &invitation.secret_hash);
    let message = match &bound {
        Some((tls_key, binding)) => join_message_bound(id, secret_hash, &key, tls_key, binding),
        None => join_message(id, secret_hash, &key),
    };
    if !key.verifies(&message, &signature) {
        return Err(not_valid());
    }
    Ok((invitation, key, bound.map(|(tls_key, _)| tls_key)))
}

/// Reads an Ed25519 signature of a request.
pub(super) fn read_signature(text: &str) -> Result<Vec<u8>, Error> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| Error::field("signature", "expected base64url without padding"))
}

fn certify(
    ports: Enroll<'_>,
    agent: &Agent,
    tls_key: Option<&TlsKey>,
    origin: &Origin,
) -> Result<Option<Issued>, Error> {
    tls_key.map(|key| ports.host.issuer.certify_agent(agent.id, key, origin.now)).transpose()
}

async fn joined_before(
    ports: Enroll<'_>,
    id: AgentId,
    key: &PublicKey,
    tls_key: Option<&TlsKey>,
    origin: &Origin,
) -> Result<Newcomer, Error> {
    let record = ports.records.agent_link(id).await?.filter(|record| record.removed_at.is_none());
    let record = record.filter(|record| record.public_key == key.to_string()).ok_or_else(not_valid)?;
    may_link(&record).map_err(|_| not_valid())?;
    let issued = certify(ports, &record.agent, tls_key, origin)?;
    if let Some(issued) = &issued {
        ports.store.commit(Change::new().vital().write(statement::credential::offer(id, issued))).await?;
    }
    let joined = answer(ports.host, &record.agent, issued, record.epoch);
    Ok(Newcomer { joined, replaced: None })
}

fn answer(host: Host<'_>, agent: &Agent, issued: Option<Issued>, epoch: u64) -> Joined {
    Joined {
        id: agent.id,
        agent_id: agent.agent_id.clone(),
        site: agent.site.clone(),
        server: host.id,
        server_key: host.key.to_string(),
        authorities: host.trust.materials(AnchorKind::Authority),
        certificate: issued.map(shown),
        epoch,
    }
}

/// One answer for every reason, so that trying tells nothing.
fn not_valid() -> Error {
    Error::Unauthenticated(
        "the invitation is unknown, spent, expired or from before a key was rotated; make another (worpen agents invite NAME)"
            .into(),
    )
}
