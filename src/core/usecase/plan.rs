//! Plans: who would be hit by a command, looked at before it is given, and held to it when it is.

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::{Origin, dispatch::Order};
use crate::{
    core::{
        access::{Caller, Principal},
        arguments::REDACTED,
        change::Change,
        container::resolve_on,
        error::Error,
        fleet::Fleet,
        port::{
            records::{PlanRecord, Records},
            store::Store,
        },
        sealing::{Seal, SealingKey},
        statement,
        verb::built_in,
    },
    id::{AgentId, PlanId},
    proto::{
        agent::AgentStatus,
        command::GiveCommandRequest,
        plan::{Plan, PlannedContainer, PlannedTarget},
        user::Role,
    },
};

/// How long a plan can be applied.
pub const HOLDS_FOR: SignedDuration = SignedDuration::from_hours(1);
/// The most plans that are kept; the oldest go first.
pub const MAX_PLANS: u32 = 10_000;
/// How many of each kind of change are named.
const NAMED: usize = 8;

/// Puts a plan together: a request, and the order that it makes of the fleet as it stands.
#[must_use]
pub fn compose(fleet: &Fleet, request: &GiveCommandRequest, order: &Order, origin: &Origin) -> Plan {
    let size = request.rollout.map(|rollout| rollout.batch.of(order.targets.len()));
    let container = container_of(&request.verb, &request.args);
    let targets = order.targets.iter().enumerate().map(|(place, (agent, node))| PlannedTarget {
        agent: *agent,
        node: node.clone(),
        status: fleet.agent_by_id(*agent).map_or(AgentStatus::Unknown, |agent| agent.status),
        batch: size.map_or(0, |size| u32::try_from(place / size + 1).unwrap_or(u32::MAX)),
        container: container.and_then(|container| container_on(fleet, *agent, container)),
    });
    Plan {
        id: PlanId::generate(),
        request: without_secrets(request, order),
        targets: targets.collect(),
        actor: origin.actor.clone(),
        created_at: origin.now,
        expires_at: origin.now.saturating_add(HOLDS_FOR).unwrap_or(Timestamp::MAX),
        applied_at: None,
    }
}

/// A request as it may be shown and kept: its secrets are left out.
pub(super) fn without_secrets(request: &GiveCommandRequest, order: &Order) -> GiveCommandRequest {
    let args = match &order.args {
        Value::Object(redacted) => redacted.clone(),
        _ => Map::new(),
    };
    // How long its caller waits is not part of what is done.
    GiveCommandRequest { args, wait: None, ..request.clone() }
}

/// Whether what was kept as a secret is one by the order that it became: a node may say something else of its verb by now.
pub(super) fn still_secret(kept: &Map<String, Value>, order: &Order) -> bool {
    kept.iter().all(|(name, kept)| hides(kept, order.args.get(name).unwrap_or(&Value::Null)))
}

fn hides(kept: &Value, now: &Value) -> bool {
    match (kept, now) {
        (Value::String(word), now) if word == REDACTED => now == kept,
        (Value::Object(kept), now) => {
            kept.iter().all(|(name, kept)| hides(kept, now.get(name).unwrap_or(&Value::Null)))
        }
        (Value::Array(kept), now) => {
            kept.iter().enumerate().all(|(place, kept)| hides(kept, now.get(place).unwrap_or(&Value::Null)))
        }
        _ => true,
    }
}

/// The container that the arguments of a verb of ours name.
fn container_of<'a>(verb: &str, args: &'a Map<String, Value>) -> Option<&'a str> {
    built_in(verb).filter(|verb| verb.needs_engine())?;
    args.get("container")?.as_str()
}

fn container_on(fleet: &Fleet, agent: AgentId, reference: &str) -> Option<PlannedContainer> {
    let facts = &resolve_on(reference, agent, fleet).ok()?.facts;
    Some(PlannedContainer { id: facts.id.clone(), name: facts.name.clone(), state: facts.state })
}

/// Keeps a plan; nothing is sent.
///
/// # Errors
/// The store cannot write.
pub async fn keep(
    store: &dyn Store,
    plan: &Plan,
    secret_args: Option<&Value>,
    seal: Seal<'_>,
    by: Principal,
    origin: &Origin,
) -> Result<(), Error> {
    let sealed = secret_args.map(|args| seal.arguments(plan.id, args));
    let detail =
        json!({ "verb": plan.request.verb, "args": plan.request.args, "targets": plan.targets.len() });
    let change = Change::new()
        .write(statement::plan::create(plan, sealed, by))
        .write(statement::plan::keep(MAX_PLANS))
        .audit(origin.done("plan.create", format!("plan/{}", plan.id), detail));
    store.commit(change).await?;
    Ok(())
}

/// A plan that a caller may look at: with a scope, one that was made with the same key.
///
/// # Errors
/// There is no such plan for this caller, or the store cannot serve.
pub async fn find(records: &dyn Records, id: PlanId, caller: &Caller) -> Result<PlanRecord, Error> {
    let found = records.plan(id).await?;
    let shown = found.filter(|record| caller.scope().is_none() || record.by == Some(caller.principal()));
    shown.ok_or_else(|| Error::not_found("plan", id))
}

/// Opens a plan for somebody who wants to apply it: the plan, and what is to be asked for again.
///
/// # Errors
/// There is no such plan, it is another's, it was applied, or it has expired.
pub async fn open(
    records: &dyn Records,
    id: PlanId,
    caller: &Caller,
    sealing: &SealingKey,
    now: Timestamp,
) -> Result<(Plan, GiveCommandRequest), Error> {
    let PlanRecord { plan, sealed, .. } = find(records, id, caller).await?;
    if caller.role != Role::Admin && !caller.is_behind(&plan.actor) {
        return Err(Error::Forbidden(format!(
            "the plan is of {}; only its maker or an admin applies it",
            plan.actor
        )));
    }
    if let Some(applied_at) = plan.applied_at {
        return Err(applied(id, applied_at));
    }
    if plan.expires_at <= now {
        return Err(Error::Conflict {
            code: "plan_expired",
            detail: format!("the plan {id} held until {}; plan again", plan.expires_at),
        });
    }
    let mut request = plan.request.clone();
    if let Some(sealed) = sealed {
        request.args = sealing.arguments(id, &sealed)?;
    }
    // Whom chance or load chose is in the plan; whether they are still meant is asked without it.
    request.any = None;
    Ok((plan, request))
}

/// What is said of a plan that was applied.
#[must_use]
pub fn applied(id: PlanId, at: Timestamp) -> Error {
    let detail = format!("the plan {id} was applied at {at}, and is applied once; plan again");
    Error::Conflict { code: "plan_applied", detail }
}

/// The order of a plan, from what its request makes of the fleet now.
///
/// # Errors
/// Something changed since, named in words; or the fleet cannot be asked now.
pub fn unchanged(
    fleet: &Fleet,
    plan: &Plan,
    resolved: Result<Order, Error>,
    now: Timestamp,
) -> Result<Order, Error> {
    let mut changes = changes_of(fleet, plan);
    match resolved {
        Ok(mut order) => {
            changes.extend(differing_targets(plan, &order));
            if !still_secret(&plan.request.args, &order) {
                changes.push("its secrets are none any more by what the nodes say of the verb".into());
            }
            if changes.is_empty() {
                order.targets = plan.targets.iter().map(|one| (one.agent, one.node.clone())).collect();
                order.how.plan = Some(plan.id);
                order.how.with.push(statement::plan::apply(plan.id, now));
                return Ok(order);
            }
        }
        Err(error @ (Error::Unavailable(_) | Error::Internal(_) | Error::TooMany { .. })) => {
            return Err(error);
        }
        Err(error) if changes.is_empty() => changes.push(error.to_string()),
        Err(_) => {}
    }
    Err(Error::Conflict {
        code: "plan_stale",
        detail: format!("since the plan was made: {}; look again with a new plan", changes.join("; ")),
    })
}

/// What is not any more as it was, of the plan's own targets.
fn changes_of(fleet: &Fleet, plan: &Plan) -> Vec<String> {
    let reference = container_of(&plan.request.verb, &plan.request.args);
    let (mut away, mut containers) = (Vec::new(), Vec::new());
    for target in &plan.targets {
        let Some(agent) = fleet.agent_by_id(target.agent) else { continue };
        if target.status == AgentStatus::Online && agent.status != AgentStatus::Online {
            away.push(format!("{} is {}", target.node, agent.status.as_str()));
        }
        let Some(planned) = &target.container else { continue };
        let name = format!("{}/{}", target.node, planned.name);
        match reference.and_then(|reference| container_on(fleet, target.agent, reference)) {
            None => containers.push(format!("the container {name} is gone")),
            Some(now) if now.id != planned.id => {
                containers.push(format!("the container {name} is another one"))
            }
            Some(now) if now.state != planned.state => containers.push(format!(
                "the container {name} is {} and was {}",
                word(now.state),
                word(planned.state)
            )),
            Some(_) => {}
        }
    }
    [first_of(away), first_of(containers)].concat()
}

/// Who joined and who left.
fn differing_targets(plan: &Plan, order: &Order) -> Vec<String> {
    let planned: HashMap<AgentId, &str> =
        plan.targets.iter().map(|target| (target.agent, target.node.as_str())).collect();
    let meant: HashSet<AgentId> = order.targets.iter().map(|(agent, _)| *agent).collect();
    let left = plan.targets.iter().filter(|target| !meant.contains(&target.agent));
    let left = left.map(|target| format!("{} left", target.node)).collect();
    // Of those that might have been chosen, others may come.
    let is_chosen = plan.request.any.is_some();
    let joined = order.targets.iter().filter(|(agent, _)| !is_chosen && !planned.contains_key(agent));
    let joined = joined.map(|(_, node)| format!("{node} joined")).collect();
    [first_of(joined), first_of(left)].concat()
}

/// The first few, and how many more there are.
fn first_of(mut changes: Vec<String>) -> Vec<String> {
    if changes.len() > NAMED {
        let more = format!("and {} more", changes.len() - NAMED);
        changes.truncate(NAMED);
        changes.push(more);
    }
    changes
}

fn word(state: impl serde::Serialize) -> String {
    match serde_json::to_value(state) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_as_a_secret_must_be_one_still() {
        let kept = json!({ "name": "ada", "password": "[redacted]", "more": [{ "token": "[redacted]" }] });
        for (now, holds) in [
            (kept.clone(), true),
            (
                json!({ "name": "[redacted]", "password": "[redacted]", "more": [{ "token": "[redacted]" }] }),
                true,
            ),
            (json!({ "name": "ada", "password": "told", "more": [{ "token": "[redacted]" }] }), false),
            (json!({ "name": "ada", "password": "[redacted]", "more": [{ "token": "told" }] }), false),
            (json!({ "name": "ada" }), false),
        ] {
            assert_eq!(hides(&kept, &now), holds, "{now}");
        }
    }
}
