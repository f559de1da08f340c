//! The one writer of the control data.

use std::{sync::Arc, time::Instant};

use rusqlite::Connection;

use super::{
    batch::{self, Written},
    journal::{Heads, Origin},
    statements::Statements,
    worker::{Asked, Jobs},
};
use crate::core::{
    change::{Change, CommitError, Committed},
    meter::StoreMeter,
    port::store::Observer,
};

/// What the writer is asked, and what it answers.
pub(super) type Answer = Result<Committed, CommitError>;

/// Commits whatever waits, batch after batch, until there is no more; then closes the connection.
pub(super) fn run(
    connection: Connection,
    origin: &Origin,
    observer: &Arc<dyn Observer>,
    meter: &StoreMeter,
    jobs: &mut Jobs<Change, Answer>,
) {
    let mut writer = Writer {
        statements: Statements::new(&connection),
        heads: None,
        doubtful: false,
        origin,
        observer: observer.as_ref(),
        meter,
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
    origin: &'c Origin,
    observer: &'c dyn Observer,
    meter: &'c StoreMeter,
}

impl Writer<'_> {
    /// Commits a batch, shows its events, then answers its callers.
    fn serve(&mut self, batch: Vec<Asked<Change, Answer>>) {
        let (changes, callers): (Vec<_>, Vec<_>) =
            batch.into_iter().map(|asked| (asked.job, asked.answer)).unzip();
        let begun = Instant::now();
        match self.commit(changes) {
            Ok(Written { answers, journal }) => {
                self.count(answers.len(), begun);
                self.heads = Some(journal.heads);
                self.doubtful = answers.iter().any(Result::is_err);
                if !journal.events.is_empty() {
                    self.observer.committed(&journal.events);
                }
                for (caller, answer) in callers.into_iter().zip(answers) {
                    // A caller that no longer waits needs no answer.
                    let _ = caller.send(answer);
                }
            }
            Err(error) => {
                tracing::error!(%error, changes = callers.len(), "a batch was not committed");
                self.meter.failures.one();
                self.undo();
                for caller in callers {
                    let _ = caller.send(Err(CommitError::Unavailable(error.to_string())));
                }
            }
        }
    }

    fn commit(&mut self, changes: Vec<Change>) -> rusqlite::Result<Written> {
        let heads = match self.heads {
            Some(heads) => heads,
            None => Heads::read(self.statements.connection())?,
        };
        batch::commit(&mut self.statements, heads, self.origin, changes, self.doubtful)
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
