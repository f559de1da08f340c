//! Gives the commands of schedules when their time comes.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use jiff::Timestamp;

use super::until;
use crate::{
    api::{app::App, clock},
    core::{
        access::{Rights, changes_rights},
        error::Error,
        port::records::ScheduleRecord,
        usecase::{order::order, schedule},
    },
    proto::event::{Event, EventKind},
};

/// How long to wait after the store did not answer.
const RETRY: Duration = Duration::from_secs(5);
/// Schedules that are served at once: their changes are synced together.
const TOGETHER: usize = 32;

/// Sleeps until the first time comes; one that was made or goes on meanwhile may come earlier.
pub(in crate::server) async fn run(app: Arc<App>) {
    // Keys may have expired and users been disabled while nobody looked.
    let mut looks_again = true;
    loop {
        let seen = app.feed.last();
        let due = match serve(&app, looks_again, clock::now()).await {
            Ok(Some(next)) => until(next),
            Ok(None) => Duration::MAX,
            Err(error) => {
                tracing::error!("schedules could not be served: {error}");
                RETRY
            }
        };
        tokio::select! {
            () = tokio::time::sleep(due) => looks_again = due == RETRY,
            () = app.feed.next_where(seen, brings_a_time) => looks_again = true,
            () = app.shutdown.cancelled() => return,
        }
    }
}

/// Whether the first time may be another now, or a maker may have lost the right to give commands.
fn brings_a_time(event: &Event) -> bool {
    matches!(event.kind, EventKind::ScheduleCreated | EventKind::ScheduleResumed)
        || changes_rights(event.kind)
}

/// Lets those rest whose makers lost the right to give commands, if that may be so; then serves what is due.
async fn serve(app: &App, looks_again: bool, now: Timestamp) -> Result<Option<Timestamp>, Error> {
    if looks_again {
        schedule::rest_lost(&*app.store, &*app.records, now).await?;
    }
    serve_due(app, now).await
}

/// Serves what is due, and says when the next is. One that cannot be served just now keeps no other from its time.
async fn serve_due(app: &App, now: Timestamp) -> Result<Option<Timestamp>, Error> {
    let due = app.records.due_schedules(now).await?;
    let mut outcome = Ok(());
    for some in due.chunks(TOGETHER) {
        let mut together = Vec::with_capacity(some.len());
        for record in some {
            together.push(serve_one(app, record, now));
        }
        outcome = join_all(together).await.into_iter().fold(outcome, Result::and);
    }
    outcome?;
    Ok(app.records.next_schedule().await?)
}

async fn serve_one(app: &App, record: &ScheduleRecord, now: Timestamp) -> Result<(), Error> {
    let resolve =
        |request: &_, rights: &Rights| order(app.ground(&app.fleet_of(rights.scope.as_ref()), now), request);
    schedule::serve(app.dispatch(), record, resolve, &app.sealing, now).await
}
