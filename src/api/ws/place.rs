//! A link's place: taken when it is admitted, given up at its end, and how its agent stands by that.

use std::sync::Arc;

use super::{super::app::App, hub::Handle};
use crate::{
    core::{
        error::Error,
        port::links::Links,
        usecase::{Origin, presence},
    },
    id::AgentId,
    proto::agent::AgentStatus,
};

/// Makes a link the agent's.
pub(super) fn enter(app: &App, agent: AgentId, link: &Arc<Handle>) {
    let note = || {
        app.fleet.linked(agent, true);
        relinked(app, agent, Some(link.number));
    };
    app.hub.enter(agent, link.clone(), note);
}

/// Tells the queue, and nudges whoever may go on by that.
fn relinked(app: &App, agent: AgentId, link: Option<u64>) {
    let nudged = app.queue.lock().relinked(agent, link);
    nudged.into_iter().for_each(|agent| app.hub.nudge(agent));
}

/// Says of an agent whose link just took its place that it is there: what a link before it said of its own end may
/// have been written after this one was admitted.
pub(super) async fn stand(app: &App, agent: AgentId, origin: &Origin) -> Result<(), Error> {
    let (status, judgement) = {
        let fleet = app.fleet.read();
        (fleet.agent_by_id(agent).map(|agent| agent.status), fleet.judgement(agent))
    };
    if matches!(status, Some(AgentStatus::Unknown | AgentStatus::Offline)) {
        presence::move_to(&*app.store, &app.fleet, agent, judgement, "it is linked", origin).await?;
    }
    Ok(())
}

/// Gives a link's place up without a word about its agent; `true` when the agent has no link now.
pub(super) fn leave(app: &App, agent: AgentId, link: &Arc<Handle>) -> bool {
    let note = || {
        app.fleet.linked(agent, false);
        relinked(app, agent, None);
    };
    app.hub.leave(agent, link, note)
}

/// Says that nothing is heard of an agent, unless it has a link (again).
pub(super) async fn lost(app: &App, agent: AgentId, reason: &str, origin: &Origin) -> Result<(), Error> {
    if app.hub.is_linked(agent) {
        return Ok(());
    }
    presence::move_to(&*app.store, &app.fleet, agent, AgentStatus::Unknown, reason, origin).await?;
    // A link that took its place before that was written may have looked too early.
    if app.hub.is_linked(agent) { stand(app, agent, origin).await } else { Ok(()) }
}
