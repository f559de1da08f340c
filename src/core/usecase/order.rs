//! What a caller wants done, checked against the fleet before it is queued: the targets, the verb, the arguments.

use serde_json::{Map, Value};

use super::dispatch::Order;
use crate::{
    core::{
        command::{
            DOCKER_RESTART, DOCKER_RM, DOCKER_START, DOCKER_STOP, MAX_ARGS_BYTES, is_built_in, is_verb,
        },
        container::{is_name, resolve_on},
        error::Error,
        fleet::Fleet,
        target::{Repeats, named},
    },
    proto::{agent::Agent, command::GiveCommandRequest},
};

/// The longest that an execution may take, seconds.
const MAX_TIMEOUT_S: u32 = 86_400;
/// The longest that a container may be given to end, seconds.
pub const MAX_GRACE_S: u32 = 300;

/// Checks a request and makes an order of it. `timeout_s` is how long it may take unless the caller says.
///
/// # Errors
/// A field is wrong, a target or a container is not there, or a target did not announce the verb.
pub fn order(fleet: &Fleet, request: &GiveCommandRequest, timeout_s: u32) -> Result<Order, Error> {
    if !is_verb(&request.verb) {
        return Err(Error::field("verb", "expected 1 to 64 of a-z, digits, '.', '_', ':' and '-'"));
    }
    let bytes = serde_json::to_vec(&request.args).map_or(usize::MAX, |bytes| bytes.len());
    if bytes > MAX_ARGS_BYTES {
        return Err(Error::field("args", format!("expected at most {MAX_ARGS_BYTES} bytes of JSON")));
    }
    if request.timeout_s.is_some_and(|seconds| !(1..=MAX_TIMEOUT_S).contains(&seconds)) {
        return Err(Error::field("timeout_s", format!("expected 1 to {MAX_TIMEOUT_S} seconds")));
    }
    let targets = targets(fleet, request)?;
    let mut grace_s = 0;
    if is_built_in(&request.verb) {
        grace_s = check_built_in(&request.verb, &request.args)?;
        check_containers(fleet, &request.args, &targets)?;
    }
    Ok(Order {
        verb: request.verb.clone().into(),
        args: Value::Object(request.args.clone()),
        resource: match targets.as_slice() {
            [one] => format!("agent/{}", one.agent_id),
            several => format!("agents/{}", several.len()),
        },
        targets: targets.iter().map(|agent| (agent.id, agent.agent_id.clone())).collect(),
        timeout_s: request.timeout_s.unwrap_or_else(|| timeout_s.saturating_add(grace_s)),
    })
}

/// The targets, each once; every one announced the verb.
fn targets<'a>(fleet: &'a Fleet, request: &GiveCommandRequest) -> Result<Vec<&'a Agent>, Error> {
    let targets = named(fleet, "agent_targets", &request.agent_targets, Repeats::Refused)?;
    let lacks = |agent: &&&Agent| !agent.capabilities.iter().any(|verb| **verb == *request.verb);
    match targets.iter().find(lacks) {
        None => Ok(targets),
        Some(agent) => Err(Error::Conflict {
            code: "verb_not_announced",
            detail: format!("'{}' did not announce '{}'; {}", agent.agent_id, request.verb, announced(agent)),
        }),
    }
}

/// What an agent can do, in words.
fn announced(agent: &Agent) -> String {
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

/// Checks the arguments of a built-in verb as the containers' own calls do, and says how much longer they let it take.
fn check_built_in(verb: &str, args: &Map<String, Value>) -> Result<u32, Error> {
    let allowed: &[&str] = match verb {
        DOCKER_START => &["container"],
        DOCKER_STOP | DOCKER_RESTART => &["container", "timeout_s"],
        DOCKER_RM => &["container", "force"],
        _ => {
            return Err(Error::field(
                "verb",
                format!("'{verb}' has a call of its own, or is none; see /api-docs"),
            ));
        }
    };
    if let Some(unknown) = args.keys().find(|name| !allowed.contains(&name.as_str())) {
        let unknown: String = unknown.chars().take(64).collect();
        return Err(Error::field(
            &format!("args/{unknown}"),
            format!("is not an argument of {verb}; it has {}", allowed.join(", ")),
        ));
    }
    if args.get("force").is_some_and(|force| !force.is_boolean()) {
        return Err(Error::field("args/force", "expected true or false"));
    }
    let grace = match args.get("timeout_s") {
        None => Some(0),
        Some(seconds) => seconds.as_u64().and_then(|seconds| u32::try_from(seconds).ok()),
    };
    grace
        .filter(|seconds| *seconds <= MAX_GRACE_S)
        .ok_or_else(|| Error::field("args/timeout_s", format!("expected 0 to {MAX_GRACE_S} seconds")))
}

/// Checks that every target has the container.
fn check_containers(fleet: &Fleet, args: &Map<String, Value>, targets: &[&Agent]) -> Result<(), Error> {
    let container = args.get("container").and_then(Value::as_str).filter(|name| is_name(name));
    let container = container.ok_or_else(|| {
        Error::field("args/container", "expected a container's id, a prefix of it, or its name")
    })?;
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
