//! Keeps the time of commands: lets those wait for their nodes whose moment has come, and ends those whose time is over.

use std::{sync::Arc, time::Duration};

use super::until;
use crate::{
    api::{app::App, clock},
    core::usecase::{Origin, overdue},
    proto::event::{Event, EventKind},
};

/// How long to wait after the store did not answer.
const RETRY: Duration = Duration::from_secs(5);

/// Sleeps until the next execution ripens or is due; one that is queued or started meanwhile may be due earlier.
pub(in crate::server) async fn run(app: Arc<App>) {
    loop {
        let seen = app.feed.last();
        let wait = keep_time(&app).await;
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = app.feed.next_where(seen, sets_a_moment) => {}
            () = app.shutdown.cancelled() => return,
        }
    }
}

fn sets_a_moment(event: &Event) -> bool {
    matches!(
        event.kind,
        EventKind::CommandQueued
            | EventKind::CommandRetried
            | EventKind::CommandStarted
            | EventKind::RolloutAdvanced
    )
}

/// Does what is due, and says how long there is nothing more to do.
async fn keep_time(app: &App) -> Duration {
    let origin = Origin::server(clock::now(), app.server.to_string());
    let kept = overdue::keep_time(&*app.store, &*app.records, &*app.hub, &app.queue, &origin).await;
    if let Err(error) = kept {
        tracing::error!("a command could not be ended: {error}");
        return RETRY;
    }
    let next = app.queue.lock().next_moment();
    next.map_or(Duration::MAX, until)
}
