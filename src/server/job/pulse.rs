//! Makes agents UNKNOWN that speak only HTTP and were silent for as long as a link may be; what follows is the same for all.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep_until};

use super::liveness::is_about_presence;
use crate::{
    api::{app::App, clock},
    core::{
        error::Error,
        liveness::dead_link_after,
        port::links::Links,
        usecase::{Origin, presence},
    },
    proto::agent::AgentStatus,
};

/// How long to wait when nothing is due.
const NOTHING_DUE: Duration = Duration::from_secs(24 * 3600);
/// How long to wait after the store did not answer.
const RETRY: Duration = Duration::from_secs(5);

/// Sleeps until the first of them has been silent for too long. The first pulse of an agent changes how it stands, and the
/// event of that is what wakes this.
pub(in crate::server) async fn run(app: Arc<App>) {
    loop {
        let seen = app.feed.last();
        let next = match lose_silent(&app).await {
            Ok(next) => next.unwrap_or_else(|| Instant::now() + NOTHING_DUE),
            Err(error) => {
                tracing::error!("silent agents could not be marked UNKNOWN: {error}");
                Instant::now() + RETRY
            }
        };
        tokio::select! {
            () = sleep_until(next) => {}
            () = app.feed.next_where(seen, is_about_presence) => {}
            () = app.shutdown.cancelled() => return,
        }
    }
}

/// Marks those that are silent, and says when the next would be.
async fn lose_silent(app: &App) -> Result<Option<Instant>, Error> {
    let patience = dead_link_after(app.heartbeat_interval());
    let mut next: Option<Instant> = None;
    for (agent, heard) in app.pulses.unlinked_since() {
        let due = heard + patience;
        if due > Instant::now() {
            next = Some(next.map_or(due, |next| next.min(due)));
            continue;
        }
        if !app.hub.is_linked(agent) {
            let origin = Origin::server(clock::now(), app.server.to_string());
            let reason = "no heartbeat came for two intervals";
            presence::move_to(&*app.store, &app.fleet, agent, AgentStatus::Unknown, reason, &origin).await?;
        }
        app.pulses.given_up(agent, heard);
    }
    Ok(next)
}
