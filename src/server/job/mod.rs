//! The loops beside the API. Each sleeps until the next thing is due, and is woken by the event log.

pub(super) mod expiry;
pub(super) mod liveness;
pub(super) mod sealing;
