//! The one writer of the control data.

use std::{sync::Arc, time::Instant};

use rusqlite::{Connection, ErrorCode};
use tokio::sync::watch;

use super::{
    batch::{self, Written},
    journal::{Heads, Origin},
    statements::Statements,
    worker::{Asked, Jobs},
};
use crate::{
    core::{
        audit::ChainHead,
        change::{Change, CommitError, Committed},
        meter::StoreMeter,
        port::store::Observer,
    },
    infra::disk::Disk,
};

/// A write of a page at least, whatever it was before.
const HEAL: &str = "INSERT INTO settings (name, value) VALUES ('healed', '1')
    ON CONFLICT (name) DO UPDATE SET value = value + 1";

/// What the writer is asked, and what it answers.
pub(super) type Answer = Result<Committed, CommitError>;

/// Commits whatever waits, batch after batch, until there is no more; then closes the connection.
pub(super) fn run(
    connection: Connection,
    origin: &Origin,
    observer: &Arc<dyn Observer>,
    meter: &StoreMeter,
    disk: &Disk,
    chain: &watch::Sender<ChainHead>,
    jobs: &mut Jobs<Change, Answer>,
) {
    let mut writer = Writer {
        statements: Statements::new(&connection),
        heads: None,
        doubtful: false,
        unhealed: false,
        origin,
        observer: observer.as_ref(),
        meter,
        disk,
        chain,
    };
    while let Some(batch) = jobs.take() {
        writer.serve(batch);
    }
    drop(writer);
    if let Err((_, error)) = connection.close() {
        tracing::warn!(%error, "the control database did not close cleanly");
    }
}

struct Writer<'c> {
    statements: Statements<'c>,
    /// Where the log ends; `None` when only the file can tell.
    heads: Option<Heads>,
    /// Whether the batch before held a change that was refused: such changes come in company.
    doubtful: bool,
    /// Whether a sync failed since the last one that did not: what it was to write may lie in the log, whole.
    unhealed: bool,
    origin: &'c Origin,
    observer: &'c dyn Observer,
    meter: &'c StoreMeter,
    disk: &'c Disk,
    /// Tells where the audit chain ends.
    chain: &'c watch::Sender<ChainHead>,
}

impl Writer<'_> {
    /// Commits a batch, shows its events, then answers its callers.
    fn serve(&mut self, batch: Vec<Asked<Change, Answer>>) {
        let batch = self.admit(batch);
        if batch.is_empty() {
            return;
        }
        let (changes, callers): (Vec<_>, Vec<_>) =
            batch.into_iter().map(|asked| (asked.job, asked.answer)).unzip();
        let begun = Instant::now();
        match self.heal().and_then(|()| self.commit(changes)) {
            Ok(Written { answers, journal }) => {
                self.count(answers.len(), begun);
                self.heads = Some(journal.heads);
                self.doubtful = answers.iter().any(Result::is_err);
                if !journal.events.is_empty() {
                    self.observer.committed(&journal.events);
                }
                let head = journal.heads.chain();
                self.chain.send_if_modified(|known| std::mem::replace(known, head) != head);
                for (caller, answer) in callers.into_iter().zip(answers) {
                    // A caller that no longer waits needs no answer.
                    let _ = caller.send(answer);
                }
            }
            Err(error) => {
                tracing::error!(%error, changes = callers.len(), "a batch was not committed");
                self.meter.failures.one();
                self.undo();
                self.unhealed |= may_be_written(&error);
                if let Err(error) = self.heal() {
                    tracing::error!(%error, "nothing is written until the disk takes a write again");
                }
                let answer = if self.disk.refused(&error) {
                    CommitError::Full(self.disk.room().refusal())
                } else {
                    CommitError::Unavailable(error.to_string())
                };
                for caller in callers {
                    let _ = caller.send(Err(answer.clone()));
                }
            }
        }
    }

    /// Refuses what can wait while the disk is full.
    fn admit(&self, batch: Vec<Asked<Change, Answer>>) -> Vec<Asked<Change, Answer>> {
        self.disk.look();
        let room = self.disk.room();
        if !room.is_full() {
            return batch;
        }
        let (vital, others): (Vec<_>, Vec<_>) = batch.into_iter().partition(|asked| asked.job.is_vital());
        for Asked { answer, .. } in others {
            room.refused.one();
            let _ = answer.send(Err(CommitError::Full(room.refusal())));
        }
        vital
    }

    fn commit(&mut self, changes: Vec<Change>) -> rusqlite::Result<Written> {
        let heads = match self.heads {
            Some(heads) => heads,
            None => Heads::read(self.statements.connection())?,
        };
        batch::commit(&mut self.statements, heads, self.origin, changes, self.doubtful)
    }

    /// After a failed sync, writes over what the failed transaction left in the log, and syncs that. Without it, changes whose
    /// callers were told that they failed could be found done after a crash: nobody knows what of a failed sync reached the
    /// disk, and a log that is read back takes every transaction that is whole.
    fn heal(&mut self) -> rusqlite::Result<()> {
        if self.unhealed {
            let healed = self.statements.control("BEGIN IMMEDIATE").and_then(|()| {
                self.statements.run::<&str>(HEAL, &[])?;
                self.statements.control("COMMIT")
            });
            if healed.is_err() {
                self.undo();
            }
            healed?;
            self.unhealed = false;
            tracing::info!("the disk takes writes again");
        }
        Ok(())
    }

    fn count(&self, changes: usize, begun: Instant) {
        let now = Instant::now();
        self.meter.commits.took(now - begun);
        self.meter.recent.took(now, now - begun);
        self.meter.batches.record(changes as u64);
    }

    fn undo(&mut self) {
        self.heads = None;
        if !self.statements.connection().is_autocommit()
            && let Err(error) = self.statements.control("ROLLBACK")
        {
            tracing::error!(%error, "a failed batch was not rolled back");
        }
    }
}

/// Whether what failed may have reached the log all the same.
fn may_be_written(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::SystemIoFailure | ErrorCode::DiskFull))
}
