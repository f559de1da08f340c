//! Whether what waits for a node may still be sent: rights are looked at when a command is given, and again right before it
//! leaves.

use jiff::Timestamp;

use super::{app::App, clock};
use crate::{
    core::{
        access::{Act, Node, Principal, Rights},
        error::Error,
        queue::{Assignment, Job},
        usecase::{Origin, authority},
    },
    id::AgentId,
};

/// What somebody may do now, or why nothing; from memory where it was looked at since users or keys changed.
async fn rights_of(app: &App, by: Principal, now: Timestamp) -> Result<Result<Rights, String>, Error> {
    let (known, forgotten) = app.callers.rights.recall(&by, now);
    if let Some(rights) = known {
        return Ok(Ok(rights));
    }
    Ok(match authority::rights(&*app.records, by, now).await? {
        Ok((rights, until)) => {
            app.callers.rights.remember(by, &rights, until, forgotten);
            Ok(rights)
        }
        Err(why) => Err(why),
    })
}

/// Whether a job may be sent to an agent now; why not, if not.
async fn may_send(app: &App, job: &Job, agent: AgentId) -> Result<Result<(), String>, Error> {
    let Some(by) = job.by else {
        return Ok(Err("nobody knows any more on whose behalf it was given; give it anew".into()));
    };
    let rights = match rights_of(app, by, clock::now()).await? {
        Ok(rights) => rights,
        Err(why) => return Ok(Err(why)),
    };
    let fleet = app.fleet.read();
    let Some(agent) = fleet.agent_by_id(agent) else { return Ok(Err("its node is gone".into())) };
    Ok(rights.permit(Act::Give(&job.verb), Node::from(agent)).map_err(|denied| denied.to_string()))
}

/// Ends what waits on behalf of somebody who was signed out everywhere: somebody else may have given it. What a node has or may have
/// goes on.
pub(super) async fn end_waiting(app: &App, by: Principal, origin: &Origin) -> Result<(), Error> {
    let why = "whoever gave it was signed out everywhere";
    let waiting = app.queue.lock().waiting_of(by);
    for execution in waiting {
        if !app.queue.lock().withdraw(execution) {
            continue;
        }
        let refused = authority::refuse(&*app.store, &*app.records, execution, false, why, origin).await;
        if let Err(error) = refused {
            app.queue.lock().put_back(execution);
            return Err(error);
        }
    }
    Ok(())
}

/// Lets an assignment through, or ends it where the rights are gone that it was given with.
pub(super) async fn lets(app: &App, assignment: &Assignment, agent: AgentId) -> Result<bool, Error> {
    let Err(why) = may_send(app, &assignment.job, agent).await? else { return Ok(true) };
    let origin = Origin::server(clock::now(), assignment.job.id.to_string());
    let (store, records) = (&*app.store, &*app.records);
    authority::refuse(store, records, assignment.execution, assignment.was_sent, &why, &origin).await?;
    Ok(false)
}
