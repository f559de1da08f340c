//! Removing commands that are kept no longer, with what they printed. One that has not ended stays, however old.

use jiff::{SignedDuration, Timestamp};

use crate::{
    core::{
        change::Change,
        error::Error,
        port::{
            records::{EndedCommand, Records},
            store::Store,
        },
        statement,
    },
    id::ExecutionId,
};

/// Commands that are removed at once.
const BATCH: usize = 100;

/// How long commands are kept once they ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptCommands {
    /// Up to this age,
    pub age: SignedDuration,
    /// and no more than so many, those that have not ended counted too.
    pub count: u64,
}

impl KeptCommands {
    /// Commands beyond the number that is kept before they are counted again: to count them reads them all.
    #[must_use]
    pub fn slack(self) -> u64 {
        (self.count / 100).max(1)
    }
}

/// Removes some of those that ended too long ago, the oldest first; `forget` forgets what they printed. Says whether there
/// were any.
///
/// # Errors
/// The store cannot serve.
pub async fn trim_old(
    store: &dyn Store,
    records: &dyn Records,
    kept: KeptCommands,
    forget: impl AsyncFnOnce(&[ExecutionId]) -> Result<(), Error>,
    now: Timestamp,
) -> Result<bool, Error> {
    let before = now.saturating_sub(kept.age).unwrap_or(Timestamp::MIN);
    let ended = records.oldest_ended(Some(before), BATCH).await?;
    remove(store, ended, forget).await.map(|removed| removed > 0)
}

/// Removes some of `surplus` commands, the oldest that ended first; says how many.
///
/// # Errors
/// The store cannot serve.
pub async fn trim_surplus(
    store: &dyn Store,
    records: &dyn Records,
    surplus: u64,
    forget: impl AsyncFnOnce(&[ExecutionId]) -> Result<(), Error>,
) -> Result<u64, Error> {
    let most = usize::try_from(surplus).unwrap_or(usize::MAX).min(BATCH);
    let ended = records.oldest_ended(None, most).await?;
    remove(store, ended, forget).await
}

/// When the next command is too old.
///
/// # Errors
/// The store cannot serve.
pub async fn next_due(records: &dyn Records, kept: KeptCommands) -> Result<Option<Timestamp>, Error> {
    let first = records.first_ended().await?;
    let tick = SignedDuration::from_micros(1);
    Ok(first.map(|ended| ended.saturating_add(kept.age + tick).unwrap_or(Timestamp::MAX)))
}

async fn remove(
    store: &dyn Store,
    ended: Vec<EndedCommand>,
    forget: impl AsyncFnOnce(&[ExecutionId]) -> Result<(), Error>,
) -> Result<u64, Error> {
    if ended.is_empty() {
        return Ok(0);
    }
    // What they printed goes first: after a kill in between, the commands are still there to be removed.
    let executions: Vec<ExecutionId> = ended.iter().flat_map(|command| command.executions.clone()).collect();
    forget(&executions).await?;
    let mut change = Change::new().vital();
    for command in &ended {
        for statement in statement::command::remove(command.id) {
            change = change.write(statement);
        }
    }
    store.commit(change).await?;
    Ok(ended.len() as u64)
}
