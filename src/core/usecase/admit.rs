//! Admitting an agent's link: proof, epoch, and the state it comes back to.

use std::sync::Arc;

use serde_json::json;

use super::Origin;
use crate::{
    core::{
        agent::{EpochVerdict, judge_epoch},
        change::Change,
        envelope,
        error::Error,
        port::{
            records::{AgentLinkRecord, Records},
            store::Store,
        },
        signing::PublicKey,
        statement::agent::{self as statement, EpochStep},
        usecase::presence,
    },
    proto::{
        agent::{Agent, AgentStatus},
        envelope::{HELLO_TYPE, HelloProof},
        event::EventKind,
        link::{Hello, LinkErrorCode},
    },
};

/// An agent that proved itself on this connection.
#[derive(Clone, Debug)]
pub struct Proven {
    /// What the store holds of it.
    pub record: AgentLinkRecord,
    /// What it signed.
    pub proof: HelloProof,
}

/// Why a link is not admitted: the code for its ERROR frame, and the words.
#[derive(Debug)]
pub struct Refused {
    /// The code.
    pub code: LinkErrorCode,
    /// The words.
    pub detail: String,
}

impl Refused {
    pub(super) fn new(code: LinkErrorCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::new(LinkErrorCode::Unavailable, error.to_string())
    }
}

/// The most bytes that a HELLO may have: it is kept, and told in every event about the agent.
const MAX_HELLO_BYTES: usize = 32 * 1024;

/// Checks the proof in a HELLO: the key is that of the agent it names, and it signed this connection's challenge.
///
/// # Errors
/// The proof does not hold, or the agent may not link.
pub async fn prove(records: &dyn Records, hello: &Hello, challenge: &str) -> Result<Proven, Refused> {
    let not_proven = |detail: &str| Refused::new(LinkErrorCode::NotProven, detail);
    let said = serde_json::to_vec(hello).map_or(usize::MAX, |bytes| bytes.len());
    if said > MAX_HELLO_BYTES {
        return Err(Refused::new(
            LinkErrorCode::BadFrame,
            format!("HELLO may have at most {MAX_HELLO_BYTES} bytes; give the agent fewer labels"),
        ));
    }
    let envelope = hello
        .proof
        .as_ref()
        .ok_or_else(|| not_proven("HELLO carries no proof, and no plain agent's token was shown"))?;
    let unknown = "no agent of this name has this key; join with a new invitation";
    let named = records.agent_link_by_name(&hello.agent_id).await.map_err(Error::from)?;
    let record = named.ok_or_else(|| not_proven(unknown))?;
    let key = PublicKey::parse(&record.public_key).ok_or_else(|| not_proven(unknown))?;
    let proof: HelloProof = envelope::open(&[key], HELLO_TYPE, envelope).map_err(|_| not_proven(unknown))?;
    if proof.agent != record.agent.id || proof.challenge != challenge {
        return Err(not_proven("the proof is for another agent or another connection"));
    }
    may_link(&record)?;
    Ok(Proven { record, proof })
}

/// Whether an agent that proved itself may link.
pub(super) fn may_link(record: &AgentLinkRecord) -> Result<(), Refused> {
    if record.removed_at.is_some() || record.agent.status == AgentStatus::Revoked {
        return Err(Refused::new(
            LinkErrorCode::Revoked,
            "this agent was removed; join with a new invitation",
        ));
    }
    if record.agent.status == AgentStatus::Quarantined {
        return Err(Refused::new(
            LinkErrorCode::Quarantined,
            "this identity is quarantined; remove it (worpen agents rm) and join with a new invitation",
        ));
    }
    Ok(())
}

/// An admitted link.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// The agent as it stands now.
    pub agent: Agent,
    /// The epoch of the link.
    pub epoch: u64,
    /// The highest sequence that the control data holds of it.
    pub acknowledged: u64,
}

/// Admits a proven agent: judges its epoch, takes what it says of itself, and makes it ONLINE.
///
/// # Errors
/// Its epoch is an old copy's (it is quarantined then), another link was admitted meanwhile, or the store cannot write.
pub async fn admit(
    store: &dyn Store,
    proven: Proven,
    hello: &Hello,
    origin: &Origin,
) -> Result<Admitted, Refused> {
    let Proven { record, proof } = proven;
    let (from, status) = ((record.epoch, record.offered_epoch), record.agent.status);
    let (next, ahead) = match judge_epoch(proof.epoch, record.epoch, record.offered_epoch) {
        EpochVerdict::Continues { next } => (next, false),
        EpochVerdict::Ahead { next } => (next, true),
        EpochVerdict::Behind => {
            let detail = "its state is an old copy: it presents an epoch that was left behind";
            let written =
                presence::quarantine(store, &record.agent, &record.public_key, detail, origin).await;
            return Err(match written {
                Ok(true) => Refused::new(LinkErrorCode::Quarantined, detail),
                Ok(false) => changed_meanwhile(),
                // What cannot be written down is not believed either, and whoever is linked so is still cut off.
                Err(error) => Refused::new(
                    LinkErrorCode::Quarantined,
                    format!("{detail}, which could not be written down: {error}"),
                ),
            });
        }
    };
    let agent = introduce(record.agent, hello, origin);
    let step = EpochStep { from, to: (proof.epoch, next) };
    let mut change = admission(&agent, &record.public_key, status, step, origin);
    if ahead {
        let facts = json!({ "presented": proof.epoch, "known": from.1 });
        let ahead = origin.event(EventKind::AgentAhead, facts).about(agent.agent_id.clone());
        change.events.insert(0, ahead);
    }
    match store.commit(change).await {
        Ok(_) => Ok(Admitted { agent, epoch: next, acknowledged: record.ingested }),
        Err(error) if error.is_conflict_of("agent.link") => Err(changed_meanwhile()),
        Err(error) => Err(Error::from(error).into()),
    }
}

/// The record of an agent is another than the one by which its link was judged.
#[must_use]
pub fn changed_meanwhile() -> Refused {
    Refused::new(
        LinkErrorCode::Replaced,
        "another link of this agent was admitted, or the agent changed, at the same moment; come again",
    )
}

/// The change that admits the link of an agent that proved this key.
pub(super) fn admission(
    agent: &Agent,
    public_key: &str,
    from: AgentStatus,
    step: EpochStep,
    origin: &Origin,
) -> Change {
    let kind = match agent.status {
        AgentStatus::Maintenance => EventKind::AgentUpdated,
        _ => EventKind::AgentOnline,
    };
    let facts = json!({ "agent": agent, "epoch": step.to.1 });
    // Who is known comes back also while the disk is full: a link is what it is commanded and revoked through.
    Change::new()
        .vital()
        .write(statement::link(agent, public_key, from, step))
        .event(origin.event(kind, facts).about(agent.agent_id.clone()))
}

/// The agent with what it says of itself.
pub(super) fn introduce(agent: Agent, hello: &Hello, origin: &Origin) -> Agent {
    let (status, status_since) = match agent.status {
        AgentStatus::Maintenance | AgentStatus::Online => (agent.status, agent.status_since),
        _ => (AgentStatus::Online, origin.now),
    };
    Agent {
        status,
        status_since,
        version: Some(hello.version.clone()),
        capabilities: hello.capabilities.iter().map(|verb| verb.as_str().into()).collect(),
        site_verbs: hello.verbs.iter().cloned().map(Arc::new).collect(),
        labels: hello.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
        host: hello.host.clone(),
        container_engine: hello.container_engine.clone(),
        last_seen_at: Some(origin.now),
        address: origin.address.clone(),
        ..agent
    }
}
