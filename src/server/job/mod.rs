//! The loops beside the API. Each sleeps until the next thing is due, and is woken by the event log.

pub(super) mod archive;
pub(super) mod denials;
pub(super) mod disk;
pub(super) mod expiry;
pub(super) mod history;
pub(super) mod liveness;
pub(super) mod notary;
pub(super) mod pulse;
pub(super) mod retention;
pub(super) mod rollout;
pub(super) mod schedule;
pub(super) mod sealing;

use std::time::Duration;

use jiff::Timestamp;

use crate::api::clock;

/// How long from now until a moment; at least a millisecond, so that a moment just past is not asked for again at once.
fn until(moment: Timestamp) -> Duration {
    let span = clock::now().duration_until(moment);
    Duration::try_from(span).unwrap_or_default().max(Duration::from_millis(1))
}
