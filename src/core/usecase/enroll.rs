//! How a node becomes an agent: an invitation is made, and spent once.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::SignedDuration;
use serde_json::json;

use super::{
    Origin, plain,
    repeat::{claiming, shown_once},
};
use crate::{
    core::{
        agent::{check_name, check_not_reserved},
        change::Change,
        digest::sha256_hex,
        error::Error,
        fleet::SharedFleet,
        invitation::{Token, join_message},
        port::{
            records::{InvitationRecord, Records},
            store::Store,
        },
        signing::PublicKey,
        statement::{self, idempotency::Claim},
    },
    id::{AgentId, InvitationId, ServerId},
    proto::{
        agent::Agent,
        event::EventKind,
        invitation::{Invitation, InviteRequest, JoinRequest, Joined},
    },
};

const DEFAULT_LIFE_S: u64 = 15 * 60;
const MAX_LIFE_S: u64 = 24 * 3600;

/// The server that a node joins.
#[derive(Clone, Copy, Debug)]
pub struct Host {
    /// Its id.
    pub id: ServerId,
    /// The key that signs its commands.
    pub key: PublicKey,
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
    pub host: Host,
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
    let life = request.expires_in.unwrap_or(DEFAULT_LIFE_S);
    if !(10..=MAX_LIFE_S).contains(&life) {
        return Err(Error::field("expires_in", format!("expected 10 to {MAX_LIFE_S} seconds")));
    }
    if ports.fleet.read().agent(&request.name).is_ok() {
        return Err(name_taken(&request.name));
    }
    let record = InvitationRecord {
        id: InvitationId::generate(),
        name: request.name.clone(),
        site,
        secret_hash: sha256_hex(&secret),
        expires_at: origin.now + SignedDuration::from_secs(life.cast_signed()),
        used_by: None,
    };
    let facts = json!({ "invitation": record.id, "name": record.name, "site": record.site,
        "expires_at": record.expires_at });
    let change = claiming(Change::new(), claim, record.id, origin.now)
        .write(statement::invitation::create(&record, origin.now))
        .event(origin.event(EventKind::AgentInvited, facts).about(record.name.clone()))
        .audit(origin.done("agent.invite", format!("agent/{}", record.name), json!({ "site": record.site })));
    match ports.store.commit(change).await {
        Ok(_) => {}
        Err(error) if error.is_conflict_of("idempotency.claim") => {
            return Err(shown_once(ports.records, claim, "invitation").await);
        }
        Err(error) => return Err(error.into()),
    }
    let token = Token { id: record.id, secret, server: ports.host.key.fingerprint() };
    Ok(Invitation {
        id: Some(record.id),
        agent: None,
        token: token.encode(),
        name: record.name,
        site: record.site,
        expires_at: Some(record.expires_at),
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
/// answer locks nobody out; any other key is refused.
///
/// # Errors
/// The proof does not hold, the invitation is spent or expired, or the store cannot write.
pub async fn join(ports: Enroll<'_>, request: &JoinRequest, origin: &Origin) -> Result<Joined, Error> {
    let Enroll { store, records, host, .. } = ports;
    let (invitation, key) = check_proof(records, request).await?;
    if let Some(id) = invitation.used_by {
        return joined_before(records, host, id, &key).await;
    }
    let agent = plain::newcomer(&invitation.name, &invitation.site, origin.now);
    let origin = Origin { actor: format!("agent:{}", agent.agent_id), ..origin.clone() };
    let facts = json!({ "agent": agent, "invitation": invitation.id });
    let change = Change::new()
        .write(statement::invitation::spend(invitation.id, agent.id, origin.now))
        .write(statement::agent::create(&agent, key.to_string()))
        .event(origin.event(EventKind::AgentJoined, facts).about(agent.agent_id.clone()))
        .audit(origin.done(
            "agent.join",
            format!("agent/{}", agent.agent_id),
            json!({ "invitation": invitation.id, "key": key.fingerprint_text() }),
        ));
    match store.commit(change).await {
        Ok(_) => Ok(answer(host, &agent)),
        Err(error) if error.is_conflict_of("invitation.spend") => {
            // The same node may have asked twice at once: then this is the answer of the other time.
            let spent = records.invitation(invitation.id).await?.and_then(|invitation| invitation.used_by);
            joined_before(records, host, spent.ok_or_else(not_valid)?, &key).await
        }
        Err(error) if error.is_conflict_of("agent.create") => Err(name_taken(&agent.agent_id)),
        Err(error) => Err(error.into()),
    }
}

/// The invitation that a request may spend, and the key that it proves.
async fn check_proof(
    records: &dyn Records,
    request: &JoinRequest,
) -> Result<(InvitationRecord, PublicKey), Error> {
    let key = PublicKey::parse(&request.public_key)
        .ok_or_else(|| Error::field("public_key", "expected an Ed25519 public key, 32 bytes in base64url"))?;
    let signature = URL_SAFE_NO_PAD
        .decode(&request.signature)
        .map_err(|_| Error::field("signature", "expected base64url without padding"))?;
    let invitation = records.invitation(request.invitation).await?.ok_or_else(not_valid)?;
    let message = join_message(invitation.id, &invitation.secret_hash, &key);
    if !key.verifies(&message, &signature) {
        return Err(not_valid());
    }
    Ok((invitation, key))
}

async fn joined_before(
    records: &dyn Records,
    host: Host,
    id: AgentId,
    key: &PublicKey,
) -> Result<Joined, Error> {
    let record = records.agent_link(id).await?.filter(|record| record.removed_at.is_none());
    match record {
        Some(record) if record.public_key == key.to_string() => Ok(answer(host, &record.agent)),
        _ => Err(not_valid()),
    }
}

fn answer(host: Host, agent: &Agent) -> Joined {
    Joined {
        id: agent.id,
        agent_id: agent.agent_id.clone(),
        site: agent.site.clone(),
        server: host.id,
        server_key: host.key.to_string(),
    }
}

/// One answer for every reason, so that trying tells nothing.
fn not_valid() -> Error {
    Error::Unauthenticated(
        "the invitation is unknown, spent or expired; make another (worpen agents invite NAME)".into(),
    )
}
