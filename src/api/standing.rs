//! [`Standing`]: whether the credentials of a stream still hold, which outlives the request that they came with.

use std::{sync::Arc, time::Duration};

use axum::http::HeaderMap;
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use super::{app::App, caller, clock, ws::feed::sequence_of};
use crate::core::{access::changes_rights, error::Error};

/// How often credentials are looked at again, besides whenever users or keys change.
const RECHECK: Duration = Duration::from_secs(60);

/// The credentials of a stream.
pub(super) struct Standing {
    app: Arc<App>,
    /// What the caller showed when it came.
    credentials: HeaderMap,
    changes: watch::Receiver<u64>,
    /// The last event that was looked at for a change of rights.
    seen: u64,
    /// Whether something happened since the last look that may have ended them.
    is_due: bool,
    again: Instant,
}

impl Standing {
    /// Of a stream that begins now.
    pub(super) fn new(app: &Arc<App>, credentials: HeaderMap) -> Self {
        Self {
            changes: app.feed.changes(),
            seen: app.feed.last(),
            app: Arc::clone(app),
            credentials,
            // They may have been revoked since the request was let in.
            is_due: true,
            again: Instant::now() + RECHECK,
        }
    }

    /// Waits until the credentials no longer hold. May be dropped at any point and waited for again.
    pub(super) async fn lost(&mut self) {
        while self.hold().await {
            tokio::select! {
                changed = self.changes.changed() => if changed.is_err() { return },
                () = sleep_until(self.again) => {}
            }
        }
    }

    /// Whether the credentials hold now. It costs next to nothing while nobody's rights change: ask before whatever is told.
    pub(super) async fn hold(&mut self) -> bool {
        self.is_due |= self.rights_changed() || Instant::now() >= self.again;
        if self.is_due {
            if !self.is_allowed().await {
                return false;
            }
            self.is_due = false;
            self.again = Instant::now() + RECHECK;
        }
        true
    }

    /// Whether what somebody may do changed since the last look.
    fn rights_changed(&mut self) -> bool {
        let last = *self.changes.borrow_and_update();
        if last == self.seen {
            return false;
        }
        let events = self.app.feed.after(self.seen, usize::MAX);
        self.seen = events.iter().flatten().last().map_or(last, |event| sequence_of(event));
        events.is_none_or(|events| events.iter().any(|event| changes_rights(event.kind)))
    }

    async fn is_allowed(&self) -> bool {
        matches!(
            caller::recognize(&self.app, &self.credentials, clock::now()).await,
            Ok(Some(_)) | Err(Error::Unavailable(_))
        )
    }
}
