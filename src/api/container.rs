//! Containers: looked at from memory, acted on by commands.

pub(super) mod inspect;
pub(super) mod logs;
pub(super) mod stats;

use serde_json::json;

use super::{
    call::{Answer, Call},
    command,
    listing::{self, Asked, List, Scan},
    page::not_a_cursor,
};
use crate::{
    core::{
        command::{DOCKER_RESTART, DOCKER_RM, DOCKER_START, DOCKER_STOP},
        container::resolve,
        error::Error,
        fleet::Fleet,
        selector::{
            Field, Needs,
            container::{ContainerRow, FIELDS},
        },
        usecase::{
            dispatch::{How, Order},
            order::MAX_GRACE_S,
        },
    },
    proto::{
        command::Command,
        container::{
            Container, GetContainer, ListContainers, ListContainersRequest, RemoveContainer,
            RestartContainer, StartContainer, StopContainer,
        },
        endpoint::Endpoint,
    },
};

pub(super) async fn list(call: Call<ListContainers>) -> Result<Answer<ListContainers>, Error> {
    listing::list(call).await
}

impl List for ListContainers {
    type Row = ContainerRow;
    type Item = Container;
    const NOUN: &'static str = "containers";
    const FIELDS: &'static [Field<ContainerRow>] = FIELDS;
    const SHOWS: Needs = Needs::CONTAINERS;

    fn asked(request: &ListContainersRequest) -> Asked<'_> {
        Asked {
            selector: request.selector.as_deref(),
            sort: request.sort.as_deref(),
            limit: request.limit,
            cursor: request.cursor.as_deref(),
        }
    }

    fn rows(scan: &Scan<'_>, request: &ListContainersRequest) -> Result<Vec<ContainerRow>, Error> {
        let node = match &request.node {
            Some(node) => Some(scan.fleet.read().agent(node)?.id),
            None => None,
        };
        // The records of one node stand together.
        let start = match (scan.after, node) {
            (Some(after), _) => after.to_owned(),
            (None, Some(node)) => format!("{node}/"),
            (None, None) => String::new(),
        };
        if scan.fleet.read().containers_after(&start).is_none() {
            return Err(not_a_cursor());
        }
        Ok(scan.gather(start, |fleet, after, most, rows| {
            let (mut last, mut seen) = (None, 0);
            let slice = fleet.containers_after(after).into_iter().flatten().take(most);
            for item in slice.take_while(|item| node.is_none_or(|node| item.agent == node)) {
                (last, seen) = (Some(item), seen + 1);
                let Some(agent) = fleet.agent_record(item.agent) else { continue };
                if request.state.is_some_and(|state| item.facts.state != state) {
                    continue;
                }
                rows.push(ContainerRow {
                    container: item.clone(),
                    agent: agent.clone(),
                    stale_since: fleet.stale_since(item.agent),
                    now: scan.now,
                });
            }
            last.filter(|_| seen == most).map(|last| format!("{}/{}", last.agent, last.facts.id))
        }))
    }

    fn item(row: ContainerRow) -> Container {
        Container { stale_since: row.stale_since, ..(*row.container).clone() }
    }
}

/// A container with how fresh it is.
fn shown(fleet: &Fleet, container: &Container) -> Container {
    Container { stale_since: fleet.stale_since(container.agent), ..container.clone() }
}

pub(super) async fn get(call: Call<GetContainer>) -> Result<Answer<GetContainer>, Error> {
    let container = {
        let fleet = call.sight.fleet();
        let fleet = fleet.read();
        shown(&fleet, resolve(&call.request.id, &fleet)?)
    };
    Ok(Answer::tagged(&container))
}

pub(super) async fn start(call: Call<StartContainer>) -> Result<Answer<StartContainer>, Error> {
    let (id, wait) = (call.request.id.clone(), call.request.wait);
    act(&call, DOCKER_START, &id, json!({}), 0, wait).await
}

pub(super) async fn stop(call: Call<StopContainer>) -> Result<Answer<StopContainer>, Error> {
    let (id, wait, grace) = (call.request.id.clone(), call.request.wait, call.request.timeout_s);
    act(&call, DOCKER_STOP, &id, grace_args(grace)?, grace.unwrap_or_default(), wait).await
}

pub(super) async fn restart(call: Call<RestartContainer>) -> Result<Answer<RestartContainer>, Error> {
    let (id, wait, grace) = (call.request.id.clone(), call.request.wait, call.request.timeout_s);
    act(&call, DOCKER_RESTART, &id, grace_args(grace)?, grace.unwrap_or_default(), wait).await
}

pub(super) async fn remove(call: Call<RemoveContainer>) -> Result<Answer<RemoveContainer>, Error> {
    let (id, wait, force) = (call.request.id.clone(), call.request.wait, call.request.force);
    act(&call, DOCKER_RM, &id, json!({ "force": force }), 0, wait).await
}

/// The arguments of an act that gives a container time to end.
fn grace_args(grace: Option<u32>) -> Result<serde_json::Value, Error> {
    match grace {
        None => Ok(json!({})),
        Some(seconds @ 0..=MAX_GRACE_S) => Ok(json!({ "timeout_s": seconds })),
        Some(_) => Err(Error::field("timeout_s", format!("expected 0 to {MAX_GRACE_S} seconds"))),
    }
}

/// Gives a command about one container and waits for its end.
async fn act<E: Endpoint<Response = Command>>(
    call: &Call<E>,
    verb: &'static str,
    reference: &str,
    mut args: serde_json::Value,
    grace_s: u32,
    wait: Option<u32>,
) -> Result<Answer<E>, Error> {
    let order = {
        let fleet = call.sight.fleet();
        let fleet = fleet.read();
        let container = resolve(reference, &fleet)?;
        args["container"] = json!(container.facts.id);
        Order {
            verb: verb.into(),
            args,
            targets: vec![(container.agent, container.node.to_string())],
            resource: format!("container/{}/{}", container.node, container.facts.name),
            timeout_s: call.app.settings.command_timeout_s.saturating_add(grace_s),
            how: How::of(verb),
        }
    };
    command::give(call, order, wait).await
}
