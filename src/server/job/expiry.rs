//! Lets commands expire that no agent took in time, and ends those that a plain agent took and did not answer in time.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use super::until;
use crate::{
    api::{app::App, clock},
    core::{
        error::Error,
        usecase::{Origin, dispatch, plain},
    },
    proto::event::{Event, EventKind},
};

/// How long to wait after the store did not answer.
const RETRY: Duration = Duration::from_secs(5);

/// Sleeps until the next execution is due; one that was queued or started meanwhile may be due earlier.
pub(in crate::server) async fn run(app: Arc<App>) {
    loop {
        let seen = app.feed.last();
        let origin = Origin::server(clock::now(), app.server.to_string());
        let due = match end_overdue(&app, &origin).await {
            Ok(Some(next)) => until(next),
            Ok(None) => Duration::MAX,
            Err(error) => {
                tracing::error!("commands could not expire: {error}");
                RETRY
            }
        };
        tokio::select! {
            () = tokio::time::sleep(due) => {}
            () = app.feed.next_where(seen, sets_a_deadline) => {}
            () = app.shutdown.cancelled() => return,
        }
    }
}

fn sets_a_deadline(event: &Event) -> bool {
    matches!(event.kind, EventKind::CommandQueued | EventKind::CommandStarted)
}

/// Ends what is due, and says when the next is.
async fn end_overdue(app: &App, origin: &Origin) -> Result<Option<Timestamp>, Error> {
    let expires = dispatch::expire(&*app.store, &*app.records, origin).await?;
    let overdue = plain::time_out(&*app.store, &*app.records, &*app.hub, origin).await?;
    Ok(expires.into_iter().chain(overdue).min())
}
