//! What a caller wants done, checked against the fleet before it is queued: the targets, the verb, the arguments, the times.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::dispatch::{How, Order};
use crate::{
    core::{
        arguments::{self, Checked},
        command::{
            DEFAULT_OUTPUT_BYTES, DOCKER_RESTART, DOCKER_STOP, MAX_ARGS_BYTES, MAX_OUTPUT_BYTES, MAX_RETRIES,
            is_built_in, is_verb,
        },
        container::resolve_on,
        error::Error,
        fleet::{Fleet, SharedFleet},
        precondition::Precondition,
        queue::SharedQueue,
        selector::{Fault, Selectors, agent::FIELDS, natural},
        target::{Repeats, named},
        window::Listed,
    },
    proto::{
        agent::{Agent, AgentStatus},
        command::{GiveCommandRequest, Rollout},
        verb::SiteVerb,
    },
};

use crate::core::selector::agent::AgentRow;

/// The longest that an execution may take, seconds.
const MAX_TIMEOUT_S: u32 = 86_400;
/// The longest that a container may be given to end, seconds.
pub const MAX_GRACE_S: u32 = 300;
/// The most targets of one command.
pub const MAX_TARGETS: usize = 10_000;
/// How far ahead a command may be set, or wait.
const FARTHEST: SignedDuration = SignedDuration::from_hours(366 * 24);
/// The longest pause of a rollout, seconds.
const MAX_PAUSE_S: u32 = 86_400;

/// What a request is held against.
#[derive(Clone, Copy)]
pub struct Ground<'a> {
    /// The fleet.
    pub fleet: &'a SharedFleet,
    /// Expressions that were understood before.
    pub selectors: &'a Selectors,
    /// What the nodes have to do already.
    pub queue: &'a SharedQueue,
    /// How long a command may take unless somebody says, seconds.
    pub timeout_s: u32,
    /// Now.
    pub now: Timestamp,
}

/// Checks a request and makes an order of it.
///
/// # Errors
/// A field is wrong, a target or a container is not there, or a target did not announce the verb.
pub fn order(ground: Ground<'_>, request: &GiveCommandRequest) -> Result<Order, Error> {
    check_form(ground, request)?;
    let fleet = ground.fleet.read();
    let targets = targets(ground, &fleet, request)?;
    let Checked { redacted, secrets, effect, timeout_s } =
        arguments::check(&request.verb, site_verb(&targets, &request.verb)?, &request.args)?;
    let mut grace_s = 0;
    if is_built_in(&request.verb) {
        grace_s = grace_of(&request.verb, &request.args);
        check_containers(&fleet, &request.args, &targets)?;
    }
    let timeout_s = request
        .timeout_s
        .or(timeout_s)
        .unwrap_or_else(|| ground.timeout_s.saturating_add(grace_s))
        .min(MAX_TIMEOUT_S);
    let begins = request.scheduled_at.unwrap_or(ground.now);
    let expires_at = match request.expires_at {
        Some(expires_at) => expires_at,
        None => begins + SignedDuration::from_secs(timeout_s.into()),
    };
    Ok(Order {
        verb: request.verb.clone().into(),
        args: Value::Object(redacted),
        resource: match targets.as_slice() {
            [one] => format!("agent/{}", one.agent_id),
            several => format!("agents/{}", several.len()),
        },
        targets: targets.iter().map(|agent| (agent.id, agent.agent_id.clone())).collect(),
        timeout_s,
        how: How {
            effect,
            priority: request.priority,
            max_retries: request.max_retries,
            scheduled_at: request.scheduled_at,
            expires_at: Some(expires_at),
            precondition: request.precondition.clone(),
            rollout: request.rollout,
            output_bytes: request.output_bytes.unwrap_or(DEFAULT_OUTPUT_BYTES),
            secret_args: (!secrets.is_empty()).then(|| Value::Object(request.args.clone())),
            ..How::default()
        },
    })
}

/// What can be judged without the fleet.
fn check_form(ground: Ground<'_>, request: &GiveCommandRequest) -> Result<(), Error> {
    let refuse = |field: &str, detail: String| Err(Error::field(field, detail));
    if !is_verb(&request.verb) {
        return refuse("verb", "expected 1 to 64 of a-z, digits, '.', '_', ':' and '-'".into());
    }
    let bytes = serde_json::to_vec(&request.args).map_or(usize::MAX, |bytes| bytes.len());
    if bytes > MAX_ARGS_BYTES {
        return refuse("args", format!("expected at most {MAX_ARGS_BYTES} bytes of JSON"));
    }
    if request.timeout_s.is_some_and(|seconds| !(1..=MAX_TIMEOUT_S).contains(&seconds)) {
        return refuse("timeout_s", format!("expected 1 to {MAX_TIMEOUT_S} seconds"));
    }
    if request.max_retries > MAX_RETRIES {
        return refuse("max_retries", format!("expected 0 to {MAX_RETRIES}"));
    }
    if request.output_bytes.is_some_and(|bytes| bytes > MAX_OUTPUT_BYTES) {
        return refuse("output_bytes", format!("expected 0 to {MAX_OUTPUT_BYTES}"));
    }
    let farthest = ground.now + FARTHEST;
    if request.scheduled_at.is_some_and(|at| at > farthest) {
        return refuse("scheduled_at", "expected a moment within a year".into());
    }
    let begins = request.scheduled_at.unwrap_or(ground.now).max(ground.now);
    if request.expires_at.is_some_and(|at| at <= begins || at > farthest + FARTHEST) {
        return refuse("expires_at", "expected a moment after it may start, within two years".into());
    }
    if let Some(Rollout { pause_s, max_failures, .. }) = request.rollout {
        if pause_s > MAX_PAUSE_S {
            return refuse("rollout/pause_s", format!("expected 0 to {MAX_PAUSE_S} seconds"));
        }
        if max_failures == 0 {
            return refuse("rollout/max_failures", "expected 1 or more".into());
        }
    }
    match &request.precondition {
        Some(expression) => {
            let read = Precondition::parse(ground.selectors, expression);
            read.map(drop).map_err(|Fault(words)| Error::field("precondition", words))
        }
        None => Ok(()),
    }
}

/// The targets, each once, by name; every one announced the verb.
fn targets<'a>(
    ground: Ground<'_>,
    fleet: &'a Fleet,
    request: &GiveCommandRequest,
) -> Result<Vec<&'a Agent>, Error> {
    let announced = |agent: &&Agent| agent.capabilities.iter().any(|verb| **verb == *request.verb);
    let mut targets = match (request.agent_targets.as_slice(), &request.selector, request.all) {
        ([], None, false) => {
            return Err(Error::field(
                "agent_targets",
                "expected agents here, an expression in 'where', or 'all': true for every agent that knows the verb",
            ));
        }
        (names, None, false) => named(fleet, "agent_targets", names, Repeats::Refused)?,
        ([], Some(expression), false) => selected(ground, fleet, expression)?,
        ([], None, true) => {
            let knowing: Vec<_> =
                fleet.agents().filter(|agent| may_be_told(agent)).filter(announced).collect();
            if knowing.is_empty() {
                let detail = format!("no agent announced '{}'; see GET /api/v1/verbs", request.verb);
                return Err(Error::Conflict { code: "verb_not_announced", detail });
            }
            knowing
        }
        _ => return Err(Error::field("agent_targets", "expected one of 'agent_targets', 'where' and 'all'")),
    };
    if let Some(agent) = targets.iter().find(|agent| !announced(agent)) {
        return Err(Error::Conflict {
            code: "verb_not_announced",
            detail: format!("'{}' did not announce '{}'; {}", agent.agent_id, request.verb, known(agent)),
        });
    }
    if targets.len() > MAX_TARGETS {
        let detail =
            format!("{} agents are meant, and one command goes to {MAX_TARGETS} at most", targets.len());
        return Err(Error::field("where", detail));
    }
    if let Some(any) = request.any {
        targets = least_busy(ground, fleet, targets, any as usize)?;
    }
    targets.sort_by(|one, other| natural(&one.agent_id, &other.agent_id).then(one.id.cmp(&other.id)));
    Ok(targets)
}

/// Whether an agent is meant where none is named.
fn may_be_told(agent: &Agent) -> bool {
    !matches!(agent.status, AgentStatus::Quarantined | AgentStatus::Revoked)
}

/// The agents that an expression selects.
fn selected<'a>(ground: Ground<'_>, fleet: &'a Fleet, expression: &str) -> Result<Vec<&'a Agent>, Error> {
    let wrong = |Fault(words)| Error::field("where", words);
    if expression.trim().is_empty() {
        let detail =
            "an empty expression selects nothing; say 'all': true for every agent that knows the verb";
        return Err(Error::field("where", detail));
    }
    let selector = ground.selectors.compile(AgentRow::NOUN, expression, FIELDS).map_err(wrong)?;
    let (mut selected, mut rows, mut looked_at) = (Vec::new(), Vec::with_capacity(1), 0);
    for agent in fleet.agents().filter(|agent| may_be_told(agent)) {
        looked_at += 1;
        selector.check_work(looked_at).map_err(wrong)?;
        let Some(record) = fleet.agent_record(agent.id) else { continue };
        AgentRow::gather(fleet, record, selector.needs(), ground.now, &mut rows);
        if let Some(row) = rows.pop()
            && selector.matches(&row).map_err(wrong)?
        {
            selected.push(agent);
        }
    }
    if selected.is_empty() {
        return Err(Error::field("where", "selects no agent; try it with: worpen agents ls --where EXPR"));
    }
    Ok(selected)
}

/// So many of these, linked, with the least to do.
fn least_busy<'a>(
    ground: Ground<'_>,
    fleet: &'a Fleet,
    targets: Vec<&'a Agent>,
    any: usize,
) -> Result<Vec<&'a Agent>, Error> {
    if any == 0 {
        return Err(Error::field("any", "expected 1 or more"));
    }
    let mut linked: Vec<&Agent> = targets.into_iter().filter(|agent| fleet.is_linked(agent.id)).collect();
    if linked.len() < any {
        let detail =
            format!("{any} are to be chosen, and {} of those that are meant are linked", linked.len());
        return Err(Error::Conflict { code: "too_few_linked", detail });
    }
    let queue = ground.queue.lock();
    let cpu =
        |agent: &Agent| fleet.telemetry(agent.id).map_or(f64::MAX, |measured| f64::from(measured.cpu_usage));
    linked.sort_by(|one, other| {
        let busy = queue.load(one.id).cmp(&queue.load(other.id));
        busy.then_with(|| cpu(one).total_cmp(&cpu(other))).then_with(|| one.id.cmp(&other.id))
    });
    linked.truncate(any);
    Ok(linked)
}

/// What an agent can do, in words.
fn known(agent: &Agent) -> String {
    const SHOWN: usize = 8;
    if agent.capabilities.is_empty() {
        return "it announced no verbs".to_owned();
    }
    let shown = agent.capabilities.iter().take(SHOWN).map(|verb| &**verb).collect::<Vec<_>>().join(", ");
    match agent.capabilities.len().saturating_sub(SHOWN) {
        0 => format!("it announced {shown}"),
        more => format!("it announced {shown} and {more} more"),
    }
}

/// What the targets' sites say of the verb; they must agree.
fn site_verb<'a>(targets: &[&'a Agent], verb: &str) -> Result<Option<&'a SiteVerb>, Error> {
    let defined = |agent: &&'a Agent| {
        let own = agent.site_verbs.iter().find(|own| own.name == verb);
        own.map(|own| (&**own, agent.agent_id.as_str()))
    };
    let mut definitions = targets.iter().filter_map(defined);
    let Some((first, node)) = definitions.next() else { return Ok(None) };
    if let Some((_, other)) = definitions.find(|(own, _)| *own != first) {
        return Err(Error::Conflict {
            code: "verb_differs",
            detail: format!(
                "'{verb}' is another on {node} than on {other}; give it to them one after the other"
            ),
        });
    }
    Ok(Some(first))
}

/// How much longer the arguments let an act take: what a container is given to end.
fn grace_of(verb: &str, args: &Map<String, Value>) -> u32 {
    match verb {
        DOCKER_STOP | DOCKER_RESTART => {
            let grace = args.get("timeout_s").and_then(Value::as_u64).unwrap_or_default();
            u32::try_from(grace).unwrap_or(MAX_GRACE_S).min(MAX_GRACE_S)
        }
        _ => 0,
    }
}

/// Checks that every target has the container that the arguments name.
fn check_containers(fleet: &Fleet, args: &Map<String, Value>, targets: &[&Agent]) -> Result<(), Error> {
    let Some(container) = args.get("container").and_then(Value::as_str) else { return Ok(()) };
    for agent in targets {
        resolve_on(container, agent.id, fleet).map_err(|error| match error {
            Error::NotFound { noun, name } => {
                Error::NotFound { noun, name: format!("{}/{name}", agent.agent_id) }
            }
            other => other,
        })?;
    }
    Ok(())
}
