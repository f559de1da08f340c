//! Questions to nodes: asked over the link, answered while the caller waits.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use super::{
    call::Call,
    ws::output::{Answering, NotAsked, Question},
};
use crate::{
    core::{
        access::{Act, Node},
        container::resolve,
        error::Error,
        output::Body,
        usecase::question::{admit, not_linked},
    },
    proto::{
        container::{Container, GetContainerLogs, GetContainerStats, InspectContainer},
        endpoint::Endpoint,
        output::{Ended, Outcome},
    },
};

/// How long a node may take to begin its answer, and for a document to end it.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// What its engine may take of that: the rest is for the way there and back, so that the node's own words arrive.
const ENGINE_TIMEOUT: Duration = Duration::from_secs(25);
/// How large a document may be.
const MAX_DOCUMENT_BYTES: usize = 4 * 1024 * 1024;

/// An answer that began.
pub(super) struct Begun {
    /// What it is about.
    pub(super) container: Container,
    /// The node's time right before it asked its engine.
    pub(super) at: Timestamp,
    /// The rest.
    pub(super) answering: Answering,
    /// When a document must be whole.
    deadline: Instant,
}

/// Whether a call is answered by a node, and so may take as long as one may.
pub(super) fn is_asked_of_a_node(path: &str) -> bool {
    [GetContainerLogs::PATH, GetContainerStats::PATH, InspectContainer::PATH].contains(&path)
}

/// Asks the node of a container about it, and waits until the answer begins.
pub(super) async fn ask<E: Endpoint>(
    call: &Call<E>,
    verb: &'static str,
    reference: &str,
    mut args: Value,
) -> Result<Begun, Error> {
    let (container, agent) = {
        let fleet = call.sight.fleet();
        let fleet = fleet.read();
        let container = resolve(reference, &fleet)?.clone();
        let agent = fleet.agent_by_id(container.agent).cloned();
        (container, agent.ok_or_else(|| Error::not_found("container", reference))?)
    };
    let resource = format!("container/{}/{}", container.node, container.facts.name);
    call.caller()?.rights().permit(Act::Ask(verb), Node::from(&agent))?;
    let place = call.app.limits.answers.place(call.caller()?)?;
    let (store, links) = (&call.store, &*call.app.hub);
    admit(store, links, &agent, verb, (resource, args.clone()), &call.origin).await?;
    args["container"] = json!(container.facts.id);
    let timeout_s = u32::try_from(ENGINE_TIMEOUT.as_secs()).unwrap_or(u32::MAX);
    let outputs = call.app.hub.outputs(agent.id).ok_or_else(|| not_linked(&agent.agent_id))?;
    let asked = outputs.ask(Question { verb, args, actor: call.origin.actor.clone(), timeout_s }, place);
    let mut answering = asked.map_err(|why| match why {
        NotAsked::Gone => not_linked(&agent.agent_id),
        NotAsked::TooMany => busy(&container.node),
    })?;
    let deadline = Instant::now() + ANSWER_TIMEOUT;
    match timeout_at(deadline, answering.next()).await {
        Ok(Some(Ok(Body::Begun(at)))) => Ok(Begun { container, at, answering, deadline }),
        Ok(Some(Ok(Body::Ended(ended)))) => Err(refusal(&container, ended)),
        Ok(Some(Err(_))) => Err(unreadable(&container.node)),
        Ok(Some(Ok(_))) => Err(Error::Internal(format!("{} answered without a beginning", container.node))),
        Ok(None) => Err(link_lost(&container.node)),
        Err(_) => Err(silent(&container.node)),
    }
}

impl Begun {
    /// Waits for the whole of a document.
    pub(super) async fn document(&mut self) -> Result<Vec<u8>, Error> {
        let node = &self.container.node;
        let mut document = Vec::new();
        loop {
            let piece = timeout_at(self.deadline, self.answering.next()).await.map_err(|_| silent(node))?;
            match piece {
                Some(Ok(Body::Document(piece))) if document.len() + piece.len() <= MAX_DOCUMENT_BYTES => {
                    document.extend(piece);
                }
                Some(Ok(Body::Ended(Ended { outcome: Outcome::Whole, .. }))) => return Ok(document),
                Some(Ok(Body::Ended(ended))) => return Err(refusal(&self.container, ended)),
                Some(_) => return Err(unreadable(node)),
                None => return Err(link_lost(node)),
            }
        }
    }
}

/// A node whose answer is not what was asked for.
pub(super) fn unreadable(node: &str) -> Error {
    let detail =
        format!("the answer of node {node} cannot be read; compare the versions of agent and server");
    Error::Garbled { code: "answer_unreadable", detail }
}

fn busy(node: &str) -> Error {
    let detail = format!("node {node} answers as many questions as it can; ask again shortly");
    Error::Absent { code: "node_busy", detail }
}

fn silent(node: &str) -> Error {
    let detail = format!("node {node} did not answer within {} s", ANSWER_TIMEOUT.as_secs());
    Error::Late { code: "node_silent", detail }
}

fn link_lost(node: &str) -> Error {
    Error::Absent { code: "link_lost", detail: format!("the link of node {node} broke; try again") }
}

/// Why there is no answer, in the node's words.
fn refusal(container: &Container, ended: Ended) -> Error {
    let detail = ended.detail.unwrap_or_else(|| "the node gave no reason".into());
    match ended.outcome {
        Outcome::NotFound => {
            Error::not_found("container", format!("{}/{}", container.node, container.facts.name))
        }
        Outcome::Busy => busy(&container.node),
        Outcome::Broken => Error::Absent { code: "engine_unreachable", detail },
        Outcome::Refused | Outcome::Whole => Error::Conflict { code: "engine_refused", detail },
    }
}
