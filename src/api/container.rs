//! Containers: looked at from memory, acted on by commands.

pub(super) mod inspect;
pub(super) mod logs;
pub(super) mod stats;

use serde_json::json;

use super::{
    call::{Answer, Call},
    command,
    page::{limit_of, not_a_cursor, page},
};
use crate::{
    core::{
        command::{DOCKER_RESTART, DOCKER_RM, DOCKER_START, DOCKER_STOP},
        container::resolve,
        error::Error,
        fleet::Fleet,
        usecase::dispatch::Order,
    },
    proto::{
        command::Command,
        container::{
            Container, GetContainer, ListContainers, RemoveContainer, RestartContainer, StartContainer,
            StopContainer,
        },
        endpoint::Endpoint,
    },
};

pub(super) async fn list(call: Call<ListContainers>) -> Result<Answer<ListContainers>, Error> {
    let request = &call.request;
    let limit = limit_of(request.limit)?;
    let fleet = call.app.fleet.read();
    let node = match &request.node {
        Some(node) => Some(fleet.agent(node)?.id),
        None => None,
    };
    let start = request.cursor.as_deref().unwrap_or_default();
    let wanted = fleet
        .containers_after(start)
        .ok_or_else(not_a_cursor)?
        .filter(|item| node.is_none_or(|node| item.agent == node))
        .filter(|item| request.state.is_none_or(|state| item.facts.state == state))
        .map(|item| shown(&fleet, item));
    Ok(Answer::ok(&page(wanted, limit, |item| format!("{}/{}", item.agent, item.facts.id))))
}

/// A container with how fresh it is.
fn shown(fleet: &Fleet, container: &Container) -> Container {
    Container { stale_since: fleet.stale_since(container.agent), ..container.clone() }
}

pub(super) async fn get(call: Call<GetContainer>) -> Result<Answer<GetContainer>, Error> {
    let fleet = call.app.fleet.read();
    Ok(Answer::ok(&shown(&fleet, resolve(&call.request.id, fleet.containers())?)))
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
        Some(seconds @ 0..=300) => Ok(json!({ "timeout_s": seconds })),
        Some(_) => Err(Error::field("timeout_s", "expected 0 to 300 seconds")),
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
        let fleet = call.app.fleet.read();
        let container = resolve(reference, fleet.containers())?;
        args["container"] = json!(container.facts.id);
        Order {
            verb,
            args,
            targets: vec![(container.agent, container.node.clone())],
            resource: format!("container/{}/{}", container.node, container.facts.name),
            timeout_s: call.app.settings.command_timeout_s.saturating_add(grace_s),
        }
    };
    command::give(call, order, wait).await
}
