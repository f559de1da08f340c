//! Takes rollouts forward: from part to part, through their pauses, to their end.

use std::{collections::HashSet, sync::Arc, time::Duration};

use super::until;
use crate::{
    api::{app::App, clock},
    core::usecase::rollout,
    proto::event::{Event, EventKind},
};

/// How long to wait after the store did not answer.
const RETRY: Duration = Duration::from_secs(5);

/// Sleeps until a pause is over, a rollout begins, or something of one ended.
pub(in crate::server) async fn run(app: Arc<App>) {
    loop {
        let seen = app.feed.last();
        let (commands, wait) = match rollout::advance_all(&*app.store, &*app.records, clock::now()).await {
            Ok((commands, next)) => (commands, next.map_or(Duration::MAX, until)),
            Err(error) => {
                tracing::error!("rollouts cannot go on: {error}");
                (HashSet::new(), RETRY)
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = app.feed.next_where(seen, |event| concerns(event, &commands)) => {}
            () = app.shutdown.cancelled() => return,
        }
    }
}

/// Whether a rollout begins, or something of one of these commands ended.
fn concerns(event: &Event, commands: &HashSet<String>) -> bool {
    match event.kind {
        EventKind::CommandQueued => {
            event.data.pointer("/command/rollout").is_some_and(|rollout| !rollout.is_null())
        }
        EventKind::CommandEnded => {
            event.correlationid.as_ref().is_some_and(|command| commands.contains(command))
        }
        _ => false,
    }
}
