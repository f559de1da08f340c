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
};

/// How long to wait after the store did not answer.
const RETRY: Duration = Duration::from_secs(5);

/// Sleeps until the next queued execution is due; an event that was committed meanwhile may have queued an earlier one.
pub(in crate::server) async fn run(app: Arc<App>) {
    let mut changes = app.feed.changes();
    loop {
        changes.mark_unchanged();
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
            changed = changes.changed() => if changed.is_err() { return },
            () = app.shutdown.cancelled() => return,
        }
    }
}

/// Ends what is due, and says when the next is.
async fn end_overdue(app: &App, origin: &Origin) -> Result<Option<Timestamp>, Error> {
    let expires = dispatch::expire(&*app.store, &*app.records, origin).await?;
    let overdue = plain::time_out(&*app.store, &*app.records, &*app.hub, origin).await?;
    Ok(expires.into_iter().chain(overdue).min())
}
