//! Agents that are not ours: invited with a bearer token, admitted by it, given what they announced, and ended for when they
//! do not answer.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::json;

use super::{
    Origin,
    admit::{Admitted, Refused, admission, changed_meanwhile, introduce, may_link},
    enroll::{Enroll, name_taken},
    repeat::{claiming, shown_once},
    settle::outcome,
};
use crate::{
    core::{
        change::{Change, CommitError},
        command::{has_ended, is_built_in},
        digest::sha256_hex,
        error::Error,
        port::{
            links::Links,
            records::{AgentLinkRecord, ExecutionRecord, Records},
            store::Store,
        },
        statement::{self, agent::EpochStep, idempotency::Claim},
    },
    id::AgentId,
    proto::{
        agent::{Agent, AgentStatus, HostFacts},
        command::CommandStatus,
        event::EventKind,
        invitation::Invitation,
        labels::Labels,
        link::{CommandResult, Hello, LinkErrorCode},
        plain::PlainResult,
    },
};

/// What a plain agent's token starts with.
pub const PREFIX: &str = "wpa_";

/// An agent that never linked.
pub(super) fn newcomer(name: &str, site: &str, now: Timestamp) -> Agent {
    Agent {
        id: AgentId::generate(),
        agent_id: name.to_owned(),
        site: site.to_owned(),
        status: AgentStatus::Offline,
        status_since: now,
        version: None,
        capabilities: vec![],
        site_verbs: Vec::new(),
        labels: Labels::default(),
        host: HostFacts::default(),
        container_engine: None,
        created_at: now,
        last_seen_at: None,
        address: None,
    }
}

/// Admits a plain agent at once, and makes the token that it will show. The store keeps the token's hash alone.
///
/// # Errors
/// The name is taken, or the store cannot write.
pub(super) async fn invite(
    ports: Enroll<'_>,
    (name, site): (&str, &str),
    secret: [u8; 32],
    claim: Option<&Claim>,
    origin: &Origin,
) -> Result<Invitation, Error> {
    let token = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(secret));
    let agent = newcomer(name, site, origin.now);
    let invited = json!({ "name": name, "site": site, "plain": true });
    let joined = json!({ "agent": agent, "plain": true });
    let detail = json!({ "id": agent.id, "site": site, "plain": true });
    let change = claiming(Change::new(), claim, agent.id, origin.now)
        .write(statement::agent::create(&agent, String::new()))
        .write(statement::bearer::give(agent.id, sha256_hex(token.as_bytes()), origin.now))
        .event(origin.event(EventKind::AgentInvited, invited).about(name))
        .event(origin.event(EventKind::AgentJoined, joined).about(name))
        .audit(origin.done("agent.invite", format!("agent/{name}"), detail));
    match ports.store.commit(change).await {
        Ok(_) => Ok(Invitation {
            id: None,
            agent: Some(agent.id),
            token,
            name: name.to_owned(),
            site: site.to_owned(),
            expires_at: None,
            port: None,
            usage: "connect to /ws/agent with the header 'Authorization: Bearer TOKEN' (or ?token=TOKEN) and say HELLO, or \
                    send heartbeats to /api/v1/internal/heartbeat"
                .into(),
        }),
        Err(error) if error.is_conflict_of("idempotency.claim") => {
            Err(shown_once(ports.records, claim, "plain agent").await)
        }
        Err(error) if error.is_conflict_of("agent.create") => Err(name_taken(name)),
        Err(error) => Err(error.into()),
    }
}

/// Finds the plain agent whose token has this hash. Removing an agent forgets its token.
///
/// # Errors
/// No agent has it, or the agent may not link.
pub async fn recognize(records: &dyn Records, token_hash: &str) -> Result<AgentLinkRecord, Refused> {
    let found = records.agent_link_by_bearer(token_hash).await.map_err(Error::from)?;
    let record = found.ok_or_else(|| {
        Refused::new(
            LinkErrorCode::NotProven,
            "no agent has this token; make one with: worpen agents invite NAME --plain",
        )
    })?;
    may_link(&record)?;
    Ok(record)
}

/// Admits a plain agent's link. Its epoch counts its links, so that of two that come at once one is told to come again.
///
/// # Errors
/// It names another agent, another link was admitted meanwhile, or the store cannot write.
pub async fn admit(
    store: &dyn Store,
    record: AgentLinkRecord,
    hello: &Hello,
    origin: &Origin,
) -> Result<Admitted, Refused> {
    if hello.agent_id != record.agent.agent_id {
        let detail = format!("/payload/agent_id: expected '{}', whose token this is", record.agent.agent_id);
        return Err(Refused::new(LinkErrorCode::NotProven, detail));
    }
    let (from, status) = ((record.epoch, record.offered_epoch), record.agent.status);
    let next = record.epoch.max(record.offered_epoch) + 1;
    let mut agent = introduce(record.agent, hello, origin);
    agent.version = agent.version.filter(|version| !version.is_empty());
    agent.capabilities.retain(|verb| !is_built_in(verb));
    let step = EpochStep { from, to: (next, next) };
    let change = admission(&agent, &record.public_key, status, step, origin);
    match store.commit(change).await {
        Ok(_) => Ok(Admitted { agent, epoch: next, acknowledged: 0 }),
        Err(error) if error.is_conflict_of("agent.link") => Err(changed_meanwhile()),
        Err(error) => Err(Error::from(error).into()),
    }
}

/// Notes that an execution is about to be sent, so that whatever happens then it is never sent twice; `false` when it is not to
/// be sent, because somebody else settled it or the agent does not announce its verb any more.
///
/// # Errors
/// The store cannot write.
pub async fn begin(
    store: &dyn Store,
    agent: &Agent,
    execution: &ExecutionRecord,
    origin: &Origin,
) -> Result<bool, Error> {
    let announced =
        agent.capabilities.iter().any(|verb| **verb == *execution.verb) && !is_built_in(&execution.verb);
    let (status, why) = if announced {
        (CommandStatus::Started, None)
    } else {
        (CommandStatus::Refused, Some(format!("{} no longer announces '{}'", agent.agent_id, execution.verb)))
    };
    Ok(conclude(store, execution, (status, why), origin).await? && announced)
}

/// Takes a plain agent's result. The same result again changes nothing and is no error: a client that lost its link cannot
/// know whether it was heard.
///
/// # Errors
/// It is for no command that this agent was sent, it contradicts how the command ended, or the store cannot write.
pub async fn settle(
    store: &dyn Store,
    records: &dyn Records,
    agent: AgentId,
    said: &PlainResult,
    origin: &Origin,
) -> Result<(), Error> {
    let command = records.command(said.command_id).await?;
    let mut executions = command.into_iter().flat_map(|command| command.executions);
    let known = executions.rfind(|execution| execution.agent == agent);
    let sent = known.filter(|known| !matches!(known.status, CommandStatus::Queued | CommandStatus::Expired));
    let none = || Error::field("payload/command_id", "expected a command that this agent was sent");
    let sent = sent.ok_or_else(none)?;
    let repeats = sent.status == said.status
        && (said.status == CommandStatus::Started
            || (sent.result == said.result && sent.error_message == said.error_message));
    if repeats {
        return Ok(());
    }
    // What the server concluded from silence gives way to what the agent says.
    if has_ended(sent.status) && (sent.status != CommandStatus::Unknown || !has_ended(said.status)) {
        return Err(ended_already(sent.status));
    }
    let record = records.execution(sent.id).await?.ok_or_else(none)?;
    let result = CommandResult {
        command_id: said.command_id,
        execution_id: Some(sent.id),
        status: said.status,
        result: said.result.clone(),
        error_message: said.error_message.clone(),
        time: None,
        started_at: None,
        not_begun: false,
        output: None,
    };
    match store.commit(outcome(&record, &result, origin)).await {
        Ok(_) => Ok(()),
        Err(CommitError::Conflict(_)) => Err(ended_already(sent.status)),
        Err(error) => Err(error.into()),
    }
}

fn ended_already(status: CommandStatus) -> Error {
    let word = serde_json::to_value(status).unwrap_or_default();
    Error::Conflict {
        code: "command_ended",
        detail: format!(
            "/payload/command_id: this command ended already: {}",
            word.as_str().unwrap_or("ended")
        ),
    }
}

/// How an execution stands that a plain agent was sent and did not answer in time. While the link held it had the command and
/// did not answer; when it broke nobody can tell what became of it.
pub(super) fn unanswered(execution: &ExecutionRecord, links: &dyn Links) -> (CommandStatus, String) {
    let (node, seconds) = (&execution.node, execution.timeout_s);
    let since = links.linked_since(execution.agent);
    let held = since.is_some_and(|since| execution.started_at.is_some_and(|started_at| since <= started_at));
    if held {
        (CommandStatus::TimedOut, format!("{node} did not answer within {seconds} s"))
    } else {
        let why =
            format!("the link of {node} broke after it was sent, and no answer came within {seconds} s");
        (CommandStatus::Unknown, why)
    }
}

/// Writes what the server itself says of an execution; `false` when it stands otherwise meanwhile.
async fn conclude(
    store: &dyn Store,
    execution: &ExecutionRecord,
    (status, why): (CommandStatus, Option<String>),
    origin: &Origin,
) -> Result<bool, Error> {
    let result = CommandResult {
        command_id: execution.command,
        execution_id: Some(execution.id),
        status,
        result: None,
        error_message: why,
        time: None,
        started_at: None,
        not_begun: false,
        output: None,
    };
    match store.commit(outcome(execution, &result, origin)).await {
        Ok(_) => Ok(true),
        Err(CommitError::Conflict(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
