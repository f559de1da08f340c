//! Giving commands, and letting those expire that nobody took.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    Origin,
    repeat::{claiming, created_before},
};
use crate::{
    core::{
        change::Change,
        command::is_built_in,
        error::Error,
        port::{links::Links, records::Records, store::Store},
        statement::{self, idempotency::Claim},
    },
    id::{AgentId, CommandId, ExecutionId},
    proto::{
        command::{Command, CommandStatus, Execution},
        event::EventKind,
    },
};

/// What is to be done, and where.
#[derive(Clone, Debug)]
pub struct Order {
    /// The verb.
    pub verb: Cow<'static, str>,
    /// Its arguments.
    pub args: Value,
    /// The targets, by id and name; never none.
    pub targets: Vec<(AgentId, String)>,
    /// What it acts on, for the audit log: `container/web-1/nginx`.
    pub resource: String,
    /// Seconds it may take once started; it expires when nobody took it for as long.
    pub timeout_s: u32,
}

/// The ports that giving a command needs.
#[derive(Clone, Copy)]
pub struct Dispatch<'a> {
    /// Where it is written.
    pub store: &'a dyn Store,
    /// Where an earlier claim is found.
    pub records: &'a dyn Records,
    /// The links it goes out through.
    pub links: &'a dyn Links,
}

/// Gives a command: it is on disk before any agent hears of it. With a claim that an earlier request made, the earlier
/// command is returned.
///
/// # Errors
/// No target, a claim that belongs to another request, or the store cannot write.
pub async fn give(
    ports: Dispatch<'_>,
    order: Order,
    claim: Option<&Claim>,
    origin: &Origin,
) -> Result<Command, Error> {
    if order.targets.is_empty() {
        return Err(Error::field("agent_targets", "expected at least one agent"));
    }
    let command = compose(&order, origin);
    let queued = origin
        .event(EventKind::CommandQueued, json!({ "command": command }))
        .about(order.targets[0].1.clone())
        .correlated(command.id.to_string());
    let cause = queued.id;
    let change = claiming(Change::new(), claim, command.id, origin.now);
    let mut change = change.write(statement::command::create(&command));
    for execution in &command.executions {
        change = change.write(statement::command::create_execution(command.id, execution, cause));
    }
    // A foreign verb may be spelt like an act of the server itself, and must not pass for one.
    let action = if is_built_in(&order.verb) { &order.verb } else { "command.give" };
    let detail = json!({ "command": command.id, "verb": command.verb, "args": command.args });
    change = change.event(queued).audit(origin.done(action, order.resource, detail));
    match ports.store.commit(change).await {
        Ok(_) => {}
        Err(error) if error.is_conflict_of("idempotency.claim") => {
            let command = given_before(ports.records, claim).await?;
            nudge(ports.links, &command);
            return Ok(command);
        }
        Err(error) => return Err(error.into()),
    }
    nudge(ports.links, &command);
    Ok(command)
}

fn nudge(links: &dyn Links, command: &Command) {
    for execution in &command.executions {
        links.nudge(execution.agent);
    }
}

fn compose(order: &Order, origin: &Origin) -> Command {
    let executions = order.targets.iter().map(|(agent, node)| Execution {
        id: ExecutionId::generate(),
        agent: *agent,
        node: node.clone(),
        attempt: 1,
        status: CommandStatus::Queued,
        started_at: None,
        ended_at: None,
        result: None,
        error_message: None,
    });
    Command {
        id: CommandId::generate(),
        verb: order.verb.clone().into_owned(),
        args: order.args.clone(),
        status: CommandStatus::Queued,
        actor: origin.actor.clone(),
        created_at: origin.now,
        expires_at: origin.now + SignedDuration::from_secs(order.timeout_s.into()),
        ended_at: None,
        timeout_s: order.timeout_s,
        correlation_id: origin.correlation.clone(),
        executions: executions.collect(),
    }
}

/// The command that an earlier request with the same claim gave.
async fn given_before(records: &dyn Records, claim: Option<&Claim>) -> Result<Command, Error> {
    let id = created_before(records, claim).await?;
    let lost = || Error::not_found("command", &id);
    records.command(id.parse().map_err(|_| lost())?).await?.ok_or_else(lost)
}

/// Lets every queued execution expire that is due, and says when the next one is.
///
/// # Errors
/// The store cannot serve.
pub async fn expire(
    store: &dyn Store,
    records: &dyn Records,
    origin: &Origin,
) -> Result<Option<Timestamp>, Error> {
    for execution in records.expired_executions(origin.now).await? {
        let detail = format!("{} did not take it by {}", execution.node, execution.expires_at);
        let ended = origin
            .event(
                EventKind::CommandEnded,
                json!({ "command_id": execution.command, "execution_id": execution.id, "verb": execution.verb,
                    "status": CommandStatus::Expired, "error_message": detail }),
            )
            .about(execution.node.clone())
            .correlated(execution.command.to_string())
            .caused_by(Some(execution.cause));
        let change = Change::new()
            .write(statement::command::expire(execution.id, origin.now, detail, ended.id))
            .event(ended);
        match store.commit(change).await {
            Ok(_) => {}
            Err(error) if error.is_conflict_of("execution.expire") => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(records.next_expiry().await?)
}
