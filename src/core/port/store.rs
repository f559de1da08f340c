//! The one write path.

use async_trait::async_trait;

use crate::{
    core::change::{Change, CommitError, Committed},
    proto::event::Event,
};

/// Where changes go. Two engines implement it: SQLite now, PostgreSQL next; one conformance suite holds both.
#[async_trait]
pub trait Store: Send + Sync {
    /// Commits a change as a whole; once this returns it survives the loss of power.
    async fn commit(&self, change: Change) -> Result<Committed, CommitError>;
}

/// Sees every event right after its commit, in order, before the committing caller hears of it: so that memory
/// built from events is never behind what a caller was told.
pub trait Observer: Send + Sync {
    /// Takes the next events of the log. It must not block: the writer waits for it.
    fn committed(&self, events: &[Event]);
}
