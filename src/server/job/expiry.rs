//! Lets commands expire that no agent took in time.

use std::{sync::Arc, time::Duration};

use super::until;
use crate::{
    api::{app::App, clock},
    core::usecase::{Origin, dispatch},
};

/// How long to wait after the store did not answer.
const RETRY: Duration = Duration::from_secs(5);

/// Sleeps until the next queued execution is due; an event that was committed meanwhile may have queued an earlier one.
pub(in crate::server) async fn run(app: Arc<App>) {
    let mut changes = app.feed.changes();
    loop {
        changes.mark_unchanged();
        let origin = Origin::server(clock::now(), app.server.to_string());
        let due = match dispatch::expire(&*app.store, &*app.records, &origin).await {
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
