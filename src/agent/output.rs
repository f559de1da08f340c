//! [`Lane`]: what executions print waits here, beside the spool, until the server has it on disk.
//!
//! A process is never held up by a link that is away. The room is bounded: what is oldest of executions that ended goes
//! first, and what finds no room at all is counted and left out.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use jiff::Timestamp;
use rusqlite::{Transaction, params};
use tokio::sync::Notify;

use super::{
    cause::chain,
    state::{Durability, State, StateError},
};
use crate::{
    core::output::{Body, Frame},
    id::ExecutionId,
    proto::output::{LogStream, Piece},
};

mod recorder;
mod redact;

pub(super) use self::recorder::Recorder;

/// What a piece counts beyond its bytes, so that small ones are not free.
const COST_BYTES: usize = 128;

/// A piece that is ready to send.
#[derive(Clone, Debug)]
pub(super) struct Parcel {
    /// Its place in the lane.
    pub(super) number: i64,
    /// The execution.
    pub(super) execution: ExecutionId,
    /// Where it ends in the execution's output.
    pub(super) end: u64,
    /// What it costs of what may be on its way.
    pub(super) cost: usize,
    /// The frame.
    pub(super) bytes: Vec<u8>,
}

/// What was printed and the server does not have.
pub(super) struct Lane {
    state: Arc<State>,
    limit: u64,
    level: Mutex<u64>,
    fresh: Notify,
    failing: AtomicBool,
}

impl Lane {
    /// Takes up what the file holds; at most `limit` bytes are kept.
    pub(super) fn new(state: Arc<State>, limit: u64) -> Result<Arc<Self>, StateError> {
        let level = state.write(Durability::Written, |transaction| {
            transaction.query_row("SELECT coalesce(sum(length(bytes)), 0) FROM piece", [], |row| {
                row.get::<_, i64>(0)
            })
        })?;
        Ok(Arc::new(Self {
            state,
            limit,
            level: Mutex::new(level.cast_unsigned()),
            fresh: Notify::new(),
            failing: AtomicBool::new(false),
        }))
    }

    /// Keeps what an execution printed; `false` when that is not possible.
    pub(super) fn keep(&self, execution: ExecutionId, pieces: &[Piece]) -> bool {
        let bytes = weight(pieces);
        if !self.reserve(bytes) {
            return false;
        }
        let id = execution.to_string();
        match self.state.write(Durability::Written, |transaction| insert(transaction, &id, pieces)) {
            Ok(()) => {
                self.failing.store(false, Ordering::Relaxed);
                self.announce();
                true
            }
            Err(error) => {
                self.release(bytes);
                self.complain(&chain(&error));
                false
            }
        }
    }

    /// Makes room for so many bytes; `false` when there is none.
    pub(super) fn reserve(&self, bytes: u64) -> bool {
        let mut level = self.level();
        if *level + bytes > self.limit {
            match self.make_room(*level + bytes - self.limit + self.limit / 10) {
                Ok(freed) => *level = level.saturating_sub(freed),
                Err(error) => self.complain(&chain(&error)),
            }
        }
        let fits = *level + bytes <= self.limit;
        if fits {
            *level += bytes;
        } else {
            drop(level);
            self.complain("there is no room for what executions print that still run");
        }
        fits
    }

    /// Gives room back that was not used.
    pub(super) fn release(&self, bytes: u64) {
        let mut level = self.level();
        *level = level.saturating_sub(bytes);
    }

    /// Tells the link that there is something to send.
    pub(super) fn announce(&self) {
        self.fresh.notify_one();
    }

    /// Waits until something was kept since the last wait.
    pub(super) async fn fresh(&self) {
        self.fresh.notified().await;
    }

    /// The next pieces after a place, ready to send: as many as fit into `room`.
    pub(super) fn batch(&self, after: i64, room: usize) -> Result<Vec<Parcel>, StateError> {
        let pieces = self.state.write(Durability::Written, |transaction| {
            let mut statement = transaction.prepare_cached(
                "SELECT number, execution, stream, offset, time, bytes FROM piece WHERE number > ?1 ORDER BY number",
            )?;
            let mut rows = statement.query([after])?;
            let (mut pieces, mut used) = (Vec::new(), 0);
            while let Some(row) = rows.next()? {
                let bytes = row.get_ref(5)?.as_blob()?;
                used += bytes.len() + COST_BYTES;
                if used > room {
                    break;
                }
                let Ok(execution) = row.get_ref(1)?.as_str()?.parse::<ExecutionId>() else { continue };
                let piece = Piece {
                    stream: if row.get::<_, i64>(2)? == STDERR { LogStream::Stderr } else { LogStream::Stdout },
                    offset: row.get::<_, i64>(3)?.cast_unsigned(),
                    time: Timestamp::from_microsecond(row.get(4)?).unwrap_or_default(),
                    bytes: bytes.to_vec(),
                };
                pieces.push((row.get(0)?, execution, piece));
            }
            Ok(pieces)
        })?;
        // Packing takes longer than reading, and nobody else needs to wait for it.
        let parcel = |(number, execution, piece): (i64, ExecutionId, Piece)| {
            let cost = piece.bytes.len() + COST_BYTES;
            let end = piece.offset + piece.bytes.len() as u64;
            let (bytes, _) = Frame { execution, body: Body::Printed(piece) }.encode();
            Parcel { number, execution, end, cost, bytes }
        };
        Ok(pieces.into_iter().map(parcel).collect())
    }

    /// Forgets what lies before an offset of an execution's output.
    pub(super) fn forget(&self, execution: ExecutionId, offset: u64) -> Result<(), StateError> {
        let (id, offset) = (execution.to_string(), i64::try_from(offset).unwrap_or(i64::MAX));
        let freed = self.state.write(Durability::Written, |transaction| {
            let which = "execution = ?1 AND offset + length(bytes) <= ?2";
            let freed: i64 = transaction
                .prepare_cached(&format!("SELECT coalesce(sum(length(bytes)), 0) FROM piece WHERE {which}"))?
                .query_row(params![id, offset], |row| row.get(0))?;
            transaction
                .prepare_cached(&format!("DELETE FROM piece WHERE {which}"))?
                .execute(params![id, offset])?;
            Ok(freed)
        })?;
        self.release(freed.cast_unsigned());
        crash_point!("agent.output_kept");
        Ok(())
    }

    /// Whether something of an execution's output still waits.
    pub(super) fn holds(&self, execution: ExecutionId) -> Result<bool, StateError> {
        let id = execution.to_string();
        self.state.write(Durability::Written, |transaction| {
            transaction
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM piece WHERE execution = ?1)")?
                .query_row([&id], |row| row.get(0))
        })
    }

    /// Drops the oldest of what executions printed that ended, and corrects what their ends say, where that is not told
    /// yet. Says how much that freed.
    fn make_room(&self, wanted: u64) -> Result<u64, StateError> {
        let freed = self.state.write(Durability::Written, |transaction| {
            let mut statement = transaction.prepare_cached(
                "SELECT number, execution, length(bytes) FROM piece WHERE EXISTS
                 (SELECT 1 FROM execution WHERE id = piece.execution AND result IS NOT NULL) ORDER BY number",
            )?;
            let mut rows = statement.query([])?;
            let (mut freed, mut gone) = (0_u64, Vec::new());
            while freed < wanted
                && let Some(row) = rows.next()?
            {
                let bytes: i64 = row.get(2)?;
                freed += bytes.cast_unsigned();
                gone.push((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, bytes));
            }
            drop(rows);
            for (number, execution, bytes) in gone {
                transaction.prepare_cached("DELETE FROM piece WHERE number = ?1")?.execute([number])?;
                transaction
                    .prepare_cached(
                        "UPDATE execution SET result = json_set(result, '$.output.kept',
                         json_extract(result, '$.output.kept') - ?2) WHERE id = ?1 AND told = 0",
                    )?
                    .execute(params![execution, bytes])?;
            }
            Ok(freed)
        })?;
        if freed > 0 {
            tracing::warn!(
                bytes = freed,
                "the oldest output that the server does not have made room and is lost"
            );
        }
        Ok(freed)
    }

    /// Says once in the log why output is left out.
    fn complain(&self, why: &str) {
        if !self.failing.swap(true, Ordering::Relaxed) {
            tracing::error!(error = why, "what executions print cannot be kept and is left out");
        }
    }

    fn level(&self) -> MutexGuard<'_, u64> {
        self.level.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const STDOUT: i64 = 1;
const STDERR: i64 = 2;

/// Bytes that pieces take of the lane's room.
pub(super) fn weight(pieces: &[Piece]) -> u64 {
    pieces.iter().map(|piece| piece.bytes.len() as u64).sum()
}

/// Adds pieces, for which there must be room.
pub(super) fn insert(transaction: &Transaction<'_>, id: &str, pieces: &[Piece]) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO piece (execution, stream, offset, time, bytes) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for piece in pieces {
        let stream = if piece.stream == LogStream::Stderr { STDERR } else { STDOUT };
        statement.execute(params![
            id,
            stream,
            piece.offset.cast_signed(),
            piece.time.as_microsecond(),
            piece.bytes
        ])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
