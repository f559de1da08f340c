//! Makes agents OFFLINE that were not heard of for three intervals. The clock is monotonic.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::time::{Instant, sleep_until};

use crate::{
    api::{app::App, clock},
    core::{
        liveness::{dead_link_after, offline_after},
        usecase::{Origin, presence},
    },
    id::AgentId,
    proto::{agent::AgentStatus, event::Event},
};

/// After a start, agents get so much more time: they back off while there is no server.
const GRACE: Duration = Duration::from_secs(60);
/// How long to wait when nothing is due.
const NOTHING_DUE: Duration = Duration::from_secs(24 * 3600);

/// Follows who is UNKNOWN, and sleeps until the first of them has been so for too long.
pub(in crate::server) async fn run(app: Arc<App>) {
    let mut changes = app.feed.changes();
    let mut seen = *changes.borrow_and_update();
    let mut due = HashMap::new();
    watch_unknown(&app, &mut due, GRACE);
    loop {
        let next = due.values().min().copied().unwrap_or_else(|| Instant::now() + NOTHING_DUE);
        tokio::select! {
            () = sleep_until(next) => expire(&app, &mut due).await,
            changed = changes.changed() => {
                if changed.is_err() { return }
                let last = *changes.borrow_and_update();
                match app.feed.after(seen, usize::MAX) {
                    Some(events) if !events.iter().any(|event| is_about_presence(event)) => {}
                    _ => watch_unknown(&app, &mut due, Duration::ZERO),
                }
                seen = last;
            }
            () = app.shutdown.cancelled() => return,
        }
    }
}

/// Whether an event may change how an agent stands.
pub(super) fn is_about_presence(event: &Event) -> bool {
    event.kind.as_str().starts_with("agent.")
}

/// Sets a deadline for each agent that is UNKNOWN and has none, and drops those of agents that are not.
fn watch_unknown(app: &App, due: &mut HashMap<AgentId, Instant>, grace: Duration) {
    let interval = app.heartbeat_interval();
    let now = clock::now();
    let fleet = app.fleet.read();
    due.retain(|id, _| fleet.agent_by_id(*id).is_some_and(|agent| agent.status == AgentStatus::Unknown));
    for agent in fleet.agents().filter(|agent| agent.status == AgentStatus::Unknown) {
        // A link that died in silence was already silent for a while when it was closed.
        let silent = agent.last_seen_at.map_or(Duration::ZERO, |seen| {
            Duration::try_from(seen.duration_until(now)).unwrap_or_default().min(dead_link_after(interval))
        });
        let credit = if grace.is_zero() { silent } else { Duration::ZERO };
        due.entry(agent.id).or_insert_with(|| Instant::now() + offline_after(interval) + grace - credit);
    }
}

async fn expire(app: &App, due: &mut HashMap<AgentId, Instant>) {
    let now = Instant::now();
    let overdue: Vec<AgentId> = due.iter().filter(|(_, at)| **at <= now).map(|(id, _)| *id).collect();
    for id in overdue {
        due.remove(&id);
        let origin = Origin::server(clock::now(), app.server.to_string());
        let reason = "not heard of for three intervals";
        let moved =
            presence::move_to(&*app.store, &app.fleet, id, AgentStatus::Offline, reason, &origin).await;
        if let Err(error) = moved {
            tracing::error!("agent {id} could not be marked OFFLINE: {error}");
            due.insert(id, now + GRACE);
        }
    }
}
