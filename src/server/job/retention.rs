//! Removes what is kept no longer: events by age and number, claims of idempotency keys after a day.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;

use super::until;
use crate::{
    api::{app::App, clock},
    core::usecase::retention::{self, Kept},
};

/// How long to wait after the store did not answer.
const RETRY: Duration = Duration::from_secs(60);
/// The shortest time between two removals: what falls due meanwhile goes together.
const PAUSE: Duration = Duration::from_secs(60);
/// Events beyond the number that is kept before they are removed, together.
const SLACK: u64 = 1000;

/// Sleeps until the oldest is due; events that were committed meanwhile may have made too many.
pub(in crate::server) async fn run(app: Arc<App>) {
    let mut changes = app.feed.changes();
    let age = SignedDuration::try_from(app.settings.event_retention).unwrap_or(SignedDuration::MAX);
    let kept = Kept { age, events: app.settings.event_count };
    loop {
        let trimmed = retention::trim(&*app.store, &*app.records, kept, clock::now()).await;
        let (due, first) = match trimmed {
            // More of the same waits; others come first.
            Ok(retention::Next { more: true, .. }) => {
                tokio::task::yield_now().await;
                continue;
            }
            Ok(retention::Next { due, first, .. }) => (due.map_or(Duration::MAX, until).max(PAUSE), first),
            Err(error) => {
                tracing::error!("what is kept no longer could not be removed: {error}");
                (RETRY, app.feed.last())
            }
        };
        let too_many = |last: &u64| last.saturating_sub(first) >= kept.events + SLACK;
        tokio::select! {
            () = tokio::time::sleep(due) => {}
            changed = changes.wait_for(too_many) => if changed.is_err() { return },
            () = app.shutdown.cancelled() => return,
        }
    }
}
