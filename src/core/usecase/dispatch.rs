//! Giving commands: one change holds the command, its executions, the event and the audit entry.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    Origin,
    repeat::{claiming, created_before},
};
use crate::{
    core::{
        access::{Act, Authority, Denied, Node, Principal},
        change::{Change, NewEvent, Statement},
        command::{DEFAULT_OUTPUT_BYTES, is_built_in, queued_execution},
        error::Error,
        fleet::SharedFleet,
        port::{records::Records, store::Store},
        queue::{Queued, SharedQueue, Target},
        sealing::{SealNonce, SealingKey},
        statement::{self, idempotency::Claim},
    },
    id::{AgentId, CommandId, PlanId},
    proto::{
        command::{Command, CommandStatus, Execution, Priority, Rollout},
        event::EventKind,
        verb::Effect,
    },
};

/// What is to be done, and where.
#[derive(Clone, Debug)]
pub struct Order {
    /// The verb.
    pub verb: Cow<'static, str>,
    /// Its arguments, without secrets.
    pub args: Value,
    /// The targets, by id and name, in the order of a rollout; never none.
    pub targets: Vec<(AgentId, String)>,
    /// What it acts on, for the audit log: `container/web-1/nginx`.
    pub resource: String,
    /// Seconds it may take once started; unless `how` says otherwise it expires when nobody took it for as long.
    pub timeout_s: u32,
    /// In which way.
    pub how: How,
}

/// In which way something is done.
#[derive(Clone, Debug)]
pub struct How {
    /// What the verb does to its node.
    pub effect: Effect,
    /// What goes first.
    pub priority: Priority,
    /// How often a target may try again.
    pub max_retries: u32,
    /// Not before this moment.
    pub scheduled_at: Option<Timestamp>,
    /// A target that has not taken it by then never will.
    pub expires_at: Option<Timestamp>,
    /// What must hold on the node right before the start.
    pub precondition: Option<String>,
    /// In which parts.
    pub rollout: Option<Rollout>,
    /// Bytes of output to keep.
    pub output_bytes: u32,
    /// The plan that is applied.
    pub plan: Option<PlanId>,
    /// The name of the schedule that gives it.
    pub schedule: Option<String>,
    /// The arguments with their secrets, when there are any.
    pub secret_args: Option<Value>,
    /// The command's id, where it is told elsewhere too; a fresh one otherwise.
    pub id: Option<CommandId>,
    /// What else is written with it.
    pub with: Vec<Statement>,
    /// What else happens with it.
    pub events: Vec<NewEvent>,
}

impl Default for How {
    fn default() -> Self {
        Self {
            effect: Effect::Acts,
            priority: Priority::Normal,
            max_retries: 0,
            scheduled_at: None,
            expires_at: None,
            precondition: None,
            rollout: None,
            output_bytes: DEFAULT_OUTPUT_BYTES,
            plan: None,
            schedule: None,
            secret_args: None,
            id: None,
            with: Vec::new(),
            events: Vec::new(),
        }
    }
}

impl How {
    /// As a verb that comes with Worpen is done: with what it does to its node.
    #[must_use]
    pub fn of(verb: &str) -> Self {
        let effect = crate::core::verb::built_in(verb).map_or(Effect::Acts, |verb| verb.effect);
        Self { effect, ..Self::default() }
    }
}

/// The ports that giving a command needs.
#[derive(Clone, Copy)]
pub struct Dispatch<'a> {
    /// Where it is written.
    pub store: &'a dyn Store,
    /// Where an earlier claim is found.
    pub records: &'a dyn Records,
    /// What waits already.
    pub queue: &'a SharedQueue,
    /// Where the targets stand.
    pub fleet: &'a SharedFleet,
    /// Seals secret arguments.
    pub sealing: &'a SealingKey,
    /// Fresh randomness, spent on one seal.
    pub nonce: SealNonce,
}

/// Whether somebody may have this done to each of its targets.
///
/// # Errors
/// Says which right is missing.
pub fn permit(fleet: &SharedFleet, order: &Order, by: &Authority) -> Result<(), Denied> {
    let (act, fleet) = (Act::Give(&order.verb), fleet.read());
    by.rights.permit_verb(act)?;
    for (agent, name) in &order.targets {
        let node = fleet.agent_by_id(*agent).map_or(Node { name, site: None }, Node::from);
        by.rights.permit(act, node)?;
    }
    Ok(())
}

/// Lets through what [`permit`] does; what it does not is in the audit log.
///
/// # Errors
/// A right is missing, or the store cannot write.
pub async fn admit(
    store: &dyn Store,
    fleet: &SharedFleet,
    order: &Order,
    by: &Authority,
    origin: &Origin,
) -> Result<(), Error> {
    let Err(denied) = permit(fleet, order, by) else { return Ok(()) };
    let detail = json!({ "verb": order.verb, "why": denied.to_string() });
    store.commit(Change::new().audit(origin.denied("command.give", order.resource.clone(), detail))).await?;
    Err(denied.into())
}

/// Gives a command on somebody's behalf: it is on disk before any agent hears of it. With a claim that an earlier request
/// made, the earlier command is returned.
///
/// # Errors
/// No target, one that it may not be given to, the queue is full, a claim that belongs to another request, or the store cannot write. A conflict of one of
/// the statements `with` it is given back as it is.
pub async fn give(
    ports: Dispatch<'_>,
    order: Order,
    by: &Authority,
    claim: Option<&Claim>,
    origin: &Origin,
) -> Result<Command, Error> {
    if order.targets.is_empty() {
        return Err(Error::field("agent_targets", "expected at least one agent"));
    }
    admit(ports.store, ports.fleet, &order, by, origin).await?;
    ports.queue.lock().room(order.targets.len())?;
    let command = compose(&order, origin);
    let change = change(ports, &command, order, by.principal, claim, origin);
    match ports.store.commit(change).await {
        Ok(_) => Ok(command),
        Err(error) if error.is_conflict_of("idempotency.claim") => given_before(ports.records, claim).await,
        Err(error) => Err(error.into()),
    }
}

/// The change that gives a command.
fn change(
    ports: Dispatch<'_>,
    command: &Command,
    order: Order,
    by: Principal,
    claim: Option<&Claim>,
    origin: &Origin,
) -> Change {
    let sealed =
        order.how.secret_args.as_ref().map(|args| {
            ports.sealing.seal(args.to_string().as_bytes(), &command.id.to_string(), ports.nonce)
        });
    let told = Queued {
        command: Command { executions: Vec::new(), ..command.clone() },
        targets: command.executions.iter().map(Target::of).collect(),
        is_sealed: sealed.is_some(),
        by: Some(by),
    };
    let queued = origin.event(EventKind::CommandQueued, json!(told)).correlated(command.id.to_string());
    let queued = match command.executions.as_slice() {
        [one] => queued.about(one.node.clone()),
        _ => queued,
    };
    let cause = queued.id;
    let is_idempotent = order.how.effect != Effect::Acts;
    let mut change = claiming(Change::new(), claim, command.id, origin.now)
        .write(statement::command::create(command, is_idempotent, sealed, Some(by)));
    for execution in &command.executions {
        change = change.write(statement::command::create_execution(command.id, execution, cause));
    }
    if command.rollout.is_some() {
        change = change.write(statement::rollout::begin(command.id));
    }
    change.statements.extend(order.how.with);
    // A foreign verb may be spelt like an act of the server itself, and must not pass for one.
    let action = if is_built_in(&order.verb) { &order.verb } else { "command.give" };
    let detail = json!({ "command": command.id, "verb": command.verb, "args": command.args });
    let change = order.how.events.into_iter().fold(change.event(queued), Change::event);
    change.audit(origin.done(action, order.resource, detail))
}

fn compose(order: &Order, origin: &Origin) -> Command {
    let how = &order.how;
    let window = SignedDuration::from_secs(order.timeout_s.into());
    let begins = how.scheduled_at.filter(|at| *at > origin.now);
    let expires_at = how.expires_at.unwrap_or_else(|| begins.unwrap_or(origin.now) + window);
    let batch_size = how.rollout.map(|rollout| rollout.batch.of(order.targets.len()));
    let executions = order.targets.iter().enumerate().map(|(place, (agent, node))| {
        let batch = batch_size.map_or(0, |size| u32::try_from(place / size + 1).unwrap_or(u32::MAX));
        Execution {
            batch,
            not_before: begins,
            // One that is held back expires once its part has begun.
            expires_at: (batch <= 1).then_some(expires_at),
            ..queued_execution(*agent, node.clone())
        }
    });
    Command {
        id: how.id.unwrap_or_else(CommandId::generate),
        verb: order.verb.clone().into_owned(),
        args: order.args.clone(),
        status: CommandStatus::Queued,
        actor: origin.actor.clone(),
        priority: how.priority,
        created_at: origin.now,
        scheduled_at: how.scheduled_at,
        expires_at,
        ended_at: None,
        timeout_s: order.timeout_s,
        max_retries: how.max_retries,
        precondition: how.precondition.clone(),
        rollout: how.rollout,
        output_bytes: how.output_bytes,
        plan: how.plan,
        schedule: how.schedule.clone(),
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
