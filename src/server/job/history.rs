//! Removes commands that are kept no longer, by age and number, with what they printed.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;

use super::until;
use crate::{
    api::{app::App, clock},
    core::{
        error::Error,
        usecase::retention::command::{KeptCommands, next_due, trim_old, trim_surplus},
    },
    id::ExecutionId,
};

/// How long to wait after the store did not answer.
const RETRY: Duration = Duration::from_secs(60);
/// The shortest time between two removals: what falls due meanwhile goes together.
const PAUSE: Duration = Duration::from_secs(60);

/// Sleeps until the oldest is due; those that were given meanwhile may have made too many.
pub(in crate::server) async fn run(app: Arc<App>) {
    let mut changes = app.feed.changes();
    let age = SignedDuration::try_from(app.settings.command_retention).unwrap_or(SignedDuration::MAX);
    let kept = KeptCommands { age, count: app.settings.command_count };
    loop {
        let seen = app.feed.last();
        let (due, room) = match trim(&app, kept).await {
            Ok(next) => next,
            Err(error) => {
                tracing::error!("commands that are kept no longer could not be removed: {error}");
                (RETRY, u64::MAX)
            }
        };
        // Each command is an event at least.
        let too_many = |last: &u64| last.saturating_sub(seen) > room;
        tokio::select! {
            () = tokio::time::sleep(due) => {}
            changed = changes.wait_for(too_many) => if changed.is_err() { return },
            () = app.shutdown.cancelled() => return,
        }
    }
}

/// Removes what is due; says when more is, and how many commands may come before.
async fn trim(app: &App, kept: KeptCommands) -> Result<(Duration, u64), Error> {
    let (store, records) = (&*app.store, &*app.records);
    let forget = async |executions: &[ExecutionId]| Ok(app.outputs.forget(executions).await?);
    while trim_old(store, records, kept, forget, clock::now()).await? {
        tokio::task::yield_now().await;
    }
    let count = records.command_count().await?;
    let mut surplus = count.saturating_sub(kept.count);
    while surplus > 0 {
        match trim_surplus(store, records, surplus, forget).await? {
            // The others have not ended.
            0 => break,
            removed => surplus = surplus.saturating_sub(removed),
        }
        tokio::task::yield_now().await;
    }
    let due = next_due(records, kept).await?.map_or(Duration::MAX, until).max(PAUSE);
    Ok((due, kept.count.saturating_sub(count) + kept.slack()))
}
