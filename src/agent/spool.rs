//! [`Spool`]: what must not be lost waits here, in order and with its own times, until the server acknowledges it.
//!
//! Bounded: beyond its bytes the oldest telemetry goes first, then the oldest reports of the engine, a command's
//! result never. What went is told once, by a `spool.trimmed` event with counts and the range of times.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Transaction, params};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use super::{
    cause::chain,
    state::{Durability, State, StateError},
};
use crate::proto::{
    event::EventKind,
    link::{CommandResult, Inventory, MAX_FRAME_BYTES, NodeEvent},
    telemetry::Telemetry,
};

/// The counter of sequences given out.
const SEQUENCE: &str = "sequence";
/// The first sequence that no server has been asked about yet; see [`Spool::resume`].
const UNCONFIRMED: &str = "unconfirmed";
/// The most bytes of frames that are read at a time.
const BATCH_BYTES: usize = 256 * 1024;

/// The most bytes that a body may have, so that its frame with type and sequence still passes.
const LARGEST_BODY: usize = MAX_FRAME_BYTES - 256;

/// A frame that must not be lost.
#[derive(Clone, Debug)]
pub(super) enum Report {
    /// What was measured.
    Telemetry(Box<Telemetry>),
    /// Everything the engine holds; it takes the place of any that waits.
    Inventory(Box<Inventory>),
    /// Something that happened.
    Event(Box<NodeEvent>),
    /// How an execution stands.
    Result(Box<CommandResult>),
}

/// How the table tells frames apart.
mod kind {
    pub(super) const TELEMETRY: i64 = 1;
    pub(super) const INVENTORY: i64 = 2;
    pub(super) const EVENT: i64 = 3;
    pub(super) const RESULT: i64 = 4;
    pub(super) const GAP: i64 = 5;
}

impl Report {
    const fn kind(&self) -> i64 {
        match self {
            Self::Telemetry(_) => kind::TELEMETRY,
            Self::Inventory(_) => kind::INVENTORY,
            Self::Event(_) => kind::EVENT,
            Self::Result(_) => kind::RESULT,
        }
    }

    fn time(&self) -> Timestamp {
        match self {
            Self::Telemetry(telemetry) => telemetry.timestamp,
            Self::Inventory(inventory) => inventory.time,
            Self::Event(event) => event.time,
            Self::Result(result) => result.time.unwrap_or_default(),
        }
    }

    fn body(&self) -> String {
        let body = match self {
            Self::Telemetry(telemetry) => serde_json::to_string(telemetry),
            Self::Inventory(inventory) => serde_json::to_string(inventory),
            Self::Event(event) => serde_json::to_string(event),
            Self::Result(result) => serde_json::to_string(result),
        };
        body.expect("frames are plain data with text keys and always serialize")
    }
}

/// What a `spool.trimmed` event tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Gap {
    /// Measurements lost.
    pub(super) telemetry: u64,
    /// Events lost.
    pub(super) events: u64,
    /// The time of the first lost frame.
    pub(super) from: Timestamp,
    /// The time of the last lost frame.
    pub(super) to: Timestamp,
}

/// What is known without asking the file.
#[derive(Clone, Copy, Debug)]
struct Levels {
    /// The sequence of the next frame.
    next: u64,
    /// The bytes of all bodies.
    bytes: u64,
    /// No frame above this one has been sent.
    sent: u64,
    /// The server said how far it is since this process began; [`UNCONFIRMED`] counts no more, if it is still there.
    is_confirmed: bool,
}

/// Frames that wait for the server.
pub(super) struct Spool {
    state: Arc<State>,
    limit: u64,
    levels: Mutex<Levels>,
    fresh: Notify,
    failing: AtomicBool,
}

impl Spool {
    /// Takes up what the file holds; at most `limit` bytes are kept.
    pub(super) fn new(state: Arc<State>, limit: u64) -> Result<Self, StateError> {
        let levels = state.write(Durability::Written, |transaction| {
            let next = counter(transaction, SEQUENCE)?.unwrap_or(0) + 1;
            if counter(transaction, UNCONFIRMED)?.is_none() {
                set_counter(transaction, UNCONFIRMED, next)?;
            }
            Ok(Levels { next, bytes: total_bytes(transaction)?, sent: next - 1, is_confirmed: false })
        })?;
        Ok(Self {
            state,
            limit,
            levels: Mutex::new(levels),
            fresh: Notify::new(),
            failing: AtomicBool::new(false),
        })
    }

    /// Keeps what was seen. Where that fails it is said once in the log, and [`is_failing`](Self::is_failing) until
    /// it works again: whoever measures or watches has nobody to tell.
    pub(super) fn keep(&self, report: &Report) {
        match self.push(report) {
            Ok(()) if self.failing.swap(false, Ordering::Relaxed) => tracing::info!("reports are kept again"),
            Ok(()) => {}
            Err(error) if !self.failing.swap(true, Ordering::Relaxed) => {
                tracing::error!(error = %chain(&error), "reports cannot be kept and are lost");
            }
            Err(_) => {}
        }
    }

    /// Whether what this agent writes down cannot be relied on: the last report could not be kept, or the disk refuses.
    pub(super) fn is_failing(&self) -> bool {
        !self.state.is_well() || self.failing.load(Ordering::Relaxed)
    }

    /// Notes the server's time, from which on what is ordered is known here.
    pub(super) fn vouch_from(&self, now: Timestamp) -> Result<(), StateError> {
        self.state.vouch_from(now)
    }

    /// Adds a frame.
    pub(super) fn push(&self, report: &Report) -> Result<(), StateError> {
        self.push_when(report, Durability::Written, |_| Ok(true)).map(drop)
    }

    /// Runs statements and, when they say so, adds a frame in the same transaction; says what they said.
    pub(super) fn push_when(
        &self,
        report: &Report,
        durability: Durability,
        mut statements: impl FnMut(&Transaction<'_>) -> rusqlite::Result<bool>,
    ) -> Result<bool, StateError> {
        let body = report.body();
        let mut levels = self.levels();
        let before = *levels;
        let mut goes = false;
        *levels = self.state.write(durability, |transaction| {
            let mut levels = before;
            goes = statements(transaction)?;
            if !goes {
                return Ok(levels);
            }
            if body.len() > LARGEST_BODY {
                tracing::error!(bytes = body.len(), "a report is larger than a frame may be and is left out");
                return Ok(levels);
            }
            if matches!(report, Report::Inventory(_)) {
                levels.bytes =
                    levels.bytes.saturating_sub(forget(transaction, "kind = ?1", kind::INVENTORY)?);
            }
            insert(transaction, &mut levels, report.kind(), report.time(), &body)?;
            levels.bytes = levels.bytes.saturating_add(body.len() as u64);
            if levels.bytes > self.limit {
                levels.bytes = total_bytes(transaction)?;
            }
            if levels.bytes > self.limit {
                trim(transaction, &mut levels, self.limit / 10 * 9)?;
            }
            Ok(levels)
        })?;
        drop(levels);
        if goes {
            self.fresh.notify_one();
        }
        Ok(goes)
    }

    /// The next frames after a sequence, ready to send: at most `count`, and not many bytes at a time.
    pub(super) fn batch(&self, after: u64, count: usize) -> Result<Vec<(u64, String)>, StateError> {
        let mut levels = self.levels();
        let frames = self.state.write(Durability::Written, |transaction| {
            let mut statement = transaction.prepare_cached(
                "SELECT sequence, kind, body FROM frame WHERE sequence > ?1 ORDER BY sequence LIMIT ?2",
            )?;
            let mut rows =
                statement.query(params![after.cast_signed(), i64::try_from(count).unwrap_or(i64::MAX)])?;
            let (mut frames, mut bytes) = (Vec::new(), 0);
            while bytes < BATCH_BYTES
                && let Some(row) = rows.next()?
            {
                let sequence = row.get::<_, i64>(0)?.cast_unsigned();
                let text = frame(sequence, row.get(1)?, row.get_ref(2)?.as_str()?);
                bytes += text.len();
                frames.push((sequence, text));
            }
            Ok(frames)
        })?;
        levels.sent = frames.last().map_or(levels.sent, |(sequence, _)| levels.sent.max(*sequence));
        Ok(frames)
    }

    /// Forgets frames that the server has committed; it can only have those that were sent.
    pub(super) fn acknowledge(&self, sequence: u64) -> Result<(), StateError> {
        let mut levels = self.levels();
        let sequence = sequence.min(levels.sent).cast_signed();
        let freed = self
            .state
            .write(Durability::Written, |transaction| forget(transaction, "sequence <= ?1", sequence))?;
        levels.bytes = levels.bytes.saturating_sub(freed);
        Ok(())
    }

    /// Takes up where the server stands when a link opens.
    ///
    /// A server that has committed more than this spool ever gave out shows that the end of the spool was lost (a
    /// damaged file, a power cut). Frames that were numbered since are then not the ones that the server means:
    /// they are renumbered above it, in their order, instead of being taken for acknowledged.
    pub(super) fn resume(&self, acknowledged: u64) -> Result<(), StateError> {
        let mut levels = self.levels();
        let before = *levels;
        let resumed = self.state.write(Durability::Written, |transaction| {
            let mut levels = Levels { is_confirmed: true, ..before };
            let unconfirmed = unconfirmed(transaction, before)?;
            if acknowledged >= unconfirmed {
                let shift = acknowledged + 1 - unconfirmed;
                renumber(transaction, unconfirmed, shift)?;
                levels.next += shift;
                tracing::warn!(
                    acknowledged,
                    "the server has more frames than this spool gave out; going on above"
                );
            }
            levels.next = levels.next.max(acknowledged + 1);
            set_counter(transaction, SEQUENCE, levels.next - 1)?;
            let freed = forget(transaction, "sequence <= ?1", acknowledged.cast_signed())?;
            levels.bytes = levels.bytes.saturating_sub(freed);
            transaction.execute("DELETE FROM counter WHERE name = ?1", [UNCONFIRMED])?;
            Ok(levels)
        });
        *levels = match resumed {
            Ok(levels) => levels,
            // A disk that refuses must not keep the node from saying so: what the server has is sent again, and known there.
            // Only frames that have to be renumbered cannot go out as they are.
            Err(error) => {
                let read = |transaction: &Transaction<'_>| unconfirmed(transaction, before);
                if acknowledged >= self.state.write(Durability::Written, read)? {
                    return Err(error);
                }
                Levels { next: before.next.max(acknowledged + 1), is_confirmed: true, ..before }
            }
        };
        Ok(())
    }

    /// Waits until a frame was added since the last wait.
    pub(super) async fn fresh(&self) {
        self.fresh.notified().await;
    }

    fn levels(&self) -> MutexGuard<'_, Levels> {
        self.levels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A frame as it travels. The body is kept as written, so that replaying costs no parsing.
fn frame(sequence: u64, kind: i64, body: &str) -> String {
    let word = match kind {
        kind::TELEMETRY => "TELEMETRY",
        kind::INVENTORY => "INVENTORY",
        kind::RESULT => "COMMAND_RESULT",
        _ => "EVENT",
    };
    let rest = body.strip_prefix('{').unwrap_or(body);
    format!(r#"{{"type":"{word}","payload":{{"sequence":{sequence},{rest}}}"#)
}

fn insert(
    transaction: &Transaction<'_>,
    levels: &mut Levels,
    kind: i64,
    time: Timestamp,
    body: &str,
) -> rusqlite::Result<()> {
    let bytes = i64::try_from(body.len()).unwrap_or(i64::MAX);
    transaction
        .prepare_cached("INSERT INTO frame (sequence, kind, time, bytes, body) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![levels.next.cast_signed(), kind, time.as_microsecond(), bytes, body])?;
    set_counter(transaction, SEQUENCE, levels.next)?;
    levels.next += 1;
    Ok(())
}

/// Drops the oldest frames until at most `target` bytes are left, and tells of it in one event.
fn trim(transaction: &Transaction<'_>, levels: &mut Levels, target: u64) -> rusqlite::Result<()> {
    let mut gap: Option<Gap> = None;
    for (dropped, is_telemetry) in [(kind::TELEMETRY, true), (kind::EVENT, false)] {
        let (mut last, mut count) = (0, 0_u64);
        let mut statement = transaction
            .prepare_cached("SELECT sequence, time, bytes FROM frame WHERE kind = ?1 ORDER BY sequence")?;
        let mut rows = statement.query([dropped])?;
        while levels.bytes > target
            && let Some(row) = rows.next()?
        {
            last = row.get::<_, i64>(0)?;
            let time = Timestamp::from_microsecond(row.get(1)?).unwrap_or_default();
            levels.bytes = levels.bytes.saturating_sub(row.get::<_, i64>(2)?.cast_unsigned());
            count += 1;
            let known = gap.get_or_insert(Gap { telemetry: 0, events: 0, from: time, to: time });
            *known = Gap { from: known.from.min(time), to: known.to.max(time), ..*known };
        }
        drop(rows);
        transaction
            .execute("DELETE FROM frame WHERE kind = ?1 AND sequence <= ?2", params![dropped, last])?;
        if let Some(gap) = gap.as_mut() {
            *(if is_telemetry { &mut gap.telemetry } else { &mut gap.events }) += count;
        }
    }
    gap.map_or(Ok(()), |gap| record(transaction, levels, gap))
}

/// Tells of a gap. One that was told but never sent grows instead.
fn record(transaction: &Transaction<'_>, levels: &mut Levels, mut gap: Gap) -> rusqlite::Result<()> {
    let told: Option<(i64, String)> = transaction
        .query_row(
            "SELECT sequence, body FROM frame WHERE kind = ?1 AND sequence > ?2",
            params![kind::GAP, levels.sent.cast_signed()],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    if let Some((sequence, body)) = told {
        if let Some(earlier) = read_gap(&body) {
            gap.telemetry += earlier.telemetry;
            gap.events += earlier.events;
            gap.from = gap.from.min(earlier.from);
            gap.to = gap.to.max(earlier.to);
        }
        transaction.execute("DELETE FROM frame WHERE sequence = ?1", [sequence])?;
        levels.bytes = levels.bytes.saturating_sub(body.len() as u64);
    }
    let now = Timestamp::now();
    let event = NodeEvent {
        time: now,
        kind: EventKind::SpoolTrimmed,
        container: None,
        image: None,
        attributes: serde_json::to_value(gap)
            .ok()
            .and_then(|value| value.as_object().cloned())
            .unwrap_or_default(),
        execution: None,
    };
    let body = Report::Event(Box::new(event)).body();
    levels.bytes = levels.bytes.saturating_add(body.len() as u64);
    insert(transaction, levels, kind::GAP, now, &body)
}

fn read_gap(body: &str) -> Option<Gap> {
    let event: NodeEvent = serde_json::from_str(body).ok()?;
    serde_json::from_value(event.attributes.into()).ok()
}

/// Moves every frame from a sequence on; by way of negative numbers, so that none meets another.
fn renumber(transaction: &Transaction<'_>, from: u64, shift: u64) -> rusqlite::Result<()> {
    transaction.execute(
        "UPDATE frame SET sequence = -(sequence + ?2) WHERE sequence >= ?1",
        params![from.cast_signed(), shift.cast_signed()],
    )?;
    transaction.execute("UPDATE frame SET sequence = -sequence WHERE sequence < 0", [])?;
    Ok(())
}

/// Deletes frames and says how many bytes that freed.
fn forget(transaction: &Transaction<'_>, which: &str, value: i64) -> rusqlite::Result<u64> {
    let freed = transaction
        .prepare_cached(&format!("SELECT coalesce(sum(bytes), 0) FROM frame WHERE {which}"))?
        .query_row([value], |row| row.get::<_, i64>(0))?;
    transaction.prepare_cached(&format!("DELETE FROM frame WHERE {which}"))?.execute([value])?;
    Ok(freed.cast_unsigned())
}

fn total_bytes(transaction: &Transaction<'_>) -> rusqlite::Result<u64> {
    transaction.query_row("SELECT coalesce(sum(bytes), 0) FROM frame", [], |row| {
        Ok(row.get::<_, i64>(0)?.cast_unsigned())
    })
}

fn counter(transaction: &Transaction<'_>, name: &str) -> rusqlite::Result<Option<u64>> {
    transaction
        .query_row("SELECT value FROM counter WHERE name = ?1", [name], |row| {
            Ok(row.get::<_, i64>(0)?.cast_unsigned())
        })
        .optional()
}

/// The first sequence that no server has been asked about; none is that high once it has.
fn unconfirmed(transaction: &Transaction<'_>, levels: Levels) -> rusqlite::Result<u64> {
    if levels.is_confirmed {
        return Ok(u64::MAX);
    }
    Ok(counter(transaction, UNCONFIRMED)?.unwrap_or(u64::MAX))
}

fn set_counter(transaction: &Transaction<'_>, name: &str, value: u64) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO counter (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2",
        )?
        .execute(params![name, value.cast_signed()])
        .map(|_| ())
}

#[cfg(test)]
mod tests;
