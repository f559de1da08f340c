//! Rows as the rules write them: a statement for each record.

use serde::Serialize;
use worpen::{
    core::{
        change::{Statement, Value},
        port::records::{AgentLinkRecord, IdempotencyRecord, InvitationRecord, KeyRecord, UserRecord},
    },
    id::{AgentId, EventId},
    proto::{
        command::{Command, Execution},
        container::ContainerFacts,
        image::ImageFacts,
    },
};

use super::changes::{now, statement};

/// An enumeration in the word that it has on the wire.
pub(super) fn word(value: impl Serialize) -> Value {
    let text = serde_json::to_value(value).unwrap();
    text.as_str().unwrap().to_owned().into()
}

fn text(value: &(impl ToString + ?Sized)) -> Value {
    value.to_string().into()
}

fn json(value: impl Serialize) -> Value {
    serde_json::to_string(&value).unwrap().into()
}

pub(super) fn user(record: &UserRecord) -> Statement {
    let user = &record.user;
    statement(
        "user.create",
        "INSERT INTO users (id, username, role, password_hash, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        vec![
            text(&user.id),
            text(&user.username),
            word(user.role),
            text(&record.password_hash),
            user.created_at.into(),
        ],
    )
}

pub(super) fn key(record: &KeyRecord, hash: &str) -> Statement {
    let key = &record.key;
    statement(
        "key.issue",
        "INSERT INTO api_keys (id, user_id, name, role, secret_hash, created_at, expires_at, revoked_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        vec![
            text(&key.id),
            text(&record.user),
            text(&key.name),
            word(key.role),
            text(hash),
            key.created_at.into(),
            key.expires_at.into(),
            record.revoked_at.into(),
        ],
    )
}

pub(super) fn invitation(record: &InvitationRecord) -> Statement {
    statement(
        "agent.invite",
        "INSERT INTO invitations (id, name, site, secret_hash, created_at, expires_at, used_by)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        vec![
            text(&record.id),
            text(&record.name),
            text(&record.site),
            text(&record.secret_hash),
            now().into(),
            record.expires_at.into(),
            record.used_by.map(|id| id.to_string()).into(),
        ],
    )
}

pub(super) fn agent(record: &AgentLinkRecord) -> Statement {
    let agent = &record.agent;
    statement(
        "agent.join",
        "INSERT INTO agents (id, agent_id, site, status, status_since, version, capabilities, labels, host,
            container_engine, created_at, last_seen_at, address, public_key, epoch, offered_epoch, ingested, removed_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
        vec![
            text(&agent.id),
            text(&agent.agent_id),
            text(&agent.site),
            word(agent.status),
            agent.status_since.into(),
            agent.version.clone().into(),
            json(&agent.capabilities),
            json(&agent.labels),
            json(&agent.host),
            agent.container_engine.as_ref().map(json).into(),
            agent.created_at.into(),
            agent.last_seen_at.into(),
            agent.address.clone().into(),
            text(&record.public_key),
            record.epoch.into(),
            record.offered_epoch.into(),
            record.ingested.into(),
            record.removed_at.into(),
        ],
    )
}

pub(super) fn container(agent: AgentId, facts: &ContainerFacts) -> Statement {
    statement(
        "container.put",
        "INSERT INTO containers (agent, id, facts) VALUES (?1, ?2, ?3)",
        vec![text(&agent), text(&facts.id), json(facts)],
    )
}

pub(super) fn image(agent: AgentId, facts: &ImageFacts) -> Statement {
    statement(
        "image.put",
        "INSERT INTO images (agent, id, facts) VALUES (?1, ?2, ?3)",
        vec![text(&agent), text(&facts.id), json(facts)],
    )
}

pub(super) fn execution(command: &Command, execution: &Execution, cause: EventId) -> Statement {
    statement(
        "execution.create",
        "INSERT INTO executions (id, command_id, agent, node, attempt, status, cause, started_at, ended_at, result,
            error_message)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        vec![
            text(&execution.id),
            text(&command.id),
            text(&execution.agent),
            text(&execution.node),
            execution.attempt.into(),
            word(execution.status),
            text(&cause),
            execution.started_at.into(),
            execution.ended_at.into(),
            execution.result.as_ref().into(),
            execution.error_message.clone().into(),
        ],
    )
}

pub(super) fn idempotency(caller: &str, endpoint: &str, key: &str, record: &IdempotencyRecord) -> Statement {
    statement(
        "idempotency.claim",
        "INSERT INTO idempotency (caller, endpoint, key, body_hash, resource, created_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        vec![
            text(caller),
            text(endpoint),
            text(key),
            text(&record.body_hash),
            text(&record.resource),
            record.created_at.into(),
        ],
    )
}
