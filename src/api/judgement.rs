//! What agents think of themselves.

use super::app::App;
use crate::{
    core::{
        error::Error,
        usecase::{Origin, presence},
    },
    id::AgentId,
    proto::agent::AgentStatus,
};

/// Takes an agent's own judgement. Of one that changes its mind all the time, most is passed over until its next word: each
/// change is an event, which is kept and told to every watcher.
///
/// # Errors
/// The store cannot write.
pub(super) async fn judge(app: &App, id: AgentId, status: AgentStatus, origin: &Origin) -> Result<(), Error> {
    app.fleet.judged(id, status);
    let stands = app.fleet.read().agent_by_id(id).map(|agent| agent.status);
    if stands == Some(status) || app.limits.judgement(id).is_err() {
        return Ok(());
    }
    presence::move_to(&*app.store, &app.fleet, id, status, "by its own judgement", origin).await?;
    Ok(())
}
